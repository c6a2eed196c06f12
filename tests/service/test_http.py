"""The service as its callers meet it: a case or a Bundle in, the right assessment out, and what is turned away."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from refractory import Case
from refractory.render.assessment import assessment_html, assessment_markdown, assessment_text
from tests import fhir_writer
from tests.service.served import Served, served
from tests.support import CASES, read_case, shipped, slugs

SLUG = "v3b-verrucous-zoster-resistant-in-vitro"
BODY = (CASES / SLUG / "case.json").read_bytes()
JSON = {"Content-Type": "application/json"}
# No secret: the test writes the file that makes it known.
TOKEN = "a-token-of-forty-characters-for-this-test"  # noqa: S105


def post(service: Served, path: str, body: bytes | str = BODY, **headers: str) -> httpx.Response:
    """Return the answer to a case."""
    return service.http.post(
        path, content=body, headers={**JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


@pytest.mark.parametrize("slug", slugs()[::8])
def test_a_case_is_answered_as_the_library_answers_it(service: Served, slug: str) -> None:
    """The JSON is that of `assess`, value by value, proofs and questions included."""
    answer = post(service, "/assess", (CASES / slug / "case.json").read_bytes())

    assert 200 == answer.status_code
    assert shipped().assess(read_case(slug)).to_json() == answer.json()


def test_a_bundle_is_answered_as_the_case_that_it_stands_for(service: Served) -> None:
    """A hospital's record goes in as it is."""
    bundle = json.dumps(fhir_writer.written(read_case(SLUG).to_json()))
    answer = post(service, "/assess", bundle, Content_Type="application/fhir+json").json()

    expected = shipped().assess(read_case(SLUG))
    assert [r.to_json()["action"] for r in expected.recommendations] == [r["action"] for r in answer["recommendations"]]
    assert [status.status for status in expected.resistance] == [status["status"] for status in answer["resistance"]]


def test_the_day_of_a_bundle_is_told_in_the_url(service: Served) -> None:
    """A Bundle need not say when it is assessed; a case of our own says it itself, and is refused another."""
    bundle = json.dumps(fhir_writer.written(read_case(SLUG).to_json()))
    of_bundle = post(service, "/assess?assessedOn=2026-03-10", bundle)
    of_case = post(service, "/assess?assessedOn=2026-03-10")

    assert "2026-03-10" == of_bundle.json()["assessedOn"]
    assert (400, "Usage") == (of_case.status_code, of_case.json()["error"]["kind"])


def test_turtle_is_the_equal_of_json(service: Served) -> None:
    """The same facts in either form have the same answer."""
    answer = post(service, "/assess", read_case(SLUG).to_turtle(), Content_Type="text/turtle")

    assert post(service, "/assess").content == answer.content


def test_questions_may_be_left_out(service: Served) -> None:
    """Who does not ask for questions gets none; who does gets them."""
    assert [] == post(service, "/assess?questions=false").json()["questions"]
    assert post(service, "/assess?questions=true").json()["questions"]


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ("text/plain", lambda answer: assessment_text(answer, shipped().knowledge)),
        ("text/markdown", lambda answer: assessment_markdown(answer, shipped().knowledge)),
        ("text/html", lambda answer: assessment_html(answer, shipped().knowledge)),
    ],
)
def test_the_answer_comes_in_the_form_that_is_asked_for(service: Served, media: str, expected: Any) -> None:
    """`Accept` chooses the form, and its words are those of the command."""
    answer = post(service, "/assess", Accept=f"{media}, application/json;q=0.5")

    assert answer.headers["content-type"].startswith(media)
    assert expected(shipped().assess(read_case(SLUG))) == answer.text


@pytest.mark.parametrize("media", ["application/fhir+json", "text/turtle"])
def test_machines_have_their_forms_too(service: Served, media: str) -> None:
    """FHIR and Turtle are had by their media types."""
    answer = post(service, "/assess", Accept=media)

    assert (200, media) == (answer.status_code, answer.headers["content-type"].partition(";")[0])
    assert "GuidanceResponse" in answer.text or "hasRecommendation" in answer.text


