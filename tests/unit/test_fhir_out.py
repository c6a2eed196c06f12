"""FHIR that goes out: valid R4B for every golden case, nothing avoided is proposed, each reference leads somewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from tests.support import CASES, ROOT, golden, shipped, slugs

from refractory.cli import main
from refractory.export.fhir import bundle
from refractory.export.fhir_parts import UCUM, Wording, fhir_text
from refractory.model.assessment import NOTICE
from refractory.model.sources import Quantity, Regimen
from refractory.vocabulary import NAMESPACE, rfy

Json = dict[str, Any]

# What the required bindings of R4B allow (https://hl7.org/fhir/R4B/terminologies-valuesets.html).
PRIORITY = {"routine", "urgent", "asap", "stat"}
INTENT = {
    "proposal", "plan", "directive", "order", "original-order", "reflex-order", "filler-order", "instance-order",
    "option",
}  # fmt: skip
REQUEST_STATUS = {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"}
MEDICATION_STATUS = {
    "active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown",
}  # fmt: skip
OBSERVATION_STATUS = {
    "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown",
}  # fmt: skip
RESPONSE_STATUS = {"success", "data-requested", "data-required", "in-progress", "failure", "entered-in-error"}
STATUS = {
    "GuidanceResponse": RESPONSE_STATUS,
    "RequestGroup": REQUEST_STATUS,
    "ServiceRequest": REQUEST_STATUS,
    "MedicationRequest": MEDICATION_STATUS,
    "DetectedIssue": OBSERVATION_STATUS,
}
UNITS_OF_TIME = {"s", "min", "h", "d", "wk", "mo", "a"}
ARTIFACTS = {
    "documentation", "justification", "citation", "predecessor", "successor", "derived-from", "depends-on",
    "composed-of",
}  # fmt: skip
NEVER_PROPOSED = {"order", "original-order", "reflex-order", "filler-order", "instance-order", "directive", "plan"}
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@cache
def text_of(slug: str) -> str:
    """Return the Bundle of a golden case as it is written."""
    return fhir_text(bundle(golden()[slug], shipped().knowledge))


@cache
def read(slug: str) -> Json:
    """Return the Bundle of a golden case as it is read back, decimals exact."""
    found: Json = json.loads(text_of(slug), parse_float=Decimal)
    return found


def resources(slug: str, *types: str) -> list[Json]:
    """Return the resources of a Bundle, all or those of some types, in their order."""
    found = [entry["resource"] for entry in read(slug)["entry"]]
    return [resource for resource in found if not types or resource["resourceType"] in types]


def requests_of(slug: str) -> dict[str, Json]:
    """Return the requests by the action for which they stand."""
    found = resources(slug, "MedicationRequest", "ServiceRequest")
    by_action = {request["instantiatesUri"][0].removeprefix(NAMESPACE): request for request in found}
    assert len(found) == len(by_action)
    return by_action


def within(value: Any) -> Iterator[Any]:
    """Yield a value and all values within it."""
    yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from within(part)


@pytest.mark.parametrize("slug", slugs())
def test_every_bundle_is_valid(slug: str) -> None:
    """The Bundle and each resource by itself are what the models of R4B accept, and no value is empty."""
    get_fhir_model_class("Bundle").model_validate_json(text_of(slug))
    for resource in resources(slug):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)

    assert not [value for value in within(read(slug)) if value is None or value in ("", [], {})]


@pytest.mark.parametrize("slug", slugs())
def test_required_codes_are_of_their_value_sets(slug: str) -> None:
    """Status, intent, priority and the like, which the models take as any text."""
    for resource in resources(slug):
        assert resource["status"] in STATUS[resource["resourceType"]]
        assert resource.get("intent", "proposal") in INTENT - NEVER_PROPOSED
        assert resource.get("priority", "stat") in PRIORITY
        assert resource["text"]["status"] == "generated"
    for value in within(read(slug)):
        if isinstance(value, dict):
            assert value.get("periodUnit", "h") in UNITS_OF_TIME
            assert value.get("system") != UCUM or value["code"] == value["unit"]
    for group in resources(slug, "RequestGroup"):
        for action in group["action"]:
            assert action["priority"] in PRIORITY
            # The invariant rqg-1: a resource, or actions below it, and not both.
            assert ("resource" in action) != ("action" in action)
            assert {artifact["type"] for artifact in action.get("documentation", [])} <= ARTIFACTS
    for response in resources(slug, "GuidanceResponse"):
        for contained in response.get("contained", []):
            assert {(issue["severity"], issue["code"]) for issue in contained["issue"]} == {("warning", "invariant")}


@pytest.mark.parametrize("slug", slugs())
def test_what_is_to_be_avoided_is_never_proposed(slug: str) -> None:
    """Each Avoid is a request not to perform, each other action is not; and the group says Avoid without any code."""
    found = requests_of(slug)
    actions = {action["id"]: action for group in resources(slug, "RequestGroup") for action in group["action"]}
    advice = golden()[slug].recommendations

    assert [a.action for a in advice] == list(actions) == list(found)
    for item in advice:
        request, action = found[item.action], actions[item.action]
        avoid = item.kind == "Avoid"
        assert request.get("doNotPerform", False) is avoid
        assert (request["resourceType"] == "MedicationRequest") == (item.drug is not None)
        assert action["resource"] == {"reference": f"urn:uuid:{request['id']}"}
        assert ("code" in action) is not avoid
        label = shipped().knowledge.label(rfy(item.action))
        title = f"{'Red flag. ' if item.red_flag else ''}{item.kind}, {item.urgency.casefold()}: {label}"
        assert title == action["title"] == request["note"][1]["text"]
        if avoid:
            assert not [v for v in within(request) if isinstance(v, dict) and v.keys() & {"doseAndRate", "timing"}]


@pytest.mark.parametrize("slug", slugs())
def test_identifiers_are_unique_and_references_lead_somewhere(slug: str) -> None:
    """A reference is to a resource of the Bundle, or to one contained; the patient is known by the case alone."""
    entries = read(slug)["entry"]
    urls = [entry["fullUrl"] for entry in entries]
    assert len(urls) == len(set(urls))
    for entry in entries:
        resource = entry["resource"]
        assert ID.fullmatch(resource["id"])
        assert entry["fullUrl"] == f"urn:uuid:{resource['id']}"
        contained = [f"#{part['id']}" for part in resource.get("contained", [])]
        references = [
            value["reference"] for value in within(resource) if isinstance(value, dict) and "reference" in value
        ]
        assert set(references) <= {*urls, *contained}
        # The invariant dom-3: what is contained is referred to.
        assert set(contained) <= set(references)
        elements = [v["id"] for v in within(resource) if isinstance(v, dict) and "id" in v]
        assert len(elements) == len(set(elements))
        subject = resource.get("subject") or resource["patient"]
        assert subject == {
            "type": "Patient",
            "identifier": {"system": "urn:ietf:rfc:3986", "value": golden()[slug].case},
        }


@pytest.mark.parametrize("slug", slugs())
def test_the_notice_stands_in_every_resource(slug: str) -> None:
    """In the narrative, and in a note or the detail, for not every software shows the narrative."""
    for resource in resources(slug):
        assert NOTICE in resource["text"]["div"]
        said = [note["text"] for note in resource.get("note", [])] or resource["detail"].split("\n")
        assert NOTICE in said


@pytest.mark.parametrize("slug", slugs())
def test_the_response_says_what_is_open_and_what_it_was_made_with(slug: str) -> None:
    """The hash, the questions, the warnings about the data, and the group of requests."""
    answer = golden()[slug]
    (response,) = resources(slug, "GuidanceResponse")
    groups = resources(slug, "RequestGroup")

    assert response["identifier"][0]["value"] == answer.knowledge_hash
    assert response["status"] == ("data-requested" if answer.questions else "success")
    asked = [need["extension"][0]["valueString"] for need in response.get("dataRequirement", [])]
    assert asked == [question.asks for question in answer.questions]
    warned = [issue["diagnostics"] for part in response.get("contained", []) for issue in part["issue"]]
    assert len(warned) == len(answer.warnings)
    assert all(w.message in text for w, text in zip(answer.warnings, warned, strict=True))
    assert [response.get("result")] == ([{"reference": f"urn:uuid:{groups[0]['id']}"}] if groups else [None])
    assert bool(groups) == bool(answer.recommendations)


@pytest.mark.parametrize("slug", slugs())
def test_every_warning_is_an_issue_and_red_flags_come_first(slug: str) -> None:
    """Red flags, cautions, conflicts, pitfalls and statuses of resistance, in this order, and with no severity."""
    answer = golden()[slug]
    found = resources(slug, "DetectedIssue")
    codes = [issue["code"]["coding"][0]["code"] for issue in found]
    expected = [
        *answer.findings.red_flags,
        *(caution.name for caution in answer.cautions),
        *(caution.name for advice in answer.recommendations for caution in advice.cautions),
        *(conflict.name for conflict in answer.conflicts),
        *(pitfall.name for pitfall in answer.pitfalls),
        *(status.status for status in answer.resistance),
    ]

    assert codes == expected
    assert not [issue for issue in found if "severity" in issue]
    first = [resource["resourceType"] for resource in resources(slug)][: len(answer.findings.red_flags)]
    assert set(first) <= {"DetectedIssue"}
    conflicts = [issue for issue in found if issue["code"]["text"].startswith("Conflict for a person to decide: ")]
    for conflict, issue in zip(answer.conflicts, conflicts, strict=True):
        assert conflict.asks in issue["detail"]
        assert all(position.says in issue["detail"] for position in conflict.positions)
        assert len(conflict.positions) + len(conflict.statements) == len(issue.get("evidence", []))


@pytest.mark.parametrize("slug", slugs())
def test_a_dose_is_what_the_source_states(slug: str) -> None:
    """The stated dose in its unit, the patient's amount where the answer has one; a concentration in words alone."""
    found = requests_of(slug)
    for item in golden()[slug].recommendations:
        if item.kind == "Avoid" or item.drug is None:
            continue
        dosages = found[item.action].get("dosageInstruction", [])
        rates = [rate for dosage in dosages for rate in dosage.get("doseAndRate", [])]
        stated = item.regimen.dose if item.regimen else None
        amounts = [] if stated is None or stated.unit == "%" else [stated]
        amounts += [item.for_this_patient] if item.for_this_patient else []
        assert [(r["doseQuantity"]["value"], r["doseQuantity"]["code"]) for r in rates] == [
            (amount.dose, amount.unit) for amount in amounts
        ]
        calculated = [r for r in rates if "coding" in r["type"]]
        assert len(calculated) == (item.for_this_patient is not None)


