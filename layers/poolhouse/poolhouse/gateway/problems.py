"""Failures as HTTP answers: problem documents (RFC 9457) with a stable code, and challenges (RFC 6750, section 3)."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

CONTENT_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure, told to a program by its code and to a human by its detail.

    Attributes:
        status: The HTTP status.
        code: Stable, in snake case: what a program goes by.
        detail: What happened and what to do. No personal data.
        challenge: What follows ``Bearer`` in ``WWW-Authenticate``, for 401 and 403.
        retry_after: After how many seconds the same request may succeed, for 503.

    Example:
        >>> Problem(404, "profile_not_found", "There is no such profile.").document()["title"]
        'Not Found'
    """

    status: int
    code: str
    detail: str
    challenge: dict[str, str] = field(default_factory=dict)
    retry_after: int | None = None

    def document(self) -> dict[str, Any]:
        """The members of the problem document; ``code`` is ours, the others are RFC 9457's."""
        return {
            "type": f"urn:poolhouse:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }

    def body(self) -> str:
        """The problem document as JSON."""
        return json.dumps(self.document(), ensure_ascii=False)

    def headers(self) -> dict[str, str]:
        """The headers of the answer, besides its content type: a challenge or a wait where due, and no storing."""
        headers = {"Cache-Control": "no-store"}
        if self.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            parameters = ", ".join(f'{name}="{value}"' for name, value in self.challenge.items())
            headers["WWW-Authenticate"] = f"Bearer {parameters}".rstrip()
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return headers

    def answer(self) -> dict[str, Any]:
        """The whole answer, as a Lambda integration returns it."""
        return {
            "statusCode": self.status,
            "headers": {"Content-Type": CONTENT_TYPE, **self.headers()},
            "body": self.body(),
            "isBase64Encoded": False,
        }
