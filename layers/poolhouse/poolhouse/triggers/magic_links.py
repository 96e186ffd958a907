"""Sign-in by a link in an e-mail, as a custom challenge of Cognito.

A sign-in with ``CUSTOM_AUTH`` runs three triggers: define says what comes next, create makes the challenge, verify
judges an answer (https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-challenge.html). Here the
challenge is a mail with a link, and the answer is the secret that the link brings.

What knows what: the mail has the secret; Cognito's session has a salt, which it shows to no client; the table has a
digest made of both and of the user. A link therefore answers the session that asked for it, of that user, and no other.
Neither the table nor the mail alone lets anybody in, and a mail scanner that opens the link uses nothing up.

Known and unknown users, and those who have had their links, get the same bytes. The same calls of DynamoDB are made for
all of them, and an answer takes `SECONDS_TO_ANSWER` at least, so that sending a mail does not show in the time.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

from poolhouse.logs import describe_error, get_logger
from poolhouse.metrics import count
from poolhouse.triggers.running import Event
from poolhouse.triggers.sign_in_links import LINKS_PER_HOUR, SignInLinks
from poolhouse.triggers.sign_in_mail import SignInMail

WRONG_ANSWERS: Final = 3
SECONDS_TO_ANSWER: Final = 1.0
"""Longer than a mail takes to hand over, and well within the 5 s of a trigger."""

_CHALLENGE: Final = "CUSTOM_CHALLENGE"
_METADATA: Final = "sign-in-link "

_logger = get_logger(__name__)


class MagicLinks:
    """Decides the responses of define, create and verify auth challenge.

    Args:
        links: Where digests are kept.
        mail: Sends the links.
        minutes: How long a link works. Cognito's session of the app client has to last as long.
        seconds_to_answer: What `create` takes at least when it makes a link.
    """

    def __init__(
        self, links: SignInLinks, mail: SignInMail, *, minutes: int, seconds_to_answer: float = SECONDS_TO_ANSWER
    ) -> None:
        self._links = links
        self._mail = mail
        self._minutes = minutes
        self._seconds_to_answer = seconds_to_answer

    def define(self, event: Event) -> Mapping[str, Any]:
        """Ask for the link, until it was right once or wrong three times.

        A session with any other challenge in it fails: what begins with a password is another kind of sign-in.
        """
        request = event["request"]
        rounds = request.get("session") or []
        results = [each["challengeResult"] is True for each in rounds if each["challengeName"] == _CHALLENGE]
        wrong = results.count(False)
        if len(results) != len(rounds) or wrong >= WRONG_ANSWERS:
            return {"issueTokens": False, "failAuthentication": True}
        if results and results[-1]:
            known = request.get("userNotFound") is not True
            return {"issueTokens": known, "failAuthentication": not known}
        return {"challengeName": _CHALLENGE, "issueTokens": False, "failAuthentication": False}

    def create(self, event: Event) -> Mapping[str, Any]:
        """Mail a link in the first round. In later rounds the same link counts, and no mail is sent."""
        rounds = event["request"].get("session") or []
        salt = rounds[-1]["challengeMetadata"].removeprefix(_METADATA) if rounds else self._begin(event)
        return {
            "publicChallengeParameters": {
                "challenge": "sign_in_link",
                "minutes": str(self._minutes),
                "links_per_hour": str(LINKS_PER_HOUR),
            },
            "privateChallengeParameters": {"salt": salt},
            "challengeMetadata": _METADATA + salt,  # all that the next round is told of this one
        }

    def verify(self, event: Event) -> Mapping[str, Any]:
        """Use up the link whose secret is the answer. An answer that is no link of this session changes nothing."""
        request = event["request"]
        salt = request["privateChallengeParameters"]["salt"]
        is_link = self._links.use(_digest(request["challengeAnswer"], salt, _user(event)))
        return {"answerCorrect": is_link and request.get("userNotFound") is not True}

    def _begin(self, event: Event) -> str:
        answer_at = time.monotonic() + self._seconds_to_answer
        user, salt, secret = _user(event), secrets.token_hex(16), secrets.token_urlsafe(32)
        self._mail.prepare()  # a first mail is to take no longer than the next one
        if self._links.take_turn(user):
            self._links.keep(_digest(secret, salt, user), self._minutes * 60)
            self._send(event, secret)
        else:
            _logger.warning("no further sign-in link within the hour", extra=count("SignInLinksRefused"))
        time.sleep(max(0.0, answer_at - time.monotonic()))
        return salt

    def _send(self, event: Event, secret: str) -> None:
        """Mail the link to a user that the pool knows, at an address that is verified: another's would let them in."""
        request = event["request"]
        attributes = request.get("userAttributes") or {}
        if request.get("userNotFound") is True or attributes.get("email_verified") != "true":
            return
        try:
            self._mail.send(request, secret)
        except Exception as error:
            # No refusal: it would tell that there is such a user, for whom a mail was tried.
            failure = {"error": describe_error(error)} | count("SignInMailsFailed")
            _logger.error("a sign-in mail was not sent", extra=failure)  # noqa: TRY400 - a traceback may quote the address


def _user(event: Event) -> str:
    """What names a user: the pool and the key, or for one whom the pool does not know the name that was asked for."""
    attributes = event["request"].get("userAttributes") or {}
    return f"{event['userPoolId']}/{attributes.get('sub') or event['userName']}"


def _digest(secret: str, salt: str, user: str) -> str:
    message = f"{user}\n{secret}".encode("utf-8", "surrogatepass")  # an answer may be any JSON string
    return hmac.digest(salt.encode("utf-8", "surrogatepass"), message, hashlib.sha256).hex()
