"""The door of every page: who asks, from where, and that whatever goes wrong is told as a page too."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from refractory.service.answers import authorization
from refractory.service.guards import body_of
from refractory.service.identity.bearer import MAX_TOKEN, Unidentified
from refractory.service.identity.tokens import ANONYMOUS
from refractory.service.pages.chrome import HEADERS, HTML, case_page
from refractory.service.problems import PROBLEM
from refractory.service.work.messages import Reply, Task

Endpoint = Callable[[Request], Awaitable[Response]]

BASIC: Final = 'Basic realm="Refractory", charset="UTF-8"'
"""How a browser is asked to show who is there: a name and its token."""

_OWN: Final = frozenset({"same-origin", "none"})


def as_page(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint whose every answer is a page with the headers of pages, refusals too."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            if request.method == "POST":
                _refuse_other_sites(request)
            response = await endpoint(request)
        except Exception as error:
            response = await _told(request, error)
        return dressed(response, root_of(request.url.path))

    return answered


def root_of(path: str) -> str:
    """Return the way from a path to the top, such as `./` or `../`."""
    return "../" * (path.count("/") - 1) or "./"


def dressed(response: Response, root: str) -> Response:
    """Return a response with the headers of a page; a problem is written as a page."""
    if response.media_type == PROBLEM:
        said = json.loads(bytes(response.body))
        kept = {name: value for name, value in response.headers.items() if name in {"retry-after", "www-authenticate"}}
        response = Response(problem_page(said, root), response.status_code, kept, HTML)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def problem_page(said: Mapping[str, Any], root: str) -> bytes:
    """Return what is wrong as a page: from problem details, as the service gives them."""
    error = {"place": "", "why": "", "fix": "", **said.get("error", {"message": said["detail"]})}
    return case_page("page/problem.html", title=said["title"], status=said["status"], error=error, root=root)


def who(request: Request) -> str:
    """Return who asks: by a bearer token, or as browsers do, by name and token; `anonymous` where nobody is asked.

    Raises:
        Unidentified: There are tokens, and the caller has none of them, or one of another name.
    """
    gate, given = request.app.state.gate, authorization(request)
    scheme, _, value = (given or "").partition(" ")
    if scheme.lower() != "basic":
        caller: str = gate.caller(given)
        return caller
    name, token = _basic(value.strip())
    caller = gate.caller(f"Bearer {token}")
    if caller != ANONYMOUS and not hmac.compare_digest(caller.encode(), name.encode()):
        raise Unidentified("the token is another caller's. Give the name that belongs to it.")
    return caller


async def perform(request: Request, name: str) -> Reply:
    """Have a worker do a task with the body of a request."""
    state = request.app.state
    body = await body_of(request, state.settings.max_body)
    reply: Reply = await state.pool.perform(Task(name, body, {"type": request.headers.get("content-type", "")}))
    return reply


async def _told(request: Request, error: Exception) -> Response:
    """Return what the service says of an error; what it has no words for goes on to the last wall."""
    handlers = request.app.exception_handlers
    handler = next((handlers[kind] for kind in type(error).__mro__ if kind in handlers), None)
    if handler is None:
        raise error
    response: Response = handler(request, error)
    if isinstance(error, Unidentified):
        response.headers["WWW-Authenticate"] = BASIC
    return response


def _refuse_other_sites(request: Request) -> None:
    """Turn away a form that a page elsewhere has a browser send, with whatever the browser knows of its user."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site.lower() not in _OWN:
        raise HTTPException(403, "A page elsewhere sent this form. Open the page here, and send it from there.")


def _basic(value: str) -> tuple[str, str]:
    try:
        name, colon, token = base64.b64decode(value[: 2 * MAX_TOKEN], validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        name, colon, token = "", "", ""
    if not colon:
        raise Unidentified("the Authorization header holds no name and token. Send both, as browsers do.")
    return name, token
