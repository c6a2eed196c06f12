"""Holds two knowledges against each other: content, answers, proofs, versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from refractory.errors import UsageError
from refractory.guidance.diff.answers import ERROR, Answer, Answers, Key, in_order
from refractory.guidance.diff.cases import CaseFile, case_files
from refractory.guidance.diff.content import ContentChange, content_changes
from refractory.guidance.diff.grounds import Difference, Grounds, difference
from refractory.guidance.diff.needs import versions
from refractory.guidance.diff.result import CaseDifference, ConclusionDifference, GuidanceDiff, Side, What
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import Rdfs, rfy

SHIPPED: Final = "shipped"
"""The word that stands for the knowledge that is shipped, with what both sides stand on."""


def diff_guidance(
    old: str,
    new: str,
    cases: Path,
    *,
    base: Sequence[str] = (),
    table: Path | None = None,
    names: tuple[str, str] | None = None,
) -> GuidanceDiff:
    """Hold two knowledges against each other.

    Args:
        old: The folder of a whole knowledge or of a module; or `shipped`, where there is no such folder.
        new: The same of the other.
        cases: A folder of cases.
        base: Folders on which both stand.
        table: A table of mutations for the cases that were written for one.
        names: How the two are called in the result; by default as they were given.

    Raises:
        UsageError: A folder is none, or there is no case that either answers.
        KnowledgeError: The files of one are at fault.
    """
    asked = case_files(cases)
    before, after = (Knowledge.load([*base, *_given(path)]) for path in (old, new))
    content = content_changes(before, after)
    found, unanswered = [], []
    answers = Answers(before, after, table), Answers(after, before, table)
    for case in asked:
        first, second = (side.of(case) for side in answers)
        if first.assessment is None and second.assessment is None:
            unanswered.append((case.name, second.message))
        elif (differs := _case(case, first, second, content)) is not None:
            found.append(differs)
    if len(unanswered) == len(asked):
        raise UsageError(
            "neither knowledge answers a single case.",
            place=str(cases),
            why=f"Nothing was compared. Of {unanswered[0][0]!r} it is said: {unanswered[0][1]}",
            fix="Give cases that one of the two understands.",
        )
    called = names or (old, new)
    return GuidanceDiff(
        Side(called[0], before.hash),
        Side(called[1], after.hash),
        content,
        len(asked) - len(unanswered),
        tuple(found),
        tuple(unanswered),
        versions(before, after, content, found),
    )


def _given(path: str) -> tuple[str, ...]:
    """Return the folders that a name stands for: `shipped` for none beside the base."""
    if path == SHIPPED and not Path(path).exists():
        return ()
    if not Path(path).is_dir():
        raise UsageError(
            "there is no such folder.",
            place=path,
            fix=f"Give the folder of a whole knowledge or of a module; {SHIPPED!r} stands for the shipped one.",
        )
    return (path,)


def _case(case: CaseFile, first: Answer, second: Answer, content: Sequence[ContentChange]) -> CaseDifference | None:
    if first.assessment is None or second.assessment is None:
        # All else goes or comes with the answer, and is not worth a list.
        sides = first.conclusions.get(ERROR), second.conclusions.get(ERROR)
        what: What = "comes" if sides[0] is None else "goes"
        error = ConclusionDifference(what, ERROR, "not answered", *sides, Difference((), ()))
        return CaseDifference(case.name, (error,), (), (first.message, second.message))
    old, new = Grounds(first), Grounds(second)
    conclusions = []
    for key in in_order(first.conclusions.keys() | second.conclusions.keys()):
        before, after = first.conclusions.get(key), second.conclusions.get(key)
        what = "comes" if before is None else "goes" if after is None else "changes"
        # Of what comes or goes, the steps that the other side does not take at all are what matters.
        grounds = difference(
            (old.of(key) if before is not None else old.all).items(),
            (new.of(key) if after is not None else new.all).items(),
        )
        if before is None or after is None:
            grounds = Difference(grounds.before * (after is None), grounds.after * (before is None))
        if before == after:
            what = "stays"
        if grounds or before != after:
            conclusions.append(ConclusionDifference(what, key, _label(key, second, first), before, after, grounds))
    if not conclusions:
        return None
    conclusions.sort(key=lambda conclusion: conclusion.what == "stays")
    closure = difference(old.all.items(), new.all.items())
    because = tuple(change for change in content if _bears(change, closure))
    return CaseDifference(case.name, tuple(conclusions), because, ("", ""))


def _label(key: Key, *answers: Answer) -> str:
    """Return what a conclusion is called in words, by the first knowledge that has a label for it."""
    named = [_word(name, answers) for name in (key.name, key.at) if name]
    return " at ".join(named)


def _word(name: str, answers: Sequence[Answer]) -> str:
    knowledges = (answer.knowledge for answer in answers if answer.knowledge is not None)
    labels = (knowledge.text(rfy(name), Rdfs.LABEL) for knowledge in knowledges if name.isidentifier() or "-" in name)
    return next((label for label in labels if label), name)


def _bears(change: ContentChange, closure: Difference) -> bool:
    """Say whether a step that stands on one side only is by what changed."""
    if change.depth != "meaning":
        return False
    names = _terms((*change.before, *change.after))
    for step in (*closure.before, *closure.after):
        if step.by == "rule":
            if change.key == ("rule", step.name):
                return True
        elif step.terms and change.key.sort == "axiom":
            if names.issuperset(step.terms):
                return True
        elif step.by == "stated" and step.terms[0] == change.key.name and names.issuperset(step.terms[1:]):
            return True
    return False


def _terms(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in re.findall(r"[^\s()\[\];“”]+", text))
