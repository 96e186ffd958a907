import re

import pytest
from poolhouse.triggers import Refusal


def test_refusal_text_begins_with_code() -> None:
    refusal = Refusal("email_domain_refused", "Please use your work address.")
    assert str(refusal) == "email_domain_refused: Please use your work address"
    assert (refusal.code, refusal.sentence) == ("email_domain_refused", "Please use your work address.")


def test_refusal_code_can_be_read_out_of_cognito_text() -> None:
    shown = f"PreSignUp failed with error {Refusal('a_code_2', 'One: two.')}."
    match = re.search(r" failed with error ([a-z][a-z0-9_]*): ", shown)
    assert match is not None
    assert match[1] == "a_code_2"


@pytest.mark.parametrize("code", ["", "Code", "2fast", "_code", "a-code", "a code", "code:", "code\n", "cödé"])
def test_refusal_code_must_be_snake_case(code: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(code))):
        Refusal(code, "Sentence.")
