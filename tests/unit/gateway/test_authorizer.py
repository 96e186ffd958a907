import json
import logging
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from poolhouse.access.principal import Principal
from poolhouse.gateway.authorizer import UnknownEventError
from poolhouse.gateway.context import NoPrincipalError
from poolhouse.gateway.rest_api import UnauthorizedError
from poolhouse.tokens import (
    CustomCheckError,
    InsufficientPermissionError,
    KeysUnavailableError,
    TokenError,
    UnknownKeyError,
)

from tests.unit.gateway.calls import (
    API_TYPES,
    CACHING,
    Event,
    Function,
    authorizer,
    event_1,
    event_2,
    resolver_event,
    rest_event,
)
from tests.unit.gateway.conftest import SharedClock
from tests.unit.tokens import minting
from tests.unit.tokens.hostile import corpus
from tests.unit.tokens.key_server import KeyServer
from tests.unit.tokens.minting import access_claims, id_claims, token

NEEDS: dict[str, Any] = {"groups": "admin", "all_scopes": "profiles/read"}
BAD = {
    "no token at all": "abc",
    "expired": token(access_claims(exp=int(time.time()) - 60)),
    "signed by another": token(key=minting.private_key("another")),
    "ID token": token(id_claims()),
    "of another client": token(access_claims(client_id="x")),
}
LACKING = {"scope": token(access_claims(scope="openid")), "group": token(access_claims(**{"cognito:groups": ["x"]}))}

# Good token, none, a bad one, one that lacks a permission, keys that cannot be had.
STATUS = {
    "http_simple": (200, 401, 403, 403, 500),
    "http_iam": (200, 401, 403, 403, 500),
    "http_1": (200, 401, 403, 403, 500),
    "rest_token": (200, 401, 401, 403, 500),
    "rest_request": (200, 401, 401, 403, 500),
    "websocket": (101, 401, 401, 403, 500),
    "appsync": (200, 401, 401, 401, 500),
}


# -------------------------------------------------------------------------------------------------------------- answers
@pytest.mark.parametrize("name", API_TYPES)
def test_authorizer_lets_good_token_through(name: str) -> None:
    api = API_TYPES[name]
    answer = api.client(api.function(**NEEDS))(token())
    assert (answer.status, answer.called, answer.reason) == (STATUS[name][0], True, "allowed")


@pytest.mark.parametrize("name", API_TYPES)
def test_authorizer_is_not_asked_without_a_token(name: str) -> None:
    api = API_TYPES[name]
    answer = api.client(api.function())(None)
    assert answer.status == STATUS[name][1]
    assert answer.called is (name == "websocket")  # the only one without an identity source here


@pytest.mark.parametrize(
    ("name", "status"),
    [("http_simple", 403), ("http_iam", 403), ("http_1", 403), ("rest_request", 401), ("websocket", 401)],
)
def test_authorizer_refuses_missing_token_when_asked(name: str, status: int) -> None:
    api, function = API_TYPES[name], API_TYPES[name].function()
    settings = {} if name == "websocket" else {"ttl": 0}
    answer = api.client(function, identity_sources=[], **settings)(None)
    assert (answer.status, answer.called, len(function.events)) == (status, True, 1)


@pytest.mark.parametrize("bad", BAD.values(), ids=list(BAD))
@pytest.mark.parametrize("name", API_TYPES)
def test_authorizer_refuses_bad_token(name: str, bad: str) -> None:
    api = API_TYPES[name]
    answer = api.client(api.function())(bad)
    assert (answer.status, answer.called, answer.context) == (STATUS[name][2], True, None)


@pytest.mark.parametrize("lacking", LACKING.values(), ids=list(LACKING))
@pytest.mark.parametrize("name", API_TYPES)
def test_authorizer_refuses_good_token_that_lacks_permission(name: str, lacking: str) -> None:
    api = API_TYPES[name]
    assert api.client(api.function())(lacking).status == STATUS[name][0]
    answer = api.client(api.function(**NEEDS))(lacking)
    assert (answer.status, answer.called, answer.context) == (STATUS[name][3], True, None)


