"""The front door: what it exports, and how fast it opens."""

from __future__ import annotations

import subprocess
import sys

import pytest

import refractory
from tests.support import ROOT

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
