"""Which e-mail domains may sign up."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from poolhouse.triggers.refusal import Refusal


@dataclass(frozen=True, slots=True)
class EmailDomains:
    """An allow list and a block list of e-mail domains.

    An entry is a domain (``example.com``: that domain alone) or a wildcard (``*.example.com``: every domain below it).
    A blocked domain is refused even where it is allowed too. An empty allow list allows every domain.

    Attributes:
        allowed: Normalised entries.
        blocked: Normalised entries.
    """

    allowed: frozenset[str]
    blocked: frozenset[str]

    @classmethod
    def parse(cls, allowed: str, blocked: str) -> Self:
        """Read both lists.

        Args:
            allowed: Entries separated by commas.
            blocked: Entries separated by commas.

        Raises:
            ValueError: An entry is no domain.

        Example:
            >>> EmailDomains.parse("", "*.Example.com").refuses("eve@mail.example.com")
            True
        """
        return cls(frozenset(_entries(allowed)), frozenset(_entries(blocked)))

    def refuses(self, email: str | None) -> bool:
        """Whether this address may not sign up.

        No address, or one whose domain cannot be read, is refused as soon as there is any list.
        """
        if not self.allowed and not self.blocked:
            return False
        try:
            domain = normalise(email.rpartition("@")[2]) if email else ""
        except ValueError:
            domain = ""
        if not domain:
            return True
        names = set(_matching_entries(domain))
        return bool(names & self.blocked) or bool(self.allowed and not names & self.allowed)

    def check(self, email: str | None) -> None:
        """Refuse an address that may not sign up.

        Raises:
            Refusal: With the code ``email_domain_refused``.
        """
        if self.refuses(email):
            raise Refusal("email_domain_refused", "Sign-up with an address of this e-mail domain is not open.")


def normalise(domain: str) -> str:
    """The form in which two spellings of one domain are equal: compatibility forms folded, lower case, ASCII.

    Args:
        domain: In any case and script, with or without the root dot.

    Raises:
        ValueError: It is no domain name (IDNA, RFC 3490).

    Example:
        >>> normalise("Bücher.Example.")
        'xn--bcher-kva.example'
    """
    text = unicodedata.normalize("NFKC", domain).strip().rstrip(".").casefold()
    return text.encode("idna").decode("ascii").lower()  # UnicodeError is a ValueError


def _entries(text: str) -> Iterable[str]:
    for entry in filter(None, (part.strip() for part in text.split(","))):
        wildcard = "*." if entry.startswith("*.") else ""
        name = normalise(entry.removeprefix(wildcard))
        if not name or "*" in name or "@" in name:
            raise ValueError(f"{entry!r} is no e-mail domain: write example.com, or *.example.com for all below it")
        yield wildcard + name


def _matching_entries(domain: str) -> Iterable[str]:
    yield domain
    labels = domain.split(".")
    for cut in range(1, len(labels)):
        yield "*." + ".".join(labels[cut:])