@pytest.mark.parametrize("name", API_TYPES)
def test_authorizer_says_nothing_while_keys_cannot_be_had(
    name: str, key_server: KeyServer, clock: SharedClock, caplog: pytest.LogCaptureFixture
) -> None:
    api = API_TYPES[name]
    settings: dict[str, Any] = {"ttl": 300} if name in CACHING else {}
    function = api.function(jwks=None, jwks_url=key_server.url, cache_seconds=300)
    send = api.client(function, clock=clock, **settings)
    key_server.status = 503
    for _ in range(2):  # the second time the verifier does not even ask
        answer = send(token())
        assert (answer.status, answer.called) == (STATUS[name][4], True)
        assert answer.reason.startswith("the function failed: KeysUnavailableError(")
    records = [vars(record) for record in caplog.records if record.getMessage() == "keys unavailable"]
    assert [(record["code"], record["KeysUnavailable"]) for record in records] == [("keys_unavailable", 1)] * 2
    # Nothing was kept: with the endpoint back, the same token passes.
    key_server.status = 200
    clock.advance(1)
    assert (send(token()).status, key_server.fetches) == (STATUS[name][0], 2)


def test_authorizer_raises_keys_unavailable_itself() -> None:
    with pytest.raises(KeysUnavailableError):
        authorizer(jwks=None).authorize({"type": "TOKEN", "authorizationToken": token(), "methodArn": "arn"})


UNKNOWN: dict[str, Event] = {
    "nothing": {},
    "an HTTP API's integration": {"version": "2.0", "routeKey": "GET /", "requestContext": {"http": {}}},
    "a REST API's integration": {"resource": "/", "httpMethod": "GET", "requestContext": {"eventType": None}},
    "a WebSocket API's integration": {"requestContext": {"eventType": "CONNECT"}, "headers": {}},
    "a message to a WebSocket API": {"type": "REQUEST", "requestContext": {"eventType": "MESSAGE"}},
    "a payload format to come": {"type": "REQUEST", "version": "3.0", "headers": {}, "requestContext": {"http": {}}},
    "a type in lower case": {"type": "token", "methodArn": "arn:aws:execute-api:us-east-1:1:a/s/GET/"},
    "a request of no API": {"type": "REQUEST", "headers": {}},
    "a token of no API": {"authorizationToken": "t", "methodArn": "arn:aws:execute-api:us-east-1:1:a/s/GET/"},
    "a token for a context without a query": {"authorizationToken": "t", "requestContext": {"apiId": "a"}},
    "a query without a token": {"requestContext": {"queryString": "query { me }"}},
    "a resolver's event": {"identity": {"resolverContext": {}}, "info": {"fieldName": "me"}},
}


@pytest.mark.parametrize("event", UNKNOWN.values(), ids=list(UNKNOWN))
def test_authorizer_raises_for_unknown_event(event: Event) -> None:
    with_token = {"headers": {"authorization": f"Bearer {token()}"}, **event}
    with pytest.raises(UnknownEventError, match="events/authorizer/"):
        authorizer().authorize(with_token)


# ------------------------------------------------------------------------------------------------- what is left unsaid
def test_authorizer_reveals_nothing_of_a_refused_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    by_error = {hostile.error: hostile.token for hostile in corpus() if hostile.use == "access"}
    by_error[KeysUnavailableError] = by_error.pop(UnknownKeyError)  # no endpoint says that it does not know the key
    raised_by_others = {TokenError, InsufficientPermissionError, CustomCheckError, UnknownKeyError}
    assert by_error.keys() == every_error(TokenError) - raised_by_others
    authorize = authorizer(**NEEDS).authorize
    for error, hostile in by_error.items():
        caplog.clear()
        failure: Exception | None = None
        try:
            authorize({**REST, "authorizationToken": hostile})
        except (KeysUnavailableError, UnauthorizedError) as raised:
            failure = raised
        # A chained exception would keep what it failed to read, and Lambda would log it.
        assert getattr(failure, "__context__", None) is None
        assert vars(caplog.records[-1])["code"] == error.code
        shown = repr(failure) + "".join(traceback.format_exception_only(failure))
        shown += " ".join(str({**vars(record), "pathname": ""}) for record in caplog.records)
        secrets = [minting.SUB, "ada", minting.KEY_ID, *(part for part in hostile.split(".") if len(part) > 12)]
        assert [secret for secret in secrets if secret in shown] == []


