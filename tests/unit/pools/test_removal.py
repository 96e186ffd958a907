from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from poolhouse.pools import Users

from tests.unit.pools.stubbed_pool import POOL, StubbedPool

CALLS = {"disable": "admin_disable_user", "delete": "admin_delete_user"}


@pytest.fixture
def pool() -> Iterator[StubbedPool]:
    with StubbedPool.of_test() as pool:
        yield pool


@pytest.mark.parametrize("how", CALLS)
def test_user_is_taken_out_by_the_name_that_the_pool_has_for_them(pool: StubbedPool, how: str) -> None:
    pool.will_take_out("a1", "Google_1000", CALLS[how])
    Users(pool.client).remove(POOL, "a1", how)


@pytest.mark.parametrize("how", CALLS)
def test_who_is_gone_already_is_no_error(pool: StubbedPool, how: str) -> None:
    pool.will_find_by_sub("a1", [])
    Users(pool.client).remove(POOL, "a1", how)
    pool.will_find_by_sub("a1", ["ada"])
    pool.will_fail("UserNotFoundException", operation=CALLS[how])
    Users(pool.client).remove(POOL, "a1", how)


@pytest.mark.parametrize("how", CALLS)
@pytest.mark.parametrize("code", ["TooManyRequestsException", "NotAuthorizedException", "InternalErrorException"])
def test_refusal_of_cognito_is_passed_on(pool: StubbedPool, how: str, code: str) -> None:
    pool.will_fail(code, operation="list_users")
    with pytest.raises(ClientError, match=code):
        Users(pool.client).remove(POOL, "a1", how)
    pool.will_find_by_sub("a1", ["ada"])
    pool.will_fail(code, operation=CALLS[how])
    with pytest.raises(ClientError, match=code):
        Users(pool.client).remove(POOL, "a1", how)


def test_sub_stays_within_the_filter(pool: StubbedPool) -> None:
    pool.will_find_by_sub('a\\"\\\\ or sub ^= \\"', [])
    Users(pool.client).remove(POOL, 'a"\\ or sub ^= "', "delete")


@pytest.mark.parametrize(
    ("user_pool_id", "sub", "how"),
    [("", "a1", "delete"), (POOL, "", "delete"), (POOL, "a1", ""), (POOL, "a1", "keep"), (POOL, "a1", "Delete")],
    ids=str,
)
def test_nothing_is_asked_without_a_pool_a_sub_and_a_way(
    pool: StubbedPool, user_pool_id: str, sub: str, how: str
) -> None:
    with pytest.raises(ValueError, match="taken out of a pool by its id and their sub"):
        Users(pool.client).remove(user_pool_id, sub, how)
