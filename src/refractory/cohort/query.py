"""SPARQL over the answers of a cohort: the folder of a run, laid out as a graph together with the knowledge."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyoxigraph import RdfFormat, Store

from refractory.cohort.graph import ANSWERS_GRAPH, COLUMNS, PROLOGUE, Answers
from refractory.cohort.schema import SCHEMA_VERSION
from refractory.errors import RefusedError, UsageError
from refractory.knowledge.headers import QueryFile
from refractory.knowledge.knowledge import Knowledge
from refractory.query.graphs import OF_KNOWLEDGE, world
from refractory.query.run import Rows, run_on

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

KEPT_FROM: Final = 10_000
"""From so many cases on, the graph is kept on disk, in `graph/` within the folder of the run."""

QUESTIONS: Final = "questions"
"""What a query needs that asks what is missing; its header says `needs: questions`."""

# Changes whenever the same answers are written as other triples.
_FORMAT: Final = "1"
_AT_ONCE: Final = 5_000
_GRAPH: Final = "graph"
_KEY: Final = "key.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of answers.

    Attributes:
        path: Where it is.
        mark: What changes when it is written anew: the content of its checkpoint, else its size and time.
    """

    path: Path
    mark: str


@dataclass(frozen=True, slots=True)
class Results:
    """The answers in the folder of a run, or in a folder of Parquet files of answers.

    Attributes:
        folder: Where they are.
        parts: The files that are whole, in their order.
        cases: How many answers they hold.
        questions: Whether the answers have their questions.
        knowledge_hash: The hash of the knowledge that answered; None where the files do not say.
        finished: Whether the run is known to go on no more.
    """

    folder: Path
    parts: tuple[Part, ...]
    cases: int
    questions: bool
    knowledge_hash: str | None
    finished: bool

    @classmethod
    def of(cls, folder: str | Path) -> Results:
        """Look at a folder.

        Raises:
            UsageError: There are no answers.
            RefusedError: A file cannot be read, or is none of answers.
        """
        root = Path(folder)
        parts = tuple(_parts(root))
        if not parts:
            raise UsageError(
                "there are no answers of a cohort here.",
                place=str(folder),
                fix="Give the folder that was the --out of `refractory cohort`, with `answered/` in it.",
            )
        files = [_opened(part.path) for part in parts]
        said = files[0].schema_arrow.metadata or {}
        return cls(
            root,
            parts,
            sum(file.metadata.num_rows for file in files),
            all(QUESTIONS in file.schema_arrow.names for file in files),
            said[b"refractory.knowledgeHash"].decode() if b"refractory.knowledgeHash" in said else None,
            not (root / "checkpoints").is_dir() or (root / "summary.json").is_file(),
        )


def _parts(root: Path) -> Iterator[Part]:
    """Yield the files that are whole: those with a checkpoint, or all where there are no checkpoints."""
    checkpoints = root / "checkpoints"
    for path in sorted((root / "answered").glob("*.parquet")):
        if not checkpoints.is_dir():
            known = path.stat()
            yield Part(path, f"{known.st_size} {known.st_mtime_ns}")
            continue
        checkpoint = checkpoints / f"{path.stem.removeprefix('part-')}.json"
        if checkpoint.is_file():
            yield Part(path, checkpoint.read_text(encoding="utf-8"))


def _opened(path: Path) -> pq.ParquetFile:
    """Open a file of answers.

    Raises:
        RefusedError: It cannot be read, or is none of answers.
    """
    with _refusing(path):
        file = pq.ParquetFile(path)
    missing = [name for name in COLUMNS if name not in file.schema_arrow.names]
    version = (file.schema_arrow.metadata or {}).get(b"refractory.schemaVersion", SCHEMA_VERSION.encode()).decode()
    if missing or version != SCHEMA_VERSION:
        what = f"has no column {missing[0]!r}" if missing else f"has the form {version}, and known is {SCHEMA_VERSION}"
        raise RefusedError(
            f"the file {what}.", place=str(path), fix="Give the folder that was the --out of `refractory cohort`."
        )
    return file


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise RefusedError(
            f"the file cannot be read as Parquet: {error}.",
            place=str(path),
            fix="Run `refractory cohort` again with --restart, if it is damaged.",
        ) from error


