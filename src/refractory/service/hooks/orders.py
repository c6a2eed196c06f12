"""Draft orders, read by the same mapping and codes as a record; they are no facts of the case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from refractory.case.fhir.reading import read_bundle
from refractory.errors import LimitError, RefusedError
from refractory.export.cds_services import OrderCheck
from refractory.export.order_cards import Order
from refractory.knowledge.knowledge import Knowledge
from refractory.service.hooks.prefetch import resources_of
from refractory.service.hooks.request import HookRequest, is_id, is_text, write_text

MAX_ORDERS: Final = 200
"""Draft orders of one request."""

_TYPE: Final = "MedicationRequest"
_NOBODY: Final = {"resourceType": "Patient", "id": "nobody"}
# What is left of an order: what it gives, in which way, and what may turn its meaning round.
_KEPT: Final = frozenset({"id", "meta", "contained", "implicitRules", "modifierExtension", "doNotPerform"})
_HISTORY: Final = re.compile(r"/_history/[^/]*$")


def read_orders(request: HookRequest, check: OrderCheck, knowledge: Knowledge) -> list[Order]:
    """Return the draft orders of drugs that are known by a code; those that were selected, if the request says which.

    Raises:
        RefusedError: An order is another patient's, or not built as FHIR R4 is; or a selection is none of the orders.
        LimitError: There are too many.
    """
    drafts = list(resources_of(request.draft_orders))
    if len(drafts) > MAX_ORDERS:
        raise LimitError(
            f"there are more than {MAX_ORDERS} draft orders.", place="context.draftOrders", fix="Send less."
        )
    names = [_name(draft) for draft in drafts]
    for selection in request.selections or ():
        if selection not in names:
            raise RefusedError(
                "a selection is none of the draft orders.",
                place="context.selections",
                why="What is not found cannot be checked, and silence would look like approval.",
                fix="Name the orders as type and id.",
            )
    medications = list(_medications(request))
    found = []
    for number, (draft, name) in enumerate(zip(drafts, names, strict=True)):
        selected = request.selections is None or name in request.selections
        if selected and _is_order(draft, request, check):
            found += list(_read(draft, number, name, medications, knowledge))
    return found


def _name(draft: Mapping[str, Any]) -> str:
    """Return type and id of an order; an empty string without an id."""
    return f"{draft.get('resourceType')}/{draft['id']}" if is_id(draft.get("id")) else ""


def _medications(request: HookRequest) -> Iterator[dict[str, Any]]:
    """Yield the medications to which an order may refer, from the drafts and from what was sent along."""
    for value in (request.draft_orders, *request.prefetch.values()):
        entries = value.get("entry") if isinstance(value, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(resource, dict) and resource.get("resourceType") == "Medication":
                url = entry.get("fullUrl")
                yield {"fullUrl": url, "resource": resource} if is_text(url) else {"resource": resource}


def _is_order(draft: Mapping[str, Any], request: HookRequest, check: OrderCheck) -> bool:
    """Say whether a draft would give this patient a drug.

    Raises:
        RefusedError: It is another patient's.
    """
    subject = draft.get("subject")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    own = f"Patient/{request.patient}"
    if is_text(reference) and _HISTORY.sub("", reference) not in {own, f"{request.server}/{own}"}:
        raise RefusedError(
            "a draft order is another patient's.",
            place=f"context.draftOrders, {draft.get('resourceType')}",
            fix="Send the orders of context.patientId alone.",
        )
    # What is not to be given at all, the mapping ignores.
    return draft.get("resourceType") == _TYPE and draft.get("status") in (None, *check.statuses)


def _read(
    draft: Mapping[str, Any], number: int, name: str, medications: list[dict[str, Any]], knowledge: Knowledge
) -> Iterator[Order]:
    """Yield an order if a code says of which drug it is.

    It is read as if it were signed, and by itself: for whom and for what it is does not matter to what it gives.
    """
    order = {key: value for key, value in draft.items() if key in _KEPT or key.startswith("medication")}
    order |= {"resourceType": _TYPE, "status": "active", "intent": "order", "subject": {"reference": "Patient/nobody"}}
    if routes := _routes(draft.get("dosageInstruction")):
        order["dosageInstruction"] = [{"route": route} for route in routes]
    entries = [{"resource": _NOBODY}, {"resource": order}, *_once(medications)]
    text = write_text({"resourceType": "Bundle", "type": "collection", "entry": entries})
    for treatment in read_bundle(text, knowledge).cases[0].get("treatments", ()):
        yield Order(number, name, treatment["drug"], treatment.get("route", ""))


def _routes(dosages: object) -> list[Any]:
    """Return the routes of an order, each once."""
    found: list[Any] = []
    for dosage in dosages if isinstance(dosages, list) else ():
        route = dosage.get("route") if isinstance(dosage, dict) else None
        if route is not None and route not in found:
            found.append(route)
    return found


def _once(medications: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return medications without those that came twice, in the drafts and in what was sent along."""
    found: list[dict[str, Any]] = []
    for entry in medications:
        if not any(entry["resource"] == other["resource"] for other in found):
            found.append(entry)
    return found
