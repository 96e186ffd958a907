"""A first sign-in through an identity provider, and a sign-up without a code. Emulator: ministack.

The provider in the pool is the template's OpenIdProvider, with the properties that CloudFormation would give it: the
emulator cannot make the resource type, so the tests call the API with them. Only the issuer is another, since the
provider of the tests has no https.

Really run: the provider's discovery, redirects and tokens over HTTP, the sign-in page's endpoints, the triggers
InboundFederation, PreSignUp and PreTokenGeneration, ListUsers and AdminLinkProviderForUser under the function's role.
Otherwise than on AWS: the emulator believes an ID token without looking at its signature, does not ask for UserInfo,
leaves the letters of a federated user's name as they are, and takes a provider that the app client does not list.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from poolhouse.testing.events import event

from local import users
from local.settings import STACK
from local.stack import LocalStack
from tests.e2e.conftest import PASSWORD
from tests.e2e.oauth import REDIRECT
from tests.e2e.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.e2e.test_sign_in import SIGN_UP_CODE
from tests.e2e.tokens import claims_of
from tests.unit.template.processing import load, process

TRUSTED = "ExampleIdP"  # in samconfig.toml
UNTRUSTED = "OtherIdP"
LINKED = "account_linked_try_again: This sign-in now belongs to your existing account. Please sign in once more"


@pytest.fixture(scope="module")
def cognito(stack: LocalStack) -> Any:
    return stack.settings.client("cognito-idp")


@pytest.fixture(scope="module")
def provider(stack: LocalStack, cognito: Any) -> Iterator[OpenIdProvider]:
    """One provider that the pool knows under two names, a trusted one and another."""
    pool = stack.outputs["UserPoolId"]
    secrets = stack.settings.client("secretsmanager")
    secret = secrets.create_secret(Name=f"openid-{uuid.uuid4().hex}", SecretString=CLIENT_SECRET)["ARN"]
    with OpenIdProvider().running() as running:
        for name in (TRUSTED, UNTRUSTED):
            properties = openid_provider_of_template(name, secret)
            details = {key: resolved(secrets, value) for key, value in properties["ProviderDetails"].items()}
            cognito.create_identity_provider(
                UserPoolId=pool,
                ProviderName=properties["ProviderName"],
                ProviderType=properties["ProviderType"],
                ProviderDetails={**details, "oidc_issuer": running.issuer},
                AttributeMapping=properties["AttributeMapping"],
            )
        yield running
        for name in (TRUSTED, UNTRUSTED):
            cognito.delete_identity_provider(UserPoolId=pool, ProviderName=name)
    secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


def openid_provider_of_template(name: str, secret_arn: str) -> dict[str, Any]:
    """The properties of the template's OpenID provider, as a deployment with these parameters has them."""
    parameters = {
        "OpenIdProviderName": name,
        "OpenIdIssuer": "https://id.example.com",
        "OpenIdClientId": CLIENT_ID,
        "OpenIdSecretArn": secret_arn,
    }
    properties: dict[str, Any] = process(load(), **parameters).resources["OpenIdProvider"]["Properties"]
    return properties


def resolved(secrets: Any, value: str) -> str:
    """What CloudFormation puts in the place of a dynamic reference to a secret's whole text."""
    reference = re.fullmatch(r"\{\{resolve:secretsmanager:(\S+)\}\}", value)
    return secrets.get_secret_value(SecretId=reference[1])["SecretString"] if reference else value


