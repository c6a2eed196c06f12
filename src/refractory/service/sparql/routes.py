"""The SPARQL endpoint over HTTP: who may ask and how; what is asked is read and answered in a worker."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote_from_bytes

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from refractory.query.forms import GRAPHS
from refractory.service.answers import answered
from refractory.service.guards import body_of
from refractory.service.negotiation import accepted, chosen
from refractory.service.pages.door import who
from refractory.service.sparql.request import FORM, QUERY, WARNING
from refractory.service.work.messages import Reply, Task

__all__ = ["WARNING", "sparql_routes"]

ENDPOINT: Final = "/sparql"

_CHARSETS: Final = {"", "utf-8", "utf8", "us-ascii"}
# All that may stand in a URL stays as it is; bytes that may not are percent-encoded, and judged with the others.
_PLAIN: Final = bytes(range(0x21, 0x7F))


def sparql_routes() -> list[Route]:
    """Return the routes of the SPARQL 1.1 Protocol and of what describes the endpoint."""
    return [
        Route(ENDPOINT, sparql, methods=["GET", "POST"]),
        Route("/.well-known/void", void, methods=["GET"]),
        Route("/.well-known/sparql-examples", examples, methods=["GET"]),
    ]


async def sparql(request: Request) -> Response:
    """Answer a query, or describe the endpoint to who asks nothing."""
    url = quote_from_bytes(request.scope["query_string"], safe=_PLAIN)
    if request.method != "POST" and not url:
        return await _described(request, "service")
    caller, state = who(request), request.app.state
    media, body = "", b""
    if request.method == "POST":
        media = _media(request)
        body = await body_of(request, state.settings.max_body)
    options = {"media": media, "url": url, "accept": accepted(request), "endpoint": state.settings.url + ENDPOINT}
    reply = await state.pool.perform(Task("query", body, options))
    return await answered(request, reply, caller, "assessment")


def _media(request: Request) -> str:
    """Return the media type of a body.

    Raises:
        HTTPException: A query is not read from that.
    """
    said, _, parameters = request.headers.get("content-type", "").partition(";")
    media = said.strip().lower()
    if media == "application/sparql-update":
        raise HTTPException(415, f"Updates are not taken; a query is read as {QUERY} or {FORM}.")
    if media not in {FORM, QUERY}:
        raise HTTPException(415, f"A query is read as {QUERY} or {FORM}. Say which in Content-Type.")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in _CHARSETS:
            raise HTTPException(415, "A query is read in UTF-8 and in no other encoding.")
    return media


async def void(request: Request) -> Response:
    """Say how large the graphs are, and of which classes and properties."""
    return await _described(request, "void")


async def examples(request: Request) -> Response:
    """Give the catalogue of queries."""
    return await _described(request, "examples")


async def _described(request: Request, what: str) -> Response:
    """Return a description; each is written once, for nothing in it changes while the service runs."""
    who(request)
    state = request.app.state
    media = chosen(tuple(GRAPHS), accepted(request))
    if media is None:
        forms = ", ".join(GRAPHS)
        if what == "service":
            raise HTTPException(400, f"There is no query: give it as `query`. A description can be had as {forms}.")
        raise HTTPException(406, f"This description can be had as {forms}.")
    held: dict[tuple[str, str], Reply] = state.descriptions
    reply = held.get((what, media))
    if reply is None:
        reply = await state.pool.perform(
            Task("describe", b"", {"what": what, "media": media, "root": state.settings.url})
        )
        if reply.status == 200:
            held[what, media] = reply
    return Response(reply.body, reply.status, media_type=reply.media_type)
