"""`docs/verifier.md` is true: its examples run, and its tables say what the code does."""

import inspect
import json
import re
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from poolhouse import tokens
from poolhouse.tokens import (
    Claims,
    CognitoVerifier,
    CustomCheckError,
    OidcVerifier,
    endpoints,
    fetching,
    keys,
    parsing,
    verdicts,
    verifier,
)

from local.settings import ROOT
from tests.unit.tokens import minting, test_agreement_with_aws_jwt_verify, test_hostile_tokens
from tests.unit.tokens.key_server import KeyServer

PAGE = (ROOT / "docs" / "verifier.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, key_server: KeyServer) -> list[str]:
    """Lead every fetch of keys to a server on this machine, and note the address that was asked for."""
    addresses: list[str] = []

    def fetch(url: str) -> bytes:
        addresses.append(url)
        return fetching.fetch(key_server.url)

    monkeypatch.setattr(keys, "_fetch", fetch)
    return addresses


def _run(example: str, **names: Any) -> dict[str, Any]:
    exec(compile(example, "docs/verifier.md", "exec"), names)
    return names


def test_every_example_is_run_below() -> None:
    assert len(EXAMPLES) == 3


def test_cognito_example(key_server: KeyServer, asked: list[str]) -> None:
    who_calls = _run(EXAMPLES[0])["who_calls"]
    assert who_calls(f"Bearer {minting.token()}") == (200, minting.SUB)
    assert asked == [f"{minting.ISSUER}/.well-known/jwks.json"]
    assert who_calls(f"Bearer {minting.token(minting.access_claims(scope='openid'))}") == (403, "insufficient_scope")
    assert who_calls(f"Bearer {minting.token(minting.access_claims(exp=1))}") == (401, "token_expired")
    assert who_calls("") == (401, "malformed_token")
    key_server.status = 503
    assert _run(EXAMPLES[0])["who_calls"](f"Bearer {minting.token()}") == (503, "keys_unavailable")


def test_oidc_example(key_server: KeyServer, asked: list[str]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    key_server.keys = minting.key_set(json.loads(ECAlgorithm.to_jwk(key.public_key())) | {"kid": "k1", "alg": "ES256"})
    claims = {"iss": "https://issuer.example", "aud": "https://api.example", "sub": "ada", "exp": time.time() + 60}
    names = _run(EXAMPLES[1], token=jwt.encode(claims, key, "ES256", {"kid": "k1"}))
    assert names["claims"].sub == "ada"
    assert asked == ["https://issuer.example/.well-known/jwks.json"]


def test_revocation_example() -> None:
    names = _run(EXAMPLES[2])
    token = minting.token()
    claims: Claims = names["verifier"].verify(token)
    names["revoked"].add(claims.origin_jti)
    with pytest.raises(CustomCheckError):
        names["verifier"].verify(token)


def test_every_option_is_named_with_its_default() -> None:
    for made in (CognitoVerifier, OidcVerifier):
        assert [name for name in inspect.signature(made).parameters if f"`{name}`" not in PAGE] == []
    assert f"`exp`, `nbf` and `iat`: {verifier.LEEWAY_SECONDS:g} s," in PAGE
    assert f"Memory for verified tokens: {verdicts.CACHE_BYTES:,} bytes" in PAGE
    assert [name for name in Claims._fields if f"`{name}`" not in PAGE and f"`claims.{name}`" not in PAGE] == []


def test_figures_of_the_key_store() -> None:
    section = PAGE.partition("## The keys")[2].partition("\n## ")[0]
    assert re.findall(r"^\|.*\| (\d.*) \|$", section, re.MULTILINE) == [
        f"{fetching.DEADLINE_SECONDS:g} s",
        f"{fetching.MAX_BODY_BYTES:,} bytes",
        f"{keys.REFRESH_SECONDS:,.0f} s",
        f"{keys.HARD_AGE_SECONDS:,.0f} s",
        f"{keys.COOLDOWN_SECONDS:g} s",
        f"{endpoints._FIRST_PAUSE:g} s, {endpoints._LONGEST_PAUSE:g} s",
    ]


def test_limits_of_a_token() -> None:
    limits = f"more than {parsing.MAX_TOKEN_LENGTH:,} characters .* are more than {parsing.MAX_DEPTH} deep"
    assert re.search(limits, PAGE)


def test_differences_are_the_ones_that_the_tests_hold() -> None:
    theirs, pyjwt = test_agreement_with_aws_jwt_verify.STRICTER, test_hostile_tokens.STRICTER
    rows = [
        f"| {kind} | [`{code}`][codes] | {theirs.get((kind, code), '–')} | {pyjwt.get((kind, code), '–')} |"
        for kind, code in sorted(theirs.keys() | pyjwt.keys())
    ]
    rows += [f"| {case} | {reason} |" for case, reason in test_agreement_with_aws_jwt_verify.WIDER.items()]
    section = PAGE.partition("## Compared with")[2]
    shown = [
        line
        for line in section.splitlines()
        if line.startswith("| ") and not line.startswith(("| Class |", "| Token |"))
    ]
    assert shown == rows


def test_every_code_is_explained_where_the_page_says() -> None:
    errors = (ROOT / "docs" / "errors.md").read_text()
    assert "\n## Why the authorizer refused a token\n" in errors
    classes = [getattr(tokens, name) for name in tokens.__all__ if name.endswith("Error")]
    assert len(classes) > 20
    assert [error.code for error in classes if f"`{error.code}`" not in errors] == []
