import base64
import binascii
import logging
from collections.abc import Iterator

import pytest
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from poolhouse.triggers.secret_codes import ForeignCodeError, SecretCodes

from tests.unit.triggers.stubbed_sender import KEY, POOL, StubbedSender


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubbedSender]:
    with StubbedSender.of_test() as sender:
        monkeypatch.setattr("poolhouse.aws.kms", lambda: sender.kms)
        yield sender


def test_code_is_decrypted(sender: StubbedSender, caplog: pytest.LogCaptureFixture) -> None:
    code = sender.encrypted("Tests-Only-ä<7>")
    sender.will_decrypt()
    codes = SecretCodes(KEY)
    with caplog.at_level(logging.INFO):
        caplog.clear()
        assert codes.decrypt(code, POOL) == "Tests-Only-ä<7>"
    assert caplog.records == []


@pytest.mark.parametrize("pool", ["us-east-1_ANOTHER01", None])
def test_code_of_another_pool_is_refused(sender: StubbedSender, pool: str | None) -> None:
    code = sender.encrypted("123456", pool)
    sender.will_decrypt()
    with pytest.raises(ForeignCodeError) as raised:
        SecretCodes(KEY).decrypt(code, POOL)
    assert "123456" not in str(raised.value)


def test_code_that_was_changed_is_refused(sender: StubbedSender) -> None:
    message = bytearray(base64.b64decode(sender.encrypted("123456")))
    message[-130] ^= 1
    sender.will_decrypt()
    with pytest.raises(Exception, match=r"^(?!.*123456)"):
        SecretCodes(KEY).decrypt(base64.b64encode(message).decode(), POOL)


def test_code_is_not_decrypted_with_another_key(sender: StubbedSender) -> None:
    # KMS is not even asked.
    code = sender.encrypted("123456")
    with pytest.raises(AWSEncryptionSDKClientError):
        SecretCodes(KEY.replace("aaaaaaaa", "bbbbbbbb")).decrypt(code, POOL)


def test_code_that_kms_refuses_to_decrypt_is_refused(sender: StubbedSender) -> None:
    code = sender.encrypted("123456")
    sender.will_not_decrypt()
    with pytest.raises(AWSEncryptionSDKClientError):
        SecretCodes(KEY).decrypt(code, POOL)


@pytest.mark.parametrize("code", ["YW4gZW5jcnlwdGVkIGNvZGU=", "", "AYAD"])
def test_what_is_no_message_of_the_sdk_is_refused(sender: StubbedSender, code: str) -> None:
    with pytest.raises(Exception, match=r"."):
        SecretCodes(KEY).decrypt(code, POOL)


@pytest.mark.parametrize("code", ["not base64!", "ä", "a"])
def test_what_is_no_base64_is_refused(sender: StubbedSender, code: str) -> None:
    with pytest.raises((binascii.Error, ValueError)):
        SecretCodes(KEY).decrypt(code, POOL)
