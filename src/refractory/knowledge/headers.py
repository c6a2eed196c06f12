"""Headers of `.rq` files: `#+ key: value` lines at the top, in the manner of grlc."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from refractory.errors import KnowledgeError


@dataclass(frozen=True, slots=True)
class QueryFile:
    """A SPARQL file: what it is called, what its header says, and its text.

    Attributes:
        name: The file's name without `.rq`; for a competency question, its folder's.
        path: Its path below the knowledge folder.
        header: The header's values by key.
        text: The whole text, header included.
    """

    name: str
    path: str
    header: Mapping[str, str]
    text: str

    def list(self, key: str) -> tuple[str, ...]:
        """Return a comma-separated value of the header as its parts."""
        return tuple(part.strip() for part in self.header.get(key, "").split(",") if part.strip())


def read_query(name: str, path: str, content: bytes) -> QueryFile:
    """Read a query file and its header.

    Raises:
        KnowledgeError: A header line is not `#+ key: value`, a key stands twice, or the title is missing.
    """
    text = content.decode("utf-8")
    header: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("#+"):
            break
        key, colon, value = line.removeprefix("#+").partition(":")
        key = key.strip()
        if not colon or not key or key in header:
            raise KnowledgeError(
                f"the header line {line!r} is not `#+ key: value` with a new key.", place=f"{path}:{number}"
            )
        header[key] = value.strip()
    if not header.get("title"):
        raise KnowledgeError("the query has no title.", place=f"{path}:1", fix="Begin the file with `#+ title: ...`.")
    return QueryFile(name, path, header, text)
