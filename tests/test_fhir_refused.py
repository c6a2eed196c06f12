"""What a FHIR Bundle is refused for, and how references, patients, words and days are taken."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from refractory import Case
from refractory.case.fhir.limits import MAX_BUNDLE_BYTES, MAX_BUNDLE_DEPTH
from refractory.case.fhir.reading import read_bundle
from refractory.case.fhir.trace import IGNORED, UNKNOWN, FhirReading
from refractory.cli.main import main
from refractory.errors import LimitError, RefusedError, UsageError
from tests.fhir_writer import UCUM, bundle, concept, condition, observation, quantity, statement, written
from tests.support import ROOT, read_case, shipped

CORE = "http://hl7.org/fhir"
ONGOING = {"drug": "Valacyclovir", "status": "Ongoing"}


def read(data: Any, **options: Any) -> FhirReading:
    """Return what is made of a Bundle."""
    return read_bundle(data, shipped().knowledge, **options)


def one(*resources: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Return the one case that resources make."""
    (case,) = read(bundle(*resources), **options).cases
    return case


def medication(**said: Any) -> dict[str, Any]:
    """Return an ongoing treatment."""
    return {**statement(ONGOING), **said}


def test_a_bundle_is_read() -> None:
    """The twin of all that is refused below."""
    assert one(condition("HerpesZoster"), medication())["condition"] == "HerpesZoster"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"resourceType": "Bundle", "type": "collection", "type": "collection"}', "twice"),
        ('{"resourceType": "Bundle", "total": NaN}', "no number"),
        ('{"resourceType": "Bundle", "total": -Infinity}', "no number"),
        ('{"resourceType": "Bundle"', "not JSON"),
        ('{"resourceType": "Patient"}', "a FHIR Bundle is read"),
        ('{"resourceType": "Bundle", "entry": [{"resource": {"id": "x"}}]}', "no type"),
        ('{"resourceType": "Bundle", "entry": [1]}', "no object"),
        ('{"resourceType": "Bundle", "type": "history"}', "history"),
        ('{"resourceType": "Bundle", "link": [{"relation": "next", "url": "http://example.org"}]}', "one page"),
    ],
)
def test_what_is_no_bundle_is_refused(text: str, says: str) -> None:
    """Malformed, ambiguous and incomplete data are refused with the reason."""
    with pytest.raises(RefusedError, match=says):
        read(text)


def test_sizes_have_limits() -> None:
    """Too many bytes, too deep nesting and too long numbers are refused before they cost anything."""
    with pytest.raises(LimitError, match="bytes"):
        read(b" " * (MAX_BUNDLE_BYTES + 1))
    with pytest.raises(LimitError, match="deeper"):
        read('{"resourceType": "Bundle", "x": ' + "[" * MAX_BUNDLE_DEPTH + "]" * MAX_BUNDLE_DEPTH + "}")
    with pytest.raises(LimitError, match="number"):
        read('{"resourceType": "Bundle", "total": ' + "1" * 40 + "}")


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ({"resourceType": "MedicationStatement", "medication": {"concept": concept("x")}}, "R5"),
        ({"resourceType": "MedicationRequest", "reason": [{"concept": concept("x")}]}, "R5"),
        ({"resourceType": "Observation", "triggeredBy": []}, "R5"),
        ({"resourceType": "AllergyIntolerance", "type": concept("allergy")}, "R5"),
        ({"resourceType": "MedicationStatement", "taken": "y"}, "STU3"),
        ({"resourceType": "Procedure", "notDone": True}, "STU3"),
        ({"resourceType": "Condition", "clinicalStatus": "active"}, "STU3"),
        ({"resourceType": "MedicationOrder"}, "DSTU2"),
        ({"resourceType": "Patient", "meta": {"profile": [f"{CORE}/5.0/StructureDefinition/Patient"]}}, "R5"),
        ({"resourceType": "Patient", "meta": {"profile": [f"{CORE}/StructureDefinition/Patient|3.0.2"]}}, "STU3"),
        ({"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0"}, "R5"),
        ({"resourceType": "CapabilityStatement", "fhirVersion": "3.0.1"}, "STU3"),
    ],
)  # fmt: skip
def test_another_version_is_refused_by_name(resource: dict[str, Any], version: str) -> None:
    """Told by what it says of itself, or by a shape that R4 does not have."""
    with pytest.raises(RefusedError, match=f"FHIR {version}"):
        read({"resourceType": "Bundle", "entry": [{"resource": resource}]})


