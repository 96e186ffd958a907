"""Profiles in DynamoDB."""

from collections.abc import Mapping
from typing import Any

from poolhouse.profiles.model import Profile, utc_now
from poolhouse.table import Table


class ProfileRepository(Table):
    """Reads and writes profiles.

    Args:
        table: Name of the profiles table, whose key is ``sub``.
        client: A DynamoDB client; by default one is made when it is first needed.

    Every method raises ``botocore.exceptions.ClientError`` or ``BotoCoreError`` when DynamoDB refuses or does not
    answer.
    """

    def get(self, sub: str) -> Profile | None:
        """The profile with this key as it is now, or None. The read is strongly consistent.

        Raises:
            KeyError, ValueError: The item is no profile that this version knows.
        """
        answer = self._client.get_item(TableName=self._table, Key={"sub": {"S": sub}}, ConsistentRead=True)
        item = answer.get("Item")
        return Profile.from_item(_plain(item)) if item else None

    def create(self, profile: Profile) -> Profile:
        """Store a profile unless one exists already; safe to do twice, also at once.

        Returns:
            The stored profile: the given one, or the one that was there before, untouched.
        """
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_typed(profile.to_item()),
                ConditionExpression="attribute_not_exists(#sub)",
                ExpressionAttributeNames={"#sub": "sub"},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            there: dict[str, Any] = {**error.response}  # the type of the answer leaves Item out
            return Profile.from_item(_plain(there["Item"]))
        return profile

    def ensure(self, attributes: Mapping[str, Any]) -> Profile:
        """The profile of the user with these attributes: made when missing, its copy of the e-mail address refreshed.

        Args:
            attributes: ``request.userAttributes`` of a trigger's event; the pool is where the address is kept.
        """
        profile = self.get(attributes["sub"])
        if profile is None:
            profile = self.create(Profile.from_attributes(attributes))
        email = attributes.get("email")
        return self._with_email(profile, email) if email and email != profile.email else profile

    def record_sign_in(self, sub: str) -> bool:
        """Note on the profile that its user has just signed in.

        It is no change of the profile by anybody: ``version`` and ``updated_at`` stay as they are, so that a change
        that names the version it was made on is not refused because of a sign-in.

        Returns:
            False if there is no profile with this key; none is made, so that a deleted one stays deleted.
        """
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"sub": {"S": sub}},
                UpdateExpression="SET last_sign_in_at = :now",
                ConditionExpression="attribute_exists(#sub)",
                ExpressionAttributeNames={"#sub": "sub"},
                ExpressionAttributeValues={":now": {"S": utc_now()}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _with_email(self, profile: Profile, email: str) -> Profile:
        # Another sign-in may do the same at once: both write the same address, and each counts as a change.
        answer = self._client.update_item(
            TableName=self._table,
            Key={"sub": {"S": profile.sub}},
            UpdateExpression="SET email = :email, updated_at = :now ADD version :one",
            ConditionExpression="attribute_exists(#sub)",
            ExpressionAttributeNames={"#sub": "sub"},
            ExpressionAttributeValues={":email": {"S": email}, ":now": {"S": utc_now()}, ":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )
        return Profile.from_item(_plain(answer["Attributes"]))


def _typed(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in item.items()}


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    # {"S": "text"} -> "text". Numbers stay decimal text, which int() reads.
    return {name: next(iter(value.values())) for name, value in item.items()}
