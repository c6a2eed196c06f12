"""Explanations: from a conclusion down to what was said and where it stands in a source, in every form."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse
from referencing import Registry, Resource
from tests.support import CASES, ROOT, read_case, shipped, slugs

from refractory import Assessment, KnowledgeBase
from refractory.cli import main
from refractory.errors import RuleError, UsageError
from refractory.explain.conclusions import chosen, conclusions, proof_of
from refractory.explain.explanation import explain, explanation_json
from refractory.explain.html import assessment_html_with_proofs
from refractory.explain.lexicon import lexicon
from refractory.explain.proof_json import proofs_json, with_proofs
from refractory.explain.sentences import Sentences, article
from refractory.explain.why_not import Failing, NearMiss, why_not, why_not_text
from refractory.knowledge.knowledge import Knowledge
from refractory.model.proof import Derived, Given, Stated
from refractory.vocabulary import Owl, Rdf, Xsd, rfy

SCHEMAS = {
    name: json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    for name in ("assessment", "explanation")
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()
)
CASE = str(CASES / "design-example" / "case.json")
NODE = NamedNode("https://example.org/case/1")
TREATMENT = NamedNode("https://example.org/case/1#treatment.1")

BASIS = """
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rfy: <https://w3id.org/refractory/>
SELECT DISTINCT ?predicate ?object WHERE {
  ?conclusion rdf:predicate rfy:recommends ; rdf:object rfy:SwitchToFoscarnet ; prov:wasDerivedFrom* ?fact .
  ?fact rdf:predicate ?predicate ; rdf:object ?object .
  FILTER NOT EXISTS { ?fact prov:wasGeneratedBy ?step }
}
"""
STATEMENTS = """
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rfy: <https://w3id.org/refractory/>
SELECT DISTINCT ?rule ?statement WHERE {
  ?conclusion rdf:object rfy:SwitchToFoscarnet ; prov:wasDerivedFrom* ?fact .
  ?fact prov:wasGeneratedBy/prov:used ?rule ; prov:hadPrimarySource ?statement .
  ?rule a prov:Plan .
}
"""


@cache
def compiled() -> KnowledgeBase:
    """Return the shipped knowledge with the engine that keeps proofs."""
    return KnowledgeBase(shipped().knowledge, engine="compiled")


def knowledge() -> Knowledge:
    """Return the shipped knowledge."""
    return shipped().knowledge


@cache
def assessed(slug: str) -> Assessment:
    """Return the assessment of a golden case, with proofs."""
    return compiled().assess(read_case(slug))


def sentences() -> Sentences:
    """Return the sentences of a made-up case."""
    return Sentences(lexicon(knowledge()), NODE)


def check(name: str, form: object) -> None:
    """Hold a value against one of the published schemas."""
    Draft202012Validator(SCHEMAS[name], registry=REGISTRY, format_checker=FormatChecker()).validate(form)


def flat(text: str) -> str:
    """Return a text without its line breaks, indents and branches."""
    return " ".join(re.sub("[│├└─]", " ", text).split())


# ---- single steps, by hand ----


def test_a_given_fact_is_said_with_its_place() -> None:
    """A number stands with the label of its property, and its place as the case's JSON names it."""
    step = Given(Triple(TREATMENT, rfy("doseMg"), Literal("1000.0", datatype=Xsd.DECIMAL)), "treatments[0].doseMg")

    said = sentences().step(step)

    assert "The case says that the dose in milligrams of treatment.1 is 1000 (treatments[0].doseMg)." == said.text
    assert () == said.statements


def test_what_the_reader_added_is_not_put_into_the_mouth_of_the_case() -> None:
    """A node that nobody named was added by the reader."""
    step = Given(Triple(NODE, rfy("hasVirus"), NamedNode(f"{NODE.value}#virus")), "reader: hasVirus")

    assert "The reader of the case adds that the case has virus the virus (hasVirus)." == sentences().step(step).text


def test_a_stated_fact_names_the_statement_of_its_axiom() -> None:
    """A fact of the knowledge that an `owl:Axiom` annotates is shown with its line."""
    said = sentences().step(
        Stated(Triple(rfy("HivInfection"), rfy("heightensSuspicionOf"), rfy("AntiviralResistance")))
    )

    assert ["valacyclovir-failure-7"] == [statement.id for statement in said.statements]
    assert said.text.startswith("The knowledge says that HIV infection heightens suspicion of")
    assert "[valacyclovir-failure line 7" in said.text


