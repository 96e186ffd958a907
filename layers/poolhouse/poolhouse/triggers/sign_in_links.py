"""Sign-in links in DynamoDB: what is left of a link once its mail is gone, and how many a user has had."""

import hashlib
import time
from typing import TYPE_CHECKING, Final

from poolhouse.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import UniversalAttributeValueTypeDef

LINKS_PER_HOUR: Final = 3
_HOUR: Final = 3600


class SignInLinks(Table):
    """Keeps digests of links, each until it is used or expires, and counts the links of a user.

    Two kinds of items share the table. A link's key is its digest. A user's turns have the keys ``turn-0/...`` to
    ``turn-2/...``, each taken for an hour: a fourth turn within the hour finds none free, exactly and without a read
    that another request could overtake. Both kinds end with ``expires_at``, also before DynamoDB deletes them.

    Args:
        table: Name of the table, whose key is ``digest``.
        client: A DynamoDB client; by default one is made when it is first needed.

    Every method raises ``botocore.exceptions.ClientError`` or ``BotoCoreError`` when DynamoDB refuses or does not
    answer.
    """

    def take_turn(self, user: str) -> bool:
        """Count one more link for a user, unless there have been three within the hour.

        Args:
            user: What names the user, known to the pool or not.

        Returns:
            Whether the user may have the link.
        """
        name = hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()
        return any(self._take(f"turn-{number}/{name}") for number in range(LINKS_PER_HOUR))

    def keep(self, digest: str, seconds: int) -> None:
        """Remember a link.

        Args:
            digest: Of its secret, in hexadecimal.
            seconds: How long it can be used.
        """
        self._client.put_item(TableName=self._table, Item=_item(digest, _now() + seconds))

    def use(self, digest: str) -> bool:
        """Use a link up. Of two uses at the same moment, one is the first.

        Returns:
            Whether there was such a link, not expired and not used before.
        """
        try:
            self._client.delete_item(
                TableName=self._table,
                Key={"digest": {"S": digest}},
                ConditionExpression="expires_at > :now",  # which is false where there is no item
                ExpressionAttributeValues={":now": {"N": str(_now())}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _take(self, key: str) -> bool:
        now = _now()
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(key, now + _HOUR),
                ConditionExpression="attribute_not_exists(#key) OR expires_at <= :now",
                ExpressionAttributeNames={"#key": "digest"},
                ExpressionAttributeValues={":now": {"N": str(now)}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _item(key: str, expires_at: int) -> "dict[str, UniversalAttributeValueTypeDef]":
    return {"digest": {"S": key}, "expires_at": {"N": str(expires_at)}}


def _now() -> int:
    return int(time.time())
