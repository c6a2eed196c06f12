"""Facts and steps as English sentences, from the labels of terms and the templates in the headers of rules.

No word of medicine stands here: what is said of a drug, a condition or an action comes from the graph. Python knows
only how the W3C's rules of OWL 2 RL are said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from refractory.errors import RuleError
from refractory.explain.lexicon import Lexicon
from refractory.model.proof import AbsentPattern, Derived, Given, Stated, Step
from refractory.model.sources import StatementRef
from refractory.vocabulary import NAMESPACE, Rdf, Xsd

_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")
_READER: Final = "reader: "
# The name of a part of a case that there may be several of ends in its number.
_NUMBERED: Final = re.compile(r"\.[0-9]+$")


def article(noun: str) -> str:
    """Return a noun with its indefinite article."""
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


# How each rule of OWL 2 RL is said: from the labels of its axiom's terms, in the order of the table in docs/explain.md.
_OWL: Final[Mapping[str, Callable[[Sequence[str]], str]]] = {
    "prp-spo1": lambda t: f"“{t[0]}” always means “{t[1]}” too",
    "prp-trp": lambda t: f"“{t[0]}” carries on from one to the next",
    "prp-symp": lambda t: f"“{t[0]}” holds both ways",
    "prp-inv1": lambda t: f"“{t[1]}” is “{t[0]}” read backwards",
    "prp-inv2": lambda t: f"“{t[0]}” is “{t[1]}” read backwards",
    "prp-dom": lambda t: f"“{t[0]}” is said of {article(t[1])} only",
    "prp-rng": lambda t: f"“{t[0]}” leads to {article(t[1])} only",
    "prp-spo2": lambda t: f"{' followed by '.join(f'“{link}”' for link in t[1:])} always means “{t[0]}”",
    "cax-sco": lambda t: f"every {t[0]} is {article(t[1])}",
    "cls-hv2+cax-sco": lambda t: f"whatever {t[0]} {t[1]} is {article(t[2])}",
    "cls-svf1+cax-sco": lambda t: f"whatever {t[0]} {article(t[1])} is {article(t[2])}",
    "cls-svf2+cax-sco": lambda t: f"whatever {t[0]} anything is {article(t[1])}",
    "cls-int1+cax-sco": lambda t: f"whatever is {' and '.join(map(article, t[:-1]))} is {article(t[-1])}",
    "cls-uni+cax-sco": lambda t: f"every {t[0]} is {article(t[1])}",
    "cax-sco+cls-avf": lambda t: f"whatever {article(t[0])} {t[1]} is {article(t[2])}",
    "cax-sco+cls-hv1": lambda t: f"every {t[0]} {t[1]} {t[2]}",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A step in words.

    Attributes:
        holds: What holds, as a clause.
        because: Why: the rule's or the axiom's sentence; for what was said, who said it.
        absent: What is said by nothing, one clause each.
        place: Where in the case it was said, or an empty string.
        statements: The statements that the step carries.
        sources: Their places, or an empty string.
    """

    holds: str
    because: str
    absent: tuple[str, ...] = ()
    place: str = ""
    statements: tuple[StatementRef, ...] = ()
    sources: str = ""

    @property
    def said(self) -> str:
        """The sentence without its places and without a full stop, as a clause."""
        if self.place:
            return f"{self.because} that {self.holds} ({self.place})"
        if not self.because:
            return self.holds
        return ", and ".join((f"{self.holds}, because {self.because}", *self.absent))

    @property
    def text(self) -> str:
        """The whole sentence, followed by the places of its statements."""
        return f"{capital(self.said)}. [{self.sources}]" if self.sources else f"{capital(self.said)}."


