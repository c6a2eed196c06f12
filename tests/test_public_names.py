"""The front door: what it exports, and how fast it opens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import refractory
from tests.support import ROOT, read_case, shipped

HEAVY = ("rdflib", "owlrl", "pyshacl", "pyoxigraph", "rich")


def test_all_is_sorted_and_complete() -> None:
    """`__all__` is sorted, and each name in it can be had."""
    assert sorted(refractory.__all__) == refractory.__all__
    for name in refractory.__all__:
        assert getattr(refractory, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A name that is not exported fails as any module's would."""
    with pytest.raises(AttributeError, match="no attribute 'Casee'"):
        _ = refractory.Casee


def test_assess_is_the_function_even_after_everything_was_imported() -> None:
    """No subpackage hides a public name."""
    assert callable(refractory.assess)
    assert callable(refractory.Case)


@pytest.mark.parametrize("statement", ["import refractory", "import refractory.cli"])
def test_importing_brings_no_library_along(statement: str) -> None:
    """The package and the command load their libraries when they need them."""
    code = f"import sys; {statement}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT / "src")}
    ).stdout.strip()

    assert loaded == ""


@pytest.mark.parametrize("form", ["json", "ttl"])
def test_nothing_heavy_is_on_the_way_to_an_answer(form: str, tmp_path: Path) -> None:
    """From a case to its answer, with proofs and questions, neither rdflib nor owlrl nor pySHACL is imported."""
    case = read_case("design-example")
    path = tmp_path / f"case.{form}"
    path.write_text(json.dumps(case.to_json()) if form == "json" else case.to_turtle(), encoding="utf-8")
    _ = shipped().reasoner  # the program is compiled, or found, once
    code = (
        "import sys, refractory; kb = refractory.KnowledgeBase.load();"
        f"answer = kb.assess(refractory.Case.read({str(path)!r})).to_json();"
        "assert answer['proofs'] and answer['questions'];"
        "print(*[m for m in ('rdflib', 'owlrl', 'pyshacl') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)

    assert loaded.stdout.strip() == ""
