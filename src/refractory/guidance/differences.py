"""Where an answer differs from the one that was written by hand, in sentences for a person who does not program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from refractory.guidance.parts import PARTS, Items, Names, OddPartError, Part, Subject

Sort = Literal["changed", "unexpected", "missing", "unreadable"]


@dataclass(frozen=True, slots=True)
class Why:
    """Why something was answered, or was not.

    Attributes:
        lines: Sentences.
        rules: The rules behind what was answered, by name.
        statements: The statements behind it, by their local names.
    """

    lines: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One conclusion that is not the expected one.

    Attributes:
        part: The key of `expected.json`.
        sort: Whether it is answered otherwise, not expected, missing; or whether the part cannot be read.
        subject: What it is about, as `expected.json` names it.
        expected: What was expected of it; nothing where it is not expected, or its subject says all.
        answered: What was answered, in the same way.
        says: The difference as a sentence.
        why: Why it was answered so, or was not answered.
    """

    part: str
    sort: Sort
    subject: Subject
    expected: tuple[Any, ...]
    answered: tuple[Any, ...]
    says: str
    why: Why = field(default_factory=Why)

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "part": self.part,
            "sort": self.sort,
            "subject": list(self.subject),
            "says": self.says,
            "why": list(self.why.lines),
            "rules": list(self.why.rules),
            "statements": list(self.why.statements),
        }


def differences(expected: Mapping[str, Any], answered: Mapping[str, Any], names: Names) -> tuple[Difference, ...]:
    """Return where two answers differ, each as complete sets: what is not expected is a difference too.

    Args:
        expected: What was written by hand.
        answered: The same of the answer, as `spoken_of` gives it.
        names: How names are said.
    """
    return tuple(_differences(expected, answered, names))


def _differences(expected: Mapping[str, Any], answered: Mapping[str, Any], names: Names) -> Iterator[Difference]:
    for key in sorted(expected.keys() - PARTS.keys()):
        yield Difference(
            key, "unreadable", (), (), (), f"expected.json has a key “{key}”, of which no answer speaks: take it out."
        )
    for key, part in PARTS.items():
        try:
            hoped = part.read(expected[key]) if key in expected else {}
        except OddPartError:
            says = f"“{key}” in expected.json cannot be read: it is to be {part.form}."
            yield Difference(key, "unreadable", (), (), (), says)
            continue
        found = part.read(answered[key]) if key in answered else {}
        yield from _of_part(key, part, hoped, found, names)


def _of_part(key: str, part: Part, hoped: Items, found: Items, names: Names) -> Iterator[Difference]:
    for subject in sorted(hoped.keys() | found.keys(), key=lambda subject: tuple(map(str, subject))):
        wanted, given = list(hoped.get(subject, ())), list(found.get(subject, ()))
        for value in list(wanted):
            if value in given:
                wanted.remove(value)
                given.remove(value)
        if wanted or given:
            yield _difference(key, part, subject, (tuple(wanted), tuple(given)), names)


def _difference(
    key: str, part: Part, subject: Subject, values: tuple[tuple[Any, ...], tuple[Any, ...]], names: Names
) -> Difference:
    wanted, given = values
    about = part.subject(subject, names)

    def said(some: tuple[Any, ...]) -> str:
        return " and ".join(text for value in some if (text := part.value(value, names)))

    sort: Sort = "changed" if wanted and given else "missing" if wanted else "unexpected"
    says = {
        "changed": f"Expected: {about}: {said(wanted)}. Answered: {said(given)}.",
        "missing": f"Expected, but not answered: {_joined(about, said(wanted))}.",
        "unexpected": f"Not expected, but answered: {_joined(about, said(given))}.",
    }[sort]
    return Difference(key, sort, subject, wanted, given, says)


def _joined(about: str, value: str) -> str:
    return f"{about}: {value}" if value else about
