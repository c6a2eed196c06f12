"""Places the boxes of a drawing in layers: no box covers another, no line crosses a box, and every line goes down.

The steps are those of Sugiyama's method: layers, an order within each, and places, each by the plainest way that is
good enough for a proof of a few dozen steps. The same graph always has the same places.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from refractory.explain.layers import layers_of

Point = tuple[float, float]
Below = Mapping[int, Sequence[int]]

GAP: Final = 18.0
"""What is left free between things side by side."""
DROP: Final = 40.0
"""What is left free between one layer and the next."""
# The room that a line takes where it passes a layer, and how much more than a box it wants to stay straight.
_TRACK: Final = 6.0
_STRAIGHT: Final = 6.0
_SWEEPS: Final = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands: its left and upper edge, its width and height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line from a box down to one that it rests on.

    Attributes:
        upper: The box from which it comes.
        lower: The box to which it goes.
        points: Where it passes, two points for each layer; the first is the foot of the upper box, the last the head
            of the lower one. Within a layer it is vertical.
    """

    upper: int
    lower: int
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands, by the place of each box in the list of sizes; and the size of the whole."""

    places: tuple[Place, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


def layout(sizes: Sequence[tuple[float, float]], below: Below, abreast: int) -> Layout:
    """Place boxes.

    Args:
        sizes: Width and height of each box.
        below: For each box, those it rests on; no box rests on itself, however far down.
        abreast: How many boxes may stand side by side.

    Returns:
        The places. A box stands below all that rest on it, and as high as its layer has room; what rests on nothing
        ends each branch.
    """
    layered = _Layered.of(sizes, below, abreast)
    layered.order()
    layered.spread()
    return Layout(*layered.placed())


@dataclass(slots=True)
class _Part:
    """A box, or a track on which the lines to a box pass a layer: its width, its neighbors, and where it stands."""

    width: float
    is_box: bool
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)
    x: float = 0.0


@dataclass(slots=True)
class _Layered:
    """Boxes and tracks in layers.

    Attributes:
        sizes: As in `layout`.
        below: As in `layout`, without repeats.
        layers: The layer of each box, 0 the uppermost.
        parts: The boxes, and after them the tracks.
        rows: The parts of each layer, from left to right.
    """

    sizes: Sequence[tuple[float, float]]
    below: list[list[int]]
    layers: list[int]
    parts: list[_Part]
    rows: list[list[int]]

    @classmethod
    def of(cls, sizes: Sequence[tuple[float, float]], below: Below, abreast: int) -> _Layered:
        """Put boxes into layers, and tracks between them; all lines to one box share a track."""
        lowers = [list(dict.fromkeys(below.get(box, ()))) for box in range(len(sizes))]
        layers = layers_of(lowers, abreast)
        made = cls(sizes, lowers, layers, [_Part(width, is_box=True) for width, _ in sizes], [])
        made.rows = [[] for _ in range(max(layers, default=-1) + 1)]
        uppers: dict[int, list[int]] = {}
        for box, layer in enumerate(layers):
            made.rows[layer].append(box)
            for lower in lowers[box]:
                uppers.setdefault(lower, []).append(box)
        for lower in sorted(uppers):
            made._lead(lower, uppers[lower])
        return made

    def _lead(self, lower: int, uppers: list[int]) -> None:
        """Lay the track to a box, from the uppermost that rests on it."""
        foot, first = lower, min(self.layers[upper] for upper in uppers)
        for layer in range(self.layers[lower] - 1, first - 1, -1):
            for upper in uppers:
                if self.layers[upper] == layer:
                    self._join(upper, foot)
            if layer > first:
                track = len(self.parts)
                self.parts.append(_Part(_TRACK, is_box=False))
                self.rows[layer].append(track)
                self._join(track, foot)
                foot = track

    def _join(self, upper: int, lower: int) -> None:
        self.parts[upper].below.append(lower)
        self.parts[lower].above.append(upper)

    # ---- The order within layers ----

    def order(self) -> None:
        """Order each layer so that few lines cross: parts go to the middle of their neighbors, down and up in turn."""
        best, fewest = [list(row) for row in self.rows], self._crossings()
        for sweep in range(_SWEEPS):
            step = 1 if sweep % 2 == 0 else -1
            numbers = range(1, len(self.rows)) if step == 1 else range(len(self.rows) - 2, -1, -1)
            for number in numbers:
                self._reorder(number, self.rows[number - step])
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(row) for row in self.rows], crossings
        self.rows = best

    def _reorder(self, number: int, beside: list[int]) -> None:
        place = {part: spot for spot, part in enumerate(beside)}
        wished: dict[int, float] = {}
        for spot, part in enumerate(self.rows[number]):
            near = [place[other] for other in self._neighbors(part) if other in place]
            wished[part] = sum(near) / len(near) if near else spot
        self.rows[number].sort(key=wished.__getitem__)

    def _neighbors(self, part: int) -> Iterator[int]:
        yield from self.parts[part].above
        yield from self.parts[part].below

    def _crossings(self) -> int:
        """Return how many pairs of lines cross."""
        count = 0
        for upper, lower in pairwise(self.rows):
            place = {part: number for number, part in enumerate(lower)}
            passed: list[int] = []
            for part in upper:
                ends = sorted(place[other] for other in self.parts[part].below)
                count += sum(len(passed) - bisect(passed, end) for end in ends)
                for end in ends:
                    insort(passed, end)
        return count

    # ---- Places ----

    def spread(self) -> None:
        """Move each part towards the middle of its neighbors, as far as those beside it leave room.

        Nothing stands farther out than the layer that takes the most room.
        """
        half = max((sum(self.parts[part].width + GAP for part in row) - GAP for row in self.rows), default=0.0) / 2
        for row in self.rows:
            apart = self._apart(row)
            for part, x in zip(row, _shifts(apart), strict=True):
                self.parts[part].x = x - sum(apart) / 2
        for sweep in range(2 * _SWEEPS):
            for row in self.rows if sweep % 2 == 0 else reversed(self.rows):
                pulls = [1.0 if self.parts[part].is_box else _STRAIGHT for part in row]
                wished = [self._wish(part) for part in row]
                ends = self.parts[row[0]].width / 2 - half, half - self.parts[row[-1]].width / 2
                for part, x in zip(row, _kept_apart(wished, pulls, self._apart(row), ends), strict=True):
                    self.parts[part].x = x
        left = min((part.x - part.width / 2 for part in self.parts), default=0.0)
        for moved in self.parts:
            moved.x = round(moved.x - left, 1)

    def _wish(self, part: int) -> float:
        near = [self.parts[other].x for other in self._neighbors(part)]
        return sum(near) / len(near) if near else self.parts[part].x

    def _apart(self, row: list[int]) -> list[float]:
        """Return how far the middle of each part is from that of the one to its left, at least."""
        return [(self.parts[one].width + self.parts[other].width) / 2 + GAP for one, other in pairwise(row)]

    def placed(self) -> tuple[tuple[Place, ...], tuple[Line, ...], float, float]:
        """Return places, lines, width and height."""
        heads: list[float] = []
        feet: list[float] = []
        for row in self.rows:
            heads.append(feet[-1] + DROP if feet else 0.0)
            feet.append(heads[-1] + max(self.sizes[part][1] for part in row if self.parts[part].is_box))
        places = tuple(
            Place(round(self.parts[box].x - width / 2, 1), heads[self.layers[box]], width, height)
            for box, (width, height) in enumerate(self.sizes)
        )
        lines = tuple(
            Line(upper, lower, tuple(self._points(upper, lower, heads, feet)))
            for upper, lowers in enumerate(self.below)
            for lower in lowers
        )
        width = max((part.x + part.width / 2 for part in self.parts), default=0.0)
        return places, lines, round(width, 1), feet[-1] if feet else 0.0

    def _points(self, upper: int, lower: int, heads: list[float], feet: list[float]) -> list[Point]:
        """Return where a line passes. It is followed from below, where there is one way only."""
        points = [(self.parts[lower].x, heads[self.layers[lower]])]
        part = lower
        for layer in range(self.layers[lower] - 1, self.layers[upper], -1):
            part = next(other for other in self.parts[part].above if not self.parts[other].is_box)
            points += [(self.parts[part].x, feet[layer]), (self.parts[part].x, heads[layer])]
        layer, x = self.layers[upper], self.parts[upper].x
        points += [(x, feet[layer]), (x, heads[layer] + self.sizes[upper][1])]
        return points[::-1]


def _shifts(apart: Sequence[float]) -> list[float]:
    """Return how far each thing in a row is from the first, at least."""
    shifts = [0.0]
    for distance in apart:
        shifts.append(shifts[-1] + distance)
    return shifts


def _kept_apart(
    wished: Sequence[float], pulls: Sequence[float], apart: Sequence[float], ends: tuple[float, float]
) -> list[float]:
    """Return places in order, so far apart at least, between two ends, and as near to the wished ones as can be."""
    shifts = _shifts(apart)
    # Less the distances, places may not decrease: neighbors that would are pooled at their mean (least squares).
    pools: list[tuple[float, float, int]] = []
    for wish, pull, shift in zip(wished, pulls, shifts, strict=True):
        mean, heft, size = wish - shift, pull, 1
        while pools and pools[-1][0] > mean:
            before, other, count = pools.pop()
            mean = (mean * heft + before * other) / (heft + other)
            heft, size = heft + other, size + count
        pools.append((mean, heft, size))
    least, most = ends[0], ends[1] - shifts[-1]
    means = [min(max(mean, least), most) for mean, _, size in pools for _ in range(size)]
    return [mean + shift for mean, shift in zip(means, shifts, strict=True)]
