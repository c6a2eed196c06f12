"""One row of the mapping, held against one resource: what it makes of it, or why it makes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pyoxigraph import NamedNode

from refractory.case.fhir import values
from refractory.case.fhir.bundle import Bundle, Resource
from refractory.case.fhir.codes import Codes, Match, names
from refractory.case.fhir.mapping import Check, Field, Row
from refractory.case.fhir.paths import evaluate
from refractory.case.fhir.trace import IGNORED, UNKNOWN, TraceEntry
from refractory.case.fhir.values import NotSureError
from refractory.case.lexical import check_text
from refractory.case.quantities import Quantities
from refractory.case.showing import shown
from refractory.errors import LimitError, RefusedError
from refractory.vocabulary import local_name


@dataclass(frozen=True)
class Made:
    """What a row made of a resource.

    Attributes:
        row: The row.
        resource: The resource.
        term: The term of its code; None where the row needs none.
        holds: Whether the fact is said (True) or denied (False).
        part: The keys of a part of the case, with their values.
        paths: For each of these keys, the element it was made from.
        time: When it was so, as it is written; empty if that is not said.
        reasons: The conditions that it is given for; None if nothing is said of that.
        replaces: The places of resources that it tells anew.
    """

    row: Row
    resource: Resource
    term: NamedNode | None
    holds: bool = True
    part: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    time: str = ""
    reasons: tuple[NamedNode, ...] | None = None
    replaces: frozenset[str] = frozenset()


class LeftOutError(Exception):
    """A resource of which a row makes nothing; carries the trace."""

    def __init__(self, outcome: str, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.outcome, self.reason, self.path = outcome, reason, path


@dataclass
class RowReader:
    """Holds rows against resources.

    Attributes:
        bundle: The Bundle.
        codes: What codes mean.
        quantities: The units that a case knows.
        today: The day of the assessment, or an empty string.
        trace: Where what is not made is written down.
    """

    bundle: Bundle
    codes: Codes
    quantities: Quantities
    today: str
    trace: list[TraceEntry]

    def find(self, path: str, resource: Resource) -> list[Any]:
        """Return what a path finds in a resource."""
        return evaluate(path, resource.data, self.bundle) if path else []

    def holds(self, path: str, resource: Resource) -> bool:
        """Say whether a condition holds of a resource."""
        return self.find(path, resource) == [True]

    def concerns(self, row: Row, resource: Resource) -> list[Match] | None:
        """Return what the code of a resource means to a row; None if the row does not speak of it."""
        if row.resource != resource.type:
            return None
        if not row.code:
            return []
        return self.codes.matches(self.find(row.code, resource), row) or None

    def make(self, row: Row, resource: Resource, matches: list[Match]) -> Made:
        """Return what a row makes of a resource that it speaks of.

        Raises:
            LeftOutError: It makes nothing of it, and why.
        """
        denied = self._check(row, resource)
        match = self._match(row, matches)
        time = self._time(row, resource)
        if row.present or row.absent:
            denied = self._said(row, resource)
        if denied and match is not None and not match.denies:
            raise LeftOutError(UNKNOWN, f"{match.code} is {match.nearness}er than the term, so its absence denies less")
        made = Made(
            row,
            resource,
            match.term if match else None,
            not denied,
            dict(row.set),
            dict.fromkeys(row.set, row.code),
            time,
            self._reasons(row, resource),
            frozenset(
                self.bundle.key(part.get("reference"))
                for part in self.find(row.stands_for, resource)
                if isinstance(part, dict)
            ),
        )
        for each in row.fields:
            self._field(each, made, match)
        missing = [name for name in row.required if name not in made.part]
        if missing:
            raise LeftOutError(UNKNOWN, f"it does not say the {', '.join(missing)} in a form that is read")
        return made

    def _check(self, row: Row, resource: Resource) -> bool:
        """Return whether a status denies the fact.

        Raises:
            LeftOutError: A status, or a condition of the row, leaves the resource out.
        """
        denied = False
        for name in row.checks:
            check = self.codes.mapping.checks[name]
            verdict, code = self._verdict(check, resource)
            if verdict == "excluded":
                raise LeftOutError(IGNORED, f"its status is {code or 'not given'}", check.path)
            if verdict == "unknown" and not denied:
                raise LeftOutError(UNKNOWN, f"its status is {code or 'not given'}", check.path)
            denied = denied or verdict == "absent"
        for condition in row.ignored_if:
            if self.holds(condition.where, resource):
                raise LeftOutError(IGNORED, condition.reason, condition.where)
        for condition in row.unknown_if:
            if self.holds(condition.where, resource):
                raise LeftOutError(UNKNOWN, condition.reason, condition.where)
        return denied

    def _verdict(self, check: Check, resource: Resource) -> tuple[str, str]:
        found = self.find(check.path, resource)
        for verdict in ("excluded", "unknown", "absent", "used"):
            for code in found:
                if isinstance(code, str) and code in getattr(check, verdict):
                    return verdict, code
        if found or (check.given and self.holds(check.given, resource)):
            return "unknown", shown(found[0]) if found else "not coded as FHIR has it"
        return check.missing, ""

    def _match(self, row: Row, matches: list[Match]) -> Match | None:
        """Return the one term that a resource is about.

        Raises:
            LeftOutError: Its codes are only near the term, or mean several.
        """
        if not row.code:
            return None
        admitted = [match for match in matches if match.admitted]
        if not admitted:
            near = matches[0]
            raise LeftOutError(
                UNKNOWN,
                f"{near.code} is not the same as {local_name(near.term.value)} ({near.nearness} match)",
                row.code,
            )
        if len({match.term for match in admitted}) > 1:
            raise LeftOutError(UNKNOWN, f"its codes mean {names({m.term for m in admitted})}", row.code)
        return min(admitted, key=lambda match: not match.denies)

    def _time(self, row: Row, resource: Resource) -> str:
        """Return when it was so.

        Raises:
            LeftOutError: It lies after the day of the assessment.
        """
        found = [time for time in self.find(row.time, resource) if isinstance(time, str)]
        time = found[0] if found else ""
        if self.today and time[:10] > self.today:
            raise LeftOutError(IGNORED, f"it is dated {time[:10]}, after the day of the assessment", row.time)
        return time

    def _said(self, row: Row, resource: Resource) -> bool:
        """Return whether an observation denies the fact.

        Raises:
            LeftOutError: It neither says nor denies it.
        """
        if self.find("dataAbsentReason", resource):
            raise LeftOutError(UNKNOWN, "the value is missing, with a reason (dataAbsentReason)", "dataAbsentReason")
        said, denied = (bool(path) and self.holds(path, resource) for path in (row.present, row.absent))
        if said and denied:
            raise LeftOutError(UNKNOWN, "its value says yes and no", row.present)
        if not said and not denied:
            what = "it" if row.present else "only a negative result is read here, and it"
            raise LeftOutError(
                UNKNOWN, f"{what} is neither yes nor no in a form that is read", row.present or row.absent
            )
        return denied

    def _reasons(self, row: Row, resource: Resource) -> tuple[NamedNode, ...] | None:
        """Return the conditions that a treatment is for; None if nothing is said of it.

        Raises:
            LeftOutError: It is for something, and for none of the conditions that are known.
        """
        found = self.find(row.reason, resource)
        if not found:
            return None
        terms = self.codes.term(found, ("Condition",))
        if not terms:
            raise LeftOutError(UNKNOWN, "it is given for something that no code of a condition here says", row.reason)
        return terms

    def _field(self, each: Field, made: Made, match: Match | None) -> None:
        """Add a key to what is made; one that is not sure is written into the trace instead."""
        if any(made.part.get(name) == value for name, value in each.unless.items()):
            return
        try:
            found = self._value(each, made, match)
        except NotSureError as reason:
            self.note(made, UNKNOWN, f"the {each.name} is unknown: {reason}", each.path)
            return
        for name, value in found:
            made.part[name] = value
            made.paths[name] = each.path or made.row.code

    def _value(self, each: Field, made: Made, match: Match | None) -> Iterator[tuple[str, Any]]:
        resource = made.resource
        if each.kind == "code":
            return iter([(each.name, local_name(match.term.value))] if match else [])
        found = self.find(each.path, resource)
        if each.kind == "measured" and self.find("dataAbsentReason", resource):
            raise NotSureError("the value is missing, with a reason (dataAbsentReason)")
        if each.one and len(self.find(each.one, resource)) > 1:
            raise NotSureError("there are several dosages, and none is chosen")
        if found and each.unknown_if and self.holds(each.unknown_if, resource):
            raise NotSureError("it is given as needed")
        if not found:
            implied = each.by_code.get(match.code, "") if match else ""
            if each.words and self.find(each.words, resource):
                raise NotSureError("it is said in words or abbreviations only, which are not read")
            return iter([(each.name, implied)] if implied else [])
        return iter(self._read(each, found))

    def _read(self, each: Field, found: list[Any]) -> list[tuple[str, Any]]:  # noqa: PLR0911  # a kind, a return
        if each.kind == "term":
            terms = self.codes.term(found, each.term_of)
            if len(terms) != 1:
                raise NotSureError("no code that is known says it" if not terms else f"its codes mean {names(terms)}")
            return [(each.name, local_name(terms[0].value))]
        value = values.one(found)
        match each.kind:
            case "age":
                return [(each.name, values.age(value, self.today))]
            case "date":
                return [(each.name, values.day(value))]
            case "map":
                if not isinstance(value, str) or value not in each.map:
                    raise NotSureError(f"{shown(value)} has no meaning here")
                return [(each.name, each.map[value])]
            case "measured":
                amount, unit = values.measured(value, self.quantities)
                return [(each.name, amount), ("unit", unit)]
            case "quantity":
                return [(each.name, values.in_unit(value, each.unit, self.quantities))]
            case "per-day":
                return [(each.name, values.per_day(value))]
        try:
            check_text(str(value), each.path)
        except (RefusedError, LimitError) as error:
            raise NotSureError(error.what) from error
        return [(each.name, str(value))]

    def note(self, made: Made, outcome: str, reason: str, path: str = "", *, fact: str = "", case: str = "") -> None:
        """Write down what became of something that a row made."""
        self.write(made.resource, outcome, reason, path, row=made.row.id, fact=fact, case=case)

    def write(
        self,
        resource: Resource,
        outcome: str,
        reason: str,
        path: str = "",
        *,
        row: str = "",
        fact: str = "",
        case: str = "",
    ) -> None:
        """Write down what became of a resource."""
        self.trace.append(TraceEntry(outcome, resource.name, where(resource, path), reason, row, fact, case))


def where(resource: Resource, path: str) -> str:
    """Return where an element stands."""
    return f"{resource.place}, {path}" if path else resource.place
