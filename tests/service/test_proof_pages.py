"""The pages of a case's proofs, its report and its download: what they say, where they lead, and what they never do."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import unquote, urlencode, urljoin, urlsplit

import httpx
import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from refractory import Assessment, Case
from refractory.explain.conclusions import Conclusion, conclusions, proof_of
from refractory.explain.lexicon import lexicon
from refractory.explain.sentences import Sentences, capital
from refractory.explain.why_not import why_not
from refractory.model.proof import Given
from refractory.model.sources import StatementRef
from refractory.query.graphs import case_quads
from refractory.render.page import page
from refractory.service.pages.carried import carried
from refractory.service.work.messages import Reply, Task
from refractory.service.work.tasks import case_hash, perform
from refractory.site.site import Site, site
from refractory.vocabulary import NAMESPACE, Rdf, rfy
from tests import fhir_writer
from tests.page.parsed import Element, parsed
from tests.service.served import Served
from tests.support import CASES, read_case, shipped

SLUG = "v3b-verrucous-zoster-resistant-in-vitro"
OTHERS = ("check-kind-aids", "beside-red-flag-severe-skin-reaction")
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>&\'"</text></svg>'


def sent(task: str, case: Case, **fields: str) -> Reply:
    """Return the reply of a worker to a form that carries a case."""
    body = urlencode({**carried(case, shipped().knowledge), **fields}).encode()
    return perform(shipped(), Task(task, body, {"type": "application/x-www-form-urlencoded"}))


def post(service: Served, path: str, slug: str = SLUG, **fields: str) -> httpx.Response:
    """Return the answer of the service to a form with the JSON of a golden case."""
    case = (CASES / slug / "case.json").read_text()
    return service.http.post(path, data={"case": case, **fields})


@cache
def answered(slug: str) -> Assessment:
    """Return the assessment of a golden case, made once."""
    return shipped().assess(read_case(slug))


@cache
def pages_of_knowledge() -> Site:
    """Return the pages of the knowledge."""
    return site(shipped().knowledge)


@cache
def anchors(path: str) -> frozenset[str]:
    """Return the anchors on a page of the knowledge."""
    return frozenset(re.findall(r'\bid="([^"]+)"', pages_of_knowledge().page(path).decode()))


def joined(text: str) -> str:
    """Return a text without spaces, which stand elsewhere where elements end."""
    return "".join(text.split())


def links(element: Element) -> set[str]:
    """Return where the links of an element lead, from the top of the site."""
    found = {one.get("href") for one in element.all("a")} - {""}
    return {urljoin("case/proof", href) for href in found if not href.startswith("#")}


def statements(item: Conclusion, answer: Assessment) -> set[StatementRef]:
    """Return the statements that the proof of a conclusion carries."""
    words, proof = lexicon(shipped().knowledge), proof_of(answer)
    return {one for fact in item.facts for step in proof.of(fact) for one in words.statements(step)}


# ---- The proof ----


@pytest.mark.parametrize("slug", [SLUG, *OTHERS])
def test_every_conclusion_has_a_page_that_names_its_statements(slug: str) -> None:
    """Whatever is concluded can be asked for; each step is told once, each statement with its place and words."""
    answer, knowledge, case = answered(slug), shipped().knowledge, read_case(slug)
    proof, sentences = proof_of(answer), Sentences(lexicon(knowledge), answer.facts.case)
    # One of each sort; the others go the same way.
    items = {item.sort: item for item in conclusions(answer, knowledge)}.values()
    assert len(items) > 7
    for item in items:
        reply = sent("proof", case, sort=item.sort, conclusion=item.name)
        assert 200 == reply.status
        found = parsed(reply.body)
        told = found.one("div", id="told").text
        steps = [step for fact in item.facts for step in proof.of(fact)]

        assert capital(item.title) in found.one("h1").text
        for step in steps:
            said = sentences.step(step)
            sentence = f"{said.because} that {said.holds}" if isinstance(step, Given) else said.said
            assert joined(f"{capital(sentence)}.") in joined(told)
        numbers = [one.get("id") for one in found.walk() if re.fullmatch(r"proof-step-\d+", one.get("id"))]
        assert sorted(numbers) == sorted({f"proof-step-{n}" for n in range(1, len({s.conclusion for s in steps}) + 1)})
        for statement in statements(item, answer):
            assert knowledge.text(rfy(statement.id), rfy("paraphrase")).split()[0] in found.text
            assert lexicon(knowledge).places([statement]) in found.text


def test_a_step_leads_to_its_rule_and_to_its_lines() -> None:
    """From a step one click leads to the rule and to each line of the source, and both are there."""
    answer = answered(SLUG)
    item = next(item for item in conclusions(answer, shipped().knowledge) if item.sort == "recommendation")
    found = parsed(sent("proof", read_case(SLUG), conclusion=item.name).body)
    told = links(found.one("div", id="told"))
    rules = {step.rule for fact in item.facts for step in proof_of(answer).of(fact) if hasattr(step, "rule")}
    known = {rule.name for rule in shipped().knowledge.rules}

    assert {f"knowledge/rule/{name}.html" for name in rules & known} <= told
    for statement in statements(item, answer):
        has_line = shipped().knowledge.value(rfy(statement.id), rfy("onLine")) is not None
        place = f"line-{statement.line}" if has_line else statement.id
        assert f"knowledge/source/{statement.source}.html#{place}" in told


@pytest.mark.parametrize("slug", [SLUG, *OTHERS])
def test_every_way_into_the_knowledge_ends_somewhere(slug: str) -> None:
    """Each page that a proof leads to is one that the site has, and each anchor stands on it."""
    answer, case = answered(slug), read_case(slug)
    found: set[str] = set()
    for item in {item.sort: item for item in conclusions(answer, shipped().knowledge)}.values():
        found |= links(parsed(sent("proof", case, sort=item.sort, conclusion=item.name).body).one("main"))
    assert len(found) > 20
    for href in found:
        path, anchor = unquote(urlsplit(href).path), urlsplit(href).fragment
        assert path in pages_of_knowledge().paths
        assert not anchor or unquote(anchor) in anchors(path), href


def test_boxes_and_sentences_lead_to_each_other() -> None:
    """Each anchor that a page points to is on it, and each step can be reached from either side."""
    answer = answered(SLUG)
    for item in conclusions(answer, shipped().knowledge)[::5]:
        found = parsed(sent("proof", read_case(SLUG), sort=item.sort, conclusion=item.name).body)
        ids = [one.get("id") for one in found.walk() if one.get("id")]
        inner = {one.get("href")[1:] for one in found.all("a") if one.get("href").startswith("#")}

        assert len(ids) == len(set(ids))
        assert inner <= set(ids)
        assert {name.replace("step", "box") for name in ids if name.startswith("proof-step-")} <= inner


def test_a_fact_from_a_record_says_which_resource_it_came_from() -> None:
    """What was read from a Bundle is told with the resource and the element, in the proof and in the report."""
    bundle = json.dumps(fhir_writer.written(read_case(SLUG).to_json()))
    case = Case.from_fhir(bundle)
    answer = shipped().assess(case)
    item = next(i for i in conclusions(answer, shipped().knowledge) if i.sort == "resistance")
    steps = [step.conclusion for fact in item.facts for step in proof_of(answer).of(fact)]
    made = {case.facts.sources[fact] for fact in steps if fact in case.facts.sources}
    told = parsed(sent("proof", case, conclusion=item.name).body).one("div", id="told").text
    report = parsed(sent("report", case).body).text

    assert made
    assert all(f"Made from {source}" in told for source in made)
    assert all(source in report for source in case.facts.sources.values())


def test_why_not_tells_which_conditions_fail() -> None:
    """Of an action that is not advised, the page names each rule that would advise it and each condition that fails."""
    answer, knowledge = answered(SLUG), shipped().knowledge
    offered = parsed(sent("proof", read_case(SLUG)).body).one("select", id="action").all("option")
    actions = [one.get("value") for one in offered]
    assert not {item.action for item in answer.recommendations} & set(actions)
    told = 0
    for action in actions:
        expected = why_not(action, answer, knowledge)
        card = parsed(sent("proof", read_case(SLUG), whyNot=action).body).one("div", id="refusal")
        assert expected.label in card.one("h3").text
        for miss in expected.misses:
            assert capital(miss.title) in card.text
            assert all(capital(failing.text) in card.text for failing in miss.failing)
            told += 1
        assert expected.misses or "No rule" in card.text
    assert told > 5


def test_an_advised_action_says_so_where_it_is_asked_why_not() -> None:
    """Who asks why not of what is advised is told that it is."""
    action = answered(SLUG).recommendations[0].action
    card = parsed(sent("proof", read_case(SLUG), whyNot=action).body).one("div", id="refusal")

    assert "It is advised" in card.text


def test_a_conclusion_is_found_by_its_name_alone_and_from_the_list() -> None:
    """The list on the page offers every conclusion, and what it sends brings that conclusion's page."""
    answer = answered(SLUG)
    known = conclusions(answer, shipped().knowledge)
    offered = parsed(sent("proof", read_case(SLUG)).body).one("select", id="conclusion").all("option")
    values = {one.get("value") for one in offered}

    assert {f"{item.sort}:{item.name}" for item in known} == values
    for item in known[::9]:
        by_both = sent("proof", read_case(SLUG), sort=item.sort, conclusion=item.name)
        assert by_both.body == sent("proof", read_case(SLUG), conclusion=f"{item.sort}:{item.name}").body
        assert 200 == sent("proof", read_case(SLUG), conclusion=item.name).status


