import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.access import Policy, default_policy
from poolhouse.profiles import Profile, Status
from poolhouse.profiles.model import utc_now

ITEM: dict[str, Any] = {
    "sub": "a1",
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-02T00:00:00.000Z",
    "version": 3,
}
TEXT = st.none() | st.text()


@given(
    st.builds(
        Profile,
        sub=st.text(min_size=1),
        status=st.sampled_from(Status),
        created_at=st.text(),
        updated_at=st.text(),
        last_sign_in_at=TEXT,
        version=st.integers(min_value=1),
        email=TEXT,
        fields=st.dictionaries(st.sampled_from(["name", "phone", "company"]), st.text()),
        expires_at=st.none() | st.integers(min_value=1),
    )
)
def test_profile_comes_back_from_its_item(profile: Profile) -> None:
    assert Profile.from_item(profile.to_item()) == profile


def test_profile_item_leaves_out_what_is_not_set() -> None:
    assert Profile.from_item(ITEM).to_item() == ITEM


def test_profile_from_item_reads_number_that_arrives_as_text() -> None:
    assert Profile.from_item({**ITEM, "version": "12"}).version == 12


def test_profile_from_item_keeps_fields_that_the_policy_of_another_version_had() -> None:
    assert Profile.from_item({**ITEM, "nickname": "ada"}).fields == {"nickname": "ada"}


def test_changed_profile_counts_on_and_keeps_what_is_not_named() -> None:
    profile = Profile.from_item({**ITEM, "name": "Ada", "zone": "UTC", "nickname": "ada"})
    changed = profile.changed({"zone": None, "company": "Example", "status": "suspended"}, "2026-02-02T00:00:00.000Z")
    assert changed.to_item() == {
        **ITEM,
        "name": "Ada",
        "nickname": "ada",
        "company": "Example",
        "status": "suspended",
        "updated_at": "2026-02-02T00:00:00.000Z",
        "version": 4,
    }


def test_deleted_profile_has_nothing_left_but_that_it_was_there() -> None:
    profile = Profile.from_item(
        {**ITEM, "email": "ada@example.com", "name": "Ada", "last_sign_in_at": "x", "nick": "a"}
    )
    assert profile.deleted("2026-02-02T00:00:00.000Z", 1_800_000_000).to_item() == {
        "sub": "a1",
        "status": "deleted",
        "created_at": ITEM["created_at"],
        "updated_at": "2026-02-02T00:00:00.000Z",
        "version": 4,
        "expires_at": 1_800_000_000,
    }


@pytest.mark.parametrize("member", list(ITEM))
def test_profile_from_item_refuses_item_without_member(member: str) -> None:
    with pytest.raises(KeyError, match=member):
        Profile.from_item({name: value for name, value in ITEM.items() if name != member})


@pytest.mark.parametrize("status", ["Active", "gone", ""])
def test_profile_from_item_refuses_unknown_status(status: str) -> None:
    with pytest.raises(ValueError, match="is not a valid Status"):
        Profile.from_item({**ITEM, "status": status})


def test_profile_from_attributes_copies_what_it_keeps() -> None:
    profile = Profile.from_attributes(
        {
            "sub": "a1",
            "email": "Ada@Example.com",
            "email_verified": "true",
            "name": "Ada Example",
            "phone_number": "+15550100",
            "locale": "en-GB",
            "zoneinfo": "Europe/London",
            "custom:tenant": "t1",
            "cognito:user_status": "CONFIRMED",
        }
    )
    assert profile.to_item() == {
        "sub": "a1",
        "status": "active",
        "created_at": profile.updated_at,
        "updated_at": profile.updated_at,
        "version": 1,
        "email": "ada@example.com",
        "name": "Ada Example",
        "phone": "+15550100",
        "locale": "en-GB",
        "zone": "Europe/London",
    }


def test_profile_from_attributes_treats_empty_as_absent() -> None:
    profile = Profile.from_attributes({"sub": "a1", "email": "", "name": None})
    assert (profile.email, profile.fields) == (None, {})


@pytest.mark.parametrize(
    ("attributes", "copied"),
    [
        ({"name": "  Zoe\u0308 "}, {"name": "Zo\u00eb"}),
        ({"locale": "EN_us"}, {"locale": "en-US"}),
        ({"name": "x" * 100}, {"name": "x" * 100}),
        ({"name": "x" * 101}, {}),
        ({"name": "two\nlines", "zoneinfo": "UTC"}, {"zone": "UTC"}),
        ({"name": "turned \u202egnp.exe"}, {}),
        ({"name": ["Ada"], "phone_number": 3, "locale": {"a": 1}, "zoneinfo": True}, {}),
        ({"phone_number": "call me", "locale": "english", "zoneinfo": "Mars/Olympus"}, {}),
    ],
)
def test_profile_from_attributes_copies_in_the_form_that_the_api_keeps(
    attributes: dict[str, Any], copied: dict[str, str]
) -> None:
    assert Profile.from_attributes({"sub": "a1", **attributes}).fields == copied


def test_profile_from_attributes_copies_no_field_that_the_policy_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Policy.parse("fields = { zone = {} }")
    monkeypatch.setattr("poolhouse.profiles.model.default_policy", lambda: policy)
    assert Profile.from_attributes({"sub": "a1", "name": "Ada", "zoneinfo": "UTC"}).fields == {"zone": "UTC"}


def test_profile_from_attributes_needs_sub() -> None:
    with pytest.raises(KeyError, match="sub"):
        Profile.from_attributes({"email": "ada@example.com"})


def test_profile_repr_holds_nothing_personal() -> None:
    profile = Profile.from_item({**ITEM, "email": "ada@example.com", "name": "Ada Example", "phone": "+15550100"})
    assert not re.search(r"ada|Ada|555", repr(profile))


def test_profile_members_are_shown_by_the_policy_and_set_by_nobody() -> None:
    # A member that the policy does not know would be shown to nobody.
    members = set(Profile.__dataclass_fields__) - {"fields", "expires_at"}
    assert members == {name for name, field in default_policy().fields.items() if not field.settable}


def test_utc_now_is_iso_8601_in_utc_to_the_millisecond() -> None:
    text = utc_now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(text)) < timedelta(seconds=5)
