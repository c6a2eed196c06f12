"""The page over HTTP: who is let in, with which headers pages go out, and that nothing of a patient goes elsewhere."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from refractory.service.work.tasks import case_hash
from tests import fhir_writer
from tests.page.asked import advised
from tests.page.parsed import Element, fields_of, parsed
from tests.service.served import Served, served
from tests.support import CASES, read_case, shipped

SLUG = "v3b-verrucous-zoster-resistant-in-vitro"
BODY = (CASES / SLUG / "case.json").read_bytes()
# No secret: the test writes the file that makes it known.
TOKEN = "a-token-of-forty-characters-for-this-test"  # noqa: S105
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}</textarea>&lt;b&gt;"
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def start(service: Served, **headers: str) -> httpx.Response:
    """Return the page with the empty form."""
    return service.http.get("/", headers=headers)


def give(service: Served, content: bytes = BODY, name: str = "case.json", **fields: str) -> httpx.Response:
    """Return the page that comes of a file."""
    return service.http.post("/case", data={"what": "upload", **fields}, files={"file": (name, content)})


def send(service: Served, fields: dict[str, str | list[str]], **headers: str) -> httpx.Response:
    """Return the page that comes of a form."""
    said = {key.replace("_", "-"): value for key, value in headers.items()}
    return service.http.post("/case", data=fields, headers=said)


def test_a_case_is_assessed_as_over_json(service: Served) -> None:
    """The form at the top, filled and sent, gives the actions that POST /assess gives for the same case."""
    page = parsed(give(service).text)
    said = service.http.post("/assess", content=BODY, headers={"Content-Type": "application/json"}).json()

    assert sorted(item["action"] for item in said["recommendations"]) == sorted(advised(page))


def test_a_bundle_is_assessed_on_the_day_that_is_told(service: Served) -> None:
    """A hospital's record goes in as a file; the day goes with it, and the trace says what was read."""
    bundle = json.dumps(fhir_writer.written(read_case(SLUG).to_json())).encode()
    page = parsed(give(service, bundle, "bundle.json", day="2026-03-10").text)
    wrong = parsed(give(service, BODY, "case.json", day="2026-03-10").text)

    assert "on 2026-03-10" in page.one("p", class_="whole").text
    assert page.one(id="trace").all("tr")
    assert "#field-day" == wrong.one(id="faults").one("a").get("href")


def test_every_page_goes_out_under_a_strict_policy(service: Served) -> None:
    """Pages, refusals and problems alike: nothing from elsewhere, nothing inline, nothing framed, nothing kept."""
    for answer in (
        start(service),
        give(service),
        give(service, b"{"),
        send(service, {"what": "nothing"}),
        send(service, {"what": "form", "patient.weightKg": "0"}),
        send(service, {"what": "form"}, Sec_Fetch_Site="cross-site"),
        service.http.post("/case", content=b"{}", headers={"Content-Type": "application/json"}),
    ):
        assert answer.headers["content-type"].startswith("text/html")
        assert CSP == answer.headers["content-security-policy"]
        assert "no-store" == answer.headers["cache-control"]
        assert "same-origin" == answer.headers["referrer-policy"]
        assert "set-cookie" not in answer.headers
        page = parsed(answer.text)
        assert all(one.get("src").startswith("./assets/") for one in page.all("script"))
        assert not [one for one in page.walk() if "style" in one.attributes or one.tag == "style"]
        assert not [name for one in page.walk() for name in one.attributes if name.startswith("on")]


def test_assets_are_had_by_their_names_alone(service: Served) -> None:
    """Style sheets and scripts are there, with their types; a way out of the folder is none."""
    sheet = service.http.get("/assets/case.css")
    again = service.http.get("/assets/case.css", headers={"If-None-Match": sheet.headers["etag"]})

    assert (200, "text/css; charset=utf-8") == (sheet.status_code, sheet.headers["content-type"])
    assert "text/javascript" in service.http.get("/assets/case.js").headers["content-type"]
    assert (304, b"") == (again.status_code, again.content)
    for path in (
        "/assets/",
        "/assets/../pages.py",
        "/assets/%2e%2e/pages.py",
        "/assets/none.css",
        "/assets//etc/passwd",
    ):
        assert 404 == service.http.get(f"/assets/{path}").status_code


# ---- what a case says is text, wherever it stands ----


