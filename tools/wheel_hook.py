"""Puts the compiled program of the shipped knowledge into the wheel, so that who installs it compiles nothing."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProgramHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own hooks leave it open too
    """Compiles while a wheel is built; an editable install reads the checkout and compiles when it runs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the program to the files of the wheel."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root) / "src"))
        from refractory.engine.program import compile_program
        from refractory.engine.program_file import file_name, write_program_file
        from refractory.knowledge.knowledge import Knowledge

        knowledge = Knowledge.load(self.root)
        path = Path(tempfile.mkdtemp()) / file_name(knowledge)
        path.write_bytes(write_program_file(compile_program(knowledge)))
        build_data["force_include"][str(path)] = f"refractory/_data/{path.name}"
