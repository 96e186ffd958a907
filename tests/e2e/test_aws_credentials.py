"""From an ID token to AWS credentials that IAM then judges. Emulator: ministack, with IAM enforced.

Its IAM knows neither the keys of an item nor the tags of a session, and it gives every user the member's role. So here
a user's credentials may read any item by key and any picture; that they reach the user's own alone is judged by a
simulator, in tests/unit/template/test_identity_policies.py.
"""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local import users
from local.stack import LocalStack
from tests.e2e.conftest import PASSWORD, Api
from tests.e2e.credentials import session_of
from tests.e2e.people import Person, new_person
from tests.e2e.tokens import claims_of

Tokens = dict[str, str]
SHOWN = {
    "ProjectionExpression": "#sub, email, #status",
    "ExpressionAttributeNames": {"#sub": "sub", "#status": "status"},
}
PICTURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def person(stack: LocalStack) -> Person:
    return new_person(stack)


@pytest.fixture(scope="module")
def tokens(stack: LocalStack, person: Person) -> Tokens:
    return users.sign_in(stack, person.email, PASSWORD)


@pytest.fixture(scope="module")
def as_person(stack: LocalStack, tokens: Tokens) -> Callable[[str], Any]:
    """Clients of AWS services with the credentials that the user's ID token gets."""
    client: Callable[..., Any] = session_of(stack.settings, stack.outputs, tokens["IdToken"]).client
    return lambda service: client(service, endpoint_url=stack.settings.endpoint)


def refused(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """Return the code that AWS refuses a call with."""
    with pytest.raises(ClientError) as raised:
        call(*arguments, **named)
    return str(raised.value.response["Error"]["Code"])


def test_id_token_gets_credentials_of_the_members_role(stack: LocalStack, as_person: Callable[[str], Any]) -> None:
    arn = as_person("sts").get_caller_identity()["Arn"]
    role = stack.physical_id("MemberIdentityRole")
    assert arn.endswith(f":assumed-role/{role}/CognitoIdentityCredentials")


def test_credentials_read_the_own_profile(stack: LocalStack, person: Person, as_person: Callable[[str], Any]) -> None:
    table, key = stack.outputs["ProfilesTable"], {"sub": {"S": person.sub}}
    item = as_person("dynamodb").get_item(TableName=table, Key=key, **SHOWN)["Item"]
    assert item == {"sub": {"S": person.sub}, "email": {"S": person.email}, "status": {"S": "active"}}
    queried = as_person("dynamodb").query(
        TableName=table,
        KeyConditionExpression="#sub = :sub",
        ExpressionAttributeValues={":sub": {"S": person.sub}},
        **SHOWN,
    )
    assert queried["Items"] == [item]


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("scan", {}),
        ("scan", {"IndexName": "by-email"}),
        (
            "query",
            {
                "IndexName": "by-email",
                "KeyConditionExpression": "email = :email",
                "ExpressionAttributeValues": {":email": {"S": "pat@example.com"}},
            },
        ),
        ("put_item", {"Item": {"sub": {"S": "own"}}}),
        ("update_item", {"Key": {"sub": {"S": "own"}}, "UpdateExpression": "SET locale = status"}),
        ("delete_item", {"Key": {"sub": {"S": "own"}}}),
        ("describe_table", {}),
    ],
    ids=["scan", "scan-index", "query-index", "put", "update", "delete", "describe"],
)
def test_credentials_may_do_nothing_else_with_the_table(
    stack: LocalStack,
    person: Person,
    as_person: Callable[[str], Any],
    operation: str,
    arguments: dict[str, Any],
) -> None:
    own = {"S": person.sub}
    named = {name: {"sub": own} if name in ("Key", "Item") else each for name, each in arguments.items()}
    call = getattr(as_person("dynamodb"), operation)
    assert refused(call, TableName=stack.outputs["ProfilesTable"], **named) == "AccessDeniedException"


def test_credentials_reach_no_other_table(stack: LocalStack, person: Person, as_person: Callable[[str], Any]) -> None:
    for table, key in (
        ("AuditTable", {"sub": {"S": person.sub}, "at": {"S": "x"}}),
        ("SignInLinksTable", {"digest": {"S": "x"}}),
    ):
        answer = refused(as_person("dynamodb").get_item, TableName=stack.physical_id(table), Key=key)
        assert answer == "AccessDeniedException", table


