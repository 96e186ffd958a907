"""What ``sam build`` made: it imports alone, compiles nothing but the handler, and fits the processor it is for."""

import json
import marshal
import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from local.settings import ROOT
from local.stack import LocalStack
from tests.integration.runtime import layers, runtime_packages

FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))
TOO_DEAR_FOR_THE_AUTHORIZER = {"boto3", "botocore", "aws_lambda_powertools", "pydantic", "jwt", "urllib3"}
LAYERS_OF_ONE = {"message_sender": ["MessageSenderDependenciesLayerArm64"]}
DEAR = {"aws_encryption_sdk", "wrapt", "attr"}

# Runs in an interpreter of its own: imports the handler and tells what was compiled and what was imported.
IMPORT = """
import importlib.machinery, json, os, sys
sys.path[:0] = json.loads(sys.argv[1])
os.environ |= {"PROFILES_TABLE": "t", "USER_POOL_ID": "us-east-1_EXAMPLE01", "CLIENT_IDS": "c",
               "KEY_ARN": "arn:aws:kms:us-east-1:000000000000:key/k", "FROM_EMAIL_ADDRESS": "a@example.com",
               "SES_IDENTITY_ARN": "arn:aws:ses:us-east-1:000000000000:identity/example.com",
               "AUDIT_TABLE": "t", "DELETED_PROFILE_DAYS": "90", "DELETED_USERS": "keep",
               "PICTURES_BUCKET": "", "RECORD_PARAMETER": "/p", "SIGN_IN_URL": "https://s.example",
               "CLIENT_ID": "c", "SIGN_IN_LINKS_TABLE": "t", "SIGN_IN_LINK_MINUTES": "15",
               "MAGIC_LINK_URL": "https://app.example.com/", "USER_MIGRATION_URL": "https://old.example.com",
               "USER_MIGRATION_SECRET_ARN": "arn",
               "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
compiled = []
compile_source = importlib.machinery.SourceFileLoader.source_to_code
def trap(self, data, path, **options):
    compiled.append(str(path))
    return compile_source(self, data, path, **options)
importlib.machinery.SourceFileLoader.source_to_code = trap
import app
print(json.dumps({"compiled": compiled, "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


def logical_id(function: str) -> str:
    return "".join(word.title() for word in function.split("_")) + "Function"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_imports_alone_and_compiles_only_itself(stack: LocalStack, tmp_path: Path, function: str) -> None:
    code = stack.settings.folder / "build" / logical_id(function)
    own = [stack.settings.folder / "build" / layer / "python" for layer in LAYERS_OF_ONE.get(function, ())]
    path = [code, *layers(stack), *own, runtime_packages(tmp_path / "runtime")]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", IMPORT, json.dumps([str(each) for each in path])],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)

    ours = [each for each in seen["compiled"] if str(stack.settings.folder) in each]
    assert ours == [str(code / "app.py")]
    assert (set(seen["modules"]) & DEAR == DEAR) == (function == "message_sender")
    if function == "authorizer":
        assert not TOO_DEAR_FOR_THE_AUTHORIZER & set(seen["modules"])


def test_layers_hold_bytecode_that_stays_valid_in_a_zip(stack: LocalStack) -> None:
    for layer in layers(stack):
        sources = [path for path in layer.rglob("*.py") if "__pycache__" not in path.parts]
        assert sources
        for source in sources:
            bytecode = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
            header = bytecode.read_bytes()[:16]
            # PEP 552: flags 1 is hash-based and not checked against the source, whose date a zip does not keep.
            assert struct.unpack("<I", header[4:8]) == (1,), source
        some = next(path for path in layer.rglob("*.pyc") if path.stat().st_size > 500)
        assert marshal.loads(some.read_bytes()[16:]).co_filename.startswith("/opt/python/")
        assert {path.suffixes[0] for path in layer.rglob("*.pyc")} == {".cpython-313"}


@pytest.mark.parametrize(("target", "machine"), [("Arm64", 183), ("X86", 62)])
@pytest.mark.parametrize(
    ("folder", "layer", "package"),
    [
        ("dependencies", "DependenciesLayer", "cryptography"),
        ("message_sender_dependencies", "MessageSenderDependenciesLayer", "wrapt"),
    ],
)
def test_layer_for_lambda_is_of_its_processor_and_the_same_twice(
    tmp_path: Path, target: str, machine: int, folder: str, layer: str, package: str
) -> None:
    """ELF machine numbers: 62 is x86-64, 183 is AArch64."""
    trees = []
    for attempt in ("first", "second"):
        artifacts = tmp_path / attempt
        subprocess.run(
            ["make", "-C", ROOT / "layers" / folder, f"build-{layer}{target}",
             f"ARTIFACTS_DIR={artifacts}", f"PYTHON={sys.executable}", "LAYER_PLATFORM=lambda"],
            check=True, capture_output=True,
        )  # fmt: skip
        files = [path for path in artifacts.rglob("*") if path.is_file()]
        trees.append({path.relative_to(artifacts): path.read_bytes() for path in files})

    extensions = {path: content for path, content in trees[0].items() if ".so" in path.suffixes}
    assert any(package in str(path) for path in extensions)
    assert {struct.unpack("<H", content[18:20])[0] for content in extensions.values()} == {machine}
    assert trees[0].keys() == trees[1].keys()
    assert [path for path, content in trees[0].items() if trees[1][path] != content] == []


def test_local_layer_is_of_this_machine(stack: LocalStack) -> None:
    if platform.system() != "Linux":
        pytest.skip("ELF is Linux's")
    extension = next(layers(stack)[1].rglob("*.so"))
    expected = {"x86_64": 62, "aarch64": 183}[platform.machine()]
    assert struct.unpack("<H", extension.read_bytes()[18:20]) == (expected,)
