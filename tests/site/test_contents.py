"""Everything that the graph holds has its page, and the page says what the graph says."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from refractory.query.run import run_query
from refractory.site.graph import curie
from refractory.site.pieces import names_in, sparql
from refractory.site.site import Site, site
from refractory.vocabulary import NAMESPACE, Rdf, Rdfs, Skos, local_name, rfy
from tests.site.reading import Element, Reader
from tests.support import ROOT, knowledge_with, shipped, shipped_files
from tests.test_no_clinical_name_in_python import mentions

KNOWLEDGE = shipped().knowledge
WEB = ROOT / "src" / "refractory" / "web"
NOTE = "knowledge/source/valacyclovir-failure.html"
PLAIN = [name for name, file in KNOWLEDGE.queries.items() if "case" not in file.header]


def place(pages: dict[str, Reader], address: str) -> Element:
    """Return what a page says, or the place on it that an anchor names."""
    path, _, anchor = address.partition("#")
    root = pages[path].root
    return root.with_id(anchor) if anchor else root.all("main")[0]


def hrefs(element: Element) -> list[str]:
    """Return where an element leads, without the way up."""
    return [one.attributes.get("href", "").replace("../", "") for one in element.all("a")]


def squeezed(text: str) -> str:
    """Return a text with single blanks."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def by_name(pages: dict[str, Reader]) -> dict[str, tuple[str, Element]]:
    """Return the page of each term by the name that stands on it."""
    found = {path: place(pages, path) for path in pages if path.startswith("knowledge/term/")}
    return {main.all("code")[0].text.removeprefix("rfy:"): (path, main) for path, main in found.items()}


# ---- terms ----


def test_every_term_has_a_page_with_its_label_and_definition(by_name: dict[str, tuple[str, Element]]) -> None:
    """All that a module defines has a page, which says how it is called and what it means."""
    defined = [node for node in KNOWLEDGE.subjects(Rdfs.IS_DEFINED_BY) if node.value.startswith(NAMESPACE)]

    assert len(defined) > 900
    for node in defined:
        _, main = by_name[local_name(node.value)]

        assert squeezed(KNOWLEDGE.label(node)) == main.all("h1")[0].text
        assert squeezed(KNOWLEDGE.text(node, Skos.DEFINITION)) in main.text
        assert squeezed(KNOWLEDGE.text(node, rfy("paraphrase"))) in main.text


def test_the_address_of_a_term_is_its_name(by_name: dict[str, tuple[str, Element]]) -> None:
    """Only where two names differ by letter case alone has one a number, so that every file system keeps both."""
    paths = {name: path for name, (path, _) in by_name.items()}
    odd = {name: path for name, path in paths.items() if path != f"knowledge/term/{name}.html"}

    assert len(paths) == len({path.casefold() for path in paths.values()})
    assert all(any(other != name and other.casefold() == name.casefold() for other in paths) for name in odd)


def test_a_term_shows_the_rules_that_conclude_and_read_it(by_name: dict[str, tuple[str, Element]]) -> None:
    """What a rule's head names says that it is concluded, what its body names that it is read."""
    _, main = by_name["SwitchToFoscarnet"]
    concluded, read = (heading for heading in main.all("h3") if heading.text.startswith("It is "))
    rule = "knowledge/rule/resistance-to-act-on-calls-for-foscarnet.html"

    assert ["It is concluded by", "It is read by"] == [concluded.text, read.text]
    assert rule in hrefs(main)
    for file in KNOWLEDGE.rules:
        for name in names_in(file.text):
            assert f"knowledge/rule/{file.name}.html" in hrefs(by_name[name][1]), (file.name, name)


