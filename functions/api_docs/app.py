"""The profile API's document, and a page that shows it and lets a developer try it, signed in as themselves."""

import json
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from poolhouse.gateway import http_api
from poolhouse.gateway.problems import Problem
from poolhouse.tokens.endpoints import loopback_endpoint

HERE = Path(__file__).parent
SIGN_IN = loopback_endpoint() or os.environ["SIGN_IN_URL"]
CLIENT_ID = os.environ["CLIENT_ID"]

FILES = {
    "index.html": "text/html; charset=utf-8",
    "start.js": "text/javascript",
    "oauth2-redirect.html": "text/html; charset=utf-8",
    "oauth2-redirect.js": "text/javascript",
}
# Swagger UI comes with Powertools, so that the page loads nothing from anybody else.
BUNDLED = {"swagger-ui-bundle.min.js": "text/javascript", "swagger-ui.min.css": "text/css"}

HEADERS = {
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Swagger UI styles its elements in place. Scripts come from here alone, and requests go to the API and the sign-in.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        f"connect-src 'self' {SIGN_IN}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


def lambda_handler(event: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Answer GET /docs and GET /docs/{file}. Nobody needs to be signed in: there is nothing of anybody here."""
    if not http_api.is_request(event):
        return Problem(400, "not_a_request", "This is no event of an HTTP API with payload format 2.0.").answer()
    name = (event.get("pathParameters") or {}).get("file", "index.html")
    if name == "openapi.json":
        return _answer("application/json", document())
    if name in FILES:
        return _answer(FILES[name], (HERE / name).read_text(encoding="utf-8"))
    if name in BUNDLED:
        return _answer(BUNDLED[name], (bundle() / name).read_text(encoding="utf-8"))
    return Problem(404, "no_such_route", "The API has no such route.").answer()


@cache
def document() -> str:
    """``openapi.json``, with the addresses and the app client of this stack."""
    found = json.loads((HERE / "openapi.json").read_text(encoding="utf-8"))
    scheme = found["components"]["securitySchemes"]["signIn"]
    scheme["x-client-id"] = CLIENT_ID
    flow = scheme["flows"]["authorizationCode"]
    flow["authorizationUrl"] = f"{SIGN_IN}/oauth2/authorize"
    flow["tokenUrl"] = f"{SIGN_IN}/oauth2/token"
    return json.dumps(found, ensure_ascii=False)


@cache
def bundle() -> Path:
    """Where Powertools keeps Swagger UI. Its module is not imported: it needs pydantic, which no function has."""
    spec = find_spec("aws_lambda_powertools")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("aws_lambda_powertools is not in the dependencies layer")
    return Path(spec.submodule_search_locations[0], "event_handler", "openapi", "swagger_ui")


def _answer(content_type: str, body: str) -> dict[str, Any]:
    return {
        "statusCode": 200,
        "headers": {"Content-Type": content_type, **HEADERS},
        "body": body,
        "isBase64Encoded": False,
    }
