"""What sources say, whatever the case: positions, and what the leading source says where another disagrees."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import NamedTuple

from pyoxigraph import Literal, NamedNode, Triple

from refractory.knowledge.knowledge import Knowledge
from refractory.model.sources import Position, Regimen, StatementRef
from refractory.recommend.regimens import regimen_of
from refractory.recommend.terms import names, nodes_of
from refractory.vocabulary import Rdf, local_name, rfy

LEADS = "Leads"
"""The stance of the leading source in a disagreement."""


class Said(NamedTuple):
    """A position of a source.

    Attributes:
        node: Its node.
        place: What sorts it among others: the place of its source, its name.
        position: The position as it is shown.
        classes: The names of its classes.
        subjects: What it speaks of.
        raises: The cautions that it raises.
        encodes: The names of the statements that it encodes.
    """

    node: NamedNode
    place: tuple[int, str]
    position: Position
    classes: frozenset[str]
    subjects: tuple[NamedNode, ...]
    raises: frozenset[NamedNode]
    encodes: frozenset[str]

    def is_a(self, cls: str) -> bool:
        """Say whether it is of a class."""
        return cls in self.classes


class Sayings:
    """Looks positions up. Those of a knowledge are `knowledge.once(Sayings)`; they only remember what was looked up."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._order = {source.id: place for place, source in enumerate(knowledge.guidance)}
        stances = rfy("givesStance")
        self._stances = {cls: knowledge.text(cls, stances) for cls in knowledge.subjects(stances)}
        # Each remembers for this knowledge alone, and goes when it goes.
        self.said = cache(self._said)
        self.regimen_led = cache(self._regimen_led)

    def _said(self, node: NamedNode) -> Said:
        """Return a position."""
        source = local_name(self._text(node, "isPositionOf"))
        classes = [cls for cls in self.knowledge.values(node, Rdf.TYPE) if isinstance(cls, NamedNode)]
        encodes = frozenset(names(nodes_of(self.knowledge, node, "encodes")))
        statements = self.knowledge.cited(encodes)
        with_, of = self._count(node, "countWith"), self._count(node, "countOf")
        shares = (self._text(node, name) for name in ("shareLowPercent", "shareHighPercent"))
        shown = Position(
            local_name(node.value),
            source,
            next((word for cls, word in self._stances.items() if cls in classes), ""),
            self._paraphrase(statements),
            self._regimens(node),
            (with_, of) if with_ is not None and of is not None else None,
            tuple(Decimal(share) for share in shares if share),
            statements,
            self._count(node, "suspectsFromDay"),
            self._count(node, "suspectsByDay"),
        )
        place = self._order.get(source, len(self._order)), str(node)
        raises = (each for name in ("raises", "raisesWithAdvice") for each in nodes_of(self.knowledge, node, name))
        subjects = nodes_of(self.knowledge, node, "speaksOf")
        return Said(node, place, shown, frozenset(names(classes)), subjects, frozenset(raises), encodes)

    def _regimen_led(self, action: NamedNode, regimen: NamedNode) -> Position | None:
        """Return what the leading source says with a regimen of an action; None if no statement carries it."""
        carried = self.knowledge.carried.get(Triple(action, rfy("hasRegimen"), regimen), ())
        return self.led(regimen, self.knowledge.cited(carried), (regimen_of(self.knowledge, regimen),))

    def led(
        self, node: NamedNode, statements: tuple[StatementRef, ...], regimens: tuple[Regimen, ...] = ()
    ) -> Position | None:
        """Return what statements say, as what leads where another source disagrees; None if there are none."""
        if not statements:
            return None
        source, says = statements[0].source, self._paraphrase(statements)
        return Position(local_name(node.value), source, LEADS, says, regimens, None, (), statements)

    def _regimens(self, position: NamedNode) -> tuple[Regimen, ...]:
        found = [regimen_of(self.knowledge, regimen) for regimen in nodes_of(self.knowledge, position, "offersRegimen")]
        return tuple(sorted(found, key=lambda r: (r.per_day.dose if r.per_day else Decimal(0), str(r))))

    def _paraphrase(self, statements: tuple[StatementRef, ...]) -> str:
        return " ".join(self._text(rfy(statement.id), "paraphrase") for statement in statements)

    def _count(self, position: NamedNode, name: str) -> int | None:
        value = self.knowledge.value(position, rfy(name))
        return int(Decimal(value.value)) if isinstance(value, Literal) else None

    def _text(self, node: NamedNode, name: str) -> str:
        return self.knowledge.text(node, rfy(name))
