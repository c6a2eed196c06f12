"""A report tells each cause once, in a fixed order, at a place that the author of the case knows."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse
from rdflib import RDF, SH, Graph

from refractory.errors import KnowledgeError, NonConformingError, RefusedError
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge, load_files
from refractory.knowledge.places import Places, read_context
from refractory.model.facts import CaseFacts, canonical
from refractory.model.report import Finding, Report
from refractory.render.report import report_markdown, report_text, report_turtle
from refractory.validation.report import ShapeWords, read_report
from refractory.validation.validate import validate
from refractory.vocabulary import Rdf, rfy

ROOT = Path(__file__).resolve().parents[2]
KNOWLEDGE = Knowledge.load()
SCHEMA = json.loads((ROOT / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
CASE = "https://example.org/case/1"
PREFIXES = f"""
@prefix case: <{CASE}#> .
@prefix rfy: <https://w3id.org/refractory/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""

FAULTS = """
<https://example.org/case/1> a rfy:Case ; rfy:assessedOn "2026-03-10"^^xsd:date ;
    rfy:hasPatient case:patient ; rfy:hasTreatment case:treatment.1 , case:treatment.2 , case:treatment.10 ;
    rfy:hasPresent rfy:AcquiredImmunodeficiencySyndrome ; rfy:hasAbsent rfy:HivInfection .
case:patient a rfy:Patient ; rfy:weightKg 7000.0 .
case:treatment.1 a rfy:Treatment ; rfy:usesDrug rfy:Valacyclovir ; rfy:hasTreatmentStatus rfy:Ongoing ;
    rfy:doseMg 500.0 .
case:treatment.2 a rfy:Treatment ; rfy:usesDrug rfy:Valacyclovir ; rfy:hasTreatmentStatus rfy:Stopped .
case:treatment.10 a rfy:Treatment ; rfy:hasTreatmentStatus rfy:Ongoing .
"""


def _facts(turtle: str, case: str = CASE) -> CaseFacts:
    quads = parse((PREFIXES + turtle).encode(), format=RdfFormat.TURTLE)
    return CaseFacts(NamedNode(case), canonical(Triple(q.subject, q.predicate, q.object) for q in quads))


def _validate(turtle: str, case: str = CASE) -> Report:
    return validate(_facts(turtle, case), KNOWLEDGE)


def _found(turtle: str) -> list[tuple[str, str | None, str]]:
    return [(f.place, f.value, f.component.removesuffix("ConstraintComponent")) for f in _validate(turtle).findings]


def _patient(facts: str) -> str:
    return f"<{CASE}> a rfy:Case ; rfy:hasPatient case:patient . case:patient a rfy:Patient ; {facts} ."


def _treatment(facts: str, more: str = "") -> str:
    return f"""<{CASE}> a rfy:Case ; rfy:hasTreatment case:treatment.1 {more} .
        case:treatment.1 a rfy:Treatment ; rfy:usesDrug rfy:Valacyclovir ; {facts} ."""


# ---- one finding for each cause


def test_a_value_of_the_wrong_type_is_one_finding() -> None:
    """A text where a number belongs is not also too small and too large."""
    expected = [("patient.weightKg", "heavy", "Datatype")]

    assert expected == _found(_patient('rfy:weightKg "heavy"^^xsd:decimal'))
    assert [("patient.weightKg", "70", "Datatype")] == _found(_patient('rfy:weightKg "70"'))


def test_too_many_values_and_a_bad_value_are_two_findings() -> None:
    """A second weight is one cause, and a weight that cannot be is another."""
    expected = [("patient.weightKg", None, "MaxCount"), ("patient.weightKg", "7000.0", "MaxInclusive")]

    assert expected == _found(_patient("rfy:weightKg 70.0 , 7000.0"))


def test_a_comparison_with_a_bad_date_is_not_told() -> None:
    """Which day comes first says nothing while one of them is no day."""
    turtle = _treatment(
        'rfy:hasTreatmentStatus rfy:Completed ; rfy:endedOn "2026-03-02"^^xsd:date ;'
        ' rfy:startedOn "2026-03-05"^^xsd:date , "2026-03-01"^^xsd:date'
    )

    assert [("treatments[0].startedOn", None, "MaxCount")] == _found(turtle)


