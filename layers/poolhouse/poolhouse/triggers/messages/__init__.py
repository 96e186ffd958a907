"""The texts of all messages, in files, by language.

A text is ``<language>/<occasion>.<part>``: the language is a folder such as ``de`` or ``pt-br``, the occasion is that
of the trigger source in snake case, and the parts are ``subject.txt``, ``email.html`` and ``sms.txt``. Ours stand
beside this module. Yours stand in ``hooks/messages/`` of the hooks layer and go before ours: one more folder is one
more language, and one file in ``hooks/messages/en/`` replaces that one text.

In a text, ``$code``, ``$username`` and so on stand for values (see `PLACEHOLDERS`); ``$$`` is a dollar sign.
"""

import html
import importlib.util
import os
import re
from collections.abc import Iterator, Mapping
from string import Template
from typing import Any, Final

from poolhouse.logs import get_logger
from poolhouse.triggers.responses import IllegalResponseError

OURS: Final = os.path.dirname(__file__)  # noqa: PTH120 - importing pathlib costs a trigger's cold start
FALLBACK: Final = "en"
"""The language that has every text."""

SIGN_IN_LINK: Final = "sign_in_link"
"""The one occasion that is no trigger source of Cognito's; it has no text message either."""

TAKE_OVER: Final = "account_take_over_notification"
"""The one occasion without a code, and without a text message."""

PLACEHOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "sign_up": ("code",),
    "admin_create_user": ("code", "username"),
    "resend_code": ("code",),
    "forgot_password": ("code",),
    "update_user_attribute": ("code",),
    "verify_user_attribute": ("code",),
    "authentication": ("code",),
    TAKE_OVER: (),
    SIGN_IN_LINK: ("link", "minutes"),
}
"""By occasion: what e-mail and text message must contain, or nobody could use them. Source:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html
"""

MAX_LENGTH: Final = {"subject.txt": 140, "email.html": 20_000, "sms.txt": 140}
"""By part: how many characters Cognito takes, values included. Source:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_MessageTemplateType.html
"""

_PAGE: Final = "docs/triggers/custom_message.md"
_OF_TAKE_OVER: Final = (
    *("ip_address", "city", "country", "device_name", "login_time"),
    *("one_click_link_valid", "one_click_link_invalid"),
)
_LANGUAGE: Final = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*")
_MAX_TAG: Final = 35  # RFC 5646, section 4.4.1: room for every tag in use
_MAX_NAME: Final = 40  # whoever signs up with your address writes this into your mail

_logger = get_logger(__name__)


class Messages:
    """The texts, in every language that has a folder.

    Args:
        default: The language of users who have none that there is a folder for, such as ``de``. If it has no folder
            itself, that is logged, and it is English.
        own: The folder of your texts; by default ``messages`` in the package ``hooks``, if there is one.

    Example:
        >>> Messages("en").text("sign_up", "sms.txt", "de", {"code": "123456"})
        'Ihr Bestätigungscode lautet 123456'
    """

    def __init__(self, default: str, own: str | None = None) -> None:
        self._folders: dict[str, list[str]] = {}
        for root in (own or _own_folder(), OURS):
            for name in sorted(os.listdir(root)) if root and os.path.isdir(root) else ():  # noqa: PTH112, PTH208
                if _LANGUAGE.fullmatch(_normalised(name)) and os.path.isdir(f"{root}/{name}"):  # noqa: PTH112
                    self._folders.setdefault(_normalised(name), []).append(f"{root}/{name}")
        self._default = _normalised(default)
        if self._default not in self._folders:
            _logger.warning("the default language has no folder", extra={"languages": self.languages})
            self._default = FALLBACK

    @property
    def languages(self) -> list[str]:
        """The languages that there are folders for."""
        return sorted(self._folders)

    def language_of(self, request: Mapping[str, Any]) -> str:
        """A user's language: that of the attribute ``locale``, else of ``clientMetadata.locale``, else the default.

        ``de-CH`` and ``de_CH`` find ``de`` where there is no such folder (RFC 4647, section 3.4). What a user sends is
        compared with the folders' names, and never becomes part of a path.

        Args:
            request: ``request`` of the trigger's event.
        """
        for member in ("userAttributes", "clientMetadata"):
            holder = request.get(member)
            told = holder.get("locale") if isinstance(holder, Mapping) else None
            tag = _normalised(told[:_MAX_TAG]) if isinstance(told, str) else ""
            while tag:
                if tag in self._folders:
                    return tag
                tag = tag.rpartition("-")[0]
        return self._default

    def text(self, occasion: str, part: str, language: str, values: Mapping[str, str]) -> str:
        """Fill a text in.

        Where the language has no such text, or a broken one, which is logged, the next does: yours before ours, then
        the default language, then English.

        Args:
            occasion: Such as ``sign_up``; see `PLACEHOLDERS`.
            part: ``subject.txt``, ``email.html`` or ``sms.txt``.
            language: What `language_of` returned.
            values: What the placeholders stand for; escaped in ``email.html``.

        Raises:
            IllegalResponseError: There is no text that can be sent.
        """
        for file in self._files(occasion, part, language):
            try:
                with open(file, encoding="utf-8") as text:  # noqa: PTH123
                    return fill(text.read(), occasion, part, values)
            except FileNotFoundError:
                continue
            except (IllegalResponseError, OSError, UnicodeDecodeError) as error:
                # An illegal text's own words name the rule and never a value. No traceback: it may quote one.
                rule = str(error) if isinstance(error, IllegalResponseError) else type(error).__name__
                _logger.error("a text cannot be used", extra={"file": file, "rule": rule})  # noqa: TRY400
        raise IllegalResponseError(f"{occasion}.{part}", "there is no text that can be sent", _PAGE)

    def _files(self, occasion: str, part: str, language: str) -> Iterator[str]:
        for each in dict.fromkeys((language, self._default, FALLBACK)):
            for folder in self._folders[each]:
                yield f"{folder}/{occasion}.{part}"


