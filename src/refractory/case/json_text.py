"""JSON text, parsed so that nothing in it is lost: each number's digits, each repeated key, and how deep it nests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from refractory.case.limits import MAX_DEPTH
from refractory.errors import LimitError, RefusedError

# A string is taken whole, so that what looks like a bracket inside it is none; one that does not end runs to the end.
_STRING_OR_BRACKET: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


class Number(str):
    """A number as it stands in the file, digit for digit."""

    __slots__ = ()


class Pairs(tuple[tuple[str, object], ...]):
    """An object as its keys and values, so that a key that stands twice is seen, and where."""

    __slots__ = ()


def parse(text: str, limit: int = MAX_DEPTH) -> object:
    """Return JSON as `Pairs`, lists, `Number`, str, bool and None.

    Raises:
        RefusedError: It is not JSON.
        LimitError: It is nested deeper than the limit.
    """
    _check_depth(text, limit)
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


def _check_depth(text: str, limit: int) -> None:
    """Count brackets outside strings: JSON's parser recurses, and a deep file would end it without a message."""
    if text.count("[") + text.count("{") <= limit:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > limit:
                raise _too_deep(limit)
        elif match[0] in "]}":
            depth -= 1


def _too_deep(limit: int = MAX_DEPTH) -> LimitError:
    fix = "A case nests three deep." if limit == MAX_DEPTH else "Take out what nests so deep."
    return LimitError(f"the file is nested deeper than {limit} brackets.", fix=fix)
