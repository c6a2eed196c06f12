"""A proof as RDF in PROV-O, so that SPARQL can ask which facts, places and statements a conclusion rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from refractory.explain.conclusions import Conclusion
from refractory.explain.lexicon import Lexicon
from refractory.explain.proof_json import numbered
from refractory.explain.sentences import Sentences
from refractory.knowledge.rule_graph import RULE
from refractory.model.assessment import part_of
from refractory.model.proof import Derived, Given, Proof
from refractory.vocabulary import NAMESPACE, PREFIX, Prov, Rdf, Rdfs, rfy

_PREFIXES: Final = {
    PREFIX: NAMESPACE,
    "rule": RULE,
    "prov": Prov.NAMESPACE,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def provenance(
    items: Sequence[Conclusion], proof: Proof, sentences: Sentences, words: Lexicon, case: NamedNode
) -> Iterator[Triple]:
    """Yield what conclusions rest on.

    Each fact is a `prov:Entity` and an `rdf:Statement`, `<case>#proof.p1`. A derived one `prov:wasDerivedFrom` its
    premises and `prov:wasGeneratedBy` an activity that `prov:used` them and the rule; the statements it carries, or
    for what was said the case, are its `prov:hadPrimarySource`.
    """
    names = numbered((fact for item in items for fact in item.facts), proof)
    nodes = {fact: part_of(case, f"proof.{name}") for fact, name in names.items()}
    rules: dict[NamedNode, str] = {}
    for fact, node in nodes.items():
        step = proof.steps[fact]
        said = sentences.step(step)
        yield Triple(node, Rdf.TYPE, Prov.ENTITY)
        yield Triple(node, Rdf.TYPE, Rdf.STATEMENT)
        yield Triple(node, Rdf.SUBJECT, fact.subject)
        yield Triple(node, Rdf.PREDICATE, fact.predicate)
        yield Triple(node, Rdf.OBJECT, fact.object)
        yield Triple(node, Rdfs.LABEL, Literal(said.holds, language="en"))
        for statement in said.statements:
            yield Triple(node, Prov.HAD_PRIMARY_SOURCE, rfy(statement.id))
        if isinstance(step, Given):
            place = part_of(case, f"proof.{names[fact]}.place")
            yield Triple(node, Prov.HAD_PRIMARY_SOURCE, case)
            yield Triple(node, Prov.AT_LOCATION, place)
            yield Triple(place, Rdf.TYPE, Prov.LOCATION)
            yield Triple(place, Rdfs.LABEL, Literal(step.place))
        elif isinstance(step, Derived):
            activity = part_of(case, f"proof.{names[fact]}.step")
            by = [NamedNode(RULE + name) for name in step.rule.split("+")]
            rules.update((rule, _title(step.rule, words)) for rule in by)
            premises = [nodes[premise] for premise in dict.fromkeys(step.premises)]
            yield from (Triple(node, Prov.WAS_DERIVED_FROM, premise) for premise in premises)
            yield Triple(node, Prov.WAS_GENERATED_BY, activity)
            yield Triple(activity, Rdf.TYPE, Prov.ACTIVITY)
            yield Triple(activity, Rdfs.COMMENT, Literal(said.text, language="en"))
            yield from (Triple(activity, Prov.USED, used) for used in (*by, *premises))
    for rule, title in sorted(rules.items(), key=str):
        yield Triple(rule, Rdf.TYPE, Prov.ENTITY)
        yield Triple(rule, Rdf.TYPE, Prov.PLAN)
        if title:
            yield Triple(rule, Rdfs.LABEL, Literal(title, language="en"))


def _title(rule: str, words: Lexicon) -> str:
    """Return the title of a rule file; a rule of OWL has its W3C name and no other."""
    return words.rules[rule].header["title"] if rule in words.rules else ""


def as_turtle(triples: Iterable[Triple]) -> str:
    """Return triples as Turtle, the same bytes each time."""
    content = serialize(list(triples), format=RdfFormat.TURTLE, prefixes=_PREFIXES) or b""
    lines = content.decode().rstrip("\n").split("\n")
    count = next((number for number, line in enumerate(lines) if not line.startswith("@prefix ")), len(lines))
    return "\n".join([*sorted(lines[:count]), *lines[count:]]) + "\n"