def test_without_a_wish_the_answer_is_json(service: Served) -> None:
    """Neither a missing `Accept` nor one that takes anything changes the form."""
    for accept in ("*/*", "application/*"):
        assert "application/json" == post(service, "/assess", Accept=accept).headers["content-type"]


def test_a_form_that_is_not_had_is_refused(service: Served) -> None:
    """Nobody gets a form that was not asked for."""
    assert 406 == post(service, "/assess", Accept="image/png").status_code


def test_validation_tells_what_is_wrong_and_that_is_no_error(service: Served) -> None:
    """A case that does not conform has a report, with status 200; to assess it is refused."""
    bad = json.dumps({"id": "https://example.org/c", "patient": {"weightKg": 9999}})
    report, refusal = post(service, "/validate", bad), post(service, "/assess", bad)

    assert (200, False) == (report.status_code, report.json()["conforms"])
    assert (422, "NonConforming") == (refusal.status_code, refusal.json()["error"]["kind"])
    assert "patient.weightKg" in refusal.json()["detail"]


def test_a_conclusion_is_explained(service: Served) -> None:
    """The proof of one conclusion, and why an action is not advised."""
    action = shipped().assess(read_case(SLUG)).recommendations[0].action
    why = post(service, f"/explain?conclusion={action}").json()
    why_not = post(service, f"/explain?whyNot={action}", (CASES / slugs()[0] / "case.json").read_bytes())

    assert action == why["conclusions"][0]["name"]
    assert why["proofs"]
    assert 200 == why_not.status_code


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/assess", "{", {}, 400),
        ("/assess", '{"id": "https://example.org/c", "id": "https://example.org/d"}', {}, 400),
        ("/assess", '{"id": "https://example.org/c", "colour": 1}', {}, 400),
        ("/assess", "[" * 100_000, {}, 413),
        ("/assess", "", {}, 400),
        ("/assess", b"\xff\xfe", {}, 400),
        ("/assess", BODY, {"Content_Type": "text/plain"}, 415),
        ("/assess", BODY, {"Content_Type": "application/rdf+xml"}, 415),
        ("/assess?questions=perhaps", BODY, {}, 400),
        ("/assess?questions=true&questions=false", BODY, {}, 400),
        ("/assess?colour=1", BODY, {}, 400),
        ("/explain?conclusion=Nothing", BODY, {}, 400),
        ("/nowhere", BODY, {}, 404),
        ("/health", BODY, {}, 405),
    ],
)
def test_what_is_wrong_is_told_as_a_problem(
    service: Served, path: str, body: bytes | str, headers: dict[str, str], status: int
) -> None:
    """Each refusal is problem details: a status, and words that say how to mend it."""
    answer = post(service, path, body, **headers)

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert (status, True) == (answer.json()["status"], len(answer.json()["detail"]) > 10)


def test_an_oversized_body_is_turned_away_however_it_comes(service: Served) -> None:
    """It is refused by what it says of its length, and where it says nothing, when it has become too long."""
    big = b" " * 8_388_609
    told = post(service, "/assess", big)
    streamed = service.http.post("/assess", content=iter([big[:5_000_000], big[5_000_000:]]), headers=JSON)

    assert (413, 413) == (told.status_code, streamed.status_code)


