"""User migration: a user of the old directory moves into the pool with the password they have."""

import os
from typing import Any

from poolhouse.triggers import Event, added_hooks, sources, trigger
from poolhouse.triggers.old_directory import OldDirectory

OLD_DIRECTORY = OldDirectory(os.environ["USER_MIGRATION_URL"], os.environ["USER_MIGRATION_SECRET_ARN"])


@trigger(*sources.USER_MIGRATION, on_failure="refuse", added=added_hooks("user_migration"))
def lambda_handler(event: Event) -> dict[str, Any] | None:
    """Ask the old directory; nobody moves whom it does not know, or whose password is wrong."""
    return OLD_DIRECTORY.migrate(event)
