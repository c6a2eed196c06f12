"""Writes the pages of the knowledge, in a worker."""

from __future__ import annotations

from functools import cache

from refractory.knowledge.knowledge import Knowledge
from refractory.pipeline.knowledge_base import KnowledgeBase
from refractory.service.messages import Reply, Task
from refractory.service.pages.chrome import NAVIGATION
from refractory.site.site import Site, site


def knowledge(base: KnowledgeBase, task: Task) -> Reply:
    """Write a page, in a worker. Option: `address`."""
    pages = _site(base.knowledge)
    address = task.options["address"]
    try:
        return Reply(200, pages.media_type(address), pages.page(address))
    except KeyError:
        return Reply(404, "text/plain", b"")


@cache
def _site(knowledge: Knowledge) -> Site:
    return site(knowledge, NAVIGATION)
