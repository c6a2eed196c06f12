"""The page for people over HTTP: the form at the top, and what becomes of a case that is sent."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from refractory.service.answers import answered
from refractory.service.pages.door import as_page, perform, who
from refractory.service.work.messages import Task


def page_routes() -> list[Route]:
    """Return the routes of the page."""
    return [
        Route("/", as_page(start), methods=["GET"]),
        Route("/case", as_page(case), methods=["POST"]),
        Route("/case", as_page(begin_again), methods=["GET"]),
    ]


async def start(request: Request) -> Response:
    """Show the form."""
    caller = who(request)
    return await answered(request, await request.app.state.pool.perform(Task("page", b"", {})), caller, "page")


async def case(request: Request) -> Response:
    """Take a case or an answer, and show the assessment; it is recorded as one of `/assess` is."""
    caller = who(request)
    return await answered(request, await perform(request, "case"), caller, "assessment")


async def begin_again(_request: Request) -> Response:
    """Show the form to whoever asks for an assessment by its address, which holds nothing of a case."""
    return RedirectResponse("./", 303)
