"""Triggers come into a pool and go again, and nothing else of it changes.

Against `pool_server`, which resets what an update leaves out, by real clients of botocore over real HTTP.
"""

import contextlib
import copy
import json
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from poolhouse.pools import errors
from poolhouse.pools.attachment import Attachment, Wanted
from poolhouse.pools.records import Records
from poolhouse.pools.settings import PoolSettings

from tests.unit.pools.legal_pools import all_paths, default_of, foreign, leaves, legal_pools
from tests.unit.pools.pool_server import POOL, RECORD, UPDATE, Pool, PoolServer, problems

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
OURS = {"PreSignUp": f"{LAMBDA}poolhouse-PreSignUp-1", "PostConfirmation": f"{LAMBDA}poolhouse-PostConfirmation-1"}
TOKENS = {
    "PreTokenGeneration": f"{LAMBDA}poolhouse-PreTokenGeneration-1",
    "PreTokenGenerationConfig": {"LambdaArn": f"{LAMBDA}poolhouse-PreTokenGeneration-1", "LambdaVersion": "V1_0"},
}
THEIRS = f"{LAMBDA}their-function"
OUTSIDE = (
    "GetUserPoolMfaConfig",
    "DescribeRiskConfiguration",
    "GetLogDeliveryConfiguration",
    "DescribeUserPoolDomain",
    "ListIdentityProviders",
)


class House:
    """An attachment of one stack to the server's pool."""

    def __init__(self, server: PoolServer) -> None:
        self.server = server
        self.settings = PoolSettings(server.client("cognito-idp"))
        self.attachment = Attachment(Records(RECORD, server.client("ssm")), self.settings)

    def attach(self, triggers: dict[str, Any] = OURS, on_conflict: Any = "Refuse") -> None:
        self.attachment.attach(Wanted(POOL, triggers, on_conflict), still_wanted=self.still_wanted, seconds=60)

    def still_wanted(self) -> bool:
        return self.server.status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}

    def detach(self) -> None:
        self.attachment.detach(POOL, seconds=60)

    @property
    def triggers(self) -> dict[str, Any]:
        found: dict[str, Any] = self.server.pool.settings.get("LambdaConfig", {})
        return found

    @property
    def updates(self) -> int:
        return self.server.calls.count("UpdateUserPool")

    def everything_else(self) -> dict[str, Any]:
        """All that is known of the pool but its triggers and the time of the last change."""
        outside = {name: self.server.pool.outside(name) for name in OUTSIDE}
        return {**self.server.pool.describe(), **outside, "LambdaConfig": None, "LastModifiedDate": None}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none of them is made, and the clock stands still."""
    made: list[float] = []
    monkeypatch.setattr("poolhouse.pools.attachment.time", SimpleNamespace(sleep=made.append, monotonic=lambda: 1000.0))
    return made


@pytest.fixture
def server() -> Iterator[PoolServer]:
    with PoolServer({POOL: Pool({"PoolName": "theirs"})}).running() as server:
        yield server


@pytest.fixture
def house(server: PoolServer) -> House:
    return House(server)


# ---------------------------------------------------------------------------------------------------- every setting
def test_legal_pools_hold_every_setting_with_another_value_than_the_default() -> None:
    held = {path for pool in legal_pools() for path, value in leaves(pool, UPDATE) if value != default_of(path)}
    assert set(all_paths()) - held == set()


@pytest.mark.parametrize("settings", legal_pools())
def test_legal_pools_are_legal(settings: dict[str, Any]) -> None:
    settings["LambdaConfig"] = foreign(settings["LambdaConfig"])
    assert list(problems(settings, UPDATE)) == []
    refusal = Pool.refusal(settings)
    assert refusal is None, refusal


@pytest.mark.parametrize("settings", legal_pools(), ids=range(len(legal_pools())))
def test_attachment_loses_no_setting(settings: dict[str, Any]) -> None:
    """Attach beside functions of somebody else's in every place, update, attach less, detach."""
    settings["LambdaConfig"] = foreign(settings["LambdaConfig"])
    with PoolServer({POOL: Pool(settings)}).running() as server:
        house = House(server)
        before, triggers = house.everything_else(), house.triggers
        newer = {"PreSignUp": f"{LAMBDA}poolhouse-PreSignUp-2"}
        for wanted in ({**OURS, **TOKENS}, {**OURS, **TOKENS, **newer}, newer):
            house.attach(wanted, "Replace")
            assert house.triggers == {**triggers, **wanted}
            assert house.everything_else() == before
        house.detach()
        assert house.everything_else() == before
        assert house.triggers == triggers
        assert house.updates == 4
        assert server.parameters == {}


