"""The routes of the service, and what happens to a request on each."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from refractory.service.answers import answered, authorization
from refractory.service.audit.writer import AuditFailed, AuditLog, AuditWriter
from refractory.service.guards import BodyTooLargeError, Guards, body_of, refuse
from refractory.service.hooks.routes import hook_routes
from refractory.service.identity.gate import Clients, Gate, Tokens, Unidentified
from refractory.service.negotiation import accepted, chosen
from refractory.service.openapi import described
from refractory.service.pages.assets import asset_routes
from refractory.service.pages.case import page_routes
from refractory.service.pages.console import console_routes
from refractory.service.pages.knowledge import knowledge_routes
from refractory.service.pages.proof import proof_routes
from refractory.service.problems import PROBLEM, problem
from refractory.service.settings import Settings
from refractory.service.sparql.routes import WARNING, sparql_routes
from refractory.service.work.messages import Task
from refractory.service.work.pool import BusyError, OutOfTimeError, Pool, WorkerLostError
from refractory.service.work.tasks import FORMS, PARAMETERS, READ
from refractory.version import VERSION

_log = logging.getLogger("refractory.service")

_RETRY: Final = {"Retry-After": "1"}


def application(settings: Settings) -> Starlette:
    """Return the service as an ASGI application.

    Args:
        settings: What it is told; checked here once more.

    Raises:
        UsageError: The settings are not safe, or a file they name is at fault.
        RefusedError: The audit log is broken, or in use.
    """
    settings.checked()
    tokens = Tokens.load(settings.tokens) if settings.tokens else None
    clients = Clients.load(settings.clients) if settings.clients else None
    routes = [
        Route("/health", health, methods=["GET"]),
        Route("/openapi.json", openapi, methods=["GET"]),
        *(Route(f"/{name}", work, methods=["POST"], name=name) for name in PARAMETERS),
        *page_routes(),
        *proof_routes(),
        *console_routes(),
        *knowledge_routes(),
        *asset_routes(),
        *sparql_routes(),
        *(hook_routes() if settings.with_hooks else ()),
    ]
    app = Starlette(
        routes=routes,
        lifespan=_lifespan,
        middleware=[
            Middleware(Guards, settings=settings),
            Middleware(
                CORSMiddleware,
                allow_origins=settings.origins,
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type"],
                expose_headers=[WARNING],
            ),
        ],
        exception_handlers={
            HTTPException: _refused,
            Unidentified: _unidentified,
            BodyTooLargeError: _too_large,
            BusyError: _busy,
            OutOfTimeError: _out_of_time,
            WorkerLostError: _lost,
            AuditFailed: _unrecorded,
            ClientDisconnect: _cut_short,
            TimeoutError: _cut_short,
        },
    )
    app.state.settings = settings
    app.state.gate = Gate(tokens, clients)
    # Opened here and not when it starts, so that what is wrong with it is told as every error is.
    app.state.audit = AuditWriter(AuditLog.open(settings.audit)) if settings.audit else None
    app.state.descriptions = {}
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Bring up the workers and the audit log, and take them down in the end."""
    settings: Settings = app.state.settings
    pool = app.state.pool = Pool(settings)
    try:
        await pool.start()
        yield
    finally:
        await pool.close()
        if app.state.audit is not None:
            await app.state.audit.close()


async def health(request: Request) -> Response:
    """Say whether the service can answer, and with which knowledge."""
    pool: Pool = request.app.state.pool
    alive = pool.quick.alive
    said = {"status": "ok" if alive else "down", "version": VERSION, "knowledgeHash": pool.quick.knowledge}
    return JSONResponse(said, 200 if alive else 503)


async def openapi(request: Request) -> Response:
    """Describe the service."""
    return JSONResponse(described(request.app.state.settings))


async def work(request: Request) -> Response:
    """Have a worker answer a case, and record what was concluded before it is told."""
    state = request.app.state
    name = request.url.path.strip("/")
    who = state.gate.caller(authorization(request))
    options = _options(request, name)
    body = await body_of(request, state.settings.max_body)
    reply = await state.pool.perform(Task(name, body, options))
    return await answered(request, reply, who, "assessment")


def _options(request: Request, name: str) -> dict[str, str]:
    """Return what a request says beside its body.

    Raises:
        HTTPException: It says what is not understood; nothing is passed over in silence.
    """
    options: dict[str, str] = {}
    for key, value in request.query_params.multi_items():
        if key not in PARAMETERS[name] or key in options:
            known = ", ".join(PARAMETERS[name])
            raise HTTPException(400, f"A parameter is unknown or given twice. Known here are: {known}.")
        if key == "questions" and value not in {"true", "false"}:
            raise HTTPException(400, "questions is true or false.")
        options[key] = value
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in READ:
        raise HTTPException(415, f"A case is read as {', '.join(READ)}. Say which in Content-Type.")
    accept = chosen(tuple(FORMS[name]), accepted(request))
    if accept is None:
        raise HTTPException(406, f"The answer can be had as {', '.join(FORMS[name])}.")
    return {**options, "type": media, "accept": accept}


# ---- What is said when there is no answer ----


def _refused(_request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    # Of its own accord the library says no more than the name of the status.
    told = {404: "Nothing is here.", 405: "That is not done here by this method."}.get(error.status_code)
    detail = f"{told} GET /openapi.json says what there is." if told else error.detail
    return Response(problem(error.status_code, detail), error.status_code, dict(error.headers or {}), PROBLEM)


def _unidentified(_request: Request, error: Exception) -> Response:
    error = cast(Unidentified, error)
    if error.retry_after is not None:
        return refuse(503, error.reason, {"Retry-After": str(error.retry_after)})
    return refuse(401, error.reason, {"WWW-Authenticate": error.challenge})


def _too_large(request: Request, _error: Exception) -> Response:
    limit = request.app.state.settings.max_body
    return refuse(413, f"The body is larger than {limit} bytes. Send one case or one patient's Bundle.")


def _busy(_request: Request, _error: Exception) -> Response:
    return refuse(503, "The service is busy; nothing was concluded. Try again in a moment.", _RETRY)


def _out_of_time(request: Request, _error: Exception) -> Response:
    seconds = request.app.state.settings.seconds
    return refuse(503, f"There was no answer within {seconds:g} seconds. Send less, or have the limit raised.", _RETRY)


def _lost(_request: Request, _error: Exception) -> Response:
    return refuse(503, "The work needed more memory than there is, or its process crashed. Send less.", _RETRY)


def _unrecorded(_request: Request, _error: Exception) -> Response:
    _log.critical("the audit log cannot be written; no answer is given")
    return refuse(503, "What was concluded could not be recorded, and so is not told. The operator must look.")


def _cut_short(_request: Request, _error: Exception) -> Response:
    return refuse(408, "The request did not come whole in time. Send it again.")
