"""Names by which a case may call a term: local name, label, synonym, code, full IRI; in any letter case."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from pyoxigraph import NamedNode

from refractory.errors import KnowledgeError
from refractory.vocabulary import local_name


class NameIndex:
    """Resolves the names of individuals, and says what was meant when it cannot."""

    def __init__(self, names: Iterable[tuple[str, NamedNode]]) -> None:
        """Index (name, term) pairs.

        Raises:
            KnowledgeError: One name, in whatever letter case, stands for two terms.
        """
        index: dict[str, NamedNode] = {}
        for name, term in names:
            key = name.casefold()
            if index.setdefault(key, term) != term:
                raise KnowledgeError(
                    f"the name {name!r} stands for both {local_name(index[key].value)} and {local_name(term.value)}.",
                    fix="Take the label or synonym from one of them.",
                )
        self._index: Mapping[str, NamedNode] = index

    def find(self, name: str) -> NamedNode | None:
        """Return the term that a name stands for, or None."""
        return self._index.get(name.strip().casefold())

    def nearest(self, name: str, among: Iterable[NamedNode] | None = None) -> tuple[str, ...]:
        """Return the local names of up to three terms whose names are most like this one, best first."""
        allowed = None if among is None else set(among)
        candidates = {key: term for key, term in self._index.items() if allowed is None or term in allowed}
        close = difflib.get_close_matches(name.strip().casefold(), candidates, n=6, cutoff=0.6)
        return tuple(dict.fromkeys(local_name(candidates[key].value) for key in close))[:3]


def did_you_mean(suggestions: Iterable[str]) -> str:
    """Return a question naming what may have been meant, or an empty string."""
    names = tuple(suggestions)
    return f"Did you mean {' or '.join(names)}?" if names else ""
