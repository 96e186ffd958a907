"""Confirming and linking at sign-up, and cleaning what identity providers send: only where a parameter wants it."""

import pytest

from tests.unit.template.processing import Node, Stack, process, references
from tests.unit.template.test_functions import LOG_WRITING, listed, policies_of, role_of

LIST, LINK = "cognito-idp:ListUsers", "cognito-idp:AdminLinkProviderForUser"


@pytest.mark.parametrize(
    ("parameters", "actions"),
    [
        ({}, set()),
        ({"InboundFederation": "on"}, set()),
        ({"AutoConfirmUsers": "on"}, {LIST}),
        ({"TrustedIdentityProviders": "Google"}, {LIST, LINK}),
    ],
)
def test_pre_sign_up_may_ask_the_pool_only_what_it_needs(
    template: Node, parameters: dict[str, str], actions: set[str]
) -> None:
    stack = process(template, **parameters)
    on_pool = [
        each
        for each in policies_of(stack, role_of(stack, "PreSignUpFunction"))
        if any(action.startswith("cognito-idp:") for action in listed(each["Action"]))
    ]
    assert {action for each in on_pool for action in listed(each["Action"])} == actions
    assert {each["Resource"] for each in on_pool} <= {"${UserPool.Arn}"}
    assert {each["Effect"] for each in on_pool} <= {"Allow"}


@pytest.mark.parametrize("action", [LIST, LINK])
def test_no_other_function_may_look_users_up_by_address_or_link_them(stack: Stack, action: str) -> None:
    able = {
        name
        for name in stack.of_type("AWS::Lambda::Function")
        if any(action in listed(each["Action"]) for each in policies_of(stack, role_of(stack, name)))
    }
    assert able <= {"PreSignUpFunction"}


def test_pre_sign_up_is_told_what_to_do(template: Node) -> None:
    def told(**parameters: str) -> Node:
        function = process(template, **parameters).resources["PreSignUpFunction"]["Properties"]
        return function["Environment"]["Variables"]

    assert (told()["AUTO_CONFIRM_USERS"], told()["TRUSTED_IDENTITY_PROVIDERS"]) == ("off", "")
    assert told(AutoConfirmUsers="on")["AUTO_CONFIRM_USERS"] == "on"
    assert told(TrustedIdentityProviders="Google")["TRUSTED_IDENTITY_PROVIDERS"] == "Google"


def test_inbound_federation_is_off_by_default(default_stack: Stack) -> None:
    assert "InboundFederation" not in default_stack.only("AWS::Cognito::UserPool")["LambdaConfig"]
    assert [name for name in default_stack.resources if name.startswith("InboundFederation")] == []


def test_inbound_federation_is_called_in_its_only_version(template: Node) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InboundFederationLambdaType.html"""
    stack = process(template, InboundFederation="on", FederatedAttributes="email,sub")
    config = stack.only("AWS::Cognito::UserPool")["LambdaConfig"]["InboundFederation"]
    assert config == {"LambdaArn": "${InboundFederationFunction.Arn}", "LambdaVersion": "V1_0"}
    function = stack.resources["InboundFederationFunction"]["Properties"]
    assert function["Environment"]["Variables"] == {"FEDERATED_ATTRIBUTES": "email,sub"}


def test_inbound_federation_may_write_its_log_and_nothing_else(template: Node) -> None:
    stack = process(template, InboundFederation="on")
    (statement,) = policies_of(stack, role_of(stack, "InboundFederationFunction"))
    assert set(statement["Action"]) == LOG_WRITING
    assert references(statement["Resource"]) == {"InboundFederationLogGroup"}
