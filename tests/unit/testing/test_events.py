"""The event generator, held to the pages of AWS's developer guide and to the sample events."""

import doctest
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import poolhouse
import pytest
from poolhouse.testing import events
from poolhouse.testing.events import FEDERATED_USER, USER, event
from poolhouse.triggers import sources

from local.settings import ROOT
from tests.unit.functions.samples import sample, sample_names
from tests.unit.testing.samples_of_events import SAMPLES

SOURCES = [source for name, kind in vars(sources).items() if name.isupper() and name[0] != "_" for source in kind]
METADATA = {"theme": "dark"}
SENDER = {"type", "code", "clientMetadata", "userAttributes"}

# The members of `request` and `response` on the page of each kind, and `linkParameter`, which user pools send beside
# them. https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-<page>.html
PAGES: dict[str, tuple[str, set[str], set[str] | None]] = {
    "PreSignUp": (
        "pre-sign-up",
        {"userAttributes", "validationData", "clientMetadata"},
        {"autoConfirmUser", "autoVerifyPhone", "autoVerifyEmail"},
    ),
    "PostConfirmation": ("post-confirmation", {"userAttributes", "clientMetadata"}, set()),
    "PreAuthentication": ("pre-authentication", {"userAttributes", "validationData", "userNotFound"}, set()),
    "PostAuthentication": ("post-authentication", {"userAttributes", "newDeviceUsed", "clientMetadata"}, set()),
    "TokenGeneration": (
        "pre-token-generation",
        {"userAttributes", "groupConfiguration", "scopes", "clientMetadata"},
        {"claimsAndScopeOverrideDetails"},
    ),
    "CustomMessage": (
        "custom-message",
        {"userAttributes", "codeParameter", "usernameParameter", "clientMetadata", "linkParameter"},
        {"smsMessage", "emailMessage", "emailSubject"},
    ),
    "DefineAuthChallenge": (
        "define-auth-challenge",
        {"userAttributes", "session", "clientMetadata", "userNotFound"},
        {"challengeName", "issueTokens", "failAuthentication"},
    ),
    "CreateAuthChallenge": (
        "create-auth-challenge",
        {"userAttributes", "challengeName", "session", "clientMetadata", "userNotFound"},
        {"publicChallengeParameters", "privateChallengeParameters", "challengeMetadata"},
    ),
    "VerifyAuthChallengeResponse": (
        "verify-auth-challenge-response",
        {"userAttributes", "privateChallengeParameters", "challengeAnswer", "clientMetadata", "userNotFound"},
        {"answerCorrect"},
    ),
    "UserMigration": (
        "migrate-user",
        {"password", "validationData", "clientMetadata"},
        {
            "userAttributes",
            "finalUserStatus",
            "messageAction",
            "desiredDeliveryMediums",
            "forceAliasCreation",
            "enableSMSMFA",
        },
    ),
    "CustomEmailSender": ("custom-email-sender", SENDER, None),
    "CustomSMSSender": ("custom-sms-sender", SENDER, None),
    "InboundFederation": (
        "inbound-federation",
        {"providerName", "providerType", "attributes"},
        {"userAttributesToMap"},
    ),
}
# "Amazon Cognito doesn't send this value in a request that's initiated by a forgot-password flow."
NOT_SENT = {
    "UserMigration_ForgotPassword": {"password"},
    "CustomEmailSender_AccountTakeOverNotification": {"clientMetadata"},
}
COMMON = {"version", "triggerSource", "region", "userPoolId", "userName", "callerContext", "request"}


def documented_request(source: str) -> set[str]:
    return PAGES[source.partition("_")[0]][1] - NOT_SENT.get(source, set())


def full_event(source: str) -> dict[str, Any]:
    """With client metadata, where the page has it."""
    return event(source, client_metadata=METADATA if "clientMetadata" in documented_request(source) else None)


def test_generator_knows_the_sources_of_a_user_pool_and_no_other() -> None:
    assert sorted(events._REQUESTS) == sorted(SOURCES)
    with pytest.raises(ValueError, match="'PreSignUp_Tomorrow' is no trigger source of a user pool: take one of PreS"):
        event("PreSignUp_Tomorrow")


