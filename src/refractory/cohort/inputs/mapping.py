"""The mapping of columns: which column says which key of a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from refractory.errors import UsageError

FACTS: Final = ("present", "absent")
"""The keys of a case for what is so and what is not."""

ANY: Final = "*"
"""Among the columns that are not read: all that are not named."""


@dataclass(frozen=True, slots=True)
class Words:
    """What cells say, in small letters: yes, no, and nothing."""

    yes: frozenset[str]
    no: frozenset[str]
    unknown: frozenset[str]


@dataclass(frozen=True, slots=True)
class Field:
    """Where the value of a key comes from.

    Attributes:
        name: The key.
        column: The column; empty for a constant.
        value: The constant, or None.
        number: Whether the key's value is a number.
        day: Whether it is a day.
        many: Whether it is a list.
        separator: What stands between the values of one cell; empty where a cell is one.
        map: What each word of the cell stands for; empty where the cell says it itself.
        date: How days are written, in the signs of `strptime`; empty for YYYY-MM-DD.
        prefix: What is put before the cell.
    """

    name: str
    column: str = ""
    value: str | None = None
    number: bool = False
    day: bool = False
    many: bool = False
    separator: str = ""
    map: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A column that says whether a fact is so."""

    column: str
    term: str
    words: Words


@dataclass(frozen=True, slots=True)
class Entry:
    """A part of a case: made where one of its columns says something, or where `when` says yes.

    Attributes:
        key: The key of the case.
        many: Whether the key holds a list of such parts.
        fields: Its keys.
        when: The column that says whether there is one; empty where the others show it.
    """

    key: str
    many: bool
    fields: tuple[Field, ...]
    when: str = ""


@dataclass(frozen=True, slots=True)
class CohortMapping:
    """The whole file.

    Attributes:
        place: Where it is.
        delimiter: What stands between the columns of a CSV file.
        decimal: What stands before the fraction of a number.
        ignored: Columns that are there and not read; `*` for all that are not named.
        words: Yes, no and unknown.
        fields: The keys of the case itself.
        facts: Columns of facts.
        entries: The parts of the case.
    """

    place: str
    delimiter: str
    decimal: str
    ignored: frozenset[str]
    words: Words
    fields: tuple[Field, ...]
    facts: tuple[Fact, ...]
    entries: tuple[Entry, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, in its order."""
        found = [one.column for one in self.fields] + [one.column for one in self.facts]
        for entry in self.entries:
            found += [entry.when, *(one.column for one in entry.fields)]
        return tuple(dict.fromkeys(column for column in found if column))

    def check(self, columns: tuple[str, ...], source: str) -> None:
        """Hold the columns of a file against those that are read.

        Raises:
            UsageError: One is missing, unknown, or there twice.
        """
        read = self.columns
        missing = [column for column in read if column not in columns]
        unknown = [column for column in columns if column not in read and column not in self.ignored]
        twice = sorted({column for column in columns if columns.count(column) > 1})
        faults = [
            f"{what} {', '.join(map(repr, found[:10]))}{' and more' if len(found) > 10 else ''}"
            for what, found in (
                ("it has no column", missing),
                ("the mapping does not know", [] if ANY in self.ignored else unknown),
                ("it has twice", twice),
            )
            if found
        ]
        if faults:
            raise UsageError(
                f"the columns are not those of the mapping: {'; '.join(faults)}.",
                place=source,
                why="A column that is not read would say nothing, unseen.",
                fix=f"In {self.place}, take out what the file does not have, and list under `ignored` what is left.",
            )
