import importlib
import logging
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Protocol

import pytest
from poolhouse import aws

from tests.unit.functions.signing import key_endpoint
from tests.unit.pools.stubbed_pool import POOL, StubbedPool
from tests.unit.profiles.stubbed_table import AUDIT_TABLE, TABLE, StubbedTable
from tests.unit.stubbed import client_of
from tests.unit.triggers.stubbed_mail import StubbedMail

CLIENTS = (aws.dynamodb, aws.s3)  # before any test puts a stub in their place


class Load(Protocol):
    def __call__(self, function: str, **environment: str) -> ModuleType: ...


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Imports a function's ``app`` anew, as a cold start does, with these variables and no others of ours."""
    loaded: list[str] = []
    for name in (
        "ALLOWED_EMAIL_DOMAINS",
        "BLOCKED_EMAIL_DOMAINS",
        "AUTO_CONFIRM_USERS",
        "TRUSTED_IDENTITY_PROVIDERS",
        "FEDERATED_ATTRIBUTES",
        "AWS_ENDPOINT_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")  # Lambda always sets it, and every client needs it

    def load(function: str, **environment: str) -> ModuleType:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for client in CLIENTS:
            client.cache_clear()
        # Powertools' logger of an earlier import writes to that test's output, which is closed by now.
        logging.Logger.manager.loggerDict.pop(function, None)
        loaded.append(f"functions.{function}.app")
        sys.modules.pop(loaded[-1], None)
        return importlib.import_module(loaded[-1])

    yield load
    for name in loaded:
        sys.modules.pop(name, None)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubbedTable]:
    """The profiles table of the functions, which make their repository and its client themselves."""
    with StubbedTable.of_test() as table:
        monkeypatch.setenv("PROFILES_TABLE", TABLE)
        monkeypatch.setenv("AUDIT_TABLE", AUDIT_TABLE)
        monkeypatch.setenv("DELETED_PROFILE_DAYS", "90")
        monkeypatch.setenv("DELETED_USERS", "keep")
        monkeypatch.setenv("PICTURES_BUCKET", "")
        monkeypatch.setenv("USER_POOL_ID", POOL)
        monkeypatch.setattr("poolhouse.aws.dynamodb", lambda: table.client)
        monkeypatch.setattr("poolhouse.aws.s3", lambda: client_of("s3"))
        yield table


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubbedPool]:
    """The user pool of the functions."""
    with StubbedPool.of_test() as pool:
        monkeypatch.setattr("poolhouse.aws.cognito", lambda: pool.client)
        yield pool


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubbedMail]:
    """The SES of the functions that send mail."""
    with StubbedMail.of_test() as mail:
        monkeypatch.setattr("poolhouse.aws.ses", lambda _region: mail.client)
        yield mail


@pytest.fixture(scope="package")
def keys_url() -> Iterator[str]:
    """Where the user pool's keys are served."""
    with key_endpoint() as url:
        yield url
