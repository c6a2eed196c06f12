"""A validation report for people: text for a terminal, Markdown for a page; and the W3C report as Turtle for tools."""

from __future__ import annotations

import re

from pyoxigraph import RdfFormat, serialize

from refractory.model.report import Finding, Report
from refractory.vocabulary import NAMESPACE, PREFIX

_PREFIXES = {
    PREFIX: NAMESPACE,
    "sh": "http://www.w3.org/ns/shacl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def report_text(report: Report) -> str:
    """Return a report as plain text, worst first, ended by a line feed."""
    blocks = [f"{_plain(report.case)}: {_verdict(report)}", *map(_text_of, report.findings)]
    return "\n\n".join(blocks) + "\n"


def _text_of(finding: Finding) -> str:
    lines = [f"{finding.severity} at {_plain(finding.place)}", f"  {finding.message}"]
    parts = (("Given", finding.given), ("Why", finding.why), ("Fix", finding.fix))
    lines += [f"  {label}: {_plain(text)}" for label, text in parts if text]
    return "\n".join(lines)


def report_markdown(report: Report) -> str:
    """Return a report as Markdown, worst first, ended by a line feed. What the case says stands in code spans."""
    blocks = [f"## {_code(report.case)}", f"{_verdict(report).capitalize()}.", *map(_markdown_of, report.findings)]
    return "\n\n".join(blocks) + "\n"


def _markdown_of(finding: Finding) -> str:
    lines = [f"### {finding.severity} at {_code(finding.place)}", "", finding.message, ""]
    if finding.given:
        lines.append(f"- **Given:** {_code(finding.given)}")
    parts = (("Why", finding.why), ("Fix", finding.fix))
    lines += [f"- **{label}:** {text}" for label, text in parts if text]
    return "\n".join(lines).rstrip()


def report_turtle(report: Report) -> str:
    """Return the intact W3C validation report as Turtle, the same text each time."""
    turtle = serialize(report.triples, format=RdfFormat.TURTLE, prefixes=_PREFIXES)
    return (turtle or b"").decode("utf-8")


def _verdict(report: Report) -> str:
    counts = [
        f"{len(found)} {word if len(found) == 1 else word + 's'}"
        for word, found in (("violation", report.violations), ("warning", report.warnings))
        if found
    ]
    verdict = "conforms" if report.conforms else "does not conform"
    return f"{verdict}, {', '.join(counts)}" if counts else verdict


def _plain(text: str) -> str:
    """Return a text on one line and without control characters, which a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def _code(text: str) -> str:
    """Return a text as a code span of Markdown, fenced by more backticks than it holds in a row."""
    text = _plain(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
