"""A third engine: rules and axioms translated to answer set programs, which clingo solves.

It shares with the other engines the reader of rule files (`read_rule`, for head, body and absences) and nothing else.
It reads the axioms from the triples itself, computes no strata, and what `not` means is clingo's stable models:
knowledge that has no strata would show as no model, or as several.

A fact is `t(S,P,O)`. A term is `i("...")`, any other literal than a number `l("lexical","datatype")`.

clingo knows only integers of 32 bits. A number is `n(V,D)`, its value times ten to the power of D: one that is read has
D = 1, a product of two has D = 2, and expressions are brought to the same D before they are compared.

Left out, and refused where it occurs, never passed over: a number with more than one digit after the point that some
rule reads, a quotient, an order among dates, and a rule that compares or computes with what another rule computed. The
shipped rules have none of these. A number that no rule reads, such as the size of a unit, is carried along as a text.
Facts are compared as `tests.agreement` says; this engine does not tell which rules concluded a fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import clingo
import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from rdflib.term import Identifier, Variable

from refractory.engine.rules import Pattern, Rule, read_rule
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts
from refractory.vocabulary import NAMESPACE, Xsd
from tests.agreement import Fact

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_TYPE = f'i("{_RDF}type")'
_NUMERIC = {Xsd.DECIMAL.value, Xsd.INTEGER.value}
_SCALE = 10
_MOST = 2**31 - 1
_DECLARED = {"Class", "ObjectProperty", "DatatypeProperty", "Restriction", "AnnotationProperty"}


class ThirdEngine:
    """Rules and axioms as one answer set program, made once; each case is solved on its own."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._logic = knowledge.logic
        self._translations = [_Translation(read_rule(file)) for file in knowledge.rules]
        self._lines = [line for translation in self._translations for line in translation.lines()]
        self._read = frozenset(p for t in self._translations for p in t.read)

    @cached_property
    def program(self) -> str:
        """The program without a case, as text."""
        if read := self._read & {p for t in self._translations for p in t.computed}:
            raise ValueError(f"a rule computes with what another rule computed: {sorted(read)}")
        return "\n".join([*_axioms(self._logic), *self._facts(_plain(self._logic)), *self._lines])

    def _facts(self, facts: Iterable[Triple]) -> list[str]:
        return [_fact(triple, self._read) for triple in facts]

    def counts(self, case: CaseFacts) -> bool:
        """Say whether all numbers of a case that a rule reads have few enough digits."""
        try:
            return bool(self._facts(case.all))
        except ValueError:
            return False

    def close(self, case: CaseFacts) -> frozenset[Fact] | None:
        """Return the facts about the nodes of a case, those given included, by value; None if it contradicts itself.

        Raises:
            ValueError: The program has several models: its absences have no order.
        """
        control = clingo.Control(["--models=2", "--warn=none"])
        control.add("base", [], "\n".join([self.program, *self._facts(case.all)]))
        control.ground([("base", [])])
        models: list[frozenset[Fact]] = []
        own = {t.subject.value for t in case.all if isinstance(t.subject, NamedNode)}
        control.solve(on_model=lambda model: models.append(frozenset(_facts(model, own))))
        if len(models) > 1:
            raise ValueError("the knowledge has several stable models")
        return models[0] if models else None


def _facts(model: clingo.Model, own: set[str]) -> Iterator[Fact]:
    for symbol in model.symbols(atoms=True):
        if symbol.name != "t":
            continue
        subject, predicate, value = symbol.arguments
        if subject.name != "i" or subject.arguments[0].string not in own:
            continue
        about = predicate.arguments[0].string
        if value.name == "n":
            scaled, degree = (argument.number for argument in value.arguments)
            yield subject.arguments[0].string, about, Decimal(scaled) / _SCALE**degree
        elif value.name == "l":
            text, datatype = (argument.string for argument in value.arguments)
            literal = Literal(text, datatype=NamedNode(datatype))
            yield subject.arguments[0].string, about, Decimal(text) if datatype in _NUMERIC else repr(literal)
        elif about != _RDF + "type" or value.arguments[0].string.startswith(NAMESPACE):
            yield subject.arguments[0].string, about, value.arguments[0].string


# ---- facts ----


