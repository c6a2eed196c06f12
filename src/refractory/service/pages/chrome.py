"""What every page of the service has around it, and with which headers it goes out."""

from __future__ import annotations

from typing import Any, Final

from refractory.web.pages import page

NAVIGATION: Final = (
    ("case", "Case", ""),
    ("knowledge", "Knowledge", "knowledge/index.html"),
    ("console", "SPARQL", "console"),
    ("about", "About", "knowledge/about.html"),
)
"""The parts of the service: name, label, and where each is."""

HTML: Final = "text/html"

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Without any referrer, a browser would say that a form comes from nowhere, and the guards would turn it away.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""The headers of a page: everything from here, nothing inline, nothing framed; no URL of ours holds a case."""


def case_page(template: str, **values: Any) -> bytes:
    """Return a page of the part that assesses cases."""
    return page(template, navigation=NAVIGATION, here="case", **{"root": "./", **values}).encode()
