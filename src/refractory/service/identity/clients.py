"""The clients of CDS Hooks: who signed a JSON Web Token, by keys that stand in local files.

What a token has to be is said by CDS Hooks ("Trusting CDS Clients"), RFC 7515 and RFC 7519. What they leave to the
service is our reading: only ES384 and RS384, which CDS Hooks recommends; a life of 5 minutes at most, since a token is
made for one call; clocks that differ by 30 seconds at most.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

import jwt

from refractory.errors import UsageError
from refractory.service.identity.bearer import MAX_TOKEN, Unidentified
from refractory.service.identity.jose import json_object, octets
from refractory.service.identity.key_sets import ALGORITHMS, Key, read_key_set
from refractory.service.identity.replay import MAX_REMEMBERED, Use, Used

MAX_LIFE: Final = 300
"""Seconds from `iat` to `exp`."""

LEEWAY: Final = 30
"""Seconds by which a client's clock may differ from ours."""

# Each would have the token bring its own key, or change how it is to be read. `jku` is not among them: CDS Hooks lets a
# client send it. It is not read.
_FORBIDDEN: Final = frozenset({"jwk", "x5c", "x5u", "crit", "b64"})

_SEGMENTS: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
# Beyond it whole numbers are no longer told apart by readers that count in floating point.
_LAST_SECOND: Final = 2**53


@dataclass(frozen=True, slots=True)
class Client:
    """Who signed a token.

    Attributes:
        issuer: Its `iss`.
        tenant: The organization that calls through the issuer, as the issuer writes it.
        subject: Its `sub`, to which CDS Hooks gives no meaning; it may be a person.
    """

    issuer: str
    tenant: str | None = None
    subject: str | None = None

    @property
    def name(self) -> str:
        """The issuer and the tenant as one text without controls, fit for a log; never the subject."""
        if self.tenant is None:
            return self.issuer
        return f"{self.issuer} tenant={quote(self.tenant, safe='')}"


class Clients:
    """The issuers whose tokens are accepted, each with its own keys and its own memory of used tokens."""

    __slots__ = ("_keys", "_signatures", "_used")

    def __init__(self, keys: Mapping[str, Mapping[str, Key]], *, remembered: int = MAX_REMEMBERED) -> None:
        self._keys = keys
        self._used = {issuer: Used(remembered) for issuer in keys}
        self._signatures = jwt.PyJWS(algorithms=list(ALGORITHMS))

    @classmethod
    def load(cls, files: Mapping[str, Path]) -> Self:
        """Return the clients of issuers, each with a file that holds its JWK Set.

        Raises:
            UsageError: There is no issuer, one is no URI, or a file is refused.
        """
        if not files:
            raise UsageError("no issuer is given.", why="No client could call.", fix="Give an issuer and its key set.")
        for issuer in files:
            if not _URI.fullmatch(issuer):
                raise UsageError(
                    f"the issuer {issuer!r} is no URI.", fix="Write it as its tokens do in iss, to the last slash."
                )
        return cls({issuer: read_key_set(path) for issuer, path in files.items()})

    def who(self, token: str, *, audience: str, now: float) -> Client:
        """Return who signed a token, and remember the token so that it is not used again.

        Args:
            token: The token.
            audience: The URL of the endpoint that is called, as callers know it.
            now: The second it is, counted from 1970-01-01T00:00:00Z.

        Raises:
            Unidentified: The token does not show that one of the issuers made it for this call.
        """
        claims, key, signed = _taken_apart(token, self._keys)
        self._check_signature(signed, key)
        issuer: str = claims["iss"]
        client = Client(issuer, _text(claims, "tenant"), _text(claims, "sub"))
        _check_audience(claims.get("aud"), audience)
        until = _check_times(claims, now)
        identifier = claims.get("jti")
        if not isinstance(identifier, str) or not identifier:
            raise Unidentified("the token has no jti that is a text. Give each token one of its own.")
        # Last of all, so that only a token that is otherwise good takes a place.
        _check_use(self._used[issuer], identifier, until, now)
        return client

    def _check_signature(self, token: str, key: Key) -> None:
        try:
            self._signatures.decode(token, key.public, algorithms=[key.algorithm])
        except jwt.PyJWTError:
            raise Unidentified("the signature is not that of the key that the token names. Sign it again.") from None


