"""An integration of a REST API: answers with who calls."""

import json
import time
from typing import Any

from poolhouse.gateway import rest_api
from poolhouse.gateway.context import NoPrincipalError
from poolhouse.gateway.problems import CONTENT_TYPE, Problem


def lambda_handler(event: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Answer 200 with who calls, or 401 to a request that names nobody or whose token has ended."""
    try:
        caller = rest_api.principal(event, now=time.time())
    except NoPrincipalError as error:
        problem = Problem(401, "unauthorized", f"Sign in and try again: {error}.", {"error": "invalid_token"})
        headers = problem.headers() | {"Content-Type": CONTENT_TYPE}
        return {"statusCode": problem.status, "headers": headers, "body": problem.body()}
    shown = {"sub": caller.sub, "roles": sorted(caller.roles), "scopes": sorted(caller.scopes)}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(shown)}
