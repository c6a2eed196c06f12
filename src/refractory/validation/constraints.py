"""Reads the SPARQL of a constraint: the part that our shapes use, and nothing else, without loading an RDF library.

The part is: one SELECT over triple patterns (with `;` and `,`), sequences of predicates and `*` after one, FILTER with
`&&`, comparisons, products of two and `datatype`, and FILTER NOT EXISTS, as deep as it goes. The text comes out as
steps in the order in which they are to be taken; anything else is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from pyoxigraph import Literal as RdfLiteral

from refractory.errors import KnowledgeError
from refractory.vocabulary import Rdf, Xsd

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<iri><[^\s<>"{}|^`\\]*>)
    |(?P<variable>[?$][A-Za-z_]\w*)
    |(?P<string>"[^"]*"|'[^']*')
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?![\w.]))
    |(?P<name>[A-Za-z][\w-]*:[\w-]+)
    |(?P<word>[A-Za-z_]+)
    |(?P<sign>&&|<=|>=|!=|[{}()*/.;,=<>])""",
    re.VERBOSE,
)
_COMPARISONS: Final = frozenset({"<", "<=", ">", ">=", "=", "!="})


class Variable(NamedTuple):
    """A variable, by its name without `?`."""

    name: str


# An IRI is a plain text: blank nodes cannot stand in a constraint.
Term = str | RdfLiteral | Variable


class Datatype(NamedTuple):
    """The datatype of a variable's value."""

    of: Variable


class Product(NamedTuple):
    """The product of two numbers."""

    left: Expression
    right: Expression


class Comparison(NamedTuple):
    """Two values held against each other."""

    sign: str
    left: Expression
    right: Expression


class Both(NamedTuple):
    """Several conditions that all hold."""

    parts: tuple[Expression, ...]


Expression = Term | Datatype | Product | Comparison | Both

# Which ends of a pattern are known when it is reached.
Known = Literal["both", "subject", "object", "neither"]


class Match(NamedTuple):
    """A triple to be found, or a chain of triples of one predicate, which may be empty."""

    subject: Term
    predicate: str
    chain: bool
    object: Term
    known: Known


class Absent(NamedTuple):
    """Steps that must not lead to an end."""

    steps: tuple[Step, ...]


class Test(NamedTuple):
    """A condition on what is known."""

    condition: Expression


Step = Match | Absent | Test


class Select(NamedTuple):
    """A constraint in SPARQL: `this` is given, and each way through the steps is a result.

    Attributes:
        value: Whether a result has a value.
        steps: What is to be done, in order.
    """

    value: bool
    steps: tuple[Step, ...]


class _Group:
    """What stands between braces."""

    def __init__(self) -> None:
        self.patterns: list[tuple[Term, str, bool, Term]] = []
        self.tests: list[Expression] = []
        self.absent: list[_Group] = []

    def variables(self) -> set[str]:
        """Return the variables of patterns, here and in the groups within."""
        own = {end.name for s, _, _, o in self.patterns for end in (s, o) if isinstance(end, Variable)}
        return own.union(*(group.variables() | group.tested() for group in self.absent))

    def tested(self) -> set[str]:
        """Return the variables of conditions."""
        return {name for test in self.tests for name in _names(test)}


def read_select(text: str, path: str, prefixes: Mapping[str, str], place: str) -> Select:
    """Read the SELECT of a constraint.

    Args:
        text: The query.
        path: The predicate for `$PATH`.
        prefixes: Namespaces by prefix.
        place: Where it stands, for messages.

    Raises:
        KnowledgeError: It is not in the part of SPARQL that is read here.
    """
    parser = _Parser(text, path, prefixes, place)
    columns, group = parser.select()
    steps = tuple(_plan(group, {"this"}, place))
    unbound = columns - {"this", *(end.name for end in _bound(steps))}
    if "this" not in columns or columns - {"this", "value"} or unbound:
        raise KnowledgeError("the query selects something other than ?this and ?value, or what it never binds.",
                             place=place)  # fmt: skip
    return Select("value" in columns, steps)