class Sentences:
    """Says the facts and steps of one case."""

    def __init__(self, lexicon: Lexicon, case: NamedNode) -> None:
        self._lexicon = lexicon
        self._case = case
        self._base = case.value + ("." if "#" in case.value else "#")

    def term(self, term: object) -> str:
        """Return a term in words: a label, a part of the case, a number or a text; None is `anything`."""
        match term:
            case None:
                return "anything"
            case Literal():
                return _value(term)
            case NamedNode():
                return self._node(term)
        return str(term)

    def _node(self, node: NamedNode) -> str:
        if node == self._case:
            return "the case"
        if node.value.startswith(self._base):
            name = node.value.removeprefix(self._base)
            return name if _NUMBERED.search(name) else f"the {name}"
        if node.value.startswith(NAMESPACE):
            label = self._lexicon.label(node)
            return f"“{label}”" if node in self._lexicon.phrases else label
        return node.value.rpartition("#")[2] or node.value

    def pattern(self, subject: object, predicate: NamedNode, value: object) -> str:
        """Return a fact, or a pattern of facts with None for anything, as a clause."""
        if predicate == Rdf.TYPE:
            what = "something" if value is None else article(self.term(value))
            return f"{self.term(subject)} is {what}"
        label = self._lexicon.label(predicate)
        if isinstance(value, Literal) or predicate in self._lexicon.data_properties:
            if value is None:
                return f"the {label} of {self.term(subject)} is known"
            return f"the {label} of {self.term(subject)} is {self.term(value)}"
        return f"{self.term(subject)} {label} {self.term(value)}"

    def fact(self, fact: Triple) -> str:
        """Return a fact as a clause."""
        return self.pattern(fact.subject, fact.predicate, fact.object)

    def absence(self, group: Sequence[AbsentPattern]) -> str:
        """Return a group of patterns of which nothing holds as a clause."""
        if len(group) == 1 and group[0][2] is None and group[0][1] in self._lexicon.data_properties:
            subject, predicate, _ = group[0]
            return f"nothing says what the {self._lexicon.label(predicate)} of {self.term(subject)} is"
        return f"nothing says that {' and that '.join(self.pattern(*pattern) for pattern in group)}"

    def step(self, step: Step) -> Sentence:
        """Return a step in words.

        Raises:
            RuleError: The template of its rule names a variable that the rule does not bind.
        """
        holds = self.fact(step.conclusion)
        match step:
            case Given() if step.place.startswith(_READER):
                return Sentence(holds, "the reader of the case adds", place=step.place.removeprefix(_READER))
            case Given():
                return Sentence(holds, "the case says", place=step.place)
            case Stated():
                statements = self._lexicon.statements(step)
                holds = f"the knowledge says that {holds}"
                return Sentence(holds, "", statements=statements, sources=self._lexicon.places(statements))
        statements = self._lexicon.statements(step)
        absent = tuple(self.absence(group) for group in step.absences)
        return Sentence(
            holds, self._because(step), absent, statements=statements, sources=self._lexicon.places(statements)
        )

    def _because(self, step: Derived) -> str:
        rule = self._lexicon.rules.get(step.rule)
        if rule is not None:
            return self.filled(rule.header.get("says", rule.header["title"]), dict(step.bindings), rule.path)
        premises = " and ".join(map(self.fact, step.premises))
        return f"{premises}, and {self.axiom(step.rule, step.axiom)}"

    def axiom(self, rule: str, terms: Sequence[object]) -> str:
        """Return an axiom in words, by the W3C names of the rules that it drives."""
        say = _OWL.get(rule)
        if say is None:
            return f"so says the rule {rule}"
        return say([self._plain(term) for term in terms])

    def _plain(self, term: object) -> str:
        return self._lexicon.label(term) if isinstance(term, NamedNode) else self.term(term)

    def filled(self, template: str, bindings: Mapping[str, object], path: str) -> str:
        """Return a template with its variables replaced by what they are bound to.

        Raises:
            RuleError: It names a variable that is not bound.
        """

        def word(match: re.Match[str]) -> str:
            if match[1] not in bindings:
                raise RuleError(
                    f"the rule's sentence names {{{match[1]}}}, which its body does not bind.",
                    place=path,
                    fix="Use a variable of the body in `#+ says:`.",
                )
            return self.term(bindings[match[1]])

        return _VARIABLE.sub(word, template)


def capital(text: str) -> str:
    """Return a text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def shown(text: str) -> str:
    """Return a text without control characters, which a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def _value(literal: Literal) -> str:
    """Return a number plainly, a day as it is, and a text in quotes."""
    if literal.datatype == Xsd.STRING or literal.language:
        return f"“{shown(literal.value)}”"
    try:
        number = Decimal(literal.value)
    except InvalidOperation:
        return shown(literal.value)
    if not number.is_finite():
        return shown(literal.value)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
