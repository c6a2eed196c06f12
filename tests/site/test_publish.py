"""`refractory docs` writes the pages: the same bytes each time, and never over something else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from refractory.cli.main import main
from refractory.knowledge.files import digest
from refractory.site.publish import MANIFEST, publish
from refractory.site.site import ASSETS, Site, media_type
from tests.site.reading import Reader, target
from tests.support import ROOT

_DIGEST = (
    "from refractory.knowledge.files import digest; from refractory.knowledge.knowledge import Knowledge;"
    "from refractory.site.site import site; s = site(Knowledge.load());"
    "print(digest({path: s.page(path) for path in s.paths}))"
)


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by their paths in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which the command wrote."""
    folder = tmp_path_factory.mktemp("site") / "new" / "docs"

    assert main(["docs", str(folder)]) == 0
    return folder


def test_the_command_writes_every_page_and_what_pages_load(written: Path, shipped_site: Site) -> None:
    """All paths are there with the bytes that the site gives, and the list of files names each with its hash."""
    found = files(written)
    said = json.loads(found.pop(MANIFEST))

    assert set(found) == set(said["files"])
    assert {*shipped_site.paths, "index.html", *(f"assets/{name}" for name in ASSETS)} == set(found)
    assert {path: shipped_site.page(path) for path in shipped_site.paths} == {p: found[p] for p in shipped_site.paths}


def test_the_top_leads_to_the_knowledge(written: Path) -> None:
    """Who opens the folder comes to the first page, with a script, without one, or by following the link."""
    page = Reader((written / "index.html").read_text(encoding="utf-8"))
    leading = [target("index.html", href)[0] for href in page.links]

    assert [] == page.faults
    assert len(page.root.all("h1")) == 1
    assert any(one.attributes.get("content") == "0; url=knowledge/index.html" for one in page.root.all("meta"))
    assert all((written / path).is_file() for path in leading)


def test_the_same_knowledge_gives_the_same_bytes(shipped_site: Site) -> None:
    """Neither the hash seed nor the time of day is in the pages."""
    here = digest({path: shipped_site.page(path) for path in shipped_site.paths})
    found = [
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "src"), "TZ": zone},
        ).stdout.strip()
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/Lima"))
    ]

    assert [here, here] == found


def test_an_earlier_output_is_replaced(tmp_path: Path, shipped_site: Site) -> None:
    """What it had and this one has not is taken away; what others put there stays."""
    publish(shipped_site, tmp_path)
    before = files(tmp_path)
    stale = tmp_path / "knowledge" / "old" / "gone.html"
    stale.parent.mkdir()
    stale.write_text("gone", encoding="utf-8")
    said = json.loads((tmp_path / MANIFEST).read_bytes())
    said["files"]["knowledge/old/gone.html"] = ""
    (tmp_path / MANIFEST).write_text(json.dumps(said), encoding="utf-8")
    (tmp_path / "CNAME").write_text("example.org", encoding="utf-8")
    done = publish(shipped_site, tmp_path)

    assert 1 == done.removed
    assert not stale.parent.exists()
    assert before | {"CNAME": b"example.org"} == files(tmp_path)
    assert done.files == len(before)
    assert done.size == sum(map(len, before.values()))


def test_nothing_outside_the_folder_is_taken_away(tmp_path: Path, shipped_site: Site) -> None:
    """A list of files that somebody changed cannot name a file elsewhere, nor a folder."""
    kept = tmp_path / "kept.txt"
    kept.write_text("kept", encoding="utf-8")
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    said = {"about": "refractory docs", "files": {"../kept.txt": "", str(kept): "", "sub": "", ".": ""}}
    (folder / MANIFEST).write_text(json.dumps(said), encoding="utf-8")
    done = publish(shipped_site, folder)

    assert 0 == done.removed
    assert kept.read_text(encoding="utf-8") == "kept"
    assert (folder / "sub").is_dir()


@pytest.mark.parametrize("manifest", ["", "[]", '{"files": {}}', '{"about": "refractory docs", "files": 1}'])
def test_a_folder_with_something_else_is_refused(
    manifest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --force nothing is written; a list that is not ours does not help."""
    (tmp_path / "index.html").write_text("mine", encoding="utf-8")
    (tmp_path / MANIFEST).write_text(manifest, encoding="utf-8")
    code = main(["docs", str(tmp_path)])
    said = capsys.readouterr().err

    assert 2 == code
    assert str(tmp_path) in said
    assert "--force" in said
    assert {"index.html": b"mine", MANIFEST: manifest.encode()} == files(tmp_path)


def test_force_writes_and_keeps_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --force the pages are written beside what the folder holds."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    code = main(["docs", str(tmp_path), "--force"])

    assert 0 == code
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "knowledge" / "index.html").is_file()
    assert str(tmp_path / "index.html") in capsys.readouterr().out


def test_a_file_and_a_place_that_cannot_be_written_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file is no folder, and nothing is written below one."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")

    assert 2 == main(["docs", str(tmp_path / "file")])
    assert 3 == main(["docs", str(tmp_path / "file" / "docs")])
    assert "cannot be written" in capsys.readouterr().err


def test_without_the_library_the_command_says_what_to_install(tmp_path: Path) -> None:
    """Where Jinja is not installed the error names the extra."""
    code = (
        "import sys; sys.modules['jinja2'] = None; from refractory.cli.main import main;"
        f"sys.exit(main(['docs', {str(tmp_path / 'docs')!r}]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )

    assert 2 == run.returncode
    assert "refractory[docs]" in run.stderr
    assert not (tmp_path / "docs").exists()


def test_only_some_sources(tmp_path: Path) -> None:
    """With --guidance the pages are those of the chosen sources and of what belongs to them."""
    assert 0 == main(["docs", str(tmp_path / "docs"), "--guidance", "valacyclovir-failure"])

    assert {"valacyclovir-failure.html", "refractory-reading.html"} == {
        path.name for path in (tmp_path / "docs" / "knowledge" / "source").iterdir()
    }


def test_every_path_has_a_media_type(shipped_site: Site) -> None:
    """A server knows what each page and file is."""
    assert {"application/octet-stream"} == {media_type("x"), media_type("a.exe")}
    assert [] == [path for path in shipped_site.paths if media_type(path) == "application/octet-stream"]
    assert "text/html; charset=utf-8" == media_type("knowledge/index.html")
