"""The routes of the profile API, and what a caller meets whom every one of them refuses."""

from local.stack import LocalStack
from tests.e2e.conftest import Api, records_of, stored
from tests.e2e.people import Person

BODIES = {"PATCH": {"zone": "Asia/Tokyo"}, "POST": {"email": "nobody@example.com"}}
"""By method, a body that every route of that method takes."""


def routes(own: str, other: str) -> list[tuple[str, str]]:
    """Method and path of each route, on the caller's own profile and on another's."""
    return [
        ("GET", "/profile"),
        ("PATCH", "/profile"),
        ("DELETE", "/profile"),
        ("GET", "/profiles"),
        ("POST", "/profiles/search"),
        *(
            (method, f"/profiles/{sub}{action}")
            for sub in (own, other)
            for method, action in (
                ("GET", ""),
                ("PATCH", ""),
                ("DELETE", ""),
                ("POST", "/suspend"),
                ("POST", "/reinstate"),
                ("GET", "/audit"),
            )
        ),
    ]


def assert_every_route_refuses(
    stack: LocalStack, api: Api, caller: Person, other: Person, refusal: tuple[int, str]
) -> None:
    """Send to every route as an admin who is held out: nothing is shown of anybody, and nothing changes.

    Args:
        stack: Where the profiles are.
        api: Its API.
        caller: The admin.
        other: Somebody whose profile has a name.
        refusal: Status and code of every answer, but where no role may do it to itself: that is said first.
    """
    profiles = {person.sub: stored(stack, person.sub) for person in (caller, other)}
    records = {sub: records_of(stack, sub) for sub in profiles}
    own, others = profiles.values()
    assert own is not None
    assert others is not None

    answers = {}
    for method, path in routes(caller.sub, other.sub):
        answer = api.send(method, path, caller.token, BODIES.get(method), If_Match=f'"{own["version"]}"')
        answers[method, path] = (answer.status_code, answer.json()["code"])
        assert not [personal for personal in ("@example.com", others["name"]) if personal in answer.text]

    nobody_may = {("POST", f"/profiles/{caller.sub}/{action}") for action in ("suspend", "reinstate")}
    assert answers == dict.fromkeys(answers, refusal) | dict.fromkeys(nobody_may, (403, "action_not_allowed"))
    assert profiles == {sub: stored(stack, sub) for sub in profiles}
    assert records == {sub: records_of(stack, sub) for sub in records}
