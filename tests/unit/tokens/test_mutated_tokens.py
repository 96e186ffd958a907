"""Property tests: whatever is done to a valid token, it is refused, with a `TokenError` and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from poolhouse.tokens import CognitoVerifier, KeysUnavailableError, TokenError
from poolhouse.tokens.parsing import decode_base64url, parse_object

from tests.unit.tokens import minting
from tests.unit.tokens.minting import CLIENT, KEY_ID, POOL, access_claims, encode, sign, token

# 10,500 mutated tokens and 5,600 other examples. Deadlines are for timing; the machine that runs the tests may be busy.
_MANY = settings(max_examples=3_500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
_SOME = settings(_MANY, max_examples=700)

GOOD = token(access_claims(exp=4_000_000_000))
HEADER, PAYLOAD, SIGNATURE = GOOD.split(".")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _fail(_url: str) -> bytes:
    raise OSError


VERIFIER = CognitoVerifier(POOL, CLIENT, "access", jwks=minting.key_set(), jwks_url="http://127.0.0.1:9/keys")
for _stores in VERIFIER._pools:
    for _store in _stores:
        _store._fetch = _fail


def _refused(text: str) -> TokenError:
    try:
        VERIFIER.verify(text)
    except TokenError as caught:
        refusal = caught
    else:
        raise AssertionError(f"accepted: {text}")
    assert refusal.__context__ is None
    return refusal


def test_the_token_to_mutate_is_valid() -> None:
    assert VERIFIER.verify(GOOD).sub == minting.SUB


@_MANY
@given(st.integers(0, len(GOOD) - 1), st.sampled_from(ALPHABET + ".=+/ \n\0\u00e9\U0001f600"))
def test_one_character_replaced(place: int, character: str) -> None:
    mutated = GOOD[:place] + character + GOOD[place + 1 :]
    if mutated != GOOD:
        _refused(mutated)


@_MANY
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(st.sampled_from(ALPHABET + ".="), max_size=40))
def test_a_piece_removed_or_inserted(place: int, removed: int, inserted: str) -> None:
    mutated = GOOD[:place] + inserted + GOOD[place + removed :]
    if mutated != GOOD:
        _refused(mutated)


@_MANY
@given(st.sampled_from(["header", "payload", "signature"]), st.integers(0, 10_000), st.integers(1, 255))
def test_one_byte_of_a_part_changed(part: str, place: int, change: int) -> None:
    parts = {"header": HEADER, "payload": PAYLOAD, "signature": SIGNATURE}
    raw = bytearray(minting.decode(parts[part]))
    raw[place % len(raw)] ^= change
    _refused(".".join((parts | {part: encode(bytes(raw))}).values()))


@_SOME
@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    _refused(text)


@_SOME
@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=300))
def test_any_three_parts(header: bytes, payload: bytes, signature: bytes) -> None:
    _refused(f"{encode(header)}.{encode(payload)}.{encode(signature)}")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@_SOME
@given(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jku", "jwk", "x5c", "x5u", "zip", "enc"]), _JSON)
def test_any_value_of_a_header_parameter_under_a_strangers_signature(name: str, value: Any) -> None:
    header = json.dumps({"kid": KEY_ID, "alg": "RS256"} | {name: value})
    _refused(token(header=header, key=minting.private_key("stranger")))


@_SOME
@given(st.sampled_from(sorted(access_claims())), _JSON)
def test_any_value_of_a_claim_under_the_old_signature(name: str, value: Any) -> None:
    claims = access_claims(exp=4_000_000_000)
    forged = encode(json.dumps(claims | {name: value}))
    if forged != PAYLOAD:
        _refused(f"{HEADER}.{forged}.{SIGNATURE}")


@_SOME
@given(st.dictionaries(st.sampled_from([*access_claims(), "aud", "nbf", "cognito:username", "x"]), _JSON, max_size=6))
def test_any_signed_claims_raise_nothing_but_token_errors(changes: dict[str, Any]) -> None:
    # Rightly signed, so some may be accepted: then the typed fields must be of their types.
    text = f"{HEADER}.{encode(json.dumps(access_claims() | changes))}"
    refusal = None
    try:
        claims = VERIFIER.verify(f"{text}.{sign(text)}")
    except TokenError as caught:
        refusal = caught
    if refusal is not None:
        assert not isinstance(refusal, KeysUnavailableError)
        assert refusal.__context__ is None
        return
    assert isinstance(claims.sub, str)
    assert claims.client_id == CLIENT
    assert claims.username is None or isinstance(claims.username, str)
    assert all(isinstance(group, str) for group in claims.groups)
    assert isinstance(claims.expires_at, int)
    assert isinstance(claims.jti, str | None)
    assert isinstance(claims.origin_jti, str | None)


@_SOME
@given(st.binary(max_size=60))
def test_base64url_has_one_spelling(raw: bytes) -> None:
    spelled = encode(raw).encode()
    assert decode_base64url(spelled) == raw


@pytest.mark.parametrize("part", [b"_-4A", b"_-4", b"_w", b"_", b"_-4A_w"])
def test_base64url_takes_its_own_alphabet_alone(part: bytes) -> None:
    """Every byte in every place: "+", "/", "=" and white space among them, which other readers let pass."""
    for place in range(len(part)):
        for byte in range(256):
            spelled = part[:place] + bytes([byte]) + part[place + 1 :]
            try:
                decoded = decode_base64url(spelled)
            except TokenError:
                continue
            assert byte in ALPHABET.encode(), spelled
            assert encode(decoded).encode() == spelled


@_SOME
@given(st.binary(max_size=12).map(encode), st.sampled_from(ALPHABET), st.integers(0, 15))
def test_what_decodes_encodes_back_to_itself(part: str, character: str, place: int) -> None:
    mutated = (part[:place] + character + part[place + 1 :]).encode()
    try:
        decoded = decode_base64url(mutated)
    except TokenError:
        return
    assert encode(decoded).encode() == mutated


@_SOME
@given(st.dictionaries(st.text(max_size=10), _JSON, max_size=5))
def test_parse_object_agrees_with_the_standard_library(value: dict[str, Any]) -> None:
    document = json.dumps(value)
    try:
        parsed = parse_object(document.encode())
    except TokenError:
        # Refused on purpose: what is no JSON, or no text.
        surrogate = any(0xD800 <= ord(character) < 0xE000 for character in json.dumps(value, ensure_ascii=False))
        assert surrogate or "NaN" in document or "Infinity" in document
        return
    assert parsed == json.loads(document)
