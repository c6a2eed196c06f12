"""Terms as people, spreadsheets and programs read them."""

from __future__ import annotations

from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode

from refractory.query.prefixes import PREFIXES
from refractory.vocabulary import Xsd

Term = NamedNode | BlankNode | Literal

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NUMBERS: Final = {Xsd.INTEGER, Xsd.DECIMAL}


def short(term: Term | None) -> str:
    """Return a term as people write it: a name with its prefix, a literal by its text, nothing for nothing."""
    match term:
        case None:
            return ""
        case NamedNode():
            for prefix, namespace in PREFIXES.items():
                name = term.value.removeprefix(namespace)
                if name != term.value and name and not set(name) & set("/#?"):
                    return f"{prefix}:{name}"
            return f"<{term.value}>"
        case BlankNode():
            return f"_:{term.value}"
        case _:
            return term.value


def shown(term: Term | None) -> str:
    """Return a term for the eye: a case's free text must not steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short(term))


def cell(term: Term | None, *, exact: bool) -> str:
    """Return a term as a cell of CSV; unless exact, what a spreadsheet would take for a formula gets an apostrophe."""
    match term:
        case None:
            return ""
        case BlankNode():
            return f"_:{term.value}"
        case Literal() if not exact and term.datatype not in _NUMBERS and term.value.startswith(_FORMULA):
            return f"'{term.value}"
        case _:
            return term.value


def json_of(term: Term) -> dict[str, str]:
    """Return a term as SPARQL 1.1 Query Results JSON has it."""
    match term:
        case NamedNode():
            return {"type": "uri", "value": term.value}
        case BlankNode():
            return {"type": "bnode", "value": term.value}
        case _:
            extra = {}
            if term.language:
                extra = {"xml:lang": term.language}
            elif term.datatype != Xsd.STRING:
                extra = {"datatype": term.datatype.value}
            return {"type": "literal", "value": term.value, **extra}
