"""How a personal field is shown to somebody who may recognise it but not learn it."""

from collections.abc import Callable, Mapping
from typing import Final

HIDDEN: Final = "•••"


def mask_email(address: str) -> str:
    """Keep the first character and the domain.

    Example:
        >>> mask_email("ada@example.com")
        'a•••@example.com'
    """
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}{HIDDEN}@{domain}" if at else HIDDEN


def mask_name(name: str) -> str:
    """Keep the initials.

    Example:
        >>> mask_name("Ada Lovelace")
        'A••• L•••'
    """
    return " ".join(part[0] + HIDDEN for part in name.split()) or HIDDEN


def mask_phone(number: str) -> str:
    """Keep the last two digits.

    Example:
        >>> mask_phone("+441234567890")
        '•••90'
    """
    # Two digits of a very short number would be most of it.
    return HIDDEN + (number[-2:] if len(number) > 5 else "")


MASKS: Final[Mapping[str, Callable[[str], str]]] = {"email": mask_email, "name": mask_name, "phone": mask_phone}
"""The masks that ``policy.toml`` may name."""
