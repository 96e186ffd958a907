"""The command behind the Makefile: ``python -m local COMMAND``. Run it through make, which sets up what it needs."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from poolhouse.access import Policy, PolicyError, default_policy

from local import attaching, client_secrets, functions, openapi, outputs, policy, sources, users
from local.emulator import Emulator
from local.settings import DEFAULT_PORT, ROOT, STACK, LocalError, Settings
from local.stack import LocalStack, outputs_of


def main() -> int:
    """Run a command. Returns the exit code: 0, or 1 when it could not do what was asked."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` and `except` run
    arguments = _parser().parse_args()
    try:
        return int(arguments.command(arguments, Settings.for_port(arguments.port)) or 0)
    except (LocalError, PolicyError) as error:
        print(f"\n{error}", file=sys.stderr)
    except (ClientError, BotoCoreError) as error:
        print(f"\nThe call failed: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
    return 1


def up(arguments: argparse.Namespace, settings: Settings) -> None:
    """Start the emulator unless it runs, build, deploy, seed, and say what there is now."""
    del arguments
    sources.check(ROOT)
    settings.folder.mkdir(parents=True, exist_ok=True)
    emulator, stack = Emulator(settings), LocalStack(settings)
    started = emulator.pid is None
    deployed = False
    print(f"{'Starting' if started else 'Updating'} the local stack on port {settings.port}.")
    try:
        if started:
            with _step("emulator", f"{settings.endpoint}, IAM enforced"):
                emulator.start()
        with _step("build", "sam build: functions and layers, for this machine"):
            stack.build()
        with _step("deploy", f"sam deploy: stack {STACK}"):
            stack.deploy()
        deployed = True
        with _step("users", "one for each role"):
            seeded = users.seed(stack)
    except BaseException:
        if started:
            if emulator.stop():
                print("\nStopped the emulator again: nothing is left running.", file=sys.stderr)
        elif deployed:
            print("\nThe stack runs as it is deployed now. Mend it, and deploy it again.", file=sys.stderr)
        else:
            print("\nThe stack runs on as it was before.", file=sys.stderr)
        raise
    _show(stack, seeded)
    if policy.missing(default_policy()):
        print("\ntemplate.yaml does not follow policy.toml yet, which matters on AWS. `make lint` says what it lacks.")


def status(arguments: argparse.Namespace, settings: Settings) -> None:
    """Say what runs, and where."""
    del arguments
    pid = Emulator(settings).pid
    if pid is None:
        print(f"Nothing of ours runs on port {settings.port}. Start it with: {settings.make_up}")
        return
    print(f"The emulator runs on {settings.endpoint} (process {pid}), its log is {Emulator(settings).log}")
    _table(_addresses(LocalStack(settings)))


def down(arguments: argparse.Namespace, settings: Settings) -> None:
    """End what ``make up`` started."""
    del arguments
    if Emulator(settings).stop():
        print(f"Stopped the emulator on port {settings.port}. Its users and profiles lived in memory and are gone.")
    else:
        print(f"Nothing of ours runs on port {settings.port}.")


def token(arguments: argparse.Namespace, settings: Settings) -> None:
    """Print a fresh access token."""
    print(users.access_token(LocalStack(_running(settings)), arguments.role))


def invoke(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run a function on an event and print what it returns."""
    answer, returned = functions.invoke(LocalStack(_running(settings)), arguments.function, arguments.event)
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    if not returned:
        print("\nThe function raised this; Cognito or the API would see a failure.", file=sys.stderr)
    return 0 if returned else 1


def logs(arguments: argparse.Namespace, settings: Settings) -> None:
    """Print what a function logged in the last hour."""
    print(*functions.logs(LocalStack(_running(settings)), arguments.function), sep="\n")


def write_outputs(arguments: argparse.Namespace, settings: Settings) -> None:
    """Write amplify_outputs.json and .env, for the local stack or one on AWS."""
    on_aws = cast("Callable[[str], Any]", boto3.Session().client)
    client = on_aws if arguments.target == "aws" else _running(settings).client
    found = outputs_of(client("cloudformation"), arguments.stack)
    if "WebClientId" not in found:
        raise LocalError(
            f"The stack {arguments.stack} is beside an existing user pool and has no app client of its own to tell of. "
            f"Its API is {found['ApiUrl']}"
        )
    endpoint_url = None
    if arguments.target == "local":
        found["SignInUrl"] = sign_in_page(LocalStack(settings))
        endpoint_url = settings.endpoint
    cognito = client("cognito-idp")
    pool = cognito.describe_user_pool(UserPoolId=found["UserPoolId"])["UserPool"]
    web = cognito.describe_user_pool_client(UserPoolId=found["UserPoolId"], ClientId=found["WebClientId"])
    identities = None
    if "IdentityPoolId" in found:
        identities = client("cognito-identity").describe_identity_pool(IdentityPoolId=found["IdentityPoolId"])
    for path in outputs.write(found, pool, web["UserPoolClient"], identities, ROOT, endpoint_url):
        print(f"Wrote {path}")


def attach_plan(arguments: argparse.Namespace, settings: Settings) -> None:
    """Print what attaching to an existing user pool would change of it."""
    del settings
    print(attaching.shown(attaching.plan(arguments.pool, arguments.stack, arguments.parameters)))


def rotate_secret(arguments: argparse.Namespace, settings: Settings) -> None:
    """Give the callers of an app client on AWS a new secret; the old one works until it is retired."""
    del settings
    print(_with_secrets_of(arguments, client_secrets.rotate))


def retire_secret(arguments: argparse.Namespace, settings: Settings) -> None:
    """Delete the secret of an app client on AWS that callers no longer read."""
    del settings
    print(_with_secrets_of(arguments, client_secrets.retire))


def docs(arguments: argparse.Namespace, settings: Settings) -> None:
    """Write the pages that follow the policy file: docs/roles.md and docs/openapi.json."""
    del arguments, settings
    for path, text in documents(default_policy()).items():
        path.write_text(text, encoding="utf-8")
        print(f"Wrote {path.relative_to(ROOT)}")


def documents(followed: Policy) -> dict[Path, str]:
    """The files that follow the policy, with what they hold."""
    document = json.dumps(openapi.document(followed), indent=2, ensure_ascii=False) + "\n"
    return {
        ROOT / "docs" / "roles.md": policy.roles_page(followed),
        ROOT / "docs" / "openapi.json": document,
        ROOT / "functions" / "api_docs" / "openapi.json": document,  # which serves it
    }


def lint_policy(arguments: argparse.Namespace, settings: Settings) -> None:
    """Say what template.yaml lacks for the policy file, with the lines to paste."""
    del arguments, settings
    sources.check(ROOT)
    policy.check(default_policy())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for function in (
        up,
        status,
        down,
        token,
        invoke,
        logs,
        write_outputs,
        attach_plan,
        rotate_secret,
        retire_secret,
        docs,
        lint_policy,
    ):
        command = commands.add_parser(function.__name__.removeprefix("write_"), help=function.__doc__)
        command.set_defaults(command=function)
        if function is token:
            command.add_argument("--role", default="member")
        if function in {invoke, logs}:
            command.add_argument("--function", required=True, metavar="|".join(functions.names()))
        if function is invoke:
            command.add_argument("--event", type=lambda text: Path(text) if text else None)
        if function in {rotate_secret, retire_secret}:
            command.add_argument("--client", choices=sorted(client_secrets.CLIENTS), default="machine")
            command.add_argument("--stack", default=STACK)
        if function is attach_plan:
            command.add_argument("--pool", required=True)
            command.add_argument("--stack", default=STACK)
            command.add_argument("--parameters", default="")
        if function is write_outputs:
            command.add_argument("--target", choices=["local", "aws"], default="local")
            command.add_argument("--stack", default=STACK)
    return parser


def _with_secrets_of(arguments: argparse.Namespace, change: Callable[..., str]) -> str:
    on_aws = cast("Callable[[str], Any]", boto3.Session().client)
    return change(outputs_of(on_aws("cloudformation"), arguments.stack), arguments.client, on_aws)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"PORT is {text!r}, and has to be a number from 1024 to 65535")
    return int(text)


def _running(settings: Settings) -> Settings:
    if Emulator(settings).pid is None:
        raise LocalError(f"The local stack does not run on port {settings.port}. Start it with: {settings.make_up}")
    return settings


@contextmanager
def _step(name: str, what: str) -> Iterator[None]:
    """One line per step: what it is while it works, its seconds when it is done."""
    print(f"  {name:<9} {what:<52}", end="", flush=True)
    begun = time.monotonic()
    try:
        yield
    except BaseException:
        print(" failed")
        raise
    print(f" {time.monotonic() - begun:5.1f} s")


def _addresses(stack: LocalStack) -> dict[str, str]:
    found = stack.outputs
    return {
        "API": found["ApiUrl"],
        "Page to try it": f"{found['ApiUrl']}/docs",
        "Sign-in page": sign_in_page(stack),
        "User pool": found["UserPoolId"],
        "Web client": found["WebClientId"],
        "Server client": found["ServerClientId"],
        "Machine client": found["MachineClientId"],
    } | ({"Identity pool": found["IdentityPoolId"]} if "IdentityPoolId" in found else {})


def sign_in_page(stack: LocalStack) -> str:
    """The emulator's sign-in page for the web client; on AWS it is the output SignInUrl."""
    query = stack.outputs["SignInUrl"].partition("?")[2]
    return f"{stack.settings.endpoint}/oauth2/authorize?{query}"


def _show(stack: LocalStack, seeded: list[users.User]) -> None:
    print()
    _table(_addresses(stack))
    print(f"\nUsers, all with the password {users.PASSWORD}:")
    _table({user.role: f"{user.email}  {user.sub}" for user in seeded})
    by_role = {user.role: user for user in seeded}
    port = "" if stack.settings.port == DEFAULT_PORT else f" PORT={stack.settings.port}"

    def curl(role: str, path: str) -> str:
        header = f'-H "Authorization: Bearer $(make -s token ROLE={role}{port})"'
        return f"curl -w '\\n' -s {header} {stack.outputs['ApiUrl']}{path}"

    print("\nTry it:")
    print(f"# my profile\n{curl('member', '/profile')}")
    print(f"# an admin reads it\n{curl('admin', '/profiles/' + by_role['member'].sub)}")
    print(f"# a member is refused another's\n{curl('member', '/profiles/' + by_role['admin'].sub)}")


def _table(rows: dict[str, str]) -> None:
    for name, value in rows.items():
        print(f"  {name:<15} {value}")


if __name__ == "__main__":
    sys.exit(main())
