"""Agreement with aws-jwt-verify, the verifier that AWS publishes for Node.js, in the version that `bench/` pins.

Every token that it refuses is refused here too, but for the valid ones in `WIDER`. The hostile ones that it accepts are
listed in `STRICTER`. Both lists have their reasons, and stand in `docs/verifier.md`.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import jwt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from poolhouse.tokens import CognitoVerifier, TokenError
from poolhouse.tokens.verifier import LEEWAY_SECONDS

from local.settings import ROOT
from tests import node
from tests.unit.tokens import minting
from tests.unit.tokens.hostile import corpus
from tests.unit.tokens.key_server import KeyServer
from tests.unit.tokens.minting import CLIENT, KEY_ID, POOL, access_claims, encode, id_claims, sign, token

pytestmark = pytest.mark.node

ACCEPTED = "accepted"

# Hostile tokens that aws-jwt-verify accepts, asked for the same requirements, by class and by the error here.
STRICTER = {
    ("audience", "audience_not_allowed"): "It does not look at the aud of an access token, which may name another API",
    (
        "claim type",
        "invalid_claim",
    ): "It takes user names and ids of a sign-in that are no strings, and groups that are "
    "one string or have other things among them",
    ("duplicate", "duplicate_member"): "It lets the last of equal names win; another reader may take the first",
    ("encoding", "invalid_encoding"): "It takes padding and stray last bits, so that one token has several spellings",
    ("future iat", "token_issued_in_future"): "It does not compare iat with the clock; one of the two is wrong",
    ("header", "header_not_allowed"): "It ignores keys and addresses in the header, b64, and crit, which says not to",
    ("missing", "missing_claim"): "It needs no sub and no iat, and takes a token without exp for ever",
    ("no date", "invalid_claim"): "It takes an exp beyond the year 9999, any number as iat, and negative ones as nbf",
    ("payload JSON", "invalid_json"): "It repairs broken UTF-8, and takes half surrogates, any depth and any number of "
    "digits in claims it does not read",
    ("size", "token_too_large"): "It has no limit to the work that a stranger's token makes",
}

# Valid tokens that aws-jwt-verify refuses.
WIDER = {
    "China": "It expects the partition's issuers below amazonaws.com; they are below amazonaws.com.cn",
    "European Sovereign Cloud": "It expects the partition's issuers below amazonaws.com; they are below amazonaws.eu",
    "replica region": "It has no list of further regions for a replicated pool with issuers of the original form",
}

# The errors of aws-jwt-verify for the cause that a code here stands for.
SAME_CAUSE = {
    "malformed_token": {"JwtParseError"},
    "token_too_large": set[str](),
    "invalid_encoding": {"JwtParseError"},
    "invalid_json": {"JwtParseError"},
    "duplicate_member": set[str](),
    "header_not_allowed": set[str](),
    "invalid_key_id": {"JwtParseError", "JwtWithoutValidKidError"},
    "algorithm_not_allowed": {"JwtInvalidSignatureAlgorithmError", "JwtParseError"},
    "issuer_not_allowed": {"ParameterValidationError"},
    "unknown_key": {"KidNotFoundInJwksError"},
    "invalid_signature": {"JwtInvalidSignatureError"},
    "missing_claim": {
        "ParameterValidationError",
        "CognitoJwtInvalidTokenUseError",
        "CognitoJwtInvalidClientIdError",
    },
    "invalid_claim": {
        "JwtParseError",
        "CognitoJwtInvalidTokenUseError",
        "CognitoJwtInvalidClientIdError",
        "CognitoJwtInvalidGroupError",
    },
    "token_expired": {"JwtExpiredError"},
    "token_not_yet_valid": {"JwtNotBeforeError"},
    "token_use_not_allowed": {"CognitoJwtInvalidTokenUseError"},
    "client_id_not_allowed": {"CognitoJwtInvalidClientIdError"},
    "insufficient_group": {"CognitoJwtInvalidGroupError"},
    "insufficient_scope": {"JwtInvalidScopeError"},
}

# Hostile tokens that both refuse, each for another cause.
OTHER_CAUSE = {
    ("client", "client_id_not_allowed"): "It asks for the group before the client; here who may come is asked last",
    ("use", "token_use_not_allowed"): "It asks for the scope before the use; here who may come is asked last",
    ("duplicate", "duplicate_member"): "It judges the last of equal names",
    ("encoding", "invalid_encoding"): "It reads the other spelling, which the signature then does not cover",
    ("header", "header_not_allowed"): "It ignores these parameters, and the stranger's signature is wrong too",
    ("key id", "invalid_key_id"): "It looks for every string among the keys",
    ("no date", "invalid_claim"): "It compares every number with the clock, and fails to print some as dates",
    ("size", "token_too_large"): "It has no limit, and finds what else is wrong",
}


class Verifiers:
    """This verifier and aws-jwt-verify, asked for the same."""

    def __init__(self, node: "subprocess.Popen[str]", jwks_url: str) -> None:
        self._node = node
        self._jwks_url = jwks_url

    def verdicts(
        self,
        text: str,
        *,
        token_use: Literal["access", "id"] | None = "access",
        client_ids: str | list[str] | None = CLIENT,
        groups: str | list[str] | None = None,
        scopes: str | list[str] | None = None,
        leeway_seconds: float = LEEWAY_SECONDS,
        jwks: Mapping[str, Any] | None = None,
        **only_here: Any,
    ) -> tuple[str, str]:
        """Return what each says: "accepted", or our code and the class of the other's error."""
        jwks = jwks or {POOL: minting.key_set()}
        verifier = CognitoVerifier(
            jwks,
            client_ids,
            token_use,
            groups=groups,
            scopes=scopes,
            leeway_seconds=leeway_seconds,
            jwks=jwks,
            jwks_url=self._jwks_url,
            **only_here,
        )
        ours = ACCEPTED
        try:
            verifier.verify(text)
        except TokenError as refusal:
            ours = refusal.code
        asked = {
            "clientId": client_ids,
            "tokenUse": token_use,
            "groups": groups,
            "scope": scopes,
            "graceSeconds": leeway_seconds,
        }
        return ours, self._theirs([{"userPoolId": pool} | asked for pool in jwks], jwks, text)

    def _theirs(self, *question: Any) -> str:
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps(question) + "\n")
        self._node.stdin.flush()
        answer = self._node.stdout.readline().strip()
        assert answer, "the Node.js program has ended; what it said stands above"
        return answer


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verifiers]:
    script = Path(__file__).with_name("aws_jwt_verify.mjs")
    package = node.packages(ROOT / "bench", tmp_path_factory.mktemp("aws-jwt-verify")).parent
    program: list[str | Path] = [node.program(), script, package]
    with (
        KeyServer(minting.key_set()).running() as server,
        subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
    ):
        yield Verifiers(process, server.url)


