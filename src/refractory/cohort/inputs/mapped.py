"""A row becomes a case by the mapping; what a cell says that the mapping does not know is told, and never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from refractory.case import lexical
from refractory.case.json_text import Number
from refractory.case.showing import shown
from refractory.cohort.inputs.mapping import FACTS, CohortMapping, Entry, Field
from refractory.cohort.inputs.pending import SHOWN_BYTES, Pending
from refractory.cohort.inputs.writing import text_of
from refractory.cohort.records import Item, Record, Unreadable
from refractory.errors import RefractoryError, RefusedError

Cell = str | bytes | bool | int | float | Decimal | date | datetime | Sequence[Any] | None
Row = Mapping[str, Cell]


def pending(mapping: CohortMapping, row: Row, source: str, number: int, size: int) -> Pending:
    """Return the case of a row, or what is wrong with it.

    Args:
        mapping: The mapping.
        row: The cells by column.
        source: The file.
        number: The row's number in it.
        size: About how many bytes it has.
    """
    return Pending(size, partial(_made, mapping, row, source, number, size))


def _made(mapping: CohortMapping, row: Row, source: str, number: int, size: int) -> Item:
    try:
        return Record(text_of(_Case(mapping, row).case()), source, number)
    except RefractoryError as error:
        return Unreadable(
            source,
            number,
            error.what,
            why=error.why,
            fix=error.fix,
            count=1,
            place=error.place,
            raw=str(dict(row)).encode("utf-8", "replace")[:SHOWN_BYTES],
            size=size,
        )


_EMPTY: Final = ("", None)


class _Case:
    """The case of one row."""

    def __init__(self, mapping: CohortMapping, row: Row) -> None:
        self._mapping = mapping
        self._row = row

    def case(self) -> dict[str, Any]:
        """Return it in its JSON form.

        Raises:
            RefusedError: A cell says what the mapping does not know.
            LimitError: A number is longer than any that is measured.
        """
        case: dict[str, Any] = self._values(self._mapping.fields)
        for entry in self._mapping.entries:
            if found := self._entry(entry):
                if entry.many:
                    case.setdefault(entry.key, []).append(found)
                else:
                    case[entry.key] = found
        for fact in self._mapping.facts:
            if self._row[fact.column] in _EMPTY:
                continue
            word = _text(self._row[fact.column]).strip().casefold()
            if word in fact.words.unknown:
                continue
            if word not in fact.words.yes and word not in fact.words.no:
                raise RefusedError(
                    f"{shown(word)} is neither yes, no nor unknown.",
                    place=_column(fact.column),
                    why="A fact that is not known to be so or not so must not be taken for either.",
                    fix="Add the word to the mapping, under [words] or for this column.",
                )
            said = case.setdefault(FACTS[word in fact.words.no], [])
            if fact.term not in said:
                said.append(fact.term)
        return case

    def _values(self, fields: Sequence[Field]) -> dict[str, Any]:
        found = {}
        for one in fields:
            if one.value is not None:
                value: Any = Number(one.value) if one.number else one.value
                found[one.name] = [value] if one.many else value
            # Most cells of most tables are empty, which is seen before anything is asked of them.
            elif (self._row[one.column] not in _EMPTY) and (
                values := [self._value(one, cell) for cell in self._cells(one)]
            ):
                found[one.name] = values if one.many else values[0]
        return found

    def _entry(self, entry: Entry) -> dict[str, Any]:
        found = self._values(entry.fields)
        said = [one.column for one in entry.fields if one.column and one.name in found]
        if not entry.when:
            return found if said else {}
        words = self._mapping.words
        word = _text(self._row[entry.when]).strip().casefold()
        if word in words.yes:
            return found
        if word not in words.no and word not in words.unknown:
            raise RefusedError(
                f"{shown(word)} is neither yes, no nor unknown.",
                place=_column(entry.when),
                fix="Add the word to the mapping, under [words].",
            )
        if said:
            raise RefusedError(
                f"it does not say yes, and {_column(said[0])} says something.",
                place=_column(entry.when),
                why="One of the two is wrong.",
                fix="Correct the row.",
            )
        return {}

    def _cells(self, one: Field) -> list[Cell]:
        """Return what a cell holds that says something."""
        cell = self._row[one.column]
        cells: Sequence[Cell] = [cell]
        if isinstance(cell, list | tuple):
            cells = cell
        elif one.separator:
            cells = _text(cell).split(one.separator)
        found = [part for part in cells if _text(part).strip().casefold() not in self._mapping.words.unknown]
        if len(found) > 1 and not one.many:
            raise RefusedError("it holds several values.", place=_column(one.column), fix="Give the one that counts.")
        return found

    def _value(self, one: Field, cell: Cell) -> str:
        place = _column(one.column)
        text = _text(cell).strip()
        if one.map:
            if text.casefold() not in one.map:
                raise RefusedError(
                    f"the mapping does not know {shown(text)}.",
                    place=place,
                    why="What it means is not guessed.",
                    fix=f"Add it to the map of {one.name}, or to the words for unknown.",
                )
            text = one.map[text.casefold()]
        if one.number:
            return _number(text, self._mapping.decimal, place)
        if one.day:
            return _day(one, cell, text, place)
        return one.prefix + quote(text, safe="") if one.prefix else text


def _number(text: str, decimal: str, place: str) -> Number:
    if decimal != ".":
        if "." in text:
            raise RefusedError(
                f"{shown(text)} has a point, and the mapping says that fractions stand behind {decimal!r}.",
                place=place,
                why="It may be meant as a separator of thousands.",
                fix="Write numbers without separators, or correct `decimal` in the mapping.",
            )
        text = text.replace(decimal, ".")
    lexical.check_number(text, place)
    return Number(text)


def _day(one: Field, cell: Cell, text: str, place: str) -> str:
    if one.date and not isinstance(cell, date):
        try:
            return datetime.strptime(text, one.date).date().isoformat()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            raise RefusedError(
                f"{shown(text)} is no day of the form {one.date}.", place=place, fix="Correct it, or the mapping."
            ) from None
    lexical.check_date(text, place)
    return text


def _text(cell: Cell) -> str:
    """Return what a cell says as text: nothing for none."""
    if isinstance(cell, str):
        return cell
    if cell is None or cell != cell:  # noqa: PLR0124  # what is not equal to itself is no number
        return ""
    if isinstance(cell, float | Decimal):
        text = format(Decimal(repr(cell)) if isinstance(cell, float) else cell, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(cell, date):
        midnight = isinstance(cell, datetime) and cell.time() == datetime.min.time()
        return cell.date().isoformat() if midnight else cell.isoformat()  # type: ignore[attr-defined]  # midnight is a datetime's
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(cell)


def _column(name: str) -> str:
    return f"column {name!r}"
