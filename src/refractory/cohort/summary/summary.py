"""The summary of a cohort: how many patients have which answer, how far they go, and what is not known of them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from refractory.cohort.running.parts import ANSWERED, REJECTED
from refractory.cohort.simulation.conclusions import conclusions
from refractory.cohort.simulation.figures import Simulated
from refractory.cohort.simulation.recall import recall
from refractory.cohort.summary.compare import compare
from refractory.cohort.summary.counting import Key
from refractory.cohort.summary.flow import FIRST, KEYS, Flow
from refractory.cohort.summary.stored import Parts
from refractory.cohort.summary.tally import COLUMNS, REJECTED_COLUMNS, Rejections, Tally, last_steps
from refractory.errors import RefusedError
from refractory.knowledge.knowledge import Knowledge
from refractory.render.words import Words
from refractory.version import VERSION

SCHEMA_VERSION: Final = "1"
"""The version of the form."""

_STATUS = KEYS.index("status")
# The columns that a conclusion may look at, and the part of an assessment that no row has as such.
_JUDGED: Final = ("case", "failing", "dose", "dayOfTreatment", "notApplicable", "resistance", "hypotheses")
_JUDGED_TOO: Final = ("recommendations", "pitfalls", "cautions")


def summarize(
    out: Path, knowledge: Knowledge, *, truth: Path | None = None, others: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """Return the summary of a folder of answers, as `schemas/cohort-summary.schema.json` has it.

    Args:
        out: The folder that `refractory cohort` wrote.
        knowledge: The knowledge that answered; it gives labels and the flow.
        truth: The truth of a simulated cohort, to measure recall by.
        others: Folders of answers to the same input, to compare with.

    Raises:
        UsageError: A folder holds no answers, or answers to another input; or the truth is of other patients.
        RefusedError: A file cannot be read.
        KnowledgeError: The flow is at fault.
    """
    parts = Parts.of(out)
    flow = Flow.of(knowledge)
    tally, rejections = Tally(flow), Rejections()
    for batch in parts.batches(ANSWERED, COLUMNS):
        tally.add(batch)
    for batch in parts.batches(REJECTED, REJECTED_COLUMNS):
        rejections.add(batch)
    rejected = sum(rejections.kinds.values())
    steps = flow.counted(tally.flow, rejections.kinds)
    said: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "softwareVersion": VERSION,
        "answeredBy": parts.to_json(),
        "records": {
            "read": tally.answered + rejected,
            "answered": tally.answered,
            "rejected": rejected,
            "stretchesNotCounted": rejections.unmeasured,
        },
        "order": _order(tally, flow),
        "flow": {"drug": flow.drug, "steps": steps, "notCounted": _not_counted(tally, flow)},
        **_counts(tally, flow),
        "missing": _missing(tally, flow, steps, questions=parts.questions),
        "rejected": rejections.to_json(),
    }
    if truth is not None:
        said["recall"] = _recall(parts, knowledge, truth)
    if others:
        said["comparisons"] = [compare(out, other, flow) for other in others]
    return said | {"labels": _labels(said, knowledge)}


def _counts(tally: Tally, flow: Flow) -> dict[str, Any]:
    """Return the counts by sort."""
    of: Mapping[str, Counter[Key]] = defaultdict(Counter, tally.counts)
    return {
        "outcomes": _named(of["outcomes"], "outcome"),
        "doses": _named(of["doses"], "dose"),
        "notApplicable": _named(of["notApplicable"], "name"),
        "populations": _populations(of["populations"], flow),
        "drugs": _nested(of["resistance"], "drug", "status"),
        "hypotheses": _nested(of["hypotheses"], "name", "status"),
        "actions": _named(of["recommendations"], "action", "kind", "urgency"),
        "urgencies": _named(of["urgencies"], "urgency"),
        "redFlags": _named(of["redFlags"], "name"),
        "pitfalls": _named(of["pitfalls"], "name"),
        "cautions": _named(of["cautions"], "name"),
        "conflicts": _named(of["conflicts"], "name", "about"),
        "gaps": _named(of["gaps"], "id", "source", "line"),
    }


def _order(tally: Tally, flow: Flow) -> dict[str, list[str]]:
    """Return in which order values are shown; a value that the flow's file does not know comes last, and is shown."""
    found = {
        "statuses": {key[1] for key in tally.counts.get("resistance", ())},
        "hypotheses": {key[1] for key in tally.counts.get("hypotheses", ())},
        "kinds": {key[1] for key in tally.counts.get("recommendations", ())},
        "urgencies": {key[2] for key in tally.counts.get("recommendations", ())},
    }
    return {name: [*order, *sorted(found[name] - {*order})] for name, order in flow.orders.items()}


def _named(counter: Counter[Key], *names: str) -> list[dict[str, Any]]:
    """Return counts with their names, the most frequent first."""
    return [
        {**{name: value for name, value in zip(names, key, strict=True) if value is not None}, "patients": count}
        for key, count in sorted(counter.items(), key=lambda item: (-item[1], [str(part) for part in item[0]]))
    ]


