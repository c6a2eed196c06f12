"""Rule files read again, from their text: a small reader of the part of SPARQL that rules may use.

The grammar, in the words of `docs/rules.md`::

    file     = { "PREFIX" name ":" iri } "CONSTRUCT" "{" triples "}" "WHERE" "{" { part [ "." ] } "}"
    part     = triples | filter | bind
    triples  = subject predicate object { "," object } { ";" predicate object { "," object } } [ "." triples ]
    filter   = "FILTER" "NOT" "EXISTS" "{" triples "}" | "FILTER" "(" compare { "&&" compare } ")"
    compare  = sum ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) sum
    bind     = "BIND" "(" sum "AS" variable ")"
    sum      = product { ( "+" | "-" ) product }
    product  = atom { ( "*" | "/" ) atom }
    atom     = variable | constant | "-" number | "(" sum ")"

Whatever else stands in the file is an error with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from pyoxigraph import Literal, NamedNode, Variable

from refractory.checker.matching import Pattern, variables
from refractory.checker.values import COMPARISONS, Comparison, Expression, Operation
from refractory.errors import RuleError
from refractory.model.proof import Term
from refractory.vocabulary import Rdf, Xsd

_TOKEN: Final = re.compile(
    r"""
    (?P<space>    \s+ | \#[^\n]* )
  | (?P<iri>      <[^<>"{}|^`\\\x00-\x20]*> )
  | (?P<variable> [?$][A-Za-z_][A-Za-z0-9_]* )
  | (?P<text>     "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*' )
  | (?P<number>   (?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+) (?![A-Za-z0-9_]) )
  | (?P<name>     (?:[A-Za-z][A-Za-z0-9_-]*)?:(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?)? )
  | (?P<word>     [A-Za-z]+ )
  | (?P<sign>     \^\^ | && | != | <= | >= | [{}().;,=<>*/+-] )
    """,
    re.VERBOSE,
)
_ESCAPES: Final = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Bind:
    """A variable and the arithmetic that it stands for."""

    name: str
    operation: Operation


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule file as it is written.

    Attributes:
        name: The file's name.
        head: What it concludes.
        body: The patterns that must hold, in the order of the file.
        absent: The groups of which nothing may hold, in the order of the file.
        filters: The comparisons that must be true.
        binds: The numbers that it works out, in the order of the file.
    """

    name: str
    head: tuple[Pattern, ...]
    body: tuple[Pattern, ...]
    absent: tuple[tuple[Pattern, ...], ...]
    filters: tuple[Comparison, ...]
    binds: tuple[Bind, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables that body and `BIND` give a value, sorted."""
        return tuple(sorted(variables(self.body) | {bind.name for bind in self.binds}))


def read_rule(name: str, path: str, text: str) -> Rule:
    """Read a rule from the text of its file.

    Raises:
        RuleError: The text leaves the grammar; the place is file and line.
    """
    return _Reader(name, path, text).rule()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


class _Reader:
    """Recursive descent over the tokens of one file."""

    def __init__(self, name: str, path: str, text: str) -> None:
        self._name = name
        self._path = path
        self._tokens = list(self._split(text))
        self._at = 0
        self._prefixes: dict[str, str] = {}

    def rule(self) -> Rule:
        while self._takes_word("PREFIX"):
            self._prefix()
        self._expect_word("CONSTRUCT")
        self._expect("{")
        head = self._triples()
        self._expect("}")
        self._expect_word("WHERE")
        self._expect("{")
        body: list[Pattern] = []
        absent: list[tuple[Pattern, ...]] = []
        filters: list[Comparison] = []
        binds: list[Bind] = []
        while not self._takes("}"):
            if self._takes_word("FILTER"):
                self._filter(filters, absent)
            elif self._takes_word("BIND"):
                binds.append(self._bind(variables(body) | {bind.name for bind in binds}))
            else:
                body += self._triples()
                continue
            self._takes(".")
        if self._token.kind != "end":
            self._fail(f"{self._token.text!r} stands after the end of the rule")
        rule = Rule(self._name, tuple(head), tuple(body), tuple(absent), tuple(filters), tuple(binds))
        self._check(rule)
        return rule

    def _check(self, rule: Rule) -> None:
        """Refuse a rule that concludes nothing, leaves a variable open, or joins facts on a number worked out."""
        if not rule.head or not rule.body:
            self._fail("a rule needs a conclusion and a condition")
        known = set(rule.variables)
        for name in sorted(variables(rule.head) - known):
            self._fail(f"nothing binds ?{name}, which the rule concludes something of")
        for comparison in rule.filters:
            for name in sorted(_named(comparison.left) | _named(comparison.right)):
                if name not in known:
                    self._fail(f"nothing binds ?{name}, which a FILTER compares")
        patterns = [*rule.body, *(pattern for group in rule.absent for pattern in group)]
        for bind in rule.binds:
            if bind.name in variables(patterns):
                self._fail(f"?{bind.name} is worked out, so it may be compared and concluded, but not looked for")
        for subject, _, _ in rule.head:
            if isinstance(subject, Variable) and subject.value in {bind.name for bind in rule.binds}:
                self._fail(f"?{subject.value} is a number, and nothing can be said of a number")

    def _prefix(self) -> None:
        name, iri = self._take("name", "a prefix"), self._take("iri", "an IRI")
        if not name.text.endswith(":"):
            self._fail(f"{name.text!r} is not a prefix", name)
        self._prefixes[name.text.removesuffix(":")] = iri.text[1:-1]

    def _triples(self) -> list[Pattern]:
        """Read triples up to the first thing that begins none."""
        found: list[Pattern] = []
        while self._token.kind in {"iri", "name", "variable"}:
            subject = self._term()
            while True:
                predicate = self._predicate()
                found.append((subject, predicate, self._term()))
                while self._takes(","):
                    found.append((subject, predicate, self._term()))
                if not self._takes(";") or self._token.text in {".", "}"}:
                    break
            if not self._takes("."):
                break
        if not found:
            self._fail(
                f"{self._token.text or 'the end of the file'!r} is outside the part of SPARQL that rules may use"
            )
        if self._token.kind in {"iri", "name", "variable"}:
            self._fail(f"a full stop is missing before {self._token.text!r}")
        return found

    def _predicate(self) -> NamedNode:
        if self._token.kind == "word" and self._token.text == "a":
            self._at += 1
            return Rdf.TYPE
        token, term = self._token, self._term()
        if not isinstance(term, NamedNode):
            self._fail("a predicate must be named", token)
        return term

    def _term(self) -> Term | Variable:
        if self._token.kind == "variable":
            return self._variable()
        return self._constant()

    def _variable(self) -> Variable:
        return Variable(self._take("variable", "a variable").text[1:])

    def _constant(self) -> Term:
        if self._takes("-"):
            return _number("-" + self._take("number", "a number").text)
        token = self._token
        self._at += 1
        match token.kind:
            case "iri":
                return self._iri(token.text[1:-1], token)
            case "name":
                prefix, _, local = token.text.partition(":")
                if prefix not in self._prefixes:
                    self._fail(f"the prefix {prefix!r} is not declared", token)
                return self._iri(self._prefixes[prefix] + local, token)
            case "number":
                return _number(token.text)
            case "text":
                return self._text(token)
            case _:
                raise self._error(f"{token.text or 'the end of the file'!r} stands where a term should", token.line)

    def _iri(self, text: str, token: _Token) -> NamedNode:
        try:
            return NamedNode(text)
        except ValueError:
            self._fail(f"{token.text!r} is not an IRI with a scheme", token)

    def _text(self, token: _Token) -> Literal:
        def unescape(match: re.Match[str]) -> str:
            if match[1] not in _ESCAPES:
                self._fail(f"{match[0]!r} is not read in a text", token)
            return _ESCAPES[match[1]]

        value = re.sub(r"\\(.)", unescape, token.text[1:-1])
        if not self._takes("^^"):
            return Literal(value)
        datatype = self._constant()
        if not isinstance(datatype, NamedNode):
            self._fail("a datatype must be named", token)
        return Literal(value, datatype=datatype)

    def _filter(self, filters: list[Comparison], absent: list[tuple[Pattern, ...]]) -> None:
        if self._takes_word("NOT"):
            self._expect_word("EXISTS")
            self._expect("{")
            absent.append(tuple(self._triples()))
            self._expect("}")
            return
        self._expect("(")
        filters.append(self._comparison())
        while self._takes("&&"):
            filters.append(self._comparison())
        self._expect(")")

    def _comparison(self) -> Comparison:
        left = self._sum()
        sign = self._token
        if sign.text not in COMPARISONS:
            self._fail(f"{sign.text!r} is not a comparison", sign)
        self._at += 1
        return Comparison(sign.text, left, self._sum())

    def _bind(self, bound: set[str]) -> Bind:
        self._expect("(")
        expression = self._sum()
        self._expect_word("AS")
        name = self._variable().value
        self._expect(")")
        for other in sorted(_named(expression) - bound):
            self._fail(f"nothing before BIND binds ?{other}")
        if name in bound:
            self._fail(f"BIND gives ?{name} a second value")
        if not isinstance(expression, Operation):
            self._fail("only arithmetic may stand in BIND")
        return Bind(name, expression)

    def _sum(self) -> Expression:
        left = self._product()
        while self._token.text in {"+", "-"}:
            left = Operation(self._next().text, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._atom()
        while self._token.text in {"*", "/"}:
            left = Operation(self._next().text, left, self._atom())
        return left

    def _atom(self) -> Expression:
        if self._takes("("):
            inner = self._sum()
            self._expect(")")
            return inner
        return self._term()

    # ---- tokens ----

    def _split(self, text: str) -> Iterator[_Token]:
        at, line = 0, 1
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._error(f"{text[at]!r} is outside the part of SPARQL that rules may use", line)
            if match.lastgroup != "space":
                yield _Token(str(match.lastgroup), match[0], line)
            line += match[0].count("\n")
            at = match.end()
        yield _Token("end", "", line)

    @property
    def _token(self) -> _Token:
        return self._tokens[min(self._at, len(self._tokens) - 1)]

    def _next(self) -> _Token:
        token = self._token
        self._at += 1
        return token

    def _takes(self, sign: str) -> bool:
        """Step over a sign if it stands here."""
        if self._token.kind == "sign" and self._token.text == sign:
            self._at += 1
            return True
        return False

    def _takes_word(self, word: str) -> bool:
        """Step over a word of SPARQL, in whatever letter case, if it stands here."""
        if self._token.kind == "word" and self._token.text.upper() == word:
            self._at += 1
            return True
        return False

    def _take(self, kind: str, what: str) -> _Token:
        if self._token.kind != kind:
            self._fail(f"{self._token.text or 'the end of the file'!r} stands where {what} should")
        return self._next()

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            self._fail(f"{self._token.text or 'the end of the file'!r} stands where {sign!r} should")

    def _expect_word(self, word: str) -> None:
        if not self._takes_word(word):
            self._fail(f"{self._token.text or 'the end of the file'!r} stands where {word} should")

    def _fail(self, what: str, token: _Token | None = None) -> NoReturn:
        raise self._error(what, (token or self._token).line)

    def _error(self, what: str, line: int) -> RuleError:
        return RuleError(
            f"the checker does not read this rule: {what}.",
            place=f"{self._path}:{line}",
            fix="See `docs/rules.md` for what a rule may say.",
        )


def _number(text: str) -> Literal:
    return Literal(text, datatype=Xsd.DECIMAL if "." in text else Xsd.INTEGER)


def _named(expression: Expression) -> set[str]:
    """Return the names of the variables in an expression."""
    if isinstance(expression, Operation):
        return _named(expression.left) | _named(expression.right)
    return {expression.value} if isinstance(expression, Variable) else set()
