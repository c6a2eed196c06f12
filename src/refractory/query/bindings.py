"""The values of a query's variables: what people write, as the terms that the engine is given as data."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from pyoxigraph import BlankNode, Literal, NamedNode, Variable

from refractory.errors import UsageError
from refractory.knowledge.headers import QueryFile
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.query.checked import Checked
from refractory.vocabulary import NAMESPACE, PREFIX, Xsd


def values_of(
    checked: Checked, named: QueryFile | None, knowledge: Knowledge, bindings: Mapping[str, object]
) -> dict[Variable, NamedNode | BlankNode | Literal]:
    """Return what the variables are bound to, defaults of a named query included."""
    given = {name.lstrip("?$"): value for name, value in bindings.items()}
    for name in given:
        if name not in checked.variables:
            near = difflib.get_close_matches(name, sorted(checked.variables), n=3)
            raise UsageError(
                f"the query has no variable ?{name} to bind.",
                fix=did_you_mean(f"?{other}" for other in near) or f"It has {_listed(checked.variables)}.",
            )
    types = _pairs(named, "types")
    if named:
        given = {**_pairs(named, "defaults"), **given}
        for name in named.list("parameters"):
            if name not in given:
                raise UsageError(
                    f"the query {named.name} needs a value for ?{name}.",
                    fix=f"Bind it: `--bind {name}=...` on the command line, `{name}=...` in Python.",
                )
    if given and checked.form != "SELECT":
        # The engine would bind some variables of an ASK or CONSTRUCT and silently not others.
        raise UsageError(f"a value can be bound in a SELECT, not in {checked.form}.", fix="Ask with SELECT.")
    expected = "term" if named else "any"
    return {Variable(name): _term(name, value, types.get(name, expected), knowledge) for name, value in given.items()}


def _listed(variables: frozenset[str]) -> str:
    return ", ".join(f"?{name}" for name in sorted(variables)) or "none"


def _pairs(named: QueryFile | None, key: str) -> dict[str, str]:
    """Return a header like `line=24, citation=1` as a dictionary."""
    pairs = (part.partition("=") for part in named.list(key)) if named else ()
    return {name.strip(): value.strip() for name, _, value in pairs}


def _term(name: str, value: object, kind: str, knowledge: Knowledge) -> NamedNode | BlankNode | Literal:
    """Return a value as the RDF term that a variable is bound to."""
    match value:
        case NamedNode() | BlankNode() | Literal():
            return value
        case bool():
            return Literal(value)
        case int():
            return Literal(str(value), datatype=Xsd.INTEGER)
        case Decimal() if value.is_finite():
            return Literal(f"{value:f}", datatype=Xsd.DECIMAL)
        case date():
            return Literal(value.isoformat()[:10], datatype=Xsd.DATE)
        case str():
            return _term_of_text(name, value, kind, knowledge)
        case _:
            what = f"{type(value).__name__} is no kind of value for ?{name}."
            raise UsageError(what, fix="Give a name, a text, an int, a Decimal or a date.")


def _term_of_text(name: str, value: str, kind: str, knowledge: Knowledge) -> NamedNode | Literal:
    match kind:
        case "text":
            return Literal(value)
        case "integer" | "decimal":
            return _number(name, value, kind)
    found = _named(value, knowledge)
    if found is None and kind == "term":
        raise UsageError(
            f"?{name}: nothing is called {value!r}.",
            fix=did_you_mean(knowledge.names.nearest(value)) or "Give a term's name, label or IRI.",
        )
    return found if found is not None else Literal(value)


def _named(value: str, knowledge: Knowledge) -> NamedNode | None:
    """Return what a name stands for: an individual by any name, a term of ours by its own, an absolute IRI."""
    found = knowledge.names.find(value)
    if found is not None:
        return found
    plain = value.strip().removeprefix("<").removesuffix(">")
    iri = plain if re.match(r"(https?|urn):", plain) else NAMESPACE + plain.removeprefix(f"{PREFIX}:")
    try:
        node = NamedNode(iri)
    except ValueError:
        return None
    known = next(knowledge.store.quads_for_pattern(node, None, None), None) is not None
    return node if known or iri == plain else None


def _number(name: str, value: str, kind: str) -> Literal:
    try:
        number = Decimal(value)
        plain = re.fullmatch(r"[+-]?[0-9]+" if kind == "integer" else r"[+-]?[0-9]+(\.[0-9]+)?", value)
    except InvalidOperation:
        plain = None
    if not plain:
        raise UsageError(f"?{name}: {value!r} is no {kind}.", fix="Write digits alone.")
    return Literal(f"{number:f}", datatype=Xsd.INTEGER if kind == "integer" else Xsd.DECIMAL)
