"""Triggers that a user pool really fires, on the deployed functions.

ministack, which hosts the stack, fires PreSignUp, PreTokenGeneration and the custom challenges. cognito-local fires
PostConfirmation, PostAuthentication, CustomMessage and UserMigration. What neither fires is called with its documented
event in other tests; docs/triggers/README.md says which.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local.functions import logs
from local.stack import LocalStack
from tests.e2e import cognito_local
from tests.e2e.cognito_local import CognitoLocal
from tests.e2e.conftest import PASSWORD
from tests.e2e.tokens import claims_of, scopes_of
from tests.unit.functions.old_directory import SECRET, DirectoryServer

FIRED = ("PostConfirmation", "PostAuthentication", "CustomMessage", "UserMigration")
INVITATION = "Ihr neues Konto"
NEW_PASSWORD = "Another-Horse-8"
GERMAN = {
    "SignUp": "Bestätigen Sie Ihr Konto",
    "ForgotPassword": "Setzen Sie Ihr Passwort zurück",
    "UpdateUserAttribute": "Bestätigen Sie die Änderung",
    "VerifyUserAttribute": "Bestätigen Sie Ihre Angabe",
}


def item(stack: LocalStack, sub: str) -> dict[str, Any] | None:
    """A user's profile as the table holds it."""
    table = stack.settings.client("dynamodb")
    found: dict[str, Any] | None = table.get_item(
        TableName=stack.outputs["ProfilesTable"], Key={"sub": {"S": sub}}, ConsistentRead=True
    ).get("Item")
    return found


# --------------------------------------------------------------------------------------------------- cognito-local


@pytest.fixture(scope="module")
def pool(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CognitoLocal]:
    functions = {trigger: stack.physical_id(f"{trigger}Function") for trigger in FIRED}
    with cognito_local.running(tmp_path_factory.mktemp("pool"), stack.settings.endpoint, functions) as pool:
        yield pool


@pytest.fixture(scope="module")
def signed_up(pool: CognitoLocal) -> str:
    """The address of a user of cognito-local who signed up and confirmed."""
    address = "fired@example.com"
    attributes = [{"Name": "email", "Value": address}, {"Name": "locale", "Value": "de"}]
    pool.client.sign_up(ClientId=pool.client_id, Username=address, Password=PASSWORD, UserAttributes=attributes)
    code = pool.user(address)["ConfirmationCode"]
    pool.client.confirm_sign_up(ClientId=pool.client_id, Username=address, ConfirmationCode=code)
    return address


@pytest.fixture
def old_directory(stack: LocalStack) -> Iterator[DirectoryServer]:
    """An old directory, of which the deployed function is told, with the right to read its secret."""
    secrets, functions = stack.settings.client("secretsmanager"), stack.settings.client("lambda")
    iam, role = stack.settings.client("iam"), stack.physical_id("UserMigrationRole")
    name = stack.physical_id("UserMigrationFunction")
    arn = secrets.create_secret(Name="tests/old-directory", SecretString=SECRET)["ARN"]
    right = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn}
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    iam.put_role_policy(
        RoleName=role, PolicyName="tests", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [right]})
    )
    with DirectoryServer().running() as server:
        own = {"USER_MIGRATION_URL": server.url, "USER_MIGRATION_SECRET_ARN": arn}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": before["Variables"] | own})
        yield server
    functions.update_function_configuration(FunctionName=name, Environment=before)
    iam.delete_role_policy(RoleName=role, PolicyName="tests")
    secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


def sign_in(pool: CognitoLocal, address: str, password: str) -> dict[str, Any]:
    """Sign a user of cognito-local in."""
    answer: dict[str, Any] = pool.client.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": address, "PASSWORD": password},
    )["AuthenticationResult"]
    return answer


@pytest.mark.node
def test_post_confirmation_fired_by_cognito_local_makes_the_profile(
    stack: LocalStack, pool: CognitoLocal, signed_up: str
) -> None:
    profile = item(stack, pool.user(signed_up)["Username"])
    assert profile is not None
    assert (profile["email"]["S"], profile["status"]["S"]) == (signed_up, "active")


@pytest.mark.node
def test_post_authentication_fired_by_cognito_local_keeps_the_time(
    stack: LocalStack, pool: CognitoLocal, signed_up: str
) -> None:
    sign_in(pool, signed_up, PASSWORD)
    profile = item(stack, pool.user(signed_up)["Username"])
    assert profile is not None
    assert profile["last_sign_in_at"]["S"] >= profile["created_at"]["S"]


