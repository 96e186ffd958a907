"""Where the local stack lives: its port, its folder, its keys, and how to reach it."""

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

ROOT: Final = Path(__file__).parent.parent
STACK: Final = "poolhouse"
REGION: Final = "us-east-1"
HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 4566


class LocalError(Exception):
    """What went wrong, which input, and what to do, in words for the person at the keyboard."""


@dataclass(frozen=True)
class Settings:
    """One local stack.

    Attributes:
        port: The loopback port of the emulator.
        folder: Where its build, logs and state are kept.
    """

    port: int = DEFAULT_PORT
    folder: Path = ROOT / ".local" / str(DEFAULT_PORT)

    @classmethod
    def for_port(cls, port: int) -> "Settings":
        """The stack that ``make up PORT=...`` runs."""
        return cls(port, ROOT / ".local" / str(port))

    @property
    def endpoint(self) -> str:
        """The URL of the emulator."""
        return f"http://{HOST}:{self.port}"

    @property
    def make_up(self) -> str:
        """What to type to start it."""
        return "make up" if self.port == DEFAULT_PORT else f"make up PORT={self.port}"

    def environment(self) -> dict[str, str]:
        """Environment variables that lead every AWS client to the emulator, and none of the user's own AWS settings."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_", "PYTHON"))}
        return own | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator. Calls for the same service share one."""
        return _client(service, self.endpoint)


@cache
def _client(service: str, endpoint: str) -> Any:
    # The keys are given here, so that no profile or key of the user's is ever sent anywhere.
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)  # noqa: S106
    # The emulator answers 500 where a trigger refuses (AWS answers 400), and boto3 would ask for half a minute.
    config = Config(retries={"total_max_attempts": 1}) if service == "cognito-idp" else None
    return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]


def free_port() -> int:
    """A port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
