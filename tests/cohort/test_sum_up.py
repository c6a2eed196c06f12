"""Summary and report are written beside the answers, whole or not at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from refractory.cohort.summary.report import report
from refractory.cohort.summary.sum_up import REPORT, SUMMARY, sum_up
from refractory.errors import RefusedError, UsageError
from tests.cohort.answered import assessor, folder, simulated
from tests.support import shipped


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return a folder of answers."""
    return folder(tmp_path / "ward", [one.line for one in simulated(40)], assessor())


def test_both_are_written_and_agree(out: Path) -> None:
    """The summary is what is returned, the report is made of it, and nothing else is left in the folder."""
    said = sum_up(out, shipped().knowledge)
    assert json.loads((out / SUMMARY).read_text("utf-8")) == said
    assert (out / REPORT).read_text("utf-8") == report(said, title="Cohort ward")
    assert sorted(path.name for path in out.iterdir()) == ["answered", "rejected", REPORT, SUMMARY]
    assert "<h1>Ward 7</h1>" in (sum_up(out, shipped().knowledge, title="Ward 7") and (out / REPORT).read_text("utf-8"))


def test_a_file_that_cannot_be_written_is_refused_and_what_was_there_stays(out: Path) -> None:
    """A folder in the way is no reason to leave half a file."""
    (out / SUMMARY).mkdir()
    with pytest.raises(RefusedError, match="cannot be written") as error:
        sum_up(out, shipped().knowledge)
    assert SUMMARY in error.value.place
    assert sorted(path.name for path in out.iterdir()) == ["answered", "rejected", SUMMARY]


def test_without_what_draws_the_summary_is_there_and_the_error_says_what_to_install(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers need no pictures."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match="matplotlib") as error:
        sum_up(out, shipped().knowledge)
    assert "refractory[cohort]" in error.value.fix
    assert (out / SUMMARY).is_file()
    assert not (out / REPORT).exists()
