"""Why a token is refused: one class per cause, each with a stable code.

The code is for metrics, logs and answers to a caller; it never changes between releases. A message says which rule was
broken and what to send instead. No message holds any part of the token or the value of a claim, so that an error can be
logged as it is; for the same reason no error carries the lower-level exception that revealed the fault, because those
keep the text they failed to read.

Example:
    >>> from poolhouse.tokens import ExpiredTokenError, TokenError
    >>> issubclass(ExpiredTokenError, TokenError), ExpiredTokenError.code
    (True, 'token_expired')
"""

from typing import ClassVar


class TokenError(Exception):
    """A token was refused. Base of every error that `verify` raises.

    Attributes:
        code: the cause in snake_case, the same in every release.
    """

    code: ClassVar[str] = "invalid_token"


class MalformedTokenError(TokenError):
    """Not a JSON Web Token in compact form: three parts separated by dots (RFC 7515, section 7.1)."""

    code = "malformed_token"


class TokenTooLargeError(TokenError):
    """Longer than `MAX_TOKEN_LENGTH` characters; refused before any part of it is decoded."""

    code = "token_too_large"


class InvalidEncodingError(TokenError):
    """A part is not unpadded base64url in its one canonical form (RFC 7515, section 2; RFC 4648, section 3.5)."""

    code = "invalid_encoding"


class InvalidJsonError(TokenError):
    """Header or payload is not a JSON object in UTF-8 (RFC 7519, section 7.2; RFC 8259)."""

    code = "invalid_json"


class DuplicateMemberError(TokenError):
    """A JSON object has the same member twice (RFC 7519, section 4): readers differ on which one counts."""

    code = "duplicate_member"


class HeaderNotAllowedError(TokenError):
    """The header asks for an extension or brings its own key: `crit`, `b64`, `jku`, `jwk`, `x5u`, `x5c`.

    RFC 7515, section 4.1.11 has `crit` refused when an extension is not understood, and none is. RFC 8725, section 3.10
    warns of keys and addresses that come with the token.
    """

    code = "header_not_allowed"


class InvalidKeyIdError(TokenError):
    """`kid` is missing, or not a short string of printable ASCII."""

    code = "invalid_key_id"


class AlgorithmNotAllowedError(TokenError):
    """`alg` is not among the verifier's algorithms, or not the one its key is for (RFC 8725, sections 3.1 and 3.2)."""

    code = "algorithm_not_allowed"


class IssuerNotAllowedError(TokenError):
    """`iss` is not exactly one of the issuers that the verifier was made for (RFC 8725, section 3.8)."""

    code = "issuer_not_allowed"


class UnknownKeyError(TokenError):
    """The issuer's key endpoint answered, and has no key with the token's key id."""

    code = "unknown_key"


class KeysUnavailableError(TokenError):
    """The issuer's keys could not be fetched, so nothing can be said about the token.

    This is the verifier's trouble and not the caller's: answer 500 or 503, never 401, and raise an alarm on it.
    """

    code = "keys_unavailable"


class InvalidSignatureError(TokenError):
    """The signature is not the issuer's signature of this header and payload."""

    code = "invalid_signature"


class MissingClaimError(TokenError):
    """A claim that every such token has is missing."""

    code = "missing_claim"


class InvalidClaimError(TokenError):
    """A claim has another JSON type than its definition says, or a time that is no date."""

    code = "invalid_claim"


class ExpiredTokenError(TokenError):
    """`exp` has passed (RFC 7519, section 4.1.4)."""

    code = "token_expired"


class NotYetValidError(TokenError):
    """`nbf` lies in the future (RFC 7519, section 4.1.5)."""

    code = "token_not_yet_valid"


class IssuedInFutureError(TokenError):
    """`iat` lies in the future: a clock is wrong, or the token was not made by the issuer's clock."""

    code = "token_issued_in_future"


class TokenUseNotAllowedError(TokenError):
    """`token_use` is not the required one: an ID token where an access token is due, or the reverse."""

    code = "token_use_not_allowed"


class ClientIdNotAllowedError(TokenError):
    """The token was issued to another app client (`client_id` of an access token, `aud` of an ID token)."""

    code = "client_id_not_allowed"


class AudienceNotAllowedError(TokenError):
    """`aud` does not name this API (RFC 8725, section 3.9)."""

    code = "audience_not_allowed"


class CustomCheckError(TokenError):
    """The verifier's `custom_check` did not return True."""

    code = "custom_check_failed"


class InsufficientPermissionError(TokenError):
    """The token is genuine, and its bearer may not do this: answer 403 where the other causes mean 401."""

    code = "insufficient_permission"


class InsufficientGroupError(InsufficientPermissionError):
    """`cognito:groups` holds none of the required groups."""

    code = "insufficient_group"


class InsufficientScopeError(InsufficientPermissionError):
    """`scope` does not hold the required scopes (RFC 6750, section 3.1, `insufficient_scope`)."""

    code = "insufficient_scope"
