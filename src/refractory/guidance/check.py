"""Checks guidance as a compiler checks a program: a source against its text, and a module against all that it joins.

What is checked is a module where one is laid on the knowledge, and the knowledge itself where none is. Of a module only
its own faults are told: those of a file that it brought.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from refractory.engine.compiled import CompiledReasoner
from refractory.errors import KnowledgeError
from refractory.genotype.table import ResistanceTable
from refractory.guidance.fault import Fault
from refractory.guidance.golden import CASE, GoldenCase, golden_cases
from refractory.guidance.graph import GuidanceGraph
from refractory.guidance.hygiene import unhygienic
from refractory.guidance.rule_logic import faults_of_logic
from refractory.guidance.shapes import misshapen
from refractory.guidance.source_text import GuidanceCheck, check_sources
from refractory.guidance.wiring import miswired_names, shown_by_nothing
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge, load_files

_CASES: Final = Path("tests", "cases")
# Faults that leave open what a rule means or which sources are used; what follows is judged when they are mended.
_FIRST: Final = ("undeclared-term", "shape-guidance-")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{2,}")


@dataclass(frozen=True, slots=True)
class KnowledgeCheck:
    """What was found of a module, or of the whole knowledge.

    Attributes:
        modules: The names of the folders of the modules that were checked; none: the knowledge itself was.
        cases: How many golden cases were known; what needs cases was checked if there are any.
        reasoned: Whether rules and positions were held against themselves and the cases; not while names are unknown.
        sources: What was found of each source against its text.
        faults: What was found of the whole, in the order of files.
    """

    modules: tuple[str, ...]
    cases: int
    reasoned: bool
    sources: tuple[GuidanceCheck, ...]
    faults: tuple[Fault, ...]

    @property
    def all_faults(self) -> tuple[Fault, ...]:
        """Everything that is wrong."""
        return (*(fault for source in self.sources for fault in source.faults), *self.faults)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the published form: an object for each source, and one for the whole, whose `guidance` is null."""
        return [
            *(source.to_json() for source in self.sources),
            {
                "guidance": None,
                "modules": list(self.modules),
                "cases": self.cases,
                "reasoned": self.reasoned,
                "lines": sum(source.lines for source in self.sources),
                "statements": sum(source.statements for source in self.sources),
                "gaps": sum(source.gaps for source in self.sources),
                "textCompared": any(source.compared for source in self.sources),
                "faults": [fault.to_json() for fault in self.faults],
            },
        ]


def case_folders(paths: Iterable[str | Path], cases: str | Path | None = None) -> tuple[Path, ...]:
    """Return where the golden cases are: the folder that is named, else `tests/cases` of those folders that have any.

    Args:
        paths: Folders of modules or of a whole knowledge.
        cases: The folder with the cases, if it is named.
    """
    if cases is not None:
        return (Path(cases),)
    return tuple(Path(path) for path in paths if any((Path(path) / _CASES).glob(f"*/{CASE}")))


def check_paths(
    paths: Sequence[str | Path],
    guidance: Sequence[str] | None = None,
    text: bytes | None = None,
    cases: Iterable[Path] = (),
    table: str | Path | None = None,
) -> KnowledgeCheck:
    """Load and check a module, or the whole knowledge.

    Args:
        paths: Folders of modules, and of a whole knowledge if it is not the shipped one.
        guidance: Identifiers of the sources to use; all by default.
        text: The text of the one source with a document.
        cases: Folders of golden cases.
        table: The path of a table of mutations, for the cases that are answered with one.

    Raises:
        UsageError: A folder, an identifier or the text does not fit.
        RefusedError: A golden case or the table cannot be read.
        KnowledgeError: The knowledge cannot be loaded, and no module is at fault.
    """
    files = KnowledgeFiles.gather(paths)
    try:
        knowledge = load_files(files, guidance)
        known = tuple(case for folder in cases for case in golden_cases(folder, knowledge))
        mutations = ResistanceTable.load(table, knowledge) if table else None
        return check_knowledge(knowledge, text, known, mutations)
    except KnowledgeError as error:
        # The knowledge below loads without the module; whoever made the module is to read what is wrong with it.
        if not files.added:
            raise
        return KnowledgeCheck(_modules(files), 0, False, (), (_of_error("module-that-does-not-load", error, files),))


