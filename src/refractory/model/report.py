"""What SHACL found in a case: findings that a person can act on, and the W3C report beside them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, Final, Literal

from pyoxigraph import Triple

from refractory.errors import NonConformingError
from refractory.model.interchange import to_rdflib_graph

if TYPE_CHECKING:
    from rdflib import Graph

Severity = Literal["Violation", "Warning"]

SCHEMA_VERSION: Final = "1"

# What a count found, where no single value is at fault.
_GIVEN: Final = {"MinCountConstraintComponent": "no value", "MaxCountConstraintComponent": "more than one value"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause for which a case does not conform, or deserves a warning.

    Attributes:
        severity: `Violation` stops the reasoning; `Warning` goes with the answer.
        shape: The local name of the shape.
        name: What the shape is about, in a few words.
        place: Where in the case, in the words of its JSON form: `treatments[0].doseMg`. A node that its reader did not
            name stands with its IRI: `treatments[<https://example.org/t>].doseMg`.
        focus: The IRI of the node.
        path: The local name of the property, or None when the node as a whole is at fault.
        value: The value at fault, one of our terms by its local name; None when no single value is.
        component: The local name of the SHACL constraint component, such as `DatatypeConstraintComponent`.
        message: One sentence: what the shape asks for.
        why: Why it matters.
        fix: How to mend it.
    """

    severity: Severity
    shape: str
    name: str
    place: str
    focus: str
    path: str | None
    value: str | None
    component: str
    message: str
    why: str
    fix: str

    @property
    def given(self) -> str:
        """What was found in the place, as words: the value, or that there was none or too many; may be empty."""
        return _GIVEN.get(self.component, "") if self.value is None else self.value

    def to_json(self) -> dict[str, str]:
        """Return the finding as JSON; what it does not have is left out."""
        parts = {
            "severity": self.severity,
            "place": self.place,
            "value": self.value,
            "message": self.message,
            "why": self.why,
            "fix": self.fix,
            "shape": self.shape,
            "name": self.name,
            "focus": self.focus,
            "path": self.path,
            "component": self.component,
        }
        return {key: part for key, part in parts.items() if part is not None}


@dataclass(frozen=True)
class Report:
    """The result of validating one case.

    Attributes:
        case: The IRI of the case.
        findings: One for each cause: violations first, then by place, shape and value.
        triples: The whole W3C validation report, its blank nodes named the same way each time, in canonical order.
            It holds every result of SHACL, also those that `findings` leaves out because another one explains them.
    """

    case: str
    findings: tuple[Finding, ...]
    triples: tuple[Triple, ...] = ()

    @cached_property
    def violations(self) -> tuple[Finding, ...]:
        """The findings for which nothing is concluded from the case."""
        return tuple(finding for finding in self.findings if finding.severity == "Violation")

    @cached_property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that go with the answer."""
        return tuple(finding for finding in self.findings if finding.severity != "Violation")

    @property
    def conforms(self) -> bool:
        """Whether there is no violation. `sh:conforms` of the W3C report is stricter: it is false for a warning too."""
        return not self.violations

    def raise_if_invalid(self) -> None:
        """Do nothing if the case conforms.

        Raises:
            NonConformingError: It does not; the error tells the first violation and counts the others.
        """
        if self.conforms:
            return
        first, *others = self.violations
        what = first.message
        if first.given:
            what += f" Given: {first.given}."
        if others:
            what += f" There {'is 1 more violation' if len(others) == 1 else f'are {len(others)} more violations'}."
        raise NonConformingError(what, place=first.place, why=first.why, fix=first.fix)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON, as `report.schema.json` describes it."""
        return {
            "schemaVersion": SCHEMA_VERSION,
            "case": self.case,
            "conforms": self.conforms,
            "findings": [finding.to_json() for finding in self.findings],
        }

    def to_graph(self) -> Graph:
        """Return the W3C validation report as a new graph, so that other SHACL tools may read it."""
        graph = to_rdflib_graph(self.triples)
        graph.bind("sh", "http://www.w3.org/ns/shacl#")
        return graph

    def _repr_html_(self) -> str:
        """Return the report as a table for a notebook."""
        columns = ("severity", "place", "given", "message", "why", "fix")
        head = "".join(f"<th>{column}</th>" for column in columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(str(getattr(finding, column)))}</td>" for column in columns) + "</tr>"
            for finding in self.findings
        )
        verdict = "conforms" if self.conforms else "does not conform"
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if self.findings else ""
        return f"<div><p>{escape(self.case)} {verdict}.</p>{table}</div>"
