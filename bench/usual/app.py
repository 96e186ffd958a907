"""An authorizer as most are written: PyJWKClient, boto3, and Logger, Tracer and Metrics of Powertools."""

import json
import os
from typing import Any

import boto3  # noqa: F401 - most authorizers look something up; making a client would cost more still
import jwt
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

logger, tracer, metrics = Logger(), Tracer(), Metrics()

# Made once, outside the handler. PyJWKClient cannot be given keys: with keys given, they are read by PyJWT itself.
given = jwt.PyJWKSet.from_json(os.environ["JWKS"]) if "JWKS" in os.environ else None
client = jwt.PyJWKClient(os.environ["JWKS_URL"])


def authorize(token: str) -> dict[str, Any]:
    """Verify an access token and return its claims."""
    key = given[jwt.get_unverified_header(token)["kid"]] if given else client.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256"], issuer=os.environ["ISSUER"])
    if claims["token_use"] != "access" or claims["client_id"] not in os.environ["CLIENT_IDS"].split(","):
        raise jwt.InvalidTokenError("not for this API")
    return claims


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer an HTTP API (payload format 2.0, simple response)."""
    try:
        claims = authorize(event["headers"]["authorization"].removeprefix("Bearer "))
    except jwt.PyJWTError:
        logger.info("token refused")
        return {"isAuthorized": False}
    metrics.add_metric("Allowed", MetricUnit.Count, 1)
    return {"isAuthorized": True, "context": {"sub": claims["sub"], "roles": json.dumps(claims["cognito:groups"])}}
