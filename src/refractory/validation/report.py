"""Reads a W3C validation report into findings: one for each cause, each with its reason and its remedy.

Pure: it reads the report graph and the words of the shapes, never the text that a validator prints.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from refractory.errors import KnowledgeError
from refractory.knowledge.places import Places
from refractory.model.facts import canonical
from refractory.model.report import Finding, Report, Severity
from refractory.vocabulary import Rdf, local_name, rfy

_SH: Final = "http://www.w3.org/ns/shacl#"
_SEVERITIES: Final[Mapping[str, Severity]] = {_SH + "Violation": "Violation", _SH + "Warning": "Warning"}

# A value of the wrong kind fails every other test of a value as well, and only that it is of the wrong kind is news.
_OF_WRONG_KIND: Final = frozenset(f"{kind}ConstraintComponent" for kind in ("Class", "Datatype", "NodeKind", "Or"))

Term = NamedNode | BlankNode | Literal


@dataclass(frozen=True, slots=True)
class ShapeWords:
    """What a shape says of itself.

    Attributes:
        name: What it is about.
        why: Why it matters.
        fix: How to mend what does not conform to it.
        presupposes: The IRIs of the shapes whose findings explain its own.
    """

    name: str = ""
    why: str = ""
    fix: str = ""
    presupposes: frozenset[str] = frozenset()


def read_shape_words(files: Iterable[tuple[str, bytes]]) -> dict[str, ShapeWords]:
    """Return the words of every shape by its IRI, from Turtle files by path.

    Raises:
        KnowledgeError: A file is not Turtle.
    """
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path, content in files:
        try:
            for quad in parse(content, format=RdfFormat.TURTLE):
                if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | Literal):
                    said[quad.subject.value][quad.predicate.value].append(quad.object.value)
        except SyntaxError as error:
            raise KnowledgeError(f"the file is not Turtle: {error}.", place=path) from error
    return {
        shape: ShapeWords(
            _first(words[_SH + "name"]),
            _first(words[rfy("why").value]),
            _first(words[rfy("fix").value]),
            frozenset(words[rfy("presupposes").value]),
        )
        for shape, words in said.items()
        if _SH + "path" in words or _SH + "targetClass" in words
    }


def _first(texts: Sequence[str]) -> str:
    return min(texts, default="")


def read_report(case: NamedNode, triples: Iterable[Triple], words: Mapping[str, ShapeWords], places: Places) -> Report:
    """Return the report of a case from the triples of a W3C validation report.

    Raises:
        KnowledgeError: A result does not have what every SHACL result has, or a severity that is not ours.
    """
    nodes = _by_subject(triples)
    found = [_read(said, words, places) for said in nodes.values() if _is(said, "ValidationResult")]
    told = [finding for finding in dict.fromkeys(found) if not _explained(finding, found, words, case.value)]
    return Report(case.value, tuple(sorted(_one_of_each(told), key=_order)), _named(nodes))


def _by_subject(triples: Iterable[Triple]) -> dict[NamedNode | BlankNode, dict[str, list[Term]]]:
    nodes: dict[NamedNode | BlankNode, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        if isinstance(triple.subject, NamedNode | BlankNode) and isinstance(triple.object, Term):
            nodes[triple.subject][triple.predicate.value].append(triple.object)
    return nodes


def _read(result: Mapping[str, list[Term]], words: Mapping[str, ShapeWords], places: Places) -> Finding:
    shape, focus = _one(result, "sourceShape"), _one(result, "focusNode")
    path, value = _maybe(result, "resultPath"), _maybe(result, "value")
    severity = _SEVERITIES.get(_one(result, "resultSeverity").value)
    if severity is None:
        raise KnowledgeError(
            "a shape has a severity other than sh:Violation and sh:Warning.", place=local_name(shape.value)
        )
    said = words.get(shape.value, ShapeWords())
    return Finding(
        severity=severity,
        shape=local_name(shape.value),
        name=said.name,
        place=places.of(focus.value, path.value if path else None),
        focus=focus.value,
        path=local_name(path.value) if path else None,
        # A validator gives the focus node as value where there is no path: that is a place, not a value.
        value=_text(value) if value is not None and (path or value != focus) else None,
        component=_one(result, "sourceConstraintComponent").value.removeprefix(_SH),
        message=_message(result),
        why=said.why,
        fix=said.fix,
    )


def _maybe(result: Mapping[str, list[Term]], name: str) -> Term | None:
    return min(result.get(_SH + name, ()), key=str, default=None)


def _one(result: Mapping[str, list[Term]], name: str) -> Term:
    term = _maybe(result, name)
    if term is None:
        raise KnowledgeError(f"a validation result has no sh:{name}.", place="ontology/shapes")
    return term


def _message(result: Mapping[str, list[Term]]) -> str:
    """Return the message in English if there is one; results of SPARQL lose the language of their message."""
    texts = [term for term in result.get(_SH + "resultMessage", ()) if isinstance(term, Literal)]
    return min(((t.language not in ("en", None), t.value) for t in texts), default=(False, ""))[1]


def _text(term: Term) -> str:
    return local_name(term.value)


def _explained(finding: Finding, found: Iterable[Finding], words: Mapping[str, ShapeWords], case: str) -> bool:
    """Say whether another finding, at least as bad, is the cause of this one."""
    presupposed = {local_name(shape) for shape in words.get(rfy(finding.shape).value, ShapeWords()).presupposes}
    for other in found:
        if other.severity != "Violation" and finding.severity == "Violation":
            continue
        if other.shape in presupposed and other.focus in (finding.focus, case):
            return True
        same = (other.focus, other.path, other.value) == (finding.focus, finding.path, finding.value)
        if same and other.component in _OF_WRONG_KIND and finding.component not in _OF_WRONG_KIND:
            return True
    return False


def _one_of_each(findings: Iterable[Finding]) -> list[Finding]:
    """Keep one finding where one shape finds fault with one value in several ways."""
    kept: dict[tuple[str, str, str | None, str | None], Finding] = {}
    for finding in sorted(findings, key=_order):
        kept.setdefault((finding.shape, finding.focus, finding.path, finding.value), finding)
    return list(kept.values())


def _order(finding: Finding) -> tuple[object, ...]:
    return (
        finding.severity != "Violation",
        _natural(finding.place),
        finding.shape,
        finding.value is not None,
        finding.value or "",
        finding.component,
        finding.focus,
    )


def _natural(place: str) -> tuple[tuple[int, str], ...]:
    """Return a sort key by which `treatments[10]` follows `treatments[9]`."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", place))


def _named(nodes: Mapping[NamedNode | BlankNode, Mapping[str, list[Term]]]) -> tuple[Triple, ...]:
    """Return the report with names for its blank nodes that depend on nothing but what it says."""
    names: dict[Term, BlankNode] = {}
    blank = [node for node in nodes if isinstance(node, BlankNode)]
    results = [node for node in blank if _is(nodes[node], "ValidationResult")]
    for number, node in enumerate(sorted(results, key=lambda node: _content(nodes[node])), 1):
        names[node] = BlankNode(f"result{number}")
    for node in blank:
        if _is(nodes[node], "ValidationReport"):
            names[node] = BlankNode("report")
    return canonical(
        Triple(names.get(node, node), NamedNode(predicate), names.get(term, term))
        for node, said in nodes.items()
        for predicate, terms in said.items()
        for term in terms
    )


def _is(said: Mapping[str, list[Term]], name: str) -> bool:
    return NamedNode(_SH + name) in said.get(Rdf.TYPE.value, ())


def _content(said: Mapping[str, list[Term]]) -> list[str]:
    return sorted(f"{predicate} {term}" for predicate, terms in said.items() for term in terms)
