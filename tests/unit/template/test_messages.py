"""What writes and sends messages: who may use the key of the codes, who may send, and what Cognito is told to call."""

import pytest

from tests.unit.template.conftest import EVERYTHING, SES
from tests.unit.template.processing import ACCOUNT, REGION, Node, Stack, process, references
from tests.unit.template.test_functions import LOG_WRITING, TO_PHONES, policies_of

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


@pytest.fixture(scope="module")
def sender(template: Node) -> Stack:
    """The stack that sends through SES and SNS."""
    return process(template, MessageSender="on", **SES)


def lambda_config(stack: Stack) -> Node:
    return stack.only("AWS::Cognito::UserPool")["LambdaConfig"]


def test_messages_are_cognitos_own_by_default(default_stack: Stack) -> None:
    assert not {"CustomMessage", "CustomEmailSender", "CustomSMSSender", "KMSKeyID"} & set(lambda_config(default_stack))
    assert not [name for name in default_stack.resources if name.startswith(("CustomMessage", "MessageSender"))]


def test_custom_message_is_called_where_it_is_on(template: Node) -> None:
    stack = process(template, CustomMessage="on", DefaultLanguage="de", **SES)
    assert lambda_config(stack)["CustomMessage"] == "${CustomMessageFunction.Arn}"
    variables = stack.resources["CustomMessageFunction"]["Properties"]["Environment"]["Variables"]
    assert variables == {"DEFAULT_LANGUAGE": "de"}
    (only,) = policies_of(stack, "CustomMessageRole")
    assert set(only["Action"]) == LOG_WRITING


@pytest.mark.parametrize("mode", ["on", "own"])
def test_message_sender_is_called_for_every_message_and_with_its_key(template: Node, mode: str) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html"""
    stack = process(template, MessageSender=mode, **SES)
    config = lambda_config(stack)
    called = {"LambdaArn": "${MessageSenderFunction.Arn}", "LambdaVersion": "V1_0"}
    assert config["CustomEmailSender"] == config["CustomSMSSender"] == called
    assert config["KMSKeyID"] == "${MessageSenderKey.Arn}"
    variables = stack.resources["MessageSenderFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["KEY_ARN"] == config["KMSKeyID"]


def test_message_sender_may_send_from_its_address_and_to_phones(sender: Stack) -> None:
    log, mail, *phones = policies_of(sender, "MessageSenderRole")
    assert set(log["Action"]) == LOG_WRITING
    assert mail == {
        "Effect": "Allow",
        "Action": "ses:SendEmail",
        "Resource": SES["SesIdentityArn"],
        "Condition": {"StringEquals": {"ses:FromAddress": "no-reply@example.com"}},
    }
    assert phones == TO_PHONES
    variables = sender.resources["MessageSenderFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["SES_IDENTITY_ARN"] == SES["SesIdentityArn"]
    assert variables["FROM_EMAIL_ADDRESS"] == SES["FromEmailAddress"]


def test_message_sender_of_your_own_has_no_right_to_send(template: Node) -> None:
    # Nor is it told an identity: without hooks/message_sender.py it does not start.
    stack = process(template, MessageSender="own", **SES)
    (only,) = policies_of(stack, "MessageSenderRole")
    assert set(only["Action"]) == LOG_WRITING
    variables = stack.resources["MessageSenderFunction"]["Properties"]["Environment"]["Variables"]
    assert (variables["SES_IDENTITY_ARN"], variables["FROM_EMAIL_ADDRESS"]) == ("", "")


def test_message_sender_repeats_only_as_long_as_a_code_is_worth_having(sender: Stack) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
    config = sender.only("AWS::Lambda::EventInvokeConfig")
    assert references(config["FunctionName"]) == {"MessageSenderFunction"}
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, 300)


def test_key_of_codes_rotates_and_is_symmetric(sender: Stack) -> None:
    key = sender.only("AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True
    assert "KeySpec" not in key  # symmetric, as Cognito needs it


def test_key_of_codes_decrypts_for_the_function_alone(sender: Stack) -> None:
    policy = sender.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    assert all(each["Effect"] == "Allow" for each in policy)
    administration, _grant, decryption = policy
    assert decryption["Principal"] == {"AWS": "${MessageSenderRole.Arn}"}
    assert decryption["Action"] == "kms:Decrypt"
    # The account's administrators keep the key, and may change who uses it, which CloudTrail shows. They cannot use it.
    assert administration["Principal"] == {"AWS": ROOT}
    uses = {"Decrypt", "Encrypt", "GenerateDataKey", "ReEncrypt", "CreateGrant", "Sign"}
    assert not [each for each in administration["Action"] if each.removeprefix("kms:").startswith(tuple(uses))]
    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:RevokeGrant"} <= set(administration["Action"])


def test_key_of_codes_is_granted_to_user_pools_alone(sender: Stack) -> None:
    """Whoever makes or updates the pool makes the grant that Cognito encrypts with.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html
    """
    grants = [each for each in sender.only("AWS::KMS::Key")["KeyPolicy"]["Statement"] if "Condition" in each]
    assert [(each["Principal"], each["Action"], each["Condition"]) for each in grants] == [
        ({"AWS": ROOT}, "kms:CreateGrant", {"StringLike": {"kms:EncryptionContext:userpool-id": f"{REGION}_*"}})
    ]


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_encryption_sdk_is_in_a_layer_for_the_sender_alone(template: Node, architecture: str) -> None:
    stack = process(template, **EVERYTHING | {"MessageSender": "on", "Architecture": architecture})
    (layer,) = (name for name in stack.resources if name.startswith("MessageSenderDependenciesLayer"))
    assert stack.resources[layer]["Properties"]["CompatibleArchitectures"] == [architecture]
    functions = stack.of_type("AWS::Lambda::Function").items()
    assert [name for name, each in functions if layer in references(each["Layers"])] == ["MessageSenderFunction"]
