"""How large a case may be. A real case is a fiftieth of this; what is larger is a mistake or an attack."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 262_144
"""Bytes of a case file."""

MAX_DEPTH: Final = 16
"""Brackets inside brackets; counted before anything is parsed, because parsers recurse."""

MAX_TRIPLES: Final = 1_000
"""Facts of a case."""

MAX_ENTRIES: Final = 100
"""Entries of one list: treatments, results, facts present."""

MAX_TEXT: Final = 500
"""Characters of a text, a name or an IRI."""

MAX_IDENTIFIER: Final = 450
"""Characters of a case's own IRI, so that the IRIs of its parts, which begin with it, stay within `MAX_TEXT`."""

MAX_NUMBER: Final = 32
"""Characters of a number. Readers of RDF turn ten characters such as `1e99999999` into a hundred megabytes."""
