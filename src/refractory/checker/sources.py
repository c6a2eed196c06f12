"""The files of a knowledge read again, from their bytes: the logic as triples, the rules as text."""

from __future__ import annotations

from pathlib import PurePosixPath

from pyoxigraph import RdfFormat, Triple, parse

from refractory.checker.rules import Rule, read_rule
from refractory.errors import KnowledgeError
from refractory.knowledge.headers import read_query
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import Owl, Rdf

_WORDS = "-words.ttl"
# What is said of these nodes says something about the files, or about words: it has no meaning in OWL.
_SILENT = {Owl.AXIOM, Owl.ONTOLOGY, Owl.ANNOTATION_PROPERTY}


def read_logic(knowledge: Knowledge) -> tuple[Triple, ...]:
    """Return the triples of the logic of the chosen guidance, as they stand in the files.

    Raises:
        KnowledgeError: A file is not Turtle.
    """
    chosen = {source.id for source in knowledge.guidance}
    files = knowledge.files.under("ontology/modules", ".ttl") | {
        path: content
        for path, content in knowledge.files.under("ontology/facts", ".ttl").items()
        if PurePosixPath(path).parts[2] in chosen
    }
    parsed = {path: _parse(path, content) for path, content in sorted(files.items())}
    annotations = {
        t.subject
        for triples in parsed.values()
        for t in triples
        if t.predicate == Rdf.TYPE and t.object == Owl.ANNOTATION_PROPERTY
    }
    logic = [t for path, triples in parsed.items() if not path.endswith(_WORDS) for t in triples]
    silent = {t.subject for t in logic if t.predicate == Rdf.TYPE and t.object in _SILENT}
    return tuple(t for t in logic if t.subject not in silent and t.predicate not in annotations)


def read_rules(knowledge: Knowledge) -> dict[str, Rule]:
    """Return by name the rules that encode a statement of the chosen guidance.

    Raises:
        RuleError: A rule leaves the part of SPARQL that rules may use.
    """
    chosen = {source.id for source in knowledge.guidance}
    rules = {}
    for path, content in sorted(knowledge.files.under("queries/reason", ".rq").items()):
        file = read_query(PurePosixPath(path).stem, path, content)
        if any(statement.rpartition("-")[0] in chosen for statement in file.list("encodes")):
            if file.name in rules:
                raise KnowledgeError("two rules have one name.", place=path)
            rules[file.name] = read_rule(file.name, path, file.text)
    return rules


def _parse(path: str, content: bytes) -> list[Triple]:
    try:
        quads = parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True)
        return [Triple(quad.subject, quad.predicate, quad.object) for quad in quads]
    except SyntaxError as error:
        raise KnowledgeError(f"the file is not Turtle: {error}.", place=path) from error
