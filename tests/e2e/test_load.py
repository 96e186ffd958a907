"""Many workers change few profiles at once: no change is lost, none is done twice, and each has its audit record.

Every change counts one up from the version that it was made on. A lost one would leave the counter behind the number of
successes, and one that was done twice would carry it past them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from poolhouse.aws import is_passing
from poolhouse.profiles import AuditLog, AuditRecord, ProfileRepository, StaleVersionError

from local.settings import REGION
from local.stack import LocalStack
from tests.e2e.conftest import Api, records_of, store, stored
from tests.e2e.people import new_person

WORKERS = 32
HTTP_WORKERS = (
    8  # the emulator bears 32 as well, and takes a minute to start a process of each function for all of them
)
PROFILES = 8
TIMES = {"created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z"}


@pytest.fixture
def subs(stack: LocalStack) -> list[str]:
    """The keys of a few new profiles, each with a counter."""
    subs = [str(uuid4()) for _ in range(PROFILES)]
    for sub in subs:
        store(stack, {"sub": sub, "status": "active", "version": 1, "preferences": {"counter": 0}} | TIMES)
    return subs


def at_once(workers: int, wanted: int, change: Callable[[int], bool]) -> tuple[int, int]:
    """Let so many workers change profiles until so many changes went through.

    Args:
        workers: How many.
        wanted: How many changes are to go through.
        change: Tries one change, given a number that counts up for each worker, and tells whether it went through.

    Returns:
        How many changes went through, and how many did not.
    """
    together, tickets = Barrier(workers), iter(range(wanted))

    def work(worker: int) -> tuple[int, int]:
        done, failed, numbers = 0, 0, count(worker)
        together.wait()
        while next(tickets, None) is not None:  # one ticket for each change that is to go through
            while not change(next(numbers)):
                failed += 1
            done += 1
        return done, failed

    with ThreadPoolExecutor(workers) as pool:
        counted = list(pool.map(work, range(workers)))
    return sum(done for done, _ in counted), sum(failed for _, failed in counted)


def assert_each_change_is_there_once(stack: LocalStack, subs: list[str], done: int) -> None:
    counters = 0
    for sub in subs:
        profile, records = stored(stack, sub), records_of(stack, sub)
        assert profile is not None
        counter = profile["preferences"]["counter"]
        assert profile["version"] == 1 + counter
        assert len(records) == counter
        assert {record["action"] for record in records} == {"profile_changed"}
        counters += counter
    assert counters == done


def test_thousand_conditional_updates_by_32_workers_lose_and_double_nothing(stack: LocalStack, subs: list[str]) -> None:
    client = boto3.client(
        "dynamodb",
        endpoint_url=stack.settings.endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(max_pool_connections=WORKERS),
    )
    audit = AuditLog(stack.physical_id("AuditTable"), client)
    repository = ProfileRepository(stack.outputs["ProfilesTable"], client, audit=audit)

    def change(number: int) -> bool:
        before = repository.get(subs[number % PROFILES])
        assert before is not None
        counter = before.fields["preferences"]["counter"]
        record = AuditRecord(sub=before.sub, action="profile_changed", actor=before.sub, role="member")
        try:
            after = repository.change(before, {"preferences": {"counter": counter + 1}}, record)
        except StaleVersionError:
            return False
        except (ClientError, BotoCoreError) as error:
            if not is_passing(error):
                raise
            return False
        assert after.version == before.version + 1
        return True

    done, refused = at_once(WORKERS, 1000, change)

    assert done == 1000
    assert_each_change_is_there_once(stack, subs, done)
    assert refused > 0  # the workers were in each other's way


def test_three_hundred_changes_over_http_lose_and_double_nothing(stack: LocalStack, api: Api, subs: list[str]) -> None:
    admin = new_person(stack, "admin").token
    warm_up(api, admin)
    answers: list[tuple[int, str]] = []

    def change(number: int) -> bool:
        path = f"/profiles/{subs[number % PROFILES]}"
        read = api.get(path, admin).raise_for_status()
        wanted = {"preferences": {"counter": read.json()["preferences"]["counter"] + 1}}
        answer = api.send("PATCH", path, admin, wanted, If_Match=read.headers["etag"])
        answers.append((answer.status_code, answer.json().get("code", "")))
        return answer.status_code == 200

    done, refused = at_once(HTTP_WORKERS, 300, change)

    assert done == 300
    assert set(answers) <= {(200, ""), (412, "version_mismatch"), (503, "try_again")}
    assert_each_change_is_there_once(stack, subs, done)
    assert refused > 0  # the workers were in each other's way


def warm_up(api: Api, token: str) -> None:
    """Let the emulator start a process of each function for every worker, a few at a time."""
    for workers in range(2, HTTP_WORKERS + 1, 2):
        with ThreadPoolExecutor(workers) as pool:
            statuses = [answer.status_code for answer in pool.map(lambda _: api.get("/profile", token), range(workers))]
        assert statuses == [200] * workers
