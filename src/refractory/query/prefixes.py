"""The prefixes that people expect, to write answers with and to say what an undeclared one may stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from refractory.vocabulary import NAMESPACE, PREFIX, Prov

PREFIXES: Final[Mapping[str, str]] = {
    PREFIX: NAMESPACE,
    "dcterms": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""With these an answer is written."""

KNOWN: Final[Mapping[str, str]] = {
    **PREFIXES,
    "prov": Prov.NAMESPACE,
    "rule": NAMESPACE + "rule/",
    "sh": "http://www.w3.org/ns/shacl#",
    "oa": "http://www.w3.org/ns/oa#",
}
"""With these our graphs are asked."""

DESCRIBING: Final[Mapping[str, str]] = {
    **KNOWN,
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "void": "http://rdfs.org/ns/void#",
    "spex": "https://purl.expasy.org/sparql-examples/ontology#",
    "schema": "https://schema.org/",
    "format": "http://www.w3.org/ns/formats/",
}
"""With these our graphs are described too."""
