"""The plan of the house: imports point down only, lazy ones included, and nobody inside uses the front door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

SOURCE = ROOT / "src" / "refractory"

# Floors from the roof down; rooms of one floor do not know each other. Every room stands here.
FLOORS = (
    {"__init__", "__main__", "cli"},
    {"service", "guidance", "cohort"},
    {"pipeline"},
    {"case", "validation", "recommend", "query", "genotype", "render", "explain", "export", "site"},
    {"engine", "checker", "web"},
    {"knowledge"},
    {"model"},
    {"version", "vocabulary", "errors"},
)
# The roof's own stairs: `python -m refractory` opens the command line, and the front door names what it exports lazily.
ALLOWED = {("__main__", "cli")}


def rooms() -> list[Path]:
    """Return every Python file of the package."""
    found = sorted(SOURCE.rglob("*.py"))
    assert found
    return found


def room_of(path: Path) -> str:
    """Return the room in which a file stands."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and module of each import, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            assert node.module
            yield node.lineno, node.module
            if node.module == "refractory":
                yield from ((node.lineno, f"refractory.{alias.name}") for alias in node.names)


def floor(room: str) -> int:
    """Return the floor of a room; 0 is the roof."""
    for number, names in enumerate(FLOORS):
        if room in names:
            return number
    raise AssertionError(f"the room {room!r} is not on the plan of the house")


def test_every_room_is_on_the_plan_and_every_planned_room_exists() -> None:
    """The plan is exhaustive, and has no room that is not there."""
    assert {room for names in FLOORS for room in names} == {room_of(path) for path in rooms()}


@pytest.mark.parametrize("path", rooms(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down_only(path: Path) -> None:
    """A file imports its own room and rooms of lower floors; neighbours and the front door it does not know."""
    own = room_of(path)
    faults = []
    for line, module in imports(path):
        if module.split(".")[0] != "refractory":
            continue
        parts = module.split(".")
        other = parts[1] if len(parts) > 1 else "__init__"
        if other == own or (own, other) in ALLOWED:
            continue
        if floor(other) <= floor(own):
            faults.append(f"{path.relative_to(SOURCE)}:{line} imports {module}")

    assert [] == faults
