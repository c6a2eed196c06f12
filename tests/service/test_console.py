"""The SPARQL console as it works without script: the catalogue, an answer, a fault, a file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from pathlib import Path

import httpx
import pytest

from refractory.query.guard import check
from refractory.service.pages.console_tasks import SHOWN_ROWS, catalogue
from tests.page.parsed import Element, parsed
from tests.service.served import Served, served
from tests.support import CASES, ROOT, shipped
from tests.test_competency import NAMES, bindings_of, expected_of

# No secret: the test writes the file that makes it known.
TOKEN = "a-token-of-forty-characters-for-this-test"  # noqa: S105
START = "PREFIX rfy: <https://w3id.org/refractory/>\n"
HOSTILE = "</textarea><script>alert(1)</script>"


def post(service: Served, **fields: str) -> httpx.Response:
    """Return the page after a form was sent."""
    return service.http.post("/console", data=fields)


def shown(page: Element) -> list[list[str]]:
    """Return the rows of the answer, without what is said of languages and datatypes."""
    rows = []
    for row in page.one("table").one("tbody").all("tr"):
        cells = []
        for cell in row.all("td"):
            extra = [one.text for one in cell.all("span", class_="extra")]
            cells.append(cell.text.removesuffix(extra[0]).strip() if extra else cell.text)
        rows.append(cells)
    return rows


def text_of(name: str) -> str:
    """Return the text that the catalogue puts into the editor."""
    entries = {entry.name: entry for _, group in catalogue(shipped().knowledge) for entry in group}
    return entries[name].text


def case_of(name: str) -> str:
    """Return the case that a query of the catalogue is asked about, as JSON; an empty string if there is none."""
    slug = shipped().queries[name].header.get("case")
    return (CASES / slug / "case.json").read_text() if slug else ""


def test_the_catalogue_has_every_query_with_its_question(service: Served) -> None:
    """Each stands in one group, with what it asks and a text that is ready to be sent."""
    answer = service.http.get("/console")
    picks = parsed(answer.text).one("aside").all("button", name="pick")
    entries = [entry for _, group in catalogue(shipped().knowledge) for entry in group]

    assert 200 == answer.status_code
    assert sorted(NAMES) == sorted(pick.get("value") for pick in picks)
    assert all(entry.question.endswith("?") for entry in entries)
    assert all(not entry.text.startswith("#") and check(entry.text) for entry in entries)
    assert [entry.text for entry in entries] == [pick.get("data-text") for pick in picks]
    assert {e.name for e in entries if e.about_case} == {n for n in NAMES if "case" in shipped().queries[n].header}


@pytest.mark.parametrize("name", NAMES[::3])
def test_a_picked_query_gives_the_rows_of_its_answer(service: Served, name: str) -> None:
    """Picked, and sent as it came, with the case that it is about: the rows are those that were written by hand."""
    picked = parsed(post(service, pick=name, query="", case="").text).one("textarea", id="query").text
    answer = post(service, query=text_of(name), case=case_of(name))
    columns, rows = expected_of(name)
    page = parsed(answer.text)

    assert " ".join(text_of(name).split()) == picked
    assert 200 == answer.status_code
    assert columns == [one.text for one in page.one("thead").all("th")]
    plain = sorted([re.sub(r"\s+", " ", cell).strip() for cell in row] for row in shown(page))
    assert sorted([re.sub(r"\s+", " ", cell).strip() for cell in row] for row in rows) == plain
    assert bindings_of(name) or f"{len(rows)} row" in page.one("caption").text


def test_a_fault_is_told_with_line_column_and_caret(service: Served) -> None:
    """What is wrong stands on the page as text, the query stays in the editor, and the status says so too."""
    answer = post(service, query=f"{START}SELECT ?a WHERE {{ ?a a rfy:Action . FILTER }}")
    page = parsed(answer.text)

    assert 400 == answer.status_code
    assert re.search(r"line 2, column \d+", page.one("pre").text)
    assert "^" in page.one("pre").text
    assert "FILTER" in page.one("textarea", id="query").text


def test_a_warning_is_told_with_the_answer(service: Served) -> None:
    """A name that the knowledge does not have is no fault, and is told."""
    page = parsed(post(service, query=f"{START}SELECT ?a WHERE {{ ?a a rfy:Acton }}").text)

    assert "rfy:Acton" in page.one("p", class_="warning").text
    assert "0 rows" in page.one("caption").text


def test_other_forms_of_answers_are_shown(service: Served) -> None:
    """A truth value is a word, a graph is Turtle, and both may be had as files."""
    yes = parsed(post(service, query=f"{START}ASK {{ ?a a rfy:Action }}").text)
    graph = parsed(post(service, query=f"{START}CONSTRUCT WHERE {{ ?a a rfy:Urgency }}").text)

    assert yes.one("p", class_="boolean").text.startswith("Yes true")
    assert "@prefix rfy:" in graph.one("pre").text
    assert ["ttl"] == [b.get("value") for b in graph.all("button", name="form") if "hidden" not in b.attributes]


@pytest.mark.parametrize(
    ("form", "media"),
    [("csv", "text/csv"), ("tsv", "text/tab-separated-values"), ("json", "application/sparql-results+json")],
)
def test_rows_are_had_as_a_file(service: Served, form: str, media: str) -> None:
    """A file has all rows, is called `answer`, and is in no address."""
    query = f"{START}SELECT ?a WHERE {{ ?a a rfy:Action }}"
    answer = post(service, query=query, form=form)

    assert (200, media) == (answer.status_code, answer.headers["content-type"].partition(";")[0])
    assert f'attachment; filename="answer.{form}"' == answer.headers["content-disposition"]
    assert len(answer.text.strip().splitlines()) > 10 or json.loads(answer.text)["results"]["bindings"]
    if form == "csv":
        assert ["a"] == next(csv.reader(io.StringIO(answer.text)))


def test_a_graph_is_had_as_a_file_and_rows_as_none_of_it(service: Served) -> None:
    """Turtle is the form of a graph; of rows it is refused, in words."""
    graph = post(service, query=f"{START}CONSTRUCT WHERE {{ ?a a rfy:Urgency }}", form="ttl")
    rows = post(service, query=f"{START}SELECT ?a WHERE {{ ?a a rfy:Urgency }}", form="ttl")

    assert (200, "text/turtle") == (graph.status_code, graph.headers["content-type"].partition(";")[0])
    assert (406, True) == (rows.status_code, rows.headers["content-type"].startswith("text/html"))


def test_the_page_shows_the_first_rows_and_says_how_many_there_are(service: Served) -> None:
    """A page with a hundred thousand rows helps nobody."""
    page = parsed(post(service, query="SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 1200").text)

    assert SHOWN_ROWS == len(page.one("tbody").all("tr"))
    assert "1200 rows" in page.one("caption").text
    assert f"the first {SHOWN_ROWS} are shown" in page.one("caption").text


def test_hostile_text_is_text(service: Served) -> None:
    """Markup in a query, in a case or in an answer is shown as it is written."""
    literal = HOSTILE.replace('"', '\\"')
    answer = post(service, query=f'SELECT ("{literal}" AS ?x) WHERE {{}}', case="")
    fault = post(service, query=HOSTILE, case=HOSTILE)

    assert [[HOSTILE]] == shown(parsed(answer.text))
    for page in (answer, fault):
        assert HOSTILE not in page.text
        assert all(script.get("src") for script in parsed(page.text).all("script"))


@pytest.mark.parametrize(
    "fields", [{"query": ""}, {"pick": "nothing"}, {"query": "ASK {}", "form": "exe"}, {"query": "DROP ALL"}, {}]
)
def test_what_is_wrong_is_told(service: Served, fields: dict[str, str]) -> None:
    """Every refusal is a page with words."""
    answer = post(service, **fields)

    assert 400 == answer.status_code
    assert answer.headers["content-type"].startswith("text/html")
    assert len(parsed(answer.text).one("main").text) > 60


def test_a_case_that_is_asked_about_is_recorded_as_assessed(service: Served) -> None:
    """A wrong case is refused as everywhere; a right one brings its graphs."""
    query = f"{START}SELECT ?advice WHERE {{ ?case rfy:hasAssessment/rfy:hasRecommendation ?advice }}"
    good = post(service, query=query, case=case_of("what-follows-for-a-case"))
    bad = post(service, query=query, case='{"id": "https://example.org/c", "patient": {"weightKg": 9999}}')

    assert len(shown(parsed(good.text))) > 3
    assert (422, True) == (bad.status_code, "weightKg" in parsed(bad.text).one("pre").text)


def test_the_console_keeps_nothing(service: Served) -> None:
    """No cookie; a query stands in no address, and one in the address is not read."""
    answer = service.http.get("/console?query=ASK%7B%7D&case=x")

    assert "set-cookie" not in answer.headers
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert {"post"} == {form.get("method") for form in parsed(answer.text).all("form")}
    assert "ASK" not in parsed(answer.text).one("textarea", id="query").text


def test_a_browser_that_showed_its_token_may_ask(tmp_path: Path) -> None:
    """Where callers name themselves, the console and the endpoint that it asks take what a browser sends."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"ward-7:{TOKEN}\n")
    tokens.chmod(0o600)
    query = {"query": f"{START}ASK {{ ?a a rfy:Action }}"}
    with served("--token-file", str(tokens)) as service:
        answers = [service.http.get("/console", auth=("ward-7", TOKEN))]
        answers += [service.http.post(path, data=query, auth=("ward-7", TOKEN)) for path in ("/console", "/sparql")]
        refused = [service.http.post(path, data=query) for path in ("/console", "/sparql")]
        refused += [service.http.post("/sparql", data=query, auth=("ward-8", TOKEN))]

    assert [200, 200, 200] == [answer.status_code for answer in answers]
    assert [401, 401, 401] == [answer.status_code for answer in refused]
    assert refused[0].headers["www-authenticate"].startswith("Basic")


def test_files_of_others_are_as_they_were_published() -> None:
    """Each vendored file has the hash that was written down when it came; a license stands beside them."""
    folder = ROOT / "src" / "refractory" / "web" / "assets" / "vendor"
    said = dict(
        re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.MULTILINE)
    )
    files = {path.name: path for path in (folder / "codemirror").iterdir()}

    assert said == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert "LICENSE" in files
    assert "CodeMirror" in (ROOT / "NOTICE").read_text()
