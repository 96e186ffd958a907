"""Attach triggers: a custom resource that puts this stack's triggers into a user pool that exists already."""

import os
from typing import Any

from poolhouse import custom_resource
from poolhouse.pools.attachment import Attachment, Wanted
from poolhouse.pools.records import Records
from poolhouse.pools.stacks import StackResource

ATTACHMENT = Attachment(Records(os.environ["RECORD_PARAMETER"]))
STACKS = StackResource()


def lambda_handler(event: dict[str, Any], context: custom_resource.Context) -> dict[str, Any] | None:
    """Attach at Create and Update, detach at Delete; ``Plan``, which a person sends, says what would change."""
    properties = event["ResourceProperties"]
    if event["RequestType"] == "Plan":
        return ATTACHMENT.plan(Wanted.from_properties(properties)).as_answer()

    def work(seconds: float) -> None:
        if event["RequestType"] == "Delete":
            ATTACHMENT.detach(properties["UserPoolId"], seconds=seconds)
        else:
            wanted = Wanted.from_properties(properties)
            ATTACHMENT.attach(wanted, still_wanted=lambda: STACKS.is_in_progress(event), seconds=seconds)

    # The pool is no part of the id: another pool is refused, and must not make CloudFormation delete what was attached.
    custom_resource.run(event, context, "attached-triggers", work)
    return None
