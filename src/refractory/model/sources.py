"""What sources say, as frozen values: a statement's place, a regimen, a position beside the leading source."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class StatementRef:
    """A statement of a source and its place: the line of the source, or the number of our own reading."""

    id: str
    source: str
    line: int
    citation: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        # An answer holds hundreds.
        form: dict[str, Any] = {"id": self.id, "source": self.source, "line": self.line}
        if self.citation is not None:
            form["citation"] = self.citation
        return form


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount and its unit (`mg`, `mg/kg`, `%`)."""

    dose: Decimal
    unit: str

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {"dose": number(self.dose), "unit": self.unit}


@dataclass(frozen=True, slots=True)
class Regimen:
    """How a drug is given; what the source does not say is None.

    Attributes:
        dose: Amount for each application, with its unit.
        route: The name of the route.
        every_hours: Hours between applications.
        times_per_day: Applications a day.
        days: Duration in days.
        until: The end point in words.
        product: The name of the product.
    """

    dose: Quantity | None = None
    route: str | None = None
    every_hours: Decimal | None = None
    times_per_day: Decimal | None = None
    days: Decimal | None = None
    until: str | None = None
    product: str | None = None

    @property
    def per_day(self) -> Quantity | None:
        """The amount a day, the form in which regimens compare; None where dose or frequency are not said."""
        if self.dose is None:
            return None
        if self.every_hours:
            return Quantity(self.dose.dose * 24 / self.every_hours, self.dose.unit)
        return Quantity(self.dose.dose * self.times_per_day, self.dose.unit) if self.times_per_day else None

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            **(self.dose.to_json() if self.dose else {}),
            **without_none(
                route=self.route,
                everyHours=number(self.every_hours),
                timesPerDay=number(self.times_per_day),
                days=number(self.days),
                until=self.until,
                product=self.product,
            ),
        }


@dataclass(frozen=True, slots=True)
class Position:
    """What a statement of one source says of one subject of an answer: of an action, a hypothesis or a caution.

    Attributes:
        name: The name of the position.
        source: The source that takes it.
        stance: How it stands to its subject (`Agrees`, `Opposes`, `Adds`, `Leads` for the leading source ...).
        says: The statement in our words.
        regimens: The regimens that it offers, most a day last.
        count: How many of how many, for a position that counts.
        share_percent: The share that it gives, or the two ends of its range.
        statements: The statements that it encodes.
        from_day: The day of treatment from which on it suspects resistance; of a range, the first.
        by_day: Of a range, the last day.
    """

    name: str
    source: str
    stance: str
    says: str
    regimens: tuple[Regimen, ...]
    count: tuple[int, int] | None
    share_percent: tuple[Decimal, ...]
    statements: tuple[StatementRef, ...]
    from_day: int | None = None
    by_day: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return without_none(
            name=self.name,
            source=self.source,
            stance=self.stance,
            says=self.says,
            regimens=[
                regimen.to_json() | ({"perDay": regimen.per_day.to_json()} if regimen.per_day else {})
                for regimen in self.regimens
            ]
            or None,
            count={"with": self.count[0], "of": self.count[1]} if self.count else None,
            sharePercent=[number(share) for share in self.share_percent] or None,
            fromDay=self.from_day,
            byDay=self.by_day,
            statements=[s.to_json() for s in self.statements],
        )


@dataclass(frozen=True, slots=True)
class Time:
    """From which day of treatment on a source suspects resistance, and whether the case is there.

    Attributes:
        name: The name of the position.
        source: The source that takes it.
        from_day: The day; of a range, the first.
        by_day: Of a range, the last day.
        reached: Whether the source would suspect resistance by now; None: the day of treatment is not known.
        says: The statement in our words.
        statements: The statements that it encodes.
    """

    name: str
    source: str
    from_day: int
    by_day: int | None
    reached: bool | None
    says: str
    statements: tuple[StatementRef, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return without_none(
            name=self.name,
            source=self.source,
            fromDay=self.from_day,
            byDay=self.by_day,
            reached=self.reached,
            says=self.says,
            statements=[s.to_json() for s in self.statements],
        )


def number(value: Decimal | None) -> int | float | None:
    """Return a decimal as the plainest JSON number."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def without_none(**parts: Any) -> dict[str, Any]:
    """Return a JSON object of the parts that are there."""
    return {key: value for key, value in parts.items() if value is not None}
