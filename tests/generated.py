"""Random cases over the whole vocabulary, each valid by construction with regard to the shapes.

Nothing of the vocabulary is written here. The published context tells which keys there are; the shapes, which terms
and numbers a key may have; the comparisons of the rules and the numbers of the knowledge, around which numbers
something may change; the rules, which terms matter: those that many of them name are drawn often, others seldom.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store, parse

from refractory import Case
from refractory.case.mapping import CaseMapping, Key, Part
from refractory.case.quantities import Quantities
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import NAMESPACE, Owl, Rdf, Xsd, local_name, rfy
from tests.support import shipped

JsonCase = dict[str, Any]

_SH = "http://www.w3.org/ns/shacl#"
_ASSESSED = date(2026, 3, 10)
_TEXTS = ("lesion, left thorax", "Lesion,  LEFT thorax.", "lip", "swab of an ulcer; sacrum", "Läsion am Rücken")
_COMPARED = re.compile(r"\?(\w+)\s*(?:<=|>=|<|>|=|!=)\s*(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers that a key may have.

    Attributes:
        least: The lower bound; `above` says that it is itself not allowed.
        most: The upper bound.
        around: Numbers at which some conclusion may change.
    """

    least: Decimal
    above: bool
    most: Decimal
    around: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a generated case is made of, read from the knowledge.

    Attributes:
        case: The case's part of the context, with all others below it.
        terms: The terms that each property may lead to.
        needed: The properties that a part cannot do without.
        numbers: The numbers of each property that has numbers.
        weights: How often each term is named by rules and restrictions; the more, the more often it is drawn.
        kinds: For each term, itself and all that it is a kind of.
        genes: The genes of each virus.
        measured: The numbers that each quantity may have, in its canonical unit.
        quantities: The units, and what a number in one is in another.
    """

    case: Part
    terms: Mapping[NamedNode, tuple[NamedNode, ...]]
    needed: frozenset[NamedNode]
    numbers: Mapping[NamedNode, Numbers]
    weights: Mapping[NamedNode, int]
    kinds: Mapping[NamedNode, frozenset[NamedNode]]
    genes: Mapping[NamedNode, tuple[NamedNode, ...]]
    measured: Mapping[NamedNode, Numbers]
    quantities: Quantities


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of the shipped knowledge."""
    knowledge = shipped().knowledge
    mapping = CaseMapping.of(knowledge)
    shapes = _shapes(knowledge)
    bounds = {path: _bounds(shape, path, knowledge) for path, shape in shapes.items() if "datatype" in shape}
    terms = {path: _members(shape, knowledge) for path, shape in shapes.items() if "datatype" not in shape}
    numbers = {path: numbers for path, numbers in bounds.items() if numbers}
    quantities = Quantities.of(knowledge)
    return Vocabulary(
        case=mapping.case,
        terms=terms,
        needed=frozenset(path for path, shape in shapes.items() if shape.get("minCount")),
        numbers=numbers,
        weights=_weights(knowledge),
        kinds={term: _upwards(term, knowledge) for pool in terms.values() for term in pool},
        genes={virus: tuple(knowledge.subjects(rfy("isGeneOf"), virus)) for virus in knowledge.members(rfy("Virus"))},
        measured={
            quantity: _limits(quantity, numbers.get(quantities.stated.get(quantity, quantity)), knowledge)
            for quantity in quantities.canonical
        },
        quantities=quantities,
    )


def generated(seed: int, count: int) -> list[JsonCase]:
    """Return cases in JSON form, the same for the same seed."""
    random = Random(seed)  # noqa: S311  # a fixed seed is what is wanted here
    return [draw(random, f"https://example.org/generated/{seed}/{number}") for number in range(count)]


def read(cases: Sequence[JsonCase]) -> list[Case]:
    """Return generated cases as the reader reads them."""
    knowledge = shipped().knowledge
    return [Case.from_json(case, knowledge) for case in cases]


def drawn(identifier: str = "https://example.org/generated/drawn") -> st.SearchStrategy[JsonCase]:
    """Return a strategy of cases; hypothesis makes the random choices, so it can shrink them."""
    return st.builds(draw, st.randoms(use_true_random=False), st.just(identifier))


def draw(random: Random, identifier: str) -> JsonCase:
    """Return a case with the given IRI.

    It says each of its parts with even odds or better, and holds to what the shapes forbid: no day after that of the
    assessment, no end before its start, none of what goes on, no fact present that is absent or of an absent kind,
    only genes of the virus that they are found in, and one value of each quantity, in a unit of its dimension.
    """
    return _Drawing(random, vocabulary()).case(identifier)


