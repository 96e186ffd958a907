import pytest
from poolhouse.triggers import Refusal

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample

SOURCES = ["sign_up", "admin_create_user", "external_provider"]


@pytest.mark.parametrize("case", SOURCES)
def test_pre_sign_up_refuses_domain_outside_allow_list_whatever_the_source(load: Load, case: str) -> None:
    app = load("pre_sign_up", ALLOWED_EMAIL_DOMAINS="example.org")
    with pytest.raises(Refusal) as raised:
        app.lambda_handler(sample(f"pre_sign_up/{case}"), None)
    assert str(raised.value) == "email_domain_refused: Sign-up with an address of this e-mail domain is not open"


@pytest.mark.parametrize("case", [*SOURCES, "blocked_domain"])
def test_pre_sign_up_without_lists_changes_nothing(load: Load, case: str) -> None:
    event = sample(f"pre_sign_up/{case}")
    assert load("pre_sign_up").lambda_handler(event, None) == sample(f"pre_sign_up/{case}")


def test_pre_sign_up_refuses_user_without_address_when_there_is_a_list(load: Load) -> None:
    app = load("pre_sign_up", BLOCKED_EMAIL_DOMAINS="blocked.example")
    event = sample("pre_sign_up/external_provider")
    del event["request"]["userAttributes"]["email"]
    with pytest.raises(Refusal, match="^email_domain_refused: "):
        app.lambda_handler(event, None)


@pytest.mark.parametrize("variable", ["ALLOWED_EMAIL_DOMAINS", "BLOCKED_EMAIL_DOMAINS"])
def test_pre_sign_up_does_not_start_with_list_that_means_nothing(load: Load, variable: str) -> None:
    # Starting without the entry would open sign-up to whom it was to keep out.
    with pytest.raises(ValueError, match=r"'\*example\.com' is no e-mail domain"):
        load("pre_sign_up", **{variable: "example.org,*example.com"})


def test_pre_sign_up_fails_closed(load: Load) -> None:
    app = load("pre_sign_up", ALLOWED_EMAIL_DOMAINS="example.com")
    event = sample("pre_sign_up/sign_up")
    del event["request"]
    with pytest.raises(Refusal, match="^try_again: "):
        app.lambda_handler(event, None)


def test_pre_sign_up_leaves_unknown_source_alone(load: Load) -> None:
    app = load("pre_sign_up", ALLOWED_EMAIL_DOMAINS="example.org")
    event = {**sample("pre_sign_up/sign_up"), "triggerSource": "PreSignUp_Tomorrow"}
    assert app.lambda_handler(event, None) == event
