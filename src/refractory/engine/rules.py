"""Rules: `CONSTRUCT` files read into values, held to the part of SPARQL that rules may use.

The part: basic graph patterns, `FILTER NOT EXISTS` over basic patterns, comparisons in `FILTER`, arithmetic in `BIND`.
A head uses only what its body binds. Anything else is refused with file and line, so that every engine, and every
explanation, means the same by a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import rdflib
from pyoxigraph import Literal, NamedNode
from rdflib.paths import Path as PropertyPath
from rdflib.plugins.sparql.algebra import translatePath, translatePName, translatePrologue, traverse
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.plugins.sparql.processor import prepareQuery
from rdflib.term import Identifier, URIRef, Variable

from refractory.engine.clauses import Clause, Expression, Node, Var
from refractory.errors import RuleError
from refractory.knowledge.headers import QueryFile

Pattern = tuple[Identifier, Identifier, Identifier]

_ARITHMETIC = {"+", "-", "*", "/"}
_COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as a value.

    Attributes:
        name: The file's name, a sentence.
        path: Where it stands.
        says: The sentence of its explanation, with `{variable}` where a term's label goes.
        encodes: The local names of the statements that it encodes.
        head: The triples it concludes.
        body: The patterns that must hold.
        absent: The groups of patterns of which none may hold.
        query: The parsed query, for engines that run SPARQL.
        filters: Comparisons as (operator, left, right).
        bindings: Variables with the arithmetic they are worked out from.
    """

    name: str
    path: str
    says: str
    encodes: tuple[str, ...]
    head: tuple[Pattern, ...]
    body: tuple[Pattern, ...]
    absent: tuple[tuple[Pattern, ...], ...]
    query: Any
    filters: tuple[tuple[str, Any, Any], ...] = ()
    bindings: tuple[tuple[Variable, Any], ...] = ()


def read_rule(file: QueryFile) -> Rule:
    """Read a rule file.

    Raises:
        RuleError: It is not SPARQL, not `CONSTRUCT`, or leaves the stated part; the place is file and line.
    """
    try:
        query = _prepare(file.text)
    except Exception as error:  # rdflib raises pyparsing's errors, recursion errors and its own
        raise RuleError(f"the rule is not SPARQL: {error}", place=file.path) from error
    if query.algebra.name != "ConstructQuery":
        raise _refusal(file, "CONSTRUCT", "a rule is a CONSTRUCT query")
    if not file.header.get("says"):
        raise RuleError("the rule has no sentence to explain it.", place=f"{file.path}:1", fix="Add `#+ says: ...`.")
    parts = _Parts()
    # rdflib wraps every body in one projection of all its variables.
    _read_group(file, query.algebra.p.p, parts)
    order = _written_order(file.text)
    parts.body.sort(key=order.index)
    parts.absent = [tuple(sorted(group, key=order.index)) for group in parts.absent]
    head = tuple(query.algebra.template or ())
    _check_head(file, head, {variable for variable, _ in parts.bindings} | _variables(parts.body))
    return Rule(
        name=file.name,
        path=file.path,
        says=file.header["says"],
        encodes=file.list("encodes"),
        head=head,
        body=tuple(parts.body),
        absent=tuple(parts.absent),
        query=query,
        filters=tuple(parts.filters),
        bindings=tuple(parts.bindings),
    )


@lru_cache(maxsize=1024)
def _written_order(text: str) -> list[Pattern]:
    """Return the patterns of a query in the order of the file; rdflib's algebra sorts them for its own use."""
    prologue, query = parseQuery(text)
    resolved = traverse(query, visitPost=partial(translatePName, prologue=translatePrologue(prologue, None)))
    resolved = traverse(resolved, visitPost=translatePath)
    found: list[Pattern] = []

    def gather(node: Any) -> None:
        if isinstance(node, CompValue) and node.name == "TriplesBlock":
            flat = [term for triple in node.triples for term in triple]
            found.extend((flat[i], flat[i + 1], flat[i + 2]) for i in range(0, len(flat), 3))

    traverse(resolved.where, visitPost=gather)
    return found


@dataclass(slots=True)
class _Parts:
    """What a body is made of, gathered on the walk through it."""

    body: list[Pattern] = field(default_factory=list)
    absent: list[tuple[Pattern, ...]] = field(default_factory=list)
    filters: list[tuple[str, Any, Any]] = field(default_factory=list)
    bindings: list[tuple[Variable, Any]] = field(default_factory=list)


@lru_cache(maxsize=1024)
def _prepare(text: str) -> Any:
    """Parse a query. rdflib takes 13 ms for each, and the same rules are read again for each choice of guidance."""
    return prepareQuery(text)


def _read_group(file: QueryFile, part: CompValue, parts: _Parts) -> None:
    """Walk rdflib's algebra of a body; whatever is not named here is outside the part."""
    match part.name:
        case "BGP":
            parts.body.extend(_patterns(file, part.triples))
        case "Join":
            _read_group(file, part.p1, parts)
            _read_group(file, part.p2, parts)
        case "Extend":
            _read_group(file, part.p, parts)
            parts.bindings.append((part.var, _arithmetic(file, part.expr)))
        case "Filter":
            _read_group(file, part.p, parts)
            for condition in _conditions(part.expr):
                if isinstance(condition, CompValue) and condition.name == "Builtin_NOTEXISTS":
                    parts.absent.append(tuple(_patterns(file, _plain(file, condition.graph))))
                else:
                    parts.filters.append(_comparison(file, condition))
        case "Project" | "Distinct" | "ToMultiSet":
            raise _refusal(file, "SELECT", "a sub-select is outside the part of SPARQL that rules may use")
        case "LeftJoin":
            raise _refusal(file, "OPTIONAL", "OPTIONAL is outside the part of SPARQL that rules may use")
        case "Union":
            raise _refusal(file, "UNION", "UNION is outside it; write two rules")
        case name:
            raise _refusal(file, name, f"{name} is outside the part of SPARQL that rules may use")


