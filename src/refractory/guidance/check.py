"""Holds encoded guidance against the text that it encodes: every line has its place, and every place is on its line.

The text is not part of the project. With a copy of it, hash and places are compared; without one only what the
knowledge says of itself is checked, and the result says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pyoxigraph import BlankNode, NamedNode

from refractory.errors import UsageError
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import Rdf, local_name, rfy

_OA: Final = "http://www.w3.org/ns/oa#"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, what, and how to mend it."""

    place: str
    message: str
    fix: str

    def to_json(self) -> dict[str, str]:
        """Return the published form."""
        return {"place": self.place, "message": self.message, "fix": self.fix}


@dataclass(frozen=True, slots=True)
class GuidanceCheck:
    """What was found of one guidance.

    Attributes:
        guidance: Its identifier.
        lines: Number of lines that have a node.
        statements: Number of statements.
        gaps: Number of gaps.
        compared: Whether the text itself was compared.
        faults: What is wrong, in the order of places.
    """

    guidance: str
    lines: int
    statements: int
    gaps: int
    compared: bool
    faults: tuple[Fault, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "guidance": self.guidance,
            "lines": self.lines,
            "statements": self.statements,
            "gaps": self.gaps,
            "textCompared": self.compared,
            "faults": [fault.to_json() for fault in self.faults],
        }


def check_guidance(knowledge: Knowledge, text: bytes | None = None) -> tuple[GuidanceCheck, ...]:
    """Check each guidance in use.

    Args:
        knowledge: The knowledge, loaded with the guidance to check.
        text: The text that the one guidance with a source document encodes, as it stands in its file.

    Raises:
        UsageError: A text was given, and not exactly one guidance in use has a source document.
    """
    parts = [_Guidance(knowledge, source.id) for source in knowledge.guidance]
    documented = [part.identifier for part in parts if part.document]
    if text is not None and len(documented) != 1:
        raise UsageError(
            f"a text was given, and {len(documented)} guidances in use have a source document.",
            fix=f"Name one with --guidance: {', '.join(documented)}." if documented else "",
        )
    return tuple(part.check(text if part.document else None) for part in parts)


