"""Hooks that a deployment adds to a trigger without changing the function.

They stand in ``layers/hooks/hooks/<function>.py``, one module for each function, in its list ``HOOKS``. The folder is a
layer of the stack; what it holds is yours, and no release of Poolhouse changes it.
"""

import importlib
import importlib.util
from collections.abc import Callable
from types import ModuleType
from typing import Any

from poolhouse.triggers.running import Hook


def added_hooks(function: str) -> tuple[Hook, ...]:
    """Return the hooks that were added to a function, in their order; none where there is no such module.

    Args:
        function: The folder's name, such as ``pre_sign_up``.

    Raises:
        AttributeError: The module has no ``HOOKS``. A function with broken hooks does not start, rather than run
            without them.

    Example:
        >>> added_hooks("no_such_function")
        ()
    """
    module = _module(function)
    return tuple(module.HOOKS) if module else ()


def replacement(function: str, name: str) -> Callable[..., Any] | None:
    """Return what a deployment replaces a part of a function by, or None where there is no such module.

    Args:
        function: The folder's name, such as ``message_sender``.
        name: What the function's page calls the part, such as ``send``.

    Raises:
        AttributeError: There is the module, and it lacks the part. The function does not start then.

    Example:
        >>> replacement("no_such_function", "send")
    """
    module = _module(function)
    part: Callable[..., Any] | None = getattr(module, name) if module else None
    return part


def _module(function: str) -> ModuleType | None:
    if importlib.util.find_spec("hooks") is None or importlib.util.find_spec(f"hooks.{function}") is None:
        return None
    return importlib.import_module(f"hooks.{function}")
