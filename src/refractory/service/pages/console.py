"""The SPARQL console over HTTP: a page to ask from, which without script answers by itself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from refractory.service.answers import answered
from refractory.service.guards import body_of
from refractory.service.pages.door import as_page, who
from refractory.service.sparql.routes import ENDPOINT
from refractory.service.work.messages import Task


def console_routes() -> list[Route]:
    """Return the route of the console."""
    return [Route("/console", as_page(console), methods=["GET", "POST"])]


async def console(request: Request) -> Response:
    """Show the console; with a query that was sent, its answer too. An assessment that is made for it is recorded."""
    caller, state = who(request), request.app.state
    options = {"endpoint": state.settings.url + ENDPOINT, "type": request.headers.get("content-type", "")}
    body = b""
    if request.method == "POST":
        body = await body_of(request, state.settings.max_body)
    reply = await state.pool.perform(Task("console", body, {**options, "method": request.method}))
    return await answered(request, reply, caller, "assessment")
