"""Writes the site into a folder that any web server can serve, or a browser can open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from refractory.errors import RefusedError, UsageError
from refractory.site.site import ASSETS, SECTIONS, Site
from refractory.web.pages import ASSETS as ASSET_FOLDER
from refractory.web.pages import page

MANIFEST: Final = "refractory-docs.json"
"""The file by which a folder is known to be an output of ours: it names every file with its SHA-256."""

_ABOUT: Final = "refractory docs"


@dataclass(frozen=True, slots=True)
class Published:
    """What was written.

    Attributes:
        files: How many files there are now, the list of them included.
        size: Their size in bytes.
        removed: How many files of an earlier output were taken away.
    """

    files: int
    size: int
    removed: int


def publish(site: Site, folder: Path, *, force: bool = False) -> Published:
    """Write all pages, the files of the knowledge, style sheets and scripts.

    The same knowledge gives the same bytes. An earlier output in the folder is replaced: what it had and this one has
    not is taken away, by the list that it left, and nothing else is touched.

    Args:
        site: The site.
        folder: Where to; it is made if it is not there.
        force: Whether to write also into a folder that holds something else.

    Raises:
        UsageError: The folder holds something else, or is a file.
        RefusedError: It cannot be read or written.
    """
    try:
        earlier = _earlier(folder, force=force)
        written: dict[str, str] = {}
        size = 0
        for path, content in _contents(site):
            _write(folder / path, content)
            written[path] = hashlib.sha256(content).hexdigest()
            size += len(content)
        manifest = json.dumps({"about": _ABOUT, "files": dict(sorted(written.items()))}, indent=1).encode() + b"\n"
        _write(folder / MANIFEST, manifest)
        removed = sum(_removed(folder, path) for path in sorted(earlier - set(written)))
    except OSError as error:
        raise RefusedError(f"the pages cannot be written: {error.strerror}.", place=str(error.filename)) from error
    return Published(len(written) + 1, size + len(manifest), removed)


def _contents(site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield every file with its path below the folder."""
    first = page("site/top.html", title="Knowledge", root="./", here="", navigation=SECTIONS)
    yield "index.html", first.encode()
    for name in ASSETS:
        yield f"assets/{name}", (ASSET_FOLDER / name).read_bytes()
    for path in site.paths:
        yield path, site.page(path)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _earlier(folder: Path, *, force: bool) -> set[str]:
    """Return the files of an earlier output in a folder.

    Raises:
        UsageError: The folder is a file, or holds something that is no output of ours.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError("the output is a file.", place=str(folder), fix="Give a folder.")
    if not folder.exists() or not any(folder.iterdir()):
        return set()
    manifest = _manifest(folder / MANIFEST)
    if manifest is None and not force:
        raise UsageError(
            "the folder is not empty, and what it holds was not written by this command.",
            place=str(folder),
            why="Pages would be mixed with other files, and files of the same name be lost.",
            fix="Give an empty folder, or say --force.",
        )
    return manifest or set()


def _manifest(path: Path) -> set[str] | None:
    """Return the files that an earlier output lists, or None where there is no such list."""
    try:
        said: Any = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(said, dict) or said.get("about") != _ABOUT or not isinstance(said.get("files"), dict):
        return None
    return {name for name in said["files"] if isinstance(name, str)}


def _removed(folder: Path, name: str) -> bool:
    """Take away a file of an earlier output, and folders that it leaves empty; never anything outside the folder."""
    path, top = (folder / name).resolve(), folder.resolve()
    if not path.is_relative_to(top) or not path.is_file():
        return False
    path.unlink()
    for parent in path.parents:
        if parent == top or any(parent.iterdir()):
            break
        parent.rmdir()
    return True