def test_a_rule_is_said_by_its_template_its_absences_and_its_places() -> None:
    """Variables become labels and plain numbers; what must be absent follows."""
    rule = "an-ongoing-entry-that-counts-gives-the-day-of-treatment"
    nine = Literal("9.0", datatype=Xsd.DECIMAL)
    step = Derived(
        Triple(NODE, rfy("dayOfTreatment"), nine),
        rule,
        (),
        absences=(((TREATMENT, Rdf.TYPE, rfy("EntryJustBegun")),), ((NODE, rfy("weightKg"), None),)),
        bindings=(("case", NODE), ("days", nine), ("entry", TREATMENT)),
    )

    assert (
        "The day of treatment of the case is 9, because treatment.1 began 9 days before the assessment, "
        "and nothing says that treatment.1 is an entry just begun, "
        "and nothing says what the weight in kilograms of the case is. [refractory-reading 36]"
    ) == sentences().step(step).text


def test_a_template_that_names_an_unbound_variable_is_a_fault_of_the_rule() -> None:
    """It is said where; a brace is never shown to a reader."""
    with pytest.raises(RuleError, match=r"\{days\}") as caught:
        sentences().filled("began {days} days ago", {"entry": TREATMENT}, "queries/reason/x.rq")

    assert "queries/reason/x.rq" == caught.value.place


def test_an_axiom_of_a_chain_finds_its_statements_by_its_list() -> None:
    """The annotation of a chain names the node of a list; the proof names its links."""
    p = rfy("shownResistantTo")
    isolate = NamedNode(f"{NODE.value}#isolate.1")
    premises = (
        Triple(isolate, p, rfy("Acyclovir")),
        Triple(rfy("Acyclovir"), rfy("isActiveFormOf"), rfy("Valacyclovir")),
    )
    step = Derived(Triple(isolate, p, rfy("Valacyclovir")), "prp-spo2", premises, axiom=(p, p, rfy("isActiveFormOf")))

    said = sentences().step(step)

    assert ["valacyclovir-failure-27"] == [statement.id for statement in said.statements]
    assert (
        "isolate.1 is shown to resist valacyclovir, because isolate.1 is shown to resist acyclovir and acyclovir is "
        "active form of valacyclovir, and “is shown to resist” followed by “is active form of” always means “is shown "
        "to resist”"
    ) == said.said


def test_an_axiom_of_a_restriction_finds_its_statements_by_its_parts() -> None:
    """The annotation names a blank node; the proof names property, value and class."""
    axiom = (rfy("hasLesionCourse"), rfy("Spreading"), rfy("CaseWithActiveLesions"))
    premise = Triple(NODE, axiom[0], axiom[1])
    step = Derived(Triple(NODE, Rdf.TYPE, axiom[2]), "cls-hv2+cax-sco", (premise,), axiom=axiom)

    assert ["valacyclovir-failure-5a"] == [statement.id for statement in lexicon(knowledge()).statements(step)]
    assert "whatever has lesion course spreading is a case with active lesions" in sentences().step(step).text


def test_every_annotated_axiom_can_be_cited_by_a_proof() -> None:
    """No annotation is of a shape that explanations do not find: each is a fact, or has a name as an axiom."""
    words = lexicon(knowledge())
    found = words._of_fact
    logical = [
        t
        for t in found
        if t.predicate.value.startswith(("http://www.w3.org/2002/07/owl#", "http://www.w3.org/2000/01"))
    ]

    assert len(found) > 20
    assert logical
    assert all(list(words.keys(axiom)) for axiom in logical)
    assert all(found.values())


@pytest.mark.parametrize(
    ("rule", "terms"),
    [
        ("prp-spo1", 2), ("prp-trp", 1), ("prp-symp", 1), ("prp-inv1", 2), ("prp-inv2", 2), ("prp-dom", 2),
        ("prp-rng", 2), ("prp-spo2", 3), ("cax-sco", 2), ("cls-hv2+cax-sco", 3), ("cls-svf1+cax-sco", 3),
        ("cls-svf2+cax-sco", 2), ("cls-int1+cax-sco", 3), ("cls-uni+cax-sco", 2), ("cax-sco+cls-avf", 3),
        ("cax-sco+cls-hv1", 3),
    ],
)  # fmt: skip
def test_every_rule_of_owl_has_words_that_name_all_terms_of_its_axiom(rule: str, terms: int) -> None:
    """No term of an axiom is left out of its sentence."""
    names = [NamedNode(f"https://example.org/#term{number}") for number in range(terms)]

    said = sentences().axiom(rule, names)

    assert rule not in said
    assert all(f"term{number}" in said for number in range(terms))


