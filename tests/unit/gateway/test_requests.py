import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.gateway.requests import (
    MAX_BODY,
    RequestError,
    entity_tag,
    header,
    json_object,
    named_versions,
    whole_number,
)

JSON = {"content-type": "application/json"}
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner)
    ),
    max_leaves=8,
)


def refused(event: dict[str, Any]) -> tuple[int, str]:
    with pytest.raises(RequestError) as raised:
        json_object(event)
    return raised.value.status, raised.value.code


# ------------------------------------------------------------------------------------------------------------- the body
@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), values), st.booleans())
def test_object_is_read_as_it_was_sent(sent: dict[str, Any], encoded: bool) -> None:  # noqa: FBT001, RUF100
    text = json.dumps(sent, ensure_ascii=False)
    body = base64.b64encode(text.encode()).decode() if encoded else text
    event = {"headers": JSON, "body": body, "isBase64Encoded": encoded}
    if len(text.encode()) <= MAX_BODY:
        assert json_object(event) == sent


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/merge-patch+json", "Application/JSON; charset=utf-8", " application/json ;x=y"],
)
@pytest.mark.parametrize("name", ["content-type", "Content-Type", "CONTENT-TYPE"])
def test_body_that_is_said_to_be_json_is_read(kind: str, name: str) -> None:
    assert json_object({"headers": {name: kind}, "body": "{}"}) == {}


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/jsonx"},
        {"content-type": "text/plain, application/json"},
    ],
    ids=str,
)
def test_body_that_is_said_to_be_something_else_is_415(headers: dict[str, str] | None) -> None:
    assert refused({"headers": headers, "body": "{}"}) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "null",
        "[]",
        '"text"',
        "{",
        "{} {}",
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": "\\ud800"}',
        '{"a": "\ud800"}',
        '{"a": ' + "9" * 5000 + "}",
    ],
    ids=lambda body: ascii(body)[:24],
)
def test_body_that_is_no_object_with_each_member_once_is_400(body: str | None) -> None:
    assert refused({"headers": JSON, "body": body}) == (400, "invalid_body")


@pytest.mark.parametrize("body", ["{}", "e30", "e30=\n", "////", base64.b64encode(b'{"a": "\xff"}').decode()])
def test_body_that_is_said_to_be_base64_and_holds_no_object_is_400(body: str) -> None:
    assert refused({"headers": JSON, "body": body, "isBase64Encoded": True}) == (400, "invalid_body")


def body_of(size: int, filler: str = "x") -> str:
    text = '{"a": ""}'
    return text.replace('""', json.dumps(filler * ((size - len(text)) // len(filler.encode())), ensure_ascii=False))


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize(("more", "filler"), [(1, "x"), (4, "\u20ac"), (MAX_BODY * 40, "x")], ids=str)
def test_body_is_measured_in_bytes(encoded: bool, more: int, filler: str) -> None:  # noqa: FBT001, RUF100
    def event(text: str) -> dict[str, Any]:
        body = base64.b64encode(text.encode()).decode() if encoded else text
        return {"headers": JSON, "body": body, "isBase64Encoded": encoded}

    largest = body_of(MAX_BODY, filler)
    assert MAX_BODY - 3 <= len(largest.encode()) <= MAX_BODY
    assert json_object(event(largest))
    assert refused(event(body_of(MAX_BODY + more, filler))) == (413, "body_too_large")


# ---------------------------------------------------------------------------------------------------------- the version
@given(st.integers(1, 10**15 - 1))
def test_tag_of_an_answer_names_its_version(version: int) -> None:
    assert named_versions({"headers": {"If-Match": entity_tag(version)}}) == {version}


@pytest.mark.parametrize(
    ("sent", "versions"),
    [
        ('"3"', {3}),
        ('  "3"\t', {3}),
        ('"3", "4" ,"5"', {3, 4, 5}),
        ('W/"3"', set()),
        ('W/"3", "4"', {4}),
        ('"3", W/"4"', {3}),
        ('"abc"', set()),
        ('""', set()),
        ('"3abc"', set()),
        ('"-3"', set()),
        ('"\u0663"', set()),
        ('"' + "9" * 16 + '"', set()),
        ('"x, "', set()),
    ],
)
def test_if_match_names_the_versions_of_its_strong_tags(sent: str, versions: set[int]) -> None:
    assert named_versions({"headers": {"if-match": sent}}) == versions


@pytest.mark.parametrize(
    "headers", [None, {}, {"If-Match": "*"}, {"if-match": " * "}, {"if-none-match": '"3"'}], ids=str
)
def test_change_that_names_no_version_is_428(headers: dict[str, str] | None) -> None:
    with pytest.raises(RequestError) as raised:
        named_versions({"headers": headers})
    assert (raised.value.status, raised.value.code) == (428, "version_required")


@pytest.mark.parametrize(
    "sent", ["", "3", '"3', '3"', '"3" "4"', '"3",', ',"3"', 'w/"3"', '*, "3"', '"3"4"', '"3", ' * 300 + '"3"']
)
def test_if_match_that_is_no_list_of_tags_is_400(sent: str) -> None:
    with pytest.raises(RequestError) as raised:
        named_versions({"headers": {"if-match": sent}})
    assert (raised.value.status, raised.value.code) == (400, "invalid_if_match")


# ------------------------------------------------------------------------------------------------------- the parameters
@given(st.integers(1, 100))
def test_number_in_the_query_is_read(number: int) -> None:
    assert whole_number("limit", str(number), default=25, highest=100) == number


def test_missing_number_is_the_default() -> None:
    assert whole_number("limit", None, default=25, highest=100) == 25


@pytest.mark.parametrize("sent", ["", "0", "101", "-1", "+1", "1.0", "1e1", " 1", "1_0", "\u0661", "9" * 5000, "1,2"])
def test_number_that_is_none_is_400_and_named(sent: str) -> None:
    with pytest.raises(RequestError, match="The parameter limit is a number from 1 to 100") as raised:
        whole_number("limit", sent, default=25, highest=100)
    assert (raised.value.status, raised.value.code) == (400, "invalid_parameter")


def test_header_is_found_in_whatever_case() -> None:
    assert header({"headers": {"X-Thing": "a"}}, "x-thing") == "a"
    assert header({"headers": {}}, "x-thing") is None
    assert header({}, "x-thing") is None