def _nested(counter: Counter[Key], name: str, by: str) -> list[dict[str, Any]]:
    """Return counts of two names by the first, those with most patients first."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for (one, value), count in sorted(counter.items()):
        found[one][value] = count
    ordered = sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return [{name: one, "patients": sum(values.values()), f"{by}es": values} for one, values in ordered]


def _populations(counter: Counter[Key], flow: Flow) -> list[dict[str, Any]]:
    """Return how far each population goes; the entry without a name is of patients of no population."""
    patients: Counter[str] = Counter()
    steps: dict[str, Counter[str]] = defaultdict(Counter)
    statuses: dict[str, Counter[str]] = defaultdict(Counter)
    order = [step.id for step in flow.steps]
    for name, last, key, count in last_steps(counter, flow):
        patients[name] += count
        for reached in order[1 : order.index(last) + 1]:
            steps[name][reached] += count
        if order.index(last) >= _FAILING and key[_STATUS]:
            statuses[name][key[_STATUS]] += count
    return [
        {
            **({"name": name} if name else {}),
            "patients": count,
            "steps": {step: steps[name][step] for step in order[1:]},
            "statusesInFailure": dict(sorted(statuses[name].items())),
        }
        for name, count in sorted(patients.items(), key=lambda item: (not item[0], -item[1], item[0]))
    ]


_FAILING: Final = FIRST.index("failing")
_APPLICABLE: Final = FIRST.index("applicable")


def _not_counted(tally: Tally, flow: Flow) -> int:
    """Return how many patients have what the last step asks for, and left before it."""
    return sum(
        count
        for key, count in tally.flow.items()
        if flow.last(key) + 1 < len(flow.steps) and flow.steps[-1].reached(dict(zip(KEYS, key, strict=True)))
    )


def _missing(tally: Tally, flow: Flow, steps: list[dict[str, Any]], *, questions: bool) -> dict[str, Any]:
    """Return what keeps patients from the next step, and which facts are unknown and may matter."""
    keeps = [
        {"fact": one["missing"], "says": one["says"], "patients": one["patients"], "from": after["id"]}
        for step, after in pairwise(steps)
        for one in step["leave"]
        if "missing" in one
    ]
    facts, deciding = (_by_last_step(tally, sort, flow) for sort in ("missing", "deciding"))
    order = [step.id for step in flow.steps]
    listed: list[dict[str, Any]] = [
        {
            "fact": fact,
            "patients": sum(by.values()),
            "inScope": sum(count for last, count in by.items() if order.index(last) >= _APPLICABLE),
            "byLastStep": {step: by[step] for step in order if by[step]},
            **({"decidesByLastStep": {s: deciding[fact][s] for s in order if deciding[fact][s]}} if questions else {}),
        }
        for fact, by in facts.items()
    ]
    listed.sort(key=lambda one: (-one["inScope"], -one["patients"], one["fact"]))
    return {"by": "questions" if questions else "hypotheses", "keeps": keeps, "facts": listed}


def _by_last_step(tally: Tally, sort: str, flow: Flow) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, last, _, count in last_steps(tally.counts.get(sort, Counter()), flow):
        found[name][last] += count
    return found


def _recall(parts: Parts, knowledge: Knowledge, truth: Path) -> list[dict[str, Any]]:
    """Return how much of the truth was found."""
    known = conclusions(Simulated.of(knowledge))
    try:
        with truth.open("rb") as lines:
            found = recall((json.loads(line) for line in lines), _as_judged(parts), known)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise RefusedError(
            f"the truth cannot be read: {error}.",
            place=str(truth),
            fix="Give the file that `refractory cohort simulate --truth FILE` wrote with these cases.",
        ) from error
    return [one.to_json() for one in found]


def _as_judged(parts: Parts) -> Iterator[Mapping[str, Any]]:
    """Yield rows in the form in which conclusions are looked for."""
    for batch in parts.batches(ANSWERED, (*_JUDGED, *_JUDGED_TOO)):
        for row in batch.to_pylist():
            yield {**row, "failure": {name: row[name] for name in ("failing", "dose", "dayOfTreatment")}}


_NAMES: Final = frozenset(
    {"name", "drug", "action", "fact", "about", "id", "from", "to", "kind", "urgency", "outcome", "dose", "missing"}
)
_LISTED: Final = frozenset({"reasons", "statuses", "statusesInFailure"})


def _labels(said: Mapping[str, Any], knowledge: Knowledge) -> dict[str, str]:
    """Return the label of every name in a summary that the graph knows."""
    words = Words(knowledge)
    ordered = {name for values in said["order"].values() for name in values}
    found = {name: words.label(name) for name in sorted({*_names_in(said), *ordered})}
    return {name: label for name, label in found.items() if label != name}


def _names_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _NAMES and isinstance(inner, str):
                yield from inner.split(" ")
            elif key in _LISTED:
                yield from inner
            else:
                yield from _names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names_in(inner)
