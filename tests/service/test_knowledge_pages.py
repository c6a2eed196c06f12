"""The knowledge in the service: the same pages that are published, at the same addresses."""

from __future__ import annotations

import re

import pytest

from refractory.site.site import site
from tests.service.served import Served
from tests.support import shipped


@pytest.mark.parametrize("address", ["index.html", "about.html", "terms.html", "sources.html", "rules.html"])
def test_a_page_is_shown(service: Served, address: str) -> None:
    """Each main page is there, under the policy of pages."""
    answer = service.http.get(f"/knowledge/{address}")

    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_what_a_page_links_to_is_there(service: Served) -> None:
    """The links of the first page lead to pages of the service, those of its navigation too."""
    first = service.http.get("/knowledge/").text
    targets = {target.partition("#")[0] for target in re.findall(r'href="([^"]*)"', first)}
    own = sorted(target for target in targets if target and ":" not in target)

    assert len(own) > 10
    assert [] == [target for target in own if service.http.get(f"/knowledge/{target}").status_code != 200]


def test_a_page_is_the_published_one(service: Served) -> None:
    """A term's page says the same, whatever navigation stands above it."""
    address = site(shipped().knowledge).address("valacyclovir-failure-24").partition("#")[0]
    main = re.compile(r"<h1.*</main>", re.DOTALL)
    published = main.search(site(shipped().knowledge).page(address).decode())
    shown = main.search(service.http.get(f"/{address}").text)

    assert published
    assert shown
    assert published[0] == shown[0]


@pytest.mark.parametrize("address", ["nothing.html", "term/Nothing.html", "%2e%2e/pyproject.toml", "term/"])
def test_what_is_not_there_is_told(service: Served, address: str) -> None:
    """Nothing but pages of the knowledge is shown."""
    assert 404 == service.http.get(f"/knowledge/{address}").status_code
