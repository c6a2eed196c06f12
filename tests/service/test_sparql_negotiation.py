"""Which form is sent, whatever `Accept` says; one place decides it for every route."""

from __future__ import annotations

import time

import pytest

from refractory.service.negotiation import chosen
from tests.service.served import Served
from tests.support import CASES

FORMS = ("application/json", "text/turtle", "text/html")
CASE = (CASES / "only-id" / "case.json").read_bytes()


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", "application/json"),
        ("text/*", "text/turtle"),
        ("text/html", "text/html"),
        ("text/html;q=0.2, text/turtle;q=0.3", "text/turtle"),
        ("text/html, */*", "text/html"),
        ("text/html, */*;q=0.9", "text/html"),
        ("application/json;q=0, */*;q=0.1", "text/turtle"),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("image/png", None),
        ("Text/HTML", "text/html"),
        ("text/html; charset=utf-8", "text/html"),
        ("text/html;level=1", "text/html"),
        ("*", "application/json"),
        ("text/html,,", "text/html"),
        ("text", None),
        ("a/b/c", None),
        (";;;", None),
        ("text/html;q=nan", "text/html"),
        ("text/html," * 1_000, None),
    ],
)
def test_what_is_liked_best_is_sent(accept: str, form: str | None) -> None:
    """The most specific range counts, then its q value, then our order; what cannot be read accepts nothing."""
    assert form == chosen(FORMS, accept)


def test_a_long_wish_takes_no_time() -> None:
    """It is weighed where others wait."""
    began = time.perf_counter()
    chosen(FORMS, "text/html;q=0.1," * 100_000)

    assert time.perf_counter() - began < 0.05


@pytest.mark.parametrize("accept", ["nonsense", "a/b/c", ";q=1"])
def test_a_wish_that_cannot_be_read_is_no_fault_of_ours(service: Served, accept: str) -> None:
    """Every route answers it with a refusal, and none with an error of its own."""
    headers = {"Accept": accept, "Content-Type": "application/json"}
    answers = [
        service.http.post("/assess", content=CASE, headers=headers),
        service.http.get("/sparql", headers=headers),
        service.http.get("/sparql?query=ASK{}", headers=headers),
        service.http.get("/.well-known/void", headers=headers),
    ]

    assert [406, 400, 406, 406] == [answer.status_code for answer in answers]


def test_two_headers_are_one_list(service: Served) -> None:
    """`Accept` may come in parts."""
    headers = [("Accept", "image/png"), ("Accept", "text/csv")]

    assert service.http.get("/sparql?query=ASK{}", headers=headers).headers["content-type"].startswith("text/csv")
