"""What a knowledge consists of, as items that compare: statements, gaps, positions, axioms, terms, rules, shapes ..."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple, parse

from refractory.errors import KnowledgeError
from refractory.guidance.diff.expressions import Expressions, is_axiom, is_words, name_of
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.headers import QueryFile, read_query
from refractory.knowledge.knowledge import Knowledge
from refractory.site.graph import PREFIXES, sh
from refractory.vocabulary import Dcterms, Owl, Rdf, Rdfs, Skos, local_name, rfy

WHOLE: Final = "ontology"
"""The owner of what belongs to no one guidance: the ontology as a whole, whose header is its front door."""

SORTS: Final = (
    "guidance", "statement", "gap", "position", "axiom", "term", "rule", "shape", "query", "code", "name", "check",
    "source line", "header",
)  # fmt: skip
"""The sorts of items, in the order in which changes are read."""

# What a node is, by the class that it is said to be of; the first that fits.
_BY_TYPE: Final = {
    rfy("Guidance"): "guidance",
    rfy("Statement"): "statement",
    rfy("Gap"): "gap",
    rfy("Position"): "position",
    rfy("SourceLine"): "source line",
    rfy("SourceDocument"): "source line",
    Owl.ONTOLOGY: "header",
}
# The version is what is checked; imports follow the files; days of change say nothing of their own.
_LEFT_OUT: Final = {
    Owl.VERSION_INFO,
    Owl.IMPORTS,
    NamedNode(PREFIXES["owl"] + "versionIRI"),
    NamedNode(PREFIXES["dcterms"] + "created"),
    NamedNode(PREFIXES["dcterms"] + "modified"),
}
_COMMENT: Final = re.compile(r"(?m)(?:^|\s)#.*$")


class Key(NamedTuple):
    """What an item is, and its name."""

    sort: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class Said:
    """One thing that the files say of an item.

    Attributes:
        owners: Whose file says it: guidances, or the ontology as a whole; nobody, if a module without guidance does.
        text: What it says.
        meaning: The same without what is words alone; empty if nothing is left.
    """

    owners: tuple[str, ...]
    text: str
    meaning: str


Items = Mapping[Key, frozenset[Said]]


class ItemReader:
    """Reads the items of one knowledge off its files, and which of them are what others name."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._files: KnowledgeFiles = knowledge.files
        self._found: dict[Key, set[Said]] = {}

    def read(self) -> Items:
        """Return all items.

        Raises:
            KnowledgeError: A file is not what its place asks for.
        """
        turtle = [
            (path, Expressions(_triples(path, content)))
            for path, content in self._files.contents.items()
            if path.endswith(".ttl") and path.startswith("ontology/") and not path.startswith("ontology/alignments/")
        ]
        types = _types(file for _, file in turtle)
        names = self._annotations(turtle)
        for path, file in turtle:
            self._file(path, file, types, names)
        for path, content in self._files.contents.items():
            if path.endswith(".rq"):
                self._query(path, content)
            elif path.endswith(".sssom.tsv"):
                self._codes(path, content)
        self._names()
        return {key: frozenset(said) for key, said in self._found.items()}

    def _add(self, sort: str, name: str, owners: tuple[str, ...], text: str, meaning: str) -> None:
        self._found.setdefault(Key(sort, name), set()).add(Said(owners, text, meaning))

    def _owners(self, path: str) -> tuple[str, ...]:
        """Return whose file one is: a guidance's by its folder; of the rest, a module's its guidances'."""
        if path.startswith("ontology/facts/"):
            return (path.split("/")[2],)
        module = self._files.added.get(path)
        return (WHOLE,) if module is None else self._guidances(module)

    def _guidances(self, module: Path) -> tuple[str, ...]:
        brought = (path for path, root in self._files.added.items() if root == module)
        return tuple(sorted({path.split("/")[2] for path in brought if path.startswith("ontology/facts/")}))

    def _annotations(self, turtle: Sequence[tuple[str, Expressions]]) -> Mapping[str, str]:
        """Add what is said of axioms, and return the name of each axiom that has one, by the axiom as text."""
        names: dict[str, str] = {}
        for path, file in turtle:
            for triples in file.about.values():
                said = {t.predicate: t.object for t in triples}
                parts = [said.get(p) for p in (Owl.ANNOTATED_SOURCE, Owl.ANNOTATED_PROPERTY, Owl.ANNOTATED_TARGET)]
                if said.get(Rdf.TYPE) != Owl.AXIOM or None in parts or not isinstance(parts[1], NamedNode):
                    continue
                axiom = file.triple(Triple(parts[0], parts[1], parts[2]))  # type: ignore[arg-type]
                identifier = said.get(Dcterms.IDENTIFIER)
                names[axiom] = getattr(identifier, "value", axiom)
                about = [t for t in triples if t.predicate != Rdf.TYPE and t.object not in parts]
                for t in about:
                    if t.predicate != Dcterms.IDENTIFIER:
                        self._add("axiom", names[axiom], self._owners(path), file.said(t), _meaning(file, t))
        return names

    def _file(
        self, path: str, file: Expressions, types: Mapping[object, set[object]], names: Mapping[str, str]
    ) -> None:
        owners = self._owners(path)
        for node, triples in file.about.items():
            if any(t.predicate == Rdf.TYPE and t.object == Owl.AXIOM for t in triples):
                continue
            if isinstance(node, BlankNode):
                self._nameless(node, triples, file, owners, names)
                continue
            sort = _sort(path, types.get(node, set()))
            for t in triples:
                text = file.triple(t)
                if text in names or is_axiom(t):
                    self._axiom(text, owners, names)
                elif t.predicate not in _LEFT_OUT:
                    meaning = "" if sort == "header" else _meaning(file, t)
                    self._add(sort, name_of(node), owners, file.said(t), meaning)

    def _axiom(self, text: str, owners: tuple[str, ...], names: Mapping[str, str]) -> None:
        self._add("axiom", names.get(text, text), owners, text, text)

    def _nameless(
        self,
        node: BlankNode,
        triples: Iterable[Triple],
        file: Expressions,
        owners: tuple[str, ...],
        names: Mapping[str, str],
    ) -> None:
        """Add the axioms about a class without a name, and what stands for itself without one."""
        stated = [file.triple(t) for t in triples if is_axiom(t)]
        if not stated and file.is_root(node):
            stated = [file.node(node)]
        for text in stated:
            self._axiom(text, owners, names)

    def _query(self, path: str, content: bytes) -> None:
        """Add a rule or another query: its header, and its text without comments and layout."""
        reason = path.startswith("queries/reason/")
        query = read_query(PurePosixPath(path).stem, path, content)
        folder = PurePosixPath(path).parent
        # A competency question is called by its folder; what stands neither there nor with those of cohorts is a check
        # of the files themselves.
        competency = folder.parent.name == "competency"
        asks = competency or path.startswith("queries/cohort/")
        sort = "rule" if reason else "query" if asks else "check"
        name = folder.name if competency else query.name
        owners = self._of_rule(path, query) if reason else self._owners(path)
        for key, value in query.header.items():
            words = key in {"title", "says", "shown-by"} or not reason
            self._add(sort, name, owners, f"{key}: {value}", "" if words else f"{key}: {value}")
        body = " ".join(_COMMENT.sub("", query.text).split())
        # Prefixes say how names are written, and all write ours the same.
        body = re.sub(r"PREFIX rfy: <[^>]*> ", "", body)
        self._add(sort, name, owners, body, body if reason else "")

    def _of_rule(self, path: str, rule: QueryFile) -> tuple[str, ...]:
        """Return whose rule one is: the module's that brought it, else that of the sources of its statements."""
        if path in self._files.added:
            return self._guidances(self._files.added[path])
        return tuple(sorted({statement.rpartition("-")[0] for statement in rule.list("encodes")}))

    def _codes(self, path: str, content: bytes) -> None:
        lines = (line for line in content.decode("utf-8").splitlines() if not line.startswith("#"))
        for row in csv.DictReader(lines, delimiter="\t"):
            meaning = f"{row['predicate_id']} {row['object_id']}"
            name = f"{row['subject_id'].removeprefix('rfy:')} {row['object_id']}"
            self._add("code", name, self._owners(path), meaning, meaning)

    def _names(self) -> None:
        """Add the words by which a case may call what it names: they are words, and yet others rely on them."""
        owners: dict[str, tuple[str, ...]] = {}
        for key, said in self._found.items():
            if key.sort == "term":
                owners |= {f"{key.name} {s.text}": s.owners for s in said if not s.meaning}
        for term in sorted(nameable(self._knowledge), key=str):
            for predicate in (Rdfs.LABEL, Skos.ALT_LABEL):
                for value in self._knowledge.values(term, predicate):
                    name = local_name(term.value)
                    whose = owners.get(f"{name} {name_of(predicate)} “{value.value}”", ())
                    self._add("name", name_item(value.value, name), whose, value.value.casefold(), "")


