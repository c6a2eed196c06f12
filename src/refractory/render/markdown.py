"""A page as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from refractory.render.page import BESIDE, Item, Page, Section

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def page_markdown(page: Page) -> str:
    """Return a page as Markdown, ending in one newline; what comes from a case is escaped."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: Page) -> Iterator[str]:
    yield f"# {_escaped(page.title)}"
    if page.alarm:
        yield from _section(page.alarm)
    for sentence in page.lead:
        yield ""
        yield _escaped(sentence)
    for section in page.sections:
        yield from _section(section)
    yield ""
    yield "---"
    for sentence in page.foot:
        yield ""
        yield _escaped(sentence)


def _section(section: Section) -> Iterator[str]:
    yield ""
    yield f"## {section.heading}"
    yield ""
    for number, item in enumerate(section.items, 1):
        yield from _item(item, f"{number}." if section.numbered else "-")


def _item(item: Item, bullet: str) -> Iterator[str]:
    indent = " " * (len(bullet) + 1)
    mark = f"**{_escaped(item.mark)}:** " if item.mark else ""
    places = f" *\\[{_escaped(item.places)}\\]*" if item.places else ""
    yield f"{bullet} {mark}{_escaped(item.text)}{places}"
    for detail in item.details:
        yield f"{indent}- {_escaped(detail)}"
    if item.beside:
        yield f"{indent}- {BESIDE}"
        yield from (f"{indent}  - {_escaped(line)}" for line in item.beside)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
