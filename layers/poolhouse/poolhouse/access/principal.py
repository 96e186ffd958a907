"""Who is calling: a human or a machine, with roles and scopes."""

from dataclasses import dataclass, field
from typing import Literal, get_args

PrincipalType = Literal["user", "machine"]


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller that a verified access token names.

    Attributes:
        sub: The user's ``sub``, or the client id of a machine. Never empty.
        client_id: The app client that the token was made for. Never empty.
        principal_type: ``user``, or ``machine`` for a client_credentials token.
        roles: The user's Cognito groups; empty for a machine.
        scopes: The scopes of the token.

    Raises:
        ValueError: ``sub`` or ``client_id`` is empty, ``principal_type`` is neither kind, a machine has roles, or
            ``sub`` belongs to the other kind. An identity is stated or refused, never guessed.

    Example:
        >>> Principal("a1", "web", "user", scopes=frozenset({"profiles/read"})).is_user
        True
    """

    sub: str = field(repr=False)
    client_id: str
    principal_type: PrincipalType
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.sub or not self.client_id:
            raise ValueError("a principal needs a sub and a client id; one of them is empty")
        if self.principal_type not in get_args(PrincipalType):
            raise ValueError("a principal is of type 'user' or 'machine', and of no other")
        if self.principal_type == "machine" and self.roles:
            raise ValueError("a machine has scopes only, but roles came with it")
        if self.is_user == (self.sub == self.client_id):
            raise ValueError("a machine's sub is its client id and a user's never is, but here it is otherwise")

    @property
    def is_user(self) -> bool:
        """Whether a human is calling."""
        return self.principal_type == "user"
