import logging
from typing import Any

import pytest
from poolhouse.testing.events import event
from poolhouse.triggers import Refusal
from poolhouse.triggers.federated_attributes import FederatedAttributes

KELVIN = "\u212a"


def openid(token: dict[str, Any] | None, info: dict[str, Any] | None = None) -> dict[str, Any]:
    """The request of a sign-in through an OpenID provider that answered this."""
    return {"providerName": "ExampleIdP", "providerType": "OIDC", "attributes": {"idToken": token, "userInfo": info}}


def saml(**attributes: Any) -> dict[str, Any]:
    """The request of a sign-in through a SAML provider that answered this."""
    return {"providerName": "ExampleIdP", "providerType": "SAML", "attributes": {"samlResponse": attributes}}


def test_attributes_are_those_of_id_token_and_user_info() -> None:
    request = event("InboundFederation_ExternalProvider")["request"]
    assert FederatedAttributes("").of(request) == {
        "sub": "1000",
        "email": "ada@example.com",
        "email_verified": "true",
        "name": "Ada Example",
        "given_name": "Ada",
        "family_name": "Example",
        "iss": "https://idp.example.com",
        "aud": "example-client",
        "exp": "1790845200",
        "iat": "1790841600",
    }


def test_attributes_of_id_token_come_before_those_of_user_info() -> None:
    kept = FederatedAttributes("").of(openid({"sub": "1", "name": "Ada"}, {"name": "Eve", "locale": "de"}))
    assert kept == {"sub": "1", "name": "Ada", "locale": "de"}


def test_attributes_of_another_user_are_not_taken() -> None:
    # https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
    assert FederatedAttributes("").of(openid({"sub": "1"}, {"sub": "2", "email": "eve@example.com"})) == {"sub": "1"}


def test_attributes_may_come_from_user_info_alone() -> None:
    assert FederatedAttributes("").of(openid(None, {"id": "7", "name": "Ada"})) == {"id": "7", "name": "Ada"}


@pytest.mark.parametrize(
    ("token", "info", "verified"),
    [
        ({"email": "a@example.com", "email_verified": True}, {}, "true"),
        ({"email": "a@example.com"}, {"email": "a@example.com", "email_verified": "true"}, "true"),
        (
            {"email": "a@example.com", "email_verified": False},
            {"email": "a@example.com", "email_verified": True},
            "false",
        ),
        ({"email": "a@example.com"}, {"email": "b@example.com", "email_verified": True}, None),
        ({"email": "a@example.com"}, {"email_verified": True}, None),
        ({"email_verified": True}, {"email": "b@example.com"}, None),
        ({"email_verified": True}, {"email": "b@example.com", "email_verified": False}, "false"),
        ({"email": f"{KELVIN}im@example.com", "email_verified": True}, {}, None),
    ],
)
def test_attributes_have_an_address_verified_only_by_who_sent_it(
    token: dict[str, Any], info: dict[str, Any], verified: str | None
) -> None:
    kept = FederatedAttributes("").of(openid({"sub": "1", **token}, info))
    assert kept.get("email_verified") == verified


@pytest.mark.parametrize("name", ["email", "phone_number"])
@pytest.mark.parametrize(
    ("entries", "verified"),
    [
        ("{0},{0}_verified", "true"),
        ("preferred_username={0},{0}_verified", None),
        ("preferred_username={0},name_checked={0}_verified", "false"),
    ],
)
def test_word_for_one_claim_is_none_for_what_takes_its_place(name: str, entries: str, verified: str | None) -> None:
    claims = {name: "a@example.com", f"{name}_verified": True, "preferred_username": "victim@example.com"}
    claims["name_checked"] = False
    kept = FederatedAttributes(entries.format(name)).of(openid({"sub": "1", **claims}, {}))
    assert kept.get(f"{name}_verified") == verified
    assert kept[name] in claims.values()
    # In SAML a name means what the provider says.
    saml = {"providerType": "SAML", "attributes": {"samlResponse": {**claims, f"{name}_verified": "true"}}}
    assert FederatedAttributes(f"preferred_username={name},{name}_verified").of(saml)[f"{name}_verified"] == "true"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  Ada \n", "Ada"),
        ("Ju\u0308rgen", "J\u00fcrgen"),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (1.5, "1.5"),
        ("x" * 2048, "x" * 2048),
        ("\u00fc" * 1024, "\u00fc" * 1024),
    ],
)
def test_attributes_are_trimmed_and_composed_text(value: object, text: str) -> None:
    assert FederatedAttributes("").of(saml(sub="1", nickname=value)) == {"sub": "1", "nickname": text}