def test_attachment_loses_no_setting_of_a_pool_without_triggers(house: House) -> None:
    before = house.everything_else()
    house.attach({**OURS, **TOKENS})
    assert (house.triggers, house.everything_else()) == ({**OURS, **TOKENS}, before)
    house.detach()
    assert (house.triggers, house.everything_else()) == ({}, before)


def test_settings_that_are_null_or_empty_are_not_sent(house: House, server: PoolServer) -> None:
    server.pool.extra = {
        "DeviceConfiguration": None,
        "SmsVerificationMessage": "",
        "EmailConfiguration": {},
        "AccountRecoverySetting": {"RecoveryMechanisms": []},
        "SmsConfiguration": {"SnsCallerArn": "", "ExternalId": ""},
    }
    request = house.settings.request(house.settings.read(POOL), OURS)
    assert not request.keys() & {
        "DeviceConfiguration",
        "SmsVerificationMessage",
        "EmailConfiguration",
        "AccountRecoverySetting",
    }
    assert request["SmsConfiguration"] == {"SnsCallerArn": "", "ExternalId": ""}  # which UpdateUserPool takes


def test_settings_name_one_number_of_days_where_cognito_tells_two(house: House, server: PoolServer) -> None:
    request = house.settings.request(house.settings.read(POOL), {})
    assert server.pool.describe()["AdminCreateUserConfig"]["UnusedAccountValidityDays"] == 7
    assert request["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False}
    assert request["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"] == 7


def test_settings_leave_tags_of_aws_alone(house: House, server: PoolServer) -> None:
    server.pool.settings["UserPoolTags"] = {"team": "identity"}
    house.attach()
    assert server.pool.settings["UserPoolTags"] == {"team": "identity"}
    assert server.pool.describe()["UserPoolTags"] == {
        "team": "identity",
        "aws:cloudformation:stack-name": "an-earlier-stack",
    }


# ---------------------------------------------------------------------------------------------------------- refusals
def assert_refused(house: House, error: type[errors.AttachError], match: str, **wanted: Any) -> None:
    """The refusal names its cause; nothing was written, and there is nothing to detach."""
    before = copy.deepcopy(house.server.pool.describe())
    with pytest.raises(error, match=match):
        house.attach(**wanted)
    assert (house.server.pool.describe(), house.updates, house.server.parameters) == (before, 0, {})
    house.detach()
    assert (house.server.pool.describe(), house.updates) == (before, 0)


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ({"NewestSetting": "x"}, "NewestSetting"),
        (
            {"Policies": {"PasswordPolicy": {"MinimumLength": 8, "MaximumAge": 90}}},
            "Policies.PasswordPolicy.MaximumAge",
        ),
        (
            {"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1, "Way": "x"}]}},
            "AccountRecoverySetting.RecoveryMechanisms.Way",
        ),
        ({"LambdaConfig": {"NewestTrigger": THEIRS}}, "LambdaConfig.NewestTrigger"),
    ],
)
def test_unknown_setting_is_refused_by_name(house: House, server: PoolServer, extra: dict[str, Any], name: str) -> None:
    server.pool.extra = extra
    assert_refused(house, errors.UnknownSettingError, rf"botocore does not know: {name}\. ")


def test_unknown_setting_stops_detaching_too(house: House, server: PoolServer) -> None:
    house.attach()
    server.pool.extra = {"NewestSetting": "x"}
    with pytest.raises(errors.UnknownSettingError, match="NewestSetting"):
        house.detach()
    assert RECORD in server.parameters  # so that it can be done later
    server.pool.extra = {}
    house.detach()
    assert house.triggers == {}


