"""CDS Hooks over HTTP: who may call, what is refused and in which form, what is recorded before it is told."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from refractory import KnowledgeBase
from refractory.service.app import application
from refractory.service.audit.entry import Entry
from refractory.service.audit.writer import AuditFailed
from refractory.service.hooks.outcomes import FHIR
from refractory.service.hooks.tasks import feedback, hook
from refractory.service.problems import PROBLEM, problem
from refractory.service.settings import Settings
from refractory.service.work.messages import Reply, Task
from refractory.service.work.pool import BusyError, OutOfTimeError, WorkerLostError
from tests.service.hook_calls import REVIEW, SIGN, answered, call, day_of, draft, ordered, prefetch_of, services
from tests.service.served import Served

Json = dict[str, Any]

PATH = f"/cds-services/{REVIEW}"
SLUG = "design-example"
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
FEEDBACK = {"feedback": [{"card": CARD, "outcome": "overridden", "outcomeTimestamp": "2026-03-10T12:00:00Z"}] * 2}
ISSUER = "https://ehr.example.org/"
TASKS: Mapping[str, Callable[[KnowledgeBase, Task], Reply]] = {"hook": hook, "feedback": feedback}


@dataclass
class Pool:
    """Stands for the workers: does the work here, or fails as it is told."""

    failure: Exception | None = None
    reply: Reply | None = None
    tasks: list[Task] = field(default_factory=list)

    async def perform(self, task: Task) -> Reply:
        """Do a task, or fail."""
        self.tasks.append(task)
        if self.failure is not None:
            raise self.failure
        return self.reply or answered(TASKS[task.name], task)


@dataclass
class Audit:
    """Stands for the audit log."""

    failure: Exception | None = None
    entries: list[Mapping[str, Any]] = field(default_factory=list)

    async def record(self, said: Mapping[str, Any]) -> None:
        """Keep an entry, or fail."""
        if self.failure is not None:
            raise self.failure
        Entry.of(said, datetime.now(tz=UTC))  # refuses what the real one would
        self.entries.append(said)


class Http:
    """A client of the service whose workers and log are these; no process and no port is needed."""

    def __init__(self, pool: Pool, audit: Audit | None = None, **said: Any) -> None:
        self._app = application(Settings(today=lambda: date(2026, 3, 10), **said))
        self._app.state.pool, self._app.state.audit = pool, audit

    def get(self, path: str, **said: Any) -> httpx.Response:
        """Return the answer to a GET."""
        return asyncio.run(self._asked("GET", path, said))

    def post(self, path: str, **said: Any) -> httpx.Response:
        """Return the answer to a POST."""
        return asyncio.run(self._asked("POST", path, said))

    async def _asked(self, method: str, path: str, said: Mapping[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
            return await http.request(method, path, **said)


def test_discovery_is_answered_without_a_worker() -> None:
    """What stands in the file, and nothing of the knowledge is loaded for it."""
    pool = Pool()
    http = Http(pool)
    answer = http.get("/cds-services")

    assert (answer.status_code, answer.json(), pool.tasks) == (200, services().discovery(), [])


def test_a_call_is_answered_and_recorded_before_it_is_told() -> None:
    """The body is the worker's, the day is that of the service, and the log has who, which case and which cards."""
    pool, audit = Pool(), Audit()
    http = Http(pool, audit)
    answer = http.post(PATH, json=call(prefetch_of(SLUG)))
    cards = answer.json()["cards"]
    (entry,) = audit.entries

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert pool.tasks[0].options == {"service": REVIEW, "today": "2026-03-10"}
    assert {"who", "event", "case", "knowledge", "recommendations", "service", "cards"} == entry.keys()
    assert (entry["event"], entry["cards"]) == ("hook", [card["uuid"] for card in cards])


def test_an_order_is_answered_on_its_own_service() -> None:
    """A hook that another service has is refused there."""
    request = ordered(SLUG, draft("Valacyclovir"))
    http = Http(Pool())
    warned, refused = http.post(f"/cds-services/{SIGN}", json=request), http.post(PATH, json=request)

    assert [card["indicator"] for card in warned.json()["cards"]] == ["warning"]
    assert refused.status_code == 400


def test_feedback_is_recorded_entry_by_entry() -> None:
    """The answer is an empty object; the log has card and outcome of each."""
    audit = Audit()
    http = Http(Pool(), audit)
    answer = http.post(f"{PATH}/feedback", json=FEEDBACK)

    kept = {"event": "feedback", "service": REVIEW, "card": CARD, "outcome": "overridden"}
    assert (answer.status_code, answer.json()) == (200, {})
    assert [kept, kept] == [{key: entry[key] for key in kept} for entry in audit.entries]


def test_without_a_log_there_is_an_answer_all_the_same() -> None:
    """A log is the operator's choice."""
    http = Http(Pool())
    assert http.post(PATH, json=call(prefetch_of(SLUG))).status_code == 200
    assert http.post(f"{PATH}/feedback", json=FEEDBACK).status_code == 200


def is_outcome(answer: Any, status: int) -> bool:
    """Say whether an answer is an OperationOutcome with a status."""
    said = answer.json()
    issue = said["issue"][0]
    return bool(
        (answer.status_code, answer.headers["content-type"]) == (status, FHIR)
        and (said["resourceType"], issue["severity"]) == ("OperationOutcome", "error")
        and issue["code"]
        and issue["details"]["text"]
    )


