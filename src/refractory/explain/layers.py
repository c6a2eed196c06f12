"""Puts the boxes of a drawing into layers, each below all that rest on it, so many in a layer and no more."""

from __future__ import annotations

from typing import Final

# How much a box gains for each layer that had no room for it.
_HURRY: Final = 2


def layers_of(below: list[list[int]], abreast: int) -> list[int]:
    """Return the layer of each box, 0 the uppermost: what has the most below it, or has waited long, comes first.

    Args:
        below: For each box, those it rests on, each once; none rests on itself, however far down.
        abreast: How many boxes a layer has at most.
    """
    waiting = [0] * len(below)
    for lowers in below:
        for lower in lowers:
            waiting[lower] += 1
    depth = _depths(below)
    # What could stand in the layer, with its rank: how much is below it, and more for each layer that had no room.
    ready = [(depth[box], box) for box in range(len(below)) if not waiting[box]]
    found = [0] * len(below)
    layer = 0
    while ready:
        ready.sort(key=lambda ranked: (-ranked[0], ranked[1]))
        taken, ready = [box for _, box in ready[:abreast]], [(rank + _HURRY, box) for rank, box in ready[abreast:]]
        for box in taken:
            found[box] = layer
            for lower in below[box]:
                waiting[lower] -= 1
                if not waiting[lower]:
                    ready.append((depth[lower], lower))
        layer += 1
    return found


def _depths(below: list[list[int]]) -> list[int]:
    """Return how many layers each box has below it at least; not by recursion, for a proof may be deep."""
    depth = [-1] * len(below)
    for root in range(len(below)):
        pending = [root]
        while pending:
            box = pending[-1]
            open_ = [lower for lower in below[box] if depth[lower] < 0]
            if open_:
                pending += open_
            else:
                depth[box] = max((depth[lower] + 1 for lower in below[box]), default=0)
                pending.pop()
    return depth
