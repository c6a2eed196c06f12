"""What a CDS service says when it does not answer: an OperationOutcome of FHIR R4."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from refractory.export.fhir_parts import filled, narrative

FHIR: Final = "application/fhir+json"

# The codes of https://hl7.org/fhir/R4/valueset-issue-type.html; what is not listed is `invalid`.
_CODES: Final = {
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    412: "required",
    413: "too-long",
    415: "not-supported",
    421: "forbidden",
    422: "business-rule",
    500: "exception",
    503: "transient",
}


def outcome(status: int, said: str, *, where: Sequence[str] = ()) -> bytes:
    """Return the body of an answer that says what is wrong.

    Args:
        status: The status code of HTTP.
        said: What is wrong, and how to mend it; nothing of a patient that the caller did not send.
        where: The places in the request.
    """
    issue = filled(
        severity="error",
        code=_CODES.get(status, "invalid"),
        details={"text": said},
        expression=list(where),
    )
    resource = {"resourceType": "OperationOutcome", "text": narrative(said), "issue": [issue]}
    return json.dumps(resource, ensure_ascii=False).encode()
