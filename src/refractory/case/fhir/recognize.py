"""Tells FHIR from a case, before anything of FHIR is loaded."""

from __future__ import annotations

import re
from typing import Final

_KEY: Final = re.compile(rb'"resourceType"\s*:')


def looks_like_fhir(content: bytes) -> bool:
    """Say whether a JSON text may be FHIR: a case never has the key that every resource has."""
    return bool(_KEY.search(content))
