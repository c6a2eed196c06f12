"""The sections of a report that show answers: the flow, what is missing, what was concluded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from refractory.cohort.summary.reporting.drawing import number, percent
from refractory.cohort.summary.reporting.pictures import ONE, Bar, Series, Stage, bars, flow, shares
from refractory.cohort.summary.reporting.shown import KINDS, MOST, Said, Section, Shown, Table, divided, inked, plain


def sections_of_answers(said: Said) -> Iterator[Section]:
    """Yield the sections that have something to show."""
    summary = said.all
    yield _flow(said)
    if summary["missing"]["keeps"] or summary["missing"]["facts"]:
        yield _missing(said)
    if summary["actions"]:
        yield _actions(said)
    if summary["drugs"]:
        yield _drugs(said)
    if summary["populations"]:
        yield _populations(said)
    if summary["hypotheses"]:
        yield _hypotheses(said)
    if any(summary[name] for name, _ in _NOTED):
        yield _noted(said)


def _flow(said: Said) -> Section:
    stages = [
        Stage(step["says"], step["patients"], tuple((_why(said, one), one["patients"]) for one in step["leave"]))
        for step in said.steps
    ]
    # Reasons of a few patients each would make the picture long; the table has all of them.
    drawn = [Stage(one.says, one.patients, _few(one.leave)) for one in stages]
    rows = [
        row
        for stage in stages
        for row in (
            (stage.says, number(stage.patients), ""),
            *((f"left: {why}", "", number(count)) for why, count in stage.leave),
        )
    ]
    lead = ["Every patient of a step either reaches the next one or leaves, each for one reason."]
    if beyond := said.all["flow"]["notCounted"]:
        lead.append(f"Of {number(beyond)} more it can be said that {said.steps[-1]['says']}, but they left earlier.")
    return Section(
        "flow",
        "How far patients go",
        tuple(lead),
        (
            Shown(
                flow("flow", drawn, title="The flow of patients"),
                "Thick bars: who reaches a step, with the share of those before. Thin bars: who leaves, and why.",
                Table("Steps, and who leaves after each", ("", "reach it", "leave"), tuple(rows)),
            ),
        ),
    )


def _why(said: Said, one: Mapping[str, Any]) -> str:
    if "says" in one:
        return str(one["says"])
    return " and ".join(KINDS.get(name) or said.label(name) for name in one["reasons"]) or "for no stated reason"


def _missing(said: Said) -> Section:
    missing = said.all["missing"]
    shown = []
    if missing["keeps"]:
        rows = [
            Bar(one["says"], (one["patients"],), said.patients[_before(said, one["from"])]) for one in missing["keeps"]
        ]
        shown.append(
            Shown(
                bars("keeps", rows, ONE, title="What keeps patients from the next step of the flow"),
                "Patients who go no further because this is not known; the share is of those who came so far.",
                plain("What keeps patients from the next step", rows, "of those who came so far"),
            )
        )
    asked = missing["by"] == "questions"
    drug = said.label(said.all["flow"]["drug"])
    if asked:
        caption = f"Patients in whom the status of resistance to {drug} would change if the fact were known."
        title = f"Facts that would change the status of {drug}"
        shown += _facts(said, "deciding", "decidesByLastStep", title, caption)
    shown += _facts(
        said,
        "missing",
        "byLastStep",
        "Facts that are unknown and may matter",
        "Patients in scope for whom anything in the answer would change if the fact were known, advice included."
        if asked
        else "Patients in scope in whom the fact is unknown and would speak for or against a cause of failure. "
        "What else would change was not worked out: run with --questions for that.",
    )
    return Section("missing", "What is missing from the records", (), tuple(shown))


def _facts(said: Said, name: str, key: str, title: str, caption: str) -> list[Shown]:
    """Return the picture of facts by how far patients in scope go; none where there are no such patients."""
    # Each step has the same ink in every picture, also in this one, which begins with those in scope.
    inks = inked("steps", [step["stays"] for step in said.steps[1:]])
    steps, series = said.steps[2:], Series(inks.labels[1:], inks.inks[1:])
    whole = said.patients[steps[0]["id"]]
    rows = [
        Bar(said.label(one["fact"]), tuple(one[key].get(step["id"], 0) for step in steps), whole)
        for one in said.all["missing"]["facts"]
    ]
    rows = sorted((row for row in rows if row.whole), key=lambda row: -row.whole)
    if not rows:
        return []
    picture = bars(name, rows[:MOST], series, title=title)
    return [Shown(picture, caption, divided(f"{title}, by how far patients go", rows, series))]


def _before(said: Said, step: str) -> str:
    ids = [one["id"] for one in said.steps]
    return str(ids[ids.index(step) - 1])


def _actions(said: Said) -> Section:
    order = said.all["order"]
    series = said.series("urgencies")
    found: dict[tuple[str, str], dict[str, int]] = {}
    for one in said.all["actions"]:
        found.setdefault((one["kind"], one["action"]), {})[one.get("urgency", "")] = one["patients"]
    rows = [
        Bar(
            said.label(action),
            tuple(by.get(urgency, 0) for urgency in order["urgencies"]),
            said.answered,
            said.label(kind).capitalize(),
        )
        for (kind, action), by in sorted(
            found.items(),
            key=lambda item: (_place(item[0][0], order["kinds"]), -sum(item[1].values()), item[0][1]),
        )
    ]
    first = order["urgencies"][0]
    at_once = sum(one["patients"] for one in said.all["urgencies"] if one["urgency"] == first)
    share = percent(at_once, said.answered)
    lead = f"At least one action is {said.label(first)} for {number(at_once)} patients ({share} of those answered)."
    return Section(
        "actions",
        "What is advised",
        (lead, "A patient counts at every action that is advised, so that bars are not to be added."),
        (
            Shown(
                bars("actions", rows, series, title="Actions by kind and urgency"),
                "Patients by action, kind and urgency; shares are of all that were answered.",
                divided("Actions by kind and urgency", rows, series),
            ),
        ),
    )


def _drugs(said: Said) -> Section:
    series = said.series("statuses")
    rows = [Bar(said.label(one["drug"]), said.in_order("statuses", one["statuses"])) for one in said.all["drugs"]]
    return Section(
        "resistance",
        "Resistance by drug",
        (),
        (
            Shown(
                bars("drugs", rows, series, title="Status of resistance by drug"),
                "Patients by drug and status of the resistance of their virus to it; who has none is not counted.",
                divided("Status of resistance by drug", rows, series),
            ),
        ),
    )


def _populations(said: Said) -> Section:
    steps = said.steps[1:]
    series = inked("steps", [step["stays"] for step in steps])
    far, statuses = [], []
    for one in said.all["populations"]:
        label = said.label(one["name"]) if "name" in one else "none of these"
        reached = [one["steps"][step["id"]] for step in steps]
        only = tuple(here - further for here, further in zip(reached, (*reached[1:], 0), strict=True))
        far.append(Bar(label, only))
        statuses.append(Bar(label, said.in_order("statuses", one["statusesInFailure"])))
    status = said.series("statuses")
    failing = [bar for bar in statuses if bar.whole]
    shown = [
        Shown(
            shares("populations", far, series, title="How far patients go, by population"),
            "Shares of those answered in each population, by how far they go; their number stands at the right.",
            divided("How far patients go, by population", far, series),
        )
    ]
    if failing:
        shown.append(
            Shown(
                shares("statuses", failing, status, title="Status of resistance in failing treatment, by population"),
                f"Shares of those in each population whose treatment is failing, by status of resistance to "
                f"{said.label(said.all['flow']['drug'])}.",
                divided("Status of resistance in failing treatment, by population", failing, status),
            )
        )
    lead = "A patient counts in every population that the record shows, so that populations overlap."
    return Section("populations", "Populations", (lead,), tuple(shown))


def _hypotheses(said: Said) -> Section:
    series = said.series("hypotheses")
    rows = [
        Bar(said.label(one["name"]), said.in_order("hypotheses", one["statuses"])) for one in said.all["hypotheses"]
    ]
    return Section(
        "causes",
        "Causes of failure that are considered",
        (),
        (
            Shown(
                shares("causes", rows, series, title="Hypotheses by status"),
                "Shares of the patients in whom each cause is considered; their number stands at the right.",
                divided("Hypotheses by status", rows, series),
            ),
        ),
    )


def _noted(said: Said) -> Section:
    rows = []
    for name, heading in _NOTED:
        for one in said.all[name][:MOST]:
            label = said.label(one.get("name") or one["id"]).removeprefix("red flag: ")
            about = f": {said.label(one['about'])}" if "about" in one else ""
            rows.append(Bar(label + about, (one["patients"],), said.answered, heading))
    table = Table(
        "Red flags, pitfalls, cautions, conflicts and gaps",
        ("", "sort", "patients", "of all answered"),
        tuple((bar.label, bar.group, number(bar.whole), percent(bar.whole, bar.of)) for bar in rows),
        (1,),
    )
    return Section(
        "noted",
        "What to look out for",
        (),
        (
            Shown(
                bars("noted", rows, ONE, title="Red flags, pitfalls, cautions, conflicts and gaps"),
                "Patients in whom each was met; shares are of all that were answered.",
                table,
            ),
        ),
    )


_NOTED: Final = (
    ("redFlags", "Red flags"),
    ("pitfalls", "Pitfalls"),
    ("cautions", "Cautions"),
    ("conflicts", "Conflicts"),
    ("gaps", "Left open by the sources"),
)


def _few(leave: tuple[tuple[str, int], ...], most: int = 6) -> tuple[tuple[str, int], ...]:
    """Return the reasons of most patients, and the others as one."""
    if len(leave) <= most:
        return leave
    rest = leave[most - 1 :]
    return (*leave[: most - 1], (f"{len(rest)} other combinations of reasons", sum(count for _, count in rest)))


def _place(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else len(order)