def test_an_article_fits_its_noun() -> None:
    """A vowel takes `an`."""
    assert ("an isolate", "a case") == (article("isolate"), article("case"))


# ---- the forms ----


@pytest.mark.parametrize("slug", slugs())
def test_every_conclusion_is_explained_down_to_what_was_said_or_stands_in_a_file(slug: str) -> None:
    """Each recommendation has kind and urgency explained; no variable is left; each premise comes before its use."""
    assessment = assessed(slug)
    proof = proof_of(assessment)
    words = Sentences(lexicon(knowledge()), assessment.facts.case)
    found = conclusions(assessment, knowledge())

    advised = {item.name for item in found if item.sort == "recommendation" and len(item.facts) >= 2}
    assert {item.action for item in assessment.recommendations} == advised
    for item in found:
        for fact in item.facts:
            seen: set[Triple] = set()
            for step in proof.of(fact):
                assert "{" not in words.step(step).text
                if isinstance(step, Derived):
                    assert set(step.premises) <= seen
                    assert step.rule not in words.step(step).text
                seen.add(step.conclusion)
            assert fact in seen


@pytest.mark.parametrize("slug", slugs())
def test_the_json_of_an_assessment_with_proofs_conforms_and_is_complete(slug: str) -> None:
    """Every conclusion names its proof, every step that is named exists, and the form without proofs is unharmed."""
    assessment = assessed(slug)
    before = assessment.to_json()
    untouched = json.dumps(before)

    form = with_proofs(before, assessment, knowledge())

    assert untouched == json.dumps(before)
    check("assessment", json.loads(json.dumps(form)))
    for item in form["recommendations"]:
        assert {"proof", "urgencyProof"} <= item.keys()
        assert ("forThisPatient" in item) == ("proof" in item.get("forThisPatient", {}))
    for key in ("resistance", "hypotheses", "cautions", "pitfalls", "conflicts", "gaps"):
        assert all("proof" in item for item in form[key]), key
    assert set(form["notApplicable"]) == set(form.get("notApplicableProofs", {}))
    assert form["failure"]["failing"] == ("proof" in form["failure"])
    assert "doseProof" in form["failure"]
    proofs = form["proofs"]
    assert {premise for step in proofs.values() for premise in step.get("premises", ())} <= set(proofs)
    leaves = [step["by"] for step in proofs.values() if not step.get("premises")]
    assert set(leaves) <= {"given", "stated"}


def test_proofs_are_numbered_in_the_order_of_the_conclusions() -> None:
    """The first conclusion is p1, its premises follow it, and the same case gives the same bytes."""
    assessment = assessed("design-example")
    proofs, names = proofs_json(assessment, knowledge())
    first = conclusions(assessment, knowledge())[0].facts[0]

    assert [f"p{number}" for number in range(1, len(proofs) + 1)] == list(proofs)
    assert "p1" == names[first]
    assert "p2" == proofs["p1"]["premises"][0]
    assert json.dumps(proofs) == json.dumps(proofs_json(compiled().assess(read_case("design-example")), knowledge())[0])


def test_the_json_numbers_facts_as_the_conclusions_do() -> None:
    """It numbers a fact where it cites it, and conclusions say in which order that is."""
    for slug in slugs():
        answer = assessed(slug)

        assert json.dumps(proofs_json(answer, knowledge())[0]) == json.dumps(answer.to_json()["proofs"])


def test_whoever_changes_the_json_of_an_answer_changes_no_other() -> None:
    """Much of it is the same in every answer and kept ready, but what is handed out is never kept."""
    for slug in ("design-example", "beside-aids-herpes-foscarnet-at-hand", "v3b-verrucous-zoster-resistant-in-vitro"):
        answer = assessed(slug)
        before = json.dumps(answer.to_json())
        _spoil(answer.to_json())

        assert before == json.dumps(answer.to_json())


