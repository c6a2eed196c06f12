"""The steps of `CONTRIBUTING.md` are taken as they stand in a copy of the checkout, and their check can fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.documents import Block, DocumentError, Reader, blocks
from tests.support import ROOT, slugs

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = tuple(dict.fromkeys(line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## ")))

COPIED = ("ontology", "queries", "schemas", "src", "tests", "tools", "docs", "pyproject.toml", "*.md")

GOES_ON_FROM = {"A source": "A rule", "A release": "A term"}
"""A section whose example goes on from that of another: the other's steps are taken first, without its check."""

LEFT_OUT = {
    "A term": ("ontology/modules/conditions-words.ttl", "pytest -q tests/unit/test_ontology_words.py", "ExampleSign"),
    "A rule": (
        "ontology/facts/refractory-reading/statements-words.ttl",
        "refractory guidance check",
        "refractory-reading-37: a word of our namespace that nobody declares",
    ),
    "A source": (
        "queries/reason/an-age-over-110-is-outside-the-reference.rq",
        "refractory guidance check",
        "no rule encodes a statement",
    ),
    "A shape": ("tests/shapes/PatientShape-exampleAge/bad.ttl", "pytest -q tests/test_shapes.py", "bad.ttl"),
    "A case": ("tests/cases/example-resolved/story.md", "pytest -q tests/test_golden_cases.py", "story.md"),
    "A guidance module from outside": (
        "example-clinic/tests/cases/example-clinic-healed/story.md",
        "refractory guidance test",
        "story.md",
    ),
    "A release": (
        "ontology/refractory.ttl",
        "python tools/make_advice_changelog.py v0.1.0 --name",
        "the version stayed 1.0.0",
    ),
}
"""For each section the file whose step is left out, how the command that then fails begins, and what it names."""


def steps(section: str) -> list[Block]:
    """Return the blocks of a section, after those of the one from which it goes on."""
    found = blocks(PAGE)
    before = [block for block in found if block.section == GOES_ON_FROM.get(section) and block.file]
    return before + [block for block in found if block.section == section]


def as_released(folder: Path) -> None:
    """Make the copy a repository whose last release has the versions that the section on releases names.

    A few of the golden cases are enough, and quick; which ones does not matter.
    """
    for slug in slugs()[3:]:
        shutil.rmtree(folder / "tests" / "cases" / slug)
    front, version = folder / "ontology" / "refractory.ttl", folder / "src" / "refractory" / "version.py"
    said = front.read_text(encoding="utf-8")
    said = re.sub(r'(ontology/|versionInfo ")[0-9][0-9.]+([>"])', r"\g<1>1.0.0\2", said)
    front.write_text(re.sub(r'(modified ")[0-9-]+', r"\g<1>2026-11-22", said), encoding="utf-8")
    said = re.sub(r'VERSION: Final = ".*"', 'VERSION: Final = "0.1.0"', version.read_text(encoding="utf-8"))
    version.write_text(said, encoding="utf-8")
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false")
    for step in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "last"), ("tag", "v0.1.0")):
        subprocess.run(["git", "-C", str(folder), *identity, *step], check=True, capture_output=True)


@pytest.fixture
def contributor(tmp_path: Path, section: str) -> Reader:
    """Give one who works in a copy of the checkout, with the program and the knowledge of the copy."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for pattern in COPIED:
        found = list(ROOT.glob(pattern))
        assert found, pattern
        for path in found:
            if path.is_dir():
                shutil.copytree(path, folder / path.name)
            else:
                shutil.copy2(path, folder)
    if section == "A release":
        as_released(folder)
    return Reader(folder, {"PYTHONPATH": os.pathsep.join([str(folder / "src"), str(folder)])})


def test_each_section_has_a_step_whose_lack_is_seen() -> None:
    """No section stands without one, and every block stands in a section."""
    assert SECTIONS
    assert set(SECTIONS) == set(LEFT_OUT)
    assert set(SECTIONS) == {block.section for block in blocks(PAGE)}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_steps_of_a_section_pass_its_check(section: str, contributor: Reader) -> None:
    """Who does what the section says has what its check accepts."""
    contributor.follow(steps(section))


@pytest.mark.parametrize("section", SECTIONS)
def test_the_check_of_a_section_sees_a_step_left_out(section: str, contributor: Reader) -> None:
    """With one file not written or not changed as the section says, the named command of its check fails."""
    path, command, named = LEFT_OUT[section]
    taken = steps(section)
    lacking = next(block for block in taken if block.path == path and block.section == section)
    taken.remove(lacking)
    commands = [line for block in taken if block.language == "console" for line in block.text.splitlines()]
    contributor.follow([block for block in taken if block.language != "console" or block.line < lacking.line])
    (line,) = [line.removeprefix("$ ") for line in commands if line.startswith(f"$ {command}")]

    with pytest.raises(DocumentError, match=rf"(?s)ended with [1-9]\d*, not 0:.*{named}"):
        contributor.follow([Block("console", f"$ {line}\n...\n", lacking.line, section, "")])