@dataclass(frozen=True)
class _Drawing:
    random: Random
    words: Vocabulary

    def case(self, identifier: str) -> JsonCase:
        today = _ASSESSED if self._often(0.85) else None
        case: JsonCase = {"id": identifier}
        for key in self.words.case.keys.values():
            if key.part and key.many:
                count = self.random.choices((0, 1, 2, 3, 4), (2, 4, 3, 2, 1))[0]
                parts = self._parts(key.part, today, count)
                if parts or self._often(0.2):
                    case[key.name] = parts
            elif key.part:
                if self._often(0.8):
                    case[key.name] = self._part(key.part, today)
            elif key.datatype == Xsd.DATE:
                if today:
                    case[key.name] = today.isoformat()
            elif key.many:
                case[key.name] = self._names(key)
            elif self._often(0.85):
                case[key.name] = self._name(key)
        self._agree(case)
        return {name: value for name, value in case.items() if value != [] or self._often(0.3)}

    def _parts(self, part: Part, today: date | None, count: int) -> list[JsonCase]:
        """Return parts, among which some differ from the one before in a few things only, as results that disagree."""
        parts: list[JsonCase] = []
        for _ in range(count):
            fresh = self._part(part, today)
            if parts and self._often(0.4):
                changed = {name: value for name, value in fresh.items() if self._often(0.3)}
                fresh = parts[-1] | changed
            parts.append(fresh)
        return parts

    def _part(self, part: Part, today: date | None) -> JsonCase:
        said: JsonCase = {}
        for key in part.keys.values():
            if key.predicate not in self.words.needed and not self._often(0.65):
                continue
            if key.datatype == Xsd.DECIMAL:
                said[key.name] = self._number(self.words.numbers[key.predicate])
            elif key.datatype == Xsd.STRING:
                said[key.name] = self.random.choice(_TEXTS)
            elif key.datatype == Xsd.DATE:
                said[key.name] = self._day(today).isoformat()
            else:
                said[key.name] = self._name(key)
        return said

    def _agree(self, case: JsonCase) -> None:
        """Take out of a case what speaks against the rest of it."""
        for treatment in case.get("treatments", ()):
            if "for" in treatment and "condition" in case and self._often(0.6):
                treatment["for"] = case["condition"]
            if treatment["status"] == "Ongoing":
                treatment.pop("endedOn", None)
            if "startedOn" in treatment and treatment.get("endedOn", "9999") < treatment["startedOn"]:
                treatment["startedOn"], treatment["endedOn"] = treatment["endedOn"], treatment["startedOn"]
        for finding in case.get("genotype", ()):
            genes = self.words.genes[rfy(finding["virus"])]
            finding["gene"] = local_name(self.random.choice(genes).value)
        if "measurements" in case:
            case["measurements"] = self._measured(case)
        absent = {rfy(name) for name in case.get("absent", ())}
        if "present" in case:
            case["present"] = [name for name in case["present"] if not self.words.kinds[rfy(name)] & absent]

    def _measured(self, case: JsonCase) -> list[JsonCase]:
        """Return the measurements of a case: one of each quantity that its patient does not state, as it may be."""
        kept: dict[NamedNode, JsonCase] = {}
        patient = {self.words.case.keys["patient"].part.keys[name].predicate for name in case.get("patient", {})}  # type: ignore[union-attr]  # a patient is a part
        for entry in case["measurements"]:
            quantity = rfy(entry["quantity"])
            if quantity not in kept and self.words.quantities.stated.get(quantity) not in patient:
                kept[quantity] = entry | self._value(quantity)
        return list(kept.values())

    def _value(self, quantity: NamedNode) -> JsonCase:
        """Return a plausible value of a quantity, in a unit of its dimension."""
        numbers, canonical = self.words.measured[quantity], self.words.quantities.canonical[quantity]
        number = Decimal(str(self._number(numbers)))
        units = [unit for unit in self.words.quantities.units.values() if unit.dimension == canonical.dimension]
        unit = self.random.choice(units)
        written = round(number * canonical.size / unit.size, 6)
        amount = self.words.quantities.canonical_value(quantity, str(written), unit.code)
        # No other unit where the number would be rounded, or written with an exponent.
        if amount != number or not (written == 0 or Decimal("0.001") <= written <= 100_000):
            unit, written = canonical, number
        return {"value": int(written) if written == int(written) else float(written), "unit": unit.code}

    def _name(self, key: Key) -> str:
        pool = self.words.terms[key.predicate]
        weights = [1 + 4 * self.words.weights.get(term, 0) for term in pool]
        return local_name(self.random.choices(pool, weights)[0].value)

    def _names(self, key: Key) -> list[str]:
        pool = self.words.terms[key.predicate]
        # Few, about half, or nearly all: "all are absent" is a condition too.
        share = self.random.choice((0.0, 0.1, 0.3, 0.5, 0.9))
        return [local_name(term.value) for term in self.random.sample(pool, len(pool)) if self._often(share)]

    def _number(self, numbers: Numbers) -> int | float:
        """Return a number around one at which something changes, or anywhere; at most one digit after the point."""
        if numbers.around and self._often(0.75):
            step = self.random.choice((Decimal("0.1"), Decimal("0.5"), Decimal(1), Decimal(100)))
            value = self.random.choice(numbers.around) + step * self.random.choice((-1, 0, 0, 0, 1))
        else:
            value = Decimal(self.random.randint(int(numbers.least * 10), int(numbers.most * 10))) / 10
        value = min(max(value, numbers.least), numbers.most)
        if numbers.above and value == numbers.least:
            value += Decimal("0.1")
        # The same number is written as 1000 or as 1000.0: it compares by value.
        return int(value) if value == int(value) and self._often(0.5) else float(value)

    def _day(self, today: date | None) -> date:
        return (today or _ASSESSED) - timedelta(days=self.random.choice((0, 1, 2, 7, 9, 30, 400)))

    def _often(self, share: float) -> bool:
        return self.random.random() < share


