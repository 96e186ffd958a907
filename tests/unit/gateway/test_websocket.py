import time
from typing import Any

import pytest
from poolhouse.gateway.context import NoPrincipalError
from poolhouse.gateway.websocket import connected, principal

from tests.gateway.api_gateway import WebSocketApi
from tests.unit.gateway.calls import Function
from tests.unit.tokens.minting import SUB, access_claims, machine_claims, token

GOOD, OTHER = token(), token(machine_claims())
PROTOCOL, AUTHORIZATION = "Sec-WebSocket-Protocol", "Authorization"


def query(*values: str) -> dict[str, Any]:
    return {"query": {"access_token": list(values)}}


def headers(**values: Any) -> dict[str, Any]:
    return {"headers": {PROTOCOL if name == "protocol" else name: value for name, value in values.items()}}


# How the token comes, the status, and the status where the query is allowed.
SENT: dict[str, tuple[dict[str, Any], int, int]] = {
    "subprotocol": ({"subprotocols": ["bearer", GOOD]}, 101, 101),
    "subprotocol without a space": (headers(protocol=f"bearer,{GOOD}"), 101, 101),
    "subprotocol with many spaces": (headers(protocol=f" bearer \t, {GOOD}\t"), 101, 101),
    "header": (headers(Authorization=f"Bearer {GOOD}"), 101, 101),
    "header in lower case": (headers(authorization=f"bearer {GOOD}"), 101, 101),
    "header beside another subprotocol": (headers(Authorization=f"Bearer {GOOD}", protocol="chat"), 101, 101),
    "query": (query(GOOD), 401, 101),
    "the same token in all places": (
        {"subprotocols": ["bearer", GOOD], **headers(Authorization=f"Bearer {GOOD}"), **query(GOOD)},
        101,
        101,
    ),
    "nowhere": ({}, 401, 401),
    "subprotocol and another in the header": (
        {"subprotocols": ["bearer", GOOD], **headers(Authorization=f"Bearer {OTHER}")},
        401,
        401,
    ),
    "subprotocol and another in the query": ({"subprotocols": ["bearer", GOOD], **query(OTHER)}, 101, 401),
    "header and another in the query": ({**headers(Authorization=f"Bearer {GOOD}"), **query(OTHER)}, 101, 401),
    "two headers": (headers(Authorization=[f"Bearer {GOOD}", f"Bearer {OTHER}"]), 401, 401),
    "two headers and a subprotocol": (
        {"subprotocols": ["bearer", GOOD], **headers(Authorization=[f"Bearer {GOOD}", f"Bearer {OTHER}"])},
        401,
        401,
    ),
    "two headers, one of another scheme": (headers(Authorization=["Basic x", f"Bearer {GOOD}"]), 401, 401),
    "two lines of subprotocols and a header": (
        headers(protocol=["bearer", OTHER], Authorization=f"Bearer {GOOD}"),
        401,
        401,
    ),
    "query twice": (query(GOOD, OTHER), 401, 401),
    "query twice and a subprotocol": ({"subprotocols": ["bearer", GOOD], **query(GOOD, OTHER)}, 101, 401),
    "query of another name": ({"query": {"token": GOOD}}, 401, 401),
    "query with the scheme": (query(f"Bearer {GOOD}"), 401, 401),
    "header without the scheme": (headers(Authorization=GOOD), 401, 401),
    "word without a token": ({"subprotocols": ["bearer"]}, 401, 401),
    "word and an empty token": (headers(protocol="bearer, "), 401, 401),
    "token without the word": ({"subprotocols": [GOOD]}, 401, 401),
    "token before the word": ({"subprotocols": [GOOD, "bearer"]}, 401, 401),
    "word in capitals": ({"subprotocols": ["Bearer", GOOD]}, 401, 401),
    "another word": ({"subprotocols": ["token", GOOD]}, 401, 401),
    "three subprotocols": ({"subprotocols": ["bearer", GOOD, "chat"]}, 401, 401),
    "two tokens as subprotocols": ({"subprotocols": ["bearer", GOOD, OTHER]}, 401, 401),
    "a space instead of a comma": (headers(protocol=f"bearer {GOOD}"), 401, 401),
    "two lines": (headers(protocol=["bearer", GOOD]), 401, 401),
    "twice the same line": (headers(protocol=[f"bearer, {GOOD}", f"bearer, {GOOD}"]), 401, 401),
    "cookie": (headers(Cookie=f"access_token={GOOD}"), 401, 401),
}


