"""A term called by a name that a person gives: of the right sort, or an error that says what was meant."""

from __future__ import annotations

from collections.abc import Collection

from pyoxigraph import NamedNode

from refractory.errors import UsageError
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.vocabulary import local_name


def named(name: str, among: Collection[NamedNode], sort: str, knowledge: Knowledge) -> NamedNode:
    """Return the term that a name stands for, in any form that a case may use for a term.

    Args:
        name: The name.
        among: The terms of the right sort.
        sort: What they are called in an error, such as `fact`.
        knowledge: What names are resolved by.

    Raises:
        UsageError: The name stands for none of them.
    """
    term = knowledge.names.find(name)
    if term is not None and term in among:
        return term
    meant = did_you_mean(knowledge.names.nearest(name, among))
    known = f"Known are {', '.join(sorted(local_name(one.value) for one in among))}."
    if term is None:
        raise UsageError(f"no {sort} is called {name!r}.", fix=meant or known)
    raise UsageError(f"{knowledge.label(term)!r} is no {sort}.", fix=meant or known)
