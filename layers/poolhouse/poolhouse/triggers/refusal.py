"""A refusal that the user sees."""

import re
from typing import Final

_CODE: Final = re.compile(r"[a-z][a-z0-9_]*")


class Refusal(Exception):  # noqa: N818 - not an error of ours: it is the answer
    """Stops what the user is doing and tells them why.

    Cognito shows the text to the client, as ``PreSignUp failed with error <code>: <sentence>.``
    (https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html), so
    the code stands first, where a front end can read it.

    Args:
        code: Stable, in snake case: what a program goes by.
        sentence: What the user is told. It is shown in browsers and stands in logs: no personal data.

    Raises:
        ValueError: The code is not in snake case.

    Example:
        >>> str(Refusal("email_domain_refused", "Please use your work address."))
        'email_domain_refused: Please use your work address'
    """

    def __init__(self, code: str, sentence: str) -> None:
        if not _CODE.fullmatch(code):
            raise ValueError(f"a refusal's code is in snake case, and {code!r} is not")
        super().__init__(f"{code}: {sentence.removesuffix('.')}")  # Cognito ends the text with a full stop
        self.code = code
        self.sentence = sentence
