"""A client's call in, cards out: what is essential, what is refused, what is said when data are missing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from refractory.case.fhir.mapping import FhirMapping
from refractory.export.card_writer import Occasion
from refractory.export.cards import review_cards
from refractory.export.fhir_parts import fhir_text
from refractory.service.hooks.orders import MAX_ORDERS
from refractory.service.hooks.outcomes import FHIR
from refractory.service.hooks.relevance import Relevance
from refractory.service.hooks.tasks import MAX_FEEDBACK, feedback
from refractory.service.work.messages import Reply, Task
from tests.fhir_writer import CLINICAL, concept, condition, observation, statement
from tests.service.hook_calls import (
    INSTANCE,
    REVIEW,
    SELECT,
    SERVER,
    SIGN,
    TODAY,
    answered,
    asked,
    call,
    can_be_sent,
    cards_of,
    day_of,
    draft,
    ordered,
    prefetch,
    prefetch_of,
    searchset,
    services,
)
from tests.service.invariants import FEEDBACK, REQUEST, broken, values_in
from tests.support import golden, shipped, slugs
from tests.test_fhir_equals_plain import RECORDS, bundle_of

Json = dict[str, Any]

SENT = [slug for slug in slugs() if can_be_sent(slug)]
FAILING = "design-example"
SUSPECTED = "beside-aids-zoster-day-21"
ORAL = {"system": "https://w3id.org/refractory/", "code": "Oral"}


@cache
def failing() -> Json:
    """Return the data of a case in which resistance is confirmed; not to be changed."""
    return prefetch_of(FAILING)


def without(*keys: str) -> Json:
    """Return them without some keys."""
    return {key: value for key, value in failing().items() if key not in keys}


def told(reply: Reply) -> str:
    """Return what an answer says that is not one."""
    said = json.loads(reply.body)
    return str(said["issue"][0]["details"]["text"] if "issue" in said else said["detail"])


# ---- discovery ----


def test_discovery_says_what_each_service_is_and_needs() -> None:
    """An id and one hook each, a template for every resource that is read, and nothing null or empty."""
    found = services().discovery()
    mapping = FhirMapping.of(shipped().knowledge.files)

    assert [(one["id"], one["hook"]) for one in found["services"]] == [
        (REVIEW, "patient-view"),
        (SELECT, "order-select"),
        (SIGN, "order-sign"),
    ]
    for one in found["services"]:
        kinds = {re.split("[/?]", template)[0] for template in one["prefetch"].values()}
        assert {row.resource for row in mapping.rows} == kinds == set(mapping.subjects)
        assert {"hook", "title", "description", "id", "prefetch", "usageRequirements", "version"} == one.keys()
        # A read of a resource, or a search by the patient: nothing that only some servers know.
        for template in one["prefetch"].values():
            assert re.fullmatch(r"[A-Za-z]+(/|\?patient=)\{\{context\.patientId\}\}", template)
    assert [value for value in values_in(found) if value in (None, "", [], {})] == []


# ---- cards ----


@pytest.mark.parametrize("slug", SENT)
def test_a_call_is_answered_with_the_cards_of_its_plain_case(slug: str) -> None:
    """What a client sends by its searches comes to the cards of the case that was written by hand, byte for byte."""
    occasion = Occasion(UUID(INSTANCE), "p")
    expected = review_cards(golden()[slug], shipped().knowledge, services(), occasion)
    reply = asked(call(prefetch_of(slug), **day_of(slug)))

    assert reply.media_type == "application/json"
    assert fhir_text({"cards": expected}) == reply.body.decode()


def test_most_golden_cases_can_be_sent() -> None:
    """The comparison is not of a handful, and has both silence and speech."""
    spoken = [slug for slug in SENT if cards_of(asked(call(prefetch_of(slug), **day_of(slug))))]

    assert len(SENT) > 100
    assert 0 < len(spoken) < len(SENT)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem if path else "not run")
def test_a_record_without_an_episode_is_answered_with_silence(path: Any) -> None:
    """Whoever opens the record of anybody else sees nothing."""
    if path is None:
        pytest.skip("not run: no Synthea records beside the checkout")
    kinds = {template.partition("?")[0]: key for key, template in services().templates.items()}
    data: Json = {key: searchset() for key in services().templates}
    patient = ""
    for entry in bundle_of(path)["entry"]:
        kind = entry["resource"]["resourceType"]
        if kind == "Patient":
            patient, data["patient"] = entry["resource"]["id"], searchset()
            data["patient"]["entry"] = [entry]
        elif kind in kinds:
            data[kinds[kind]]["entry"].append(entry)
    reply = asked(call(data, context={"patientId": patient}))

    assert reply.body == b'{\n  "cards": []\n}\n'


def test_the_same_call_gives_the_same_bytes_and_another_other_identifiers() -> None:
    """A replay is seen as one; the answer to another call is not mixed up with it."""
    request = call(failing(), **day_of(FAILING))
    other = {**request, "hookInstance": "0" * 8 + "-0000-4000-8000-" + "0" * 12}

    assert asked(request).body == asked(deepcopy(request)).body
    first, second = cards_of(asked(request)), cards_of(asked(other))
    assert [card["detail"] for card in first] == [card["detail"] for card in second]
    assert not {card["uuid"] for card in first} & {card["uuid"] for card in second}


def test_the_day_is_that_of_the_call_unless_the_request_says_another() -> None:
    """A hook is a live event; what is asked again later may say the day it was."""
    today = asked(call(failing()), today="2026-03-12")
    said = asked(call(failing(), **day_of(FAILING)), today="2026-03-12")

    assert "Assessed on 2026-03-12." in cards_of(today)[0]["detail"]
    assert "day 11 of treatment" in cards_of(today)[0]["detail"]
    assert "Assessed on 2026-03-10." in cards_of(said)[0]["detail"]
    assert "day 9 of treatment" in cards_of(said)[0]["detail"]


def test_what_was_concluded_is_told_to_the_log() -> None:
    """The case by its hash, the knowledge, the advice, the service and the cards; nothing that names the patient."""
    reply = asked(call(failing(), **day_of(FAILING)))
    record = dict(reply.record or {})

    assert record.keys() == {"case", "knowledge", "recommendations", "service", "cards"}
    assert record["service"] == REVIEW
    assert record["cards"] == [card["uuid"] for card in cards_of(reply)]
    advice = [[item.action, item.kind, item.urgency] for item in golden()[FAILING].recommendations]
    assert advice == record["recommendations"]


# ---- what is missing ----


@pytest.mark.parametrize("service", [REVIEW, SIGN])
@pytest.mark.parametrize("state", ["left out", "failed"])
@pytest.mark.parametrize("group", services().essential, ids=lambda group: group[0])
def test_what_is_essential_and_missing_is_answered_with_412(group: tuple[str, ...], state: str, service: str) -> None:
    """A key that is left out, or an OperationOutcome in its place; the answer names the keys, and nothing is logged."""
    data = without(*group)
    if state == "failed":
        issue = {"severity": "warning", "code": "timeout"}
        data |= {key: {"resourceType": "OperationOutcome", "issue": [issue]} for key in group}
    drafts = {"draftOrders": searchset(draft("Valacyclovir"))} if service == SIGN else {}
    reply = asked(call(data, service, context=drafts), service)

    assert (reply.status, reply.media_type, reply.record) == (412, FHIR, None)
    said = json.loads(reply.body)
    assert said["resourceType"] == "OperationOutcome"
    assert said["issue"][0]["expression"] == [f"prefetch.{key}" for key in group]
    assert all(key in told(reply) for key in group)


def test_without_any_prefetch_all_that_is_essential_is_named() -> None:
    """The client that sends nothing learns all it has to send."""
    request = call({})
    del request["prefetch"]
    reply = asked(request)

    assert reply.status == 412
    assert all(key in told(reply) for group in services().essential for key in group)


def test_a_patient_that_was_not_found_is_missing() -> None:
    """A read that gives null, or a Bundle without one, is no patient."""
    assert asked(call({**failing(), "patient": None})).status == 412
    assert asked(call({**failing(), "patient": searchset()})).status == 412
    assert asked(call({**failing(), "patient": searchset(failing()["patient"])})).status == 200


def test_one_kind_of_medication_record_is_enough() -> None:
    """Hospitals have one or the other; the cards name those that are missing."""
    (_, _, _, kinds) = services().essential
    others = [key for key in kinds if key != "medicationStatements"]
    cards = cards_of(asked(call(without(*others), **day_of(FAILING))))

    assert cards
    for card in cards:
        assert all(f"The prefetch {key} is missing." in card["detail"] for key in others)


def test_a_search_that_found_nothing_is_not_missing() -> None:
    """Null, and an empty Bundle without entries, say that there is nothing: no card calls that incomplete."""
    data = {**failing(), "procedures": None, "allergies": {"resourceType": "Bundle", "type": "searchset"}}
    cards = cards_of(asked(call(data, **day_of(FAILING))))

    assert cards
    assert [card for card in cards if "incomplete" in card["detail"]] == []


ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
HINT = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
NEXT = {"link": [{"relation": "self", "url": "x"}, {"relation": "next", "url": "y"}]}
LOST = {**statement({"drug": "Valacyclovir", "status": "Ongoing"}), "id": "m9", "subject": {"reference": "Patient/p"}}
LOST = {**LOST, "medicationReference": {"reference": "Medication/9"}}
del LOST["medicationCodeableConcept"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.pop("allergies"), "The prefetch allergies is missing."),
        (lambda data: data.update(allergies=ERROR), "The prefetch allergies failed: an OperationOutcome came"),
        (lambda data: data["observations"].update(NEXT), "The prefetch observations is one page of several."),
        (lambda data: data["procedures"].update(total=3), "The prefetch procedures holds 0 of 3 resources"),
        (lambda data: data["procedures"]["entry"].append({"resource": ERROR}), "procedures came with an error"),
        (
            lambda data: data["medicationStatements"]["entry"].append({"resource": LOST}),
            "1 medication(s) are named by a reference alone that leads to nothing here",
        ),
        (
            lambda data: data["conditions"]["entry"].append(
                {"resource": {**condition("HerpesZoster"), "subject": {"identifier": {"value": "p"}}}}
            ),
            "1 resource(s) do not say by a reference whose they are",
        ),
    ],
    ids=["left out", "failed", "one page", "fewer than found", "an error among them", "a lost reference", "nobody's"],
)
def test_data_that_are_incomplete_are_said_to_be_so_on_every_card(change: Callable[[Json], Any], said: str) -> None:
    """There is an answer, and nobody takes it for one on all that is known."""
    data = deepcopy(failing())
    change(data)
    cards = cards_of(asked(call(data, **day_of(FAILING))))

    assert cards
    assert [card for card in cards if said not in card["detail"].replace("\\", "")] == []
    assert all("The data are incomplete" in card["detail"] for card in cards)


def test_a_hint_of_the_server_and_what_it_includes_are_no_gap() -> None:
    """An OperationOutcome of a search that only informs, and medications that came along, are in order."""
    data = deepcopy(failing())
    medication = {"resourceType": "Medication", "id": "9", "code": concept("Valacyclovir")}
    data["medicationStatements"]["entry"] += [
        {"resource": HINT, "search": {"mode": "outcome"}},
        {"resource": medication, "search": {"mode": "include"}},
        {"resource": LOST, "search": {"mode": "match"}},
    ]
    data["medicationStatements"]["total"] = 2
    cards = cards_of(asked(call(data, **day_of(FAILING))))

    assert cards
    assert [card for card in cards if "incomplete" in card["detail"]] == []


# ---- what cannot matter ----


def test_what_no_row_reads_is_left_out_and_changes_nothing() -> None:
    """A record of thousands is answered as fast as the few that count, and with the same cards and case."""
    data = deepcopy(failing())
    other = {**observation("x"), "subject": {"reference": "Patient/p"}, "modifierExtension": [{"url": "https://x.y"}]}
    for number in range(2000):
        code = {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]} if number % 2 else {"text": "glucose"}
        data["observations"]["entry"].append({"resource": {**other, "id": f"x{number}", "code": code}})
    plain, large = (asked(call(one, **day_of(FAILING))) for one in (failing(), data))

    assert (plain.body, plain.record) == (large.body, large.record)


@pytest.mark.parametrize("kind", ["Condition", "Observation", "Procedure", "AllergyIntolerance"])
def test_every_code_of_the_table_and_every_term_of_ours_is_read(kind: str) -> None:
    """Beside other codes too; what is not built as FHIR is goes to the reader, which refuses it."""
    knowledge = shipped().knowledge
    mapping = FhirMapping.of(knowledge.files)
    relevance = Relevance.of(knowledge, mapping)
    systems = {prefix: system for system, prefix in mapping.systems.items()}
    curies = [curie.split(":", 1) for _, _, curie in knowledge.code_table]
    codings = [{"system": systems[prefix], "code": code} for prefix, code in curies if prefix in systems]
    codings += [{"system": systems["rfy"], "code": "Anything"}]
    unknown = {"system": "http://loinc.org", "code": "2345-7"}

    assert len(codings) > 50
    assert all(relevance.admits({"resourceType": kind, "code": {"coding": [unknown, one]}}) for one in codings)
    oddities: list[Any] = ["x", [], {"coding": "x"}, {"coding": ["x"]}, {"coding": [{"system": [], "code": {}}]}]
    for odd in oddities:
        assert relevance.admits({"resourceType": kind, "code": odd})
    assert not relevance.admits({"resourceType": kind, "code": {"coding": [unknown]}})
    assert relevance.admits({"resourceType": "MedicationStatement"})


# ---- whose data they are ----


def of_other(data: Json) -> None:
    """Add a condition of another patient."""
    data["conditions"]["entry"].append(
        {"resource": {**condition("HerpesZoster"), "subject": {"reference": "Patient/q"}}}
    )


@pytest.mark.parametrize(
    "change",
    [
        of_other,
        lambda data: data["patient"].update(id="q"),
        lambda data: data["patient"].pop("id"),
        lambda data: data["conditions"]["entry"].append({"resource": {"resourceType": "Patient", "id": "q"}}),
        lambda data: data["conditions"]["entry"][0]["resource"].update(
            subject={"reference": "https://elsewhere.example/fhir/Patient/p"}
        ),
    ],
    ids=["a condition of another", "another patient", "nobody", "another beside", "on another server"],
)
def test_data_of_another_patient_are_refused(change: Callable[[Json], Any]) -> None:
    """Nothing is concluded, whichever part of the data it is."""
    data = deepcopy(failing())
    change(data)
    reply = asked(call(data))

    assert (reply.status, reply.record) == (400, None)
    assert "another patient" in told(reply)


@pytest.mark.parametrize("reference", ["Patient/p", f"{SERVER}/Patient/p", f"{SERVER}/Patient/p/_history/3"])
def test_references_to_the_patient_are_understood_however_they_are_written(reference: str) -> None:
    """Relative, or absolute by the base URL that the request names; with a version or without."""
    data = deepcopy(failing())
    for key, value in data.items():
        for entry in value.get("entry", ()):
            entry["resource"]["patient" if key == "allergies" else "subject"] = {"reference": reference}

    assert cards_of(asked(call(failing(), **day_of(FAILING)))) == cards_of(asked(call(data, **day_of(FAILING))))


def test_what_comes_under_two_keys_counts_once_and_two_versions_are_refused() -> None:
    """A resource that a search includes is the same one; which of two that differ holds, nobody could say."""
    data = deepcopy(failing())
    data["procedures"]["entry"].append(deepcopy(data["conditions"]["entry"][0]))
    data["allergies"]["entry"].append({"resource": deepcopy(data["patient"])})
    twice = asked(call(data, **day_of(FAILING)))
    data["procedures"]["entry"][0]["resource"]["clinicalStatus"] = concept("resolved", CLINICAL)

    assert cards_of(twice) == cards_of(asked(call(failing(), **day_of(FAILING))))
    assert "came twice, and not the same" in told(asked(call(data)))


@pytest.mark.parametrize(
    "said", [{"type": "history"}, {"implicitRules": "https://example.org/rules"}], ids=["history", "rules"]
)
def test_what_the_reader_of_bundles_refuses_is_refused_in_prefetch(said: Json) -> None:
    """It does not slip through because all becomes one Bundle."""
    data = deepcopy(failing())
    data["conditions"].update(said)

    assert asked(call(data)).status == 400


def test_data_that_contradict_themselves_conclude_nothing() -> None:
    """A fact that is present and absent: the case does not conform."""
    both = [observation("Pregnancy", valueBoolean=value, id=f"o{value}") for value in (True, False)]
    patient = {"resourceType": "Patient", "id": "p"}
    data = prefetch(patient, *({**one, "subject": {"reference": "Patient/p"}} for one in both))
    reply = asked(call(data))

    assert (reply.status, reply.record) == (422, None)


# ---- requests that are none ----


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hook": "order-sign"}, "the hook is not that of the service"),
        ({"hook": None}, "the hook is not that of the service"),
        ({"hookInstance": "1"}, "the hook instance is no UUID"),
        ({"hookInstance": f"urn:uuid:{INSTANCE}"}, "the hook instance is no UUID"),
        ({"context": None}, "there is no context"),
        ({"context": {}}, "it is not said who the patient is"),
        ({"context": {"patientId": "Patient/p"}}, "it is not said who the patient is"),
        ({"context": {"patientId": 1}}, "it is not said who the patient is"),
        ({"prefetch": []}, "the prefetch is no object"),
        ({"fhirServer": None, "fhirAuthorization": {"access_token": "x"}}, "cds-r-1"),
        ({"fhirAuthorization": "x"}, "cds-r-1"),
        ({"fhirServer": "file:///etc/passwd"}, "the FHIR server is no URL"),
        ({"extension": {"org.w3id.refractory": {"assessedOn": "10.3.2026"}}}, "is not a plain date"),
        ({"extension": {"org.w3id.refractory": {"assessedOn": 20260310}}}, "our extension is not understood"),
        ({"extension": {"org.w3id.refractory": {"day": "2026-03-10"}}}, "our extension is not understood"),
        ({"extension": []}, "the extension is no object"),
    ],
)
def test_a_request_that_is_not_one_is_refused(change: Json, said: str) -> None:
    """Each with the place and how to mend it; nothing is guessed."""
    reply = asked({**call(failing()), **change})

    assert reply.status == 400
    assert said in told(reply)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"nothing", b"\xff\xfe"],
)
def test_what_is_no_object_of_json_is_refused(body: bytes) -> None:
    """Nothing is made of it."""
    assert asked(body).status == 400


@pytest.mark.parametrize("key", ["hook", "patientId", "birthDate", "status"])
def test_a_key_that_stands_twice_is_refused(key: str) -> None:
    """At any depth: which of the two holds, nobody could say."""
    text = json.dumps(call({**failing(), "patient": {**failing()["patient"], "birthDate": "1962-03-10"}}))
    twice = re.sub(rf'"{key}": ("[^"]*")', rf'"{key}": \1, "{key}": \1', text, count=1)
    assert twice != text
    reply = asked(twice.encode())

    assert reply.status == 400
    assert f"{key}: a key stands twice" in told(reply)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("conditions", 7),
        ("conditions", "x"),
        ("conditions", []),
        ("conditions", {}),
        ("conditions", {"resourceType": 7}),
        ("conditions", {"resourceType": "Bundle", "entry": {}}),
        ("conditions", {"resourceType": "Bundle", "entry": [7]}),
        ("conditions", {"resourceType": "Bundle", "entry": [{"resource": {}}]}),
        ("patient", {"resourceType": "Bundle", "entry": [7]}),
    ],
)
def test_prefetch_that_is_no_resource_is_refused(key: str, value: Any) -> None:
    """What came is told from what is missing."""
    assert asked(call({**failing(), key: value})).status in {400, 412}
    assert key == "patient" or asked(call({**failing(), key: value})).status == 400


def test_brackets_and_digits_without_end_are_refused() -> None:
    """A bomb of either kind costs no more than reading it."""
    deep = b'{"hook":' + b"[" * 5000 + b"]" * 5000 + b"}"
    data = deepcopy(failing())
    data["observations"]["entry"].append(
        {"resource": {**observation("BodyWeight"), "id": "w", "subject": {"reference": "Patient/p"}, "valueInteger": 1}}
    )
    many = json.dumps(call(data)).replace('"valueInteger": 1', f'"valueInteger": {"9" * 5000}').encode()

    assert (asked(deep).status, asked(many).status) == (413, 413)


def test_what_is_not_for_us_is_let_through() -> None:
    """Other extensions, a token that we do not use, keys that were not asked for, and null for what is optional."""
    authorization = {
        "access_token": "x", "token_type": "Bearer", "expires_in": 300, "scope": "user/*.read", "subject": "cds"
    }  # fmt: skip
    more: Json = {"fhirAuthorization": authorization, "extension": {"com.example": 1, **day_of(FAILING)["extension"]}}
    request = call({**failing(), "appointments": {"resourceType": "Nonsense"}}, **more)

    assert broken(request, REQUEST) == []
    assert asked(request).body == asked(call(failing(), **day_of(FAILING))).body
    assert asked({**call(failing()), "extension": None, "fhirAuthorization": None}).status == 200


def test_the_invariant_on_authorization_sees_what_is_refused() -> None:
    """Ours and the specification's are the same rule."""
    assert broken({"fhirAuthorization": {"scope": "x"}}, REQUEST) == ["cds-r-1"]


