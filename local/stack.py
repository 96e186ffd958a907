"""Builds the stack for this machine, deploys it to the emulator, and reads what came of it."""

import signal
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from local.emulator import tail
from local.processes import end_group
from local.settings import ROOT, STACK, LocalError, Settings

MAIL_DOMAIN = "example.com"


class LocalStack:
    """The stack on the emulator."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._template = settings.folder / "build" / "template.yaml"

    def build(self) -> None:
        """Run ``sam build`` into a folder of this stack's own, so that it can never be deployed to AWS by mistake.

        Raises:
            LocalError: sam build failed; the message has what sam said.
        """
        cache = self.settings.folder / "cache"
        self._sam("build", "--build-dir", self._template.parent, "--cache-dir", cache)

    def deploy(self) -> None:
        """Run ``sam deploy``, then set what the emulator drops.

        Raises:
            LocalError: The deployment failed; the message has the end of what sam said.
        """
        self._sam("deploy", "--template-file", self._template)
        self._set_cors()
        # SES sends from a verified identity only. This is the one that samconfig.toml names.
        self.settings.client("ses").verify_domain_identity(Domain=MAIL_DOMAIN)

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs.

        Raises:
            LocalError: There is no stack.
        """
        return outputs_of(self.settings.client("cloudformation"), STACK)

    def physical_id(self, logical_id: str) -> str:
        """The name that CloudFormation gave a resource.

        Raises:
            LocalError: The stack has no such resource.
        """
        try:
            answer = self.settings.client("cloudformation").describe_stack_resource(
                StackName=STACK, LogicalResourceId=logical_id
            )
        except ClientError as error:
            raise LocalError(f"The stack has no resource {logical_id}. Is it deployed? Run: make up") from error
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def _sam(self, command: str, *arguments: str | Path) -> None:
        log = self.settings.folder / f"{command}.log"
        tools = Path(sys.executable).parent
        environment = self.settings.environment()
        environment |= {
            "PATH": f"{tools}:{environment['PATH']}",  # sam and the layers' Makefiles look for python3.13 there
            "PYTHON": sys.executable,
            "LAYER_PLATFORM": "host",
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [tools / "sam", command, "--config-file", ROOT / "samconfig.toml", "--config-env", "local", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that what it runs, make and pip, can be ended with it
            )
            try:
                returncode = process.wait()
            except BaseException:
                end_group(process.pid, by=signal.SIGINT)
                process.wait()
                raise
        if returncode:
            raise LocalError(f"sam {command} failed:\n{_cause(log)}\nAll that it said: {log}")

    def _set_cors(self) -> None:
        # The emulator drops the API's CorsConfiguration at a deployment and keeps it when it is set by UpdateApi.
        cors = yaml.safe_load(self._template.read_text())["Resources"]["Api"]["Properties"]["CorsConfiguration"]
        parameters = _describe(self.settings.client("cloudformation"), STACK)["Parameters"]
        origins = next(item["ParameterValue"] for item in parameters if item["ParameterKey"] == "AllowedOrigins")
        self.settings.client("apigatewayv2").update_api(
            ApiId=self.physical_id("Api"), CorsConfiguration={**cors, "AllowOrigins": origins.split(",")}
        )


def _cause(log: Path) -> str:
    """What sam itself calls the error and the resources that failed; where it names none, the end of its log."""
    lines = log.read_text(errors="replace").splitlines()
    causes = [
        f"    {line.strip()}" for line in lines if line.startswith(("Error:", "Build Failed")) or "_FAILED" in line
    ]
    return "\n".join(causes) or tail(log)


def outputs_of(cloudformation: Any, stack: str) -> dict[str, str]:
    """The outputs of a stack, local or on AWS.

    Args:
        cloudformation: A boto3 CloudFormation client.
        stack: The stack's name.

    Raises:
        LocalError: There is no such stack, or it came to nothing.
    """
    description = _describe(cloudformation, stack)
    if "Outputs" not in description:
        raise LocalError(f"The stack {stack} has no outputs: it is in {description['StackStatus']}. Deploy it again.")
    return {output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]}


def _describe(cloudformation: Any, stack: str) -> dict[str, Any]:
    try:
        description: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise LocalError(f"There is no stack named {stack}. Deploy it first.") from error
        raise
    return description
