"""Drawings of proofs: every step is there, no box covers another, no line crosses a box, and text stays text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import read_case, shipped, slugs

from refractory import Assessment
from refractory.explain.conclusions import Conclusion, conclusions, proof_of
from refractory.explain.drawing import ABREAST, LARGE, SORTS, Node, drawing, folded, nodes, sort_of, width_of
from refractory.explain.layout import DROP, GAP, Layout, Place, layout
from refractory.explain.lexicon import lexicon
from refractory.explain.sentences import Sentences
from refractory.model.proof import Derived

SVG = "{http://www.w3.org/2000/svg}"
SOME = slugs()[::24]


def graphs(most: int = 40) -> st.SearchStrategy[tuple[int, dict[int, list[int]]]]:
    """Return graphs without circles: how many boxes, and for each those it rests on, which have higher numbers."""

    def below(count: int) -> st.SearchStrategy[tuple[int, dict[int, list[int]]]]:
        edges = st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=3 * count)
        made = edges.map(lambda pairs: {n: [b for a, b in pairs if a == n and b > n] for n in range(count)})
        return st.tuples(st.just(count), made)

    return st.integers(1, most).flatmap(below)


def overlap(one: Place, other: Place) -> bool:
    """Say whether two boxes cover each other anywhere, or stand closer side by side than they should."""
    near = GAP - 0.2
    beside = one.x + one.width + near <= other.x or other.x + other.width + near <= one.x
    apart = one.y + one.height <= other.y or other.y + other.height <= one.y
    return not beside and not apart


def faults(found: Layout) -> list[str]:
    """Return what is wrong with a layout."""
    wrong = [f"{a} covers {b}" for a, b in combinations(found.places, 2) if overlap(a, b)]
    wrong += [f"{p} is outside" for p in found.places if p.x < 0 or p.y < 0 or p.x + p.width > found.width + 0.1]
    for line in found.lines:
        heights = [y for _, y in line.points]
        if heights != sorted(heights) or heights[0] >= heights[-1]:
            wrong.append(f"{line} does not go down")
        upper, lower = found.places[line.upper], found.places[line.lower]
        if heights[0] != upper.y + upper.height or heights[-1] != lower.y:
            wrong.append(f"{line} does not lead from foot to head")
        wrong += [
            f"{line} crosses {place}"
            for place in found.places
            if place not in {upper, lower} and met(line.points, place)
        ]
    return wrong


def met(points: Sequence[tuple[float, float]], place: Place) -> bool:
    """Say whether a line passes a box: a bend between two points stays within their height, and between their sides."""
    return any(
        min(x, other_x) < place.x + place.width
        and max(x, other_x) > place.x
        and y < place.y + place.height
        and other_y > place.y
        for (x, y), (other_x, other_y) in pairwise(points)
    )


@given(graphs(), st.lists(st.integers(40, 240), min_size=40, max_size=40), st.integers(1, 6))
def test_any_graph_is_laid_out(graph: tuple[int, dict[int, list[int]]], heights: list[int], abreast: int) -> None:
    """Whatever rests on what: boxes stay apart, lines go down and around them, and layers are no wider than said."""
    count, below = graph
    found = layout([(200.0, float(height)) for height in heights[:count]], below, abreast)
    by_layer: dict[float, int] = {}
    for place in found.places:
        by_layer[place.y] = by_layer.get(place.y, 0) + 1

    assert [] == faults(found)
    assert {(a, b) for a, lowers in below.items() for b in lowers} == {(ln.upper, ln.lower) for ln in found.lines}
    assert max(by_layer.values()) <= abreast
    assert found == layout([(200.0, float(height)) for height in heights[:count]], below, abreast)


def test_nothing_is_laid_out_as_nothing() -> None:
    """A drawing of no step is empty, and no error."""
    assert Layout((), (), 0.0, 0.0) == layout([], {}, ABREAST)


def test_a_deep_chain_is_laid_out() -> None:
    """Depth costs no stack."""
    count = 3_000
    found = layout([(200.0, 60.0)] * count, {n: [n + 1] for n in range(count - 1)}, ABREAST)

    assert count * 60 + (count - 1) * DROP == found.height


@cache
def answered(slug: str) -> Assessment:
    """Return the assessment of a golden case, made once."""
    return shipped().assess(read_case(slug))


def drawn(slug: str) -> list[tuple[Conclusion, tuple[Node, ...]]]:
    """Return the conclusions of a golden case with the steps of each."""
    answer, knowledge = answered(slug), shipped().knowledge
    sentences = Sentences(lexicon(knowledge), answer.facts.case)
    return [(item, nodes([item], proof_of(answer), sentences)) for item in conclusions(answer, knowledge)]


def parsed(svg: str) -> ElementTree.Element:
    """Return a drawing as XML reads it."""
    return ElementTree.fromstring(svg)  # noqa: S314  # we wrote it ourselves


def parts(svg: str, tag: str, look: str = "") -> list[ElementTree.Element]:
    """Return the elements of a drawing that have a tag and a class."""
    root = parsed(svg)
    return [one for one in root.iter(SVG + tag) if look in one.get("class", "").split() or not look]


def text_of(element: ElementTree.Element) -> str:
    """Return all text of an element, with single spaces."""
    return " ".join(" ".join(element.itertext()).split())


@pytest.mark.parametrize("slug", SOME)
def test_every_step_of_a_proof_is_drawn(slug: str) -> None:
    """Each step of the proof has its number, its words and a link to its sentence; nothing else is drawn."""
    proof = proof_of(answered(slug))
    for item, steps in drawn(slug):
        links = parts(drawing(steps, item.title, "How it is read"), "a")
        expected = {step.conclusion for fact in item.facts for step in proof.of(fact)}

        assert len(expected) == len(steps)
        assert [f"#proof-step-{n}" for n in range(1, len(steps) + 1)] == sorted(
            (link.get("href", "") for link in links), key=lambda href: int(href.rpartition("-")[2])
        )
        for link in links:
            step = steps[int(link.get("data-step", "0")) - 1]
            said = f"{step.number} · {SORTS[step.sort]} {step.text}"
            assert said.replace(" ", "").casefold() == text_of(link).replace(" ", "").casefold()


@pytest.mark.parametrize("slug", SOME)
def test_every_line_is_a_premise_and_every_premise_has_a_line(slug: str) -> None:
    """What a step rests on is joined to it; in a large proof, what the knowledge says stands in the box or is named."""
    for item, steps in drawn(slug):
        svg = drawing(steps, item.title, "")
        lines = {(int(one.get("data-from", "0")), int(one.get("data-to", "0"))) for one in parts(svg, "path", "line")}
        known = {step.number for step in steps if step.sort == "known"} if len(steps) > LARGE else set()
        premises = {(step.number, premise) for step in steps for premise in step.premises}

        assert {pair for pair in premises if pair[1] not in known} == lines
        for box in parts(svg, "g", "box"):
            links = [int(link.get("data-step", "0")) for link in box.iter(SVG + "a")]
            rests = {premise for upper, premise in premises if upper == links[0]} & known
            elsewhere = rests - set(links)
            assert set(links[1:]) == {p for p in rests if links[0] == min(u for u, premise in premises if premise == p)}
            named = text_of(box).partition("with ")[2] if elsewhere else ""
            assert elsewhere <= {int(number) for number in named.replace(",", " ").split() if number.isdigit()}


def test_a_large_proof_is_drawn_in_fewer_boxes() -> None:
    """A proof of many steps has fewer boxes than steps, and every step has its number all the same."""
    item, steps = max(drawn("beside-results-for-several-drugs"), key=lambda pair: len(pair[1]))
    svg = drawing(steps, item.title, "")

    assert len(steps) > 2 * LARGE
    assert len(parts(svg, "g", "box")) < len(steps)
    assert len(steps) == len(parts(svg, "a"))


@pytest.mark.parametrize("slug", SOME)
def test_the_sort_of_a_step_is_what_it_is(slug: str) -> None:
    """A step by a rule file says so, and one by OWL that it is an axiom's; the conclusion is marked as such."""
    answer, rules = answered(slug), {rule.name for rule in shipped().knowledge.rules}
    proof = proof_of(answer)
    for step in proof.steps.values():
        if isinstance(step, Derived):
            assert ("rule" if step.rule in rules else "axiom") == sort_of(step)
    for item, steps in drawn(slug):
        assert len(item.facts) == sum(step.sort == "concluded" for step in steps)
        assert "concluded" == steps[0].sort


