"""The public keys of an issuer, from a local JWK Set (RFC 7517): every key in it can be used, or it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import fstat
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from refractory.errors import UsageError
from refractory.service.identity.jose import json_object, octets

MAX_FILE: Final = 1024 * 1024
"""Bytes of a file of keys."""

EC: Final = "ES384"
RSA: Final = "RS384"
ALGORITHMS: Final = (EC, RSA)
"""The algorithms that sign tokens here: the two that CDS Hooks recommends, and no other."""

MIN_RSA_BITS: Final = 2048

# What only the holder of a private key has (RFC 7518, sections 6.2.2 and 6.3.2).
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
_COORDINATE: Final = 48


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, and the one algorithm that it is used with."""

    algorithm: str
    public: EllipticCurvePublicKey | RSAPublicKey


def read_key_set(path: Path) -> Mapping[str, Key]:
    """Return the public keys of a local JWK Set by their `kid`.

    Raises:
        UsageError: The file cannot be read, anybody may write it, or it is no JWK Set; or a key in it is private,
            symmetric, of another kind or use, too small, or has no `kid` or that of another key.
    """
    found: dict[str, Key] = {}
    for index, jwk in enumerate(_entries(path)):
        place = f"{path}, keys[{index}]"
        kid, key = _key(jwk, place)
        if kid in found:
            raise UsageError(
                f"the kid {kid!r} is that of a key before it.",
                place=place,
                why="A token names its key by it.",
                fix="Give each key of the set its own kid.",
            )
        found[kid] = key
    if not found:
        raise UsageError(
            "there is no key in the set.", place=str(path), why="No token of the issuer could be checked.", fix=_FORM
        )
    return found


_FORM: Final = 'Give the issuer\'s public keys as {"keys": [{"kty": ..., "kid": ...}]}.'


def _entries(path: Path) -> list[Any]:
    """Return the members of the set as they stand in the file."""
    try:
        with path.open("rb") as file:
            mode = fstat(file.fileno()).st_mode
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(
            f"the key set cannot be read: {error.strerror}.",
            place=str(path),
            why="Keys are never fetched.",
            fix="Give a file that is there.",
        ) from error
    if mode & 0o002:
        raise UsageError(
            f"anybody may write the key set: its mode is {mode & 0o777:04o}.",
            place=str(path),
            why="Whoever writes a key there is let in with it.",
            fix="Run chmod o-w on it, and compare its keys with the issuer's.",
        )
    if len(raw) > MAX_FILE:
        raise UsageError("the key set is larger than 1 MiB.", place=str(path), fix=_FORM)
    try:
        keys = json_object(raw).get("keys")
    except ValueError:
        raise UsageError("the key set is not JSON, or says something twice.", place=str(path), fix=_FORM) from None
    if not isinstance(keys, list):
        raise UsageError("the file is no JWK Set: it has no list of keys.", place=str(path), fix=_FORM)
    return keys


def _key(jwk: Any, place: str) -> tuple[str, Key]:
    """Return a key and its `kid`. No message holds more of the key than its kind, use and `kid`."""
    if not isinstance(jwk, dict):
        raise UsageError("the key is no JSON object.", place=place, fix=_FORM)
    # First of all, so that no other message leads its reader to leave such a key where it is.
    if jwk.get("kty") == "oct" or "k" in jwk:
        raise UsageError(
            "the key is symmetric.",
            place=place,
            why="Who can check with it can sign with it, so CDS Hooks forbids it.",
            fix="Take it out, and have the issuer sign with ES384 or RS384.",
        )
    if _PRIVATE & jwk.keys():
        raise UsageError(
            "the key is private.",
            place=place,
            why="Whoever reads it can call in the issuer's name, and it has now been where it should not be.",
            fix="Have the issuer make a new pair, and give the public part of that.",
        )
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        raise UsageError(
            "the key has no kid.",
            place=place,
            why="A token names its key by it.",
            fix="Give it the issuer's name of it.",
        )
    use, operations = jwk.get("use", "sig"), jwk.get("key_ops", ["verify"])
    if use != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise UsageError(
            f"the key {kid!r} is not for checking signatures.", place=place, fix="Take it out, or give the one that is."
        )
    key = _elliptic(jwk, place) if jwk.get("kty") == "EC" else _rsa(jwk, place)
    if jwk.get("alg", key.algorithm) != key.algorithm:
        raise UsageError(
            f"the key {kid!r} is for another algorithm than {key.algorithm}.",
            place=place,
            why=_WHY,
            fix=f"Take it out, or give one for {key.algorithm}.",
        )
    return kid, key


_WHY: Final = f"Tokens are signed with {EC} (EC, P-384) or {RSA} (RSA, {MIN_RSA_BITS} bits or more)."


def _elliptic(jwk: Mapping[str, Any], place: str) -> Key:
    """Return a key on the curve P-384."""
    if jwk.get("crv") != "P-384":
        raise UsageError("the key is on another curve than P-384.", place=place, why=_WHY, fix="Give one on P-384.")
    x, y = _number(jwk, "x", place, _COORDINATE), _number(jwk, "y", place, _COORDINATE)
    try:
        return Key(EC, EllipticCurvePublicNumbers(x, y, SECP384R1()).public_key())
    except ValueError:
        raise _broken(place) from None


def _rsa(jwk: Mapping[str, Any], place: str) -> Key:
    """Return an RSA key that is large enough."""
    if jwk.get("kty") != "RSA":
        raise UsageError("the key is neither EC nor RSA.", place=place, why=_WHY, fix="Give one that is.")
    modulus, exponent = _number(jwk, "n", place), _number(jwk, "e", place)
    if modulus.bit_length() < MIN_RSA_BITS:
        raise UsageError(
            f"the key has {modulus.bit_length()} bits.",
            place=place,
            why=_WHY,
            fix=f"Give one of {MIN_RSA_BITS} bits or more.",
        )
    try:
        return Key(RSA, RSAPublicNumbers(exponent, modulus).public_key())
    except ValueError:
        raise _broken(place) from None


def _number(jwk: Mapping[str, Any], name: str, place: str, length: int | None = None) -> int:
    """Return a number of a key (RFC 7518, sections 6.2.1 and 6.3.1), of a number of bytes if that is fixed."""
    text = jwk.get(name)
    try:
        found = octets(text) if isinstance(text, str) else b""
    except ValueError:
        raise _broken(place) from None
    if not found or (length is not None and len(found) != length):
        raise _broken(place)
    return int.from_bytes(found, "big")


def _broken(place: str) -> UsageError:
    return UsageError(
        "the numbers of the key are missing or make no key.", place=place, fix="Take the key from its issuer again."
    )
