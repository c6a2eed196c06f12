"""A proof drawn as SVG: the conclusion on top, below each box what it rests on, what was said at the feet.

The drawing has no colors, no fonts and no script of its own: the style sheet of the page gives its classes their looks.
Each box leads to the sentence of its step, which has the same number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from refractory.explain.conclusions import Conclusion
from refractory.explain.layout import Layout, Line, layout
from refractory.explain.proof_json import numbered
from refractory.explain.sentences import Sentences, capital, shown
from refractory.model.proof import Derived, Given, Proof, Step

ABREAST: Final = 5
"""How many boxes stand side by side: what a page of a desk shows without scrolling."""
LARGE: Final = 30
"""A proof of more steps is large: each fact of the knowledge stands with the first step that it serves."""

_WIDTH: Final = 204.0
_PAD: Final = 10.0
_LINE: Final = 17.0
_HEAD: Final = 20.0
_MARGIN: Final = 8.0
# Fonts differ, so a text is folded as if by the broadest that is common: its widths, in times the size of the letters.
_SIZE: Final = 13.0
_WIDTHS: Final = (("iljI.,:;'|!()[] ft", 0.4), ("mwMW@%—", 1.0), ("ABCDEFGHKNOPQRSUVXYZ&", 0.79))
_ELSE: Final = 0.64
# From here on, letters are as broad as they are high.
_SQUARE: Final = "\u2e80"


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a proof as it is drawn and told.

    Attributes:
        number: Its number: the first conclusion is 1, and each step has a lower number than what it alone rests on.
        sort: `concluded`, `rule`, `axiom`, `said` (of the case), `added` (by its reader) or `known` (in the knowledge).
        text: What holds, as a clause.
        premises: The numbers of the steps that it rests on.
    """

    number: int
    sort: str
    text: str
    premises: tuple[int, ...]


SORTS: Final = {
    "concluded": "conclusion",
    "rule": "by a rule",
    "axiom": "by an axiom",
    "said": "said of the case",
    "added": "added by the reader",
    "known": "in the knowledge",
}
"""What each sort of step is called in a drawing."""


def nodes(items: Sequence[Conclusion], proof: Proof, sentences: Sentences) -> tuple[Node, ...]:
    """Return the steps that conclusions rest on, in the order of their numbers."""
    names = numbered((fact for item in items for fact in item.facts), proof)
    numbers = {fact: number for number, fact in enumerate(names, 1)}
    concluded = {fact for item in items for fact in item.facts}
    found = []
    for fact, number in numbers.items():
        step = proof.steps[fact]
        premises = tuple(numbers[p] for p in dict.fromkeys(step.premises)) if isinstance(step, Derived) else ()
        sort = "concluded" if fact in concluded else sort_of(step)
        found.append(Node(number, sort, shown(sentences.fact(fact)), premises))
    return tuple(found)


def sort_of(step: Step) -> str:
    """Return the sort of a step by what it is, be it the conclusion or not."""
    match step:
        case Given():
            return "added" if step.place.startswith("reader: ") else "said"
        case Derived():
            # A rule file binds variables; an axiom has terms.
            return "axiom" if step.axiom else "rule"
    return "known"


@dataclass(frozen=True, slots=True)
class _Box:
    """What is drawn in one frame.

    Attributes:
        steps: The step, and after it the facts of the knowledge that stand with it.
        lines: The text of each, folded.
        also: What of the knowledge it rests on besides, which stands with another step, folded; or nothing.
    """

    steps: tuple[Node, ...]
    lines: tuple[tuple[str, ...], ...]
    also: tuple[str, ...]

    @classmethod
    def of(cls, step: Node, guests: Sequence[Node], host: Mapping[int, int]) -> _Box:
        """Put a step into a frame with its guests, given with whom each fact of the knowledge stands."""
        steps = (step, *guests)
        elsewhere = [str(premise) for premise in step.premises if host.get(premise, step.number) != step.number]
        also = folded(f"with {', '.join(elsewhere)} of the knowledge") if elsewhere else ()
        return cls(steps, tuple(tuple(folded(capital(one.text))) for one in steps), tuple(also))

    @property
    def height(self) -> float:
        """How high it is."""
        count = sum(map(len, self.lines)) + len(self.also)
        return 1.5 * _PAD + len(self.steps) * _HEAD + count * _LINE + (len(self.steps) - 1) * _PAD


def drawing(steps: Sequence[Node], title: str, description: str, *, mark: str = "proof") -> str:
    """Return the drawing of steps as one `svg` element.

    Args:
        steps: The steps, from `nodes`.
        title: What is drawn.
        description: How it is read.
        mark: What the identifiers in it begin with; a box is `<mark>-box-3`, and leads to `#<mark>-step-3`.
    """
    boxes, below = _boxes(steps)
    found = layout([(_WIDTH, box.height) for box in boxes], below, ABREAST)
    return "".join(_svg(boxes, found, title, description, mark))


