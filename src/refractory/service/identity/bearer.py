"""The `Authorization` header, read strictly; and the caller whom it does not identify."""

from __future__ import annotations

import re
from typing import Final

MAX_TOKEN: Final = 8192
"""Characters of a token. One of a CDS client has under a thousand."""

REALM: Final = "refractory"

# RFC 6750, section 2.1; the name of a scheme has no letter case (RFC 9110, section 11.1).
_BEARER: Final = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)")


class Unidentified(Exception):  # noqa: N818  # it says of whom it speaks; nothing of ours went wrong
    """The caller did not show who it is.

    Attributes:
        reason: Which check failed and how to mend it. Safe to send: it holds nothing of a token or a key.
        challenge: The value of `WWW-Authenticate` (RFC 6750, section 3).
        retry_after: Seconds after which the same caller may be let in, where it is our memory that is full; else None.
    """

    def __init__(self, reason: str, *, sent: bool = True, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        # A caller that sent nothing is told only how it may begin.
        self.challenge = f'Bearer realm="{REALM}"' + (', error="invalid_token"' if sent else "")
        self.retry_after = retry_after


def bearer(value: str | None) -> str:
    """Return the token of an `Authorization` header.

    Args:
        value: The header's value; None where there is no such header.

    Raises:
        Unidentified: There is none, it has another scheme, it is no one token, or it is too long.
    """
    if not value:
        raise Unidentified("no token was sent. Send the header Authorization: Bearer <token>.", sent=False)
    if len(value) > MAX_TOKEN + len("Bearer "):
        raise Unidentified(f"the token is too long. Send one of at most {MAX_TOKEN} characters.")
    match = _BEARER.fullmatch(value)
    if match is None:
        raise Unidentified(
            "the Authorization header does not hold one bearer token. Send Authorization: Bearer <token>, once."
        )
    return match[1]
