"""Nothing in the knowledge is idle: each rule and each axiom that carries a statement changes the answer it names."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest
from pyoxigraph import BlankNode, NamedNode, Triple

from refractory import KnowledgeBase
from refractory.vocabulary import Dcterms, Owl, local_name, rfy
from tests.support import NOTE, golden, read_case, shipped, slugs, table_of


@cache
def positions() -> dict[str, NamedNode]:
    """Return by name what each source beside the leading one says: the named terms that encode a statement."""
    knowledge = shipped().knowledge
    found = {local_name(term.value): term for term in knowledge.subjects(rfy("encodes"))}
    assert found
    return found


@cache
def axioms() -> dict[str, tuple[Triple, str]]:
    """Return by identifier each axiom that carries a statement, and the golden case that it names."""
    knowledge = shipped().knowledge
    found = {}
    for quad in knowledge.store.quads_for_pattern(None, rfy("encodes"), None):
        node = quad.subject
        if not isinstance(node, BlankNode):
            continue
        source, predicate, target = (
            knowledge.value(node, p) for p in (Owl.ANNOTATED_SOURCE, Owl.ANNOTATED_PROPERTY, Owl.ANNOTATED_TARGET)
        )
        assert isinstance(source, NamedNode | BlankNode)
        assert isinstance(predicate, NamedNode)
        assert isinstance(target, NamedNode | BlankNode)
        identifier = knowledge.text(node, Dcterms.IDENTIFIER)
        assert identifier, f"an axiom of {source} has no identifier"
        found[identifier] = (Triple(source, predicate, target), knowledge.text(node, rfy("shownBy")))
    assert found
    return found


def answer_of(kb: KnowledgeBase, slug: str) -> dict[str, object]:
    """Return the conclusions of a golden case, without the letterhead that names the knowledge."""
    return kb.assess(read_case(slug), table=table_of(slug)).findings.to_json()


@pytest.mark.parametrize("name", sorted(rule.name for rule in shipped().knowledge.rules))
def test_each_rule_changes_the_case_it_names(name: str) -> None:
    """A rule taken out changes the answer to the golden case that its header names."""
    knowledge = shipped().knowledge
    rule = next(rule for rule in knowledge.rules if rule.name == name)
    (slug,) = rule.list("shown-by")
    assert slug in slugs()
    without = KnowledgeBase(replace(knowledge, rules=tuple(r for r in knowledge.rules if r.name != name)))

    assert golden()[slug].findings.to_json() != answer_of_or_failure(without, slug)


@pytest.mark.parametrize("identifier", sorted(axioms()))
def test_each_axiom_that_carries_a_statement_changes_the_case_it_names(identifier: str) -> None:
    """Such an axiom taken out changes the answer to the golden case that its annotation names."""
    triple, slug = axioms()[identifier]
    assert slug in slugs(), f"{identifier} names no golden case"
    knowledge = shipped().knowledge
    assert triple in knowledge.logic, f"{local_name(str(triple))} is annotated but not stated"
    without = KnowledgeBase(
        replace(
            knowledge,
            logic=tuple(t for t in knowledge.logic if t != triple),
            triples=tuple(t for t in knowledge.triples if t != triple),
        )
    )

    assert golden()[slug].findings.to_json() != answer_of(without, slug)


@pytest.mark.parametrize("name", sorted(positions()))
def test_each_position_changes_the_case_it_names(name: str) -> None:
    """A position taken out changes the answer to the golden case that it names."""
    knowledge, term = shipped().knowledge, positions()[name]
    slug = knowledge.text(term, rfy("shownBy"))
    assert slug in slugs(), f"{name} names no golden case"
    without = KnowledgeBase(
        replace(
            knowledge,
            logic=tuple(t for t in knowledge.logic if t.subject != term),
            triples=tuple(t for t in knowledge.triples if t.subject != term),
        )
    )

    assert json.dumps(name) in json.dumps(golden()[slug].findings.to_json())
    assert json.dumps(name) not in json.dumps(answer_of(without, slug))


def answer_of_or_failure(kb: KnowledgeBase, slug: str) -> object:
    """Return the conclusions; one without its dose or its urgency cannot be put together at all."""
    try:
        return answer_of(kb, slug)
    except (IndexError, KeyError) as error:
        return error


def test_every_statement_has_a_home() -> None:
    """Each statement of each source is encoded by a rule or an axiom, and nothing else is encoded."""
    knowledge = shipped().knowledge
    carried = {s for rule in knowledge.rules for s in rule.list("encodes")}
    carried |= {
        local_name(quad.object.value)
        for quad in knowledge.store.quads_for_pattern(None, rfy("encodes"), None)
        if isinstance(quad.object, NamedNode)
    }
    stated = {local_name(statement.value) for statement in all_of("Statement")}

    assert stated == carried


def test_every_line_of_the_source_has_a_home() -> None:
    """Each of the note's 45 lines carries a statement or says why not, never both; a gap is on a line that exists."""
    knowledge = shipped().knowledge
    lines = all_of("SourceLine")
    carrying = {line for item in all_of("Statement") for line in knowledge.values(item, rfy("onLine"))}
    gaps = {line for item in all_of("Gap") for line in knowledge.values(item, rfy("onLine"))}
    silent = {line for line in lines if knowledge.text(line, rfy("carriesNothingBecause"))}

    of_note = [line for line in lines if rfy(f"{NOTE}-document") in knowledge.values(line, rfy("inDocument"))]

    assert sorted(int(knowledge.text(line, rfy("lineNumber"))) for line in of_note) == list(range(1, 46))
    assert set(lines) == carrying | silent
    assert carrying & silent == set()
    assert gaps <= set(lines)
    assert gaps


def all_of(cls: str) -> tuple[NamedNode, ...]:
    """Return the members of a class, words included."""
    from refractory.vocabulary import Rdf

    return shipped().knowledge.subjects(Rdf.TYPE, rfy(cls))
