"""Random cases over the whole vocabulary, each valid by construction with regard to the shapes.

Nothing of the vocabulary is written here. The published context tells which keys there are; the shapes, which terms
and numbers a key may have; the comparisons of the rules and the numbers of the knowledge, around which numbers and days
something may change; the rules, which terms matter: those that many of them name are drawn often, others seldom; the
resistance table of the tests, which mutations there are.

What follows from much at once would hardly ever be drawn. So half of the cases are drawn towards a rule: the way back
from its body over clauses that conclude what it asks, as chance will have it, tells what a case may say for it to fire.
What must not hold, and how numbers compare, is left to chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store, parse
from rdflib.term import Literal as RdflibLiteral
from rdflib.term import URIRef, Variable

from refractory import Case
from refractory.case.mapping import CaseMapping, Key, Part
from refractory.case.quantities import Quantities
from refractory.engine.axioms import read_axioms
from refractory.engine.clauses import Clause, Node, Var
from refractory.engine.clauses import Pattern as EnginePattern
from refractory.engine.rules import Pattern, Rule, clauses_of, read_rule
from refractory.genotype.table import Key as Mutation
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import NAMESPACE, Owl, Rdf, Xsd, local_name, rfy
from tests.support import shipped, table

JsonCase = dict[str, Any]

_SH = "http://www.w3.org/ns/shacl#"
_ASSESSED = date(2026, 3, 10)
_TEXTS = ("lesion, left thorax", "Lesion,  LEFT thorax.", "lip", "swab of an ulcer; sacrum", "Läsion am Rücken")
_AGO = (0, 1, 2, 9, 30, 400)
# The keys whose values belong together, as a row of the resistance table has them.
_MUTATION = frozenset(Mutation._fields)
# How many ways to each rule are wanted, how many conclusions a way may go back, and how many steps a search may take.
_WISHES, _DEPTH, _STEPS = 4, 12, 300

# What is asked of a case or a part: for each property the terms, or none if any value will do.
Asked = Mapping[NamedNode, frozenset[NamedNode]]
# What variables stand for on a way to a rule.
Bound = Mapping[Var, Node]


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
class Wish:
    """What a case may say that leads to a rule.

    Attributes:
        case: What is asked of the case itself.
        parts: What is asked of each of its parts, by the property that leads there.
    """

    case: Asked
    parts: Mapping[NamedNode, tuple[Asked, ...]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a generated case is made of, read from the knowledge.

    Attributes:
        case: The case's part of the context, with all others below it.
        terms: The terms that each property may lead to.
        needed: The properties that a part cannot do without.
        numbers: The numbers of each property that has numbers.
        weights: How often rules, restrictions and facts name each term as the value of a property, or at all where they
            name no value of it; the more, the more often it is drawn.
        wishes: Several ways to each rule.
        days: How many days before the assessment something may change, for each property that has dates.
        kinds: For each term, itself and all that it is a kind of.
        genes: The genes of each virus.
        mutations: The mutations of the resistance table, of virus and gene.
        measured: The numbers that each quantity may have, in its canonical unit.
        quantities: The units, and what a number in one is in another.
    """

    case: Part
    terms: Mapping[NamedNode, tuple[NamedNode, ...]]
    needed: frozenset[NamedNode]
    numbers: Mapping[NamedNode, Numbers]
    weights: Mapping[NamedNode, Mapping[NamedNode, int]]
    wishes: tuple[tuple[Wish, ...], ...]
    days: Mapping[NamedNode, Sequence[int]]
    kinds: Mapping[NamedNode, frozenset[NamedNode]]
    genes: Mapping[NamedNode, tuple[NamedNode, ...]]
    mutations: tuple[Mutation, ...]
    measured: Mapping[NamedNode, Numbers]
    quantities: Quantities