def test_the_corpus_is_refused_by_both_but_for_the_listed_differences(both: Verifiers) -> None:
    accepted_there, other_cause = set(), set()
    for hostile in corpus():
        scopes = "profiles/read" if hostile.use == "access" else None
        ours, theirs = both.verdicts(hostile.token, token_use=hostile.use, groups="admin", scopes=scopes)  # type: ignore[arg-type]
        assert ours == hostile.error.code, hostile[:2]
        if theirs == ACCEPTED:
            accepted_there.add((hostile.kind, ours))
        elif theirs not in SAME_CAUSE[ours]:
            other_cause.add((hostile.kind, ours))
    # Both ways: a difference that is gone has to leave the list.
    assert accepted_there == set(STRICTER)
    assert other_cause == set(OTHER_CAUSE)


API = "https://api.example"
GOVCLOUD, CHINA, SOVEREIGN = "us-gov-west-1_AbCdEf123", "cn-north-1_AbCdEf123", "eusc-de-east-1_AbCdEf123"
SECOND_KEY = minting.private_key("second key")
BOTH_KEYS = {POOL: minting.key_set(minting.public_jwk(minting.private_key()), minting.public_jwk(SECOND_KEY, "second"))}
BARE_KEY = {
    POOL: minting.key_set(
        {n: v for n, v in minting.public_jwk(minting.private_key()).items() if n not in ("alg", "use")}
    )
}
TWO_POOLS = {POOL: minting.key_set(), GOVCLOUD: minting.key_set(minting.public_jwk(SECOND_KEY))}


def _issuer(pool: str, domain: str = "amazonaws.com") -> str:
    return f"https://cognito-idp.{pool.partition('_')[0]}.{domain}/{pool}"


