"""A JSON file: one case or Bundle, or a list of them, taken apart without ever being held whole."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from refractory.case.fhir.mapping import FhirMapping
from refractory.cohort.inputs.bundles import records_of
from refractory.cohort.inputs.pending import Pending, lost
from refractory.cohort.inputs.source import FAULTS, Bytes, Gathering, Source, too_large
from refractory.cohort.records import Unreadable

_SPACE: Final = b" \t\r\n"
_OUTSIDE: Final = re.compile(rb'["\[\]{},]')
_INSIDE: Final = re.compile(rb'["\\]')


def read(source: Source, mapping: FhirMapping) -> Iterator[Pending]:
    """Yield the records of a file; arguments as in `json_lines.read`."""
    row = 1
    try:
        with source.open() as stream:
            first = _beginning(stream)
            if not first.startswith(b"["):
                gathered = Gathering()
                part = first
                while part:
                    gathered.add(part)
                    part = stream.block()
                yield from _records(gathered, source, None, mapping)
                return
            for gathered in _elements(first[1:], stream):
                yield from _records(gathered, source, row, mapping)
                row += 1
    except _UnendedError as unended:
        yield lost(
            Unreadable(
                source.name,
                row,
                unended.args[0],
                why="How many records are missing cannot be known.",
                fix="Write the file again, or give a record a line, as NDJSON.",
                raw=unended.args[1],
                size=len(unended.args[1]),
            )
        )
    except FAULTS as error:
        yield lost(source.cut(row, error))


class _UnendedError(Exception):
    """A list does not end as lists do."""


def _beginning(stream: Bytes) -> bytes:
    """Return the first block that says something, from there on."""
    block = stream.block().removeprefix(codecs.BOM_UTF8).lstrip(_SPACE)
    while not block and (block := stream.block()):
        block = block.lstrip(_SPACE)
    return block


def _records(gathered: Gathering, source: Source, row: int | None, mapping: FhirMapping) -> Iterator[Pending]:
    content = gathered.content.strip(_SPACE)
    if gathered.whole:
        yield from records_of(content, source.name, row, mapping)
    else:
        yield lost(too_large(source.name, row or 1, gathered.size, content))


def _elements(first: bytes, stream: Bytes) -> Iterator[Gathering]:
    """Yield what stands between the commas of a list.

    Only strings and brackets are looked at: whether an element is JSON is for those to say who read it.
    """
    gathered, any_before = Gathering(), False
    depth, inside, position = 0, False, 0
    for block in chain((first,), iter(stream.block, b"")):
        start = 0
        while match := (_INSIDE if inside else _OUTSIDE).search(block, position):
            position = match.end()
            sign = match[0]
            if inside:
                inside = sign != b'"'
                position += sign == b"\\"
            elif sign == b'"':
                inside = True
            elif sign in b"[{":
                depth += 1
            elif depth and sign != b",":
                depth -= 1
            elif not depth:
                if sign == b"}":
                    raise _UnendedError("a bracket is closed that was not opened.", block[position - 1 :][:1000])
                gathered.add(block[start : match.start()])
                if sign == b"," or any_before or gathered.content.strip(_SPACE):
                    yield gathered
                if sign != b",":
                    _check_rest(block[match.end() :], stream)
                    return
                gathered, any_before, start = Gathering(), True, match.end()
        gathered.add(block[start:])
        # What is escaped may stand in the next block.
        position = max(0, position - len(block))
    raise _UnendedError("the list of records does not end.", gathered.content[:1000])


def _check_rest(rest: bytes, stream: Bytes) -> None:
    while not rest.strip(_SPACE):
        rest = stream.block()
        if not rest:
            return
    raise _UnendedError("something stands behind the list of records.", rest[:1000])
