"""What stands before every request, whatever it asks: under which name it was called, from which page, how large."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refractory.service.problems import PROBLEM, problem
from refractory.service.settings import Settings
from refractory.service.work.tasks import our_fault

_log = logging.getLogger("refractory.service")

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def refuse(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Return an answer that says what is wrong, and how to mend it."""
    return Response(problem(status, detail), status, headers, PROBLEM)


class Guards:
    """Turns away what is called under another name or from another page; says nothing of a request but its route."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = settings.allowed_hosts
        self._origins = frozenset(settings.origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guard one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(Headers(scope=scope))
        try:
            await (refusal or self._app)(scope, receive, answer)
        except Exception as error:  # the last wall: its words might hold data of a patient
            reply = our_fault(error)
            _log.error("our fault: %s", reply.fault)
            if not status:
                await Response(reply.body, reply.status, media_type=reply.media_type)(scope, receive, answer)
        # The route's own path, never what was asked for: a path, too, may be made to hold a name.
        route = getattr(scope.get("route"), "path", "-")
        _log.info("%s %s %d %.1f ms", scope["method"], route, status, (perf_counter() - began) * 1000)

    def _refusal(self, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _name_of(hosts[0]) not in self._hosts:
            return refuse(421, "This service is not called by that name. Call it by its own, or have it allowed.")
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins and not _same(origin, hosts[0]):
            return refuse(403, "Pages of that origin may not call this service. Have the origin allowed.")
        return None


def _name_of(host: str) -> str:
    """Return a `Host` header without its port, in small letters."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


def _same(origin: str, host: str) -> bool:
    return origin.lower() in {f"http://{host.lower()}", f"https://{host.lower()}"}


class BodyTooLargeError(Exception):
    """The body of a request is larger than allowed."""


# How long a body may take to come.
_BODY_SECONDS: Final = 30.0


async def body_of(request: Request, limit: int) -> bytes:
    """Return the body of a request, and stop to read where it is too large or does not come.

    Raises:
        BodyTooLargeError: It is larger than so many bytes.
        TimeoutError: It did not come whole within half a minute.
    """
    said = request.headers.get("content-length", "0")
    if said.isdigit() and int(said) > limit:
        raise BodyTooLargeError
    parts: list[bytes] = []
    size = 0
    async with asyncio.timeout(_BODY_SECONDS):
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise BodyTooLargeError
            parts.append(part)
    return b"".join(parts)
