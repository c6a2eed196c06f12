"""`refractory guidance new`: what it makes is sound as it stands, says that it is invented, and takes no name twice."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import QuerySolutions, RdfFormat, Store

from refractory.cli.main import main
from refractory.errors import UsageError
from refractory.guidance.new import MOST, new_module, skeleton
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge, load_files
from refractory.knowledge.rule_graph import rule_triples
from tests.guidance.modules import NAME, SLUG, module
from tests.support import ROOT, shipped

FAULTS = sorted((ROOT / "queries" / "hygiene").glob("*.rq"))


def test_the_skeleton_passes_its_own_test_completely(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The two commands, one after the other, as the README of the module has them."""
    assert main(["guidance", "new", NAME, "--in", str(tmp_path)]) == 0
    assert str(tmp_path / NAME / "README.md") in capsys.readouterr().out
    assert main(["guidance", "test", "--complete", str(tmp_path / NAME)]) == 0


def test_the_skeleton_has_a_source_a_case_and_what_to_do_next(tmp_path: Path) -> None:
    """These files, and no other; every one that says something clinical says that it is invented."""
    root = module(tmp_path)
    made = {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in root.rglob("*") if path.is_file()}
    facts, cases = f"ontology/facts/{NAME}/{NAME}", f"tests/cases/{SLUG}"

    assert {
        "README.md",
        f"{facts}.ttl",
        f"{facts}-words.ttl",
        f"{cases}/story.md",
        f"{cases}/case.json",
        f"{cases}/expected.json",
    } == set(made)
    assert "$" not in "".join(made.values())
    for path in ("README.md", f"{facts}.ttl", f"{facts}-words.ttl", f"{cases}/story.md"):
        assert "REPLACE ME" in made[path], path
        assert "invented" in made[path], path


@cache
def skeleton_knowledge() -> Knowledge:
    """Return the shipped knowledge with the skeleton laid on it."""
    base = shipped().knowledge
    made = {path: text.encode() for path, text in skeleton(NAME, base).items() if path.startswith("ontology/")}
    return load_files(KnowledgeFiles(base.files.root, {**base.files.contents, **made}))


@cache
def store() -> Store:
    """Return ontology, shapes and alignments with the skeleton, and the rules as triples."""
    knowledge = skeleton_knowledge()
    filled = Store()
    for path, content in knowledge.files.contents.items():
        if path.endswith(".ttl"):
            # One file at a time: its blank nodes meet those of no other.
            filled.bulk_load(content, format=RdfFormat.TURTLE)
    text = "".join(f"{triple} .\n" for triple in rule_triples(knowledge.rules))
    filled.load(text.encode(), format=RdfFormat.N_TRIPLES)
    return filled


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: str(path.stem))
def test_no_hygiene_query_finds_a_fault_in_the_skeleton(path: Path) -> None:
    """A module is opened by no front door, since it is laid on from outside; nothing else is found."""
    rows = store().query(path.read_text(encoding="utf-8"))
    assert isinstance(rows, QuerySolutions)
    found = [str(row["entity"]) for row in rows]
    expected = [f"<https://w3id.org/refractory/ontology/facts/{NAME}/{NAME}{end}>" for end in ("", "-words")]

    assert (expected if path.stem == "module-that-nobody-imports" else []) == sorted(found, key=len)


def test_the_skeleton_stands_beside_the_leading_source() -> None:
    """It leads nothing, and its statement is one of its own."""
    knowledge = skeleton_knowledge()

    assert shipped().guidance[0] == knowledge.guidance[0]
    assert NAME in {source.id for source in knowledge.guidance}
    assert [f"{NAME}-1"] == [name for name, said in knowledge.statements.items() if said.source == NAME]


@pytest.mark.parametrize(
    "name",
    ["", "My-Clinic", "my_clinic", "my clinic", "-clinic", "clinic-", "my--clinic", "1clinic", "../clinic", "clínic",
     "x-words", "a" * (MOST + 1), "clinic\n"],
)  # fmt: skip
def test_a_name_that_a_module_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    """The message says what is allowed, and nothing is made."""
    with pytest.raises(UsageError, match="a module cannot be called") as caught:
        new_module(name, tmp_path, shipped().knowledge)

    assert "small letters and digits" in caught.value.fix
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "has"), [("eacs", "eacs"), ("acyclovir", "Acyclovir"), ("prioh", "prioh-1")])
def test_a_name_that_the_knowledge_has_is_refused(tmp_path: Path, name: str, has: str) -> None:
    """It may be a source's, a drug's in any letter case, or that of a statement which the new files would speak of."""
    with pytest.raises(UsageError, match=f"the knowledge has {has} already"):
        new_module(name, tmp_path, shipped().knowledge)

    assert [] == list(tmp_path.iterdir())


def test_the_longest_name_is_allowed(tmp_path: Path) -> None:
    """What is one character longer is refused above."""
    assert new_module("a" * MOST, tmp_path, shipped().knowledge)


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of that name stays as it is."""
    (tmp_path / NAME).mkdir()
    assert main(["guidance", "new", NAME, "--in", str(tmp_path)]) == 2

    assert "already" in capsys.readouterr().err
    assert [] == list((tmp_path / NAME).iterdir())


def test_a_folder_that_is_none_is_a_wrong_call(tmp_path: Path) -> None:
    """The module's folder is made, and not the one above it."""
    assert main(["guidance", "new", NAME, "--in", str(tmp_path / "none")]) == 2
