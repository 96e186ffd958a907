import pytest
from poolhouse.triggers import Refusal

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample


def test_inbound_federation_hands_on_all_that_the_pool_can_hold(load: Load) -> None:
    event = sample("inbound_federation/external_provider")
    event["request"]["attributes"]["idToken"] |= {"email": " Ada@Example.com", "groups": ["a"], "bio": "x" * 2049}
    answer = load("inbound_federation").lambda_handler(event, None)
    kept = answer["response"]["userAttributesToMap"]
    assert kept["email"] == "ada@example.com"
    assert kept["sub"] == "1000"
    assert not {"groups", "bio"} & set(kept)
    assert {**answer, "response": event["response"]} == event


def test_inbound_federation_fails_closed(load: Load) -> None:
    event = sample("inbound_federation/external_provider")
    del event["request"]["attributes"]
    with pytest.raises(Refusal, match="^try_again: "):
        load("inbound_federation").lambda_handler(event, None)


def test_inbound_federation_refuses_rather_than_let_all_through(load: Load) -> None:
    # Cognito takes an empty answer for "all as it came":
    # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-inbound-federation.html
    event = sample("inbound_federation/external_provider_saml")
    with pytest.raises(Refusal, match="^federated_attributes_missing: "):
        load("inbound_federation", FEDERATED_ATTRIBUTES="nickname").lambda_handler(event, None)


def test_inbound_federation_does_not_start_with_table_that_means_nothing(load: Load) -> None:
    with pytest.raises(ValueError, match="'groups=' is no attribute"):
        load("inbound_federation", FEDERATED_ATTRIBUTES="email,groups=")


def test_inbound_federation_leaves_unknown_source_alone(load: Load) -> None:
    event = {**sample("inbound_federation/external_provider"), "triggerSource": "InboundFederation_Tomorrow"}
    assert load("inbound_federation").lambda_handler(event, None) == event
