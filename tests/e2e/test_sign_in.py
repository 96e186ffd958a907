"""From sign-up to one's own profile, through real clients."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import users
from local.settings import LocalError
from local.stack import LocalStack
from tests.e2e.conftest import PASSWORD, Api
from tests.e2e.oauth import REDIRECT, sign_in_with_pkce
from tests.e2e.tokens import claims_of, scopes_of

SIGN_UP_CODE = "123456"  # the emulator's, always
ALL_SCOPES = {
    "profiles/" + name for name in ("read", "write", "read.any", "read.personal", "write.any", "delete.any", "suspend")
}


@pytest.fixture
def cognito(stack: LocalStack) -> Any:
    return stack.settings.client("cognito-idp")


@pytest.fixture
def signed_up(stack: LocalStack, cognito: Any, new_address: Callable[[], str]) -> str:
    """The address of a user who signed up and confirmed."""
    address = new_address()
    client_id = stack.outputs["WebClientId"]
    cognito.sign_up(
        ClientId=client_id,
        Username=address,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": address}, {"Name": "name", "Value": "Ada Example"}],
    )
    cognito.confirm_sign_up(ClientId=client_id, Username=address, ConfirmationCode=SIGN_UP_CODE)
    return address


@pytest.fixture
def small_client(stack: LocalStack, cognito: Any) -> Iterator[str]:
    """An app client that lists only ``openid``."""
    pool = stack.outputs["UserPoolId"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="small",
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
        CallbackURLs=[REDIRECT],
    )["UserPoolClient"]
    yield client["ClientId"]
    cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client["ClientId"])


def test_sign_up_confirm_sign_in_shows_own_profile(stack: LocalStack, api: Api, signed_up: str) -> None:
    token = users.sign_in(stack, signed_up, PASSWORD)["AccessToken"]

    answer = api.get("/profile", token)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    profile = answer.json()
    assert (profile["sub"], profile["email"], profile["name"]) == (claims_of(token)["sub"], signed_up, "Ada Example")
    assert (profile["status"], profile["version"]) == ("active", 1)
    assert scopes_of(token) == {"aws.cognito.signin.user.admin", "profiles/read", "profiles/write"}


def test_admin_created_user_in_no_group_has_a_profile(
    stack: LocalStack, api: Api, cognito: Any, new_address: Callable[[], str]
) -> None:
    address, pool = new_address(), stack.outputs["UserPoolId"]
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=address,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": address}, {"Name": "email_verified", "Value": "true"}],
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=address, Password=PASSWORD, Permanent=True)

    token = users.sign_in(stack, address, PASSWORD)["AccessToken"]

    assert "cognito:groups" not in claims_of(token)
    answer = api.get("/profile", token)
    assert (answer.status_code, answer.json()["email"]) == (200, address)


def test_wrong_password_is_refused(stack: LocalStack, signed_up: str) -> None:
    with pytest.raises(LocalError, match="Incorrect username or password"):
        users.sign_in(stack, signed_up, PASSWORD + "x")


@pytest.mark.parametrize("domain", ["blocked.example", "BLOCKED.example", "\uff42locked.example"])
def test_blocked_domain_is_refused_with_its_code(stack: LocalStack, cognito: Any, domain: str) -> None:
    address = f"eve@{domain}"
    with pytest.raises(ClientError) as refused:
        cognito.sign_up(
            ClientId=stack.outputs["WebClientId"],
            Username=address,
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": address}],
        )
    error = refused.value.response["Error"]
    assert error["Code"] == "UserLambdaValidationException"
    assert "email_domain_refused: Sign-up with an address of this e-mail domain is not open" in error["Message"]
    assert address not in error["Message"]


def test_changed_address_reaches_the_profile_at_the_next_sign_in(
    stack: LocalStack, api: Api, cognito: Any, signed_up: str, new_address: Callable[[], str]
) -> None:
    sub = claims_of(users.sign_in(stack, signed_up, PASSWORD)["AccessToken"])["sub"]
    changed = new_address()
    cognito.admin_update_user_attributes(
        UserPoolId=stack.outputs["UserPoolId"],
        Username=sub,
        UserAttributes=[{"Name": "email", "Value": changed}, {"Name": "email_verified", "Value": "true"}],
    )

    profile = api.get("/profile", users.sign_in(stack, changed, PASSWORD)["AccessToken"]).json()

    assert (profile["sub"], profile["email"], profile["version"]) == (sub, changed, 2)


def test_suspended_user_is_held_out_everywhere(stack: LocalStack, api: Api, cognito: Any, signed_up: str) -> None:
    tokens = users.sign_in(stack, signed_up, PASSWORD)
    sub = claims_of(tokens["AccessToken"])["sub"]
    stack.settings.client("dynamodb").update_item(
        TableName=stack.outputs["ProfilesTable"],
        Key={"sub": {"S": sub}},
        UpdateExpression="SET #status = :suspended",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":suspended": {"S": "suspended"}},
    )

    with pytest.raises(LocalError, match="account_suspended"):
        users.sign_in(stack, signed_up, PASSWORD)
    with pytest.raises(ClientError, match="account_suspended"):
        cognito.initiate_auth(
            AuthFlow="REFRESH_TOKEN_AUTH",
            ClientId=stack.outputs["WebClientId"],
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )
    answer = api.get("/profile", tokens["AccessToken"])  # a token from before is still alive
    assert (answer.status_code, answer.json()["code"]) == (403, "account_suspended")


def test_client_that_lists_only_openid_gets_no_profile_scope(
    stack: LocalStack, seeded: dict[str, users.User], api: Api, small_client: str
) -> None:
    admin = seeded["admin"]
    assert scopes_of(users.access_token(stack, "admin")) >= ALL_SCOPES

    token = users.sign_in(stack, admin.email, users.PASSWORD, small_client)["AccessToken"]

    assert not scopes_of(token) & ALL_SCOPES
    assert claims_of(token)["cognito:groups"] == ["admin"]
    assert api.get("/profile", token).status_code == 403  # nor does the API accept that client


@pytest.mark.parametrize(
    ("role", "asked", "granted"),
    [
        pytest.param("admin", {"openid"}, {"openid"}, id="what-was-not-asked-for-is-not-added"),
        pytest.param("admin", {"openid", *ALL_SCOPES}, {"openid", *ALL_SCOPES}, id="an-admin-gets-what-was-asked-for"),
        pytest.param(
            "member",
            {"openid", *ALL_SCOPES},
            {"openid", "profiles/read", "profiles/write"},
            id="a-member-stays-a-member",
        ),
        pytest.param(
            "support",
            {"openid", "profiles/read.any", "profiles/delete.any"},
            {"openid", "profiles/read.any"},
            id="support-deletes-nobody",
        ),
    ],
)
def test_hosted_sign_in_grants_what_was_asked_for_and_the_role_allows(
    stack: LocalStack, seeded: dict[str, users.User], role: str, asked: set[str], granted: set[str]
) -> None:
    tokens = sign_in_with_pkce(stack, seeded[role].email, users.PASSWORD, " ".join(sorted(asked)))

    assert scopes_of(tokens["access_token"]) == granted
    assert claims_of(tokens["access_token"])["cognito:groups"] == [role]
    assert claims_of(tokens["id_token"])["cognito:groups"] == [role]


def test_refresh_keeps_groups_and_scopes(stack: LocalStack, seeded: dict[str, users.User], cognito: Any) -> None:
    tokens = users.sign_in(stack, seeded["support"].email, users.PASSWORD)

    refreshed = cognito.initiate_auth(
        AuthFlow="REFRESH_TOKEN_AUTH",
        ClientId=stack.outputs["WebClientId"],
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )["AuthenticationResult"]["AccessToken"]

    assert scopes_of(refreshed) == scopes_of(tokens["AccessToken"]) >= {"profiles/read.any", "profiles/suspend"}
    assert claims_of(refreshed)["cognito:groups"] == ["support"]