def upload(form: dict[str, Any], picture: bytes, **changed: str) -> httpx.Response:
    """Send a form as a browser does."""
    return httpx.post(form["url"], data=form["fields"] | changed, files={"file": picture}, timeout=30)


def form_for(api: Api, person: Person, name: str) -> dict[str, Any]:
    answer = api.send("POST", "/profile/picture", person.token, {"picture": name})
    form: dict[str, Any] = answer.raise_for_status().json()
    return form


def test_credentials_get_the_picture_that_a_form_of_the_api_put(
    stack: LocalStack, api: Api, person: Person, as_person: Callable[[str], Any]
) -> None:
    assert upload(form_for(api, person, "me.png"), PICTURE).is_success
    found = as_person("s3").get_object(Bucket=stack.outputs["PicturesBucket"], Key=f"{person.sub}/me.png")
    assert (found["Body"].read(), found["ContentType"]) == (PICTURE, "image/png")


def test_form_takes_no_larger_picture_and_no_other_key(stack: LocalStack, api: Api, person: Person) -> None:
    form = form_for(api, person, "large.png")
    assert upload(form, b"x" * (form["max_bytes"] + 1)).status_code == 400
    assert upload(form, PICTURE, key="somebody-else/large.png").status_code == 403
    found = stack.settings.client("s3").list_objects_v2(Bucket=stack.outputs["PicturesBucket"])
    assert not [each["Key"] for each in found.get("Contents", []) if each["Key"].endswith("large.png")]


def test_credentials_put_delete_and_list_no_picture(
    stack: LocalStack, person: Person, as_person: Callable[[str], Any]
) -> None:
    bucket, key, mine = stack.outputs["PicturesBucket"], f"{person.sub}/me.png", as_person("s3")
    assert refused(mine.put_object, Bucket=bucket, Key=key, Body=b"x") == "AccessDenied"
    assert refused(mine.delete_object, Bucket=bucket, Key=key) == "AccessDenied"
    assert refused(mine.list_objects_v2, Bucket=bucket, Prefix=f"{person.sub}/") == "AccessDenied"


def test_pictures_go_with_the_profile(stack: LocalStack, api: Api) -> None:
    leaving = new_person(stack)
    assert upload(form_for(api, leaving, "me.png"), PICTURE).is_success
    tag = api.get("/profile", leaving.token).headers["ETag"]
    assert api.send("DELETE", "/profile", leaving.token, if_match=tag).status_code == 204
    s3 = stack.settings.client("s3")
    left = s3.list_objects_v2(Bucket=stack.outputs["PicturesBucket"], Prefix=f"{leaving.sub}/")
    assert left.get("KeyCount", 0) == 0


def test_access_token_is_refused(stack: LocalStack, tokens: Tokens) -> None:
    assert refused(session_of, stack.settings, stack.outputs, tokens["AccessToken"]) == "NotAuthorizedException"


def test_id_token_of_another_client_is_refused(stack: LocalStack, person: Person) -> None:
    """Only the web client's are exchanged. This one is a client as another application of the pool has it."""
    cognito, pool = stack.settings.client("cognito-idp"), stack.outputs["UserPoolId"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="another", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]
    try:
        token = users.sign_in(stack, person.email, PASSWORD, client)["IdToken"]
        assert claims_of(token)["aud"] == client
        assert refused(session_of, stack.settings, stack.outputs, token) == "NotAuthorizedException"
    finally:
        cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client)


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "payload", "signature"])
def test_altered_id_token_is_refused(stack: LocalStack, tokens: Tokens, part: int) -> None:
    parts = tokens["IdToken"].split(".")
    parts[part] = parts[part][:-8] + ("A" * 8 if not parts[part].endswith("A" * 8) else "B" * 8)
    assert refused(session_of, stack.settings, stack.outputs, ".".join(parts)) == "NotAuthorizedException"


@pytest.mark.parametrize("garbage", ["no.such.token", "x", "eyJhbGciOiJub25lIn0.e30."])
def test_garbage_is_refused(stack: LocalStack, garbage: str) -> None:
    assert refused(session_of, stack.settings, stack.outputs, garbage) == "NotAuthorizedException"


def test_provider_that_the_pool_does_not_know_is_refused(stack: LocalStack, tokens: Tokens) -> None:
    unknown = {"accounts.google.com": tokens["IdToken"]}
    assert refused(session_of, stack.settings, stack.outputs, tokens["IdToken"], **unknown) == "NotAuthorizedException"