@pytest.mark.parametrize("place", ["PreSignUp", "PreTokenGenerationConfig"])
def test_conflict_is_refused_with_the_function(house: House, server: PoolServer, place: str) -> None:
    theirs: Any = {"LambdaArn": THEIRS, "LambdaVersion": "V1_0"} if place.endswith("Config") else THEIRS
    server.pool.settings["LambdaConfig"] = {place: theirs}
    assert_refused(house, errors.TriggerOccupiedError, f"{place} is {THEIRS}", triggers={**OURS, **TOKENS})


def test_conflict_with_a_trigger_that_is_not_wanted_is_none(house: House, server: PoolServer) -> None:
    server.pool.settings["LambdaConfig"] = {"UserMigration": THEIRS}
    house.attach()
    assert house.triggers == {"UserMigration": THEIRS, **OURS}
    house.detach()
    assert house.triggers == {"UserMigration": THEIRS}


def test_conflict_is_replaced_on_demand_and_put_back(house: House, server: PoolServer) -> None:
    server.pool.settings["LambdaConfig"] = {"PreSignUp": THEIRS}
    house.attach(OURS, "Replace")
    house.attach(OURS, "Refuse")  # once ours, it is no conflict
    house.detach()
    assert house.triggers == {"PreSignUp": THEIRS}


def test_conflict_is_discarded_on_demand(house: House, server: PoolServer) -> None:
    server.pool.settings["LambdaConfig"] = {"PreSignUp": THEIRS}
    house.attach(OURS, "Discard")
    house.detach()
    assert house.triggers == {}


def test_conflict_that_comes_later_is_refused_at_the_update(house: House, server: PoolServer) -> None:
    house.attach()
    server.pool.settings["LambdaConfig"]["PreSignUp"] = THEIRS
    with pytest.raises(errors.TriggerOccupiedError, match=THEIRS):
        house.attach()
    house.detach()  # what somebody else has put there stays
    assert house.triggers == {"PreSignUp": THEIRS}


@pytest.mark.parametrize("version", ["V2_0", "V3_0"])
def test_lite_pool_is_refused_with_the_choices(house: House, server: PoolServer, version: str) -> None:
    server.pool.settings["UserPoolTier"] = "LITE"
    del server.pool.settings["Policies"]["SignInPolicy"]  # which that plan does not have
    wanted = {**TOKENS, "PreTokenGenerationConfig": {**TOKENS["PreTokenGenerationConfig"], "LambdaVersion": version}}  # type: ignore[dict-item]
    assert_refused(house, errors.LitePoolError, f"{version}.*TokenTriggerVersion=V1_0.*RequiredGroups", triggers=wanted)
    house.attach(TOKENS)
    assert house.triggers == TOKENS


def test_unknown_trigger_is_refused_with_the_known(house: House) -> None:
    wanted = {"PreSignIn": OURS["PreSignUp"]}
    assert_refused(house, errors.UnknownTriggerError, "no such trigger: PreSignIn. .*PreSignUp", triggers=wanted)


@pytest.mark.parametrize("value", ["PreSignUp", {"LambdaArn": OURS["PreSignUp"]}, 5])
def test_malformed_trigger_is_refused(house: House, value: Any) -> None:
    assert_refused(house, errors.MalformedTriggerError, "PreSignUp", triggers={"PreSignUp": value})


def test_refusal_of_cognito_is_told_in_its_words(house: House) -> None:
    with pytest.raises(errors.CallRefusedError, match="^UpdateUserPool was refused: InvalidParameterException: "):
        house.attach({"PreSignUp": "no-arn-although-it-is-long-enough"})


@pytest.mark.parametrize("pool", ["", "EXAMPLE01", "us-east-1", "us-east-1_", "us-east-1_EX*", "arn:aws:x", "a/../b_c"])
def test_malformed_pool_id_is_refused(house: House, server: PoolServer, pool: str) -> None:
    with pytest.raises(errors.MalformedPoolIdError, match="user pool id"):
        house.attachment.attach(Wanted(pool, OURS), still_wanted=lambda: True, seconds=60)
    assert not {"DescribeUserPool", "UpdateUserPool"} & set(server.calls)


def test_pool_that_is_not_there_is_refused(house: House) -> None:
    with pytest.raises(errors.PoolNotFoundError, match="us-east-1_Missing"):
        house.attachment.attach(Wanted("us-east-1_Missing", OURS), still_wanted=lambda: True, seconds=60)


