"""What in a query is no error and yet seldom meant: a name that nothing has, or a variable that is used once."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from refractory.knowledge.names import did_you_mean
from refractory.query.checked import Checked
from refractory.vocabulary import NAMESPACE, PREFIX

MAX_WARNINGS: Final = 10
# Looking for what was meant takes time that grows with the length of the name.
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class _Warning:
    """Something to look at; what was meant is looked for when it is told, because that takes time.

    Attributes:
        text: What is odd, and where.
        name: The name that may be misspelt.
        among: What may have been meant.
        mark: What stands before a name, such as `?`.
    """

    text: str
    name: str = ""
    among: Collection[str] = ()
    mark: str = ""

    def told(self) -> str:
        near = difflib.get_close_matches(self.name, sorted(self.among), n=2, cutoff=0.7)
        if not self.name or len(self.name) > _LONGEST or not near:
            return self.text
        return f"{self.text} {did_you_mean(f'{self.mark}{name}' for name in near)}"


def warnings_of(
    checked: Checked, known: Collection[str], graphs: Collection[str], bound: Collection[str] = ()
) -> tuple[str, ...]:
    """Return what to look at in a query whose answer surprises; each warning is one line.

    Args:
        checked: What the query's tokens tell.
        known: The IRIs of our namespace that there are.
        graphs: The graphs that there are.
        bound: The variables that were given a value.
    """
    found = tuple(_warnings(checked, known, graphs, bound))
    more = len(found) - MAX_WARNINGS
    told = tuple(warning.told() for warning in found[:MAX_WARNINGS])
    return (*told, f"There are {more} more warnings.") if more > 0 else told


def _warnings(
    checked: Checked, known: Collection[str], graphs: Collection[str], bound: Collection[str]
) -> Iterator[_Warning]:
    names = frozenset(iri.removeprefix(NAMESPACE) for iri in known)
    for term in checked.terms:
        if term.iri.startswith(NAMESPACE) and term.iri not in known and term.iri not in graphs:
            text = f"{term.place}: nothing is called {term.written} here."
            yield _Warning(text, term.iri.removeprefix(NAMESPACE), names, f"{PREFIX}:")
    for graph in checked.graphs:
        if graph.iri not in graphs:
            there = ", ".join(f"<{name}>" for name in graphs)
            yield _Warning(f"{graph.place}: there is no graph {graph.written}, so it is empty. There are {there}.")
    for name, place in checked.lone.items():
        # As in many languages, a name that begins with an underscore says that it is meant.
        if name not in bound and not name.startswith("_"):
            what = "is a column that nothing fills" if name in checked.columns else "is used once, and joins nothing"
            yield _Warning(f"{place}: ?{name} {what}.", name, checked.variables - {name}, "?")