# ---- orders ----


def summaries(slug: str, *orders: Json, service: str = SIGN, **context: Any) -> list[str]:
    """Return the summaries of the cards for draft orders."""
    return [card["summary"] for card in cards_of(asked(ordered(slug, *orders, service=service, **context), service))]


@pytest.mark.parametrize(
    ("slug", "drug", "status"),
    [
        (SUSPECTED, "Valacyclovir", "suspected"),
        (SUSPECTED, "Acyclovir", "suspected"),
        ("v3b-verrucous-zoster-resistant-in-vitro", "Famciclovir", "presumed"),
        ("confirmed-told-apart-by-dates", "Valacyclovir", "confirmed"),
        ("contradicted-same-date", "Acyclovir", "contradicted"),
    ],
)
def test_an_order_of_a_drug_that_the_virus_resists_is_warned_of(slug: str, drug: str, status: str) -> None:
    """With the status in the summary, whether it is confirmed, suspected, presumed or contradicted."""
    request = ordered(slug, draft(drug)) if can_be_sent(slug) else call(prefetch_of(slug), SIGN)
    request["context"]["draftOrders"] = searchset(draft(drug))
    (card,) = cards_of(asked(request, SIGN))

    assert card["indicator"] == "warning"
    assert card["summary"].startswith(f"Order of {drug.casefold()}: resistance {status}")
    assert card["overrideReasons"]