def test_a_term_shows_its_kinds_and_axioms(by_name: dict[str, tuple[str, Element]]) -> None:
    """A chain, a restriction and a hierarchy are read in words, with the statement that each carries."""
    _, chain = by_name["shownResistantTo"]
    _, fact = by_name["HivInfection"]
    axiom = chain.with_id("axiom-shown-resistance-passes-to-the-prodrug")

    assert "is shown to resist o is active form of SubPropertyOf is shown to resist" in axiom.text
    assert f"{NOTE}#valacyclovir-failure-27" in hrefs(axiom)
    assert "knowledge/term/AcquiredImmunodeficiencySyndrome.html" in hrefs(fact)
    assert "has finding value HIV infection SubClassOf patient with HIV infection" in fact.text
    assert f"{NOTE}#valacyclovir-failure-7" in hrefs(fact.with_id("axiom-hiv-heightens-suspicion"))


def test_every_axiom_that_carries_a_statement_has_its_anchor(pages: dict[str, Reader]) -> None:
    """Each name of an axiom is an anchor on one page, and on no other."""
    anchors = [name for page in pages.values() for name in page.ids if name.startswith("axiom-")]

    assert len(anchors) == len(set(anchors)) == len(KNOWLEDGE.carried) > 30


def test_a_term_shows_its_codes_and_how_near_they_are(by_name: dict[str, tuple[str, Element]]) -> None:
    """Each row of the table of codes stands on the page of its term, with its predicate."""
    for term, nearness, code in KNOWLEDGE.code_table:
        _, main = by_name[local_name(term.value)]
        (found,) = [one.text for one in main.all("th") if one.text.split() and one.text.split()[0] == code]

        assert f"{code} skos:{nearness}Match" == found


def test_a_term_shows_who_refers_to_it(by_name: dict[str, tuple[str, Element]]) -> None:
    """A class shows its individuals, an individual who names it, a property where it is used."""
    assert "knowledge/term/Acyclovir.html" in hrefs(by_name["Drug"][1])
    assert "knowledge/term/eacs-foscarnet.html" in hrefs(by_name["SwitchToFoscarnet"][1])
    assert "knowledge/term/HivInfection.html" in hrefs(by_name["heightensSuspicionOf"][1])
    assert "knowledge/query/cautions-at-an-action.html" in hrefs(by_name["isCautionAt"][1])
    assert "knowledge/shape/CaseShape-condition.html" in hrefs(by_name["hasCondition"][1])


def test_the_lists_hold_every_term(pages: dict[str, Reader], by_name: dict[str, tuple[str, Element]]) -> None:
    """By label stand all but lines, statements and gaps; by module stands each with what defines it."""
    of_sources = {rfy(name) for name in ("Statement", "SourceLine", "Gap", "CandidateReference")}
    expected = {
        path for name, (path, _) in by_name.items() if not of_sources & set(KNOWLEDGE.values(rfy(name), Rdf.TYPE))
    }

    assert expected == {one for one in hrefs(place(pages, "knowledge/terms.html")) if "/term/" in one}
    assert "knowledge/term/Acyclovir.html" in hrefs(place(pages, "knowledge/modules.html#module-antivirals"))


# ---- sources ----


def test_every_source_has_a_page_with_each_of_its_statements(pages: dict[str, Reader]) -> None:
    """A statement stands on the page of its source at its own name, with its paraphrase."""
    statements = KNOWLEDGE.subjects(Rdf.TYPE, rfy("Statement"))

    assert {f"knowledge/source/{source.id}.html" for source in KNOWLEDGE.guidance} <= set(pages)
    assert len(statements) > 150
    for node in statements:
        source = local_name(KNOWLEDGE.text(node, rfy("ofGuidance")))
        stated = place(pages, f"knowledge/source/{source}.html#{local_name(node.value)}")

        assert squeezed(KNOWLEDGE.text(node, rfy("paraphrase"))) in stated.text
        assert KNOWLEDGE.label(NamedNode(KNOWLEDGE.text(node, rfy("hasModality")))) in stated.text


def test_every_line_has_its_anchor_and_is_carried_or_says_why_not(pages: dict[str, Reader]) -> None:
    """Each of the 45 lines of the note stands on its page, in order."""
    lines = [one for one in place(pages, NOTE).all("section") if one.attributes.get("class", "").startswith("line")]

    assert [f"line-{number}" for number in range(1, 46)] == [one.attributes["id"] for one in lines]
    for line in lines:
        assert "Carried by" in line.text or "Carries nothing." in line.text or "Gap" in line.text


