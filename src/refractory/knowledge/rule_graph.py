"""The rules as triples, so that queries and checks can speak of them: what each encodes, reads and concludes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from refractory.knowledge.headers import QueryFile
from refractory.vocabulary import NAMESPACE, PREFIX, Rdf, Rdfs, rfy

RULE: Final = NAMESPACE + "rule/"

_COMMENT = re.compile(r"#[^\n]*")
_HEAD = re.compile(r"\bCONSTRUCT\s*\{([^}]*)\}", re.IGNORECASE)
_NAME = re.compile(rf"\b{PREFIX}:([A-Za-z0-9_-]+)")


def rule_triples(rules: Iterable[QueryFile]) -> Iterator[Triple]:
    """Yield what the rules' headers say, and which of our terms each names in its head and in its body.

    `rfy:encodes` leads to statements, `rfy:shownBy` to the slug of a golden case or competency question,
    `rfy:concludes` to each term of the head (property, class or individual) and `rfy:reads` to each of the body.
    """
    for rule in rules:
        node = NamedNode(RULE + rule.name)
        yield Triple(node, Rdf.TYPE, rfy("Rule"))
        yield Triple(node, Rdfs.LABEL, Literal(rule.header["title"], language="en"))
        for statement in rule.list("encodes"):
            yield Triple(node, rfy("encodes"), rfy(statement))
        for slug in rule.list("shown-by"):
            yield Triple(node, rfy("shownBy"), Literal(slug))
        head, body = _parts(rule.text)
        for predicate, part in (("concludes", head), ("reads", body)):
            for name in sorted(set(_NAME.findall(part))):
                yield Triple(node, rfy(predicate), rfy(name))


def _parts(text: str) -> tuple[str, str]:
    """Return head and body of a rule. Names show in the text: a rule holds no strings and no full IRIs of ours."""
    plain = _COMMENT.sub("", re.sub(r"(?im)^\s*PREFIX[^\n]*$", "", text))
    head = _HEAD.search(plain)
    return (head[1], plain[head.end() :]) if head else ("", plain)
