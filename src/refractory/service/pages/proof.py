"""Proofs, reports and downloads over HTTP: each answers a form that carries the case along."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from refractory.service.answers import answered
from refractory.service.pages.door import Endpoint, as_page, perform, who

_TASKS: Final = {"/case/proof": "proof", "/case/report": "report", "/case/download": "download"}


def proof_routes() -> list[Route]:
    """Return the routes of what can be had of an assessed case."""
    return [Route(path, as_page(_endpoint(task)), methods=["POST"], name=task) for path, task in _TASKS.items()]


def _endpoint(task: str) -> Endpoint:
    async def of_case(request: Request) -> Response:
        """Have a worker answer; the assessment that it makes is recorded as one of `/assess` is."""
        caller = who(request)
        return await answered(request, await perform(request, task), caller, "assessment")

    return of_case
