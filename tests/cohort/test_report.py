"""A report is one file that loads nothing, says in words what its pictures show, and is always the same."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from refractory.cohort.summary.report import report
from refractory.cohort.summary.reporting.drawing import INKS, number, percent
from refractory.cohort.summary.reporting.pictures import ONE, Bar, Series, Stage, bars, flow, measured, shares
from refractory.cohort.summary.summary import summarize
from refractory.web.pages import ASSETS
from tests.cohort.answered import assessor, folder, simulated, truth
from tests.support import NOTE, shipped

COUNT = 150
LOADING = {"script", "iframe", "object", "embed", "img", "image", "link", "base", "video", "audio", "foreignobject"}


class Reader(HTMLParser):
    """Collects elements with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return a summary with all that it can have."""
    records = simulated(COUNT)
    lines = [one.line for one in records]
    place = tmp_path_factory.mktemp("report")
    out = folder(place / "all", lines, assessor())
    other = folder(place / "note", lines, assessor((NOTE,)))
    return summarize(out, shipped().knowledge, truth=truth(records, place / "truth.ndjson"), others=(other,))


@pytest.fixture(scope="module")
def page(said: dict[str, Any]) -> str:
    """Return its report."""
    return report(said, title="A cohort & more")


def outside(page: str) -> list[str]:
    """Return what of a page would be loaded, run or followed to elsewhere."""
    reader = Reader(page)
    found = [tag for tag, _ in reader.elements if tag in LOADING]
    for _, attributes in reader.elements:
        found += [name for name in attributes if name.startswith("on")]
        found += [
            value
            for name, value in attributes.items()
            if name in ("href", "xlink:href", "src", "srcset", "action", "data", "poster") and not value.startswith("#")
        ]
    found += re.findall(r"url\((?!#)[^)]*\)|@import|https?://[^\s\"'<]*", page)
    return found


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    """No script, no style, no font, no picture and no link leads out of the file; examples are text."""
    assert {one for one in outside(page) if not one.startswith("https://example.org/simulated/")} == set()


def test_the_check_sees_what_leads_outside() -> None:
    """It would see an image, a font of a style, a script, and a link."""
    for bad in (
        '<img src="x.png">', "<style>@import 'x';</style>", "<style>a{background:url(x.png)}</style>",
        "<script></script>", '<a href="https://other.example/">x</a>', '<p onclick="x()">', '<use xlink:href="x#a"/>',
    ):  # fmt: skip
        assert outside(bad), bad


def test_the_same_numbers_make_the_same_bytes(said: dict[str, Any], page: str) -> None:
    """No date and no chance is in it."""
    assert report(said, title="A cohort & more") == page
    assert not re.search(r"\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T", page)


def test_every_picture_is_told_in_words(page: str) -> None:
    """Each has a name and a description, which exist, and its numbers stand in a table after it."""
    reader = Reader(page)
    pictures = [one for one in reader.named("svg") if one.get("class") == "picture"]
    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(pictures) >= 9
    assert len(ids) == len(set(ids))
    for one in pictures:
        assert one["role"] == "img"
        assert set(one["aria-labelledby"].split()) <= set(ids)
    assert all(len(text) > 40 for text in re.findall(r"<desc[^>]*>([^<]*)</desc>", page))
    assert len(reader.named("table")) >= len(pictures)
    assert len(reader.named("caption")) == len(reader.named("table"))


def test_links_within_the_page_lead_somewhere(page: str) -> None:
    """Contents lead to headings, and pictures to what they define."""
    reader = Reader(page)
    ids = {attributes.get("id") for _, attributes in reader.elements}
    targets = [value[1:] for _, one in reader.elements for value in [one.get("href", "")] if value.startswith("#")]
    targets += re.findall(r"url\(#([^)]+)\)", page)
    assert len(targets) > 9
    assert set(targets) <= ids


def test_the_numbers_are_those_of_the_summary(said: dict[str, Any], page: str) -> None:
    """Each step stands in the page with its number, each action with its label, each rejection with its reason."""
    text = " ".join(Reader(page).words)
    for step in said["flow"]["steps"]:
        assert re.search(rf"{step['says']}\s+{number(step['patients'])}\s", text), step
    for one in said["actions"]:
        assert said["labels"][one["action"]] in text
    for one in said["rejected"][:24]:
        assert one["message"] in text
    assert said["answeredBy"]["knowledgeHash"] in text
    assert "A cohort & more" in text


def test_words_are_escaped_wherever_they_stand(said: dict[str, Any]) -> None:
    """A name that looks like markup or like a formula is shown as it is, in tables and in pictures."""
    evil = "<script>alert(1)</script> & $x^2$"
    action = said["actions"][0]["action"]
    again = report({**said, "labels": {**said["labels"], action: evil}}, title=evil)
    assert Reader(again).named("script") == []
    shown = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; $x^2$"
    assert re.search(rf"<text[^>]*>{re.escape(shown)}</text>", again)
    assert f'<th scope="row">{shown}</th>' in again
    assert f"<h1>{shown}</h1>" in again


def test_a_cohort_of_nobody_has_a_report(said: dict[str, Any]) -> None:
    """Where nothing was counted, sections are left out, and shares of nothing are a dash."""
    steps = [{**step, "patients": 0, "leave": []} for step in said["flow"]["steps"]]
    nobody: dict[str, Any] = {
        name: [] if isinstance(value, list) else value for name, value in said.items() if name != "recall"
    }
    nobody["flow"] = {**said["flow"], "steps": steps, "notCounted": 0}
    nobody["records"] = dict.fromkeys(said["records"], 0)
    nobody["missing"] = {"by": "hypotheses", "keeps": [], "facts": []}
    page = report(nobody, title="Nobody")
    assert len([one for one in Reader(page).named("svg") if one.get("class") == "picture"]) == 1
    assert "\N{EN DASH} of those before" in page


def test_colors_are_the_pages_own(page: str) -> None:
    """A picture has no color but those that the style gives it, in light, in dark and on paper."""
    style = (ASSETS / "cohort.css").read_text(encoding="utf-8") + (ASSETS / "style.css").read_text(encoding="utf-8")
    for picture in re.findall(r"<svg class=\"picture\".*?</svg>", page, re.DOTALL):
        assert not re.search(r"(?:fill|stroke): ?#(?!000000)[0-9a-f]{6}", picture)
        assert set(re.findall(r"var\(--([a-z0-9-]+)\)", picture)) <= INKS.keys()
    for ink in INKS:
        assert style.count(f"--{ink}:") >= 2, ink


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colors_stand_out(scheme: int) -> None:
    """Each ink has 4.5:1 on its ground, so that words on it or of it are read; a bar that has no words on it 3:1."""
    style = "".join((ASSETS / name).read_text(encoding="utf-8") for name in ("style.css", "cohort.css"))
    found: dict[str, list[str]] = {}
    for name, color in re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", style):
        found.setdefault(name, []).append(color)
    ground = found["ground"][scheme]
    checked = {name: contrast(found[name][scheme], ground) for name in INKS if name not in ("ground", "line")}
    assert len(checked) == 10
    assert {name: ratio for name, ratio in checked.items() if ratio < (3 if name == "leave" else 4.5)} == {}


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors as WCAG defines it."""

    def luminance(color: str) -> float:
        parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("part", "of", "shown"),
    [
        (0, 0, "\N{EN DASH}"), (0, 9, "0.0 %"), (1, 5_000, "<0.1 %"), (1, 16, "6.2 %"), (1, 3, "33 %"),
        (1_350, 1_356, ">99 %"), (7, 7, "100 %"),
    ],
)  # fmt: skip
def test_a_share_never_says_none_or_all_of_what_is_not(part: int, of: int, shown: str) -> None:
    """What is little is not nothing, and what is nearly all is not all."""
    assert percent(part, of).replace("\u202f", " ") == shown


