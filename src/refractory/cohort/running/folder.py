"""The output folder: whose it is, who works in it, and what may be deleted there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Final

from refractory.cohort.running.manifest import MANIFEST, read_manifest
from refractory.cohort.running.parts import CHECKPOINTS, FOLDERS, OURS, UNFINISHED
from refractory.errors import RefusedError

try:
    import fcntl
except ModuleNotFoundError:  # there is none on Windows
    fcntl = None  # type: ignore[assignment]

_LOCK: Final = ".lock"
REPORTS: Final = ("summary.json", "report.html")
"""What is made of a finished run."""


@contextmanager
def taken(out: Path) -> Iterator[None]:
    """Have a folder to oneself, so that no two runs write into it; it is made if it is not there.

    The system lets go of the lock when the process ends, however it ends.

    Raises:
        RefusedError: Another run has it.
        OSError: It cannot be made.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / _LOCK).open("ab+", buffering=0) as file:
        _lock(out, file)
        with suppress(OSError):  # who has it is a courtesy; a full disk is told of where it matters
            file.truncate(0)
            file.write(f"{os.getpid()}\n".encode())
        yield


def _lock(out: Path, file: FileIO) -> None:
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        raise RefusedError(
            f"another run is at work in this folder{_who(file)}.",
            place=str(out),
            why="Two runs would write over each other.",
            fix="Wait for it, end it, or give another folder with --out.",
        ) from None


def _who(file: FileIO) -> str:
    try:
        file.seek(0)
        said = file.read(20).decode("ascii").strip()
    except (OSError, ValueError):
        return ""
    return f" (process {said})" if said else ""


def owned(out: Path) -> list[Path]:
    """Return the parts and checkpoints that are there.

    Raises:
        RefusedError: There is something that no run of ours has written, so that the folder is not ours to write to.
    """
    if not out.exists():
        return []
    manifest = read_manifest(out)
    ours = _within(out)
    if manifest is None:
        foreign = [path.name for path in out.iterdir() if path.name != _LOCK and not UNFINISHED.fullmatch(path.name)]
        # A run that was killed before it had a manifest has left empty folders, and nothing else.
        if ours or any(name not in FOLDERS for name in foreign):
            raise RefusedError(
                f"the folder holds something else: {min(foreign)}.",
                place=str(out),
                why="A run goes into a folder of its own, so that nothing of yours is mixed with it or lost.",
                fix="Give an empty folder, or one that is not there yet, with --out.",
            )
    return ours


def prepare(out: Path, *, restart: bool) -> None:
    """Make the folder ready for a run.

    Args:
        out: The folder; it has been taken.
        restart: Whether to delete an earlier run there.

    Raises:
        RefusedError: As in `owned`.
    """
    ours = owned(out)
    if restart:
        _delete(out, ours)
    for name in FOLDERS:
        (out / name).mkdir(exist_ok=True)
    clear(out)


def clear(out: Path) -> None:
    """Take away what was begun and not finished."""
    for folder in (out, *(out / name for name in FOLDERS)):
        for path in folder.iterdir() if folder.is_dir() else ():
            if UNFINISHED.fullmatch(path.name):
                path.unlink()


def _within(out: Path) -> list[Path]:
    """Return the files of our folders; one that is not called as ours are is refused."""
    found = []
    for name in FOLDERS:
        folder = out / name
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise _foreign(folder)
        for path in sorted(folder.iterdir()) if folder.exists() else ():
            if path.is_symlink() or not path.is_file() or not (_is_ours(name, path.name)):
                raise _foreign(path)
            found.append(path)
    return found


def _is_ours(folder: str, name: str) -> bool:
    return bool(OURS[folder].fullmatch(name) or UNFINISHED.fullmatch(name))


def _foreign(path: Path) -> RefusedError:
    return RefusedError(
        "this is not of a run's making.",
        place=str(path),
        why="What a run has not written it neither deletes nor takes for an answer.",
        fix="Move it elsewhere, or give another folder with --out.",
    )


def _delete(out: Path, ours: list[Path]) -> None:
    """Delete an earlier run: what says that a chunk is done first, and the manifest last, so a stop does no harm."""
    for path in sorted(ours, key=lambda path: path.parent.name != CHECKPOINTS):
        path.unlink()
    for name in (*REPORTS, MANIFEST):
        (out / name).unlink(missing_ok=True)
