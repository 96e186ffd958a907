"""What the roles of the identity pool may do: every role by every request, judged by an IAM policy simulator.

The policies are those that the processed template deploys. The simulator is @cloud-copilot/iam-simulate, as pinned in
tests/iam_simulate. It knows which context keys an action has, by AWS's service authorization reference, and a key that
an action does not have never reaches a policy. When AWS sends which key: docs/clients/aws-credentials.md.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from poolhouse.access import default_policy

from local.settings import ROOT
from tests import node
from tests.unit.template.processing import ACCOUNT, REGION, Node, Stack, process
from tests.unit.template.test_identity_pool import rights_of

pytestmark = pytest.mark.node

ROLES = ("member", "support", "admin", "guest")
OWN, OTHER = "5f1e0c3a-1111-4222-8333-444455556666", "9b2d7e4f-1111-4222-8333-444455556666"
BUCKET = "arn:aws:s3:::poolhouse-pictures"
TABLES = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table"
PROFILES = f"{TABLES}/profiles"
ARNS = {"${ProfilesTable.Arn}": PROFILES, "${PicturesBucket.Arn}": BUCKET, "${PicturesBucket}": "poolhouse-pictures"}

EVERYTHING_SHOWN = list(default_policy().fields)
NOT_PERSONAL = [name for name, field in default_policy().fields.items() if not field.personal]


@dataclass(frozen=True)
class Request:
    """One request as IAM sees it.

    Attributes:
        action: The action that IAM judges it by; several operations may share one.
        resource: The ARN.
        context: What AWS tells about the request, without what it tells about every one.
        is_tls: Whether it comes over TLS.
        is_tagged: Whether the session has the user's key as its tag.
    """

    action: str
    resource: str = PROFILES
    context: Mapping[str, str | list[str]] | None = None
    is_tls: bool = True
    is_tagged: bool = True

    def without(self, key: str) -> "Request":
        return replace(self, context={name: each for name, each in (self.context or {}).items() if name != key})


def keyed(action: str, keys: Sequence[str], attributes: Sequence[str], **context: str) -> Request:
    """A request about items with these keys."""
    named: dict[str, str | list[str]] = {"dynamodb:LeadingKeys": list(keys), "dynamodb:Attributes": list(attributes)}
    return Request(f"dynamodb:{action}", context=named | context)


def read(
    action: str, keys: Sequence[str], attributes: Sequence[str] = NOT_PERSONAL, select: str = "SPECIFIC_ATTRIBUTES"
) -> Request:
    """A request that reads items with these keys, by default what tells nothing about a person."""
    return keyed(action, keys, attributes, **{"dynamodb:Select": select})


def scan(select: str = "SPECIFIC_ATTRIBUTES") -> Request:
    """AWS tells no keys of it: it reads all of them."""
    return read("Scan", [], select=select).without("dynamodb:LeadingKeys")


def transaction(keys: Sequence[str], attributes: Sequence[str]) -> Request:
    """An item of TransactGetItems, which IAM judges as GetItem."""
    told = {"dynamodb:Select": "SPECIFIC_ATTRIBUTES", "dynamodb:EnclosingOperation": "TransactGetItems"}
    return keyed("GetItem", keys, attributes, **told)


def write(action: str, keys: Sequence[str]) -> Request:
    return keyed(action, keys, ["sub", "locale"], **{"dynamodb:ReturnValues": "NONE"})


def partiql(action: str, keys: Sequence[str]) -> Request:
    return keyed(action, keys, NOT_PERSONAL)


def selected(keys: Sequence[str], *, is_scan: bool = False, resource: str = PROFILES) -> Request:
    """A SELECT in PartiQL."""
    context = {"dynamodb:Select": "SPECIFIC_ATTRIBUTES", "dynamodb:FullTableScan": str(is_scan).lower()}
    return replace(keyed("PartiQLSelect", keys, NOT_PERSONAL, **context), resource=resource)


def picture(action: str, key: str) -> Request:
    return Request(f"s3:{action}", f"{BUCKET}/{key}")


WRITES = ("PutItem", "UpdateItem", "DeleteItem")
PARTIQL_WRITES = ("PartiQLInsert", "PartiQLUpdate", "PartiQLDelete")

NOBODY: tuple[str, ...] = ()
USERS = ("member", "support", "admin")
STAFF = ("support", "admin")
TABLE: dict[str, tuple[Request, tuple[str, ...]]] = {
    # ---------------------------------------------------------------------------------------------------- GetItem
    "own item": (read("GetItem", [OWN]), USERS),
    "own item, all that policy.toml shows": (read("GetItem", [OWN], EVERYTHING_SHOWN), USERS),
    "own item, its key alone": (read("GetItem", [OWN], ["sub"]), USERS),
    "own item, an attribute that policy.toml does not know": (read("GetItem", [OWN], ["sub", "expires_at"]), NOBODY),
    "own item, no list of attributes": (read("GetItem", [OWN], [], "ALL_ATTRIBUTES"), NOBODY),
    "own item, no list though attributes are told": (read("GetItem", [OWN], ["sub"], "ALL_ATTRIBUTES"), NOBODY),
    "other item": (read("GetItem", [OTHER]), STAFF),
    "other item, with the address": (read("GetItem", [OTHER], [*NOT_PERSONAL, "email"]), ("admin",)),
    **{
        f"other item, {name} alone": (read("GetItem", [OTHER], ["sub", name]), ("admin",) if field.personal else STAFF)
        for name, field in default_policy().fields.items()
    },
    "other item, an attribute that policy.toml does not know": (
        read("GetItem", [OTHER], ["sub", "expires_at"]),
        NOBODY,
    ),
    "other item, no list of attributes": (read("GetItem", [OTHER], [], "ALL_ATTRIBUTES"), NOBODY),
    "another spelling of the own key": (read("GetItem", [OWN.upper()]), STAFF),
    "a key that begins like the own one": (read("GetItem", [f"{OWN}x"]), STAFF),
    "a wildcard as key": (read("GetItem", ["*"]), STAFF),
    "absent key": (read("GetItem", [OWN]).without("dynamodb:LeadingKeys"), NOBODY),
    "absent attributes": (read("GetItem", [OWN]).without("dynamodb:Attributes"), NOBODY),
    "absent tag of the session": (replace(read("GetItem", [OWN]), is_tagged=False), STAFF),
    "absent key and absent tag": (
        replace(read("GetItem", [OWN]).without("dynamodb:LeadingKeys"), is_tagged=False),
        NOBODY,
    ),
    "own item, plain HTTP": (replace(read("GetItem", [OWN]), is_tls=False), NOBODY),
    "other item, plain HTTP": (replace(read("GetItem", [OTHER]), is_tls=False), NOBODY),
    # ----------------------------------------------------------------------------------------------- several items
    "batch of the own item": (read("BatchGetItem", [OWN]), STAFF),
    "batch mixing both": (read("BatchGetItem", [OWN, OTHER]), STAFF),
    "batch mixing both, with personal attributes": (read("BatchGetItem", [OWN, OTHER], EVERYTHING_SHOWN), ("admin",)),
    "batch without keys": (read("BatchGetItem", [OWN]).without("dynamodb:LeadingKeys"), NOBODY),
    "own and other key in one GetItem": (read("GetItem", [OWN, OTHER]), STAFF),
    "own and other key in one GetItem, with personal attributes": (
        read("GetItem", [OWN, OTHER], EVERYTHING_SHOWN),
        ("admin",),
    ),
    "own item in a transaction": (transaction([OWN], EVERYTHING_SHOWN), USERS),
    "other item in a transaction": (transaction([OTHER], NOT_PERSONAL), STAFF),
    "other item in a transaction, with personal attributes": (transaction([OTHER], EVERYTHING_SHOWN), ("admin",)),
    # ------------------------------------------------------------------------------------------------ Query and Scan
    "Query of the own key": (read("Query", [OWN], EVERYTHING_SHOWN), USERS),
    "Query of the own key, no list of attributes": (read("Query", [OWN], ["sub"], "ALL_ATTRIBUTES"), NOBODY),
    "Query of the own key, count alone": (read("Query", [OWN], ["sub"], "COUNT"), NOBODY),
    "Query of another key": (read("Query", [OTHER]), STAFF),
    "Query of another key, with personal attributes": (read("Query", [OTHER], EVERYTHING_SHOWN), ("admin",)),
    "Query that filters by a personal attribute": (read("Query", [OTHER], ["sub", "phone"]), ("admin",)),
    "Query without a key": (read("Query", [OWN]).without("dynamodb:LeadingKeys"), NOBODY),
    "Query, plain HTTP": (replace(read("Query", [OWN]), is_tls=False), NOBODY),
    "Query of the index": (replace(read("Query", ["pat@example.com"]), resource=f"{PROFILES}/index/by-email"), NOBODY),
    "Query of the index with the own key": (replace(read("Query", [OWN]), resource=f"{PROFILES}/index/x"), NOBODY),
    "Scan": (scan(), NOBODY),
    "Scan, no list of attributes": (scan("ALL_ATTRIBUTES"), NOBODY),
    "Scan of the index": (replace(scan(), resource=f"{PROFILES}/index/by-email"), NOBODY),
    # --------------------------------------------------------------------------------------------------------- PartiQL
    "PartiQL SELECT of the own item": (selected([OWN]), NOBODY),
    "PartiQL SELECT of another item": (selected([OTHER]), NOBODY),
    "PartiQL SELECT of the whole table": (selected([], is_scan=True), NOBODY),
    "PartiQL SELECT of the index": (selected([OWN], resource=f"{PROFILES}/index/by-email"), NOBODY),
    **{f"PartiQL: {action} of the own item": (partiql(action, [OWN]), NOBODY) for action in PARTIQL_WRITES},
    **{f"PartiQL: {action} of another item": (partiql(action, [OTHER]), NOBODY) for action in PARTIQL_WRITES},
    # ---------------------------------------------------------------------------------------------------------- writes
    **{f"{action} of the own item": (write(action, [OWN]), NOBODY) for action in WRITES},
    **{f"{action} of another item": (write(action, [OTHER]), NOBODY) for action in WRITES},
    "BatchWriteItem of the own item": (keyed("BatchWriteItem", [OWN], ["sub"]), NOBODY),
    "BatchWriteItem mixing both": (keyed("BatchWriteItem", [OWN, OTHER], ["sub"]), NOBODY),
    "ConditionCheckItem of the own item": (write("ConditionCheckItem", [OWN]), NOBODY),
    # ------------------------------------------------------------------------------------------------ beside the table
    "the audit table, own key": (replace(read("Query", [OWN]), resource=f"{TABLES}/audit"), NOBODY),
    "the table of links, own key": (replace(read("GetItem", [OWN]), resource=f"{TABLES}/links"), NOBODY),
    "a table whose name begins like this one's": (replace(read("GetItem", [OWN]), resource=f"{PROFILES}2"), NOBODY),
    "a stream of the table": (Request("dynamodb:GetRecords", f"{PROFILES}/stream/2026-01-01T00:00:00.000"), NOBODY),
    **{
        f"{action} of the table": (Request(f"dynamodb:{action}"), NOBODY)
        for action in ("DescribeTable", "ExportTableToPointInTime", "DeleteTable", "UpdateTable", "PutResourcePolicy")
    },
    # -------------------------------------------------------------------------------------------------------- pictures
    "own picture": (picture("GetObject", f"{OWN}/me.jpg"), ("member", "admin")),
    "own picture, plain HTTP": (replace(picture("GetObject", f"{OWN}/me.jpg"), is_tls=False), NOBODY),
    "own picture, absent tag of the session": (
        replace(picture("GetObject", f"{OWN}/me.jpg"), is_tagged=False),
        NOBODY,
    ),
    "other prefix": (picture("GetObject", f"{OTHER}/me.jpg"), NOBODY),
    "other prefix that begins like the own one": (picture("GetObject", f"{OWN}x/me.jpg"), NOBODY),
    "no prefix": (picture("GetObject", "me.jpg"), NOBODY),
    "own prefix below another": (picture("GetObject", f"{OTHER}/{OWN}/me.jpg"), NOBODY),
    "list of the bucket": (Request("s3:ListBucket", BUCKET, {"s3:prefix": ""}), NOBODY),
    "list of the own prefix": (Request("s3:ListBucket", BUCKET, {"s3:prefix": f"{OWN}/"}), NOBODY),
    **{
        f"{action} of {whose} picture": (picture(action, f"{sub}/me.jpg"), NOBODY)
        for whose, sub in (("the own", OWN), ("another's", OTHER))
        for action in ("PutObject", "DeleteObject", "GetObjectVersion", "PutObjectAcl", "PutObjectTagging")
    },
    "another bucket, own prefix": (
        replace(picture("GetObject", ""), resource=f"arn:aws:s3:::elsewhere/{OWN}/me.jpg"),
        NOBODY,
    ),
    "policy of the bucket": (Request("s3:PutBucketPolicy", BUCKET), NOBODY),
}
"""By what a request is: the request, and the roles that are allowed it. All others are refused it."""

CELLS = [(name, role) for name in TABLE for role in ROLES]
Verdicts = Mapping[tuple[str, str], str]


class Simulator:
    """Judges requests by what the processed template deploys."""

    def __init__(self, stack: Stack, packages: Path) -> None:
        self._stack, self._packages = stack, packages

    def judge(self, cells: Sequence[tuple[Request, str]]) -> list[str]:
        """Return the verdict of each cell: "Allowed", "ImplicitlyDenied" or "ExplicitlyDenied".

        Raises:
            AssertionError: The simulator found a mistake in a policy or a request.
        """
        return self.run([self._simulation(*cell) for cell in cells])

    def run(self, simulations: Sequence[Node]) -> list[str]:
        """Return the verdict of each simulation, in the simulator's own form."""
        command: list[str | Path] = [
            node.program(),
            ROOT / "tests" / "iam_simulate" / "simulate.mjs",
            self._packages,
        ]
        ran = subprocess.run(command, input=json.dumps(simulations), capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        verdicts = json.loads(ran.stdout)
        for simulation, verdict in zip(simulations, verdicts, strict=True):
            assert verdict["ignored"] == [], f"{simulation['request']} has keys that its action does not have"
        return [verdict["verdict"] for verdict in verdicts]

    def _simulation(self, request: Request, role: str) -> Node:
        resource = f"{role.title()}IdentityRole"
        tag: dict[str, Any] = {"aws:PrincipalTag/sub": OWN} if request.is_tagged and role != "guest" else {}
        simulation: dict[str, Any] = {
            "request": {
                "action": request.action,
                "principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/{resource}/CognitoIdentityCredentials",
                "resource": {"resource": request.resource, "accountId": ACCOUNT},
                "contextVariables": {
                    "aws:SecureTransport": "true" if request.is_tls else "false",
                    **tag,
                    **(request.context or {}),
                },
            },
            "identityPolicies": self._policies(resource),
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }
        if request.action.startswith("s3:") and request.resource.startswith(BUCKET):
            policy = self._stack.resources["PicturesBucketPolicy"]["Properties"]["PolicyDocument"]
            simulation["resourcePolicy"] = deployed(policy)
        return simulation

    def _policies(self, resource: str) -> list[Node]:
        rights = rights_of(self._stack, resource)
        return (
            [{"name": resource, "policy": deployed({"Version": "2012-10-17", "Statement": rights})}] if rights else []
        )


def deployed(policy: Node) -> Node:
    """Return a policy with the ARNs that a deployed stack would have."""
    text = json.dumps(policy)
    for symbol, arn in ARNS.items():
        text = text.replace(symbol, arn)
    return json.loads(text)


@pytest.fixture(scope="module")
def simulator(template: Node, tmp_path_factory: pytest.TempPathFactory) -> Simulator:
    packages = node.packages(ROOT / "tests" / "iam_simulate", tmp_path_factory.mktemp("iam_simulate"))
    return Simulator(process(template, GuestCredentials="on"), packages)


@pytest.fixture(scope="module")
def verdicts(simulator: Simulator) -> Verdicts:
    """The whole table, judged at once."""
    return dict(zip(CELLS, simulator.judge([(TABLE[name][0], role) for name, role in CELLS]), strict=True))


@pytest.mark.parametrize("name", TABLE)
def test_request_is_allowed_to_the_named_roles_alone(name: str, verdicts: Verdicts) -> None:
    assert {role for role in ROLES if verdicts[name, role] == "Allowed"} == set(TABLE[name][1])


def test_table_has_every_cell(verdicts: Verdicts) -> None:
    assert set(verdicts) == {(name, role) for name in TABLE for role in ROLES}
    assert len(TABLE) * len(ROLES) == len(verdicts)


def test_what_is_allowed_needs_tls_a_key_and_a_list_of_attributes(simulator: Simulator) -> None:
    """Each guard by itself: whatever a role is allowed, it is refused as soon as one of them is missing."""
    allowed = [(request, role) for request, roles in TABLE.values() for role in roles]
    for_items = [cell for cell in allowed if cell[0].action.startswith("dynamodb:")]
    bare = [
        *((replace(request, is_tls=False), role) for request, role in allowed),
        *((request.without("dynamodb:LeadingKeys"), role) for request, role in for_items),
        *((request.without("dynamodb:Attributes"), role) for request, role in for_items),
        *((request.without("dynamodb:Select"), role) for request, role in for_items),
    ]
    assert len(for_items) > 30
    assert "Allowed" not in simulator.judge(bare)


def test_bucket_refuses_plain_http_to_whoever_has_rights(simulator: Simulator) -> None:
    """The bucket's own policy, beside the condition in the roles: for functions and administrators too."""
    simulation = simulator._simulation(picture("GetObject", f"{OTHER}/me.jpg"), "admin")
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    plain = json.loads(json.dumps(simulation | {"identityPolicies": [{"name": "all", "policy": everything}]}))
    over_tls = json.loads(json.dumps(plain))
    plain["request"]["contextVariables"]["aws:SecureTransport"] = "false"
    assert simulator.run([plain, over_tls]) == ["ExplicitlyDenied", "Allowed"]
