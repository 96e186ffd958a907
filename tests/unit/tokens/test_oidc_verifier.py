"""Other OpenID Connect issuers: their algorithms, keys and claims."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm
from poolhouse.tokens import (
    AlgorithmNotAllowedError,
    AudienceNotAllowedError,
    InsufficientScopeError,
    InvalidSignatureError,
    IssuerNotAllowedError,
    MissingClaimError,
    OidcVerifier,
    TokenError,
    UnknownKeyError,
)
from poolhouse.tokens.signatures import ALGORITHMS, read_keys

from tests.unit.tokens import minting
from tests.unit.tokens.key_server import KeyServer

ISSUER = "https://issuer.example"
API = "https://api.example"
KEYS = "https://issuer.example/keys"

PRIVATE: dict[str, Any] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    "Ed448": ed448.Ed448PrivateKey.generate(),
}


def private(algorithm: str) -> Any:
    return PRIVATE.get(algorithm) or minting.private_key()


def jwk(algorithm: str, **members: object) -> dict[str, Any]:
    key = private(algorithm)
    if algorithm.startswith("ES"):
        public = json.loads(ECAlgorithm.to_jwk(key.public_key()))
    elif algorithm.startswith("Ed"):
        public = json.loads(OKPAlgorithm.to_jwk(key.public_key()))
    else:
        public = minting.public_jwk(key)
    name = "EdDSA" if algorithm == "Ed448" else algorithm
    made = public | {"kid": "k1", "alg": name, "use": "sig"} | members
    return {member: value for member, value in made.items() if value is not None}


def claims(**changes: object) -> dict[str, Any]:
    made = minting.access_claims(iss=ISSUER, aud=API, token_use=None, username=None) | changes
    return {name: value for name, value in made.items() if value is not None}


def mint(algorithm: str, kid: str = "k1", **changes: object) -> str:
    name = "EdDSA" if algorithm == "Ed448" else algorithm
    return jwt.encode(claims(**changes), private(algorithm), name, {"kid": kid})


def make(*algorithms: str, keys: Any = None, **options: Any) -> OidcVerifier:
    jwks = {"keys": keys or [jwk(algorithms[0])]}
    return OidcVerifier(ISSUER, options.pop("audience", API), algorithms, jwks_url=KEYS, jwks=jwks, **options)


def test_every_algorithm_is_tried_below() -> None:
    assert {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} == ALGORITHMS


def test_signature_without_its_leading_zero_byte_is_refused() -> None:
    verifier = make("PS256", keys=[jwk("PS256")])
    while True:  # the salt is random, so one signature in 256 begins with a zero byte
        start, _, signature = mint("PS256").rpartition(".")
        raw = minting.decode(signature)
        if not raw[0]:
            break
    assert verifier.verify(f"{start}.{minting.encode(raw)}").sub == minting.SUB
    with pytest.raises(InvalidSignatureError):
        verifier.verify(f"{start}.{minting.encode(raw[1:])}")


@pytest.mark.parametrize("algorithm", [*sorted(ALGORITHMS), "Ed448"])
def test_algorithm_verifies_and_forgery_does_not(algorithm: str) -> None:
    verifier = make("EdDSA" if algorithm == "Ed448" else algorithm, keys=[jwk(algorithm)])
    text = mint(algorithm)
    assert verifier.verify(text).sub == minting.SUB
    start, _, signature = text.rpartition(".")
    raw = minting.decode(signature)
    for forged in (raw[:-1] + bytes([raw[-1] ^ 1]), raw[1:], raw + b"\0", b"\0" * len(raw), b"x"):
        with pytest.raises(InvalidSignatureError) as caught:
            verifier.verify(f"{start}.{minting.encode(forged)}")
        assert caught.value.__context__ is None


def test_der_signature_of_an_elliptic_curve_key_is_refused() -> None:
    start = f"{minting.encode({'alg': 'ES256', 'kid': 'k1'})}.{minting.encode(claims())}"
    der = private("ES256").sign(start.encode(), ec.ECDSA(__import__("cryptography").hazmat.primitives.hashes.SHA256()))
    with pytest.raises(InvalidSignatureError):
        make("ES256").verify(f"{start}.{minting.encode(der)}")


def test_an_algorithm_must_be_on_the_list() -> None:
    verifier = make("ES256", "RS256", keys=[jwk("ES256"), jwk("RS256", kid="k2"), jwk("ES384", kid="k3")])
    assert verifier.verify(mint("ES256"))
    assert verifier.verify(mint("RS256", "k2"))
    with pytest.raises(AlgorithmNotAllowedError):
        verifier.verify(mint("ES384", "k3"))


def test_a_key_is_for_its_own_algorithm_only() -> None:
    # Both allowed, both RSA, and still each key for one of them: its JWK says so (RFC 8725, section 3.1).
    verifier = make("RS256", "PS256", keys=[jwk("RS256"), jwk("PS256", kid="k2")])
    assert verifier.verify(mint("RS256"))
    assert verifier.verify(mint("PS256", "k2"))
    for algorithm, kid in (("PS256", "k1"), ("RS256", "k2")):
        with pytest.raises(AlgorithmNotAllowedError):
            verifier.verify(mint(algorithm, kid))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_zero_before_a_modulus_changes_nothing(algorithm: str) -> None:
    key = jwk(algorithm)
    padded = minting.encode(b"\0" + minting.decode(key["n"]))
    assert make(algorithm, keys=[{**key, "n": padded}]).verify(mint(algorithm))


def test_a_key_that_names_no_algorithm_serves_those_allowed_for_its_type() -> None:
    verifier = make("RS256", "PS256", "ES256", keys=[jwk("RS256", alg=None), jwk("ES256", alg=None, kid="k2")])
    assert verifier.verify(mint("RS256"))
    assert verifier.verify(mint("PS256"))
    assert verifier.verify(mint("ES256", "k2"))
    with pytest.raises(AlgorithmNotAllowedError):
        verifier.verify(mint("ES256", "k1"))


def test_claims_of_another_issuer() -> None:
    found = make("ES256").verify(mint("ES256", azp="app", client_id=None))
    assert (found.issuer, found.client_id, found.token_use, found.username) == (ISSUER, "app", None, None)
    assert found.scopes == {"openid", "profiles/read", "profiles/write"}
    assert make("ES256").verify(mint("ES256", sub="app", client_id="app")).principal_type == "machine"


def test_issuer_audience_and_scopes() -> None:
    with pytest.raises(IssuerNotAllowedError):
        make("ES256").verify(mint("ES256", iss=f"{ISSUER}/"))
    with pytest.raises(AudienceNotAllowedError):
        make("ES256").verify(mint("ES256", aud="other"))
    with pytest.raises(MissingClaimError):
        make("ES256").verify(mint("ES256", aud=None))
    assert make("ES256", audience=None).verify(mint("ES256", aud=None))
    assert make("ES256", audience=["x", API]).verify(mint("ES256", aud=["y", API]))
    with pytest.raises(InsufficientScopeError):
        make("ES256", scopes="x").verify(mint("ES256"))


def test_cognito_claims_have_no_special_place_here() -> None:
    assert make("ES256").verify(mint("ES256", username=7)).username is None
    with pytest.raises(TokenError):
        make("ES256").verify(mint("ES256", scope=["a"]))


def test_keys_are_fetched(key_server: KeyServer) -> None:
    key_server.keys = {"keys": [jwk("EdDSA")]}
    verifier = OidcVerifier(ISSUER, API, ["EdDSA"], jwks_url=key_server.url)
    verifier.prefetch()
    assert verifier.verify(mint("EdDSA")).sub == minting.SUB
    with pytest.raises(UnknownKeyError):
        verifier.verify(mint("EdDSA", "k2"))
    assert key_server.fetches == 2


@pytest.mark.parametrize("algorithms", [[], ["none"], ["HS256"], ["RS256", "HS256"], ["ES256K"], ["rs256"], [""]])
def test_symmetric_and_unknown_algorithms_cannot_be_allowed(algorithms: list[str]) -> None:
    with pytest.raises(ValueError, match="algorithms"):
        OidcVerifier(ISSUER, API, algorithms, jwks_url=KEYS)


def test_an_issuer_is_needed() -> None:
    with pytest.raises(ValueError, match="issuer"):
        OidcVerifier("", API, ["RS256"], jwks_url=KEYS)


RSA = minting.public_jwk(minting.private_key(), "k1")


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "EC"}, {"kty": 1}, {"kty": None}, {"use": "enc"}, {"use": None,
        "alg": 1},
        {"alg": "RS384"}, {"alg": "HS256"}, {"alg": "none"}, {"alg": None}, {"key_ops": ["sign"]}, {"key_ops": []},
        {"key_ops": "verify"}, {"kid": ""}, {"kid": 1}, {"kid": "a b"}, {"kid": "k" * 129}, {"n": 1}, {"n": ""},
        {"n": RSA["n"] + "="}, {"n": "AQAB"}, {"e": "AA"}, {"e": "AQ"}, {"e": "Ag"}, {"e": 65537}, {"e": "A" * 44},
        {"n": minting.number(2**1023 + 1)}, {"n": minting.number(2**8200 + 1)}, {"n": minting.number(2**2047)},
    ],
    ids="-".join,
)  # fmt: skip
def test_key_that_cannot_be_used_is_left_out(changes: dict[str, Any]) -> None:
    good = minting.public_jwk(minting.private_key("next"), "good")
    bad = RSA | changes
    assert set(read_keys({"keys": [bad, good, None, 1, [], "x"]}, ["RS256"])) == {"good"}


def test_key_without_kid_or_modulus_is_left_out() -> None:
    for name in ("kid", "n", "e", "kty"):
        assert read_keys({"keys": [{k: v for k, v in RSA.items() if k != name}]}, ["RS256"]) == {}


def test_one_id_for_two_keys_is_no_key() -> None:
    other = minting.public_jwk(minting.private_key("next"), "k1")
    assert set(read_keys({"keys": [RSA, RSA]}, ["RS256"])) == {"k1"}
    assert read_keys({"keys": [RSA, other]}, ["RS256"]) == {}
    assert read_keys({"keys": [other, RSA, RSA]}, ["RS256"]) == {}


@pytest.mark.parametrize(
    "jwks", [None, 1, "keys", [], {}, {"keys": None}, {"keys": "x"}, {"keys": {"k1": RSA}}], ids=lambda _: ""
)
def test_what_is_no_key_set_has_no_keys(jwks: Any) -> None:
    assert read_keys(jwks, ["RS256"]) == {}


def test_private_members_are_not_kept() -> None:
    key = read_keys({"keys": [RSA | {"d": "c2VjcmV0", "p": "x"}]}, ["RS256"])["k1"]
    assert "c2VjcmV0" not in repr(key.material)
    assert "d" not in key._jwk


def test_elliptic_curve_key_off_its_curve_is_left_out() -> None:
    good = jwk("ES256")
    assert read_keys({"keys": [good]}, ["ES256"])
    assert read_keys({"keys": [good | {"x": good["y"], "y": good["x"]}]}, ["ES256"]) == {}
    assert read_keys({"keys": [good | {"crv": "P-384"}]}, ["ES256", "ES384"]) == {}
