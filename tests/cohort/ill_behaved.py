"""An assessor that does to its own process what a record tells it: it ends it, or never comes back."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refractory.cohort.batch import Answers, Assessor, Record

PREFIX = "https://example.org/ill-behaved/"


def record(does: str) -> str:
    """Return a line that makes a worker do something: `kill`, `segfault`, `hang`, `memory`, or `kill-once`."""
    return json.dumps({"id": PREFIX + does})


@dataclass(frozen=True)
class IllBehaved(Assessor):
    """Does what it is told.

    Attributes:
        traces: A folder in which it is noted what was done already.
    """

    traces: str = ""

    def run(self, records: Sequence[Record | bytes | str | Mapping[str, Any]]) -> Answers:
        """Answer, unless told otherwise."""
        for one in records:
            data = one.data if isinstance(one, Record) else one
            text = data.decode() if isinstance(data, bytes) else str(data)
            if PREFIX in text:
                self._do(text.partition(PREFIX)[2].rstrip('"}'))
        return super().run(records)

    def _do(self, what: str) -> None:
        trace = Path(self.traces) / f"{what}-{os.getpid()}"
        trace.touch()
        if what == "kill" or (what == "kill-once" and len(list(Path(self.traces).glob(f"{what}-*"))) == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        elif what == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif what == "hang":
            time.sleep(600)
        elif what == "memory":
            raise MemoryError