@pytest.mark.parametrize("slug", [SLUG, *OTHERS])
def test_every_why_on_the_assessment_leads_to_a_proof(slug: str) -> None:
    """The forms of the assessment's page that ask why are answered, each with the proof of what it stands at."""
    body = sent("case", read_case(slug), what="show").body
    whys = [one for one in parsed(body).all("button") if one.get("formaction").endswith("case/proof")]
    asked = {one.get("value") for one in whys if one.get("name") == "conclusion"}

    assert len(asked) > 10
    for conclusion in asked:
        reply = sent("proof", read_case(slug), conclusion=conclusion)
        assert (200, "proof-step-1") == (reply.status, parsed(reply.body).one(id="proof-step-1").get("id"))


BAD_CASES = ({"case": ""}, {"case": "{"}, {"case": '{"id": "https://example.org/c", "patient": {"weightKg": 9999}}'})


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/case/proof", {"conclusion": "Nothing"}),
        ("/case/proof", {"conclusion": "Nothing", "sort": "recommendation"}),
        ("/case/proof", {"whyNot": "Nothing"}),
        ("/case/download", {"form": "xlsx"}),
        *((path, fields) for path in ("/case/proof", "/case/report", "/case/download") for fields in BAD_CASES),
    ],
)
def test_what_is_wrong_is_told_as_a_page(service: Served, path: str, fields: dict[str, str]) -> None:
    """A browser gets a status, what is wrong in words and how to mend it, on a page that finds its way back."""
    answer = post(service, path, **fields)
    found = parsed(answer.text)

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"].startswith("text/html")
    assert len(found.one("main").text) > 60
    assert "../" in {one.get("href") for one in found.one("main").all("a")}


