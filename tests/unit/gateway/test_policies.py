import json
import re
import string
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from poolhouse.gateway import policies

from tests.gateway.api_gateway import MAX_METHOD_ARN_BYTES, MAX_RESULT_BYTES, Endpoint
from tests.gateway.policies import MAX_RESOURCE_CHARACTERS, matches
from tests.unit.gateway.calls import API_TYPES, CACHING, WITH_POLICY, authorizer
from tests.unit.tokens.minting import CLIENT, SUB, access_claims, encode, token

API = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234"
GOOD = token(access_claims(exp=4_000_000_000))
LACKING = token(access_claims(exp=4_000_000_000, scope="openid"))
NEEDS: dict[str, Any] = {"all_scopes": "profiles/read"}
STAGE = {"http_iam": "$default", "http_1": "$default"}
PATHS = [
    "/users/*",
    "/*/*",
    "/${aws:username}",
    "/${*}",
    "/%2A%3F/..%2f",
    "/~ada",
    "/@ada",
    "/a:b:c",
    "//a//",
    '/"\\\n\0',
    "/ünï/漢字/\N{PILE OF POO}",
    "/" + "a" * (MAX_METHOD_ARN_BYTES - len(f"{API}/$default/DELETE/")),
]


def resource_of(answer: dict[str, Any], effect: str = "Allow") -> str:
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Action"], statement["Effect"]) == ("execute-api:Invoke", effect)
    resource: str = statement["Resource"]
    return resource


# ---------------------------------------------------------------------------------------------------------------- cache
@pytest.mark.parametrize("path", PATHS, ids=lambda path: ascii(path)[:20])
@pytest.mark.parametrize("name", CACHING)
def test_cached_answer_serves_every_route_of_the_token(name: str, path: str) -> None:
    for first, second in (("/profile", path), (path, "/profile")):
        function = API_TYPES[name].function()
        send = API_TYPES[name].client(function, ttl=300)
        answers = [send(GOOD, "GET", first), send(GOOD, "DELETE", second), send(GOOD, "OPTIONS", first)]
        assert [(answer.status, answer.called) for answer in answers] == [(200, True), (200, False), (200, False)]
        if name in WITH_POLICY:
            assert resource_of(function.answers[0]) == f"{API}/{STAGE.get(name, 'prod')}/*"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ascii(path)[:20])
@pytest.mark.parametrize("name", CACHING)
def test_cached_refusal_serves_every_route_and_no_other_token(name: str, path: str) -> None:
    function = API_TYPES[name].function(**NEEDS)
    send = API_TYPES[name].client(function, ttl=300)
    answers = [send(LACKING, path=path), send(LACKING), send(GOOD, path=path), send(LACKING, "PUT"), send(GOOD, "PUT")]
    assert [answer.status for answer in answers] == [403, 403, 200, 403, 200]
    assert [answer.called for answer in answers] == [True, False, True, False, False]
    if name in WITH_POLICY:
        assert resource_of(function.answers[0], "Deny") == f"{API}/{STAGE.get(name, 'prod')}/*"
        assert function.answers[0]["principalId"] == "nobody"
        assert function.answers[1]["principalId"] == SUB


@pytest.mark.parametrize("name", ["rest_token", "rest_request"])
def test_refusal_with_401_is_not_kept(name: str) -> None:
    send = API_TYPES[name].client(API_TYPES[name].function(), ttl=300)
    assert [(answer.status, answer.called) for answer in (send("a.b.c"), send("a.b.c"))] == [(401, True)] * 2


def test_allow_of_connecting_is_of_connecting_alone() -> None:
    for sent, effect in ((GOOD, "Allow"), (LACKING, "Deny")):
        function = API_TYPES["websocket"].function(**NEEDS)
        API_TYPES["websocket"].client(function)(sent)
        assert resource_of(function.answers[0], effect) == f"{API}/prod/$connect"


