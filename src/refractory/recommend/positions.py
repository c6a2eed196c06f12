"""What sources beside the leading one say in a case: read off the positions that the rules found it to face."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property

from pyoxigraph import Literal, NamedNode, Triple

from refractory.model.findings import Conflict
from refractory.model.sources import Position, Regimen, StatementRef, Time
from refractory.recommend.regimens import regimen_of
from refractory.recommend.view import CaseView
from refractory.vocabulary import Rdf, local_name, rfy

LEADS = "Leads"
"""The stance of the leading source in a disagreement."""


class Positions:
    """The positions that one case faces, by what they speak of."""

    def __init__(self, view: CaseView) -> None:
        self._view = view
        self._knowledge = view.knowledge
        order = {source.id: place for place, source in enumerate(view.knowledge.guidance)}
        faced = view.nodes(rfy("facesPosition"))
        self._faced = sorted(faced, key=lambda p: (order.get(self._source(p), len(order)), str(p)))

    @cached_property
    def _stances(self) -> dict[NamedNode, str]:
        """The words for the stances, by the class of positions that takes each."""
        classes = self._knowledge.subjects(rfy("givesStance"))
        return {cls: self._knowledge.text(cls, rfy("givesStance")) for cls in classes}

    @property
    def red_flags(self) -> tuple[str, ...]:
        """The names of the red flags that the case raises."""
        return tuple(local_name(p.value) for p in self._faced if self._is_a(p, "RedFlagPosition"))

    def on(self, subject: NamedNode) -> tuple[Position, ...]:
        """Return what sources say of a subject, in the order of the sources."""
        return tuple(self._position(p) for p in self._about(subject) if not self._is_a(p, "TimePosition"))

    def statements_adding(self, action: NamedNode) -> set[str]:
        """Return the statements of the sources that add an action, or rule out one that another adds."""
        classes = ("AddingPosition", "ContraindicatingPosition")
        return self._encoded(p for p in self._about(action) if any(self._is_a(p, cls) for cls in classes))

    def statements_raising(self, caution: NamedNode) -> set[str]:
        """Return the statements of the sources that warn of something."""
        raising = (rfy("raises"), rfy("raisesWithAdvice"))
        return self._encoded(p for p in self._faced if any(caution in self._knowledge.values(p, r) for r in raising))

    def regimen(self, action: NamedNode) -> Regimen | None:
        """Return the regimen with which sources add an action, where all that is offered is one."""
        offered = [r for p in self._about(action) if self._is_a(p, "AddingPosition") for r in self._regimens(p)]
        return offered[0] if len(set(offered)) == 1 else None

    def weakening(self, action: NamedNode) -> tuple[str, ...]:
        """Return the positions for whose sake an action is left to consider: those that say it is too early, first."""
        early = self._view.nodes(rfy("hasNotReachedTimeOf")) if action in self._view.nodes(rfy("isTooEarlyFor")) else []
        found = [*early, *(p for p in self._about(action) if self._is_a(p, "WeakeningPosition"))]
        return tuple(local_name(p.value) for p in found)

    def times(self) -> tuple[Time, ...]:
        """Return from which day on sources would suspect resistance, and whether the case is there."""
        reached = set(self._view.nodes(rfy("hasReachedTimeOf")))
        ahead = set(self._view.nodes(rfy("hasNotReachedTimeOf")))
        return tuple(
            Time(
                local_name(p.value),
                self._source(p),
                self._count(p, "suspectsFromDay") or 0,
                self._count(p, "suspectsByDay"),
                True if p in reached else False if p in ahead else None,
                self._says(p),
                self._statements(p),
            )
            for p in self._faced
            if self._is_a(p, "TimePosition")
        )

    def disagreements(self, advice: dict[NamedNode, tuple[StatementRef, ...]]) -> tuple[Conflict, ...]:
        """Return where sources differ on one subject: a dose, a time, a direction.

        Args:
            advice: The statements behind each action that the case is given advice on.
        """
        found: dict[tuple[NamedNode, NamedNode], list[Position]] = {}
        for predicate, sort in self._view.linked(rfy("givesDisagreementOfLeader")):
            for node in self._view.nodes(predicate):
                for action, position in self._leading(node, advice):
                    found.setdefault((sort, action), []).append(position)
        for predicate, sort in self._view.linked(rfy("givesDisagreement")):
            disputed = set(self._view.nodes(predicate))
            for p in (p for p in self._faced if p in disputed):
                for subject in self._knowledge.values(p, rfy("speaksOf")):
                    if isinstance(subject, NamedNode):
                        found.setdefault((sort, subject), []).append(self._position(p))
        keys = sorted(found, key=lambda key: (self._knowledge.text(key[0], rfy("stepOrder")), str(key)))
        return tuple(self._conflict(sort, subject, found[sort, subject]) for sort, subject in keys)

    def _conflict(self, sort: NamedNode, subject: NamedNode, positions: list[Position]) -> Conflict:
        return Conflict(
            local_name(sort.value),
            tuple(dict.fromkeys(p.source for p in positions)),
            self._knowledge.text(sort, rfy("asks")),
            tuple(dict.fromkeys(s for p in positions for s in p.statements)),
            local_name(subject.value),
            tuple(positions),
        )

    def _leading(
        self, node: NamedNode, advice: dict[NamedNode, tuple[StatementRef, ...]]
    ) -> Iterable[tuple[NamedNode, Position]]:
        """Yield what the leading source says where another disagrees: of its action's regimen, or of an action."""
        carried = self._knowledge.carried
        for action, statements in advice.items():
            if node == action:
                leading = tuple(s for s in statements if s.source == self._knowledge.guidance[0].id)
                regimens: tuple[Regimen, ...] = ()
            elif node in self._knowledge.values(action, rfy("hasRegimen")):
                leading = self._knowledge.cited(carried.get(Triple(action, rfy("hasRegimen"), node), ()))
                regimens = (regimen_of(self._knowledge, node),)
            else:
                continue
            if node == action and not leading:
                # Another source's own action: who disagrees with the one that speaks against it is whoever adds it.
                yield from ((action, self._position(p)) for p in self._about(action) if self._is_a(p, "AddingPosition"))
            elif leading:
                says = " ".join(self._knowledge.text(rfy(s.id), rfy("paraphrase")) for s in leading)
                position = Position(local_name(node.value), leading[0].source, LEADS, says, regimens, None, (), leading)
                yield action, position

    def _about(self, subject: NamedNode) -> list[NamedNode]:
        return [p for p in self._faced if subject in self._knowledge.values(p, rfy("speaksOf"))]

    def _position(self, position: NamedNode) -> Position:
        with_, of = self._count(position, "countWith"), self._count(position, "countOf")
        shares = (self._knowledge.text(position, rfy(name)) for name in ("shareLowPercent", "shareHighPercent"))
        return Position(
            local_name(position.value),
            self._source(position),
            self._stance(position),
            self._says(position),
            self._regimens(position),
            (with_, of) if with_ is not None and of is not None else None,
            tuple(Decimal(share) for share in shares if share),
            self._statements(position),
            self._count(position, "suspectsFromDay"),
            self._count(position, "suspectsByDay"),
        )

    def _regimens(self, position: NamedNode) -> tuple[Regimen, ...]:
        found = [
            regimen_of(self._knowledge, r)
            for r in self._knowledge.values(position, rfy("offersRegimen"))
            if isinstance(r, NamedNode)
        ]
        return tuple(sorted(found, key=lambda r: (r.per_day.dose if r.per_day else Decimal(0), str(r))))

    def _stance(self, position: NamedNode) -> str:
        classes = self._knowledge.values(position, Rdf.TYPE)
        return next((word for cls, word in self._stances.items() if cls in classes), "")

    def _source(self, position: NamedNode) -> str:
        return local_name(self._knowledge.text(position, rfy("isPositionOf")))

    def _statements(self, position: NamedNode) -> tuple[StatementRef, ...]:
        return self._knowledge.cited(self._encoded([position]))

    def _encoded(self, positions: Iterable[NamedNode]) -> set[str]:
        return {
            local_name(statement.value)
            for position in positions
            for statement in self._knowledge.values(position, rfy("encodes"))
            if isinstance(statement, NamedNode)
        }

    def _says(self, position: NamedNode) -> str:
        return " ".join(self._knowledge.text(rfy(s.id), rfy("paraphrase")) for s in self._statements(position))

    def _count(self, position: NamedNode, name: str) -> int | None:
        value = self._knowledge.value(position, rfy(name))
        return int(Decimal(value.value)) if isinstance(value, Literal) else None

    def _is_a(self, position: NamedNode, cls: str) -> bool:
        return rfy(cls) in self._knowledge.values(position, Rdf.TYPE)
