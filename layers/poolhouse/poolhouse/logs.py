"""Log lines as Lambda wants them, from the standard library alone.

On Lambda the runtime has set up the root logger before our code is imported: with ``LogFormat: JSON`` every line
becomes a JSON object, and what is given as ``extra`` becomes members of it
(https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html). Elsewhere (on the emulator, in a container) nothing
has been set up, and lines below WARNING would be dropped: there we write the same lines ourselves.
"""

import json
import logging
from typing import Final

_EVERY_RECORD_HAS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def get_logger(name: str) -> logging.Logger:
    """A logger whose INFO lines appear, on Lambda and elsewhere.

    Never give it a token, a password, a code or personal data, neither in the message nor in ``extra``. A user is
    named by ``sub``.

    Args:
        name: The caller's ``__name__``.

    Example:
        >>> get_logger(__name__).info("profile made", extra={"sub": "a1"})
    """
    if not logging.root.handlers:  # on Lambda there is one
        handler = logging.StreamHandler()
        handler.setFormatter(_JsonFormatter())
        logging.basicConfig(level=logging.INFO, handlers=[handler])
    return logging.getLogger(name)


def describe_error(error: BaseException) -> str:
    """Name an error for a log, without its text, which may quote a token or what a user sent.

    Returns:
        The type, the code that AWS gave if it is AWS's, and the line that raised it.

    Example:
        >>> describe_error(KeyError("ada@example.com"))
        'KeyError'
    """
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    step = error.__traceback__
    while step and step.tb_next:
        step = step.tb_next
    place = f" at {step.tb_frame.f_code.co_filename}:{step.tb_lineno}" if step else ""
    return f"{type(error).__name__}{f' {code}' if code else ''}{place}"


class _JsonFormatter(logging.Formatter):
    """The members that Lambda's JSON log lines have too, as far as a process knows them."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"level": record.levelname, "message": record.getMessage(), "logger": record.name}
        # What begins with an underscore is for CloudWatch alone: see poolhouse.metrics.
        extra = {
            name: value
            for name, value in vars(record).items()
            if name not in _EVERY_RECORD_HAS and not name.startswith("_")
        }
        return json.dumps(line | extra, default=str)
