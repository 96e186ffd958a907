"""A direct Lambda resolver of an AppSync API: answers with who calls."""

import time
from typing import Any

from poolhouse.gateway import appsync


def lambda_handler(event: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Resolve ``Query.caller``.

    Raises:
        NoPrincipalError: The request names nobody, or its token has ended. AppSync makes an error of the field of it.
    """
    caller = appsync.principal(event, now=time.time())
    return {"sub": caller.sub, "roles": sorted(caller.roles), "scopes": sorted(caller.scopes)}
