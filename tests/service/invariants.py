"""The invariants of CDS Hooks, by their names, evaluated as FHIRPath on plain JSON.

Read in `input/fsh/invariants` and `_fsh/invariants` of HL7/cds-hooks; each holds of the elements that it is set on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fhirpathpy import evaluate

Json = dict[str, Any]

# Name, where the elements are (`.` for each step into a list or an object), what holds of each.
RESPONSE: Final = (
    (
        "cds-resp-1",
        "cards",
        "(selectionBehavior = 'at-most-one') implies suggestions.where(isRecommended).count() <= 1",
    ),
    ("cds-resp-2", "cards.suggestions.actions", "(type = 'delete') implies (resourceId.exists() and resource.empty())"),
    ("cds-resp-3", "cards.links", "(type != 'smart') implies (appContext.empty())"),
    ("cds-resp-4", "cards.overrideReasons", "display.exists()"),
    ("cds-resp-5", "cards.suggestions", "actions.all(description.exists())"),
    ("cds-resp-6", "cards", "suggestions.exists() implies selectionBehavior.exists()"),
    (
        "cds-resp-7",
        "cards.suggestions",
        "actionSelectionBehavior.empty() or actionSelectionBehavior = 'all' or actionSelectionBehavior = 'any' or "
        "actionSelectionBehavior = 'at-most-one'",
    ),
)
REQUEST: Final = (
    ("cds-r-1", "", "fhirAuthorization.exists() implies fhirServer.exists()"),
    ("cds-r-2", "fhirAuthorization", "scope.contains('Patient/') implies patient.exists()"),
)
FEEDBACK: Final = (
    ("cds-fb-1", "feedback", "outcome = 'accepted' or outcome = 'overridden'"),
    ("cds-fb-2", "feedback", "(outcome = 'accepted') implies acceptedSuggestions.exists()"),
    ("cds-fb-3", "feedback.overrideReason", "reason.exists() or userComment.exists()"),
)


def broken(body: Json, invariants: tuple[tuple[str, str, str], ...]) -> list[str]:
    """Return the names of the invariants that a body breaks."""
    return [
        name
        for name, where, expression in invariants
        if not all(evaluate(element, expression) == [True] for element in _at(body, where))
    ]


def _at(value: Any, where: str) -> Iterator[Json]:
    """Yield the elements at a place, through every list on the way."""
    if isinstance(value, list):
        for part in value:
            yield from _at(part, where)
    elif not where:
        yield value
    elif isinstance(value, dict):
        step, _, rest = where.partition(".")
        yield from _at(value.get(step, []), rest)


def values_in(value: Any) -> Iterator[Any]:
    """Yield a value and all values within it."""
    yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from values_in(part)
