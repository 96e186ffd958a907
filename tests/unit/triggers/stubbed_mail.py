"""An SES that takes what a test has told it to: a botocore client with botocore's Stubber, which knows SES's model."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import botocore.session
from botocore.stub import Stubber

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


@cache
def _client() -> "SESV2Client":
    client: SESV2Client = botocore.session.Session().create_client(  # type: ignore[assignment]
        "sesv2", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return client


class StubbedMail:
    """Announces mails; every method is one that is to come, in this order.

    Attributes:
        sent: The requests that came.
    """

    def __init__(self, client: "SESV2Client", stubber: Stubber) -> None:
        self.client = client
        self.sent: list[dict[str, Any]] = []
        self._stubber = stubber

    @classmethod
    @contextmanager
    def of_test(cls) -> Iterator[Self]:
        """The mail, and at the end the check that every announced one came."""
        with Stubber(_client()) as stubber:
            mail = cls(_client(), stubber)
            events = _client().meta.events
            events.register_first("provide-client-params.sesv2.SendEmail", mail._note)
            try:
                yield mail
            finally:
                events.unregister("provide-client-params.sesv2.SendEmail", mail._note)
            stubber.assert_no_pending_responses()

    def will_send(self) -> None:
        """A mail that is taken."""
        self._stubber.add_response("send_email", {"MessageId": "1"})

    def will_fail(self, code: str, text: str = "") -> None:
        """A mail that is refused."""
        self._stubber.add_client_error("send_email", service_error_code=code, service_message=text)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self.sent.append(params)
