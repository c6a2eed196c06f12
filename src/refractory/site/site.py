"""The site: every page by its address, each written when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Final

from pyoxigraph import NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.site import lists
from refractory.site.library import Draft, Library
from refractory.site.links import HOME
from refractory.site.pieces import Piece
from refractory.site.queries import queries, query
from refractory.site.rules import rule, rules
from refractory.site.shapes import shape, shapes
from refractory.site.sources import source
from refractory.site.terms import term
from refractory.vocabulary import rfy
from refractory.web.pages import page as written

SECTIONS: Final = (
    ("knowledge", "Knowledge", f"{HOME}index.html"),
    ("terms", "Terms", f"{HOME}terms.html"),
    ("sources", "Sources", f"{HOME}sources.html"),
    ("rules", "Rules", f"{HOME}rules.html"),
    ("queries", "Queries", f"{HOME}queries.html"),
    ("shapes", "Shapes", f"{HOME}shapes.html"),
    ("about", "About", f"{HOME}about.html"),
)
"""The parts of the site: name, label, address. The published site has them as its navigation."""

ASSETS: Final = ("icon.svg", "style.css", "site.css", "site.js")
"""What the pages load from `assets/`."""

_MEDIA: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "ttl": "text/turtle; charset=utf-8",
    "rq": "application/sparql-query; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "toml": "application/toml",
}


class Site:
    """The pages of one knowledge; immutable, and the same bytes for the same knowledge."""

    def __init__(self, knowledge: Knowledge, navigation: Sequence[tuple[str, str, str]]) -> None:
        self._library = Library(knowledge)
        self._navigation = tuple(navigation)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The addresses of all pages and files, from the top of the site."""
        return tuple(sorted({*self._drafts, *self._files}))

    def page(self, path: str) -> bytes:
        """Return a page or a file.

        Raises:
            KeyError: There is none at this address.
        """
        if path in self._files:
            return self._library.knowledge.files.contents[self._files[path]]
        return self._written(path, self._drafts[path]()).encode()

    def address(self, name: str) -> str:
        """Return where a term, statement, source, rule or shape is read, by its local name (a rule: `rule/<name>`).

        The address is from the top of the site and may end in an anchor. An empty string: nowhere.
        """
        return self._library.links.of(rfy(name))

    @cached_property
    def _files(self) -> Mapping[str, str]:
        """The paths of the files of the knowledge, by the path in the site."""
        return {f"{HOME}files/{path}": path for path in self._library.knowledge.files.contents}

    @cached_property
    def _drafts(self) -> Mapping[str, Callable[[], Draft]]:
        library, links = self._library, self._library.links
        found: dict[str, Callable[[], Draft]] = {
            f"{HOME}index.html": partial(lists.index, library),
            f"{HOME}about.html": partial(lists.about, library),
            f"{HOME}terms.html": partial(lists.terms, library),
            f"{HOME}modules.html": partial(lists.modules, library),
            f"{HOME}files.html": partial(lists.files, library),
            f"{HOME}sources.html": partial(lists.sources, library),
            f"{HOME}rules.html": partial(rules, library),
            f"{HOME}queries.html": partial(queries, library),
            f"{HOME}shapes.html": partial(shapes, library),
        }
        for node, path in links.terms.items():
            found[path] = partial(term, library, node)
        for node, path in links.sources.items():
            found[path] = partial(source, library, node)
        for node, path in links.shapes.items():
            found[path] = partial(shape, library, node)
        for file in library.knowledge.rules:
            found[links.rules[_rule(file.name)]] = partial(rule, library, file)
        for name, path in links.queries.items():
            found[path] = partial(query, library, library.knowledge.queries[name])
        return found

    def _written(self, path: str, draft: Draft) -> str:
        names = {name for name, _, _ in self._navigation}
        return written(
            f"site/{draft.template}",
            title=draft.title,
            root="../" * path.count("/"),
            here=draft.section if draft.section in names else "knowledge",
            navigation=self._navigation,
            sections=() if {name for name, _, _ in SECTIONS} <= names else SECTIONS,
            section=draft.section,
            crumbs=_crumbs(path, draft),
            **draft.values,
        )


def _rule(name: str) -> NamedNode:
    return rfy(f"rule/{name}")


def _crumbs(path: str, draft: Draft) -> tuple[Piece, ...]:
    """Return the way to a page: the pages above it, and its own title."""
    above = [Piece(label, address) for name, label, address in SECTIONS if name in ("knowledge", draft.section)]
    found = [piece for piece in above if piece.href != path]
    return (*found, Piece(draft.title))


def site(knowledge: Knowledge, navigation: Sequence[tuple[str, str, str]] = SECTIONS) -> Site:
    """Return the site of a knowledge. It costs a second's part; keep it as long as the knowledge.

    Args:
        knowledge: The knowledge.
        navigation: The parts that every page leads to: name, label, address from the top. Where these are not all
            parts of the site itself, its pages have a navigation of their own beside it.
    """
    return Site(knowledge, navigation)


def media_type(path: str) -> str:
    """Return the media type of a page or file, by the end of its path."""
    return _MEDIA.get(path.rpartition(".")[2], "application/octet-stream")
