"""The IRIs of what belongs to a case. They all begin with the case's own, so that two cases never meet."""

from __future__ import annotations

import re

from pyoxigraph import Literal, NamedNode

PATIENT = "patient"
VIRUS = "virus"
ISOLATE = "isolate"
SPECIMEN = "specimen"
QUANTITY = "quantity"
_RESERVED = re.compile(rf"{VIRUS}|({ISOLATE}|{SPECIMEN}|{QUANTITY})\.[0-9]+")


def node(case: NamedNode, name: str, number: int | None = None) -> NamedNode:
    """Return the node of a part: `<case>#treatment.1`, or with a dot where the case's IRI has a fragment already."""
    return NamedNode(_base(case) + name + ("" if number is None else f".{number}"))


def is_reserved(case: NamedNode, candidate: NamedNode) -> bool:
    """Say whether a node bears a name that only the reader of a case gives: its virus, isolates, specimens, values."""
    base = _base(case)
    return candidate.value.startswith(base) and bool(_RESERVED.fullmatch(candidate.value.removeprefix(base)))


def in_order(term: NamedNode | Literal) -> tuple[int, str]:
    """Return a key that sorts the nodes of a case by number: the tenth treatment after the ninth."""
    return len(term.value), term.value


def _base(case: NamedNode) -> str:
    return case.value + ("." if "#" in case.value else "#")
