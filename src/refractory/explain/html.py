"""An assessment that unfolds to its proofs, for notebooks: nothing but HTML, no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from pyoxigraph import Triple

from refractory.explain.conclusions import Conclusion, conclusions, proof_of
from refractory.explain.lexicon import lexicon
from refractory.explain.sentences import Sentences, capital, shown
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import NOTICE, Assessment
from refractory.model.proof import Derived, Proof
from refractory.vocabulary import rfy

_HEADINGS = {
    "failure": "Treatment",
    "dose": "Treatment",
    "day of treatment": "Treatment",
    "time": "Treatment",
    "not applicable": "Why the guidance does not apply",
    "resistance": "Status of resistance",
    "hypothesis": "Hypotheses",
    "recommendation": "Advice",
    "position": "What sources say of it",
    "caution": "Cautions",
    "pitfall": "Pitfalls",
    "question": "What to find out",
    "conflict": "Conflicts for you to decide",
    "disagreement": "Conflicts for you to decide",
    "gap": "What the guidance does not say",
}


def assessment_html_with_proofs(assessment: Assessment, knowledge: Knowledge) -> str:
    """Return an assessment as a piece of HTML in which each conclusion unfolds to what it rests on.

    Raises:
        UsageError: The assessment has no proofs.
    """
    proof = proof_of(assessment)
    sentences = Sentences(lexicon(knowledge), assessment.facts.case)
    groups: dict[str, list[Conclusion]] = {}
    for item in conclusions(assessment, knowledge):
        groups.setdefault(_heading(item), []).append(item)
    parts = [f"<div><p><b>{escape(shown(assessment.case))}</b></p>"]
    for heading, items in sorted(groups.items(), key=lambda group: _RANK[group[0]]):
        parts.append(f"<p><b>{escape(heading)}</b></p>")
        parts += ["".join(_unfolding(item, proof, sentences)) for item in items]
    parts.append(f"<p><small>{escape(NOTICE)}</small></p></div>")
    return "\n".join(parts)


# Advice first, as on a page.
_FIRST = ("failure", "not applicable", "resistance", "recommendation", "conflict", "question")
_RED_FLAGS = "Red flags: before everything else"
_ORDER = dict.fromkeys((_RED_FLAGS, *(_HEADINGS[sort] for sort in (*_FIRST, *_HEADINGS))))
_RANK = {heading: rank for rank, heading in enumerate(_ORDER)}


def _heading(item: Conclusion) -> str:
    """Return what a conclusion stands under; an action that comes before everything else has a heading of its own."""
    first = any(fact.predicate == rfy("putsFirst") for fact in item.facts)
    return _RED_FLAGS if first else _HEADINGS[item.sort]


def _unfolding(item: Conclusion, proof: Proof, sentences: Sentences) -> Iterator[str]:
    """Yield a conclusion and what it rests on; within it, what stands already is not unfolded again."""
    yield f"<details><summary>{_text(item.title)}</summary><ul>"
    done: set[Triple] = set()
    for root in item.facts:
        # What to write, or a fact still to be written: a proof may be deeper than Python's stack.
        pending: list[str | Triple] = [root]
        while pending:
            part = pending.pop()
            if isinstance(part, str):
                yield part
                continue
            step = proof.steps[part]
            if not isinstance(step, Derived):
                yield f"<li>{_text(sentences.step(step).text)}</li>"
            elif part in done:
                yield f"<li>{_text(sentences.fact(part))} (as above)</li>"
            else:
                done.add(part)
                yield f"<li><details><summary>{_text(sentences.step(step).text)}</summary><ul>"
                pending.append("</ul></details></li>")
                pending.extend(reversed(list(dict.fromkeys(step.premises))))
    yield "</ul></details>"


def _text(text: str) -> str:
    return escape(shown(capital(text)))
