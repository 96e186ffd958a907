"""Somebody's own user pool, with users and a trigger of theirs: Poolhouse comes, changes, and goes again.

The emulator keeps what an update leaves out. That no setting is lost where Cognito would reset it:
tests/unit/pools/test_attachment.py.
"""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError
from pycognito.aws_srp import AWSSRP

from local.settings import HOST, ROOT
from local.stack import LocalStack, outputs_of
from tests.e2e.conftest import PASSWORD, Api, Run
from tests.e2e.credentials import session_of
from tests.e2e.oauth import REDIRECT
from tests.e2e.tokens import claims_of, scopes_of

Deploy = Callable[..., subprocess.CompletedProcess[str]]

BESIDE = "beside"
SWAPPED = {"PostConfirmation": "off", "PostAuthentication": "on"}
SIGN_UP_CODE = "123456"  # the emulator's, always
THEIR_CODE = """
def handler(event, context):
    if event["request"]["userAttributes"]["email"].endswith("@theirs.example"):
        raise Exception("refused by theirs")
    return event
"""
LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class TheirPool:
    """A pool that was there before, with settings, an app client and a pre sign-up function of its own."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self.cognito = stack.settings.client("cognito-idp")
        self.function = self._function()
        self.id = self.cognito.create_user_pool(
            PoolName="theirs",
            Policies={"PasswordPolicy": {"MinimumLength": 14, "RequireLowercase": True}},
            UsernameAttributes=["email"],
            AutoVerifiedAttributes=["email"],
            AccountRecoverySetting={"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
            AdminCreateUserConfig={"AllowAdminCreateUserOnly": False},
            UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
            DeviceConfiguration={"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True},
            UserPoolTags={"team": "identity"},
            LambdaConfig={"PreSignUp": self.function},
        )["UserPool"]["Id"]
        self.client = self.cognito.create_user_pool_client(
            UserPoolId=self.id,
            ClientName="theirs",
            ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid", "email"],
            CallbackURLs=[REDIRECT],
            SupportedIdentityProviders=["COGNITO"],
        )["UserPoolClient"]["ClientId"]

    def list_scopes(self, *scopes: str) -> None:
        """Let the app client ask for more scopes, which its owner does by hand."""
        self.cognito.update_user_pool_client(
            UserPoolId=self.id, ClientId=self.client, AllowedOAuthScopes=["openid", "email", *scopes]
        )

    def describe(self) -> dict[str, Any]:
        told = self.cognito.describe_user_pool(UserPoolId=self.id)["UserPool"]
        return {
            name: value for name, value in told.items() if name not in {"LastModifiedDate", "EstimatedNumberOfUsers"}
        }

    def sign_up(self, address: str) -> None:
        attributes = [{"Name": "email", "Value": address}, {"Name": "name", "Value": "Ada Example"}]
        self.cognito.sign_up(ClientId=self.client, Username=address, Password=PASSWORD, UserAttributes=attributes)
        self.cognito.confirm_sign_up(ClientId=self.client, Username=address, ConfirmationCode=SIGN_UP_CODE)

    def sign_in(self, address: str, token: str = "AccessToken") -> str:
        srp = AWSSRP(username=address, password=PASSWORD, pool_id=self.id, client_id=self.client, client=self.cognito)
        return str(srp.authenticate_user()["AuthenticationResult"][token])

    def _function(self) -> str:
        role = self._stack.settings.client("iam").create_role(
            RoleName="theirs", AssumeRolePolicyDocument=json.dumps(LAMBDA_TRUST)
        )["Role"]["Arn"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as package:
            package.writestr("theirs.py", THEIR_CODE)
        made = self._stack.settings.client("lambda").create_function(
            FunctionName="their-pre-sign-up",
            Runtime="python3.13",
            Handler="theirs.handler",
            Role=role,
            Code={"ZipFile": archive.getvalue()},
        )
        return str(made["FunctionArn"])


@pytest.fixture(scope="module")
def pool(stack: LocalStack) -> TheirPool:
    return TheirPool(stack)


@pytest.fixture
def beside(stack: LocalStack, pool: TheirPool) -> Iterator[Deploy]:
    """Deploys Poolhouse beside the pool, as docs/existing-pool.md says; what is left of it is deleted in the end."""
    base = {
        "RunsOn": "emulator",
        "DataProtection": "off",
        "ExistingUserPoolId": pool.id,
        "AcceptedClientIds": pool.client,
        "BlockedEmailDomains": "blocked.example",
    }

    def deploy(**parameters: str) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [Path(sys.executable).parent / "sam", "deploy", "--stack-name", BESIDE]
        command += ["--config-file", ROOT / "samconfig.toml", "--config-env", "local"]
        command += ["--template-file", stack.settings.folder / "build" / "template.yaml", "--parameter-overrides"]
        command += [f"{name}={value}" for name, value in (base | parameters).items()]
        environment = stack.settings.environment()
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    yield deploy
    delete_stack(stack)


def delete_stack(stack: LocalStack) -> None:
    cloudformation = stack.settings.client("cloudformation")
    cloudformation.delete_stack(StackName=BESIDE)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=BESIDE, WaiterConfig={"Delay": 1})


def failures(stack: LocalStack) -> str:
    events = stack.settings.client("cloudformation").describe_stack_events(StackName=BESIDE)["StackEvents"]
    return "\n".join(each.get("ResourceStatusReason", "") for each in events if "FAILED" in each["ResourceStatus"])


def outputs_beside(stack: LocalStack) -> dict[str, str]:
    return outputs_of(stack.settings.client("cloudformation"), BESIDE)


def assert_deployed(stack: LocalStack, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr + failures(stack)


def record_of(stack: LocalStack) -> Any:
    return stack.settings.client("ssm").get_parameter(Name=f"/poolhouse/{BESIDE}/attached-triggers")


def physical_id(stack: LocalStack, logical_id: str) -> str:
    detail = stack.settings.client("cloudformation").describe_stack_resource(
        StackName=BESIDE, LogicalResourceId=logical_id
    )["StackResourceDetail"]
    return str(detail["PhysicalResourceId"])


def functions(lambda_config: dict[str, Any]) -> dict[str, str]:
    """The name of the function behind each trigger."""
    arns = {name: value["LambdaArn"] if isinstance(value, dict) else value for name, value in lambda_config.items()}
    return {name: arn.rpartition(":")[2] for name, arn in arns.items()}


@pytest.fixture
def plan(
    stack: LocalStack, pool: TheirPool, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """Runs `make attach-plan` with parameters, and returns the exit code and what it said."""
    for name, value in stack.settings.environment().items():
        monkeypatch.setenv(name, value)

    def plan(*parameters: str) -> tuple[int, str]:
        code = run("attach_plan", "--pool", pool.id, "--stack", BESIDE, "--parameters", " ".join(parameters))
        said = capsys.readouterr()
        return code, said.out + said.err

    return plan


@pytest.fixture
def early(pool: TheirPool, new_address: Callable[[], str]) -> str:
    """The address of a user who was there before."""
    address = new_address()
    pool.sign_up(address)
    return address


def test_pool_with_a_trigger_of_its_own_is_left_as_it_is(
    stack: LocalStack, pool: TheirPool, beside: Deploy, plan: Callable[..., tuple[int, str]]
) -> None:
    """Whoever asks is told, and whoever deploys all the same finds the reason in the stack's events."""
    before, refusal = (
        pool.describe(),
        f"trigger_occupied: the pool has triggers of its own: PreSignUp is {pool.function}",
    )
    code, said = plan()
    assert code == 1
    assert refusal in said
    assert beside().returncode != 0
    assert refusal in failures(stack)
    assert pool.describe() == before
    with pytest.raises(ClientError, match="refused by theirs"):
        pool.sign_up("eve@theirs.example")
    with pytest.raises(ClientError, match="ParameterNotFound"):
        record_of(stack)


