"""A user pool that answers what a test has told it to."""

from typing import Any

from tests.unit.stubbed import StubbedService

POOL = "us-east-1_EXAMPLE01"


class StubbedPool(StubbedService):
    """Announces calls; every method is one call that is to come, in this order."""

    service = "cognito-idp"

    def will_describe_client(self, client_id: str, scopes: list[str] | None) -> None:
        """The description of an app client, which lists these scopes or has no such list."""
        described: dict[str, Any] = {"UserPoolId": POOL, "ClientId": client_id}
        if scopes is not None:
            described["AllowedOAuthScopes"] = scopes
        self._stubber.add_response(
            "describe_user_pool_client", {"UserPoolClient": described}, {"UserPoolId": POOL, "ClientId": client_id}
        )

    def will_list_users(self, email: str, *pages: list[dict[str, Any]]) -> None:
        """The users who hold an address: each page as Cognito tells it, see `told`."""
        asked = {"UserPoolId": POOL, "Filter": f'email = "{email}"'}
        for number, page in enumerate(pages):
            token = {"PaginationToken": f"page{number + 1}"} if number + 1 < len(pages) else {}
            self._stubber.add_response("list_users", {"Users": page, **token}, asked)
            asked = {**asked, **token}

    def will_link(self, username: str, provider: str, subject: str) -> None:
        """The linking of an identity to a user."""
        asked = {
            "UserPoolId": POOL,
            "DestinationUser": {"ProviderName": "Cognito", "ProviderAttributeValue": username},
            "SourceUser": {
                "ProviderName": provider,
                "ProviderAttributeName": "Cognito_Subject",
                "ProviderAttributeValue": subject,
            },
        }
        self._stubber.add_response("admin_link_provider_for_user", {}, asked)

    def will_take_out(self, sub: str, username: str, call: str) -> None:
        """The search for a user by their ``sub``, and the call that disables or deletes them."""
        self.will_find_by_sub(sub, [username])
        self._stubber.add_response(call, {}, {"UserPoolId": POOL, "Username": username})

    def will_find_by_sub(self, sub: str, usernames: list[str]) -> None:
        """The search for a user by their ``sub``, which finds one or nobody."""
        asked = {"UserPoolId": POOL, "Filter": f'sub = "{sub}"', "AttributesToGet": ["sub"]}
        self._stubber.add_response("list_users", {"Users": [{"Username": name} for name in usernames]}, asked)

    def will_fail(self, code: str, text: str = "", operation: str = "describe_user_pool_client") -> None:
        """An error of Cognito in answer to a call; by default to the question for an app client."""
        self._stubber.add_client_error(operation, service_error_code=code, service_message=text)


def told(
    username: str = "ada", *, status: str = "CONFIRMED", enabled: bool = True, identities: str = "", **attributes: str
) -> dict[str, Any]:
    """A user as ListUsers tells it: by default one whose address is verified.

    Args:
        username: The username.
        status: ``UserStatus``.
        enabled: ``Enabled``.
        identities: The attribute of that name, JSON; none if empty.
        **attributes: Attributes in place of the default ones, or further ones.
    """
    listed = {"sub": username, "email": "ada@example.com", "email_verified": "true", **attributes}
    if identities:
        listed["identities"] = identities
    return {
        "Username": username,
        "UserStatus": status,
        "Enabled": enabled,
        "Attributes": [{"Name": name, "Value": value} for name, value in listed.items()],
    }
