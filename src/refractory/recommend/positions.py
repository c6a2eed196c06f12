"""What sources beside the leading one say in a case: read off the positions that the rules found it to face."""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import NamedNode

from refractory.model.findings import Conflict
from refractory.model.sources import Position, Regimen, StatementRef, Time
from refractory.recommend.leaders import Leaders
from refractory.recommend.sayings import Said, Sayings
from refractory.recommend.view import CaseView
from refractory.vocabulary import local_name, rfy


class Positions:
    """The positions that one case faces, by what they speak of."""

    def __init__(self, view: CaseView) -> None:
        self._view = view
        self._sayings = view.knowledge.once(Sayings)
        self._faced = sorted(map(self._sayings.said, view.nodes(rfy("facesPosition"))), key=lambda said: said.place)
        self._about: dict[NamedNode, list[Said]] = {}
        for said in self._faced:
            for subject in said.subjects:
                self._about.setdefault(subject, []).append(said)
        # The positions whose time is not reached, and the actions for which that is too early.
        self._early = view.nodes(rfy("hasNotReachedTimeOf"))
        self._too_early = view.nodes(rfy("isTooEarlyFor"))

    @property
    def red_flags(self) -> tuple[str, ...]:
        """The names of the red flags that the case raises."""
        return tuple(said.position.name for said in self._faced if said.is_a("RedFlagPosition"))

    def on(self, subject: NamedNode) -> tuple[Position, ...]:
        """Return what sources say of a subject, in the order of the sources."""
        return tuple(said.position for said in self._on(subject) if not said.is_a("TimePosition"))

    def statements_adding(self, action: NamedNode) -> set[str]:
        """Return the statements of the sources that add an action, or rule out one that another adds."""
        return _encoded(said for said in self._on(action) if _adds(said) or said.is_a("ContraindicatingPosition"))

    def statements_raising(self, caution: NamedNode) -> set[str]:
        """Return the statements of the sources that warn of something."""
        return _encoded(said for said in self._faced if caution in said.raises)

    def regimen(self, action: NamedNode) -> Regimen | None:
        """Return the regimen with which sources add an action, where all that is offered is one."""
        offered = [regimen for said in self._on(action) if _adds(said) for regimen in said.position.regimens]
        return offered[0] if len(set(offered)) == 1 else None

    def weakening(self, action: NamedNode) -> tuple[str, ...]:
        """Return the positions for whose sake an action is left to consider: those that say it is too early, first."""
        early = self._early if action in self._too_early else ()
        weak = [said.position.name for said in self._on(action) if said.is_a("WeakeningPosition")]
        return (*(local_name(position.value) for position in early), *weak)

    def times(self) -> tuple[Time, ...]:
        """Return from which day on sources would suspect resistance, and whether the case is there."""
        reached = set(self._view.nodes(rfy("hasReachedTimeOf")))
        return tuple(
            Time(
                said.position.name,
                said.position.source,
                said.position.from_day or 0,
                said.position.by_day,
                True if said.node in reached else False if said.node in self._early else None,
                said.position.says,
                said.position.statements,
            )
            for said in self._faced
            if said.is_a("TimePosition")
        )

    def disagreements(self, advice: dict[NamedNode, tuple[StatementRef, ...]]) -> tuple[Conflict, ...]:
        """Return where sources differ on one subject: a dose, a time, a direction.

        Args:
            advice: The statements behind each action that the case is given advice on.
        """
        found: dict[tuple[NamedNode, NamedNode], list[Position]] = {}
        for predicate, sort in self._view.terms.links("givesDisagreementOfLeader"):
            for node in self._view.nodes(predicate):
                for action, position in self._leading(node, advice):
                    found.setdefault((sort, action), []).append(position)
        for predicate, sort in self._view.terms.links("givesDisagreement"):
            disputed = set(self._view.nodes(predicate))
            for said in self._faced if disputed else ():
                if said.node in disputed:
                    for subject in said.subjects:
                        found.setdefault((sort, subject), []).append(said.position)
        text = self._view.knowledge.text
        keys = sorted(found, key=lambda key: (text(key[0], rfy("stepOrder")), str(key)))
        return tuple(self._conflict(sort, subject, found[sort, subject]) for sort, subject in keys)

    def _conflict(self, sort: NamedNode, subject: NamedNode, positions: list[Position]) -> Conflict:
        return Conflict(
            local_name(sort.value),
            tuple(dict.fromkeys(p.source for p in positions)),
            self._view.knowledge.text(sort, rfy("asks")),
            tuple(dict.fromkeys(s for p in positions for s in p.statements)),
            local_name(subject.value),
            tuple(positions),
        )

    def _leading(
        self, node: NamedNode, advice: dict[NamedNode, tuple[StatementRef, ...]]
    ) -> Iterable[tuple[NamedNode, Position]]:
        """Yield what the leading source says where another disagrees: of its action's regimen, or of an action."""
        leaders = self._view.knowledge.once(Leaders).sources
        for action, statements in advice.items():
            if node == action:
                position = self._sayings.led(node, tuple(s for s in statements if s.source in leaders))
                if position is None:
                    # Another source's own action: who disagrees with the one that speaks against it is whoever adds it.
                    yield from ((action, said.position) for said in self._on(action) if _adds(said))
            elif node in self._view.terms.action(action).regimens:
                position = self._sayings.regimen_led(action, node)
            else:
                continue
            if position is not None:
                yield action, position

    def _on(self, subject: NamedNode) -> Iterable[Said]:
        return self._about.get(subject, ())


def _adds(said: Said) -> bool:
    return said.is_a("AddingPosition")


def _encoded(positions: Iterable[Said]) -> set[str]:
    return {statement for said in positions for statement in said.encodes}