def _spoil(form: Any) -> None:
    """Change every object and every list of a JSON value, down to the last."""
    parts = list(form.values() if isinstance(form, dict) else form if isinstance(form, list) else ())
    for part in parts:
        _spoil(part)
    if isinstance(form, dict):
        form.update(dict.fromkeys(form, "spoiled"))
    elif isinstance(form, list):
        form.append("spoiled")


def test_without_proofs_the_json_is_as_it_was_and_an_explanation_says_why() -> None:
    """The reference engine keeps none."""
    reference = KnowledgeBase(knowledge(), engine="reference").assess(read_case("only-id"))

    assert reference.to_json() == with_proofs(reference.to_json(), reference, knowledge())
    with pytest.raises(UsageError, match="no proofs"):
        explain(reference, knowledge())


def test_text_numbers_each_sentence_and_cites_only_earlier_ones() -> None:
    """From what was said to what is concluded."""
    text = flat(explain(assessed("design-example"), knowledge(), "SwitchToFoscarnet"))

    parts = re.split(r" (\d+)\. (?=[A-Z])", text)
    numbers = [int(number) for number in parts[1::2]]
    assert list(range(1, len(numbers) + 1)) == numbers
    for number, sentence in zip(numbers, parts[2::2], strict=True):
        for cited in re.findall(r"\(from ([\d, ]+)\)", sentence):
            assert all(int(other) < number for other in cited.split(","))
    assert "(lesionCourse)" in text
    assert "valacyclovir-failure line 24, citation 1" in text
    assert "nothing says that the case has under way foscarnet" in text


def test_a_tree_shows_a_shared_part_once() -> None:
    """The second time there is a reference to the first."""
    tree = explain(assessed("design-example"), knowledge(), "SwitchToFoscarnet", "tree")

    references = set(re.findall(r"see \[(\d+)\]", tree))
    assert references
    for number in references:
        assert 1 == len(re.findall(rf"(?<!see )\[{number}\] ", tree))
    assert 1 == flat(tree).count("because resistance to acyclovir is confirmed and the lesions are active")


@pytest.mark.parametrize(
    "slug", ["design-example", "check-kind-aids", "only-id", "scope-stopped", "dose-low-by-record"]
)
def test_json_conforms_to_its_schema(slug: str) -> None:
    """Of an explanation, and of a why-not."""
    form = explanation_json(assessed(slug), knowledge())

    check("explanation", json.loads(json.dumps(form)))
    check("explanation", json.loads(json.dumps(why_not("SwitchToFoscarnet", assessed(slug), knowledge()).to_json())))
    assert all(step["says"] for step in form["proofs"].values())
    assert json.loads(explain(assessed(slug), knowledge(), form="json")) == form


def test_sparql_can_ask_the_provenance_which_facts_a_conclusion_rests_on() -> None:
    """The leaves are facts of the case and of the knowledge; the rules and statements are there too."""
    turtle = explain(assessed("design-example"), knowledge(), "SwitchToFoscarnet", "turtle")
    store = Store()
    store.bulk_extend(Quad(q.subject, q.predicate, q.object) for q in parse(turtle, format=RdfFormat.TURTLE))

    basis = {(str(row["predicate"]), str(row["object"])) for row in store.query(BASIS)}  # type: ignore[union-attr]
    rules = {(row["rule"].value, row["statement"].value) for row in store.query(STATEMENTS)}  # type: ignore[union-attr]

    assert (str(rfy("hasLesionCourse")), str(rfy("Spreading"))) in basis
    assert (str(rfy("hasInterpretation")), str(rfy("Resistant"))) in basis
    assert not any("recommends" in predicate for predicate, _ in basis)
    base = "https://w3id.org/refractory/"
    assert (f"{base}rule/resistance-to-act-on-calls-for-foscarnet", f"{base}valacyclovir-failure-24") in rules
    assert (f"{base}rule/cls-hv2", f"{base}valacyclovir-failure-5a") in rules
    assert turtle == explain(assessed("design-example"), knowledge(), "SwitchToFoscarnet", "turtle")


