"""The README's cohort example runs from nothing: an empty folder and the command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT


def test_the_example_of_the_readme_runs_from_nothing(tmp_path: Path) -> None:
    """Cases are simulated, answered, summed up and asked, as it is written there."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(refractory cohort simulate.*?)```", readme, re.DOTALL)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euc", block],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "2000 records: 2000 answered." in done.stdout
    assert "Recommend" in done.stdout
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["recall"]
    assert "<svg" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
