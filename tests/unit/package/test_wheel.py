"""The wheel: what it holds, what it needs, and that it works where nothing else is installed."""

import email
import json
import zipfile
from email.message import Message
from pathlib import Path

import poolhouse
import pytest

from local.settings import ROOT
from tests.unit.package.environments import Install, check_types, run
from tests.unit.tokens import minting, test_oidc_verifier

LIBRARY = ROOT / "layers/poolhouse"
EXTRAS = ["pools", "profiles"]

INSTALLED = """
import importlib.metadata, json
print(json.dumps(sorted(found.name.lower() for found in importlib.metadata.distributions())))
"""

# RS256 with cryptography alone, as Cognito signs; ES256 with PyJWT, as another issuer may.
VERIFY = """
import json, sys
from poolhouse.tokens import CognitoVerifier, OidcVerifier
given = json.loads(sys.argv[1])
cognito = CognitoVerifier(given["pool"], given["client"], "access", jwks=given["pool_keys"])
other = OidcVerifier(given["issuer"], None, ["ES256"], jwks_url=given["issuer"], jwks=given["issuer_keys"])
print(json.dumps([cognito.verify(given["rs256"]).sub, other.verify(given["es256"]).sub]))
"""

# Every module of the package, each with the missing module that keeps it from being imported.
IMPORT_ALL = """
import importlib, json, pkgutil, poolhouse
missing = {}
for module in pkgutil.walk_packages(poolhouse.__path__, "poolhouse."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missing[module.name] = error.name
print(json.dumps(missing))
"""

MAKE_CLIENTS = """
import json, os
os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
from poolhouse import aws
print(json.dumps([client.meta.service_model.service_name for client in (aws.dynamodb(), aws.cognito())]))
"""

MAKE_NONE = """
import json
from poolhouse import aws
try:
    aws.cognito()
except ModuleNotFoundError as missing:
    print(json.dumps(missing.__notes__[0]))
"""

CONSUMER = """
from typing import assert_type
from poolhouse.tokens import CognitoVerifier
assert_type(CognitoVerifier("eu-west-1_AbCdEf123", None, "access").verify("").groups, tuple[str, ...])
CognitoVerifier("eu-west-1_AbCdEf123", None, "acess")
"""


def printed(python: Path, script: str, *arguments: str) -> object:
    return json.loads(run(python, "-I", "-c", script, *arguments))


@pytest.fixture(scope="module")
def python(install: Install) -> Path:
    """An interpreter with the wheel and what it asks for by itself."""
    return install()


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_wheel_holds_the_library_whole_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        [licence] = [archive.read(name) for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    made_from = wheel.parent / "library"
    library = (path for path in (made_from / "poolhouse").rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert held == {path.relative_to(made_from).as_posix() for path in library}
    assert {"poolhouse/py.typed", "poolhouse/access/policy.toml"} <= held
    assert licence == (ROOT / "LICENSE").read_bytes()


def test_wheel_requires_cryptography_and_pyjwt_and_the_rest_by_extras(metadata: Message) -> None:
    always = {"cryptography>=46", "pyjwt<3,>=2.15.1"}
    by_extra = {f"botocore>=1.43.0; extra == '{extra}'" for extra in EXTRAS}
    by_extra |= {"tzdata>=2026.1; extra == 'profiles'"}
    assert set(metadata.get_all("Requires-Dist", [])) == always | by_extra
    assert all((LIBRARY / "poolhouse" / extra).is_dir() for extra in EXTRAS)  # each is named for what it serves


def test_wheel_says_what_it_is(metadata: Message) -> None:
    assert metadata["Version"] == poolhouse.__version__
    assert metadata["Requires-Python"] == ">=3.13"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_payload() == (LIBRARY / "README.md").read_text("utf-8")


def test_verifier_needs_nothing_else_installed(python: Path) -> None:
    # cffi and pycparser are cryptography's own.
    assert printed(python, INSTALLED) == ["cffi", "cryptography", "poolhouse", "pycparser", "pyjwt"]
    given = {
        "pool": minting.POOL,
        "client": minting.CLIENT,
        "pool_keys": minting.key_set(),
        "rs256": minting.token(),
        "issuer": test_oidc_verifier.ISSUER,
        "issuer_keys": {"keys": [test_oidc_verifier.jwk("ES256")]},
        "es256": test_oidc_verifier.mint("ES256"),
    }
    assert printed(python, VERIFY, json.dumps(given)) == [minting.SUB, minting.SUB]


def test_every_module_but_those_made_of_botocore_imports_without_extras(python: Path) -> None:
    of_botocore = ("pools.attachment", "pools.settings", "pools.stacks")
    assert printed(python, IMPORT_ALL) == {f"poolhouse.{module}": "botocore" for module in of_botocore}


def test_client_without_extras_says_what_to_install(python: Path) -> None:
    note = str(printed(python, MAKE_NONE))
    assert all(f"poolhouse[{extra}]" in note for extra in EXTRAS)


def test_extras_bring_what_aws_clients_need(install: Install) -> None:
    python = install(extras=f"[{','.join(EXTRAS)}]")
    assert printed(python, IMPORT_ALL) == {}
    assert printed(python, MAKE_CLIENTS) == ["dynamodb", "cognito-idp"]


def test_types_of_the_installed_package_are_seen(python: Path, tmp_path: Path) -> None:
    (tmp_path / "consumer.py").write_text(CONSUMER)
    found = check_types(python, tmp_path)
    assert len(found) == 1, found
    assert "Literal['acess']" in found[0]
    assert found[0].endswith("[arg-type]")
