from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.gateway.bearer import credentials, credentials_or_bare, only_value


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("Bearer abc.def.ghi", "abc.def.ghi"),
        ("bearer abc", "abc"),
        ("BEARER abc", "abc"),
        ("Bearer   abc  ", "abc"),
        ("Bearer ", ""),
        ("Bearer", ""),
        ("Bearerabc", ""),
        ("Bearer\tabc", ""),
        (" Bearer abc", ""),
        ("Basic YTpi", ""),
        ("abc.def.ghi", ""),
        ("", ""),
        (None, ""),
        (["Bearer abc"], ""),
        (b"Bearer abc", ""),
        # Two headers, joined by a comma. Neither one may be picked out: a token has no comma and no space.
        ("Bearer one,Bearer two", "one,Bearer two"),
    ],
)
def test_credentials_are_what_follows_the_scheme(value: object, token: str) -> None:
    assert credentials(value) == token


@pytest.mark.parametrize(
    ("value", "token"),
    [("abc.def", "abc.def"), ("Bearer abc", "abc"), ("Basic abc", ""), ("a b", ""), ("", ""), (None, ""), (7, "")],
)
def test_credentials_or_bare_takes_one_word(value: object, token: str) -> None:
    assert credentials_or_bare(value) == token


@pytest.mark.parametrize(
    ("event", "value"),
    [
        ({"headers": {"Authorization": "a"}}, "a"),
        ({"headers": {"AUTHORIZATION": "a"}}, "a"),
        ({"headers": {"Authorization": "a"}, "multiValueHeaders": None}, "a"),
        ({"headers": {"Authorization": "b"}, "multiValueHeaders": {"Authorization": ["a"]}}, "a"),
        ({"headers": {"Authorization": "b"}, "multiValueHeaders": {"Authorization": ["a", "b"]}}, ""),
        ({"multiValueHeaders": {"Authorization": ["a"], "authorization": ["b"]}}, ""),
        ({"headers": {"Authorization": "a", "authorization": "a"}}, ""),
        ({"multiValueHeaders": {"Authorization": []}}, ""),
        ({"multiValueHeaders": {"Authorization": None}}, ""),
        ({"multiValueHeaders": {"Authorization": [None]}}, ""),
        ({"headers": {"X-Authorization": "a"}}, ""),
        ({"headers": None}, ""),
        ({"headers": {"Authorization": None}}, ""),
        ({}, ""),
    ],
)
def test_only_value_is_the_one_there_is(event: dict[str, Any], value: str) -> None:
    assert only_value(event, "Headers", "authorization") == value


def test_only_value_reads_query() -> None:
    assert only_value({"queryStringParameters": {"access_token": "a"}}, "QueryStringParameters", "access_token") == "a"
    twice = {
        "queryStringParameters": {"access_token": "b"},
        "multiValueQueryStringParameters": {"access_token": ["a", "b"]},
    }
    assert only_value(twice, "QueryStringParameters", "access_token") == ""


@given(st.text())
def test_credentials_never_hold_the_space_of_a_second_word_at_their_ends(value: str) -> None:
    assert credentials(f"Bearer {value}") == value.strip(" ")
    assert credentials_or_bare(value) in (value, credentials(value))