def nameable(knowledge: Knowledge) -> frozenset[NamedNode]:
    """Return what a case may call by a name: the members of the classes that the shapes ask its values to be of."""
    classes = {
        triple.object
        for path, content in knowledge.shapes
        for triple in _triples(path, content)
        if triple.predicate == sh("class") and isinstance(triple.object, NamedNode)
    }
    return frozenset(term for cls in classes for term in knowledge.members(cls))


def _meaning(file: Expressions, triple: Triple) -> str:
    return "" if is_words(triple) else file.said(triple, words=False)


def name_item(word: str, term: str) -> str:
    """Return what the item is called that a case may call a term by a word; in whatever letter case."""
    return f"{term}: {word.casefold()}"


def _triples(path: str, content: bytes) -> Iterator[Triple]:
    try:
        yield from (
            Triple(quad.subject, quad.predicate, quad.object) for quad in parse(content, format=RdfFormat.TURTLE)
        )
    except SyntaxError as error:
        raise KnowledgeError(f"the file is not Turtle: {error}.", place=path) from error


def _types(files: Iterable[Expressions]) -> Mapping[object, set[object]]:
    """Return what each named node is said to be, in whichever file."""
    found: dict[object, set[object]] = {}
    for file in files:
        for node, triples in file.about.items():
            if isinstance(node, NamedNode):
                found.setdefault(node, set()).update(t.object for t in triples if t.predicate == Rdf.TYPE)
    return found


def _sort(path: str, types: set[object]) -> str:
    for cls, sort in _BY_TYPE.items():
        if cls in types:
            return sort
    return "shape" if path.startswith("ontology/shapes/") else "term"
