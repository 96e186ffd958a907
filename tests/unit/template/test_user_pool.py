"""The user pool: its triggers, its app clients, its sign-in page, its groups and scopes.

The emulator takes most of what Cognito refuses, so these rules are judged on the processed template.
"""

import tomllib
from collections.abc import Iterator

import pytest

from tests.unit.template.processing import ACCOUNT, ROOT, Node, Stack, process, references

COGNITO = "cognito-idp.amazonaws.com"
POLICY = tomllib.loads((ROOT / "layers/poolhouse/poolhouse/access/policy.toml").read_text("utf-8"))
STANDARD_SCOPES = {"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"}
NEVER_WRITABLE = {"sub", "email_verified", "phone_number_verified", "identities"}
"""Attributes that a user who may write them could use to pass for somebody else."""


@pytest.fixture
def stack(pool_stack: Stack) -> Stack:
    """Return the stack with a pool of its own; test_existing_pool.py is about the others."""
    return pool_stack


def trigger_arns(lambda_config: Node) -> Iterator[tuple[str, str]]:
    """Yield (trigger, ARN) for every function that a pool's LambdaConfig names."""
    for trigger, value in lambda_config.items():
        if trigger != "KMSKeyID":
            yield trigger, value["LambdaArn"] if isinstance(value, dict) else value


def code_flow_clients(stack: Stack) -> dict[str, Node]:
    """Return the app clients whose users see the sign-in page."""
    clients = stack.of_type("AWS::Cognito::UserPoolClient")
    return {name: each for name, each in clients.items() if {"code", "implicit"} & set(each["AllowedOAuthFlows"])}


def api_url(stack: Stack) -> str:
    """Return the API's address, which the output names once it is deployed."""
    own = stack.parameters["ApiDomainName"]
    stage = stack.parameters["StageName"]
    return (f"https://{own}" if own else "${Api.ApiEndpoint}") + ("" if stage == "$default" else f"/{stage}")


def server_scopes(stack: Stack) -> dict[str, str]:
    """Return every custom scope that the resource servers define, with the description users are shown."""
    return {
        f"{server['Identifier']}/{scope['ScopeName']}": scope["ScopeDescription"]
        for server in stack.of_type("AWS::Cognito::UserPoolResourceServer").values()
        for scope in server["Scopes"]
    }


def test_triggers_may_be_called_by_the_pool_alone(stack: Stack) -> None:
    """A trigger without a permission fails every sign-in; one without its source can be called from any pool.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
    https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
    """
    permissions = list(stack.of_type("AWS::Lambda::Permission").values())
    triggers = list(trigger_arns(stack.only("AWS::Cognito::UserPool")["LambdaConfig"]))
    assert triggers or stack.parameters["PreSignUp"] == "off"
    for trigger, arn in triggers:
        (function,) = references(arn)
        matching = [each for each in permissions if references(each["FunctionName"]) == {function}]
        assert {
            "Action": "lambda:InvokeFunction",
            "FunctionName": f"${{{function}}}",
            "Principal": COGNITO,
            "SourceArn": "${UserPool.Arn}",
            "SourceAccount": ACCOUNT,
        } in matching, f"{trigger}: {function} has no permission for this pool"


def test_triggers_that_the_roles_rest_on_are_there_by_default(default_stack: Stack) -> None:
    config = default_stack.only("AWS::Cognito::UserPool")["LambdaConfig"]
    assert {"PreSignUp", "PostConfirmation", "PreTokenGeneration"} <= config.keys()


@pytest.mark.parametrize(
    "trigger", ["PreSignUp", "PostConfirmation", "PreTokenGeneration", "PreAuthentication", "PostAuthentication"]
)
def test_triggers_that_are_off_leave_nothing_behind(stack: Stack, trigger: str) -> None:
    is_on = stack.parameters[trigger] == "on"
    config = stack.only("AWS::Cognito::UserPool")["LambdaConfig"]
    assert config.get(trigger) == (f"${{{trigger}Function.Arn}}" if is_on else None)
    of_trigger = {f"{trigger}{part}" for part in ("Function", "LogGroup", "Role", "Permission")}
    of_stack = {name for name in stack.resources if name.startswith(trigger)}
    assert of_stack - {f"{trigger}PoolPolicy"} == (of_trigger if is_on else set())
    assert is_on or not of_stack