def _plain(logic: Iterable[Triple]) -> Iterator[Triple]:
    """Yield the facts about terms: what is neither an axiom nor a part of one."""
    for t in logic:
        types = t.predicate.value == _RDF + "type" and str(t.object).startswith("<" + NAMESPACE)
        if isinstance(t.subject, NamedNode) and (types or t.predicate.value.startswith(NAMESPACE)):
            yield t


def _fact(triple: Triple, read: Set[str]) -> str:
    value = triple.object
    if isinstance(value, Literal) and triple.predicate.value not in read and not _is_counted(value):
        text = _text(value)
    else:
        text = _term(value)
    return f"t({_term(triple.subject)},{_term(triple.predicate)},{text})."


def _term(term: Any) -> str:
    match term:
        case NamedNode():
            return f"i({_quoted(term.value)})"
        case Literal() if term.datatype.value in _NUMERIC:
            return f"n({_scaled(term.value)},1)"
        case Literal():
            return _text(term)
    raise ValueError(f"not a term of a fact: {term!r}")


def _text(literal: Literal) -> str:
    return f"l({_quoted(literal.value)},{_quoted(literal.datatype.value)})"


def _is_counted(literal: Literal) -> bool:
    if literal.datatype.value not in _NUMERIC:
        return False
    value = Decimal(literal.value) * _SCALE
    return value == int(value) and abs(value) <= _MOST


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _scaled(text: str) -> int:
    value = Decimal(text) * _SCALE
    if value != int(value) or abs(value) > _MOST:
        raise ValueError(f"{text} has more digits than the third engine counts")
    return int(value)


# ---- axioms ----


