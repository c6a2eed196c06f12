"""A text as its words alone, for telling a copy."""

from __future__ import annotations


def plain(text: str) -> str:
    """Return the words of a text alone, so that case, spaces and punctuation do not hide a copy."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())