def test_a_line_shows_what_carries_it(pages: dict[str, Reader]) -> None:
    """Line 27 is carried by two axioms, a rule and readings of ours; line 24 by its regimen."""
    line = place(pages, f"{NOTE}#line-27")
    found = hrefs(line)

    assert "Without exception" in line.text
    assert "modality of all" in line.text
    assert "Citation 1" in line.text
    assert "knowledge/rule/resistance-to-act-on-rules-out-acyclovir.html" in found
    assert "knowledge/term/shownResistantTo.html#axiom-shown-resistance-passes-to-the-prodrug" in found
    assert "knowledge/term/suspectedResistantTo.html#axiom-suspected-resistance-passes-to-the-prodrug" in found
    assert any(one.startswith("knowledge/source/refractory-reading.html#") for one in found)
    assert "switch treatment to foscarnet has regimen" in place(pages, f"{NOTE}#line-24").text


def test_every_carrier_is_shown(pages: dict[str, Reader]) -> None:
    """A statement leads to each rule that encodes it, to each position and to each reading that rests on it."""
    sources = {statement.id: statement.source for statement in KNOWLEDGE.statements.values()}
    for rule in KNOWLEDGE.rules:
        for name in rule.list("encodes"):
            stated = place(pages, f"knowledge/source/{sources[name]}.html#{name}")

            assert f"knowledge/rule/{rule.name}.html" in hrefs(stated), (rule.name, name)
    for position in KNOWLEDGE.subjects(Rdf.TYPE, rfy("Position")):
        for statement in KNOWLEDGE.values(position, rfy("encodes")):
            assert isinstance(statement, NamedNode)
            name = local_name(statement.value)

            assert f"knowledge/term/{local_name(position.value)}.html" in hrefs(
                place(pages, f"knowledge/source/{sources[name]}.html#{name}")
            )


def test_a_gap_is_shown_as_a_gap(pages: dict[str, Reader]) -> None:
    """Line 36 says nothing: that is shown, with the question it leaves open and the rules that tell a case."""
    line = place(pages, f"{NOTE}#line-36")
    (gap,) = [one for one in line.all("div") if "gap" in one.attributes.get("class", "")]

    assert gap.text.startswith("Gap ")
    assert "It leaves open: " in gap.text
    assert "knowledge/rule/failing-zoster-with-hiv-meets-the-unfinished-line.html" in hrefs(gap)
    assert "Carried by" not in line.text


def test_a_source_says_where_it_stands(pages: dict[str, Reader]) -> None:
    """The leading source has the hash of its document; another says whom it stands beside, and what it was cited as."""
    note, other = place(pages, NOTE), place(pages, "knowledge/source/eacs.html")
    (leader,) = [source for source in KNOWLEDGE.guidance if source.source_sha256]

    assert leader.source_sha256
    assert leader.source_sha256 in note.text
    assert "Leads: " in note.text
    assert "Stands beside valacyclovir failure" in other.text
    assert "eacs.sanfordguide.com" in other.text
    assert "Our own reading; accompanies" in place(pages, "knowledge/source/refractory-reading.html").text


# ---- rules, queries, shapes ----


def test_every_rule_has_a_page_with_its_text(pages: dict[str, Reader]) -> None:
    """A rule shows title, sentence, text, the statements it encodes and the cases that show it."""
    for rule in KNOWLEDGE.rules:
        main = place(pages, f"knowledge/rule/{rule.name}.html")

        assert squeezed(rule.header["title"]) == main.all("h1")[0].text
        assert squeezed(rule.text) == main.all("pre")[0].text
        assert squeezed(rule.header["says"]) in main.text
        assert all(slug in main.text for slug in rule.list("shown-by"))
        assert set(rule.list("encodes")) <= {one.rpartition("#")[2] for one in hrefs(main)}
        assert f"knowledge/rule/{rule.name}.html" in hrefs(place(pages, "knowledge/rules.html"))