def test_only_codes_of_the_table_are_given() -> None:
    """Each coding is of our own vocabulary or stands in the table of codes as meaning exactly the drug."""
    table = shipped().knowledge.code_table
    known = {curie.partition(":")[2] for _, nearness, curie in table if nearness == "exact"}
    codings = [
        value
        for slug in slugs()
        for request in resources(slug, "MedicationRequest")
        for value in within(request["medicationCodeableConcept"])
        if isinstance(value, dict) and "system" in value
    ]

    assert codings
    assert {coding["code"] for coding in codings} <= known
    assert {coding["system"] for coding in codings} == {
        "http://www.nlm.nih.gov/research/umls/rxnorm",
        "http://snomed.info/sct",
        "http://fdasis.nlm.nih.gov",
    }


def test_a_decimal_keeps_every_digit() -> None:
    """No way through a binary number, and no exponent."""
    exact = Decimal("0.1000000000000000055511151231257827")

    assert fhir_text({"a": [exact, Decimal("1E+3"), Decimal("40.0"), 1], "b": {}, "c": "é\n"}) == (
        '{\n  "a": [\n    0.1000000000000000055511151231257827,\n    1000,\n    40,\n    1\n  ],\n'
        '  "b": {},\n  "c": "é\\n"\n}\n'
    )