def _valid() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return valid tokens, each with what is required of it."""
    spaced = f" \n{json.dumps(access_claims(), indent=1)}\t "
    strange = {"custom": {"a": [1, {"b": None}]}, "e": "\u00e9\U0001f600\u2028", "__proto__": {}, "": 1e300}
    unknown = {"kid": KEY_ID, "alg": "RS256", "typ": "JWT", "x5t": "x", "x": {"y": [1]}}
    in_china = access_claims(iss=_issuer(CHINA, "amazonaws.com.cn"))
    sovereign = access_claims(iss=_issuer(SOVEREIGN, "amazonaws.eu"))
    replica = access_claims(iss=f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL}")
    second_pool = token(access_claims(iss=_issuer(GOVCLOUD)), key=SECOND_KEY)
    return {
        "access": (token(), {}),
        "ID": (token(id_claims()), {"token_use": "id"}),
        "access, either use": (token(), {"token_use": None}),
        "ID, either use": (token(id_claims()), {"token_use": None}),
        "machine": (token(minting.machine_claims()), {"scopes": "profiles/read"}),
        "one group of several": (token(), {"groups": ["owner", "support"]}),
        "ID with group": (token(id_claims()), {"token_use": "id", "groups": "admin"}),
        "one scope of several": (token(), {"scopes": ["x", "profiles/write"]}),
        "no groups, none required": (token(access_claims(**{"cognito:groups": []})), {}),
        "no scope, none required": (token(access_claims(scope=None)), {}),
        "no user name": (token(access_claims(username=None)), {}),
        "second client": (token(access_claims(client_id="other")), {"client_ids": [CLIENT, "other"]}),
        "second client, ID": (token(id_claims(aud="other")), {"token_use": "id", "client_ids": [CLIENT, "other"]}),
        "any client": (token(access_claims(client_id="other")), {"client_ids": None}),
        "updated issuer": (token(access_claims(iss=minting.UPDATED_ISSUER)), {}),
        "updated issuer, ID": (token(id_claims(iss=minting.UPDATED_ISSUER)), {"token_use": "id"}),
        "aud is the client": (token(access_claims(aud=CLIENT)), {}),
        "aud is a list of the client": (token(access_claims(aud=[CLIENT])), {}),
        "bound to this API": (token(access_claims(aud=API)), {"audience": API, "require_audience": True}),
        "bound to several APIs": (token(access_claims(aud=["x", API])), {"audience": API}),
        "first of two pools": (token(), {"jwks": TWO_POOLS}),
        "second of two pools": (second_pool, {"jwks": TWO_POOLS}),
        "second key": (token(header={"kid": "second", "alg": "RS256"}, key=SECOND_KEY), {"jwks": BOTH_KEYS}),
        "key without alg and use": (token(), {"jwks": BARE_KEY}),
        "expired within the leeway": (
            token(access_claims(exp=minting.access_claims()["iat"])),
            {"leeway_seconds": 300},
        ),
        "not yet valid within the leeway": (
            token(access_claims(nbf=access_claims()["iat"] + 200)),
            {"leeway_seconds": 300},
        ),
        "exp with a fraction": (token(access_claims(exp=4_000_000_000.5)), {}),
        "space around JSON": (token(spaced), {}),
        "strange claims": (token(access_claims() | strange), {}),
        "unknown header parameters": (token(header=unknown), {}),
        "GovCloud": (second_pool, {"jwks": {GOVCLOUD: TWO_POOLS[GOVCLOUD]}}),
        "China": (token(in_china), {"jwks": {CHINA: minting.key_set()}}),
        "European Sovereign Cloud": (token(sovereign), {"jwks": {SOVEREIGN: minting.key_set()}}),
        "replica region": (token(replica), {"further_regions": ["eu-central-1"]}),
    }


def test_valid_tokens_are_accepted_by_both_but_for_the_listed_differences(both: Verifiers) -> None:
    verdicts = {case: both.verdicts(text, **asked) for case, (text, asked) in _valid().items()}
    assert [case for case, (ours, _) in verdicts.items() if ours != ACCEPTED] == []
    assert {case for case, (_, theirs) in verdicts.items() if theirs != ACCEPTED} == set(WIDER)


@pytest.mark.parametrize("algorithm", ["RS384", "RS512"])
def test_only_here_a_key_that_names_no_algorithm_is_for_rs256_alone(both: Verifiers, algorithm: str) -> None:
    text = jwt.encode(access_claims(), minting.private_key(), algorithm, {"kid": KEY_ID, "typ": None})
    assert both.verdicts(text, jwks=BARE_KEY) == ("algorithm_not_allowed", ACCEPTED)
    assert both.verdicts(text) == ("algorithm_not_allowed", "JwtInvalidSignatureAlgorithmError")


@pytest.mark.parametrize("between", [" ", "  ", "\t", "\n", "\u00a0", "\u2003", "\x1c", ",", "+"])
def test_scopes_are_separated_by_spaces_alone(both: Verifiers, between: str) -> None:
    ours, theirs = both.verdicts(token(access_claims(scope=f"openid{between}profiles/read")), scopes="profiles/read")
    assert (ours, theirs) == (
        (ACCEPTED, ACCEPTED) if " " in between else ("insufficient_scope", "JwtInvalidScopeError")
    )


# The same examples in every run; hundreds, because each asks another process.
_HUNDREDS = settings(
    max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
_GOOD = token(access_claims(exp=4_000_000_000))
_HEADER = json.dumps({"kid": KEY_ID, "alg": "RS256"}).encode()
_PAYLOAD = json.dumps(access_claims(exp=4_000_000_000)).encode()
_IN_TOKENS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n"
_ASKED: dict[str, Any] = {"groups": "admin", "scopes": "profiles/read"}


def _assert_never_looser(verdicts: tuple[str, str], listed: Iterable[str]) -> None:
    ours, theirs = verdicts
    if theirs != ACCEPTED:
        assert ours != ACCEPTED, theirs
    elif ours != ACCEPTED:
        assert ours in listed


@_HUNDREDS
@given(st.integers(0, len(_GOOD)), st.integers(0, 3), st.text(st.sampled_from(_IN_TOKENS), max_size=3))
def test_mutated_text(both: Verifiers, place: int, removed: int, inserted: str) -> None:
    mutated = _GOOD[:place] + inserted + _GOOD[place + removed :]
    assume(mutated != _GOOD)
    ours, theirs = both.verdicts(mutated, **_ASKED)
    assert ours != ACCEPTED
    assert theirs != ACCEPTED or ours == "invalid_encoding"


@_HUNDREDS
@given(
    st.sampled_from(["header", "payload"]),
    st.integers(0, len(_PAYLOAD)),
    st.integers(0, 2),
    st.lists(
        st.sampled_from([*b'{}[]",:\\/ \t\n\0\x7f-+.0123456789eEuUnNtrueaflsd', 0x80, 0xC3, 0xA9, 0xED, 0xFF]),
        max_size=3,
    ),
)
def test_mutated_json_signed_again(both: Verifiers, part: str, place: int, removed: int, inserted: list[int]) -> None:
    parts = {"header": _HEADER, "payload": _PAYLOAD}
    document = parts[part]
    place %= len(document)
    parts[part] = document[:place] + bytes(inserted) + document[place + removed :]
    start = f"{encode(parts['header'])}.{encode(parts['payload'])}"
    listed = {"invalid_json", "duplicate_member", "invalid_claim", "missing_claim", "token_issued_in_future"}
    _assert_never_looser(both.verdicts(f"{start}.{sign(start)}", **_ASKED), listed)


_WORDS = st.sampled_from(["admin", "openid", "profiles/read", "access", "id", CLIENT, minting.ISSUER, "x", ""])
_TEXT = st.lists(_WORDS | st.sampled_from([" ", "\t", "\u00a0", ",", "\0"]), max_size=4).map("".join)
_LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5) | _TEXT | _WORDS
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


_DATES = st.integers(0, 5_000_000_000) | st.floats(0, 5e9)
_CLAIMS = {
    "scope": _TEXT,
    "cognito:groups": st.lists(_WORDS, max_size=3),
    "aud": _WORDS | st.lists(_WORDS, max_size=2),
    **dict.fromkeys(["exp", "iat", "nbf"], _DATES),
    **dict.fromkeys(["iss", "sub", "client_id", "token_use", "username", "cognito:username", "jti", "x"], _WORDS),
}
_CHANGES = st.sampled_from(list(_CLAIMS)).flatmap(lambda name: st.tuples(st.just(name), _CLAIMS[name] | _JSON))


@_HUNDREDS
@given(st.lists(_CHANGES, max_size=2))
def test_any_claims_signed(both: Verifiers, changes: list[tuple[str, Any]]) -> None:
    start = f"{encode(_HEADER)}.{encode(json.dumps(access_claims() | dict(changes)))}"
    listed = {code for _, code in STRICTER} - {"header_not_allowed", "token_too_large", "duplicate_member"}
    _assert_never_looser(both.verdicts(f"{start}.{sign(start)}", **_ASKED), listed)


@_HUNDREDS
@given(
    st.dictionaries(
        st.sampled_from(["typ", "cty", "crit", "b64", "jku", "jwk", "x5c", "x5t", "zip", "alg", "kid"]), _JSON
    )
)
def test_any_header_signed(both: Verifiers, changes: dict[str, Any]) -> None:
    start = f"{encode(json.dumps(json.loads(_HEADER) | changes))}.{encode(_PAYLOAD)}"
    _assert_never_looser(both.verdicts(f"{start}.{sign(start)}", **_ASKED), {"header_not_allowed", "invalid_json"})
