"""What one check of a token costs: every contender on the same tokens, in turn, block by block.

Run in the benchmark's own environment as ``python -m bench.verification``, with ``node`` as argument where Node.js is
to be measured; prints one JSON object.
"""

import contextlib
import gc
import json
import platform
import subprocess
import sys
import sysconfig
import time
import tracemalloc
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

import jwt
from aws_lambda_powertools.utilities.auth_alpha import JWTVerifier
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry
from jwt.types import Options
from poolhouse.tokens import CognitoVerifier
from poolhouse.tokens.verdicts import CACHE_BYTES

from bench.issuer import CLIENT, ISSUER, POOL, Issuer

# A block is short and each contender's turn comes often, so that whatever else the machine does hits all alike.
BLOCKS: Final = 60
TOKENS_IN_BLOCK: Final = 40
_WARM_UP_BLOCKS: Final = 20

type _Block = Callable[[list[str]], list[int]]


def _each(verify: Callable[[str], object]) -> _Block:
    """Time a contender on each token of a block, in nanoseconds."""

    def block(tokens: list[str]) -> list[int]:
        clock = time.perf_counter_ns
        spent = []
        for token in tokens:
            begun = clock()
            verify(token)
            spent.append(clock() - begun)
        return spent

    return block


def _bare_rsa(issuer: Issuer) -> _Block:
    """The signature check alone, with key and bytes at hand: what every contender in Python has to do."""
    verify = issuer.key.public_key().verify
    padding, algorithm = PKCS1v15(), SHA256()

    def block(tokens: list[str]) -> list[int]:
        clock = time.perf_counter_ns
        spent = []
        for token in tokens:
            signed, _, encoded = token.rpartition(".")
            signing_input, signature = signed.encode(), urlsafe_b64decode(encoded + "==")
            begun = clock()
            verify(signature, signing_input, padding, algorithm)
            spent.append(clock() - begun)
        return spent

    return block


_REQUIRED: Final[Options] = {"require": ["iss", "sub", "exp", "iat", "token_use", "client_id"]}


def _check_claims(claims: dict[str, object]) -> None:
    """What PyJWT and joserfc leave to the caller."""
    if claims["token_use"] != "access" or claims["client_id"] != CLIENT:
        raise ValueError("not for this API")


def _pyjwt(issuer: Issuer) -> Callable[[str], object]:
    key = jwt.PyJWK(issuer.jwks["keys"][0])

    def verify(token: str) -> None:
        _check_claims(jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUER, options=_REQUIRED))

    return verify


def _pyjwk_client(url: str) -> Callable[[str], object]:
    client = jwt.PyJWKClient(url)

    def verify(token: str) -> None:
        key = client.get_signing_key_from_jwt(token)
        _check_claims(jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUER, options=_REQUIRED))

    return verify


def _joserfc(issuer: Issuer) -> Callable[[str], object]:
    keys = KeySet.import_key_set(issuer.jwks)
    registry = JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        token_use={"essential": True, "value": "access"},
        client_id={"essential": True, "value": CLIENT},
    )

    def verify(token: str) -> None:
        registry.validate(joserfc_jwt.decode(token, keys, algorithms=["RS256"]).claims)

    return verify


@contextlib.contextmanager
def _node(issuer: Issuer) -> Iterator[_Block]:
    """aws-jwt-verify in a process of its own, which times itself and waits in between."""
    program = Path(__file__).parent / "node" / "verification.mjs"
    setup = json.dumps({"userPoolId": POOL, "clientId": CLIENT, "jwks": issuer.jwks})
    with subprocess.Popen(
        ["node", program, setup], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        to_node, from_node = process.stdin, process.stdout

        def block(tokens: list[str]) -> list[int]:
            to_node.write(json.dumps(tokens) + "\n")
            to_node.flush()
            spent: list[int] = json.loads(from_node.readline())
            return spent

        yield block
        # Leaving closes its standard input, which ends it.


def _cache_bytes(issuer: Issuer, further: dict[str, object]) -> tuple[int, int]:
    """Memory that a full cache takes, in bytes, and the number of tokens in it."""
    verifier = CognitoVerifier(POOL, CLIENT, "access", jwks=issuer.jwks)
    verifier.verify(issuer.token(0, **further))
    tracemalloc.start()
    number, before, taken = 1, 0, 0
    # It is fullest just before it drops its older half.
    while (held := len(verifier._verdicts)) > before:  # noqa: SLF001 - no caller has to know, but the page does
        gc.collect()
        before, (taken, _) = held, tracemalloc.get_traced_memory()
        for _ in range(10):
            verifier.verify(issuer.token(number, **further))
            number += 1
    tracemalloc.stop()
    return taken, before


def _versions() -> list[str]:
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    return [
        f"Python {platform.python_version()} (built {'with' if optimised else 'without'} profile-guided optimisation)",
        backend.openssl_version_text(),
        *(
            f"{package} {version(package)}"
            for package in ("cryptography", "PyJWT", "joserfc", "aws-lambda-powertools", "boto3", "awslambdaric")
        ),
    ]


def main() -> None:
    """Measure, and print the nanoseconds of every check by contender, and what the cache took."""
    issuer = Issuer()
    ours = CognitoVerifier(POOL, CLIENT, "access", jwks=issuer.jwks)
    powertools = JWTVerifier.cognito(user_pool_id=POOL, client_id=CLIENT, audience=CLIENT, jwks=issuer.jwks)
    spent: dict[str, list[int]] = {}
    with contextlib.ExitStack() as stack:
        contenders = {
            "bare_rsa": _bare_rsa(issuer),
            "first_seen": _each(ours.verify),
            "repeated": _each(ours.verify),  # after first_seen, on the same tokens
            "pyjwt": _each(_pyjwt(issuer)),
            "pyjwk_client": _each(_pyjwk_client(stack.enter_context(issuer.serving()))),
            "joserfc": _each(_joserfc(issuer)),
            "powertools": _each(powertools.verify),
        }
        if "node" in sys.argv:
            contenders["aws_jwt_verify"] = stack.enter_context(_node(issuer))
        for number in range(_WARM_UP_BLOCKS + BLOCKS):
            names = range(number * TOKENS_IN_BLOCK, (number + 1) * TOKENS_IN_BLOCK)
            tokens = [issuer.token(name) for name in names]
            # Powertools takes resource-bound tokens alone, which name their API.
            bound = [issuer.token(name, aud=CLIENT) for name in names]
            for contender, block in contenders.items():
                times = block(bound if contender == "powertools" else tokens)
                if number >= _WARM_UP_BLOCKS:
                    spent.setdefault(contender, []).extend(times)
    usual, usual_tokens = _cache_bytes(issuer, {})
    large, large_tokens = _cache_bytes(issuer, {"cognito:groups": [f"group-{number}" for number in range(100)]})
    json.dump(
        {
            "spent": spent,
            "cache": {
                "bound": CACHE_BYTES,
                "usual": usual,
                "usual_tokens": usual_tokens,
                "large": large,
                "large_tokens": large_tokens,
            },
            "versions": _versions(),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
