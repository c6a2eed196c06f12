"""Pages as one HTML document that needs nothing from anywhere: no script, no font, no image, no link to follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from refractory.render.page import BESIDE, Item, Page, Section

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff;
  max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .3rem; border-bottom: 1px solid #767676; }
li { margin: .4rem 0; }
p { margin: .2rem 0; }
.lead { font-weight: 600; }
.places, footer { color: #595959; font-size: .85rem; }
.beside { font-size: .9rem; }
ul.beside { margin: 0; }
.beside li { margin: .1rem 0; }
.alarm { border: 3px solid #a40000; padding: 0 1rem; }
.alarm h2 { color: #a40000; border-color: #a40000; }
article + article { margin-top: 4rem; border-top: 4px solid #767676; }
""".strip()


def pages_html(pages: Sequence[Page]) -> str:
    """Return pages as one HTML document; everything that is not ours is escaped."""
    title = pages[0].title if len(pages) == 1 else f"{len(pages)} assessments"
    articles = "\n".join(line for page in pages for line in _article(page))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n{articles}\n</body>\n</html>\n"
    )


def _article(page: Page) -> Iterator[str]:
    yield "<article>"
    yield f"<h1>{escape(page.title)}</h1>"
    if page.alarm:
        yield from _section(page.alarm, "alarm")
    for sentence in page.lead:
        yield f'<p class="lead">{escape(sentence)}</p>'
    for section in page.sections:
        yield from _section(section)
    yield "<footer>"
    for sentence in page.foot:
        yield f"<p>{escape(sentence)}</p>"
    yield "</footer>"
    yield "</article>"


def _section(section: Section, look: str = "") -> Iterator[str]:
    tag = "ol" if section.numbered else "ul"
    shown = f' class="{look}"' if look else ""
    yield f"<section{shown}>\n<h2>{escape(section.heading)}</h2>\n<{tag}>"
    for item in section.items:
        yield f"<li>{_item(item)}</li>"
    yield f"</{tag}>\n</section>"


def _item(item: Item) -> str:
    mark = f"<strong>{escape(item.mark)}:</strong> " if item.mark else ""
    details = "".join(f"<p>{escape(detail)}</p>" for detail in item.details)
    places = f'<p class="places">[{escape(item.places)}]</p>' if item.places else ""
    lines = "".join(f"<li>{escape(line)}</li>" for line in item.beside)
    beside = f'<p class="beside">{escape(BESIDE)}</p><ul class="beside">{lines}</ul>' if lines else ""
    return f"{mark}{escape(item.text)}{details}{places}{beside}"
