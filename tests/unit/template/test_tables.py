"""The tables: what is kept, how long, and what protects it."""

from tests.unit.template.processing import Node, Stack

TABLES: dict[str, Node] = {
    "ProfilesTable": {"keys": ["sub"], "indexes": {"by-email": ["email"]}, "expires": "expires_at"},
    "AuditTable": {"keys": ["sub", "at"], "indexes": {}, "expires": None},
    "SignInLinksTable": {"keys": ["digest"], "indexes": {}, "expires": "expires_at"},
}
"""By logical id: key attributes (hash, then range), those of each index, and the attribute that ends an item's life."""


def test_tables_are_the_designed_ones(stack: Stack) -> None:
    assert set(stack.of_type("AWS::DynamoDB::Table")) == set(TABLES)


def test_tables_have_the_designed_keys(stack: Stack) -> None:
    for name, table in stack.of_type("AWS::DynamoDB::Table").items():
        assert [each["AttributeName"] for each in table["KeySchema"]] == TABLES[name]["keys"], name
        assert [each["KeyType"] for each in table["KeySchema"]] == ["HASH", "RANGE"][: len(table["KeySchema"])], name
        indexes = {
            each["IndexName"]: [key["AttributeName"] for key in each["KeySchema"]]
            for each in table.get("GlobalSecondaryIndexes", [])
        }
        assert indexes == TABLES[name]["indexes"], name


def test_tables_have_no_local_index(stack: Stack) -> None:
    """One can only be made together with the table, and limits what one key may hold to 10 GB.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
    """
    assert not [each for each in stack.of_type("AWS::DynamoDB::Table").values() if "LocalSecondaryIndexes" in each]


def test_tables_cost_nothing_unused(stack: Stack) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"""
    for name, table in stack.of_type("AWS::DynamoDB::Table").items():
        assert table["BillingMode"] == "PAY_PER_REQUEST", name


def test_tables_can_be_restored(stack: Stack) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html"""
    for name, table in stack.of_type("AWS::DynamoDB::Table").items():
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True, name


def test_tables_are_encrypted(stack: Stack) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html"""
    for name, table in stack.of_type("AWS::DynamoDB::Table").items():
        assert table["SSESpecification"]["SSEEnabled"] is True, name


def test_tables_forget_what_expires(stack: Stack) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html"""
    for name, table in stack.of_type("AWS::DynamoDB::Table").items():
        attribute = TABLES[name]["expires"]
        expected = {"AttributeName": attribute, "Enabled": True} if attribute else None
        assert table.get("TimeToLiveSpecification") == expected, name


def test_tables_are_protected_by_parameter(stack: Stack) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"""
    is_protected = stack.parameters["DataProtection"] == "on"
    for name, table in stack.of_type("AWS::DynamoDB::Table").items():
        assert table["DeletionProtectionEnabled"] is is_protected, name
        assert stack.resources[name]["DeletionPolicy"] == ("Retain" if is_protected else "Delete"), name
        assert stack.resources[name]["UpdateReplacePolicy"] == ("Retain" if is_protected else "Delete"), name
