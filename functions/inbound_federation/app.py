"""Inbound federation: what an identity provider sends becomes what the pool can hold."""

import os
from typing import Any

from poolhouse.triggers import Event, added_hooks, sources, trigger
from poolhouse.triggers.federated_attributes import FederatedAttributes

ATTRIBUTES = FederatedAttributes(os.environ.get("FEDERATED_ATTRIBUTES", ""))


# Going on after a failure would let the attributes through as they came.
@trigger(*sources.INBOUND_FEDERATION, on_failure="refuse", added=added_hooks("inbound_federation"))
def lambda_handler(event: Event) -> dict[str, Any]:
    """Hand on the attributes that the pool takes, cleaned."""
    return {"userAttributesToMap": ATTRIBUTES.of(event["request"])}
