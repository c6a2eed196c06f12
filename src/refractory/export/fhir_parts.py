"""The small parts that FHIR resources are made of: words, codes, quantities, dosages; and JSON that keeps each digit.

Sources: the data types of FHIR R4B (https://hl7.org/fhir/R4B/datatypes.html), and the addresses of code systems in HL7
Terminology (https://terminology.hl7.org/external_terminologies.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from html import escape
from itertools import groupby
from typing import Any, Final

from pyoxigraph import NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import NOTICE, Assessment
from refractory.model.sources import Position, Quantity, Regimen, StatementRef
from refractory.model.values import plain
from refractory.vocabulary import NAMESPACE, Skos, local_name, rfy

Json = dict[str, Any]

UCUM: Final = "http://unitsofmeasure.org"
PERCENT: Final = "%"

# The code systems whose codes name a thing and nothing more, by their prefix in the table of codes. ATC is left out:
# its codes say a use as well (systemic, on the skin), and a proposal may be for another one.
_SYSTEMS: Final = {
    "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "SCTID": "http://snomed.info/sct",
    "UNII": "http://fdasis.nlm.nih.gov",
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "LOINC": "http://loinc.org",
}
_DOSE_TYPE: Final = "http://terminology.hl7.org/CodeSystem/dose-rate-type"


def filled(**parts: Any) -> Json:
    """Return an object of the parts that hold something: FHIR knows no null, no empty text and no empty list."""
    return {key: part for key, part in parts.items() if part is not None and part not in ("", [], {})}


def fhir_text(value: Any) -> str:
    """Return JSON, ending in one newline, in the order of its keys; a decimal keeps every digit and has no exponent."""
    return "".join(_written(value, "\n")) + "\n"


def _written(value: Any, line: str) -> Iterator[str]:
    """Yield the text of a value; `line` is a line break and the indent of what stands below."""
    inner = f"{line}  "
    if isinstance(value, Mapping):
        for number, (key, part) in enumerate(value.items()):
            yield f"{',' if number else '{'}{inner}{json.dumps(key)}: "
            yield from _written(part, inner)
        yield f"{line}}}" if value else "{}"
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield f"{',' if number else '['}{inner}"
            yield from _written(part, inner)
        yield f"{line}]" if value else "[]"
    elif isinstance(value, Decimal):
        # Python's own writer would go by way of a binary number.
        yield plain(value)
    else:
        yield json.dumps(value, ensure_ascii=False, allow_nan=False)


def quantity(amount: Quantity) -> Json:
    """Return an amount as a `Quantity` whose unit is a code of UCUM."""
    return {"value": amount.dose, "unit": amount.unit, "system": UCUM, "code": amount.unit}


def narrative(*lines: str) -> Json:
    """Return the text by which a resource is read without its data; the notice ends it."""
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in (*lines, NOTICE) if line)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>'}


def notes(*lines: str) -> list[Json]:
    """Return lines as annotations; the notice is the first."""
    return [{"text": line} for line in (NOTICE, *lines) if line]


class Wording:
    """Says in words and codes what an assessment names; every clinical word is the graph's."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def label(self, name: str) -> str:
        """Return the label of one of our terms."""
        return self._knowledge.label(rfy(name))

    def title(self, name: str) -> str:
        """Return a label that begins a line."""
        label = self.label(name)
        return label[:1].upper() + label[1:]

    def labels(self, names: Iterable[str]) -> str:
        """Return labels as an enumeration."""
        return ", ".join(map(self.label, names))

    def defined(self, name: str) -> str:
        """Return a label with the definition of the term."""
        return ". ".join(filter(None, (self.title(name), self._knowledge.text(rfy(name), Skos.DEFINITION))))

    def text(self, name: str, predicate: str) -> str:
        """Return a text that one of our terms has, or an empty string."""
        return self._knowledge.text(rfy(name), rfy(predicate))

    def met(self, position: str, assessment: Assessment) -> str:
        """Return what of a case's situation is a situation of a position."""
        facts, predicate = assessment.facts, rfy("isInSituation")
        every = (*facts.all, *assessment.closure.inferred)
        is_in = {fact.object for fact in every if fact.subject == facts.case and fact.predicate == predicate}
        return self.labels(local_name(term.value) for term in self.related(position, "inSituation") if term in is_in)

    def related(self, name: str, predicate: str) -> list[NamedNode]:
        """Return the terms to which one of our terms is related, in canonical order."""
        return [v for v in self._knowledge.values(rfy(name), rfy(predicate)) if isinstance(v, NamedNode)]

    def encoded(self, name: str) -> tuple[StatementRef, ...]:
        """Return the statements that a term encodes."""
        return self._knowledge.cited(term.value.removeprefix(NAMESPACE) for term in self.related(name, "encodes"))

    # ---- places ----

    def place(self, statement: StatementRef) -> str:
        """Return the place of a statement without its source: `line 24, citation 1`, or the number of a reading."""
        on_line = self._knowledge.value(rfy(statement.id), rfy("onLine")) is not None
        number = f"line {statement.line}" if on_line else str(statement.line)
        return f"{number}, citation {statement.citation}" if statement.citation else number

    def places(self, statements: Iterable[StatementRef]) -> str:
        """Return the places of statements in brackets, by source; an empty string without any."""
        groups = (
            f"{source} {'; '.join(dict.fromkeys(map(self.place, group)))}"
            for source, group in groupby(statements, key=lambda statement: statement.source)
        )
        said = " / ".join(groups)
        return f"[{said}]" if said else ""

    def documentation(self, statements: Iterable[StatementRef]) -> list[Json]:
        """Return statements as related artifacts: the IRI, the source with the line, and what it says in our words."""
        return [
            filled(
                type="justification",
                label=f"{statement.source} {self.place(statement)}",
                display=self.text(statement.id, "paraphrase"),
                url=rfy(statement.id).value,
            )
            for statement in statements
        ]

    def evidence(self, statements: Iterable[StatementRef]) -> list[Json]:
        """Return statements as the evidence of a detected issue."""
        return [
            {"code": [{"coding": [self.own(statement.id)], "text": f"{statement.source} {self.place(statement)}"}]}
            for statement in statements
        ]

    # ---- codes ----

    def own(self, name: str) -> Json:
        """Return the coding by which our own vocabulary names a term."""
        return {"system": NAMESPACE, "code": name, "display": self.label(name)}

    def codings(self, name: str) -> list[Json]:
        """Return the codes of standard vocabularies that mean exactly a term; none is guessed."""
        exact = (
            curie.partition(":")
            for term, nearness, curie in self._knowledge.code_table
            if nearness == "exact" and term == rfy(name)
        )
        return [{"system": _SYSTEMS[prefix], "code": code} for prefix, _, code in exact if prefix in _SYSTEMS]

    def concept(self, name: str) -> Json:
        """Return a term as a concept of our own vocabulary, with its label."""
        return {"coding": [self.own(name)], "text": self.label(name)}

    def medication(self, drug: str, regimen: Regimen | None) -> Json:
        """Return a drug as a concept: the codes of the drug, and the label of the product where one is stated."""
        product = regimen.product if regimen else None
        return filled(coding=self.codings(drug), text=self.label(product or drug))

    # ---- regimens ----

    def regimen(self, regimen: Regimen) -> str:
        """Return a regimen as it is read aloud."""
        parts = (
            _amount(regimen.dose) if regimen.dose else "",
            self.label(regimen.product) if regimen.product else "",
            # The name of a preparation often says the route already.
            self.label(regimen.route) if regimen.route and not regimen.product else "",
            _every(regimen.every_hours) if regimen.every_hours else "",
            _times(regimen.times_per_day) if regimen.times_per_day else "",
            f"for {plain(regimen.days)} days" if regimen.days else "",
            f"until {regimen.until}" if regimen.until else "",
        )
        return " ".join(filter(None, parts))

    def dosage(self, regimen: Regimen, for_this_patient: Quantity | None) -> Json:
        """Return a regimen as a dosage: what the source states, and beside it the patient's amount if there is one.

        A concentration is no amount of a dose, so it is said in the text alone.
        """
        rates = []
        if regimen.dose and regimen.dose.unit != PERCENT:
            rates.append({"type": {"text": "as the source states it"}, "doseQuantity": quantity(regimen.dose)})
        if for_this_patient:
            sort = {
                "coding": [{"system": _DOSE_TYPE, "code": "calculated", "display": "Calculated"}],
                "text": "calculated from the stated dose, and adjusted to nothing else",
            }
            rates.append({"type": sort, "doseQuantity": quantity(for_this_patient)})
        said = self.regimen(regimen)
        patient = f"for this patient {_amount(for_this_patient)} each time" if for_this_patient else ""
        return filled(
            text="; ".join(filter(None, (said, patient))),
            additionalInstruction=[{"text": f"until {regimen.until}"}] if regimen.until else None,
            timing=_timing(regimen),
            route={"text": self.label(regimen.route)} if regimen.route else None,
            doseAndRate=rates,
        )

    # ---- what sources say ----

    def source(self, source: str) -> str:
        """Return a source by its label, and how sure it is."""
        sure = self.text(source, "sureness")
        return f"{self.title(source)}{f' ({sure})' if sure else ''}"

    def position(self, position: Position) -> str:
        """Return what a source says of a subject: who, how it stands to it, what, and where."""
        source = self.source(position.source)
        numbers = [
            *(f"{self.regimen(regimen)}{_per_day(regimen)}" for regimen in position.regimens),
            f"{position.count[0]} of {position.count[1]}" if position.count else "",
            " to ".join(f"{plain(share)}%" for share in position.share_percent),
            _days(position),
        ]
        said = "; ".join(filter(None, numbers))
        about = f" ({said})" if said else ""
        return f"{source}, {position.stance.casefold()}: {position.says}{about} {self.places(position.statements)}"