def test_custom_message_is_refused_where_cognito_sends_the_mail(house: House) -> None:
    assert_refused(house, errors.MailSenderError, "EmailSendingAccount", triggers={"CustomMessage": THEIRS})


@pytest.mark.parametrize("factors", ["ON", "OPTIONAL"])
def test_sign_in_links_are_refused_where_there_is_a_second_factor(
    house: House, server: PoolServer, factors: str
) -> None:
    server.pool.settings["MfaConfiguration"] = factors
    assert_refused(house, errors.SecondFactorError, factors, triggers={"CreateAuthChallenge": THEIRS})


def test_other_pool_than_before_is_refused(house: House, server: PoolServer) -> None:
    house.attach()
    server.pools["us-east-1_Another"] = Pool({})
    with pytest.raises(errors.OtherPoolError, match=f"attached to {POOL}.*{RECORD}"):
        house.attachment.attach(Wanted("us-east-1_Another", OURS), still_wanted=lambda: True, seconds=60)
    house.attachment.detach("us-east-1_Another", seconds=60)
    assert house.triggers == OURS


# ------------------------------------------------------------------------------------------------------------ rights
@pytest.mark.parametrize("call", ["DescribeUserPool", "UpdateUserPool", "GetParameter", "PutParameter"])
def test_missing_right_is_named_and_leaves_the_pool_as_it_was(house: House, server: PoolServer, call: str) -> None:
    server.denied = {call}
    before = server.pool.describe()
    with pytest.raises(errors.MissingRightError, match=f"not authorized to perform: {call}"):
        house.attach()
    assert server.pool.describe() == before
    server.denied = set()
    house.detach()
    assert (server.pool.describe(), server.parameters) == (before, {})


def test_right_that_is_not_known_everywhere_yet_is_waited_for(
    house: House, server: PoolServer, pauses: list[float]
) -> None:
    server.will_fail("UpdateUserPool", "AccessDeniedException", times=3)
    house.attach()
    assert (house.triggers, len(pauses)) == (OURS, 3)


def test_missing_right_is_not_waited_for_without_end(house: House, server: PoolServer, pauses: list[float]) -> None:
    server.denied = {"UpdateUserPool"}
    with pytest.raises(errors.MissingRightError):
        house.attach()
    assert (len(pauses), server.calls.count("UpdateUserPool")) == (3, 4)


def test_missing_right_to_pass_a_role_says_where_to_name_it(house: House, server: PoolServer) -> None:
    role = "arn:aws:iam::123456789012:role/sms"
    server.pool.settings["SmsConfiguration"] = {"SnsCallerArn": role, "ExternalId": "x"}
    server.passable = set()
    with pytest.raises(errors.MissingRightError, match=f"iam:PassRole on resource: {role}.*ExistingPoolRoleArns"):
        house.attach()
    server.passable = {role}
    house.attach()
    assert house.triggers == OURS


def test_missing_right_to_a_key_says_where_to_name_it() -> None:
    assert "ExistingPoolKeyArns" in str(errors.MissingRightError("not authorized to perform: kms:CreateGrant on x."))


# ------------------------------------------------------------------------------------------- others at the same time
@pytest.mark.parametrize(
    "code",
    ["ConcurrentModificationException", "TooManyRequestsException", "InternalErrorException", "ServiceUnavailable"],
)
@pytest.mark.parametrize("call", ["DescribeUserPool", "UpdateUserPool"])
def test_refusal_that_passes_is_tried_again_after_a_pause(
    house: House, server: PoolServer, pauses: list[float], code: str, call: str
) -> None:
    server.will_fail(call, code, times=3)
    before = house.everything_else()
    house.attach()
    assert (house.triggers, house.everything_else()) == (OURS, before)
    assert len(pauses) == 3
    assert all(0 <= pause <= longest for pause, longest in zip(pauses, (1, 2, 4), strict=True))
    assert len(set(pauses)) == 3  # of random length


@pytest.mark.parametrize("call", ["DescribeUserPool", "UpdateUserPool"])
def test_connection_that_broke_is_made_again(house: House, server: PoolServer, pauses: list[float], call: str) -> None:
    server.will_hang_up(call, times=2)
    before = house.everything_else()
    house.attach()
    assert (house.triggers, house.everything_else(), len(pauses)) == (OURS, before, 2)