@dataclass(frozen=True)
class _Axioms:
    logic: Sequence[Triple]

    @cached_property
    def said(self) -> dict[tuple[object, str], list[Any]]:
        found: dict[tuple[object, str], list[Any]] = {}
        for t in self.logic:
            found.setdefault((t.subject, t.predicate.value), []).append(t.object)
        return found

    def one(self, node: object, predicate: str) -> Any:
        found = self.said.get((node, predicate), [None])
        assert len(found) == 1, (node, predicate, found)
        return found[0]

    def listed(self, node: object) -> list[Any]:
        found = []
        while node != NamedNode(_RDF + "nil"):
            found.append(self.one(node, _RDF + "first"))
            node = self.one(node, _RDF + "rest")
        return found

    def member(self, node: Any, variable: str, number: int = 0) -> list[str]:
        """Return the condition that something is of a class, as alternatives."""
        if isinstance(node, NamedNode):
            return [] if node.value == _OWL + "Thing" else [f"t({variable},{_TYPE},{_term(node)})"]
        inner = f"Y{number}"
        on = self.one(node, _OWL + "onProperty")
        if on is not None:
            value = self.one(node, _OWL + "hasValue")
            if value is not None:
                return [f"t({variable},{_term(on)},{_term(value)})"]
            filler = self.one(node, _OWL + "someValuesFrom")
            if filler is not None:
                return [f"t({variable},{_term(on)},{inner})", *self.member(filler, inner, number + 1)]
        if (both := self.one(node, _OWL + "intersectionOf")) is not None:
            parts = enumerate(self.listed(both), 1)
            return [c for place, part in parts for c in self.member(part, variable, 10 * (number + place))]
        raise ValueError(f"the third engine does not know this class: {node}")

    def subclass(self, sub: Any, sup: Any) -> Iterator[str]:
        if isinstance(sub, BlankNode) and (parts := self.one(sub, _OWL + "unionOf")) is not None:
            for part in self.listed(parts):
                yield from self.subclass(part, sup)
            return
        body = self.member(sub, "X")
        if isinstance(sup, NamedNode):
            yield f"t(X,{_TYPE},{_term(sup)}) :- {', '.join(body)}."
            return
        on = self.one(sup, _OWL + "onProperty")
        if (value := self.one(sup, _OWL + "hasValue")) is not None:
            yield f"t(X,{_term(on)},{_term(value)}) :- {', '.join(body)}."
        elif (filler := self.one(sup, _OWL + "allValuesFrom")) is not None:
            yield f"t(V,{_TYPE},{_term(filler)}) :- {', '.join(body)}, t(X,{_term(on)},V), V = i(_)."
        else:
            raise ValueError(f"the third engine does not know this superclass: {sup}")

    def lines(self) -> Iterator[str]:
        """Yield a rule for each axiom; one that it does not know is an error."""
        for t in self.logic:
            s, p, o = t.subject, t.predicate.value, t.object
            if p == _RDF + "type" and str(o).startswith("<" + _OWL):
                yield from self._property_axiom(s, str(o)[len(_OWL) + 1 : -1])
            elif p == _RDFS + "subPropertyOf":
                yield f"t(X,{_term(o)},Y) :- t(X,{_term(s)},Y)."
            elif p == _OWL + "equivalentProperty":
                yield f"t(X,{_term(o)},Y) :- t(X,{_term(s)},Y)."
                yield f"t(X,{_term(s)},Y) :- t(X,{_term(o)},Y)."
            elif p == _OWL + "inverseOf":
                yield f"t(Y,{_term(o)},X) :- t(X,{_term(s)},Y)."
                yield f"t(Y,{_term(s)},X) :- t(X,{_term(o)},Y)."
            elif p == _RDFS + "domain":
                yield f"t(X,{_TYPE},{_term(o)}) :- t(X,{_term(s)},Y)."
            elif p == _RDFS + "range":
                yield f"t(Y,{_TYPE},{_term(o)}) :- t(X,{_term(s)},Y), Y = i(_)."
            elif p == _OWL + "propertyChainAxiom":
                links = [f"t(X{n},{_term(link)},X{n + 1})" for n, link in enumerate(self.listed(o))]
                yield f"t(X0,{_term(s)},X{len(links)}) :- {', '.join(links)}."
            elif p == _RDFS + "subClassOf":
                yield from self.subclass(s, o)
            elif p == _OWL + "equivalentClass":
                yield from self.subclass(s, o)
                yield from self.subclass(o, s)
            elif p == _OWL + "disjointWith":
                yield f":- t(X,{_TYPE},{_term(s)}), t(X,{_TYPE},{_term(o)})."
            elif p.startswith((_OWL, _RDFS)) and p.removeprefix(_OWL) not in _PARTS:
                raise ValueError(f"the third engine does not know this axiom: {t}")

    def _property_axiom(self, subject: Any, kind: str) -> Iterator[str]:
        s = _term(subject) if isinstance(subject, NamedNode) else ""
        if kind == "TransitiveProperty":
            yield f"t(X,{s},Z) :- t(X,{s},Y), t(Y,{s},Z)."
        elif kind == "SymmetricProperty":
            yield f"t(Y,{s},X) :- t(X,{s},Y)."
        elif kind not in _DECLARED:
            raise ValueError(f"the third engine does not know owl:{kind}")


_PARTS = {"onProperty", "hasValue", "someValuesFrom", "allValuesFrom", "intersectionOf", "unionOf"}


def _axioms(logic: Sequence[Triple]) -> list[str]:
    return list(_Axioms(logic).lines())


# ---- rules ----


