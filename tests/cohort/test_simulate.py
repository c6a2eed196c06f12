"""Simulated cohorts: the same bytes everywhere, valid, as frequent as the sources say, and with a truth that fits."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import tomllib
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from itertools import islice
from math import sqrt
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import click
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator, FormatChecker
from pyoxigraph import QuerySolutions

from refractory import Case
from refractory.cli import main
from refractory.cli.cohort import DefaultGroup
from refractory.cohort.simulation.breaking import BREAKINGS
from refractory.cohort.simulation.chance import Choice, Quantiles, mixed
from refractory.cohort.simulation.figures import SIMULATION, Figure, Simulated
from refractory.cohort.simulation.patient import Patient
from refractory.cohort.simulation.simulate import Simulation, Simulator
from refractory.errors import KnowledgeError, NonConformingError, RefusedError
from refractory.vocabulary import NAMESPACE
from tests.support import ROOT, knowledge_with, shipped

FILE = (ROOT / SIMULATION).read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "schemas" / "case.schema.json").read_text(encoding="utf-8"))
SEED = 20260310
MANY = 60_000


@cache
def simulator(**options: Any) -> Simulator:
    """Return a simulator of the shipped figures."""
    return Simulator.of(shipped().knowledge, SEED, **options)


@cache
def simulated(count: int) -> tuple[Simulation, ...]:
    """Return the first records of a cohort."""
    return tuple(simulator().records(count))


@cache
def patients(host: str = "") -> tuple[Patient, ...]:
    """Return many patients, or some of one kind of host, of whom a mixed cohort has too few to count."""
    if not host:
        return tuple(record.patient for record in simulator().records(MANY))
    hosts = FILE.index("value = ", FILE.index("[figure.hosts]"))
    text = f"{FILE[:hosts]}value = {{ {host} = 1 }}{FILE[FILE.index(chr(10), hosts) :]}"
    some = Simulator.of(knowledge_with({SIMULATION: text}), SEED)
    return tuple(record.patient for record in some.records(MANY // 3))


def test_a_longer_cohort_begins_with_the_shorter_one_and_parts_can_be_made_apart() -> None:
    """A record depends on seed and index alone, whatever was made before it and however many are made."""
    whole = [record.line for record in simulated(300)]

    assert whole[:100] == [record.line for record in simulator().records(100)]
    assert whole[200:] == [record.line for record in Simulator.of(shipped().knowledge, SEED).records(100, first=200)]
    assert whole[137] == simulator().one(137).line
    assert whole != [record.line for record in Simulator.of(shipped().knowledge, SEED + 1).records(300)]
    assert len({line.split(",", 1)[1] for line in whole}) == 300


def test_the_bytes_are_the_same_whatever_the_seed_of_hashes(tmp_path: Path) -> None:
    """Cases and truth are the same bytes in every process."""
    found = set()
    for seed in ("0", "1", "4711"):
        truth = tmp_path / f"truth-{seed}.ndjson"
        command = [sys.executable, "-m", "refractory", "cohort", "simulate", "-n", "1200", "--seed", str(SEED)]
        command += ["--invalid-share", "0.1", "--truth", str(truth)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": seed}
        out = subprocess.run(command, check=True, capture_output=True, env=environment, timeout=60).stdout
        found.add((hashlib.sha256(out).hexdigest(), hashlib.sha256(truth.read_bytes()).hexdigest(), out.count(b"\n")))

    assert len(found) == 1
    assert found.pop()[2] == 1200


def test_chance_rests_on_nothing_that_another_machine_does_otherwise() -> None:
    """The mixing is splitmix64's, and of the random numbers only those are used that no version changes."""
    assert mixed(0) == 0xE220A8397B1DCDAF
    assert mixed(0x9E3779B97F4A7C15) == 0x6E789E6AA1B965F4
    used = set()
    for path in (ROOT / "src" / "refractory" / "cohort").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and "_random" in ast.dump(node.value):
                used.add(node.attr)

    assert used == {"seed", "random"}


@pytest.mark.parametrize("options", [{}, {"complete": True}], ids=["as recorded", "complete"])
def test_all_cases_conform(options: dict[str, Any]) -> None:
    """Each case holds to the schema, is read, and no shape finds anything, not even to warn of.

    All are held against the compiled shapes, which stop an assessment; some against the shapes themselves.
    """
    check = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    kb = shipped()
    records = list(simulator(**options).records(300))
    cases = [Case.from_json(record.line, kb.knowledge) for record in records]
    for record in records:
        assert [] == list(check.iter_errors(json.loads(record.line)))
    for assessment in kb.assess_all(cases, questions=False):
        assert not assessment.warnings
    for case in cases[:30]:
        assert not kb.validate(case).findings