def test_what_is_not_counted_in_whole_numbers_stays_in_words() -> None:
    """FHIR counts in whole numbers how often a drug is given within a day."""
    words = Wording(shipped().knowledge)
    weekly, daily = Regimen(every_hours=Decimal(168)), Regimen(times_per_day=Decimal(1))
    assert (words.regimen(weekly), words.regimen(daily)) == ("every 7 days", "once a day")
    odd = words.dosage(Regimen(Quantity(Decimal("0.125"), "mg"), times_per_day=Decimal("0.5")), None)

    assert "timing" not in odd
    assert odd["text"] == "0.125 mg 0.5 times a day"


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    """Another process with another seed writes the same; the command writes what the library does."""
    slug = "beside-hiv-disseminated-zoster"
    path = str(CASES / slug / "case.json")
    environment = os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "refractory", "assess", path, "--format", "fhir"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)

    assert done.stdout.decode() == text_of(slug)


def test_the_commands_give_a_bundle_and_an_outcome_for_a_bad_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Export gives the same Bundle, several cases give a list, and a case without an answer an OperationOutcome."""
    slug = "beside-zoster-day-10"
    path = str(CASES / slug / "case.json")
    bad = tmp_path / "bad.json"
    bad.write_text("{}", encoding="utf-8")

    assert main(["export", "--case", path, "--format", "fhir"]) == 0
    assert capsys.readouterr().out == text_of(slug)
    assert main(["export", "--format", "fhir"]) == 2
    capsys.readouterr()
    main(["assess", path, str(bad), "--format", "fhir"])
    found = json.loads(capsys.readouterr().out, parse_float=Decimal)
    assert found[0] == read(slug)
    get_fhir_model_class("OperationOutcome").model_validate(found[1])
    assert found[1]["issue"][0]["severity"] == "error"
    main(["assess", path, "--format", "fhir", "--no-questions"])
    quiet = json.loads(capsys.readouterr().out)
    (response,) = [e["resource"] for e in quiet["entry"] if e["resource"]["resourceType"] == "GuidanceResponse"]
    assert response["status"] == "success"
    assert "dataRequirement" not in response