def test_a_page_without_a_case_is_refused(service: Served) -> None:
    """Nothing is remembered, so a form that carries no case has none; nor is a case read from anything but a form."""
    without = service.http.post("/case/proof", data={"conclusion": "dose"})
    plain = service.http.post("/case/proof", content=b"{}", headers={"Content-Type": "application/json"})

    assert (400, 400, 405) == (without.status_code, plain.status_code, service.http.get("/case/proof").status_code)


def test_hostile_text_of_a_case_is_text() -> None:
    """Markup in what a case says stands on the pages as it was written, and is obeyed nowhere."""
    said = json.loads((CASES / SLUG / "case.json").read_text())
    for result in said["susceptibility"]:
        result["specimen"] = HOSTILE
    case = Case.from_json(json.dumps(said))
    answer = shipped().assess(case)
    pages = [sent("report", case)]
    pages += [
        sent("proof", case, sort=item.sort, conclusion=item.name)
        for item in {item.sort: item for item in conclusions(answer, shipped().knowledge)}.values()
    ]
    for reply in pages:
        text = reply.body.decode()
        assert 200 == reply.status
        assert HOSTILE not in text
        assert not re.search(r"<(img|script>)|onerror=[^&]*>", text.replace("&lt;", ""))
        element = parsed(text)
        assert {"", "module"} >= {one.get("type") for one in element.all("script")}
        assert all(HOSTILE in json.loads(one.get("value"))["susceptibility"][0]["specimen"]
                   for one in element.all("input", name="case"))  # fmt: skip
    assert HOSTILE in parsed(pages[0].body).one("table").text


# ---- Report and download ----


