"""What one knowledge answers to each case, as conclusions that compare by what they mean."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from pyoxigraph import Literal

from refractory.errors import KnowledgeError, RefractoryError
from refractory.genotype.table import ResistanceTable
from refractory.guidance.diff.cases import CaseFile
from refractory.knowledge.knowledge import Knowledge, load_files
from refractory.model.assessment import Assessment
from refractory.pipeline.knowledge_base import KnowledgeBase
from refractory.vocabulary import Rdfs, local_name

# What is said to people in the words of the files, which are compared as such; statements are the grounds' business.
_WORDS: Final = {"says", "asks", "statements", "positions"}
# The two places in an answer where a term stands by its label.
_LABELLED: Final = {"until", "unit"}

SORTS: Final = (
    "error", "failure", "dose", "day of treatment", "time", "not applicable", "red flag", "resistance", "hypothesis",
    "recommendation", "caution", "pitfall", "conflict", "disagreement", "gap", "position", "genotype", "warning",
)  # fmt: skip
"""The sorts of conclusions, in the order in which differences are read; but for three as `explain` has them."""


class Key(NamedTuple):
    """What a conclusion is of.

    Attributes:
        sort: What it is.
        name: Its name: the local name of an action, a drug, a pitfall ...
        at: What it stands at, for a caution and a position; what it is about, for a disagreement.
    """

    sort: str
    name: str
    at: str = ""


Said = Mapping[str, Any]
ERROR: Final = Key("error", "error")
"""That a case cannot be answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a knowledge answers to one case.

    Attributes:
        conclusions: What is concluded, or the error for which nothing is.
        assessment: The assessment, if there is one.
        knowledge: The knowledge that gave it: with the sources by which the case is answered.
        message: The error as it is told, or an empty string.
    """

    conclusions: Mapping[Key, Said]
    assessment: Assessment | None
    knowledge: Knowledge | None
    message: str = ""


class Answers:
    """Answers cases by one knowledge, each with the sources for which it was written."""

    def __init__(self, knowledge: Knowledge, other: Knowledge, table: Path | None = None) -> None:
        """Answer by one of two knowledges that are compared, each with all its sources.

        Args:
            knowledge: The one that answers.
            other: The other one, which tells what belongs to a source that the first does not have.
            table: A table of mutations for the cases that were written for one.
        """
        self._all = KnowledgeBase(knowledge)
        self._other = other
        self._table_path = table
        self._by_sources: dict[tuple[str, ...] | None, KnowledgeBase] = {None: self._all}

    def _base(self, sources: tuple[str, ...] | None) -> KnowledgeBase:
        if sources not in self._by_sources:
            self._by_sources[sources] = KnowledgeBase(load_files(self._all.knowledge.files, sources))
        return self._by_sources[sources]

    def _known(self, sources: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Return sources without those that only the other knowledge has; what belongs to these there stays.

        A case of a source that is new is so held against what the source is laid on, and not against an error.
        """
        here = {source.id for source in self._all.guidance}
        if sources is None or here.issuperset(sources):
            return sources
        if not {source.id for source in self._other.guidance}.issuperset(sources):
            return sources
        left = tuple(source.id for source in load_files(self._other.files, sources).guidance if source.id in here)
        return left or sources

    @cached_property
    def _table(self) -> ResistanceTable | None:
        return None if self._table_path is None else self._all.table(self._table_path)

    def of(self, case: CaseFile) -> Answer:
        """Return the answer to a case; one that cannot be answered is answered by why not.

        Raises:
            KnowledgeError: The files of the knowledge are at fault, so that no case would be answered.
        """
        table = self._table
        try:
            asked = case.read(self._all.knowledge)
            base = self._base(self._known(asked.sources))
            answer = base.assess(asked.case, questions=False, table=table if asked.with_table else None)
        except KnowledgeError:
            raise
        except RefractoryError as error:
            said = {key: part for key, part in error.to_json().items() if key in {"kind", "place"}}
            return Answer({ERROR: said}, None, None, str(error))
        return Answer(dict(_conclusions(answer, base.knowledge)), answer, base.knowledge)