def test_a_drug_with_no_status_that_warns_but_to_be_avoided_is_warned_of() -> None:
    """Of famciclovir resistance is merely possible; that it is to be avoided is reason enough."""
    assert summaries(SUSPECTED, draft("Famciclovir")) == ["Order of famciclovir. Avoid, routine: use famciclovir"]


@pytest.mark.parametrize(
    "order",
    [
        draft("Foscarnet"),
        draft("Valacyclovir", doNotPerform=True),
        draft("Valacyclovir", status="cancelled"),
        draft("Valacyclovir", status="stopped"),
        draft("Valacyclovir", status="entered-in-error"),
        draft({"text": "valacyclovir 1 g"}),
        draft(concept("999", "http://www.nlm.nih.gov/research/umls/rxnorm")),
        draft(concept("S01AD03", "http://www.whocc.no/atc")),
        {**draft("Valacyclovir"), "resourceType": "ServiceRequest"},
    ],
    ids=[
        "recommended",
        "not to be given",
        "cancelled",
        "stopped",
        "an error",
        "in words",
        "another",
        "eye",
        "a service",
    ],
)
def test_an_order_that_gives_none_of_the_drugs_is_answered_with_silence(order: Json) -> None:
    """A near miss each: the same order but for one thing is warned of."""
    assert summaries(FAILING, order) == []
    assert summaries(FAILING, draft("Valacyclovir"))