@pytest.mark.node
def test_reset_fired_by_cognito_local_is_audited(stack: LocalStack, pool: CognitoLocal) -> None:
    address = "reset@example.com"
    pool.client.sign_up(
        ClientId=pool.client_id,
        Username=address,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": address}],
    )
    pool.client.admin_confirm_sign_up(UserPoolId=pool.pool_id, Username=address)
    pool.client.forgot_password(ClientId=pool.client_id, Username=address)
    user = pool.user(address)
    pool.client.confirm_forgot_password(
        ClientId=pool.client_id,
        Username=address,
        ConfirmationCode=user["ConfirmationCode"],
        Password=NEW_PASSWORD,
    )
    entries = stack.settings.client("dynamodb").query(
        TableName=stack.physical_id("AuditTable"),
        KeyConditionExpression="#sub = :sub",
        ExpressionAttributeNames={"#sub": "sub"},
        ExpressionAttributeValues={":sub": {"S": user["Username"]}},
    )["Items"]
    assert [entry["action"]["S"] for entry in entries] == ["password_reset"]


@pytest.mark.node
def test_user_migration_fired_by_cognito_local_moves_a_user(pool: CognitoLocal, old_directory: DirectoryServer) -> None:
    address = "old@example.com"
    old_directory.users[address] = (PASSWORD, {"email": address, "email_verified": True, "name": "Ada", "tier": "x"})
    sign_in(pool, address, PASSWORD)
    assert old_directory.asked == [{"username": address, "password": PASSWORD}]
    user = pool.user(address)
    attributes = {each["Name"]: each["Value"] for each in user["Attributes"]}
    assert (user["UserStatus"], attributes) == (
        "CONFIRMED",
        {"email": address, "email_verified": "true", "name": "Ada"},
    )
    sign_in(pool, address, PASSWORD)
    assert len(old_directory.asked) == 1  # the pool has the user now


@pytest.mark.node
def test_failure_of_the_old_directory_fired_by_cognito_local_moves_nobody(
    pool: CognitoLocal, old_directory: DirectoryServer
) -> None:
    old_directory.status = 503
    with pytest.raises(ClientError, match="NotAuthorizedException"):  # whatever the function says
        sign_in(pool, "nobody@example.com", PASSWORD)
    assert {"username": "nobody@example.com", "password": PASSWORD} in old_directory.asked
    with pytest.raises(ValueError, match="not enough values"):
        pool.user("nobody@example.com")


@pytest.mark.node
def test_custom_message_fired_by_cognito_local_writes_in_the_users_language(pool: CognitoLocal, signed_up: str) -> None:
    """SignUp, ForgotPassword, UpdateUserAttribute and VerifyUserAttribute."""
    pool.client.forgot_password(ClientId=pool.client_id, Username=signed_up)
    token = sign_in(pool, signed_up, PASSWORD)["AccessToken"]
    pool.client.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    pool.client.update_user_attributes(
        AccessToken=token, UserAttributes=[{"Name": "email", "Value": "fired.again@example.com"}]
    )
    code = pool.user("fired.again@example.com")["AttributeVerificationCode"]
    pool.client.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": signed_up}])
    mails = pool.mails()
    subjects = re.findall(r"Email Subject:\s+(.*?)\s*│", mails)
    of_user = [subject for subject in subjects if subject in GERMAN.values()]
    assert set(of_user) == set(GERMAN.values())
    assert code in mails
    assert "{####}" not in mails


# ------------------------------------------------------------------------------------------------------- ministack


@pytest.fixture
def cognito(stack: LocalStack) -> Any:
    return stack.settings.client("cognito-idp")


@contextmanager
def counted_runs(stack: LocalStack, function: str) -> Iterator[list[str]]:
    """Collects the START lines that the function logs meanwhile: one for each time it ran."""

    def starts() -> list[str]:
        return [line for line in logs(stack, function) if line.startswith("START RequestId")]

    before, runs = len(starts()), list[str]()
    yield runs
    runs += starts()[before:]


def test_pre_sign_up_fired_by_ministack_runs_at_a_sign_up(
    stack: LocalStack, cognito: Any, new_address: Callable[[], str]
) -> None:
    address = new_address()
    with counted_runs(stack, "pre_sign_up") as runs:
        cognito.sign_up(
            ClientId=stack.outputs["WebClientId"],
            Username=address,
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": address}],
        )
    assert len(runs) == 1


