"""The sections of a report beside the answers: other answers, the truth, and what was not answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from refractory.cohort.summary.reporting.drawing import number, percent
from refractory.cohort.summary.reporting.pictures import Bar, Measured, Series, both_ways, measured
from refractory.cohort.summary.reporting.shown import KINDS, MOST, Said, Section, Shown, Table


def sections_beside(said: Said) -> Iterator[Section]:
    """Yield the sections that have something to show."""
    for count, one in enumerate(said.all.get("comparisons", ()), 1):
        yield _comparison(said, one, count)
    if "recall" in said.all:
        yield _recall(said)
    if said.all["rejected"]:
        yield _rejected(said)


def _comparison(said: Said, one: Mapping[str, Any], count: int) -> Section:
    records, other = one["records"], one["with"]
    name = f"compared-{count}"
    same = other["knowledgeHash"] == said.all["answeredBy"]["knowledgeHash"]
    sources = "; ".join(f"{said.label(source['id'])} {source['version']}" for source in other["guidance"])
    lead = [
        f"The same records were answered with {sources}"
        + (" (the same knowledge as here)." if same else f" (knowledge {other['knowledgeHash'][:12]}…)."),
        f"{number(records['differ'])} of the {number(records['answeredByBoth'])} patients whom both answer "
        f"({percent(records['differ'], records['answeredByBoth'])}) get another answer here.",
    ]
    if records["onlyBefore"] or records["onlyNow"]:
        lead.append(
            f"Only there {number(records['onlyBefore'])} were answered, only here {number(records['onlyNow'])}."
        )
    moved = [move for move in one["lastSteps"] if move["from"] != move["to"]]
    shown = [_moves(said, moved)] if moved else []
    if not moved:
        lead.append("In the flow every patient comes as far here as there.")
    changes: list[tuple[str, str, Mapping[str, Any]]] = []
    rows: list[Bar] = []
    for part in one["differences"]:
        sort = _SORTS.get(part["sort"], part["sort"])
        by_name: dict[str, dict[str, int]] = {}
        for each in part["changes"]:
            label = _changed(said, part["sort"], each)
            by = by_name.setdefault(label, {})
            by[each["change"]] = by.get(each["change"], 0) + each["patients"]
            changes.append((sort, label, each))
        ordered = sorted(by_name.items(), key=lambda item: (-sum(item[1].values()), item[0]))
        rows += [
            Bar(label, tuple(by.get(way, 0) for way in _WAYS), 0, sort.capitalize())
            for label, by in ordered[:_MOST_OF_A_SORT]
        ]
    if rows:
        series = Series(tuple(_WAYS.values()), ("ink-2", "ink-3", "ink-5"))
        shown.append(
            Shown(
                both_ways(name, rows, series, title="What differs, from there to here"),
                "Patients by what is no longer concluded, is concluded anew, or has another value; "
                f"of each sort the {_MOST_OF_A_SORT} that most patients differ in.",
                _differences(said, changes),
            )
        )
    return Section(name, f"Compared with the answers in {other['folder']}", tuple(lead), tuple(shown))


def _differences(said: Said, changes: list[tuple[str, str, Mapping[str, Any]]]) -> Table:
    changes.sort(key=lambda item: (-item[2]["patients"], item[0], item[1]))
    return Table(
        "What differs, from there to here",
        ("", "sort", "there", "here", "patients", "for example"),
        tuple(
            (
                label,
                sort,
                _value(said, each, "from"),
                _value(said, each, "to"),
                number(each["patients"]),
                each["examples"][0],
            )
            for sort, label, each in changes[: 2 * MOST]
        ),
        (1, 2, 3, 5),
        max(0, len(changes) - 2 * MOST),
    )


def _changed(said: Said, sort: str, each: Mapping[str, Any]) -> str:
    """Return what a change is about; of what each patient has once, that is in the sort."""
    return _ONCE.get(sort) or said.label(each["name"])


def _value(said: Said, each: Mapping[str, Any], side: str) -> str:
    gone = each["change"] == ("comes" if side == "from" else "goes")
    return "\N{EN DASH}" if gone else said.label(each[side]) if side in each else "yes"


def _moves(said: Said, moves: Sequence[Mapping[str, Any]]) -> Shown:
    stays = {step["id"]: step["stays"] for step in said.steps}
    rows = [(stays[one["from"]], stays[one["to"]], number(one["patients"])) for one in moves]
    caption = "Patients who go further here, or less far"
    return Shown(table=Table(caption, ("there", "here", "patients"), tuple(rows), (1,)))


def _recall(said: Said) -> Section:
    rows = [
        Measured(one["says"], tuple(_point(one[name]) for name in ("recall", "precision")))
        for one in said.all["recall"]
    ]
    series = Series(("found of those in whom it is so", "so of those in whom it was found"), ("ink-3", "ink-2"))
    table = Table(
        "Held against the truth of the simulation",
        ("", "is so", "found", "both", "found of those", "so of found"),
        tuple(
            (
                one["says"],
                number(one["right"]),
                number(one["found"]),
                number(one["both"]),
                percent(one["both"], one["right"]),
                percent(one["both"], one["found"]),
            )
            for one in said.all["recall"]
        ),
    )
    return Section(
        "recall",
        "Held against the truth",
        ("The records are simulated, and what is so of each patient is known, even what the record leaves out.",),
        (
            Shown(
                measured("recall", rows, series, title="Recall and precision of conclusions"),
                "Lines: 95 % intervals.",
                table,
            ),
        ),
    )


def _rejected(said: Said) -> Section:
    reasons = said.all["rejected"]
    rejected, read = said.all["records"]["rejected"], said.all["records"]["read"]
    lead = [
        f"{number(rejected)} of {number(read)} records ({percent(rejected, read)}) were not answered; none is lost."
    ]
    if unknown := said.all["records"]["stretchesNotCounted"]:
        lead.append(
            f"{number(unknown)} of them stand for stretches of input of which nobody can say how much they hold."
        )
    table = Table(
        "Why records were not answered",
        ("what is wrong", "sort", "first met", "how to mend it", "records"),
        tuple(
            (
                one["message"] or "other reasons",
                KINDS.get(one["kind"], one["kind"]),
                f"{one['first']['source']}:{one['first']['row']}",
                one["first"].get("fix", ""),
                number(one["records"]),
            )
            for one in reasons[:MOST]
        ),
        (1, 2, 3),
        max(0, len(reasons) - MOST),
    )
    return Section("rejected", "Records that were not answered", tuple(lead), (Shown(table=table),))


_SORTS: Final = {"notApplicable": "reason not applicable", "redFlag": "red flag", "resistance": "status of resistance"}
_WAYS: Final = {"goes": "no longer concluded", "comes": "concluded anew", "changes": "another value"}
_MOST_OF_A_SORT: Final = 8
_ONCE: Final = {"outcome": "the outcome", "dose": "adequacy of the dose"}


def _point(share: Mapping[str, Any]) -> tuple[float, float, float] | None:
    if "value" not in share:
        return None
    low, high = share["interval"]
    return share["value"], low, high