def test_a_comparison_with_two_days_of_assessment_is_not_told() -> None:
    """What the case as a whole gets wrong explains the findings at its parts."""
    days = '; rfy:assessedOn "2026-03-01"^^xsd:date , "2026-03-10"^^xsd:date'
    turtle = _treatment('rfy:hasTreatmentStatus rfy:Ongoing ; rfy:startedOn "2026-03-05"^^xsd:date', days)

    assert [("assessedOn", None, "MaxCount")] == _found(turtle)


def test_a_contradiction_between_unknown_words_is_not_told() -> None:
    """What is no fact at all cannot be present and absent."""
    turtle = f"<{CASE}> a rfy:Case ; rfy:hasPresent rfy:Acyclovir ; rfy:hasAbsent rfy:Acyclovir ."

    assert [("absent", "Acyclovir", "Class"), ("present", "Acyclovir", "Class")] == _found(turtle)


def test_a_contradiction_is_told_without_the_warning_that_follows() -> None:
    """A judgement that is present and absent is one contradiction, not also a judgement against the record."""
    turtle = _treatment(
        "rfy:hasTreatmentStatus rfy:Ongoing ; rfy:doseMg 500.0 ; rfy:timesPerDay 2.0",
        "; rfy:hasCondition rfy:HerpesZoster ; rfy:hasPresent rfy:DoseAppropriate ; rfy:hasAbsent rfy:DoseAppropriate",
    )

    assert [("present", "DoseAppropriate", "SPARQL")] == _found(turtle)


def test_the_w3c_report_keeps_what_the_findings_leave_out() -> None:
    """Every result of SHACL is in the graph."""
    report = _validate(_patient('rfy:weightKg "heavy"^^xsd:decimal'))
    results = len(set(report.to_graph().subjects(RDF.type, SH.ValidationResult)))

    assert len(report.findings) == 1
    assert results > 1


# ---- order and places


def test_findings_stand_in_order() -> None:
    """Violations come first, then places, in which numbers are ordered as numbers."""
    expected = [
        ("Violation", "patient.weightKg", "7000.0"),
        ("Violation", "present", "AcquiredImmunodeficiencySyndrome"),
        ("Violation", "treatments[9].drug", None),
        ("Warning", "treatments[0].timesPerDay", None),
        ("Warning", "treatments[1].endedOn", None),
    ]

    assert expected == [(f.severity, f.place, f.value) for f in _validate(FAULTS).findings]


def test_the_report_is_the_same_whatever_the_order_of_the_facts() -> None:
    """Facts in another order give the same findings and the same bytes in each form."""
    facts = _facts(FAULTS)
    first = validate(facts, KNOWLEDGE)
    shuffled = list(facts.asserted)
    random.Random(2).shuffle(shuffled)  # noqa: S311 -- any order will do
    second = validate(CaseFacts(facts.case, tuple(shuffled)), KNOWLEDGE)

    assert first == second
    assert [report_turtle(first), report_text(first), report_markdown(first), json.dumps(first.to_json())] == [
        report_turtle(second), report_text(second), report_markdown(second), json.dumps(second.to_json()),
    ]  # fmt: skip


def test_a_part_of_a_case_that_has_a_fragment_has_a_place() -> None:
    """A reader joins names with a dot where the IRI of the case has a fragment already."""
    case = "https://example.org/cases#7"
    turtle = f"""<{case}> a rfy:Case ; rfy:hasSusceptibilityResult <{case}.result.2> .
        <{case}.result.2> a rfy:SusceptibilityResult ; rfy:testsDrug rfy:Acyclovir ."""

    assert ["susceptibility[1].interpretation"] == [f.place for f in _validate(turtle, case).findings]


def test_a_part_with_a_name_of_its_own_has_its_iri_as_place() -> None:
    """Nobody numbered the part, so a number would point nowhere."""
    turtle = f"""<{CASE}> a rfy:Case ; rfy:hasTreatment case:treatment.1 , <https://example.org/t> .
        case:treatment.1 a rfy:Treatment ; rfy:usesDrug rfy:Valacyclovir ; rfy:hasTreatmentStatus rfy:Ongoing .
        <https://example.org/t> a rfy:Treatment ; rfy:usesDrug rfy:Valacyclovir ."""

    assert ["treatments[<https://example.org/t>].status"] == [f.place for f in _validate(turtle).findings]


