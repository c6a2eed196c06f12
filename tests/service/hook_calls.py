"""Calls of CDS Hooks, for tests: a golden case as a client would send it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from refractory import KnowledgeBase
from refractory.errors import RefractoryError
from refractory.export.cds_services import CdsServices
from refractory.service.hooks.tasks import hook
from refractory.service.problems import PROBLEM, problem_of
from refractory.service.work.messages import Reply, Task
from tests import fhir_writer
from tests.fhir_writer import concept
from tests.support import read_case, shipped, with_table

Json = dict[str, Any]

INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
TODAY = "2026-03-10"
SERVER = "https://ehr.example.org/fhir"
REVIEW, SELECT, SIGN = "antiviral-failure-review", "antiviral-order-select", "antiviral-order-sign"


def services() -> CdsServices:
    """Return the services as they are shipped."""
    return CdsServices.of(shipped().knowledge.files)


def can_be_sent(slug: str) -> bool:
    """Say whether a golden case can come as prefetch: FHIR can hold it, and it has a day."""
    said = read_case(slug).to_json()
    whole = all("interpretation" in one and "drug" in one for one in said.get("susceptibility", ()))
    return "assessedOn" in said and "unavailable" not in said and not with_table(slug) and whole


def prefetch_of(slug: str) -> Json:
    """Return a golden case as the searches of a client would find it, each key with its Bundle."""
    bundle = fhir_writer.written(read_case(slug).to_json())
    return prefetch(*(entry["resource"] for entry in bundle["entry"]))


def prefetch(*resources: Json) -> Json:
    """Return resources as the searches of a client would find them."""
    kinds = {template.partition("?")[0]: key for key, template in services().templates.items() if "?" in template}
    found: Json = {key: searchset() for key in kinds.values()}
    for resource in resources:
        if resource["resourceType"] == "Patient":
            found["patient"] = resource
        else:
            url = f"{SERVER}/{resource['resourceType']}/{resource['id']}"
            entry = {"fullUrl": url, "resource": resource, "search": {"mode": "match"}}
            found[kinds[resource["resourceType"]]]["entry"].append(entry)
    return found


def searchset(*resources: Json, **said: Any) -> Json:
    """Return a Bundle as a search gives it."""
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", **said, "entry": entries}


def call(data: Json, service: str = REVIEW, **said: Any) -> Json:
    """Return the request of a call; the patient is the one that `fhir_writer` writes."""
    context = {"userId": "Practitioner/example", "patientId": "p", **said.pop("context", {})}
    hook = services().services[service].hook
    return {"hook": hook, "hookInstance": INSTANCE, "fhirServer": SERVER, "context": context, "prefetch": data, **said}


def day_of(slug: str) -> Json:
    """Return the extension that says the day of a golden case."""
    return {"extension": {services().extension: {"assessedOn": read_case(slug).to_json()["assessedOn"]}}}


def asked(request: Json | bytes, service: str = REVIEW, today: str = TODAY) -> Reply:
    """Return what a worker answers to a call."""
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    return answered(hook, Task("hook", body, {"service": service, "today": today}))


def answered(function: Callable[[KnowledgeBase, Task], Reply], task: Task) -> Reply:
    """Return what comes of a task, errors as a worker tells them."""
    try:
        return function(shipped(), task)
    except RefractoryError as error:
        status, body = problem_of(error)
        return Reply(status, PROBLEM, body)


def cards_of(reply: Reply) -> list[Json]:
    """Return the cards of an answer."""
    assert reply.status == 200, reply.body
    said = json.loads(reply.body)
    assert set(said) == {"cards"}
    found: list[Json] = said["cards"]
    return found


def draft(drug: str | Json, identifier: str | None = "rx1", **said: Any) -> Json:
    """Return a draft order of a drug, by our own code or another."""
    medication = concept(drug) if isinstance(drug, str) else drug
    order: Json = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p"},
        "medicationCodeableConcept": medication,
        **said,
    }
    return {"id": identifier, **order} if identifier else order


def ordered(slug: str, *orders: Json, service: str = SIGN, **context: Any) -> Json:
    """Return the call for draft orders in a golden case."""
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order} for order in orders]}
    return call(prefetch_of(slug), service, context={"draftOrders": drafts, **context}, **day_of(slug))
