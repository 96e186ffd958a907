"""An SES that takes what a test has told it to: a botocore client with botocore's Stubber, which knows SES's model."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from botocore.stub import Stubber

from tests.unit.stubbed import StubbedService


class StubbedMail(StubbedService):
    """Announces mails; every method is one that is to come, in this order.

    Attributes:
        sent: The requests that came.
    """

    service = "sesv2"

    def __init__(self, stubber: Stubber) -> None:
        super().__init__(stubber)
        self.sent: list[dict[str, Any]] = []

    @classmethod
    @contextmanager
    def of_test(cls) -> Iterator[Self]:
        """The mail, and at the end the check that every announced one came."""
        with super().of_test() as mail:
            events = mail.client.meta.events
            events.register_first("provide-client-params.sesv2.SendEmail", mail._note)
            try:
                yield mail
            finally:
                events.unregister("provide-client-params.sesv2.SendEmail", mail._note)

    def will_send(self) -> None:
        """A mail that is taken."""
        self._stubber.add_response("send_email", {"MessageId": "1"})

    def will_fail(self, code: str, text: str = "") -> None:
        """A mail that is refused."""
        self._stubber.add_client_error("send_email", service_error_code=code, service_message=text)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self.sent.append(params)
