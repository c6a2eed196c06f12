"""Findings as the plain values of a row. Nothing is decided here: each value is one of the answer's."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from refractory.model.findings import (
    Conflict,
    Findings,
    GapMet,
    Hypothesis,
    Noted,
    Question,
    Recommendation,
    Resistance,
)
from refractory.model.genotype import Calls
from refractory.model.report import Finding
from refractory.model.sources import Quantity, Regimen, StatementRef, Time

NOT_APPLICABLE: Final = "NotApplicable"
FAILING: Final = "Failing"
NOT_FAILING: Final = "NotFailing"

Row = dict[str, Any]


def outcome(findings: Findings) -> str:
    """Return in one word what came out: that the sources have nothing to say, or whether treatment is failing."""
    if findings.not_applicable:
        return NOT_APPLICABLE
    return FAILING if findings.failure.failing else NOT_FAILING


def resistance(one: Resistance) -> Row:
    """Return a member of the column `resistance`."""
    return {
        "drug": one.drug,
        "status": one.status,
        "heightenedBy": one.heightened_by,
        "statements": _ids(one.statements),
    }


def hypothesis(one: Hypothesis) -> Row:
    """Return a member of the column `hypotheses`."""
    return {
        "name": one.name,
        "status": one.status,
        "for": one.for_,
        "against": one.against,
        "open": one.open,
        "statements": _ids(one.statements),
    }


def recommendation(one: Recommendation) -> Row:
    """Return a member of the column `recommendations`."""
    return {
        "action": one.action,
        "kind": one.kind,
        "urgency": one.urgency,
        "drug": one.drug,
        "redFlag": one.red_flag,
        "regimen": _regimen(one.regimen),
        "forThisPatient": _amount(one.for_this_patient),
        "cautions": [caution.name for caution in one.cautions],
        "weakenedBy": one.weakened_by,
        "positions": [position.name for position in one.positions],
        "statements": _ids(one.statements),
    }


def noted(one: Noted) -> Row:
    """Return a member of the columns `cautions` and `pitfalls`."""
    return {"name": one.name, "statements": _ids(one.statements)}


def conflict(one: Conflict) -> Row:
    """Return a member of the column `conflicts`."""
    return {"name": one.name, "about": one.about, "between": one.between, "statements": _ids(one.statements)}


def gap(one: GapMet) -> Row:
    """Return a member of the column `gaps`."""
    return {"id": one.id, "source": one.source, "line": one.line}


def time(one: Time) -> Row:
    """Return a member of the column `times`."""
    return {"name": one.name, "source": one.source, "fromDay": one.from_day, "reached": one.reached}


def questions(asked: Iterable[Question]) -> list[Row]:
    """Return a value of the column `questions`."""
    return [
        {"fact": one.fact, "asks": one.asks, "wouldChange": one.would_change, "statements": _ids(one.statements)}
        for one in asked
    ]


def warnings(found: Iterable[Finding]) -> list[Row]:
    """Return a value of the column `warnings`."""
    return [{"shape": one.shape, "name": one.name, "place": one.place, "value": one.value} for one in found]


def genotype(found: Iterable[Calls]) -> list[Row]:
    """Return a value of the column `genotype`."""
    return [
        {
            "virus": one.virus,
            "gene": one.gene,
            "mutation": one.mutation,
            "calls": [{"drug": call.drug, "call": call.call, "strength": call.strength} for call in one.calls],
            "doubtful": one.mechanism.doubtful,
            "unaffected": one.mechanism.unaffected,
        }
        for one in found
    ]


def _regimen(regimen: Regimen | None) -> Row | None:
    if regimen is None:
        return None
    return {
        **(_amount(regimen.dose) or {}),
        "route": regimen.route,
        "everyHours": _number(regimen.every_hours),
        "timesPerDay": _number(regimen.times_per_day),
        "days": _number(regimen.days),
        "until": regimen.until,
        "product": regimen.product,
    }


def _amount(quantity: Quantity | None) -> Row | None:
    return None if quantity is None else {"dose": float(quantity.dose), "unit": quantity.unit}


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _ids(statements: Iterable[StatementRef]) -> list[str]:
    return [statement.id for statement in statements]