@pytest.fixture
def sign_in(stack: LocalStack, provider: OpenIdProvider) -> Callable[[str], httpx.Response]:
    """Signs the provider's user in, as a browser and an app do; answers what the last request got."""

    def sign_in(name: str) -> httpx.Response:
        client_id = stack.outputs["WebClientId"]
        query = {
            "identity_provider": name,
            "client_id": client_id,
            "response_type": "code",
            "scope": "openid email profiles/read",
            "redirect_uri": REDIRECT,
            "state": "state-of-the-app",
        }
        with httpx.Client(base_url=stack.settings.endpoint, timeout=30) as browser:
            to_provider = browser.get("/oauth2/authorize", params=query).headers["location"]
            assert to_provider.startswith(f"{provider.issuer}/sign-in?")
            to_pool = urlsplit(browser.get(to_provider).headers["location"])
            # The address of the pool's domain is AWS's: here the emulator answers for it.
            sent_back = browser.get(f"{to_pool.path}?{to_pool.query}")
            if sent_back.status_code != 302:
                return sent_back
            app = parse_qs(urlsplit(sent_back.headers["location"]).query)
            assert app["state"] == ["state-of-the-app"]
            return browser.post(
                "/oauth2/token",
                data={
                    "grant_type": "authorization_code",
                    "client_id": client_id,
                    "code": app["code"][0],
                    "redirect_uri": REDIRECT,
                },
            )

    return sign_in


@pytest.fixture
def address(stack: LocalStack, cognito: Any, new_address: Callable[[], str]) -> str:
    """The address of a user who signed up with a password, confirmed and verified."""
    address, client_id = new_address(), stack.outputs["WebClientId"]
    sign_up(stack, cognito, address)
    cognito.confirm_sign_up(ClientId=client_id, Username=address, ConfirmationCode=SIGN_UP_CODE)
    cognito.admin_update_user_attributes(  # on AWS the code has done it
        UserPoolId=stack.outputs["UserPoolId"],
        Username=address,
        UserAttributes=[{"Name": "email_verified", "Value": "true"}],
    )
    return address


def sign_up(stack: LocalStack, cognito: Any, address: str) -> dict[str, Any]:
    answer: dict[str, Any] = cognito.sign_up(
        ClientId=stack.outputs["WebClientId"],
        Username=address,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": address}],
    )
    return answer


def holders(stack: LocalStack, cognito: Any, address: str) -> dict[str, dict[str, str]]:
    """The attributes of every user with this address, by username."""
    found = cognito.list_users(UserPoolId=stack.outputs["UserPoolId"], Filter=f'email = "{address}"')["Users"]
    return {each["Username"]: {one["Name"]: one["Value"] for one in each["Attributes"]} for each in found}


def linked(attributes: dict[str, str]) -> list[tuple[str, str]]:
    """The identities of a user, as (provider, subject)."""
    return [(each["providerName"], each["userId"]) for each in json.loads(attributes.get("identities", "[]"))]


def assert_is_a_user_apart(stack: LocalStack, cognito: Any, address: str, answer: httpx.Response) -> None:
    """The sign-in made a second user with the address, and gave the first one nothing."""
    found = holders(stack, cognito, address)
    assert len(found) == 2
    (first,) = (name for name in found if not name.startswith((TRUSTED, UNTRUSTED)))
    assert linked(found[first]) == []
    assert claims_of(answer.raise_for_status().json()["access_token"])["sub"] != found[first]["sub"]