@pytest.mark.parametrize("said", ["4.0.1", "4.1.0", "4.3.0"])
def test_r4_and_r4b_are_read(said: str) -> None:
    """The twins of the versions above."""
    assert read({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Basic", "fhirVersion": said}}]})


@pytest.mark.parametrize(
    "change",
    [
        {"modifierExtension": [{"url": "http://example.org/not"}]},
        {"implicitRules": "http://example.org/rules"},
        {"dosage": [{"modifierExtension": [{"url": "http://example.org/not"}]}]},
        {"contained": [{"resourceType": "Medication", "modifierExtension": [{"url": "http://example.org/not"}]}]},
    ],
    ids=str,
)
def test_what_may_turn_the_meaning_round_is_refused(change: dict[str, Any]) -> None:
    """An unknown modifier extension, wherever it stands, and implicit rules."""
    with pytest.raises(RefusedError, match=r"modifier extension|implicit rules") as caught:
        one(medication(**change))
    assert "MedicationStatement/r1" in caught.value.place


@pytest.mark.parametrize(
    "patient", [{"active": False}, {"link": [{"type": "replaced-by", "other": {"reference": "Patient/2"}}]}], ids=str
)
def test_a_record_that_is_not_in_use_is_refused(patient: dict[str, Any]) -> None:
    """A patient's record that is not active or replaced says nothing that may be relied on."""
    with pytest.raises(RefusedError, match="patient"):
        one({"resourceType": "Patient", **patient})


def two_patients() -> dict[str, Any]:
    """Return a Bundle of two patients, one of whom has a treatment."""
    data = bundle(condition("HerpesZoster"), medication())
    other = {"resourceType": "Patient", "id": "q"}
    hers = {**condition("GenitalHerpes"), "id": "hers", "subject": {"reference": "Patient/q"}}
    data["entry"] += [{"resource": other}, {"resource": hers}]
    return data


def test_several_patients_are_refused_or_split() -> None:
    """Facts of one are never those of another."""
    with pytest.raises(RefusedError, match="2 patients"):
        read(two_patients())
    first, second = read(two_patients(), split=True).cases

    assert ("HerpesZoster", "GenitalHerpes") == (first["condition"], second["condition"])
    assert first["id"] != second["id"]
    assert "treatments" in first
    assert "treatments" not in second


def test_what_is_of_nobody_is_left_out() -> None:
    """A resource without a subject, or about something else, is ignored."""
    data = bundle(
        condition("HerpesZoster"), observation("HivInfection", valueBoolean=True, focus=[{"display": "fetus"}])
    )
    del data["entry"][1]["resource"]["subject"]
    reading = read(data)

    assert set(reading.cases[0]) == {"id"}
    assert [entry.outcome for entry in reading.trace].count(IGNORED) == 2


@pytest.mark.parametrize(
    "reference", ["#m", "Medication/m", "urn:uuid:6f1f1e0c-8b0a-4a39-9d6c-0a2f5b7d8e11", "Medication/m/_history/2"]
)
def test_references_are_followed_within_the_bundle(reference: str) -> None:
    """Contained resources, relative references and full URLs."""
    drug = {"resourceType": "Medication", "id": "m", "code": concept("Valacyclovir")}
    resource = medication(medicationReference={"reference": reference})
    del resource["medicationCodeableConcept"]
    if reference.startswith("#"):
        resource["contained"] = [drug]
    data = bundle(resource)
    if not reference.startswith("#"):
        data["entry"].append({"fullUrl": "urn:uuid:6f1f1e0c-8b0a-4a39-9d6c-0a2f5b7d8e11", "resource": drug})

    assert read(data).cases[0]["treatments"][0]["drug"] == "Valacyclovir"


def test_nothing_is_fetched() -> None:
    """A reference that leads out of the Bundle leads nowhere."""
    resource = medication(medicationReference={"reference": "https://example.org/fhir/Medication/m"})
    del resource["medicationCodeableConcept"]

    assert "treatments" not in one(resource)


def test_an_order_that_a_treatment_tells_anew_is_not_counted_twice() -> None:
    """A statement that is based on an order stands for it."""
    order = {
        "resourceType": "MedicationRequest",
        "id": "order",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept("Valacyclovir"),
    }
    reading = read(bundle(order, medication(basedOn=[{"reference": "MedicationRequest/order"}])))

    assert len(reading.cases[0]["treatments"]) == 1
    assert len(one(order, medication())["treatments"]) == 2


@pytest.mark.parametrize(
    ("dosage", "keys"),
    [
        ([{"text": "1 g three times a day"}], set()),
        ([{"doseAndRate": [{"doseQuantity": quantity(1, "g")}]}], {"doseMg"}),
        ([{"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "g"}}]}], set()),
        ([{"doseAndRate": [{"doseQuantity": quantity(5, "mg/kg")}]}], set()),
        ([{"doseAndRate": [{"doseRange": {"low": quantity(1, "g")}}]}], set()),
        ([{"doseAndRate": [{"doseQuantity": quantity(1, "g")}]}, {"text": "then less"}], set()),
        ([{"timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}}}], {"timesPerDay"}),
        ([{"timing": {"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}}}], {"timesPerDay"}),
        ([{"timing": {"repeat": {"frequency": 1, "period": 7, "periodUnit": "h"}}}], set()),
        ([{"timing": {"repeat": {"frequency": 1, "frequencyMax": 3, "period": 1, "periodUnit": "d"}}}], set()),
        ([{"timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "mo"}}}], set()),
        ([{"timing": {"repeat": {"when": ["MORN"]}}}], set()),
        ([{"timing": {"code": {"text": "TID"}}}], set()),
        ([{"asNeededBoolean": True, "timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}}}], set()),
    ],
    ids=str,
)
def test_dose_and_frequency_are_read_or_unknown(dosage: list[dict[str, Any]], keys: set[str]) -> None:
    """Words, ranges, several dosages, doses as needed and units without a code are never guessed."""
    reading = read(bundle(medication(dosage=dosage)))
    (treatment,) = reading.cases[0]["treatments"]

    assert keys == set(treatment) & {"doseMg", "timesPerDay"}
    if not keys:
        assert any(entry.outcome == UNKNOWN for entry in reading.trace if entry.row == "medication-statement")
    assert treatment.get("doseMg", 1000) == 1000
    assert treatment.get("timesPerDay", 3) == 3


@pytest.mark.parametrize("reason", [{"text": "shingles"}, concept("J45", "http://hl7.org/fhir/sid/icd-10-cm")], ids=str)
def test_a_treatment_for_something_else_is_unknown(reason: dict[str, Any]) -> None:
    """What is given for a reason in words, or for a condition that is not known here, counts for none."""
    assert "treatments" not in one(condition("HerpesZoster"), medication(reasonCode=[reason]))
    assert "treatments" in one(condition("HerpesZoster"), medication(reasonCode=[concept("HerpesZoster")]))


def test_the_most_specific_condition_counts_and_strangers_make_it_unknown() -> None:
    """A kind goes before what it is a kind of; two that exclude each other leave the condition unknown."""
    assert one(condition("HerpesZoster"), condition("OphthalmicZoster"))["condition"] == "OphthalmicZoster"
    assert "condition" not in one(condition("HerpesZoster"), condition("GenitalHerpes"))


def test_a_later_word_counts_and_a_contradiction_stands() -> None:
    """Of test results the latest counts; a diagnosis that stands and a later negative do not conform."""
    no = observation("HivInfection", valueBoolean=False, effectiveDateTime="2020-01-01")
    yes = observation("HivInfection", valueBoolean=True, effectiveDateTime="2021-01-01")
    diagnosis = condition("HivInfection", recordedDate="2019-01-01")

    assert set(one(no, yes)) == {"id", "present"}
    assert set(one(no, {**diagnosis, "recordedDate": "2021-01-01"})) == {"id", "present"}
    assert {"present", "absent"} <= set(one(no, diagnosis))
    case = Case.from_fhir(bundle(no, diagnosis))
    assert not shipped().validate(case).conforms


def test_the_latest_measurement_counts() -> None:
    """By the instant where both have one."""
    early = observation("BodyWeight", valueQuantity=quantity(80, "kg"), effectiveDateTime="2026-03-01T08:00:00Z")
    late = observation("BodyWeight", valueQuantity=quantity(70, "kg"), effectiveDateTime="2026-03-01T09:30:00+01:00")

    assert [part["value"] for part in one(early, late)["measurements"]] == [70]


def test_numbers_keep_their_value() -> None:
    """A decimal is never rounded: what a case cannot hold exactly is unknown."""
    text = json.dumps(bundle(observation("BodyWeight", valueQuantity=quantity(70.5, "kg"))))

    assert read(text).cases[0]["measurements"][0]["value"] == 70.5
    assert read(text.replace("70.5", "7.05e1")).cases[0]["measurements"][0]["value"] == 70.5
    assert "measurements" not in read(text.replace("70.5", "70.5000000000000000000001")).cases[0]
    assert UCUM in text


def test_the_day_of_assessment_is_said_and_never_today() -> None:
    """The option goes before the Bundle's own time; without both there is no day, and the trace says so."""
    data = bundle(condition("HerpesZoster"), timestamp="2026-03-10T23:30:00-05:00")

    assert read(data).cases[0]["assessedOn"] == "2026-03-10"
    assert read(data, assessed_on="2026-04-01").cases[0]["assessedOn"] == "2026-04-01"
    without = read(bundle(condition("HerpesZoster")))
    assert "assessedOn" not in without.cases[0]
    assert any("today is not taken" in entry.reason for entry in without.trace)


def test_what_is_dated_after_the_assessment_is_left_out() -> None:
    """A case holds what was known on its day."""
    assert "present" not in one(
        observation("Lymphadenopathy", valueBoolean=True, effectiveDateTime="2026-05-01"), assessed_on="2026-04-01"
    )


def test_the_name_of_the_case_tells_nothing_and_is_the_same_each_time() -> None:
    """Without an identifier of the Bundle, the name is made of its content."""
    first, again = (read(bundle(condition("HerpesZoster"))).cases[0]["id"] for _ in range(2))

    assert first == again
    assert first.startswith("urn:uuid:")
    assert first != read(bundle(condition("GenitalHerpes"))).cases[0]["id"]


def test_a_resource_that_is_not_built_as_fhir_is_refused_and_not_a_fault_of_ours() -> None:
    """Wrong shapes anywhere end in a refusal, an unknown, or nothing."""
    wrongs: tuple[Any, ...] = (1, "x", [], {}, [[]], {"coding": 1}, {"coding": [1]}, {"coding": [{"code": 2}]})
    for wrong in wrongs:
        for key in ("code", "subject", "clinicalStatus", "onsetDateTime", "contained", "meta", "id"):
            try:
                read({"resourceType": "Bundle", "entry": [{"resource": {**condition("HerpesZoster"), key: wrong}}]})
            except RefusedError:
                continue


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of everything in a JSON value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, part in parts for found in ((*place, key), *places(part, (*place, key)))]


@pytest.mark.parametrize("seed", range(100))
def test_whatever_is_wrong_ends_in_a_refusal_or_in_a_case(seed: int) -> None:
    """One element of a good Bundle is taken out or replaced by what does not belong there."""
    chance = random.Random(seed)  # noqa: S311  # which test runs is no secret
    data = written(read_case(chance.choice(["design-example", "beside-genotype-kinase-mutant"])).to_json())
    *path, last = chance.choice(places(data))
    holder: Any = data
    for key in path:
        holder = holder[key]
    wrong: list[Any] = [1, 0.5, True, None, "", "x", [], {}, [[]], [1], {"coding": 1}, {"value": "x"}, {"reference": 1}]
    holder[last] = chance.choice(wrong)
    with contextlib.suppress(RefusedError, LimitError):
        assert Case.from_fhir(data).id


def test_a_medication_that_was_entered_in_error_is_none() -> None:
    """What a treatment refers to has a status of its own."""
    drug = {"resourceType": "Medication", "id": "m", "status": "entered-in-error", "code": concept("Valacyclovir")}
    resource = medication(contained=[drug], medicationReference={"reference": "#m"})
    del resource["medicationCodeableConcept"]

    assert "treatments" not in one(resource)
    del drug["status"]
    assert "treatments" in one(resource)


def test_the_proof_shows_where_a_fact_came_from() -> None:
    """The sentence of a given step names the resource and the element."""
    case = Case.from_fhir(written(read_case("design-example").to_json()))
    closure = shipped().assess(case).closure

    assert closure.proof is not None
    said = [getattr(step, "place", "") for step in closure.proof.steps.values()]
    assert any("MedicationStatement/" in place and "Bundle.entry[" in place for place in said)


def test_without_the_library_it_says_how_to_install() -> None:
    """The core reads its own forms without it; a Bundle is refused with the command that helps."""
    code = (
        "import sys; sys.modules['fhirpathpy'] = None\n"
        "from refractory import Case, RefusedError\n"
        "assert Case.from_json({'id': 'https://example.org/case/1'})\n"
        "try:\n    Case.from_fhir({'resourceType': 'Bundle'})\n"
        "except RefusedError as error:\n    print(error.fix)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "refractory[fhir]" in done.stdout


# ---- The command line ----


@pytest.fixture
def bundle_file(tmp_path: Path) -> Path:
    """Return a file with the Bundle of a golden case."""
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(written(read_case("design-example").to_json())), encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run the command; return its exit code, output and errors."""
    code = main([str(part) for part in arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("command", ["assess", "validate", "explain"])
def test_commands_recognize_a_bundle(command: str, bundle_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its content, without an option."""
    code, out, _ = run(capsys, command, bundle_file)

    assert code == 0
    assert out


def test_the_day_of_a_plain_case_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """The option is for Bundles."""
    path = ROOT / "tests" / "cases" / "design-example" / "case.json"
    code, _, err = run(capsys, "assess", path, "--assessed-on", "2026-03-10")

    assert code == UsageError.exit_code
    assert "no FHIR Bundle" in err


def test_patients_are_split_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One answer for each, in a list."""
    path = tmp_path / "two.json"
    path.write_text(json.dumps(two_patients()), encoding="utf-8")
    refused, _, err = run(capsys, "assess", path)
    code, out, _ = run(capsys, "assess", path, "--split", "--format", "json", "--no-questions")

    assert refused == RefusedError.exit_code
    assert "2 patients" in err
    assert code == 0
    assert len(json.loads(out)) == 2


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_trace_says_what_was_made(form: str, bundle_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As text for people, and as JSON with the cases."""
    code, out, _ = run(capsys, "fhir", "trace", bundle_file, "--format", form)

    assert code == 0
    assert "MedicationStatement/" in out
    if form == "json":
        said = json.loads(out)
        assert {"cases", "trace"} == set(said)
        assert Case.from_json(said["cases"][0])


def test_a_bundle_that_is_refused_names_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the place in it, and exit code 3."""
    path = tmp_path / "patient.json"
    path.write_text('{"resourceType": "Patient"}', encoding="utf-8")
    for command in (["assess"], ["fhir", "trace"]):
        code, _, err = run(capsys, *command, path)

        assert code == RefusedError.exit_code
        assert "patient.json" in err
    assert run(capsys, "fhir", "trace", tmp_path / "none.json")[0] == RefusedError.exit_code