def test_every_query_has_a_page_with_its_question_and_answer(pages: dict[str, Reader]) -> None:
    """A query shows what it asks, its text, its parameters, and the columns and rows that it is tested with."""
    for name, query in KNOWLEDGE.queries.items():
        main = place(pages, f"knowledge/query/{name}.html")
        content = KNOWLEDGE.files.contents[query.path.replace("query.rq", "expected.csv")].decode()
        columns, *rows = csv.reader(content.splitlines())
        answer = main.all("table")[-1]

        assert squeezed(query.text) == main.all("pre")[0].text
        assert "Why it matters" in main.text
        assert all(f"?{parameter}" in main.text for parameter in query.list("parameters"))
        assert columns == [one.text for one in answer.all("th")]
        assert [list(map(squeezed, row)) for row in rows] == [
            [c.text for c in r.all("td")] for r in answer.all("tr")[1:]
        ]
        assert f"refractory query {name}" in main.text
        assert f"knowledge/query/{name}.html" in hrefs(place(pages, "knowledge/queries.html"))


@pytest.mark.parametrize("name", PLAIN)
def test_a_query_that_is_copied_from_its_page_gives_the_answer_beside_it(name: str, pages: dict[str, Reader]) -> None:
    """The text, with the line that binds its parameters, is complete: it gives the rows on any SPARQL engine."""
    main = place(pages, f"knowledge/query/{name}.html")
    texts = {one.attributes["aria-label"]: "".join(one._texts()) for one in main.all("pre")}
    text = texts["Text of the query"] + texts.get("Line to add", "")
    answer = main.all("table")[-1]
    rows = list(csv.reader(run_query(text, KNOWLEDGE).to_csv().splitlines()))[1:]
    found = [tuple(squeezed(curie(cell)) for cell in row) for row in rows]

    assert found
    assert sorted(found) == sorted(tuple(cell.text for cell in row.all("td")) for row in answer.all("tr")[1:])


def test_every_shape_has_a_page_with_its_reasons(pages: dict[str, Reader]) -> None:
    """A shape shows message, reason and remedy as the files have them, and how grave a finding is."""
    shapes = [path for path in pages if path.startswith("knowledge/shape/")]
    stop = place(pages, "knowledge/shape/CaseConsistencyShape-presentOrAbsent.html")

    assert len(shapes) > 60
    assert "violation: stops the reasoning" in stop.text
    assert "Why it matters No advice can rest on a fact" in stop.text
    assert "How to mend it Find out which is true" in stop.text
    assert "rfy:hasAbsent" in stop.all("pre")[0].text
    assert "sh:maxCount" in place(pages, "knowledge/shape/CaseShape-condition.html").text
    assert "warning: goes with" in place(pages, "knowledge/shape/CaseConsistencyShape-appropriateThoughLow.html").text
    assert set(shapes) <= set(hrefs(place(pages, "knowledge/shapes.html")))


def test_the_text_of_a_query_is_kept_and_its_names_lead_on() -> None:
    """Comments and keywords are marked, names lead to pages, and not a character is lost."""
    text = (
        '#+ title: rfy:No\nSELECT ?x WHERE { ?x rfy:a "rfy:b # no" ; <http://x#rfy:c> rfy:a-b . ?SELECT foo:rfy:d 1 }\n'
    )
    pieces = sparql(text, lambda name: f"to-{name}")

    assert text == "".join(piece.text for piece in pieces)
    assert [("rfy:a", "to-a"), ("rfy:a-b", "to-a-b")] == [(p.text, p.href) for p in pieces if p.href]
    assert ["#+ title: rfy:No\n".strip(), "SELECT", "WHERE"] == [p.text for p in pieces if p.look]
    assert {"a", "a-b"} == names_in(text)


# ---- the whole ----


