"""Validates one case: SHACL runs, and its report graph is read into findings."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.places import Context, Places, read_context
from refractory.model.facts import CaseFacts
from refractory.model.report import Report
from refractory.validation.report import ShapeWords, read_report, read_shape_words

if TYPE_CHECKING:
    from refractory.validation.shapes import ShapesRunner


@dataclass(frozen=True, slots=True)
class _Prepared:
    runner: ShapesRunner
    words: dict[str, ShapeWords]
    context: Context


# Shapes are read once for each knowledge. A few stay, so that several can be compared without reading them again.
_KEPT = 4
_prepared: OrderedDict[str, _Prepared] = OrderedDict()
_prepared_lock = Lock()


def validate(case: CaseFacts, knowledge: Knowledge) -> Report:
    """Return what the shapes of the knowledge find in a case.

    Only what was asserted is looked at: what a reader adds of itself cannot be at fault. Safe to call from several
    threads at once.

    Raises:
        KnowledgeError: The shapes are missing or at fault.
    """
    prepared = _prepare(knowledge)
    triples = prepared.runner.run(case)
    return read_report(case.case, triples, prepared.words, Places(case, prepared.context))


def _prepare(knowledge: Knowledge) -> _Prepared:
    with _prepared_lock:
        if knowledge.hash not in _prepared:
            # rdflib and pySHACL take half a second to load, so they are loaded when a case is there.
            from refractory.validation.shapes import ShapesRunner

            words, context = read_shape_words(knowledge.shapes), read_context(knowledge.files)
            _prepared[knowledge.hash] = _Prepared(ShapesRunner(knowledge), words, context)
        _prepared.move_to_end(knowledge.hash)
        while len(_prepared) > _KEPT:
            _prepared.popitem(last=False)
        return _prepared[knowledge.hash]