def test_service_that_cannot_be_reached_is_tried_until_the_time_is_up(
    house: House, server: PoolServer, pauses: list[float]
) -> None:
    server.url = "http://127.0.0.1:9"  # nobody listens there
    settings = PoolSettings(server.client("cognito-idp"))
    attachment = Attachment(Records(RECORD, server.client("ssm")), settings)
    with pytest.raises(errors.PoolBusyError, match=r"8 attempts.*Could not connect"):
        attachment.detach(POOL, seconds=60)
    assert len(pauses) == 7


def test_refusal_that_does_not_pass_in_time_ends_it(house: House, server: PoolServer, pauses: list[float]) -> None:
    server.will_fail("UpdateUserPool", "ConcurrentModificationException", times=99)
    with pytest.raises(errors.PoolBusyError, match="8 attempts.*ConcurrentModificationException"):
        house.attach()
    assert len(pauses) == 7
    house.detach()
    assert (house.triggers, server.parameters) == ({}, {})


def test_attempts_end_with_the_time(house: House, server: PoolServer, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 40))
    monkeypatch.setattr("poolhouse.pools.attachment.time", SimpleNamespace(sleep=print, monotonic=lambda: next(clock)))
    server.will_fail("UpdateUserPool", "TooManyRequestsException", times=99)
    with pytest.raises(errors.PoolBusyError, match="2 attempts"):
        house.attach()


def test_pool_that_changes_between_reading_and_writing_is_read_again(house: House, server: PoolServer) -> None:
    def somebody_else() -> None:
        pool = server.pool
        pool.update({**pool.settings, "DeletionProtection": "ACTIVE", "LambdaConfig": {"UserMigration": THEIRS}})

    server.before_call("DescribeUserPool", somebody_else, number=2)
    house.attach()
    assert server.pool.settings["DeletionProtection"] == "ACTIVE"
    assert house.triggers == {"UserMigration": THEIRS, **OURS}
    assert house.updates == 1  # nothing stale was ever written


def test_users_who_come_meanwhile_are_no_change(house: House, server: PoolServer, pauses: list[float]) -> None:
    server.before_call("DescribeUserPool", lambda: server.pool.extra.update(EstimatedNumberOfUsers=99), number=2)
    house.attach()
    assert pauses == []


def test_trigger_that_is_overwritten_at_once_is_written_again(house: House, server: PoolServer) -> None:
    def somebody_else() -> None:
        server.pool.update({**server.pool.settings, "LambdaConfig": {}})

    server.before_call("DescribeUserPool", somebody_else, number=3)
    house.attach()
    assert house.triggers == OURS


def test_setting_that_is_lost_all_the_same_is_named(house: House, server: PoolServer) -> None:
    server.before_call("DescribeUserPool", lambda: server.pool.settings.update(DeletionProtection="ACTIVE"), number=3)
    with pytest.raises(errors.SettingChangedError, match="after the update: DeletionProtection"):
        house.attach()


# ------------------------------------------------------------------------------------------- again, late, in between
def test_attaching_twice_is_attaching_once(house: House, server: PoolServer) -> None:
    server.pool.settings["LambdaConfig"] = {"PreSignUp": THEIRS}
    house.attach(OURS, "Replace")
    record = dict(server.parameters)
    house.attach(OURS, "Replace")
    assert (house.updates, server.parameters) == (1, record)
    house.detach()
    house.detach()
    assert (house.updates, house.triggers) == (2, {"PreSignUp": THEIRS})


