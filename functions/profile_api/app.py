"""The profile API: each role sees and does what ``poolhouse/access/policy.toml`` lets it."""

import json
import os
import time
from functools import partial
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from poolhouse.access import Principal, default_policy
from poolhouse.aws import is_passing
from poolhouse.gateway import http_api
from poolhouse.gateway.context import NoPrincipalError
from poolhouse.gateway.problems import CONTENT_TYPE, Problem
from poolhouse.gateway.requests import RequestError, entity_tag, json_object, named_versions, whole_number
from poolhouse.logs import describe_error
from poolhouse.pools import Users
from poolhouse.profiles import AuditLog, InsufficientScopeError, ProfileError, ProfileRepository, ProfileService, Shown
from poolhouse.profiles.pages import DEFAULT_LIMIT, MAX_LIMIT, Page, from_cursor, to_cursor
from poolhouse.profiles.pictures import Pictures

AUDIT = AuditLog(os.environ["AUDIT_TABLE"])
AUDIT.prepare()  # and with it the profiles, which have the same client
PROFILES = ProfileService(
    ProfileRepository(os.environ["PROFILES_TABLE"], audit=AUDIT),
    AUDIT,
    default_policy(),
    remove_user=partial(Users().remove, os.environ["USER_POOL_ID"], how=os.environ["DELETED_USERS"])
    if os.environ["DELETED_USERS"] != "keep"
    else None,
    pictures=Pictures(os.environ["PICTURES_BUCKET"]) if os.environ["PICTURES_BUCKET"] else None,
    mark_days=int(os.environ["DELETED_PROFILE_DAYS"]),
)
RETRY_AFTER_SECONDS = 2

app = APIGatewayHttpResolver()
logger = Logger(service="profile_api")
metrics = Metrics(namespace="Poolhouse", service="profile_api")


@app.get("/profile")
def read_own_profile() -> Response[str]:
    """My profile."""
    return _profile("ProfileRead", PROFILES.read(_caller()))


@app.patch("/profile")
def change_own_profile() -> Response[str]:
    """Change fields of my profile."""
    return _profile("ProfileChanged", PROFILES.change(_caller(), None, _versions(), _body()))


@app.delete("/profile")
def delete_own_profile() -> Response[str]:
    """Delete my profile."""
    PROFILES.delete(_caller(), None, _versions())
    return _nothing("ProfileDeleted")


@app.post("/profile/picture")
def make_picture_form() -> Response[str]:
    """A form that uploads a picture of mine."""
    return _answer("PictureFormMade", PROFILES.picture_form(_caller(), _body()))


@app.get("/profiles")
def list_profiles() -> Response[str]:
    """Profiles, page by page."""
    return _page("ProfilesListed", "profiles", PROFILES.list(_caller(), *_place()))


@app.post("/profiles/search")
def search_profiles() -> Response[str]:
    """Profiles by e-mail address."""
    return _page("ProfilesSearched", "profiles", PROFILES.search(_caller(), _body()))


@app.get("/profiles/<sub>")
def read_profile(sub: str) -> Response[str]:
    """The profile of one user."""
    return _profile("ProfileRead", PROFILES.read(_caller(), sub))


@app.patch("/profiles/<sub>")
def change_profile(sub: str) -> Response[str]:
    """Change fields of one user's profile."""
    return _profile("ProfileChanged", PROFILES.change(_caller(), sub, _versions(), _body()))


@app.delete("/profiles/<sub>")
def delete_profile(sub: str) -> Response[str]:
    """Delete one user's profile."""
    PROFILES.delete(_caller(), sub, _versions())
    return _nothing("ProfileDeleted")


@app.post("/profiles/<sub>/suspend")
def suspend(sub: str) -> Response[str]:
    """Suspend a user's account."""
    return _profile("ProfileSuspended", PROFILES.suspend(_caller(), sub, _versions()))


@app.post("/profiles/<sub>/reinstate")
def reinstate(sub: str) -> Response[str]:
    """End the suspension of a user's account."""
    return _profile("ProfileReinstated", PROFILES.reinstate(_caller(), sub, _versions()))


@app.get("/profiles/<sub>/audit")
def read_audit(sub: str) -> Response[str]:
    """What was done to one user's profile, latest first."""
    return _page("AuditRead", "records", PROFILES.audit(_caller(), sub, *_place()))


@app.exception_handler(NoPrincipalError)
def _unauthorized(error: NoPrincipalError) -> Response[str]:
    return _problem(Problem(401, "unauthorized", f"Sign in and try again: {error}.", {"error": "invalid_token"}))


@app.exception_handler([ProfileError, RequestError])
def _refused(error: ProfileError | RequestError) -> Response[str]:
    scoped = {"error": error.code, "scope": error.scope} if isinstance(error, InsufficientScopeError) else {}
    return _problem(Problem(error.status, error.code, str(error), scoped))


@app.not_found
def _no_route(_error: Exception) -> Response[str]:
    return _problem(Problem(404, "no_such_route", "The API has no such route."))


@app.exception_handler(Exception)
def _failed(error: Exception) -> Response[str]:
    logger.error("the request failed", error=describe_error(error))
    if is_passing(error):
        sentence = "The service is busy. Send the same request again in a moment: nothing is done twice."
        return _problem(Problem(503, "try_again", sentence, retry_after=RETRY_AFTER_SECONDS))
    return _problem(Problem(500, "internal_error", "Something went wrong on our side. Please try again."))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a request of the HTTP API (payload format 2.0)."""
    if not http_api.is_request(event):  # invoked by hand, or from an API of another kind
        metrics.add_metric(name="Problem400", unit=MetricUnit.Count, value=1)
        return Problem(400, "not_a_request", "This is no event of an HTTP API with payload format 2.0.").answer()
    return app.resolve(event, context)


def _caller() -> Principal:
    return http_api.principal(app.current_event.raw_event, now=time.time())


def _body() -> dict[str, Any]:
    return json_object(app.current_event.raw_event)


def _versions() -> Any:
    return named_versions(app.current_event.raw_event)


def _place() -> tuple[int, str | None]:
    query = app.current_event.query_string_parameters or {}
    limit = whole_number("limit", query.get("limit"), default=DEFAULT_LIMIT, highest=MAX_LIMIT)
    return limit, from_cursor(query.get("cursor"))


def _profile(done: str, shown: Shown) -> Response[str]:
    return _answer(done, shown.fields, {"ETag": entity_tag(shown.version)})


def _page(done: str, name: str, page: Page[dict[str, Any]]) -> Response[str]:
    return _answer(done, {name: page.entries, "cursor": to_cursor(page.last)})


def _nothing(done: str) -> Response[str]:
    metrics.add_metric(name=done, unit=MetricUnit.Count, value=1)
    return Response(HTTPStatus.NO_CONTENT, body="", headers={"Cache-Control": "no-store"})


def _answer(done: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response[str]:
    metrics.add_metric(name=done, unit=MetricUnit.Count, value=1)
    text = json.dumps(body, ensure_ascii=False)
    return Response(HTTPStatus.OK, "application/json", text, {"Cache-Control": "no-store", **(headers or {})})


def _problem(problem: Problem) -> Response[str]:
    metrics.add_metric(name=f"Problem{problem.status}", unit=MetricUnit.Count, value=1)
    logger.info("refused", code=problem.code, status=problem.status)
    return Response(problem.status, CONTENT_TYPE, problem.body(), problem.headers())
