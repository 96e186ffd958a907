"""The stacks of examples/ that use the deployed authorizer, as CloudFormation would make them."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.template.processing import ACCOUNT, REGION, ROOT, Node, Stack, load, process, references
from tests.unit.template.test_api import API_GATEWAY, invoke_permissions
from tests.unit.template.test_functions import LOG_WRITING, listed, policies_of, role_of, statements

TEMPLATES = {path.parent.name: path for path in sorted((ROOT / "examples").glob("*/template.yaml"))}
PAGES = sorted((ROOT / "docs" / "apis").glob("*.md"))
COMMANDS = {
    re.findall(r"examples/(\w+)/template.yaml", command)[0]: command
    for page in PAGES
    for command in re.findall(r"^```\n(sam deploy .*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
}
"""What the pages tell to type, by the name of the example."""
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:authorizer"
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:library:7"
GIVEN = {
    "AuthorizerArn": FUNCTION,
    "LibraryLayerArn": LAYER,
    "DependenciesLayerArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:dependencies:7",
    "UserPoolId": f"{REGION}_EXAMPLE01",
    "ClientIds": "1example23456789",
}
OPEN_ROUTES = {"$default", "$disconnect"}
"""Routes of a WebSocket API that API Gateway lets no authorizer guard."""
LONGEST_CACHE = 300


def given_to(template: Node) -> dict[str, str]:
    """Return the values of the parameters that have no default."""
    return {name: GIVEN[name] for name, each in template["Parameters"].items() if "Default" not in each}


@pytest.fixture(params=TEMPLATES)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of each example."""
    return str(request.param)


@pytest.fixture
def example(name: str) -> Stack:
    """Return the stack that an example makes."""
    template = load(TEMPLATES[name])
    return process(template, **given_to(template))


def permissions(stack: Stack, function: str) -> list[Node]:
    """Return the permissions of a function outside of the stack."""
    found = stack.of_type("AWS::Lambda::Permission").values()
    return [each for each in found if each["FunctionName"] == function]


def test_examples_are_those_of_the_pages() -> None:
    named = {
        match
        for page in PAGES
        for match in re.findall(r"\.\./\.\./examples/(\w+)/template\.yaml", page.read_text("utf-8"))
    }
    assert named == COMMANDS.keys() == TEMPLATES.keys()


def test_pages_give_every_parameter_that_has_no_default(name: str) -> None:
    assert set(re.findall(r"(\w+)=", COMMANDS[name])) == given_to(load(TEMPLATES[name])).keys()
    outputs = set(re.findall(r"\$\(output (\w+)\)", COMMANDS[name]))
    assert outputs <= load()["Outputs"].keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_link_to_what_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    links = re.findall(r"\]\((?!https://)([^)#]*)(?:#([^)]*))?\)", text)
    for path, anchor in links:
        target = page.parent / path if path else page
        assert target.is_file(), path
        headings = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE) if anchor else []
        slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
        assert not anchor or anchor in slugs, f"{path}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_show_python_that_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_POOL_ID", GIVEN["UserPoolId"])
    monkeypatch.setenv("CLIENT_IDS", GIVEN["ClientIds"])
    for block in re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        shown: dict[str, Any] = {}
        exec(compile(block, page.name, "exec"), shown)
        assert callable(shown["lambda_handler"])


