"""From the start of a process to the first verified token: each contender in a fresh interpreter, in turn."""

import json
import os
import random
import subprocess
import time
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Final

from bench.issuer import CLIENT, ISSUER, POOL, Issuer
from local.settings import ROOT

STARTS: Final = 25


def variables(address: str) -> dict[str, str]:
    """Return what every contender is told through its environment, apart from the keys.

    Args:
        address: of the key server.
    """
    return {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}} | {
        "USER_POOL_ID": POOL,
        "CLIENT_IDS": CLIENT,
        "ISSUER": ISSUER,
        "JWKS_URL": f"{address}/{POOL}/.well-known/jwks.json",
        "AWS_ENDPOINT_URL": address,  # where our authorizer looks for keys on this machine
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "POWERTOOLS_SERVICE_NAME": "authorizer",
        "POWERTOOLS_METRICS_NAMESPACE": "bench",
        "PYTHONDONTWRITEBYTECODE": "1",  # nothing measured may change what is measured next
    }


def measure(issuer: Issuer, address: str, python: Path, library: Path) -> dict[str, list[float]]:
    """Return the milliseconds of each start, by contender; those with ":fetch" got their keys from the key server.

    Args:
        issuer: the user pool.
        address: of its key server.
        python: the interpreter of the benchmark's environment.
        library: the built layer with Poolhouse and its bytecode.
    """
    token = issuer.token()
    signed, _, signature = token.rpartition(".")
    environment = variables(address) | {
        "PYTHONPATH": os.pathsep.join((str(library), str(ROOT))),
        "TOKEN": token,
        "SIGNED": signed,
        "SIGNATURE": urlsafe_b64decode(signature + "==").hex(),
        "MODULUS": str(issuer.key.public_key().public_numbers().n),
        "LAMBDA_TASK_ROOT": str(ROOT),  # without it Powertools' Tracer believes that it is in a test and does nothing
    }
    given = environment | {"JWKS": json.dumps(issuer.jwks)}
    contenders = {
        "nothing": given,
        "rsa": given,
        "ours": given,
        "pyjwt": given,
        "usual": given,
        "ours:fetch": environment,
        "pyjwt:fetch": environment,
        "usual:fetch": environment,
    }
    spent: dict[str, list[float]] = {contender: [] for contender in contenders}
    for number in range(STARTS + 1):
        for contender, its_environment in random.sample(list(contenders.items()), len(contenders)):
            program = Path(__file__).parent / "starts" / f"{contender.partition(':')[0]}.py"
            begun = time.monotonic_ns()
            # The same clock in both processes: what a process does to end does not count.
            ended = subprocess.run([python, "-P", program], env=its_environment, stdout=subprocess.PIPE, check=True)
            if number:  # the first round brings the files into memory
                spent[contender].append((int(ended.stdout) - begun) / 1e6)
    return spent
