"""Random cases over the whole vocabulary, each valid by construction with regard to the shapes.

Nothing of the vocabulary is written here. The published context tells which keys there are; the shapes, which terms
and numbers a key may have; the comparisons of the rules and the numbers of the knowledge, around which numbers and days
something may change; the rules, which terms matter: those that many of them name are drawn often, others seldom; the
resistance table of the tests, which mutations there are.

What follows from much at once would hardly ever be drawn. So half of the cases are drawn towards a rule: the way back
from its body over clauses that conclude what it asks, as chance will have it, tells what a case may say for it to fire.
What must not hold otherwise than by a key that says nothing, and what rules compute, is left to chance.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store, parse
from rdflib.term import Identifier, URIRef, Variable
from rdflib.term import Literal as RdflibLiteral

from refractory import Case
from refractory.case.mapping import CaseMapping, Key, Part
from refractory.case.quantities import Quantities
from refractory.engine.axioms import read_axioms
from refractory.engine.clauses import Clause, Node, Var
from refractory.engine.clauses import Pattern as EnginePattern
from refractory.engine.program import compile_program
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
_MEASURED = frozenset(("quantity", "value", "unit"))
_COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
# What a comparison is where it stands among patterns, and the other way round.
_COMPARES = {name: NamedNode(f"urn:compares:{number}") for number, name in enumerate(_COMPARISONS)}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
# How many ways to each rule are wanted, how many conclusions a way may go back, and how many steps a search may take.
_WISHES, _DEPTH, _STEPS = 8, 12, 150

# A comparison with a number, on the right.
Limit = tuple[str, Decimal]
# What is asked of a case or a part: for each property terms and limits, or none if any will do; None if it says none.
Asked = Mapping[NamedNode, frozenset[NamedNode | Limit] | None]
# What variables stand for on a way to a rule.
Bound = Mapping[Var, Node]
# What they stand for after a step back, what is then to be asked, and what must not be said.
Way = tuple[Bound, tuple[EnginePattern, ...], tuple[EnginePattern, ...]]


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


# Below how many times in the trial a rule hardly fires.
_SELDOM = 4
# How large a part of the cases is drawn towards a rule.
_AIMED = 0.6
_UNSAID = Literal("")
_NOTHING = Wish({}, {})
_NOTHING_WISHED = (_NOTHING,)


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
    wishes = tuple(_wishes(rules, counted, mapping, terms, knowledge))
    return Vocabulary(
        case=mapping.case,
        terms=terms,
        needed=frozenset(path for path, shape in shapes.items() if shape.get("minCount")),
        numbers=numbers,
        weights={path: _weights(path, rules, knowledge) for path in terms},
        wishes=wishes,
        days={path: _around(sorted(map(int, changing.get(count, ())))) for path, count in counted.items()},
        kinds={term: _upwards(term, knowledge) for pool in terms.values() for term in pool},
        genes={virus: tuple(knowledge.subjects(rfy("isGeneOf"), virus)) for virus in knowledge.members(rfy("Virus"))},
        mutations=tuple(sorted({*(row.key for row in table().used), *(row.key for row in table().left)})),
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
    wishes: tuple[Wish, ...] = _NOTHING_WISHED
    if random.random() < _AIMED:
        aims, ways = _aims()
        wishes = ways[random.choices(range(len(aims)), aims)[0]]
    return _Drawing(random, vocabulary()).case(identifier, random.choice(wishes))


@cache
def _aims() -> tuple[tuple[float, ...], tuple[tuple[Wish, ...], ...]]:
    """Return how often each rule is drawn towards, and by which ways.

    The more often, the seldomer it fires in what is drawn on trial. Of the ways to one that hardly fires, only
    those are taken that led there on trial, if any did: the others miss what must not hold.
    """
    random = Random(0)  # noqa: S311  # a fixed seed is what is wanted here
    names = [rule.name for rule in shipped().knowledge.rules]
    ways = vocabulary().wishes
    fired: Counter[str] = Counter()
    for _ in range(4):
        aims = [1 / (1 + fired[name]) for name in names]
        chosen = [
            random.choice(random.choices(ways, aims)[0]) if random.random() < _AIMED else _NOTHING for _ in range(75)
        ]
        for names_fired in _tried(random, chosen):
            fired.update(names_fired)
    better = list(ways)
    for place, name in enumerate(names):
        if fired[name] < _SELDOM:
            tried = _tried(random, [wish for wish in ways[place] for _ in range(5)])
            good = [
                wish
                for number, wish in enumerate(ways[place])
                if any(name in f for f in tried[5 * number : 5 * number + 5])
            ]
            better[place] = tuple(good) or ways[place]
    return tuple(1 / (1 + fired[name]) ** 1.5 for name in names), tuple(better)


def _tried(random: Random, wishes: Sequence[Wish]) -> list[set[str]]:
    """Return the names of the rules that fire in a case drawn after each wish."""
    drawing = _Drawing(random, vocabulary())
    cases = read([drawing.case(f"https://example.org/generated/trial/{n}", wish) for n, wish in enumerate(wishes)])
    closures = shipped().reasoner.close([case.facts for case in cases])
    return [{name for names in closure.rules.values() for name in names} for closure in closures]


@dataclass(frozen=True)
class _Drawing:
    random: Random
    words: Vocabulary

    def case(self, identifier: str, wish: Wish) -> JsonCase:
        today = _ASSESSED if self._often(0.85) else None
        asked = wish.case
        # Some cases say little: much follows only from what is not known, or is held up by what is.
        said = self.random.choice((0.3, 0.6, 1.0, 1.0) if wish is _NOTHING else (0.1, 0.3, 0.6, 1.0))
        case: JsonCase = {"id": identifier}
        for key in self.words.case.keys.values():
            if asked.get(key.predicate, ()) is None:
                continue
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
        self._agree(case, wish)
        return {name: value for name, value in case.items() if value != [] or self._often(0.3)}

    def _parts(self, part: Part, today: date | None, count: int) -> list[JsonCase]:
        """Return parts, among which some differ from the one before in a few things only, as results that disagree."""
        parts: list[JsonCase] = []
        for _ in range(count):
            fresh = self._part(part, today, {}, 0.65)
            if parts and self._often(0.4):
                changed = {name: value for name, value in fresh.items() if self._often(0.3)}
                for together in (_MUTATION, _MEASURED):
                    if changed.keys() & together:
                        changed |= {name: value for name, value in fresh.items() if name in together}
                fresh = parts[-1] | changed
            parts.append(fresh)
        return parts

    def _part(self, part: Part, today: date | None, asked: Asked, share: float) -> JsonCase:
        said: JsonCase = {}
        for key in part.keys.values():
            if asked.get(key.predicate, ()) is None:
                continue
            if key.predicate not in self.words.needed | asked.keys() and not self._often(share):
                continue
            if key.datatype == Xsd.DECIMAL:
                said[key.name] = self._number(self.words.numbers[key.predicate], _limits_in(asked, key))
            elif key.datatype == Xsd.STRING:
                said[key.name] = self.random.choice(_TEXTS)
            elif key.datatype == Xsd.DATE:
                said[key.name] = self._day(key, today, _limits_in(asked, key)).isoformat()
            else:
                said[key.name] = self._name(key, asked)
        if said.keys() >= _MUTATION:
            said |= self._mutation(said)
        if said.keys() >= _MEASURED:
            said |= self._value(rfy(said["quantity"]), _limits_in(asked, part.keys["value"]))
        if said.get("status") == "Ongoing" and "endedOn" in said:
            if part.keys["status"].predicate not in asked and (
                part.keys["endedOn"].predicate in asked or self._often(0.5)
            ):
                over = [term for term in self.words.terms[part.keys["status"].predicate] if term != rfy("Ongoing")]
                said["status"] = local_name(self.random.choice(over).value)
            else:
                del said["endedOn"]
        return said

    def _mutation(self, said: JsonCase) -> JsonCase:
        """Return a mutation of the resistance table, preferably of the virus said; or one that it does not have."""
        rows = self.words.mutations
        if self._often(0.5):
            rows = tuple(row for row in rows if row.virus == said["virus"]) or rows
        if self._often(0.8):
            return self.random.choice(rows)._asdict()
        return {"gene": local_name(self.random.choice(self.words.genes[rfy(said["virus"])]).value)}

    def _agree(self, case: JsonCase, wish: Wish) -> None:
        """Take out of a case what speaks against the rest of it."""
        for treatment in case.get("treatments", ()):
            if "for" in treatment and "condition" in case and self._often(0.6):
                treatment["for"] = case["condition"]
            if treatment["status"] == "Ongoing":
                treatment.pop("endedOn", None)
            if "startedOn" in treatment and treatment.get("endedOn", "9999") < treatment["startedOn"]:
                treatment["startedOn"], treatment["endedOn"] = treatment["endedOn"], treatment["startedOn"]
        if "measurements" in case:
            case["measurements"] = self._measured(case)
        if "absent" in case and (wish is not _NOTHING or self._often(0.5)):
            wanted = wish.case.get(self.words.case.keys["absent"].predicate) or ()
            kept = {term for name in case.get("present", ()) for term in self.words.kinds[rfy(name)]}.difference(wanted)
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
                kept[quantity] = entry
        return list(kept.values())

    def _value(self, quantity: NamedNode, limits: Sequence[Limit]) -> JsonCase:
        """Return a plausible value of a quantity, in a unit of its dimension."""
        numbers, canonical = self.words.measured[quantity], self.words.quantities.canonical[quantity]
        number = Decimal(str(self._number(numbers, limits)))
        units = [unit for unit in self.words.quantities.units.values() if unit.dimension == canonical.dimension]
        unit = self.random.choice(units)
        written = round(number * canonical.size / unit.size, 6)
        amount = self.words.quantities.canonical_value(quantity, str(written), unit.code)
        # No other unit where the number would be rounded, or written with an exponent.
        if amount != number or not (written == 0 or Decimal("0.001") <= written <= 100_000):
            unit, written = canonical, number
        return {"value": int(written) if written == int(written) else float(written), "unit": unit.code}

    def _name(self, key: Key, asked: Asked) -> str:
        if terms := [term for term in asked.get(key.predicate) or () if isinstance(term, NamedNode)]:
            return local_name(min(terms, key=str).value)
        pool = self.words.terms[key.predicate]
        weights = [1 + 2 * self.words.weights[key.predicate].get(term, 0) for term in pool]
        return local_name(self.random.choices(pool, weights)[0].value)

    def _names(self, key: Key, asked: Asked, said: float) -> list[str]:
        pool = self.words.terms[key.predicate]
        # Few, about half, or nearly all: "all are absent" is a condition too.
        share = self.random.choice((0.0, 0.1, 0.3, 0.5, 0.9, 1.0)) if self._often(said) else 0.0
        wanted = asked.get(key.predicate) or ()
        found = [term for term in self.random.sample(pool, len(pool)) if term in wanted or self._often(share)]
        return [local_name(term.value) for term in found]

    def _number(self, numbers: Numbers, limits: Sequence[Limit]) -> int | float:
        """Return a number that keeps to limits if one was soon found; at most one digit after the point."""
        value = self._kept(lambda: self._plain_number(numbers), limits)
        # The same number is written as 1000 or as 1000.0: it compares by value.
        return int(value) if value == int(value) and self._often(0.5) else float(value)

    def _plain_number(self, numbers: Numbers) -> Decimal:
        """Return a number around one at which something changes, or anywhere."""
        if numbers.around and self._often(0.75):
            step = self.random.choice((Decimal("0.1"), Decimal("0.5"), Decimal(1), Decimal(100)))
            value = self.random.choice(numbers.around) + step * self.random.choice((-1, 0, 0, 0, 1))
        else:
            # From each side of each such number alike, however far the bounds are.
            bounds = (numbers.least, *numbers.around, numbers.most)
            place = self.random.randrange(len(bounds) - 1)
            value = Decimal(self.random.randint(int(bounds[place] * 10), int(bounds[place + 1] * 10))) / 10
        value = min(max(value, numbers.least), numbers.most)
        return value + Decimal("0.1") if numbers.above and value == numbers.least else value

    def _day(self, key: Key, today: date | None, limits: Sequence[Limit]) -> date:
        """Return a day around one at which something changes, or another."""
        around = self.words.days.get(key.predicate)
        ago = self._kept(lambda: Decimal(self.random.choice(around if around and self._often(0.75) else _AGO)), limits)
        return (today or _ASSESSED) - timedelta(days=int(ago))

    def _kept(self, draw_one: Callable[[], Decimal], limits: Sequence[Limit]) -> Decimal:
        """Return a number that keeps to limits, or the last of some if none did."""
        for _ in range(20 if limits else 1):
            value = draw_one()
            if all(_COMPARISONS[sign](value, number) for sign, number in limits):
                break
        return value

    def _often(self, share: float) -> bool:
        return self.random.random() < share


def _limits_in(asked: Asked, key: Key) -> list[Limit]:
    return [limit for limit in asked.get(key.predicate) or () if isinstance(limit, tuple)]


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
    read: dict[Identifier, NamedNode] = {
        value: NamedNode(str(p)) for _, p, value in rule.body if isinstance(value, Variable)
    }
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


def _around(days: Sequence[int]) -> tuple[int, ...]:
    """Return days, those before and after each, and some between."""
    near = {day + step for day in days for step in (-1, 0, 1)} | {(a + b) // 2 for a, b in pairwise((0, *days))}
    return tuple(sorted(day for day in near if day >= 0))


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
    found: dict[NamedNode, frozenset[NamedNode | Limit] | None] = {}
    for path, terms in (item for part in parts for item in part.items()):
        found[path] = (found.get(path) or frozenset()) | terms if terms is not None else found.get(path)
    return found


def _wishes(
    rules: Sequence[Rule],
    counted: Mapping[NamedNode, NamedNode],
    mapping: CaseMapping,
    terms: Mapping[NamedNode, Sequence[NamedNode]],
    knowledge: Knowledge,
) -> Iterator[tuple[Wish, ...]]:
    """Yield several ways to each rule, the same at each time."""
    ways = _Ways(rules, counted, mapping, terms, knowledge)
    for number, rule in enumerate(rules):
        random = Random(number)  # noqa: S311  # a fixed seed is what is wanted here
        found: list[Wish] = []
        for _ in range(60):
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
        terms: Mapping[NamedNode, Sequence[NamedNode]],
        knowledge: Knowledge,
    ) -> None:
        self._terms = terms
        of_rules = [clause for rule in rules for clause in clauses_of(rule)]
        self._clauses: dict[NamedNode, list[Clause]] = {}
        for clause in (*of_rules, *read_axioms(knowledge.logic)):
            if clause.head:
                self._clauses.setdefault(clause.head[1], []).append(clause)
        # What the knowledge says, and what follows from it alone.
        self._facts: dict[NamedNode, list[EnginePattern]] = {}
        self._about: dict[tuple[NamedNode, Node], list[EnginePattern]] = {}
        for t in sorted(compile_program(knowledge).known, key=str):
            if isinstance(t.subject, NamedNode) and isinstance(t.object, NamedNode | Literal):
                fact = (t.subject, t.predicate, t.object)
                self._facts.setdefault(t.predicate, []).append(fact)
                for node in {t.subject, t.object}:
                    self._about.setdefault((t.predicate, node), []).append(fact)
        self._classes = {value for _, _, value in self._facts[Rdf.TYPE]}
        # What the reader counts from a date, a case says by the date; and in its own unit what stands in the canonical.
        self._stated = {count: path for path, count in counted.items()}
        self._stated[rfy("canonicalValue")] = rfy("measuredValue")
        self._parts = mapping.parts
        self._keys = mapping.by_predicate.keys() | self._stated.keys()
        self._single = {path for path, key in mapping.by_predicate.items() if not key.many}
        self._told = self._facts.keys() - self._keys - {clause.head[1] for clause in of_rules if clause.head}
        self._paths = {key.part.type: key.predicate for key in mapping.case.keys.values() if key.part is not None}

    def to(self, rule: Rule, random: Random) -> Wish | None:
        """Return a way to a rule that chance led to; None if it led nowhere."""
        self._random, self._steps = random, 0
        first = clauses_of(rule)[0]
        said = self._asked([(pattern, 0) for pattern in (_fresh(p, 0) for p in first.body)], {}, self._beside(first, 0))
        return self._wish(said) if said is not None else None

    def _asked(
        self, goals: Sequence[tuple[EnginePattern, int]], bound: Bound, said: tuple[EnginePattern, ...]
    ) -> list[EnginePattern] | None:
        """Return what a case may say so that all goals hold; None if that was not found in so many steps."""
        self._steps += 1
        if not goals:
            return [_resolved(pattern, bound) for pattern in said]
        if self._steps > _STEPS:
            return None
        # What the knowledge says, first: it tells of which terms the others are.
        resolved = [(_resolved(pattern, bound), depth) for pattern, depth in goals]
        place = next((n for n, (pattern, _) in enumerate(resolved) if self._is_known(pattern)), 0)
        pattern, depth = resolved[place]
        rest = [*resolved[:place], *resolved[place + 1 :]]
        for step, body, unsaid in self._ways(pattern, depth, bound, said):
            more = (*said, pattern) if step is bound else (*said, *unsaid)
            found = self._asked([*((p, depth + 1) for p in body), *rest], step, more)
            if found is not None:
                return found
        return None

    def _ways(self, pattern: EnginePattern, depth: int, bound: Bound, said: Sequence[EnginePattern]) -> Iterator[Way]:
        """Yield, as chance orders them, what to ask instead of a pattern; `bound` itself if the case is to say it."""
        if self._is_known(pattern):
            known = [node for node in (pattern[0], pattern[2]) if not isinstance(node, Var)]
            facts = self._about.get((pattern[1], known[0]), ()) if known else self._facts.get(pattern[1], ())
            steps = [self._unifying(pattern, facts, bound)]
        else:
            steps = [self._by_clause(pattern, depth, bound), self._by_case(pattern, bound, said)]
        self._random.shuffle(steps)
        for some in steps:
            self._random.shuffle(some)
            yield from some

    def _unifying(self, pattern: EnginePattern, others: Iterable[EnginePattern], bound: Bound) -> list[Way]:
        found = [_unified(pattern, other, bound) for other in others]
        return [(new, (), ()) for new in found if new is not None]

    def _beside(self, clause: Clause, number: int) -> tuple[EnginePattern, ...]:
        """Return how numbers compare in a clause, and what a case may not say at all, if it asks for that directly."""
        plain = [
            (left, _COMPARES[sign], right)
            for sign, left, right in clause.filters
            if not isinstance(left, tuple) and not isinstance(right, tuple)
        ]
        single = [group[0] for group in clause.absent if len(group) == 1 and group[0][1] in self._keys]
        free = [(s, p, _UNSAID) for s, p, o in single if isinstance(s, Var) and isinstance(o, Var)]
        return tuple(_fresh(pattern, number) for pattern in (*plain, *free))

    def _by_clause(self, pattern: EnginePattern, depth: int, bound: Bound) -> list[Way]:
        found: list[Way] = []
        for clause in self._clauses.get(pattern[1], ()) if depth < _DEPTH else ():
            assert clause.head
            if (new := _unified(pattern, _fresh(clause.head, self._steps), bound)) is not None:
                body = tuple(_fresh(other, self._steps) for other in clause.body)
                found.append((new, body, self._beside(clause, self._steps)))
        return found

    def _by_case(self, pattern: EnginePattern, bound: Bound, said: Sequence[EnginePattern]) -> list[Way]:
        leaf = pattern[1] not in self._facts and pattern[1] not in self._clauses
        if (pattern[1] not in self._keys and not leaf) or not self._may_be_said(pattern):
            return []
        earlier = [other for other in said if _walked(other[0], bound) == pattern[0] and other[1] == pattern[1]]
        same = self._unifying(pattern, earlier, bound)
        # Of what has one value, a second is the first; of what has several, it may be.
        return same if earlier and pattern[1] in self._single else [*same, (bound, (), ())]

    def _may_be_said(self, pattern: EnginePattern) -> bool:
        """Say whether a term is one of those that its key may have."""
        terms = self._terms.get(pattern[1])
        return not isinstance(pattern[2], NamedNode) or not terms or pattern[2] in terms

    def _is_known(self, pattern: EnginePattern) -> bool:
        """Say whether a pattern is about the knowledge's own terms."""
        subject, predicate, value = pattern
        if predicate == Rdf.TYPE and isinstance(subject, Var):
            return value in self._classes
        return not isinstance(subject, Var) or predicate in self._told

    def _wish(self, said: Sequence[EnginePattern]) -> Wish | None:
        """Return what is said, by the parts of a case; None if a key would need two values, or one it may not have."""
        if not all(map(self._may_be_said, said)):
            return None
        compared = {predicate: sign for sign, predicate in _COMPARES.items()}
        limits: dict[Node, set[Limit]] = {}
        for left, predicate, right in said:
            for one, other, sign in ((left, right, lambda x: x), (right, left, _TURNED.__getitem__)):
                if predicate in compared and isinstance(one, Var) and isinstance(other, Literal):
                    limits.setdefault(one, set()).add((sign(compared[predicate]), Decimal(other.value)))
        nodes: dict[Node, Asked] = {}
        for subject, predicate, value in said:
            if predicate not in compared:
                terms: frozenset[NamedNode | Limit]
                terms = frozenset({value}) if isinstance(value, NamedNode) else frozenset(limits.get(value, ()))
                path = self._stated.get(predicate, predicate)
                nodes[subject] = _union((nodes.get(subject, {}), {path: None if value == _UNSAID else terms}))
        case: Asked = {}
        parts: dict[NamedNode, tuple[Asked, ...]] = {}
        for asked in nodes.values():
            part = max(self._parts, key=lambda part: sum(key.predicate in asked for key in part.keys.values()))
            paths = {key.predicate for key in part.keys.values()}
            kept = {path: terms for path, terms in asked.items() if path in paths}
            if part.type not in self._paths:
                case = _union((case, kept))
            elif kept:
                path = self._paths[part.type]
                parts[path] = (*parts.get(path, ()), kept)
        # Two nodes of a rule may be one case, which then says one thing of what has one value.
        two = any(path in self._single and len(terms or ()) > 1 for path, terms in case.items())
        return None if two else Wish(case, parts)


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


def _fresh(pattern: EnginePattern, number: int) -> EnginePattern:
    """Return a pattern of a clause with variables that no other use of a clause has."""
    subject, value = (Var(f"{node}.{number}") if isinstance(node, Var) else node for node in (pattern[0], pattern[2]))
    return subject, pattern[1], value


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
