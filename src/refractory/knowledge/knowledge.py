"""The knowledge, loaded: one immutable value that every stage reads and none changes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse

from refractory.errors import KnowledgeError, UsageError
from refractory.knowledge.files import KnowledgeFiles, digest
from refractory.knowledge.headers import QueryFile, read_query
from refractory.knowledge.names import NameIndex, did_you_mean
from refractory.model.sources import StatementRef
from refractory.vocabulary import NAMESPACE, Dcterms, Owl, Rdf, Rdfs, Skos, rfy

Made = TypeVar("Made")

_WORDS = "-words.ttl"
_CODES = "ontology/alignments", ".sssom.tsv"


@dataclass(frozen=True, slots=True)
class Guidance:
    """One source: its identifier, version, and the hash of the document it encodes (none for our own reading)."""

    id: str
    version: str
    source_sha256: str | None


@dataclass(frozen=True)
class Knowledge:
    """Ontology, rules, queries and shapes of the chosen guidance.

    Attributes:
        files: The files it was read from.
        guidance: The chosen sources, the leading one first.
        logic: The triples that a reasoner reads: no annotations, no headers, no words.
        triples: All triples, words included.
        rules: The rules that encode a statement of a chosen source, by name.
        hash: SHA-256 over ontology, rules and the choice of guidance.
    """

    files: KnowledgeFiles
    guidance: tuple[Guidance, ...]
    logic: tuple[Triple, ...]
    triples: tuple[Triple, ...]
    rules: tuple[QueryFile, ...]
    hash: str

    @classmethod
    def load(
        cls, path: str | Path | Sequence[str | Path] | None = None, guidance: Sequence[str] | None = None
    ) -> Knowledge:
        """Load the knowledge that is shipped, that of another folder, or either with modules laid on it.

        Args:
            path: A folder, or several: one with `ontology/refractory.ttl` stands in the place of the shipped knowledge,
                any other is a module that is added to it.
            guidance: Identifiers of the sources to use; all by default. What accompanies a source comes with it.

        Raises:
            UsageError: A folder or an identifier is unknown.
            KnowledgeError: The files are at fault.
        """
        paths = [path] if isinstance(path, str | Path) else path or ()
        return load_files(KnowledgeFiles.gather(paths), guidance)

    def once(self, make: Callable[[Knowledge], Made]) -> Made:
        """Return what a function makes of this knowledge, made when it is first asked for: the same for every case.

        Here stages keep what they work out of the knowledge alone, so it is not to be changed.
        """
        found: Made | None = self._made.get(make)
        # Two threads may both make it; both then use what the first of them put here.
        return self._made.setdefault(make, make(self)) if found is None else found

    @cached_property
    def _made(self) -> dict[Callable[[Knowledge], Any], Any]:
        return {}

    @cached_property
    def store(self) -> Store:
        """All triples in the default graph of a SPARQL store. It is shared: read from it only."""
        store = Store()
        store.bulk_extend(Quad(t.subject, t.predicate, t.object) for t in self.triples)
        return store

    @cached_property
    def _by_predicate(self) -> Mapping[NamedNode, Sequence[Triple]]:
        found: dict[NamedNode, list[Triple]] = {}
        for t in self.triples:
            found.setdefault(t.predicate, []).append(t)
        return found

    @cached_property
    def _values(self) -> dict[NamedNode, Mapping[object, tuple[NamedNode | BlankNode | Literal, ...]]]:
        """For each predicate that was asked for, what each subject has; most are never asked for."""
        return {}

    def values(
        self, subject: NamedNode | BlankNode, predicate: NamedNode
    ) -> tuple[NamedNode | BlankNode | Literal, ...]:
        """Return what a term is said to have, in canonical order."""
        found = self._values.get(predicate)
        if found is None:
            found = self._values[predicate] = self._values_of(predicate)
        return found.get(subject, ())

    def _values_of(self, predicate: NamedNode) -> Mapping[object, tuple[NamedNode | BlankNode | Literal, ...]]:
        found: dict[object, set[NamedNode | BlankNode | Literal]] = {}
        for t in self._by_predicate.get(predicate, ()):
            if isinstance(value := t.object, NamedNode | BlankNode | Literal):
                found.setdefault(t.subject, set()).add(value)
        return {subject: tuple(sorted(values, key=str)) for subject, values in found.items()}

    def value(self, subject: NamedNode | BlankNode, predicate: NamedNode) -> NamedNode | BlankNode | Literal | None:
        """Return the one thing that a term is said to have, or None."""
        return next(iter(self.values(subject, predicate)), None)

    def text(self, subject: NamedNode | BlankNode, predicate: NamedNode) -> str:
        """Return the text of an annotation, or an empty string."""
        found = self.value(subject, predicate)
        return found.value if isinstance(found, Literal | NamedNode) else ""

    def label(self, term: NamedNode) -> str:
        """Return a term's label; a term without one is shown by its name."""
        return self.text(term, Rdfs.LABEL) or term.value.removeprefix(NAMESPACE)

    def subjects(self, predicate: NamedNode, value: NamedNode | Literal | None = None) -> tuple[NamedNode, ...]:
        """Return the named terms that have a property (with a value), in canonical order."""
        found = self._subjects.get(predicate)
        if found is None:
            found = self._subjects[predicate] = self._subjects_of(predicate)
        return found.get(value, ())

    @cached_property
    def _subjects(self) -> dict[NamedNode, Mapping[NamedNode | Literal | None, tuple[NamedNode, ...]]]:
        """For each predicate that was asked for, what has each value, or any; most are never asked for."""
        return {}

    def _subjects_of(self, predicate: NamedNode) -> Mapping[NamedNode | Literal | None, tuple[NamedNode, ...]]:
        found: dict[NamedNode | Literal | None, set[NamedNode]] = {}
        for t in self._by_predicate.get(predicate, ()):
            subject, value = t.subject, t.object
            if isinstance(subject, NamedNode) and isinstance(value, NamedNode | Literal):
                found.setdefault(value, set()).add(subject)
                found.setdefault(None, set()).add(subject)
        return {value: tuple(sorted(terms, key=str)) for value, terms in found.items()}

    @cached_property
    def encodes(self) -> Mapping[str, tuple[str, ...]]:
        """The statements that each rule encodes, by the rule's name."""
        return {rule.name: rule.list("encodes") for rule in self.rules}

    def ranks_after_leader(self, predicate: NamedNode) -> bool:
        """Say whether a property that grades an action counts only where the leading source gives the action none."""
        return self.text(predicate, rfy("ranksAfterLeader")) == "true"

    @cached_property
    def carried(self) -> Mapping[Triple, tuple[str, ...]]:
        """The statements that each annotated axiom carries, by the triple that states the axiom."""
        found = {}
        for axiom in (t.subject for t in self.triples if t.predicate == Rdf.TYPE and t.object == Owl.AXIOM):
            if not isinstance(axiom, NamedNode | BlankNode):
                continue
            parts = (Owl.ANNOTATED_SOURCE, Owl.ANNOTATED_PROPERTY, Owl.ANNOTATED_TARGET)
            source, predicate, target = (self.value(axiom, part) for part in parts)
            if isinstance(source, NamedNode | BlankNode) and isinstance(predicate, NamedNode) and target is not None:
                encoded = (v.value for v in self.values(axiom, rfy("encodes")) if isinstance(v, NamedNode))
                found[Triple(source, predicate, target)] = tuple(iri.removeprefix(NAMESPACE) for iri in encoded)
        return found

    @cached_property
    def statements(self) -> Mapping[str, StatementRef]:
        """The statements of all sources with their places, by their local names."""
        return {
            term.value.removeprefix(NAMESPACE): StatementRef(
                term.value.removeprefix(NAMESPACE),
                self.text(term, rfy("ofGuidance")).removeprefix(NAMESPACE),
                self.line_of(term),
                self.text(term, rfy("citation")) or None,
            )
            for term in self.subjects(Rdf.TYPE, rfy("Statement"))
        }

    def cited(self, identifiers: Iterable[str]) -> tuple[StatementRef, ...]:
        """Return statements of the sources in use by their local names: the leading source first, then by line."""
        return self._in_order(frozenset(identifiers))

    @cached_property
    def _in_order(self) -> Callable[[frozenset[str]], tuple[StatementRef, ...]]:
        """What sorts statements. It remembers the latest: the same few sets are cited in case after case."""
        order = {source.id: place for place, source in enumerate(self.guidance)}

        @lru_cache(maxsize=4_096)
        def in_order(identifiers: frozenset[str]) -> tuple[StatementRef, ...]:
            found = [self.statements[identifier] for identifier in identifiers]
            used = [statement for statement in found if statement.source in order]
            return tuple(sorted(used, key=lambda s: (order[s.source], s.line, s.id)))

        return in_order

    def line_of(self, term: NamedNode) -> int:
        """Return the line on which a statement or gap stands in its source, or the number of one of our own."""
        line = self.value(term, rfy("onLine"))
        if isinstance(line, NamedNode | BlankNode):
            return int(self.text(line, rfy("lineNumber")))
        return int(self.text(term, rfy("statementNumber")))

    @cached_property
    def individuals(self) -> frozenset[NamedNode]:
        """The named individuals that the logic declares."""
        return frozenset(
            t.subject
            for t in self.logic
            if t.predicate == Rdf.TYPE
            and isinstance(t.subject, NamedNode)
            and isinstance(t.object, NamedNode)
            and t.object.value.startswith(NAMESPACE)
        )

    @cached_property
    def names(self) -> NameIndex:
        """The names by which a case may call an individual."""
        return NameIndex(self._names())

    def _names(self) -> Iterator[tuple[str, NamedNode]]:
        for term in sorted(self.individuals, key=str):
            yield term.value.removeprefix(NAMESPACE), term
            yield term.value, term
            for predicate in (Rdfs.LABEL, Skos.ALT_LABEL):
                yield from ((value.value, term) for value in self.values(term, predicate) if isinstance(value, Literal))
        for term, curie, iri in self._exact_matches():
            if term in self.individuals:
                yield curie, term
                yield iri, term

    def _exact_matches(self) -> Iterator[tuple[NamedNode, str, str]]:
        """Yield (term, CURIE, IRI) of the codes that mean exactly one of our terms."""
        prefixes: dict[str, str] = {}
        for text in self._code_files:
            header = [line.removeprefix("#") for line in text.splitlines() if line.startswith("#")]
            prefixes |= dict(_prefix(line) for line in header if line.startswith("  ") and ": " in line)
        for term, nearness, curie in self.code_table:
            if nearness == "exact":
                prefix, _, code = curie.partition(":")
                yield term, curie, prefixes[prefix] + code

    @cached_property
    def code_table(self) -> tuple[tuple[NamedNode, str, str], ...]:
        """The codes of foreign vocabularies: the term, how near the code is (`exact`, `narrow` ...), its CURIE."""
        return tuple(
            (
                rfy(row["subject_id"].removeprefix("rfy:")),
                row["predicate_id"].removeprefix("skos:").removesuffix("Match"),
                row["object_id"],
            )
            for text in self._code_files
            for row in csv.DictReader((line for line in text.splitlines() if line[:1] != "#"), delimiter="\t")
        )

    @cached_property
    def _code_files(self) -> tuple[str, ...]:
        return tuple(content.decode("utf-8") for content in self.files.under(*_CODES).values())

    def members(self, cls: NamedNode) -> frozenset[NamedNode]:
        """Return the individuals of a class or of the classes declared below it."""
        classes: set[object] = {cls}
        while (
            more := {t.subject for t in self.logic if t.predicate == Rdfs.SUB_CLASS_OF and t.object in classes}
            - classes
        ):
            classes |= more
        return frozenset(
            t.subject
            for t in self.logic
            if t.predicate == Rdf.TYPE and t.object in classes and isinstance(t.subject, NamedNode)
        )

    @cached_property
    def shapes(self) -> tuple[tuple[str, bytes], ...]:
        """The SHACL files by path."""
        return tuple(self.files.under("ontology/shapes", ".ttl").items())

    @cached_property
    def queries(self) -> Mapping[str, QueryFile]:
        """The competency questions by name: each a folder with one `.rq`."""
        found = self.files.under("queries/competency", ".rq")
        return {path.split("/")[2]: read_query(path.split("/")[2], path, content) for path, content in found.items()}

    @cached_property
    def cohort_queries(self) -> Mapping[str, QueryFile]:
        """The questions to the answers of a cohort, by name; a knowledge of one's own may have none."""
        folder = "queries/cohort/"
        found = {
            path: content
            for path, content in self.files.contents.items()
            if path.startswith(folder) and path.endswith(".rq")
        }
        return {Path(path).stem: read_query(Path(path).stem, path, content) for path, content in found.items()}


