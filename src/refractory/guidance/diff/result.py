"""What differs between two knowledges, as values with their published form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from refractory.guidance.diff.answers import Key, Said
from refractory.guidance.diff.content import ContentChange
from refractory.guidance.diff.grounds import Difference
from refractory.guidance.diff.version import Level, VersionCheck, highest
from refractory.version import VERSION

SCHEMA_VERSION: Final = "1"

What = Literal["comes", "goes", "changes", "stays"]


@dataclass(frozen=True, slots=True)
class ConclusionDifference:
    """A conclusion of a case that is another, or rests on something else.

    Attributes:
        what: Whether it comes, goes or changes; or stays, and rests on other grounds.
        key: What it is of.
        label: Its name in words, and what it stands at.
        before: What was concluded; None if nothing was.
        after: What is concluded now; None if nothing is.
        grounds: What carries it on one side and not on the other.
    """

    what: What
    key: Key
    label: str
    before: Said | None
    after: Said | None
    grounds: Difference

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "change": self.what,
            "sort": self.key.sort,
            "name": self.key.name,
            **({"at": self.key.at} if self.key.at else {}),
            "label": self.label,
            "before": self.before,
            "after": self.after,
            "grounds": self.grounds.to_json(),
        }


@dataclass(frozen=True, slots=True)
class CaseDifference:
    """What differs in the answers to one case.

    Attributes:
        case: Its name.
        conclusions: What differs, answers first, then what only rests on other grounds.
        because: The changes of content that the answers rest on, on either side.
        errors: Why it cannot be answered, before and now; empty texts where it can.
    """

    case: str
    conclusions: tuple[ConclusionDifference, ...]
    because: tuple[ContentChange, ...]
    errors: tuple[str, str]

    @property
    def answered_otherwise(self) -> bool:
        """Whether the answer is another, and not its grounds alone."""
        return any(conclusion.what != "stays" for conclusion in self.conclusions)

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        errors = dict(zip(("errorBefore", "errorAfter"), self.errors, strict=True))
        return {
            "case": self.case,
            "answeredOtherwise": self.answered_otherwise,
            "because": [{"sort": change.key.sort, "name": change.key.name} for change in self.because],
            **{key: text for key, text in errors.items() if text},
            "conclusions": [conclusion.to_json() for conclusion in self.conclusions],
        }


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two knowledges, as it is called in the result."""

    name: str
    hash: str

    def to_json(self) -> dict[str, str]:
        """Return the published form."""
        return {"name": self.name, "knowledgeHash": self.hash}


@dataclass(frozen=True)
class GuidanceDiff:
    """What differs between two knowledges.

    Attributes:
        old: The one before.
        new: The one now.
        content: What changed in the files.
        compared: How many cases were answered by at least one of them.
        cases: The cases whose answer, or whose grounds, differ.
        unanswered: The cases that neither answers, and why the new one does not.
        versions: What the change asks of versions.
    """

    old: Side
    new: Side
    content: tuple[ContentChange, ...]
    compared: int
    cases: tuple[CaseDifference, ...]
    unanswered: tuple[tuple[str, str], ...]
    versions: tuple[VersionCheck, ...]

    @property
    def needs(self) -> Level:
        """How far the change goes at most."""
        return highest(check.needs for check in self.versions)

    @property
    def faults(self) -> tuple[VersionCheck, ...]:
        """The versions that do not say what changed."""
        return tuple(check for check in self.versions if check.fault)

    @cached_property
    def answered_otherwise(self) -> tuple[CaseDifference, ...]:
        """The cases that get another answer."""
        return tuple(case for case in self.cases if case.answered_otherwise)

    @cached_property
    def on_other_grounds(self) -> tuple[CaseDifference, ...]:
        """The cases whose answer is the same and rests on something else."""
        return tuple(case for case in self.cases if not case.answered_otherwise)

    def to_json(self) -> dict[str, Any]:
        """Return the published form, as `schemas/guidance-diff.schema.json` describes it."""
        return {
            "schemaVersion": SCHEMA_VERSION,
            "softwareVersion": VERSION,
            "old": self.old.to_json(),
            "new": self.new.to_json(),
            "needs": self.needs,
            "versions": [check.to_json() for check in self.versions],
            "content": [change.to_json() for change in self.content],
            "casesCompared": self.compared,
            "cases": [case.to_json() for case in self.cases],
            "unanswered": [{"case": name, "error": error} for name, error in self.unanswered],
        }