def ask_raw(service: Served, *lines: str) -> str:
    """Return the status line of an answer to a request written by hand."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        return connection.makefile().readline().strip()


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["127.0.0.1:8000"], "200"),
        (["localhost"], "200"),
        (["LOCALHOST:1"], "200"),
        (["[::1]:8000"], "200"),
        (["evil.example"], "421"),
        (["evil.example:8000"], "421"),
        (["127.0.0.1.evil.example"], "421"),
        (["127.0.0.1@evil.example"], "421"),
        ([""], "421"),
    ],
)
def test_a_stolen_host_is_turned_away(service: Served, hosts: list[str], status: str) -> None:
    """A page that has a browser call this machine under a name of its own gets nothing."""
    said = ask_raw(service, "GET /health HTTP/1.1", *(f"Host: {host}" for host in hosts))

    assert status in said


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"]])
def test_a_request_has_one_host(service: Served, hosts: list[str]) -> None:
    """None, or two, is turned away."""
    said = ask_raw(service, "GET /health HTTP/1.1", *(f"Host: {host}" for host in hosts))

    assert said.split()[1] in {"400", "421"}


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("null", 403), ("", 403), ("own", 200)])
def test_a_page_of_another_origin_may_not_call(service: Served, origin: str, status: int) -> None:
    """What a browser says of the page that calls is heeded."""
    origin = f"http://127.0.0.1:{service.port}" if origin == "own" else origin

    assert status == post(service, "/assess", Origin=origin).status_code


def test_an_answer_is_kept_by_nobody(service: Served) -> None:
    """Answers and refusals alike say that they are not to be stored, guessed at or framed."""
    for answer in (post(service, "/assess"), post(service, "/nowhere"), service.http.get("/health")):
        assert "no-store" == answer.headers["cache-control"]
        assert "nosniff" == answer.headers["x-content-type-options"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


def test_nothing_of_a_patient_is_logged() -> None:
    """Neither an answer nor a refusal nor a wrong path leaves a word of what was sent."""
    marker = "Mustermann"
    with served() as service:
        said = {"id": f"https://example.org/{marker}", "colour": marker}
        for path in ("/assess", "/validate", "/explain", f"/{marker}", f"/assess?{marker}={marker}"):
            post(service, path, json.dumps(said))
            post(service, path, json.dumps({"id": said["id"]}))
            post(service, path, "{" + marker)
        assert 0 == service.stop()
        log = service.log.read_text()

    assert "POST /assess 200" in log
    assert marker not in log


def test_callers_name_themselves_where_there_are_tokens(tmp_path: Path) -> None:
    """A known token is let in; none, a wrong one and one in the URL are not. Health needs none."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"ward-7:{TOKEN}\n")
    tokens.chmod(0o600)
    with served("--token-file", str(tokens)) as service:
        good = post(service, "/assess", Authorization=f"Bearer {TOKEN}")
        refused = [
            post(service, "/assess"),
            post(service, "/assess", Authorization=f"Bearer {TOKEN[:-1]}x"),
            post(service, "/assess", Authorization=f"Basic {TOKEN}"),
            post(service, "/validate"),
            post(service, "/explain"),
        ]
        health = service.http.get("/health")

    assert (200, 200) == (good.status_code, health.status_code)
    assert [401] * 5 == [answer.status_code for answer in refused]
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in refused)
    assert all(TOKEN not in answer.text for answer in refused)


def test_a_page_that_is_allowed_may_call() -> None:
    """An origin that was named is let in, is told so, and another is not."""
    with served("--allow-origin", "https://ward.example") as service:
        asked = {"Origin": "https://ward.example", "Access-Control-Request-Method": "POST"}
        preflight = service.http.options("/assess", headers=asked)
        answer = post(service, "/assess", Origin="https://ward.example")
        other = post(service, "/assess", Origin="https://evil.example")

    assert (200, 200, 403) == (preflight.status_code, answer.status_code, other.status_code)
    assert "https://ward.example" == answer.headers["access-control-allow-origin"]


def test_a_request_under_way_is_answered_before_the_service_stops() -> None:
    """A signal to stop, in the middle of a body: the rest is read, the answer given, and then it ends with 0."""
    with served() as service, socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        head = (
            f"POST /assess HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}"
        )
        connection.sendall(f"{head}\r\n\r\n".encode() + BODY[:10])
        # Another request, so that this one has surely been taken up.
        service.http.get("/health")
        service.process.send_signal(signal.SIGTERM)
        connection.sendall(BODY[10:])
        answer = connection.makefile("rb").readline()
        code = service.process.wait(30)

    assert (b"HTTP/1.1 200 OK\r\n", 0) == (answer, code)


def test_the_case_of_the_library_is_the_case_of_the_service() -> None:
    """The test's case is one that says something."""
    assert shipped().assess(Case.from_json(BODY)).recommendations
