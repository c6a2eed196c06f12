"""Bytes become text: UTF-8, no larger than allowed."""

from __future__ import annotations

import codecs

from refractory.case.limits import MAX_BYTES
from refractory.errors import LimitError, RefusedError

_OTHER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(data: bytes | str, limit: int = MAX_BYTES, what: str = "case") -> str:
    """Return the text of a file, without a byte order mark.

    Args:
        data: The content.
        limit: Bytes that it may have.
        what: What it is called in messages.

    Raises:
        LimitError: It is larger than the limit.
        RefusedError: It is not UTF-8, or empty.
    """
    content = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(content) > limit:
        raise LimitError(
            f"the {what} is larger than {limit} bytes.", fix=f"Give one {what} a file, and of it only what is needed."
        )
    if content.startswith(_OTHER_MARKS):
        raise RefusedError(f"the {what} is written in UTF-16.", place="byte 1", fix="Save it as UTF-8.")
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(
            f"the {what} is not written in UTF-8.", place=f"byte {error.start + 1}", fix="Save it as UTF-8."
        ) from error
    if not text.strip():
        raise RefusedError(f"the {what} is empty.", fix="A case needs at least an `id`; a Bundle, its entries.")
    return text
