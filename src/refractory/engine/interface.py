"""What every reasoner offers, whatever runs inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from refractory.model.facts import CaseFacts, Closure


class Reasoner(Protocol):
    """Derives what follows from cases; it holds the compiled knowledge and never changes."""

    def close(self, cases: Sequence[CaseFacts]) -> Sequence[Closure]:
        """Return what follows from each case, in the order given; cases are reasoned apart.

        Raises:
            ContradictionError: The closure of a case is inconsistent.
        """
        ...