def values_of(request: Mapping[str, Any], occasion: str, **values: str) -> dict[str, str]:
    """What the placeholders of a text stand for.

    Args:
        request: ``request`` of the trigger's event.
        occasion: Such as ``sign_up``.
        **values: ``code`` and ``username``, as far as the occasion has them.
    """
    attributes = request["userAttributes"]
    found = {"name": " ".join(str(attributes.get("name") or "").split())[:_MAX_NAME], **values}
    if occasion == TAKE_OVER:
        found |= {name: str(attributes.get(name.upper()) or "") for name in _OF_TAKE_OVER}
    return found


def fill(text: str, occasion: str, part: str, values: Mapping[str, str]) -> str:
    """Check a text against the rules and fill it in.

    Raises:
        IllegalResponseError: It has a placeholder that there is not, lacks one that it must have, or is too long. The
            error never quotes a value.

    Example:
        >>> fill("<p>$code</p>", "sign_up", "email.html", {"code": "<1>"})
        '<p>&lt;1&gt;</p>'
    """
    template = Template(text.strip())
    needed = () if part == "subject.txt" else PLACEHOLDERS[occasion]
    known = {"name", *needed, *(_OF_TAKE_OVER if occasion == TAKE_OVER else ())}
    if not template.is_valid():
        raise IllegalResponseError(part, "a dollar sign is written $$ where no placeholder begins", _PAGE)
    used = set(template.get_identifiers())
    if used - known:
        names = ", ".join(f"${name}" for name in sorted(known))
        raise IllegalResponseError(part, f"it has a placeholder that there is not; here there are {names}", _PAGE)
    if not used >= set(needed):
        names = " and ".join(f"${name}" for name in needed)
        raise IllegalResponseError(part, f"it must contain {names}, or nobody can use the message", _PAGE)
    escape = html.escape if part == "email.html" else str
    filled = template.substitute({name: escape(value) for name, value in values.items()})
    if not 1 <= len(filled) <= MAX_LENGTH[part]:
        raise IllegalResponseError(part, f"it has 1 to {MAX_LENGTH[part]} characters, values included", _PAGE)
    return filled


def occasion_of(source: str) -> str:
    """The occasion of a trigger source.

    Example:
        >>> occasion_of("CustomMessage_AdminCreateUser")
        'admin_create_user'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", source.partition("_")[2]).lower()


def _normalised(tag: str) -> str:
    return tag.lower().replace("_", "-")


def _own_folder() -> str | None:
    package = importlib.util.find_spec("hooks")
    places = package.submodule_search_locations if package else None
    return f"{next(iter(places))}/messages" if places else None
