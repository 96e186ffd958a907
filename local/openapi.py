"""The OpenAPI document of the profile API, from its routes, its docstrings and the policy file."""

import importlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import ModuleType
from typing import Any, Final
from unittest.mock import patch

from poolhouse.access import Action, Field, Policy
from poolhouse.access.kinds import KINDS
from poolhouse.gateway.problems import CONTENT_TYPE
from poolhouse.gateway.requests import JSON_TYPES
from poolhouse.profiles import Status
from poolhouse.profiles.pages import DEFAULT_LIMIT, MAX_LIMIT
from poolhouse.profiles.pictures import FORM_SECONDS, MAX_BYTES, NAME
from poolhouse.profiles.service import EMAIL, MAX_EMAIL

# What the function's module reads when it is imported. Nothing is called.
_ENVIRONMENT: Final = {
    "AUDIT_TABLE": "audit",
    "AWS_DEFAULT_REGION": "us-east-1",
    "DELETED_PROFILE_DAYS": "90",
    "DELETED_USERS": "keep",
    "PICTURES_BUCKET": "pictures",
    "PROFILES_TABLE": "profiles",
    "USER_POOL_ID": "us-east-1_EXAMPLE00",
}

# Every route may answer so, and API Gateway itself in its own form, which has no code.
_ALWAYS: Final = (401, 403, 500, 503)
_GATEWAYS: Final = (401, 403, 404, 413, 429, 500, 503)


