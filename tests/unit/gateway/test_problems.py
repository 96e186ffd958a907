import json

import pytest
from poolhouse.gateway.problems import CONTENT_TYPE, Problem


def test_problem_body_is_a_problem_document() -> None:
    problem = Problem(404, "profile_not_found", "There is no such profile – sorry.")
    assert json.loads(problem.body()) == {
        "type": "urn:poolhouse:problem:profile_not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such profile – sorry.",
        "code": "profile_not_found",
    }
    assert CONTENT_TYPE == "application/problem+json"


@pytest.mark.parametrize("status", [400, 404, 409, 412, 429, 500])
def test_problem_challenges_on_401_and_403_only(status: int) -> None:
    assert Problem(status, "code", "Detail.", {"error": "x"}).headers() == {"Cache-Control": "no-store"}


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("challenge", "header"),
    [
        ({}, "Bearer"),  # RFC 6750, section 3.1: no error code where no token was sent
        ({"error": "invalid_token"}, 'Bearer error="invalid_token"'),
        (
            {"error": "insufficient_scope", "scope": "profiles/read.any"},
            'Bearer error="insufficient_scope", scope="profiles/read.any"',
        ),
    ],
)
def test_problem_challenge_is_that_of_rfc_6750(status: int, challenge: dict[str, str], header: str) -> None:
    headers = Problem(status, "code", "Detail.", challenge).headers()
    assert headers == {"Cache-Control": "no-store", "WWW-Authenticate": header}
