"""How an assessment shows its proofs: in its JSON, and in a notebook."""

from __future__ import annotations

from typing import Any

from pyoxigraph import Triple

from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment


class ProofPresenter:
    """Writes proofs into what an assessment gives; assessments are made without knowing how."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def json(self, assessment: Assessment, plain: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON of an assessment with its proofs."""
        from refractory.explain.proof_json import with_proofs

        return with_proofs(plain, assessment, self._knowledge)

    def html(self, assessment: Assessment) -> str:
        """Return HTML that unfolds to the proofs; without proofs, an empty text."""
        from refractory.explain.html import assessment_html_with_proofs

        return assessment_html_with_proofs(assessment, self._knowledge) if assessment.closure.proof else ""

    def triples(self, assessment: Assessment) -> tuple[Triple, ...]:
        """Return why each fact about the case holds, in PROV-O; nothing where there are no proofs.

        Facts are numbered as in the JSON of the assessment; those on which no conclusion rests come last.
        """
        proof = assessment.closure.proof
        if proof is None:
            return ()
        from refractory.explain.conclusions import Conclusion, conclusions
        from refractory.explain.lexicon import lexicon
        from refractory.explain.provenance import provenance
        from refractory.explain.sentences import Sentences

        words, case = lexicon(self._knowledge), assessment.facts.case
        rest = Conclusion("fact", "fact", "fact", tuple(sorted(proof.steps, key=str)))
        items = (*conclusions(assessment, self._knowledge), rest)
        return tuple(provenance(items, proof, Sentences(words, case), words, case))
