"""What changed is told, with the cases that get another answer; and a version that is too small for it is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pyoxigraph import BlankNode, Quad, RdfFormat, Triple, parse, serialize

from refractory import KnowledgeBase
from refractory.cli import main
from refractory.errors import UsageError
from refractory.guidance.diff.content import ContentChange, content_changes
from refractory.guidance.diff.diff import diff_guidance
from refractory.guidance.diff.markdown import markdown
from refractory.guidance.diff.result import GuidanceDiff
from refractory.guidance.diff.text import text
from refractory.guidance.golden import golden_cases, projected
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.headers import read_query
from refractory.knowledge.knowledge import Knowledge, load_files
from tests.support import CASES, NOTE, ROOT, knowledge_with, shipped, shipped_files
from tests.test_sources import DOSE, PREFIXES, WORDS

SCHEMA = json.loads((ROOT / "schemas" / "guidance-diff.schema.json").read_text(encoding="utf-8"))
SHIPPED = "shipped"

EACS, EACS_WORDS = "ontology/facts/eacs/eacs.ttl", "ontology/facts/eacs/eacs-words.ttl"
NOTE_WORDS = "ontology/facts/valacyclovir-failure/source-words.ttl"
FRONT_DOOR = "ontology/refractory.ttl"
REFERRAL = "queries/reason/failure-is-referred-promptly.rq"

DRUGS = "ontology/modules/antivirals-words.ttl"
SYNONYM = "aciclovir"
MISSED = ("name", f"Acyclovir: {SYNONYM}")

STATEMENT = """
rfy:eacs-99 a rfy:Statement ; rdfs:label "Invented"@en ; rfy:paraphrase "So says nobody."@en ;
    rfy:ofGuidance rfy:eacs ; rfy:statementNumber 99 ; rfy:place "nowhere"@en ; rfy:hasModality rfy:AssertedModality .
"""

Edit = Callable[[str], str]


def replaced(old: str, new: str) -> Edit:
    """Return what replaces a text that a file holds; one that it does not hold would plant nothing."""

    def edit(content: str) -> str:
        assert old in content
        return content.replace(old, new)

    return edit


def raised(old: str, new: str) -> Edit:
    """Return what raises the version that a file says."""
    return replaced(f'owl:versionInfo "{old}"', f'owl:versionInfo "{new}"')


def with_edits(edits: dict[str, Edit]) -> Knowledge:
    """Return the shipped knowledge with some files edited."""
    contents = shipped_files().contents
    return knowledge_with({path: edit(contents[path].decode()) for path, edit in edits.items()})


def changed(edits: dict[str, Edit]) -> dict[tuple[str, str], ContentChange]:
    """Return what changed against the shipped knowledge, by sort and name."""
    return {change.key: change for change in content_changes(shipped().knowledge, with_edits(edits))}


@pytest.fixture
def copy(tmp_path: Path) -> Callable[..., str]:
    """Return a function that copies the whole knowledge into a folder, with edits, and returns the folder."""

    def copied(edits: dict[str, Edit] | None = None, without: str = "", name: str = "new") -> str:
        folder = tmp_path / name
        for part in ("ontology", "queries", "schemas"):
            shutil.copytree(ROOT / part, folder / part)
        for path, edit in (edits or {}).items():
            (folder / path).write_text(edit((folder / path).read_text(encoding="utf-8")), encoding="utf-8")
        if without:
            (folder / without).unlink()
        return str(folder)

    return copied


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Return a folder with one plain case, which all sources answer."""
    folder = tmp_path / "some-cases"
    folder.mkdir()
    shutil.copy(CASES / "design-example" / "case.json", folder / "example.json")
    return folder


