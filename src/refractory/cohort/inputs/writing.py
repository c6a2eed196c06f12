"""JSON text with each number as it stood: digit for digit, which Python's own writer does not keep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from refractory.case.json_text import Number


def text_of(value: object) -> bytes:
    """Return a value as JSON.

    Args:
        value: Dictionaries, lists, texts, truth values, None, and numbers as int, Decimal or `Number`.
    """
    return _text(value).encode("utf-8", "surrogatepass")


def _text(value: object) -> str:
    if isinstance(value, Number | Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value)
