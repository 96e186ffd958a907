"""Measures Poolhouse beside other verifiers and writes ``docs/performance.md``. Run it with ``make bench``."""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench import profile_api, report, runtime, start, triggers
from bench.issuer import Issuer
from local.runtime import EMULATOR, layers, runtime_packages
from local.settings import ROOT, LocalError, Settings, free_port
from local.stack import LocalStack

_PAGE: Final = ROOT / "docs" / "performance.md"
_ENVIRONMENT: Final = ROOT / ".bench"
_FOLDER: Final = ROOT / ".local" / "bench"  # builds are kept there, for the next run


def main() -> int:
    """Measure, print and write. Returns the exit code: 0 whether or not a target was met."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that whatever was started is ended
    _FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        page = _measured()
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted: nothing was written, nothing is left running.", file=sys.stderr)
        return 1
    print(f"\n{page}")
    _PAGE.write_text(page)
    return 0


def _measured() -> str:
    no_node, no_emulator = _no_node(), _no_emulator()
    issuer = Issuer()
    _step("1 of 6: sam build, of the stack and of the usual function")
    stack = LocalStack(Settings(0, _FOLDER))
    stack.build()
    build = _FOLDER / "build"
    if not no_emulator:
        _build_usual()
    poolhouse, packages = layers(build)[0], next((_ENVIRONMENT / "lib").glob("python*")) / "site-packages"

    with issuer.serving() as address, TemporaryDirectory() as folder:
        _step("2 of 6: one token")
        one = _verification(poolhouse, node=not no_node)
        _step("3 of 6: start of a process")
        processes = start.measure(issuer, address, _ENVIRONMENT / "bin" / "python", poolhouse)
        whole: dict[str, list[float]] = {}
        resident: dict[str, int] = {}
        inits: dict[str, list[float]] = {}
        api_inits: dict[str, list[float]] = {}
        if not no_emulator:
            _step("4 of 6: whole authorizers (three minutes)")
            brought = runtime_packages(Path(folder) / "runtime", packages)
            authorizers = {"ours": runtime.python(build / "AuthorizerFunction", layers(build), brought)}
            if not no_node:
                authorizers["node"] = runtime.node()
            authorizers["usual"] = runtime.python(_FOLDER / "usual" / "UsualFunction", [], brought)
            measurement = runtime.Measurement(issuer, address, authorizers, Path(folder))
            measurement.starts()
            measurement.warm()
            whole, resident = measurement.spent, measurement.resident
            _step("5 of 6: the functions of triggers (two minutes)")
            inits = triggers.measure(build, brought, start.variables(address), Path(folder))
            api_inits = profile_api.inits(
                build, brought, {**start.variables(address), **triggers.VARIABLES}, Path(folder)
            )
        _step("6 of 6: the profile API (a minute)")
        requests, a_second = profile_api.requests(Settings(free_port(), _FOLDER))

    microseconds = {name: [each / 1000 for each in spent] for name, spent in one["spent"].items()}
    versions = [*one["versions"], *([] if no_node else _node_versions())]
    return f"""\
# How fast

`make bench` measures this and writes this page. Read the ratios: milliseconds of one machine say little about another
one or about Lambda. Within a table all contenders took turns, so that whatever else the machine did hit all alike. p50
is what half of the attempts stayed below, p99 what 99 of 100 did; of the {start.STARTS} or {runtime.STARTS} starts, p99
is the slowest.

{datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, {_processor()}, {platform.system()}; {", ".join(versions)}.

## One token

An RS256 access token of a Cognito pool, with a key of 2,048 bits that is at hand. All check signature, times, issuer,
use and client. {len(microseconds["bare_rsa"]):,} tokens, in blocks.

{report.verification(microseconds, no_node)}
## From the start of a process to the first verified token

A fresh interpreter, bytecode present, keys given; then with one fetch over HTTP from this machine. The usual function
is `bench/usual`: PyJWKClient, boto3, and Powertools' Logger, Tracer and Metrics.

{report.start(processes)}
## Whole authorizers

As built by `sam build`, under the Lambda runtime interface emulator. Start is from the first event to its answer, with
the runtime and the function's own start in it, keys given; then with one fetch. Warm is an event with a token not seen
before. The usual function is as plain `sam build` ships it, which is without bytecode; the packages of Lambda's own
runtime have theirs. Node.js runs `bench/node/runtime.mjs`, a loop over the Runtime API that is shorter than Lambda's
own client, which npm has only as source to be compiled.

The fetch is over http. Most of what it adds to ours is the import of Python's `http.client`, which loads `email` and
`ssl` whatever the address; Node.js has HTTP built in and loads no TLS for it. On AWS the fetch is over https, which
adds certificates and a handshake to everybody's: this table does not show that.

{report.authorizer(whole, no_emulator or no_node)}
## The functions of triggers

As built, under the same emulator: what Lambda calls the init phase of a cold start, {triggers.STARTS} times each.
The clients of AWS that each event needs are made in it.
Cognito gives each trigger of a sign-in 5 s, cold starts included, and nothing can change that.

{report.triggers(triggers.names(), inits, no_emulator)}
## The profile API

Requests through the local stack, {profile_api.AT_ONCE} at once: API, authorizer (its answer cached, as on AWS),
function and DynamoDB, all on this machine. Then the init phase, as above.

{report.profile_api(requests, a_second, api_inits, no_emulator)}
## Memory

{report.memory(resident, one["cache"], no_emulator or no_node)}"""


def _step(name: str) -> None:
    print(name, file=sys.stderr, flush=True)


def _verification(library: Path, *, node: bool) -> dict[str, Any]:
    """Run the comparison of verifiers, in the environment that has them all."""
    ended = subprocess.run(
        [_ENVIRONMENT / "bin" / "python", "-m", "bench.verification", *(["node"] if node else [])],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(library)},
        stdout=subprocess.PIPE,
        check=True,
    )
    measured: dict[str, Any] = json.loads(ended.stdout)
    return measured


def _build_usual() -> None:
    """Build the usual function as everybody does: ``sam build``, no Makefile."""
    built = subprocess.run(
        [
            *(Path(sys.executable).parent / "sam", "build", "--cached"),
            *("--template-file", ROOT / "bench" / "usual" / "template.yaml"),
            *("--build-dir", _FOLDER / "usual", "--cache-dir", _FOLDER / "usual-cache"),
            *("--parameter-overrides", f"Architecture={'arm64' if platform.machine() == 'aarch64' else 'x86_64'}"),
        ],
        cwd=_FOLDER,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise LocalError(f"sam build of bench/usual failed:\n{built.stderr[-2000:]}")


def _no_node() -> str:
    if not shutil.which("node"):
        return "not measured: no Node.js here"
    if not (ROOT / "bench" / "node_modules" / "aws-jwt-verify").exists():
        return "not measured: `npm ci` has not run in bench/"
    return ""


def _no_emulator() -> str:
    if platform.system() != "Linux" or not os.access(EMULATOR, os.X_OK):
        return "not measured: the runtime interface emulator runs on Linux"
    return ""


def _node_versions() -> list[str]:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    package = json.loads((ROOT / "bench" / "node_modules" / "aws-jwt-verify" / "package.json").read_text())
    return [f"Node.js {node.removeprefix('v')}", f"aws-jwt-verify {package['version']}"]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
