"""Whether one step of a proof is what it says: an instance of a rule file, or of an axiom and its OWL 2 RL rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyoxigraph import Variable

from refractory.checker.axioms import Axioms
from refractory.checker.matching import FactIndex, Pattern, fit, instance, matches, plain
from refractory.checker.rules import Rule
from refractory.checker.values import Binding, Bound, work_out, writes
from refractory.model.proof import AbsentPattern, Derived, Term


def faults_of_owl(step: Derived, axioms: Axioms) -> Iterator[str]:
    """Yield what keeps a step from being an instance of an OWL 2 RL rule with an axiom of the files."""
    if step.bindings or step.absences:
        yield "a rule of OWL has neither variables nor absences"
    inference = axioms.inference(step.rule, step.axiom)
    if inference is None:
        yield f"no such axiom stands in the files for {step.rule}"
        return
    if len(step.premises) != len(inference.premises):
        yield f"{step.rule} with this axiom has {len(inference.premises)} premises, not {len(step.premises)}"
        return
    binding: Mapping[str, Bound] | None = {}
    for pattern, premise in zip(inference.premises, step.premises, strict=True):
        fact = plain(premise)
        binding = fit(pattern, fact, binding) if fact and binding is not None else None
    if binding is None:
        yield "the premises do not fit the axiom"
    elif instance(inference.conclusion, binding) != plain(step.conclusion):
        yield "the axiom leads from these premises to another conclusion"


def faults_of_rule(step: Derived, rule: Rule, facts: FactIndex) -> Iterator[str]:
    """Yield what keeps a step from being an instance of a rule file, given all facts."""
    if step.axiom:
        yield "a rule file needs no axiom"
    if tuple(name for name, _ in step.bindings) != rule.variables:
        yield f"the variables are not those of the rule: {', '.join(rule.variables)}"
        return
    terms: dict[str, Term] = dict(step.bindings)
    if [plain(premise) for premise in step.premises] != [instance(pattern, terms) for pattern in rule.body]:
        yield "the premises are not the rule's patterns with these bindings"
    if plain(step.conclusion) not in [instance(pattern, terms) for pattern in rule.head]:
        yield "the rule concludes something else with these bindings"
    if step.absences != tuple(_absence(group, terms) for group in rule.absent):
        yield "the absences are not the rule's groups with these bindings"
    for number, group in enumerate(rule.absent, 1):
        if any(matches(group, facts, terms)):
            yield f"something is there that must be absent (group {number})"
    exact: dict[str, Bound] = dict(terms)
    for bind in rule.binds:
        result = work_out(bind.operation, exact)
        if result is None or not writes(terms[bind.name], result):
            yield f"?{bind.name} is not what the rule works out"
            return
        exact[bind.name] = result
    for comparison in rule.filters:
        if not comparison.holds(exact):
            yield f"the comparison with {comparison.sign} does not hold"


def instances(rule: Rule, facts: FactIndex) -> Iterator[Binding]:
    """Yield each binding with which a rule fires: its patterns and comparisons hold, and nothing fills an absence."""
    for found in matches(rule.body, facts, {}):
        binding = _with_results(rule, found)
        if (
            binding is not None
            and all(comparison.holds(binding) for comparison in rule.filters)
            and not any(any(matches(group, facts, binding)) for group in rule.absent)
        ):
            yield binding


def _with_results(rule: Rule, found: Binding) -> Binding | None:
    """Return a binding with the numbers that the rule works out; None if one cannot be."""
    binding = dict(found)
    for bind in rule.binds:
        result = work_out(bind.operation, binding)
        if result is None:
            return None
        binding[bind.name] = result
    return binding


def _absence(group: tuple[Pattern, ...], terms: Mapping[str, Term]) -> tuple[AbsentPattern, ...]:
    """Return a group as a proof writes it: with None for what stands only inside it."""

    def known(slot: Term | Variable) -> Term | None:
        return terms.get(slot.value) if isinstance(slot, Variable) else slot

    return tuple((known(subject), predicate, known(value)) for subject, predicate, value in group)