Shape = dict[str, Any]


def _shapes(knowledge: Knowledge) -> dict[NamedNode, Shape]:
    """Return what the shapes say of each property: sh:class, sh:datatype, sh:minCount and bounds by local name."""
    store = Store()
    for path, content in knowledge.shapes:
        quads = parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True)
        store.extend(Quad(q.subject, q.predicate, q.object) for q in quads)
        assert len(store), path
    found: dict[NamedNode, Shape] = {}
    for at in store.quads_for_pattern(None, NamedNode(_SH + "path"), None):
        assert isinstance(at.object, NamedNode)
        shape = found.setdefault(at.object, {"classes": set()})
        for quad in store.quads_for_pattern(at.subject, None, None):
            shape[quad.predicate.value.removeprefix(_SH)] = quad.object
            if quad.predicate.value == _SH + "class":
                shape["classes"].add(quad.object)
            if quad.predicate.value == _SH + "or":
                shape["classes"] |= _listed_classes(store, quad.object)
    return found


def _listed_classes(store: Store, node: Any) -> set[Any]:
    found = set()
    while node != Rdf.NIL:
        (item,) = (q.object for q in store.quads_for_pattern(node, Rdf.FIRST, None))
        assert not isinstance(item, Literal)
        found |= {q.object for q in store.quads_for_pattern(item, NamedNode(_SH + "class"), None)}
        (node,) = (q.object for q in store.quads_for_pattern(node, Rdf.REST, None))
    return found


def _members(shape: Shape, knowledge: Knowledge) -> tuple[NamedNode, ...]:
    return tuple(sorted({term for cls in shape["classes"] for term in knowledge.members(cls)}, key=str))


def _bounds(shape: Shape, path: NamedNode, knowledge: Knowledge) -> Numbers | None:
    if shape["datatype"] != Xsd.DECIMAL:
        return None
    above = "minExclusive" in shape
    least = Decimal(shape["minExclusive" if above else "minInclusive"].value)
    most = Decimal(shape["maxInclusive"].value)
    known = {Decimal(t.object.value) for t in knowledge.logic if t.predicate == path and isinstance(t.object, Literal)}
    around = {number for number in _compared(path, knowledge) | known if least <= number <= most}
    return Numbers(least, above, most, tuple(sorted(around)))


def _limits(quantity: NamedNode, stated: Numbers | None, knowledge: Knowledge) -> Numbers:
    """Return the bounds of a quantity, and around which numbers something may change: what limits are said of it."""
    least, most = (Decimal(knowledge.text(quantity, rfy(name))) for name in ("leastPlausible", "mostPlausible"))
    limited = set(knowledge.subjects(rfy("ofQuantity"), quantity))
    limits = {
        Decimal(t.object.value)
        for t in knowledge.logic
        if t.subject in limited and isinstance(t.object, Literal) and t.object.datatype in (Xsd.DECIMAL, Xsd.INTEGER)
    }
    around = limits | set(stated.around if stated else ())
    # In the canonical unit at most one digit after the point, which every engine counts.
    least = least.quantize(Decimal("0.1"), ROUND_CEILING)
    return Numbers(least, False, most, tuple(sorted(number for number in around if least <= number <= most)))


def _compared(path: NamedNode, knowledge: Knowledge) -> set[Decimal]:
    """Return the numbers with which some rule compares a property."""
    found = set()
    for rule in knowledge.rules:
        variables = re.findall(rf"rfy:{local_name(path.value)}\s+\?(\w+)", rule.text)
        found |= {Decimal(number) for name, number in _COMPARED.findall(rule.text) if name in variables}
    return found


def _weights(knowledge: Knowledge) -> Counter[NamedNode]:
    """Return how many rules and restrictions name each term."""
    named = [set(re.findall(r"\brfy:([A-Z]\w+)", rule.text)) for rule in knowledge.rules]
    weights = Counter(rfy(name) for names in named for name in names)
    weights.update(
        t.object for t in knowledge.logic if t.predicate == Owl.HAS_VALUE and isinstance(t.object, NamedNode)
    )
    return weights


def _upwards(term: NamedNode, knowledge: Knowledge) -> frozenset[NamedNode]:
    found = {term}
    while more := {v for t in found for v in knowledge.values(t, rfy("isKindOf")) if isinstance(v, NamedNode)} - found:
        found |= more
    assert all(t.value.startswith(NAMESPACE) for t in found)
    return frozenset(found)