def test_pool_gets_its_triggers_and_gets_rid_of_them(
    stack: LocalStack,
    pool: TheirPool,
    beside: Deploy,
    plan: Callable[..., tuple[int, str]],
    early: str,
    new_address: Callable[[], str],
) -> None:
    before, late = pool.describe(), new_address()
    code, said = plan("OnConflict=Replace")
    assert (code, pool.describe()) == (0, before), said
    assert f'-    "PreSignUp": "{pool.function}"' in said
    assert '+    "PreSignUp": "(the ARN of PreSignUpFunction, which the deployment makes)"' in said

    assert_deployed(stack, beside(OnConflict="Replace", CreateScopes="on"))
    pool.list_scopes("profiles/read", "profiles/write", "profiles/read.any")
    token = "PreTokenGeneration"
    named = {"PreSignUp": "PreSignUp", "PostConfirmation": "PostConfirmation", token: token, f"{token}Config": token}
    ours = {trigger: physical_id(stack, f"{function}Function") for trigger, function in named.items()}
    assert functions(pool.describe()["LambdaConfig"]) == ours
    assert {**pool.describe(), "LambdaConfig": None} == {**before, "LambdaConfig": None}
    assert "Nothing would change" in plan("OnConflict=Replace")[1]
    assert f'+    "PreSignUp": "{pool.function}"' in planned_by_the_function(stack, pool, {"PreSignUp": pool.function})

    # Our hooks run, theirs does not; who was there before signs in as who comes now.
    with pytest.raises(ClientError, match="email_domain_refused"):
        pool.sign_up("eve@blocked.example")
    for address in ("eve@theirs.example", late):
        pool.sign_up(address)
    for address in (early, late):
        assert_profile_is_there(stack, pool, address)

    # An update takes one trigger out and another in, and adds an identity pool.
    assert "IdentityPoolId" not in outputs_beside(stack)
    credentials = {"ExistingPoolWebClientId": pool.client}
    assert_deployed(stack, beside(OnConflict="Replace", CreateScopes="on", **SWAPPED, **credentials))
    del ours["PostConfirmation"]
    ours["PostAuthentication"] = physical_id(stack, "PostAuthenticationFunction")
    assert functions(pool.describe()["LambdaConfig"]) == ours
    assert_profile_is_there(stack, pool, early)
    assert_credentials_read_the_own_profile(stack, pool, early)

    # Removed: the pool is as it was, their function is asked again, and everybody still signs in.
    delete_stack(stack)
    assert pool.describe() == before
    with pytest.raises(ClientError, match="ParameterNotFound"):
        record_of(stack)
    with pytest.raises(ClientError, match="refused by theirs"):
        pool.sign_up("mallory@theirs.example")
    for address in (early, late, "eve@theirs.example"):
        assert claims_of(pool.sign_in(address))["client_id"] == pool.client


