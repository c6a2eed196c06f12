"""Queries that mean harm end within the limits, and whoever asks of a case does not wait for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from refractory.service.settings import Settings
from refractory.service.sparql import tasks as sparql_tasks
from refractory.service.work import pool
from refractory.service.work.messages import Reply, Task
from refractory.service.work.pool import Pool, WorkerLostError
from tests.service.served import Served, served
from tests.support import CASES, shipped

CASE = (CASES / "v3b-verrucous-zoster-resistant-in-vitro" / "case.json").read_bytes()
JSON = {"Content-Type": "application/json"}
SECONDS = 3.0


@pytest.fixture(scope="module")
def impatient() -> Iterator[Served]:
    """Return a service that gives a query three seconds."""
    with served("--seconds", f"{SECONDS:g}") as running:
        yield running


def nested(depth: int) -> str:
    """Return a query with groups in groups."""
    return "ASK " + "{" * depth + "}" * depth


def doubled(times: int) -> str:
    """Return a query whose text doubles again and again."""
    steps = " ".join(f"BIND (CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(times))
    return f'SELECT (STRLEN(?x{times}) AS ?length) {{ BIND ("{"a" * 100}" AS ?x0) {steps} }}'


HOSTILE = {
    "cartesian product": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "rows that never come": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER (CONCAT(STR(?a), STR(?g)) = '') }",
    "sorted before cut": "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f LIMIT 1",
    "path over a clique": "ASK { ?a (!<x:>|^!<x:>)* ?b . ?b (!<x:>|^!<x:>)* ?c FILTER (STR(?a) = STR(?c) + 1) }",
    "memory bomb": doubled(40),
    "large answer": doubled(19).replace("STRLEN", "UCASE"),
    "groups 5,000 deep": nested(5_000),
    "brackets 5,000 deep": "ASK { FILTER (" + "(" * 5_000 + "1" + ")" * 5_000 + ") }",
    "negations": "ASK { FILTER (" + "!" * 5_000 + "true) }",
    "patterns": "ASK { " + "?s ?p ?o . " * 5_000 + "}",
    "expression of a regex": 'ASK { FILTER REGEX("' + "a" * 5_000 + '!", "^(a+)+$") }',
    "size": "ASK { } #" + "x" * 1_000_000,
}


@pytest.mark.parametrize("query", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_query_ends_and_others_are_answered_meanwhile(impatient: Served, query: str) -> None:
    """It ends within the limit with a refusal that says so, or with its answer; cases are assessed all the while."""
    ended: list[httpx.Response] = []

    def ask() -> None:
        with httpx.Client(base_url=impatient.url, timeout=60, trust_env=False) as http:
            ended.append(http.post("/sparql", data={"query": query}))

    asking = threading.Thread(target=ask)
    began = time.monotonic()
    asking.start()
    slowest = 0.0
    answered = 0
    while asking.is_alive() or not answered:
        before = time.monotonic()
        answer = impatient.http.post("/assess?questions=false", content=CASE, headers=JSON)
        slowest = max(slowest, time.monotonic() - before)
        answered += answer.status_code == 200

        assert 200 == answer.status_code
        time.sleep(0.05)
    asking.join()
    took = time.monotonic() - began

    assert ended[0].status_code in {200, 400, 413, 503}, ended[0].text
    assert ended[0].status_code != 503 or "retry-after" in ended[0].headers
    # A worker that has to be replaced, on a machine where everything else runs too, takes its time.
    assert took < SECONDS * 4
    assert slowest < SECONDS


def test_after_all_that_a_query_is_answered(impatient: Served) -> None:
    """The workers that were ended have been replaced."""
    until = time.monotonic() + 60
    while True:
        answer = impatient.http.post("/sparql", data={"query": "ASK {}"})
        if answer.status_code == 200 or time.monotonic() > until:
            break
        time.sleep(0.2)

    assert {"head": {}, "boolean": True} == answer.json()


def test_one_endless_query_leaves_room_for_another(impatient: Served) -> None:
    """Queries have two workers, so that one which hangs holds up nobody."""
    with contextlib.ExitStack() as stack:
        http = stack.enter_context(httpx.Client(base_url=impatient.url, timeout=60, trust_env=False))
        endless = threading.Thread(target=lambda: http.post("/sparql", data={"query": HOSTILE["cartesian product"]}))
        endless.start()
        time.sleep(0.3)
        began = time.monotonic()
        answer = impatient.http.post("/sparql", data={"query": "ASK {}"})
        took = time.monotonic() - began
        hanging = endless.is_alive()
        endless.join()

    assert (200, True) == (answer.status_code, hanging)
    assert took < SECONDS


@pytest.mark.parametrize(("name", "lane"), [("query", "slow"), ("describe", "slow"), ("assess", "quick")])
def test_a_query_goes_its_own_way_whatever_its_size(monkeypatch: pytest.MonkeyPatch, name: str, lane: str) -> None:
    """A short query may take as long as a long one; a short case never does."""
    went: list[str] = []

    async def work() -> None:
        both = Pool(Settings(workers=1))
        for way in ("quick", "slow"):

            async def perform(_task: Task, way: str = way) -> Reply:
                went.append(way)
                return Reply(200, "text/plain", b"")

            monkeypatch.setattr(getattr(both, way), "perform", perform)
        await both.perform(Task(name, b"ASK {}", {}))

    asyncio.run(work())

    assert [lane] == went


def test_memory_has_a_limit_that_the_engine_cannot_pass() -> None:
    """Where the engine has no more memory, its process ends and not the service."""

    async def work() -> None:
        lane = Pool(Settings(workers=1, seconds=60.0)).slow
        await lane.start()
        try:
            options = {
                "media": "application/sparql-query",
                "url": "",
                "accept": "*/*",
                "endpoint": "http://localhost/sparql",
            }
            with pytest.raises(WorkerLostError):
                await lane.perform(Task("query", doubled(40).encode(), options))
        finally:
            await lane.close()

    asyncio.run(work())


def test_queries_have_two_workers() -> None:
    """One that hangs leaves another."""
    lanes: list[Any] = [Pool(Settings(workers=3)).quick, Pool(Settings(workers=3)).slow]

    assert [3, 2] == [lane._size for lane in lanes]
    assert pool.WORKER == "refractory.service.work.worker"


def test_an_answer_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows may be many bytes, and they would be held by who serves everybody."""
    monkeypatch.setattr(sparql_tasks, "MAX_ANSWER", 1_000)
    options = {"media": "application/sparql-query", "url": "", "accept": "*/*", "endpoint": "http://localhost/sparql"}
    small, large = (
        sparql_tasks.query(shipped(), Task("query", doubled(times).replace("STRLEN", "UCASE").encode(), options))
        for times in (1, 4)
    )

    assert (200, 413) == (small.status, large.status)
    assert b"LIMIT" in large.body


def test_what_is_concluded_of_a_case_is_recorded_and_nothing_of_it_is_logged(tmp_path: Path) -> None:
    """A query about a case is an assessment for the audit log; the service's own log has neither case nor query."""
    audit, marker = tmp_path / "audit", "Mustermann"
    said = json.dumps({**json.loads(CASE), "id": f"https://example.org/{marker}"})
    with served("--audit", str(audit)) as service:
        for query in (f"ASK {{ ?{marker} ?b ?c }}", f"ASK {{ {marker}", f"ASK {{ {marker}:x ?b ?c }}"):
            service.http.post("/sparql", data={"query": query, "case": said})
            service.http.post("/sparql", data={"query": query})
            service.http.get("/sparql", params={"query": query, marker: marker, "case": said})
        entries = [json.loads(line)["event"] for line in audit.read_text().splitlines()]
        log = service.log.read_text()

    assert ["started", "assessment"] == entries
    assert "POST /sparql 200" in log
    assert marker not in log + audit.read_text()
