"""Bytes become text: UTF-8, no larger than allowed."""

from __future__ import annotations

import codecs

from refractory.case.limits import MAX_BYTES
from refractory.errors import LimitError, RefusedError

_OTHER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(data: bytes | str) -> str:
    """Return the text of a case file, without a byte order mark.

    Raises:
        LimitError: It is larger than `MAX_BYTES`.
        RefusedError: It is not UTF-8, or empty.
    """
    content = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(content) > MAX_BYTES:
        raise LimitError(
            f"the case is larger than {MAX_BYTES} bytes.", fix="Give one case a file, and of it only what a case holds."
        )
    if content.startswith(_OTHER_MARKS):
        raise RefusedError("the case is written in UTF-16.", place="byte 1", fix="Save it as UTF-8.")
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(
            "the case is not written in UTF-8.", place=f"byte {error.start + 1}", fix="Save it as UTF-8."
        ) from error
    if not text.strip():
        raise RefusedError("the case is empty.", fix="A case needs at least an `id`.")
    return text
