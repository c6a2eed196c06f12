"""What `docs/sparql.md` says is so: each example runs, and prints what the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from refractory.query.forms import GRAPHS, ROWS
from refractory.query.graphs import OF_CASE, OF_KNOWLEDGE
from refractory.query.guard import MAX_BYTES, MAX_DEPTH, MAX_OPERATORS, MAX_PATTERNS
from refractory.query.rows import MAX_ROWS
from refractory.service.sparql.request import WARNING
from refractory.service.sparql.tasks import MAX_ANSWER
from tests.documents import blocks, printed
from tests.service.served import Served
from tests.support import CASES, ROOT

PAGE = (ROOT / "docs" / "sparql.md").read_text(encoding="utf-8")
EXAMPLES = [(block.language, block.text, says) for block, says in printed(blocks(PAGE), "sh", "python")]
CASE = CASES / "v3b-verrucous-zoster-resistant-in-vitro" / "case.json"


def test_each_example_has_its_output() -> None:
    """No example stands without what it prints."""
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize(("language", "code", "said"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_prints_what_the_page_says(
    service: Served, tmp_path: Path, language: str, code: str, said: str
) -> None:
    """It runs as it stands, apart from the port."""
    if language == "sh" and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    shutil.copy(CASE, tmp_path / "case.json")
    code = code.replace("http://127.0.0.1:8000", service.url).replace(
        "refractory query", f"{sys.executable} -m refractory query"
    )
    command = ["sh", "-c", code] if language == "sh" else [sys.executable, "-c", code]
    environment = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert (said, "") == (done.stdout.replace("\r\n", "\n"), done.stderr)


def test_the_page_names_every_graph_form_and_limit() -> None:
    """What is added to the code is added to the page."""
    names = [*(meaning.name for meaning in (*OF_KNOWLEDGE, *OF_CASE)), *ROWS, *GRAPHS, WARNING]
    limits = [MAX_BYTES // 1024, MAX_DEPTH, MAX_OPERATORS, MAX_PATTERNS, MAX_ROWS, MAX_ANSWER]

    assert [] == [name for name in names if name not in PAGE]
    assert [] == [limit for limit in limits if not re.search(rf"\b{limit:,}\b", PAGE)]
