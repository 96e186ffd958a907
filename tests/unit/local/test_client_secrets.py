"""`make rotate-secret` and `make retire-secret`, against the stand-in of what the emulator lacks."""

from collections.abc import Iterator
from typing import Any

import pytest

from local import client_secrets
from local.settings import LocalError
from tests.unit.pools import secrets_stand_in
from tests.unit.pools.secrets_stand_in import ARN, FIRST, POOL, StandIn
from tests.unit.token_server import CLIENT


@pytest.fixture
def aws() -> Iterator[StandIn]:
    with secrets_stand_in.running() as aws:
        yield aws


def outputs(aws: StandIn) -> dict[str, str]:
    site = aws.server.url.removesuffix("/oauth2/token")
    own = {f"{name}ClientId": CLIENT for name in client_secrets.CLIENTS.values()}
    arns = {f"{name}ClientSecretArn": ARN for name in client_secrets.CLIENTS.values()}
    return own | arns | {"UserPoolId": POOL, "SignInUrl": f"{site}/login?client_id=web"}


@pytest.mark.parametrize("client", ["machine", "server"])
def test_secret_is_rotated_and_the_old_one_retired(aws: StandIn, client: str) -> None:
    def service(name: str) -> Any:
        return {"cognito-idp": aws.cognito, "secretsmanager": aws.store}[name]

    said = client_secrets.rotate(outputs(aws), client, service)
    assert f"make retire-secret CLIENT={client}" in said
    assert {FIRST, aws.callers_read()} == aws.server.secrets
    assert len(aws.server.requests) == (client == "machine")  # the server client gets no token without a user

    with pytest.raises(LocalError, match="has two secrets"):
        client_secrets.rotate(outputs(aws), client, service)
    assert client_secrets.retire(outputs(aws), client, service) == "Deleted the old secret."
    assert aws.server.secrets == {aws.callers_read()}
    assert "nothing was deleted" in client_secrets.retire(outputs(aws), client, service)


def test_stack_beside_an_existing_pool_has_no_secret_to_rotate() -> None:
    with pytest.raises(LocalError, match="no app clients of its own"):
        client_secrets.rotate({"UserPoolId": POOL}, "machine", lambda _: None)
