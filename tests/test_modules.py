"""Modules from outside the installation: added to the knowledge, in the place of nothing, shown as what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from refractory import KnowledgeBase
from refractory.cli import main
from refractory.errors import KnowledgeError, UsageError
from refractory.knowledge.files import KnowledgeFiles, default_root
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import rfy
from tests.support import CASES, NOTE, read_case, shipped
from tests.test_sources import DOSE, PREFIXES, WORDS

HERE = "ontology/facts/temporary"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """Return a module that brings one source with another dose."""
    return written(tmp_path / "module", {"temporary": PREFIXES + DOSE, "temporary-words": PREFIXES + WORDS})


def written(folder: Path, files: dict[str, str]) -> Path:
    """Write the Turtle files of a source into a module's folder, and return that folder."""
    facts = folder / HERE
    facts.mkdir(parents=True)
    for name, text in files.items():
        (facts / f"{name}.ttl").write_text(text, encoding="utf-8")
    return folder


def disputed(kb: KnowledgeBase) -> set[str]:
    """Return whose doses stand in the disagreement about the dose of the golden case of the design."""
    answer = kb.assess(read_case("design-example"), questions=False).to_json()
    return {name for c in answer["conflicts"] if c.get("name") == "DoseDisagreement" for name in c["between"]}


def test_a_module_is_added_to_what_is_shipped(module: Path) -> None:
    """Its source speaks beside the others, and the knowledge has another hash."""
    kb = KnowledgeBase.load(module)

    assert disputed(kb) == disputed(shipped()) | {"temporary"}
    assert kb.hash != shipped().hash
    assert {source.id for source in kb.guidance} == {source.id for source in shipped().guidance} | {"temporary"}


def test_two_modules_are_both_added(module: Path, tmp_path: Path) -> None:
    """Modules stand beside each other, in whatever order they are named."""
    other = tmp_path / "other"
    (other / "ontology" / "modules").mkdir(parents=True)
    (other / "ontology" / "modules" / "elsewhere.ttl").write_text(f"{PREFIXES} rfy:Elsewhere a rfy:ClinicalFact .")
    one, two = Knowledge.load([module, other]), Knowledge.load([other, str(module)])

    assert one.hash == two.hash
    assert rfy("Elsewhere") in one.individuals


def test_the_files_of_a_module_tell_where_they_stand(module: Path) -> None:
    """A message about a file names the file that there is."""
    files = KnowledgeFiles.gather([module])

    assert set(files.added) == {f"{HERE}/temporary.ttl", f"{HERE}/temporary-words.ttl"}
    assert files.actual(f"{HERE}/temporary.ttl") == module / HERE / "temporary.ttl"
    assert files.actual("ontology/refractory.ttl") == default_root() / "ontology/refractory.ttl"


def test_a_module_replaces_no_file(module: Path, tmp_path: Path) -> None:
    """A file that is there already is refused, with where it is and what to do; of modules among themselves too."""
    rule = tmp_path / "rule"
    (rule / "queries" / "reason").mkdir(parents=True)
    (rule / "queries" / "reason" / "failure-is-in-scope.rq").write_text("anything")
    with pytest.raises(KnowledgeError) as error:
        Knowledge.load(rule)
    assert "failure-is-in-scope.rq" in str(error.value)
    assert str(default_root()) in str(error.value)

    twin = written(tmp_path / "twin", {"temporary": PREFIXES + DOSE})
    with pytest.raises(KnowledgeError, match=r"temporary\.ttl"):
        Knowledge.load([module, twin])


def test_a_folder_with_a_front_door_stands_in_the_place_of_the_shipped_one(module: Path) -> None:
    """The shipped folder, named, is what is used without naming it; two such folders are refused."""
    assert Knowledge.load(default_root()).hash == shipped().hash
    assert KnowledgeBase.load([default_root(), module]).hash == KnowledgeBase.load(module).hash
    with pytest.raises(UsageError, match="two folders"):
        Knowledge.load([default_root(), default_root()])


def test_a_folder_that_adds_nothing_is_refused(tmp_path: Path) -> None:
    """A path beside the one that was meant must not read as a module without an effect."""
    (tmp_path / "ontology").mkdir()
    with pytest.raises(UsageError, match="neither a knowledge nor a module"):
        Knowledge.load(tmp_path)


def test_a_module_with_a_leading_source_leads_after_the_note(tmp_path: Path) -> None:
    """What led before still leads, also before a source whose name comes first in the alphabet."""
    words = WORDS.replace("rfy:standsBeside rfy:valacyclovir-failure ;", "").replace("temporary", "another")
    folder = tmp_path / "module" / "ontology" / "facts" / "another"
    folder.mkdir(parents=True)
    (folder / "another-words.ttl").write_text(PREFIXES + words, encoding="utf-8")
    guidance = [source.id for source in Knowledge.load(tmp_path / "module").guidance]

    assert guidance[:2] == [NOTE, "another"]


def test_a_module_may_bring_codes(tmp_path: Path) -> None:
    """A term of a module is known by the codes that its own table gives it."""
    folder = tmp_path / "module" / "ontology"
    (folder / "modules").mkdir(parents=True)
    (folder / "alignments").mkdir()
    (folder / "modules" / "elsewhere.ttl").write_text(f"{PREFIXES} rfy:Elsewhere a rfy:ClinicalFact .")
    (folder / "alignments" / "elsewhere.sssom.tsv").write_text(
        "#curie_map:\n#  XX: https://example.org/xx/\nsubject_id\tpredicate_id\tobject_id\n"
        "rfy:Elsewhere\tskos:exactMatch\tXX:1\n"
    )
    knowledge = Knowledge.load(tmp_path / "module")

    assert knowledge.names.find("XX:1") == rfy("Elsewhere")
    assert knowledge.names.find("https://example.org/xx/1") == rfy("Elsewhere")


def test_the_command_takes_modules(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--knowledge` adds; every answer says which sources were used."""
    case = str(CASES / "design-example" / "case.json")
    assert main(["assess", case, "--knowledge", str(module), "--format", "json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert "temporary" in [source["id"] for source in answer["guidance"]]
    assert answer["knowledgeHash"] == KnowledgeBase.load(module).hash
