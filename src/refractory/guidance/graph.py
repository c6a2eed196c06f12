"""Every triple of the knowledge with the file that it stands in, so that a fault can name its file.

What is read here is more than a reasoner reads: shapes, alignments, words, and the rules as triples; and every source,
whichever of them were chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse

from refractory.errors import KnowledgeError
from refractory.knowledge.headers import QueryFile, read_query
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.rule_graph import RULE, rule_triples
from refractory.vocabulary import NAMESPACE, ONTOLOGY, Owl, Rdf, rfy

Term = NamedNode | BlankNode | Literal | Triple

_RULES = "queries/reason/"
_TERM = re.compile(re.escape(NAMESPACE) + "[A-Za-z0-9_-]+")


class GuidanceGraph:
    """The files of a knowledge as triples by file.

    Attributes:
        knowledge: The knowledge.
        rules: Every rule, of whatever source.
        by_file: The triples of each Turtle file, and of each rule.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        """Read the files.

        Raises:
            KnowledgeError: A file is not Turtle, or a header is not one.
        """
        self.knowledge = knowledge
        contents = knowledge.files.contents
        self.rules: tuple[QueryFile, ...] = tuple(
            read_query(PurePosixPath(path).stem, path, content)
            for path, content in contents.items()
            if path.startswith(_RULES) and path.endswith(".rq")
        )
        self.by_file: Mapping[str, tuple[Triple, ...]] = {
            **{path: _triples(path, content) for path, content in self.turtle.items()},
            **{rule.path: tuple(rule_triples([rule])) for rule in self.rules},
        }

    @property
    def turtle(self) -> Mapping[str, bytes]:
        """The Turtle files of the ontology."""
        contents = self.knowledge.files.contents
        return {path: text for path, text in contents.items() if path.startswith("ontology/") and path[-4:] == ".ttl"}

    @property
    def of_module(self) -> bool:
        """Whether a module is checked, and not the whole knowledge."""
        return bool(self.knowledge.files.added)

    def checks(self, path: str) -> bool:
        """Say whether a file is of what is checked: of the module if there is one. A fault of no file is of all."""
        return not path or not self.of_module or path in self.knowledge.files.added

    @cached_property
    def store(self) -> Store:
        """All triples in one store, with the codes that a module brings, and with its files opened by the front door.

        The front door belongs to the installation. It cannot name a module from outside, and what is laid on top is
        opened by laying it there: so it counts as importing what a module brings.
        """
        store = Store()
        for triples in self.by_file.values():
            store.bulk_extend(Quad(t.subject, t.predicate, t.object) for t in triples)
        for path in self.knowledge.files.added:
            for t in self.by_file.get(path, ()):
                if t.predicate == Rdf.TYPE and t.object == Owl.ONTOLOGY:
                    store.add(Quad(NamedNode(ONTOLOGY), Owl.IMPORTS, t.subject))
        # The shipped tables stand in Turtle as well; a module has its table alone.
        for term, nearness, curie in self.knowledge.code_table if self.of_module else ():
            match = NamedNode(f"http://www.w3.org/2004/02/skos/core#{nearness}Match")
            if not any(store.quads_for_pattern(term, match, None)):
                store.add(Quad(term, match, NamedNode(f"urn:curie:{curie}")))
        return store

    def file_of(self, entity: Term, predicate: Term | None = None, value: Term | None = None) -> str:
        """Return the file to open for what is said of a term: of several files, the module's before others.

        The file that says just this comes first, then one that says something by this property, then the one that
        gives the term its type, then any that speaks of it, then any that names it.
        """
        about, naming = self._places.get(entity, []), self._mentions.get(entity, [])
        candidates = (
            [path for path, t in about if t.predicate == predicate and t.object == value],
            [path for path, t in about if t.predicate == predicate],
            [path for path, t in about if t.predicate == Rdf.TYPE],
            [path for path, _ in about],
            [path for path, t in naming if value in (t.subject, t.object)],
            [path for path, _ in naming],
        )
        for found in (*([p for p in paths if self.checks(p)] for paths in candidates[:2]), *candidates):
            if found:
                return next((path for path in found if self.checks(path)), found[0])
        return ""

    @cached_property
    def _places(self) -> Mapping[Term, list[tuple[str, Triple]]]:
        """Where something is said of each term."""
        found: dict[Term, list[tuple[str, Triple]]] = {}
        for path, t in self.triples():
            found.setdefault(t.subject, []).append((path, t))
        return found

    @cached_property
    def _mentions(self) -> Mapping[Term, list[tuple[str, Triple]]]:
        """Where each term is named without anything being said of it."""
        found: dict[Term, list[tuple[str, Triple]]] = {}
        for path, t in self.triples():
            found.setdefault(t.predicate, []).append((path, t))
            found.setdefault(t.object, []).append((path, t))
        return found

    def triples(self, predicate: NamedNode | None = None) -> Iterator[tuple[str, Triple]]:
        """Yield each triple with its file; those of one property if it is named."""
        for path, triples in self.by_file.items():
            yield from ((path, t) for t in triples if predicate is None or t.predicate == predicate)

    def is_told_of_a_name(self, entity: Term, predicate: Term | None, value: Term | None) -> bool:
        """Say whether what is wrong comes of a term that nobody declares, which is told by itself: one cause, once."""
        said = [t.object for _, t in self._places.get(entity, ()) if t.predicate == predicate]
        return value in self._undeclared or not self._undeclared.isdisjoint(said)

    @cached_property
    def _undeclared(self) -> frozenset[Term]:
        """The terms of ours that are named somewhere and declared nowhere."""
        declared = {t.subject for _, t in self.triples(Rdf.TYPE)}
        named = {*self._places, *self._mentions} - declared
        return frozenset(t for t in named if isinstance(t, NamedNode) and _TERM.fullmatch(t.value))

    @cached_property
    def guidance(self) -> Mapping[str, str]:
        """The file that declares each source, by the source's local name."""
        return {
            t.subject.value.removeprefix(rfy("").value): path
            for path, t in self.triples(Rdf.TYPE)
            if t.object == rfy("Guidance") and isinstance(t.subject, NamedNode)
        }


def name_of(term: Term) -> str:
    """Return a term as a fault names it."""
    if isinstance(term, NamedNode):
        return term.value.removeprefix(RULE).removeprefix(rfy("").value)
    return term.value if isinstance(term, Literal) else "an axiom without a name"


def _triples(path: str, content: bytes) -> tuple[Triple, ...]:
    try:
        quads = parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True)
        return tuple(Triple(quad.subject, quad.predicate, quad.object) for quad in quads)
    except SyntaxError as error:
        raise KnowledgeError(f"the file is not Turtle: {error}.", place=path) from error
