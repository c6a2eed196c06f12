"""How large a Bundle may be. A patient's whole record in it is a twentieth of this."""

from __future__ import annotations

from typing import Final

MAX_BUNDLE_BYTES: Final = 8_388_608
"""Bytes of a Bundle."""

MAX_BUNDLE_DEPTH: Final = 64
"""Brackets inside brackets; extensions and contained resources nest deeper than a case does."""

MAX_RESOURCES: Final = 10_000
"""Entries of a Bundle."""
