"""The page of a rule: what it says, its text, what it concludes and reads, and the statements it encodes."""

from __future__ import annotations

import re

from pyoxigraph import NamedNode

from refractory.knowledge.headers import QueryFile
from refractory.knowledge.rule_graph import RULE
from refractory.site.library import Draft, Library
from refractory.site.pieces import Piece, Pieces, sparql
from refractory.site.terms import sort_of
from refractory.vocabulary import rfy


def rule(library: Library, file: QueryFile) -> Draft:
    """Return the page of a rule."""
    graph = library.graph
    node = NamedNode(RULE + file.name)
    values = {
        "name": file.name,
        "says": template(file.header.get("says", "")),
        "encodes": library.statements.cited(graph.named(node, rfy("encodes"))),
        "concludes": [library.piece(one) for one in graph.by_label(graph.named(node, rfy("concludes")))],
        "reads": [library.piece(one) for one in graph.by_label(graph.named(node, rfy("reads")))],
        "cases": file.list("shown-by"),
        "text": sparql(file.text, library.links.of_name),
        "file": library.file(file.path),
    }
    return Draft("rule.html", file.header["title"], "rules", values)


def template(says: str) -> Pieces:
    """Return the sentence of an explanation, what a proof fills in marked."""
    parts = re.split(r"(\{[^{}]*\})", says)
    return tuple(Piece(part, look="blank" if part.startswith("{") else "") for part in parts if part)


def rules(library: Library) -> Draft:
    """Return the list of rules, by what they conclude."""
    groups: dict[str, list[tuple[Piece, str]]] = {}
    for file in library.knowledge.rules:
        node = NamedNode(RULE + file.name)
        groups.setdefault(_heading(library, node), []).append(
            (Piece(file.header["title"], library.links.rules[node]), ", ".join(file.list("encodes")))
        )
    ordered = [
        (heading, sorted(groups[heading], key=lambda row: row[0].text.casefold()))
        for heading in sorted(groups, key=lambda heading: (not heading, heading.casefold()))
    ]
    return Draft("rules.html", "Rules", "rules", {"groups": ordered, "count": len(library.knowledge.rules)})


def _heading(library: Library, node: NamedNode) -> str:
    """Return what a rule concludes: the first property of its head, or nothing where it says only of which class."""
    graph = library.graph
    heads = graph.named(node, rfy("concludes"))
    properties = [one for one in heads if sort_of(library, one).endswith("property")]
    return graph.label(graph.by_label(properties)[0]) if properties else ""