def _plain(file: QueryFile, group: CompValue) -> Iterator[Sequence[Any]]:
    """Yield the triples inside NOT EXISTS, which rdflib leaves translated or not."""
    match group.name:
        case "BGP" | "TriplesBlock":
            yield from group.triples
        case "Join":
            yield from _plain(file, group.p1)
            yield from _plain(file, group.p2)
        case "GroupGraphPatternSub" if group.part:
            for part in group.part:
                yield from _plain(file, part)
        case _:
            raise _refusal(file, "NOT EXISTS", "inside NOT EXISTS only plain patterns may stand")


def _patterns(file: QueryFile, triples: Iterable[Sequence[Any]]) -> Iterator[Pattern]:
    for subject, predicate, value in triples:
        triple = (subject, predicate, value)
        if isinstance(triple[1], PropertyPath):
            raise _refusal(file, "/", "a property path is outside the part; use an OWL axiom")
        if not isinstance(triple[1], URIRef):
            raise _refusal(file, str(triple[1]), "a predicate must be named: strata are computed over predicates")
        if any(isinstance(term, rdflib.BNode) for term in triple):
            raise _refusal(file, "[", "a blank node is outside the part; use a variable")
        yield triple


def _conditions(expression: Any) -> Iterator[Any]:
    """Split a conjunction, which is how rdflib joins several filters of a group."""
    if isinstance(expression, CompValue) and expression.name == "ConditionalAndExpression":
        yield from _conditions(expression.expr)
        for other in expression.other:
            yield from _conditions(other)
    else:
        yield expression


def _comparison(file: QueryFile, condition: Any) -> tuple[str, Any, Any]:
    name = condition.name if isinstance(condition, CompValue) else str(condition)
    if name != "RelationalExpression" or condition.op not in _COMPARISONS:
        raise _refusal(file, "FILTER", f"a FILTER may only compare or say NOT EXISTS, not {name}")
    return (condition.op, _arithmetic(file, condition.expr), _arithmetic(file, condition.other))


def _arithmetic(file: QueryFile, expression: Any) -> Any:
    """Return an expression as nested (operator, left, right), a variable or a constant."""
    if isinstance(expression, Identifier):
        return expression
    name = expression.name if isinstance(expression, CompValue) else str(expression)
    if name not in {"AdditiveExpression", "MultiplicativeExpression"} or not set(expression.op) <= _ARITHMETIC:
        raise _refusal(file, "BIND", f"only arithmetic may stand in an expression, not {name}")
    result = _arithmetic(file, expression.expr)
    for operator, other in zip(expression.op, expression.other, strict=True):
        result = (operator, result, _arithmetic(file, other))
    return result


def _check_head(file: QueryFile, head: tuple[Pattern, ...], bound: set[Variable]) -> None:
    if not head:
        raise _refusal(file, "CONSTRUCT", "a rule must conclude something")
    for triple in head:
        for term in triple:
            if isinstance(term, rdflib.BNode):
                raise _refusal(file, "CONSTRUCT", "a rule makes no node")
            if isinstance(term, Variable) and term not in bound:
                raise _refusal(file, f"?{term}", f"the head uses ?{term}, which the body does not bind")
        if not isinstance(triple[1], URIRef):
            raise _refusal(file, "CONSTRUCT", "the predicate of a conclusion must be named")


def clauses_of(rule: Rule) -> tuple[Clause, ...]:
    """Return a rule as clauses, one for each triple of its head."""
    return tuple(
        Clause(
            rule.name,
            _pattern(triple),
            tuple(map(_pattern, rule.body)),
            tuple(tuple(map(_pattern, group)) for group in rule.absent),
            tuple((operator, _expression(left), _expression(right)) for operator, left, right in rule.filters),
            tuple((Var(variable), _expression(expression)) for variable, expression in rule.bindings),
            from_rule=True,
        )
        for triple in rule.head
    )


def _pattern(triple: Pattern) -> tuple[Node, NamedNode, Node]:
    return (_node(triple[0]), NamedNode(str(triple[1])), _node(triple[2]))


def _node(term: Identifier) -> Node:
    if isinstance(term, Variable):
        return Var(term)
    if isinstance(term, rdflib.Literal):
        return Literal(str(term), datatype=NamedNode(str(term.datatype))) if term.datatype else Literal(str(term))
    return NamedNode(str(term))


def _expression(expression: Any) -> Expression:
    if isinstance(expression, tuple):
        return (expression[0], _expression(expression[1]), _expression(expression[2]))
    return _node(expression)


def _variables(patterns: list[Pattern]) -> set[Variable]:
    return {term for pattern in patterns for term in pattern if isinstance(term, Variable)}


def _refusal(file: QueryFile, word: str, what: str) -> RuleError:
    """Return the error with the line on which the offending word stands, as far as the text shows it."""
    lines = [
        number for number, line in enumerate(file.text.splitlines(), 1) if word in line and not line.startswith("#")
    ]
    return RuleError(
        f"{what}.",
        place=f"{file.path}:{lines[0] if lines else 1}",
        why="Rules must mean the same to every engine and be explainable.",
        fix="See `docs/rules.md` for what a rule may say.",
    )
