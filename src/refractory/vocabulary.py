"""Every IRI that the code itself names, written once.

Only words of structure stand here: what a case is made of, and how an assessment is put together. What is clinical
(drugs, conditions, facts, actions) is data in the graph, and the code never names it.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from pyoxigraph import NamedNode

NAMESPACE: Final = "https://w3id.org/refractory/"
ONTOLOGY: Final = NAMESPACE + "ontology"
PREFIX: Final = "rfy"


@cache
def rfy(name: str) -> NamedNode:
    """Return the term of our namespace with a local name."""
    return NamedNode(NAMESPACE + name)


def local_name(iri: str) -> str:
    """Return the name of one of our terms as JSON and people write it; another IRI comes back whole."""
    return iri.removeprefix(NAMESPACE)


class Rdf:
    """RDF's own terms."""

    TYPE: Final = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    FIRST: Final = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#first")
    REST: Final = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#rest")
    NIL: Final = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#nil")
    STATEMENT: Final = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#Statement")
    SUBJECT: Final = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#subject")
    PREDICATE: Final = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#predicate")
    OBJECT: Final = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#object")
    LIST: Final = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#List")


class Rdfs:
    """RDF Schema's terms."""

    LABEL: Final = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    COMMENT: Final = NamedNode("http://www.w3.org/2000/01/rdf-schema#comment")
    IS_DEFINED_BY: Final = NamedNode("http://www.w3.org/2000/01/rdf-schema#isDefinedBy")
    SUB_CLASS_OF: Final = NamedNode("http://www.w3.org/2000/01/rdf-schema#subClassOf")
    SUB_PROPERTY_OF: Final = NamedNode("http://www.w3.org/2000/01/rdf-schema#subPropertyOf")
    DOMAIN: Final = NamedNode("http://www.w3.org/2000/01/rdf-schema#domain")
    RANGE: Final = NamedNode("http://www.w3.org/2000/01/rdf-schema#range")


class Owl:
    """OWL's terms."""

    _NS = "http://www.w3.org/2002/07/owl#"
    ONTOLOGY: Final = NamedNode(_NS + "Ontology")
    IMPORTS: Final = NamedNode(_NS + "imports")
    VERSION_INFO: Final = NamedNode(_NS + "versionInfo")
    AXIOM: Final = NamedNode(_NS + "Axiom")
    ANNOTATED_SOURCE: Final = NamedNode(_NS + "annotatedSource")
    ANNOTATED_PROPERTY: Final = NamedNode(_NS + "annotatedProperty")
    ANNOTATED_TARGET: Final = NamedNode(_NS + "annotatedTarget")
    ANNOTATION_PROPERTY: Final = NamedNode(_NS + "AnnotationProperty")
    OBJECT_PROPERTY: Final = NamedNode(_NS + "ObjectProperty")
    DATATYPE_PROPERTY: Final = NamedNode(_NS + "DatatypeProperty")
    CLASS: Final = NamedNode(_NS + "Class")
    RESTRICTION: Final = NamedNode(_NS + "Restriction")
    ON_PROPERTY: Final = NamedNode(_NS + "onProperty")
    HAS_VALUE: Final = NamedNode(_NS + "hasValue")
    SOME_VALUES_FROM: Final = NamedNode(_NS + "someValuesFrom")
    ALL_VALUES_FROM: Final = NamedNode(_NS + "allValuesFrom")
    INTERSECTION_OF: Final = NamedNode(_NS + "intersectionOf")
    UNION_OF: Final = NamedNode(_NS + "unionOf")
    MEMBERS: Final = NamedNode(_NS + "members")
    THING: Final = NamedNode(_NS + "Thing")
    ALL_DISJOINT_CLASSES: Final = NamedNode(_NS + "AllDisjointClasses")
    EQUIVALENT_CLASS: Final = NamedNode(_NS + "equivalentClass")
    EQUIVALENT_PROPERTY: Final = NamedNode(_NS + "equivalentProperty")
    INVERSE_OF: Final = NamedNode(_NS + "inverseOf")
    DISJOINT_WITH: Final = NamedNode(_NS + "disjointWith")
    PROPERTY_CHAIN_AXIOM: Final = NamedNode(_NS + "propertyChainAxiom")
    TRANSITIVE_PROPERTY: Final = NamedNode(_NS + "TransitiveProperty")
    SYMMETRIC_PROPERTY: Final = NamedNode(_NS + "SymmetricProperty")


class Skos:
    """SKOS terms."""

    _NS = "http://www.w3.org/2004/02/skos/core#"
    ALT_LABEL: Final = NamedNode(_NS + "altLabel")
    DEFINITION: Final = NamedNode(_NS + "definition")
    EXACT_MATCH: Final = NamedNode(_NS + "exactMatch")


class Prov:
    """Terms of PROV-O, the W3C's vocabulary of where things come from."""

    NAMESPACE: Final = "http://www.w3.org/ns/prov#"
    ENTITY: Final = NamedNode(NAMESPACE + "Entity")
    ACTIVITY: Final = NamedNode(NAMESPACE + "Activity")
    PLAN: Final = NamedNode(NAMESPACE + "Plan")
    LOCATION: Final = NamedNode(NAMESPACE + "Location")
    USED: Final = NamedNode(NAMESPACE + "used")
    WAS_GENERATED_BY: Final = NamedNode(NAMESPACE + "wasGeneratedBy")
    WAS_DERIVED_FROM: Final = NamedNode(NAMESPACE + "wasDerivedFrom")
    HAD_PRIMARY_SOURCE: Final = NamedNode(NAMESPACE + "hadPrimarySource")
    AT_LOCATION: Final = NamedNode(NAMESPACE + "atLocation")


class Dcterms:
    """Dublin Core terms."""

    _NS = "http://purl.org/dc/terms/"
    TITLE: Final = NamedNode(_NS + "title")
    IDENTIFIER: Final = NamedNode(_NS + "identifier")
    ISSUED: Final = NamedNode(_NS + "issued")


class Xsd:
    """The datatypes that a case may use."""

    _NS = "http://www.w3.org/2001/XMLSchema#"
    STRING: Final = NamedNode(_NS + "string")
    DECIMAL: Final = NamedNode(_NS + "decimal")
    INTEGER: Final = NamedNode(_NS + "integer")
    DATE: Final = NamedNode(_NS + "date")
