"""What a table says of one mutation without a case: its calls, each row behind them, what follows from the gene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pyoxigraph import NamedNode

from refractory.case.reader import Case
from refractory.errors import UsageError
from refractory.genotype.calls import Parameters
from refractory.genotype.facts import interpreted, with_calls
from refractory.genotype.table import ResistanceTable, plain
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import NOTICE
from refractory.model.genotype import Calls, CutOff
from refractory.pipeline.named import named
from refractory.version import VERSION
from refractory.vocabulary import Rdf, local_name, rfy

if TYPE_CHECKING:
    from refractory.pipeline.knowledge_base import KnowledgeBase

SCHEMA_VERSION: Final = "1"
# The mutation is reasoned about like one of a case; the case has nothing else, and is not shown.
_CASE: Final = "https://example.org/genotype"


@dataclass(frozen=True)
class GenotypeAnswer:
    """What a table says of one mutation.

    Attributes:
        table: The table.
        calls: What it says, with every row.
        cut_offs: The limits that factors were held against, the highest first.
        knowledge_hash: SHA-256 of the knowledge that was used.
    """

    table: ResistanceTable
    calls: Calls
    cut_offs: tuple[CutOff, ...]
    knowledge_hash: str

    def to_json(self) -> dict[str, Any]:
        """Return the published form (`schemas/genotype.schema.json`)."""
        said = self.calls.to_json()
        return {
            "schemaVersion": SCHEMA_VERSION,
            "softwareVersion": VERSION,
            "knowledgeHash": self.knowledge_hash,
            "notice": NOTICE,
            "table": self.table.to_json(),
            **{key: said.pop(key) for key in ("virus", "gene", "mutation")},
            "inTable": self.calls.in_table,
            **said,
            "cutOffs": [limit.to_json() for limit in self.cut_offs],
            "evidence": [row.to_json() for row in self.calls.evidence],
            "unused": [row.to_json() for row in self.calls.unused],
            "nearest": list(self.calls.nearest),
        }


def ask_for_parameters(knowledge: Knowledge) -> None:
    """Ask that a source in use says how a table is read, for whatever virus.

    Raises:
        UsageError: None says so.
    """
    if not knowledge.subjects(Rdf.TYPE, rfy("ResistanceGrade")):
        raise _unread("no source in use says how a table of mutations is read.")


def parameters_of(knowledge: Knowledge, virus: NamedNode) -> Parameters:
    """Return how calls are made for a virus.

    Raises:
        UsageError: No source in use says so.
    """
    ask_for_parameters(knowledge)
    parameters = Parameters.of(knowledge, virus)
    if parameters is None:
        raise _unread(f"no source in use says how a table of mutations is read for {knowledge.label(virus)}.")
    return parameters


def _unread(what: str) -> UsageError:
    return UsageError(
        what,
        why="The limits from which a factor is resistance are those of a source.",
        fix="Use all guidance, or name the source of the limits too.",
    )


def genotype(base: KnowledgeBase, table: ResistanceTable, virus: str, gene: str, mutation: str) -> GenotypeAnswer:
    """Look a mutation up; `KnowledgeBase.genotype` says what comes in and out."""
    knowledge = base.knowledge
    ask_for_parameters(knowledge)
    of_virus = named(virus, knowledge.members(rfy("Virus")), "virus", knowledge)
    parameters = parameters_of(knowledge, of_virus)
    genes = set(knowledge.subjects(rfy("isGeneOf"), of_virus))
    term = knowledge.names.find(gene)
    if term is None or term not in genes:
        names = ", ".join(sorted(local_name(one.value) for one in genes))
        raise UsageError(
            f"{knowledge.label(of_virus)} has no gene called {gene!r} here.",
            why="Genes of different viruses have names of their own, so either the gene or the virus is wrong.",
            fix=f"Known genes of it are {names}.",
        )
    if not plain(mutation):
        raise UsageError("the mutation is empty.", fix="Write it as the table does.")
    finding = {"virus": local_name(of_virus.value), "gene": local_name(term.value), "mutation": plain(mutation)}
    facts = Case.from_json({"id": _CASE, "genotype": [finding]}, knowledge).facts
    facts = with_calls(facts, table, knowledge)
    (closure,) = base.reasoner.close([facts])
    (calls,) = interpreted(facts, closure, table, knowledge)
    return GenotypeAnswer(table, calls, parameters.cut_offs, base.hash)
