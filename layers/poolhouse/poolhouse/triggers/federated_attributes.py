"""Makes attributes that a user pool can hold of what an identity provider sends."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from poolhouse.logs import get_logger
from poolhouse.triggers.refusal import Refusal

_MAX_BYTES: Final = 2048
_SUBJECTS: Final = ("sub", "id", "user_id")

_logger = get_logger(__name__)


class FederatedAttributes:
    """Which of a provider's attributes go on to the pool, and under which names.

    An entry is a name (``email``: that attribute) or two (``groups=custom:groups``: what the provider calls ``groups``
    goes on as ``custom:groups``). The provider's attribute mapping in the pool still applies, to the new names.

    Args:
        entries: Entries separated by commas. Empty lets every attribute go on.

    Raises:
        ValueError: An entry has no name or more than two, or two entries go on under one name.

    Example:
        >>> FederatedAttributes("email,groups=custom:groups").of(
        ...     {"providerType": "SAML", "attributes": {"samlResponse": {"groups": " a,b ", "room": "7"}}}
        ... )
        {'custom:groups': 'a,b'}
    """

    def __init__(self, entries: str) -> None:
        self._names: dict[str, str] = {}
        for entry in filter(None, (part.strip() for part in entries.split(","))):
            names = entry.split("=")
            if not all(names) or len(names) > 2:
                raise ValueError(f"{entry!r} is no attribute: write email, or groups=custom:groups for another name")
            if names[-1] in _SUBJECTS and len(names) == 2:
                raise ValueError(f"{entry!r} would change who the user is")
            if names[-1] in self._names.values():
                raise ValueError(f"two attributes would go on as {names[-1]!r}")
            self._names[names[0]] = names[-1]

    def of(self, request: Mapping[str, Any]) -> dict[str, str]:
        """Return what goes on to the pool.

        The subject goes on untouched: it is who the user is. Other text is trimmed and composed (NFC), an address in
        ASCII is lower-cased. What has no text, is nested, or takes more than 2,048 bytes is left out.

        Args:
            request: ``request`` of an event of ``InboundFederation_ExternalProvider``.

        Raises:
            Refusal: With the code ``federated_attributes_missing``: the provider sent something, and nothing of it is
                left. An empty answer would mean the opposite to Cognito: all goes on as it came.

        Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-inbound-federation.html
        """
        sent = _sent(request["attributes"])
        kept: dict[str, str] = {}
        origins: dict[str, str] = {}
        for name, value in sent.items():
            new_name = name if name in _SUBJECTS or not self._names else self._names.get(name)
            text = _text(name, new_name, value) if new_name else None
            if new_name and text:
                kept[new_name], origins[new_name] = text, name
        if not _object(request["attributes"].get("samlResponse")):
            for name in ("email", "phone_number"):
                # It speaks of the claim of that name (OpenID Connect Core 1.0, section 5.1), not of what replaces it.
                if origins.get(f"{name}_verified") == f"{name}_verified" and origins.get(name, name) != name:
                    del kept[f"{name}_verified"]
        if not kept.get("email", "").isascii():
            # Cognito may fold such an address to one that looks alike and is somebody else's.
            kept.pop("email_verified", None)
        _logger.info(
            "attributes of the identity provider",
            extra={"provider": request.get("providerName"), "sent": len(sent), "kept": len(kept)},
        )
        if not kept:
            raise Refusal(
                "federated_attributes_missing", "Your identity provider sent nothing about you that can be used here."
            )
        return kept


def _sent(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What the provider says of the user, of all its answers the one that weighs most."""
    if saml := _object(attributes.get("samlResponse")):
        return dict(saml)
    token = _object(attributes.get("idToken"))
    info = _object(attributes.get("userInfo"))
    if token and info.get("sub", token.get("sub")) != token.get("sub"):
        info = {}  # of another user (OpenID Connect Core 1.0, section 5.3.2)
    sent = {**info, **token}
    sent.pop("email_verified", None)
    for answer in (token, info):
        # The word of one answer for an address is worth nothing for another address in the other answer.
        if "email_verified" in answer and answer.get("email") == sent.get("email"):
            return {**sent, "email_verified": answer["email_verified"]}
    return sent


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(name: str, new_name: str, value: object) -> str | None:
    """Return an attribute as the pool keeps it; None for one that it cannot keep."""
    if not isinstance(value, str | int | float):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if name not in _SUBJECTS:
        text = text.strip()
        # Composing would make a K of the Kelvin sign, and so another address.
        if new_name != "email":
            text = unicodedata.normalize("NFC", text)
        elif text.isascii():
            text = text.lower()
    return text if len(text.encode(errors="surrogatepass")) <= _MAX_BYTES else None
