"""What a Cognito verifier accepts, and how its requirements are configured."""

import json
import subprocess
import sys
from typing import Any
from unittest.mock import Mock

import pytest
from poolhouse.tokens import (
    AudienceNotAllowedError,
    Claims,
    ClientIdNotAllowedError,
    CognitoVerifier,
    CustomCheckError,
    ExpiredTokenError,
    InsufficientGroupError,
    InsufficientScopeError,
    InvalidSignatureError,
    IssuedInFutureError,
    IssuerNotAllowedError,
    KeysUnavailableError,
    MalformedTokenError,
    NotYetValidError,
    TokenError,
    TokenTooLargeError,
    UnknownKeyError,
)
from poolhouse.tokens.fetching import FetchError

from local.settings import ROOT
from tests.unit.tokens import minting
from tests.unit.tokens.key_server import Clock, KeyServer
from tests.unit.tokens.minting import CLIENT, ISSUER, KEY_ID, POOL, SUB, UPDATED_ISSUER, access_claims, id_claims, token


def make(token_use: Any = "access", client_ids: Any = CLIENT, **options: Any) -> CognitoVerifier:
    return CognitoVerifier(POOL, client_ids, token_use, **({"jwks": minting.key_set()} | options))


def test_access_token_claims() -> None:
    expected = access_claims()
    claims = make().verify(token(expected))
    assert claims.sub == SUB
    assert claims.username == "ada"
    assert claims.groups == ("admin", "support")
    assert claims.scopes == {"openid", "profiles/read", "profiles/write"}
    assert claims.client_id == CLIENT
    assert claims.origin_jti == expected["origin_jti"]
    assert claims.jti == expected["jti"]
    assert claims.token_use == "access"
    assert claims.expires_at == expected["exp"]
    assert claims.principal_type == "user"
    assert claims.issuer == ISSUER
    assert dict(claims.claims) == expected | {"cognito:groups": ("admin", "support")}


def test_id_token_claims() -> None:
    claims = make("id").verify(token(id_claims(**{"custom:tenant": "t1"})))
    assert (claims.token_use, claims.client_id, claims.username) == ("id", CLIENT, "ada")
    assert claims.scopes == frozenset()
    assert claims.claims["custom:tenant"] == "t1"


def test_machine_is_told_from_user() -> None:
    claims = make().verify(token(minting.machine_claims()))
    assert (claims.principal_type, claims.sub, claims.username, claims.groups) == ("machine", CLIENT, None, ())
    assert make().verify(token(access_claims(sub=CLIENT))).principal_type == "user"
    assert make().verify(token(access_claims(username=None))).principal_type == "user"
    assert make("id").verify(token(id_claims(sub=CLIENT, **{"cognito:username": None}))).principal_type == "user"


@pytest.mark.parametrize(
    "value",
    [
        json.loads("[" * 32 + "]" * 32),
        "[" * 500,
        ['"[{' * 40, "\\" * 3 + '"[' * 40],
        [[] for _ in range(200)],
        {f"a{number}": {} for number in range(50)},
    ],
    ids=["32 deep", "brackets in a string", "quotes and backslashes", "wide", "objects"],
)
def test_depth_is_that_of_arrays_and_objects_alone(value: Any) -> None:
    claims = make().verify(token(access_claims(custom=value)))
    assert json.loads(json.dumps(claims.claims["custom"], default=dict)) == value


