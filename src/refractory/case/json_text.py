"""JSON text, parsed so that nothing in it is lost: each number's digits, each repeated key, and how deep it nests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from refractory.case.limits import MAX_DEPTH
from refractory.errors import LimitError, RefusedError


class Number(str):
    """A number as it stands in the file, digit for digit."""

    __slots__ = ()


class Pairs(tuple[tuple[str, object], ...]):
    """An object as its keys and values, so that a key that stands twice is seen, and where."""

    __slots__ = ()


def parse(text: str) -> object:
    """Return JSON as `Pairs`, lists, `Number`, str, bool and None.

    Raises:
        RefusedError: It is not JSON.
        LimitError: It is nested deeper than `MAX_DEPTH`.
    """
    _check_depth(text)
    try:
        return json.loads(text, object_pairs_hook=Pairs, parse_int=Number, parse_float=Number, parse_constant=Number)
    except json.JSONDecodeError as error:
        raise RefusedError(
            f"the file is not JSON: {error.msg}.",
            place=f"line {error.lineno}, column {error.colno}",
            fix="Correct it there, or just before.",
        ) from error


def dump(data: Mapping[str, Any]) -> str:
    """Return a dictionary as JSON text, so that there is one way in.

    Raises:
        RefusedError: It holds what JSON cannot.
        LimitError: It is nested deeper than `MAX_DEPTH`.
    """
    try:
        return json.dumps(data, allow_nan=False)
    except RecursionError:
        raise _too_deep() from None
    except (TypeError, ValueError) as error:
        raise RefusedError(
            f"the dictionary is not JSON: {error}.", fix="Use str, int, float, list and dict, and finite numbers."
        ) from error


def _check_depth(text: str) -> None:
    """Count brackets outside strings: JSON's parser recurses, and a deep file would end it without a message."""
    depth, quoted, escaped = 0, False, False
    for character in text:
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep()
        elif character in "]}":
            depth -= 1


def _too_deep() -> LimitError:
    return LimitError(f"the file is nested deeper than {MAX_DEPTH} brackets.", fix="A case nests three deep.")
