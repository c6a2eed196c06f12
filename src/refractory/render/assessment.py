"""An assessment for people: plain text, Markdown and HTML, all from the same page."""

from __future__ import annotations

from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.render.html import pages_html
from refractory.render.markdown import page_markdown
from refractory.render.page import page
from refractory.render.text import WIDTH, page_text


def assessment_text(assessment: Assessment, knowledge: Knowledge, width: int = WIDTH) -> str:
    """Return an assessment as plain text, wrapped at a width in characters."""
    return page_text(page(assessment, knowledge), width)


def assessment_markdown(assessment: Assessment, knowledge: Knowledge) -> str:
    """Return an assessment as Markdown."""
    return page_markdown(page(assessment, knowledge))


def assessment_html(assessment: Assessment, knowledge: Knowledge) -> str:
    """Return an assessment as a whole HTML document."""
    return pages_html([page(assessment, knowledge)])
