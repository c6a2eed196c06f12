"""Knowledge is data: no drug, condition, fact, action or finding is named in Python."""

from __future__ import annotations

import re
from functools import cache

import pytest
from pyoxigraph import Literal, NamedNode

from refractory.vocabulary import Rdf, Rdfs, Skos, local_name
from tests.support import ROOT, shipped

# Words of structure, which the code needs: what a case may say of a treatment or a result, and how findings are graded.
STRUCTURAL = {
    "LesionCourse", "TreatmentStatus", "UninterruptedStatus", "Interpretation", "Method", "Route", "DoseAdequacy",
    "ResistanceStatus", "HypothesisStatus", "Kind", "Urgency", "Unit", "EndPoint", "Modality", "Strength", "SourceKind",
    "Guidance", "SourceDocument", "SourceLine", "Statement", "Gap", "CandidateReference",
}  # fmt: skip


@cache
def clinical_names() -> dict[str, NamedNode]:
    """Return the names, labels and synonyms of all individuals that are not words of structure."""
    knowledge = shipped().knowledge
    names: dict[str, NamedNode] = {}
    for term in knowledge.individuals:
        classes = {local_name(c.value) for c in knowledge.values(term, Rdf.TYPE) if isinstance(c, NamedNode)}
        if classes & STRUCTURAL or "owl#" in str(classes):
            continue
        words = [local_name(term.value)]
        for predicate in (Rdfs.LABEL, Skos.ALT_LABEL):
            words += [value.value for value in knowledge.values(term, predicate) if isinstance(value, Literal)]
        names |= {word.casefold(): term for word in words}
    assert len(names) > 100
    return names


def mentions(text: str) -> set[str]:
    """Return the clinical names that stand in a text as words of their own."""
    lower = text.casefold()
    return {name for name in clinical_names() if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lower)}


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: path.name)
def test_no_clinical_name_stands_in_python(path: object) -> None:
    """No label, synonym or local name of a clinical term stands in the file, not even in a comment."""
    assert mentions(path.read_text(encoding="utf-8")) == set()  # type: ignore[attr-defined]  # a Path, from rglob


def test_the_check_sees_a_name() -> None:
    """A name in code, in a comment or in another letter case is seen; part of a longer word is not."""
    assert {"foscarnet"} == mentions('x = "Foscarnet"')
    assert {"hiv"} == mentions("# for HIV only")
    assert mentions("archive") == set()
