"""The parts of a golden answer: how each is taken into single conclusions, and how such a one is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.vocabulary import Rdfs, rfy

# What a conclusion is about: names, in the order in which its part has them; nothing where a part is one conclusion.
Subject = tuple[Any, ...]
Items = Mapping[Subject, list[Any]]


_NAME: Final = re.compile("[A-Za-z][A-Za-z0-9_-]*")


def is_name(text: object) -> bool:
    """Say whether a text can be the local name of a term; one that a person wrote may hold anything."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


class OddPartError(Exception):
    """A part of `expected.json` that has not the form of its part."""


class Names:
    """Says the names of a knowledge: the label, with the name itself in brackets."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def label(self, name: object) -> str:
        """Return how a name is said alone."""
        return self._knowledge.label(rfy(str(name))) if is_name(name) else f"{name}"

    def named(self, name: object) -> str:
        """Return label and name; of a name that nothing has, that it is none."""
        if not is_name(name) or not self._knowledge.text(rfy(str(name)), Rdfs.LABEL):
            hint = did_you_mean(self._knowledge.names.nearest(str(name)))
            return f"[{name}] (nothing has this name{'; ' + hint[0].lower() + hint[1:] if hint else ''})"
        return f"“{self.label(name)}” [{name}]"

    def all_named(self, names: tuple[object, ...]) -> str:
        """Return several names, joined."""
        return " and ".join(map(self.named, names))


@dataclass(frozen=True, slots=True)
class Part:
    """One key of `expected.json`.

    Attributes:
        form: How it is written, for a person.
        items: What takes its value into conclusions: subject and value, None where it says no more than its subject.
        subject: How a subject is said.
        value: How a value is said.
    """

    form: str
    items: Callable[[Any], Iterator[tuple[Subject, Any]]]
    subject: Callable[[Subject, Names], str]
    value: Callable[[Any, Names], str]

    def read(self, value: Any) -> Items:
        """Return the conclusions of a part by what they are about.

        Raises:
            OddPartError: It has not the form of this part.
        """
        found: dict[Subject, list[Any]] = {}
        try:
            for subject, said in self.items(value):
                found.setdefault(subject, []).append(said)
        except (TypeError, ValueError, KeyError, AttributeError):
            raise OddPartError(self.form) from None
        return found


# ---- how a part is written ----


def _alone(value: Any) -> Iterator[tuple[Subject, Any]]:
    if isinstance(value, list | dict):
        raise TypeError
    yield (), value


def _names(value: Any) -> Iterator[tuple[Subject, Any]]:
    yield from (((_name(name),), None) for name in _listed(value))


def _by_name(value: Any) -> Iterator[tuple[Subject, Any]]:
    yield from (((name,), _plain(said)) for name, said in value.items())


def _lists_by_name(value: Any) -> Iterator[tuple[Subject, Any]]:
    yield from (((name, _name(said)), None) for name, listed in value.items() for said in _listed(listed))


def _advice(value: Any) -> Iterator[tuple[Subject, Any]]:
    for action, kind, urgency in _listed(value):
        yield (_name(action),), (_name(kind), _name(urgency))


def _amounts(value: Any) -> Iterator[tuple[Subject, Any]]:
    yield from (((name,), (_plain(amount["dose"]), _name(amount["unit"]))) for name, amount in value.items())


def _pairs(value: Any) -> Iterator[tuple[Subject, Any]]:
    for source, line in _listed(value):
        yield (_name(source), _plain(line)), None


def _groups(value: Any) -> Iterator[tuple[Subject, Any]]:
    for group in _listed(value):
        names = tuple(map(_name, _listed(group)))
        # Of two actions neither comes first; a disagreement begins with its sort and what it is about.
        yield (tuple(sorted(names)) if len(names) == 2 else (*names[:2], *sorted(names[2:]))), None


def _findings(value: Any) -> Iterator[tuple[Subject, Any]]:
    for virus, gene, mutation, calls in _listed(value):
        subject = (_name(virus), _name(gene), _name(mutation))
        yield subject, tuple(sorted((drug, _name(call)) for drug, call in calls.items()))


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, list | dict):
        raise TypeError
    return value


# ---- how a conclusion is said ----


def _called(what: str) -> Callable[[Subject, Names], str]:
    return lambda subject, names: f"{what} {names.all_named(subject)}" if subject else what


def _at(what: str) -> Callable[[Subject, Names], str]:
    return lambda subject, names: f"{what} {names.named(subject[1])} at {names.named(subject[0])}"


def _conflict(subject: Subject, names: Names) -> str:
    if len(subject) == 2:
        return f"conflict between {names.all_named(subject)}"
    sort, about, *parts = subject
    return f"{names.named(sort)} on {names.named(about)} of {names.all_named(tuple(parts))}"


def _gap(subject: Subject, names: Names) -> str:
    return f"gap of {names.named(subject[0])}, line {subject[1]}"


def _finding(subject: Subject, names: Names) -> str:
    return f"genotype finding {subject[2]} in {names.named(subject[1])} of {names.named(subject[0])}"


def _nothing(_value: Any, _names: Names) -> str:
    return ""


def _figure(value: Any, _names: Names) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _reached(value: Any, _names: Names) -> str:
    return {True: "reached", False: "not reached"}.get(value, str(value))


def _grade(value: Any, names: Names) -> str:
    return names.label(value)


def _grades(value: Any, names: Names) -> str:
    return ", ".join(map(names.label, value))


def _amount(value: Any, _names: Names) -> str:
    return f"{value[0]} {value[1]}"


def _calls(value: Any, names: Names) -> str:
    return ", ".join(f"{names.label(drug)}: {call.lower()}" for drug, call in value) or "no call"


_LIST = "a list of names"
_BY_NAME = "an object of names, each with its value"
_LISTS = "an object of names, each with a list of names"

PARTS: Final[Mapping[str, Part]] = {
    "failing": Part("true or false", _alone, _called("treatment failure"), _figure),
    "dose": Part("a name", _alone, _called("dose"), _grade),
    "dayOfTreatment": Part("a number", _alone, _called("day of treatment"), _figure),
    "notApplicable": Part(_LIST, _names, _called("reason why the guidance does not apply"), _nothing),
    "redFlags": Part(_LIST, _names, _called("red flag"), _nothing),
    "resistance": Part(_BY_NAME, _by_name, _called("resistance to"), _grade),
    "heightenedBy": Part(_LIST, _names, _called("suspicion heightened by"), _nothing),
    "genotype": Part(
        "a list of [virus, gene, mutation, {drug: call}]",
        _findings,
        _finding,
        _calls,
    ),
    "times": Part(_BY_NAME, _by_name, _called("time"), _reached),
    "hypotheses": Part(_BY_NAME, _by_name, _called("hypothesis"), _grade),
    "recommendations": Part("a list of [action, kind, urgency]", _advice, _called("advice"), _grades),
    "weakened": Part(_LIST, _names, _called("weakened advice"), _nothing),
    "forThisPatient": Part(
        'an object of actions, each with {"dose": ..., "unit": ...}', _amounts, _called("amount at"), _amount
    ),
    "positions": Part(_LISTS, _lists_by_name, _at("position"), _nothing),
    "cautions": Part(_LIST, _names, _called("caution"), _nothing),
    "cautionsAt": Part(_LISTS, _lists_by_name, _at("caution"), _nothing),
    "pitfalls": Part(_LIST, _names, _called("pitfall"), _nothing),
    "conflicts": Part("a list of lists of names", _groups, _conflict, _nothing),
    "gaps": Part("a list of [source, line]", _pairs, _gap, _nothing),
    "warnings": Part("a number", _alone, _called("number of warnings"), _figure),
}
"""The parts in the order in which differences are shown: the first lead to the later ones."""