@pytest.mark.parametrize(
    "value",
    ["", "  ", None, [], ["a"], {}, {"formatted": "1 Street"}, "x" * 2049, "\u00fc" * 1025, 10**2100],
    ids=["empty", "blank", "null", "no list", "list", "no object", "object", "long", "long in bytes", "long number"],
)
def test_attributes_that_no_pool_can_hold_are_left_out(value: object) -> None:
    assert FederatedAttributes("").of(saml(sub="1", address=value)) == {"sub": "1"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        (f"mi{KELVIN}e@example.com", f"mi{KELVIN}e@example.com"),  # both NFC and lower() would make mike of it
        ("J\u00dcrgen@example.com", "J\u00dcrgen@example.com"),
    ],
)
def test_attributes_have_an_address_in_lower_case_if_that_is_the_same_address(sent: str, kept: str) -> None:
    assert FederatedAttributes("").of(saml(email=sent)) == {"email": kept}


@pytest.mark.parametrize("name", ["sub", "id", "user_id"])
def test_attributes_have_the_subject_as_it_came(name: str) -> None:
    subject = f" A{KELVIN} "
    assert FederatedAttributes("email").of(openid({name: subject, "name": "Ada"})) == {name: subject}


def test_attributes_are_those_listed_under_their_new_names() -> None:
    attributes = FederatedAttributes("email, groups=custom:groups, mail=nickname")
    kept = attributes.of(saml(sub="1", email="a@example.com", groups="a,b", mail="x", name="Ada"))
    assert kept == {"sub": "1", "email": "a@example.com", "custom:groups": "a,b", "nickname": "x"}


def test_attributes_are_cleaned_by_their_new_name() -> None:
    name = "http://schemas.example.com/mail"
    assert FederatedAttributes(f"{name}=email").of(saml(**{name: "Ada@example.com"})) == {"email": "ada@example.com"}


@pytest.mark.parametrize("entries", ["=email", "email=", "a=b=c", "=", "mail=email,email", "a=c,b=c"])
def test_attributes_refuse_entries_that_mean_nothing(entries: str) -> None:
    with pytest.raises(ValueError, match="is no attribute|two attributes"):
        FederatedAttributes(entries)


@pytest.mark.parametrize("entries", ["email", ""])
def test_attributes_that_are_none_of_some_are_refused(entries: str) -> None:
    # An empty answer means to Cognito: keep all as it came.
    with pytest.raises(Refusal, match="^federated_attributes_missing: "):
        FederatedAttributes(entries).of(saml(address={"formatted": "1 Street"}))


@pytest.mark.parametrize("request_of", [saml(), openid({}), openid(None), openid(None, {})])
def test_attributes_of_unknown_form_are_refused(request_of: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="^federated_attributes_missing: "):
        FederatedAttributes("email").of(request_of)


def test_attributes_of_empty_form_do_not_hide_those_of_another() -> None:
    request = {"attributes": {**openid({"sub": "1", "email": "ada@example.com"})["attributes"], "samlResponse": {}}}
    assert FederatedAttributes("email").of(request)


@pytest.mark.parametrize("entries", ["uid=sub", "email,name=sub"])
def test_attributes_never_become_the_subject(entries: str) -> None:
    with pytest.raises(ValueError, match="who the user is"):
        FederatedAttributes(entries)


def test_attributes_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    FederatedAttributes("email").of(openid({"sub": "1", "email": "ada@example.com", "name": "Ada"}))
    (record,) = caplog.records
    logged = vars(record)
    assert (logged["provider"], logged["sent"], logged["kept"]) == ("ExampleIdP", 3, 2)
    assert "ada@example.com" not in str(logged)
