"""The form filled: what a template asks of it, such as the value of a field, its faults, and what describes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from refractory.service.pages.entered import Entered, Fault, blocks
from refractory.service.pages.fields import CaseForm, Field, Option, Section

_LIST = re.compile(r"([A-Za-z]+)\[[0-9]+\]")


@dataclass(frozen=True)
class Filled:
    """A form with what stands in it.

    Attributes:
        form: The form.
        entered: The values of its fields.
        faults: What is wrong.
        more: The key of the list to which a part is to be added, or an empty string.
    """

    form: CaseForm
    entered: Entered
    faults: tuple[Fault, ...] = ()
    more: str = ""

    def value(self, name: str) -> str:
        """Return the value of a field."""
        return next(iter(self.entered.get(name, ())), "")

    def chosen(self, name: str) -> tuple[str, ...]:
        """Return all values of a field."""
        return self.entered.get(name, ())

    def options(self, field: Field, name: str) -> tuple[Option, ...]:
        """Return what may be chosen; a value that was given and is not among it stays, so that nothing is lost."""
        known = {option.value for option in field.options}
        return (*field.options, *(Option(value, value) for value in self.chosen(name) if value and value not in known))

    def count(self, section: Section) -> int:
        """Return how many parts of a list are shown: those that say something, and an empty one to begin with."""
        filled = len(blocks(self.entered, section))
        return filled + 1 if filled == 0 or self.more == section.key else filled

    def is_open(self, section: Section) -> bool:
        """Say whether a section is unfolded: something stands in it, is wrong with it, or is to be added."""
        return (
            self.more == section.key
            or any(
                name == section.key or name.startswith((f"{section.key}[", f"{section.key}.")) for name in self.entered
            )
            or any(fault.place.startswith(section.key) for fault in self.faults)
        )

    def is_needed(self, section: Section) -> bool:
        """Say whether a section is always unfolded: all that stands before the facts, and the facts."""
        facts = [number for number, one in enumerate(self.form.sections) if one.kind == "facts"]
        return self.form.sections.index(section) <= max(facts, default=len(self.form.sections))

    def faults_at(self, name: str) -> tuple[Fault, ...]:
        """Return what is wrong with a field."""
        return tuple(fault for fault in self.faults if fault.place == name)

    def described(self, name: str, hint: str) -> str:
        """Return the anchors of what describes a field: its hint, and what is wrong with it."""
        anchors = [f"hint-{self.anchor(name)}"] if hint else []
        anchors += [f"fault-{self.anchor(name)}-{number}" for number in range(len(self.faults_at(name)))]
        return " ".join(anchors)

    @staticmethod
    def anchor(name: str) -> str:
        """Return a name as an anchor."""
        return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")

    def target(self, fault: Fault) -> str:
        """Return the anchor of the field, the part or the section to which a fault belongs; empty if it has none."""
        for name in self._narrowing(fault.place):
            if name in self._places:
                return self._places[name]
        return ""

    def label(self, fault: Fault) -> str:
        """Return what the place of a fault is called on the form, or as the fault itself calls it."""
        for name in self._narrowing(fault.place):
            if name in self._labels:
                return self._labels[name]
        return fault.place

    def is_at_field(self, fault: Fault) -> bool:
        """Say whether a fault is told where it belongs, and not in the summary alone."""
        headings = {section.key for section in self.form.sections if section.kind in {"part", "list", "facts"}}
        return fault.place in self._places and fault.place not in headings

    @staticmethod
    def _narrowing(place: str) -> Iterator[str]:
        """Yield a place, then the part and the list to which it belongs."""
        yield place
        part = place.rpartition(".")[0]
        yield part
        yield part.partition("[")[0]
        yield place.partition("[")[0]

    @cached_property
    def _places(self) -> dict[str, str]:
        return {name: f"field-{self.anchor(name)}" for name in self._labels}

    @cached_property
    def _labels(self) -> dict[str, str]:
        """What each place of the form is called."""
        found = {"id": "Identifier", "file": "The file", "day": "Day of the assessment, for a Bundle"}
        for section in self.form.sections:
            if section.key:
                found[section.key] = section.title
            match section.kind:
                case "plain":
                    found |= {one.key: one.label for one in section.fields}
                case "part":
                    found |= {f"{section.key}.{one.key}": one.label for one in section.fields}
                case "facts":
                    found |= {f"fact.{fact.name}": fact.label for fact in self.form.facts}
                case "list":
                    for number in range(self.count(section)):
                        part = f"{section.key}[{number}]"
                        called = f"{section.one} {number + 1}"
                        found[part] = called
                        found |= {f"{part}.{one.key}": f"{called}, {one.label.casefold()}" for one in section.fields}
        return found


def summary(faults: Sequence[Fault]) -> str:
    """Return how much is wrong, in a few words."""
    return "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