@pytest.mark.parametrize("source", SOURCES)
def test_event_has_the_members_of_its_page(source: str) -> None:
    made = full_event(source)
    page, _, response = PAGES[source.partition("_")[0]]
    assert made.keys() == COMMON | (set() if response is None else {"response"})
    assert made["callerContext"].keys() == {"awsSdkVersion", "clientId"}
    assert made["request"].keys() == documented_request(source)
    assert made.get("response", {}).keys() == (response or set())
    assert made["triggerSource"] == source
    assert f"user-pool-lambda-{page}.html" in (events.__doc__ or "")


@pytest.mark.parametrize("source", SOURCES)
def test_event_is_json_and_the_same_each_time_and_nobody_elses(source: str) -> None:
    made = full_event(source)
    text = json.dumps(made)
    assert json.loads(text) == made
    for member in list(made["request"]):
        if isinstance(made["request"][member], dict):
            made["request"][member]["changed"] = True
    assert json.dumps(full_event(source)) == text


@pytest.mark.parametrize("source", SOURCES)
def test_user_attributes_are_strings(source: str) -> None:
    attributes = event(source)["request"].get("userAttributes", {})
    assert {type(value) for value in attributes.values()} <= {str}


@pytest.mark.parametrize("source", [source for source in SOURCES if event(source)["request"].get("userAttributes")])
def test_user_attributes_are_added_and_taken_away(source: str) -> None:
    usual = event(source)["request"]["userAttributes"]
    changed = event(source, user_attributes={"locale": "de", "email": None})["request"]["userAttributes"]
    assert changed == {name: value for name, value in usual.items() if name != "email"} | {"locale": "de"}


def test_request_members_replace_the_samples_and_add_new_ones() -> None:
    made = event("PreSignUp_SignUp", userAttributes={}, validationData={"captcha": "a"}, tomorrow=1)
    assert made["request"] == {"userAttributes": {}, "validationData": {"captcha": "a"}, "tomorrow": 1}


@pytest.mark.parametrize(
    "source",
    ["UserMigration_Authentication", "InboundFederation_ExternalProvider", "TokenGeneration_ClientCredentials"],
)
def test_user_attributes_are_refused_where_there_is_no_user(source: str) -> None:
    with pytest.raises(ValueError, match=f"an event of {source} has no user attributes"):
        event(source, user_attributes={"locale": "de"})


@pytest.mark.parametrize("source", [source for source in SOURCES if "clientMetadata" not in documented_request(source)])
def test_client_metadata_is_refused_where_cognito_sends_none(source: str) -> None:
    with pytest.raises(ValueError, match=f"Cognito sends no client metadata with {source}"):
        event(source, client_metadata=METADATA)


def test_token_generation_has_three_versions() -> None:
    first, second, third = (event("TokenGeneration_Authentication", version=version) for version in "123")
    assert "scopes" not in first["request"]
    assert first["response"] == {"claimsOverrideDetails": None}
    assert second == event("TokenGeneration_Authentication")
    assert third == {**second, "version": "3"}


def test_machine_event_has_version_3_and_the_client_for_a_user() -> None:
    made = event("TokenGeneration_ClientCredentials")
    assert made["version"] == "3"
    assert made["userName"] == made["callerContext"]["clientId"] == "2example23456789"
    assert made["request"]["userAttributes"] == {}
    with pytest.raises(ValueError, match="TokenGeneration_ClientCredentials has version 3 and no other"):
        event("TokenGeneration_ClientCredentials", version="2")


@pytest.mark.parametrize("source", [source for source in SOURCES if not source.startswith("TokenGeneration")])
def test_other_triggers_have_version_1(source: str) -> None:
    assert event(source)["version"] == "1"
    assert event(source, version="9") == {**event(source), "version": "9"}