def test_silence_where_the_drug_has_no_status() -> None:
    """A case that is not failing, and one in which a result speaks against resistance."""
    assert summaries("scope-improving", draft("Valacyclovir")) == []
    assert summaries("excluded-while-spreading", draft("Valacyclovir")) == []


@pytest.mark.parametrize(
    "more",
    [
        {"status": None},
        {"reasonCode": [concept("1", "http://snomed.info/sct")]},
        {"authoredOn": "2099-01-01"},
        {"dosageInstruction": [{"text": "as told", "asNeededBoolean": True}, {"route": {"coding": [ORAL]}}]},
        {"subject": {}},
    ],
    ids=["no status", "another reason", "in the future", "a dosage in words", "no subject yet"],
)
def test_an_order_that_is_not_finished_is_checked_all_the_same(more: Json) -> None:
    """When it is selected, much of it is not said yet; what drug it gives is what counts."""
    order = {key: value for key, value in draft("Valacyclovir", **more).items() if value is not None}

    assert len(summaries(FAILING, order)) == 1


def test_a_standard_code_and_a_reference_are_read_as_in_a_record() -> None:
    """By the same table of codes; a medication may stand among the drafts, in the data, or in the order."""
    code = concept("73645", "http://www.nlm.nih.gov/research/umls/rxnorm")
    medication = {"resourceType": "Medication", "id": "9", "code": code}
    order = {key: value for key, value in draft(code).items() if key != "medicationCodeableConcept"}
    referring = {**order, "medicationReference": {"reference": "Medication/9"}}
    contained = {**order, "contained": [medication], "medicationReference": {"reference": "#9"}}
    sent = ordered(FAILING, referring)
    sent["prefetch"] = {**sent["prefetch"], "medicationRequests": searchset(medication)}

    assert len(summaries(FAILING, draft(code))) == 1
    assert len(summaries(FAILING, referring, medication)) == 1
    assert len(summaries(FAILING, contained)) == 1
    assert len(cards_of(asked(sent, SIGN))) == 1
    assert summaries(FAILING, referring) == []


