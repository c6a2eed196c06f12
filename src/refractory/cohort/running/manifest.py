"""What a run is: of which inputs, with which knowledge and options. A run goes on only as what it was begun as."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from refractory.cohort.running.parts import write_json
from refractory.errors import RefusedError

MANIFEST: Final = "manifest.json"
FORMAT: Final = "refractory-cohort/1"
"""What the manifest says it is; by this a folder is known to be ours."""

Manifest = dict[str, Any]

_SHOWN: Final = 5

_WORDS: Final = {
    "software": "the version of refractory",
    "knowledge": "the knowledge",
    "guidance": "the sources in use",
    "table": "the table of mutations",
    "mapping": "the mapping",
    "questions": "--questions",
    "proofs": "--proofs",
    "assessedOn": "--assessed-on",
    "chunk": "--chunk",
}


def digest_of(path: str | Path | None) -> str | None:
    """Return the SHA-256 of a small file, or None without one.

    Raises:
        RefusedError: It cannot be read.
    """
    if path is None:
        return None
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise RefusedError(f"cannot be read: {error.strerror}.", place=str(path), fix="Give another file.") from error


def described(inputs: Iterable[Path]) -> list[dict[str, Any]]:
    """Return name, size and time of change of each input file, which is how it is known that one has changed.

    Raises:
        RefusedError: One is not there.
    """
    found = []
    for path in inputs:
        try:
            about = path.stat()
        except OSError as error:
            raise RefusedError(
                f"the input cannot be read: {error.strerror}.",
                place=str(path),
                fix="Give a file or folder that is there.",
            ) from error
        found.append({"name": str(path), "bytes": about.st_size, "modified": about.st_mtime_ns})
    return found


def read_manifest(out: Path) -> Manifest | None:
    """Return the manifest of a folder, or None if it has none.

    Raises:
        RefusedError: What stands in its place is not ours.
    """
    path = out / MANIFEST
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise RefusedError(
            "what is called as the manifest of a cohort is none of this version's.",
            place=str(path),
            why="A folder that is not ours is left alone.",
            fix="Give another folder with --out.",
        )
    return found


def write_manifest(out: Path, manifest: Manifest) -> None:
    """Write the manifest, whole or not at all."""
    write_json(out / MANIFEST, manifest)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what of a run is not what it was when it was begun."""
    found = []
    for key, words in _WORDS.items():
        if before.get(key) != now.get(key):
            found.append(f"{words}: {_said(before.get(key))} before, {_said(now.get(key))} now")
    return [*found, *_files(before.get("inputs", []), now.get("inputs", []))]


def _files(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> list[str]:
    old, new = ({one["name"]: one for one in files} for files in (before, now))
    told = [f"the input {name} is gone" for name in old if name not in new]
    told += [f"the input {name} is new" for name in new if name not in old]
    told += [f"the input {name} has changed" for name in old if name in new and old[name] != new[name]]
    if not told and list(old) != list(new):
        told = ["the inputs come in another order"]
    return told if len(told) <= _SHOWN else [*told[:_SHOWN], f"and {len(told) - _SHOWN} more inputs"]


def _said(value: Any) -> str:
    if isinstance(value, str) and len(value) == 64:
        return value[:12]
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