_NOTHING = Wish({}, {})


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of the shipped knowledge."""
    knowledge = shipped().knowledge
    mapping = CaseMapping.of(knowledge)
    rules = [read_rule(file) for file in knowledge.rules]
    changing = _changing(rules, knowledge)
    counted = _counted(mapping, knowledge)
    shapes = _shapes(knowledge)
    bounds = {
        path: _bounds(shape, changing.get(path, frozenset())) for path, shape in shapes.items() if "datatype" in shape
    }
    terms = {path: _members(shape, knowledge) for path, shape in shapes.items() if "datatype" not in shape}
    numbers = {path: numbers for path, numbers in bounds.items() if numbers}
    quantities = Quantities.of(knowledge)
    return Vocabulary(
        case=mapping.case,
        terms=terms,
        needed=frozenset(path for path, shape in shapes.items() if shape.get("minCount")),
        numbers=numbers,
        weights={path: _weights(path, rules, knowledge) for path in terms},
        wishes=tuple(_wishes(rules, counted, mapping, knowledge)),
        days={
            path: sorted({max(0, int(at) + step) for at in changing.get(count, ()) for step in (-1, 0, 1)})
            for path, count in counted.items()
        },
        kinds={term: _upwards(term, knowledge) for pool in terms.values() for term in pool},
        genes={virus: tuple(knowledge.subjects(rfy("isGeneOf"), virus)) for virus in knowledge.members(rfy("Virus"))},
        mutations=tuple(sorted({row.key for row in (*table().used, *table().left)})),
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
    """Return generated cases as the reader reads them, with what the resistance table says of their mutations."""
    knowledge = shipped().knowledge
    return [shipped().looked_up(Case.from_json(case, knowledge), table()) for case in cases]


def drawn(identifier: str = "https://example.org/generated/drawn") -> st.SearchStrategy[JsonCase]:
    """Return a strategy of cases; hypothesis makes the random choices, so it can shrink them."""
    return st.builds(draw, st.randoms(use_true_random=False), st.just(identifier))


def draw(random: Random, identifier: str) -> JsonCase:
    """Return a case with the given IRI.

    It says much or little, and holds to what the shapes forbid: no day after that of the assessment, no end before its
    start, none of what goes on, no fact present that is absent or of an absent kind, only genes of the virus that they
    are found in, and one value of each quantity, in a unit of its dimension. Most mutations are such as the resistance
    table has.
    """
    return _Drawing(random, vocabulary()).case(identifier)


@dataclass(frozen=True)
class _Drawing:
    random: Random
    words: Vocabulary

    def case(self, identifier: str) -> JsonCase:
        today = _ASSESSED if self._often(0.85) else None
        # Some cases say little: much follows only from what is not known.
        said = self.random.choice((0.3, 0.6, 1.0, 1.0))
        wish = self.random.choice(self.random.choice(self.words.wishes)) if self._often(0.5) else _NOTHING
        asked = wish.case
        case: JsonCase = {"id": identifier}
        for key in self.words.case.keys.values():
            if key.part and key.many:
                wanted = wish.parts.get(key.predicate, ())
                count = self.random.choices((0, 1, 2, 3, 4), (3, 4, 3, 2, 1))[0] if self._often(said) else 0
                parts = [self._part(key.part, today, one, 0.65 * said) for one in wanted]
                parts += self._parts(key.part, today, count - len(wanted))
                if parts or self._often(0.2):
                    case[key.name] = parts
            elif key.part:
                wanted = wish.parts.get(key.predicate, ())
                if wanted or self._often(0.8 * said):
                    case[key.name] = self._part(key.part, today, _union(wanted), 0.65 * said)
            elif key.datatype == Xsd.DATE:
                if today:
                    case[key.name] = today.isoformat()
            elif key.many:
                case[key.name] = self._names(key, asked, said)
            elif key.predicate in asked or self._often(0.85):
                case[key.name] = self._name(key, asked)
        self._agree(case)
        return {name: value for name, value in case.items() if value != [] or self._often(0.3)}

    def _parts(self, part: Part, today: date | None, count: int) -> list[JsonCase]:
        """Return parts, among which some differ from the one before in a few things only, as results that disagree."""
        parts: list[JsonCase] = []
        for _ in range(count):
            fresh = self._part(part, today, {}, 0.65)
            if parts and self._often(0.4):
                changed = {name: value for name, value in fresh.items() if self._often(0.3)}
                if changed.keys() & _MUTATION:
                    changed |= {name: value for name, value in fresh.items() if name in _MUTATION}
                fresh = parts[-1] | changed
            parts.append(fresh)
        return parts

    def _part(self, part: Part, today: date | None, asked: Asked, share: float) -> JsonCase:
        said: JsonCase = {}
        for key in part.keys.values():
            if key.predicate not in self.words.needed | asked.keys() and not self._often(share):
                continue
            if key.datatype == Xsd.DECIMAL:
                said[key.name] = self._number(self.words.numbers[key.predicate])
            elif key.datatype == Xsd.STRING:
                said[key.name] = self.random.choice(_TEXTS)
            elif key.datatype == Xsd.DATE:
                said[key.name] = self._day(key, today).isoformat()
            else:
                said[key.name] = self._name(key, asked)
        if said.keys() >= _MUTATION:
            said |= self._mutation(said)
        return said

    def _mutation(self, said: JsonCase) -> JsonCase:
        """Return a mutation of the resistance table, preferably of the virus said; or one that it does not have."""
        rows = self.words.mutations
        if self._often(0.5):
            rows = tuple(row for row in rows if row.virus == said["virus"]) or rows
        if self._often(0.8):
            return self.random.choice(rows)._asdict()
        return {"gene": local_name(self.random.choice(self.words.genes[rfy(said["virus"])]).value)}

    def _agree(self, case: JsonCase) -> None:
        """Take out of a case what speaks against the rest of it."""
        for treatment in case.get("treatments", ()):
            if "for" in treatment and "condition" in case and self._often(0.6):
                treatment["for"] = case["condition"]
            if treatment["status"] == "Ongoing" and "endedOn" in treatment:
                if self._often(0.5):
                    del treatment["endedOn"]
                else:
                    over = [term for term in self.words.terms[rfy("hasTreatmentStatus")] if term != rfy("Ongoing")]
                    treatment["status"] = local_name(self.random.choice(over).value)
            if "startedOn" in treatment and treatment.get("endedOn", "9999") < treatment["startedOn"]:
                treatment["startedOn"], treatment["endedOn"] = treatment["endedOn"], treatment["startedOn"]
        if "measurements" in case:
            case["measurements"] = self._measured(case)
        if "absent" in case and self._often(0.5):
            kept = {term for name in case.get("present", ()) for term in self.words.kinds[rfy(name)]}
            case["absent"] = [name for name in case["absent"] if rfy(name) not in kept]
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

    def _name(self, key: Key, asked: Asked) -> str:
        if terms := asked.get(key.predicate):
            return local_name(self.random.choice(sorted(terms, key=str)).value)
        pool = self.words.terms[key.predicate]
        weights = [1 + 2 * self.words.weights[key.predicate].get(term, 0) for term in pool]
        return local_name(self.random.choices(pool, weights)[0].value)

    def _names(self, key: Key, asked: Asked, said: float) -> list[str]:
        pool = self.words.terms[key.predicate]
        # Few, about half, or nearly all: "all are absent" is a condition too.
        share = self.random.choice((0.0, 0.1, 0.3, 0.5, 0.9)) * said
        wanted = asked.get(key.predicate, frozenset())
        found = [term for term in self.random.sample(pool, len(pool)) if term in wanted or self._often(share)]
        return [local_name(term.value) for term in found]

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

    def _day(self, key: Key, today: date | None) -> date:
        """Return a day around one at which something changes, or another."""
        around = self.words.days.get(key.predicate)
        ago = self.random.choice(around if around and self._often(0.75) else _AGO)
        return (today or _ASSESSED) - timedelta(days=ago)

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


def _bounds(shape: Shape, changing: Collection[Decimal]) -> Numbers | None:
    if shape["datatype"] != Xsd.DECIMAL:
        return None
    above = "minExclusive" in shape
    least = Decimal(shape["minExclusive" if above else "minInclusive"].value)
    most = Decimal(shape["maxInclusive"].value)
    return Numbers(least, above, most, tuple(sorted(number for number in changing if least <= number <= most)))


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


def _changing(rules: Sequence[Rule], knowledge: Knowledge) -> dict[NamedNode, set[Decimal]]:
    """Return the numbers around which something may change, for each property of the case or the knowledge.

    They are those that the knowledge states with it, and those with which a rule compares it, or what a rule makes of
    it: a number as the rule writes it, or the numbers of another property.
    """
    found: dict[NamedNode, set[Decimal]] = {}
    for t in knowledge.logic:
        if isinstance(t.object, Literal) and t.object.datatype in (Xsd.DECIMAL, Xsd.INTEGER):
            found.setdefault(t.predicate, set()).add(Decimal(t.object.value))
    links = [link for rule in rules for link in _links(rule)]
    while any([_grows(found, path, numbers) for path, numbers in links]):  # noqa: C419  # all of them, in each round
        pass
    return found


def _links(rule: Rule) -> Iterator[tuple[NamedNode, NamedNode | Decimal]]:
    """Yield each property that a rule reads with a number, or a property, that it is compared with or passed on to."""
    read = {value: NamedNode(str(p)) for _, p, value in rule.body if isinstance(value, Variable)}
    for _, one, other in rule.filters:
        for left, right in ((one, other), (other, one)):
            if isinstance(left, Variable) and left in read:
                if isinstance(right, RdflibLiteral):
                    yield read[left], Decimal(str(right))
                elif isinstance(right, Variable) and right in read:
                    yield read[left], read[right]
    yield from ((read[value], NamedNode(str(p))) for _, p, value in rule.head if value in read)


def _grows(found: dict[NamedNode, set[Decimal]], path: NamedNode, numbers: NamedNode | Decimal) -> bool:
    more = {numbers} if isinstance(numbers, Decimal) else found.get(numbers, set())
    known = found.setdefault(path, set())
    if more <= known:
        return False
    known |= more
    return True


def _counted(mapping: CaseMapping, knowledge: Knowledge) -> dict[NamedNode, NamedNode]:
    """Return for each property that has a date the one with which the reader says how many days ago that is."""
    found = {}
    for name, key in mapping.case.keys.items():
        for inner in key.part.keys.values() if key.part and key.many else ():
            if inner.datatype == Xsd.DATE:
                today = _ASSESSED.isoformat()
                case = {"id": "https://example.org/dated", "assessedOn": today, name: [{inner.name: today}]}
                facts = Case.from_json(case, knowledge).facts
                (part,) = (t.subject for t in facts.asserted if t.predicate == inner.predicate)
                for t in facts.frame:
                    if t.subject == part and isinstance(t.object, Literal):
                        found[inner.predicate] = t.predicate
    return found


def _union(parts: Sequence[Asked]) -> Asked:
    paths = {path for part in parts for path in part}
    return {path: frozenset().union(*(part.get(path, ()) for part in parts)) for path in paths}


def _wishes(
    rules: Sequence[Rule], counted: Mapping[NamedNode, NamedNode], mapping: CaseMapping, knowledge: Knowledge
) -> Iterator[tuple[Wish, ...]]:
    """Yield several ways to each rule, the same at each time."""
    ways = _Ways(rules, counted, mapping, knowledge)
    for number, rule in enumerate(rules):
        random = Random(number)  # noqa: S311  # a fixed seed is what is wanted here
        found: list[Wish] = []
        for _ in range(200):
            if len(found) < _WISHES and (wish := ways.to(rule, random)):
                found.append(wish)
        assert found, rule.name
        yield tuple(found)


class _Ways:
    """Goes back from what a rule asks to what a case may say, over rules and axioms that conclude it."""

    def __init__(
        self,
        rules: Sequence[Rule],
        counted: Mapping[NamedNode, NamedNode],
        mapping: CaseMapping,
        knowledge: Knowledge,
    ) -> None:
        self._knowledge = knowledge
        self._clauses: dict[NamedNode, list[Clause]] = {}
        for clause in (*(c for rule in rules for c in clauses_of(rule)), *read_axioms(knowledge.logic)):
            if clause.head:
                self._clauses.setdefault(clause.head[1], []).append(clause)
        self._facts: dict[NamedNode, list[tuple[Node, Node]]] = {}
        for t in knowledge.logic:
            if isinstance(t.subject, NamedNode) and isinstance(t.object, NamedNode | Literal):
                self._facts.setdefault(t.predicate, []).append((t.subject, t.object))
        # What the reader counts from a date, a case says by the date.
        self._dated = {count: path for path, count in counted.items()}
        self._parts = mapping.parts
        self._keys = mapping.by_predicate.keys() | self._dated.keys()
        self._paths = {key.part.type: key for key in mapping.case.keys.values() if key.part}

    def to(self, rule: Rule, random: Random) -> Wish | None:
        """Return a way to a rule that chance led to; None if it led nowhere."""
        self._random, self._steps = random, 0
        said = self._asked([(pattern, 0) for pattern in clauses_of(rule)[0].body], {})
        return self._wish(said) if said is not None else None

    def _asked(self, goals: Sequence[tuple[EnginePattern, int]], bound: Bound) -> list[EnginePattern] | None:
        """Return what a case may say so that all goals hold; None if that was not found in so many steps."""
        self._steps += 1
        if not goals:
            return []
        if self._steps > _STEPS:
            return None
        # What the knowledge says, first: it tells of which terms the others are.
        resolved = [(_resolved(pattern, bound), depth) for pattern, depth in goals]
        place = next((n for n, (pattern, _) in enumerate(resolved) if self._is_known(pattern)), 0)
        pattern, depth = resolved[place]
        rest = [*resolved[:place], *resolved[place + 1 :]]
        for step, body in self._ways(pattern, depth, bound):
            found = self._asked([*((p, depth + 1) for p in body), *rest], step)
            if found is not None:
                return [_resolved(p, step) for p in ((pattern, *found) if step is bound else found)]
        return None

    def _ways(
        self, pattern: EnginePattern, depth: int, bound: Bound
    ) -> Iterator[tuple[Bound, tuple[EnginePattern, ...]]]:
        """Yield, as chance orders them, what to ask instead of a pattern; `bound` itself if the case may say it."""
        kinds = [self._by_fact, self._by_clause, self._by_case]
        self._random.shuffle(kinds)
        for kind in kinds:
            found = list(kind(pattern, depth, bound))
            self._random.shuffle(found)
            yield from found

    def _by_fact(
        self, pattern: EnginePattern, _: int, bound: Bound
    ) -> Iterator[tuple[Bound, tuple[EnginePattern, ...]]]:
        if self._is_known(pattern) or pattern[1] not in self._keys:
            for fact in self._matching(pattern):
                if (found := _unified(pattern, fact, bound)) is not None:
                    yield found, ()

    def _by_clause(
        self, pattern: EnginePattern, depth: int, bound: Bound
    ) -> Iterator[tuple[Bound, tuple[EnginePattern, ...]]]:
        for clause in self._clauses.get(pattern[1], ()) if depth < _DEPTH else ():
            head, *body = _renamed(clause, self._steps)
            if (found := _unified(pattern, head, bound)) is not None:
                yield found, tuple(body)

    def _by_case(
        self, pattern: EnginePattern, _: int, bound: Bound
    ) -> Iterator[tuple[Bound, tuple[EnginePattern, ...]]]:
        leaf = pattern[1] not in self._facts and pattern[1] not in self._clauses
        if isinstance(pattern[0], Var) and (pattern[1] in self._keys or leaf):
            yield bound, ()

    def _is_known(self, pattern: EnginePattern) -> bool:
        """Say whether a pattern is about the knowledge's own terms."""
        subject, predicate, value = pattern
        if predicate == Rdf.TYPE and isinstance(subject, Var):
            return isinstance(value, NamedNode) and bool(self._knowledge.members(value))
        if isinstance(subject, Var):
            return predicate in self._facts and predicate not in self._keys and predicate not in self._clauses
        return True

    def _matching(self, pattern: EnginePattern) -> Iterator[EnginePattern]:
        if pattern[1] == Rdf.TYPE and isinstance(pattern[2], NamedNode):
            members = self._knowledge.members(pattern[2])
            yield from ((member, Rdf.TYPE, pattern[2]) for member in sorted(members, key=str))
        else:
            yield from ((s, pattern[1], o) for s, o in self._facts.get(pattern[1], ()))

    def _wish(self, said: Sequence[EnginePattern]) -> Wish | None:
        """Return what is said, by the parts of a case; None if a key would need two values."""
        nodes: dict[Node, dict[NamedNode, frozenset[NamedNode]]] = {}
        for subject, predicate, value in said:
            terms = frozenset({value} if isinstance(value, NamedNode) else ())
            asked = nodes.setdefault(subject, {})
            path = self._dated.get(predicate, predicate)
            asked[path] = asked.get(path, frozenset()) | terms
        case: Asked = {}
        parts: dict[NamedNode, tuple[Asked, ...]] = {}
        for asked in nodes.values():
            part = max(self._parts, key=lambda part: sum(key.predicate in asked for key in part.keys.values()))
            keys = {key.predicate: key for key in part.keys.values()}
            kept = {path: terms for path, terms in asked.items() if path in keys}
            if any(len(terms) > 1 and not keys[path].many for path, terms in kept.items()):
                return None
            if part.type not in self._paths:
                case = _union((case, kept))
            elif kept:
                path = self._paths[part.type].predicate
                parts[path] = (*parts.get(path, ()), kept)
        if any(len(case.get(key.predicate, ())) > 1 and not key.many for key in self._parts[0].keys.values()):
            return None
        return Wish(case, parts)


