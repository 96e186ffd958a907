import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from poolhouse.logs import describe_error, get_logger
from poolhouse.metrics import count


@contextmanager
def bare_process() -> Iterator[None]:
    """A process in which nothing has set up logging: not Lambda's, and without the handlers of pytest."""
    handlers, level = logging.root.handlers, logging.root.level
    logging.root.handlers = []
    try:
        yield
    finally:
        logging.root.handlers = handlers
        logging.root.setLevel(level)


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    output = capsys.readouterr()
    assert output.out == ""
    return [json.loads(line) for line in output.err.splitlines()]


def test_logger_writes_a_json_object_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with bare_process():
        logger = get_logger("poolhouse.test")
        logger.debug("not this")
        logger.info('profile "%s"\nmade', "ü", extra={"sub": "a1", "count": 2, "where": object})
        logger.warning("plain")
    assert written(capsys) == [
        {
            "level": "INFO",
            "message": 'profile "ü"\nmade',
            "logger": "poolhouse.test",
            "sub": "a1",
            "count": 2,
            "where": "<class 'object'>",
        },
        {"level": "WARNING", "message": "plain", "logger": "poolhouse.test"},
    ]


def test_logger_leaves_out_what_only_cloudwatch_reads(capsys: pytest.CaptureFixture[str]) -> None:
    with bare_process():
        get_logger("poolhouse.test").info("token refused", extra=count("TokensRefused", code="token_expired"))
    assert written(capsys) == [
        {
            "level": "INFO",
            "message": "token refused",
            "logger": "poolhouse.test",
            "code": "token_expired",
            "TokensRefused": 1,
        }
    ]


def test_logger_writes_no_text_of_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    with bare_process():
        get_logger("poolhouse.test").error("failed", exc_info=ValueError("ada@example.com"))
    assert written(capsys) == [{"level": "ERROR", "message": "failed", "logger": "poolhouse.test"}]


def test_logger_is_set_up_once(capsys: pytest.CaptureFixture[str]) -> None:
    with bare_process():
        get_logger("poolhouse.one")
        get_logger("poolhouse.two").info("once")
    assert len(written(capsys)) == 1


def test_logger_leaves_a_set_up_as_it_is() -> None:
    with bare_process():
        theirs = logging.NullHandler()
        logging.root.addHandler(theirs)
        logging.root.setLevel(logging.ERROR)
        get_logger("poolhouse.test")
        assert (logging.root.handlers, logging.root.level) == ([theirs], logging.ERROR)


def throttled() -> ClientError:
    answer: Any = {"Error": {"Code": "ThrottlingException", "Message": "of ada@example.com"}}
    return ClientError(answer, "GetItem")


class OtherClientError(Exception):
    response = "ada@example.com"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("ada@example.com"), "KeyError"),
        (throttled(), "ClientError ThrottlingException"),
        (OtherClientError("ada@example.com"), "OtherClientError"),
        (ClientError({}, "GetItem"), "ClientError"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_describe_error_names_type_code_and_place_and_quotes_nothing(error: Exception, text: str) -> None:
    assert describe_error(error) == text

    def fail() -> None:
        raise error

    try:
        fail()
    except type(error) as raised:
        described = describe_error(raised)
    # The line that raised it, not the one that called.
    assert described == f"{text} at {__file__}:{fail.__code__.co_firstlineno + 1}"
