"""Errors as answers: problem details of RFC 9457, with the error as the command line gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from refractory.errors import (
    ContradictionError,
    LimitError,
    NonConformingError,
    RefractoryError,
    RefusedError,
    UsageError,
)

PROBLEM: Final = "application/problem+json"

_STATUS: Final[tuple[tuple[type[RefractoryError], int], ...]] = (
    (UsageError, 400),
    (RefusedError, 400),
    (LimitError, 413),
    (NonConformingError, 422),
    (ContradictionError, 422),
)


def status_of(error: RefractoryError) -> int:
    """Return the status code of an error; what is not the caller's fault is 500."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem(status: int, detail: str, **more: Any) -> bytes:
    """Return the body of an answer that says what is wrong.

    Args:
        status: The status code.
        detail: One sentence or two: what is wrong, and how to mend it.
        **more: Further members.
    """
    said = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return json.dumps(said, ensure_ascii=False).encode()


def problem_of(error: RefractoryError, more: Mapping[str, Any] | None = None) -> tuple[int, bytes]:
    """Return the status code and the body for an error."""
    status = status_of(error)
    return status, problem(status, str(error), error=error.to_json(), **(more or {}))
