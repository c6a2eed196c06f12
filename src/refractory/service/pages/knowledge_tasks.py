"""Writes the pages of the knowledge, in a worker."""

from __future__ import annotations

from refractory.knowledge.knowledge import Knowledge
from refractory.pipeline.knowledge_base import KnowledgeBase
from refractory.service.pages.chrome import NAVIGATION
from refractory.service.work.messages import Reply, Task
from refractory.site.site import Site, media_type, site


def knowledge(base: KnowledgeBase, task: Task) -> Reply:
    """Write a page. Option: `address`."""
    address = task.options["address"]
    try:
        return Reply(200, media_type(address), base.knowledge.once(_site).page(address))
    except KeyError:
        return Reply(404, "text/plain", b"")


def _site(knowledge: Knowledge) -> Site:
    return site(knowledge, NAVIGATION)
