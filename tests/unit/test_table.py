import string
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.table import plain, typed

values = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(string.ascii_letters, min_size=1), inner),
    max_leaves=12,
)
items = st.dictionaries(st.text(string.ascii_letters, min_size=1), values)


@given(items)
def test_item_comes_back_as_it_was(item: dict[str, Any]) -> None:
    assert plain(typed(item)) == item
    assert repr(plain(typed(item))) == repr(item)  # True is not 1


@given(items)
def test_form_of_an_item_is_that_of_boto3(item: dict[str, Any]) -> None:
    assert typed(item) == {name: TypeSerializer().serialize(value) for name, value in item.items()}
    assert {name: TypeDeserializer().deserialize(value) for name, value in typed(item).items()} == item


@pytest.mark.parametrize("value", [1.5, None, b"bytes", {1}, object()], ids=lambda value: type(value).__name__)
def test_what_no_item_of_ours_holds_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError, match=f"an item holds no {type(value).__name__}"):
        typed({"name": [value]})


@pytest.mark.parametrize("value", [{"NULL": True}, {"B": b"bytes"}, {"SS": ["a"]}, {"N": "1.5"}], ids=str)
def test_what_no_item_of_ours_holds_is_not_read(value: Any) -> None:
    with pytest.raises(ValueError, match=r"an item of ours holds no|invalid literal"):
        plain({"name": {"M": {"inner": value}}})