def _prefix(line: str) -> tuple[str, str]:
    name, _, iri = line.strip().partition(": ")
    return name.strip(), iri.strip().strip("\"'")


def load_files(files: KnowledgeFiles, guidance: Sequence[str] | None = None) -> Knowledge:
    """Make the knowledge of files already read; tests take files out to see what falls.

    Raises:
        UsageError: An identifier of guidance is unknown.
        KnowledgeError: The files are at fault.
    """
    modules = files.under("ontology/modules", ".ttl")
    facts = files.under("ontology/facts", ".ttl")
    parsed = {path: _parse(path, content) for path, content in {**modules, **facts}.items()}
    brought = {path.split("/")[2] for path in files.added if path in facts}
    ties = _guidance([t for triples in parsed.values() for t in triples], brought)
    chosen = _choose(ties, guidance)
    used = {
        path: triples
        for path, triples in parsed.items()
        if path in modules or path.split("/")[2] in {source.id for source in chosen}
    }
    triples = tuple(t for path in sorted(used) for t in used[path])
    annotations = {t.subject for t in triples if t.predicate == Rdf.TYPE and t.object == Owl.ANNOTATION_PROPERTY}
    logic = tuple(t for path in sorted(used) if not path.endswith(_WORDS) for t in _logic(used[path], annotations))
    rules = tuple(
        rule
        for path, content in files.under("queries/reason", ".rq").items()
        if _of(rule := read_query(Path(path).stem, path, content), {source.id for source in chosen})
    )
    if not rules:
        raise KnowledgeError("no rule encodes a statement of the chosen guidance.", place=str(files.root))
    # What an answer follows from: questions asked of the knowledge, how it is checked, and schemas, change none.
    relevant = {
        path: content
        for path, content in files.contents.items()
        if path.startswith(("ontology/", "queries/reason/")) and not path.startswith("ontology/lint/")
    }
    choice = {"guidance": ",".join(source.id for source in chosen).encode()}
    return Knowledge(files, chosen, logic, triples, rules, digest({**relevant, **choice}))