def _boxes(steps: Sequence[Node]) -> tuple[list[_Box], dict[int, list[int]]]:
    """Return the boxes, and for each those it rests on; in a large proof, what is known stands with what it serves."""
    host: dict[int, int] = {}
    if len(steps) > LARGE:
        known = {step.number for step in steps if step.sort == "known"}
        for step in steps:
            for premise in known.intersection(step.premises):
                host.setdefault(premise, step.number)
    guests: dict[int, list[Node]] = {}
    for step in steps:
        if step.number in host:
            guests.setdefault(host[step.number], []).append(step)
    boxes = [_Box.of(step, guests.get(step.number, ()), host) for step in steps if step.number not in host]
    place = {box.steps[0].number: number for number, box in enumerate(boxes)}
    below = {
        number: [place[premise] for premise in box.steps[0].premises if premise in place]
        for number, box in enumerate(boxes)
    }
    return boxes, below


def folded(text: str) -> list[str]:
    """Return a text in lines that fit a box; a word that is too long is broken."""
    room = (_WIDTH - 2 * _PAD) / _SIZE
    lines: list[str] = []
    for word in text.split():
        parts = [word]
        while width_of(parts[-1]) > room:
            whole = parts.pop()
            cut = next(end for end in range(len(whole) - 1, 0, -1) if width_of(whole[:end]) <= room or end == 1)
            parts += [whole[:cut], whole[cut:]]
        for number, part in enumerate(parts):
            if lines and not number and width_of(f"{lines[-1]} {part}") <= room:
                lines[-1] += f" {part}"
            else:
                lines.append(part)
    return lines or [""]


def width_of(text: str) -> float:
    """Return how wide a text is at most, in times the size of its letters."""
    return sum(_width_of(letter) for letter in text)


def _width_of(letter: str) -> float:
    if letter >= _SQUARE:
        return 1.0
    return next((width for letters, width in _WIDTHS if letter in letters), _ELSE)


def _svg(boxes: Sequence[_Box], found: Layout, title: str, description: str, mark: str) -> Iterator[str]:
    width, height = found.width + 2 * _MARGIN, found.height + 2 * _MARGIN
    yield (
        f'<svg class="proof" xmlns="http://www.w3.org/2000/svg" role="group" '
        f'aria-labelledby="{mark}-title" aria-describedby="{mark}-description" '
        f'width="{width:g}" height="{height:g}" viewBox="{-_MARGIN:g} {-_MARGIN:g} {width:g} {height:g}">'
        f'<title id="{mark}-title">{escape(title)}</title>'
        f'<desc id="{mark}-description">{escape(description)}</desc>'
    )
    for line in found.lines:
        ends = f'data-from="{boxes[line.upper].steps[0].number}" data-to="{boxes[line.lower].steps[0].number}"'
        yield f'<path class="line" {ends} d="{_path(line)}"/>'
    rests = {line.upper for line in found.lines}
    for number, (box, place) in enumerate(zip(boxes, found.places, strict=True)):
        if number in rests:
            yield f'<path class="head" d="M{place.x + place.width / 2:g} {place.y + place.height:g}l-5 8h10z"/>'
        corner = 0 if box.steps[0].sort == "known" else 6
        yield f'<g class="box {box.steps[0].sort}">'
        yield f'<rect class="frame" {_rect(place.x, place.y, place.width, place.height)} rx="{corner}"/>'
        yield from _texts(box, place.x, place.y, mark)
        yield "</g>"
    yield "</svg>"


def _rect(x: float, y: float, width: float, height: float) -> str:
    return f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'


def _texts(box: _Box, x: float, y: float, mark: str) -> Iterator[str]:
    """Yield what stands in a frame: each step is a link to its sentence, and its whole room is the link's."""
    y += 0.75 * _PAD
    left = x + _PAD
    for place, (step, lines) in enumerate(zip(box.steps, box.lines, strict=True)):
        height = _HEAD + len(lines) * _LINE
        if place:
            yield f'<path class="divider" d="M{x:g} {y - _PAD / 2:g}h{_WIDTH:g}"/>'
        yield (
            f'<a id="{mark}-box-{step.number}" href="#{mark}-step-{step.number}" data-step="{step.number}">'
            f'<rect class="target" {_rect(x + 2, y - 3, _WIDTH - 4, height + 4)} rx="4"/>'
            f'<text class="sort" x="{left:g}" y="{y + 13:g}">{step.number} · {SORTS[step.sort]} </text>'
        )
        for number, line in enumerate(lines):
            yield f'<text x="{left:g}" y="{y + _HEAD + 13 + number * _LINE:g}">{escape(line)} </text>'
        yield "</a>"
        y += height
        for line in box.also if not place else ():
            yield f'<text class="sort" x="{left:g}" y="{y + 13:g}">{line} </text>'
            y += _LINE
        y += _PAD


def _path(line: Line) -> str:
    """Return a line as SVG's text: straight within a layer, bent between two."""
    (x, y), *rest = line.points
    parts = [f"M{x:g} {y:g}"]
    for number, (next_x, next_y) in enumerate(rest):
        if number % 2 == 0 or next_x == x:
            parts.append(f"L{next_x:g} {next_y:g}")
        else:
            middle = (y + next_y) / 2
            parts.append(f"C{x:g} {middle:g} {next_x:g} {middle:g} {next_x:g} {next_y:g}")
        x, y = next_x, next_y
    return "".join(parts)
