"""Which role Cognito gives a user or a guest, by the rules that AWS documents. A stand-in: no emulator models them.

What a user's groups put into the ID token, and which role an identity pool makes of it:
https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html
https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_RoleMapping.html
Whether a token is taken at all:
https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html
"""

from collections.abc import Collection, Mapping
from typing import Any

from tests.unit.template.processing import REGION, Stack


class RefusedError(Exception):
    """Cognito hands out no credentials."""


def provider_of(stack: Stack) -> str:
    """Return the name that the user pool has as a provider of tokens.

    https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html
    """
    existing = stack.parameters["ExistingUserPoolId"]
    return f"cognito-idp.{REGION}.amazonaws.com/{existing}" if existing else "${UserPool.ProviderName}"


def web_client_of(stack: Stack) -> str:
    """Return the app client whose users get credentials."""
    return stack.parameters["ExistingPoolWebClientId"] or "${WebClient}"


def id_token(client: str, groups: Mapping[str, tuple[str | None, int]]) -> dict[str, Any]:
    """Return the claims of a user's ID token that decide about a role.

    Args:
        client: The app client that the user signed in to.
        groups: By name, the groups that the user is in: the role of each, if it has one, and its precedence.
    """
    with_role = [(precedence, role) for role, precedence in groups.values() if role]
    claims: dict[str, Any] = {"token_use": "id", "aud": client, "sub": "pat"}
    if with_role:
        best = min(with_role)[0]
        candidates = {role for precedence, role in with_role if precedence == best}
        claims["cognito:roles"] = [role for _, role in with_role]
        if len(candidates) == 1:
            claims["cognito:preferred_role"] = candidates.pop()
    return claims


def role_of(
    stack: Stack, claims: Mapping[str, Any] | None, *, custom: str | None = None, is_signed_out: bool = False
) -> str:
    """Return the role whose credentials GetCredentialsForIdentity hands out.

    Args:
        stack: The stack with the identity pool.
        claims: Those of a valid token of the user pool; None is a guest, who has no token.
        custom: CustomRoleArn of the call.
        is_signed_out: The user has been signed out everywhere, disabled or deleted since the token was made.

    Raises:
        RefusedError: There are none.
    """
    pool = stack.only("AWS::Cognito::IdentityPool")
    attachment = stack.only("AWS::Cognito::IdentityPoolRoleAttachment")
    if claims is None:
        if not pool["AllowUnauthenticatedIdentities"]:
            raise RefusedError("unauthenticated access is not supported for this identity pool")
        return str(attachment["Roles"]["unauthenticated"])
    known = [each for each in pool["CognitoIdentityProviders"] if each["ClientId"] == claims.get("aud")]
    if not known or known[0]["ProviderName"] != provider_of(stack):  # an access token has no audience
        raise RefusedError("the token is not from a supported provider of this identity pool")
    if is_signed_out and known[0]["ServerSideTokenCheck"]:
        raise RefusedError("the user is signed out")
    for mapping in attachment.get("RoleMappings", {}).values():
        if mapping["IdentityProvider"] == f"{provider_of(stack)}:{claims['aud']}":
            return _mapped(mapping, claims, str(attachment["Roles"]["authenticated"]), custom)
    return str(attachment["Roles"]["authenticated"])


def trusts(trust: Mapping[str, Any], pool: str, amr: Collection[str], actions: Collection[str]) -> bool:
    """Whether a statement of a role's trust policy lets an identity pool hand the role out.

    Args:
        trust: The statement.
        pool: The identity pool: ``aud`` of the token that Cognito shows to STS.
        amr: ``amr`` of that token.
        actions: What Cognito does: assume the role, and tag the session.
    """
    condition = trust["Condition"]
    allowed = trust["Action"] if isinstance(trust["Action"], list) else [trust["Action"]]
    return bool(
        trust["Effect"] == "Allow"
        and trust["Principal"] == {"Federated": "cognito-identity.amazonaws.com"}
        and condition.keys() == {"StringEquals", "ForAnyValue:StringLike"}
        and condition["StringEquals"] == {"cognito-identity.amazonaws.com:aud": pool}
        and condition["ForAnyValue:StringLike"]["cognito-identity.amazonaws.com:amr"] in amr
        and set(actions) <= set(allowed)
    )


def _mapped(mapping: Mapping[str, Any], claims: Mapping[str, Any], default: str, custom: str | None) -> str:
    if mapping["Type"] != "Token":
        raise NotImplementedError("rules are not modelled here")
    roles = claims.get("cognito:roles", [])
    if custom:
        if custom not in roles:
            raise RefusedError("the token does not have the role that was asked for")
        return custom
    if "cognito:preferred_role" in claims:
        return str(claims["cognito:preferred_role"])
    if not roles:
        return default
    if mapping["AmbiguousRoleResolution"] == "Deny":
        raise RefusedError("the ambiguous role mapping rules denied this request")
    return default