def test_a_drawing_holds_nothing_but_boxes_lines_and_text() -> None:
    """No style, no script, no address but its own anchors: looks come from the style sheet, and nothing is fetched."""
    steps = drawn(SOME[0])[0][1]
    root = parsed(drawing(steps, "Title", "Description"))
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    attributes = {name for element in root.iter() for name in element.attrib}

    assert {"svg", "title", "desc", "path", "g", "rect", "a", "text"} >= names
    assert not {name for name in attributes if name.startswith("on") or name in {"style", "fill", "stroke"}}
    assert all(element.get("href", "#").startswith("#") for element in root.iter())
    assert ("Title", "Description") == (root.findtext(SVG + "title"), root.findtext(SVG + "desc"))


HOSTILE = '</text></svg><script>alert("x")</script><a href="javascript:alert(1)" onclick=\'x\'>&amp; ]]> <!-- '


def test_hostile_text_is_text() -> None:
    """Whatever a case says, the drawing reads it aloud and obeys none of it."""
    svg = drawing([Node(1, "concluded", HOSTILE, (2,)), Node(2, "said", HOSTILE, ())], HOSTILE, HOSTILE)
    root = parsed(svg)

    assert ["a", "a"] == [one.tag.removeprefix(SVG) for one in root.iter() if "href" in one.attrib]
    assert "script" not in {one.tag.removeprefix(SVG) for one in root.iter()}
    assert HOSTILE == root.findtext(SVG + "title")
    assert HOSTILE.replace(" ", "") in text_of(parts(svg, "a")[1]).replace(" ", "")


@given(st.text(max_size=200))
def test_folded_lines_fit_their_box_and_lose_nothing(text: str) -> None:
    """Lines are as wide as a box at most, and together say all that was said."""
    lines = folded(text)

    assert "".join(text.split()) == "".join("".join(lines).split())
    assert all(width_of(line) <= 184 / 13 or len(line) == 1 for line in lines)
