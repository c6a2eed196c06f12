"""One running service for the tests that change nothing of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service.served import Served, served


@pytest.fixture(scope="session")
def service() -> Iterator[Served]:
    """Return a service on loopback, without tokens."""
    with served() as running:
        yield running
