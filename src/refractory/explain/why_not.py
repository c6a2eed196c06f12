"""Why an action is not advised: for each rule that would advise it, what fails in this case, the nearest rule first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyoxigraph import Literal, NamedNode, Triple

from refractory.engine.clauses import Clause, Expression, Node, Pattern, Term, Var
from refractory.engine.program import Program
from refractory.engine.program_file import load_program
from refractory.errors import UsageError
from refractory.explain.lexicon import Lexicon, lexicon
from refractory.explain.matching import Bindings, Comparison, Facts, Match, fit, nearest, put, worked_out
from refractory.explain.sentences import Sentences, capital, shown
from refractory.explain.text import wrapped
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.model.assessment import SCHEMA_VERSION, Assessment
from refractory.model.sources import StatementRef
from refractory.vocabulary import Rdf, local_name, rfy

# A fact that is missing; None stands for anything.
Wanted = tuple[Term | None, NamedNode, Term | None]

_CAPITAL: Final = re.compile("[A-Z]")
_MUST: Final = {
    "<": "less than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
    "=": "the same as",
    "!=": "other than",
}


@dataclass(frozen=True, slots=True)
class Failing:
    """A condition that fails.

    Attributes:
        text: What fails, as a clause.
        below: Why, where the missing fact is one that rules conclude: the nearest of
            them; said once in an answer, where it first stands.
    """

    text: str
    below: tuple[NearMiss, ...] = ()


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule that does not hold in a case.

    Attributes:
        rule: Its name; for OWL the W3C names.
        title: What it says.
        would: What it would conclude, as a clause.
        failing: The conditions that fail.
        statements: The statements that it encodes.
        places: Their places, or an empty string.
    """

    rule: str
    title: str
    would: str
    failing: tuple[Failing, ...]
    statements: tuple[StatementRef, ...] = ()
    places: str = ""


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why an action is not advised, or that it is.

    Attributes:
        case: The IRI of the case.
        action: The action's name.
        label: The action in words.
        advised: The kind and urgency with which it is advised; None if it is not.
        misses: The rules that would advise it and do not hold, the nearest first.
    """

    case: str
    action: str
    label: str
    advised: tuple[str, str] | None
    misses: tuple[NearMiss, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        form: dict[str, Any] = {"schemaVersion": SCHEMA_VERSION, "case": self.case, "action": self.action}
        if self.advised:
            form["advised"] = {"kind": self.advised[0], "urgency": self.advised[1]}
        return {**form, "rules": [_miss_json(miss) for miss in self.misses]}


def _miss_json(miss: NearMiss) -> dict[str, Any]:
    return {
        "rule": miss.rule,
        "title": miss.title,
        "would": miss.would,
        "fails": [_failing_json(failing) for failing in miss.failing],
        "statements": [statement.to_json() for statement in miss.statements],
    }


def _failing_json(failing: Failing) -> dict[str, Any]:
    below = [_miss_json(miss) for miss in failing.below]
    return {"text": failing.text, **({"wouldFollowFrom": below} if below else {})}


def why_not(action: str, assessment: Assessment, knowledge: Knowledge) -> WhyNot:
    """Say why an action is not advised.

    Args:
        action: The action, by any name.
        assessment: The answer in which it is missing.
        knowledge: The knowledge it was made with.

    Raises:
        UsageError: There is no such action.
    """
    term = _action(action, knowledge)
    return _Asker(assessment, knowledge).ask(term)


def missing(fact: Triple, assessment: Assessment, knowledge: Knowledge) -> tuple[NearMiss, ...]:
    """Say why a fact is not concluded: the rules and axioms that would, and of them those that fail in the least.

    Args:
        fact: The fact, which does not hold.
        assessment: The answer in which it is missing.
        knowledge: The knowledge it was made with.
    """
    subject, value = fact.subject, fact.object
    if not isinstance(subject, NamedNode) or not isinstance(value, NamedNode | Literal):
        return ()
    return _Asker(assessment, knowledge).below((subject, fact.predicate, value))


def _action(name: str, knowledge: Knowledge) -> NamedNode:
    actions = knowledge.members(rfy("Action"))
    term = knowledge.names.find(name)
    if term is not None and term in actions:
        return term
    known = ", ".join(sorted(local_name(known.value) for known in actions))
    return_to = did_you_mean(knowledge.names.nearest(name, actions)) or f"Actions are {known}."
    raise UsageError(f"no action is called {name!r}.", fix=return_to)


class _Asker:
    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._assessment = assessment
        self._words: Lexicon = lexicon(knowledge)
        self._sentences = Sentences(self._words, assessment.facts.case)
        program = load_program(knowledge)
        self._clauses = program.clauses
        self._facts = Facts((*assessment.facts.all, *assessment.closure.inferred, *program.known))
        self._kinds = frozenset(knowledge.subjects(rfy("givesKind")))
        self._fixed = _fixed(program, knowledge)
        self._asked: set[Wanted] = set()

    def ask(self, action: NamedNode) -> WhyNot:
        name = local_name(action.value)
        found = [item for item in self._assessment.recommendations if item.action == name]
        advised = (found[0].kind, found[0].urgency) if found else None
        case = self._assessment.facts.case
        near: list[tuple[int, str, Clause, Match]] = []
        for clause in self._clauses:
            if clause.head is None or clause.head[1] not in self._kinds or not clause.from_rule:
                continue
            bindings = fit(clause.head, Triple(case, clause.head[1], action), {})
            match = nearest(clause, self._facts, bindings, self._fixed) if bindings is not None else None
            if match is not None and match.count:
                near.append((match.count, clause.name, clause, match))
        misses = tuple(self._miss(clause, match) for *_, clause, match in sorted(near, key=lambda item: item[:2]))
        return WhyNot(case.value, name, self._words.label(action), advised, misses)

    def _miss(self, clause: Clause, match: Match) -> NearMiss:
        rule = self._words.rules.get(clause.name)
        title = rule.header["title"] if rule else self._sentences.axiom(clause.name, clause.axiom)
        would = self._sentences.pattern(*_wanted(clause.head, match.bindings)) if clause.head else ""
        statements = self._words.of_rule(clause.name) if rule else ()
        failing = tuple(self._failing(match))
        return NearMiss(clause.name, title, shown(would), failing, statements, self._words.places(statements))

    def _failing(self, match: Match) -> Iterator[Failing]:
        for wanted in dict.fromkeys(_wanted(pattern, match.bindings) for pattern in match.unmet):
            yield Failing(shown(self._sentences.absence([wanted])), self.below(wanted))
        for facts in match.present:
            yield Failing(shown(" and ".join(map(self._sentences.fact, facts)) + ", which stands against it"))
        for comparison in match.false:
            yield Failing(shown(self._compared(comparison, match.bindings)))

    def below(self, wanted: Wanted) -> tuple[NearMiss, ...]:
        """Return the rules nearest to concluding a missing fact; what a case can only be told has none."""
        if wanted in self._asked or wanted[0] is None:
            return ()
        self._asked.add(wanted)
        found: list[tuple[int, str, Clause, Match]] = []
        for clause in self._clauses:
            if clause.head is None or clause.head[1] != wanted[1]:
                continue
            start = _unified(clause.head, wanted)
            if start is not None and not _says_again(clause, start, wanted):
                match = nearest(clause, self._facts, start, self._fixed)
                if match is not None:
                    found.append((match.count, clause.name, clause, match))
        fewest = min((count for count, *_ in found if count), default=0)
        nearest_ones = [item for item in found if item[0] == fewest > 0]
        return tuple(
            self._miss(clause, match)
            for *_, clause, match in sorted(nearest_ones, key=lambda item: (item[1], str(item[2].axiom)))
        )

    def _compared(self, comparison: Comparison, bindings: Bindings) -> str:
        sign, left, right = comparison
        value = worked_out(left, bindings)
        is_ = "cannot be told" if value is None else f"is {self._sentences.term(value)}"
        return f"{_noun(left)} {is_}, and must be {_MUST[sign]} {self._worth(right, bindings)}"

    def _worth(self, expression: Expression, bindings: Bindings) -> str:
        value = worked_out(expression, bindings)
        said = "something that cannot be told" if value is None else self._sentences.term(value)
        return said if isinstance(expression, NamedNode | Literal) else f"{_noun(expression)}, {said}"


def _fixed(program: Program, knowledge: Knowledge) -> frozenset[NamedNode]:
    """Return the predicates and classes of positions and limits: they stand in the knowledge, and no case adds any."""
    terms = {t for name in ("Position", "QuantitySituation") for t in knowledge.members(rfy(name))}
    subjects: dict[object, set[object]] = {}
    for fact in program.known:
        what = fact.object if fact.predicate == Rdf.TYPE else fact.predicate
        subjects.setdefault(what, set()).add(fact.subject)
    concluded = {clause.head[1] for clause in program.clauses if clause.head is not None} - {Rdf.TYPE}
    found = (what for what, having in subjects.items() if isinstance(what, NamedNode) and having <= terms)
    return frozenset(what for what in found if what not in concluded)


def _noun(expression: Expression) -> str:
    """Return what the author of a rule called a value: the variable's name as words."""
    if isinstance(expression, Var):
        return f"“{_CAPITAL.sub(lambda letter: f' {letter[0].lower()}', expression)}”"
    return "the value"