def module(folder: Path, files: dict[str, str]) -> str:
    """Write a module that brings one source, and return its folder."""
    facts = folder / "ontology" / "facts" / "temporary"
    facts.mkdir(parents=True)
    for name, content in files.items():
        (facts / f"{name}.ttl").write_text(content, encoding="utf-8")
    return str(folder)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command, and return its exit code and its JSON, which is as its schema says."""
    code = main(["guidance", "diff", *arguments, "--format", "json"])
    out, err = capsys.readouterr()
    assert err == ""
    found: dict[str, Any] = json.loads(out)
    assert [] == list(Draft202012Validator(SCHEMA).iter_errors(found))
    return code, found


def version_of(found: dict[str, Any], owner: str) -> dict[str, Any]:
    """Return what is said of one version."""
    (version,) = (version for version in found["versions"] if version["of"] == owner)
    return version  # type: ignore[no-any-return]


@cache
def without_promptness() -> Knowledge:
    """Return the shipped knowledge with a rule that gives another urgency."""
    return with_edits({REFERRAL: replaced("urgesPromptly", "urgesRoutinely")})


# ---- nothing ----


def test_the_same_knowledge_differs_in_nothing(capsys: pytest.CaptureFixture[str], cases: Path) -> None:
    """No change, no case, no version; the exit code is 0."""
    code, found = told(capsys, SHIPPED, str(ROOT), "--cases", str(cases))

    assert code == 0
    assert ("none", [], [], [], 1) == tuple(
        found[key] for key in ("needs", "versions", "content", "cases", "casesCompared")
    )


def relabelled(content: bytes) -> bytes:
    """Return a Turtle file with its triples turned round and its blank nodes called by other names."""
    names: dict[BlankNode, BlankNode] = {}

    def other(node: Any) -> Any:
        return names.setdefault(node, BlankNode(f"z{len(names)}")) if isinstance(node, BlankNode) else node

    triples = [
        Triple(other(quad.subject), quad.predicate, other(quad.object))
        for quad in parse(content, format=RdfFormat.TURTLE)
    ]
    written = serialize((Quad(t.subject, t.predicate, t.object) for t in reversed(triples)), format=RdfFormat.N_TRIPLES)
    assert written is not None
    return written


def test_names_of_blank_nodes_and_the_order_of_files_say_nothing() -> None:
    """Every Turtle file turned round and renamed, every rule with other layout and comments: nothing changed."""
    contents = {
        path: relabelled(content)
        if path.endswith(".ttl")
        else content.replace(b"\n  ", b"\n      # said otherwise\n\t")
        if path.startswith("queries/reason/")
        else content
        for path, content in shipped_files().contents.items()
    }
    turned = load_files(KnowledgeFiles(shipped_files().root, contents))

    assert turned.hash != shipped().hash
    assert () == content_changes(shipped().knowledge, turned)


def test_a_fact_that_moves_between_files_of_a_guidance_is_no_change() -> None:
    """The files of a guidance are its own to cut."""
    cut = "rfy:ClinicalResponse a rfy:EndPoint .\n"

    assert {} == changed({EACS: replaced(cut, ""), EACS_WORDS: lambda content: content + cut})


def test_the_order_of_the_parts_of_a_class_says_nothing() -> None:
    """An intersection is the same from either end."""
    parts = ("rfy:CaseOfResistanceToActOn", "rfy:CaseWithoutFoscarnet")

    assert {} == changed({EACS: replaced(f"( {' '.join(parts)} )", f"( {' '.join(reversed(parts))} )")})


# ---- content ----


def test_an_axiom_in_a_blank_node_that_changes_is_told() -> None:
    """What a class expression says is compared, though it has no name."""
    found = changed(
        {
            EACS: replaced(
                "owl:onProperty rfy:hasUnavailable ; owl:hasValue rfy:FoscarnetIntravenous",
                "owl:onProperty rfy:hasUnavailable ; owl:hasValue rfy:CidofovirIntravenous",
            )
        }
    )

    before = "hasUnavailable value FoscarnetIntravenous SubClassOf CaseWithoutFoscarnet"
    after = "hasUnavailable value CidofovirIntravenous SubClassOf CaseWithoutFoscarnet"
    assert {("axiom", before): "removed", ("axiom", after): "added"} == {key: c.what for key, c in found.items()}
    assert {("eacs",)} == {change.owners for change in found.values()}


def test_an_annotated_axiom_goes_by_its_name() -> None:
    """An axiom with an identifier is changed, and not another one."""
    found = changed(
        {
            EACS: replaced(
                "( rfy:CaseOfResistanceToActOn rfy:CaseWithoutFoscarnet )",
                "( rfy:CaseWithoutFoscarnet rfy:FailingCase )",
            )
        }
    )
    change = found["axiom", "resistance-without-foscarnet"]

    assert [("axiom", "resistance-without-foscarnet")] == list(found)
    assert ("changed", "meaning") == (change.what, change.depth)
    assert (
        "(CaseOfResistanceToActOn and CaseWithoutFoscarnet) SubClassOf CaseOfResistanceWithoutFoscarnet",
    ) == change.before


@pytest.mark.parametrize(
    ("path", "old", "new", "key", "how"),
    [
        (EACS_WORDS, "a rfy:Statement", "a rfy:Gap", ("statement", "eacs-1"), "removed: meaning"),
        (EACS, "rfy:doseMgPerKg 90.0", "rfy:doseMgPerKg 80.0", ("term", "eacs-foscarnet-regimen"), "changed: meaning"),
        (EACS, "rfy:Cidofovir .", "rfy:Acyclovir .", ("term", "UseIntravenousCidofovir"), "changed: meaning"),
        (EACS, ":speaksOf rfy:Apply", ":speaksOf rfy:U", ("position", "eacs-topical-cidofovir"), "changed: meaning"),
        (REFERRAL, "title: ", "title: Indeed ", ("rule", "failure-is-referred-promptly"), "changed: words"),
        (REFERRAL, "encodes: ", "encodes: eacs-1, ", ("rule", "failure-is-referred-promptly"), "changed: meaning"),
        (
            "ontology/shapes/patient-shapes.ttl", "sh:path rfy:ageYears", "sh:path rfy:weightKg",
            ("shape", "PatientShape-ageYears"), "changed: meaning",
        ),
        (
            "ontology/alignments/codes.sssom.tsv", "\tRxNorm:281\t", "\tRxNorm:282\t",
            ("code", "Acyclovir RxNorm:281"), "removed: meaning",
        ),
    ],
)  # fmt: skip
def test_each_sort_of_change_is_told_by_name(path: str, old: str, new: str, key: tuple[str, str], how: str) -> None:
    """Statements, positions, terms, rules, shapes and codes, with what was and what is."""
    change = changed({path: replaced(old, new)})[key]

    assert how == f"{change.what}: {change.depth}"
    assert change.before
    assert change.before != change.after


def test_a_name_that_a_case_may_use_is_missed_and_another_label_is_words() -> None:
    """A synonym that goes breaks cases that use it; one that becomes the label does not; nor does a definition."""
    content = shipped_files().contents[DRUGS].decode()
    label, synonym = '"acyclovir"@en', f'"{SYNONYM}"@en'
    assert (1, 1) == (content.count(f"rdfs:label {label}"), content.count(f"skos:altLabel {synonym}"))
    gone = changed({DRUGS: replaced(synonym, '"another name"@en')})
    turned = changed(
        {
            DRUGS: lambda _: content.replace(f"rdfs:label {label}", f"rdfs:label {synonym}").replace(
                f"skos:altLabel {synonym}", f"skos:altLabel {label}"
            )
        }
    )

    assert ("removed", True) == (gone[MISSED].what, gone[MISSED].breaks)
    assert gone["name", "Acyclovir: another name"].what == "added"
    assert {("term", "Acyclovir"): "words"} == {key: change.depth for key, change in turned.items()}


# ---- versions ----


def test_words_alone_are_a_patch(capsys: pytest.CaptureFixture[str], copy: Callable[..., str], cases: Path) -> None:
    """Without another version the exit code is 1, with the third number raised it is 0; no answer is another."""
    said = {
        EACS_WORDS: replaced("rfy:eacs-1 a rfy:Statement", 'rfy:eacs-1 rfy:paraphrase "Reworded."@en ; a rfy:Statement')
    }
    code, found = told(capsys, SHIPPED, copy(said), "--cases", str(cases))

    assert code == 1
    assert ("patch", []) == (found["needs"], found["cases"])
    assert {"eacs": "1.0.1", "ontology": "1.0.1"} == {version["of"]: version["least"] for version in found["versions"]}

    for path in (EACS_WORDS, FRONT_DOOR):
        edit = said.get(path, str)
        said[path] = lambda content, edit=edit: raised("1.0.0", "1.0.1")(edit(content))  # type: ignore[misc]

    assert told(capsys, SHIPPED, copy(said, name="right"), "--cases", str(cases))[0] == 0


def test_an_added_statement_is_minor(capsys: pytest.CaptureFixture[str], copy: Callable[..., str], cases: Path) -> None:
    """A patch is too small for it."""
    added: dict[str, Edit] = {
        EACS_WORDS: lambda content: raised("1.0.0", "1.0.7")(content) + STATEMENT,
        FRONT_DOOR: raised("1.0.0", "1.1.0"),
    }
    code, found = told(capsys, SHIPPED, copy(added), "--cases", str(cases))

    assert (1, "minor", []) == (code, found["needs"], found["cases"])
    assert version_of(found, "eacs")["reasons"] == ["statement eacs-99 is added"]
    assert "1.1.0 at least" in version_of(found, "eacs")["fault"]
    assert version_of(found, "ontology")["enough"]


def test_a_removed_rule_is_major_even_if_no_case_shows_it(
    capsys: pytest.CaptureFixture[str], copy: Callable[..., str], cases: Path
) -> None:
    """Others may name it; what needs no change is not asked for one."""
    rule = "failing-zoster-with-hiv-meets-the-unfinished-line"
    code, found = told(capsys, SHIPPED, copy(without=f"queries/reason/{rule}.rq"), "--cases", str(cases))

    assert (1, "major") == (code, found["needs"])
    assert {"refractory-reading", "ontology"} == {version["of"] for version in found["versions"]}
    assert f"rule {rule} is removed" in version_of(found, "refractory-reading")["reasons"]


def test_a_version_that_goes_back_is_refused(
    capsys: pytest.CaptureFixture[str], copy: Callable[..., str], cases: Path
) -> None:
    """Nothing else changed, and still nobody could tell the two apart."""
    code, found = told(capsys, SHIPPED, copy({EACS_WORDS: raised("1.0.0", "0.9.0")}), "--cases", str(cases))

    assert (1, "none", []) == (code, found["needs"], found["content"])
    assert "went back" in version_of(found, "eacs")["fault"]


# ---- answers ----


@pytest.fixture(scope="module")
def otherwise(tmp_path_factory: pytest.TempPathFactory) -> GuidanceDiff:
    """Return what differs over all golden cases when a rule gives another urgency."""
    folder = tmp_path_factory.mktemp("otherwise")
    for part in ("ontology", "queries", "schemas"):
        shutil.copytree(ROOT / part, folder / part)
    rule = folder / REFERRAL
    rule.write_text(replaced("urgesPromptly", "urgesRoutinely")(rule.read_text(encoding="utf-8")), encoding="utf-8")
    return diff_guidance(SHIPPED, str(folder), CASES, names=("1.0.0", "next"))


def test_exactly_the_cases_with_another_answer_are_named(otherwise: GuidanceDiff) -> None:
    """They are those whose answers, projected as golden tests do it, differ; each because of the changed rule."""
    expected = set()
    bases: dict[Any, tuple[KnowledgeBase, KnowledgeBase]] = {}
    for case in golden_cases(CASES):
        sources = case.sources(shipped().knowledge)
        if sources not in bases:
            both = (load_files(k.files, sources) for k in (shipped().knowledge, without_promptness()))
            first, second = map(KnowledgeBase, both)
            bases[sources] = first, second
        one, two = (projected(kb.assess(case.case, questions=False).to_json()) for kb in bases[sources])
        if one != two:
            expected.add(case.slug)

    assert expected
    assert expected == {case.case for case in otherwise.answered_otherwise}
    assert {(("rule", "failure-is-referred-promptly"),)} == {
        tuple(change.key for change in case.because) for case in otherwise.cases
    }
    assert otherwise.compared == len(list(CASES.glob("*/case.json")))
    assert {"ontology": "2.0.0", NOTE: "2.0.0"} == {check.owner: check.least for check in otherwise.faults}


def test_old_and_new_stand_side_by_side_with_what_carries_them(otherwise: GuidanceDiff) -> None:
    """The urgency is another, and the step of the proof that gives it; nothing else of the proof is told."""
    (conclusion,) = otherwise.answered_otherwise[0].conclusions
    (before,), (after,) = conclusion.grounds.before, conclusion.grounds.after

    assert ("changes", "recommendation", "ReferToInfectiousDiseases") == (conclusion.what, *conclusion.key[:2])
    assert ("Prompt", "Routine") == (conclusion.before["urgency"], conclusion.after["urgency"])  # type: ignore[index]
    assert {"failure-is-referred-promptly"} == {before.name, after.name}
    assert {("valacyclovir-failure-45",)} == {before.statements, after.statements}
    assert "urges promptly" in before.concludes
    assert "urges routinely" in after.concludes


def test_the_same_answer_on_other_grounds_is_told_apart(otherwise: GuidanceDiff) -> None:
    """Where a second rule gives the urgency all the same, the answer stays, and its proof is another."""
    case = next(c for c in otherwise.on_other_grounds if any(g.grounds.after for g in c.conclusions))
    stays = case.conclusions[0]

    assert "stays" == stays.what
    assert stays.before == stays.after
    assert {"failure-is-referred-promptly"} == {ground.name for ground in stays.grounds.before}
    assert "failure-is-referred-promptly" not in {ground.name for ground in stays.grounds.after}


def test_text_and_markdown_say_the_same(otherwise: GuidanceDiff) -> None:
    """Every case, both sides, the rule, and the version that is too small; Markdown is a section of a page."""
    shown, page = text(otherwise), markdown(otherwise)

    for case in otherwise.answered_otherwise:
        assert case.case in shown
        assert f"#### {case.case}\n" in page
    assert "urgency              Prompt                                     Routine" in shown
    assert "| changes | recommendation: refer to infectious diseases, urgency | Prompt | Routine |" in page
    assert page.startswith("## next, compared with 1.0.0\n")
    for form in (shown, page):
        assert "asks for 2.0.0 at least" in form
        assert "failure-is-referred-promptly: the case urges routinely" in form
    assert max(map(len, shown.splitlines())) <= 110


def test_a_dose_that_changes_is_major_for_its_source_and_no_other(
    capsys: pytest.CaptureFixture[str], copy: Callable[..., str], tmp_path: Path
) -> None:
    """No rule reads a regimen, and yet the answer is another; and the source is told that says it."""
    slug = "beside-aids-herpes-foscarnet-at-hand"
    shutil.copytree(CASES / slug, tmp_path / "golden" / slug)
    folder = copy(
        {EACS: replaced("rfy:doseMgPerKg 90.0", "rfy:doseMgPerKg 80.0"), FRONT_DOOR: raised("1.0.0", "2.0.0")}
    )
    code, found = told(capsys, SHIPPED, folder, "--cases", str(tmp_path / "golden"))
    positions = [
        c for c in found["cases"][0]["conclusions"] if (c["sort"], c["name"]) == ("position", "eacs-foscarnet")
    ]

    assert code == 1
    assert {"eacs": False, "ontology": True} == {version["of"]: version["enough"] for version in found["versions"]}
    assert version_of(found, "eacs")["reasons"] == [f"case {slug} gets another answer"]
    assert (90, 80) == tuple(positions[0][side]["regimens"][0]["dose"] for side in ("before", "after"))


def test_each_source_is_asked_for_its_own_change(
    capsys: pytest.CaptureFixture[str], copy: Callable[..., str], tmp_path: Path
) -> None:
    """A dose of one source and a rule of another change the same case; a third only gets another statement."""
    slug = "beside-aids-herpes-foscarnet-at-hand"
    shutil.copytree(CASES / slug, tmp_path / "golden" / slug)
    other = "ontology/facts/red-flags/red-flags-words.ttl"
    rule = "queries/reason/resistance-to-act-on-is-referred-at-once.rq"
    edits: dict[str, Edit] = {
        EACS: replaced("rfy:doseMgPerKg 90.0", "rfy:doseMgPerKg 80.0"),
        rule: replaced("urgesImmediately", "urgesRoutinely"),
        other: lambda content: content + STATEMENT.replace("eacs", "red-flags"),
    }
    _, found = told(capsys, SHIPPED, copy(edits), "--cases", str(tmp_path / "golden"))
    of_rule = {name.rpartition("-")[0] for name in read_query("", rule, shipped_files().contents[rule]).list("encodes")}

    assert [slug] == [case["case"] for case in found["cases"] if case["answeredOtherwise"]]
    needs = {version["of"]: version["needs"] for version in found["versions"]}
    assert {"ontology": "major", "eacs": "major", "red-flags": "minor"} | dict.fromkeys(of_rule, "major") == needs


def test_a_label_in_an_answer_is_words(
    capsys: pytest.CaptureFixture[str], copy: Callable[..., str], cases: Path
) -> None:
    """An end point stands in an answer by its label; another label is no other answer."""
    path = next(p for p, c in shipped_files().contents.items() if b'"clinical resolution"@en' in c)
    folder = copy({path: replaced('"clinical resolution"@en', '"clinical healing"@en')})
    _, found = told(capsys, SHIPPED, folder, "--cases", str(cases))

    assert [] == found["cases"]
    assert found["needs"] == "patch"


def test_the_page_shows_what_is_printed(copy: Callable[..., str], tmp_path: Path) -> None:
    """The example in `docs/guidance-diff.md` is real, but for the hashes of the knowledge."""
    slug = "contradicted-dose-unknown"
    shutil.copytree(CASES / slug, tmp_path / "golden" / slug)
    edits = {
        REFERRAL: replaced("urgesPromptly", "urgesRoutinely"),
        NOTE_WORDS: raised("1.0.0", "1.1.0"),
        FRONT_DOOR: raised("1.0.0", "2.0.0"),
    }
    found = diff_guidance(SHIPPED, copy(edits), tmp_path / "golden", names=("shipped", "next"))
    shown = re.sub(r" \(knowledge [0-9a-f]+\)", "", text(found))

    assert f"```text\n{shown}```" in (ROOT / "docs" / "guidance-diff.md").read_text(encoding="utf-8")


# ---- modules ----


def test_a_new_module_is_held_to_no_version_and_its_effect_is_told(
    capsys: pytest.CaptureFixture[str], cases: Path, tmp_path: Path
) -> None:
    """What it adds, and that the case gets another answer; no shipped file changed, and so no version of them need."""
    new = module(tmp_path / "module", {"temporary": PREFIXES + DOSE, "temporary-words": PREFIXES + WORDS})
    code, found = told(capsys, SHIPPED, new, "--cases", str(cases))

    assert code == 0
    assert [("temporary", None, "1.0.0", "major")] == [
        tuple(version[key] for key in ("of", "old", "new", "needs")) for version in found["versions"]
    ]
    assert {"added"} == {change["change"] for change in found["content"]}
    assert {"statement", "position", "guidance"} <= {change["sort"] for change in found["content"]}
    assert {("comes", "position", "temporary-dose")} <= {
        (c["change"], c["sort"], c["name"]) for c in found["cases"][0]["conclusions"]
    }


def test_a_case_of_a_source_that_is_new_is_held_against_what_the_source_is_laid_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Before, the same case was answered by the leading source; only what the module says comes."""
    new = module(tmp_path / "module", {"temporary": PREFIXES + DOSE, "temporary-words": PREFIXES + WORDS})
    golden = tmp_path / "cases" / "example"
    shutil.copytree(CASES / "design-example", golden)
    written = json.loads((golden / "expected.json").read_text(encoding="utf-8"))
    (golden / "expected.json").write_text(json.dumps({**written, "guidance": ["temporary"]}), encoding="utf-8")
    _, found = told(capsys, SHIPPED, new, "--cases", str(tmp_path / "cases"))
    (case,) = found["cases"]

    assert {("comes", "position", "temporary-dose"), ("comes", "disagreement", "DoseDisagreement")} == {
        (c["change"], c["sort"], c["name"]) for c in case["conclusions"]
    }