def test_authorizer_error_quotes_nothing_of_the_event() -> None:
    for event in ({**REST, "methodArn": "arn:ada@example.com", "authorizationToken": token()}, {"ada": token()}):
        with pytest.raises(ValueError, match="event") as raised:
            authorizer().authorize(event)
        assert "ada" not in str(raised.value)
        assert "eyJ" not in str(raised.value)


def every_error(base: type[TokenError]) -> set[type[TokenError]]:
    return {base}.union(*map(every_error, base.__subclasses__()))


def test_authorizer_logs_nothing_of_a_good_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for api in API_TYPES.values():
        api.client(api.function())(token())
    assert caplog.records == []


# ------------------------------------------------------------------------------------------- what the integration reads
USER = (
    token(access_claims(exp=4_000_000_000)),
    Principal(
        sub=minting.SUB,
        client_id=minting.CLIENT,
        principal_type="user",
        roles=frozenset({"admin", "support"}),
        scopes=frozenset({"openid", "profiles/read", "profiles/write"}),
    ),
)
MACHINE = (
    token(minting.machine_claims(scope="profiles/read.any", exp=4_000_000_000)),
    Principal(
        sub=minting.CLIENT,
        client_id=minting.CLIENT,
        principal_type="machine",
        scopes=frozenset({"profiles/read.any"}),
    ),
)


@pytest.mark.parametrize(("sent", "caller"), [USER, MACHINE], ids=["user", "machine"])
@pytest.mark.parametrize("name", API_TYPES)
def test_principal_is_the_caller_that_the_token_names(name: str, sent: str, caller: Principal) -> None:
    api = API_TYPES[name]
    context = api.client(api.function())(sent).context
    assert api.reader(api.event(context), now=time.time()) == caller
    # What an HTTP API sends its integration does not depend on what it sends its authorizer.
    if name.startswith("http"):
        assert api.reader(event_1(context), now=time.time()) == caller
        assert api.reader(event_2(context), now=time.time()) == caller


@pytest.mark.parametrize("name", CACHING)
def test_principal_refuses_ended_token_that_the_cache_still_lets_through(name: str, clock: SharedClock) -> None:
    api = API_TYPES[name]
    send = api.client(api.function(), ttl=3600, clock=clock)
    short = token(access_claims(exp=int(clock.now) + 60))
    send(short)
    clock.advance(59)
    assert api.reader(api.event(send(short).context), now=clock.now).sub == minting.SUB
    clock.advance(1)
    answer = send(short)
    assert (answer.status, answer.called) == (200, False)
    with pytest.raises(NoPrincipalError, match="^the access token has ended$"):
        api.reader(api.event(answer.context), now=clock.now)


CONTEXT = {
    "sub": "a1",
    "client_id": "web",
    "principal_type": "user",
    "roles": "",
    "scopes": "",
    "token_use": "access",
    "exp": 4_000_000_000,
}
FORMS: dict[Callable[[object], Event], set[str]] = {
    event_2: {"http_simple"},
    event_1: {"http_simple", "rest_token", "websocket"},  # a REST API's form, and a version beside it
    rest_event: {"rest_token", "websocket"},
    resolver_event: {"appsync"},
    lambda context: {"requestContext": {"authorizer": {"claims": context}}}: set(),  # a REST API's Cognito authorizer
    lambda context: {"version": "2.0", "requestContext": {"authorizer": {"jwt": {"claims": context}}}}: set(),
    lambda context: {"identity": {"claims": context, **CONTEXT}}: set(),  # AppSync with a user pool
    lambda context: {"requestContext": {"identity": context, **CONTEXT}}: set(),
    lambda context: {**CONTEXT, "headers": CONTEXT, "authorizer": context}: set(),
}


