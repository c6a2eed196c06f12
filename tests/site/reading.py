"""A strict reader of pages: what is not closed, stands where it may not, or is named twice is a fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

_VOID = {"br", "hr", "img", "input", "link", "meta"}
_PHRASING = {
    "a", "b", "br", "code", "em", "i", "img", "input", "kbd", "label", "span", "strong", "sub", "sup", "small",
}  # fmt: skip
_CHILDREN = {
    "ul": {"li"}, "ol": {"li"}, "dl": {"dt", "dd", "div"}, "tr": {"td", "th"}, "thead": {"tr"}, "tbody": {"tr"},
    "table": {"caption", "thead", "tbody"},
}  # fmt: skip
_PARENTS = {
    "li": {"ul", "ol"},
    "dt": {"dl", "div"},
    "dd": {"dl", "div"},
    "td": {"tr"},
    "th": {"tr"},
    "tr": {"thead", "tbody"},
}
# Inside these stands text, and what is part of a text; nothing that begins a paragraph, a list or a table.
_TEXT_ONLY = {"p", "h1", "h2", "h3", "h4", "pre", "summary", "code", "span", "a", "label", "dt"}
_LOADING = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}


@dataclass
class Element:
    """An element with what stands in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, blanks as one."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> list[str]:
        return [part for child in self.children for part in ([child] if isinstance(child, str) else child._texts())]

    def all(self, tag: str = "") -> list[Element]:
        """Return the elements inside, of a tag if one is given."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                found += [child] if tag in ("", child.tag) else []
                found += child.all(tag)
        return found

    def with_id(self, name: str) -> Element:
        """Return the element with an id."""
        return next(one for one in self.all() if one.attributes.get("id") == name)


class Reader(HTMLParser):
    """Reads a page into a tree, and keeps its faults."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.faults: list[str] = []
        self._open = [self.root]
        self.feed(content)
        self.close()
        self.faults += [f"<{one.tag}> is not closed" for one in self._open[1:]]
        names = [one.attributes["id"] for one in self.root.all() if "id" in one.attributes]
        self.faults += [f"the id {name!r} stands twice" for name in sorted({n for n in names if names.count(n) > 1})]
        self.ids = set(names)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element where it may stand."""
        parent = self._open[-1].tag
        if len({name for name, _ in attrs}) < len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag not in _CHILDREN.get(parent, {tag}) or parent not in _PARENTS.get(tag, {parent}):
            self.faults.append(f"<{tag}> stands in <{parent}>")
        outer = {one.tag for one in self._open}
        if outer & _TEXT_ONLY and tag not in _PHRASING:
            self.faults.append(f"<{tag}> stands in {sorted(outer & _TEXT_ONLY)}")
        if tag == "a" and "a" in outer:
            self.faults.append("<a> stands in <a>")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be of this tag."""
        if self._open[-1].tag != tag:
            self.faults.append(f"</{tag}> closes <{self._open[-1].tag}>")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Keep a text, if it may stand there."""
        if data.strip() and self._open[-1].tag in _CHILDREN:
            self.faults.append(f"text stands in <{self._open[-1].tag}>: {data.strip()[:40]!r}")
        self._open[-1].children.append(data)

    @property
    def loaded(self) -> list[str]:
        """The addresses that a browser loads with the page."""
        return [one.attributes.get(_LOADING[one.tag], "") for one in self.root.all() if one.tag in _LOADING]

    @property
    def links(self) -> list[str]:
        """The addresses to which the page leads, or which it loads."""
        return [one.attributes[name] for one in self.root.all() for name in ("href", "src") if name in one.attributes]


def target(page: str, href: str) -> tuple[str, str]:
    """Return the path from the top of the site, and the anchor, to which a link on a page leads."""
    parts = urlsplit(href)
    if not parts.path:
        return page, unquote(parts.fragment)
    path = normpath(join(dirname(page), unquote(parts.path)))
    if parts.path.endswith("/"):
        path = normpath(join(path, "index.html"))
    return path, unquote(parts.fragment)
