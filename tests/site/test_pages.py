"""Every page is whole, leads only where something is, and loads nothing from outside."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from refractory.knowledge.knowledge import Knowledge
from refractory.site.publish import publish
from refractory.site.site import SECTIONS, Site, site
from tests.site.reading import Reader, target
from tests.support import ROOT, shipped

INSIDE = (("case", "Case", ""), ("knowledge", "Knowledge", "knowledge/index.html"), ("console", "SPARQL", "console"))


def broken(pages: dict[str, Reader], known: set[str]) -> list[str]:
    """Return the links that lead nowhere; links to other sites are not followed."""
    return [
        f"{path}: {href}"
        for path, page in pages.items()
        for href in page.links
        if not re.match(r"https?:", href)
        for there, anchor in [target(path, href)]
        if there not in known or (anchor and anchor not in pages[there].ids)
    ]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, shipped_site: Site) -> set[str]:
    """Return the paths of all that is published."""
    folder = tmp_path_factory.mktemp("docs")
    publish(shipped_site, folder)
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_page_is_whole(pages: dict[str, Reader]) -> None:
    """Each element is closed and stands where it may; no id stands twice on a page."""
    faults = {path: page.faults for path, page in pages.items() if page.faults}

    assert len(pages) > 1000
    assert {} == faults


def test_the_reader_sees_faults() -> None:
    """What is not closed, stands in the wrong place or is named twice is seen."""
    assert Reader("<p>a<ul><li>b</li></ul></p>").faults
    assert Reader("<div><p>a</div>").faults
    assert Reader('<b id="x">a</b><b id="x">b</b>').faults
    assert Reader("<ul>a</ul>").faults
    assert [] == Reader('<ul><li id="x">a <b>b</b></li></ul>').faults


def test_every_page_has_one_heading_and_says_where_it_is(pages: dict[str, Reader]) -> None:
    """A page has one h1, which its title repeats, a language, and the way to it that ends at itself."""
    for path, page in pages.items():
        (heading,) = page.root.all("h1")
        (crumbs,) = [one for one in page.root.all("nav") if one.attributes.get("aria-label") == "Breadcrumb"]
        steps = crumbs.all("li")

        assert page.root.all("title")[0].text == f"{heading.text} · Refractory", path
        assert page.root.all("html")[0].attributes["lang"] == "en"
        assert steps[-1].text == heading.text, path
        assert path == "knowledge/index.html" or steps[0].text == "Knowledge"
        assert "viewport" in [one.attributes.get("name") for one in page.root.all("meta")]


def test_no_heading_leaves_out_a_level(pages: dict[str, Reader]) -> None:
    """Who reads by headings meets them in order."""
    for path, page in pages.items():
        levels = [int(one.tag[1]) for one in page.root.all() if re.fullmatch("h[1-6]", one.tag)]

        assert [] == [(a, b) for a, b in pairwise(levels) if b > a + 1], path


def test_every_link_leads_somewhere(pages: dict[str, Reader], published: set[str]) -> None:
    """Each page, file, style sheet and anchor that a page names is published."""
    assert [] == broken(pages, published)


def test_a_link_that_leads_nowhere_is_seen(pages: dict[str, Reader], published: set[str]) -> None:
    """An unknown page and an unknown anchor are found."""
    page = Reader(
        '<a href="none.html">a</a><a href="#none">b</a><a href="terms.html#none">c</a><a href="terms.html">d</a>'
    )
    found = broken({**pages, "knowledge/x.html": page}, published)

    assert ["none.html", "#none", "terms.html#none"] == [line.removeprefix("knowledge/x.html: ") for line in found]


def test_links_to_other_sites_are_of_the_web(pages: dict[str, Reader]) -> None:
    """A link has no scheme, or that of the web."""
    for path, page in pages.items():
        assert [] == [
            href for href in page.links if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?<!http:)(?<!https:)", href)
        ], path


def test_nothing_is_loaded_from_outside(pages: dict[str, Reader]) -> None:
    """A browser loads only what lies beside the pages, and runs no script and no style that stands in a page."""
    for path, page in pages.items():
        assert [] == [address for address in page.loaded if not address.startswith("../")], path
        for one in page.root.all():
            assert "style" not in one.attributes, path
            assert [] == [name for name in one.attributes if name.startswith("on")], path
            assert one.tag != "style", path
            assert one.tag != "script" or (one.attributes.get("src") and not one.text), path


def test_style_sheets_and_scripts_load_nothing() -> None:
    """Neither sheet nor script names an address."""
    for name in ("style.css", "site.css", "site.js"):
        text = (ROOT / "src" / "refractory" / "web" / "assets" / name).read_text(encoding="utf-8")

        assert not re.search(r"https?://|@import|url\(|fetch\(|import\s*\(", text), name


def test_the_pages_of_one_source_lead_nowhere_else() -> None:
    """With some of the sources there is no link to a page of another."""
    some = site(Knowledge.load(guidance=["valacyclovir-failure"]))
    pages = {path: Reader(some.page(path).decode()) for path in some.paths if path.endswith(".html")}
    known = {*some.paths, "index.html", "assets/style.css", "assets/site.css", "assets/site.js", "assets/icon.svg"}

    assert "knowledge/source/eacs.html" not in known
    assert [] == broken(pages, known)


def test_in_the_service_the_pages_have_their_own_navigation() -> None:
    """Where the main navigation has other parts, those of the knowledge stand beside it, and links stay the same."""
    inside = site(shipped().knowledge, INSIDE)
    page = Reader(inside.page("knowledge/rules.html").decode())
    navs = {one.attributes["aria-label"]: one for one in page.root.all("nav")}

    assert inside.paths == site(shipped().knowledge).paths
    assert [label for _, label, _ in INSIDE] == [one.text for one in navs["Main"].all("a")]
    assert [label for _, label, _ in SECTIONS] == [one.text for one in navs["Knowledge"].all("a")]
    assert ["Rules"] == [one.text for one in navs["Knowledge"].all("a") if "aria-current" in one.attributes]
    assert ["Knowledge"] == [one.text for one in navs["Main"].all("a") if "aria-current" in one.attributes]


def test_a_page_that_is_not_there_is_said_to_be_missing(shipped_site: Site) -> None:
    """An unknown path, or one that climbs, is a KeyError."""
    for path in ("knowledge/none.html", "knowledge/files/../../README.md", "README.md", ""):
        with pytest.raises(KeyError):
            shipped_site.page(path)
