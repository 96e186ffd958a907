"""An integration of a WebSocket API: answers every message with who sent it."""

import json
import time
from typing import Any

from poolhouse.gateway import websocket
from poolhouse.gateway.context import NoPrincipalError


def lambda_handler(event: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Let a client connect, and answer each of its messages until the token that it connected with has ended."""
    route = event["requestContext"]["routeKey"]
    if route == "$disconnect":
        return {"statusCode": 200}
    try:
        caller = websocket.principal(event, now=time.time())  # a connection outlives its token
    except NoPrincipalError as error:
        return {"statusCode": 401, "body": json.dumps({"error": f"Connect again with a new token: {error}."})}
    if route == "$connect":
        return websocket.connected(event)
    return {"statusCode": 200, "body": json.dumps({"sub": caller.sub, "roles": sorted(caller.roles)})}