def check_knowledge(
    knowledge: Knowledge,
    text: bytes | None = None,
    cases: Sequence[GoldenCase] = (),
    table: ResistanceTable | None = None,
) -> KnowledgeCheck:
    """Check a knowledge that is loaded; of one with modules on it, the modules.

    Args:
        knowledge: The knowledge, with the guidance to hold against its text.
        text: The text of the one source with a document.
        cases: The known cases.
        table: A table of mutations, for the cases that are answered with one.

    Raises:
        UsageError: A text was given, and not exactly one source that is checked has a document.
        KnowledgeError: The files of the checks themselves are at fault.
    """
    graph = GuidanceGraph(knowledge)
    sources = check_sources(graph, text)
    faults = [*unhygienic(graph), *misshapen(graph), *miswired_names(graph), *_without_cases(graph, cases)]
    if cases:
        faults += shown_by_nothing(graph, [case.slug for case in cases])
    reasoned = not any(fault.check.startswith(_FIRST) for fault in faults)
    faults += _of_logic(graph, cases, table, faults) if reasoned else ()
    ordered = sorted(faults, key=lambda fault: (fault.file, fault.term, fault.check))
    return KnowledgeCheck(_modules(knowledge.files), len(cases), reasoned, sources, tuple(ordered))


def _without_cases(graph: GuidanceGraph, cases: Sequence[GoldenCase]) -> Iterator[Fault]:
    """Ask that a module has cases: without any nobody can say what it does."""
    if graph.of_module and not cases:
        yield Fault(
            "module-without-cases",
            "",
            ", ".join(_modules(graph.knowledge.files)),
            "the module has no golden case. Whether its rules are ever used, or contradict each other, is not known.",
            "Add tests/cases/<name>/ with story.md, case.json and expected.json, or name a folder with --cases.",
        )


def _of_logic(
    graph: GuidanceGraph, cases: Sequence[GoldenCase], table: ResistanceTable | None, told: Iterable[Fault]
) -> Iterator[Fault]:
    """Yield what is wrong with axioms and rules taken together; what cannot be reasoned with is told alone.

    Of a term with a fault of its own it is not told that it has no effect besides: that is the same mistake.
    """
    known = {(fault.file, fault.term) for fault in told}
    try:
        CompiledReasoner(graph.knowledge)
    except KnowledgeError as error:
        yield _of_error("logic-that-does-not-compile", error, graph.knowledge.files)
        return
    for fault in faults_of_logic(graph.knowledge, cases, table):
        if graph.checks(fault.file) and (fault.file, fault.term) not in known:
            yield fault


def _of_error(check: str, error: KnowledgeError, files: KnowledgeFiles) -> Fault:
    """Return an error of loading as a fault, whose place is a file with or without a line, or a term."""
    file, _, line = error.place.partition(":")
    term = f"line {line}" if line else Path(file).stem
    if file not in files.contents:
        file, term = _named(f"{error.place} {error.what}", files) or ("", error.place or ", ".join(_modules(files)))
    return Fault(
        check,
        file,
        term,
        f"{error.what} {error.why or 'Nothing is concluded until it is mended.'}",
        error.fix or "Correct what stands there; docs/rules.md says what a rule and an axiom may say.",
    )


def _named(message: str, files: KnowledgeFiles) -> tuple[str, str] | None:
    """Return file and name of the first term of a module that a message names."""
    for name in _NAME.findall(message):
        for file in files.added:
            if re.search(rb"\brfy:" + re.escape(name.encode()) + rb"\s", files.contents[file]):
                return file, name
    return None


def _modules(files: KnowledgeFiles) -> tuple[str, ...]:
    """Return the names of the modules, in the order in which they were given."""
    return tuple(dict.fromkeys(folder.resolve().name for folder in files.added.values()))


def summary(check: KnowledgeCheck) -> str:
    """Return a check as text: the faults with place and fix, and what was and what was not compared."""
    return "".join(f"{line}\n" for line in _summary(check))


def _summary(check: KnowledgeCheck) -> Iterator[str]:
    for source in check.sources:
        counted = f"{source.statements} statements, {source.gaps} gaps, {source.lines} lines"
        yield f"{source.guidance}: {counted}: {_counted(source.faults)}."
        if source.lines and not source.compared:
            yield "  The text itself was not compared: hash and ranges are taken on trust. Give it with --source FILE."
        elif source.compared:
            yield "  The text was compared: hash, lines, characters and ranges."
        yield from _told(source.faults)
    name = f"module {', '.join(check.modules)}" if check.modules else "the knowledge as a whole"
    yield f"{name}: {_counted(check.faults)}."
    if not check.reasoned:
        yield "  Rules and positions were not held against each other yet: names and sources come first."
    elif check.cases:
        yield f"  What needs cases was checked with {check.cases} of them."
    else:
        yield "  No golden case was given, so what needs cases was not checked: rules that never fire, pairs that"
        yield "  contradict each other, cases that are named and are not there. Give them with --cases DIR."
    yield from _told(check.faults)


def _counted(faults: Sequence[Fault]) -> str:
    return f"{len(faults)} fault{'' if len(faults) == 1 else 's'}" if faults else "no fault"


def _told(faults: Iterable[Fault]) -> Iterator[str]:
    for fault in faults:
        place = f"{fault.file}: {fault.term}" if fault.file else fault.term
        yield f"  - {place}: {fault.message} [{fault.check}]"
        yield f"    Fix: {fault.fix}"
