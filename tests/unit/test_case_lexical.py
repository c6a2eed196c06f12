"""Numbers, dates, texts and IRIs are judged by their characters, before any library reads more into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refractory.case import lexical
from refractory.errors import RefractoryError


def fault(check: str, text: str) -> RefractoryError | None:
    """Return the error of a check, or None if the text passes."""
    try:
        getattr(lexical, f"check_{check}")(text, "here")
    except RefractoryError as error:
        return error
    return None


def refused(check: str, text: str) -> bool:
    """Say whether a check refuses a text, as it should: with the exit code of a refusal or a limit, place and fix."""
    error = fault(check, text)
    return error is not None and error.exit_code in {3, 4} and error.place == "here" and bool(error.fix)


@pytest.mark.parametrize("text", ["0", "7", "-7", "70.5", "007", "1" * 32])
def test_a_plain_number_passes(text: str) -> None:
    """Digits, perhaps a minus and a fraction."""
    assert not refused("number", text)


@pytest.mark.parametrize(
    "text",
    ["", "-", "+7", ".5", "5.", "1e3", "1E3", "1_000", "1,000", "1 000", " 7", "7\n",
     "\u0667\u0660", "\uff17", "NaN", "INF", "0x7", "1.2.3", "1" * 33],
)  # fmt: skip
def test_any_other_number_is_refused(text: str) -> None:
    """No exponent, sign, separator, space, other script or special value, and no more than 32 characters."""
    assert refused("number", text)


@pytest.mark.parametrize("text", ["2026-03-10", "2024-02-29", "0001-01-01", "9999-12-31"])
def test_a_day_of_the_calendar_passes(text: str) -> None:
    """YYYY-MM-DD."""
    assert not refused("date", text)


@pytest.mark.parametrize(
    "text",
    ["", "2026-3-10", "20260310", "2026-02-29", "2026-13-01", "2026-00-10", "0000-01-01", "2026-W10-2", "2026-03-10Z",
     "2026-03-10T00:00:00", "-2026-03-10", "\uff12\uff10\uff12\uff16-03-10", "2026-03-10 ", "2026-03-10\n",
     "10/03/2026"],
)  # fmt: skip
def test_any_other_date_is_refused(text: str) -> None:
    """No other order, no time, no zone, no week, and no day that is not in the calendar."""
    assert refused("date", text)


@pytest.mark.parametrize(
    "text",
    ["https://example.org/1", "http://example.org/é?q=1#f", "urn:uuid:1", "https://[::1]:80/x"],
)
def test_an_absolute_iri_passes(text: str) -> None:
    """Of http, https or urn."""
    assert not refused("iri", text)


@pytest.mark.parametrize(
    "text",
    ["", "case", "/case", "//example.org/1", "http:", "http://", "https:///x", "urn:", "urn:x", "ftp://example.org/", "file:///x",
     "data:,x", "javascript:alert(1)", "mailto:a@example.org", "_:b", "HTTP://example.org/", "http://u@example.org/",
     "http://u:p@example.org/", "http://example.org/a b", "http://example.org/\n", "http://example.org/<x>", "http://example.org/\"",
     "http://example.org/\\", "http://example.org/{x}", "http://example.org/%zz", "http://example.org/\u202e",
     "https://w3id.org/refractory/Acyclovir", "https://example.org/" + "x" * 500],
)  # fmt: skip
def test_any_other_iri_is_refused(text: str) -> None:
    """No other scheme, no user, no character that could end the IRI early, nothing of ours, nothing endless."""
    assert refused("iri", text)


@given(st.text())
def test_no_text_is_too_strange_to_be_judged(text: str) -> None:
    """Whatever the characters, each check passes or refuses with an error of ours."""
    faults = [fault(check, text) for check in ("number", "date", "text", "iri")]

    assert all(error is None or (error.place == "here" and error.fix) for error in faults)


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=3))
def test_every_decimal_in_plain_form_passes(value: object) -> None:
    """Python's plain form of a decimal is ours."""
    assert not refused("number", f"{value:f}")


@given(st.dates())
def test_every_date_passes(value: object) -> None:
    """Python's ISO form of a date is ours."""
    assert not refused("date", str(value))
