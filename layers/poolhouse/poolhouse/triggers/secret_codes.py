"""The codes and temporary passwords that Cognito gives to a custom sender, encrypted.

Cognito encrypts them with the AWS Encryption SDK and the user pool's KMS key:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html
"""

import base64
import logging

from poolhouse import aws


class ForeignCodeError(Exception):
    """A code that was encrypted for another user pool."""


class SecretCodes:
    """Decrypts codes with one key. It needs botocore and the AWS Encryption SDK (``aws-encryption-sdk`` on PyPI).

    Args:
        key_arn: ARN of the KMS key that the user pool names as ``KMSKeyID``. No other key is ever used.
    """

    def __init__(self, key_arn: str) -> None:
        # Imported here: no other function has the SDK, and the library does without.
        from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient  # noqa: PLC0415
        from aws_encryption_sdk.key_providers.kms import KMSMasterKey  # noqa: PLC0415

        logging.getLogger("aws_encryption_sdk").setLevel(logging.WARNING)  # it writes a line for each code
        # Cognito's messages have no key commitment, which the SDK refuses by default. AWS's own example allows it too.
        self._sdk = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
        self._key = KMSMasterKey(key_id=key_arn, client=aws.kms())

    def decrypt(self, code: str, user_pool_id: str) -> str:
        """Return a code in clear. It must reach nobody but its user: no log, no error, no metric.

        Args:
            code: ``request.code`` of the event.
            user_pool_id: ``userPoolId`` of the event.

        Raises:
            ForeignCodeError: It was encrypted for another user pool.
            Exception: It is no message of the Encryption SDK, or KMS does not decrypt it.
        """
        clear, header = self._sdk.decrypt(source=base64.b64decode(code, validate=True), key_provider=self._key)
        if header.encryption_context.get("userpool-id") != user_pool_id:
            raise ForeignCodeError("the code was encrypted for another user pool")
        return str(clear, "utf-8")