def test_bars_are_as_long_as_their_numbers() -> None:
    """Of two bars, the one of twice as many patients is twice as long; a legend names only what is to be seen."""
    two = Series(("good", "bad", "never"), ("ink-1", "ink-2", "ink-3"))
    picture = bars("b", [Bar("one", (10, 0, 0)), Bar("two", (10, 10, 0))], two, title="Bars")
    wide = [width(path) for path in re.findall(r'<path d="([^"]+)" clip-path', picture)]
    wide = [one for one in wide if one > 20]
    assert len(wide) == 3
    assert wide == pytest.approx([wide[0]] * 3, rel=0.01)
    assert "good" in picture
    assert "never" not in picture


def width(path: str) -> float:
    """Return how wide a path is."""
    across = [float(x) for x in re.findall(r"[ML] ([0-9.]+) ", path)]
    return max(across) - min(across)


def test_pictures_of_little_are_drawn() -> None:
    """One patient of a million is seen, and a picture without rows or measures is no error."""
    stages = [Stage("all", 1_000_000, (("gone", 999_999),)), Stage("left", 1, ())]
    falling = flow("f", stages, title="Flow")
    paths = [width(path) for path in re.findall(r'<path d="([^"]+)" clip-path', falling)]
    assert min(one for one in paths if one) > 0.5
    assert "gone 999999" in falling
    assert "<desc" in shares("s", [Bar("none", (0,))], ONE, title="Shares")
    assert "<desc" in measured("m", [], Series(("a", "b"), ("ink-1", "ink-2")), title="Measured")


def test_the_report_is_written_for_any_number_of_steps_and_values(said: dict[str, Any]) -> None:
    """Steps and values that the flow's file adds find their ink."""
    steps = [*said["flow"]["steps"], {"id": "more", "says": "more", "stays": "more", "patients": 0, "leave": []}]
    populations = [{**one, "steps": {**one["steps"], "more": 0}} for one in said["populations"]]
    order = {name: [*values, "Other"] for name, values in said["order"].items()}
    page = report(
        {**said, "flow": {**said["flow"], "steps": steps}, "populations": populations, "order": order}, title="More"
    )
    assert "more" in Reader(page).words


def test_with_questions_what_decides_comes_first(tmp_path: Path) -> None:
    """Facts that would change the status of the flow's drug have a picture of their own, before all others."""
    out = folder(tmp_path, [one.line for one in simulated(60)], assessor(questions=True))
    page = report(summarize(out, shipped().knowledge), title="Asked")
    ids = [one["aria-labelledby"].split()[0] for one in Reader(page).named("svg") if one.get("class") == "picture"]
    assert ids[1:4] == ["keeps-title", "deciding-title", "missing-title"]
    assert "run with --questions" not in page


def test_a_file_name_in_the_report_is_that_of_the_folder(said: dict[str, Any], page: str) -> None:
    """No path of the machine that wrote it is in a report, only the name of what was compared with."""
    assert f"Compared with the answers in {Path('note').name}" in page
    assert "/tmp" not in page  # noqa: S108  # looked for, not used
    assert said["comparisons"][0]["with"]["folder"] == "note"