class _Guidance:
    """What the knowledge says of one guidance."""

    def __init__(self, knowledge: Knowledge, identifier: str) -> None:
        self.identifier = identifier
        self._knowledge = knowledge
        document = knowledge.value(rfy(identifier), rfy("hasSourceDocument"))
        self.document = document if isinstance(document, NamedNode) else None

    def check(self, text: bytes | None) -> GuidanceCheck:
        """Return what is wrong with it; the text is compared if one is given."""
        faults = [*self._coverage(), *self._statements()]
        if text is not None and self.document:
            faults += self._compared(text, self.document)
        return GuidanceCheck(
            self.identifier, len(self.lines), len(self.statements), len(self.gaps), text is not None, tuple(faults)
        )

    @cached_property
    def lines(self) -> list[NamedNode]:
        """The lines of the source document that have a node, by number."""
        if not self.document:
            return []
        return sorted(self._knowledge.subjects(rfy("inDocument"), self.document), key=self._number)

    @cached_property
    def statements(self) -> list[NamedNode]:
        return [node for node in self._own if self._is_a(node, "Statement")]

    @cached_property
    def gaps(self) -> list[NamedNode]:
        return [node for node in self._own if self._is_a(node, "Gap")]

    @cached_property
    def _own(self) -> tuple[NamedNode, ...]:
        return self._knowledge.subjects(rfy("ofGuidance"), rfy(self.identifier))

    def _coverage(self) -> Iterator[Fault]:
        """Ask that every line of the document has one node, and each node says what stands on its line."""
        if not self.document:
            return
        count = self._integer(self.document, "lineCount")
        if count is None:
            yield Fault(local_name(self.document.value), "the number of lines is not said.", "Add rfy:lineCount.")
            return
        if not self._knowledge.text(self.document, rfy("sha256")):
            yield Fault(local_name(self.document.value), "the hash of the text is not said.", "Add rfy:sha256.")
        numbers = [self._number(line) for line in self.lines]
        for number in range(1, count + 1):
            if numbers.count(number) != 1:
                yield Fault(
                    f"line {number}",
                    f"the line has {numbers.count(number)} nodes.",
                    "Describe the line once, as rfy:SourceLine with rfy:lineNumber.",
                )
        for line, number in zip(self.lines, numbers, strict=True):
            if not 1 <= number <= count:
                yield Fault(local_name(line.value), f"there is no line {number}.", f"The document has {count} lines.")
            yield from self._carried(line)

    def _carried(self, line: NamedNode) -> Iterator[Fault]:
        """Ask that a line has a statement, or a gap, or a reason why it carries nothing; and a range of its own."""
        place = local_name(line.value)
        on_line = self._knowledge.subjects(rfy("onLine"), line)
        statements = [node for node in on_line if node in self.statements]
        reason = self._knowledge.text(line, rfy("carriesNothingBecause"))
        if not on_line and not reason:
            yield Fault(
                place,
                "nothing is said of what stands on the line.",
                "Add a statement or a gap with rfy:onLine, or rfy:carriesNothingBecause.",
            )
        if statements and reason:
            yield Fault(
                place,
                f"the line is said to carry nothing, but {local_name(statements[0].value)} stands on it.",
                "Take one of the two away.",
            )
        if self._range(line) is None:
            yield Fault(place, "the line has no range of characters.", "Add rfy:hasSelector with oa:start and oa:end.")

    def _statements(self) -> Iterator[Fault]:
        """Ask that each statement has a place and words, is carried by something, and stays on its line."""
        if not self.statements:
            yield Fault(self.identifier, "the guidance has no statement.", "Add its statements, or take it away.")
        for statement in self.statements:
            place = local_name(statement.value)
            if not self._knowledge.text(statement, rfy("paraphrase")):
                yield Fault(place, "the statement does not say anything.", "Add rfy:paraphrase.")
            if not self._knowledge.value(statement, rfy("hasModality")):
                yield Fault(place, "how firmly the source says it is not recorded.", "Add rfy:hasModality.")
            if statement not in self._carriers:
                yield Fault(
                    place,
                    "no rule, axiom or reading carries the statement, so it has no effect.",
                    "Name it in the header of a rule (`encodes`), at an axiom (rfy:encodes), or by rfy:restsOn.",
                )
            if not self.document and self._integer(statement, "statementNumber") is None:
                yield Fault(place, "the statement has no number.", "Add rfy:statementNumber.")
        for node in (*self.statements, *self.gaps) if self.document else ():
            yield from self._placed(node)
        if not self.document:
            numbers = sorted(n for s in self.statements if (n := self._integer(s, "statementNumber")) is not None)
            for number in sorted({n for n in numbers if numbers.count(n) > 1}):
                yield Fault(f"statement {number}", "several statements have this number.", "Give each its own.")
        yield from self._unknown()

    def _placed(self, node: NamedNode) -> Iterator[Fault]:
        """Ask that a statement or gap names a line of this document, and that its range lies within the line's."""
        place = local_name(node.value)
        line = self._knowledge.value(node, rfy("onLine"))
        if not isinstance(line, NamedNode) or line not in self.lines:
            yield Fault(place, "it stands on no line of the source document.", "Add rfy:onLine.")
            return
        inner, outer = self._range(node), self._range(line)
        if inner is None:
            if node in self.statements:
                yield Fault(place, "the statement has no range of characters.", "Add rfy:hasSelector.")
        elif outer is not None and not (outer[0] <= inner[0] < inner[1] <= outer[1]):
            yield Fault(
                place,
                f"its range {inner[0]} to {inner[1]} is not on line {self._number(line)}.",
                f"That line goes from {outer[0]} to {outer[1]}.",
            )

    def _unknown(self) -> Iterator[Fault]:
        """Ask that a rule encodes only statements that there are."""
        for rule in self._knowledge.rules:
            for name in rule.list("encodes"):
                if name.rpartition("-")[0] == self.identifier and rfy(name) not in self.statements:
                    yield Fault(rule.path, f"the rule encodes {name}, which is no statement.", "Correct the name.")

    @cached_property
    def _carriers(self) -> set[object]:
        """What is carried: by a rule, by an axiom, or by a reading that rests on it."""
        carried: set[object] = {rfy(name) for rule in self._knowledge.rules for name in rule.list("encodes")}
        return carried | {t.object for t in self._knowledge.triples if t.predicate in {rfy("encodes"), rfy("restsOn")}}

    def _compared(self, content: bytes, source: NamedNode) -> Iterator[Fault]:
        """Ask that the text is the one that was encoded, and that each range lies on the line that it names."""
        document = local_name(source.value)
        recorded = self._knowledge.text(source, rfy("sha256"))
        found = hashlib.sha256(content).hexdigest()
        if found != recorded:
            yield Fault(
                document,
                f"the text has the SHA-256 {found}, and not {recorded or 'the recorded one (there is none)'}.",
                "Give the text that was encoded, byte for byte; if the source changed, encode what changed.",
            )
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            yield Fault(document, f"the text is not UTF-8 at byte {error.start + 1}.", "Give the text as UTF-8.")
            return
        spans = list(_spans(text))
        for name, size in (("lineCount", len(spans)), ("characterCount", len(text))):
            said = self._integer(source, name)
            if said != size:
                yield Fault(document, f"rfy:{name} is {said}, and the text has {size}.", "Correct it.")
        for line in self.lines:
            if 1 <= (number := self._number(line)) <= len(spans):
                yield from self._on(line, line, spans[number - 1], number)
                for node in self._knowledge.subjects(rfy("onLine"), line):
                    yield from self._on(node, line, spans[number - 1], number)
        yield from self._copied(text)

    def _on(self, node: NamedNode, line: NamedNode, span: tuple[int, int], number: int) -> Iterator[Fault]:
        """Ask that a line's range is the whole line, and that a statement's lies on it."""
        found = self._range(node)
        if found is None:
            return
        right = found == span if node == line else span[0] <= found[0] < found[1] <= span[1]
        if not right:
            yield Fault(
                local_name(node.value),
                f"its range {found[0]} to {found[1]} is not that of line {number} of the text.",
                f"In the text that line goes from {span[0]} to {span[1]}.",
            )

    def _copied(self, text: str) -> Iterator[Fault]:
        """Ask that no paraphrase is a piece of the text."""
        words = _plain(text)
        for node in (*self.statements, *self.gaps):
            said = _plain(self._knowledge.text(node, rfy("paraphrase")))
            if said and said in words:
                yield Fault(local_name(node.value), "the paraphrase is copied from the text.", "Say it in other words.")

    def _range(self, node: NamedNode) -> tuple[int, int] | None:
        selector = self._knowledge.value(node, rfy("hasSelector"))
        if not isinstance(selector, NamedNode | BlankNode):
            return None
        ends = [self._knowledge.text(selector, NamedNode(_OA + name)) for name in ("start", "end")]
        return (int(ends[0]), int(ends[1])) if all(end.isdigit() for end in ends) else None

    def _number(self, line: NamedNode) -> int:
        return self._integer(line, "lineNumber") or 0

    def _integer(self, node: NamedNode, name: str) -> int | None:
        text = self._knowledge.text(node, rfy(name))
        return int(text) if text.isdigit() else None

    def _is_a(self, node: NamedNode, name: str) -> bool:
        return rfy(name) in self._knowledge.values(node, Rdf.TYPE)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the range of each line in characters, without what ends it."""
    start = 0
    for line in text.removesuffix("\n").split("\n"):
        yield start, start + len(line.removesuffix("\r"))
        start += len(line) + 1


def _plain(text: str) -> str:
    """Return the words of a text alone, so that case, spaces and punctuation do not hide a copy."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def summary(checks: Iterable[GuidanceCheck]) -> str:
    """Return the checks as text: the faults with place and fix, and what was and what was not compared."""
    return "".join(f"{line}\n" for check in checks for line in _summary(check))


def _summary(check: GuidanceCheck) -> Iterator[str]:
    counted = f"{check.statements} statements, {check.gaps} gaps, {check.lines} lines"
    found = f"{len(check.faults)} fault{'' if len(check.faults) == 1 else 's'}" if check.faults else "no fault"
    yield f"{check.guidance}: {counted}: {found}."
    if check.lines and not check.compared:
        yield "  The text itself was not compared: hash and ranges are taken on trust. Give it with --source FILE."
    elif check.compared:
        yield "  The text was compared: hash, lines, characters and ranges."
    for fault in check.faults:
        yield f"  - {fault.place}: {fault.message}"
        if fault.fix:
            yield f"    Fix: {fault.fix}"