def test_only_what_was_selected_is_checked_where_the_request_says_so() -> None:
    """The other drafts of the session had their turn; a selection that is none of them is refused."""
    orders = draft("Valacyclovir", "rx1"), draft("Famciclovir", "rx2")

    assert len(summaries(FAILING, *orders, service=SELECT)) == 2
    assert len(summaries(FAILING, *orders, service=SELECT, selections=["MedicationRequest/rx2"])) == 1
    assert summaries(FAILING, *orders, service=SELECT, selections=[]) == []
    for wrong in (["MedicationRequest/rx3"], ["rx2"], [2], "MedicationRequest/rx2"):
        assert asked(ordered(FAILING, *orders, service=SELECT, selections=wrong), SELECT).status == 400


def test_draft_orders_are_no_facts_of_the_case() -> None:
    """A draft is not taken: the case is the same, by its hash, whatever is ordered."""
    one = asked(ordered(FAILING, draft("Valacyclovir")), SIGN)
    two = asked(ordered(FAILING, draft("Acyclovir"), draft("Foscarnet", "rx2")), SIGN)
    review = asked(call(prefetch_of(FAILING), **day_of(FAILING)))
    fresh = prefetch({"resourceType": "Patient", "id": "p"}, *_zoster())
    drafts = {"draftOrders": searchset(draft("Valacyclovir", status="active"))}

    assert (one.record or {})["case"] == (two.record or {})["case"] == (review.record or {})["case"]
    assert cards_of(asked(call(fresh, SIGN, context=drafts), SIGN)) == []


