"""Counts for CloudWatch within log lines, from the standard library alone.

CloudWatch makes metrics of log lines in its embedded metric format, without a call from the function
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
Powertools writes the same format; importing it costs more than everything else that an authorizer does at start.
"""

import time
from typing import Any, Final

NAMESPACE: Final = "Poolhouse"


def count(metric: str, **dimensions: str) -> dict[str, Any]:
    """Return what makes a log line count as one: give it to a logger as ``extra``.

    Args:
        metric: Name of the metric, in CamelCase.
        dimensions: What it is counted by, such as ``code``. Each combination of values is a metric that AWS bills, so
            give only values out of a small set, and nothing that a request brought.

    Example:
        >>> logger.info("token refused", extra=count("TokensRefused", code="token_expired"))  # doctest: +SKIP
    """
    definition = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    return {
        **dimensions,
        metric: 1,
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [definition]},
    }
