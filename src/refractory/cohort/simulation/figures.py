"""The file that cohorts are simulated from: every number with where it comes from, from the graph where it has it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from refractory.errors import KnowledgeError
from refractory.knowledge.files import default_root
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import rfy

SIMULATION: Final = "schemas/cohort-simulation.toml"

_PARTS: Final = frozenset({"figure", "resistance", "mechanism", "drug", "disease", "host", "words", "conclusion"})
_PERCENT: Final = {"low": "shareLowPercent", "high": "shareHighPercent"}
_DAY: Final = "suspectsFromDay"


@contextmanager
def reading() -> Iterator[None]:
    """Make what goes wrong in reading the file, or in making use of it, an error of the knowledge."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise KnowledgeError(
            f"the figures of simulated cohorts cannot be read: {error}.",
            place=SIMULATION,
            fix="See docs/cohort-simulation.md for its words.",
        ) from error


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, or several that belong together.

    Attributes:
        name: What it is called in the file.
        value: The number; numbers by name; or numbers in rising order between which it is drawn.
        shown: The value as people read it.
        source: Where it comes from; empty: it is assumed.
        reason: Why no source gives it; empty: one does.
    """

    name: str
    value: Any
    shown: str
    source: str
    reason: str = ""

    @property
    def assumed(self) -> bool:
        """Whether no source gives it."""
        return not self.source


@dataclass(frozen=True, slots=True)
class Simulated:
    """The whole file, with what the graph has filled in.

    Attributes:
        figures: Every figure by its name.
        said: What stands beside the figures: names of the graph, and which figure is for what; it holds no number.
    """

    figures: Mapping[str, Figure]
    said: Mapping[str, Any]

    @classmethod
    def of(cls, knowledge: Knowledge) -> Simulated:
        """Return the file of a knowledge; one that has none uses the one that is shipped.

        Raises:
            KnowledgeError: It is not TOML, a number has neither source nor reason, or the graph lacks what it names.
        """
        content = knowledge.files.contents.get(SIMULATION)
        text = (content or (default_root() / SIMULATION).read_bytes()).decode()
        with reading():
            return _read(text, knowledge)

    def __getitem__(self, name: str) -> Any:
        """Return the value of a figure."""
        return self.figures[name].value

    def table(self) -> str:
        """Return every figure with its value and source as a table in Markdown."""
        lines = ["| figure | value | source | or assumed, because |", "|---|---|---|---|"]
        lines += [f"| `{f.name}` | {f.shown} | {f.source} | {f.reason} |" for f in self.figures.values()]
        return "\n".join(lines) + "\n"


def _read(text: str, knowledge: Knowledge) -> Simulated:
    said: dict[str, Any] = tomllib.loads(text)
    if unknown := said.keys() - _PARTS:
        raise ValueError(f"the word {min(unknown)!r} is unknown")
    figures = {name: _figure(name, part, knowledge) for name, part in said.pop("figure").items()}
    for place in _numbers(said, ""):
        raise ValueError(f"{place} is a number outside a figure, so nothing says where it comes from")
    return Simulated(figures, said)


def _numbers(part: Any, place: str) -> Iterator[str]:
    """Yield the places of bare numbers; true and false are none."""
    if isinstance(part, dict):
        for name, inner in part.items():
            yield from _numbers(inner, f"{place}.{name}" if place else name)
    elif isinstance(part, list):
        for inner in part:
            yield from _numbers(inner, place)
    elif isinstance(part, (int, float)) and not isinstance(part, bool):
        yield place


def _figure(name: str, part: Mapping[str, Any], knowledge: Knowledge) -> Figure:
    assumed, source, reason = part.get("assumed", False), part.get("source", ""), part.get("reason", "")
    in_graph = "position" in part or "regimen" in part
    if [bool(assumed), bool(source), in_graph].count(True) != 1 or bool(reason) != bool(assumed):
        raise ValueError(f"figure {name} needs a source, a place in the graph, or assumed = true with a reason")
    if "position" in part:
        return _of_position(name, part["position"], part["read"], knowledge)
    if "regimen" in part:
        term = part["regimen"]
        value = {key: _number(knowledge, term, key) for key in ("doseMg", "timesPerDay")}
        return Figure(name, value, _shown(value), f"`{term}` in the graph")
    if "count" in part:
        found, of = part["count"]
        return Figure(name, found / of, f"{found} of {of}", source)
    return Figure(name, part["value"], _shown(part["value"]), source, reason)


def _of_position(name: str, term: str, read: str, knowledge: Knowledge) -> Figure:
    source = f"`{term}` in the graph"
    if read == "count":
        found, of = _number(knowledge, term, "countWith"), _number(knowledge, term, "countOf")
        return Figure(name, found / of, f"{found} of {of}", source)
    if read == "day":
        day = _number(knowledge, term, _DAY)
        return Figure(name, day, str(day), source)
    percent = _number(knowledge, term, _PERCENT[read])
    return Figure(name, percent / 100, f"{percent} %", source)


def _number(knowledge: Knowledge, term: str, key: str) -> int | float:
    text = knowledge.text(rfy(term), rfy(key))
    if not text:
        raise ValueError(f"{term} has no {key} in the graph")
    number = float(text)
    return int(number) if number.is_integer() else number


def _shown(value: Any) -> str:
    """Return a value as it stands in a cell of a table."""
    if isinstance(value, dict):
        return "; ".join(
            f"{name}: {_shown(part)}" if not isinstance(part, dict) else f"{name} ({_shown(part)})"
            for name, part in value.items()
        )
    return value if isinstance(value, str) else json.dumps(value)