def _resolved(pattern: EnginePattern, bound: Bound) -> EnginePattern:
    return (_walked(pattern[0], bound), pattern[1], _walked(pattern[2], bound))


def _walked(node: Node, bound: Bound) -> Node:
    while isinstance(node, Var) and node in bound:
        node = bound[node]
    return node


def _unified(one: EnginePattern, other: EnginePattern, bound: Bound) -> Bound | None:
    """Return what variables stand for when two patterns are one; None if they cannot be."""
    found = dict(bound)
    for left, right in ((one[0], other[0]), (one[2], other[2])):
        a, b = _walked(left, found), _walked(right, found)
        if isinstance(a, Var):
            if a != b:
                found[a] = b
        elif isinstance(b, Var):
            found[b] = a
        elif a != b:
            return None
    return found


def _renamed(clause: Clause, number: int) -> list[EnginePattern]:
    """Return head and body of a clause with variables of its own."""

    def fresh(node: Node) -> Node:
        return Var(f"{node}.{number}") if isinstance(node, Var) else node

    assert clause.head
    return [(fresh(s), p, fresh(o)) for s, p, o in (clause.head, *clause.body)]


def _weights(path: NamedNode, rules: Sequence[Rule], knowledge: Knowledge) -> Counter[NamedNode]:
    """Return how many rules, restrictions and facts name each term as a value of a property; or at all if none does."""
    patterns = [{(str(p), str(o)) for _, p, o in _patterns(rule) if isinstance(o, URIRef)} for rule in rules]
    restrictions = {t.subject: t.object for t in knowledge.logic if t.predicate == Owl.ON_PROPERTY}
    values = [(restrictions[t.subject], t.object) for t in knowledge.logic if t.predicate == Owl.HAS_VALUE]
    named = [*((p, NamedNode(o)) for found in patterns for p, o in found)]
    named += [(p.value, o) for p, o in values if isinstance(p, NamedNode) and isinstance(o, NamedNode)]
    known = [t.object for t in knowledge.logic if t.predicate == path and isinstance(t.object, NamedNode)]
    exact = Counter([*known, *(term for p, term in named if p == path.value)])
    return exact or Counter(term for _, term in named)


def _patterns(rule: Rule) -> Iterator[Pattern]:
    yield from rule.body
    yield from rule.head
    for group in rule.absent:
        yield from group


def _upwards(term: NamedNode, knowledge: Knowledge) -> frozenset[NamedNode]:
    found = {term}
    while more := {v for t in found for v in knowledge.values(t, rfy("isKindOf")) if isinstance(v, NamedNode)} - found:
        found |= more
    assert all(t.value.startswith(NAMESPACE) for t in found)
    return frozenset(found)