def _wanted(pattern: Pattern, bindings: Bindings) -> Wanted:
    return (put(pattern[0], bindings), pattern[1], put(pattern[2], bindings))


def _unified(head: Pattern, wanted: Wanted) -> Mapping[str, Term] | None:
    """Return the bindings under which a clause concludes what is wanted; None in it stands for anything."""
    bindings: dict[str, Term] = {}
    for node, term in ((head[0], wanted[0]), (head[2], wanted[2])):
        if term is None:
            continue
        if isinstance(node, Var):
            if bindings.setdefault(node, term) != term:
                return None
        elif node != term:
            return None
    return bindings


def _says_again(clause: Clause, bindings: Bindings, wanted: Wanted) -> bool:
    """Say whether a clause only leads back to the fact that it would conclude, as a chain over itself does."""

    def same(node: Node, term: object) -> bool:
        return put(node, bindings) in {term, None}

    return any(p[1] == wanted[1] and same(p[0], wanted[0]) and p[1] != Rdf.TYPE for p in clause.body)


def why_not_text(answer: WhyNot) -> str:
    """Return an answer as text: the rules nearest first, and below each what fails."""
    if answer.advised:
        kind, urgency = (grade.casefold() for grade in answer.advised)
        lines = [f"It is advised: {answer.label} ({kind}, {urgency}). Other rules that would advise it do not hold:"]
    else:
        lines = [f"Why not: {answer.label}"]
    if not answer.misses:
        lines.append("No rule of the chosen guidance would advise it otherwise.")
    for number, miss in enumerate(answer.misses, 1):
        places = f" [{miss.places}]" if miss.places else ""
        lines += ["", *wrapped(f"{number:>3}. ", f"{miss.title}.{places}"), *_lines(miss, "     ")]
    return "\n".join(lines) + "\n"


def _lines(miss: NearMiss, indent: str) -> Iterator[str]:
    for failing in miss.failing:
        yield from wrapped(f"{indent}- ", f"{capital(failing.text)}.")
        for below in failing.below:
            yield from wrapped(f"{indent}    ", f"It would follow from: {below.title}. But:")
            yield from _lines(below, f"{indent}    ")
