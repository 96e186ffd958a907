import contextlib
import copy
import functools
import logging
import signal
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any, Literal

import pytest
from botocore.exceptions import ClientError
from poolhouse.triggers import Event, Refusal, TokenCustomisation, running, trigger

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


@pytest.mark.parametrize("response", [None, {}, [1], "x"])
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


@pytest.mark.parametrize("source", ["PreSignUp_Tomorrow", "presignup_signup", "", None, 1, ["PreSignUp_SignUp"], {}])
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


SIGN_UP = "PreSignUp_SignUp"
POLICIES: list[Literal["refuse", "continue"]] = ["refuse", "continue"]


def try_again() -> Any:
    return pytest.raises(Refusal, match="^try_again: Something went wrong on our side")


def test_added_hooks_run_in_order_and_find_what_those_before_decided() -> None:
    found: list[Any] = []

    def hook(name: str, event: Event, **decisions: bool) -> Mapping[str, Any]:
        found.append((name, event["response"]))
        return decisions

    first = functools.partial(hook, "first", autoConfirmUser=True, autoVerifyPhone=False)
    second = functools.partial(hook, "second", autoVerifyEmail=True)
    third = functools.partial(hook, "third", autoConfirmUser=False)

    @trigger(SIGN_UP, on_failure="refuse", added=(first, second, third))
    def decorated(event: Event) -> None:
        found.append(("decorated", event["response"]))

    answer = decorated(event())
    sent = {"autoConfirmUser": False, "autoVerifyEmail": False}
    assert found == [
        ("decorated", sent),
        ("first", sent),
        ("second", {"autoConfirmUser": True, "autoVerifyEmail": False, "autoVerifyPhone": False}),
        ("third", {"autoConfirmUser": True, "autoVerifyEmail": True, "autoVerifyPhone": False}),
    ]
    assert answer["response"] == {"autoConfirmUser": False, "autoVerifyEmail": True, "autoVerifyPhone": False}


def test_trigger_takes_what_hook_writes_into_its_event_for_decided() -> None:
    def writing(event: Event) -> Mapping[str, Any]:
        event["response"]["autoConfirmUser"] = True
        event["request"]["userAttributes"]["email"] = "eve@example.com"
        return {"autoVerifyEmail": True}

    sent = event()
    answer = trigger(SIGN_UP, on_failure="refuse")(writing)(sent)
    assert answer == event(response={"autoConfirmUser": True, "autoVerifyEmail": True})
    assert sent == EVENT


@pytest.mark.parametrize("place", [0, 1, 2])
def test_failing_added_hook_refuses_and_runs_no_other(place: int) -> None:
    ran: list[int] = []
    hooks: list[Any] = [lambda event, number=number: ran.append(number) for number in range(3)]
    hooks[place] = _bug
    with try_again():
        trigger(SIGN_UP, on_failure="refuse", added=hooks)(lambda event: None)(event())
    assert ran == list(range(place))


def test_failing_added_hook_is_passed_over_and_what_it_wrote_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    def writing_and_failing(event: Event) -> None:
        event["response"]["autoConfirmUser"] = True
        _bug(event)

    hooks = (lambda event: {"autoVerifyPhone": False}, writing_and_failing, lambda event: {"autoVerifyEmail": True})
    answer = trigger(SIGN_UP, on_failure="continue", added=hooks)(lambda event: None)(event())
    assert answer["response"] == {"autoConfirmUser": False, "autoVerifyEmail": True, "autoVerifyPhone": False}
    (record,) = caplog.records
    assert vars(record)["hook"].endswith(".writing_and_failing")


def test_failing_hook_without_name_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    hook = functools.partial(_bug)
    assert trigger(SIGN_UP, on_failure="continue", added=[hook])(lambda event: None)(event()) == EVENT
    (record,) = caplog.records
    assert vars(record)["hook"] == "functools.partial"


@pytest.mark.parametrize("policy", POLICIES)
def test_added_hook_refuses_user(policy: Literal["refuse", "continue"]) -> None:
    ran: list[str] = []

    def refusing_hook(event: Event) -> None:
        raise Refusal("not_today", "Please come back tomorrow.")

    hooks = (refusing_hook, lambda event: ran.append("later"))
    with pytest.raises(Refusal, match="^not_today: "):
        trigger(SIGN_UP, on_failure=policy, added=hooks)(lambda event: {"autoConfirmUser": True})(event())
    assert not ran


def illegal(event: Event) -> Mapping[str, Any]:
    return {"autoConfirmUser": SECRET}


def test_illegal_response_refuses(caplog: pytest.LogCaptureFixture) -> None:
    with try_again() as raised:
        trigger(SIGN_UP, on_failure="refuse")(illegal)(event())
    assert "autoConfirmUser" not in "".join(traceback.format_exception(raised.value))
    (record,) = caplog.records
    assert vars(record)["rule"].startswith("autoConfirmUser: a boolean is expected")
    assert vars(record)["error"].startswith("IllegalResponseError at ")
    assert SECRET not in everything_logged(caplog)


