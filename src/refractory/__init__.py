"""Refractory: a clinical guideline made computable; facts of a case in, advice with its sources out.

    from refractory import Case, KnowledgeBase

    kb = KnowledgeBase.load()
    assessment = kb.assess(Case.from_json(data))

Names are imported when they are first used, so that the command starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from refractory.version import VERSION

if TYPE_CHECKING:
    from refractory.case.reader import Case
    from refractory.errors import (
        ContradictionError,
        KnowledgeError,
        LimitError,
        NonConformingError,
        RefractoryError,
        RefusedError,
        UsageError,
    )
    from refractory.model.assessment import Assessment
    from refractory.model.report import Report
    from refractory.pipeline.knowledge_base import KnowledgeBase, assess

__version__ = VERSION

_HOMES = {
    "Assessment": "refractory.model.assessment",
    "Case": "refractory.case.reader",
    "ContradictionError": "refractory.errors",
    "KnowledgeBase": "refractory.pipeline.knowledge_base",
    "KnowledgeError": "refractory.errors",
    "LimitError": "refractory.errors",
    "NonConformingError": "refractory.errors",
    "RefractoryError": "refractory.errors",
    "RefusedError": "refractory.errors",
    "Report": "refractory.model.report",
    "UsageError": "refractory.errors",
    "assess": "refractory.pipeline.knowledge_base",
}

__all__ = [
    "Assessment",
    "Case",
    "ContradictionError",
    "KnowledgeBase",
    "KnowledgeError",
    "LimitError",
    "NonConformingError",
    "RefractoryError",
    "RefusedError",
    "Report",
    "UsageError",
    "__version__",
    "assess",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