def test_triggers_answer_within_five_seconds(stack: Stack) -> None:
    """Cognito waits for 5 s, then calls again: a longer timeout only hides that.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
    """
    for trigger, arn in trigger_arns(stack.only("AWS::Cognito::UserPool")["LambdaConfig"]):
        (function,) = references(arn)
        assert stack.resources[function]["Properties"]["Timeout"] <= 5, trigger


def test_pre_token_generation_names_one_function(stack: Stack) -> None:
    """Cognito refuses a pool whose two settings differ.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_LambdaConfigType.html
    """
    config = stack.only("AWS::Cognito::UserPool")["LambdaConfig"]
    assert config.get("PreTokenGeneration") == (config.get("PreTokenGenerationConfig") or {}).get("LambdaArn")


def test_pre_token_generation_version_is_within_the_feature_plan(stack: Stack) -> None:
    """Access token customisation needs Essentials or Plus.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
    """
    pool = stack.only("AWS::Cognito::UserPool")
    config = pool["LambdaConfig"].get("PreTokenGenerationConfig")
    if stack.parameters["PreTokenGeneration"] == "off":
        assert config is None
        return
    assert config["LambdaVersion"] == stack.parameters["TokenTriggerVersion"]
    assert config["LambdaVersion"] in {"V2_0", "V3_0"}
    assert pool["UserPoolTier"] in {"ESSENTIALS", "PLUS"}


def test_pool_signs_in_by_verified_email(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html"""
    pool = stack.only("AWS::Cognito::UserPool")
    assert pool["UsernameAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    assert pool["AccountRecoverySetting"]["RecoveryMechanisms"] == [{"Name": "verified_email", "Priority": 1}]


def test_pool_asks_for_strong_passwords(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html"""
    policy = stack.only("AWS::Cognito::UserPool")["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 12
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))


def test_pool_mfa_is_by_authenticator_app_where_it_is_on(stack: Stack) -> None:
    """Cognito refuses MFA without a factor. A text message would need a role and costs money.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
    """
    pool = stack.only("AWS::Cognito::UserPool")
    assert pool["MfaConfiguration"] == stack.parameters["MfaConfiguration"]
    assert pool.get("EnabledMfas", []) == ([] if pool["MfaConfiguration"] == "OFF" else ["SOFTWARE_TOKEN_MFA"])