def test_illegal_response_is_dropped_when_failures_continue(caplog: pytest.LogCaptureFixture) -> None:
    hooks = (illegal, lambda event: {"autoVerifyEmail": True})
    answer = trigger(SIGN_UP, on_failure="continue", added=hooks)(lambda event: {"autoConfirmUser": True})(event())
    assert answer["response"] == {"autoConfirmUser": True, "autoVerifyEmail": True}
    (record,) = caplog.records
    assert vars(record)["rule"].startswith("autoConfirmUser: ")
    assert vars(record)["hook"].endswith(".illegal")


def test_illegal_response_written_into_event_is_dropped() -> None:
    def writing(event: Event) -> None:
        event["response"]["autoconfirmuser"] = True

    assert trigger(SIGN_UP, on_failure="continue")(writing)(event()) == EVENT


def test_hook_that_returns_the_event_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    with try_again():
        trigger(SIGN_UP, on_failure="refuse")(lambda event: event)(event())
    assert vars(caplog.records[0])["rule"].startswith("response['version']: Cognito knows no such member here")


@pytest.mark.parametrize("decisions", [["autoConfirmUser"], "x", 1])
def test_hook_that_decides_no_members_fails(decisions: Any) -> None:
    with try_again():
        trigger(SIGN_UP, on_failure="refuse")(lambda event: decisions)(event())


def test_unknown_member_that_cognito_sent_goes_through_all_hooks() -> None:
    response = {"autoConfirmUser": False, "aMemberOfTomorrow": {"x": 1}}
    hooks = (lambda event: {"autoVerifyEmail": True}, lambda event: {"aMemberOfTomorrow": 2})
    answer = trigger(SIGN_UP, on_failure="refuse", added=hooks)(lambda event: None)(event(response=response))
    assert answer["response"] == {"autoConfirmUser": False, "autoVerifyEmail": True, "aMemberOfTomorrow": 2}


def test_failure_that_breaks_no_rule_is_logged_without_one(caplog: pytest.LogCaptureFixture) -> None:
    buggy_continuing(event())
    assert vars(caplog.records[0])["rule"] is None


def test_builder_refuses_within_hook(caplog: pytest.LogCaptureFixture) -> None:
    def customising(event: Event) -> dict[str, Any]:
        return TokenCustomisation(event).add_claim("sub", SECRET, token="access").response()

    sent = {"version": "2", "triggerSource": "TokenGeneration_Authentication", "request": {}, "response": {}}
    with try_again():
        trigger("TokenGeneration_Authentication", on_failure="refuse")(customising)(sent)
    assert "claimsToAddOrOverride['sub']: Cognito lets nobody set" in vars(caplog.records[0])["rule"]
    assert SECRET not in everything_logged(caplog)


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A budget of 0.1 s, in a process with a SIGALRM handler of its own."""

    def own(_number: int, _frame: FrameType | None) -> None:
        pytest.fail("the alarm went off outside the hooks")

    monkeypatch.setattr(running, "BUDGET_SECONDS", 0.1)
    previous = signal.signal(signal.SIGALRM, own)
    yield own
    time.sleep(0.12)  # an alarm that was left on would go off here
    signal.signal(signal.SIGALRM, previous)


def sleeping(event: Event) -> Mapping[str, Any]:
    time.sleep(0.3)
    return {"autoConfirmUser": True}


def sleeping_and_swallowing(event: Event) -> Mapping[str, Any]:
    with contextlib.suppress(Exception):
        time.sleep(0.3)
    return {"autoConfirmUser": True}


@pytest.mark.parametrize("hook", [sleeping, sleeping_and_swallowing])
@pytest.mark.parametrize("policy", POLICIES)
def test_slow_hook_is_stopped(
    policy: Literal["refuse", "continue"], hook: Any, before: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    hooks = (hook, lambda event: ran.append("later"))
    handler = trigger(SIGN_UP, on_failure=policy, added=hooks)(lambda event: {"autoVerifyEmail": True})
    start = time.monotonic()
    if policy == "refuse":
        with try_again():
            handler(event())
    else:
        assert handler(event())["response"] == {"autoConfirmUser": False, "autoVerifyEmail": True}
    assert 0.09 < time.monotonic() - start < 0.25
    assert not ran
    (record,) = caplog.records
    assert vars(record)["error"].startswith("OutOfTimeError at ")
    assert vars(record)["hook"] == f"{hook.__module__}.{hook.__qualname__}"
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_budget_is_for_all_hooks_together(before: Any) -> None:
    hooks = [lambda event: time.sleep(0.06)] * 3
    with try_again():
        trigger(SIGN_UP, on_failure="refuse", added=hooks)(lambda event: None)(event())


@pytest.mark.parametrize("outcome", ["done", "refused", "failed"])
def test_hook_in_time_leaves_no_alarm(outcome: str, before: Any) -> None:
    def hook(event: Event) -> None:
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        if outcome == "refused":
            raise Refusal("not_today", "Please come back tomorrow.")
        if outcome == "failed":
            _bug(event)

    with contextlib.suppress(Refusal):
        trigger(SIGN_UP, on_failure="refuse")(hook)(event())
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_hook_in_another_thread_has_no_budget(before: Any) -> None:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(trigger(SIGN_UP, on_failure="refuse")(sleeping)(event())))
    thread.start()
    thread.join()
    assert answers == [event(response={"autoConfirmUser": True, "autoVerifyEmail": False})]


def test_budget_is_below_that_of_cognito() -> None:
    assert 0 < running.BUDGET_SECONDS < 5