@pytest.mark.parametrize("path", sorted((WEB / "templates" / "site").glob("*.html")), ids=lambda path: path.name)
def test_no_template_names_anything_clinical(path: Path) -> None:
    """What is clinical on a page comes from the graph."""
    assert set() == mentions(path.read_text(encoding="utf-8"))


def test_the_first_page_says_how_much_there_is(pages: dict[str, Reader]) -> None:
    """The counts are those of the knowledge, and its hash stands beside them."""
    main = place(pages, "knowledge/index.html")

    assert f"{len(KNOWLEDGE.rules)} rules" in main.text
    assert f"{len(KNOWLEDGE.queries)} queries" in main.text
    assert f"{len(KNOWLEDGE.guidance)} sources" in main.text
    assert KNOWLEDGE.hash in main.text
    assert "knowledge/files/ontology/refractory.ttl" in hrefs(main)


def test_every_file_of_the_knowledge_is_there_byte_for_byte(shipped_site: Site) -> None:
    """What a machine reads stands beside what people read."""
    files = shipped_files().contents

    assert files
    for path, content in files.items():
        assert content == shipped_site.page(f"knowledge/files/{path}")


def test_an_address_can_be_asked_for(shipped_site: Site) -> None:
    """Other pages find where a term, a statement, a line, a source or a rule is read."""
    assert "knowledge/term/Acyclovir.html" == shipped_site.address("Acyclovir")
    assert f"{NOTE}#valacyclovir-failure-24" == shipped_site.address("valacyclovir-failure-24")
    assert f"{NOTE}#line-24" == shipped_site.address("valacyclovir-failure-line-24")
    assert NOTE == shipped_site.address("valacyclovir-failure")
    assert "knowledge/rule/failure-is-in-scope.html" == shipped_site.address("rule/failure-is-in-scope")
    assert "knowledge/shape/CaseShape.html" == shipped_site.address("CaseShape")
    assert "" == shipped_site.address("no-such-thing")


def test_what_the_knowledge_says_is_text_and_never_markup() -> None:
    """A label, a definition, a paraphrase, a title and a code that hold markup are shown as they are written."""
    bad = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"
    words, title = "ontology/modules/antivirals-words.ttl", "queries/reason/failure-is-in-scope.rq"
    codes = "ontology/alignments/codes.sssom.tsv"
    changed = {path: shipped_files().text(path) for path in (words, title, codes)}
    changed[words] = changed[words].replace('rdfs:label "foscarnet"@en', f"rdfs:label {json.dumps(bad)}@en")
    changed[title] = changed[title].replace("#+ title: ", f"#+ title: {bad} ")
    changed[codes] = changed[codes].replace("\tATC:J05AD01\tfoscarnet\t", f"\tATC:J05AD01\t{bad}\t")
    hostile = site(knowledge_with(changed))
    pages = [path for path in hostile.paths if path.endswith(".html")]
    shown = 0
    for path in pages:
        page = Reader(hostile.page(path).decode())
        shown += bad in page.root.text

        assert [] == page.faults, path
        assert [] == [one for one in page.root.all("img") if one.attributes.get("src") == "x"], path
        assert all(one.attributes.get("src") for one in page.root.all("script")), path

    assert bad == Reader(hostile.page("knowledge/term/Foscarnet.html").decode()).root.all("h1")[0].text
    assert shown > 5


def test_a_name_cannot_leave_the_folder() -> None:
    """A term or an identifier that climbs in a path is put where the others are."""
    words = "ontology/modules/core-words.ttl"
    said = "a owl:Class ; rdfs:isDefinedBy <https://w3id.org/refractory/ontology/core>"
    text = shipped_files().text(words) + (
        f'\n<https://w3id.org/refractory/../../x> {said} ; rdfs:label "climbing"@en .'
        f'\n<https://w3id.org/refractory/%2e%2e/y?z#a> {said} ; rdfs:label "odd"@en .\n'
    )
    paths = site(knowledge_with({words: text})).paths

    assert all(".." not in path.split("/") and "%" not in path and "?" not in path for path in paths)
