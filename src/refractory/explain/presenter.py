"""How an assessment shows its proofs: in its JSON, and in a notebook."""

from __future__ import annotations

from typing import Any

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
