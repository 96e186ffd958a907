"""The profile API: each role sees what ``poolhouse/access/policy.toml`` lets it see."""

import json
import os
import time
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from poolhouse.access import Principal, default_policy
from poolhouse.gateway import http_api
from poolhouse.gateway.context import NoPrincipalError
from poolhouse.gateway.problems import CONTENT_TYPE, Problem
from poolhouse.logs import describe_error
from poolhouse.profiles import (
    AccountSuspendedError,
    InsufficientScopeError,
    ProfileNotFoundError,
    ProfileRepository,
    ProfileService,
)

PROFILES = ProfileService(ProfileRepository(os.environ["PROFILES_TABLE"]), default_policy())

app = APIGatewayHttpResolver()
logger = Logger(service="profile_api")
metrics = Metrics(namespace="Poolhouse", service="profile_api")


@app.get("/profile")
def read_own_profile() -> Response[str]:
    """My profile."""
    return _answer(PROFILES.read_own(_caller()))


@app.get("/profiles/<sub>")
def read_profile(sub: str) -> Response[str]:
    """The profile of one user."""
    return _answer(PROFILES.read(_caller(), sub))


@app.exception_handler(NoPrincipalError)
def _unauthorized(error: NoPrincipalError) -> Response[str]:
    return _problem(Problem(401, "unauthorized", f"Sign in and try again: {error}.", {"error": "invalid_token"}))


@app.exception_handler(InsufficientScopeError)
def _insufficient_scope(error: InsufficientScopeError) -> Response[str]:
    challenge = {"error": error.code, "scope": error.scope}
    return _problem(Problem(403, error.code, f"Not allowed: {error}.", challenge))


@app.exception_handler(AccountSuspendedError)
def _suspended(error: AccountSuspendedError) -> Response[str]:
    return _problem(Problem(403, error.code, "This account is suspended."))


@app.exception_handler(ProfileNotFoundError)
def _not_found(error: ProfileNotFoundError) -> Response[str]:
    return _problem(Problem(404, error.code, "There is no such profile."))


@app.not_found
def _no_route(_error: Exception) -> Response[str]:
    return _problem(Problem(404, "no_such_route", "The API has no such route."))


@app.exception_handler(Exception)
def _failed(error: Exception) -> Response[str]:
    logger.error("the request failed", error=describe_error(error))
    return _problem(Problem(500, "internal_error", "Something went wrong on our side. Please try again."))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a request of the HTTP API (payload format 2.0)."""
    return app.resolve(event, context)


def _caller() -> Principal:
    return http_api.principal(app.current_event.raw_event, now=time.time())


def _answer(profile: dict[str, Any]) -> Response[str]:
    metrics.add_metric(name="ProfileRead", unit=MetricUnit.Count, value=1)
    return Response(
        HTTPStatus.OK, "application/json", json.dumps(profile, ensure_ascii=False), {"Cache-Control": "no-store"}
    )


def _problem(problem: Problem) -> Response[str]:
    metrics.add_metric(name=f"Problem{problem.status}", unit=MetricUnit.Count, value=1)
    logger.info("refused", code=problem.code, status=problem.status)
    return Response(problem.status, CONTENT_TYPE, problem.body(), problem.headers())