@pytest.mark.parametrize("slug", ["design-example", "only-id", "drug-reaction-and-switch"])
def test_mermaid_is_a_flowchart_whose_arrows_join_its_boxes(slug: str) -> None:
    """Every line is a box or an arrow; nothing of a label can be read as Mermaid's own."""
    first, *lines = explain(assessed(slug), knowledge(), None if slug != "only-id" else "dose", "mermaid").splitlines()
    box = re.compile(r'    (p\d+)(?:\(\["|\[/"|\["|\[\[")([^"\[\]{}|;`]|#\d+;)*(?:"\]\)|"/\]|"\]|"\]\])')
    arrow = re.compile(r"    (p\d+) --> (p\d+)")

    boxes = {found[1] for line in lines if (found := box.fullmatch(line))}
    arrows = [(found[1], found[2]) for line in lines if (found := arrow.fullmatch(line))]
    assert "flowchart TD" == first
    assert len(lines) == len(boxes) + len(arrows)
    assert {name for pair in arrows for name in pair} <= boxes


def test_svg_comes_from_dot_and_without_it_there_is_advice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The drawing goes to the command by standard input; where it is missing, the error says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="not on the path") as caught:
        explain(assessed("design-example"), knowledge(), "Acyclovir", "svg")
    assert "Install Graphviz" in caught.value.fix

    fake = tmp_path / "dot"
    fake.write_text('#!/bin/sh\n[ "$1" = -Tsvg ] || exit 1\nwhile read -r line; do echo "$line"; done\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    drawn = explain(assessed("design-example"), knowledge(), "Acyclovir", "svg")

    assert drawn.startswith("digraph proof {")
    assert re.search(r"^p2 -> p1;$", drawn, re.MULTILINE)

    fake.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(UsageError, match="`dot` failed"):
        explain(assessed("design-example"), knowledge(), "Acyclovir", "svg")


class _Tags(HTMLParser):
    """Counts what is open, and keeps the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a tag; none has attributes, so none fetches or runs anything."""
        assert not attrs
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


def test_in_a_notebook_an_assessment_unfolds_to_its_proofs() -> None:
    """Only plain tags, all closed; every recommendation and its places are there."""
    assessment = assessed("design-example")
    page = _Tags()
    page.feed(assessment_html_with_proofs(assessment, knowledge()))

    assert [] == page.open
    assert page.seen <= {"div", "p", "b", "small", "details", "summary", "ul", "li"}
    for item in assessment.recommendations:
        assert knowledge().label(rfy(item.action)) in page.text
    assert "valacyclovir-failure line 24" in page.text


def test_what_a_case_says_is_escaped() -> None:
    """A text of a case is never markup, and never a control character."""
    text = '<script>\x1b[31m"alert"</script>'
    step = Given(Triple(TREATMENT, rfy("specimen"), Literal(text)), "susceptibility[0].specimen")

    said = sentences().step(step).text

    assert "\x1b" not in said
    assert "“<script> [31m" in said


# ---- names ----


@pytest.mark.parametrize("name", ["SwitchToFoscarnet", "switch treatment to foscarnet", "SWITCHTOFOSCARNET"])
def test_a_conclusion_has_all_names_of_its_term(name: str) -> None:
    """Local name, label, and any letter case."""
    found = chosen(assessed("design-example"), knowledge(), name)

    assert ["SwitchToFoscarnet"] == [item.name for item in found]


@pytest.mark.parametrize(
    ("slug", "name", "sort"),
    [
        ("design-example", "Aciclovir", "resistance"),
        ("design-example", "ContinuingIneffectiveTherapy", "pitfall"),
        ("design-example", "HigherDoseOrSwitch", "conflict"),
        ("design-example", "valacyclovir-failure-gap-36", "gap"),
        ("design-example", "AntiviralResistance", "hypothesis"),
        ("design-example", "failure", "failure"),
        ("design-example", "dose", "dose"),
        ("design-example", "dayOfTreatment", "day of treatment"),
        ("foscarnet-allergy", "FoscarnetAllergy", "caution"),
        ("scope-stopped", "TreatmentStopped", "not applicable"),
        ("only-id", "ConditionOfCase", "question"),
    ],
)
def test_every_sort_of_conclusion_can_be_explained(slug: str, name: str, sort: str) -> None:
    """Not only what is recommended."""
    found = chosen(assessed(slug), knowledge(), name)

    assert sort in {item.sort for item in found}
    assert "Why: " in explain(assessed(slug), knowledge(), name)


def test_a_misspelt_name_is_answered_with_what_was_meant() -> None:
    """And what is not concluded, with the question to ask instead."""
    with pytest.raises(UsageError, match="no conclusion") as misspelt:
        chosen(assessed("design-example"), knowledge(), "SwitchToFoscarnett")
    with pytest.raises(UsageError, match="not concluded") as missing:
        chosen(assessed("design-example"), knowledge(), "TestForHiv")
    with pytest.raises(UsageError, match="no action") as no_action:
        why_not("SwitchToFoscarnett", assessed("design-example"), knowledge())

    assert "SwitchToFoscarnet" in misspelt.value.fix
    assert "--why-not TestForHiv" in missing.value.fix
    assert "SwitchToFoscarnet" in no_action.value.fix


# ---- why not ----


def leaves(miss: NearMiss) -> list[str]:
    """Return what fails at the bottom."""
    found: list[str] = []
    pending: list[Failing] = list(miss.failing)
    while pending:
        failing = pending.pop(0)
        if failing.below:
            pending.extend(part for below in failing.below for part in below.failing)
        else:
            found.append(failing.text)
    return found


@pytest.mark.parametrize(
    ("slug", "action", "rule", "condition"),
    [
        (
            "design-example", "TestForHiv", "unknown-hiv-status-calls-for-a-test",
            "the case has present HIV infection, which stands against it",
        ),
        (
            "foscarnet-under-way", "SwitchToFoscarnet", "resistance-to-act-on-calls-for-foscarnet",
            "the case has under way foscarnet, which stands against it",
        ),
        (
            "dose-low-by-record", "SwitchToFoscarnet", "resistance-to-act-on-calls-for-foscarnet",
            "“total” is 2000, and must be at least “reference total”, 3000",
        ),
        (
            "excluded-while-spreading", "UseFamciclovir", "resistance-to-act-on-rules-out-famciclovir",
            "the virus has excluded resistance to acyclovir, which stands against it",
        ),
        (
            "only-id", "ReferToInfectiousDiseases", "failure-is-referred-promptly",
            "nothing says that the case has lesion course spreading",
        ),
        (
            "design-example", "VerifyDose", "failure-without-a-right-dose-calls-for-its-verification",
            "“adequacy” is right, and must be other than right",
        ),
    ],
)  # fmt: skip
def test_why_not_names_the_nearest_rule_and_what_fails(slug: str, action: str, rule: str, condition: str) -> None:
    """A fact that is missing, one that stands against it, or a number that is too low."""
    answer = why_not(action, assessed(slug), knowledge())

    assert answer.advised is None
    assert rule == answer.misses[0].rule
    assert condition in leaves(answer.misses[0])
    assert "{" not in why_not_text(answer)


def test_of_what_is_advised_the_other_rules_are_shown() -> None:
    """The answer says that it is advised."""
    answer = why_not("SwitchToFoscarnet", assessed("foscarnet-allergy"), knowledge())

    assert ("Consider", "Prompt") == answer.advised
    assert "It is advised" in why_not_text(answer)
    assert answer.misses


@pytest.mark.parametrize("slug", ["design-example", "only-id", "contradicted-same-date", "foscarnet-contradicted"])
def test_nothing_is_said_to_be_missing_that_a_fact_of_the_case_says(slug: str) -> None:
    """A condition that is told to fail does fail: no rule that is shown would fire."""
    assessment = assessed(slug)
    said = {Sentences(lexicon(knowledge()), assessment.facts.case).fact(f) for f in assessment.facts.all}
    for action in sorted(knowledge().members(rfy("Action")), key=str):
        answer = why_not(action.value, assessment, knowledge())
        assert answer.misses or answer.advised
        for miss in answer.misses:
            assert leaves(miss)
            assert not said & {text.removeprefix("nothing says that ") for text in leaves(miss)}


# ---- the command ----


@pytest.mark.parametrize("form", ["text", "tree", "json", "turtle", "mermaid"])
def test_the_command_writes_each_form(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One conclusion, on standard output."""
    assert main(["explain", CASE, "SwitchToFoscarnet", "--format", form]) == 0

    assert explain(assessed("design-example"), knowledge(), "SwitchToFoscarnet", form) == capsys.readouterr().out


def test_the_command_explains_every_recommendation_and_says_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a conclusion, all of them; with --why-not, what is missing."""
    assert main(["explain", CASE]) == 0
    text = capsys.readouterr().out
    assert main(["explain", CASE, "--why-not", "TestForHiv"]) == 0
    missing = capsys.readouterr().out
    assert main(["explain", CASE, "--why-not", "TestForHiv", "--format", "json"]) == 0
    form = json.loads(capsys.readouterr().out)

    assert len(assessed("design-example").recommendations) == text.count("Why: ")
    assert missing.startswith("Why not: test for HIV infection\n")
    check("explanation", form)


@pytest.mark.parametrize(
    "arguments", [["Nothing"], ["--why-not", "Nothing"], ["--why-not", "TestForHiv", "--format", "tree"]]
)
def test_a_wrong_call_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown conclusion or action, or a form that --why-not has not."""
    assert main(["explain", CASE, *arguments]) == 2
    assert "fix:" in capsys.readouterr().err


def test_nothing_on_the_way_to_the_json_of_proofs_needs_rdflib(isolated: Callable[[str], str]) -> None:
    """Proofs are written on the way to every answer, where each millisecond counts."""
    assert "False" == isolated("import refractory.explain.proof_json, sys; print('rdflib' in sys.modules)")


@pytest.fixture
def isolated() -> Callable[[str], str]:
    """Return a function that runs Python in a process of its own and returns what it prints."""
    import subprocess
    import sys

    def run(code: str) -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.strip()

    return run


def test_the_owl_vocabulary_of_explanations_is_that_of_the_axioms() -> None:
    """A class on the upper side that is a restriction is cited by its parts."""
    words = lexicon(knowledge())

    assert [("cax-sco", (rfy("A"), rfy("B")))] == list(words.keys(Triple(rfy("A"), _SUB, rfy("B"))))
    assert [("prp-inv1", (rfy("p"), rfy("q"))), ("prp-inv2", (rfy("p"), rfy("q")))] == list(
        words.keys(Triple(rfy("p"), Owl.INVERSE_OF, rfy("q")))
    )


_SUB = NamedNode("http://www.w3.org/2000/01/rdf-schema#subClassOf")


# ---- sources beside the leading one ----


def test_a_position_is_quoted_and_cites_its_own_statement() -> None:
    """What a position is called is no noun, and what is stated of it carries its source's statement."""
    text = flat(explain(assessed("design-example"), knowledge(), "eacs-foscarnet"))

    assert "Why: position: EACS on foscarnet" in text
    assert "because “EACS on foscarnet” is for people with HIV" in text
    assert "[eacs 1]" in text


@pytest.mark.parametrize("form", ["text", "tree", "json", "turtle", "mermaid"])
@pytest.mark.parametrize(
    "name", ["eacs-foscarnet", "oi-guideline-wording-time", "DoseDisagreement", "TestSusceptibility"]
)
def test_what_sources_add_is_explained_in_every_form(name: str, form: str) -> None:
    """A position, a time, a disagreement and an added action have proofs like any conclusion."""
    slug = "beside-hiv-zoster-day-21"
    text = explain(assessed(slug), knowledge(), name, form)

    assert text.strip()
    if form == "json":
        check("explanation", json.loads(text))


def test_a_disagreement_says_both_values() -> None:
    """The sentence of the rule has the doses of both sides."""
    text = flat(explain(assessed("design-example"), knowledge(), "DoseDisagreement"))

    assert "gives 90 mg/kg every 12 h, the leading source 40 mg/kg every 8 h" in text


def test_why_not_asks_only_of_positions_that_speak_of_the_action() -> None:
    """What a source says stands in the knowledge: the nearest position speaks of this action; rules without one go."""
    answer = why_not("ReferToOphthalmology", assessed("design-example"), knowledge())
    text = flat(why_not_text(answer))
    rules = [miss.rule for miss in answer.misses]

    assert rules[0] == "an-action-that-a-source-adds-is-recommended"
    assert "an-action-that-a-source-adds-is-considered" not in rules
    assert "Nothing says that the case takes up “red flag: the eye”." in text
    assert "speaks of “refer to ophthalmology”" not in text


def test_red_flags_stand_first_among_what_unfolds() -> None:
    """In a notebook too: an action that comes before everything else has its heading before all others."""
    html = assessment_html_with_proofs(assessed("v3b-verrucous-zoster-resistant-in-vitro"), knowledge())
    headings = re.findall(r"<p><b>([^<]+)</b></p>", html)

    assert headings[1] == "Red flags: before everything else"
    assert "What sources say of it" in headings
