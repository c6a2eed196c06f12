"""The conclusions whose recall is measured: what truth makes each right, and where an assessment has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from refractory.cohort.simulation.figures import Simulated


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One conclusion.

    Attributes:
        id: What it is called.
        says: What it says, in words.
        when: What must hold of the patient for it to be right.
        unless: What must not.
        part: The part of an assessment that has it.
        key, name: By which key, and of which name, the entry of a list is chosen; empty: the part is no list.
        field: The key that says it.
        values: The values that say so.
    """

    id: str
    says: str
    when: frozenset[str]
    unless: frozenset[str]
    part: str
    key: str
    name: str
    field: str
    values: tuple[Any, ...]

    def right(self, holds: Collection[str]) -> bool:
        """Say whether it is right of a patient of whom this holds."""
        return self.when.issubset(holds) and self.unless.isdisjoint(holds)

    def found(self, assessment: Mapping[str, Any]) -> bool:
        """Say whether an assessment, in its published form, has it."""
        part = assessment[self.part]
        entries: Sequence[Mapping[str, Any]] = part if self.key else (part,)
        return any(
            entry.get(self.field) in self.values for entry in entries if not self.key or entry[self.key] == self.name
        )


def conclusions(data: Simulated) -> tuple[Conclusion, ...]:
    """Return the conclusions that the file of figures defines, in its order."""
    return tuple(
        Conclusion(
            id=part["id"],
            says=part["says"],
            when=frozenset(part["when"]),
            unless=frozenset(part.get("unless", ())),
            part=part["list"],
            key=part.get("key", ""),
            name=part.get("is", ""),
            field=part["field"],
            values=tuple(part["one-of"]),
        )
        for part in data.said["conclusion"]
    )


def found_in(assessment: Mapping[str, Any], known: Collection[Conclusion]) -> frozenset[str]:
    """Return the conclusions that an assessment has, by their ids."""
    return frozenset(conclusion.id for conclusion in known if conclusion.found(assessment))
