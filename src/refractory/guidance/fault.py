"""What a check of guidance finds: where, what, why it matters and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with guidance.

    Attributes:
        check: Name of the check that found it, as a file is named: `rule-that-cannot-fire`.
        file: Path of the file at fault below the knowledge, with slashes; empty if it is no one file.
        term: What is at fault in it: the local name of a term, the name of a rule, `line 12`.
        message: What is wrong, and why it matters.
        fix: How to mend it.
    """

    check: str
    file: str
    term: str
    message: str
    fix: str

    def to_json(self) -> dict[str, str]:
        """Return the published form; `place` is what the term was called before faults named their file."""
        return {"check": self.check, "file": self.file, "place": self.term, "message": self.message, "fix": self.fix}
