"""Finds the knowledge on disk and reads it whole, once; nothing is looked for anywhere else, and nothing is fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from refractory.errors import KnowledgeError, UsageError

_PACKAGED = Path(__file__).resolve().parent.parent / "_data"
_CHECKOUT = Path(__file__).resolve().parents[3]


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


@dataclass(frozen=True, slots=True)
class KnowledgeFiles:
    """The files of one knowledge folder, by their path below it with forward slashes.

    Attributes:
        root: The folder.
        contents: Bytes by relative path, in sorted order.
    """

    root: Path
    contents: Mapping[str, bytes]

    @classmethod
    def read(cls, root: Path) -> KnowledgeFiles:
        """Read every Turtle, SPARQL, TSV, JSON and TOML file below a folder.

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
        paths = sorted(
            path.relative_to(root).as_posix()
            for part in ("ontology", "queries", "schemas")
            for path in (root / part).rglob("*")
            if path.suffix in {".ttl", ".rq", ".tsv", ".json", ".jsonld", ".csv", ".toml"}
        )
        return cls(root, {path: (root / path).read_bytes() for path in paths})

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
            raise KnowledgeError("a file of the knowledge is missing.", place=str(self.root / path)) from None


def digest(contents: Mapping[str, bytes]) -> str:
    """Return the SHA-256 over paths and contents, the same on every platform."""
    total = hashlib.sha256()
    for path in sorted(contents):
        content = contents[path].replace(b"\r\n", b"\n")
        total.update(f"{path}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()