@pytest.mark.parametrize(("version", "code"), [("1.0.0", 1), ("1.1.0", 1), ("2.0.0", 0)])
def test_two_states_of_a_module(
    capsys: pytest.CaptureFixture[str], cases: Path, tmp_path: Path, version: str, code: int
) -> None:
    """Another dose in a module is a major change of its source, and of nothing that is shipped."""
    old = module(tmp_path / "old", {"temporary": PREFIXES + DOSE, "temporary-words": PREFIXES + WORDS})
    words = replaced('"1.0.0"', f'"{version}"')(WORDS)
    new = module(
        tmp_path / "new", {"temporary": PREFIXES + DOSE.replace("50.0", "55.0"), "temporary-words": PREFIXES + words}
    )
    ended, found = told(capsys, old, new, "--cases", str(cases))

    assert code == ended
    assert ["temporary"] == [said["of"] for said in found["versions"]]
    assert ("major", "2.0.0") == (found["needs"], found["versions"][0]["least"])


# ---- cases ----


def test_a_case_that_one_side_cannot_answer_is_a_difference(
    capsys: pytest.CaptureFixture[str], cases: Path, tmp_path: Path
) -> None:
    """The error is told; a case that neither answers is told too, and is not counted."""
    facts = tmp_path / "module" / "ontology" / "modules"
    facts.mkdir(parents=True)
    (facts / "elsewhere.ttl").write_text(f"{PREFIXES} rfy:Elsewhere a rfy:ClinicalFact .", encoding="utf-8")
    for name, fact in (("one-side", "Elsewhere"), ("no-side", "Nowhere")):
        case = {"id": f"https://example.org/case/{name}", "present": [fact]}
        (cases / f"{name}.json").write_text(json.dumps(case), encoding="utf-8")
    code, found = told(capsys, SHIPPED, str(tmp_path / "module"), "--cases", str(cases))

    assert (0, 2, ["no-side"]) == (code, found["casesCompared"], [case["case"] for case in found["unanswered"]])
    (case,) = found["cases"]
    assert ("one-side", True, "goes") == (case["case"], case["answeredOtherwise"], case["conclusions"][0]["change"])
    assert "Elsewhere" in case["errorBefore"]