# ------------------------------------------------------------------------------------------------------------ resources
@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "us-east-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-eusc", "eusc-de-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
    ],
)
@pytest.mark.parametrize("name", WITH_POLICY)
def test_policy_keeps_partition_and_region(name: str, partition: str, region: str) -> None:
    function = API_TYPES[name].function(**NEEDS)
    send = API_TYPES[name].client(function, endpoint=Endpoint(partition, region))
    assert send(GOOD).context is not None
    assert send(LACKING).status == 403
    for answer, effect in zip(function.answers, ["Allow", "Deny"], strict=True):
        assert resource_of(answer, effect).startswith(f"arn:{partition}:execute-api:{region}:123456789012:abcdef1234/")


@pytest.mark.parametrize("stage", ["s" * 128, "$default", "a", "v1-beta_2"])
@pytest.mark.parametrize("name", ["rest_token", "rest_request", "websocket"])
def test_policy_names_the_stage(name: str, stage: str) -> None:
    function = API_TYPES[name].function()
    assert API_TYPES[name].client(function, stage=stage)(GOOD).context is not None
    assert resource_of(function.answers[0]).startswith(f"{API}/{stage}/")


@pytest.mark.parametrize(
    ("form", "end"),
    [({"type": "TOKEN"}, "*"), ({"type": "REQUEST", "requestContext": {"eventType": "CONNECT"}}, "$connect")],
    ids=["REST API", "WebSocket API"],
)
def test_policy_resource_has_at_most_512_characters(form: dict[str, Any], end: str) -> None:
    stage = "s" * (MAX_RESOURCE_CHARACTERS - len(f"{API}//$connect"))
    event = {**form, "authorizationToken": GOOD, "headers": {"Authorization": f"Bearer {GOOD}"}}
    answer = authorizer().authorize({**event, "methodArn": f"{API}/{stage}/GET/{'a' * 900}"})
    assert len(resource_of(answer)) == MAX_RESOURCE_CHARACTERS - len("$connect") + len(end)
    with pytest.raises(ValueError, match="methodArn or routeArn"):
        authorizer().authorize({**event, "methodArn": f"{API}/{stage}s/GET/"})


@pytest.mark.parametrize(
    "arn",
    [
        None,
        "",
        0,
        [],
        [f"{API}/prod/GET/"],
        {"arn": API},
        "*",
        "arn",
        API,
        f"{API}/",
        f"{API}//GET/profile",
        f"{API}/*/GET/profile",
        f"{API}/pr?d/GET/profile",
        f"{API}/${{stage}}/GET/profile",
        f"{API}/pröd/GET/profile",
        f"{API}/prod\n/GET/profile",
        f" {API}/prod/GET/profile",
        f"{API}:x/prod/GET/profile",
        "arn:aws:execute-api:us-east-1:123456789012/prod/GET/profile",
        "arn:aws:execute-api::123456789012:abcdef1234/prod/GET/profile",
        "arn:*:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/profile",
        "arn:aws:execute-api:*:123456789012:abcdef1234/prod/GET/profile",
        "arn:aws:execute-api:us-east-1:*:abcdef1234/prod/GET/profile",
        "arn:aws:execute-api:us-east-1:123456789012:*/prod/GET/profile",
        "arn:aws:s3:us-east-1:123456789012:abcdef1234/prod/GET/profile",
        "urn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/profile",
        "arn:aws:execute-api:us-east-1:１２３４５６７８９０１２:abcdef1234/prod/GET/profile",
    ],
    ids=ascii,
)
def test_policy_of_what_is_no_request_to_an_api_is_an_error(arn: Any) -> None:
    with pytest.raises(ValueError, match="^the event's methodArn or routeArn is not the ARN of a request to an API$"):
        policies.stage_of({"methodArn": arn})
    with pytest.raises(ValueError, match="methodArn or routeArn"):
        authorizer().authorize({"type": "TOKEN", "authorizationToken": GOOD, "methodArn": arn})


AUTHORIZER = authorizer()
ODD_TEXT = st.text(string.ascii_letters + "0123456789-_$*?{}:/%~@.\n ü", max_size=12)
PARTS = [
    "arn",
    ":",
    "aws",
    "aws-cn",
    ":",
    "execute-api",
    ":",
    "us-east-1",
    ":",
    "123456789012",
    ":",
    "abcdef1234",
    "/",
    "prod",
    "/",
    "GET",
]


