"""Where everything is: the address of the page, or of the place on a page, that tells of a node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final
from urllib.parse import quote

from pyoxigraph import NamedNode

from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.rule_graph import RULE
from refractory.site.graph import Graph, Node, file_of, sh
from refractory.vocabulary import NAMESPACE, ONTOLOGY, Dcterms, Owl, Rdfs, rfy

HOME: Final = "knowledge/"
"""The folder of all pages of the knowledge, from the top of the site."""


class Links:
    """Addresses from the top of the site; they stay the same as long as names do."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @cached_property
    def sources(self) -> dict[NamedNode, str]:
        """The page of each source in use, in the order of the sources."""
        return {
            rfy(source.id): f"{HOME}source/{safe(source.id)}.html"
            for source in self._graph.knowledge.guidance
            if self._graph.text(rfy(source.id), Dcterms.IDENTIFIER)
        }

    @cached_property
    def rules(self) -> dict[NamedNode, str]:
        """The page of each rule."""
        return {
            NamedNode(RULE + rule.name): f"{HOME}rule/{safe(rule.name)}.html"
            for rule in sorted(self._graph.knowledge.rules, key=lambda rule: rule.name)
        }

    @cached_property
    def shapes(self) -> dict[NamedNode, str]:
        """The page of each shape that has a name."""
        found = {node for kind in ("NodeShape", "PropertyShape") for node in self._graph.instances(sh(kind))}
        ours = [node for node in found if node.value.startswith(NAMESPACE)]
        return dict(_addresses(f"{HOME}shape/", sorted(ours, key=str)))

    @cached_property
    def terms(self) -> dict[NamedNode, str]:
        """The page of each term of ours that a module defines; shapes have their own."""
        defined = {t.subject for t in self._graph.uses(Rdfs.IS_DEFINED_BY) if isinstance(t.subject, NamedNode)}
        ours = [node for node in defined if node.value.startswith(NAMESPACE) and node not in self.shapes]
        return dict(_addresses(f"{HOME}term/", sorted(ours, key=str)))

    @cached_property
    def queries(self) -> dict[str, str]:
        """The page of each query of the catalogue, by its name."""
        return {name: f"{HOME}query/{safe(name)}.html" for name in sorted(self._graph.knowledge.queries)}

    @cached_property
    def modules(self) -> dict[NamedNode, str]:
        """The place of each module on the page of modules."""
        found = [node for node in self._graph.instances(Owl.ONTOLOGY) if file_of(node.value, self._files)]
        return {node: f"{HOME}modules.html#{module_anchor(node)}" for node in found}

    @cached_property
    def files(self) -> dict[str, str]:
        """The address of each file of the knowledge, by its path."""
        return {path: f"{HOME}files/{quote(path)}" for path in sorted(self._files.contents)}

    @property
    def _files(self) -> KnowledgeFiles:
        return self._graph.knowledge.files

    @cached_property
    def _places(self) -> dict[NamedNode, str]:
        """Return what is best read where it stands in its source: lines, statements and gaps."""
        found: dict[NamedNode, str] = {}
        for source, page in self.sources.items():
            for document in self._graph.named(source, rfy("hasSourceDocument")):
                found[document] = f"{page}#document"
                for line in self._graph.subjects(rfy("inDocument"), document):
                    found[line] = f"{page}#{line_anchor(self._graph, line)}"
            for node in self._graph.subjects(rfy("ofGuidance"), source):
                found[node] = f"{page}#{anchor(node)}"
        return found

    def of(self, node: Node) -> str:
        """Return the address where a node is read: its page, or its place in its source; else an empty string."""
        if not isinstance(node, NamedNode):
            return ""
        for addresses in (self.sources, self._places, self.rules, self.shapes, self.modules, self.terms):
            if node in addresses:
                return addresses[node]
        return ""

    def page_of(self, node: NamedNode) -> str:
        """Return the address of a node's own page, also of one that is best read elsewhere; else an empty string."""
        return self.terms.get(node) or self.of(node)

    def of_name(self, name: str) -> str:
        """Return the address where a term of ours is read, by its local name."""
        return self.of(rfy(name))


def anchor(node: NamedNode) -> str:
    """Return the anchor of a statement or gap on the page of its source: its name."""
    return safe(node.value.removeprefix(NAMESPACE))


def line_anchor(graph: Graph, line: NamedNode) -> str:
    """Return the anchor of a line of a document: `line-24`."""
    return f"line-{safe(graph.text(line, rfy('lineNumber')))}"


def module_anchor(module: NamedNode) -> str:
    """Return the anchor of a module on the page of modules."""
    return "module-" + safe(module.value.removeprefix(ONTOLOGY).strip("/").replace("/", "."))


def safe(name: str) -> str:
    """Return a name that is one part of a path and an anchor, whatever the knowledge calls things."""
    return re.sub(r"[^A-Za-z0-9_.-]|^\.+", "_", name)


def _addresses(folder: str, nodes: list[NamedNode]) -> Iterator[tuple[NamedNode, str]]:
    """Yield an address for each node: its name; no two that a file system without letter case takes for one."""
    taken: set[str] = set()
    for node in nodes:
        name = first = safe(node.value.removeprefix(NAMESPACE))
        number = 2
        while name.casefold() in taken:
            name, number = f"{first}-{number}", number + 1
        taken.add(name.casefold())
        yield node, f"{folder}{name}.html"
