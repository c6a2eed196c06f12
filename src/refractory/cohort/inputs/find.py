"""Files of a cohort: what is named, and what is in the folders that are named, in one order always."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from refractory.errors import RefusedError, UsageError

JSON: Final = ".json"
LINES: Final = frozenset({".ndjson", ".jsonl"})
PARQUET: Final = frozenset({".parquet", ".pq"})
CSV: Final = ".csv"
_COMPRESSED: Final = ".gz"
_MAY_BE_COMPRESSED: Final = frozenset({JSON, *LINES, CSV})
_READ: Final = "JSON (.json), NDJSON (.ndjson, .jsonl), CSV (.csv), each also with .gz, and Parquet (.parquet, .pq)"
_SHOWN: Final = 5


def files_of(paths: Sequence[str | Path]) -> list[Path]:
    """Return the files of some files and folders: in the order given, those of a folder by their names.

    What begins with a dot or an underscore in a folder is no data, but a mark of those who wrote it, and left out.

    Raises:
        UsageError: A folder has no file of a known form, a file is of an unknown one, or is named twice.
        RefusedError: There is no such file or folder.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        found += _below(path) if path.is_dir() else [_file(path)]
    unknown = [path for path in found if not form(path)]
    if unknown:
        more = f", and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        raise UsageError(
            f"{'a file is' if len(unknown) == 1 else f'{len(unknown)} files are'} of no form that is read.",
            place=", ".join(path.as_posix() for path in unknown[:_SHOWN]) + more,
            why="A file that is passed over would be patients without an answer.",
            fix=f"Read are {_READ}. Take other files out of the folder.",
        )
    seen: set[Path] = set()
    for path in found:
        if (actual := path.resolve()) in seen:
            raise UsageError(
                "a file is named twice.",
                place=path.as_posix(),
                why="Its patients would be counted twice.",
                fix="Name it, or the folder that it is in.",
            )
        seen.add(actual)
    return found


def form(path: Path) -> str:
    """Return the suffix that says the form of a file, without that of compression; empty if it is of no known form."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] == _COMPRESSED:
        return suffixes[-2] if len(suffixes) > 1 and suffixes[-2] in _MAY_BE_COMPRESSED else ""
    return suffixes[-1] if suffixes and suffixes[-1] in {*_MAY_BE_COMPRESSED, *PARQUET} else ""


def _below(folder: Path) -> list[Path]:
    found = sorted(_data(folder), key=lambda path: path.relative_to(folder).as_posix())
    if not found:
        raise UsageError("the folder has no file in it.", place=folder.as_posix(), fix=f"Give a folder of {_READ}.")
    return found


def _data(folder: Path) -> Iterator[Path]:
    try:
        for path in folder.iterdir():
            if path.name.startswith((".", "_")):
                continue
            if path.is_dir():
                yield from _data(path)
            else:
                yield path
    except OSError as error:
        raise _refused(folder, error) from error


def _file(path: Path) -> Path:
    try:
        path.stat()
    except OSError as error:
        raise _refused(path, error) from error
    if not path.is_file():
        raise UsageError("the input is neither a file nor a folder.", place=path.as_posix(), fix="Give a file.")
    return path


def _refused(path: Path, error: OSError) -> RefusedError:
    return RefusedError(
        f"the input cannot be read: {error.strerror}.",
        place=path.as_posix(),
        fix="Give a file or folder that is there.",
    )
