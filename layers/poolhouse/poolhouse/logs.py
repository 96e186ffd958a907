"""Log lines as Lambda wants them, from the standard library alone.

On Lambda the runtime has set up the root logger before our code is imported: with ``LogFormat: JSON`` every line
becomes a JSON object, and what is given as ``extra`` becomes members of it
(https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html). Elsewhere (on the emulator, in a container) nothing
has been set up, and lines below WARNING would be dropped.
"""

import logging


def get_logger(name: str) -> logging.Logger:
    """A logger whose INFO lines appear, on Lambda and elsewhere.

    Never give it a token, a password, a code or personal data, neither in the message nor in ``extra``. A user is
    named by ``sub``.

    Args:
        name: The caller's ``__name__``.

    Example:
        >>> get_logger(__name__).info("profile made", extra={"sub": "a1"})
    """
    # Does nothing where the root logger has a handler, as on Lambda.
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] %(name)s %(message)s")
    return logging.getLogger(name)
