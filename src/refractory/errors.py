"""Everything that can go wrong, as one tree; each error says what, where, why and how to mend it.

RefractoryError
├── UsageError                 exit 2    the call itself is wrong
├── RefusedError               exit 3    the input cannot be read, or is not let in
├── LimitError                 exit 4    the input is larger or slower than allowed
├── NonConformingError         exit 1    the case was read, but violates the shapes
├── ContradictionError         exit 5    the case was read, but its closure is inconsistent
└── KnowledgeError             exit 70   our own files are at fault
└── RuleError                        a rule outside the stated part of SPARQL
"""

from __future__ import annotations

from typing import Any, ClassVar


class RefractoryError(Exception):
    """The root of all errors of this package.

    Attributes:
        what: One sentence: what is wrong.
        place: Where it is (a JSON path, a line and column, a node), or an empty string.
        why: Why it matters, or an empty string.
        fix: How to mend it, or an empty string.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, what: str, *, place: str = "", why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.place = place
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        text = f"{self.place}: {self.what}" if self.place else self.what
        if self.why:
            text += f" {self.why}"
        if self.fix:
            text += f" Fix: {self.fix}"
        return text

    def to_json(self) -> dict[str, Any]:
        """Return the value of `error` in a list of answers: `kind`, `exitCode`, `message`, `place`, `why`, `fix`."""
        parts = {"place": self.place, "why": self.why, "fix": self.fix}
        return {
            "kind": type(self).__name__.removesuffix("Error"),
            "exitCode": self.exit_code,
            "message": self.what,
            **{name: text for name, text in parts.items() if text},
        }


class UsageError(RefractoryError):
    """The call is wrong: an unknown query, guidance, format or binding."""

    exit_code = 2


class RefusedError(RefractoryError):
    """The input cannot be read, or says what a case may not say."""

    exit_code = 3


class LimitError(RefractoryError):
    """The input is larger, deeper or slower to answer than the limits allow."""

    exit_code = 4


class NonConformingError(RefractoryError):
    """The case was read, but violates the shapes. It is not the case's contradiction with the knowledge."""

    exit_code = 1


class ContradictionError(RefractoryError):
    """The closure of the case under the ontology is inconsistent, so nothing is concluded from it."""

    exit_code = 5


class KnowledgeError(RefractoryError):
    """The ontology, queries, shapes or schemas themselves are at fault. It is never the case's fault."""

    exit_code = 70


class RuleError(KnowledgeError):
    """A rule file is not within the part of SPARQL that rules may use, or lacks its header."""
