"""The knowledge travels with the package: from the wheel and from the checkout, from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import CASES, ROOT, shipped

HASH = "from refractory import KnowledgeBase; kb = KnowledgeBase.load(); print(kb.knowledge.files.root, kb.hash)"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built with what is installed; nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


def run(code: list[str], path: Path, cwd: Path) -> str:
    """Run Python with one folder of packages before the others, and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(
        [sys.executable, *code], check=True, capture_output=True, text=True, cwd=cwd, env=environment
    ).stdout


def test_the_wheel_carries_the_knowledge_and_the_licences(wheel: Path) -> None:
    """Every file of ontology, queries and schemas that the checkout reads is in the wheel, and so are the licences."""
    inside = set(zipfile.ZipFile(wheel).namelist())
    missing = [p for p in shipped().knowledge.files.contents if f"refractory/_data/{p}" not in inside]

    assert missing == []
    assert {"refractory/py.typed", "refractory/guidance/skeleton/source.ttl.template"} <= inside
    assert {"LICENSE", "LICENSE-ontology", "NOTICE"} <= {name.rpartition("/")[2] for name in inside}


def test_the_wheel_answers_from_any_folder_with_its_own_knowledge(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, the package reads its own data, has the same hash, and answers."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    root, knowledge_hash = run(["-c", HASH], site, tmp_path).split()

    assert root.startswith(str(site))
    assert shipped().hash == knowledge_hash
    case = str(CASES / "design-example" / "case.json")
    assert "foscarnet" in run(["-m", "refractory", "assess", case], site, tmp_path)


def test_the_wheel_carries_the_program_of_its_knowledge(wheel: Path, tmp_path: Path) -> None:
    """The program in the wheel is the one its knowledge asks for: nothing is compiled, and rdflib rests."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    code = "import sys, refractory; refractory.KnowledgeBase.load().reasoner; print('rdflib' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(site), "XDG_CACHE_HOME": str(tmp_path / "empty")}
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

    assert printed.strip() == "False"
    assert not (tmp_path / "empty").exists()


def test_the_checkout_answers_from_any_folder(tmp_path: Path) -> None:
    """From the source folder on the path, as an editable install has it, the checkout's own files are read."""
    root, knowledge_hash = run(["-c", HASH], ROOT / "src", tmp_path).split()

    assert (str(ROOT), shipped().hash) == (root, knowledge_hash)
