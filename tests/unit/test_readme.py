"""What the documents say is so: examples run, links lead somewhere, numbers are those of the code."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from pyoxigraph import NamedNode
from tests.documents import blocks, printed
from tests.support import CASES, ROOT, knowledge_with, read_case, shipped

from refractory import KnowledgeBase
from refractory.case import limits
from refractory.checker.check import Checker, check_conclusions
from refractory.cli.main import root
from refractory.cli.options import DEFAULT_TIMEOUT
from refractory.errors import (
    ContradictionError,
    KnowledgeError,
    LimitError,
    NonConformingError,
    RefusedError,
    UsageError,
)
from refractory.render.assessment import assessment_text
from refractory.render.words import Words
from refractory.vocabulary import local_name

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SLUG = "v3b-verrucous-zoster-resistant-in-vitro"


def shown_in(language: str) -> list[str]:
    """Return the code blocks of the README in one language."""
    found = [block.text for block in blocks(README) if block.language == language]
    assert found
    return found


def test_the_case_shown_is_the_published_case() -> None:
    """The JSON of the worked example is the file that the command reads."""
    (shown,) = shown_in("json")

    assert json.loads((CASES / SLUG / "case.json").read_text(encoding="utf-8")) == json.loads(shown)


def test_the_answer_shown_is_the_answer() -> None:
    """Each piece between the marks of omission stands in the real answer, line by line and in this order."""
    shown = next(block for block in shown_in("text") if "STATUS OF RESISTANCE" in block)
    answer = assessment_text(shipped().assess(read_case(SLUG)), shipped().knowledge)
    place = 0
    for piece in shown.split("(...)\n"):
        found = answer.find(piece, place)

        assert found >= 0, piece
        place = found + len(piece)


def test_the_python_example_prints_what_it_says() -> None:
    """The example runs as it stands."""
    ((code, said),) = printed(blocks(README), "python")
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code.text, "README.md", "exec"), {})  # noqa: S102 - our own text

    assert said == output.getvalue()


def test_the_two_commands_name_what_there_is() -> None:
    """One command sets up and assesses a published case, one sets up and passes the tests."""
    assess, test, *_ = shown_in("sh")

    assert assess.startswith("python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/refractory assess ")
    assert (ROOT / assess.split()[-1]).is_file()
    assert test == "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest -q -n auto\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    """No page points into nothing, and none names a path of some machine."""
    text = page.read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]

    assert [] == [target for target in targets if not (page.parent / target.partition("#")[0]).exists()]
    assert not re.search(r"(?<![\w.])/(work|home|tmp|root|Users)/", text)


def test_the_floor_plan_names_every_room() -> None:
    """No room of the house is missing from the plan in the README."""
    house = ROOT / "src" / "refractory"
    rooms = [path.parent.name for path in house.glob("*/__init__.py")]

    assert rooms
    assert [] == [room for room in rooms if not re.search(rf"\b{room}\b", README)]


@pytest.mark.parametrize("page", ["README.md", "docs/limits.md"])
def test_the_limits_are_those_of_the_code(page: str) -> None:
    """A limit that changes in the code changes in the documents."""
    text = (ROOT / page).read_text(encoding="utf-8")
    values = [limits.MAX_BYTES, limits.MAX_TRIPLES, limits.MAX_ENTRIES, limits.MAX_TEXT, limits.MAX_DEPTH]
    if page != "README.md":
        values += [limits.MAX_IDENTIFIER, limits.MAX_NUMBER]

    assert [] == [value for value in values if not re.search(rf"\b{value:,}\b", text)]
    assert f"{DEFAULT_TIMEOUT:g} seconds" in text


def test_the_commands_and_exit_codes_are_documented() -> None:
    """Every command, every form of output and every exit code stands in `docs/cli.md`."""
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    errors = (ContradictionError, KnowledgeError, LimitError, NonConformingError, RefusedError, UsageError)
    for name, command in root.commands.items():
        assert f"    refractory {name}" in text
        for option in (opt for parameter in command.params for opt in parameter.opts if opt.startswith("--")):
            assert option in text, f"{name} {option}"
    for error in errors:
        assert f"| {error.exit_code} | " in text


def test_the_table_of_sources_is_that_of_the_graph() -> None:
    """Each source that stands beside the leading one has its row, with kind, year and sureness; there is no other."""
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    words = Words(shipped().knowledge)
    beside = [source.id for source in shipped().guidance if words.text(source.id, "standsBeside")]
    rows = {
        f"| `{source}` | {words.label(source)} | {words.labels(_names(words.values(source, 'hasSourceKind')))} | "
        f"{words.year(source)} | {words.text(source, 'sureness')} |"
        for source in beside
    }

    assert rows
    assert rows == {line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 6}


def _names(terms: Iterable[NamedNode]) -> list[str]:
    return [local_name(term.value) for term in terms]


def test_a_source_is_added_as_the_page_says() -> None:
    """The blocks of `docs/sources.md` are files: with them, and nothing else, the third dose stands in the conflict."""
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    found = {block.path: block.text for block in blocks(text) if block.path}
    kb = KnowledgeBase(knowledge_with(found))
    answer = kb.assess(read_case("design-example"), questions=False)
    (conflict,) = (c for c in answer.conflicts if c.name == "DoseDisagreement")
    doses = {p.source: [r.per_day.dose for r in p.regimens if r.per_day] for p in conflict.positions}

    assert len(found) == 2
    assert doses["example-trial"] == [100]
    assert "100 mg/kg a day: example trial (2020, unmarked), 50 mg/kg every 12 hours" in " ".join(
        assessment_text(answer, kb.knowledge).split()
    )
    assert [] == check_conclusions(answer, Checker(kb.knowledge))