def _parse(path: str, content: bytes) -> list[Triple]:
    try:
        quads = parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True)
        return [Triple(quad.subject, quad.predicate, quad.object) for quad in quads]
    except SyntaxError as error:
        raise KnowledgeError(f"the file is not Turtle: {error}.", place=path) from error


def _logic(triples: Iterable[Triple], annotations: AbstractSet[object]) -> Iterator[Triple]:
    """Yield what has a meaning in OWL: annotations and headers have none, and only slow a reasoner."""
    triples = list(triples)
    silent = {
        t.subject
        for t in triples
        if t.predicate == Rdf.TYPE and t.object in (Owl.AXIOM, Owl.ONTOLOGY, Owl.ANNOTATION_PROPERTY)
    }
    for t in triples:
        if t.subject not in silent and t.predicate not in annotations:
            yield t


@dataclass(frozen=True, slots=True)
class _Ties:
    """The sources by identifier, and how they belong together.

    Attributes:
        known: Each source.
        beside: For each source that stands beside a leading one, that one.
        companions: For each companion, the source that it accompanies.
        comparisons: For each companion of all that stands beside a leading source, the leading one.
        brought: The sources that modules bring.
    """

    known: Mapping[str, Guidance]
    beside: Mapping[str, str]
    companions: Mapping[str, str]
    comparisons: Mapping[str, str]
    brought: AbstractSet[str]

    def with_what_belongs(self, names: Iterable[str]) -> set[str]:
        """Return sources with those that they belong to, and with the companions of all."""
        chosen = set(names)
        for tie in (self.comparisons, self.beside, self.companions):
            chosen |= {tie[name] for name in chosen if name in tie}
        chosen |= {name for name, leader in self.companions.items() if leader in chosen}
        besides = {self.beside[name] for name in chosen if name in self.beside}
        return chosen | {name for name, leader in self.comparisons.items() if leader in besides}

    def order(self, name: str) -> tuple[int, bool, str]:
        """Return the place of a source: what leads, its companions, what stands beside, our comparison of that.

        What a module brings comes after what was there before, so that it leads nothing that led without it.
        """
        group = 3 if name in self.comparisons else 2 if name in self.beside else 1 if name in self.companions else 0
        return group, name in self.brought, name