@pytest.mark.parametrize("source", [source for source in SOURCES if source.endswith("AdminCreateUser")])
def test_administrator_has_no_app_client(source: str) -> None:
    assert event(source)["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"


def test_federated_user_is_named_by_the_provider() -> None:
    made = event("TokenGeneration_HostedAuth", user_attributes=FEDERATED_USER)
    [identity] = json.loads(made["request"]["userAttributes"]["identities"])
    assert made["userName"] == f"{identity['providerName']}_{identity['userId']}".lower()
    assert made["userName"] == event("PreSignUp_ExternalProvider")["userName"]
    assert made["userName"] == event("InboundFederation_ExternalProvider")["userName"]
    linked = {"identities": FEDERATED_USER["identities"]}
    assert event("TokenGeneration_HostedAuth", user_attributes=linked)["userName"] == USER["sub"]


@pytest.mark.parametrize(
    ("type_", "name", "members"),
    [
        ("OIDC", "ExampleIdP", {"tokenResponse", "idToken", "userInfo"}),
        ("SAML", "ExampleIdP", {"samlResponse"}),
        *(
            (social, social, {"tokenResponse", "idToken", "userInfo"})
            for social in ("Facebook", "Google", "SignInWithApple", "LoginWithAmazon")
        ),
    ],
)
def test_inbound_federation_has_attributes_by_type_of_provider(type_: str, name: str, members: set[str]) -> None:
    made = event("InboundFederation_ExternalProvider", providerType=type_)
    assert made["request"]["providerName"] == name
    assert made["request"]["attributes"].keys() == members
    assert made["userName"] == f"{name.lower()}_1000"


def test_only_an_administrators_message_names_the_user() -> None:
    named = {source: event(source)["request"]["usernameParameter"] for source in sources.CUSTOM_MESSAGE}
    assert {source for source, name in named.items() if name} == {"CustomMessage_AdminCreateUser"}


def test_notification_of_a_take_over_has_no_code() -> None:
    codes = {source: event(source)["request"]["code"] for source in sources.CUSTOM_EMAIL_SENDER}
    assert {source for source, code in codes.items() if not code} == {"CustomEmailSender_AccountTakeOverNotification"}


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_event_is_what_the_generator_makes(name: str) -> None:
    assert sample(name) == SAMPLES[name]


@pytest.mark.parametrize("name", [name for name in sample_names() if sample(name).get("triggerSource") in SOURCES])
def test_sample_event_has_the_members_of_its_source(name: str) -> None:
    given = sample(name)
    made = event(given["triggerSource"], version=given["version"])
    assert given.keys() == made.keys()
    assert given["request"].keys() - {"clientMetadata"} == made["request"].keys() - {"clientMetadata"}
    assert given.get("response", {}).keys() == made.get("response", {}).keys()


@pytest.mark.parametrize("function", [path.parent.name for path in (ROOT / "functions").glob("*/app.py")])
def test_function_has_a_sample_event_of_each_of_its_sources(function: str) -> None:
    wanted = {made["triggerSource"] for name, made in SAMPLES.items() if name.startswith(f"{function}/")}
    found = {sample(name).get("triggerSource") for name in sample_names() if name.startswith(f"{function}/")}
    assert wanted <= found


def test_samples_are_of_every_source() -> None:
    assert {made["triggerSource"] for made in SAMPLES.values()} == set(SOURCES)


def generator(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "poolhouse.testing.events", *arguments]
    library = Path(poolhouse.__file__).parents[1]
    return subprocess.run(command, capture_output=True, text=True, cwd=library, check=False)


def test_command_prints_the_event_of_a_source() -> None:
    done = generator("CustomMessage_ForgotPassword")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == event("CustomMessage_ForgotPassword")


def test_command_names_the_sources_when_it_does_not_know_one() -> None:
    done = generator("CustomMessage_Tomorrow")
    assert (done.returncode, done.stdout) == (2, "")
    assert all(source in done.stderr for source in SOURCES)


def test_generator_needs_the_standard_library_alone() -> None:
    script = "import sys, poolhouse.testing.events; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    library = Path(poolhouse.__file__).parents[1]
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, cwd=library, check=True)
    assert set(done.stdout.split()) <= sys.stdlib_module_names | {"poolhouse", "__main__", "__mp_main__"}


def test_no_function_imports_the_generator() -> None:
    modules = [*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers").rglob("*.py")]
    importing = re.compile(r"^\s*(from|import) poolhouse\.testing", re.MULTILINE)
    assert [path for path in modules if importing.search(path.read_text("utf-8"))] == []


def test_examples_in_docstrings_are_true() -> None:
    assert doctest.testmod(events).failed == 0
