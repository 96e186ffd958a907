"""Which e-mail domains may sign up."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from poolhouse.triggers.refusal import Refusal

_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_MAX_LENGTH: Final = 253
_DEVIATIONS: Final = frozenset("\u00df\u1e9e\u03c2\u200c\u200d")  # UTS 46, section 7


@dataclass(frozen=True, slots=True)
class EmailDomains:
    """An allow list and a block list of e-mail domains.

    An entry is a domain (``example.com``: that domain alone) or a wildcard (``*.example.com``: every domain below it).
    A blocked domain is refused even where it is allowed too. An empty allow list allows every domain. A name
    that IDNA 2003 and IDNA 2008 read differently (with ``ß``, say) is refused: write it in its ``xn--`` form.

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
        local, _, domain = (email or "").rpartition("@")
        try:
            names = set(_matching_entries(normalise(domain)))
        except ValueError:
            return True
        if not local:
            return True
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
        ValueError: It is no domain name (IDNA, RFC 3490; labels, RFC 1035, section 2.3.1, with underscores).

    Example:
        >>> normalise("Bücher.Example.")
        'xn--bcher-kva.example'
    """
    composed = unicodedata.normalize("NFKC", domain)
    if not _DEVIATIONS.isdisjoint(composed):
        raise ValueError("IDNA 2003 and 2008 make two domains of this name: write it in its xn-- form")
    text = composed.replace("\u3002", ".").strip().removesuffix(".").casefold()
    if len(text) > _MAX_LENGTH:
        raise ValueError("a domain name is longer than 253 characters")
    name = text.encode("idna").decode("ascii").lower()  # UnicodeError is a ValueError
    if not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("a domain name has an empty label, or one with characters that no domain has")
    return name


def _entries(text: str) -> Iterable[str]:
    for entry in filter(None, (part.strip() for part in text.split(","))):
        wildcard = "*." if entry.startswith("*.") else ""
        try:
            yield wildcard + normalise(entry.removeprefix(wildcard))
        except ValueError as error:
            raise ValueError(
                f"{entry!r} is no e-mail domain ({error}): write example.com, or *.example.com for all below it"
            ) from error


def _matching_entries(domain: str) -> Iterable[str]:
    yield domain
    labels = domain.split(".")
    for cut in range(1, len(labels)):
        yield "*." + ".".join(labels[cut:])
