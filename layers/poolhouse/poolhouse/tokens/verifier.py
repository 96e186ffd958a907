"""Verify tokens: the checks, in an order that gives a stranger's token as little work as possible.

1. Form: size, three parts, canonical base64url, strict JSON, no header that brings a key. No key is looked up before.
2. `alg` and `iss`, against lists made when the verifier was made.
3. The key, by its id, out of the key store of that issuer. Nothing from a token ever becomes an address.
4. The signature.
5. The claims: times, use, client, audience, groups, scopes; then the custom check.

What a message says about claims can thus be trusted: their token was signed by the issuer.

Source: AWS documentation, "Verifying JSON web tokens"
(https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html);
RFC 7519, section 7.2; RFC 8725.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from poolhouse.tokens import parsing
from poolhouse.tokens.claims import GROUPS, Claims, check
from poolhouse.tokens.endpoints import KEYS_PATH, pool_issuers, pool_region
from poolhouse.tokens.errors import (
    AlgorithmNotAllowedError,
    AudienceNotAllowedError,
    ClientIdNotAllowedError,
    CustomCheckError,
    ExpiredTokenError,
    InsufficientGroupError,
    InsufficientScopeError,
    InvalidClaimError,
    InvalidSignatureError,
    IssuedInFutureError,
    IssuerNotAllowedError,
    KeysUnavailableError,
    MissingClaimError,
    NotYetValidError,
    TokenError,
    TokenUseNotAllowedError,
    UnknownKeyError,
)
from poolhouse.tokens.keys import Event, JwksStore
from poolhouse.tokens.signatures import ALGORITHMS
from poolhouse.tokens.verdicts import CACHE_BYTES, VerdictCache, digest, size_of

LEEWAY_SECONDS = 5.0
"""Clock tolerance in seconds for `exp`, `nbf` and `iat`. Cognito and Lambda keep time to well under a second; the
tolerance is for machines that do not."""

# How many headers of verified tokens are remembered in decoded form. A pool signs with two keys, hence two headers.
_MAX_HEADERS = 64

_TEXT_CLAIMS = frozenset({"iss", "sub"})
_REQUIRED = frozenset({"iss", "sub", "exp"})
_NO_SCOPES: frozenset[str] = frozenset()

type CustomCheck = Callable[[Claims], bool]


class _Verifier:
    """What verifying has in common for every issuer. Subclasses say which claims must be how."""

    _text_claims = _TEXT_CLAIMS
    _required = _REQUIRED
    _twins: Mapping[str, JwksStore] = MappingProxyType({})
    """By issuer: the key store of the same pool and region under its other form of issuer."""

    def __init__(
        self,
        stores: Mapping[str, JwksStore],
        algorithms: frozenset[str],
        leeway_seconds: float,
        custom_check: CustomCheck | None,
        cache_bytes: int,
    ) -> None:
        if not 0 <= leeway_seconds <= 300:
            raise ValueError("leeway_seconds must be between 0 and 300: more would make expired tokens good")
        self._stores = stores
        self._algorithms = algorithms
        self._leeway = leeway_seconds
        self._custom_check = custom_check
        self._verdicts = VerdictCache(cache_bytes)
        self._headers: dict[bytes, tuple[str, str]] = {}

    def verify(self, token: str) -> Claims:
        """Verify a token and return what it says.

        Args:
            token: the token alone, without "Bearer".

        Returns:
            Its claims. A token seen before is answered from memory, until it expires or its key leaves the store.

        Raises:
            TokenError: the token is refused; the subclass and its `code` say why. Nothing else is ever raised.
            InsufficientPermissionError: genuine, and without a required group or scope (403 rather than 401).
            KeysUnavailableError: nothing can be said about any token now (500 rather than 401).

        Example:
            >>> claims = verifier.verify(token)  # doctest: +SKIP
            >>> claims.sub  # doctest: +SKIP
            '7a1b...'
        """
        text = parsing.to_bytes(token)
        token_digest = digest(text)
        claims = self._remembered(token_digest) or self._verify_anew(text, token_digest)
        if self._custom_check is not None:
            _apply(self._custom_check, claims)
        return claims

    def _remembered(self, token_digest: bytes) -> Claims | None:
        verdict = self._verdicts.get(token_digest)
        if verdict is None:
            return None
        claims, key, store, ends_at = verdict
        if time.time() >= ends_at:
            self._verdicts.drop(token_digest)
            raise _expired()
        return claims if store.get(key.key_id) is key else None

    def _verify_anew(self, text: bytes, token_digest: bytes) -> Claims:
        header_part, payload_part, signature_part, signing_input = parsing.split(text)
        header = self._headers.get(header_part)
        algorithm, key_id = header or parsing.parse_header(header_part)
        document = parsing.decode_base64url(payload_part)
        payload = parsing.parse_object(document)
        signature = parsing.decode_base64url(signature_part)
        nested = check(payload, self._text_claims)
        missing = self._required.difference(payload)
        if missing:
            raise MissingClaimError(f"The token has no claim {min(missing)}.")
        if algorithm not in self._algorithms:
            raise AlgorithmNotAllowedError("The token's algorithm (alg) is not one that its issuer signs with.")
        store = self._stores.get(payload["iss"])
        if store is None:
            raise IssuerNotAllowedError("The token's issuer (iss) is not one that is accepted here.")

        try:
            key = store.get(key_id)
        except KeysUnavailableError:
            twin = self._twins.get(payload["iss"])
            if twin is None or not (twin.has_keys and store.is_absent):
                raise
            # Nothing is down: a stranger can write the other form's name into a token, and is not to ring an alarm.
            raise UnknownKeyError("The pool has no keys under the token's form of issuer (iss).") from None
        if not key.verify(algorithm, signature, signing_input):
            raise InvalidSignatureError("The signature does not belong to this token.")
        if header is None and len(self._headers) < _MAX_HEADERS:
            self._headers[header_part] = algorithm, key_id

        ends_at = self._check_times(payload)
        claims = self._accept(payload)
        size = size_of(document, len(payload) + nested + len(claims.scopes))
        self._verdicts.put(token_digest, (claims, key, store, ends_at), size)
        return claims

    def _check_times(self, payload: dict[str, Any]) -> float:
        """Return when the token ends, in seconds since the epoch."""
        now = time.time()
        latest = now + self._leeway
        ends_at: float = payload["exp"] + self._leeway
        if now >= ends_at:
            raise _expired()
        if "nbf" in payload and payload["nbf"] > latest:
            raise NotYetValidError("The token is not valid yet (nbf); check the clocks if it should be.")
        if "iat" in payload and payload["iat"] > latest:
            raise IssuedInFutureError("The token was issued in the future (iat); check this machine's clock.")
        return ends_at

    def _accept(self, payload: dict[str, Any]) -> Claims:
        raise NotImplementedError


class CognitoVerifier(_Verifier):
    """Verifies access and ID tokens of Amazon Cognito user pools. Make one, keep it, use it from any thread.

    `client_ids` and `token_use` have no default: leaving a check out is a decision, written down as None.

    Args:
        user_pool_id: id of the pool, "eu-west-1_AbCdEf123", or several; a token of any of them is accepted.
        client_ids: id of the app client that tokens must be issued to, or several; None for any client of the pool.
        token_use: "access", "id", or None for either. An API wants access tokens; ID tokens are for the app itself.
        region: primary region of the pools, when their ids do not begin with it.
        further_regions: regions of a pool's replicas, whose tokens are accepted too (multi-Region replication).
        groups: at least one of these must be in `cognito:groups`.
        scopes: at least one of these must be in `scope` of an access token.
        all_scopes: every one of these must be in `scope` of an access token.
        audience: names of this API that an access token with `aud` may carry (resource binding, RFC 8707). Without, and
            in any case beside it, `aud` may only equal the token's own client id, which a trigger can add.
        require_audience: refuse an access token that does not name one of `audience`. By default Cognito's ordinary
            access tokens, which have no `aud`, are accepted too.
        jwks: a key set to begin with, `{"keys": [...]}`, or one for each pool by its id. It serves without a fetch
            until an unknown key id is met.
        jwks_url: another place to fetch keys from than the issuer, or one for each pool by its id.
        leeway_seconds: clock tolerance in seconds, 0 to 300, for `exp`, `nbf` and `iat`.
        custom_check: called with the claims of every token that passed everything else, remembered ones included.
            It accepts by returning True; anything else, an exception too, refuses the token. A `TokenError` that it
            raises is passed on.
        cache_bytes: memory for verified tokens in bytes; 0 verifies every token anew.
        on_event: see `JwksStore`.

    Raises:
        ValueError: an argument that cannot be right: not a pool id, an empty list, a scope with a space in it, scopes
            or an audience for ID tokens, and so on.

    A token needs a string `iss` out of the pool's issuers, `sub`, `exp`, `iat`, `token_use`, and its client:
    `client_id` of an access token, `aud` of an ID token. Only RS256 is accepted, which is all that Cognito signs with.

    Verification is local: a token that was revoked, or whose user was signed out everywhere, is accepted until it
    expires. Use short-lived tokens, or a `custom_check`.

    Source: AWS documentation, "Verifying JSON web tokens"
    (https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html),
    and "Multi-Region replication for user pools"
    (https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-multi-region.html).

    Example:
        >>> verifier = CognitoVerifier(
        ...     "eu-west-1_AbCdEf123", client_ids=["1example23456789"], token_use="access", scopes=["profiles/read"]
        ... )
        >>> verifier.verify("not a token")
        Traceback (most recent call last):
        poolhouse.tokens.errors.MalformedTokenError: The token is not three non-empty parts separated by two dots.
    """

    _text_claims = _TEXT_CLAIMS | {
        "token_use",
        "client_id",
        "scope",
        "username",
        "cognito:username",
        "jti",
        "origin_jti",
    }

    _required = _REQUIRED | {"iat", "token_use"}

    def __init__(  # noqa: PLR0913 - each is a check that a deployment turns on by name
        self,
        user_pool_id: str | Iterable[str],
        client_ids: Iterable[str] | str | None,
        token_use: Literal["access", "id"] | None,
        *,
        region: str | None = None,
        further_regions: Iterable[str] = (),
        groups: Iterable[str] | str | None = None,
        scopes: Iterable[str] | str | None = None,
        all_scopes: Iterable[str] | str | None = None,
        audience: Iterable[str] | str | None = None,
        require_audience: bool = False,
        jwks: Mapping[str, Any] | None = None,
        jwks_url: str | Mapping[str, str] | None = None,
        leeway_seconds: float = LEEWAY_SECONDS,
        custom_check: CustomCheck | None = None,
        cache_bytes: int = CACHE_BYTES,
        on_event: Callable[[Event, float], object] | None = None,
    ) -> None:
        if token_use not in ("access", "id", None):
            raise ValueError('token_use must be "access", "id", or None for either')
        self._clients = _names("client_ids", client_ids)
        self._token_use = token_use
        self._groups = _names("groups", groups)
        self._any_scope = _names("scopes", scopes)
        self._all_scopes = _names("all_scopes", all_scopes)
        self._audience = _names("audience", audience)
        self._require_audience = require_audience
        if not _takes_access(token_use) and (self._any_scope or self._all_scopes or self._audience):
            raise ValueError("scopes and audience are for access tokens: the aud of an ID token is its client")
        if require_audience and self._audience is None:
            raise ValueError("require_audience needs an audience")

        pools = sorted(_names("user_pool_id", user_pool_id) or ())
        if not pools:
            raise ValueError("user_pool_id must name at least one pool")
        regions = [further_regions] if isinstance(further_regions, str) else list(further_regions)
        stores: dict[str, JwksStore] = {}
        twins: dict[str, JwksStore] = {}
        self._pools: list[list[JwksStore]] = []
        for pool in pools:
            given = _for_pool("jwks", jwks, pool, shared=jwks is not None and "keys" in jwks)
            url = _for_pool("jwks_url", jwks_url, pool, shared=isinstance(jwks_url, str))
            primary = pool_region(pool)
            issuers = pool_issuers(pool, [region or primary, *regions])
            # Keys from one place, or each issuer's own: a pool has the form of issuer that it was set to, and the
            # address of the other form may answer 403.
            of_pool = {url or f"{issuer}{KEYS_PATH}": issuer for issuer in issuers}
            made = {address: JwksStore(address, jwks=given, on_event=on_event) for address in of_pool}
            self._pools.append(list(made.values()))
            stores |= {issuer: made[url or f"{issuer}{KEYS_PATH}"] for issuer in issuers}
            for original, updated in zip(issuers[::2], issuers[1::2], strict=True):
                if stores[original] is not stores[updated]:
                    twins |= {original: stores[updated], updated: stores[original]}
        self._twins = twins
        super().__init__(stores, frozenset({"RS256"}), leeway_seconds, custom_check, cache_bytes)

    def prefetch(self) -> None:
        """Fetch the keys of every pool now, so that the first token does not wait for them.

        For a pool whose keys are at its issuer, the addresses are tried in turn until one answers, because the form of
        issuer that a pool is not set to may have none.

        Raises:
            KeysUnavailableError: for some pool no address answered. Other pools' keys, and those held before, are good.

        Example:
            >>> verifier.prefetch()  # doctest: +SKIP
        """
        missing = sum(not any(_fetched(store) for store in stores) for stores in self._pools)
        if missing:
            raise KeysUnavailableError(f"No key endpoint answered for {missing} of {len(self._pools)} user pools.")

    def _accept(self, payload: dict[str, Any]) -> Claims:
        token_use: str = payload["token_use"]
        if token_use not in ("access", "id") or self._token_use not in (token_use, None):
            wanted = self._token_use or "access or id"
            raise TokenUseNotAllowedError(f"The token's use (token_use) is not {wanted}; send the right one.")
        groups: tuple[str, ...] = payload.get(GROUPS, ())
        is_access = token_use in ("access",)
        if is_access:
            client_id = self._client_of_access_token(payload)
            username = payload.get("username")
            scopes = _scopes(payload.get("scope", ""))
        else:
            client_id = self._client_of_id_token(payload)
            username = payload.get("cognito:username")
            scopes = _NO_SCOPES
        if self._groups is not None and self._groups.isdisjoint(groups):
            raise InsufficientGroupError("The token's bearer is in none of the required groups.")
        _check_scopes(scopes, self._any_scope, self._all_scopes)
        sub = payload["sub"]
        machine = is_access and username is None and sub == client_id
        values = (
            payload["iss"],
            sub,
            username,
            groups,
            scopes,
            client_id,
            payload.get("origin_jti"),
            payload.get("jti"),
            token_use,
            int(payload["exp"]),
            "machine" if machine else "user",
            MappingProxyType(payload),
        )
        return tuple.__new__(Claims, values)  # what Claims(...) does, without a call in Python

    def _client_of_access_token(self, payload: dict[str, Any]) -> str:
        if "client_id" not in payload:
            raise MissingClaimError("The access token has no claim client_id.")
        client_id: str = payload["client_id"]
        if self._clients is not None and client_id not in self._clients:
            raise ClientIdNotAllowedError("The token was issued to an app client (client_id) that is not accepted.")
        audience = payload.get("aud")
        if audience is None:
            if self._require_audience:
                raise AudienceNotAllowedError("The access token names no API (aud); ask for it with resource binding.")
            return client_id
        named = {audience} if isinstance(audience, str) else set(audience)
        accepted = self._audience or frozenset()
        if named.isdisjoint(accepted) and (self._require_audience or named != {client_id}):
            raise AudienceNotAllowedError("The access token is bound to another API (aud).")
        return client_id

    def _client_of_id_token(self, payload: dict[str, Any]) -> str:
        if "aud" not in payload:
            raise MissingClaimError("The ID token has no claim aud.")
        client_id = payload["aud"]
        if not isinstance(client_id, str):
            raise InvalidClaimError("The claim aud of a Cognito ID token is one client id, not a list.")
        if self._clients is not None and client_id not in self._clients:
            raise ClientIdNotAllowedError("The token was issued to an app client (aud) that is not accepted.")
        return client_id


class OidcVerifier(_Verifier):
    """Verifies tokens of another OpenID Connect issuer. Make one, keep it, use it from any thread.

    `audience` and `algorithms` have no default: leaving a check out is a decision, and an issuer's algorithm is known.

    Args:
        issuer: exactly the `iss` of its tokens. No discovery is done.
        audience: name of this API that `aud` must have, or several of which it must have one; None for any.
        algorithms: the algorithms that the issuer signs with, out of RS256, RS384, RS512, PS256, PS384, PS512, ES256,
            ES384, ES512, EdDSA. All but RS256 need PyJWT.
        jwks_url: the issuer's key endpoint (`jwks_uri` of its discovery document).
        jwks: a key set to begin with, `{"keys": [...]}`.
        scopes: at least one of these must be in `scope`.
        all_scopes: every one of these must be in `scope`.
        leeway_seconds: clock tolerance in seconds, 0 to 300.
        custom_check: see `CognitoVerifier`.
        cache_bytes: see `CognitoVerifier`.
        on_event: see `JwksStore`.

    Raises:
        ValueError: an argument that cannot be right.

    A token needs `iss`, `sub` and `exp`. `client_id`, or else `azp`, is the client.

    Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 9068, section 4.

    Example:
        >>> verifier = OidcVerifier(
        ...     "https://issuer.example", "https://api.example", ["ES256"], jwks_url="https://issuer.example/keys"
        ... )
    """

    _text_claims = _TEXT_CLAIMS | {"client_id", "azp", "scope", "jti"}

    def __init__(  # noqa: PLR0913 - each is a check that a deployment turns on by name
        self,
        issuer: str,
        audience: Iterable[str] | str | None,
        algorithms: Iterable[str],
        *,
        jwks_url: str,
        jwks: Mapping[str, Any] | None = None,
        scopes: Iterable[str] | str | None = None,
        all_scopes: Iterable[str] | str | None = None,
        leeway_seconds: float = LEEWAY_SECONDS,
        custom_check: CustomCheck | None = None,
        cache_bytes: int = CACHE_BYTES,
        on_event: Callable[[Event, float], object] | None = None,
    ) -> None:
        allowed = _names("algorithms", algorithms) or frozenset()
        if not allowed or not allowed <= ALGORITHMS:
            raise ValueError(f"algorithms must be some of {', '.join(sorted(ALGORITHMS))}")
        if not issuer:
            raise ValueError("issuer must be the exact iss of the issuer's tokens")
        self._audience = _names("audience", audience)
        self._any_scope = _names("scopes", scopes)
        self._all_scopes = _names("all_scopes", all_scopes)
        self._store = JwksStore(jwks_url, jwks=jwks, algorithms=allowed, on_event=on_event)
        super().__init__({issuer: self._store}, allowed, leeway_seconds, custom_check, cache_bytes)

    def prefetch(self) -> None:
        """Fetch the issuer's keys now.

        Raises:
            KeysUnavailableError: no keys came. Keys held before stay in use.
        """
        self._store.prefetch()

    def _accept(self, payload: dict[str, Any]) -> Claims:
        if self._audience is not None:
            if "aud" not in payload:
                raise MissingClaimError("The token has no claim aud.")
            audience = payload["aud"]
            if self._audience.isdisjoint({audience} if isinstance(audience, str) else audience):
                raise AudienceNotAllowedError("The token is for another API (aud).")
        scopes = _scopes(payload.get("scope", ""))
        _check_scopes(scopes, self._any_scope, self._all_scopes)
        client_id = payload.get("client_id", payload.get("azp"))
        return Claims(
            issuer=payload["iss"],
            sub=payload["sub"],
            username=None,
            groups=(),
            scopes=scopes,
            client_id=client_id,
            origin_jti=None,
            jti=payload.get("jti"),
            token_use=None,
            expires_at=int(payload["exp"]),
            principal_type="machine" if payload["sub"] == client_id else "user",
            claims=MappingProxyType(payload),
        )


@lru_cache(maxsize=16)  # for the longest that fit in a token, 2.5 MB
def _scopes(scope: str) -> frozenset[str]:
    """Split the claim `scope` at spaces alone (RFC 6749, section 3.3): `split()` would take a tab for one.

    Tokens of one client share the result, in time and in memory.
    """
    return frozenset(scope.split(" ")) - {""}


def _check_scopes(held: frozenset[str], any_of: frozenset[str] | None, all_of: frozenset[str] | None) -> None:
    if any_of is not None and any_of.isdisjoint(held):
        raise InsufficientScopeError("The token has none of the required scopes.")
    if all_of is not None and not all_of <= held:
        raise InsufficientScopeError("The token does not have every required scope.")


def _apply(custom_check: CustomCheck, claims: Claims) -> None:
    refusal: TokenError | None = None
    try:
        if custom_check(claims) is not True:
            refusal = CustomCheckError("The custom check did not accept the token.")
    except TokenError as raised:
        refusal = raised
    except Exception as raised:  # noqa: BLE001, RUF100 - a check that fails has not accepted the token
        # Not its message: it may quote a claim.
        refusal = CustomCheckError(f"The custom check failed with {type(raised).__name__}.")
    if refusal is not None:
        raise refusal


def _takes_access(token_use: str | None) -> bool:
    return token_use in ("access", None)


def _expired() -> ExpiredTokenError:
    return ExpiredTokenError("The token has expired (exp); refresh it or sign in again.")


def _fetched(store: JwksStore) -> bool:
    try:
        store.prefetch()
    except KeysUnavailableError:
        return False
    return True


def _names(argument: str, names: Iterable[str] | str | None) -> frozenset[str] | None:
    """Return names as a set; None stays None. An empty list would silently mean all or nothing, so it is refused."""
    if names is None:
        return None
    given = [names] if isinstance(names, str) else list(names)
    if not given or not all(isinstance(name, str) and name and name.split() == [name] for name in given):
        raise ValueError(f"{argument} must be a name or a list of names without spaces, and not empty: {given!r}")
    return frozenset(given)


def _for_pool(argument: str, given: Any, pool: str, *, shared: bool) -> Any:  # noqa: ANN401, RUF100
    """Return what was given for this pool: the shared thing, or the pool's own out of a mapping by pool id."""
    if given is None or shared:
        return given
    if pool not in given:
        raise ValueError(f"{argument} has nothing for the user pool {pool}")
    return given[pool]
