"""The form of a case, made from the shapes: which fields there are, what each is called, and what may stand in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from refractory.case.mapping import CaseMapping, Key, Part
from refractory.case.quantities import UNIT_CODE, Quantities
from refractory.knowledge.knowledge import Knowledge
from refractory.render.words import capital
from refractory.vocabulary import Rdf, Rdfs, Skos, Xsd, local_name, rfy

_SH: Final = "http://www.w3.org/ns/shacl#"
_KIND_OF: Final = rfy("isKindOf")
_FACT: Final = rfy("ClinicalFact")
_LEAST: Final = ("minInclusive", "minExclusive")
_MOST: Final = ("maxInclusive", "maxExclusive")
# What a form writes a literal with, by its datatype.
_INPUTS: Final = {Xsd.DECIMAL: "number", Xsd.DATE: "date", Xsd.STRING: "text"}
# The two keys that say of the same facts that they are there, and that they are not.
_PRESENT, _ABSENT = "present", "absent"
_LAST: Final = 1_000

Node = NamedNode | BlankNode
Term = NamedNode | BlankNode | Literal


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose: its local name, its label, and how many wholes it is a kind of."""

    value: str
    label: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """A field.

    Attributes:
        key: The key of the JSON form of a case.
        predicate: The local name of the property that it stands for.
        label: What it is called.
        hint: What is to be said in it.
        kind: `date`, `number`, `text`, `one` (one of the options) or `many` (any of them).
        required: Something must stand in it, if anything stands in what it is a part of.
        least: The least number, or an empty string.
        most: The greatest number, or an empty string.
        options: What may be chosen.
    """

    key: str
    predicate: str
    label: str
    hint: str
    kind: str
    required: bool = False
    least: str = ""
    most: str = ""
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A clinical fact: its local name, its label, how to ask for it, and how many wholes it is a kind of."""

    name: str
    label: str
    asks: str
    depth: int


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts of one sort, and what the sort is; the first group has no sort of its own."""

    title: str
    definition: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the form.

    Attributes:
        kind: `plain` (fields of the case itself), `part` (of its one part), `list` (of as many parts as there are),
            `choices` (one field of many choices), `facts`.
        key: The key of the part, or of the choices; an empty string for fields of the case itself.
        title: What stands above it.
        hint: What it is for.
        fields: Its fields, or those of each part.
        one: What one part of a list is called.
        facts: The facts, in their groups.
    """

    kind: str
    key: str
    title: str
    hint: str
    fields: tuple[Field, ...] = ()
    one: str = ""
    facts: tuple[FactGroup, ...] = ()


@dataclass(frozen=True)
class CaseForm:
    """All sections, in the order of the shapes."""

    sections: tuple[Section, ...]

    @classmethod
    def of(cls, knowledge: Knowledge) -> CaseForm:
        """Return the form that the shapes of a knowledge describe."""
        if knowledge.hash not in _made:
            while len(_made) >= _KEPT:
                _made.pop(next(iter(_made)))
            _made[knowledge.hash] = CaseForm(tuple(_Maker(knowledge).sections()))
        return _made[knowledge.hash]

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """All clinical facts, in the order of the form."""
        return tuple(fact for section in self.sections for group in section.facts for fact in group.facts)

    @cached_property
    def fact_names(self) -> frozenset[str]:
        """The local names of all clinical facts."""
        return frozenset(fact.name for fact in self.facts)

    def by_predicate(self, predicate: str) -> tuple[Section, Field] | None:
        """Return the field of a property that is said of the case itself or of its one part; None if there is none."""
        for section in self.sections:
            for field in section.fields:
                if section.kind in {"plain", "part"} and field.predicate == predicate:
                    return section, field
        return None


# By the hash of the knowledge. A worker has one; a few stay where tests compare several.
_KEPT: Final = 4
_made: dict[str, CaseForm] = {}


class _Maker:
    """Reads shapes and the mapping side by side: the mapping says which keys there are, the shapes what each is."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._mapping = CaseMapping.of(knowledge)
        self._said: dict[Node, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for _, content in knowledge.shapes:
            for quad in parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True):
                if isinstance(quad.subject, Node) and isinstance(quad.object, Term):
                    self._said[quad.subject][quad.predicate.value].append(quad.object)

    def sections(self) -> Iterator[Section]:
        """Yield the sections in the order of the shape of a case; its own single values stand together, first."""
        described = self._described(self._mapping.case)
        plain = tuple(self._field(key, shape) for key, shape in described if key.part is None and not key.many)
        group = self._one(described[0][1], _SH + "group")
        title, hint = capital(self._text(group, Rdfs.LABEL.value)), self._text(group, Skos.DEFINITION.value)
        yield Section("plain", "", title, hint, plain)
        for key, shape in described:
            title, hint = capital(self._text(shape, _SH + "name")), self._text(shape, _SH + "description")
            if key.part is not None:
                fields = tuple(self._field(*inner) for inner in self._described(key.part))
                one = capital(self._knowledge.label(key.part.type))
                yield Section("list" if key.many else "part", key.name, title, hint, fields, one)
            elif key.name == _PRESENT:
                title, hint = f"{capital(self._knowledge.label(_FACT))}s", self._knowledge.text(_FACT, Skos.DEFINITION)
                yield Section("facts", "fact", title, hint, facts=tuple(self._fact_groups()))
            elif key.many and key.name != _ABSENT:
                yield Section("choices", key.name, title, hint, (self._field(key, shape),))

    def _described(self, part: Part) -> list[tuple[Key, Node]]:
        """Return the keys of a case or a part, each with the shape that describes it, in order."""
        found: list[tuple[Key, Node]] = []
        keys = {key.predicate: key for key in part.keys.values()}
        for node in [node for node, said in self._said.items() if part.type in said.get(_SH + "targetClass", ())]:
            for shape in self._said[node][_SH + "property"]:
                path = self._one(shape, _SH + "path")
                if isinstance(shape, Node) and isinstance(path, NamedNode) and _SH + "sparql" not in self._said[shape]:
                    found.append((keys[path], shape))
        return sorted(found, key=lambda pair: self._order(pair[1]))

    def _field(self, key: Key, shape: Node) -> Field:
        options = tuple(self._options(key, shape))
        kind = ("many" if key.many else "one") if options else _INPUTS.get(key.datatype or Xsd.STRING, "text")
        return Field(
            key=key.name,
            predicate=local_name(key.predicate.value),
            label=capital(self._text(shape, _SH + "name")),
            hint=self._text(shape, _SH + "description"),
            kind=kind,
            required=int(self._text(shape, _SH + "minCount") or 0) > 0,
            least=next(filter(None, (self._text(shape, _SH + name) for name in _LEAST)), ""),
            most=next(filter(None, (self._text(shape, _SH + name) for name in _MOST)), ""),
            options=options,
        )

    def _options(self, key: Key, shape: Node) -> Iterator[Option]:
        if key.predicate == UNIT_CODE:
            quantities = Quantities.of(self._knowledge)
            measured = {unit.dimension for unit in quantities.canonical.values()}
            codes = sorted(unit.code for unit in quantities.units.values() if unit.dimension in measured)
            yield from (Option(code, code) for code in codes)
            return
        if listed := self._one(shape, _SH + "in"):
            for term in self._items(listed):
                name = local_name(term.value) if isinstance(term, NamedNode | Literal) else ""
                yield Option(name, self._knowledge.label(term) if isinstance(term, NamedNode) else name)
            return
        classes = [self._one(one, _SH + "class") for one in (shape, *self._items(self._one(shape, _SH + "or")))]
        members = {m for cls in classes if isinstance(cls, NamedNode) for m in self._knowledge.members(cls)}
        for term, depth in self._as_tree(members, lambda term: (0, self._knowledge.label(term))):
            yield Option(local_name(term.value), self._knowledge.label(term), depth)

    # ---- facts ----

    def _fact_groups(self) -> Iterator[FactGroup]:
        """Yield the facts in groups: those of no narrower sort first, each other with the narrowest sort it is of."""
        knowledge = self._knowledge
        members = knowledge.members(_FACT)
        groups: dict[NamedNode, list[tuple[NamedNode, int]]] = {_FACT: []}
        sort = _FACT
        for fact, depth in self._as_tree(members, self._place):
            # A kind of a fact stands below it, of whatever sort it is itself.
            sort = sort if depth else self._sort(fact)
            groups.setdefault(sort, []).append((fact, depth))
        for cls, facts in groups.items():
            title, definition = knowledge.label(cls), knowledge.text(cls, Skos.DEFINITION)
            said = ("", "") if cls == _FACT else (capital(title), definition)
            yield FactGroup(*said, tuple(self._fact(fact, depth) for fact, depth in facts))

    def _sort(self, fact: NamedNode) -> NamedNode:
        """Return the class of a fact that has the fewest members."""
        sorts = [cls for cls in self._knowledge.values(fact, Rdf.TYPE) if isinstance(cls, NamedNode)]
        return min(sorts, key=lambda cls: (len(self._knowledge.members(cls)), cls.value))

    def _fact(self, fact: NamedNode, depth: int) -> Fact:
        asks = self._knowledge.text(fact, rfy("asks"))
        return Fact(local_name(fact.value), capital(self._knowledge.label(fact)), asks, depth)

    def _place(self, term: NamedNode) -> tuple[int, str]:
        return int(self._knowledge.text(term, rfy("stepOrder")) or _LAST), self._knowledge.label(term)

    # ---- order and words ----

    def _as_tree(
        self, terms: Iterable[NamedNode], place: Callable[[NamedNode], tuple[int, str]]
    ) -> Iterator[tuple[NamedNode, int]]:
        """Yield terms with how deep each stands: each whole before its kinds, and else by their places."""
        members = set(terms)
        wholes = {
            term: next((w for w in self._knowledge.values(term, _KIND_OF) if w in members), None) for term in members
        }

        def below(whole: object, depth: int) -> Iterator[tuple[NamedNode, int]]:
            for term in sorted((t for t in members if wholes[t] == whole), key=place):
                yield term, depth
                yield from below(term, depth + 1)

        yield from below(None, 0)

    def _items(self, head: Term | None) -> Iterator[Term]:
        while isinstance(head, Node) and head != Rdf.NIL:
            yield from self._said[head][Rdf.FIRST.value]
            head = self._one(head, Rdf.REST.value)

    def _one(self, node: Term | None, predicate: str) -> Term | None:
        return next(iter(self._said[node][predicate]), None) if isinstance(node, Node) else None

    def _text(self, node: Term | None, predicate: str) -> str:
        found = self._said[node][predicate] if isinstance(node, Node) else []
        return next((term.value for term in found if isinstance(term, Literal)), "")

    def _order(self, shape: Node) -> float:
        return float(self._text(shape, _SH + "order") or _LAST)
