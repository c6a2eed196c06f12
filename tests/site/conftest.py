"""The site of the shipped knowledge, written and read once."""

from __future__ import annotations

from functools import cache

import pytest

from refractory.site.site import Site, site
from tests.site.reading import Reader
from tests.support import shipped


@cache
def _site() -> Site:
    return site(shipped().knowledge)


@cache
def _pages() -> dict[str, Reader]:
    return {path: Reader(_site().page(path).decode()) for path in _site().paths if path.endswith(".html")}


@pytest.fixture(scope="session")
def shipped_site() -> Site:
    """Return the site of the shipped knowledge."""
    return _site()


@pytest.fixture(scope="session")
def pages() -> dict[str, Reader]:
    """Return every page of it, read."""
    return _pages()
