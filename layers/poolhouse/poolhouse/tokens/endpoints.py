"""Addresses: the issuers of a user pool, where their keys are, and what anything may be fetched from at all.

And how long one is left alone after failures: for keys, and for machine tokens, whose callers load no cryptography.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

# Names are taken apart by hand: compiling the patterns would cost a cold start a millisecond.
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_DIGITS = frozenset("0123456789")
_IN_REGION = _LETTERS | _DIGITS | {"-"}
_IN_POOL_NAME = _LETTERS | _DIGITS | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_IN_HOST = _IN_POOL_NAME | frozenset("-.")
_IN_IPV6 = _DIGITS | frozenset("abcdefABCDEF:.")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

# Domain of each AWS partition by the start of its regions' names; every other region is in amazonaws.com, GovCloud's
# too. Source: AWS documentation, "AWS Fault Isolation Boundaries: Partitions", and botocore's partitions.json.
_DOMAINS = (
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
)

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0

KEYS_PATH = "/.well-known/jwks.json"
"""Where an issuer's key set is, behind the issuer's own address.

Source: AWS documentation, "Verifying JSON web tokens"
(https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html).
"""


def web_address(url: str) -> tuple[bool, str, int, str]:
    """Take the URL of something to fetch apart.

    Args:
        url: https, or http on the loopback interface only: what someone on the way can read or change is no secret
            and no key.

    Returns:
        Whether it is https, the host without brackets, the TCP port, and the path with its query.

    Raises:
        ValueError: another scheme, http to another host, a user name in it, a fragment, or not a URL.

    Example:
        >>> web_address("http://127.0.0.1:4566/eu-west-1_AbCdEf123/.well-known/jwks.json")
        (False, '127.0.0.1', 4566, '/eu-west-1_AbCdEf123/.well-known/jwks.json')
    """
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    if authority.startswith("["):
        host, closed, port = authority[1:].partition("]")
        in_host = _IN_IPV6 if closed else frozenset[str]()
    else:
        host, colon, port = authority.partition(":")
        port = colon + port
        in_host = _IN_HOST
    if (
        scheme not in ("https", "http")
        or not host
        or not in_host.issuperset(host)
        or not (port == "" or (port[0] == ":" and 0 < len(port[1:]) < 6 and _DIGITS.issuperset(port[1:])))
        or not (path.isascii() and path.isprintable())
        or not {" ", "#"}.isdisjoint(path)  # a fragment is never sent
    ):
        raise ValueError(f"not an address to fetch from: {url!r}; give https://host[:port]/path")
    secure = scheme == "https"
    host = host.lower()
    if not secure and host not in _LOOPBACK:
        raise ValueError(f"only https is used, and http within this machine: {url!r}")
    number = int(port[1:] or (443 if secure else 80))
    if not 0 < number < 65536:
        raise ValueError(f"not a TCP port: {url!r}")
    return secure, host, number, f"/{path}"


def pool_region(user_pool_id: str) -> str:
    """Return the region that a user pool's id begins with.

    Args:
        user_pool_id: for example "eu-west-1_AbCdEf123".

    Raises:
        ValueError: not the id of a user pool. An identity pool's id has a colon; a client id has no underscore.

    Example:
        >>> pool_region("us-gov-west-1_AbCdEf123")
        'us-gov-west-1'
    """
    region, _, name = user_pool_id.partition("_")
    well_formed = _IN_REGION.issuperset(region) and _IN_POOL_NAME.issuperset(name)
    if not region or not name or len(user_pool_id) > 55 or not well_formed:
        raise ValueError(f"not a user pool id: {user_pool_id!r}; one looks like eu-west-1_AbCdEf123")
    return region


def pool_issuers(user_pool_id: str, regions: Iterable[str]) -> list[str]:
    """Return every value that `iss` can have in a token of this pool, the most likely first.

    Cognito has two forms of issuer, chosen by the pool's `IssuerConfiguration`: ORIGINAL and UPDATED. With the original
    form a replicated pool writes the region that issued the token; with the updated form always the primary region.

    Args:
        user_pool_id: for example "eu-west-1_AbCdEf123".
        regions: the pool's primary region, then the regions of its replicas.

    Returns:
        Issuer URLs without a trailing slash.

    Raises:
        ValueError: not the name of a region.

    Source: AWS API reference, IssuerConfigurationType
    (https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html);
    AWS documentation, "Multi-Region replication for user pools".

    Example:
        >>> pool_issuers("cn-north-1_AbCdEf123", ["cn-north-1"])[0]
        'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbCdEf123'
    """
    issuers = []
    for region in regions:
        if "-" not in region or not _IN_REGION.issuperset(region):
            raise ValueError(f"not an AWS region: {region!r}; one looks like eu-west-1")
        domain = next((domain for start, domain in _DOMAINS if region.startswith(start)), "amazonaws.com")
        issuers += [
            f"https://cognito-idp.{region}.{domain}/{user_pool_id}",
            f"https://issuer-cognito-idp.{region}.{domain}/{user_pool_id}",
        ]
    return list(dict.fromkeys(issuers))


def loopback_endpoint() -> str | None:
    """Return where a local emulator answers, or None on AWS.

    The emulator sets `AWS_ENDPOINT_URL` in its functions. It is honoured only when it is http to this very machine: on
    AWS, a variable set by mistake or by malice cannot move the place that keys come from, or that users sign in at.

    Example:
        >>> import os
        >>> os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:4566/"
        >>> loopback_endpoint()
        'http://127.0.0.1:4566'
        >>> del os.environ["AWS_ENDPOINT_URL"]
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
    if not endpoint.startswith("http://"):
        return None
    try:
        web_address(endpoint)
    except ValueError:
        return None
    return endpoint


def loopback_jwks_url(user_pool_id: str) -> str | None:
    """Return where a local emulator serves a pool's keys, or None on AWS.

    An emulator's tokens name AWS as their issuer, so the issuer does not say where their keys are:
    :func:`loopback_endpoint` does.

    Args:
        user_pool_id: for example "us-east-1_AbCdEf123".

    Returns:
        A URL for `jwks_url`, or None: the keys are at the issuer.

    Raises:
        ValueError: not the id of a user pool.

    Example:
        >>> import os
        >>> os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:4566"
        >>> loopback_jwks_url("us-east-1_AbCdEf123")
        'http://127.0.0.1:4566/us-east-1_AbCdEf123/.well-known/jwks.json'
        >>> del os.environ["AWS_ENDPOINT_URL"]
    """
    pool_region(user_pool_id)
    endpoint = loopback_endpoint()
    return endpoint and f"{endpoint}/{user_pool_id}{KEYS_PATH}"


def pause_seconds(failures: int) -> float:
    """How long no request is made after some that failed: 1 s, doubled for each further failure, 30 s at most.

    Args:
        failures: how many have failed in a row, 1 at least.

    Example:
        >>> pause_seconds(1), pause_seconds(3), pause_seconds(1_000)
        (1.0, 4.0, 30.0)
    """
    return min(_FIRST_PAUSE * (1 << min(failures - 1, 8)), _LONGEST_PAUSE)