@pytest.mark.parametrize(
    ("focus", "path", "expected"),
    [
        (CASE, "hasCondition", "condition"),
        (CASE, None, f"<{CASE}>"),
        (f"{CASE}#patient", "ageYears", "patient.ageYears"),
        (f"{CASE}#patient", None, "patient"),
        (f"{CASE}#treatment.3", "usesDrug", "treatments[2].drug"),
        (f"{CASE}#genotype.1", "foundInGene", "genotype[0].gene"),
        (f"{CASE}#lost", "usesDrug", f"<{CASE}#lost>.drug"),
        (CASE, "hasVirus", "hasVirus"),
    ],
)
def test_places_are_the_words_of_the_json_form(focus: str, path: str | None, expected: str) -> None:
    """Keys come from the published context; a property without a key stands under its own name."""
    facts = _facts(f"""<{CASE}> rfy:hasPatient case:patient ; rfy:hasGenotypeFinding case:genotype.1 ;
        rfy:hasTreatment case:treatment.1 , case:treatment.3 .""")
    places = Places(facts, read_context(KNOWLEDGE.files))

    assert expected == places.of(focus, rfy(path).value if path else None)


def test_two_parts_never_share_a_place() -> None:
    """Names that would give two parts one number give way to IRIs."""
    facts = _facts(f"<{CASE}> rfy:hasTreatment case:treatment.1 , case:course.1 .")
    places = Places(facts, read_context(KNOWLEDGE.files))

    assert f"treatments[<{CASE}#course.1>]" == places.of(f"{CASE}#course.1", None)


def test_a_knowledge_folder_without_schemas_uses_the_shipped_context() -> None:
    """The form of a case belongs to the software, not to the knowledge that one may bring."""
    files = KNOWLEDGE.files
    bare = KnowledgeFiles(files.root, {p: c for p, c in files.contents.items() if not p.startswith("schemas/")})

    assert read_context(files) == read_context(load_files(bare).files)


# ---- the report as a value


def test_a_case_without_findings_conforms() -> None:
    """Nothing found is nothing raised."""
    report = _validate(_patient("rfy:weightKg 70.0"))
    report.raise_if_invalid()

    assert (True, ()) == (report.conforms, report.findings)
    assert report_text(report) == f"{CASE}: conforms\n"


def test_a_warning_does_not_stop_a_case() -> None:
    """The case conforms for us; SHACL's own verdict, which knows no degrees, stays in the graph."""
    report = _validate(_treatment("rfy:hasTreatmentStatus rfy:Ongoing ; rfy:doseMg 1000.0"))
    report.raise_if_invalid()
    graph = report.to_graph()

    assert (True, 1, ()) == (report.conforms, len(report.warnings), report.violations)
    assert [False] == [verdict.toPython() for verdict in graph.objects(None, SH.conforms)]  # type: ignore[attr-defined]


def test_the_error_tells_the_first_violation_and_counts_the_rest() -> None:
    """Place, value, reason and fix are those of the first violation; warnings are not counted."""
    report = _validate(FAULTS)
    first = report.findings[0]
    with pytest.raises(NonConformingError) as caught:
        report.raise_if_invalid()
    error = caught.value

    assert ("patient.weightKg", first.why, first.fix) == (error.place, error.why, error.fix)
    assert error.what == f"{first.message} Given: 7000.0. There are 2 more violations."
    assert (1, False) == (error.exit_code, isinstance(error, RefusedError))


def test_what_was_given_is_told_where_no_single_value_is_at_fault() -> None:
    """A missing value and a second one are put into words."""
    report = _validate(f"<{CASE}> a rfy:Case ; rfy:hasTreatment case:treatment.1 . case:treatment.1 a rfy:Treatment ; "
                       "rfy:hasTreatmentStatus rfy:Ongoing , rfy:Completed .")  # fmt: skip

    assert {"drug": "no value", "status": "more than one value"} == {
        f.place.split(".")[1]: f.given for f in report.findings
    }


def test_values_are_frozen() -> None:
    """Neither a report nor a finding changes."""
    report = _validate(FAULTS)

    for value, name in ((report, "case"), (report.findings[0], "place")):
        with pytest.raises(AttributeError):
            setattr(value, name, "other")


# ---- the forms of a report