@pytest.mark.parametrize(("sent", "status", "status_with_query"), SENT.values(), ids=list(SENT))
def test_websocket_takes_one_token(sent: dict[str, Any], status: int, status_with_query: int) -> None:
    for function, expected in (Function(), status), (Function(token_in_query=True), status_with_query):
        handshake = WebSocketApi(function).connect(**sent)
        assert (handshake.status, handshake.called) == (expected, True)
        assert handshake.reason == ("allowed" if expected == 101 else "the function raised Unauthorized")


@pytest.mark.parametrize(
    ("subprotocols", "sent", "answered"),
    [
        (["bearer", GOOD], {}, "bearer"),
        ([], headers(Authorization=f"Bearer {GOOD}"), None),
        (["bearer"], headers(Authorization=f"Bearer {GOOD}"), "bearer"),
        (["chat", "bearer"], headers(Authorization=f"Bearer {GOOD}"), "bearer"),
        ([], query(GOOD), None),
    ],
    ids=["browser", "header", "header and the word", "header and two words", "query"],
)
def test_connected_completes_the_handshake_without_the_token(
    subprotocols: list[str], sent: dict[str, Any], answered: str | None
) -> None:
    callers = []

    def integration(event: dict[str, Any], _context: object) -> dict[str, Any]:
        callers.append(principal(event, now=time.time()))
        return connected(event)

    api = WebSocketApi(Function(token_in_query=True), integration=integration)
    handshake = api.connect(subprotocols=subprotocols, **sent)
    assert (handshake.status, handshake.subprotocol, handshake.browser_accepts) == (101, answered, True)
    assert [caller.sub for caller in callers] == [SUB]


@pytest.mark.parametrize(
    "event",
    [
        {"headers": {PROTOCOL: "chat"}},
        {"headers": {PROTOCOL: "bearers, xbearer, BEARER"}},
        {"headers": {PROTOCOL: ""}},
        {"headers": {}},
        {"headers": None},
        {},
    ],
    ids=str,
)
def test_connected_chooses_nothing_that_was_not_offered(event: dict[str, Any]) -> None:
    assert connected(event) == {"statusCode": 200}


def test_connected_answers_200_and_the_word() -> None:
    event = {"headers": {PROTOCOL.lower(): f"bearer,{GOOD}"}}
    assert connected(event) == {"statusCode": 200, "headers": {PROTOCOL: "bearer"}}


def test_principal_refuses_message_after_the_end_of_the_token() -> None:
    # The context of a connection is that of its beginning, and comes with each message.
    end = int(time.time()) + 60
    context = WebSocketApi(Function()).connect(subprotocols=["bearer", token(access_claims(exp=end))]).context
    message = {"requestContext": {"eventType": "MESSAGE", "routeKey": "$default", "authorizer": context}}
    assert principal(message, now=end - 1).sub == SUB
    with pytest.raises(NoPrincipalError, match="^the access token has ended$"):
        principal(message, now=end)


@pytest.mark.parametrize(
    "source",
    ["route.request.header.Sec-WebSocket-Protocol", "route.request.header.Authorization"],
)
def test_websocket_is_not_asked_without_its_identity_source(source: str) -> None:
    function = Function()
    api = WebSocketApi(function, identity_sources=[source])
    assert (api.connect().status, function.events) == (401, [])
    sent = [api.connect(subprotocols=["bearer", GOOD]), api.connect(**headers(Authorization=f"Bearer {GOOD}"))]
    assert sorted(handshake.status for handshake in sent) == [101, 401]
