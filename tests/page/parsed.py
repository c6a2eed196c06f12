"""A page as its parts, read by Python's own parser: enough to find elements, their attributes and their text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "input", "br", "img", "hr", "line", "rect", "circle", "path"}


@dataclass
class Element:
    """An element."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """Yield it and all that it holds."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    @property
    def text(self) -> str:
        """All text that it holds, with single spaces."""
        return " ".join(" ".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield from child._texts()

    def get(self, name: str) -> str:
        """Return an attribute; an empty string if it has none."""
        return self.attributes.get(name) or ""

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """Return the elements within it that have a tag and attributes; `class_` is one of its classes."""
        return [one for one in self.walk() if (not tag or one.tag == tag) and one.has(attributes)]

    def has(self, attributes: dict[str, str]) -> bool:
        """Say whether it has attributes."""
        for name, value in attributes.items():
            if name == "class_":
                if value not in self.get("class").split():
                    return False
            elif self.attributes.get(name.replace("_", "-")) != value:
                return False
        return True

    def one(self, tag: str = "", **attributes: str) -> Element:
        """Return the one such element."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} elements {tag} {attributes}"
        return found[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute stands twice in {tag} {attrs}"
        element = Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"{tag} closes {self._open[-1].tag}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def parsed(html: str | bytes) -> Element:
    """Return a page; one whose elements do not nest is an error."""
    reader = _Reader()
    reader.feed(html.decode() if isinstance(html, bytes) else html)
    reader.close()
    assert reader._open == [reader.root], [one.tag for one in reader._open]
    return reader.root


def fields_of(form: Element) -> dict[str, str | list[str]]:
    """Return what a browser would send of a form, as it stands, without its buttons."""
    found: dict[str, str | list[str]] = {}
    for one in form.all("input"):
        name, kind = one.get("name"), one.get("type")
        if not name or kind == "file" or (kind in {"radio", "checkbox"} and "checked" not in one.attributes):
            continue
        if kind == "checkbox":
            chosen = found.setdefault(name, [])
            assert isinstance(chosen, list)
            chosen.append(one.get("value"))
        else:
            found[name] = one.get("value")
    for one in form.all("select"):
        chosen_ones = [option.get("value") for option in one.all("option") if "selected" in option.attributes]
        found[one.get("name")] = chosen_ones[0] if chosen_ones else ""
    return found
