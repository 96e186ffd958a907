"""The package as a whole: what importing it costs, what it exports, and that its examples are true."""

import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
import time
from pathlib import Path

import poolhouse
import pytest
from poolhouse import tokens
from poolhouse.tokens import TokenError

from tests.unit.tokens import minting
from tests.unit.tokens.key_server import KeyServer

_HEAVY = {"jwt", "urllib.request", "http.client", "requests", "boto3", "botocore", "ssl", "socket", "email", "logging",
          "dataclasses", "inspect", "asyncio", "aws_lambda_powertools", "pydantic", "threading", "hashlib"}  # fmt: skip


def _loaded_after(code: str) -> set[str]:
    """Run code in a fresh interpreter and return the modules it has loaded."""
    library = str(Path(poolhouse.__file__).parents[1])
    script = f"import sys; sys.path.insert(0, {library!r})\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_next_to_nothing() -> None:
    loaded = _loaded_after("import poolhouse.tokens")
    assert not loaded & (_HEAVY | {"json", "cryptography"})
    loaded = _loaded_after("from poolhouse.tokens import TokenError, KeysUnavailableError")
    assert not loaded & (_HEAVY | {"json", "cryptography"})


def test_verifying_with_given_keys_loads_no_network_and_no_pyjwt() -> None:
    claims = minting.access_claims(exp=int(time.time()) + 600)
    arguments = json.dumps([minting.POOL, minting.CLIENT, minting.key_set(), minting.token(claims)])
    loaded = _loaded_after(
        f"import json\npool, client, jwks, token = json.loads({arguments!r})\n"
        "from poolhouse.tokens import CognitoVerifier\n"
        "CognitoVerifier(pool, client, 'access', jwks=jwks, jwks_url='https://issuer.example/').verify(token)\n"
    )
    assert not loaded & _HEAVY


def test_the_package_uses_nothing_else_of_the_library() -> None:
    modules = {f"poolhouse.tokens.{module.name}" for module in pkgutil.iter_modules(tokens.__path__)}
    loaded = _loaded_after(f"import {', '.join(modules)}")
    assert {name for name in loaded if name.startswith("poolhouse")} == {"poolhouse", "poolhouse.tokens"} | modules


def test_fetched_keys_are_no_reason_to_load_logging(key_server: KeyServer) -> None:
    # Importing it costs milliseconds, and where nobody has imported it a line at INFO goes nowhere.
    fetch = f"from poolhouse.tokens import JwksStore\nJwksStore({key_server.url!r}).prefetch()\n"
    assert "logging" not in _loaded_after(fetch)
    assert key_server.fetches == 1
    asked_for = "import logging\nlogging.basicConfig(level=logging.INFO, stream=sys.stdout)\n"
    assert "INFO:poolhouse.tokens.keys:Fetched" in _loaded_after(asked_for + fetch)


def test_a_failed_fetch_is_logged_where_nothing_else_logs(key_server: KeyServer) -> None:
    key_server.status = 503
    code = f"sys.stderr = sys.stdout\nfrom poolhouse.tokens import JwksStore\nstore = JwksStore({key_server.url!r})"
    loaded = _loaded_after(f"{code}\ntry:\n    store.prefetch()\nexcept Exception:\n    pass")
    assert {"No", "keys", "from", "503"} <= loaded  # the warning's words


def test_pyjwt_is_loaded_for_a_key_that_needs_it() -> None:
    from tests.unit.tokens.test_oidc_verifier import jwk  # noqa: PLC0415 - makes keys, which only this test needs

    jwks = {"keys": [jwk("ES256")]}
    code = f"from poolhouse.tokens.signatures import read_keys\nassert read_keys({jwks!r}, ['ES256'])"
    assert "jwt" in _loaded_after(code)
    assert "jwt" not in _loaded_after(code.replace("assert ", "assert not ").replace("['ES256']", "['RS256']"))


def test_every_public_name_resolves_and_is_listed() -> None:
    assert dir(tokens) == sorted(tokens.__all__)
    for name in tokens.__all__:
        assert getattr(tokens, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = tokens.nonsense


def test_every_error_is_exported_with_a_code_of_its_own() -> None:
    exported = [getattr(tokens, name) for name in tokens.__all__ if name.endswith("Error")]
    codes = [error.code for error in exported]
    assert len(set(codes)) == len(codes)
    assert all(issubclass(error, TokenError) and error.__doc__ for error in exported)
    assert all(code == code.lower() and code.replace("_", "").isalpha() for code in codes)


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(tokens.__path__)])
def test_examples_in_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(f"poolhouse.tokens.{name}")
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    assert doctest.testmod(module, optionflags=flags).failed == 0