@st.composite
def arns(draw: st.DrawFn) -> str:
    """The ARN of a request with any path, in which up to two parts are something else."""
    parts = list(PARTS)
    for _ in range(draw(st.integers(0, 2))):
        parts[draw(st.integers(0, len(parts) - 1))] = draw(ODD_TEXT)
    return "".join(parts) + draw(ODD_TEXT)


@given(arns() | st.text(max_size=80))
@example(f"{API}/prod")
def test_policy_speaks_of_the_whole_stage_or_not_at_all(arn: str) -> None:
    try:
        answer = AUTHORIZER.authorize({"type": "TOKEN", "authorizationToken": GOOD, "methodArn": arn})
    except ValueError:
        return
    resource = resource_of(answer)
    name = "[A-Za-z0-9_$-]+"
    assert re.fullmatch(rf"arn:{name}:execute-api:{name}:{name}:{name}/{name}/\*", resource)
    assert f"{arn}/".startswith(resource[:-1])
    # It lets through what was asked for, and nothing of another stage.
    assert matches(resource, f"{arn}/")
    assert not matches(resource, f"{resource[:-2]}x/GET/")


@given(ODD_TEXT.filter(lambda path: "?" not in path))
@example("a" * 1500)
@pytest.mark.parametrize("name", WITH_POLICY)
def test_policy_holds_nothing_of_the_path(name: str, path: str) -> None:
    function = API_TYPES[name].function()
    API_TYPES[name].client(function)(GOOD, path=f"/x{path}")
    assert resource_of(function.answers[0]) in {f"{API}/$default/*", f"{API}/prod/*", f"{API}/prod/$connect"}


# ----------------------------------------------------------------------------------------------------------- the result
# Request line and headers may have 10,240 bytes together (https://docs.aws.amazon.com/apigateway/latest/developerguide/
# limits.html), so a token has less.
LONGEST_TOKEN = 10_240 - len("GET / HTTP/1.1\r\nAuthorization: Bearer \r\n")


def longest(claim: str, value: Callable[[int], object]) -> str:
    """The longest token with a value of this kind in a claim of it."""

    def document(count: int) -> str:
        claims = access_claims(exp=4_000_000_000, **{claim: value(count)})
        return json.dumps(claims, separators=(",", ":"), ensure_ascii=False)

    count = bisect_right(
        range(LONGEST_TOKEN), LONGEST_TOKEN, key=lambda count: len(f"{SHORTEST}{encode(document(count))}")
    )
    return token(document(count - 1))


SHORTEST = token("")  # header, dots and signature
LONGEST = {
    "long groups": longest("cognito:groups", lambda count: ["g" * 128] * count),
    "short groups": longest("cognito:groups", lambda count: ["g"] * count),
    "groups of two bytes": longest("cognito:groups", lambda count: ["ß" * 64] * count),
    "scopes": longest("scope", lambda count: "s" * count),
    "username": longest("username", lambda count: "u" * count),
}


@pytest.mark.parametrize("sent", LONGEST.values(), ids=list(LONGEST))
@pytest.mark.parametrize("name", [name for name in API_TYPES if name != "appsync"])  # which takes 2,048 characters
def test_result_fits_for_every_token_that_a_request_can_carry(name: str, sent: str) -> None:
    assert LONGEST_TOKEN - 200 < len(sent) <= LONGEST_TOKEN
    function = API_TYPES[name].function()
    settings: dict[str, Any] = {"stage": "s" * 128} if name.startswith(("rest", "websocket")) else {}
    answer = API_TYPES[name].client(function, **settings)(sent)
    assert answer.reason == "allowed"
    assert answer.context is not None
    # As Lambda's runtime writes it; a token of that length has at most half as much in spaces and quotes.
    assert len(sent) // 3 < len(json.dumps(function.answers[0], ensure_ascii=False).encode()) <= MAX_RESULT_BYTES
    assert API_TYPES[name].reader(API_TYPES[name].event(answer.context), now=0).client_id == CLIENT
