"""How much of the truth is found: recall and precision of each conclusion over a simulated cohort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from refractory.cohort.simulation.conclusions import Conclusion, found_in
from refractory.errors import UsageError
from refractory.model.sources import without_none

# Of the normal distribution, for an interval of 95 %.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the interval of Wilson for 95 %."""

    part: int
    of: int

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.part / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between what it lies; None of nothing."""
        if not self.of:
            return None
        share, square = self.part / self.of, _Z * _Z
        middle = share + square / (2 * self.of)
        half = _Z * sqrt(share * (1 - share) / self.of + square / (4 * self.of * self.of))
        whole = 1 + square / self.of
        return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        interval = list(self.interval) if self.interval else None
        return {"part": self.part, "of": self.of, **without_none(value=self.value, interval=interval)}


@dataclass(frozen=True, slots=True)
class Recall:
    """How one conclusion fares.

    Attributes:
        conclusion: Which.
        right: In how many answered patients the truth makes it right.
        found: In how many it was concluded.
        both: In how many both.
    """

    conclusion: Conclusion
    right: int
    found: int
    both: int

    @property
    def recall(self) -> Share:
        """Of those in whom it is right, the ones in whom it was concluded."""
        return Share(self.both, self.right)

    @property
    def precision(self) -> Share:
        """Of those in whom it was concluded, the ones in whom it is right."""
        return Share(self.both, self.found)

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "conclusion": self.conclusion.id,
            "says": self.conclusion.says,
            "right": self.right,
            "found": self.found,
            "both": self.both,
            "recall": self.recall.to_json(),
            "precision": self.precision.to_json(),
        }


def recall(
    truths: Iterable[Mapping[str, Any]], answers: Iterable[Mapping[str, Any]], known: Iterable[Conclusion]
) -> tuple[Recall, ...]:
    """Count for each conclusion how often it is right, found, and both.

    Args:
        truths: Lines of the truth's file. A record that was broken on purpose counts nowhere.
        answers: Assessments in their published form, in any order.
        known: The conclusions, from `conclusions`.

    Raises:
        UsageError: An answer is of no patient of the truth or of a broken record, or a patient has two answers or none.
    """
    known = tuple(known)
    # Few different sets are right, and each is kept once: a million patients cost little.
    sets: dict[frozenset[str], frozenset[str]] = {}
    waiting: dict[str, frozenset[str]] = {}
    for truth in truths:
        if truth["invalid"] is None:
            right = frozenset(truth["right"])
            waiting[truth["id"]] = sets.setdefault(right, right)
    counts: Counter[tuple[str, str]] = Counter()
    for answer in answers:
        expected = waiting.pop(answer["case"], None)
        if expected is None:
            raise UsageError(
                "an answer is of no patient of the truth, or a second one.",
                place=answer["case"],
                fix="Give the truth that was written with these cases, and each answer once.",
            )
        found = found_in(answer, known)
        counts.update(("right", name) for name in expected)
        counts.update(("found", name) for name in found)
        counts.update(("both", name) for name in expected & found)
    if waiting:
        raise UsageError(
            f"{len(waiting)} patients of the truth have no answer.",
            place=next(iter(waiting)),
            why="A recall without them would look better than it is.",
            fix="Give the answers to all cases, or the truth of those alone that were answered.",
        )
    return tuple(Recall(one, counts["right", one.id], counts["found", one.id], counts["both", one.id]) for one in known)
