"""What an application reads about a stack names what the stack has, and nothing that it lacks."""

import json
from pathlib import Path
from typing import Any

from local import outputs

STACK = {
    "ApiUrl": "https://api.example.com",
    "UserPoolId": "eu-central-1_Example",
    "WebClientId": "web",
    "ServerClientId": "server",
    "MachineClientId": "machine",
    "MachineClientSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:machine",
    "SignInUrl": "https://login.example.com/login?client_id=web",
    "ProfilesTable": "profiles",
}
POOL: dict[str, Any] = {
    "UsernameAttributes": ["email"],
    "AutoVerifiedAttributes": ["email"],
    "MfaConfiguration": "OPTIONAL",
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 12,
            **dict.fromkeys(("RequireLowercase", "RequireUppercase", "RequireNumbers", "RequireSymbols"), True),
        }
    },
}
CLIENT = {"AllowedOAuthScopes": ["openid"], "CallbackURLs": ["https://app.example.com/"], "LogoutURLs": []}


def written(folder: Path, found: dict[str, str], identities: dict[str, Any] | None) -> tuple[dict[str, Any], str]:
    amplify, env = outputs.write(found, POOL, CLIENT, identities, folder)
    return json.loads(amplify.read_text()), env.read_text()


def test_outputs_name_the_identity_pool_and_whether_it_knows_guests(tmp_path: Path) -> None:
    found = STACK | {"IdentityPoolId": "eu-central-1:pool", "PicturesBucket": "pictures"}
    identities = {"IdentityPoolId": "eu-central-1:pool", "AllowUnauthenticatedIdentities": True}
    amplify, env = written(tmp_path, found, identities)
    assert amplify["auth"]["identity_pool_id"] == "eu-central-1:pool"
    assert amplify["auth"]["unauthenticated_identities_enabled"] is True
    assert amplify["custom"]["pictures_bucket"] == "pictures"
    assert "POOLHOUSE_IDENTITY_POOL_ID=eu-central-1:pool\n" in env
    assert "POOLHOUSE_PICTURES_BUCKET=pictures\n" in env


def test_outputs_without_an_identity_pool_name_none(tmp_path: Path) -> None:
    amplify, env = written(tmp_path, STACK, None)
    assert not {"identity_pool_id", "unauthenticated_identities_enabled"} & set(amplify["auth"])
    assert "pictures_bucket" not in amplify["custom"]
    assert "IDENTITY_POOL" not in env
    assert "PICTURES" not in env
