"""Addresses: issuers of a pool, where its keys are, and what is no place to fetch keys from."""

import json
from pathlib import Path

import botocore
import pytest
from poolhouse.tokens import CognitoVerifier, JwksStore, loopback_jwks_url
from poolhouse.tokens.endpoints import pool_issuers, pool_region, web_address

from tests.unit.tokens.minting import CLIENT, POOL


@pytest.mark.parametrize(
    "url",
    ["https://issuer.example", "https://issuer.example/keys?x=1", "https://issuer.example:8443/keys",
    "http://127.0.0.1/k",
     "http://[::1]:4566/keys", "http://localhost:4566/keys", "http://LOCALHOST/keys"],
)  # fmt: skip
def test_web_address_accepts(url: str) -> None:
    web_address(url)


@pytest.mark.parametrize(
    "url",
    ["", "issuer.example", "//issuer.example", "ftp://issuer.example/", "file:///etc/passwd",
    "http://issuer.example/keys",
     "http://127.0.0.1.evil.example/", "http://127.0.0.1@evil.example/", "https://user:word@issuer.example/",
     "http://localhost.evil.example/", "http://evil.example#127.0.0.1", "http://evil.example/127.0.0.1",
     "http://[::2]/",
     "http://0.0.0.0/", "http://127.1/", "http://2130706433/", "https://issuer.example/#x",
     "https://issuer.example/a b",
     "https://issuer.example:/", "https://issuer.example:0/", "https://issuer.example:65536/",
     "https://issuer.example:x/",
     "https://issuer.example:4\uff14/", "https://is\u00e9.example/", "https:///keys", "https://issuer.example\\@evil/",
     "https://issuer.example/\r\nHost: evil", "HTTPS://issuer.example/", "data:application/json,{}",
     "http://[127.0.0.1/"],
)  # fmt: skip
def test_web_address_refuses(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|https|port"):
        web_address(url)
    with pytest.raises(ValueError, match=r"address|https|port"):
        JwksStore(url)


@pytest.mark.parametrize(
    "pool_id",
    ["", "eu-west-1", "_x", "eu-west-1_", "eu-west-1:0d6b-4ab8", "EU-WEST-1_Abc", "eu-west-1_a/b", "eu-west-1_a b",
     "eu-west-1_../x", "eu-west-1_a_b", "eu.west_abc", "eu-west-1_" + "a" * 60, "eu-west-1_caf\u00e9"],
)  # fmt: skip
def test_pool_region_refuses_what_is_no_pool_id(pool_id: str) -> None:
    with pytest.raises(ValueError, match=r"not a user pool id"):
        pool_region(pool_id)


def test_pool_issuers_know_both_forms_and_further_regions() -> None:
    assert pool_issuers(POOL, ["eu-west-1", "eu-central-1"]) == [
        f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}",
        f"https://issuer-cognito-idp.eu-west-1.amazonaws.com/{POOL}",
        f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL}",
        f"https://issuer-cognito-idp.eu-central-1.amazonaws.com/{POOL}",
    ]


def test_pool_issuers_are_in_the_domain_of_their_partition() -> None:
    document = Path(botocore.__file__).parent / "data" / "partitions.json"
    checked = 0
    for partition in json.loads(document.read_text())["partitions"]:
        for region in partition["regions"]:
            if "global" not in region:
                issuer = pool_issuers(POOL, [region])[0]
                assert issuer == f"https://cognito-idp.{region}.{partition['outputs']['dnsSuffix']}/{POOL}"
                checked += 1
    assert checked > 30


@pytest.mark.parametrize(
    "region", ["", "eu", "eu-west-1.evil.example", "eu-west-1/", "EU-WEST-1", "eu west 1", "eu-west-1\n"]
)
def test_pool_issuers_refuse_what_is_no_region(region: str) -> None:
    with pytest.raises(ValueError, match="not an AWS region"):
        pool_issuers(POOL, [region])
    if region:
        with pytest.raises(ValueError, match="not an AWS region"):
            CognitoVerifier(POOL, CLIENT, "access", region=region)


@pytest.mark.parametrize(
    ("endpoint", "start"),
    [
        ("http://127.0.0.1:4566", "http://127.0.0.1:4566"),
        ("http://127.0.0.1:4566/", "http://127.0.0.1:4566"),
        ("http://localhost:4566", "http://localhost:4566"),
        ("http://[::1]:4566", "http://[::1]:4566"),
    ],
)
def test_loopback_jwks_url_is_the_emulators(monkeypatch: pytest.MonkeyPatch, endpoint: str, start: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    url = loopback_jwks_url(POOL)
    assert url == f"{start}/{POOL}/.well-known/jwks.json"
    JwksStore(url)


@pytest.mark.parametrize(
    "endpoint",
    [None, "", "https://127.0.0.1:4566", "http://192.168.0.1:4566", "http://10.0.0.1", "http://evil.example",
     "http://127.0.0.1.evil.example", "http://127.0.0.1@evil.example", "http://evil.example#127.0.0.1",
     "127.0.0.1:4566",
     "http://0.0.0.0:4566", "http://localhost.evil.example", "file:///etc/passwd", "http://", "http://[::1",
     "http://[::2]",
     "http://host.docker.internal:4566", "http://127.0.0.1:99999", "http://evil.example?http://127.0.0.1"],
)  # fmt: skip
def test_loopback_jwks_url_is_none_elsewhere(monkeypatch: pytest.MonkeyPatch, endpoint: str | None) -> None:
    if endpoint is None:
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert loopback_jwks_url(POOL) is None
