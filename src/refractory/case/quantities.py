"""Quantities: what is measured, and in which units. A number is converted within its dimension, and never beyond it.

What is a quantity, a unit and a dimension stands in the graph; nothing of it is written here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from typing import Final

from pyoxigraph import NamedNode

from refractory.case.showing import shown
from refractory.errors import KnowledgeError, RefusedError
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.vocabulary import Rdf, local_name, rfy

UNIT_CODE: Final = rfy("unitCode")

# More digits than a number of a case times a unit's size can have, so that only a division may be inexact.
_DIGITS: Final = 100
# A quotient that no decimal number ends is rounded here, far beyond what anyone measures.
_PLACES: Final = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit.

    Attributes:
        code: Its UCUM code, which is case-sensitive.
        dimension: What it counts; None if nothing is converted into it.
        size: How many bases of its dimension it is.
    """

    code: str
    dimension: NamedNode | None
    size: Decimal


@dataclass(frozen=True)
class Quantities:
    """The quantities and units of a knowledge.

    Attributes:
        units: The units by UCUM code.
        canonical: For each quantity, the unit in which its values are compared.
        stated: For each quantity that a property of the patient states, that property.
    """

    units: Mapping[str, Unit]
    canonical: Mapping[NamedNode, Unit]
    stated: Mapping[NamedNode, NamedNode]

    @classmethod
    def of(cls, knowledge: Knowledge) -> Quantities:
        """Return the quantities of a knowledge, read when they are first asked for.

        Raises:
            KnowledgeError: A quantity has no canonical unit, or one of another dimension.
        """
        return knowledge.once(_read)

    def canonical_value(self, quantity: NamedNode, value: str, code: str) -> Decimal | None:
        """Return what a number amounts to in the canonical unit of a quantity; None if the unit is of another sort.

        The result is exact wherever a decimal number is.
        """
        unit, canonical = self.units.get(code), self.canonical.get(quantity)
        if unit is None or canonical is None or unit.dimension != canonical.dimension:
            return None
        number = Decimal(value)
        if unit == canonical:
            return number
        context = Context(prec=_DIGITS)
        quotient = context.divide(context.multiply(number, unit.size), canonical.size)
        return quotient.quantize(_PLACES, context=context) if context.flags[Inexact] else quotient


def _read(knowledge: Knowledge) -> Quantities:
    units: dict[NamedNode, Unit] = {}
    for term in knowledge.subjects(rfy("ucumCode")):
        size = Decimal(knowledge.text(term, rfy("unitSize")) or 1)
        units[term] = Unit(knowledge.text(term, rfy("ucumCode")), _term(knowledge, term, "hasDimension"), size)
    canonical = {}
    for quantity in knowledge.subjects(Rdf.TYPE, rfy("Quantity")):
        named = _term(knowledge, quantity, "hasCanonicalUnit")
        unit = units.get(named) if named else None
        if unit is None or unit.dimension is None or unit.dimension != _term(knowledge, quantity, "hasDimension"):
            raise KnowledgeError(
                "the quantity has no canonical unit of its dimension.",
                place=local_name(quantity.value),
                fix="Give it rfy:hasDimension and rfy:hasCanonicalUnit, and the unit the same dimension.",
            )
        canonical[quantity] = unit
    stated = {
        quantity: said for quantity in canonical if (said := _term(knowledge, quantity, "isStatedBy")) is not None
    }
    by_code = {unit.code: unit for unit in units.values()}
    return Quantities(by_code, canonical, {quantity: said for quantity, said in stated.items() if said is not None})


def _term(knowledge: Knowledge, subject: NamedNode, predicate: str) -> NamedNode | None:
    found = knowledge.value(subject, rfy(predicate))
    return found if isinstance(found, NamedNode) else None


def check_unit(code: str, knowledge: Knowledge, place: str) -> None:
    """Refuse a unit that is not known by its code.

    Raises:
        RefusedError: No unit has the code; the message says which may have been meant.
    """
    units = Quantities.of(knowledge).units
    if code not in units:
        raise RefusedError(
            f"no unit has the UCUM code {shown(code)}.",
            place=place,
            why="A code is case-sensitive, and a unit that is guessed may be off by a thousand.",
            fix=did_you_mean(_meant(code, knowledge))
            or f"Known are {', '.join(sorted(unit.code for unit in units.values() if unit.dimension))}.",
        )


def _meant(code: str, knowledge: Knowledge) -> list[str]:
    """Return the codes that may have been meant: of a unit with this name, in other letter case, or much alike."""
    codes = {unit.casefold(): unit for unit in Quantities.of(knowledge).units}
    named = knowledge.names.find(code)
    if named is not None and (own := knowledge.text(named, rfy("ucumCode"))):
        return [own]
    plain = code.strip().casefold()
    if plain in codes:
        return [codes[plain]]
    return [codes[near] for near in difflib.get_close_matches(plain, codes, n=3, cutoff=0.6)]