def _guidance(triples: list[Triple], brought: AbstractSet[str]) -> _Ties:
    """Return the sources that are declared, and how they belong together."""
    by_subject: dict[object, dict[NamedNode, str]] = {}
    for t in triples:
        if isinstance(t.object, Literal | NamedNode):
            by_subject.setdefault(t.subject, {})[t.predicate] = t.object.value
    known: dict[str, Guidance] = {}
    ties: dict[str, dict[str, str]] = {"standsBeside": {}, "accompanies": {}, "accompaniesSourcesBeside": {}}
    for t in triples:
        if t.predicate == Rdf.TYPE and t.object == rfy("Guidance"):
            said = by_subject[t.subject]
            for predicate, name in ((Dcterms.IDENTIFIER, "dcterms:identifier"), (Owl.VERSION_INFO, "owl:versionInfo")):
                if predicate not in said:
                    raise KnowledgeError(
                        f"the source has no {name}.",
                        place=str(t.subject),
                        why="A source is chosen by its identifier, and an answer says by which version it was given.",
                        fix=f"Add {name}.",
                    )
            identifier = said[Dcterms.IDENTIFIER]
            document = (
                by_subject.get(NamedNode(said[rfy("hasSourceDocument")]), {})
                if rfy("hasSourceDocument") in said
                else {}
            )
            known[identifier] = Guidance(identifier, said[Owl.VERSION_INFO], document.get(rfy("sha256")))
            for tie, found in ties.items():
                if rfy(tie) in said:
                    found[identifier] = said[rfy(tie)].removeprefix(NAMESPACE)
    if not known:
        raise KnowledgeError("no source of guidance is declared.", place="ontology/facts")
    return _Ties(known, ties["standsBeside"], ties["accompanies"], ties["accompaniesSourcesBeside"], brought)


def _choose(ties: _Ties, wanted: Sequence[str] | None) -> tuple[Guidance, ...]:
    names = NameIndex((name, NamedNode(NAMESPACE + name)) for name in ties.known)
    for name in wanted or ():
        if name not in ties.known:
            raise UsageError(
                f"no guidance is called {name!r}.",
                fix=did_you_mean(names.nearest(name)) or f"Known are {', '.join(sorted(ties.known))}.",
            )
    chosen = ties.with_what_belongs(wanted or ties.known)
    return tuple(ties.known[name] for name in sorted(chosen, key=ties.order))


def _of(rule: QueryFile, chosen: set[str]) -> bool:
    """Say whether a rule encodes a statement of a chosen source; one that encodes none is a fault of the knowledge."""
    statements = rule.list("encodes")
    if not statements:
        raise KnowledgeError(
            "the rule names no statement that it encodes.", place=rule.path, fix="Add `#+ encodes: ...`."
        )
    return any(statement.rpartition("-")[0] in chosen for statement in statements)