class CohortGraph:
    """The answers of a cohort and the knowledge, in one store. It is only read.

    Attributes:
        GRAPHS: The names of its graphs.
    """

    GRAPHS: Final = (*(meaning.name for meaning in OF_KNOWLEDGE), ANSWERS_GRAPH.value)

    def __init__(self, results: Results, knowledge: Knowledge, store: Store) -> None:
        self.results = results
        self.knowledge = knowledge
        self.store = store

    @classmethod
    def of(cls, results: Results, knowledge: Knowledge) -> CohortGraph:
        """Lay the answers out, or open what was laid out of the same answers and the same knowledge before.

        Raises:
            RefusedError: A file is damaged.
        """
        if results.cases < KEPT_FROM:
            return cls(results, knowledge, _filled(Store(), results, knowledge))
        return cls(results, knowledge, _kept(results, knowledge))

    def ask(self, query: str | QueryFile, bindings: Mapping[str, object] | None = None) -> Rows:
        """Answer a question.

        The default graph is the union of the knowledge and the answers; the graph of the answers alone is
        `ANSWERS_GRAPH`.

        Args:
            query: The text of a query, or one of `knowledge.cohort_queries`.
            bindings: Values for its variables, as of `run_query`.

        Raises:
            UsageError: It is not SPARQL, a binding is at fault, or it needs what the run did not work out.
            RefusedError: It would reach outside, or change something.
            LimitError: It is larger or deeper than allowed, or has too many answers.
        """
        if isinstance(query, QueryFile) and QUESTIONS in query.list("needs") and not self.results.questions:
            raise UsageError(
                f"the query {query.name} asks for questions, and these answers have none.",
                place=str(self.results.folder),
                fix="Run `refractory cohort` with --questions.",
            )
        known = world(self.knowledge).terms
        return run_on(self.store, query, self.knowledge, terms=known, graphs=self.GRAPHS, bindings=bindings)

    @property
    def warnings(self) -> Iterator[str]:
        """Yield what to know before an answer is believed."""
        results = self.results
        if not results.finished:
            yield f"the run has not ended: the answer is about the {results.cases} cases that are done."
        if results.knowledge_hash not in (None, self.knowledge.hash):
            yield (
                "the cases were answered with another knowledge than the one that is asked beside them; "
                "give the --knowledge and --guidance of the run."
            )


def _filled(store: Store, results: Results, knowledge: Knowledge) -> Store:
    answers = Answers(knowledge)
    store.bulk_extend(world(knowledge).quads)
    text = io.BufferedReader(_Text(_turtle(results, answers)))
    store.bulk_load(input=text, format=RdfFormat.TURTLE, to_graph=ANSWERS_GRAPH)
    return store


def _turtle(results: Results, answers: Answers) -> Iterator[bytes]:
    yield PROLOGUE.encode()
    for part in results.parts:
        file = _opened(part.path)
        columns = [*COLUMNS, *([QUESTIONS] if results.questions else [])]
        with _refusing(part.path):
            for batch in file.iter_batches(_AT_ONCE, columns=columns):
                yield answers.turtle(batch).encode()


class _Text(io.RawIOBase):
    """A text that is made while it is read, so that it is never whole in memory."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill a buffer as far as one piece goes; nothing is left at the end."""
        view = memoryview(buffer)
        while not self._left:
            try:
                self._left = next(self._pieces)
            except StopIteration:
                return 0
        taken, self._left = self._left[: len(view)], self._left[len(view) :]
        view[: len(taken)] = taken
        return len(taken)


def _kept(results: Results, knowledge: Knowledge) -> Store:
    """Return the store on disk, laid out anew if it is of other answers; in memory where nothing can be written.

    Raises:
        RefusedError: A file is damaged, or there is no room.
    """
    folder, key = results.folder / _GRAPH, _key(results, knowledge)
    if found := _found(folder, key):
        return found
    if not os.access(results.folder, os.W_OK):
        return _filled(Store(), results, knowledge)
    # Beside the old one first: who is killed here leaves the old one, or none, and never half of one.
    made = Path(tempfile.mkdtemp(prefix=f"{_GRAPH}.", dir=results.folder))
    try:
        _filled(Store(str(made / "store")), results, knowledge).flush()
        (made / _KEY).write_text(json.dumps(key), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)
    except OSError as error:
        # Somebody else may have laid out the same at the same time.
        if not _found(folder, key):
            raise RefusedError(
                f"the graph of the answers cannot be kept: {error}.",
                place=str(folder),
                fix="Make room there, or count by SQL, which needs none: docs/cohort-query.md.",
            ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Store.read_only(str(folder / "store"))


def _found(folder: Path, key: dict[str, Any]) -> Store | None:
    """Return the store that was laid out of these answers, if there is one."""
    try:
        if json.loads((folder / _KEY).read_bytes()) == key:
            return Store.read_only(str(folder / "store"))
    except (OSError, ValueError):
        pass  # There is none, or one that was not finished.
    return None


def _key(results: Results, knowledge: Knowledge) -> dict[str, Any]:
    """Return what a store on disk was made of."""
    marks = hashlib.sha256("\n".join(f"{part.path.name} {part.mark}" for part in results.parts).encode())
    return {"format": _FORMAT, "knowledge": knowledge.hash, "parts": len(results.parts), "sha256": marks.hexdigest()}
