"""Log lines that CloudWatch makes metrics of, as Lambda's own runtime writes them.

The rules: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import logging
import time
from typing import Any

import pytest
from awslambdaric.lambda_runtime_log_utils import JsonFormatter  # type: ignore[import-untyped]
from poolhouse.metrics import count
from poolhouse.tokens import KeysUnavailableError

from tests.unit.gateway.calls import API_TYPES, authorizer
from tests.unit.tokens.minting import access_claims, token

type Line = dict[str, Any]


def line(record: logging.LogRecord) -> Line:
    """The line that Lambda's runtime writes."""
    document: Line = json.loads(JsonFormatter().format(record))
    return document


def counted(document: Line) -> dict[str, dict[str, str]]:
    """The metrics that CloudWatch makes of a line, each with its dimensions; a line that breaks a rule fails."""
    metadata = document["_aws"]
    assert metadata.keys() == {"Timestamp", "CloudWatchMetrics"}
    assert type(metadata["Timestamp"]) is int
    assert abs(metadata["Timestamp"] / 1000 - time.time()) < 60
    found = {}
    for directive in metadata["CloudWatchMetrics"]:
        assert directive.keys() == {"Namespace", "Dimensions", "Metrics"}
        assert directive["Namespace"] == "Poolhouse"
        (dimensions,) = directive["Dimensions"]
        assert len(dimensions) <= 30
        # What a dimension names is a text at the root of the line, what a metric names a number there.
        values = {name: document[name] for name in dimensions}
        assert all(isinstance(value, str) and 0 < len(value) <= 1024 for value in values.values())
        for metric in directive["Metrics"]:
            assert metric.keys() == {"Name", "Unit"}
            assert metric["Unit"] == "Count"
            assert type(document[metric["Name"]]) is int
            assert document[metric["Name"]] == 1
            found[metric["Name"]] = values
    return found


def logged(**extra: Any) -> Line:
    return line(logging.getLogger("test").makeRecord("test", logging.INFO, "f", 1, "counted", (), None, extra=extra))


def test_count_makes_a_metric_of_a_log_line() -> None:
    document = logged(**count("TokensRefused", code="token_expired"))
    assert counted(document) == {"TokensRefused": {"code": "token_expired"}}
    assert (document["level"], document["message"], document["logger"]) == ("INFO", "counted", "test")


def test_count_takes_no_dimension_and_several() -> None:
    assert counted(logged(**count("Started"))) == {"Started": {}}
    assert counted(logged(**count("Seen", code="a", event="b"))) == {"Seen": {"code": "a", "event": "b"}}


REFUSED = {
    "malformed_token": "abc",
    "token_expired": token(access_claims(exp=int(time.time()) - 60)),
    "insufficient_scope": token(access_claims(scope="openid")),
}


@pytest.mark.parametrize(("code", "sent"), REFUSED.items(), ids=list(REFUSED))
@pytest.mark.parametrize("name", API_TYPES)
def test_authorizer_counts_each_refusal_once_by_its_code(
    name: str, code: str, sent: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    API_TYPES[name].client(API_TYPES[name].function(all_scopes="profiles/read"))(sent)
    (record,) = caplog.records
    document = line(record)
    assert counted(document) == {"TokensRefused": {"code": code}}
    assert document.keys() - {"timestamp", "taskName"} == {
        "level",
        "message",
        "logger",
        "code",
        "TokensRefused",
        "_aws",
    }
    assert (document["level"], document["message"]) == ("INFO", "token refused")


def test_authorizer_counts_keys_that_cannot_be_had(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(KeysUnavailableError):
        authorizer(jwks=None).authorize({"type": "TOKEN", "authorizationToken": token(), "methodArn": "arn"})
    document = line(caplog.records[-1])
    assert counted(document) == {"KeysUnavailable": {"code": "keys_unavailable"}}
    assert (document["level"], document["message"]) == ("WARNING", "keys unavailable")
