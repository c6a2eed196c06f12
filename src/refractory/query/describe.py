"""What can be asked, told in RDF: a service description, VoID with counts, and the catalogue as SPARQL examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from refractory.knowledge.knowledge import Knowledge
from refractory.query.catalogue import examples as catalogue
from refractory.query.graphs import OF_CASE, OF_KNOWLEDGE, Meaning, world
from refractory.query.prefixes import DESCRIBING, KNOWN
from refractory.vocabulary import NAMESPACE, ONTOLOGY, Dcterms, Owl, Rdf, Rdfs, Skos, Xsd

Triples = tuple[Triple, ...]

_SD: Final = DESCRIBING["sd"]
_VOID: Final = DESCRIBING["void"]
_SH: Final = DESCRIBING["sh"]
_SPEX: Final = DESCRIBING["spex"]
_SCHEMA: Final = DESCRIBING["schema"]
_FORMATS: Final = DESCRIBING["format"]
_ANY_URI: Final = NamedNode("http://www.w3.org/2001/XMLSchema#anyURI")

_RESULTS: Final = (
    "SPARQL_Results_JSON",
    "SPARQL_Results_XML",
    "SPARQL_Results_CSV",
    "SPARQL_Results_TSV",
    "Turtle",
    "N-Triples",
    "JSON-LD",
    "RDF_XML",
)
# The front door of the ontology: its title, version and licence.
_DOOR: Final = "ontology/refractory.ttl"
# How each form of query is said in the vocabularies of examples: its class, and the property that holds its text.
_EXECUTABLE: Final = {
    "SELECT": (_SH + "SPARQLSelectExecutable", _SH + "select"),
    "ASK": (_SH + "SPARQLAskExecutable", _SH + "ask"),
    "CONSTRUCT": (_SH + "SPARQLConstructExecutable", _SH + "construct"),
    "DESCRIBE": (_SPEX + "SPARQLDescribeExecutable", _SPEX + "describe"),
}


def service(knowledge: Knowledge, root: str) -> Triples:
    """Return the description of the endpoint by the W3C's vocabulary.

    Args:
        knowledge: What it is about.
        root: The URL of the service, without a slash at its end.
    """
    endpoint = NamedNode(f"{root}/sparql")
    return _grouped(_service(knowledge, endpoint, NamedNode(_void_of(root))))


def void(knowledge: Knowledge, root: str) -> Triples:
    """Return how large the graphs of the knowledge are, and how often each class and property stands in them."""
    return _grouped(_void(knowledge, root))


def examples(knowledge: Knowledge, root: str) -> Triples:
    """Return the catalogue of queries as the SIB publishes examples: each one runs as it stands."""
    return _grouped(_examples(knowledge, root))


DESCRIPTIONS: Final[Mapping[str, Callable[[Knowledge, str], Triples]]] = {
    "service": service,
    "void": void,
    "examples": examples,
}
"""The descriptions by their names."""


def _grouped(triples: Iterable[Triple]) -> Triples:
    """Return triples with those of one subject together, its types first, as people read them."""
    triples = list(dict.fromkeys(triples))
    order = {subject: place for place, subject in enumerate(dict.fromkeys(triple.subject for triple in triples))}
    return tuple(sorted(triples, key=lambda triple: (order[triple.subject], triple.predicate != Rdf.TYPE)))


def _void_of(root: str) -> str:
    return f"{root}/.well-known/void#all"


def _service(knowledge: Knowledge, endpoint: NamedNode, dataset: NamedNode) -> Iterator[Triple]:
    yield _is(endpoint, _SD + "Service")
    yield Triple(endpoint, NamedNode(_SD + "endpoint"), endpoint)
    yield Triple(endpoint, NamedNode(_SD + "supportedLanguage"), NamedNode(_SD + "SPARQL11Query"))
    yield Triple(endpoint, NamedNode(_SD + "feature"), NamedNode(_SD + "UnionDefaultGraph"))
    # What follows from a case is in its graphs; the engine itself adds nothing.
    regime = NamedNode("http://www.w3.org/ns/entailment/Simple")
    yield Triple(endpoint, NamedNode(_SD + "defaultEntailmentRegime"), regime)
    for form in _RESULTS:
        yield Triple(endpoint, NamedNode(_SD + "resultFormat"), NamedNode(_FORMATS + form))
    yield Triple(endpoint, NamedNode(_SD + "defaultDataset"), dataset)
    yield _is(dataset, _SD + "Dataset")
    union = _part(endpoint, "default")
    yield Triple(dataset, NamedNode(_SD + "defaultGraph"), union)
    yield _is(union, _SD + "Graph")
    yield from _words(union, "default graph", "All named graphs together, unless a request says otherwise.")
    for meaning, node in _parts(endpoint):
        yield Triple(dataset, NamedNode(_SD + "namedGraph"), node)
        yield _is(node, _SD + "NamedGraph")
        yield Triple(node, NamedNode(_SD + "name"), NamedNode(meaning.name))
        yield from _words(node, meaning.label, meaning.definition)
    for meaning in OF_CASE:
        node = _part(endpoint, meaning.name)
        yield Triple(dataset, NamedNode("http://purl.org/dc/terms/hasPart"), node)
        yield _is(node, _SD + "Graph")
        name = f"It comes with the parameter case; its name is the IRI of the case with #{meaning.name} after it."
        yield from _words(node, meaning.label, f"{meaning.definition} {name}")
        yield Triple(node, NamedNode(_VOID + "uriRegexPattern"), Literal(f"[#.]{meaning.name.replace('.', '[.]')}$"))
    yield from (triple for triple in _door(knowledge, dataset) if triple.predicate == Dcterms.TITLE)


def _parts(endpoint: NamedNode) -> Iterator[tuple[Meaning, NamedNode]]:
    for meaning in OF_KNOWLEDGE:
        yield meaning, _part(endpoint, meaning.label)


def _void(knowledge: Knowledge, root: str) -> Iterator[Triple]:
    dataset, found = NamedNode(_void_of(root)), world(knowledge)
    yield from _door(knowledge, dataset)
    yield Triple(dataset, NamedNode(_VOID + "sparqlEndpoint"), NamedNode(f"{root}/sparql"))
    yield Triple(dataset, NamedNode(_VOID + "uriSpace"), Literal(NAMESPACE))
    yield from _counted(dataset, {triple for triples in found.graphs.values() for triple in triples})
    for meaning, node in _parts(NamedNode(f"{root}/.well-known/void")):
        yield Triple(dataset, NamedNode(_VOID + "subset"), node)
        yield _is(node, _SD + "NamedGraph")
        yield Triple(node, NamedNode(_SD + "name"), NamedNode(meaning.name))
        yield from _words(node, meaning.label, meaning.definition)
        yield from _counted(node, set(found.graphs[NamedNode(meaning.name)]))


def _counted(dataset: NamedNode, triples: set[Triple]) -> Iterator[Triple]:
    properties = Counter(triple.predicate.value for triple in triples)
    typed = {
        (t.subject, t.object.value) for t in triples if t.predicate == Rdf.TYPE and isinstance(t.object, NamedNode)
    }
    classes = Counter(cls for _, cls in typed)
    yield _is(dataset, _VOID + "Dataset")
    yield _count(dataset, "triples", len(triples))
    yield _count(dataset, "entities", len({subject for subject, _ in typed if isinstance(subject, NamedNode)}))
    yield _count(dataset, "distinctSubjects", len({triple.subject for triple in triples}))
    yield _count(dataset, "distinctObjects", len({triple.object for triple in triples}))
    yield _count(dataset, "classes", len(classes))
    yield _count(dataset, "properties", len(properties))
    for partition, of, measure, counts in (
        ("classPartition", "class", "entities", classes),
        ("propertyPartition", "property", "triples", properties),
    ):
        for number, (iri, count) in enumerate(sorted(counts.items()), 1):
            node = NamedNode(f"{dataset.value}.{of}.{number}")
            yield Triple(dataset, NamedNode(_VOID + partition), node)
            yield Triple(node, NamedNode(_VOID + of), NamedNode(iri))
            yield _count(node, measure, count)


def _examples(knowledge: Knowledge, root: str) -> Iterator[Triple]:
    home, endpoint = f"{root}/.well-known/sparql-examples", NamedNode(f"{root}/sparql")
    prefixes = NamedNode(f"{home}#prefixes")
    for prefix, namespace in sorted(KNOWN.items()):
        node = NamedNode(f"{home}#prefix.{prefix}")
        yield Triple(prefixes, NamedNode(_SH + "declare"), node)
        yield Triple(node, NamedNode(_SH + "prefix"), Literal(prefix))
        yield Triple(node, NamedNode(_SH + "namespace"), Literal(namespace, datatype=_ANY_URI))
    for example in catalogue(knowledge):
        node = NamedNode(f"{home}/{example.name}")
        cls, holds = _EXECUTABLE[example.form]
        yield _is(node, _SH + "SPARQLExecutable")
        yield _is(node, cls)
        yield Triple(node, Rdfs.COMMENT, Literal(example.says, language="en"))
        yield Triple(node, Dcterms.IDENTIFIER, Literal(example.number))
        yield Triple(node, NamedNode(_SH + "prefixes"), prefixes)
        yield Triple(node, NamedNode(holds), Literal(example.text))
        yield Triple(node, NamedNode(_SCHEMA + "target"), endpoint)
        for keyword in example.keywords:
            yield Triple(node, NamedNode(_SCHEMA + "keywords"), Literal(keyword))


def _door(knowledge: Knowledge, dataset: NamedNode) -> Iterator[Triple]:
    """Yield title, version and licence as the ontology's header has them; a knowledge without one has none."""
    content = knowledge.files.contents.get(_DOOR)
    wanted = {Dcterms.TITLE, NamedNode("http://purl.org/dc/terms/license"), Owl.VERSION_INFO}
    for quad in parse(content, format=RdfFormat.TURTLE) if content else ():
        if quad.subject == NamedNode(ONTOLOGY) and quad.predicate in wanted:
            yield Triple(dataset, quad.predicate, quad.object)


def _words(node: NamedNode, label: str, definition: str) -> Iterable[Triple]:
    yield Triple(node, Rdfs.LABEL, Literal(label, language="en"))
    yield Triple(node, Skos.DEFINITION, Literal(definition, language="en"))


def _is(node: NamedNode, cls: str) -> Triple:
    return Triple(node, Rdf.TYPE, NamedNode(cls))


def _count(node: NamedNode, name: str, number: int) -> Triple:
    return Triple(node, NamedNode(_VOID + name), Literal(str(number), datatype=Xsd.INTEGER))


def _part(node: NamedNode, name: str) -> NamedNode:
    return NamedNode(f"{node.value}#{name}")
