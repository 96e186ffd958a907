"""Writes what an application needs to know of the stack: for Amplify, and as environment variables."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

AMPLIFY_FILE = "amplify_outputs.json"
ENV_FILE = ".env"


def write(
    outputs: Mapping[str, str],
    pool: Mapping[str, Any],
    client: Mapping[str, Any],
    identities: Mapping[str, Any] | None,
    folder: Path,
    endpoint_url: str | None = None,
) -> list[Path]:
    """Write ``amplify_outputs.json`` (Amplify v6) and ``.env``.

    Neither holds a secret: both may be part of a web page.

    Args:
        outputs: The stack's outputs.
        pool: ``UserPool`` of DescribeUserPool.
        client: ``UserPoolClient`` of DescribeUserPoolClient for the web client.
        identities: What DescribeIdentityPool answers; None where the stack has no identity pool.
        folder: Where to write them.
        endpoint_url: Where the local stack answers in AWS's place; None on AWS.

    Returns:
        The files.
    """
    amplify, env = folder / AMPLIFY_FILE, folder / ENV_FILE
    settings, variables = _amplify(outputs, pool, client, identities), _variables(outputs)
    if endpoint_url:
        # Amplify's file has no field for it. Under `custom` is whatever an application reads itself.
        settings["custom"]["aws_endpoint_url"] = variables["AWS_ENDPOINT_URL"] = endpoint_url
    amplify.write_text(json.dumps(settings, indent=2) + "\n")
    env.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    return [amplify, env]


def _amplify(
    outputs: Mapping[str, str],
    pool: Mapping[str, Any],
    client: Mapping[str, Any],
    identities: Mapping[str, Any] | None,
) -> dict[str, Any]:
    region = outputs["UserPoolId"].partition("_")[0]
    policy = pool["Policies"]["PasswordPolicy"]
    # The API's own page at /docs signs in through the same client; an application is not sent back there.
    callbacks = [each for each in client["CallbackURLs"] if not each.startswith(f"{outputs['ApiUrl']}/")]
    return {
        "version": "1.4",
        "auth": {
            "aws_region": region,
            "user_pool_id": outputs["UserPoolId"],
            "user_pool_client_id": outputs["WebClientId"],
            **_identity_pool(identities),
            "username_attributes": pool["UsernameAttributes"],
            "user_verification_types": pool["AutoVerifiedAttributes"],
            "standard_required_attributes": ["email"],
            "mfa_configuration": {"OFF": "NONE", "OPTIONAL": "OPTIONAL", "ON": "REQUIRED"}[pool["MfaConfiguration"]],
            "mfa_methods": [] if pool["MfaConfiguration"] == "OFF" else ["TOTP"],
            "password_policy": {
                "min_length": policy["MinimumLength"],
                "require_lowercase": policy["RequireLowercase"],
                "require_uppercase": policy["RequireUppercase"],
                "require_numbers": policy["RequireNumbers"],
                "require_symbols": policy["RequireSymbols"],
            },
            "oauth": {
                "identity_providers": [],
                "domain": urlsplit(outputs["SignInUrl"]).netloc,
                "scopes": client["AllowedOAuthScopes"],
                "redirect_sign_in_uri": callbacks,
                "redirect_sign_out_uri": client["LogoutURLs"],
                "response_type": "code",
            },
        },
        "custom": {
            "API": {"profiles": {"endpoint": outputs["ApiUrl"], "region": region, "apiName": "profiles"}},
            "profiles_table": outputs["ProfilesTable"],
            **({"pictures_bucket": outputs["PicturesBucket"]} if "PicturesBucket" in outputs else {}),
        },
    }


def _identity_pool(identities: Mapping[str, Any] | None) -> dict[str, Any]:
    if identities is None:
        return {}
    return {
        "identity_pool_id": identities["IdentityPoolId"],
        "unauthenticated_identities_enabled": identities["AllowUnauthenticatedIdentities"],
    }


def _variables(outputs: Mapping[str, str]) -> dict[str, str]:
    optional = {"POOLHOUSE_IDENTITY_POOL_ID": "IdentityPoolId", "POOLHOUSE_PICTURES_BUCKET": "PicturesBucket"}
    return {
        "AWS_REGION": outputs["UserPoolId"].partition("_")[0],
        "POOLHOUSE_API_URL": outputs["ApiUrl"],
        "POOLHOUSE_USER_POOL_ID": outputs["UserPoolId"],
        "POOLHOUSE_WEB_CLIENT_ID": outputs["WebClientId"],
        "POOLHOUSE_SERVER_CLIENT_ID": outputs["ServerClientId"],
        "POOLHOUSE_MACHINE_CLIENT_ID": outputs["MachineClientId"],
        "POOLHOUSE_MACHINE_CLIENT_SECRET_ARN": outputs["MachineClientSecretArn"],
        "POOLHOUSE_SIGN_IN_URL": outputs["SignInUrl"],
        "POOLHOUSE_PROFILES_TABLE": outputs["ProfilesTable"],
        **{name: outputs[output] for name, output in optional.items() if output in outputs},
    }
