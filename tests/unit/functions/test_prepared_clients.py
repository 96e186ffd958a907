"""Which clients of AWS a function has made by the time of its first event, when Lambda takes its processor away."""

from collections.abc import Mapping
from typing import Any

import pytest
from poolhouse import aws

from tests.unit.functions.conftest import Load

TABLES = {"PROFILES_TABLE": "profiles", "AUDIT_TABLE": "audit"}
LINKS = {
    "SIGN_IN_LINKS_TABLE": "links",
    "SIGN_IN_LINK_MINUTES": "15",
    "MAGIC_LINK_URL": "https://app.example.com/sign-in",
    "SES_IDENTITY_ARN": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
    "FROM_EMAIL_ADDRESS": "no-reply@example.com",
}
DIRECTORY = {"USER_MIGRATION_URL": "https://old.example.com/", "USER_MIGRATION_SECRET_ARN": "old-directory"}
API = {"DELETED_PROFILE_DAYS": "90", "DELETED_USERS": "remove", "PICTURES_BUCKET": "pictures", "USER_POOL_ID": "x"}


@pytest.mark.parametrize(
    ("function", "environment", "services"),
    [
        ("pre_sign_up", {}, []),
        ("pre_sign_up", {"AUTO_CONFIRM_USERS": "on"}, ["cognito-idp"]),
        ("pre_sign_up", {"TRUSTED_IDENTITY_PROVIDERS": "Google"}, ["cognito-idp"]),
        ("post_confirmation", TABLES, ["dynamodb"]),
        ("pre_authentication", TABLES, ["dynamodb"]),
        ("post_authentication", TABLES, ["dynamodb"]),
        ("pre_token_generation", TABLES, ["cognito-idp", "dynamodb"]),
        ("magic_link", LINKS, ["dynamodb", "sesv2"]),
        ("user_migration", DIRECTORY, ["secretsmanager"]),
        ("custom_message", {}, []),
        ("inbound_federation", {}, []),
        ("profile_api", TABLES | API, ["dynamodb"]),  # most requests want no more
    ],
)
def test_clients_that_its_events_need_are_made_at_the_start(
    function: str, environment: Mapping[str, str], services: list[str], load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    make = aws._made

    def noted(service: str, *arguments: Any) -> Any:
        made.append(service)
        return make(service, *arguments)

    monkeypatch.setattr(aws, "_made", noted)
    load(function, **environment)
    assert sorted(made) == services
