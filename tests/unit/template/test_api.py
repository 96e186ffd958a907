"""The HTTP API: who may call it, what it asks the authorizer, what it logs."""

import json
import re
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from local.settings import ROOT
from tests.unit.template.conftest import existing_pool_arn
from tests.unit.template.processing import ACCOUNT, REGION, Node, Stack, load, process, references

API_GATEWAY = "apigateway.amazonaws.com"
ARN = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:${{Api}}"
LOGGED = {
    "$context.requestId",
    "$context.requestTime",
    "$context.routeKey",
    "$context.status",
    "$context.responseLatency",
    "$context.responseLength",
    "$context.error.responseType",
    "$context.authorizer.error",
    "$context.integrationErrorMessage",
    "$context.integration.error",
    "$context.integration.latency",
    "$context.integration.status",
    # What our authorizer puts in its context, as far as it says nothing about a person.
    "$context.authorizer.client_id",
    "$context.authorizer.principal_type",
    "$context.authorizer.token_use",
}
"""Variables of HTTP APIs that hold no token, header, query, path, address or user."""


def invoke_permissions(stack: Stack, function: str) -> list[Node]:
    """Return the permissions of a function."""
    return [
        each
        for each in stack.of_type("AWS::Lambda::Permission").values()
        if references(each["FunctionName"]) == {function}
    ]


def test_permissions_all_name_their_source(stack: Stack) -> None:
    """Without it, anybody's API or pool in any account could call the function (the confused deputy).

    https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
    """
    for name, permission in stack.of_type("AWS::Lambda::Permission").items():
        assert permission["Action"] == "lambda:InvokeFunction", name
        assert permission["Principal"].endswith(".amazonaws.com"), name
        assert permission["SourceAccount"] == ACCOUNT, name
        if permission["SourceArn"] != existing_pool_arn(stack):
            assert references(permission["SourceArn"]), f"{name}: SourceArn names no resource of this stack"


def test_authorizers_may_be_called_by_the_api(stack: Stack) -> None:
    """Without the permission every request is answered with 500.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """
    authorizers = stack.of_type("AWS::ApiGatewayV2::Authorizer")
    assert authorizers
    for name, authorizer in authorizers.items():
        (function,) = references(authorizer["AuthorizerUri"])
        assert authorizer["AuthorizerUri"] == (
            f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations"
        )
        (permission,) = invoke_permissions(stack, function)
        assert permission["Principal"] == API_GATEWAY
        assert permission["SourceArn"] == f"{ARN}/authorizers/${{{name}}}"
        assert permission["SourceAccount"] == ACCOUNT


def test_integrations_may_be_called_by_every_route(stack: Stack) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    stage = stack.only("AWS::ApiGatewayV2::Stage")["StageName"]
    for name, route in stack.of_type("AWS::ApiGatewayV2::Route").items():
        (integration,) = references(route["Target"])
        (function,) = references(stack.resources[integration]["Properties"]["IntegrationUri"])
        method, path = route["RouteKey"].split(" ")
        source = f"{ARN}/{stage}/{method}{path}"
        assert [
            each
            for each in invoke_permissions(stack, function)
            if each["Principal"] == API_GATEWAY
            and each["SourceAccount"] == ACCOUNT
            and each["SourceArn"].startswith(f"{ARN}/")
            and fnmatchcase(source, each["SourceArn"])
        ], f"{name}: {function} may not be called by {source}"


def test_authorizer_asks_for_simple_answers_by_token_and_route(stack: Stack) -> None:
    """A cached simple answer counts for every route, unless the route is part of the cache's key.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """
    authorizer = stack.only("AWS::ApiGatewayV2::Authorizer")
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["EnableSimpleResponses"] is True
    assert sorted(authorizer["IdentitySource"]) == ["$context.routeKey", "$request.header.Authorization"]
    assert authorizer["AuthorizerResultTtlInSeconds"] == stack.parameters["AuthorizerCacheSeconds"]
    assert authorizer["ApiId"] == "${Api}"


def test_authorizer_answers_within_ten_seconds(stack: Stack) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""
    assert stack.resources["AuthorizerFunction"]["Properties"]["Timeout"] <= 10


def test_authorizer_accepts_the_clients_of_this_stack(stack: Stack) -> None:
    variables = stack.resources["AuthorizerFunction"]["Properties"]["Environment"]["Variables"]
    accepted = [each for each in stack.parameters["AcceptedClientIds"].split(",") if each]
    clients = [f"${{{name}}}" for name in stack.of_type("AWS::Cognito::UserPoolClient")]
    assert variables["USER_POOL_ID"] == (stack.parameters["ExistingUserPoolId"] or "${UserPool}")
    assert sorted(variables["CLIENT_IDS"].split(",")) == sorted(clients + accepted)


