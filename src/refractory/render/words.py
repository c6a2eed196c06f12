"""Words for what an assessment names: labels and paraphrases of the graph, put together without knowing them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby

from pyoxigraph import NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.model.sources import Quantity, Regimen, StatementRef
from refractory.model.values import plain
from refractory.vocabulary import NAMESPACE, Dcterms, Rdfs, Skos, rfy


class Words:
    """Looks up how a name is said."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def label(self, name: str) -> str:
        """Return the label of one of our terms; of a node of the case, the last part of its IRI."""
        if "://" in name or name.startswith("urn:"):
            return name.rpartition("#")[2] or name
        return self._knowledge.label(rfy(name))

    def title(self, name: str) -> str:
        """Return a label that begins a line."""
        return capital(self.label(name))

    def labels(self, names: Iterable[str]) -> str:
        """Return labels as an enumeration."""
        return ", ".join(self.label(name) for name in names)

    def definition(self, name: str) -> str:
        """Return the definition of one of our terms."""
        return self._knowledge.text(rfy(name), Skos.DEFINITION)

    def values(self, name: str, predicate: str) -> list[NamedNode]:
        """Return the terms to which one of our terms is related, in canonical order."""
        return [v for v in self._knowledge.values(rfy(name), rfy(predicate)) if isinstance(v, NamedNode)]

    def text(self, name: str, predicate: str) -> str:
        """Return a text that one of our terms has, or an empty string."""
        return self._knowledge.text(rfy(name), rfy(predicate))

    def module(self, name: str) -> str:
        """Return the IRI of the module that defines one of our terms."""
        return self._knowledge.text(rfy(name), Rdfs.IS_DEFINED_BY)

    def leads(self, source: str) -> bool:
        """Say whether a source leads or accompanies the one that does: neither stands beside it."""
        return not self.text(source, "standsBeside") and not self.text(source, "accompaniesSourcesBeside")

    def year(self, source: str) -> str:
        """Return the year of a source, or an empty string where our record has none."""
        return self._knowledge.text(rfy(source), Dcterms.ISSUED)

    def headline(self, statement: StatementRef) -> str:
        """Return the label of a statement, without the name of its source where it begins with that."""
        label = self.label(statement.id)
        source, _, rest = label.partition(": ")
        return rest if rest and self.label(statement.source).casefold().startswith(source.casefold()) else label

    def paraphrase(self, name: str) -> str:
        """Return what a statement or a gap says, in our words."""
        return self._knowledge.text(rfy(name), rfy("paraphrase"))

    def places(self, statements: Iterable[StatementRef]) -> str:
        """Return the places of statements by source: `<source> line 24, citation 1; line 25`."""
        groups = []
        for source, group in groupby(statements, key=lambda statement: statement.source):
            places = dict.fromkeys(self.place(statement) for statement in group)
            groups.append(f"{source} {'; '.join(places)}")
        return " / ".join(groups)

    def place(self, statement: StatementRef) -> str:
        """Return the place of one statement: its line in the source document, or its number where there is none."""
        number = f"line {statement.line}" if self.has_line(statement.id) else str(statement.line)
        return f"{number}, citation {statement.citation}" if statement.citation else number

    def has_line(self, name: str) -> bool:
        """Say whether a statement stands on a line of a document."""
        return isinstance(self._knowledge.value(rfy(name), rfy("onLine")), NamedNode)

    def regimen(self, regimen: Regimen) -> str:
        """Return a regimen as it is read aloud: dose, preparation or route, how often, how long, until when."""
        product = self.label(regimen.product) if regimen.product else ""
        route = self.label(regimen.route) if regimen.route else ""
        parts = [
            quantity(regimen.dose) if regimen.dose else "",
            product,
            # The name of a preparation often says the route already.
            f"{route}ly" if route and route not in product else "",
            _often(regimen),
            f"for {_count(regimen.days, 'day')}" if regimen.days else "",
            f"until {regimen.until}" if regimen.until else "",
        ]
        return " ".join(part for part in parts if part)

    def schedule(self, regimen: Regimen) -> str:
        """Return a regimen as short as it compares: dose and how often."""
        parts = (quantity(regimen.dose) if regimen.dose else "", _often(regimen))
        return " ".join(part for part in parts if part)


def capital(text: str) -> str:
    """Return a text with its first letter as a capital, the rest as it is."""
    return text[:1].upper() + text[1:]


def listed(parts: Sequence[str]) -> str:
    """Return parts as an enumeration in a sentence: `A, B and C`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""


def quantity(amount: Quantity, places: int | None = None) -> str:
    """Return an amount with its unit: `2800 mg`, `1%`; with `places`, rounded to so many decimal places."""
    dose = amount.dose if places is None else round(amount.dose, places)
    about = "" if dose == amount.dose else "about "
    return f"{about}{plain(dose)}{'' if amount.unit == '%' else ' '}{amount.unit}"


def short(iri: str) -> str:
    """Return an IRI as it is shown: one of ours with its prefix, another whole."""
    return f"rfy:{iri.removeprefix(NAMESPACE)}" if iri.startswith(NAMESPACE) else iri


def _often(regimen: Regimen) -> str:
    parts = (
        _every(regimen.every_hours) if regimen.every_hours else "",
        _times(regimen.times_per_day) if regimen.times_per_day else "",
    )
    return " ".join(part for part in parts if part)


def _every(hours: Decimal) -> str:
    if hours > 24 and hours % 24 == 0:
        return f"every {plain(hours / 24)} days"
    return "every hour" if hours == 1 else f"every {plain(hours)} hours"


def _times(times: Decimal) -> str:
    return {Decimal(1): "once a day", Decimal(2): "twice a day"}.get(times, f"{plain(times)} times a day")


def _count(number: Decimal, noun: str) -> str:
    return f"{plain(number)} {noun}{'' if number == 1 else 's'}"