def test_a_report_holds_case_assessment_and_statements() -> None:
    """On paper stand the facts as recorded, all that the page of the assessment says, and what the cited lines say."""
    answer = answered(SLUG)
    report = parsed(sent("report", read_case(SLUG)).body)
    expected, table = page(answer, shipped().knowledge), report.one("table").text

    for section in (*((expected.alarm,) if expected.alarm else ()), *expected.sections):
        assert section.heading in report.text
        for item in section.items:
            assert " ".join(item.text.split()) in report.text
            assert all(" ".join(detail.split()) in report.text for detail in (*item.details, *item.beside))
    assert all(sentence in report.text for sentence in (*expected.lead, *expected.foot))
    for fact in answer.facts.asserted:
        if (
            isinstance(fact.object, NamedNode)
            and fact.object.value.startswith(NAMESPACE)
            and fact.predicate != Rdf.TYPE
        ):
            assert shipped().knowledge.label(fact.object).casefold() in table.casefold()


def test_a_download_is_case_assessment_and_proofs(service: Served) -> None:
    """One JSON file holds the case as it was sent and the assessment as `/assess` gives it; its name tells nothing."""
    answer = post(service, "/case/download")
    body: dict[str, Any] = answer.json()

    assert (200, "application/json") == (answer.status_code, answer.headers["content-type"])
    assert ["case", "assessment"] == list(body)
    assert json.loads((CASES / SLUG / "case.json").read_text()) == body["case"]
    assert answered(SLUG).to_json() == body["assessment"]
    assert body["assessment"]["proofs"]
    expected = f'attachment; filename="refractory-{case_hash(answered(SLUG).facts)[:8]}.json"'
    assert expected == answer.headers["content-disposition"]


def test_a_download_keeps_the_digits_of_the_case(service: Served) -> None:
    """A number comes back as it was written."""
    case = '{"id":"https://example.org/c","patient":{"weightKg":70.50}}'
    answer = service.http.post("/case/download", data={"case": case})

    assert '"weightKg":70.50' in answer.text


def test_a_download_is_had_as_named_graphs(service: Served) -> None:
    """TriG holds what a query of the case would see: said, inferred, assessed and proved, each in its graph."""
    answer = post(service, "/case/download", form="trig")
    quads = set(parse(answer.content, format=RdfFormat.TRIG))

    assert answer.headers["content-type"].startswith("application/trig")
    assert answer.headers["content-disposition"].endswith('.trig"')
    assert set(case_quads(answered(SLUG))) == quads
    assert 4 == len({quad.graph_name for quad in quads})


# ---- What holds for all of them ----


@pytest.mark.parametrize("path", ["/case/proof", "/case/report"])
def test_a_page_keeps_nothing_and_sends_nothing_elsewhere(service: Served, path: str) -> None:
    """No cookie, no store, a strict policy; each form is posted, and no address holds a question."""
    answer = post(service, path)
    found = parsed(answer.text)

    assert 200 == answer.status_code
    assert "no-store" == answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert {"post"} == {form.get("method") for form in found.all("form")}
    assert not [form for form in found.all("form") if "?" in form.get("action")]
    attributes = {name for one in found.walk() for name in one.attributes}
    assert not {name for name in attributes if name == "style" or name.startswith("on")}
    assert all(script.get("src") and not script.text for script in found.all("script"))


@pytest.mark.parametrize("path", ["/case/proof", "/case/report", "/case/download"])
def test_a_page_elsewhere_gets_nothing(service: Served, path: str) -> None:
    """A form that another site has a browser send is turned away."""
    case = {"case": (CASES / SLUG / "case.json").read_text()}
    by_origin = service.http.post(path, data=case, headers={"Origin": "https://evil.example"})
    by_site = service.http.post(path, data=case, headers={"Sec-Fetch-Site": "cross-site"})

    assert (403, 403) == (by_origin.status_code, by_site.status_code)


def test_what_is_concluded_is_recorded() -> None:
    """A proof, a report and a download each tell an assessment, and each says which case and what was advised."""
    expected = [[item.action, item.kind, item.urgency] for item in answered(SLUG).recommendations]
    for task in ("proof", "report", "download"):
        record = sent(task, read_case(SLUG)).record

        assert record is not None
        assert (case_hash(answered(SLUG).facts), expected) == (record["case"], record["recommendations"])
