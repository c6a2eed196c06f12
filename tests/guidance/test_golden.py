"""Golden cases are found where they stand, and read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from refractory.errors import RefusedError, UsageError
from refractory.guidance.golden import ALL, golden_cases, golden_folders, read_golden
from tests.guidance.modules import NAME, SLUG, copied, expecting, module
from tests.support import CASES, NOTE, shipped, slugs

PLAIN = "design-example"


def test_cases_are_found_in_a_folder_of_cases_and_in_a_module(tmp_path: Path) -> None:
    """A folder of cases and the module above it give the same cases, in the order of their names."""
    folder = module(tmp_path)

    assert [SLUG] == [path.name for path in golden_folders(folder)]
    assert golden_folders(folder) == golden_folders(folder / "tests" / "cases")
    assert slugs() == [path.name for path in golden_folders(CASES)]


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    """An empty test would pass."""
    with pytest.raises(UsageError, match="no golden case"):
        golden_folders(tmp_path)


@pytest.mark.parametrize(
    ("said", "guidance", "sources"),
    [(None, None, (NOTE,)), ("all", ALL, None), (["eacs", "cps"], ("eacs", "cps"), ("eacs", "cps"))],
)
def test_a_case_says_which_sources_answer_it(tmp_path: Path, said: object, guidance: object, sources: object) -> None:
    """Nothing is the leading source alone, `all` is all, a list is what it says."""
    case = copied(tmp_path, PLAIN) / PLAIN
    expecting(case, lambda expected: expected.update({} if said is None else {"guidance": said}))
    golden = read_golden(case)

    assert guidance == golden.guidance
    assert sources == golden.sources(shipped().knowledge)
    assert "guidance" not in golden.expected


def test_a_case_of_a_module_is_read_by_its_names(tmp_path: Path) -> None:
    """What a golden case holds is the story, the case and the answer."""
    (golden,) = golden_cases(module(tmp_path), shipped().knowledge)

    assert (NAME,) == golden.guidance
    assert "invented" in golden.story
    assert golden.case.id.endswith(SLUG)
    assert not golden.with_table


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"guidance": "eacs"}', '{"guidance": []}', '{"guidance": [1]}', "[" * 9999]
)
def test_an_expected_answer_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """The message names the file."""
    case = copied(tmp_path, PLAIN) / PLAIN
    (case / "expected.json").write_text(text, encoding="utf-8")
    with pytest.raises(RefusedError) as caught:
        read_golden(case)

    assert str(case / "expected.json") == caught.value.place
    assert caught.value.fix


def test_a_missing_expected_answer_is_refused(tmp_path: Path) -> None:
    """A case that expects nothing would be answered rightly by anything."""
    case = copied(tmp_path, PLAIN) / PLAIN
    (case / "expected.json").unlink()
    with pytest.raises(RefusedError, match="cannot be read"):
        read_golden(case)
