"""Runs a deployed function on an event, and shows what it logged."""

import base64
import json
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local import users
from local.settings import ROOT, STACK, LocalError
from local.stack import LocalStack

# What stands in events/ for the ids that only a deployed stack knows.
SAMPLE_POOL_ID = "us-east-1_EXAMPLE01"
SAMPLE_CLIENT_ID = "1example23456789"
SAMPLE_TOKEN = "header.payload.signature"  # noqa: S105 - what stands for a token, which no file can hold for long

SAMPLE_CODE = "YW4gZW5jcnlwdGVkIGNvZGU="


def names() -> list[str]:
    """The functions, by the name of their folder."""
    return sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))


def invoke(stack: LocalStack, function: str, event_file: Path | None) -> tuple[Any, bool]:
    """Run a deployed function on an event.

    Args:
        stack: The local stack.
        function: The folder's name, such as ``pre_sign_up``.
        event_file: A JSON file. The sample ids of the pool and the web client become those of the stack, the
            sample token a member's.

    Returns:
        What the function returned, or the error it raised; and whether it returned.

    Raises:
        LocalError: There is no such function or file, or the file is no JSON.
    """
    _known(function)
    samples = sorted(path.relative_to(ROOT) for path in ROOT.glob(f"events/{function}/*.json"))
    choice = "\n".join(f"    make invoke FUNCTION={function} EVENT={path}" for path in samples)
    if event_file is None:
        raise LocalError(f"Which event? There are:\n{choice}")
    try:
        text = event_file.read_text(encoding="utf-8")
    except OSError as error:
        raise LocalError(f"{event_file} cannot be read ({error.strerror}). There are:\n{choice}") from error
    text = text.replace(SAMPLE_POOL_ID, stack.outputs["UserPoolId"])
    text = text.replace(SAMPLE_CLIENT_ID, stack.outputs["WebClientId"])
    if SAMPLE_CODE in text:
        text = text.replace(SAMPLE_CODE, encrypted_code(stack, "123456"))
    if SAMPLE_TOKEN in text:
        text = text.replace(SAMPLE_TOKEN, users.access_token(stack, "member"))
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise LocalError(f"{event_file} is no JSON: {error}") from error
    answer = stack.settings.client("lambda").invoke(FunctionName=_physical_id(stack, function), Payload=text.encode())
    return json.load(answer["Payload"]), "FunctionError" not in answer


def logs(stack: LocalStack, function: str, minutes: int = 60) -> list[str]:
    """What a function logged lately, oldest first.

    Raises:
        LocalError: There is no such function.
    """
    _known(function)
    try:
        events = stack.settings.client("logs").filter_log_events(
            logGroupName=f"/poolhouse/{STACK}/{function}", startTime=int((time.time() - minutes * 60) * 1000)
        )["events"]
    except ClientError as error:
        raise LocalError(f"The stack has no log of {function}. Is it deployed? Run: make up") from error
    return [event["message"].rstrip() for event in events]


def encrypted_code(stack: LocalStack, code: str) -> str:
    """A code as Cognito gives it to a custom sender: encrypted with the stack's key, for the stack's user pool.

    Args:
        stack: The local stack.
        code: The code, or a temporary password, in clear.
    """
    # Imported here: it takes longer than most commands.
    import aws_encryption_sdk as sdk  # noqa: PLC0415
    from aws_encryption_sdk.key_providers.kms import KMSMasterKey  # noqa: PLC0415

    kms = stack.settings.client("kms")
    key = kms.describe_key(KeyId=stack.physical_id("MessageSenderKey"))["KeyMetadata"]["Arn"]
    client = sdk.EncryptionSDKClient(commitment_policy=sdk.CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)
    encrypted, _ = client.encrypt(
        source=code.encode(),
        key_provider=KMSMasterKey(key_id=key, client=kms),
        encryption_context={"userpool-id": stack.outputs["UserPoolId"]},
        algorithm=sdk.identifiers.Algorithm.AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,  # what Cognito uses
    )
    return base64.b64encode(encrypted).decode()


def _known(function: str) -> None:
    if function not in names():
        raise LocalError(f"There is no function {function!r}. There are: {', '.join(names())}")


def _physical_id(stack: LocalStack, function: str) -> str:
    return stack.physical_id("".join(word.title() for word in function.split("_")) + "Function")