def hostile_cases() -> Iterator[tuple[str, dict[str, object]]]:
    """Yield cases with hostile text in each place that takes a text."""
    specimen = {"drug": "Acyclovir", "interpretation": "Resistant", "specimen": HOSTILE}
    genotype = {"virus": "VaricellaZosterVirus", "gene": "ORF36", "mutation": HOSTILE, "specimen": HOSTILE}
    yield "good", {"id": "urn:x:1", "susceptibility": [specimen], "genotype": [genotype]}
    yield "good, identifier", {"id": "https://example.org/?a=1&b=%22%3E%3Cscript%3E;'+alert(1)+'".replace("'", "%27")}
    yield "refused, identifier", {"id": HOSTILE}
    yield "refused, key", {"id": "urn:x:1", HOSTILE: 1}
    yield "refused, name", {"id": "urn:x:1", "condition": HOSTILE}
    yield "refused, number", {"id": "urn:x:1", "patient": {"weightKg": HOSTILE}}
    yield "not conforming", {"id": "urn:x:1", "patient": {"weightKg": 0}, "susceptibility": [specimen]}


@pytest.mark.parametrize(
    ("what", "case"), list(hostile_cases()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_hostile_text_of_a_file_is_shown_as_text(service: Served, what: str, case: dict[str, object]) -> None:
    """It stands on the page as it was given, and is no element, no attribute and no template."""
    answer = give(service, json.dumps(case).encode())

    assert (200 if what.startswith("good") else 422 if what.startswith("not") else 400) == answer.status_code
    harmless(answer)
    if what == "good":
        assert HOSTILE in parsed(answer.text).text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    "name",
    ["id", "condition", "patient.weightKg", "assessedOn", "treatments[0].drug", "treatments[0].doseMg",
     "susceptibility[0].specimen", "genotype[0].mutation", "measurements[0].unit", "allergies", "fact.Pregnancy",
     HOSTILE],
)  # fmt: skip
def test_hostile_text_of_a_field_is_shown_as_text(service: Served, name: str) -> None:
    """Also in the form that comes back."""
    answer = send(service, {"what": "form", name: HOSTILE})

    assert answer.status_code in {400, 422}
    harmless(answer)


@pytest.mark.parametrize("name", ["answer", "value", "case", "sources", "what", "add"])
def test_hostile_text_of_an_answer_is_shown_as_text(service: Served, name: str) -> None:
    """Also where the page carries it along."""
    hidden = fields_of(parsed(give(service).text).one("form", id="carried"))
    harmless(send(service, {**hidden, "answer": "value:WeightOfPatient", "value": "x", name: HOSTILE}))


def test_hostile_text_of_a_bundle_is_shown_as_text(service: Served) -> None:
    """Also in the trace of what was read."""
    said = fhir_writer.written(read_case(SLUG).to_json())
    for entry in said["entry"]:
        entry["resource"]["id"] = "x-" + entry["resource"]["resourceType"]
    said["entry"].append({"resource": {"resourceType": "Basic", "id": HOSTILE, "code": {"text": HOSTILE}}})
    harmless(give(service, json.dumps(said).encode(), f"{HOSTILE}.json"))


def harmless(answer: httpx.Response) -> None:
    """Hold a page to having no script but our own, no handler, and nothing that a template was made to work out."""
    page = parsed(answer.text)
    sources = {script.get("src") for script in page.all("script")}

    assert sources <= {"./assets/case.js"}
    assert not page.all("img")
    assert not [name for one in page.walk() for name in one.attributes if name.startswith("on")]
    assert "49</textarea>" not in page.text


def test_no_url_holds_anything_of_a_case(service: Served) -> None:
    """Forms send by POST to fixed places, and no link has more than a page of the knowledge in it."""
    marker = "Mustermann"
    case = {**json.loads(BODY), "id": f"https://example.org/{marker}"}
    page = parsed(give(service, json.dumps(case).encode()).text)
    targets = {one.get("action") for one in page.all("form")} | {one.get("formaction") for one in page.all("button")}
    links = [one.get("href") for one in page.all("a")] + [one.get("href") for one in page.all("link")]

    assert {"post"} == {one.get("method") for one in page.all("form")}
    assert {"./case", "./case/proof", "./case/report", "./case/download", ""} == targets
    assert [] == [href for href in links if marker in href or "?" in href]
    assert [] == [href for href in links if not re.fullmatch(r"#[\w-]+|\./[\w/.-]*(#[\w.-]+)?", href)]


# ---- who is let in ----


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "Cross-Site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 421),
    ],
)
def test_a_form_that_another_site_sends_is_turned_away(service: Served, headers: dict[str, str], status: int) -> None:
    """What a browser says of where a form comes from is heeded; a link from elsewhere to the start is not a form."""
    assert status == service.http.post("/case", data={"what": "form"}, headers=headers).status_code
    if "Sec-Fetch-Site" in headers:
        assert 200 == start(service, **headers).status_code


