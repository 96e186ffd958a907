"""Verify the tokens of Amazon Cognito user pools and of other OpenID Connect issuers.

Example:
    >>> from poolhouse.tokens import CognitoVerifier, TokenError
    >>> verifier = CognitoVerifier("eu-west-1_AbCdEf123", client_ids="1example23456789", token_use="access")
    >>> try:  # doctest: +SKIP
    ...     claims = verifier.verify(token)
    ... except TokenError as refusal:
    ...     print(refusal.code)

Importing this package imports neither `cryptography` nor a network module: every name is loaded when it is first asked
for, so that code which only catches `TokenError` pays for nothing else. PyJWT is imported only when a key of another
algorithm than RS256 is met, and `http.client` only when keys are fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from poolhouse.tokens.claims import Claims
    from poolhouse.tokens.endpoints import loopback_jwks_url
    from poolhouse.tokens.errors import (
        AlgorithmNotAllowedError,
        AudienceNotAllowedError,
        ClientIdNotAllowedError,
        CustomCheckError,
        DuplicateMemberError,
        ExpiredTokenError,
        HeaderNotAllowedError,
        InsufficientGroupError,
        InsufficientPermissionError,
        InsufficientScopeError,
        InvalidClaimError,
        InvalidEncodingError,
        InvalidJsonError,
        InvalidKeyIdError,
        InvalidSignatureError,
        IssuedInFutureError,
        IssuerNotAllowedError,
        KeysUnavailableError,
        MalformedTokenError,
        MissingClaimError,
        NotYetValidError,
        TokenError,
        TokenTooLargeError,
        TokenUseNotAllowedError,
        UnknownKeyError,
    )
    from poolhouse.tokens.keys import JwksStore
    from poolhouse.tokens.parsing import MAX_TOKEN_LENGTH
    from poolhouse.tokens.verifier import CognitoVerifier, OidcVerifier

_HOME = {
    "Claims": "claims",
    "CognitoVerifier": "verifier",
    "JwksStore": "keys",
    "MAX_TOKEN_LENGTH": "parsing",
    "OidcVerifier": "verifier",
    "loopback_jwks_url": "endpoints",
}

__all__ = [
    "MAX_TOKEN_LENGTH",
    "AlgorithmNotAllowedError",
    "AudienceNotAllowedError",
    "Claims",
    "ClientIdNotAllowedError",
    "CognitoVerifier",
    "CustomCheckError",
    "DuplicateMemberError",
    "ExpiredTokenError",
    "HeaderNotAllowedError",
    "InsufficientGroupError",
    "InsufficientPermissionError",
    "InsufficientScopeError",
    "InvalidClaimError",
    "InvalidEncodingError",
    "InvalidJsonError",
    "InvalidKeyIdError",
    "InvalidSignatureError",
    "IssuedInFutureError",
    "IssuerNotAllowedError",
    "JwksStore",
    "KeysUnavailableError",
    "MalformedTokenError",
    "MissingClaimError",
    "NotYetValidError",
    "OidcVerifier",
    "TokenError",
    "TokenTooLargeError",
    "TokenUseNotAllowedError",
    "UnknownKeyError",
    "loopback_jwks_url",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module the first time it is asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # A name without a home of its own is an error class.
    module = __import__(f"{__name__}.{_HOME.get(name, 'errors')}", fromlist=[name])
    value: object = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
