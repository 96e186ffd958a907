"""What a custom sender calls: KMS, SES and SNS clients with botocore's Stubber, which answer what a test has told them.

The codes are real messages of the AWS Encryption SDK, in the form that Cognito uses; KMS alone is stubbed.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Self

import aws_encryption_sdk as sdk
import botocore.session
from aws_encryption_sdk.key_providers.kms import KMSMasterKey
from botocore.stub import ANY, Stubber

KEY = "arn:aws:kms:us-east-1:123456789012:key/aaaaaaaa-0000-4000-8000-000000000009"
POOL = "us-east-1_EXAMPLE01"
IDENTITY = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
DATA_KEY = bytes(range(32))
_WRAPPED = b"a-wrapped-data-key"


@cache
def _client(service: str) -> Any:
    return botocore.session.Session().create_client(
        service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


class StubbedSender:
    """Announces calls; every method but `encrypted` is one call that is to come, in this order for each service."""

    def __init__(self) -> None:
        self.kms, self.ses, self.sns = _client("kms"), _client("sesv2"), _client("sns")
        self._stubbers = {name: Stubber(getattr(self, name)) for name in ("kms", "ses", "sns")}

    @classmethod
    @contextmanager
    def of_test(cls) -> Iterator[Self]:
        """The services, and at the end the check that every announced call came."""
        stubbed = cls()
        for stubber in stubbed._stubbers.values():
            stubber.activate()
        try:
            yield stubbed
            for stubber in stubbed._stubbers.values():
                stubber.assert_no_pending_responses()
        finally:
            for stubber in stubbed._stubbers.values():
                stubber.deactivate()

    def encrypted(self, code: str, pool: str | None = POOL) -> str:
        """A code as Cognito gives it to a sender, encrypted for a user pool."""
        answer = {"Plaintext": DATA_KEY, "CiphertextBlob": _WRAPPED, "KeyId": KEY}
        self._stubbers["kms"].add_response("generate_data_key", answer)
        message, _ = sdk.EncryptionSDKClient(
            commitment_policy=sdk.CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
        ).encrypt(
            source=code.encode(),
            key_provider=KMSMasterKey(key_id=KEY, client=self.kms),
            encryption_context={"userpool-id": pool} if pool else {},
            algorithm=sdk.identifiers.Algorithm.AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
        )
        return base64.b64encode(message).decode()

    def will_decrypt(self) -> None:
        """KMS decrypts the data key of a code, with the one key that the sender has."""
        asked = {"CiphertextBlob": _WRAPPED, "EncryptionContext": ANY, "KeyId": KEY}
        self._stubbers["kms"].add_response("decrypt", {"Plaintext": DATA_KEY, "KeyId": KEY}, asked)

    def will_not_decrypt(self) -> None:
        self._stubbers["kms"].add_client_error("decrypt", service_error_code="AccessDeniedException")

    def will_mail(self, sender: str, recipient: str, subject: str, body: str) -> None:
        simple = {
            "Subject": {"Data": subject, "Charset": "UTF-8"},
            "Body": {"Html": {"Data": body, "Charset": "UTF-8"}},
        }
        asked = {
            "FromEmailAddress": sender,
            "Destination": {"ToAddresses": [recipient]},
            "Content": {"Simple": simple},
        }
        self._stubbers["ses"].add_response("send_email", {"MessageId": "1"}, asked)

    def will_send_anything(self, source: str) -> None:
        """A message of any content, by the medium of the trigger source."""
        if source.startswith("CustomEmailSender_"):
            self._stubbers["ses"].add_response("send_email", {"MessageId": "1"})
        else:
            self._stubbers["sns"].add_response("publish", {"MessageId": "1"})

    def will_not_mail(self) -> None:
        self._stubbers["ses"].add_client_error(
            "send_email", service_error_code="MessageRejected", service_message="ada@example.com is not verified"
        )

    def will_text(self, recipient: str, body: str) -> None:
        kind = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
        asked = {"PhoneNumber": recipient, "Message": body, "MessageAttributes": kind}
        self._stubbers["sns"].add_response("publish", {"MessageId": "1"}, asked)


def encrypted_code(code: str = "123456") -> str:
    """A code as Cognito gives it to a sender; `DATA_KEY` decrypts it."""
    with StubbedSender.of_test() as sender:
        return sender.encrypted(code)
