"""The inputs of a run in chunks: the same inputs and the same size give the same chunks, on any machine."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Final

from refractory.cohort.inputs.inputs import Inputs
from refractory.cohort.records import Chunk, Item

MAX_CHUNK_BYTES: Final = 16_777_216
"""About how many bytes of records a chunk may hold; it closes with the record that comes to it."""


def chunks(inputs: Inputs, size: int, done: Container[int] = ()) -> Iterator[Chunk]:
    """Yield the chunks of the inputs, as they are read.

    Args:
        inputs: The inputs.
        size: How many items a chunk has; the last one, and one of large records, has fewer.
        done: The numbers of chunks that are not wanted; their records are passed over, and not made.

    Raises:
        LimitError: There is no room on the disk to sort bulk data.
    """
    number, count, held = 0, 0, 0
    items: list[Item] = []
    for pending in inputs.pending():
        if number not in done:
            items.append(pending.make())
        count += 1
        held += pending.size
        if count >= size or held >= MAX_CHUNK_BYTES:
            if number not in done:
                yield Chunk(number, tuple(items), inputs.share)
            number, count, held, items = number + 1, 0, 0, []
    if items:
        yield Chunk(number, tuple(items), 1.0)
