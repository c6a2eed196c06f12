"""Validates on the way to an answer: a case that conforms is told so at once, any other is left to pySHACL.

No RDF library but pyoxigraph is loaded as long as cases conform. What a person reads of a violation is pySHACL's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.places import Places, read_context
from refractory.model.facts import CaseFacts
from refractory.model.report import Report
from refractory.validation.case_graph import CaseGraph, Logic
from refractory.validation.compiled import SH, Node, compile_shapes
from refractory.validation.evaluate import Result, evaluate
from refractory.validation.literals import UnsureError
from refractory.validation.report import read_report, read_shape_words
from refractory.validation.validate import validate
from refractory.vocabulary import Rdf

_REPORT: Final = BlankNode("report")
_BOOLEAN: Final = NamedNode("http://www.w3.org/2001/XMLSchema#boolean")
_SPARQL: Final = SH + "SPARQLConstraintComponent"


class QuickValidator:
    """The shapes of one knowledge, compiled once. Safe to share between threads."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Compile the shapes.

        Raises:
            KnowledgeError: They are missing, at fault, or use SHACL or SPARQL that is not compiled.
        """
        self.knowledge = knowledge
        self._logic = Logic(knowledge.logic, compile_shapes(knowledge.shapes))
        self._words = read_shape_words(knowledge.shapes)
        self._context = read_context(knowledge.files)
        self._clean = tuple(sorted(_head(conforms=True), key=str))

    def check(self, case: CaseFacts) -> Report:
        """Return the report of `validation.validate`: for a case that conforms from the compiled shapes, else from it.

        Raises:
            KnowledgeError: pySHACL was asked, and could not run the shapes.
        """
        report = self.conforming(case)
        return validate(case, self.knowledge) if report is None else report

    def conforming(self, case: CaseFacts) -> Report | None:
        """Return the report of a case that surely conforms, with its warnings; None if it does not, or may not."""
        warnings = []
        try:
            for result in evaluate(CaseGraph(case, self._logic)):
                if result.shape.violates:
                    return None
                warnings.append(result)
        except UnsureError:
            return None
        return self._report(case, warnings)

    def whole(self, case: CaseFacts) -> Report:
        """Return the report of the compiled shapes alone, violations included; tests hold it against pySHACL's.

        Raises:
            UnsureError: Only pySHACL can tell.
        """
        return self._report(case, list(evaluate(CaseGraph(case, self._logic))))

    def _report(self, case: CaseFacts, results: list[Result]) -> Report:
        if not results:
            return Report(case.case.value, (), self._clean)
        return read_report(case.case, _triples(results), self._words, Places(case, self._context))


def _head(*, conforms: bool) -> Iterator[Triple]:
    yield Triple(_REPORT, Rdf.TYPE, _sh("ValidationReport"))
    yield Triple(_REPORT, _sh("conforms"), Literal(str(conforms).lower(), datatype=_BOOLEAN))


def _triples(results: Iterable[Result]) -> Iterator[Triple]:
    """Yield the W3C report as pySHACL writes it."""
    yield from _head(conforms=False)
    for number, result in enumerate(results):
        node = BlankNode(f"found{number}")
        yield Triple(_REPORT, _sh("result"), node)
        yield Triple(node, Rdf.TYPE, _sh("ValidationResult"))
        yield Triple(node, _sh("focusNode"), _term(result.focus))
        yield Triple(node, _sh("resultPath"), NamedNode(result.shape.path))
        yield Triple(node, _sh("resultSeverity"), NamedNode(result.shape.severity))
        yield Triple(node, _sh("sourceShape"), NamedNode(result.shape.shape))
        yield Triple(node, _sh("sourceConstraintComponent"), NamedNode(result.component))
        if result.constraint is not None:
            yield Triple(node, _sh("sourceConstraint"), NamedNode(result.constraint))
        if result.value is not None:
            yield Triple(node, _sh("value"), _term(result.value))
        for message in result.shape.messages:
            # pySHACL writes the messages of SPARQL constraints anew, and their language is lost.
            yield Triple(node, _sh("resultMessage"), Literal(message.value) if result.component == _SPARQL else message)


def _term(node: Node) -> NamedNode | BlankNode | Literal:
    if isinstance(node, Literal):
        return node
    return BlankNode(node[2:]) if node.startswith("_:") else NamedNode(node)


def _sh(name: str) -> NamedNode:
    return NamedNode(SH + name)