class _Translation:
    """One rule file as rules of the program."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._name = rule.name.replace("-", "_")
        self._names: dict[Variable, str] = {}
        # For each number, how often it is scaled: one that is read, once; a product, as often as its factors together.
        self._degrees: dict[Variable, int] = {}
        self._numeric: set[Variable] = set()
        # The properties whose numbers the rule reads, and those that it computes.
        self.read: set[str] = set()
        self.computed: set[str] = set()

    def lines(self) -> list[str]:
        """Return the rules of the program."""
        conditions, bindings = _expressions(self._rule.query.algebra.p)
        self._numeric = {v for expression in (*conditions, *bindings.values()) for v in _ordered(expression)}
        body = [self._atom(pattern) for pattern in self._rule.body]
        self.read = {str(p) for _, p, value in self._rule.body if value in self._numeric}
        for variable, expression in bindings.items():
            text, degree = self._number(expression)
            self._degrees[variable] = degree
            body.append(f"{self._name_of(variable)} = {text}")
        body += [self._condition(condition) for condition in conditions]
        lines = []
        for number, group in enumerate(self._rule.absent):
            shared = [self._name_of(v) for v in _variables(group) if v in _variables(self._rule.body)]
            there = f"there_{self._name}_{number}" + (f"({','.join(shared)})" if shared else "")
            lines.append(f"{there} :- {', '.join(map(self._atom, group))}.")
            body.append(f"not {there}")
        self.computed = {str(p) for _, p, value in self._rule.head if value in self._degrees}
        return lines + [f"{self._atom(pattern)} :- {', '.join(body)}." for pattern in self._rule.head]

    def _atom(self, pattern: Pattern) -> str:
        return f"t({','.join(map(self._argument, pattern))})"

    def _argument(self, term: Identifier) -> str:
        if isinstance(term, Variable):
            name = self._name_of(term)
            numeric = term in self._numeric or term in self._degrees
            return f"n({name},{self._degrees.get(term, 1)})" if numeric else name
        if isinstance(term, rdflib.Literal):
            return _term(Literal(str(term), datatype=NamedNode(str(term.datatype or Xsd.STRING.value))))
        return f"i({_quoted(str(term))})"

    def _name_of(self, variable: Variable) -> str:
        return self._names.setdefault(variable, f"V{len(self._names)}")

    def _condition(self, condition: Any) -> str:
        left, right = condition.expr, condition.other
        if not _ordered(condition) and not any(side in self._degrees for side in (left, right)):
            return f"{self._argument(left)} {condition.op} {self._argument(right)}"
        (one, by_one), (other, by_other) = self._number(left), self._number(right)
        degree = max(by_one, by_other)
        one, other = (
            f"{_SCALE ** (degree - by)}*({text})" if degree > by else text
            for text, by in ((one, by_one), (other, by_other))
        )
        return f"{one} {condition.op} {other}"

    def _number(self, expression: Any) -> tuple[str, int]:
        """Return an expression and how often its value is scaled."""
        if isinstance(expression, Variable):
            return self._name_of(expression), self._degrees.get(expression, 1)
        if isinstance(expression, rdflib.Literal):
            return str(_scaled(str(expression))), 1
        parts = [self._number(part) for part in (expression.expr, *expression.other)]
        if expression.name == "MultiplicativeExpression" and set(expression.op) == {"*"}:
            return "*".join(f"({text})" for text, _ in parts), sum(degree for _, degree in parts)
        if expression.name == "AdditiveExpression":
            degree = max(by for _, by in parts)
            texts = [f"{_SCALE ** (degree - by)}*({text})" for text, by in parts]
            return texts[0] + "".join(op + text for op, text in zip(expression.op, texts[1:], strict=True)), degree
        raise ValueError(f"the third engine does not compute {expression.name} {expression.op}")


def _expressions(part: Any) -> tuple[list[Any], dict[Variable, Any]]:
    """Return comparisons and bindings of a body, the bindings in their order."""
    conditions: list[Any] = []
    bindings: dict[Variable, Any] = {}
    if not hasattr(part, "name"):
        return conditions, bindings
    for key in ("p", "p1", "p2"):
        if key in part:
            more, bound = _expressions(part[key])
            conditions += more
            bindings |= bound
    if part.name == "Extend":
        bindings[part.var] = part.expr
    if part.name == "Filter":
        conditions += _comparisons(part.expr)
    return conditions, bindings


def _comparisons(expression: Any) -> list[Any]:
    if expression.name == "ConditionalAndExpression":
        return [c for part in (expression.expr, *expression.other) for c in _comparisons(part)]
    return [expression] if expression.name == "RelationalExpression" else []


def _ordered(expression: Any) -> list[Variable]:
    """Return the variables that must be numbers: those that are computed with, ordered, or compared with a number."""
    if isinstance(expression, Variable):
        return [expression]
    if not hasattr(expression, "name"):
        return []
    others = expression.other if isinstance(expression.other, list) else [expression.other]
    parts = (expression.expr, *others)
    equal = expression.name == "RelationalExpression" and expression.op in {"=", "!="}
    if equal and all(isinstance(part, Identifier) and not _is_number(part) for part in parts):
        return []
    return [v for part in parts for v in _ordered(part)]


def _is_number(term: Identifier) -> bool:
    return isinstance(term, rdflib.Literal) and str(term.datatype) in _NUMERIC


def _variables(patterns: Iterable[Pattern]) -> list[Variable]:
    return list(dict.fromkeys(term for pattern in patterns for term in pattern if isinstance(term, Variable)))
