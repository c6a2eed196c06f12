"""Text in pieces, some of which lead somewhere: a template writes them, escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from refractory.vocabulary import PREFIX


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text.

    Attributes:
        text: What is read.
        href: Where it leads, from the top of the site, or an address outside; an empty string: nowhere.
        look: The class by which the style sheet shows it, if it has one.
    """

    text: str
    href: str = ""
    look: str = ""


Pieces = tuple[Piece, ...]


def keyword(text: str) -> Piece:
    """Return a word of the language itself."""
    return Piece(text, look="keyword")


def plain(pieces: Pieces) -> str:
    """Return the text alone."""
    return "".join(piece.text for piece in pieces)


_TOKEN: Final = re.compile(
    rf"""(?P<iri><[^<>\s]*>)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<comment>\#[^\n]*)
    | (?P<name>(?<![\w:-]){PREFIX}:[A-Za-z0-9_-]+)
    | (?P<keyword>(?<![\w:?$-])(?:ASK|AS|BASE|BIND|BY|CONSTRUCT|DESC|DISTINCT|EXISTS|FILTER|FROM|GRAPH|GROUP|HAVING|IN
        |LIMIT|MINUS|NAMED|NOT|OFFSET|OPTIONAL|ORDER|PREFIX|SELECT|UNION|VALUES|WHERE)(?![\w:-]))""",
    re.VERBOSE,
)


def sparql(text: str, href_of: Callable[[str], str]) -> Pieces:
    """Return the text of a query or rule, its comments and keywords marked, and our names leading to their pages.

    Args:
        text: The text.
        href_of: The address of the page of one of our terms, by its local name; an empty string where there is none.
    """
    return tuple(_tokens(text, href_of))


def names_in(text: str) -> frozenset[str]:
    """Return the local names of our terms in the text of a query; comments do not count."""
    return frozenset(m["name"].partition(":")[2] for m in _TOKEN.finditer(text) if m["name"])


def _tokens(text: str, href_of: Callable[[str], str]) -> Iterator[Piece]:
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            yield Piece(text[end : match.start()])
        end = match.end()
        if match["name"]:
            yield Piece(match[0], href_of(match[0].partition(":")[2]))
        else:
            yield Piece(match[0], look=match.lastgroup if match.lastgroup in {"comment", "keyword"} else "")
    if end < len(text):
        yield Piece(text[end:])
