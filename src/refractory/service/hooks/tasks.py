"""What a worker does for CDS Hooks: a request becomes a case, its assessment becomes cards; feedback is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from refractory.case.reader import Case
from refractory.errors import LimitError, RefusedError, UsageError
from refractory.export.card_writer import Occasion
from refractory.export.cards import review_cards
from refractory.export.cds_services import CdsServices
from refractory.export.fhir_parts import Json, fhir_text
from refractory.export.order_cards import order_cards
from refractory.service.hooks.orders import read_orders
from refractory.service.hooks.outcomes import FHIR, outcome
from refractory.service.hooks.prefetch import MissingDataError, gather
from refractory.service.hooks.request import is_text, read_object, read_request
from refractory.service.work.messages import Reply, Task
from refractory.service.work.tasks import record_of

if TYPE_CHECKING:
    from refractory.model.assessment import Assessment
    from refractory.pipeline.knowledge_base import KnowledgeBase

JSON: Final = "application/json"
SILENCE: Final[Json] = {"cards": []}

MAX_FEEDBACK: Final = 200
"""Entries of one feedback."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_OUTCOMES: Final = frozenset({"accepted", "overridden"})


def hook(base: KnowledgeBase, task: Task) -> Reply:
    """Answer a call of a service with cards. Options: `service` (its id), `today` (YYYY-MM-DD).

    What is essential and missing is answered with status 412.

    Raises:
        RefusedError: The request is not one of the service, or its data cannot be read.
        LimitError: It is larger or deeper than allowed.
        NonConformingError: The data contradict themselves, and nothing is concluded.
        ContradictionError: The closure of the case is inconsistent.
    """
    services = CdsServices.of(base.knowledge.files)
    service = services.services.get(task.options["service"])
    if service is None:
        raise UsageError("there is no such service.", fix="GET /cds-services says which there are.")
    request = read_request(task.body, service, services)
    orders = None
    if request.draft_orders is not None:
        orders = read_orders(request, services.order, base.knowledge)
        if not orders:
            # Nothing is ordered that is known here: the record is not needed, and is not read.
            return _answer(SILENCE, None)
    try:
        data = gather(request, services, base.knowledge)
    except MissingDataError as missing:
        return _missing(missing)
    day = request.assessed_on or task.options["today"]
    case = Case.from_fhir(data.bundle, base.knowledge, assessed_on=day)
    occasion = Occasion(request.hook_instance, request.patient, data.incomplete)
    if orders is None:
        assessment = base.assess(case)
        cards = review_cards(assessment, base.knowledge, services, occasion)
    else:
        assessment = base.assess(case, questions=False)
        cards = order_cards(assessment, base.knowledge, services, occasion, orders)
    return _answer({"cards": cards}, _record(assessment, service.id, cards))


def _answer(said: Json, record: Mapping[str, Any] | None) -> Reply:
    return Reply(200, JSON, fhir_text(said).encode(), record)


def _record(assessment: Assessment, service: str, cards: list[Json]) -> dict[str, Any]:
    return {**record_of(assessment), "service": service, "cards": [card["uuid"] for card in cards]}


def _missing(missing: MissingDataError) -> Reply:
    keys = "; ".join(" or ".join(group) for group in missing.keys)
    said = (
        f"Essential data are missing, so nothing is concluded: {keys}. Send them as prefetch, by the keys of the "
        "discovery; the FHIR server is not called. A search that finds nothing is sent as null or as an empty Bundle."
    )
    where = [f"prefetch.{key}" for group in missing.keys for key in group]
    return Reply(412, FHIR, outcome(412, said, where=where))


# ---- feedback ----


def feedback(base: KnowledgeBase, task: Task) -> Reply:
    """Read what became of cards. Options: `service`.

    The record of the reply has `feedback`, a list of what the log may say: never a comment.

    Raises:
        RefusedError: It is not built as CDS Hooks says (its invariants cds-fb-1 to cds-fb-3).
        LimitError: It has too many entries.
    """
    services = CdsServices.of(base.knowledge.files)
    entries = read_object(task.body).get("feedback")
    if not isinstance(entries, list):
        raise _refused("there is no feedback.", "feedback", "Send a list of what became of each card.")
    if len(entries) > MAX_FEEDBACK:
        raise LimitError(f"there are more than {MAX_FEEDBACK} entries.", place="feedback", fix="Send them in parts.")
    known = {(reason["system"], reason["code"]) for reason in services.override_reasons}
    found = [_entry(one, f"feedback[{number}]", known) for number, one in enumerate(entries)]
    record = [{"service": task.options["service"], **entry} for entry in found]
    return Reply(200, JSON, b"{}", {"feedback": record})


def _entry(said: object, place: str, known: set[tuple[str, str]]) -> dict[str, str]:
    if not isinstance(said, dict):
        raise _refused("an entry is no object.", place, "Say which card, and what became of it.")
    card = said.get("card")
    if not is_text(card) or not _UUID.fullmatch(card):
        raise _refused("the card is no UUID.", f"{place}.card", "Send the uuid of the card.")
    result = said.get("outcome")
    if not is_text(result) or result not in _OUTCOMES:
        raise _refused("the outcome is unknown (cds-fb-1).", f"{place}.outcome", "Say accepted or overridden.")
    accepted = said.get("acceptedSuggestions")
    if (accepted is not None or result == "accepted") and not _are_suggestions(accepted):
        raise _refused(
            "it is not said which suggestions were accepted (cds-fb-2).",
            f"{place}.acceptedSuggestions",
            "Send the uuid of each as id.",
        )
    entry = {"card": card.lower(), "outcome": result, "at": _time(said.get("outcomeTimestamp"), place)}
    reason = _reason(said.get("overrideReason"), f"{place}.overrideReason")
    # A code that is none of ours might be a text about a patient.
    return {**entry, "reason": reason[1]} if reason in known else entry


def _are_suggestions(accepted: object) -> bool:
    if not isinstance(accepted, list) or not accepted:
        return False
    ids = [one.get("id") if isinstance(one, dict) else None for one in accepted]
    return all(is_text(one) and _UUID.fullmatch(one) for one in ids)


def _time(said: object, place: str) -> str:
    """Return a time in UTC, to the millisecond."""
    try:
        if is_text(said) and _TIME.fullmatch(said):
            moment = datetime.fromisoformat(said.upper()).astimezone(UTC)
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        pass
    raise _refused(
        "the time of the outcome is none.",
        f"{place}.outcomeTimestamp",
        "Write it as in RFC 3339: 2026-03-10T12:00:00Z.",
    )


def _reason(said: object, place: str) -> tuple[str, str] | None:
    """Return system and code of the reason for setting a card aside, where one is given by a code."""
    if said is None:
        return None
    reason, comment = (said.get("reason"), said.get("userComment")) if isinstance(said, dict) else (None, None)
    if reason is None and not is_text(comment):
        raise _refused("the reason says nothing (cds-fb-3).", place, "Send a reason, a userComment, or both.")
    if reason is None:
        return None
    coding = (reason.get("system"), reason.get("code")) if isinstance(reason, dict) else (None, None)
    if not is_text(coding[0]) or not is_text(coding[1]):
        raise _refused("the reason is no coding.", f"{place}.reason", "Send its system and code.")
    return coding[0], coding[1]


def _refused(what: str, place: str, fix: str) -> RefusedError:
    return RefusedError(what, place=place, fix=fix)
