"""The worker's part of the page, asked in this process: what a form sends, and the page that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from refractory import Case
from refractory.model.facts import CaseFacts
from refractory.service.pages.carried import carried
from refractory.service.work.messages import Reply, Task
from refractory.service.work.tasks import perform
from tests.page.parsed import Element, fields_of, parsed
from tests.support import shipped

URLENCODED = "application/x-www-form-urlencoded"
BOUNDARY = "a-boundary-of-the-tests"


def send(fields: Mapping[str, Any]) -> Reply:
    """Return the reply to a form."""
    return perform(shipped(), Task("case", urlencode(fields, doseq=True).encode(), {"type": URLENCODED}))


def upload(content: bytes, name: str = "case.json", **fields: str) -> Reply:
    """Return the reply to a file."""
    body, kind = multipart(content, name, {"what": "upload", **fields})
    return perform(shipped(), Task("case", body, {"type": kind}))


def multipart(content: bytes, name: str, fields: Mapping[str, str]) -> tuple[bytes, str]:
    """Return the body of a form with a file, and its type."""
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return ("".join(parts) + head).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode(), (
        f"multipart/form-data; boundary={BOUNDARY}"
    )


def shown(case: Case) -> Reply:
    """Return the page of a case that is carried along."""
    return send({"what": "show", **carried(case, shipped().knowledge)})


def answer(reply: Reply, said: str, **fields: str) -> Reply:
    """Return the page after an answer on the page of a reply."""
    return send({**hidden(reply), "answer": said, **fields})


def hidden(reply: Reply) -> dict[str, Any]:
    """Return the hidden fields with which a page carries its case."""
    return dict(fields_of(page(reply).one("form", id="carried")))


def page(reply: Reply) -> Element:
    """Return the page of a reply."""
    return parsed(reply.body)


def facts(reply: Reply) -> CaseFacts:
    """Return the facts of the case that a page carries."""
    return Case.from_json(hidden(reply)["case"], shipped().knowledge).facts


def advised(element: Element) -> list[str]:
    """Return the actions that a page shows, in order."""
    before = "recommendation-"
    return [one.get("id").removeprefix(before) for one in element.all("article") if one.get("id").startswith(before)]