def _conclusions(answer: Assessment, knowledge: Knowledge) -> Iterator[tuple[Key, Said]]:
    """Yield all that is concluded, without words and without grounds."""
    form = answer.findings.to_json()
    for key, said in _found(form):
        yield key, {name: part for name, part in _plain(said, knowledge).items() if part not in ([], None)}
    for warning in answer.warnings:
        yield Key("warning", warning.shape, warning.place), {"value": warning.given}


def _found(form: Mapping[str, Any]) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    failure = form["failure"]
    yield Key("failure", "failure"), {"failing": failure["failing"], "because": failure["because"]}
    yield Key("dose", "dose"), {"dose": failure["dose"]}
    if "dayOfTreatment" in failure:
        yield Key("day of treatment", "dayOfTreatment"), {"day": failure["dayOfTreatment"]}
    for time in failure.get("times", ()):
        yield Key("time", time["name"]), time
    yield from ((Key("not applicable", name), {}) for name in form["notApplicable"])
    yield from ((Key("red flag", name), {}) for name in form.get("redFlags", ()))
    yield from ((Key("resistance", item["drug"]), item) for item in form["resistance"])
    for item in form["hypotheses"]:
        yield Key("hypothesis", item["name"]), item
        yield from _positions(item, item["name"])
    for item in form["recommendations"]:
        yield Key("recommendation", item["action"]), {key: item[key] for key in item if key != "cautions"}
        yield from _positions(item, item["action"])
        for caution in item["cautions"]:
            yield Key("caution", caution["name"], item["action"]), caution
            yield from _positions(caution, caution["name"])
    for caution in form["cautions"]:
        yield Key("caution", caution["name"]), caution
        yield from _positions(caution, caution["name"])
    yield from ((Key("pitfall", item["name"]), item) for item in form["pitfalls"])
    for item in form["conflicts"]:
        sort = "disagreement" if "about" in item else "conflict"
        sides = [f"{side['source']}: {side['name']}" for side in item.get("positions", ())]
        yield Key(sort, item["name"], item.get("about", "")), {"between": item["between"], "sides": sides}
    yield from ((Key("gap", item["id"]), item) for item in form["gaps"])
    for item in form.get("genotype", ()):
        calls = {call["drug"]: call["call"] for call in item["calls"]}
        yield Key("genotype", item["mutation"], f"{item['virus']} {item['gene']}"), calls


def _positions(item: Mapping[str, Any], at: str) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    yield from ((Key("position", position["name"], at), position) for position in item.get("positions", ()))


def _plain(said: Mapping[str, Any], knowledge: Knowledge) -> dict[str, Any]:
    """Return what is said without words, without its own name, and with terms by their names."""
    names = {"name", "action", "drug", "id"}
    first = next((key for key in said if key in names), "")
    return {key: _value(key, part, knowledge) for key, part in said.items() if key not in _WORDS and key != first}


def _value(key: str, part: Any, knowledge: Knowledge) -> Any:
    if isinstance(part, dict):
        return {name: _value(name, value, knowledge) for name, value in part.items() if name not in _WORDS}
    if isinstance(part, list):
        # What stands in a list is a set: the order is that of reading, and no conclusion.
        return sorted(
            (_value(key, each, knowledge) for each in part), key=lambda each: json.dumps(each, sort_keys=True)
        )
    return _term(part, knowledge) if key in _LABELLED and isinstance(part, str) else part


def _term(label: str, knowledge: Knowledge) -> str:
    """Return the name of the term that stands in an answer by its label, so that another label is no other answer."""
    found = knowledge.subjects(Rdfs.LABEL, Literal(label, language="en"))
    return local_name(found[0].value) if found else label


def in_order(keys: Iterable[Key]) -> list[Key]:
    """Return conclusions in the order in which they are read."""
    return sorted(keys, key=lambda key: (SORTS.index(key.sort), key.name, key.at))
