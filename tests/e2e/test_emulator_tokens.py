"""Tokens that a real issuer signed: the emulator's user pool, its keys fetched over HTTP."""

import json
import urllib.request
from typing import Any, Literal

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from poolhouse.tokens import (
    ClientIdNotAllowedError,
    CognitoVerifier,
    InsufficientGroupError,
    InsufficientScopeError,
    IssuerNotAllowedError,
    JwksStore,
    KeysUnavailableError,
    TokenError,
    TokenUseNotAllowedError,
    UnknownKeyError,
    loopback_jwks_url,
)

from local import users
from local.settings import HOST, free_port
from local.stack import LocalStack
from tests.e2e.oauth import sign_in_with_pkce
from tests.e2e.people import machine_client_with, machine_token
from tests.e2e.tokens import claims_of, tampered

# How each token was got, the app client it is for (an output of the stack), its use, and its scopes.
KINDS: dict[str, tuple[str, Literal["access", "id"], set[str]]] = {
    "SRP access": ("WebClientId", "access", {"aws.cognito.signin.user.admin", "profiles/read.any"}),
    "SRP ID": ("WebClientId", "id", set()),
    "hosted access": ("WebClientId", "access", {"openid", "profiles/read"}),
    "hosted ID": ("WebClientId", "id", set()),
    "machine": ("MachineClientId", "access", {"profiles/read.any"}),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def tokens(stack: LocalStack, seeded: dict[str, users.User]) -> dict[str, str]:
    """One token of each kind; a user's are the seeded support user's."""
    email = seeded["support"].email
    by_srp = users.sign_in(stack, email, users.PASSWORD)
    hosted = sign_in_with_pkce(stack, email, users.PASSWORD, "openid profiles/read")
    return {
        "SRP access": by_srp["AccessToken"],
        "SRP ID": by_srp["IdToken"],
        "hosted access": hosted["access_token"],
        "hosted ID": hosted["id_token"],
        "machine": users.access_token(stack, users.MACHINE),
    }


@pytest.fixture(scope="module")
def jwks_url(stack: LocalStack) -> str:
    """Where the authorizer fetches the pool's keys when it runs on the emulator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", stack.settings.endpoint)
        url = loopback_jwks_url(stack.outputs["UserPoolId"])
    assert url is not None
    return url


def _verifier(stack: LocalStack, kind: str, jwks_url: str, **changes: Any) -> CognitoVerifier:
    client, use, _ = KINDS[kind]
    arguments = {
        "user_pool_id": stack.outputs["UserPoolId"],
        "client_ids": stack.outputs[client],
        "token_use": use,
        "jwks_url": jwks_url,
    }
    return CognitoVerifier(**(arguments | changes))


@each_kind
def test_token_is_accepted_for_its_client_and_use(
    stack: LocalStack, seeded: dict[str, users.User], tokens: dict[str, str], jwks_url: str, kind: str
) -> None:
    client, use, scopes = KINDS[kind]
    claims = _verifier(stack, kind, jwks_url).verify(tokens[kind])

    assert (claims.client_id, claims.token_use) == (stack.outputs[client], use)
    assert claims.issuer.endswith(f".amazonaws.com/{stack.outputs['UserPoolId']}")
    assert claims.scopes >= scopes
    assert set(claims.claims) == set(claims_of(tokens[kind]))
    if kind == "machine":
        assert (claims.principal_type, claims.sub, claims.username, claims.groups) == (
            "machine",
            claims.client_id,
            None,
            (),
        )
    else:
        assert (claims.principal_type, claims.sub, claims.groups) == ("user", seeded["support"].sub, ("support",))
        assert claims.username


@each_kind
def test_token_is_refused_for_anything_else(
    stack: LocalStack, tokens: dict[str, str], jwks_url: str, kind: str
) -> None:
    client, use, _ = KINDS[kind]
    others = {"WebClientId", "ServerClientId", "MachineClientId"} - {client}
    name = stack.outputs["UserPoolId"].partition("_")[2]
    wrong: list[tuple[dict[str, Any], type[TokenError]]] = [
        ({"token_use": "id" if use == "access" else "access"}, TokenUseNotAllowedError),
        ({"client_ids": [stack.outputs[other] for other in others]}, ClientIdNotAllowedError),
        ({"user_pool_id": f"us-east-1_{name.swapcase()}"}, IssuerNotAllowedError),
        ({"user_pool_id": f"eu-west-1_{name}"}, IssuerNotAllowedError),
        ({"groups": ["admin"]}, InsufficientGroupError),
    ]
    if use == "access":
        wrong.append(({"scopes": ["profiles/delete.any"]}, InsufficientScopeError))
    for changes, error in wrong:
        with pytest.raises(TokenError) as refused:
            _verifier(stack, kind, jwks_url, **changes).verify(tokens[kind])
        assert type(refused.value) is error, changes


@each_kind
def test_changed_claims_are_refused(stack: LocalStack, tokens: dict[str, str], jwks_url: str, kind: str) -> None:
    forged = tampered(tokens[kind], **{"cognito:groups": ["admin"], "scope": "profiles/delete.any"})
    with pytest.raises(TokenError) as refused:
        _verifier(stack, kind, jwks_url).verify(forged)
    assert refused.value.code == "invalid_signature"


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 3), st.text("ABCabc019-_.=", max_size=3))
def test_mutated_token_is_refused(
    stack: LocalStack, tokens: dict[str, str], jwks_url: str, where: float, removed: int, inserted: str
) -> None:
    good = tokens["SRP access"]
    place = int(where * len(good))
    mutated = good[:place] + inserted + good[place + removed :]
    assume(mutated != good)
    verifier = _verifier(stack, "SRP access", jwks_url)
    with pytest.raises(TokenError) as refused:
        verifier.verify(mutated)
    assert not isinstance(refused.value, KeysUnavailableError)
    assert verifier.verify(good).client_id == stack.outputs["WebClientId"]


def test_prefetched_keys_serve_every_token_without_a_further_fetch(
    stack: LocalStack, tokens: dict[str, str], jwks_url: str
) -> None:
    events: list[str] = []
    clients = [stack.outputs["WebClientId"], stack.outputs["MachineClientId"]]
    verifier = _verifier(
        stack, "machine", jwks_url, client_ids=clients, token_use=None, on_event=lambda event, _: events.append(event)
    )
    verifier.prefetch()
    assert events == ["keys_fetched"]
    for token in tokens.values():
        verifier.verify(token)
    assert events == ["keys_fetched"]


def test_store_holds_the_keys_that_the_endpoint_shows(tokens: dict[str, str], jwks_url: str) -> None:
    with urllib.request.urlopen(jwks_url, timeout=10) as answer:
        shown = {key["kid"] for key in json.load(answer)["keys"]}
    store = JwksStore(jwks_url)
    store.prefetch()
    assert shown
    assert {store.get(key_id).key_id for key_id in shown} == shown
    with pytest.raises(UnknownKeyError):
        store.get("unknown")


def test_prefetch_says_when_the_endpoint_does_not_answer(stack: LocalStack, tokens: dict[str, str]) -> None:
    verifier = _verifier(stack, "machine", f"http://{HOST}:{free_port()}/keys")
    with pytest.raises(KeysUnavailableError):
        verifier.prefetch()
    with pytest.raises(KeysUnavailableError):
        verifier.verify(tokens["machine"])


@pytest.mark.parametrize(
    "asked", [{"profiles/delete.any"}, {"profiles/read.any", "profiles/suspend"}], ids=["a foreign one", "half of them"]
)
def test_machine_gets_no_scope_that_its_client_does_not_list(stack: LocalStack, asked: set[str]) -> None:
    """RFC 6749, section 3.3. The scopes of a client are the ceiling of the program that has it.

    How the refusal is called is left open: RFC 6749 says invalid_scope, the emulator invalid_grant.
    """
    with pytest.raises(httpx.HTTPStatusError) as refusal:
        machine_token(stack, asked)
    assert refusal.value.response.status_code == 400
    assert "access_token" not in refusal.value.response.json()
    with machine_client_with(stack, asked):
        assert set(claims_of(machine_token(stack, asked))["scope"].split()) == asked
