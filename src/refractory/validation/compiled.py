"""Compiles the shapes into a small table: which nodes, which property, how often, which values, which queries.

Only the SHACL that our shapes use is compiled. Whatever else stands in the files is refused by name: a constraint that
was passed over would find nothing, and nothing found reads as nothing wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple, parse
from pyoxigraph import Literal as RdfLiteral

from refractory.errors import KnowledgeError
from refractory.validation.constraints import Absent, Match, Step, Variable, read_select
from refractory.validation.literals import PLAIN_NUMBER
from refractory.validation.queries import Run, compile_select
from refractory.vocabulary import Owl, Rdf, Rdfs, Xsd, local_name

SH: Final = "http://www.w3.org/ns/shacl#"
Node = str | RdfLiteral

# Words that ask nothing of a case: some are for people, and prefixes are read where a query needs them.
_WORDS: Final = frozenset({"name", "description", "order", "group", "declare", "prefix", "namespace"})
_DATATYPES: Final = frozenset(each.value for each in (Xsd.STRING, Xsd.DECIMAL, Xsd.INTEGER, Xsd.DATE))
_TYPES: Final = frozenset({"NodeShape", "PropertyShape", "PropertyGroup", "SPARQLConstraint", "PrefixDeclaration"})
# Known to pySHACL in every query, declared or not.
_PREFIXES: Final = {
    "rdf": Rdf.TYPE.value.removesuffix("type"),
    "rdfs": Rdfs.LABEL.value.removesuffix("label"),
    "owl": Owl.CLASS.value.removesuffix("Class"),
}


class Class(NamedTuple):
    """Each value is of a class."""

    component: str
    cls: str


class Datatype(NamedTuple):
    """Each value is a literal of a datatype, and written as one."""

    component: str
    datatype: str


class Bound(NamedTuple):
    """Each value is a number on one side of a bound."""

    component: str
    sign: Literal["<", "<=", ">", ">="]
    number: Decimal


class Length(NamedTuple):
    """Each value has at least, or at most, so many characters."""

    component: str
    sign: Literal["<=", ">="]
    characters: int


class In(NamedTuple):
    """Each value is in a list."""

    component: str
    values: frozenset[Node]


class Or(NamedTuple):
    """Each value passes all tests of one of several alternatives."""

    component: str
    alternatives: tuple[tuple[ValueTest, ...], ...]


ValueTest = Class | Datatype | Bound | Length | In | Or


class Query(NamedTuple):
    """A constraint in SPARQL.

    Attributes:
        constraint: Its IRI.
        run: What finds its results.
        reads: The properties that it reads.
        predicates: The properties without any of which it has no result.
        of_focus: Those of them that the node itself is to have.
    """

    constraint: str
    run: Run
    reads: frozenset[str]
    predicates: frozenset[str]
    of_focus: tuple[str, ...]


class PropertyShape(NamedTuple):
    """What is asked of one property.

    Attributes:
        shape: The IRI of the shape.
        path: The IRI of the property.
        severity: The IRI of its severity.
        messages: What a result says.
        least: How many values there are at least.
        most: How many there are at most; None if there is no such limit.
        tests: What is asked of each value.
        queries: What is asked in SPARQL.
    """

    shape: str
    path: str
    severity: str
    messages: tuple[RdfLiteral, ...]
    least: int
    most: int | None
    tests: tuple[ValueTest, ...]
    queries: tuple[Query, ...]

    @property
    def violates(self) -> bool:
        """Whether what it finds stops the reasoning."""
        return self.severity == SH + "Violation"


class NodeShape(NamedTuple):
    """The classes whose nodes are looked at, and what is asked of them."""

    targets: tuple[str, ...]
    properties: tuple[PropertyShape, ...]


class Shapes(NamedTuple):
    """All shapes, and the predicates that they read."""

    nodes: tuple[NodeShape, ...]
    predicates: frozenset[str]


def compile_shapes(files: Iterable[tuple[str, bytes]]) -> Shapes:
    """Compile Turtle files of shapes, given by path.

    Raises:
        KnowledgeError: A file is not Turtle, or uses SHACL or SPARQL that is not compiled.
    """
    source = _Source(files)
    shapes = tuple(_node_shape(node, source) for node in source.typed("NodeShape"))
    source.check_all_was_read()
    predicates = {Rdf.TYPE.value}
    for shape in (part for node in shapes for part in node.properties):
        predicates.add(shape.path)
        predicates.update(predicate for query in shape.queries for predicate in query.reads)
    return Shapes(shapes, frozenset(predicates))


def _matches(steps: Iterable[Step]) -> Iterator[Match]:
    for step in steps:
        if isinstance(step, Match):
            yield step
        elif isinstance(step, Absent):
            yield from _matches(step.steps)


Subject = NamedNode | BlankNode | Triple
Object = NamedNode | BlankNode | RdfLiteral | Triple


class _Source:
    """The triples of the shapes, and which of SHACL's words were read so far."""

    def __init__(self, files: Iterable[tuple[str, bytes]]) -> None:
        self._said: dict[Subject, dict[str, list[Object]]] = defaultdict(lambda: defaultdict(list))
        self._read: set[tuple[Subject, str]] = set()
        for path, content in files:
            try:
                for quad in parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True):
                    objects = self._said[quad.subject][quad.predicate.value]
                    if quad.object not in objects:
                        objects.append(quad.object)
            except SyntaxError as error:
                raise KnowledgeError(f"the file is not Turtle: {error}.", place=path) from error

    def typed(self, name: str) -> list[NamedNode]:
        """Return the named nodes of one of SHACL's types; a shape that is also a class would have targets of its own.

        Raises:
            KnowledgeError: One has no name, or is of another type as well.
        """
        found = []
        for node, said in self._said.items():
            if NamedNode(SH + name) in said.get(Rdf.TYPE.value, ()):
                if not isinstance(node, NamedNode) or len(said[Rdf.TYPE.value]) > 1:
                    raise refused(f"a sh:{name} without a name, or with a second type", node)
                found.append(node)
        return sorted(found, key=str)

    def all(self, node: Subject, name: str) -> list[Object]:
        """Return the values of one of SHACL's words."""
        self._read.add((node, SH + name))
        return self._said[node].get(SH + name, []) if node in self._said else []

    def one(self, node: Subject, name: str) -> Object | None:
        """Return the one value, or None.

        Raises:
            KnowledgeError: There are several.
        """
        found = self.all(node, name)
        if len(found) > 1:
            raise refused(f"sh:{name} with several values", node)
        return found[0] if found else None

    def items(self, node: Object) -> Iterator[Object]:
        """Yield the members of an RDF list.

        Raises:
            KnowledgeError: It is not one.
        """
        seen: set[Object] = set()
        while node != Rdf.NIL:
            said = self._said.get(node) if isinstance(node, NamedNode | BlankNode) else None
            if not said or node in seen or any(len(said.get(each.value, ())) != 1 for each in (Rdf.FIRST, Rdf.REST)):
                raise refused("a list that is not one", node)
            seen.add(node)
            yield said[Rdf.FIRST.value][0]
            node = said[Rdf.REST.value][0]

    def check_all_was_read(self) -> None:
        """Do nothing if every word of SHACL in the files was read.

        Raises:
            KnowledgeError: One was not; it would have been passed over.
        """
        for node, said in self._said.items():
            for predicate in said:
                word = predicate.removeprefix(SH)
                if word not in (predicate, *_WORDS) and (node, predicate) not in self._read:
                    raise refused(f"sh:{word} in this place", node)
            for cls in said.get(Rdf.TYPE.value, ()):
                if isinstance(cls, NamedNode) and (name := cls.value.removeprefix(SH)) not in (cls.value, *_TYPES):
                    raise refused(f"sh:{name}", node)
        if not self._read:
            raise KnowledgeError("the files have no shape.", place="ontology/shapes")


