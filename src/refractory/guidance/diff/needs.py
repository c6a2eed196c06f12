"""Whose version has to be raised for which reason, and the versions as the files say them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pyoxigraph import RdfFormat, parse

from refractory.guidance.diff.content import ContentChange
from refractory.guidance.diff.items import WHOLE
from refractory.guidance.diff.result import CaseDifference
from refractory.guidance.diff.version import Level, Need, VersionCheck, checked
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge
from refractory.site.graph import FRONT_DOOR
from refractory.vocabulary import ONTOLOGY, Owl


def versions(
    before: Knowledge, after: Knowledge, content: Sequence[ContentChange], cases: Iterable[CaseDifference]
) -> tuple[VersionCheck, ...]:
    """Hold the versions of all that changed against what changed.

    Args:
        before: The knowledge before, with all its sources.
        after: The knowledge now.
        content: What changed in the files.
        cases: What differs in the answers.
    """
    old, new = _of_guidance(before), _of_guidance(after)
    needs: dict[str, list[Need]] = {}
    for owners, need in _needs(content, cases, old.keys() & new.keys()):
        for owner in owners:
            needs.setdefault(owner, []).append(need)
    # The whole is raised with its parts, but for those that a module brings from outside.
    parts = (old.keys() - _brought(before.files)) | (new.keys() - _brought(after.files))
    of_parts = [need for owner in sorted(parts) for need in needs.get(owner, ())]
    if of_parts:
        needs.setdefault(WHOLE, []).extend(of_parts)
    return checked(needs, old | _of_whole(before.files), new | _of_whole(after.files))


def _needs(
    content: Sequence[ContentChange], cases: Iterable[CaseDifference], common: Iterable[str]
) -> Iterator[tuple[tuple[str, ...], Need]]:
    """Yield each reason to raise a version, with those whose version it is."""
    known = {WHOLE, *common}
    for change in content:
        level: Level = "major" if change.breaks else "minor" if change.depth == "meaning" else "patch"
        yield _asked(change, known), Need(level, f"{change.key.sort} {change.key.name} is {change.what}")
    for case in cases:
        if case.answered_otherwise:
            owners = {owner for change in _causes(case, content) for owner in _asked(change, known)}
            # Without any change in the files it is the schemas that differ, and they are the whole's.
            yield tuple(sorted(owners)) if content else (WHOLE,), _need(case)


def _causes(case: CaseDifference, content: Sequence[ContentChange]) -> Iterable[ContentChange]:
    """Return the changes that may have made an answer another, as far as can be told."""
    deep = [change for change in content if change.depth == "meaning"]
    if any(case.errors):
        return [change for change in content if change.breaks] or deep or content
    # A rule leaves its steps in the proof; what leaves none, such as an amount or a grade, is no rule.
    silent = [change for change in deep if change.key.sort != "rule"]
    found = list(case.because)
    for conclusion in case.conclusions:
        if conclusion.what != "stays" and not conclusion.grounds:
            source = (conclusion.after or conclusion.before or {}).get("source")
            found += [change for change in silent if source in change.owners] or silent
    return found or deep or content


def _need(case: CaseDifference) -> Need:
    """Return what another answer asks for; a case that nobody got an answer to before breaks nobody's."""
    before, after = case.errors
    if before and not after:
        return Need("minor", f"case {case.case} is answered now, and was not")
    return Need("major", f"case {case.case} gets {'no answer any more' if after else 'another answer'}")


def _asked(change: ContentChange, known: set[str]) -> tuple[str, ...]:
    """Return whose version a change is for: a rule that also encodes a new guidance comes with that one alone."""
    fresh = tuple(owner for owner in change.owners if owner not in known)
    return fresh if change.key.sort == "rule" and fresh else change.owners


def _of_guidance(knowledge: Knowledge) -> dict[str, str]:
    return {source.id: source.version for source in knowledge.guidance}


def _of_whole(files: KnowledgeFiles) -> dict[str, str]:
    """Return the version of the ontology as a whole, as its front door says it."""
    content = files.contents.get(FRONT_DOOR, b"")
    found = (
        quad.object.value
        for quad in parse(content, format=RdfFormat.TURTLE)
        if quad.predicate == Owl.VERSION_INFO and getattr(quad.subject, "value", "") == ONTOLOGY
    )
    version = next(found, None)
    return {} if version is None else {WHOLE: version}


def _brought(files: KnowledgeFiles) -> set[str]:
    """Return the guidances that modules bring."""
    return {path.split("/")[2] for path in files.added if path.startswith("ontology/facts/")}