def test_nesting_takes_no_thread_with_it() -> None:
    """Where a thread has a stack of half a megabyte, the parser of Python itself ends the process."""
    program = f"""
import threading
from poolhouse.tokens import CognitoVerifier, TokenError
verifier = CognitoVerifier({POOL!r}, None, None, jwks={minting.key_set()!r})
def work():
    try:
        verifier.verify({f"{minting.encode(b'{' + b'"a":' + b'[' * 8500)}.e30.AAAA"!r})
    except TokenError as refusal:
        print(refusal.code)
threading.stack_size(1 << 19)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    path = {"PYTHONPATH": str(ROOT / "layers" / "poolhouse")}
    ended = subprocess.run([sys.executable, "-c", program], env=path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "invalid_json\n")


def test_claims_cannot_be_changed_by_one_request_for_the_next() -> None:
    verifier = make()
    text = token(access_claims(custom={"deep": [{"a": 1}, [2]]}))
    claims = verifier.verify(text)
    with pytest.raises(AttributeError):
        claims.sub = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        claims.claims["sub"] = "other"  # type: ignore[index]
    with pytest.raises(TypeError):
        claims.claims["custom"]["deep"] = ()
    assert claims.claims["custom"]["deep"][0]["a"] == 1
    assert claims.claims["custom"]["deep"][1] == (2,)
    assert isinstance(verifier.verify(text), Claims)


@pytest.mark.parametrize("use", ["access", "id"])
def test_either_use_when_none_is_required(use: str) -> None:
    claims = access_claims() if use == "access" else id_claims()
    assert make(None).verify(token(claims)).token_use == use
    with pytest.raises(TokenError) as caught:
        make(None).verify(token(claims | {"token_use": "refresh"}))
    assert caught.value.code == "token_use_not_allowed"


def test_client_ids_one_several_or_none() -> None:
    other = token(access_claims(client_id="other"))
    with pytest.raises(ClientIdNotAllowedError):
        make().verify(other)
    assert make(client_ids=["other", CLIENT]).verify(other).client_id == "other"
    assert make(client_ids=None).verify(other).client_id == "other"
    assert make("id", None).verify(token(id_claims(aud="other"))).client_id == "other"


def test_groups_any_of() -> None:
    assert make(groups=["owner", "support"]).verify(token())
    with pytest.raises(InsufficientGroupError):
        make(groups=["owner"]).verify(token())
    assert make("id", groups="admin").verify(token(id_claims()))


def test_scopes_any_or_all() -> None:
    assert make(scopes=["x", "profiles/read"]).verify(token())
    assert make(all_scopes=["openid", "profiles/read"]).verify(token())
    with pytest.raises(InsufficientScopeError):
        make(scopes=["x"]).verify(token())
    with pytest.raises(InsufficientScopeError):
        make(all_scopes=["openid", "x"]).verify(token())
    with pytest.raises(InsufficientScopeError):
        make(scopes="openid", all_scopes="x").verify(token())


API = "https://api.example"


@pytest.mark.parametrize(
    ("audience", "options", "accepted"),
    [
        (None, {}, True),
        (CLIENT, {}, True),
        ([CLIENT], {}, True),
        ([CLIENT, API], {}, False),
        ([CLIENT, API], {"audience": API}, True),
        (API, {}, False),
        (API, {"audience": API}, True),
        ([API, "x"], {"audience": API}, True),
        ("x", {"audience": API}, False),
        (CLIENT, {"audience": API}, True),
        (None, {"audience": API}, True),
        (None, {"audience": API, "require_audience": True}, False),
        (CLIENT, {"audience": API, "require_audience": True}, False),
        (API, {"audience": ["y", API], "require_audience": True}, True),
        (CLIENT, {"client_ids": None}, True),
        (API, {"client_ids": None}, False),
    ],
)
def test_audience_of_access_tokens(audience: Any, options: dict[str, Any], accepted: bool) -> None:  # noqa: FBT001, RUF100
    text = token(access_claims(aud=audience))
    if accepted:
        assert make(**options).verify(text).client_id == CLIENT
    else:
        with pytest.raises(AudienceNotAllowedError):
            make(**options).verify(text)


def test_leeway_at_its_edges(clock: Clock) -> None:
    now = clock.now = float(int(clock.now))
    strict, tolerant = make(leeway_seconds=0, cache_bytes=0), make(leeway_seconds=30, cache_bytes=0)
    for exp, verifier in ((now + 1, strict), (now - 29, tolerant), (now - 4, make())):
        assert verifier.verify(token(access_claims(exp=int(exp))))
    for exp, verifier in ((now, strict), (now - 30, tolerant), (now - 5, make())):
        with pytest.raises(ExpiredTokenError):
            verifier.verify(token(access_claims(exp=int(exp))))
    for name, error in (("nbf", NotYetValidError), ("iat", IssuedInFutureError)):
        assert strict.verify(token(access_claims(**{name: int(now)})))
        assert tolerant.verify(token(access_claims(**{name: int(now) + 30})))
        for ahead, verifier in ((1, strict), (31, tolerant), (6, make())):
            with pytest.raises(error):
                verifier.verify(token(access_claims(**{name: int(now) + ahead})))


def test_fraction_of_a_second_is_a_date_too(clock: Clock) -> None:
    # RFC 7519 lets a NumericDate have a fraction.
    claims = make().verify(token(access_claims(exp=clock.now + 10.5)))
    assert claims.expires_at == int(clock.now + 10.5)


@pytest.mark.parametrize("issuer", [ISSUER, UPDATED_ISSUER])
def test_both_issuer_forms(issuer: str) -> None:
    assert make().verify(token(access_claims(iss=issuer))).issuer == issuer


def test_replica_regions_by_explicit_list() -> None:
    replica = f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL}"
    with pytest.raises(IssuerNotAllowedError):
        make().verify(token(access_claims(iss=replica)))
    assert make(further_regions=["eu-central-1"]).verify(token(access_claims(iss=replica))).issuer == replica


@pytest.mark.parametrize(
    ("pool", "issuer"),
    [
        ("cn-north-1_AbCdEf123", "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbCdEf123"),
        ("us-gov-west-1_AbCdEf123", "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbCdEf123"),
        ("eusc-de-east-1_AbCdEf123", "https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_AbCdEf123"),
    ],
)
def test_other_partitions(pool: str, issuer: str) -> None:
    verifier = CognitoVerifier(pool, CLIENT, "access", jwks=minting.key_set())
    assert verifier.verify(token(access_claims(iss=issuer))).issuer == issuer


SECOND = "us-east-1_ZyXwVu987"
SECOND_ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{SECOND}"


def test_several_pools_each_with_its_own_keys() -> None:
    other_key = minting.private_key("second pool")
    jwks = {POOL: minting.key_set(), SECOND: minting.key_set(minting.public_jwk(other_key))}
    verifier = CognitoVerifier([POOL, SECOND], [CLIENT, "other"], "access", jwks=jwks)
    assert verifier.verify(token()).issuer == ISSUER
    of_second = access_claims(iss=SECOND_ISSUER, client_id="other")
    assert verifier.verify(token(of_second, key=other_key)).issuer == SECOND_ISSUER
    # One pool's key must not speak for the other pool, although the key id is the same.
    for claims, key in ((of_second, None), (access_claims(), other_key)):
        with pytest.raises(TokenError) as caught:
            verifier.verify(token(claims, key=key))
        assert caught.value.code == "invalid_signature"


def test_custom_check_accepts_by_true_alone() -> None:
    seen: list[Claims] = []

    def check(claims: Claims) -> bool:
        seen.append(claims)
        return True

    verifier = make(custom_check=check)
    text = token()
    verifier.verify(text)
    verifier.verify(text)
    assert [claims.sub for claims in seen] == [SUB, SUB]
    for answer in (False, None, 1, "yes"):
        with pytest.raises(CustomCheckError):
            make(custom_check=lambda _claims, answer=answer: answer).verify(text)


def test_custom_check_that_raises_refuses_and_reveals_nothing() -> None:
    def broken(claims: Claims) -> bool:
        raise LookupError(claims.sub)

    with pytest.raises(CustomCheckError, match="LookupError") as caught:
        make(custom_check=broken).verify(token())
    assert SUB not in str(caught.value)
    assert caught.value.__context__ is None

    def refuse(_claims: Claims) -> bool:
        raise InsufficientScopeError("not on Sundays")

    with pytest.raises(InsufficientScopeError, match="Sundays"):
        make(custom_check=refuse).verify(token())


def test_custom_check_is_not_asked_about_a_refused_token() -> None:
    def fail(_claims: Claims) -> bool:
        raise AssertionError

    with pytest.raises(ExpiredTokenError):
        make(custom_check=fail).verify(token(access_claims(exp=1)))


def test_keys_come_from_the_given_address(key_server: KeyServer) -> None:
    verifier = make(jwks=None, jwks_url=key_server.url)
    verifier.prefetch()
    assert verifier.verify(token(access_claims(iss=UPDATED_ISSUER))).sub == SUB
    assert verifier.verify(token()).sub == SUB
    assert key_server.fetches == 1
    with pytest.raises(UnknownKeyError):
        verifier.verify(token(header={"kid": "unknown", "alg": "RS256"}))


def test_key_endpoint_down_is_told_apart(key_server: KeyServer) -> None:
    key_server.status = 503
    verifier = make(jwks=None, jwks_url=key_server.url)
    with pytest.raises(KeysUnavailableError) as caught:
        verifier.verify(token())
    assert caught.value.code == "keys_unavailable"
    with pytest.raises(KeysUnavailableError, match="1 of 1"):
        verifier.prefetch()


def test_prefetch_needs_one_address_of_each_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        if "issuer-cognito-idp" not in url:
            raise OSError
        return json.dumps(minting.key_set()).encode()

    monkeypatch.setattr("poolhouse.tokens.keys._fetch", fetch)
    make(jwks=None).prefetch()
    assert asked == [f"{ISSUER}/.well-known/jwks.json", f"{UPDATED_ISSUER}/.well-known/jwks.json"]


def test_tokens_choose_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("poolhouse.tokens.keys._fetch", asked.append)
    verifier = make(jwks=None)
    for issuer in ("https://evil.example", f"https://cognito-idp.us-east-2.amazonaws.com/{POOL}", f"{ISSUER}/../x"):
        with pytest.raises(IssuerNotAllowedError):
            verifier.verify(token(access_claims(iss=issuer)))
    assert asked == []
    with pytest.raises(KeysUnavailableError):
        verifier.verify(token(header={"kid": "https://evil.example/k", "alg": "RS256"}))
    assert asked == [f"{ISSUER}/.well-known/jwks.json"]


@pytest.mark.parametrize(
    "change",
    [
        {"user_pool_id": []}, {"user_pool_id": ""}, {"user_pool_id": "nonsense"}, {"user_pool_id": [POOL, "nonsense"]},
        {"client_ids": []}, {"client_ids": ""}, {"client_ids": [CLIENT, ""]}, {"client_ids": [1]},
        {"token_use": "Access"},
        {"token_use": "both"}, {"groups": []}, {"groups": ""}, {"scopes": []}, {"scopes": "openid profiles/read"},
        {"all_scopes": [" openid"]}, {"audience": []}, {"require_audience": True}, {"token_use": "id", "scopes": "x"},
        {"token_use": "id", "all_scopes": "x"}, {"token_use": "id", "audience": "x"}, {"leeway_seconds": -1},
        {"leeway_seconds": 301}, {"leeway_seconds": float("nan")}, {"jwks": {"keys": []}}, {"jwks": {}},
        {"jwks": {SECOND: {}}}, {"jwks_url": "http://evil.example/"}, {"jwks_url": {SECOND: "https://x.example/"}},
    ],
    ids=str,
)  # fmt: skip
def test_configuration_that_cannot_be_right_is_refused(change: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"user_pool_id": POOL, "client_ids": CLIENT, "token_use": "access"} | change
    with pytest.raises(ValueError, match=r".{20}"):
        CognitoVerifier(**arguments)


@pytest.mark.parametrize("missing", ["client_ids", "token_use"])
def test_skipping_a_check_takes_an_explicit_none(missing: str) -> None:
    arguments: dict[str, Any] = {"user_pool_id": POOL, "client_ids": None, "token_use": None}
    assert CognitoVerifier(**arguments)
    del arguments[missing]
    with pytest.raises(TypeError, match=missing):
        CognitoVerifier(**arguments)


def test_header_parameters_that_change_nothing_are_ignored() -> None:
    # RFC 7515, section 4: unknown parameters are ignored. x5t names a certificate and brings none.
    header = {"kid": KEY_ID, "alg": "RS256", "typ": "JWT", "cty": "x", "x5t": "x", "x": {"y": [1]}}
    assert make().verify(token(header=header)).sub == SUB


def test_white_space_around_json_is_json() -> None:
    text = f" \n{json.dumps(access_claims(), indent=1)}\t "
    assert make().verify(token(text)).sub == SUB


@pytest.mark.parametrize("given", [None, minting.key_set()], ids=["fetched", "given"])
@pytest.mark.parametrize("status", [403, 404])
def test_the_form_of_issuer_that_a_pool_has_not_rings_no_alarm(
    given: Any, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cognito answers 403 for the keys of a pool that is not set to that form; a stranger may write it into a token."""
    answers = {ISSUER: minting.key_set()}

    def answer(url: str) -> bytes:
        issuer = url.removesuffix("/.well-known/jwks.json")
        if issuer not in answers:
            raise FetchError("refused", status)
        return json.dumps(answers[issuer]).encode()

    monkeypatch.setattr("poolhouse.tokens.keys._fetch", answer)
    verifier = make(jwks=given)
    assert verifier.verify(token()).sub == SUB
    forged = token(access_claims(iss=UPDATED_ISSUER), header={"kid": "x", "alg": "RS256"})
    for _ in range(3):
        with pytest.raises(UnknownKeyError):
            verifier.verify(forged)
    # Without keys of the pool nothing can be said of anybody.
    answers.clear()
    with pytest.raises(KeysUnavailableError):
        make(jwks=None).verify(forged)


