"""What every endpoint does with a caller and with a worker's reply."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import Response

from refractory.service.work.messages import Reply

_log = logging.getLogger("refractory.service")


def authorization(request: Request) -> str | None:
    """Return what a caller shows of itself; of several headers all, so that two are seen to be two."""
    return ", ".join(request.headers.getlist("authorization")) or None


async def answered(request: Request, reply: Reply, who: str, event: str) -> Response:
    """Return a worker's reply as an answer, once what it concluded is recorded.

    Raises:
        AuditFailed: It could not be recorded, so it is not told.
    """
    if reply.fault:
        _log.error("our fault: %s", reply.fault)
    if reply.record is not None and request.app.state.audit is not None:
        await request.app.state.audit.record({"who": who, "event": event, **reply.record})
    response = Response(reply.body, reply.status, media_type=reply.media_type)
    for header, value in reply.headers:
        response.headers.append(header, value)
    return response
