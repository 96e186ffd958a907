import logging
from collections.abc import Iterator

import pytest
from botocore.session import Session
from botocore.stub import Stubber
from poolhouse.triggers import Refusal

from tests.unit.functions.conftest import Load
from tests.unit.functions.old_directory import SECRET, DirectoryServer
from tests.unit.functions.samples import sample

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:old-directory-AbCdEf"
PASSWORD = "an-example-password"  # the sample's


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[DirectoryServer]:
    client = Session().create_client(
        "secretsmanager", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    monkeypatch.setattr("poolhouse.aws.secrets_manager", lambda: client)
    with DirectoryServer().running() as server, Stubber(client) as stub:
        stub.add_response("get_secret_value", {"SecretString": SECRET}, {"SecretId": ARN})
        monkeypatch.setenv("USER_MIGRATION_URL", server.url)
        monkeypatch.setenv("USER_MIGRATION_SECRET_ARN", ARN)
        yield server


def test_unknown_user_gets_the_event_back_as_it_came(load: Load, server: DirectoryServer) -> None:
    event = sample("user_migration/authentication")
    assert load("user_migration").lambda_handler(event, None) == event
    assert server.asked == [{"username": "ada@example.com", "password": PASSWORD}]


def test_failure_of_the_old_directory_asks_to_try_again_and_logs_no_password(
    load: Load, server: DirectoryServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.status = 500
    server.body = f"cannot check {PASSWORD}".encode()
    with pytest.raises(Refusal, match="^try_again: "):
        load("user_migration").lambda_handler(sample("user_migration/authentication"), None)
    text = " ".join(str(vars(record)) for record in caplog.records if record.name.startswith("poolhouse"))
    assert "status 500" in text
    assert "OldDirectoryError" in text
    assert not any(secret in text for secret in (PASSWORD, SECRET, "ada@example.com"))


def test_unusable_url_fails_the_start(load: Load, server: DirectoryServer) -> None:
    with pytest.raises(ValueError, match="only https"):
        load("user_migration", USER_MIGRATION_URL="http://old.example.com/users")