def _zoster() -> list[Json]:
    """Return a zoster that spreads, with no treatment."""
    subject = {"reference": "Patient/p"}
    course = observation("hasLesionCourse", valueCodeableConcept=concept("Spreading"))
    return [{**condition("HerpesZoster"), "id": "c", "subject": subject}, {**course, "id": "o", "subject": subject}]


def test_an_order_of_another_drug_needs_no_record() -> None:
    """Nothing is read and nothing is missed; a drug that is known needs the data."""
    other = call({}, SIGN, context={"draftOrders": searchset(draft({"text": "amoxicillin"}))})
    known = call({}, SIGN, context={"draftOrders": searchset(draft("Foscarnet"))})

    reply = asked(other, SIGN)
    assert (cards_of(reply), reply.record) == ([], None)
    assert asked(known, SIGN).status == 412


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({}, "there is no Bundle of draft orders"),
        ({"draftOrders": {"resourceType": "MedicationRequest"}}, "there is no Bundle of draft orders"),
        ({"draftOrders": searchset(draft("Valacyclovir", subject={"reference": "Patient/q"}))}, "another patient's"),
        ({"draftOrders": searchset(*(draft("Foscarnet", str(n)) for n in range(MAX_ORDERS + 1)))}, "more than 200"),
        (
            {"draftOrders": searchset(draft("Valacyclovir", modifierExtension=[{"url": "https://example.org/not"}]))},
            "modifier extension",
        ),
        ({"draftOrders": searchset({**draft("Valacyclovir"), "medication": {"concept": {}}})}, "R5"),
    ],
)
def test_orders_that_cannot_be_read_are_refused(context: Json, said: str) -> None:
    """Silence would look like approval."""
    reply = asked(call(failing(), SIGN, context=context), SIGN)

    assert reply.status in {400, 413}
    assert said in told(reply)