_MINE: Final = "My profile"
_EVERYBODYS: Final = "Profiles"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route's handler does not say of itself.

    Attributes:
        action: The action in the policy.
        answer: Name of the schema of its answer; None answers with nothing (204).
        refusals: Statuses that it may answer with besides those that every route may.
        body: Name of the schema of its body.
        changes: It takes ``If-Match``.
        pages: It answers page by page.
    """

    action: Action
    answer: str | None
    refusals: tuple[int, ...] = ()
    body: str | None = None
    changes: bool = False
    pages: bool = False


_OPERATIONS: Final = {
    "read_own_profile": Operation("read", "Profile", (404, 410)),
    "change_own_profile": Operation("change", "Profile", (400, 404, 410, 412, 413, 415, 428), "Change", changes=True),
    "delete_own_profile": Operation("delete", None, (400, 404, 410, 412, 428), changes=True),
    "make_picture_form": Operation("change", "PictureForm", (400, 404, 410, 413, 415), "Picture"),
    "list_profiles": Operation("list", "Profiles", (400, 410), pages=True),
    "search_profiles": Operation("search", "Profiles", (400, 410, 413, 415), "Search"),
    "read_profile": Operation("read", "Profile", (404, 410)),
    "change_profile": Operation("change", "Profile", (400, 404, 410, 412, 413, 415, 428), "Change", changes=True),
    "delete_profile": Operation("delete", None, (400, 404, 410, 412, 428), changes=True),
    "suspend": Operation("suspend", "Profile", (400, 404, 410, 412, 428), changes=True),
    "reinstate": Operation("reinstate", "Profile", (400, 404, 410, 412, 428), changes=True),
    "read_audit": Operation("read_audit", "Records", (400, 404, 410), pages=True),
}


def document(policy: Policy) -> dict[str, Any]:
    """The document.

    Args:
        policy: What it follows.

    Raises:
        KeyError: A route of the function is not described in this module.
        ValueError: What is described here is no route.

    Example:
        >>> document(default_policy())["paths"]["/profile"]["get"]["operationId"]
        'read_own_profile'
    """
    with patch.dict(os.environ, _ENVIRONMENT):
        function = importlib.import_module("functions.profile_api.app")
    paths: dict[str, dict[str, Any]] = {}
    for name, (method, path) in _routes(function).items():
        summary = str(getattr(function, name).__doc__).strip().rstrip(".")
        paths.setdefault(path, {})[method] = _operation(name, summary, path, policy)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Profile API",
            "version": importlib.import_module("poolhouse").__version__,
            "description": "Profiles of the users of an Amazon Cognito user pool. Each caller sees and does what their "
            "roles and the token's scopes both allow. Failures are problem documents (RFC 9457) with a stable `code`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": _MINE}, {"name": _EVERYBODYS}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": _schemas(policy), "securitySchemes": _security_schemes(policy)},
    }


def _routes(function: ModuleType) -> dict[str, tuple[str, str]]:
    """Method and path of each handler, by its name, as Powertools tells them."""
    told = function.app.get_openapi_schema(title="", version="").paths
    by_id = {
        getattr(item, method).operationId: (method, path)
        for path, item in told.items()
        for method in ("get", "patch", "post", "delete")
        if getattr(item, method, None)
    }
    found = {}
    for name in _OPERATIONS:
        # Powertools makes the id from the handler's name, the path and the method.
        (known,) = (known for known, (m, p) in by_id.items() if known == re.sub(r"\W", "_", name + p) + f"_{m}")
        found[name] = by_id.pop(known)
    if by_id:
        raise KeyError(f"local/openapi.py does not describe {sorted(by_id.values())}")
    return found


def _operation(name: str, summary: str, path: str, policy: Policy) -> dict[str, Any]:
    operation = _OPERATIONS[name]
    parameters: list[dict[str, Any]] = []
    if "{sub}" in path:
        parameters.append(_parameter("sub", "path", "The user's `sub` in the user pool.", {"type": "string"}))
    if operation.changes:
        tag = {"type": "string", "pattern": '^"[0-9]{1,15}"$', "examples": ['"3"']}
        parameters.append(_parameter("If-Match", "header", "The ETag of the version that you change.", tag))
    if operation.pages:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        parameters += [
            _parameter("limit", "query", "How many are looked at.", limit),
            _parameter("cursor", "query", "`cursor` of the page before.", {"type": "string", "minLength": 1}),
        ]
    described: dict[str, Any] = {
        "operationId": name,
        "tags": [_MINE if _is_own(path) else _EVERYBODYS],
        "summary": summary,
        "security": _security(operation.action, path, policy),
    }
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        types = JSON_TYPES if operation.body == "Change" else JSON_TYPES[:1]
        described["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": _ref(operation.body)} for kind in types},
        }
    answers = {204: {"description": "Deleted"}} if operation.answer is None else {200: _answer(operation.answer)}
    refusals = {status: _refusal(status, operation) for status in {*operation.refusals, *_ALWAYS, *_GATEWAYS}}
    described["responses"] = {str(status): answer for status, answer in sorted({**answers, **refusals}.items())}
    return described


def _security(action: Action, path: str, policy: Policy) -> list[dict[str, list[str]]]:
    # Whether it may be the caller's own: always, by its key too, or never.
    whose = [True] if _is_own(path) else [False, True] if "{sub}" in path else [False]
    named = dict.fromkeys(scope for own in whose if (scope := policy.needed(action, own=own)))
    return [{scheme: [scope]} for scope in named for scheme in ("signIn", "token")]


def _is_own(path: str) -> bool:
    return path.split("/")[1] == "profile"


def _answer(schema: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": "As far as the caller may see it",
        "content": {"application/json": {"schema": _ref(schema)}},
    }
    if schema == "Profile":
        tag = {"description": "The version, for If-Match.", "schema": {"type": "string"}}
        answer["headers"] = {"ETag": tag}
    return answer


def _refusal(status: int, operation: Operation) -> dict[str, Any]:
    content = {}
    if status in {*operation.refusals, *_ALWAYS}:
        content[CONTENT_TYPE] = {"schema": _ref("Problem")}
    if status in _GATEWAYS:
        content["application/json"] = {"schema": _ref("GatewayMessage")}
    refusal: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": content}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        wait = {"description": "After how many seconds to try again.", "schema": {"type": "integer"}}
        refusal["headers"] = {"Retry-After": wait}
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        challenge = {"description": "A challenge (RFC 6750); API Gateway sends none.", "schema": {"type": "string"}}
        refusal["headers"] = {"WWW-Authenticate": challenge}
    return refusal


def _schemas(policy: Policy) -> dict[str, Any]:
    settable = {name: field for name, field in policy.fields.items() if field.settable}
    cursor = {"type": ["string", "null"], "description": "For the next page; null on the last one."}
    text = {"type": "string"}
    return {
        "Profile": _object(
            {name: _shown(name, field) for name, field in policy.fields.items()},
            "A field that is not set, or that the caller may not see, is missing.",
            required=[name for name in ("sub", "status", "version") if name in policy.fields],
        ),
        "Change": _object(
            {name: _taken(field) for name, field in settable.items()},
            "What is to change, as a merge patch (RFC 7396): null removes a field.",
            required=[],
        ),
        "Search": _object({"email": {"type": "string", "maxLength": MAX_EMAIL, "pattern": f"^{EMAIL.pattern}$"}}),
        "Picture": _object(
            {
                "picture": {
                    "type": "string",
                    "description": "The name that it is to have.",
                    "pattern": f"^{NAME.pattern}$",
                    "examples": ["me.jpg"],
                }
            }
        ),
        "PictureForm": _object(
            {
                "url": text,
                "fields": {"type": "object", "additionalProperties": text},
                "max_bytes": {"type": "integer", "const": MAX_BYTES},
                "expires_in": {"type": "integer", "const": FORM_SECONDS},
            },
            "Send `fields`, and then the picture as the field `file`, to `url` as multipart/form-data.",
        ),
        "Profiles": _object({"profiles": {"type": "array", "items": _ref("Profile")}, "cursor": cursor}),
        "Records": _object({"records": {"type": "array", "items": _ref("AuditRecord")}, "cursor": cursor}),
        "AuditRecord": _object(
            {
                "sub": text,
                "action": text,
                "actor": text,
                "role": text,
                "fields": {"type": "array", "items": text},
                "at": {"type": "string", "format": "date-time"},
            },
            "Who did what, in which role, to which fields, and when. It holds no value.",
        ),
        "Problem": _object(
            {"type": text, "title": text, "status": {"type": "integer"}, "detail": text, "code": text},
            "A failure (RFC 9457). Programs go by `code`: docs/errors.md lists them.",
            closed=False,
        ),
        "GatewayMessage": _object(
            {"message": {"type": ["string", "null"]}},
            "What API Gateway itself answers: it has no code.",
            closed=False,
        ),
    }


def _object(
    properties: Mapping[str, Any],
    description: str | None = None,
    *,
    required: Sequence[str] | None = None,
    closed: bool = True,
) -> dict[str, Any]:
    """An object that has every one of its properties, or those that are required, and if it is closed no others."""
    schema = {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties if required is None else required) or None,
        "additionalProperties": False if closed else None,
    }
    return {name: value for name, value in schema.items() if value is not None}


def _shown(name: str, field: Field) -> dict[str, Any]:
    """How a field looks in an answer. A masked one is no value of its kind, so of those the type alone is told."""
    if name == "status":
        return {"type": "string", "enum": [Status.ACTIVE.value, Status.SUSPENDED.value]}
    if name == "version":
        return {"type": "integer", "minimum": 1}
    if name.endswith("_at"):
        return {"type": "string", "format": "date-time"}
    return {"type": KINDS[field.kind].schema["type"] if field.kind else "string"}


def _taken(field: Field) -> dict[str, Any]:
    schema = dict(KINDS[str(field.kind)].schema)
    if field.kind == "text":
        schema["maxLength"] = field.max_length
    return {**schema, "type": [schema["type"], "null"]}


def _security_schemes(policy: Policy) -> dict[str, Any]:
    return {
        "signIn": {
            "type": "oauth2",
            "description": "Sign in on the user pool's page. No client secret: the page proves itself by PKCE.",
            "flows": {
                "authorizationCode": {  # the function that serves this file fills in its own stack's addresses
                    "authorizationUrl": "https://sign-in.example/oauth2/authorize",
                    "tokenUrl": "https://sign-in.example/oauth2/token",
                    "scopes": {"openid": "Know who signs in", **policy.scopes},
                }
            },
        },
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token."},
    }


def _parameter(name: str, place: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    required = place != "query"
    return {"name": name, "in": place, "required": required, "description": description, "schema": dict(schema)}


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}
