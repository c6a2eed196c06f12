"""What a machine elsewhere needs to answer as this one does: the knowledge, its program, and the table, in one parcel.

So a module of guidance or a table need not be on that machine; the package must be, in the same version.
"""

from __future__ import annotations

import hashlib
import pickle
import tempfile
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from refractory.cohort.batch import Assessor
from refractory.engine.compiled import CompiledReasoner
from refractory.engine.program_file import file_name, keep_program, write_program_file
from refractory.errors import KnowledgeError, UsageError
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import load_files
from refractory.pipeline.knowledge_base import KnowledgeBase
from refractory.version import VERSION


@dataclass(frozen=True, slots=True)
class Parcel:
    """An assessor with all that it reads.

    Attributes:
        key: The SHA-256 of the content; the same key answers the same.
        version: The version of the software that made it.
        content: What it holds, compressed.
    """

    key: str
    version: str
    content: bytes

    @classmethod
    def of(cls, assessor: Assessor) -> Parcel:
        """Pack what an assessor reads.

        Raises:
            UsageError: A folder, a source or the table is unknown, or no source in use says how a table is read.
            RefusedError: The table cannot be read.
            KnowledgeError: The files are at fault.
        """
        base = assessor.base
        knowledge, reasoner = base.knowledge, base.reasoner
        # Refused here and not on every machine: what does not load, and a table that is none.
        assessor.run([{"id": "https://example.org/cohort/parcel"}])
        program = write_program_file(reasoner.program) if isinstance(reasoner, CompiledReasoner) else b""
        held: dict[str, Any] = {
            "assessor": replace(assessor, knowledge=(), table=None),
            "hash": base.hash,
            "contents": dict(knowledge.files.contents),
            "added": {path: str(folder) for path, folder in knowledge.files.added.items()},
            "program": (file_name(knowledge), program),
            "table": None if assessor.table is None else Path(assessor.table).read_bytes(),
        }
        content = zlib.compress(pickle.dumps(held))
        return cls(hashlib.sha256(content).hexdigest(), VERSION, content)

    def open(self) -> Assessor:
        """Return the assessor, ready; in one process the same parcel is opened once.

        Raises:
            UsageError: It was made by another version of the software.
            KnowledgeError: It comes to another knowledge here than where it was made.
        """
        if self.version != VERSION:
            raise UsageError(
                f"this machine has refractory {VERSION}, and the work comes from {self.version}.",
                why="Two versions may answer the same case in two ways.",
                fix=f"Install refractory {self.version} on every machine of the cluster.",
            )
        return _opened(self)


@lru_cache(maxsize=2)
def _opened(parcel: Parcel) -> Assessor:
    held = pickle.loads(zlib.decompress(parcel.content))  # noqa: S301  # made by `Parcel.of`, by whom the work comes from
    added = {path: Path(folder) for path, folder in held["added"].items()}
    files = KnowledgeFiles(Path("parcel"), held["contents"], added)
    assessor: Assessor = held["assessor"]
    knowledge = load_files(files, assessor.guidance)
    if knowledge.hash != held["hash"]:
        raise KnowledgeError(
            f"the knowledge has the hash {knowledge.hash} here, and {held['hash']} where the work comes from.",
            fix="Install the same build of refractory on every machine of the cluster.",
        )
    keep_program(knowledge, *held["program"])
    if held["table"] is None:
        return _loaded(assessor, KnowledgeBase(knowledge))
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.tsv"
        table.write_bytes(held["table"])
        return _loaded(replace(assessor, table=str(table)), KnowledgeBase(knowledge))


def _loaded(assessor: Assessor, base: KnowledgeBase) -> Assessor:
    # What an assessor would load from folders is here already.
    vars(assessor)["base"] = base
    return assessor.load()