def _amount(amount: Quantity) -> str:
    return f"{plain(amount.dose)}{'' if amount.unit == PERCENT else ' '}{amount.unit}"


def _every(hours: Decimal) -> str:
    return f"every {plain(hours / 24)} days" if hours > 24 and hours % 24 == 0 else f"every {plain(hours)} hours"


def _times(times: Decimal) -> str:
    return "once a day" if times == 1 else f"{plain(times)} times a day"


def _per_day(regimen: Regimen) -> str:
    """Return what a day comes to: it may be a third of something, so to two places, and said to be about that."""
    if regimen.per_day is None:
        return ""
    shown = Quantity(round(regimen.per_day.dose, 2), regimen.per_day.unit)
    return f", {'' if shown == regimen.per_day else 'about '}{_amount(shown)} a day"


def _days(position: Position) -> str:
    if position.from_day is None:
        return ""
    last = f" to {position.by_day}" if position.by_day is not None else ""
    return f"from day {position.from_day}{last}"


def _timing(regimen: Regimen) -> Json | None:
    """Return how often and how long; what FHIR cannot count in whole numbers stays in the text."""
    repeat: Json = {}
    if regimen.days:
        repeat["boundsDuration"] = {"value": regimen.days, "unit": "d", "system": UCUM, "code": "d"}
    if regimen.every_hours:
        repeat |= {"frequency": 1, "period": regimen.every_hours, "periodUnit": "h"}
    elif regimen.times_per_day and regimen.times_per_day == regimen.times_per_day.to_integral_value():
        repeat |= {"frequency": int(regimen.times_per_day), "period": 1, "periodUnit": "d"}
    return {"repeat": repeat} if repeat else None
