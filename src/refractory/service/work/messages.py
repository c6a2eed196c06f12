"""What goes between the service and its workers: a task, its reply, and how they are written into a pipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Any, Final

HEAD: Final = Struct(">II")
"""Before each message: how many bytes its header has, and how many its body."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do for one request.

    Attributes:
        name: What to do, one of `refractory.service.work.tasks.TASKS`.
        body: What came with the request.
        options: What else the request says.
    """

    name: str
    body: bytes
    options: Mapping[str, str]

    def frame(self) -> bytes:
        """Return it as bytes for the pipe."""
        return framed({"name": self.name, "options": dict(self.options)}, self.body)

    @classmethod
    def of(cls, header: Mapping[str, Any], body: bytes) -> Task:
        """Read what `frame` wrote."""
        return cls(header["name"], body, header["options"])


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a task.

    Attributes:
        status: The status code of HTTP.
        media_type: What the body is.
        body: The body of the answer.
        record: What the audit log is to say of it; None where nothing was concluded.
        fault: The kind and place of a fault of ours, for the log; without any data.
        headers: Further headers of the answer, in ASCII.
    """

    status: int
    media_type: str
    body: bytes
    record: Mapping[str, Any] | None = None
    fault: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def frame(self) -> bytes:
        """Return it as bytes for the pipe."""
        header = {
            "status": self.status,
            "media": self.media_type,
            "record": self.record,
            "fault": self.fault,
            "headers": self.headers,
        }
        return framed(header, self.body)

    @classmethod
    def of(cls, header: Mapping[str, Any], body: bytes) -> Reply:
        """Read what `frame` wrote."""
        headers = tuple((name, value) for name, value in header["headers"])
        return cls(header["status"], header["media"], body, header["record"], header["fault"], headers)


def framed(header: Mapping[str, Any], body: bytes) -> bytes:
    """Return a header and a body as one message."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return HEAD.pack(len(text), len(body)) + text + body