def test_routes_all_ask_the_authorizer(stack: Stack) -> None:
    """A route without an authorizer is open to everybody.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
    """
    routes = stack.of_type("AWS::ApiGatewayV2::Route")
    (authorizer,) = stack.of_type("AWS::ApiGatewayV2::Authorizer")
    assert routes
    open_to_everybody = {"GET /docs", "GET /docs/{file}"} if stack.parameters["ApiDocs"] == "on" else set()
    assert {route["RouteKey"] for route in routes.values() if route["AuthorizationType"] == "NONE"} == open_to_everybody
    for name, route in routes.items():
        assert route["ApiId"] == "${Api}", name
        if route["RouteKey"] in open_to_everybody:
            assert route["Target"] == "integrations/${ApiDocsIntegration}", name
        else:
            assert route["AuthorizationType"] == "CUSTOM", name
            assert route["AuthorizerId"] == f"${{{authorizer}}}", name


def test_routes_name_method_and_path(stack: Stack) -> None:
    """No catch-all: what is not listed is answered with 404 before a function sees it."""
    keys = [each["RouteKey"] for each in stack.of_type("AWS::ApiGatewayV2::Route").values()]
    assert len(keys) == len(set(keys))
    assert {"GET /profile", "GET /profiles/{sub}"} <= set(keys)
    assert all(re.fullmatch(r"(GET|PATCH|POST|DELETE) (/[a-z-]+|/\{[a-z]+\})+", key) for key in keys)


def test_routes_are_answered_by_functions_in_payload_version_two(stack: Stack) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    integrations = stack.of_type("AWS::ApiGatewayV2::Integration")
    for name, route in stack.of_type("AWS::ApiGatewayV2::Route").items():
        (integration,) = references(route["Target"])
        assert route["Target"] == f"integrations/${{{integration}}}", name
        assert integrations[integration]["IntegrationType"] == "AWS_PROXY"
        assert integrations[integration]["PayloadFormatVersion"] == "2.0"


def test_worst_case_of_a_suspension_is_the_one_on_the_page() -> None:
    default = process(load()).parameters
    seconds = int(default["AccessTokenMinutes"]) * 60 + int(default["AuthorizerCacheSeconds"])
    assert f"**{seconds / 60:g} minutes** with the defaults" in (ROOT / "docs/profile-api.md").read_text("utf-8")


def test_cors_allows_what_the_routes_need_and_the_parameter_lists(stack: Stack) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html"""
    cors = stack.only("AWS::ApiGatewayV2::Api")["CorsConfiguration"]
    methods = {each["RouteKey"].split(" ")[0] for each in stack.of_type("AWS::ApiGatewayV2::Route").values()}
    assert cors["AllowOrigins"] == stack.parameters["AllowedOrigins"]
    assert sorted(cors["AllowMethods"]) == ["DELETE", "GET", "PATCH", "POST"]
    assert methods <= set(cors["AllowMethods"])
    assert sorted(each.lower() for each in cors["AllowHeaders"]) == ["authorization", "content-type", "if-match"]
    assert [each.lower() for each in cors["ExposeHeaders"]] == ["etag", "retry-after", "www-authenticate"]
    assert not cors.get("AllowCredentials"), "tokens travel in a header, not in cookies"


def test_cors_and_redirects_stay_on_https_or_this_machine(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html"""
    addresses = list(stack.only("AWS::ApiGatewayV2::Api")["CorsConfiguration"]["AllowOrigins"])
    for client in stack.of_type("AWS::Cognito::UserPoolClient").values():
        addresses += client.get("CallbackURLs", []) + client.get("LogoutURLs", [])
    assert addresses
    for address in addresses:
        parts = urlsplit(address)
        assert parts.scheme != "http" or parts.hostname in {"localhost", "127.0.0.1", "::1"}, address
        assert "*" not in address


def test_stage_is_throttled_by_parameters(stack: Stack) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html"""
    stage = stack.only("AWS::ApiGatewayV2::Stage")
    assert stage["StageName"] == stack.parameters["StageName"]
    assert stage["AutoDeploy"] is True
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": stack.parameters["ApiRateLimit"],
        "ThrottlingBurstLimit": stack.parameters["ApiBurstLimit"],
    }


def test_access_log_is_one_line_of_json(stack: Stack) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html"""
    line = stack.only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]
    assert "\n" not in line
    entry = json.loads(line)
    assert "$context.requestId" in entry.values()
    assert all(isinstance(value, str) for value in entry.values())


def test_access_log_holds_nothing_about_a_request_that_is_secret_or_personal(stack: Stack) -> None:
    """Only variables that HTTP APIs know: those of other kinds of API are logged as "-".

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
    """
    line = stack.only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]
    assert set(re.findall(r"\$[A-Za-z0-9_.]+", line)) <= LOGGED


def test_access_log_goes_to_a_group_with_retention(stack: Stack) -> None:
    (group,) = references(stack.only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["DestinationArn"])
    assert stack.resources[group]["Type"] == "AWS::Logs::LogGroup"
    assert stack.resources[group]["Properties"]["RetentionInDays"] == stack.parameters["LogRetentionDays"]
