"""The one function of a cohort: a batch of records in, a batch of answers and a batch of what was not answered out.

It keeps nothing of a case, so it runs in any process and in any order, and says of a case what `KnowledgeBase.assess`
says of it. What it remembers between cases is speed alone.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, Final

import pyarrow as pa

from refractory.cohort.answering import Answered, Answering
from refractory.cohort.columns import Columns
from refractory.cohort.rejected import rejection
from refractory.cohort.rows import Row
from refractory.cohort.schema import answered_schema, rejected_schema
from refractory.errors import KnowledgeError, UsageError
from refractory.pipeline.knowledge_base import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Record:
    """One input.

    Attributes:
        data: A case as JSON, or a FHIR Bundle of one patient: bytes, text or a dictionary.
        source: The file or table that it comes from.
        row: Its line or row there, from 1.
    """

    data: bytes | str | Mapping[str, Any]
    source: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of a batch: each record is in exactly one of the two.

    Attributes:
        answered: One row for each case that was answered, in the order of the records.
        rejected: One row for each other record, with the reason.
    """

    answered: pa.RecordBatch
    rejected: pa.RecordBatch


@dataclass(frozen=True)
class Assessor:
    """What answers batches. It is made anywhere and can be pickled: what it needs is loaded where it first runs.

    Attributes:
        knowledge: Folders of knowledge, as `--knowledge` takes them; the shipped one by default.
        guidance: Identifiers of the sources to use; None: all.
        table: The path of a table of mutations.
        questions: Whether to work out what may still be asked; it takes twenty times as long.
        proofs: Whether to write the whole assessment with its proofs; it takes ten times as long.
        assessed_on: The day of the assessment of FHIR Bundles; None: what each says.
    """

    knowledge: tuple[str, ...] = ()
    guidance: tuple[str, ...] | None = None
    table: str | None = None
    questions: bool = False
    proofs: bool = False
    assessed_on: str | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def load(self) -> Assessor:
        """Load everything now, and let the garbage collector never look at it again; for a process that does only this.

        Raises:
            UsageError: A folder, a source or the table is unknown, or no source in use says how a table is read.
            KnowledgeError: The files are at fault.
        """
        self._answering.warm()
        gc.collect()
        gc.freeze()
        return self

    @cached_property
    def base(self) -> KnowledgeBase:
        """The knowledge base that answers."""
        return KnowledgeBase.load(self.knowledge or None, guidance=self.guidance)

    @cached_property
    def _answering(self) -> Answering:
        return Answering(
            self.base, self.table, questions=self.questions, proofs=self.proofs, assessed_on=self.assessed_on
        )

    @cached_property
    def answered_schema(self) -> pa.Schema:
        """The schema of answers."""
        used = self.base.guidance_used
        return answered_schema(self.base.hash, used, questions=self.questions, proofs=self.proofs)

    @cached_property
    def rejected_schema(self) -> pa.Schema:
        """The schema of records that were not answered."""
        return rejected_schema(self.base.hash, self.base.guidance_used)

    def run(self, records: Sequence[Record | bytes | str | Mapping[str, Any]]) -> Answers:
        """Answer a batch; a record that cannot be answered stops nothing.

        Args:
            records: The inputs; one that is no `Record` gets its place in the batch as its row.

        Raises:
            UsageError: As in `load`.
            KnowledgeError: As in `load`.
        """
        answering = self._answering
        answered: list[Answered] = []
        places: list[Record] = []
        rejected: list[Row] = []
        with _no_garbage_collection():
            for number, given in enumerate(records, 1):
                record = given if isinstance(given, Record) else Record(given, row=number)
                try:
                    answered.append(answering.answer(record.data))
                    places.append(record)
                except (UsageError, KnowledgeError):
                    raise
                except Exception as error:  # a fault of ours in one case is no reason to lose the others
                    rejected.append(rejection(record, error))
            return Answers(
                self._answered(answered, places), pa.RecordBatch.from_pylist(rejected, schema=self.rejected_schema)
            )

    @cached_property
    def _columns(self) -> Columns:
        return Columns()

    def _answered(self, answered: Sequence[Answered], places: Sequence[Record]) -> pa.RecordBatch:
        columns = self._columns.write([(one.findings, one.populations) for one in answered])
        columns["source"] = pa.array([record.source for record in places], pa.string())
        columns["row"] = pa.array([record.row for record in places], pa.int64())
        for field in self.answered_schema:
            if field.name in _ATTRIBUTES:
                of = attrgetter(_ATTRIBUTES[field.name])
                columns[field.name] = pa.array(map(of, answered), field.type)
        return pa.RecordBatch.from_arrays(
            [columns[name] for name in self.answered_schema.names], schema=self.answered_schema
        )


_ATTRIBUTES: Final = {
    "case": "case",
    "assessedOn": "assessed_on",
    "warnings": "warnings",
    "genotype": "genotype",
    "questions": "questions",
    "assessment": "assessment",
}


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Let no collection run within a batch: cases leave no circles behind, and to look for some takes a tenth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
