"""Modules and golden cases that tests make: the shipped skeleton and shipped cases, changed in one thing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from refractory.guidance.new import new_module
from tests.support import CASES, shipped

NAME = "test-clinic"
SLUG = f"{NAME}-example"

Change = Callable[[dict[str, Any]], object]


def module(folder: Path) -> Path:
    """Write the skeleton of a module, and return its folder."""
    new_module(NAME, folder, shipped().knowledge)
    return folder / NAME


def copied(folder: Path, *slugs: str) -> Path:
    """Copy shipped golden cases into a folder, and return it."""
    for slug in slugs:
        shutil.copytree(CASES / slug, folder / slug)
    return folder


def expecting(case: Path, change: Change) -> None:
    """Change what a copied golden case expects."""
    path = case / "expected.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    change(said)
    path.write_text(json.dumps(said), encoding="utf-8")
