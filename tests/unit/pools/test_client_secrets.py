"""Rotating a client's secret against a strict stand-in: the emulator has no second secret of an app client."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from poolhouse.machine_tokens import MachineTokenError, MachineTokens
from poolhouse.pools.client_secrets import ClientSecretError, ClientSecrets

from tests.unit.pools import secrets_stand_in
from tests.unit.pools.secrets_stand_in import ARN, FIRST, POOL, Interrupted, StandIn
from tests.unit.token_server import CLIENT

CALLERS = 4


@pytest.fixture
def aws() -> Iterator[StandIn]:
    with secrets_stand_in.running() as aws:
        yield aws


def of(aws: StandIn, *, tried: bool = True) -> ClientSecrets:
    """The secrets as a new process sees them."""

    def attempt(client_id: str, client_secret: str) -> str:
        return MachineTokens(aws.server.url, client_id, client_secret).get()

    return ClientSecrets(aws.cognito, aws.store, POOL, CLIENT, ARN, attempt if tried else None)


def assert_rotated(aws: StandIn) -> None:
    assert len(aws.live) == 2
    assert aws.callers_read() != FIRST
    assert {FIRST, aws.callers_read()} == aws.server.secrets
    assert aws.callers_read("AWSPREVIOUS") == FIRST
    assert secrets_stand_in.stages(aws) == {"AWSCURRENT": 1, "AWSPENDING": 0, "AWSPREVIOUS": 1}


@pytest.mark.parametrize("tried", [True, False])
def test_rotation_gives_callers_a_new_secret_and_leaves_the_old_one_good(aws: StandIn, tried: bool) -> None:
    of(aws, tried=tried).rotate()
    assert_rotated(aws)
    assert len(aws.callers_read()) == 48

    new = aws.callers_read()
    assert of(aws, tried=tried).retire()
    assert aws.server.secrets == {new}
    assert not of(aws, tried=tried).retire()


def test_secret_can_be_rotated_again_and_again(aws: StandIn) -> None:
    read = [FIRST]
    for _ in range(3):
        of(aws).rotate()
        assert of(aws).retire()
        read.append(aws.callers_read())
    assert len(set(read)) == 4


CALLS_OF_A_ROTATION = 8


def test_rotation_makes_as_many_calls_as_are_interrupted_below(aws: StandIn) -> None:
    of(aws).rotate()
    assert len(aws.calls) == CALLS_OF_A_ROTATION


@pytest.mark.parametrize("tried", [True, False])
@pytest.mark.parametrize("happens", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("number", range(1, CALLS_OF_A_ROTATION + 1))
def test_interrupted_rotation_can_be_run_again(aws: StandIn, number: int, happens: bool, tried: bool) -> None:
    aws.ends_at = number, happens
    with pytest.raises(Interrupted):
        of(aws, tried=tried).rotate()
    assert aws.callers_read() in aws.server.secrets
    promoted = aws.callers_read() != FIRST

    aws.ends_at = None
    if promoted and secrets_stand_in.stages(aws)["AWSPENDING"] == 0:  # it was the last call, and it happened
        with pytest.raises(ClientSecretError, match="has two secrets, which is as many as Cognito takes"):
            of(aws, tried=tried).rotate()
    else:
        of(aws, tried=tried).rotate()
    assert_rotated(aws)
    assert of(aws, tried=tried).retire()
    assert aws.server.secrets == {aws.callers_read()}


@pytest.mark.parametrize("happens", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_interrupted_retirement_can_be_run_again(aws: StandIn, number: int, happens: bool) -> None:
    of(aws).rotate()
    aws.ends_at = len(aws.calls) + number, happens
    with pytest.raises(Interrupted):
        of(aws).retire()
    aws.ends_at = None
    assert of(aws).retire() is not (number == 3 and happens)
    assert aws.server.secrets == {aws.callers_read()}


def test_machines_that_call_meanwhile_are_never_refused(aws: StandIn) -> None:
    """Each caller gets a new token all the time, with the secret that it reads for it."""
    ending, failures = threading.Event(), list[MachineTokenError]()
    done = [0] * CALLERS

    def call(number: int) -> None:
        while not ending.is_set():
            try:
                MachineTokens(aws.server.url, CLIENT, aws.callers_read).get()
            except MachineTokenError as failure:
                failures.append(failure)
                return
            done[number] += 1

    def all_callers_go_on() -> None:
        before = list(done)
        while not failures and any(now < then + 2 for now, then in zip(done, before, strict=True)):
            ending.wait(0.005)

    threads = [threading.Thread(target=call, args=[number]) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            all_callers_go_on()
            of(aws).rotate()
            all_callers_go_on()  # as the page says: until each has read the new one
            assert of(aws).retire()
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert all(calls >= 12 for calls in done)


def test_second_rotation_waits_for_the_retirement(aws: StandIn) -> None:
    of(aws).rotate()
    with pytest.raises(ClientSecretError, match="has two secrets"):
        of(aws).rotate()
    assert_rotated(aws)


def test_new_secret_that_is_not_taken_never_reaches_the_callers(aws: StandIn) -> None:
    aws.server.status = 503
    with pytest.raises(ClientSecretError, match="Callers keep the old one"):
        of(aws).rotate()
    assert aws.callers_read() == FIRST
    aws.server.status = None
    of(aws).rotate()
    assert_rotated(aws)


def test_second_secret_made_elsewhere_is_never_deleted(aws: StandIn) -> None:
    aws.live[f"{CLIENT}--2"] = ("made_by_somebody_else_01234", datetime.now(UTC))
    with pytest.raises(ClientSecretError, match="does not say which one callers read, so none is deleted"):
        of(aws).retire()
    with pytest.raises(ClientSecretError, match="has two secrets"):
        of(aws).rotate()
    assert len(aws.live) == 2


def test_second_secret_made_elsewhere_is_not_taken_for_the_pending_one(aws: StandIn) -> None:
    aws.live[f"{CLIENT}--2"] = ("made_by_somebody_else_01234", datetime.now(UTC) - timedelta(days=1))
    aws.store.put_secret_value(
        SecretId=ARN, SecretString='{"client_secret": "%s"}' % ("x" * 48), VersionStages=["AWSPENDING"]
    )
    with pytest.raises(ClientSecretError, match="neither is the one that waits"):
        of(aws).rotate()
    assert aws.callers_read() == FIRST


def test_nothing_is_deleted_while_the_secret_that_callers_read_is_not_taken(aws: StandIn) -> None:
    of(aws).rotate()
    aws.server.status = 503
    with pytest.raises(ClientSecretError, match="Nothing was deleted"):
        of(aws).retire()
    assert len(aws.live) == 2


def test_no_secret_is_in_an_error_or_a_representation(aws: StandIn) -> None:
    of(aws).rotate()
    secrets = of(aws)
    shown = [repr(secrets), repr(secrets._stored("AWSCURRENT"))]
    aws.server.status = 400
    with pytest.raises(ClientSecretError) as raised:
        secrets.retire()
    shown.append(str(raised.value))
    assert not [text for text in shown if aws.callers_read() in text or FIRST in text]