def test_provider_of_the_tests_signs_its_tokens(provider: OpenIdProvider) -> None:
    """The emulator does not look: what signs in here would sign in on AWS too."""
    provider.user = {"sub": "1000", "email": "ada@example.com"}
    with httpx.Client() as browser:
        known = browser.get(f"{provider.issuer}/.well-known/openid-configuration").json()
        query = {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": REDIRECT,
            "state": "a",
        }
        location = browser.get(known["authorization_endpoint"], params=query).headers["location"]
        form = {
            "grant_type": "authorization_code",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": REDIRECT,
            "code": parse_qs(urlsplit(location).query)["code"][0],
        }
        tokens = browser.post(known["token_endpoint"], data=form).json()
        (key,) = jwt.PyJWKSet.from_dict(browser.get(known["jwks_uri"]).json()).keys
        claims = jwt.decode(tokens["id_token"], key, ["RS256"], audience=CLIENT_ID, issuer=provider.issuer)
        about = browser.get(
            known["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}
        ).json()
    assert (claims["sub"], about) == ("1000", provider.user)


def test_verified_identity_of_trusted_provider_is_linked(
    stack: LocalStack, cognito: Any, provider: OpenIdProvider, sign_in: Callable[[str], httpx.Response], address: str
) -> None:
    (before,) = holders(stack, cognito, address).values()
    subject = uuid.uuid4().hex
    provider.user = {"sub": subject, "email": address.upper(), "email_verified": True, "name": "Ada Example"}
    provider.asked.clear()

    refused = sign_in(TRUSTED)

    assert refused.status_code == 400
    assert refused.json()["__type"] == "UserLambdaValidationException"
    assert LINKED in refused.json()["message"]
    assert provider.asked.count("/.well-known/openid-configuration") >= 1
    assert "/tokens" in provider.asked

    tokens = sign_in(TRUSTED).raise_for_status().json()

    assert claims_of(tokens["access_token"])["sub"] == before["sub"]
    (after,) = holders(stack, cognito, address).values()
    assert linked(after) == [(TRUSTED, subject)]
    assert claims_of(sign_in(TRUSTED).raise_for_status().json()["access_token"])["sub"] == before["sub"]


def test_identity_with_unverified_address_is_not_linked(
    stack: LocalStack, cognito: Any, provider: OpenIdProvider, sign_in: Callable[[str], httpx.Response], address: str
) -> None:
    provider.user = {"sub": uuid.uuid4().hex, "email": address, "email_verified": False}
    assert_is_a_user_apart(stack, cognito, address, sign_in(TRUSTED))


def test_identity_without_a_word_on_its_address_is_not_linked(
    stack: LocalStack, cognito: Any, provider: OpenIdProvider, sign_in: Callable[[str], httpx.Response], address: str
) -> None:
    provider.user = {"sub": uuid.uuid4().hex, "email": address}
    assert_is_a_user_apart(stack, cognito, address, sign_in(TRUSTED))


def test_identity_of_untrusted_provider_is_not_linked(
    stack: LocalStack, cognito: Any, provider: OpenIdProvider, sign_in: Callable[[str], httpx.Response], address: str
) -> None:
    provider.user = {"sub": uuid.uuid4().hex, "email": address, "email_verified": True}
    assert_is_a_user_apart(stack, cognito, address, sign_in(UNTRUSTED))


def test_identity_is_not_linked_to_user_who_never_confirmed(
    stack: LocalStack,
    cognito: Any,
    provider: OpenIdProvider,
    sign_in: Callable[[str], httpx.Response],
    new_address: Callable[[], str],
) -> None:
    """A stranger who signs up with somebody's address and waits would else share the account."""
    address = new_address()
    sign_up(stack, cognito, address)
    provider.user = {"sub": uuid.uuid4().hex, "email": address, "email_verified": True}
    assert_is_a_user_apart(stack, cognito, address, sign_in(TRUSTED))


def test_identity_is_not_linked_to_unverified_address(
    stack: LocalStack, cognito: Any, provider: OpenIdProvider, sign_in: Callable[[str], httpx.Response], address: str
) -> None:
    cognito.admin_update_user_attributes(
        UserPoolId=stack.outputs["UserPoolId"],
        Username=address,
        UserAttributes=[{"Name": "email_verified", "Value": "false"}],
    )
    provider.user = {"sub": uuid.uuid4().hex, "email": address, "email_verified": True}
    assert_is_a_user_apart(stack, cognito, address, sign_in(TRUSTED))


def test_identity_is_not_linked_as_the_sixth(
    stack: LocalStack, cognito: Any, provider: OpenIdProvider, sign_in: Callable[[str], httpx.Response], address: str
) -> None:
    for _ in range(5):
        provider.user = {"sub": uuid.uuid4().hex, "email": address, "email_verified": True}
        assert LINKED in sign_in(TRUSTED).text
    provider.user = {"sub": uuid.uuid4().hex, "email": address, "email_verified": True}

    sign_in(TRUSTED).raise_for_status()

    assert len(holders(stack, cognito, address)) == 2


def test_identity_is_not_linked_to_disabled_user(
    stack: LocalStack, cognito: Any, provider: OpenIdProvider, sign_in: Callable[[str], httpx.Response], address: str
) -> None:
    (username,) = holders(stack, cognito, address)
    cognito.admin_disable_user(UserPoolId=stack.outputs["UserPoolId"], Username=username)
    provider.user = {"sub": uuid.uuid4().hex, "email": address, "email_verified": True}
    assert_is_a_user_apart(stack, cognito, address, sign_in(TRUSTED))


def test_pool_gets_of_an_identity_what_it_can_hold(
    stack: LocalStack,
    cognito: Any,
    provider: OpenIdProvider,
    sign_in: Callable[[str], httpx.Response],
    new_address: Callable[[], str],
) -> None:
    address = new_address()
    provider.user = {
        "sub": uuid.uuid4().hex,
        "email": f" {address.upper()} ",
        "email_verified": True,
        "name": "  Ju\u0308rgen ",
        "groups": ["a", "b"],
        "profile": "x" * 2049,
        "nickname": "",
    }

    sign_in(UNTRUSTED).raise_for_status()

    (attributes,) = holders(stack, cognito, address).values()
    assert attributes["email"] == address
    assert attributes["email_verified"] == "true"
    assert attributes["name"] == "J\u00fcrgen"
    assert not {"groups", "profile", "nickname"} & set(attributes)


@pytest.fixture
def auto_confirming(stack: LocalStack) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """The deployed function with AutoConfirmUsers on and no trusted providers: a stack has the one or the other."""
    resource = stack.settings.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="PreSignUpFunction"
    )
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    functions = stack.settings.client("lambda")
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = {**before, "AUTO_CONFIRM_USERS": "on", "TRUSTED_IDENTITY_PROVIDERS": ""}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    yield lambda event: json.load(functions.invoke(FunctionName=name, Payload=json.dumps(event))["Payload"])
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)


