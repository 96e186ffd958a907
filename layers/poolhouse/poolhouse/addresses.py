"""E-mail addresses: when two are the same."""


def spelling(email: str) -> str:
    """Return the form in which two spellings of one address are equal: only ASCII letters have two cases here.

    By Unicode's rules the Kelvin sign would be a ``k``, and somebody else's address one's own.

    Example:
        >>> spelling("Ada@Example.com")
        'ada@example.com'
    """
    return email.lower() if email.isascii() else email