@pytest.mark.parametrize("call", ["PutParameter", "UpdateUserPool", "DescribeUserPool"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_attaching_that_is_cut_short_anywhere_can_be_finished_or_undone(call: str, number: int) -> None:
    """An update from older functions to newer ones fails at one call after the other."""
    newer = {"PreSignUp": f"{LAMBDA}poolhouse-PreSignUp-2"}
    for ending in ("finished", "undone"):
        with PoolServer({POOL: Pool({"LambdaConfig": {"PreSignUp": THEIRS}})}).running() as server:
            house = House(server)
            house.attach(OURS, "Replace")
            server.before_call(call, partial(server.denied.add, call), number=number)
            with contextlib.suppress(errors.MissingRightError):
                house.attach(newer)
            server.forgive()
            if ending == "finished":
                house.attach(newer)
                assert house.triggers == newer
            house.detach()
            assert (house.triggers, server.parameters) == ({"PreSignUp": THEIRS}, {})


@pytest.mark.parametrize("call", ["DescribeUserPool", "GetParameter", "PutParameter", "UpdateUserPool"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_delete_during_create_leaves_the_pool_as_it_was(call: str, number: int) -> None:
    """Whenever the removal of the stack comes in between and runs to its end, nothing of ours stays."""
    with PoolServer({POOL: Pool({"LambdaConfig": {"PreSignUp": THEIRS}})}).running() as server:
        creating, deleting = House(server), House(server)
        before = creating.everything_else()

        def delete_stack() -> None:
            server.status = "DELETE_IN_PROGRESS"
            deleting.detach()

        server.before_call(call, delete_stack, number)
        try:
            creating.attach(OURS, "Replace")
        except errors.OvertakenError:
            assert server.status == "DELETE_IN_PROGRESS"
        if server.status != "DELETE_IN_PROGRESS":  # there are fewer such calls
            delete_stack()
        assert (creating.triggers, creating.everything_else()) == ({"PreSignUp": THEIRS}, before)
        assert server.parameters == {}


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE", None])
def test_request_that_the_stack_has_left_behind_does_nothing(
    house: House, server: PoolServer, status: str | None
) -> None:
    server.status = status
    with pytest.raises(errors.OvertakenError):
        house.attach()
    assert (house.triggers, server.calls) == ({}, [])


def test_deleted_pool_does_not_block_detaching(house: House, server: PoolServer) -> None:
    house.attach()
    del server.pools[POOL]
    house.detach()
    assert server.parameters == {}


def test_pool_that_is_deleted_while_detaching_does_not_block_it(house: House, server: PoolServer) -> None:
    house.attach()
    server.before_call("UpdateUserPool", server.pools.clear)
    house.detach()
    assert server.parameters == {}


# -------------------------------------------------------------------------------------------------------------- plan
def test_plan_changes_nothing_and_tells_what_would(house: House, server: PoolServer) -> None:
    role = "arn:aws:iam::123456789012:role/sms"
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    server.pool.settings |= {
        "SmsConfiguration": {"SnsCallerArn": role},
        "LambdaConfig": {"PreSignUp": THEIRS, "KMSKeyID": key},
    }
    answer = house.attachment.plan(Wanted(POOL, OURS, "Replace")).as_answer()
    changed = [line.strip() for line in answer["diff"].splitlines() if line[:1] in "+-"]
    assert changed == [
        "--- the pool now",
        "+++ the pool with Poolhouse",
        f'-    "PreSignUp": "{THEIRS}"',
        f'+    "PostConfirmation": "{OURS["PostConfirmation"]}",',
        f'+    "PreSignUp": "{OURS["PreSignUp"]}"',
    ]
    assert (answer["roles"], answer["keys"]) == ([role], [key])
    assert set(server.calls) == {"DescribeUserPool", "GetParameter"}


def test_plan_refuses_what_attaching_refuses(house: House, server: PoolServer) -> None:
    server.pool.settings["LambdaConfig"] = {"PreSignUp": THEIRS}
    with pytest.raises(errors.TriggerOccupiedError, match=THEIRS):
        house.attachment.plan(Wanted(POOL, OURS))


def test_plan_of_what_is_there_is_empty(house: House) -> None:
    house.attach()
    assert house.attachment.plan(Wanted(POOL, OURS)).diff() == ""


def test_record_is_one_parameter_that_tells_what_was_there(house: House, server: PoolServer) -> None:
    server.pool.settings["LambdaConfig"] = {"PreSignUp": THEIRS}
    house.attach(OURS, "Replace")
    (value,) = server.parameters.values()
    assert json.loads(value) == {
        "user_pool_id": POOL,
        "ours": {name: [arn] for name, arn in OURS.items()},
        "before": {"PreSignUp": THEIRS, "PostConfirmation": None},
    }