@pytest.mark.parametrize("status", [None, 500, 503])
def test_the_other_form_of_issuer_that_does_not_answer_is_an_outage(
    status: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(url: str) -> bytes:
        if url.startswith(ISSUER):
            return json.dumps(minting.key_set()).encode()
        raise FetchError("down", status)

    monkeypatch.setattr("poolhouse.tokens.keys._fetch", answer)
    verifier = make(jwks=None)
    verifier.verify(token())
    with pytest.raises(KeysUnavailableError):
        verifier.verify(token(access_claims(iss=UPDATED_ISSUER)))


def test_an_address_of_ones_own_that_refuses_is_an_outage(key_server: KeyServer) -> None:
    verifier = make(jwks=minting.key_set(), jwks_url=key_server.url)
    key_server.status = 403
    with pytest.raises(KeysUnavailableError):
        verifier.verify(token(header={"kid": "x", "alg": "RS256"}))


def test_headers_of_refused_tokens_are_not_remembered() -> None:
    verifier = make()
    for number in range(100):
        text = token(header={"kid": KEY_ID, "alg": "RS256", "x": number}, key=minting.private_key("stranger"))
        with pytest.raises(InvalidSignatureError):
            verifier.verify(text)
    assert verifier._headers == {}
    for number in range(100):
        verifier.verify(token(header={"kid": KEY_ID, "alg": "RS256", "x": number}))
    assert len(verifier._headers) == 64


def test_user_name_is_that_of_the_kind_of_token() -> None:
    both = {"username": "ada", "cognito:username": "bob"}
    assert make().verify(token(access_claims(**both))).username == "ada"
    assert make("id").verify(token(id_claims(**both))).username == "bob"


class _Text(str):
    """Says of itself what it likes."""

    __slots__ = ()

    def __len__(self) -> int:
        return 1

    def isascii(self) -> bool:
        return True

    def encode(self, *_: object) -> bytes:
        raise LookupError


def test_kinds_of_string_are_taken_for_what_they_hold() -> None:
    assert make().verify(_Text(token())).sub == SUB
    with pytest.raises(TokenTooLargeError):
        make().verify(_Text("x" * 20_000))
    with pytest.raises(MalformedTokenError):
        make().verify(_Text("\u00e9"))
    with pytest.raises(MalformedTokenError):
        make().verify(Mock(spec=str))
