"""Breaks records on purpose, each in one known way, so that it can be seen that they are refused, and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from refractory.cohort.simulation.chance import Even

Case = dict[str, Any]

_LONG_AGO, _SOON = "1999-12-31", "2999-01-01"


@dataclass(frozen=True, slots=True)
class Breaking:
    """A way to break a record.

    Attributes:
        reason: What is wrong, in words.
        kind: The kind of error: `NonConforming` if a shape finds it, `Refused` if the reader does.
        by: The shape that finds it, or words of the reader's message.
        make: Breaks a case.
    """

    reason: str
    kind: str
    by: str
    make: Callable[[Case, str], None] | None = None

    def to_json(self, way: str) -> dict[str, str]:
        """Return what the truth says of a broken record."""
        return {"way": way, "kind": self.kind, "by": self.by, "reason": self.reason}


def _ends_before_it_starts(case: Case, _fact: str) -> None:
    case.pop("assessedOn", None)
    case["treatments"][-1] |= {"startedOn": _SOON, "endedOn": _LONG_AGO, "status": "Completed"}


def _starts_later(case: Case, _fact: str) -> None:
    case.setdefault("assessedOn", "2025-12-31")
    entry = case["treatments"][-1]
    entry.pop("endedOn", None)
    entry |= {"startedOn": _SOON, "status": "Ongoing"}


def _goes_on_and_has_ended(case: Case, _fact: str) -> None:
    entry = case["treatments"][-1]
    entry["status"] = "Ongoing"
    entry.setdefault("endedOn", entry.get("startedOn") or _LONG_AGO)


def _present_and_absent(case: Case, fact: str) -> None:
    for key in ("present", "absent"):
        case[key] = [*(name for name in case.get(key, ()) if name != fact), fact]


def _too_old(case: Case, _fact: str) -> None:
    case.setdefault("patient", {})["ageYears"] = 231


def _unknown_name(case: Case, _fact: str) -> None:
    case["condition"] = "not a term of the graph"


def _unknown_key(case: Case, _fact: str) -> None:
    case["remark"] = "not a key of a case"


def _without_drug(case: Case, _fact: str) -> None:
    case["treatments"][-1].pop("drug")


def _no_such_day(case: Case, _fact: str) -> None:
    case["assessedOn"] = "2025-02-30"


BREAKINGS: Mapping[str, Breaking] = MappingProxyType(
    {
        "ends-before-it-starts": Breaking(
            "A treatment ends before it starts.", "NonConforming", "TreatmentConsistencyShape-endAfterStart",
            _ends_before_it_starts,
        ),
        "starts-after-the-assessment": Breaking(
            "A treatment starts after the day of the assessment.", "NonConforming",
            "TreatmentConsistencyShape-startNotInFuture", _starts_later,
        ),
        "goes-on-and-has-ended": Breaking(
            "A treatment that goes on has a last day.", "NonConforming", "TreatmentConsistencyShape-ongoingHasNoEnd",
            _goes_on_and_has_ended,
        ),
        "present-and-absent": Breaking(
            "A fact is present and absent.", "NonConforming", "CaseConsistencyShape-presentOrAbsent",
            _present_and_absent,
        ),
        "too-old": Breaking(
            "An age is not plausible.", "NonConforming", "PatientShape-ageYears", _too_old,
        ),
        "without-drug": Breaking(
            "A treatment does not name its drug.", "NonConforming", "TreatmentShape-drug", _without_drug,
        ),
        "unknown-name": Breaking("A name is of no term.", "Refused", "not a term of the graph", _unknown_name),
        "unknown-key": Breaking("A key is none of a case.", "Refused", "remark", _unknown_key),
        "no-such-day": Breaking("A date is of no calendar.", "Refused", "assessedOn", _no_such_day),
        "cut-off": Breaking("The line breaks off.", "Refused", "JSON"),
    }
)  # fmt: skip
_WAYS = tuple(BREAKINGS.items())


def broken(case: Case, fact: str, even: Even) -> tuple[str, dict[str, str]]:
    """Return the line of a case broken in one way, and what the truth says of it.

    Args:
        case: The case; it is changed.
        fact: A clinical fact, for a record that says it both ways.
        even: Where chance comes from.
    """
    way, breaking = _WAYS[int(even() * len(_WAYS))]
    if breaking.make is not None:
        breaking.make(case, fact)
    line = json.dumps(case, ensure_ascii=False, separators=(",", ":"))
    return (line if breaking.make is not None else line[: len(line) // 2]), breaking.to_json(way)