def test_two_orders_have_a_card_each_and_one_without_an_id_cannot_be_removed() -> None:
    """Identifiers do not meet, and a replay gives the same ones."""
    orders = draft("Valacyclovir", "rx1"), draft("Valacyclovir", "rx2"), draft("Valacyclovir", None)
    cards = cards_of(asked(ordered(FAILING, *orders), SIGN))
    removed = [card["suggestions"][0]["actions"][0]["resourceId"] for card in cards if "suggestions" in card]

    assert len({card["uuid"] for card in cards}) == 3
    assert removed == ["MedicationRequest/rx1", "MedicationRequest/rx2"]
    assert cards == cards_of(asked(ordered(FAILING, *orders), SIGN))


# ---- feedback ----

CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
DONE = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": "2026-03-10T12:00:00Z"}
REASON = {"system": "https://w3id.org/refractory/cds-override-reasons", "code": "already-done"}


def fed(*entries: Any) -> Reply:
    """Return the answer to feedback."""
    return answered(feedback, Task("feedback", json.dumps({"feedback": list(entries)}).encode(), {"service": REVIEW}))


def test_feedback_is_taken_and_told_to_the_log_without_its_comment() -> None:
    """Which card, what became of it, when, and a reason of our list by its code; no word of what somebody wrote."""
    secret = "Mrs Example does not want it"  # noqa: S105  # it is what must not be kept
    accepted = {**DONE, "outcome": "accepted", "acceptedSuggestions": [{"id": CARD}]}
    entries = [
        accepted,
        {**DONE, "card": CARD.upper()},
        {**DONE, "overrideReason": {"reason": REASON, "userComment": secret}},
        {**DONE, "overrideReason": {"reason": {"system": "x", "code": secret}}},
        {**DONE, "overrideReason": {"userComment": secret}, "outcomeTimestamp": "2026-03-10t13:00:00.5+01:00"},
    ]
    reply = fed(*entries)
    kept = {"service": REVIEW, "card": CARD, "outcome": "overridden", "at": "2026-03-10T12:00:00.000Z"}

    assert broken({"feedback": entries}, FEEDBACK) == []
    assert (reply.status, reply.body) == (200, b"{}")
    assert reply.record == {
        "feedback": [
            {**kept, "outcome": "accepted"},
            kept,
            {**kept, "reason": "already-done"},
            kept,
            {**kept, "at": "2026-03-10T12:00:00.500Z"},
        ]
    }


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({**DONE, "outcome": "ignored"}, "cds-fb-1"),
        ({**DONE, "outcome": "accepted"}, "cds-fb-2"),
        ({**DONE, "overrideReason": {"extension": {"com.example": 1}}}, "cds-fb-3"),
    ],
)
def test_feedback_that_breaks_an_invariant_is_refused_by_its_name(entry: Json, name: str) -> None:
    """The specification's rule sees it too."""
    reply = fed(DONE, entry)

    assert broken({"feedback": [entry]}, FEEDBACK) == [name]
    assert (reply.status, reply.record) == (400, None)
    assert name in told(reply)