def test_every_refusal_is_an_outcome_of_fhir() -> None:
    """An unknown service, a wrong media type, no JSON, missing data, a body too large."""
    http = Http(Pool(), max_body=100_000)
    unknown = http.post("/cds-services/nothing", json=call(prefetch_of(SLUG)))
    media = http.post(PATH, content="x", headers={"Content-Type": "text/plain"})
    broken = http.post(PATH, content="{", headers={"Content-Type": "application/json"})
    missing = http.post(PATH, json=call({}))
    large = http.post(PATH, json=call({"x": "x" * 100_001}))

    assert is_outcome(unknown, 404)
    assert is_outcome(media, 415)
    assert is_outcome(broken, 400)
    assert is_outcome(missing, 412)
    assert is_outcome(large, 413)


@pytest.mark.parametrize(
    "failure", [BusyError(), OutOfTimeError(), WorkerLostError()], ids=lambda failure: type(failure).__name__
)
@pytest.mark.parametrize("path", [PATH, f"{PATH}/feedback"])
def test_what_goes_wrong_at_work_is_an_outcome_too(path: str, failure: Exception) -> None:
    """With the time after which to try again."""
    http = Http(Pool(failure))
    answer = http.post(path, json={})

    assert is_outcome(answer, 503)
    assert answer.headers["Retry-After"] == "1"


def test_a_fault_of_ours_is_an_outcome_without_words_of_its_own() -> None:
    """What the worker says of it is kind and place alone."""
    reply = Reply(500, PROBLEM, problem(500, "Something went wrong."), fault="KeyError in x, line 1")
    http = Http(Pool(reply=reply))
    assert is_outcome(http.post(PATH, json={}), 500)


@pytest.mark.parametrize(("path", "body"), [(PATH, call(prefetch_of(SLUG))), (f"{PATH}/feedback", FEEDBACK)])
def test_what_cannot_be_recorded_is_not_told(path: str, body: Json) -> None:
    """No card leaves the house without an entry in the log."""
    http = Http(Pool(), Audit(AuditFailed("full")))
    answer = http.post(path, json=body)

    assert is_outcome(answer, 503)
    assert "cards" not in answer.text


# ---- who may call ----

KEY = ec.generate_private_key(ec.SECP384R1())


def key_set(folder: Path) -> Path:
    """Write the public key as a set of keys."""
    numbers = KEY.public_key().public_numbers()
    parts = {name: base64.urlsafe_b64encode(value.to_bytes(48, "big")).decode().rstrip("=")
             for name, value in (("x", numbers.x), ("y", numbers.y))}  # fmt: skip
    path = folder / "keys.json"
    path.write_text(json.dumps({"keys": [{"kty": "EC", "crv": "P-384", "kid": "k", "alg": "ES384", **parts}]}))
    return path


def token(path: str) -> dict[str, str]:
    """Return the header of a client that calls a path."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": f"http://127.0.0.1:8000{path}", "exp": now + 60, "iat": now, "jti": str(uuid4())}
    signed = jwt.encode(claims, KEY, algorithm="ES384", headers={"kid": "k"})
    return {"Authorization": f"Bearer {signed}"}


def test_a_client_shows_who_it_is_on_every_endpoint(tmp_path: Path) -> None:
    """A token for another endpoint, one that was used, and none at all are turned away; the log names the issuer."""
    audit = Audit()
    body = call(prefetch_of(SLUG))
    http = Http(Pool(), audit, clients={ISSUER: key_set(tmp_path)})
    used = token(PATH)
    answers = [
        http.get("/cds-services", headers=token("/cds-services")),
        http.post(PATH, json=body, headers=used),
        http.post(f"{PATH}/feedback", json=FEEDBACK, headers=token(f"{PATH}/feedback")),
    ]
    refused = [
        http.get("/cds-services"),
        http.post(PATH, json=body),
        http.post(PATH, json=body, headers=used),
        http.post(PATH, json=body, headers=token("/cds-services")),
        http.post(f"{PATH}/feedback", json=FEEDBACK, headers=token(PATH)),
    ]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert [is_outcome(answer, 401) for answer in refused] == [True] * 5
    assert all("WWW-Authenticate" in answer.headers for answer in refused)
    assert {entry["who"] for entry in audit.entries} == {ISSUER}
    assert len(audit.entries) == 3


# ---- as a client meets it ----


def test_a_client_of_the_running_service_gets_cards(service: Served) -> None:
    """Discovery, a call with all it asks for, a call without, and feedback on a card: over the wire, by a worker."""
    found = service.http.get("/cds-services").json()["services"]
    (review,) = [one for one in found if one["hook"] == "patient-view"]
    data = prefetch_of(SLUG)
    assert set(review["prefetch"]) == set(data)
    path = f"/cds-services/{review['id']}"
    answer = service.http.post(path, json=call(data, **day_of(SLUG)))
    again = service.http.post(path, json=call(data, **day_of(SLUG)))
    missing = service.http.post(path, json=call({}))
    cards = answer.json()["cards"]
    entry = {**FEEDBACK["feedback"][0], "card": cards[0]["uuid"]}
    fed = service.http.post(f"{path}/feedback", json={"feedback": [entry]})

    assert answer.status_code == 200
    assert cards[0]["summary"].startswith("Recommend, immediate: refer to infectious diseases")
    assert answer.content == again.content
    assert is_outcome(missing, 412)
    assert (fed.status_code, fed.json()) == (200, {})
