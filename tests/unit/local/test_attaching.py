"""What `make attach-plan` takes for wanted is what the template attaches."""

from collections.abc import Iterator

import pytest
from poolhouse.pools.attachment import Attachment, Wanted
from poolhouse.pools.records import Records
from poolhouse.pools.settings import PoolSettings

from local import attaching
from local.settings import LocalError
from tests.unit.pools.pool_server import POOL, RECORD, Pool, PoolServer
from tests.unit.template.conftest import BESIDE_A_POOL, SES
from tests.unit.template.processing import load, process

ROLE = "arn:aws:iam::123456789012:role/sms"


@pytest.fixture
def server() -> Iterator[PoolServer]:
    with PoolServer({POOL: Pool({})}).running() as server:
        yield server


@pytest.mark.parametrize(
    "given",
    [
        *BESIDE_A_POOL.values(),
        BESIDE_A_POOL["existing"] | SES | {"CustomMessage": "on", "PreSignUp": "off", "PreTokenGeneration": "off"},
    ],
)
def test_wanted_triggers_are_those_that_the_template_attaches(given: dict[str, str]) -> None:
    properties = process(load(), **given).only("Custom::AttachedTriggers")
    found = attaching.attached_triggers(given, lambda name: f"${{{name}.Arn}}")
    assert found == {name: properties[name] for name in ("UserPoolId", "OnConflict", "Triggers")}


def test_parameters_are_read_as_sam_takes_them() -> None:
    assert attaching.parsed("PreAuthentication=on  Jwks=a=b ") == {"PreAuthentication": "on", "Jwks": "a=b"}
    with pytest.raises(LocalError, match="PARAMETERS has 'on': write them as Name=value"):
        attaching.parsed("PreAuthentication= on")


def test_unknown_parameter_is_refused() -> None:
    with pytest.raises(LocalError, match=r"no parameter PreAuthentification: docs/parameters\.md"):
        attaching.attached_triggers({"PreAuthentification": "on"}, str)


@pytest.mark.parametrize("pool", ["", "poolhouse", "eu-central-1"])
def test_malformed_pool_id_is_refused_without_a_call(pool: str) -> None:
    with pytest.raises(LocalError, match="malformed_pool_id: .*reads like"):
        attaching.plan(pool, "poolhouse", "")


def test_plan_is_shown_with_what_the_deployment_has_to_name(server: PoolServer) -> None:
    server.pool.settings["SmsConfiguration"] = {"SnsCallerArn": ROLE}
    attachment = Attachment(Records(RECORD, server.client("ssm")), PoolSettings(server.client("cognito-idp")))
    shown = attaching.shown(attachment.plan(Wanted(POOL, {"PreSignUp": "arn:aws:lambda:us-east-1:1:function:ours"})))
    assert '+    "PreSignUp": "arn:aws:lambda:us-east-1:1:function:ours"' in shown
    assert f"deploy with ExistingPoolRoleArns={ROLE}" in shown
    assert "ExistingPoolKeyArns" not in shown


def test_plan_that_changes_nothing_says_so(server: PoolServer) -> None:
    attachment = Attachment(Records(RECORD, server.client("ssm")), PoolSettings(server.client("cognito-idp")))
    assert attaching.shown(attachment.plan(Wanted(POOL, {}))).startswith("Nothing would change")
