import contextlib
import copy
import logging
import traceback
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from poolhouse.triggers import Event, Refusal, trigger

SECRET = "ada@example.com, Passw0rd!"

EVENT: Event = {
    "version": "1",
    "triggerSource": "PreSignUp_SignUp",
    "userName": "a1",
    "aMemberOfTomorrow": {"x": 1},
    "request": {"userAttributes": {"email": "ada@example.com"}},
    "response": {"autoConfirmUser": False, "autoVerifyEmail": False},
}


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def event(**members: Any) -> Event:
    return copy.deepcopy({**EVENT, **members})


def everything_logged(caplog: pytest.LogCaptureFixture) -> str:
    # Every member of a record can end up in a JSON log line, `extra` and the traceback included.
    return " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)


@trigger("PreSignUp_SignUp", "PreSignUp_AdminCreateUser", on_failure="refuse")
def verifying(event: Event) -> Mapping[str, Any]:
    return {"autoVerifyEmail": True}


@trigger("PreSignUp_SignUp", on_failure="refuse")
def deciding_nothing(event: Event) -> None:
    return None


@trigger("PreSignUp_SignUp", on_failure="continue")
def refusing(event: Event) -> None:
    raise Refusal("not_today", "Please come back tomorrow.")


def _bug(event: Event) -> None:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise ValueError(f"cannot read {SECRET}") from error


buggy_refusing = trigger("PreSignUp_SignUp", on_failure="refuse")(_bug)
buggy_continuing = trigger("PreSignUp_SignUp", on_failure="continue")(_bug)


@pytest.mark.parametrize("source", ["PreSignUp_SignUp", "PreSignUp_AdminCreateUser"])
def test_trigger_returns_whole_event_with_decisions_merged(source: str) -> None:
    answer = verifying(event(triggerSource=source), None)
    assert answer == event(triggerSource=source, response={"autoConfirmUser": False, "autoVerifyEmail": True})


def test_trigger_without_decisions_returns_event_as_it_came() -> None:
    assert deciding_nothing(event(), None) == EVENT


@pytest.mark.parametrize("response", [None, {}])
def test_trigger_makes_response_where_cognito_sent_none(response: object) -> None:
    assert verifying(event(response=response), None)["response"] == {"autoVerifyEmail": True}
    assert deciding_nothing(event(response=response), None)["response"] == {}


def test_trigger_makes_response_where_member_is_missing() -> None:
    sent = event()
    del sent["response"]
    assert verifying(sent, None) == {**sent, "response": {"autoVerifyEmail": True}}


def test_trigger_can_be_called_without_context() -> None:
    assert verifying(event())["response"]["autoVerifyEmail"] is True


def test_trigger_keeps_name_and_docstring_of_function() -> None:
    assert verifying.__name__ == "verifying"


@pytest.mark.parametrize("source", ["PreSignUp_Tomorrow", "presignup_signup", "", None])
def test_trigger_passes_unknown_source_through_untouched(source: object, caplog: pytest.LogCaptureFixture) -> None:
    sent = event(triggerSource=source)
    answer = buggy_refusing(sent, None)
    assert answer is sent
    assert answer == event(triggerSource=source)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert vars(record)["source"] == source


def test_trigger_passes_event_without_source_through_untouched() -> None:
    assert buggy_refusing({}, None) == {}


def test_trigger_lets_refusal_through_even_when_failures_continue(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Refusal, match=r"^not_today: Please come back tomorrow$"):
        refusing(event(), None)
    (record,) = caplog.records
    assert (vars(record)["code"], vars(record)["source"]) == ("not_today", "PreSignUp_SignUp")
    assert record.levelno == logging.INFO  # the answer that was asked for, and no error


def test_trigger_tells_user_of_failure_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Refusal) as raised:
        buggy_refusing(event(), None)
    assert raised.value.code == "try_again"
    # What a runtime prints of an exception that leaves the handler.
    assert SECRET not in "".join(traceback.format_exception(raised.value))
    assert SECRET not in everything_logged(caplog)


def test_trigger_continues_after_failure_when_told_to(caplog: pytest.LogCaptureFixture) -> None:
    assert buggy_continuing(event(), None) == EVENT
    assert SECRET not in everything_logged(caplog)


@pytest.mark.parametrize("handler", [buggy_refusing, buggy_continuing])
def test_trigger_logs_type_and_place_of_failure(handler: Any, caplog: pytest.LogCaptureFixture) -> None:
    with contextlib.suppress(Refusal):
        handler(event(), None)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is None  # a traceback ends with the error's text
    line = _bug.__code__.co_firstlineno + 4
    assert vars(record)["error"] == f"ValueError at {__file__}:{line}"


def test_trigger_logs_code_of_failure_at_aws(caplog: pytest.LogCaptureFixture) -> None:
    @trigger("PreSignUp_SignUp", on_failure="continue")
    def denied(event: Event) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": SECRET}}, "GetItem")

    assert denied(event(), None) == EVENT
    (record,) = caplog.records
    assert vars(record)["error"].startswith("ClientError AccessDeniedException at ")
    assert SECRET not in everything_logged(caplog)


def test_trigger_reads_event_leniently_up_to_its_own_need() -> None:
    with pytest.raises(Refusal, match="^try_again: "):
        trigger("PreSignUp_SignUp", on_failure="refuse")(lambda event: event["request"]["userAttributes"])(
            {"triggerSource": "PreSignUp_SignUp"}, None
        )
