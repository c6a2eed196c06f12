"""What the golden cases touch of the guidance, and what no case touches: statements, rules, axioms, positions, rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyoxigraph import NamedNode, Triple

from refractory.explain.lexicon import AxiomKey, Lexicon, lexicon
from refractory.genotype.table import ResistanceTable
from refractory.guidance.inventory import Item, annotated, inventory
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.proof import Derived
from refractory.vocabulary import local_name, rfy


@dataclass(frozen=True, slots=True)
class Tally:
    """How much of one sort is touched.

    Attributes:
        sort: `statements`, `rules`, `axioms`, `positions` or `rows`.
        total: How many there are.
        untouched: Those that no case touches, in the order of their files and names.
    """

    sort: str
    total: int
    untouched: tuple[Item, ...]

    @property
    def touched(self) -> int:
        """How many are touched."""
        return self.total - len(self.untouched)

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "touched": self.touched,
            "total": self.total,
            "untouched": [item.to_json() for item in self.untouched],
        }


@dataclass(frozen=True, slots=True)
class Coverage:
    """What no case touches.

    Attributes:
        of: What is covered: the folders of modules, or nothing for the whole knowledge.
        tallies: The sorts, in order; rows only where a table was given.
    """

    of: tuple[str, ...]
    tallies: tuple[Tally, ...]

    @property
    def complete(self) -> bool:
        """Whether each statement, rule, axiom and position is touched; a table's rows are not the guidance's."""
        return not any(tally.untouched for tally in self.tallies if tally.sort != "rows")

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {"of": list(self.of), **{tally.sort: tally.to_json() for tally in self.tallies}}


class Covering:
    """Notes what each answered case touches."""

    def __init__(self, knowledge: Knowledge, table: ResistanceTable | None) -> None:
        """Begin with nothing touched.

        Args:
            knowledge: The knowledge with all its sources.
            table: The table by which cases are answered, if one was given.
        """
        self._knowledge = knowledge
        self._table = table
        self._touched: dict[str, set[str]] = {sort: set() for sort in ("rules", "axioms", "positions", "statements")}
        self._rows: set[int] = set()

    def add(self, assessment: Assessment, knowledge: Knowledge) -> None:
        """Note what an answer touches.

        Args:
            assessment: The answer, of the compiled engine.
            knowledge: The knowledge of the sources by which it was answered.
        """
        words = knowledge.once(_Axioms)
        rules = {name for names in assessment.closure.rules.values() for name in names}
        axioms = set(words.used(assessment))
        facts = (*assessment.facts.all, *assessment.closure.inferred)
        positions = {f.object for f in facts if f.predicate == rfy("facesPosition") and isinstance(f.object, NamedNode)}
        said = [knowledge.values(position, rfy("encodes")) for position in positions]
        self._touched["rules"] |= rules
        self._touched["axioms"] |= axioms
        self._touched["positions"] |= {local_name(position.value) for position in positions}
        self._touched["statements"] |= {
            *(name for rule in rules for name in knowledge.encodes[rule]),
            *(name for axiom in axioms for name in words.encoded[axiom]),
            *(local_name(value.value) for values in said for value in values if isinstance(value, NamedNode)),
            *_shown(assessment.findings.to_json()),
        }
        self._rows |= {row.line for calls in assessment.findings.genotype for row in calls.evidence}

    def coverage(self) -> Coverage:
        """Return what no case touched: of what modules brought, where there are any, else of the whole knowledge."""
        added = self._knowledge.files.added
        touched = {**self._touched, "statements": self._with_what_they_rest_on()}
        tallies = []
        for sort, items in inventory(self._knowledge).items():
            own = [item for item in items if not added or item.file in added]
            tallies.append(Tally(sort, len(own), tuple(item for item in own if item.name not in touched[sort])))
        if self._table is not None:
            rows = [
                Item(
                    row.id,
                    f"line {row.line}, {row.key.mutation} in {row.key.gene} of {row.key.virus}",
                    self._table.name,
                )
                for row in self._table.used
                if row.line not in self._rows
            ]
            tallies.append(Tally("rows", len(self._table.used), tuple(rows)))
        return Coverage(tuple(sorted({str(folder) for folder in added.values()})), tuple(tallies))

    def _with_what_they_rest_on(self) -> set[str]:
        """Return the statements touched, and those that a reading rests on which is touched."""
        found: set[str] = set()
        pending = [rfy(name) for name in self._touched["statements"]]
        while pending:
            statement = pending.pop()
            if (name := local_name(statement.value)) in found:
                continue
            found.add(name)
            pending += [s for s in self._knowledge.values(statement, rfy("restsOn")) if isinstance(s, NamedNode)]
        return found


def _shown(part: object) -> Iterator[str]:
    """Yield the statements that an answer shows, wherever in it they stand."""
    if isinstance(part, dict):
        yield from (statement["id"] for statement in part.get("statements", ()))
        yield from (name for value in part.values() for name in _shown(value))
    elif isinstance(part, list):
        yield from (name for value in part for name in _shown(value))


class _Axioms:
    """The annotated axioms of a knowledge: what each encodes, and how it shows in a proof."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._words: Lexicon = lexicon(knowledge)
        self.encoded: dict[str, tuple[str, ...]] = {}
        self._stated: dict[Triple, str] = {}
        self._cited: dict[AxiomKey, str] = {}
        for name, axiom in annotated(knowledge):
            self.encoded[name] = knowledge.carried[axiom]
            self._stated[axiom] = name
            self._cited.update((key, name) for key in self._words.keys(axiom))

    def used(self, assessment: Assessment) -> Iterator[str]:
        """Yield the axioms that stand in the proof of any fact of a case, or are read off for its advice."""
        proof = assessment.closure.proof
        for step in proof.steps.values() if proof else ():
            name = self._stated.get(step.conclusion)
            if isinstance(step, Derived) and step.axiom:
                name = self._cited.get((step.rule, step.axiom), name)
            if name is not None:
                yield name
        # What an action is given with is read off its own facts, and is no step of a proof.
        for advice in assessment.recommendations:
            shown = {statement.id for statement in advice.statements}
            for axiom, name in self._stated.items():
                if axiom.subject == rfy(advice.action) and shown.intersection(self.encoded[name]):
                    yield name
