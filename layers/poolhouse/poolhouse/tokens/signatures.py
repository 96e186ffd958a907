"""Check a signature with one public key: RS256 by `cryptography` itself, every other algorithm by PyJWT.

Cognito signs with RS256 and nothing else, so RS256 goes the short way, with everything prepared when the key is read.
PyJWT's algorithm classes serve the other algorithms of other OpenID Connect issuers and are imported when the first
such key is met: `import jwt` alone costs a cold start more than all else that a verifier does.

Source: RFC 7517 (JSON Web Key), RFC 7518 (algorithms), RFC 8037 (EdDSA).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from poolhouse.tokens.errors import AlgorithmNotAllowedError
from poolhouse.tokens.parsing import decode_base64url, is_key_id

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_CURVE = {
    ("EC", "P-256"): "ES256",
    ("EC", "P-384"): "ES384",
    ("EC", "P-521"): "ES512",
    ("OKP", "Ed25519"): "EdDSA",
    ("OKP", "Ed448"): "EdDSA",
}

ALGORITHMS = frozenset(_RSA) | frozenset(_BY_CURVE.values())
"""Every algorithm that can be allowed. All are asymmetric: with a shared secret, whoever can verify can also sign."""

# Below 2048 bits RS256 must not be used (RFC 7518, section 3.3). Above 8192 every check costs a multiple for no gain.
_RSA_BITS = range(2048, 8193)

_PADDING = PKCS1v15()
_SHA256 = SHA256()

type _Check = Callable[[bytes, bytes], bool]


class VerificationKey:
    """One public key of an issuer, with the algorithms it may be used for.

    Attributes:
        key_id: its `kid`.
        algorithms: the allowed algorithms that this key is for. One, unless an RSA key names no `alg` and the verifier
            allows several.
        material: the public members of the key. Two keys with equal material are the same key.
    """

    __slots__ = ("_checks", "_jwk", "_rsa", "algorithms", "key_id", "material")

    def __init__(self, key_id: str, algorithms: frozenset[str], jwk: Mapping[str, str]) -> None:
        self.key_id = key_id
        self.algorithms = algorithms
        self.material = (algorithms, tuple(sorted(jwk.items())))
        self._jwk = jwk
        self._rsa = _rsa_key(jwk) if jwk["kty"] == "RSA" else None
        self._checks: dict[str, _Check] = {}
        if "RS256" not in algorithms:
            # Made now, so that a key which cannot be used is left out of the store.
            for algorithm in algorithms:
                self._checks[algorithm] = self._prepare(algorithm)
        else:
            self._checks["RS256"] = self._prepare("RS256")

    def verify(self, algorithm: str, signature: bytes, signing_input: bytes) -> bool:
        """Say whether the signature is this key's signature of the input.

        Args:
            algorithm: `alg` of the token's header.
            signature: the decoded third part of the token.
            signing_input: the first two parts with their dot.

        Returns:
            True when it is, False when it is not.

        Raises:
            AlgorithmNotAllowedError: the key is for another algorithm.

        Example:
            >>> key.verify("RS256", signature, signing_input)  # doctest: +SKIP
            True
        """
        check = self._checks.get(algorithm)
        if check is None:
            if algorithm not in self.algorithms:
                raise AlgorithmNotAllowedError("The token's algorithm is not the one that its key is for.")
            check = self._checks[algorithm] = self._prepare(algorithm)
        return check(signature, signing_input)

    def _prepare(self, algorithm: str) -> _Check:
        if algorithm == "RS256" and self._rsa is not None:
            return _rs256(self._rsa)
        return _by_pyjwt(algorithm, self._jwk)


def read_keys(jwks: object, allowed: Iterable[str]) -> dict[str, VerificationKey]:
    """Read a JSON Web Key Set, leaving out the keys that no allowed algorithm can use.

    Left out, as RFC 7517, section 5 asks of keys that are not understood: other key types, keys for encryption, keys
    without an id, RSA keys below 2048 bits, and an id that stands for two different keys, which would be a guess.

    Args:
        jwks: a parsed key set, `{"keys": [...]}`.
        allowed: names of algorithms, out of `ALGORITHMS`.

    Returns:
        The usable keys by their id; empty when there is none.

    Example:
        >>> read_keys({"keys": []}, ["RS256"])
        {}
    """
    members = jwks.get("keys") if isinstance(jwks, Mapping) else None
    keys: dict[str, VerificationKey] = {}
    ambiguous: set[str] = set()
    for member in members if isinstance(members, list | tuple) else ():
        key = _read_key(member, frozenset(allowed))
        if key is None:
            continue
        known = keys.setdefault(key.key_id, key)
        if known.material != key.material:
            ambiguous.add(key.key_id)
    return {key_id: key for key_id, key in keys.items() if key_id not in ambiguous}


def _read_key(member: object, allowed: frozenset[str]) -> VerificationKey | None:
    if not isinstance(member, Mapping):
        return None
    key_id = member.get("kid")
    if type(key_id) is not str or not is_key_id(key_id) or member.get("use", "sig") != "sig":
        return None
    operations = member.get("key_ops", ("verify",))
    if not isinstance(operations, list | tuple) or "verify" not in operations:
        return None
    algorithms = _algorithms_of(member) & allowed
    # Only the public members: a set that leaks a private key must not make us hold it.
    jwk = {name: member[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in member}
    if not algorithms or not all(type(value) is str for value in jwk.values()):
        return None
    try:
        return VerificationKey(key_id, algorithms, jwk)
    except Exception:  # noqa: BLE001, RUF100 - whatever a library finds wrong with a key, the key is unusable
        return None


def _algorithms_of(member: Mapping[str, Any]) -> frozenset[str]:
    kind = member.get("kty")
    possible = frozenset(_RSA)
    if kind != "RSA":
        curve = member.get("crv")
        possible = frozenset()
        if isinstance(kind, str) and isinstance(curve, str) and (kind, curve) in _BY_CURVE:
            possible = frozenset((_BY_CURVE[kind, curve],))
    if "alg" not in member:
        return possible
    named = member["alg"]
    return possible & {named} if isinstance(named, str) else frozenset()


def _rsa_key(jwk: Mapping[str, str]) -> RSAPublicKey:
    modulus = int.from_bytes(decode_base64url(jwk["n"].encode()))
    exponent = int.from_bytes(decode_base64url(jwk["e"].encode()))
    if modulus.bit_length() not in _RSA_BITS or modulus % 2 == 0 or exponent.bit_length() > 32:
        raise ValueError("not a usable RSA key")
    return RSAPublicNumbers(exponent, modulus).public_key()


def _rs256(key: RSAPublicKey) -> _Check:
    verify = key.verify

    def check(signature: bytes, signing_input: bytes) -> bool:
        try:
            verify(signature, signing_input, _PADDING, _SHA256)
        except InvalidSignature:
            return False
        return True

    return check


def _by_pyjwt(algorithm: str, jwk: Mapping[str, str]) -> _Check:
    from jwt.algorithms import get_default_algorithms  # noqa: PLC0415 - see the module's docstring

    implementation = get_default_algorithms()[algorithm]
    key = implementation.from_jwk(dict(jwk))
    # OpenSSL reads a PSS signature as a number, so that one without its leading zero byte would pass as well. It has to
    # be as long as the modulus (RFC 8017, section 8.1.2).
    length = (key.key_size + 7) // 8 if jwk["kty"] == "RSA" else None

    def check(signature: bytes, signing_input: bytes) -> bool:
        if length is not None and len(signature) != length:
            return False
        try:
            return bool(implementation.verify(signing_input, key, signature))
        except (InvalidSignature, TypeError, ValueError):
            return False

    return check
