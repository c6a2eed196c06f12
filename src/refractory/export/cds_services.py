"""The file of the services of CDS Hooks: what each is, what it needs, and how an answer becomes cards."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from refractory.errors import KnowledgeError
from refractory.knowledge.files import KnowledgeFiles, default_root

SERVICES: Final = "schemas/cds-services.toml"

INDICATORS: Final = ("critical", "warning", "info")
"""How loud a card may be, the loudest first."""


@dataclass(frozen=True)
class CdsService:
    """One service.

    Attributes:
        id: Its name in the URL.
        hook: The one hook that it answers.
        title: What people call it.
        description: What it does.
        usage_requirements: What it needs.
    """

    id: str
    hook: str
    title: str
    description: str
    usage_requirements: str


@dataclass(frozen=True)
class CardRow:
    """Which actions stand on a card together.

    Attributes:
        id: What the card is called.
        kinds: The kinds of advice that it takes.
        urgencies: The urgencies that it takes; all without any.
        red_flag: It takes red flags alone.
        indicator: How loud it is; empty: by the most urgent of what stands on it.
        suggests: The kinds of advice that have a button.
        override: Whether it says reasons to set it aside.
    """

    id: str
    kinds: tuple[str, ...]
    urgencies: tuple[str, ...] = ()
    red_flag: bool = False
    indicator: str = ""
    suggests: tuple[str, ...] = ()
    override: bool = False

    def takes(self, kind: str, urgency: str, *, red_flag: bool) -> bool:
        """Say whether an action stands on it."""
        fits = kind in self.kinds and (not self.urgencies or urgency in self.urgencies)
        return fits and (red_flag or not self.red_flag)


@dataclass(frozen=True)
class OrderCheck:
    """How an order is checked: how loud a warning is, and which statuses a draft has that is looked at."""

    indicator: str
    statuses: tuple[str, ...]


@dataclass(frozen=True)
class CdsServices:
    """The whole file.

    Attributes:
        specification: The release of CDS Hooks.
        extension: The name of our extension of a request.
        templates: The prefetch templates by their keys.
        essential: Groups of keys, of each of which one is needed.
        services: The services by their ids.
        topic: The term that the cards are about.
        indicators: How loud each urgency is.
        cards: The rows of cards, in the order of reading.
        background: The last card.
        order: How an order is checked.
        override_reasons: Why a card may be set aside, each a coding.
    """

    specification: str
    extension: str
    templates: Mapping[str, str]
    essential: tuple[tuple[str, ...], ...]
    services: Mapping[str, CdsService]
    topic: str
    indicators: Mapping[str, str]
    cards: tuple[CardRow, ...]
    background: CardRow
    order: OrderCheck
    override_reasons: tuple[Mapping[str, str], ...] = field(default=())

    @classmethod
    def of(cls, files: KnowledgeFiles) -> CdsServices:
        """Return the file of a knowledge; one that has none uses the one that is shipped.

        Raises:
            KnowledgeError: The file is not TOML, or has a word that no such file has.
        """
        content = files.contents.get(SERVICES)
        return _checked((content or (default_root() / SERVICES).read_bytes()).decode())

    @classmethod
    def read(cls, root: Path | None = None) -> CdsServices:
        """Return the file of a folder of knowledge without loading the knowledge; errors as in `of`.

        Args:
            root: The folder; None: the shipped one. One without the file uses the one that is shipped.
        """
        own = root / SERVICES if root else None
        path = own if own and own.is_file() else default_root() / SERVICES
        return _checked(path.read_text("utf-8"))

    def discovery(self) -> dict[str, Any]:
        """Return what discovery says of the services."""
        return {
            "services": [
                {
                    "hook": service.hook,
                    "title": service.title,
                    "description": service.description,
                    "id": service.id,
                    "prefetch": dict(self.templates),
                    "usageRequirements": service.usage_requirements,
                    "version": self.specification,
                }
                for service in self.services.values()
            ]
        }


def _checked(text: str) -> CdsServices:
    try:
        return _read(text)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise KnowledgeError(
            f"the services of CDS Hooks cannot be read: {error}.",
            place=SERVICES,
            fix="See docs/cds-hooks.md for its words.",
        ) from error


@lru_cache(maxsize=4)
def _read(text: str) -> CdsServices:
    said: dict[str, Any] = tomllib.loads(text)
    prefetch, override = said.pop("prefetch"), said.pop("override")
    services = [CdsService(**_words(part)) for part in said.pop("service")]
    essential = tuple(map(tuple, prefetch.pop("essential")))
    found = CdsServices(
        specification=said.pop("specification"),
        extension=said.pop("extension"),
        templates=prefetch.pop("templates"),
        essential=essential,
        services={service.id: service for service in services},
        topic=said.pop("source")["topic"],
        indicators=said.pop("indicators"),
        cards=tuple(CardRow(**_words(part)) for part in said.pop("card")),
        background=CardRow(**_words(said.pop("background"))),
        order=OrderCheck(**_words(said.pop("order"))),
        override_reasons=tuple({"system": override["system"], **reason} for reason in override.pop("reason")),
    )
    if len(found.services) != len(services):
        raise ValueError("two services have one id")
    for name in (*said, *prefetch):
        raise ValueError(f"the word {name!r} is unknown")
    for key in (key for group in essential for key in group):
        if key not in found.templates:
            raise ValueError(f"{key!r} is essential and has no template")
    rows = (*found.cards, found.background)
    loud = {*found.indicators.values(), found.order.indicator, *(row.indicator for row in rows if row.indicator)}
    if unknown := loud - set(INDICATORS):
        raise ValueError(f"no indicator is called {', '.join(sorted(unknown))}")
    return found


def _words(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words of the file as those of Python, lists as tuples."""
    return {key.replace("-", "_"): tuple(value) if isinstance(value, list) else value for key, value in said.items()}