@pytest.mark.parametrize(
    "entry",
    [
        7,
        {},
        {**DONE, "card": "1"},
        {**DONE, "card": None},
        {**DONE, "outcomeTimestamp": "yesterday"},
        {**DONE, "outcomeTimestamp": "2026-03-10"},
        {**DONE, "outcomeTimestamp": "2026-13-10T12:00:00Z"},
        {**DONE, "outcomeTimestamp": "2026-03-10T12:00:00"},
        {**DONE, "outcomeTimestamp": "0001-01-01T00:00:00+23:59"},
        {**DONE, "outcome": "accepted", "acceptedSuggestions": []},
        {**DONE, "outcome": "accepted", "acceptedSuggestions": [{"id": "1"}]},
        {**DONE, "outcome": "accepted", "acceptedSuggestions": ["x"]},
        {**DONE, "overrideReason": "x"},
        {**DONE, "overrideReason": {"reason": "x"}},
        {**DONE, "overrideReason": {"reason": {"code": "x"}}},
    ],
)
def test_feedback_that_says_nothing_sure_is_refused(entry: Any) -> None:
    """All of it, with none of it recorded."""
    reply = fed(DONE, entry)

    assert (reply.status, reply.record) == (400, None)


def test_feedback_has_a_list_and_a_limit() -> None:
    """None at all is none; too many at once are told so."""
    none = answered(feedback, Task("feedback", b"{}", {"service": REVIEW}))

    assert none.status == 400
    assert fed().status == 200
    assert fed(*[DONE] * (MAX_FEEDBACK + 1)).status == 413


def test_today_is_what_the_tests_think_it_is() -> None:
    """The day that the helper gives is the one that the design's example has."""
    assert TODAY == day_of(FAILING)["extension"][services().extension]["assessedOn"]