def refused(what: str, node: object) -> KnowledgeError:
    """Return the error for a word of SHACL that is not compiled."""
    return KnowledgeError(
        f"the compiled shapes do not know {what}.",
        place=local_name(node.value) if isinstance(node, NamedNode) else str(node),
        why="A constraint that is passed over finds nothing, and nothing found reads as nothing wrong.",
        fix="Say it with the SHACL that the other shapes use, or extend `validation/compiled.py`.",
    )


def _node_shape(node: NamedNode, source: _Source) -> NodeShape:
    targets = tuple(sorted(_iri(target, "targetClass", node) for target in source.all(node, "targetClass")))
    parts = [part for part in source.all(node, "property") if isinstance(part, NamedNode)]
    if len(parts) < len(source.all(node, "property")):
        raise refused("a property shape without a name", node)
    return NodeShape(targets, tuple(_property_shape(part, source) for part in sorted(parts, key=str)))


def _property_shape(node: NamedNode, source: _Source) -> PropertyShape:
    path = _iri(source.one(node, "path"), "path", node)
    severity = _iri(source.one(node, "severity") or NamedNode(SH + "Violation"), "severity", node)
    if severity not in (SH + "Violation", SH + "Warning"):
        raise refused("a severity other than sh:Violation and sh:Warning", node)
    messages = tuple(each for each in source.all(node, "message") if isinstance(each, RdfLiteral))
    # Without a message pySHACL writes one of its own, and with a placeholder it fills it in.
    if not messages or any("{" in message.value for message in messages):
        raise refused("a shape without sh:message, or with placeholders in it", node)
    least, most = (source.one(node, name) for name in ("minCount", "maxCount"))
    return PropertyShape(
        node.value,
        path,
        severity,
        messages,
        _integer(least, "minCount", node) if least is not None else 0,
        _integer(most, "maxCount", node) if most is not None else None,
        tuple(_tests(node, source, node)),
        tuple(_query(each, path, source, node) for each in source.all(node, "sparql")),
    )