class _Parser:
    """Goes through the tokens of one query."""

    def __init__(self, text: str, path: str, prefixes: Mapping[str, str], place: str) -> None:
        self._path, self._prefixes, self._place = path, prefixes, place
        self._tokens = list(self._split(text))
        self._at = 0
        self._hidden = 0

    def _split(self, text: str) -> Iterator[tuple[str, str]]:
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._refused(text[at : at + 20].split(maxsplit=1)[0])
            if found.lastgroup != "space":
                yield str(found.lastgroup), found[0]
            at = found.end()
        yield "end", "the end of the query"

    def _refused(self, what: str) -> KnowledgeError:
        return KnowledgeError(
            f"{what!r} stands where the compiled shapes know no such SPARQL.",
            place=self._place,
            why="A constraint that is read in part would find less than it says.",
            fix="Write it with triple patterns, comparisons and NOT EXISTS, or extend `validation/constraints.py`.",
        )

    def _peek(self) -> str:
        return self._tokens[self._at][1]

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _take(self, *wanted: str) -> bool:
        """Go on if the next tokens are these, whatever their letter case."""
        tokens = [text.upper() for _, text in self._tokens[self._at : self._at + len(wanted)]]
        if tokens != [text.upper() for text in wanted]:
            return False
        self._at += len(wanted)
        return True

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise self._refused(self._peek())

    def select(self) -> tuple[set[str], _Group]:
        """Read a whole query: its columns and its group."""
        self._expect("SELECT")
        self._take("DISTINCT")
        columns = set()
        while self._tokens[self._at][0] == "variable":
            columns.add(self._next()[1][1:])
        self._take("WHERE")
        group = self._group()
        if self._tokens[self._at][0] != "end":
            raise self._refused(self._peek())
        return columns, group

    def _group(self) -> _Group:
        group = _Group()
        self._expect("{")
        while not self._take("}"):
            if self._take("FILTER", "NOT", "EXISTS"):
                group.absent.append(self._group())
            elif self._take("FILTER"):
                self._expect("(")
                group.tests.append(self._condition())
                self._expect(")")
            else:
                self._triples(group)
                if self._peek() != "}" and self._peek().upper() != "FILTER":
                    self._expect(".")
                continue
            self._take(".")
        return group

    def _triples(self, group: _Group) -> None:
        subject = self._end()
        while True:
            path = self._read_path()
            while True:
                self._add(group, subject, path, self._end())
                if not self._take(","):
                    break
            if not self._take(";"):
                return

    def _end(self) -> Term:
        """Read a subject or object; a number there would be another term to a library that normalizes it."""
        kind, text = self._next()
        if kind == "number":
            raise self._refused(text)
        return self._term(kind, text)

    def _read_path(self) -> list[tuple[str, bool]]:
        path = [self._predicate()]
        while self._take("/"):
            path.append(self._predicate())
        return path

    def _predicate(self) -> tuple[str, bool]:
        kind, text = self._next()
        if (kind, text) == ("word", "a"):
            predicate: Term = Rdf.TYPE.value
        else:
            predicate = self._path if text in ("$PATH", "?PATH") else self._term(kind, text)
        if not isinstance(predicate, str):
            raise self._refused(text)
        return predicate, self._take("*")

    def _add(self, group: _Group, subject: Term, path: list[tuple[str, bool]], value: Term) -> None:
        """Add a pattern for each part of a path, with variables of our own between them."""
        *parts, last = path
        for predicate, chain in parts:
            self._hidden += 1
            # No query can write this name.
            between = Variable(f"/{self._hidden}")
            group.patterns.append((subject, predicate, chain, between))
            subject = between
        group.patterns.append((subject, *last, value))

    def _term(self, kind: str, text: str) -> Term:
        match kind:
            case "variable" if text[1:] not in {"PATH", "currentShape", "shapesGraph"}:
                return Variable(text[1:])
            case "iri":
                return text[1:-1]
            case "number":
                return RdfLiteral(text, datatype=Xsd.DECIMAL if "." in text else Xsd.INTEGER)
            case "name" if text.partition(":")[0] in self._prefixes:
                prefix, _, name = text.partition(":")
                return self._prefixes[prefix] + name
        raise self._refused(text)

    def _condition(self) -> Expression:
        parts = [self._comparison()]
        while self._take("&&"):
            parts.append(self._comparison())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _comparison(self) -> Expression:
        left = self._product()
        if self._peek() in _COMPARISONS:
            sign = self._next()[1]
            return Comparison(sign, left, self._product())
        if isinstance(left, Both | Comparison):
            return left
        raise self._refused(self._peek())

    def _product(self) -> Expression:
        left = self._value()
        # Of two plain numbers the product is exact in every library; of three it need not be.
        return Product(left, self._value()) if self._take("*") else left

    def _value(self) -> Expression:
        if self._take("("):
            inner = self._condition()
            self._expect(")")
            return inner
        if self._take("datatype", "("):
            of = self._term(*self._next())
            self._expect(")")
            if not isinstance(of, Variable):
                raise self._refused("datatype")
            return Datatype(of)
        return self._term(*self._next())


def _names(expression: Expression) -> Iterator[str]:
    match expression:
        case Variable(name):
            yield name
        case Datatype(of):
            yield of.name
        case Both(parts):
            for part in parts:
                yield from _names(part)
        case Product(left, right) | Comparison(_, left, right):
            yield from _names(left)
            yield from _names(right)


def _bound(steps: Iterable[Step]) -> Iterator[Variable]:
    for step in steps:
        if isinstance(step, Match):
            yield from (end for end in (step.subject, step.object) if isinstance(end, Variable))


def _plan(group: _Group, bound: set[str], place: str) -> Iterator[Step]:
    """Yield the steps of a group: patterns as they are written, but checks and conditions as early as they can be.

    A condition of SPARQL holds for its whole group, wherever it stands; it says the same as soon as all that it shares
    with the group is known.
    """
    bound = set(bound)
    patterns, tests, absent = list(group.patterns), list(group.tests), list(group.absent)
    here = bound | {end.name for s, _, _, o in patterns for end in (s, o) if isinstance(end, Variable)}
    if unknown := group.tested() - here:
        raise KnowledgeError(f"no pattern binds ?{min(unknown)}, which a condition needs.", place=place)
    while True:
        for test in [test for test in tests if bound.issuperset(_names(test))]:
            tests.remove(test)
            yield Test(test)
        for inner in [inner for inner in absent if (inner.variables() | inner.tested()) & here <= bound]:
            absent.remove(inner)
            yield Absent(tuple(_plan(inner, bound, place)))
        if not patterns:
            return
        chosen = min(patterns, key=lambda pattern: _effort(_known(pattern, bound)))
        patterns.remove(chosen)
        subject, predicate, chain, value = chosen
        known = _known(chosen, bound)
        if known == "neither" and (chain or subject == value):
            raise KnowledgeError("a pattern has no end that is known.", place=place)
        yield Match(subject, predicate, chain, value, known)
        bound |= {end.name for end in (subject, value) if isinstance(end, Variable)}


def _known(pattern: tuple[Term, str, bool, Term], bound: set[str]) -> Known:
    subject, value = (not isinstance(end, Variable) or end.name in bound for end in (pattern[0], pattern[3]))
    if subject:
        return "both" if value else "subject"
    return "object" if value else "neither"


def _effort(known: Known) -> int:
    return {"both": 0, "subject": 1, "object": 1, "neither": 2}[known]