def test_a_case_that_is_answered_no_more_is_major(
    capsys: pytest.CaptureFixture[str], copy: Callable[..., str], tmp_path: Path
) -> None:
    """A synonym is gone by which the case called a drug; the case that calls it otherwise is as before."""
    for name, drug in (("by-synonym", SYNONYM), ("by-name", "Acyclovir")):
        case = {"id": f"https://example.org/case/{name}", "allergies": [drug]}
        (tmp_path / f"{name}.json").write_text(json.dumps(case), encoding="utf-8")
    folder = copy({DRUGS: replaced(f'"{SYNONYM}"@en', '"another name"@en')})
    code, found = told(capsys, SHIPPED, folder, "--cases", str(tmp_path))

    assert (1, "major", ["by-synonym"]) == (code, found["needs"], [case["case"] for case in found["cases"]])
    assert SYNONYM in found["cases"][0]["errorAfter"]
    assert "case by-synonym gets no answer any more" in version_of(found, "ontology")["reasons"]


@pytest.mark.parametrize("answerable", [False, True])
def test_nothing_to_compare_is_an_error(tmp_path: Path, answerable: bool) -> None:
    """An empty folder, and one with cases that neither side understands, would pass as `nothing differs`."""
    if answerable:
        (tmp_path / "case.json").write_text('{"id": "https://example.org/c", "present": ["Nowhere"]}')

    with pytest.raises(UsageError, match="neither" if answerable else "no case"):
        diff_guidance(SHIPPED, SHIPPED, tmp_path)


def test_two_cases_of_one_name_are_refused(cases: Path) -> None:
    """Nobody could tell which of them differs."""
    (cases / "example").mkdir()
    shutil.copy(cases / "example.json", cases / "example" / "case.json")

    with pytest.raises(UsageError, match="two cases"):
        diff_guidance(SHIPPED, SHIPPED, cases)


def test_a_folder_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str], cases: Path) -> None:
    """With what may be given in its place."""
    assert main(["guidance", "diff", SHIPPED, "nowhere", "--cases", str(cases)]) == 2
    assert "nowhere" in capsys.readouterr().err
