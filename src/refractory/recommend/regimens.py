"""Regimens as the knowledge states them."""

from __future__ import annotations

from decimal import Decimal

from pyoxigraph import Literal, NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.model.sources import Quantity, Regimen
from refractory.vocabulary import local_name, rfy


def regimen_of(knowledge: Knowledge, regimen: NamedNode) -> Regimen:
    """Return how a drug is given by a regimen; what its source does not say is None."""
    return Regimen(
        dose=_dose(knowledge, regimen),
        route=_name(knowledge, regimen, "hasRoute"),
        every_hours=_decimal(knowledge, regimen, "everyHours"),
        times_per_day=_decimal(knowledge, regimen, "timesPerDay"),
        days=_decimal(knowledge, regimen, "durationDays"),
        until=label_of(knowledge, regimen, "hasEndPoint"),
        product=_name(knowledge, regimen, "hasProduct"),
    )


def label_of(knowledge: Knowledge, subject: NamedNode, predicate: str) -> str | None:
    """Return the label of what a term has under a property."""
    value = knowledge.value(subject, rfy(predicate))
    return knowledge.label(value) if isinstance(value, NamedNode) else None


def _dose(knowledge: Knowledge, regimen: NamedNode) -> Quantity | None:
    """Return the amount of a regimen: the one property with a unit that it has."""
    for predicate in knowledge.subjects(rfy("hasUnit")):
        value = knowledge.value(regimen, predicate)
        if isinstance(value, Literal):
            return Quantity(Decimal(value.value), label_of(knowledge, predicate, "hasUnit") or "")
    return None


def _decimal(knowledge: Knowledge, subject: NamedNode, predicate: str) -> Decimal | None:
    text = knowledge.text(subject, rfy(predicate))
    return Decimal(text) if text else None


def _name(knowledge: Knowledge, subject: NamedNode, predicate: str) -> str | None:
    return local_name(knowledge.text(subject, rfy(predicate))) or None
