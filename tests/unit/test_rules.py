"""The part of SPARQL that a rule may use, and the order in which rules run."""

from __future__ import annotations

import pytest
from tests.support import shipped

from refractory.engine.axioms import read_axioms
from refractory.engine.rules import Rule, read_rule
from refractory.engine.strata import stratify
from refractory.errors import KnowledgeError, RuleError
from refractory.knowledge.headers import read_query

HEADER = "#+ title: A rule\n#+ says: it is so\n#+ encodes: refractory-reading-1\n"
PREFIX = "PREFIX rfy: <https://w3id.org/refractory/>\n"


def rule(text: str, name: str = "a-rule") -> Rule:
    """Return a rule of a query without header and prefix."""
    return read_rule(read_query(name, f"queries/reason/{name}.rq", (HEADER + PREFIX + text).encode()))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("?a rfy:p ?b OPTIONAL { ?a rfy:q ?c }", "OPTIONAL"),
        ("{ ?a rfy:p ?b } UNION { ?a rfy:q ?b }", "UNION"),
        ("?a rfy:p+ ?b", "property path"),
        ("?a rfy:p/rfy:q ?b", "property path"),
        ("?a ?p ?b", "predicate must be named"),
        ("?a rfy:p ?b . ?a rfy:q []", "blank node"),
        ("?a rfy:p ?b FILTER (REGEX(?b, 'x'))", "FILTER"),
        ("?a rfy:p ?b FILTER (?b > 1 || ?b < 0)", "FILTER"),
        ("?a rfy:p ?b FILTER EXISTS { ?a rfy:q ?b }", "FILTER"),
        ("?a rfy:p ?b FILTER NOT EXISTS { ?a rfy:q ?c FILTER (?c > 1) }", "NOT EXISTS"),
        ("?a rfy:p ?b MINUS { ?a rfy:q ?b }", "Minus"),
        ("?a rfy:p ?c BIND (STR(?c) AS ?b)", "arithmetic"),
        ("?a rfy:p ?c BIND (NOW() AS ?b)", "arithmetic"),
        ("{ SELECT ?a ?b { ?a rfy:p ?b } }", "sub-select"),
        ("VALUES ?b { rfy:X } ?a rfy:p ?b", "outside the part"),
        ("GRAPH ?g { ?a rfy:p ?b }", "outside the part"),
        ("SERVICE <http://127.0.0.1/> { ?a rfy:p ?b }", "outside the part"),
    ],
)
def test_what_leaves_the_part_is_refused_with_file_and_line(body: str, says: str) -> None:
    """Anything but patterns, NOT EXISTS, comparisons and arithmetic is an error that names file and line."""
    with pytest.raises(RuleError) as caught:
        rule(f"CONSTRUCT {{ ?a rfy:r ?b }}\nWHERE {{ {body} }}")

    assert says in caught.value.what
    assert caught.value.place.startswith("queries/reason/a-rule.rq:")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("CONSTRUCT { ?a rfy:r ?c } WHERE { ?a rfy:p ?b }", "does not bind"),
        ("CONSTRUCT { ?a rfy:r [] } WHERE { ?a rfy:p ?b }", "makes no node"),
        ("CONSTRUCT { ?a ?b ?a } WHERE { ?a rfy:p ?b }", "must be named"),
        ("CONSTRUCT { } WHERE { ?a rfy:p ?b }", "must conclude something"),
        ("SELECT ?a WHERE { ?a rfy:p ?b }", "CONSTRUCT"),
        ("ASK { ?a rfy:p ?b }", "CONSTRUCT"),
        ("CONSTRUCT { ?a rfy:r ?b } WHERE { ?a rfy:p ?b ", "not SPARQL"),
    ],
)
def test_a_head_only_repeats_what_its_body_binds(text: str, says: str) -> None:
    """A rule that makes a node, leaves a variable open, or is no CONSTRUCT is refused."""
    with pytest.raises(RuleError, match=says):
        rule(text)


def test_a_rule_within_the_part_is_a_value() -> None:
    """Patterns, absences and conclusions of a rule can be read off it."""
    read = rule(
        "CONSTRUCT { ?a rfy:r ?t } WHERE { ?a rfy:p ?x ; rfy:q ?y . BIND (?x * ?y AS ?t) FILTER (?t >= 3) "
        "FILTER NOT EXISTS { ?a a rfy:C } FILTER NOT EXISTS { ?a rfy:n ?z . ?z rfy:m ?a } }"
    )

    assert (1, 2, [1, 2]) == (len(read.head), len(read.body), [len(group) for group in read.absent])


def test_a_header_must_explain_the_rule() -> None:
    """Title, sentence and header lines are required; a broken line names its place."""
    text = "CONSTRUCT { ?a rfy:r ?b } WHERE { ?a rfy:p ?b }"
    with pytest.raises(KnowledgeError, match="no title"):
        read_query("x", "x.rq", (PREFIX + text).encode())
    with pytest.raises(KnowledgeError, match="not `#\\+ key: value`"):
        read_query("x", "x.rq", b"#+ title A\n")
    with pytest.raises(RuleError, match="no sentence"):
        read_rule(read_query("x", "x.rq", ("#+ title: A\n" + PREFIX + text).encode()))


def test_an_absence_waits_for_what_may_fill_it() -> None:
    """A rule that asks for an absence runs in a stratum above the rules that may fill it."""
    fills = rule("CONSTRUCT { ?a a rfy:B } WHERE { ?a a rfy:A }", "fills")
    asks = rule("CONSTRUCT { ?a a rfy:C } WHERE { ?a a rfy:A FILTER NOT EXISTS { ?a a rfy:B } }", "asks")

    assert [["fills"], ["asks"]] == [[r.name for r in stratum] for stratum in stratify([asks, fills], ())]


def test_classes_and_values_keep_absences_apart() -> None:
    """Two values of one predicate are two kinds of facts: asking for one does not wait for the other."""
    one = rule("CONSTRUCT { ?a rfy:dose rfy:X } WHERE { ?a rfy:p ?b }", "one")
    two = rule("CONSTRUCT { ?a rfy:dose rfy:Y } WHERE { ?a rfy:p ?b FILTER NOT EXISTS { ?a rfy:dose rfy:X } }", "two")

    assert [["one"], ["two"]] == [[r.name for r in stratum] for stratum in stratify([one, two], ())]


def test_owl_counts_among_what_may_fill_an_absence() -> None:
    """An absence also waits for what an axiom makes of a rule's conclusion."""
    axioms = read_axioms(shipped().knowledge.logic)
    recommends = rule("CONSTRUCT { ?a rfy:recommends ?b } WHERE { ?a rfy:p ?b }", "recommends")
    silent = rule(
        "CONSTRUCT { ?a a rfy:C } WHERE { ?a rfy:p ?b FILTER NOT EXISTS { ?a rfy:advisesOn ?b } }", "a-silent-case"
    )

    assert [["recommends"], ["a-silent-case"]] == [[r.name for r in s] for s in stratify([silent, recommends], axioms)]


def test_absences_in_a_circle_are_refused() -> None:
    """Two rules that each ask for the absence of the other's conclusion have no order."""
    one = rule("CONSTRUCT { ?a a rfy:X } WHERE { ?a a rfy:A FILTER NOT EXISTS { ?a a rfy:Y } }", "one")
    two = rule("CONSTRUCT { ?a a rfy:Y } WHERE { ?a a rfy:A FILTER NOT EXISTS { ?a a rfy:X } }", "two")

    with pytest.raises(RuleError, match="through the rules one, two"):
        stratify([one, two], ())
