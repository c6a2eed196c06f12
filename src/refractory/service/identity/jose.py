"""What tokens and key sets are written in, base64url and JSON, read so that a text has one reading or none."""

from __future__ import annotations

import base64
import json
from typing import Any, NoReturn


def octets(text: str) -> bytes:
    """Return the bytes of base64url text without padding (RFC 7515, section 2).

    Raises:
        ValueError: It is not base64url, or not the one text that stands for its bytes: the last character may hold
            bits that say nothing, and they have to be 0.
    """
    found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode("ascii") != text:
        raise ValueError("not canonical base64url")
    return found


def json_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object that UTF-8 bytes hold.

    Raises:
        ValueError: They are no JSON object, or one that nests deep, names a member twice or has a number without end.
    """
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of an object, each of which stands once: readers differ in which of two they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _no_number(_: str) -> NoReturn:
    raise ValueError("no number of JSON")