def test_custom_message_fired_by_ministack_writes_to_whom_an_administrator_makes(
    stack: LocalStack, cognito: Any, new_address: Callable[[], str]
) -> None:
    address = new_address()
    attributes = {"email": address, "email_verified": "true", "locale": "de"}
    cognito.admin_create_user(
        UserPoolId=stack.outputs["UserPoolId"],
        Username=address,
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )
    sent = httpx.get(f"{stack.settings.endpoint}/_ministack/ses/messages", timeout=10).json()["messages"]
    (mail,) = (each for mails in sent.values() for each in mails if address in each["To"])
    assert mail["Subject"] == INVITATION


@dataclass(frozen=True)
class SmallPool:
    """A pool of ministack whose tokens the deployed function shapes.

    Attributes:
        pool_id: The pool.
        client: The app client for users.
        machine: The id and the secret of the app client for machines.
    """

    pool_id: str
    client: str
    machine: tuple[str, str]


@pytest.fixture(params=["V1_0", "V2_0", "V3_0"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def small_pool(stack: LocalStack, cognito: Any, version: str) -> Iterator[SmallPool]:
    """A pool with this version of the trigger's event; the function may ask for its app clients."""
    name, role = stack.physical_id("PreTokenGenerationFunction"), stack.physical_id("PreTokenGenerationRole")
    arn = stack.settings.client("lambda").get_function_configuration(FunctionName=name)["FunctionArn"]
    config = {"PreTokenGenerationConfig": {"LambdaArn": arn, "LambdaVersion": version}}
    pool = cognito.create_user_pool(
        PoolName="small",
        UsernameAttributes=["email"],
        LambdaConfig={"PreTokenGeneration": arn} if version == "V1_0" else {"PreTokenGeneration": arn, **config},
    )["UserPool"]
    cognito.create_resource_server(
        UserPoolId=pool["Id"],
        Identifier="profiles",
        Name="profiles",
        Scopes=[{"ScopeName": "read", "ScopeDescription": "Read"}],
    )
    client = cognito.create_user_pool_client(
        UserPoolId=pool["Id"],
        ClientName="web",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", "profiles/read"],
        CallbackURLs=["http://localhost/"],
    )["UserPoolClient"]["ClientId"]
    machine = cognito.create_user_pool_client(
        UserPoolId=pool["Id"],
        ClientName="machine",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["profiles/read"],
    )["UserPoolClient"]
    right = {"Effect": "Allow", "Action": "cognito-idp:DescribeUserPoolClient", "Resource": pool["Arn"]}
    iam = stack.settings.client("iam")
    iam.put_role_policy(
        RoleName=role, PolicyName="tests", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [right]})
    )
    yield SmallPool(pool["Id"], client, (machine["ClientId"], machine["ClientSecret"]))
    iam.delete_role_policy(RoleName=role, PolicyName="tests")
    cognito.delete_user_pool(UserPoolId=pool["Id"])


def test_pre_token_generation_fired_by_ministack_in_every_version(
    stack: LocalStack, cognito: Any, small_pool: SmallPool, version: str, new_address: Callable[[], str]
) -> None:
    address = new_address()
    cognito.admin_create_user(
        UserPoolId=small_pool.pool_id,
        Username=address,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": address}, {"Name": "email_verified", "Value": "true"}],
    )
    cognito.admin_set_user_password(UserPoolId=small_pool.pool_id, Username=address, Password=PASSWORD, Permanent=True)
    tokens = cognito.initiate_auth(
        ClientId=small_pool.client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": address, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    profile = item(stack, claims_of(tokens["IdToken"])["sub"])
    assert profile is not None  # no other trigger of this pool could have made it
    assert profile["email"]["S"] == address
    # Version 1 shapes the ID token alone.
    assert ("profiles/read" in scopes_of(tokens["AccessToken"])) == (version != "V1_0")


def test_pre_token_generation_fired_by_ministack_for_machines_in_version_3_alone(
    stack: LocalStack, small_pool: SmallPool, version: str
) -> None:
    with counted_runs(stack, "pre_token_generation") as runs:
        answer = httpx.post(
            f"{stack.settings.endpoint}/oauth2/token",
            data={"grant_type": "client_credentials", "scope": "profiles/read"},
            auth=small_pool.machine,
            timeout=20,
        )
    assert answer.status_code == 200, answer.text
    assert scopes_of(answer.json()["access_token"]) == {"profiles/read"}
    assert bool(runs) == (version == "V3_0")
