"""What a browser sends of a form, read in the worker: it can be ended if a hostile body takes long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import parse_qsl

from refractory.errors import LimitError, RefusedError

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"

MAX_FIELDS: Final = 4_000
"""Fields of one form: more than a case has that is as large as a case may be."""

_FIX: Final = "Send the form as the page has it."


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent: its content, and the suffix of its name. The rest of the name is nobody's business."""

    content: bytes
    suffix: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it was sent: the values of each field in their order, and the file if there is one."""

    fields: dict[str, tuple[str, ...]]
    upload: Upload | None = None

    def one(self, name: str) -> str:
        """Return the value of a field; an empty string if there is none.

        Raises:
            RefusedError: It was sent twice.
        """
        values = self.fields.get(name, ("",))
        if len(values) > 1:
            raise RefusedError("a field was sent twice.", place=name, fix=_FIX)
        return values[0]

    def without(self, *names: str) -> dict[str, tuple[str, ...]]:
        """Return the fields but some."""
        return {name: values for name, values in self.fields.items() if name not in names}


def read_sent(body: bytes, content_type: str) -> Sent:
    """Read the body of a request that a form sent.

    Raises:
        RefusedError: It is no form, or is not written as one.
        LimitError: It has too many fields.
    """
    media = content_type.partition(";")[0].strip().lower()
    if media == URLENCODED:
        return Sent(_gathered(_pairs(body)))
    if media == MULTIPART:
        return asyncio.run(_parts(body, content_type))
    raise RefusedError("what was sent is no form.", fix=_FIX)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    if body.count(b"&") >= MAX_FIELDS:
        raise _too_many()
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, encoding="utf-8", errors="strict")
    except ValueError:
        raise RefusedError("the form is not written in UTF-8.", fix=_FIX) from None


async def _parts(body: bytes, content_type: str) -> Sent:
    from starlette.datastructures import Headers, UploadFile
    from starlette.formparsers import MultiPartException, MultiPartParser

    class InMemory(MultiPartParser):
        # Nothing of a patient is written to a disk, however large the file: the body as a whole has a limit.
        spool_max_size = len(body) + 1

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    headers = Headers({"content-type": content_type})
    parser = InMemory(headers, stream(), max_files=1, max_fields=MAX_FIELDS, max_part_size=len(body) + 1)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise RefusedError(f"the form cannot be read: {error.message}", fix=_FIX) from None
    upload, pairs = None, []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            # A browser sends a field for a file also where none was chosen: empty, and without a name.
            if content or value.filename:
                upload = Upload(content, PurePosixPath(value.filename or "").suffix.lower()[:16])
        else:
            pairs.append((name, value))
    return Sent(_gathered(pairs), upload)


def _gathered(pairs: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def _too_many() -> LimitError:
    return LimitError(f"the form has more than {MAX_FIELDS} fields.", fix="A case is one episode of one patient.")
