from typing import Any

import pytest
from poolhouse.triggers import Refusal

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample
from tests.unit.pools.stubbed_pool import StubbedPool, told

SOURCES = ["sign_up", "admin_create_user", "external_provider"]


@pytest.mark.parametrize("case", SOURCES)
def test_pre_sign_up_refuses_domain_outside_allow_list_whatever_the_source(load: Load, case: str) -> None:
    app = load("pre_sign_up", ALLOWED_EMAIL_DOMAINS="example.org")
    with pytest.raises(Refusal) as raised:
        app.lambda_handler(sample(f"pre_sign_up/{case}"), None)
    assert str(raised.value) == "email_domain_refused: Sign-up with an address of this e-mail domain is not open"


@pytest.mark.parametrize("case", [*SOURCES, "blocked_domain"])
def test_pre_sign_up_without_lists_changes_nothing(load: Load, case: str) -> None:
    event = sample(f"pre_sign_up/{case}")
    assert load("pre_sign_up").lambda_handler(event, None) == sample(f"pre_sign_up/{case}")


def test_pre_sign_up_refuses_user_without_address_when_there_is_a_list(load: Load) -> None:
    app = load("pre_sign_up", BLOCKED_EMAIL_DOMAINS="blocked.example")
    event = sample("pre_sign_up/external_provider")
    del event["request"]["userAttributes"]["email"]
    with pytest.raises(Refusal, match="^email_domain_refused: "):
        app.lambda_handler(event, None)


@pytest.mark.parametrize("variable", ["ALLOWED_EMAIL_DOMAINS", "BLOCKED_EMAIL_DOMAINS"])
def test_pre_sign_up_does_not_start_with_list_that_means_nothing(load: Load, variable: str) -> None:
    # Starting without the entry would open sign-up to whom it was to keep out.
    with pytest.raises(ValueError, match=r"'\*example\.com' is no e-mail domain"):
        load("pre_sign_up", **{variable: "example.org,*example.com"})


def test_pre_sign_up_fails_closed(load: Load) -> None:
    app = load("pre_sign_up", ALLOWED_EMAIL_DOMAINS="example.com")
    event = sample("pre_sign_up/sign_up")
    del event["request"]
    with pytest.raises(Refusal, match="^try_again: "):
        app.lambda_handler(event, None)


def test_pre_sign_up_leaves_unknown_source_alone(load: Load) -> None:
    app = load("pre_sign_up", ALLOWED_EMAIL_DOMAINS="example.org")
    event = {**sample("pre_sign_up/sign_up"), "triggerSource": "PreSignUp_Tomorrow"}
    assert app.lambda_handler(event, None) == event


@pytest.mark.parametrize(
    ("holders", "verified"), [([], True), ([told()], False), ([told(status="UNCONFIRMED")], False)]
)
def test_pre_sign_up_confirms_and_verifies_only_an_address_that_nobody_holds(
    load: Load, pool: StubbedPool, holders: list[dict[str, Any]], verified: bool
) -> None:
    # Verifying moves an address from who holds it:
    # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html
    pool.will_list_users("ada@example.com", holders)
    answer = load("pre_sign_up", AUTO_CONFIRM_USERS="on").lambda_handler(sample("pre_sign_up/sign_up"), None)
    assert answer["response"] == {"autoConfirmUser": True, "autoVerifyEmail": verified, "autoVerifyPhone": False}


def test_pre_sign_up_confirms_user_without_address(load: Load, pool: StubbedPool) -> None:
    event = sample("pre_sign_up/sign_up")
    del event["request"]["userAttributes"]["email"]
    answer = load("pre_sign_up", AUTO_CONFIRM_USERS="on").lambda_handler(event, None)
    assert answer["response"] == {"autoConfirmUser": True, "autoVerifyEmail": False, "autoVerifyPhone": False}


def test_pre_sign_up_does_not_confirm_when_it_cannot_tell_who_holds_the_address(load: Load, pool: StubbedPool) -> None:
    pool.will_fail("TooManyRequestsException", "", "list_users")
    with pytest.raises(Refusal, match="^try_again: "):
        load("pre_sign_up", AUTO_CONFIRM_USERS="on").lambda_handler(sample("pre_sign_up/sign_up"), None)


def test_pre_sign_up_does_not_confirm_refused_domain(load: Load, pool: StubbedPool) -> None:
    app = load("pre_sign_up", AUTO_CONFIRM_USERS="on", BLOCKED_EMAIL_DOMAINS="example.com")
    with pytest.raises(Refusal, match="^email_domain_refused: "):
        app.lambda_handler(sample("pre_sign_up/sign_up"), None)


@pytest.mark.parametrize("case", ["admin_create_user", "external_provider", "external_provider_verified"])
def test_pre_sign_up_confirms_nobody_who_does_not_sign_up(load: Load, pool: StubbedPool, case: str) -> None:
    event = sample(f"pre_sign_up/{case}")
    assert load("pre_sign_up", AUTO_CONFIRM_USERS="on").lambda_handler(event, None) == event


@pytest.mark.parametrize("value", ["off", "", "true"])
def test_pre_sign_up_confirms_only_where_it_is_on(load: Load, pool: StubbedPool, value: str) -> None:
    event = sample("pre_sign_up/sign_up")
    assert load("pre_sign_up", AUTO_CONFIRM_USERS=value).lambda_handler(event, None) == event


@pytest.mark.parametrize("case", ["sign_up", "admin_create_user", "external_provider"])
def test_pre_sign_up_links_nobody_else(load: Load, pool: StubbedPool, case: str) -> None:
    event = sample(f"pre_sign_up/{case}")
    assert load("pre_sign_up", TRUSTED_IDENTITY_PROVIDERS="ExampleIdP").lambda_handler(event, None) == event


def test_pre_sign_up_links_nobody_through_provider_that_is_not_trusted(load: Load, pool: StubbedPool) -> None:
    event = sample("pre_sign_up/external_provider_verified")
    assert load("pre_sign_up", TRUSTED_IDENTITY_PROVIDERS="Google").lambda_handler(event, None) == event
    assert load("pre_sign_up").lambda_handler(event, None) == event


def test_pre_sign_up_does_not_link_refused_domain(load: Load, pool: StubbedPool) -> None:
    app = load("pre_sign_up", TRUSTED_IDENTITY_PROVIDERS="ExampleIdP", ALLOWED_EMAIL_DOMAINS="example.org")
    with pytest.raises(Refusal, match="^email_domain_refused: "):
        app.lambda_handler(sample("pre_sign_up/external_provider_verified"), None)


def test_pre_sign_up_does_not_start_with_both_confirming_and_linking(load: Load) -> None:
    # A stranger would sign up with somebody's address, and that person's first federated sign-in would join them.
    with pytest.raises(ValueError, match="exclude each other"):
        load("pre_sign_up", AUTO_CONFIRM_USERS="on", TRUSTED_IDENTITY_PROVIDERS="ExampleIdP")


@pytest.mark.parametrize("source", ["PreSignUp_SignUp", "PreSignUp_AdminCreateUser"])
def test_pre_sign_up_links_nobody_who_only_has_a_name_like_a_federated_user(
    load: Load, pool: StubbedPool, source: str
) -> None:
    event = {**sample("pre_sign_up/external_provider_verified"), "triggerSource": source}
    assert load("pre_sign_up", TRUSTED_IDENTITY_PROVIDERS="ExampleIdP").lambda_handler(event, None) == event