def planned_by_the_function(stack: LocalStack, pool: TheirPool, triggers: dict[str, str]) -> str:
    """The diff that the deployed function tells a person."""
    properties = {"UserPoolId": pool.id, "Triggers": triggers, "OnConflict": "Replace"}
    answer = stack.settings.client("lambda").invoke(
        FunctionName=physical_id(stack, "AttachTriggersFunction"),
        Payload=json.dumps({"RequestType": "Plan", "ResourceProperties": properties}),
    )
    return str(json.load(answer["Payload"])["diff"])


def assert_profile_is_there(stack: LocalStack, pool: TheirPool, address: str) -> None:
    """A user signs in, which makes the profile and sets the scopes, and calls the API."""
    token = pool.sign_in(address)
    assert {"profiles/read", "profiles/write"} <= scopes_of(token)
    assert "profiles/read.any" not in scopes_of(token)  # which the client lists and no role of theirs has
    url = urlsplit(outputs_beside(stack)["ApiUrl"])
    with httpx.Client(base_url=f"http://{HOST}:{url.port}", timeout=30) as client:
        api = Api(client, url.netloc)
        answered = api.get("/profile", token)
        assert answered.status_code == 200, answered.text
        assert (answered.json()["sub"], answered.json()["email"]) == (claims_of(token)["sub"], address)
        assert api.get("/profile", "no.such.token").status_code == 403


def assert_credentials_read_the_own_profile(stack: LocalStack, pool: TheirPool, address: str) -> None:
    """A user without a group has the member's role, whose policies are judged in tests/unit/template."""
    token, outputs = pool.sign_in(address, "IdToken"), outputs_beside(stack)
    session = session_of(stack.settings, outputs, token)
    role = physical_id(stack, "MemberIdentityRole")
    client: Callable[..., Any] = session.client
    assert f":assumed-role/{role}/" in client("sts", endpoint_url=stack.settings.endpoint).get_caller_identity()["Arn"]
    own = client("dynamodb", endpoint_url=stack.settings.endpoint).get_item(
        TableName=outputs["ProfilesTable"],
        Key={"sub": {"S": claims_of(token)["sub"]}},
        ProjectionExpression="email",
    )
    assert own["Item"] == {"email": {"S": address}}
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        session_of(stack.settings, outputs, pool.sign_in(address))


def test_deleted_pool_does_not_block_the_removal(stack: LocalStack, pool: TheirPool, beside: Deploy) -> None:
    assert_deployed(stack, beside(OnConflict="Discard"))
    pool.cognito.delete_user_pool(UserPoolId=pool.id)
    delete_stack(stack)
    with pytest.raises(ClientError, match="ParameterNotFound"):
        record_of(stack)
