"""What was made of a Bundle: each resource that was looked at, used, ignored or unknown, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

USED: Final = "used"
IGNORED: Final = "ignored"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One thing that was looked at.

    Attributes:
        outcome: `used`, `ignored` (it is no fact of the case) or `unknown` (it speaks of one, and says nothing sure).
        resource: The resource, as type and id.
        path: Where it stands in the Bundle, and within it the element.
        reason: Why, or what was made of it.
        row: The row of the mapping; empty where none applies.
        fact: The place in the case that it went to; empty where it went nowhere.
        case: The case that it belongs to; empty where it belongs to none.
    """

    outcome: str
    resource: str
    path: str
    reason: str
    row: str = ""
    fact: str = ""
    case: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON, without what is empty."""
        parts = {
            "outcome": self.outcome,
            "resource": self.resource,
            "path": self.path,
            "reason": self.reason,
            "row": self.row,
            "fact": self.fact,
            "case": self.case,
        }
        return {key: value for key, value in parts.items() if value}


@dataclass(frozen=True, slots=True)
class FhirReading:
    """A Bundle read.

    Attributes:
        cases: The cases that it holds, one for each patient, in the JSON form of a case.
        trace: What was used, ignored and unknown.
        sources: For each case, by the place of a fact in it, the resource and element that it was made from.
    """

    cases: tuple[dict[str, Any], ...]
    trace: tuple[TraceEntry, ...]
    sources: tuple[Mapping[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return cases and trace as JSON."""
        return {"cases": list(self.cases), "trace": [entry.to_json() for entry in self.trace]}
