"""`refractory about`: what this is, in which versions, for whom, and within which limits."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import click

from refractory.cli.clock import time_limit
from refractory.cli.options import DEFAULT_TIMEOUT, Settings, common, format_option
from refractory.cli.output import emit, emit_json
from refractory.version import VERSION

if TYPE_CHECKING:
    from refractory.knowledge.knowledge import Knowledge

_LIBRARIES = ("rdflib", "owlrl", "pyshacl", "pyoxigraph", "click", "rich")


@click.command()
@format_option("text", "json")
@common
def about(form: str, settings: Settings) -> int:
    """Show versions, hashes, intended use and limits."""
    with time_limit(settings.timeout):
        from refractory.knowledge.knowledge import Knowledge

        facts = _facts(Knowledge.load(settings.knowledge, settings.guidance))
    if form == "json":
        emit_json(facts)
    else:
        emit("".join(f"{line}\n" for line in _lines(facts)))
    return 0


def _facts(knowledge: Knowledge) -> dict[str, Any]:
    from importlib.metadata import version

    from refractory.case import limits
    from refractory.model.assessment import NOTICE

    return {
        "software": {"name": "refractory", "version": VERSION, "license": "Apache-2.0"},
        "knowledge": {"hash": knowledge.hash, "license": "CC-BY-4.0", "rules": len(knowledge.rules)},
        "guidance": [
            {"id": source.id, "version": source.version}
            | ({"sourceSha256": source.source_sha256} if source.source_sha256 else {})
            for source in knowledge.guidance
        ],
        "intendedUse": NOTICE,
        "limits": {
            "caseBytes": limits.MAX_BYTES,
            "caseFacts": limits.MAX_TRIPLES,
            "listEntries": limits.MAX_ENTRIES,
            "nestingDepth": limits.MAX_DEPTH,
            "textCharacters": limits.MAX_TEXT,
            "numberCharacters": limits.MAX_NUMBER,
            "secondsPerCase": DEFAULT_TIMEOUT,
        },
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _lines(facts: dict[str, Any]) -> list[str]:
    limits, used = facts["limits"], facts["knowledge"]
    return [
        f"refractory {facts['software']['version']} ({facts['software']['license']})",
        f"Knowledge {used['hash']} ({used['license']}), {used['rules']} rules",
        *(
            f"Guidance {source['id']} {source['version']}"
            + (f", source SHA-256 {source['sourceSha256']}" if "sourceSha256" in source else "")
            for source in facts["guidance"]
        ),
        f"Intended use: {facts['intendedUse']}",
        f"Limits of a case: {limits['caseBytes']} bytes, {limits['caseFacts']} facts, {limits['listEntries']} entries "
        f"in a list, {limits['textCharacters']} characters in a text, {limits['numberCharacters']} in a number, "
        f"{limits['nestingDepth']} brackets deep, {limits['secondsPerCase']:g} seconds.",
        f"Python {facts['python']}; " + ", ".join(f"{name} {found}" for name, found in facts["libraries"].items()),
    ]
