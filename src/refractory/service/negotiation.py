"""Which of the forms that an answer has is sent: the one that `Accept` likes best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mimeparse import best_match
from starlette.requests import Request

# Browsers say some 150 characters; weighing what is much longer would take time that belongs to others.
_LONGEST: Final = 4_096
ANYTHING: Final = "*/*"


def accepted(request: Request) -> str:
    """Return what a request accepts; one that says nothing accepts anything."""
    return ",".join(request.headers.getlist("accept")).strip() or ANYTHING


def chosen(forms: Sequence[str], accept: str) -> str | None:
    """Return the media type that is sent, or None if none of the forms is accepted.

    Args:
        forms: The media types that there are; of those that are liked equally, the first is taken.
        accept: The value of the `Accept` header. One that cannot be read accepts nothing.
    """
    if len(accept) > _LONGEST:
        return None
    try:
        # The last of those that match equally is taken by the library, so the first of ours comes last.
        return best_match(list(forms)[::-1], accept.lower()) or None
    except ValueError:
        return None