def test_auto_confirmed_user_signs_in_without_a_code(
    stack: LocalStack,
    cognito: Any,
    new_address: Callable[[], str],
    auto_confirming: Callable[[dict[str, Any]], Any],
) -> None:
    address = new_address()
    assert sign_up(stack, cognito, address)["UserConfirmed"] is True
    (attributes,) = holders(stack, cognito, address).values()
    assert attributes["email_verified"] == "true"
    assert claims_of(users.sign_in(stack, address, PASSWORD)["AccessToken"])["sub"] == attributes["sub"]


def test_auto_confirmed_user_gets_no_address_verified_that_another_holds(
    stack: LocalStack,
    provider: OpenIdProvider,
    sign_in: Callable[[str], httpx.Response],
    new_address: Callable[[], str],
    auto_confirming: Callable[[dict[str, Any]], Any],
) -> None:
    """With the documented event: the emulator itself refuses a sign-up with an address that any user holds."""
    free, held = new_address(), new_address()
    provider.user = {"sub": uuid.uuid4().hex, "email": held, "email_verified": True}
    sign_in(UNTRUSTED).raise_for_status()
    answers = {}
    for address in (free, held):
        asked = event("PreSignUp_SignUp", user_attributes={"email": address})
        answers[address] = auto_confirming({**asked, "userPoolId": stack.outputs["UserPoolId"]})["response"]
    assert answers[free] == {"autoConfirmUser": True, "autoVerifyEmail": True, "autoVerifyPhone": False}
    assert answers[held] == {"autoConfirmUser": True, "autoVerifyEmail": False, "autoVerifyPhone": False}
