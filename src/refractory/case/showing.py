"""How messages show what a case says: short, escaped, and the same on every run."""

from __future__ import annotations

from typing import Final

from pyoxigraph import BlankNode, NamedNode

from refractory.vocabulary import NAMESPACE, PREFIX

PREFIXES: Final = {
    PREFIX: NAMESPACE,
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "sh": "http://www.w3.org/ns/shacl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def shown(value: object) -> str:
    """Return a value in quotes, escaped, and cut short."""
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def short(term: object) -> str:
    """Return a term as Turtle would write it; a blank node without its label, which differs from run to run."""
    if isinstance(term, NamedNode):
        for prefix, namespace in PREFIXES.items():
            if term.value.startswith(namespace) and term.value != namespace:
                return f"{prefix}:{term.value.removeprefix(namespace)}"
        return f"<{term.value}>"
    return "[]" if isinstance(term, BlankNode) else str(term)
