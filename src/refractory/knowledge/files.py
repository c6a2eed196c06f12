"""Finds the knowledge on disk and reads it whole, once; nothing is looked for anywhere else, and nothing is fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from refractory.errors import KnowledgeError, UsageError

_PACKAGED = Path(__file__).resolve().parent.parent / "_data"
_CHECKOUT = Path(__file__).resolve().parents[3]

_FRONT_DOOR = "ontology/refractory.ttl"
_SUFFIXES = {".ttl", ".rq", ".tsv", ".json", ".jsonld", ".csv", ".toml"}


def default_root() -> Path:
    """Return the folder that holds `ontology/`, `queries/` and `schemas/`: in the wheel, else in the checkout."""
    for root in (_PACKAGED, _CHECKOUT):
        if (root / "ontology").is_dir():
            return root
    raise KnowledgeError(
        "the knowledge is not where the package expects it.",
        place=str(_PACKAGED),
        fix="Install the package again; an editable install must stay in its checkout.",
    )


def whole_of(paths: Sequence[str | Path]) -> Path:
    """Return the folder of the whole knowledge among some folders; the shipped one where the others are modules.

    Raises:
        UsageError: Two are whole.
    """
    whole = [Path(path) for path in paths if _is_whole(Path(path))]
    if len(whole) > 1:
        raise UsageError(
            "two folders each hold a whole knowledge.",
            place=", ".join(map(str, whole)),
            why=f"A folder with {_FRONT_DOOR} stands in the place of the shipped knowledge, and there is one place.",
            fix="Name one of them; what is to be added to it is a module, without a front door.",
        )
    return whole[0] if whole else default_root()


def _is_whole(folder: Path) -> bool:
    return (folder / _FRONT_DOOR).is_file()


@dataclass(frozen=True, slots=True)
class KnowledgeFiles:
    """The files of a knowledge, by their path below its folder with forward slashes.

    Attributes:
        root: The folder of the whole knowledge.
        contents: Bytes by relative path, in sorted order.
        added: The folder of the module that brought a file, by the file's relative path; the others stand below `root`.
    """

    root: Path
    contents: Mapping[str, bytes]
    added: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path) -> KnowledgeFiles:
        """Read every file of one whole knowledge: Turtle, SPARQL, TSV, CSV, JSON and TOML.

        Raises:
            UsageError: The folder has no `ontology` and `queries`.
        """
        for part in ("ontology", "queries"):
            if not (root / part).is_dir():
                raise UsageError(
                    f"no folder {part!r} in the knowledge folder.",
                    place=str(root),
                    fix="Give the folder that holds `ontology` and `queries`.",
                )
        return cls(root, _read(root, ("ontology", "queries", "schemas")))

    @classmethod
    def gather(cls, paths: Sequence[str | Path] = ()) -> KnowledgeFiles:
        """Read a whole knowledge and the modules that are laid on it.

        A folder with a front door (`ontology/refractory.ttl`) is a whole knowledge, and stands in the place of the
        shipped one. Any other is a module: what it holds below `ontology` and `queries` is added.

        Args:
            paths: Folders; without a whole one among them, the shipped knowledge is used.

        Raises:
            UsageError: Two folders are whole, or one holds nothing that could be added.
            KnowledgeError: A module has a file that is there already; modules add, and replace nothing.
        """
        base = cls.read(whole_of(paths))
        contents: dict[str, bytes] = dict(base.contents)
        added: dict[str, Path] = {}
        for folder in (Path(path) for path in paths if not _is_whole(Path(path))):
            for path, content in _module(folder).items():
                if path in contents:
                    raise KnowledgeError(
                        f"there is a file {path!r} already, in {added.get(path, base.root)}.",
                        place=str(folder / path),
                        why="A module adds to the knowledge; it replaces no file, so that nothing changes unseen.",
                        fix="Give the file another name; to change what is shipped, give a whole knowledge.",
                    )
                contents[path], added[path] = content, folder
        return cls(base.root, dict(sorted(contents.items())), added)

    def actual(self, path: str) -> Path:
        """Return where a file really stands."""
        return self.added.get(path, self.root) / path

    def under(self, folder: str, suffix: str) -> dict[str, bytes]:
        """Return the files below a folder with a suffix.

        Raises:
            KnowledgeError: There are none; an empty folder of rules or shapes would check nothing.
        """
        found = {
            path: content
            for path, content in self.contents.items()
            if path.startswith(folder + "/") and path.endswith(suffix)
        }
        if not found:
            raise KnowledgeError(
                f"no {suffix} file below {folder!r}.",
                place=str(self.root),
                why="An empty folder would conclude nothing and check nothing, silently.",
                fix="Put the files back, or give another knowledge folder.",
            )
        return found

    def text(self, path: str) -> str:
        """Return one file as text; a missing one is an error of the knowledge."""
        try:
            return self.contents[path].decode("utf-8")
        except KeyError:
            raise KnowledgeError("a file of the knowledge is missing.", place=str(self.actual(path))) from None


def _module(folder: Path) -> dict[str, bytes]:
    """Read what a module adds; a folder that adds nothing is a mistake, and not an empty module."""
    found = _read(folder, ("ontology", "queries"))
    if not found:
        raise UsageError(
            "the folder holds neither a knowledge nor a module of one.",
            place=str(folder),
            why=f"A knowledge has {_FRONT_DOOR}; a module has files below `ontology` or `queries`.",
            fix="Give the folder above `ontology`; `refractory guidance new NAME` makes a module to begin with.",
        )
    return found


def _read(root: Path, parts: Iterable[str]) -> dict[str, bytes]:
    paths = sorted(
        path.relative_to(root).as_posix()
        for part in parts
        for path in (root / part).rglob("*")
        if path.suffix in _SUFFIXES
    )
    return {path: (root / path).read_bytes() for path in paths}


def digest(contents: Mapping[str, bytes]) -> str:
    """Return the SHA-256 over paths and contents, the same on every platform."""
    total = hashlib.sha256()
    for path in sorted(contents):
        content = contents[path].replace(b"\r\n", b"\n")
        total.update(f"{path}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()
