"""A service of AWS that answers what a test has told it to: a botocore client with botocore's Stubber.

Not a stand-in of our own: the Stubber holds each call to the service's own model, in order, and refuses every call that
was not announced.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar, Self

import botocore.session
from botocore.stub import Stubber


@cache
def client_of(service: str) -> Any:
    """A client of a service that nothing is ever sent with; making one takes a while."""
    return botocore.session.Session().create_client(
        service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


class StubbedService:
    """Announces calls; every method is one call that is to come, in this order."""

    service: ClassVar[str]

    def __init__(self, stubber: Stubber) -> None:
        self.client = client_of(self.service)
        self._stubber = stubber

    @classmethod
    @contextmanager
    def of_test(cls) -> Iterator[Self]:
        """The service, and at the end the check that every announced call came."""
        with Stubber(client_of(cls.service)) as stubber:
            yield cls(stubber)
            stubber.assert_no_pending_responses()