def test_only_the_authorizer_of_this_api_may_call_the_function(example: Stack, name: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html

    A REST API's authorizers stand in its OpenAPI document, where they have no id to refer to: the star is for those of
    this one API.
    """
    own = "AuthorizerFunction" in example.resources
    (permission,) = invoke_permissions(example, "AuthorizerFunction") if own else permissions(example, FUNCTION)
    api = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:${{Api}}"
    sources = {
        "appsync": ("appsync.amazonaws.com", "${Api.Arn}"),
        "rest_request": (API_GATEWAY, f"{api}/authorizers/*"),
        "rest_token": (API_GATEWAY, f"{api}/authorizers/*"),
    }
    assert permission["Action"] == "lambda:InvokeFunction"
    source = sources.get(name, (API_GATEWAY, f"{api}/authorizers/${{ApiAuthorizer}}"))
    assert (permission["Principal"], permission["SourceArn"]) == source
    assert permission.get("SourceAccount", ACCOUNT) == ACCOUNT


def test_every_permission_names_an_api_of_this_stack(example: Stack) -> None:
    for each in example.of_type("AWS::Lambda::Permission").values():
        assert references(each["SourceArn"]) <= {"Api", "ApiAuthorizer", "ApiStage"}
        assert "${Api" in each["SourceArn"]
        assert f":{ACCOUNT}:" in each["SourceArn"] or each["SourceAccount"] == ACCOUNT


def test_every_route_asks_the_authorizer(example: Stack, name: str) -> None:
    if name == "appsync":
        api = example.only("AWS::AppSync::GraphQLApi")
        assert api["AuthenticationType"] == "AWS_LAMBDA"
        assert "AdditionalAuthenticationProviders" not in api
        assert api["LambdaAuthorizerConfig"]["AuthorizerUri"] == FUNCTION
    elif name.startswith("rest_"):
        body = example.only("AWS::ApiGateway::RestApi")["Body"]
        operations = [each for methods in body["paths"].values() for each in methods.values()]
        assert len(operations) == 2
        assert all(each["security"] == [{"Poolhouse": []}] for each in operations)
    else:
        routes = example.of_type("AWS::ApiGatewayV2::Route").values()
        guarded = [each for each in routes if each["RouteKey"] not in OPEN_ROUTES]
        assert guarded
        for each in guarded:
            assert (each["AuthorizationType"], each["AuthorizerId"]) == ("CUSTOM", "${ApiAuthorizer}")


@pytest.mark.parametrize("name", ["http_api", "own_authorizer"])
def test_http_api_keeps_an_answer_for_a_token(example: Stack) -> None:
    """The answer of this authorizer is the same for every route, so the token alone may be the key.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """
    authorizer = example.only("AWS::ApiGatewayV2::Authorizer")
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert 0 < authorizer["AuthorizerResultTtlInSeconds"] <= LONGEST_CACHE
    assert (authorizer["AuthorizerPayloadFormatVersion"], authorizer["EnableSimpleResponses"]) == ("2.0", True)


@pytest.mark.parametrize(("name", "kind"), [("rest_token", "token"), ("rest_request", "request")])
def test_rest_api_keeps_an_answer_for_a_token(example: Stack, kind: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html"""
    scheme = example.only("AWS::ApiGateway::RestApi")["Body"]["components"]["securitySchemes"]["Poolhouse"]
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    assert authorizer["type"] == kind
    assert (scheme["in"], scheme["name"]) == ("header", "Authorization" if kind == "token" else "Unused")
    assert authorizer.get("identitySource", "method.request.header.Authorization") == (
        "method.request.header.Authorization"
    )
    assert 0 < authorizer["authorizerResultTtlInSeconds"] <= LONGEST_CACHE
    assert FUNCTION in str(authorizer["authorizerUri"])


@pytest.mark.parametrize("name", ["appsync"])
def test_appsync_is_told_by_each_answer_how_long_to_keep_it(example: Stack) -> None:
    """https://docs.aws.amazon.com/appsync/latest/APIReference/API_LambdaAuthorizerConfig.html"""
    config = example.only("AWS::AppSync::GraphQLApi")["LambdaAuthorizerConfig"]
    assert config["AuthorizerResultTtlInSeconds"] == 0


@pytest.mark.parametrize("name", ["websocket"])
def test_websocket_answers_reach_the_client(example: Stack) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html"""
    response = example.only("AWS::ApiGatewayV2::RouteResponse")
    (route,) = references(response["RouteId"])
    properties = example.resources[route]["Properties"]
    assert (properties["RouteKey"], properties["RouteResponseSelectionExpression"]) == ("$default", "$default")
    assert response["RouteResponseKey"] == "$default"
    authorizer = example.only("AWS::ApiGatewayV2::Authorizer")
    assert "AuthorizerResultTtlInSeconds" not in authorizer, "WebSocket APIs have no such cache"


def test_functions_run_on_the_library_and_keep_their_logs_for_a_while(example: Stack) -> None:
    for name, function in example.of_type("AWS::Lambda::Function").items():
        assert LAYER in function["Layers"], name
        assert function["Runtime"] == "python3.13", name
        (group,) = references(function["LoggingConfig"]["LogGroup"])
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert example.resources[group]["Properties"]["RetentionInDays"] > 0
        (statement,) = policies_of(example, role_of(example, name))
        assert set(listed(statement["Action"])) == LOG_WRITING
        assert statement["Resource"] == f"${{{group}.Arn}}"


def test_rights_name_every_action_and_resource(example: Stack) -> None:
    for resource in example.resources.values():
        for each in statements(resource):
            assert not [action for action in listed(each["Action"]) if "*" in action]
            for arn in listed(each.get("Resource", [])):
                assert re.fullmatch(r"\$\{\w+\.Arn\}", arn), arn
    assert "ManagedPolicyArns" not in str(example.resources)
