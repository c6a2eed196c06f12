"""The pages of the knowledge, as `refractory docs` publishes them, at the same addresses."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from refractory.service.answers import answered
from refractory.service.pages.door import as_page, who
from refractory.service.work.messages import Task


def knowledge_routes() -> list[Route]:
    """Return the route of all pages of the knowledge."""
    return [Route("/knowledge/{address:path}", as_page(show), methods=["GET"])]


async def show(request: Request) -> Response:
    """Show a page of the knowledge."""
    caller = who(request)
    address = f"knowledge/{request.path_params['address'] or 'index.html'}"
    reply = await request.app.state.pool.perform(Task("knowledge", b"", {"address": address}))
    if reply.status == 404:
        raise HTTPException(404)
    return await answered(request, reply, caller, "page")
