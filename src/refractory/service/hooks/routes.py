"""CDS Hooks over HTTP: which services there are, what is asked of them, and what became of their cards.

Nothing of a request is read here: that is the work of a worker (`tasks`). What is refused is an OperationOutcome.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from refractory.export.cds_services import CdsServices
from refractory.knowledge.files import whole_of
from refractory.service.answers import answered, authorization
from refractory.service.guards import body_of
from refractory.service.hooks.outcomes import FHIR, outcome
from refractory.service.problems import PROBLEM
from refractory.service.settings import Settings
from refractory.service.work.messages import Reply, Task

Endpoint = Callable[[Request], Awaitable[Response]]

PATH: Final = "/cds-services"


def hook_routes() -> list[Route]:
    """Return the routes of CDS Hooks."""
    return [
        Route(PATH, _told(discovery), methods=["GET"]),
        Route(f"{PATH}/{{service}}", _told(call), methods=["POST"]),
        Route(f"{PATH}/{{service}}/feedback", _told(feedback), methods=["POST"]),
    ]


async def discovery(request: Request) -> Response:
    """Say which services there are; the knowledge is not needed for it."""
    _client(request, PATH)
    return JSONResponse(_services(request.app.state.settings.knowledge).discovery())


async def call(request: Request) -> Response:
    """Have a worker answer a call with cards, and record what was concluded before it is told."""
    settings: Settings = request.app.state.settings
    service = _service(request)
    who = _client(request, f"{PATH}/{service}")
    options = {"service": service, "today": settings.today().isoformat()}
    reply = await _performed(request, "hook", options)
    return await answered(request, reply, who, "hook")


async def feedback(request: Request) -> Response:
    """Record what became of cards."""
    service = _service(request)
    who = _client(request, f"{PATH}/{service}/feedback")
    reply = await _performed(request, "feedback", {"service": service})
    audit = request.app.state.audit
    if audit is not None and reply.record is not None:
        told = reply.record["feedback"]
        await asyncio.gather(*(audit.record({"who": who, "event": "feedback", **entry}) for entry in told))
    unrecorded = Reply(reply.status, reply.media_type, reply.body, fault=reply.fault)
    return await answered(request, unrecorded, who, "feedback")


def _service(request: Request) -> str:
    """Return the id of the service that is called.

    Raises:
        HTTPException: There is none of that id.
    """
    service: str = request.path_params["service"]
    if service not in _services(request.app.state.settings.knowledge).services:
        raise HTTPException(404, f"There is no such service. GET {PATH} says which there are.")
    return service


def _client(request: Request, path: str) -> str:
    """Return who is asking.

    Raises:
        Unidentified: The client does not show who it is.
    """
    state = request.app.state
    who: str = state.gate.client(authorization(request), f"{state.settings.url}{path}", time.time())
    return who


async def _performed(request: Request, name: str, options: dict[str, str]) -> Reply:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise HTTPException(415, "A request of CDS Hooks is JSON. Send it with Content-Type: application/json.")
    body = await body_of(request, request.app.state.settings.max_body)
    reply: Reply = await request.app.state.pool.perform(Task(name, body, options))
    return reply


@lru_cache(maxsize=4)
def _services(knowledge: tuple[str, ...] | None) -> CdsServices:
    return CdsServices.read(whole_of(knowledge or ()))


# ---- what is said when there is no answer ----


def _told(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint whose refusals, and those of the application for it, are told as CDS Hooks wants them."""

    async def told(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except Exception as error:
            response = await _refusal(request, error)
        return _as_outcome(response)

    return told


async def _refusal(request: Request, error: Exception) -> Response:
    """Return what the application says of an error; of a fault of ours, it says so itself."""
    handlers = request.app.exception_handlers
    kind = next((kind for kind in type(error).__mro__ if kind in handlers and kind is not Exception), None)
    if kind is None:
        raise error
    response: Response = handlers[kind](request, error)
    return response


def _as_outcome(response: Response) -> Response:
    if response.media_type != PROBLEM:
        return response
    said = json.loads(bytes(response.body))
    dropped = {"content-length", "content-type"}
    headers = {name: value for name, value in response.headers.items() if name not in dropped}
    return Response(outcome(response.status_code, said["detail"]), response.status_code, headers, FHIR)
