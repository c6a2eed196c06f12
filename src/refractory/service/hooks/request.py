"""A request of CDS Hooks, checked before anything is made of it. The FHIR server that it names is never called.

Source: CDS Hooks, "Calling a CDS Service" and the invariants cds-r-1 and ord-1 (https://cds-hooks.hl7.org/).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from refractory.case.decode import decode
from refractory.case.fhir.limits import MAX_BUNDLE_BYTES, MAX_BUNDLE_DEPTH
from refractory.case.json_text import Number, Pairs, parse
from refractory.case.lexical import check_date
from refractory.errors import RefusedError
from refractory.export.cds_services import CdsService, CdsServices

if TYPE_CHECKING:
    from typing_extensions import TypeIs

# A Bundle stands three deep in a request.
_MAX_DEPTH: Final = MAX_BUNDLE_DEPTH + 3

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_\-.]+")
_DAY: Final = "assessedOn"


@dataclass(frozen=True)
class HookRequest:
    """A request, as far as it is read.

    Attributes:
        hook_instance: The UUID of the call.
        patient: The id of the FHIR Patient.
        server: The base URL of the client's FHIR server, by which references are understood; or an empty string.
        prefetch: What was sent along, by its key.
        draft_orders: The Bundle of draft orders; None where the hook has none.
        selections: Which of them were just selected; None: all count.
        assessed_on: The day of the assessment, YYYY-MM-DD, where the request says it; or an empty string.
    """

    hook_instance: UUID
    patient: str
    server: str
    prefetch: Mapping[str, Any]
    draft_orders: Mapping[str, Any] | None
    selections: tuple[str, ...] | None
    assessed_on: str


def read_object(body: bytes) -> dict[str, Any]:
    """Return a JSON object as dictionaries and lists, numbers digit for digit.

    Raises:
        RefusedError: It is not JSON, not an object, or a key stands twice.
        LimitError: It is larger or deeper than allowed.
    """
    root = _plain(parse(decode(body, MAX_BUNDLE_BYTES, "request"), _MAX_DEPTH), "")
    if not isinstance(root, dict):
        raise _refused("the request is no JSON object.", "", "Send an object, as CDS Hooks describes it.")
    return root


def write_text(value: Any) -> str:
    """Return as JSON what `read_object` read: the same digits."""
    return "".join(_written(value))


def is_text(value: object) -> TypeIs[str]:
    """Say whether a value is a text; a number, which is kept as its digits, is none."""
    return isinstance(value, str) and not isinstance(value, Number)


def is_id(value: object) -> TypeIs[str]:
    """Say whether a value is an id of FHIR."""
    return is_text(value) and _ID.fullmatch(value) is not None


def read_request(body: bytes, service: CdsService, services: CdsServices) -> HookRequest:
    """Return a request of a service.

    Raises:
        RefusedError: It is none, or one of another hook.
        LimitError: It is larger or deeper than allowed.
    """
    root = read_object(body)
    if root.get("hook") != service.hook:
        raise _refused("the hook is not that of the service.", "hook", f"Call {service.id} on {service.hook}.")
    instance = root.get("hookInstance")
    if not is_text(instance) or not _UUID.fullmatch(instance):
        raise _refused("the hook instance is no UUID.", "hookInstance", "Give each call a UUID of its own.")
    context = root.get("context")
    if not isinstance(context, dict):
        raise _refused("there is no context.", "context", "Send the context of the hook.")
    patient = context.get("patientId")
    if not is_id(patient):
        raise _refused("it is not said who the patient is.", "context.patientId", "Send the id of the Patient alone.")
    prefetch = root.get("prefetch")
    if prefetch is not None and not isinstance(prefetch, dict):
        raise _refused("the prefetch is no object.", "prefetch", "Send the data by the keys of the discovery.")
    orders = service.hook != "patient-view"
    return HookRequest(
        UUID(instance),
        patient,
        _server(root),
        prefetch or {},
        _draft_orders(context) if orders else None,
        _selections(context) if orders else None,
        _assessed_on(root, services.extension),
    )


def _server(root: Mapping[str, Any]) -> str:
    server, authorization = root.get("fhirServer"), root.get("fhirAuthorization")
    if authorization is not None and (not isinstance(authorization, dict) or server is None):
        raise _refused(
            "there is an authorization for a FHIR server, and no server (cds-r-1).",
            "fhirAuthorization",
            "Send fhirServer with it, or neither: the server is not called.",
        )
    if server is None:
        return ""
    if not is_text(server) or not server.startswith(("https://", "http://")):
        raise _refused("the FHIR server is no URL.", "fhirServer", "Send its base URL, or leave it out.")
    return server.rstrip("/")


def _draft_orders(context: Mapping[str, Any]) -> Mapping[str, Any]:
    orders = context.get("draftOrders")
    if not isinstance(orders, dict) or orders.get("resourceType") != "Bundle":
        raise _refused("there is no Bundle of draft orders.", "context.draftOrders", "Send the orders as a Bundle.")
    return orders


def _selections(context: Mapping[str, Any]) -> tuple[str, ...] | None:
    found = context.get("selections")
    if found is None:
        return None
    if not isinstance(found, list) or not all(is_text(one) and _REFERENCE.fullmatch(one) for one in found):
        raise _refused(
            "a selection is not of the form type/id (ord-1).", "context.selections", "Write MedicationRequest/103."
        )
    return tuple(found)


def _assessed_on(root: Mapping[str, Any], name: str) -> str:
    extension = root.get("extension")
    if extension is not None and not isinstance(extension, dict):
        raise _refused("the extension is no object.", "extension", "Name each extension in it.")
    own = (extension or {}).get(name)
    if own is None:
        return ""
    if not isinstance(own, dict) or not own.keys() <= {_DAY} or not is_text(own.get(_DAY, "")):
        fix = f'It may say {{"{_DAY}": "2026-03-10"}}.'
        raise _refused("our extension is not understood.", f"extension.{name}", fix)
    day: str = own.get(_DAY, "")
    if day:
        check_date(day, f"extension.{name}.{_DAY}")
    return day


def _refused(what: str, place: str, fix: str) -> RefusedError:
    return RefusedError(what, place=place, fix=fix)


def _plain(value: object, place: str) -> Any:
    if isinstance(value, Pairs):
        found: dict[str, Any] = {}
        for key, item in value:
            where = f"{place}.{key}" if place else key
            if key in found:
                raise _refused("a key stands twice.", where, "Keep one of them.")
            found[key] = _plain(item, where)
        return found
    if isinstance(value, list):
        return [_plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    return value


def _written(value: Any) -> Iterator[str]:
    if isinstance(value, Number):
        yield value
    elif isinstance(value, Mapping):
        for number, (key, part) in enumerate(value.items()):
            yield f"{',' if number else '{'}{json.dumps(key)}:"
            yield from _written(part)
        yield "}" if value else "{}"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, part in enumerate(value):
            yield "," if number else "["
            yield from _written(part)
        yield "]" if value else "[]"
    else:
        yield json.dumps(value)
