"""Why an action is not advised: for each rule that would advise it what fails, and what that would follow from."""

from __future__ import annotations

from dataclasses import dataclass

from refractory.explain.sentences import capital
from refractory.explain.why_not import Failing, NearMiss, WhyNot
from refractory.service.pages.proofs.links import Cited, Link, Ways


@dataclass(frozen=True, slots=True)
class Fails:
    """A condition that fails, and what it would follow from."""

    says: str
    below: tuple[Miss, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """A rule that does not hold: what it says, the places of its statements, and the conditions that fail."""

    rule: Link
    cited: tuple[Cited, ...]
    fails: tuple[Fails, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is not advised.

    Attributes:
        action: The action in words.
        advised: That it is advised after all: kind and urgency, or an empty string.
        misses: The rules that would advise it (otherwise), the nearest first.
    """

    action: str
    advised: str
    misses: tuple[Miss, ...]


class Refusals:
    """Tells why actions are not advised."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways

    def of(self, answer: WhyNot) -> Refusal:
        """Return an answer as it is told."""
        advised = ", ".join(answer.advised).casefold() if answer.advised else ""
        return Refusal(answer.label, advised, tuple(map(self._miss, answer.misses)))

    def _miss(self, miss: NearMiss) -> Miss:
        return Miss(
            self._ways.rule(miss.rule, capital(miss.title)),
            self._ways.cited(miss.statements),
            tuple(map(self._fails, miss.failing)),
        )

    def _fails(self, failing: Failing) -> Fails:
        return Fails(capital(failing.text), tuple(map(self._miss, failing.below)))
