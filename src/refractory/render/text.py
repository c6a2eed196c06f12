"""A page as plain text: the same bytes wherever it is printed; a terminal may add colour, which carries no meaning."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from refractory.render.page import BESIDE, Item, Page, Section

if TYPE_CHECKING:
    from rich.text import Text

WIDTH = 100

# What a line is, and how a terminal may show it.
_STYLES = {
    "title": "bold",
    "alarm": "bold red",
    "lead": "",
    "heading": "bold cyan",
    "item": "bold",
    "detail": "",
    "places": "dim",
    "beside": "",
    "foot": "dim",
}


def page_text(page: Page, width: int = WIDTH) -> str:
    """Return a page as plain text, wrapped at a width in characters, ending in one newline."""
    return "".join(f"{line}\n" for line, _ in _lines(page, width))


def page_rich(page: Page, width: int = WIDTH) -> Text:
    """Return the same text with styles for a terminal."""
    from rich.text import Text

    text = Text()
    for line, role in _lines(page, width):
        text.append(line, style=_STYLES[role])
        text.append("\n")
    return text


def _lines(page: Page, width: int) -> Iterator[tuple[str, str]]:
    """Yield (line, role)."""
    yield from _wrapped(page.title, "title", width)
    if page.alarm:
        yield "", "lead"
        for line, role in _section(page.alarm, width):
            yield line, "alarm" if role in {"heading", "item"} else role
        yield "", "lead"
    for sentence in page.lead:
        yield from _wrapped(sentence, "lead", width)
    for section in page.sections:
        yield "", "lead"
        yield from _section(section, width)
    yield "", "lead"
    for sentence in page.foot:
        yield from _wrapped(sentence, "foot", width)


def _section(section: Section, width: int) -> Iterator[tuple[str, str]]:
    yield section.heading.upper(), "heading"
    for number, item in enumerate(section.items, 1):
        yield from _item(item, f"{number}." if section.numbered else "-", width)


def _item(item: Item, bullet: str, width: int) -> Iterator[tuple[str, str]]:
    first = f"{bullet:>4} "
    below = " " * len(first)
    headline = f"{item.mark}: {item.text}" if item.mark else item.text
    yield from _wrapped(headline, "item" if item.details or item.places else "detail", width, first, below)
    for detail in item.details:
        yield from _wrapped(detail, "detail", width, below, below + "  ")
    if item.places:
        yield from _wrapped(f"[{item.places}]", "places", width, below, below)
    if item.beside:
        yield from _wrapped(BESIDE, "beside", width, below)
        for line in item.beside:
            yield from _wrapped(line, "beside", width, f"{below}- ", f"{below}  ")


def _wrapped(text: str, role: str, width: int, first: str = "", below: str = "") -> Iterator[tuple[str, str]]:
    # A control character in a name could move a terminal's cursor.
    shown = "".join(character if character.isprintable() else " " for character in text)
    lines = textwrap.wrap(
        shown,
        width,
        initial_indent=first,
        subsequent_indent=below,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines:
        yield line, role