def _taken_apart(token: str, keys: Mapping[str, Mapping[str, Key]]) -> tuple[dict[str, Any], Key, str]:
    """Return the claims, which nobody vouches for yet, the key that has to have signed them, and the token."""
    if len(token) > MAX_TOKEN:
        raise Unidentified(f"the token is too long. Send one of at most {MAX_TOKEN} characters.")
    segments = _SEGMENTS.fullmatch(token)
    if segments is None:
        raise Unidentified("the token is no signed JSON Web Token. Send header, payload and signature, joined by dots.")
    try:
        header, claims, _ = json_object(octets(segments[1])), json_object(octets(segments[2])), octets(segments[3])
    except ValueError:
        raise Unidentified(
            "a part of the token is not base64url without padding, or not a JSON object that says each thing once."
            " Make the token with a library for JSON Web Tokens."
        ) from None
    algorithm, kid, issuer = header.get("alg"), header.get("kid"), claims.get("iss")
    if algorithm not in ALGORITHMS:
        raise Unidentified(f"the token's alg is not accepted. Sign it with {' or '.join(ALGORITHMS)}.")
    if header.get("typ") != "JWT":
        raise Unidentified("the token's typ is not JWT. Say so in its header.")
    if _FORBIDDEN & header.keys():
        raise Unidentified(
            f"the token's header has one of {', '.join(sorted(_FORBIDDEN))}. Leave it out; name the kid."
        )
    if not isinstance(issuer, str) or issuer not in keys:
        raise Unidentified("the token's iss is none that this service knows. Have its keys set up here by its iss.")
    if not isinstance(kid, str) or kid not in keys[issuer]:
        raise Unidentified("the token's kid is none of the issuer's keys here. Have the issuer's key set brought here.")
    key = keys[issuer][kid]
    if algorithm != key.algorithm:
        raise Unidentified("the token's alg is not that of the key that it names. Sign it with the key's algorithm.")
    return claims, key, token


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    """Return a claim that may be left out; text that cannot be printed is refused, as it would break a log."""
    value = claims.get(name)
    if value is not None and not (isinstance(value, str) and value.isprintable()):
        raise Unidentified(f"the token's {name} is not printable text. Correct it, or leave it out.")
    return value


def _check_audience(claimed: object, audience: str) -> None:
    """Check that the token was made for the endpoint that is called: its URL, or a list of URLs with it."""
    urls = claimed if isinstance(claimed, list) else [claimed]
    if audience not in urls:
        raise Unidentified(f"the token's aud is not the URL that is called. Make one whose aud is {audience}")


def _check_times(claims: Mapping[str, Any], now: float) -> float:
    """Check when the token was made and ends, and return the second from which it is refused."""
    issued, ends = _second(claims, "iat"), _second(claims, "exp")
    if issued > now + LEEWAY:
        raise Unidentified("the token's iat is in the future. Set the clock of the client.")
    if not 0 < ends - issued <= MAX_LIFE:
        raise Unidentified(f"the token's exp is not within {MAX_LIFE} seconds after its iat. Make a new one a call.")
    until = ends + LEEWAY
    if until <= now:
        raise Unidentified("the token has expired. Make a new one for each call.")
    return until


def _second(claims: Mapping[str, Any], name: str) -> float:
    """Return a time of a token. JSON's `true` is no number, though Python counts with it."""
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < _LAST_SECOND:
        raise Unidentified(f"the token has no {name} that is a number of seconds since 1970. Give it one.")
    return value


def _check_use(used: Used, identifier: str, until: float, now: float) -> None:
    """Check that the token is used for the first time, and remember it."""
    use = used.use(identifier, until, now)
    if use is Use.AGAIN:
        raise Unidentified("the token was used before. Make a new one, with its own jti, for each call.")
    if use is Use.EXPIRED:
        raise Unidentified("the token is too old to say whether it was used before. Make a new one for each call.")
    if use is Use.FULL:
        raise Unidentified(
            "the issuer has used more tokens than can be remembered at once. Try again when some have expired.",
            retry_after=ceil(used.seconds_until_free(now)),
        )