def test_the_turtle_is_a_validation_report() -> None:
    """Read again by another tool, the Turtle is one W3C report with a result for each fault."""
    report = _validate(FAULTS)
    graph = Graph().parse(data=report_turtle(report), format="turtle")

    assert len(set(graph.subjects(RDF.type, SH.ValidationReport))) == 1
    assert len(set(graph.objects(None, SH.result))) == len(report.findings)
    assert report.triples == _facts(report_turtle(report)).asserted
    assert len(graph) == len(report.to_graph()) == len(report.triples)


@pytest.mark.parametrize("turtle", [FAULTS, _patient("rfy:weightKg 70.0")])
def test_the_json_follows_its_schema(turtle: str) -> None:
    """One report does, and so does a list of reports and of cases that could not be read."""
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)
    answer = _validate(turtle).to_json()
    error = {"case": "broken.json", "error": RefusedError("no.", place="line 1", fix="Mend it.").to_json()}

    assert list(validator.iter_errors(answer)) == []
    assert list(validator.iter_errors([answer, error])) == []
    assert list(validator.iter_errors({**answer, "conforms": "yes"})) != []


def test_text_and_markdown_tell_every_part() -> None:
    """Each finding's place, value, message, reason and fix is in both forms."""
    report = _validate(FAULTS)

    for text in (report_text(report), report_markdown(report)):
        for finding in report.findings:
            assert all(
                part in text for part in (finding.place, finding.given, finding.message, finding.why, finding.fix)
            )
        assert "does not conform, 3 violations, 2 warnings" in text.lower()


def test_a_hostile_value_stays_a_value() -> None:
    """What a case says neither closes a code span nor makes a tag, a line or a command of the terminal."""
    value = "`a``b` </td><script>\n\x1b[31m# Heading\u202e"
    finding = Finding("Violation", "S", "n", "present", CASE, "p", value, "C", "message.", "why.", "fix.")
    report = Report(CASE, (finding,))

    assert "- **Given:** ``` `a``b` </td><script>  [31m# Heading  ```\n" in report_markdown(report)
    assert "\x1b" not in report_text(report)
    assert report_text(report).count("\n") == 7
    assert "<script>" not in report._repr_html_()


# ---- reading a W3C report


def _result(**changes: NamedNode | None) -> list[Triple]:
    node, sh = BlankNode("r"), "http://www.w3.org/ns/shacl#"
    said = {
        "focusNode": NamedNode(CASE),
        "resultPath": rfy("hasPresent"),
        "resultSeverity": NamedNode(sh + "Violation"),
        "sourceShape": rfy("S"),
        "sourceConstraintComponent": NamedNode(sh + "ClassConstraintComponent"),
        "resultMessage": Literal("Message.", language="en"),
        **changes,
    }
    triples = [Triple(node, NamedNode(sh + name), term) for name, term in said.items() if term is not None]
    return [Triple(node, Rdf.TYPE, NamedNode(sh + "ValidationResult")), *triples]


def _read(triples: list[Triple]) -> Report:
    places = Places(CaseFacts(NamedNode(CASE), ()), read_context(KNOWLEDGE.files))
    return read_report(NamedNode(CASE), triples, {rfy("S").value: ShapeWords("name", "why", "fix")}, places)


def test_a_result_is_read_from_the_graph() -> None:
    """The graph says what was found; the shape says why it matters and how to mend it."""
    expected = Finding(
        "Violation",
        "S",
        "name",
        "present",
        CASE,
        "hasPresent",
        None,
        "ClassConstraintComponent",
        "Message.",
        "why",
        "fix",
    )

    assert (expected,) == _read(_result()).findings


def test_a_severity_of_another_kind_is_our_fault() -> None:
    """A finding that neither stops nor warns would be passed over in silence."""
    with pytest.raises(KnowledgeError, match="severity"):
        _read(_result(resultSeverity=NamedNode("http://www.w3.org/ns/shacl#Info")))


def test_a_result_without_its_parts_is_our_fault() -> None:
    """A report that SHACL would not write is not guessed at."""
    with pytest.raises(KnowledgeError, match="sh:focusNode"):
        _read(_result(focusNode=None))


def test_validation_loads_rdflib_only_when_a_case_is_there() -> None:
    """The command starts fast because importing the stage loads neither rdflib nor pySHACL."""
    code = "import sys, refractory.validation.validate; print(sorted({'rdflib', 'pyshacl'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "src")

    assert done.stdout == "[]\n"
