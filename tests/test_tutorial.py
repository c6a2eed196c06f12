"""The tutorial is carried out as it stands, from an empty folder, and every block of it is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents import DocumentError, Reader, blocks
from tests.support import ROOT

STEPS = blocks((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))


def test_the_tutorial_goes_as_it_says(tmp_path: Path) -> None:
    """Who has the package and an empty folder gets from the sentence to the proof, and sees what the page shows."""
    Reader(tmp_path).follow(STEPS)


def test_the_rule_that_is_not_mended_still_fails(tmp_path: Path) -> None:
    """Without the one change that mends it, the test of the module does not pass: what the page shows can fail."""
    mended = next(number for number, block in enumerate(STEPS) if block.language == "diff")
    Reader(tmp_path).follow(STEPS[:mended])

    with pytest.raises(DocumentError, match="ended with 1, not 0"):
        Reader(tmp_path).follow(STEPS[mended + 1 : mended + 2])
