"""The form that S3 holds an upload to, and the removal of pictures."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from poolhouse import aws
from poolhouse.profiles.pictures import FORM_SECONDS, MAX_BYTES, TYPES, Pictures

from tests.unit.stubbed import client_of


def conditions(form: dict[str, Any]) -> list[Any]:
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    found: list[Any] = policy["conditions"]
    return found


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pictures]:
    """With the client that a function makes; to sign a form nothing is sent."""
    variables = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    aws.s3.cache_clear()
    yield Pictures("pictures")
    aws.s3.cache_clear()


def test_form_bounds_the_size_and_fixes_key_and_type(pictures: Pictures) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html"""
    form = pictures.form("a1", "me.jpg")
    assert ["content-length-range", 1, MAX_BYTES] in conditions(form)
    assert {"key": "a1/me.jpg"} in conditions(form)
    assert {"bucket": "pictures"} in conditions(form)
    assert {"Content-Type": "image/jpeg"} in conditions(form)
    assert (form["fields"]["key"], form["fields"]["Content-Type"]) == ("a1/me.jpg", "image/jpeg")
    assert (form["max_bytes"], form["expires_in"]) == (MAX_BYTES, FORM_SECONDS)
    assert form["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    assert form["url"] == "https://pictures.s3.eu-central-1.amazonaws.com/"


@pytest.mark.parametrize("end", TYPES)
def test_form_is_for_pictures_that_hold_no_script(end: str) -> None:
    form = Pictures("pictures", client_of("s3")).form("a1", f"me{end}")
    assert form["fields"]["Content-Type"] == TYPES[end]
    assert "svg" not in TYPES[end]


@pytest.mark.parametrize("name", ["me.svg", "me", "me.jpg.html", "../b2/me.jpg", "b2/me.jpg", "me.jpg\n", ".jpg"])
def test_form_is_for_no_other_name(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        Pictures("pictures", client_of("s3")).form("a1", name)


def test_removal_deletes_each_page_of_the_users_prefix_alone() -> None:
    with Stubber(client_of("s3")) as s3:
        asked = {"Bucket": "pictures", "Prefix": "a1/"}
        for keys, truncated in ((["a1/x.png", "a1/y.png"], True), (["a1/z.png"], False)):
            s3.add_response(
                "list_objects_v2", {"Contents": [{"Key": key} for key in keys], "IsTruncated": truncated}, asked
            )
            for key in keys:
                s3.add_response("delete_object", {}, {"Bucket": "pictures", "Key": key})
        Pictures("pictures", client_of("s3")).remove("a1")
        s3.assert_no_pending_responses()


def test_removal_of_none_is_none() -> None:
    with Stubber(client_of("s3")) as s3:
        s3.add_response("list_objects_v2", {"IsTruncated": False}, {"Bucket": "pictures", "Prefix": "a1/"})
        Pictures("pictures", client_of("s3")).remove("a1")
