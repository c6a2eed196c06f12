"""Why conclusions hold, in one of six forms."""

from __future__ import annotations

import json
from typing import Any, Final

from refractory.errors import UsageError
from refractory.explain.conclusions import chosen, proof_of
from refractory.explain.graph import as_mermaid, as_svg
from refractory.explain.lexicon import lexicon
from refractory.explain.proof_json import steps_json
from refractory.explain.provenance import as_turtle, provenance
from refractory.explain.sentences import Sentences
from refractory.explain.text import as_text, as_tree
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import SCHEMA_VERSION, Assessment

FORMS: Final = ("text", "tree", "json", "turtle", "mermaid", "svg")


def explain(assessment: Assessment, knowledge: Knowledge, conclusion: str | None = None, form: str = "text") -> str:
    """Say why a conclusion holds, or each recommendation.

    Args:
        assessment: An answer of the compiled engine.
        knowledge: The knowledge it was made with.
        conclusion: The name of a conclusion in any form; None: every recommendation.
        form: One of `FORMS`.

    Raises:
        UsageError: There is no such conclusion or form; the assessment has no proofs; or SVG without Graphviz.
    """
    if form not in FORMS:
        raise UsageError(f"no form is called {form!r}.", fix=f"Known are {', '.join(FORMS)}.")
    items, proof = chosen(assessment, knowledge, conclusion), proof_of(assessment)
    words, case = lexicon(knowledge), assessment.facts.case
    sentences = Sentences(words, case)
    if form == "json":
        return json.dumps(explanation_json(assessment, knowledge, conclusion), indent=2, ensure_ascii=False) + "\n"
    if form == "turtle":
        return as_turtle(provenance(items, proof, sentences, words, case))
    write = {"text": as_text, "tree": as_tree, "mermaid": as_mermaid, "svg": as_svg}[form]
    return write(items, proof, sentences)


def explanation_json(assessment: Assessment, knowledge: Knowledge, conclusion: str | None = None) -> dict[str, Any]:
    """Return an explanation as `schemas/explanation.schema.json` describes it.

    Raises:
        UsageError: There is no such conclusion, or the assessment has no proofs.
    """
    items, proof = chosen(assessment, knowledge, conclusion), proof_of(assessment)
    sentences = Sentences(lexicon(knowledge), assessment.facts.case)
    proofs, names = steps_json((fact for item in items for fact in item.facts), proof, knowledge)
    for fact, name in names.items():
        proofs[name]["says"] = sentences.step(proof.steps[fact]).text
    return {
        "schemaVersion": SCHEMA_VERSION,
        "case": assessment.case,
        "conclusions": [
            {
                "sort": item.sort,
                "name": item.name,
                "title": item.title,
                "proofs": [names[fact] for fact in item.facts],
            }
            for item in items
        ],
        "proofs": proofs,
    }
