"""Holds a source against the text that it encodes: every line has its place, and every place is on its line.

The text is not part of the project. With a copy of it, hash and places are compared; without one only what the
knowledge says of itself is checked, and the result says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyoxigraph import NamedNode

from refractory.errors import UsageError
from refractory.guidance.fault import Fault
from refractory.guidance.graph import GuidanceGraph
from refractory.guidance.plain import plain
from refractory.guidance.source import Source
from refractory.vocabulary import local_name, rfy


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


def check_sources(graph: GuidanceGraph, text: bytes | None = None) -> tuple[GuidanceCheck, ...]:
    """Check each guidance in use; of a module, those that it brings.

    Args:
        graph: The knowledge, loaded with the guidance to check.
        text: The text that the one guidance with a source document encodes, as it stands in its file.

    Raises:
        UsageError: A text was given, and not exactly one guidance that is checked has a source document.
    """
    # A source that is not called as its identifier says is told among the wiring.
    known = [source.id for source in graph.knowledge.guidance if source.id in graph.guidance]
    names = [name for name in known if graph.checks(graph.guidance[name])]
    parts = [Source(graph, name) for name in names]
    documented = [part.identifier for part in parts if part.document]
    if text is not None and len(documented) != 1:
        raise UsageError(
            f"a text was given, and {len(documented)} guidances in use have a source document.",
            fix=f"Name one with --guidance: {', '.join(documented)}."
            if documented
            else "Describe the document of the text as rfy:SourceDocument, or leave --source out.",
        )
    return tuple(_Check(part).run(text if part.document else None) for part in parts)


class _Check:
    """Checks one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._graph = source.graph
        self._knowledge = source.graph.knowledge

    def run(self, text: bytes | None) -> GuidanceCheck:
        """Return what is wrong with it; the text is compared if one is given."""
        faults = [*self._coverage(), *self._statements()]
        if text is not None and self._source.document:
            known = {fault.term for fault in faults if fault.check == "place-outside-its-line"}
            compared = self._compared(text, self._source.document)
            faults += [f for f in compared if f.check != "place-outside-the-text-line" or f.term not in known]
        return GuidanceCheck(
            self._source.identifier,
            len(self._source.lines),
            len(self._source.statements),
            len(self._source.gaps),
            text is not None,
            tuple(faults),
        )

    def _fault(self, check: str, node: NamedNode, message: str, fix: str, term: str = "") -> Fault:
        return Fault(check, self._graph.file_of(node), term or local_name(node.value), message, fix)

    def _coverage(self) -> Iterator[Fault]:
        """Ask that every line of the document has one node, and each node says what stands on its line."""
        # A document without its number of lines is told by its shape.
        if not self._source.document or (count := self._source.integer_of(self._source.document, "lineCount")) is None:
            return
        numbers = [self._source.number_of(line) for line in self._source.lines]
        for number in range(1, count + 1):
            if numbers.count(number) != 1:
                yield self._fault(
                    "line-without-a-node",
                    self._source.document,
                    f"the line has {numbers.count(number)} nodes. What stands on it is encoded nowhere, or twice.",
                    "Describe the line once, as rfy:SourceLine with rfy:lineNumber.",
                    f"line {number}",
                )
        for line, number in zip(self._source.lines, numbers, strict=True):
            if not 1 <= number <= count:
                yield self._fault(
                    "line-that-is-not-there",
                    line,
                    f"there is no line {number}. What stands on it would be cited from nowhere.",
                    f"The document has {count} lines; correct rfy:lineNumber or rfy:lineCount.",
                )
            yield from self._carried(line)

    def _carried(self, line: NamedNode) -> Iterator[Fault]:
        """Ask that a line has a statement, or a gap, or a reason why it carries nothing; and a range of its own."""
        on_line = self._knowledge.subjects(rfy("onLine"), line)
        statements = [node for node in on_line if node in self._source.statements]
        reason = self._knowledge.text(line, rfy("carriesNothingBecause"))
        if not on_line and not reason:
            yield self._fault(
                "line-without-a-home",
                line,
                "nothing is said of what stands on the line. It may have been forgotten.",
                "Add a statement or a gap with rfy:onLine, or rfy:carriesNothingBecause.",
            )
        if statements and reason:
            yield self._fault(
                "line-that-carries-something",
                line,
                f"the line is said to carry nothing, but {local_name(statements[0].value)} stands on it.",
                "Take one of the two away.",
            )
        if self._source.range_of(line) is None:
            yield self._fault(
                "line-without-a-range",
                line,
                "the line has no range of characters. Nobody can find it in the text.",
                "Add rfy:hasSelector with oa:start and oa:end.",
            )

    def _statements(self) -> Iterator[Fault]:
        """Ask that each statement has its place, which lies on its line; the rest is asked of all knowledge alike."""
        if not self._source.statements:
            yield self._fault(
                "source-without-a-statement",
                rfy(self._source.identifier),
                "the guidance has no statement. It changes no answer.",
                "Add its statements, or take it away.",
            )
        beside = self._knowledge.value(rfy(self._source.identifier), rfy("standsBeside")) is not None
        for node in self._source.statements if not self._source.document else ():
            wanted = ["statementNumber", *(["place"] if beside else [])]
            missing = [f"rfy:{name}" for name in wanted if not self._knowledge.values(node, rfy(name))]
            if missing:
                yield self._fault(
                    "statement-without-a-place",
                    node,
                    f"the statement has no {' and no '.join(missing)}. A conclusion that cites it cannot be looked up.",
                    f"Add {' and '.join(missing)}.",
                )
        for node in (*self._source.statements, *self._source.gaps) if self._source.document else ():
            yield from self._placed(node)

    def _placed(self, node: NamedNode) -> Iterator[Fault]:
        """Ask that a statement or gap names a line of this document, and that its range lies within the line's."""
        line = self._knowledge.value(node, rfy("onLine"))
        if line is None and node in self._source.gaps:
            return  # A hygiene query tells it.
        if not isinstance(line, NamedNode) or line not in self._source.lines:
            yield self._fault(
                "statement-without-a-place",
                node,
                "it stands on no line of the source document. A conclusion that cites it cannot be looked up.",
                "Add rfy:onLine with a line of the document.",
            )
            return
        inner, outer = self._source.range_of(node), self._source.range_of(line)
        if inner is None:
            if node in self._source.statements:
                yield self._fault(
                    "statement-without-a-place",
                    node,
                    "the statement has no range of characters. Nobody can find its words in the text.",
                    "Add rfy:hasSelector with oa:start and oa:end.",
                )
        elif outer is not None and not (outer[0] <= inner[0] < inner[1] <= outer[1]):
            yield self._fault(
                "place-outside-its-line",
                node,
                f"its range {inner[0]} to {inner[1]} is not on line {self._source.number_of(line)}. It shows others.",
                f"Correct it: that line goes from {outer[0]} to {outer[1]}.",
            )

    def _compared(self, content: bytes, document: NamedNode) -> Iterator[Fault]:
        """Ask that the text is the one that was encoded, and that each range lies on the line that it names."""
        recorded = self._knowledge.text(document, rfy("sha256"))
        found = hashlib.sha256(content).hexdigest()
        if found != recorded:
            yield self._fault(
                "text-that-was-not-encoded",
                document,
                f"the text has the SHA-256 {found}, and not {recorded or 'the recorded one (there is none)'}.",
                "Give the text that was encoded, byte for byte; if the source changed, encode what changed.",
            )
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"the text is not UTF-8 at byte {error.start + 1}."
            yield self._fault("text-that-cannot-be-read", document, message, "Give the text as UTF-8.")
            return
        spans = list(_spans(text))
        for name, size in (("lineCount", len(spans)), ("characterCount", len(text))):
            said = self._source.integer_of(document, name)
            if said != size:
                message = f"rfy:{name} is {said}, and the text has {size}."
                yield self._fault("count-of-another-text", document, message, f"Correct rfy:{name}.")
        for line in self._source.lines:
            if 1 <= (number := self._source.number_of(line)) <= len(spans):
                yield from self._on(line, line, spans[number - 1], number)
                for node in self._knowledge.subjects(rfy("onLine"), line):
                    yield from self._on(node, line, spans[number - 1], number)
        yield from self._copied(text)

    def _on(self, node: NamedNode, line: NamedNode, span: tuple[int, int], number: int) -> Iterator[Fault]:
        """Ask that a line's range is the whole line, and that a statement's lies on it."""
        found = self._source.range_of(node)
        if found is None:
            return
        right = found == span if node == line else span[0] <= found[0] < found[1] <= span[1]
        if not right:
            yield self._fault(
                "place-outside-the-text-line",
                node,
                f"its range {found[0]} to {found[1]} is not that of line {number} of the text.",
                f"Correct it: in the text that line goes from {span[0]} to {span[1]}.",
            )

    def _copied(self, text: str) -> Iterator[Fault]:
        """Ask that no paraphrase is a piece of the text."""
        words = plain(text)
        for node in (*self._source.statements, *self._source.gaps):
            said = plain(self._knowledge.text(node, rfy("paraphrase")))
            if said and said in words:
                message = "the paraphrase is copied from the text, whose words belong to its authors."
                yield self._fault("paraphrase-that-is-copied", node, message, "Say it in other words.")


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the range of each line in characters, without what ends it."""
    start = 0
    for line in text.removesuffix("\n").split("\n"):
        yield start, start + len(line.removesuffix("\r"))
        start += len(line) + 1
