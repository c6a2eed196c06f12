"""Where the page of a proof leads: to the pages of the knowledge that its steps rest on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pyoxigraph import NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.rule_graph import RULE
from refractory.model.proof import Term
from refractory.model.sources import StatementRef
from refractory.render.words import Words
from refractory.site.graph import Graph
from refractory.site.links import Links
from refractory.vocabulary import rfy


@dataclass(frozen=True, slots=True)
class Link:
    """A text and where it leads, from the top of the site; an empty address: nowhere."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Cited:
    """Statements of one source: the source, and the place of each."""

    source: Link
    places: tuple[Link, ...]


class Ways:
    """Finds the pages of rules, terms and statements."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._words = Words(knowledge)
        self._links = Links(Graph(knowledge))

    @classmethod
    def of(cls, knowledge: Knowledge) -> Ways:
        """Return the ways of a knowledge; the same knowledge has the same ones, because finding them takes time."""
        if knowledge.hash not in _made:
            while len(_made) >= _KEPT:
                _made.pop(next(iter(_made)))
            _made[knowledge.hash] = Ways(knowledge)
        return _made[knowledge.hash]

    def rule(self, name: str, title: str) -> Link:
        """Return the way to a rule."""
        return Link(title, self._links.of(NamedNode(RULE + name)))

    def axiom(self, terms: Iterable[Term]) -> tuple[Link, ...]:
        """Return the ways to the terms of an axiom that are ours, each once."""
        named = dict.fromkeys(term for term in terms if isinstance(term, NamedNode))
        return tuple(
            Link(self._words.label(_local(term)), href) for term in named if (href := self._links.page_of(term))
        )

    def cited(self, statements: Iterable[StatementRef]) -> tuple[Cited, ...]:
        """Return the ways to statements, by source: each to its line, or where it has none to itself."""
        return tuple(
            Cited(
                Link(source, self._links.of(rfy(source))),
                tuple(Link(self._words.place(statement), self.statement(statement)) for statement in group),
            )
            for source, group in groupby(statements, key=lambda statement: statement.source)
        )

    def statement(self, statement: StatementRef) -> str:
        """Return the address of a statement."""
        if not self._words.has_line(statement.id):
            return self._links.of(rfy(statement.id))
        return f"{self._links.of(rfy(statement.source))}#line-{statement.line}"


# By the hash of the knowledge. A worker has one; a few stay where tests compare several.
_KEPT: Final = 4
_made: dict[str, Ways] = {}


def _local(term: NamedNode) -> str:
    return term.value.removeprefix(rfy("").value)
