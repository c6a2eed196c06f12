"""The release's tool: it takes both knowledges out of git, and writes the section of the advice changelog."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import CASES, ROOT

REFERRAL = "queries/reason/failure-is-referred-promptly.rq"


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_advice_changelog", ROOT / "tools" / "make_advice_changelog.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = _loaded()


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, as nobody in particular."""
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a small checkout of its own: the knowledge with one case, tagged, and then a rule that says otherwise."""
    folder = tmp_path / "checkout"
    for part in ("ontology", "queries", "schemas"):
        shutil.copytree(ROOT / part, folder / part)
    slug = "contradicted-dose-unknown"
    shutil.copytree(CASES / slug, folder / "tests" / "cases" / slug)
    (folder / "docs").mkdir()
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "before")
    git(folder, "tag", "v1")
    rule = folder / REFERRAL
    rule.write_text(rule.read_text(encoding="utf-8").replace("urgesPromptly", "urgesRoutinely"), encoding="utf-8")
    return folder


def test_a_release_is_held_against_the_one_before(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The section says which case is answered otherwise; written again, it stands once; the release's replaces it."""
    codes = [TOOL.main(["v1"], checkout), TOOL.main(["v1"], checkout)]
    page = (checkout / "docs" / "advice-changelog.md").read_text(encoding="utf-8")

    assert [1, 1] == codes
    assert "asks for 2.0.0" in capsys.readouterr().err
    assert page.startswith("# Advice changelog\n")
    assert page.count("\n## Unreleased, compared with v1\n") == 1
    assert "#### contradicted-dose-unknown\n" in page
    assert "| Prompt | Routine |" in page

    git(checkout, "commit", "-q", "-a", "-m", "after")
    git(checkout, "tag", "v2")

    assert TOOL.main(["v1", "v2"], checkout) == 1
    titles = [
        line for line in (checkout / "docs" / "advice-changelog.md").read_text().splitlines() if line[:3] == "## "
    ]
    assert titles == ["## v2, compared with v1"]


def test_a_commit_that_is_not_there_is_said(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written."""
    assert TOOL.main(["v0"], checkout) == 2
    assert "v0" in capsys.readouterr().err
    assert not (checkout / "docs" / "advice-changelog.md").exists()