def test_only_what_a_form_sends_is_taken(service: Served) -> None:
    """A body of another kind, one that is too large, and a form of too many fields are refused, each as a page."""
    json_body = service.http.post("/case", content=BODY, headers={"Content-Type": "application/json"})
    many = service.http.post(
        "/case", content=b"&a=1" * 5_000, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    parts = service.http.post("/case", content=b"--x\r\n", headers={"Content-Type": "multipart/form-data; boundary=x"})
    large = give(service, b" " * 9_000_000)

    assert [400, 413, 400, 413] == [one.status_code for one in (json_body, many, parts, large)]
    assert all("Nothing was concluded" in one.text for one in (json_body, many, parts, large))


def test_the_address_of_an_assessment_leads_to_the_form(service: Served) -> None:
    """Whoever asks for it by its address, which holds no case, begins anew."""
    answer = service.http.get("/case")

    assert (303, "./") == (answer.status_code, answer.headers["location"])
    assert 405 == service.http.put("/case").status_code


def basic(name: str, token: str) -> dict[str, str]:
    """Return the header by which a browser shows who is there."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()}


def test_where_there_are_tokens_a_browser_shows_who_is_there(tmp_path: Path) -> None:
    """Name and token together open the page; either alone, or another's, does not, and the browser is told to ask."""
    tokens, audit = tmp_path / "tokens", tmp_path / "audit"
    tokens.write_text(f"ward-7:{TOKEN}\nward-8:{TOKEN}-of-another\n")
    tokens.chmod(0o600)
    with served("--token-file", str(tokens), "--audit", str(audit)) as service:
        refused = [
            start(service, **headers)
            for headers in (
                {},
                basic("ward-7", TOKEN[:-1]),
                basic("ward-8", TOKEN),
                basic("", TOKEN),
                {"Authorization": "Basic !!!"},
                {"Authorization": "Basic"},
                {"Authorization": f"Bearer {TOKEN[:-1]}"},
            )
        ]
        unseen = service.http.post("/case", data={"what": "form"})
        good = [start(service, **basic("ward-7", TOKEN)), start(service, Authorization=f"Bearer {TOKEN}")]
        assessed = service.http.post(
            "/case", data={"what": "upload"}, files={"file": ("case.json", BODY)}, headers=basic("ward-7", TOKEN)
        )
        asset = service.http.get("/assets/style.css")
    entries = [json.loads(line) for line in audit.read_text().splitlines()]

    assert [401] * 8 == [one.status_code for one in (*refused, unseen)]
    assert all('Basic realm="Refractory"' in one.headers["www-authenticate"] for one in (*refused, unseen))
    assert all(one.headers["content-type"].startswith("text/html") for one in (*refused, unseen))
    assert [200, 200, 200, 200] == [one.status_code for one in (*good, assessed, asset)]
    recorded = [entry for entry in entries if entry.get("event") == "assessment"]
    expected = shipped().assess(read_case(SLUG))
    assert 1 == len(recorded)
    assert ("ward-7", case_hash(expected.facts)) == (recorded[0]["who"], recorded[0]["case"])
    assert len(expected.recommendations) == len(recorded[0]["recommendations"])


def test_nothing_of_a_patient_is_logged() -> None:
    """Neither a page nor a fault nor a file's name leaves a word of what was sent."""
    marker = "Mustermann"
    with served() as service:
        case = {**json.loads(BODY), "id": f"https://example.org/{marker}"}
        answer = give(service, json.dumps(case).encode(), f"{marker}.json")
        hidden = fields_of(parsed(answer.text).one("form", id="carried"))
        send(service, {**hidden, "answer": f"present:{marker}"})
        send(service, {"what": "form", "id": marker, marker: marker})
        give(service, marker.encode(), f"{marker}.{marker}")
        service.stop()
        log = service.log.read_text()

    assert "POST /case 200" in log
    assert marker not in log


def test_the_page_parts_are_all_reached_from_the_start(service: Served) -> None:
    """The start names the parts of the service, and itself as the one that is open."""
    page: Element = parsed(start(service).text)

    assert ["Case", "Knowledge", "SPARQL", "About"] == [one.text for one in page.one("nav").all("a")]
    assert "Case" == page.one("nav").one("a", aria_current="page").text
