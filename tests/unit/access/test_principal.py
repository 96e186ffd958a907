from typing import Any

import pytest
from poolhouse.access import Principal

USER: dict[str, Any] = {"sub": "a1", "client_id": "web", "principal_type": "user"}
MACHINE: dict[str, Any] = {"sub": "job", "client_id": "job", "principal_type": "machine"}


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({**USER, "sub": ""}, "a principal needs a sub and a client id; one of them is empty"),
        ({**USER, "client_id": ""}, "a principal needs a sub and a client id; one of them is empty"),
        ({**USER, "principal_type": ""}, "a principal is of type 'user' or 'machine', and of no other"),
        ({**USER, "principal_type": "User"}, "a principal is of type 'user' or 'machine', and of no other"),
        ({**USER, "principal_type": None}, "a principal is of type 'user' or 'machine', and of no other"),
        ({**USER, "principal_type": ["user"]}, "a principal is of type 'user' or 'machine', and of no other"),
        ({**MACHINE, "roles": frozenset({"admin"})}, "a machine has scopes only, but roles came with it"),
    ],
)
def test_principal_refuses_what_names_nobody(members: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Principal(**members)


@pytest.mark.parametrize("members", [{**MACHINE, "sub": "a1"}, {**USER, "sub": "web"}])
def test_principal_refuses_type_that_contradicts_sub(members: dict[str, Any]) -> None:
    # A machine's sub is its client id, and a user's never is.
    with pytest.raises(ValueError, match="sub"):
        Principal(**members)


def test_principal_knows_humans_from_machines() -> None:
    assert Principal(**USER).is_user
    assert not Principal(**MACHINE).is_user


def test_principal_has_nothing_unless_given() -> None:
    caller = Principal(**USER)
    assert (caller.roles, caller.scopes) == (frozenset(), frozenset())


def test_principal_repr_leaves_out_sub() -> None:
    assert "a1" not in repr(Principal(**USER))


def test_principal_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Principal(**USER).sub = "b2"  # type: ignore[misc]