_SIGNS: Final[Mapping[str, Literal["<", "<=", ">", ">="]]] = {
    "minExclusive": ">", "minInclusive": ">=", "maxExclusive": "<", "maxInclusive": "<=",
}  # fmt: skip
_LENGTHS: Final[Mapping[str, Literal["<=", ">="]]] = {"minLength": ">=", "maxLength": "<="}


def _tests(node: NamedNode | BlankNode, source: _Source, shape: NamedNode) -> Iterator[ValueTest]:
    """Yield what a shape, or a nameless alternative within it, asks of each value."""
    for cls in source.all(node, "class"):
        yield Class(_component("class"), _iri(cls, "class", shape))
    if (datatype := source.one(node, "datatype")) is not None:
        if _iri(datatype, "datatype", shape) not in _DATATYPES:
            raise refused(f"the datatype {datatype}", shape)
        yield Datatype(_component("datatype"), _iri(datatype, "datatype", shape))
    for name, sign in _SIGNS.items():
        if (bound := source.one(node, name)) is not None:
            yield Bound(_component(name), sign, _decimal(bound, name, shape))
    for name, side in _LENGTHS.items():
        if (length := source.one(node, name)) is not None:
            yield Length(_component(name), side, _integer(length, name, shape))
    if (members := source.one(node, "in")) is not None:
        yield In(_component("in"), frozenset(_node(member, shape) for member in source.items(members)))
    for alternatives in source.all(node, "or"):
        yield Or(_component("or"), tuple(_alternative(each, source, shape) for each in source.items(alternatives)))


def _alternative(node: Object, source: _Source, shape: NamedNode) -> tuple[ValueTest, ...]:
    tests = tuple(_tests(node, source, shape)) if isinstance(node, BlankNode) else ()
    if not tests:
        raise refused("an alternative of sh:or that asks nothing of a value", shape)
    return tests


def _query(node: Object, path: str, source: _Source, shape: NamedNode) -> Query:
    if not isinstance(node, NamedNode):
        raise refused("a sh:sparql without a name", shape)
    text, prefixes = source.one(node, "select"), source.one(node, "prefixes")
    if not isinstance(text, RdfLiteral) or not isinstance(prefixes, NamedNode):
        raise refused("a sh:sparql without one sh:select and one sh:prefixes", node)
    declared = {}
    for each in source.all(prefixes, "declare"):
        if isinstance(each, NamedNode | BlankNode):
            prefix, namespace = source.one(each, "prefix"), source.one(each, "namespace")
            if isinstance(prefix, RdfLiteral) and isinstance(namespace, RdfLiteral):
                declared[prefix.value] = namespace.value
    if not declared:
        raise refused("sh:prefixes that declare none", node)
    select = read_select(text.value, path, _PREFIXES | declared, local_name(node.value))
    # A chain may be empty, and what must be absent is not needed.
    needed = [step for step in select.steps if isinstance(step, Match) and not step.chain]
    of_focus = tuple(step.predicate for step in needed if step.subject == Variable("this"))
    reads = frozenset(step.predicate for step in _matches(select.steps))
    predicates = frozenset(step.predicate for step in needed)
    return Query(node.value, compile_select(select), reads, predicates, of_focus)


def _component(name: str) -> str:
    return f"{SH}{name[0].upper()}{name[1:]}ConstraintComponent"


def _iri(term: Object | None, name: str, shape: NamedNode) -> str:
    if not isinstance(term, NamedNode):
        raise refused(f"a sh:{name} that is not one IRI", shape)
    return term.value


def _node(term: Object, shape: NamedNode) -> Node:
    # A library that normalizes would make another term of a number or a date.
    if isinstance(term, RdfLiteral) and term.datatype == Xsd.STRING:
        return term
    return _iri(term, "in", shape)


def _decimal(term: Object, name: str, shape: NamedNode) -> Decimal:
    number = isinstance(term, RdfLiteral) and term.datatype in (Xsd.DECIMAL, Xsd.INTEGER)
    if not isinstance(term, RdfLiteral) or not number or not PLAIN_NUMBER.fullmatch(term.value):
        raise refused(f"a sh:{name} that is not a plain decimal number", shape)
    return Decimal(term.value)


def _integer(term: Object, name: str, shape: NamedNode) -> int:
    if not isinstance(term, RdfLiteral) or term.datatype != Xsd.INTEGER or not term.value.isdecimal():
        raise refused(f"a sh:{name} that is not an integer", shape)
    return int(term.value)