def test_cases_are_as_large_as_records_are() -> None:
    """A case has some facts and not hundreds, and both thin and full records are there."""
    sizes = sorted(_size(json.loads(record.line)) - 1 for record in simulated(2000))

    assert sizes[0] >= 2
    assert sizes[-1] <= 45
    assert sizes[len(sizes) // 10] < 15
    assert sizes[-len(sizes) // 10] > 25


def _size(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if parts is None else sum(map(_size, parts))


def _within(part: int, of: int, share: float) -> bool:
    """Say whether a count is within four standard deviations of what a share makes expect."""
    return of > 200 and abs(part - of * share) <= 4 * sqrt(of * share * (1 - share)) + 1e-9


def counted(position: str) -> float:
    """Return the share that a position of the graph counts, read by SPARQL and not by the code under test."""
    rows = shipped().knowledge.store.query(
        f"SELECT ?with ?of {{ rfy:{position} rfy:countWith ?with ; rfy:countOf ?of }}", prefixes={"rfy": NAMESPACE}
    )
    assert isinstance(rows, QuerySolutions)
    [row] = rows
    return float(row["with"].value) / float(row["of"].value)


SIMPLEX, ZOSTER = "HerpesSimplex", "HerpesZoster"
PREVALENCES: dict[str, tuple[str, float, Callable[[Patient], bool]]] = {
    "simplex, immunocompetent": (
        "",
        counted("survey-netherlands-immunocompetent"),
        lambda p: p.disease == SIMPLEX and not p.immunocompromised,
    ),
    "simplex, stem cells": (
        "stem-cell",
        counted("survey-netherlands-stem-cell"),
        lambda p: p.disease == SIMPLEX,
    ),
    "simplex, other immunocompromised": (
        "",
        9 / 128,
        lambda p: p.disease == SIMPLEX and p.immunocompromised and p.host != "stem-cell",
    ),
    "zoster in AIDS, of those who fail ten days": (
        "aids",
        counted("aids-varicella-series-2001-count"),
        lambda p: p.disease == ZOSTER and p.active and p.day >= 10,
    ),
}


@pytest.mark.parametrize("which", PREVALENCES)
def test_resistance_is_as_frequent_as_the_sources_count(which: str) -> None:
    """In many patients the share of resistant virus is that of the source."""
    host, share, of = PREVALENCES[which]
    population = [patient for patient in patients(host) if of(patient)]

    assert _within(sum(bool(p.resistant) for p in population), len(population), share)


def test_what_a_resistant_virus_resists_is_as_frequent_as_counted() -> None:
    """Mechanism, and the other drugs that it takes along, are as in the sources."""
    resistant = [patient for patient in patients("stem-cell") if patient.mechanism]
    kinase = [patient for patient in resistant if patient.mechanism == "ViralThymidineKinase"]
    others = [patient for patient in resistant if patient.mechanism == "ViralDnaPolymerase"]

    assert len(kinase) + len(others) == len(resistant)
    assert _within(len(kinase), len(resistant), 0.8)
    assert _within(_resist(kinase, "Foscarnet"), len(kinase), 1 - counted("herpesdrg-thymidine-kinase"))
    assert _within(_resist(others, "Foscarnet"), len(others), counted("herpesdrg-polymerase"))
    assert _within(_resist(kinase, "Famciclovir"), len(kinase), 81 / 87)
    assert _resist(resistant, "Acyclovir") == _resist(resistant, "Valacyclovir") == len(resistant)


def _resist(some: Iterable[Patient], drug: str) -> int:
    return sum(drug in patient.resistant for patient in some)


def test_the_assumed_shares_are_those_that_are_drawn() -> None:
    """Hosts, low doses and other causes are as frequent as the file assumes, and most patients do not fail."""
    file = tomllib.loads(FILE)["figure"]
    hosts = Counter(patient.host for patient in patients())
    for host, share in file["hosts"]["value"].items():
        assert _within(hosts[host], MANY, share), host
    assert _within(sum(not p.dose_right for p in patients()), MANY, file["dose-low"]["value"])
    for cause, share in file["causes"]["value"].items():
        assert _within(sum(cause in p.features for p in patients()), MANY, share), cause
    assert 0.05 * MANY < sum(p.failing for p in patients()) < 0.4 * MANY
    assert {p.cause for p in patients()} == {"", "natural course", *file["acts"]["value"]}


def test_every_figure_has_a_source_or_is_said_to_be_assumed() -> None:
    """No number is without its source, or the reason why none gives it."""
    data = Simulated.of(shipped().knowledge)

    assert len(data.figures) > 40
    for figure in data.figures.values():
        assert bool(figure.source) != bool(figure.reason), figure.name
        assert figure.assumed == bool(figure.reason)
        assert figure.shown
    assert sum(not figure.assumed for figure in data.figures.values()) >= 12


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('reason = "The assessments of a year."', "", "figure days needs a source"),
        ("[figure.days]\nvalue = 365\nassumed = true\n", "[figure.days]\nvalue = 365\n", "figure days needs"),
        ('[words]\nimmune = ["HivInfection"', '[words]\nimmune = [3, "HivInfection"', "words.immune is a number"),
        ('position = "survey-netherlands-stem-cell"', 'position = "no-such-position"', "no-such-position has no"),
        ("[words]", "[wrods]", "the word 'wrods' is unknown"),
        ("solid-organ = 0.05", "solid-organ = 0.5", "make 1.45"),
        ("value = [38, 52,", "value = [52, 38,", "not in rising order"),
        (
            'disease = "HerpesZoster"\nfigure = "resistance-zoster-immunocompromised"',
            'disease = "Other"\nfigure = "resistance-zoster-immunocompromised"',
            "no row of resistance is for hiv with HerpesZoster",
        ),
    ],
)
def test_a_file_at_fault_is_refused(old: str, new: str, message: str) -> None:
    """What has no source, or makes no sense, is an error of the knowledge."""
    assert FILE.count(old) == 1
    knowledge = knowledge_with({SIMULATION: FILE.replace(old, new)})
    with pytest.raises(KnowledgeError, match=message):
        Simulator.of(knowledge, 1)


def test_the_page_has_every_figure() -> None:
    """The table of the documentation is that of the file and the graph."""
    page = (ROOT / "docs" / "cohort-simulation.md").read_text(encoding="utf-8")

    assert Simulated.of(shipped().knowledge).table() in page
    assert "(cohort-simulation.md)" in (ROOT / "docs" / "index.md").read_text(encoding="utf-8")


def test_a_figure_may_be_the_low_or_the_high_share_of_a_position() -> None:
    """A position that has shares and no count can be used as well."""
    for read, share in (("low", 0.038), ("high", 0.157)):
        text = FILE.replace(
            'position = "survey-netherlands-immunocompetent"\nread = "count"',
            f'position = "survey-france-immunocompromised"\nread = "{read}"',
        )
        figure: Figure = Simulated.of(knowledge_with({SIMULATION: text})).figures["resistance-simplex-immunocompetent"]
        assert figure.value == pytest.approx(share)
        assert not figure.assumed


def test_the_truth_fits_the_cases() -> None:
    """What a record says is so, what is hidden is not in it, and what is right follows from the truth."""
    known = simulator().conclusions
    right: Counter[str] = Counter()
    for record in simulated(2000):
        case, truth = json.loads(record.line), record.truth(known)
        facts = set(truth["facts"])
        judged = {"DoseAppropriate"}
        assert truth["id"] == case["id"]
        assert set(case.get("present", ())) - judged <= facts
        assert not set(case.get("absent", ())) & facts
        entry = case["treatments"][-1]
        recordable = {"assessedOn", "condition", "lesionCourse", "ageYears", "weightKg", "doseMg", "startedOn"}
        recorded = {*case, *case.get("patient", ()), *case.get("present", ()), *entry}
        assert not set(truth["hidden"]) & recorded
        assert recordable <= recorded | set(truth["hidden"])
        assert facts <= {*case.get("present", ()), *truth["hidden"]}
        assert case.get("condition", truth["condition"]) == truth["condition"]
        if "lesionCourse" in case:
            assert (case["lesionCourse"] in ("Spreading", "Persisting")) == truth["active"]
        for key, holds in (("present", True), ("absent", False)):
            if judged & set(case.get(key, ())):
                assert truth["doseWasRight"] is holds
        if "startedOn" in entry and "assessedOn" in case:
            days = date.fromisoformat(case["assessedOn"]) - date.fromisoformat(entry["startedOn"])
            assert days.days == truth["dayOfTreatment"]
        assert bool(truth["resistantTo"]) == bool(truth["mechanism"])
        assert truth["whyFailing"] == (truth["whyActive"] if truth["failing"] else None)
        if truth["whyActive"] == "AntiviralResistance":
            assert "Acyclovir" in truth["resistantTo"]
        assert ("failing" in truth["right"]) == truth["failing"]
        suspected = truth["failing"] and truth["doseWasRight"] and "Acyclovir" in truth["resistantTo"]
        assert ("resistance-suspected" in truth["right"]) == suspected
        assert ("resistance-confirmed" in truth["right"]) == ("Acyclovir" in truth["resistantTo"])
        assert truth["hostImmunocompromised"] == (truth["host"] != "immunocompetent")
        right.update(truth["right"])

    assert set(right) == {conclusion.id for conclusion in known}


def test_complete_records_are_of_the_same_patients_and_hide_nothing() -> None:
    """Only what is recorded differs; then all failure is found, and nothing else is taken for it."""
    known = simulator().conclusions
    whole = list(simulator(complete=True).records(300))
    pairs = [(full.truth(known), thin.truth(known)) for full, thin in zip(whole, simulated(300), strict=True)]
    for full, thin in pairs:
        assert full["hidden"] == ()
        assert {**full, "hidden": None} == {**thin, "hidden": None}
    assert any(thin["hidden"] for _, thin in pairs)

    answers = shipped().assess_all(
        [Case.from_json(record.line, shipped().knowledge) for record in whole], questions=False
    )

    assert [a.failure.failing for a in answers] == [full["failing"] for full, _ in pairs]


def test_planted_records_are_refused_with_the_reason_that_is_said() -> None:
    """Each way to break a record is found by the shape or the reader that the truth names; other records stay."""
    planted = list(simulator(invalid_share=0.2).records(1500))
    broken = [record for record in planted if record.invalid]

    assert _within(len(broken), 1500, 0.2)
    assert {r.invalid["way"] for r in broken if r.invalid} == set(BREAKINGS)
    for record, whole in zip(planted, simulated(1500), strict=True):
        assert record.id == whole.id
        assert (record.line == whole.line) == (record.invalid is None)
    seen: Counter[str] = Counter()
    for record in broken:
        invalid = record.invalid
        assert invalid
        seen[invalid["way"]] += 1
        if seen[invalid["way"]] > 3:
            continue
        kind, said = _refusal(record.line)
        assert kind == invalid["kind"]
        assert any(invalid["by"] in words for words in said), (invalid, said)


def _refusal(line: str) -> tuple[str, list[str]]:
    """Return the kind of error by which a line is refused, and the shapes or words that say why."""
    try:
        case = Case.from_json(line, shipped().knowledge)
    except RefusedError as error:
        return "Refused", [str(error)]
    with pytest.raises(NonConformingError):
        shipped().assess(case)
    return "NonConforming", [finding.shape for finding in shipped().validate(case).findings]


def test_records_are_made_one_at_a_time() -> None:
    """Memory does not grow with the cohort."""
    records = simulator().records(10**9)
    next(records)
    tracemalloc.start()
    try:
        for _ in islice(records, 3000):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 200_000


def test_chance_of_tables() -> None:
    """A choice takes each of its things by its share and nothing for the rest; quantiles lie between their knots."""
    some = Choice({"a": 0.25, "b": 0.5})
    drawn = [some.draw(Mock(return_value=n / 100)) for n in range(100)]
    whole = Choice({"a": 0.1, "b": 0.9}, whole=True)
    knots = Quantiles([0, 10, 30])

    assert Counter(drawn) == {"a": 25, "b": 50, None: 25}
    assert whole.one(lambda: 0.9999999999999999) == "b"
    assert [knots.draw(Mock(return_value=p)) for p in (0, 0.25, 0.5, 0.75)] == [0, 5, 10, 20]


def test_the_command_writes_cases_and_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cases go to standard output, and the truth has a line for each in their order."""
    truth = tmp_path / "truth.ndjson"
    arguments = ["cohort", "simulate", "-n", "40", "--seed", str(SEED), "--first", "260", "--truth", str(truth)]

    assert main(arguments) == 0
    assert capsys.readouterr().out.splitlines() == [record.line for record in simulated(300)[260:]]
    truths = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    assert [t["id"] for t in truths] == [record.id for record in simulated(300)[260:]]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-n", "1", "--seed", "1", "--truth", "/nowhere/truth.ndjson"], 3),
        (["-n", "0", "--seed", "1"], 2),
        (["-n", "1"], 2),
        (["-n", "1", "--seed", "1", "--invalid-share", "1.5"], 2),
    ],
)
def test_a_wrong_call_says_so(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written to standard output."""
    assert main(["cohort", "simulate", *arguments]) == code
    said = capsys.readouterr()
    assert not said.out
    assert said.err


def test_what_names_no_command_is_an_input_of_the_one_that_runs() -> None:
    """With a command `run`, inputs and options may stand where a command's name would; names of commands go first."""
    seen: list[tuple[str, ...]] = []

    @click.group(cls=DefaultGroup, context_settings={"help_option_names": ["-h", "--help"]})
    def group() -> None:
        """Group."""

    @group.command()
    def other() -> None:
        seen.append(("other",))

    def call(*arguments: str) -> int:
        return CliRunner().invoke(group, arguments).exit_code

    assert call("cases.ndjson") == 2

    @group.command()
    @click.argument("inputs", nargs=-1)
    @click.option("--out")
    def run(inputs: tuple[str, ...], out: str) -> None:
        seen.append((*inputs, out))

    for arguments in (["a", "b", "--out", "o"], ["--out", "o", "a"], ["run", "other", "--out", "o"], ["other"]):
        assert call(*arguments) == 0
    assert call("--help") == 0
    assert seen == [("a", "b", "o"), ("a", "o"), ("other", "o"), ("other",)]