def test_pool_sends_through_ses_where_it_is_given(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html"""
    mail = stack.only("AWS::Cognito::UserPool")["EmailConfiguration"]
    arn, sender = stack.parameters["SesIdentityArn"], stack.parameters["FromEmailAddress"]
    if arn:
        assert mail == {"EmailSendingAccount": "DEVELOPER", "SourceArn": arn, "From": sender}
    else:
        assert mail == {"EmailSendingAccount": "COGNITO_DEFAULT"}


def test_pool_issuer_follows_its_parameter(stack: Stack) -> None:
    issuer = stack.only("AWS::Cognito::UserPool")["IssuerConfiguration"]
    assert issuer == {"Type": stack.parameters["IssuerType"]}


def test_pool_is_protected_by_parameter(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html"""
    resource = stack.resources["UserPool"]
    is_protected = stack.parameters["DataProtection"] == "on"
    assert resource["Properties"]["DeletionProtection"] == ("ACTIVE" if is_protected else "INACTIVE")
    assert resource["DeletionPolicy"] == ("Retain" if is_protected else "Delete")
    assert resource["UpdateReplacePolicy"] == ("Retain" if is_protected else "Delete")


def test_clients_list_only_scopes_that_exist(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html"""
    known = STANDARD_SCOPES | set(server_scopes(stack))
    for name, client in stack.of_type("AWS::Cognito::UserPoolClient").items():
        assert client["AllowedOAuthScopes"], name
        assert set(client["AllowedOAuthScopes"]) <= known, name


def test_clients_wait_for_the_resource_server_of_their_scopes(stack: Stack) -> None:
    """Cognito refuses a client whose scope does not exist yet (ScopeDoesNotExistException).

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    """
    servers = stack.of_type("AWS::Cognito::UserPoolResourceServer")
    for name, client in stack.of_type("AWS::Cognito::UserPoolClient").items():
        listed = {scope.partition("/")[0] for scope in client["AllowedOAuthScopes"] if "/" in scope}
        needed = {server for server, each in servers.items() if each["Identifier"] in listed}
        assert needed <= stack.needs(name), name


def test_clients_wait_for_their_identity_providers(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html"""
    providers = stack.of_type("AWS::Cognito::UserPoolIdentityProvider")
    for name, client in stack.of_type("AWS::Cognito::UserPoolClient").items():
        foreign = set(client.get("SupportedIdentityProviders", [])) - {"COGNITO"}
        needed = {each for each, provider in providers.items() if provider["ProviderName"] in foreign}
        assert len(needed) == len(foreign - {f"${{{each}}}" for each in providers}), name
        assert needed <= stack.needs(name), name


def test_clients_with_a_sign_in_page_have_a_branding(stack: Stack) -> None:
    """Managed login shows "Login pages unavailable" for a client without one.

    https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-branding.html
    """
    assert {each["ManagedLoginVersion"] for each in stack.of_type("AWS::Cognito::UserPoolDomain").values()} == {2}
    branded = {each["ClientId"] for each in stack.of_type("AWS::Cognito::ManagedLoginBranding").values()}
    expected = {f"${{{name}}}" for name in code_flow_clients(stack)}
    assert expected
    assert branded == (expected if stack.parameters["RunsOn"] == "aws" else set())


def test_clients_state_their_authentication_flows(stack: Stack) -> None:
    """Left out, they mean SRP, custom challenges and refresh: a machine's client would let users sign in.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    """
    for name, client in stack.of_type("AWS::Cognito::UserPoolClient").items():
        assert client.get("ExplicitAuthFlows"), name
        migrates = name == "WebClient" and bool(stack.parameters["UserMigrationUrl"])
        assert ("ALLOW_USER_PASSWORD_AUTH" in client["ExplicitAuthFlows"]) == migrates, name


def test_user_migration_is_on_with_its_url(stack: Stack) -> None:
    """The function may read one secret: https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples.html"""
    is_on = bool(stack.parameters["UserMigrationUrl"])
    config = stack.only("AWS::Cognito::UserPool")["LambdaConfig"]
    assert config.get("UserMigration") == ("${UserMigrationFunction.Arn}" if is_on else None)
    assert ("UserMigrationFunction" in stack.resources) == is_on
    assert ("UserMigrationRole" in stack.resources) == is_on
    if is_on:
        document = stack.resources["UserMigrationRole"]["Properties"]["Policies"][0]["PolicyDocument"]
        assert {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": stack.parameters["UserMigrationSecretArn"],
        } in document["Statement"]


def test_clients_with_rotation_do_not_allow_refresh_token_auth(stack: Stack) -> None:
    """Cognito refuses a client that has both; a client with neither could not refresh.

    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
    """
    for name, client in stack.of_type("AWS::Cognito::UserPoolClient").items():
        rotates = client.get("RefreshTokenRotation", {}).get("Feature") == "ENABLED"
        assert rotates != ("ALLOW_REFRESH_TOKEN_AUTH" in client["ExplicitAuthFlows"]), name


def test_clients_rotate_by_parameter(stack: Stack) -> None:
    rotation = stack.resources["WebClient"]["Properties"]["RefreshTokenRotation"]
    is_on = stack.parameters["RefreshTokenRotation"] == "on"
    assert rotation["Feature"] == ("ENABLED" if is_on else "DISABLED")
    assert 0 <= rotation.get("RetryGracePeriodSeconds", 0) <= 60


def test_clients_keep_machines_and_people_apart(stack: Stack) -> None:
    """Client credentials need a secret, and go together with no other grant.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-app-idp-settings.html
    """
    for name, client in stack.of_type("AWS::Cognito::UserPoolClient").items():
        assert client["AllowedOAuthFlowsUserPoolClient"] is True, name
        assert "implicit" not in client["AllowedOAuthFlows"], f"{name}: tokens would stand in the browser's address bar"
        if "client_credentials" in client["AllowedOAuthFlows"]:
            assert client["AllowedOAuthFlows"] == ["client_credentials"], name
            assert client["GenerateSecret"] is True, name
            assert not set(client["AllowedOAuthScopes"]) & STANDARD_SCOPES, name
            assert "CallbackURLs" not in client, name


def test_clients_of_browsers_have_no_secret(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html"""
    assert stack.resources["WebClient"]["Properties"]["GenerateSecret"] is False
    assert stack.resources["ServerClient"]["Properties"]["GenerateSecret"] is True


def test_clients_revoke_tokens_and_hide_who_exists(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html"""
    for name, client in stack.of_type("AWS::Cognito::UserPoolClient").items():
        assert client["EnableTokenRevocation"] is True, name
        assert client["PreventUserExistenceErrors"] == "ENABLED", name


def test_clients_name_their_attributes(stack: Stack) -> None:
    """Left out, a client reads and writes every attribute. Required attributes have to be writable.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    """
    required = {each["Name"] for each in stack.only("AWS::Cognito::UserPool")["Schema"] if each["Required"]}
    for name, client in stack.of_type("AWS::Cognito::UserPoolClient").items():
        assert client["ReadAttributes"], name
        assert required <= set(client["WriteAttributes"]), name
        assert not NEVER_WRITABLE & set(client["WriteAttributes"]), name


def test_clients_token_lifetimes_follow_their_parameters(stack: Stack) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cognito-userpoolclient-tokenvalidityunits.html"""
    clients = stack.of_type("AWS::Cognito::UserPoolClient")
    for name, refresh in {"WebClient": "RefreshTokenDays", "ServerClient": "ServerRefreshTokenDays"}.items():
        assert clients[name]["AccessTokenValidity"] == stack.parameters["AccessTokenMinutes"]
        assert clients[name]["IdTokenValidity"] == stack.parameters["IdTokenMinutes"]
        assert clients[name]["RefreshTokenValidity"] == stack.parameters[refresh]
        units = {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"}
        assert clients[name]["TokenValidityUnits"] == units
    assert clients["MachineClient"]["AccessTokenValidity"] == stack.parameters["MachineTokenMinutes"]
    assert clients["MachineClient"]["TokenValidityUnits"] == {"AccessToken": "minutes"}


def test_clients_send_users_only_where_parameters_say(stack: Stack) -> None:
    for name, client in code_flow_clients(stack).items():
        # The page of the API signs in as the web client.
        has_page = stack.parameters["ApiDocs"] == "on" and name == "WebClient"
        page = [f"{api_url(stack)}/docs/oauth2-redirect.html"] if has_page else []
        assert client["CallbackURLs"] == [*stack.parameters["CallbackUrls"], *page], name
        assert client["LogoutURLs"] == stack.parameters["LogoutUrls"], name


def test_client_secrets_stand_in_secrets_manager_alone(stack: Stack) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpoolclient.html"""
    clients = stack.of_type("AWS::Cognito::UserPoolClient")
    confidential = {name for name, client in clients.items() if client["GenerateSecret"]}
    holders = {
        (name, client)
        for name, resource in stack.resources.items()
        for client in clients
        if f"${{{client}.ClientSecret}}" in str(resource)
    }
    assert holders == {(f"{client}Secret", client) for client in confidential}
    assert {stack.resources[name]["Type"] for name, _ in holders} == {"AWS::SecretsManager::Secret"}


def test_scopes_are_those_of_the_policy_file(stack: Stack) -> None:
    assert server_scopes(stack) == POLICY["scopes"]


def test_scopes_of_machines_may_be_any_of_the_policy_file(template: Node) -> None:
    wanted = ",".join(POLICY["scopes"])
    client = process(template, MachineScopes=wanted).resources["MachineClient"]["Properties"]
    assert client["AllowedOAuthScopes"] == list(POLICY["scopes"])


@pytest.mark.parametrize("client", ["WebClient", "ServerClient"])
def test_scopes_of_people_cover_every_role(default_stack: Stack, client: str) -> None:
    """The trigger adds a role's scope only where the client lists it."""
    listed = set(default_stack.resources[client]["Properties"]["AllowedOAuthScopes"])
    assert {scope for role in POLICY["roles"].values() for scope in role["scopes"]} <= listed


def test_groups_are_the_roles_of_the_policy_file(stack: Stack) -> None:
    groups = list(stack.of_type("AWS::Cognito::UserPoolGroup").values())
    assert sorted(each["GroupName"] for each in groups) == sorted(POLICY["roles"])
    assert all(each["UserPoolId"] == "${UserPool}" and each["Description"] for each in groups)


def test_groups_with_more_rights_take_precedence(stack: Stack) -> None:
    """The lowest number wins.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html
    """
    precedence = {
        each["GroupName"]: each["Precedence"] for each in stack.of_type("AWS::Cognito::UserPoolGroup").values()
    }
    assert precedence["admin"] < precedence["support"] < precedence["member"]


def test_domain_prefix_is_given_or_made_from_the_stack(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html"""
    domain = stack.resources["SignInDomain"]["Properties"]["Domain"]
    assert domain == (stack.parameters["DomainPrefix"] or "poolhouse-0a1b2c3d4e5f")
