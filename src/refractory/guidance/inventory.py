"""What there is in a knowledge that a case may touch, and the file in which each thing stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from refractory.explain.lexicon import lexicon
from refractory.explain.sentences import Sentences
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import Dcterms, Owl, Rdf, local_name, rfy

_AXIOM = (Owl.ANNOTATED_SOURCE, Owl.ANNOTATED_PROPERTY, Owl.ANNOTATED_TARGET)
# Axioms are said of the knowledge, and of no case.
_NO_CASE = NamedNode("urn:refractory:no-case")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a case may touch.

    Attributes:
        name: Its name: the local name, the rule's name, the axiom's identifier, the row's.
        says: What it is, in words.
        file: The file in which it stands.
    """

    name: str
    says: str
    file: str

    def to_json(self) -> dict[str, str]:
        """Return the published form."""
        return {"name": self.name, "says": self.says, "file": self.file}


def inventory(knowledge: Knowledge) -> Mapping[str, tuple[Item, ...]]:
    """Return the statements, rules, axioms and positions of a knowledge, each sort by file and name.

    Args:
        knowledge: The knowledge; what its choice of sources leaves out is left out.
    """
    files = _files(knowledge)
    axioms = dict(annotated(knowledge))
    return {
        "statements": _in_order(_of_type("Statement", knowledge, files)),
        "rules": _in_order(Item(rule.name, rule.header["title"], rule.path) for rule in knowledge.rules),
        "axioms": _in_order(Item(name, _said(axiom, knowledge), files[name]) for name, axiom in axioms.items()),
        "positions": _in_order(_of_type("Position", knowledge, files)),
    }


def annotated(knowledge: Knowledge) -> Iterator[tuple[str, Triple]]:
    """Yield the axioms that encode statements: the identifier, and the triple that states the axiom."""
    for t in knowledge.triples:
        node = t.subject
        if t.predicate != Rdf.TYPE or t.object != Owl.AXIOM or not isinstance(node, NamedNode | BlankNode):
            continue
        source, predicate, target = (knowledge.value(node, part) for part in _AXIOM)
        if not isinstance(source, NamedNode | BlankNode) or not isinstance(predicate, NamedNode) or target is None:
            continue
        axiom = Triple(source, predicate, target)
        if knowledge.carried.get(axiom):
            yield knowledge.text(node, Dcterms.IDENTIFIER), axiom


def _of_type(name: str, knowledge: Knowledge, files: Mapping[str, str]) -> Iterator[Item]:
    for term in knowledge.subjects(Rdf.TYPE, rfy(name)):
        local = local_name(term.value)
        yield Item(local, knowledge.label(term), files[local])


def _said(axiom: Triple, knowledge: Knowledge) -> str:
    """Return an axiom in words: as a proof says it, or as the fact that it is."""
    words = lexicon(knowledge)
    sentences = Sentences(words, _NO_CASE)
    key = next(words.keys(axiom), None)
    return sentences.axiom(*key) if key else sentences.fact(axiom)


def _files(knowledge: Knowledge) -> Mapping[str, str]:
    """Return the file in which each term is given a type, and each axiom its identifier."""
    found: dict[str, str] = {}
    for path, content in knowledge.files.contents.items():
        if not path.endswith(".ttl"):
            continue
        for quad in parse(content, format=RdfFormat.TURTLE):
            if quad.predicate == Rdf.TYPE and isinstance(quad.subject, NamedNode):
                found.setdefault(local_name(quad.subject.value), path)
            elif quad.predicate == Dcterms.IDENTIFIER and isinstance(quad.object, Literal):
                found.setdefault(quad.object.value, path)
    return found


def _in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda item: (item.file, item.name)))