@pytest.mark.parametrize("event", FORMS)
@pytest.mark.parametrize("name", ["http_simple", "rest_token", "websocket", "appsync"])
def test_principal_reads_what_its_own_type_of_api_sends(name: str, event: Callable[[object], Event]) -> None:
    if name in FORMS[event]:
        assert API_TYPES[name].reader(event(CONTEXT), now=0).sub == "a1"
    else:
        with pytest.raises(NoPrincipalError, match="^the authorizer context is missing or incomplete$"):
            API_TYPES[name].reader(event(CONTEXT), now=0)


# ----------------------------------------------------------------------------------------------------------- odd events
REST: Event = {
    "type": "TOKEN",
    "methodArn": "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/",
    "authorizationToken": None,
}
GOOD, EXPIRED = USER[0], BAD["expired"]


def events_with(sent: str) -> list[Event]:
    """What each type of API sends of a request with this token."""
    functions: list[Function] = []
    for api in API_TYPES.values():
        functions.append(api.function())
        api.client(functions[-1])(sent)
    return [event for function in functions for event in function.events]


EVENTS = {sent: events_with(sent) for sent in (GOOD, EXPIRED)}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = sorted({name for event in EVENTS[GOOD] for name in event} | {"multiValueHeaders", "queryStringParameters"})


@st.composite
def odd_events(draw: st.DrawFn, sent: str) -> Event:
    """An event of some type in which any members, and members of those, are missing or something else."""
    event: Event = json.loads(json.dumps(draw(st.sampled_from(EVENTS[sent]))))
    for _ in range(draw(st.integers(1, 3))):
        inner: Any = event
        name = draw(st.sampled_from(NAMES))
        while isinstance(inner.get(name), dict) and inner[name] and draw(st.booleans()):
            inner = inner[name]
            name = draw(st.sampled_from(sorted(inner)))
        odd = draw(st.sampled_from(["missing", "odd", "listed"]))
        if odd == "missing":
            inner.pop(name, None)
        else:
            inner[name] = draw(ANYTHING) if odd == "odd" else [inner.get(name), draw(ANYTHING)]
    return event


def outcome(event: Any) -> str:
    """What becomes of an event: allowed, refused, or an error that the documentation names."""
    try:
        answer = ODD.authorize(event)
    except (UnauthorizedError, ValueError) as error:
        return type(error).__name__
    if "isAuthorized" in answer:
        return "allowed" if answer["isAuthorized"] is True else "refused"
    (statement,) = answer["policyDocument"]["Statement"]
    return "allowed" if statement["Effect"] != "Deny" else "refused"


ODD = authorizer(token_in_query=True)


@given(ANYTHING | st.dictionaries(st.sampled_from(NAMES), ANYTHING) | odd_events(EXPIRED))
@example([])
@example({"type": "REQUEST", "version": "2.0", "headers": "authorization"})
@example({"type": "REQUEST", "version": "1.0", "multiValueHeaders": {"Authorization": 1}})
@example({"type": "REQUEST", "version": "1.0", "multiValueHeaders": ["Authorization"]})
@example({"type": "REQUEST", "requestContext": "CONNECT"})
@example({"authorizationToken": "a", "requestContext": 1})
def test_authorizer_lets_no_odd_event_through_without_a_good_token(event: Any) -> None:
    assert outcome(event) in {"refused", "UnauthorizedError", "UnknownEventError", "ValueError"}


@given(odd_events(GOOD))
def test_authorizer_raises_nothing_else_for_odd_event_with_a_good_token(event: Event) -> None:
    assert outcome(event) in {"allowed", "refused", "UnauthorizedError", "UnknownEventError", "ValueError"}


@pytest.mark.parametrize("name", ["http_simple", "rest_token", "appsync"])
@given(odd=ANYTHING)
def test_principal_of_odd_event_is_refused(name: str, odd: Any) -> None:
    reader = API_TYPES[name].reader
    for member in ("requestContext", "identity"):
        for event in ({member: odd}, {member: {"authorizer": odd}}, {member: {"resolverContext": odd}}):
            for version in ({}, {"version": "1.0"}, {"version": "2.0"}):
                with pytest.raises(NoPrincipalError):
                    reader({**event, **version}, now=0)
