"""How a number, a date, a text and an IRI are written. The libraries below read more, and make of it what was not said.

rdflib reads `1_000`, Arabic digits and `1E5` as decimals and `"yes"` as a boolean that is false; so each literal is
checked here, by its characters, before any library interprets it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Final

from pyoxigraph import Literal, NamedNode

from refractory.case.limits import MAX_NUMBER, MAX_TEXT
from refractory.case.showing import shown
from refractory.errors import LimitError, RefusedError
from refractory.vocabulary import NAMESPACE, Xsd

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AUTHORITY = re.compile(r"https?://([^/?#]+)")
_URN = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:.+")
_FORBIDDEN_IN_IRI = re.compile(r"[\s\"'<>\\^`{|}]")


def check_number(text: str, place: str) -> None:
    """Refuse what is not a plain decimal number: digits, perhaps a minus before them and a fraction behind.

    Raises:
        RefusedError: It has an exponent, a plus sign, separators, or digits that are not ASCII.
        LimitError: It is longer than `MAX_NUMBER` characters.
    """
    if len(text) > MAX_NUMBER:
        raise LimitError(f"a number of more than {MAX_NUMBER} characters.", place=place, fix="Round it.")
    if not _NUMBER.fullmatch(text):
        raise RefusedError(
            f"{shown(text)} is not a plain decimal number.",
            place=place,
            fix="Write it as 1000 or 70.5: digits, at most one point; no exponent, plus sign, separator or unit.",
        )


def check_date(text: str, place: str) -> None:
    """Refuse what is not a day of the calendar written YYYY-MM-DD.

    Raises:
        RefusedError: It is written otherwise, has a time or a time zone, or there is no such day.
    """
    if not _DATE.fullmatch(text):
        raise RefusedError(
            f"{shown(text)} is not a plain date.",
            place=place,
            fix="Write year, month and day as YYYY-MM-DD, such as 2026-03-10: no time, no time zone.",
        )
    try:
        date.fromisoformat(text)
    except ValueError:
        raise RefusedError(
            f"there is no day {text}.", place=place, fix="Give a day of the calendar, as YYYY-MM-DD."
        ) from None


def check_text(text: str, place: str) -> None:
    """Refuse a text that is empty or has characters that no reader sees.

    Raises:
        RefusedError: It is blank, or has control, formatting or unassigned characters.
        LimitError: It is longer than `MAX_TEXT` characters.
    """
    if len(text) > MAX_TEXT:
        raise LimitError(f"a text of more than {MAX_TEXT} characters.", place=place, fix="Shorten it.")
    if not text.strip():
        raise RefusedError("the text is empty.", place=place, fix="Say something, or leave it out.")
    for character in text:
        # C: control, formatting, surrogate, private, unassigned. Zl and Zp: line and paragraph separators.
        if unicodedata.category(character)[0] == "C" or character in "\u2028\u2029":
            raise RefusedError(
                f"the text has the control character U+{ord(character):04X}.", place=place, fix="Take it out."
            )


def check_iri(text: str, place: str, limit: int = MAX_TEXT) -> None:
    """Refuse what cannot name a thing of a case: an IRI must be absolute, http, https or urn, and not one of ours.

    Raises:
        RefusedError: It is relative, of another scheme, malformed, carries a user name, or is in our namespace.
        LimitError: It is longer than the limit.
    """
    if len(text) > limit:
        raise LimitError(f"an IRI of more than {limit} characters.", place=place, fix="Give it a shorter one.")
    authority = _AUTHORITY.match(text)
    if not authority and not _URN.fullmatch(text):
        raise RefusedError(
            f"{shown(text)} is not an absolute IRI of http, https or urn.",
            place=place,
            fix="Write one such as https://example.org/case/1 or urn:uuid:...; nothing is ever fetched from it.",
        )
    if authority and "@" in authority[1]:
        raise RefusedError(
            "the IRI carries a user name or password.", place=place, fix="Take out what stands before the @."
        )
    if _FORBIDDEN_IN_IRI.search(text) or not text.isprintable():
        raise RefusedError(
            f"{shown(text)} has a character that no IRI may have.", place=place, fix="Write it percent-encoded."
        )
    if text.startswith(NAMESPACE):
        raise RefusedError(
            "the IRI is in Refractory's own namespace.",
            place=place,
            why="A case may not re-describe our terms.",
            fix="Name the case and its parts in a namespace of your own, such as https://example.org/case/1.",
        )
    try:
        NamedNode(text)
    except ValueError as error:
        raise RefusedError(f"{shown(text)} is not an IRI: {error}.", place=place, fix="Write it as one.") from error


_CHECKS: Final[Mapping[NamedNode, Callable[[str, str], None]]] = {
    Xsd.DECIMAL: check_number,
    Xsd.DATE: check_date,
    Xsd.STRING: check_text,
}


def literal(text: str, datatype: NamedNode, place: str) -> Literal:
    """Return a checked literal that keeps its characters.

    Raises:
        RefusedError: The text is not written as its datatype is.
        LimitError: It is longer than allowed.
    """
    # The same doses, ages and days come in case after case; what is long is not worth remembering.
    found = _checked(text, datatype) if len(text) <= MAX_NUMBER else None
    if found is None:
        _CHECKS[datatype](text, place)
        found = Literal(text, datatype=datatype)
    return found


@lru_cache(maxsize=8_192)
def _checked(text: str, datatype: NamedNode) -> Literal | None:
    """Return a literal that is written as its datatype is, else None."""
    try:
        _CHECKS[datatype](text, "")
    except (RefusedError, LimitError):
        return None
    return Literal(text, datatype=datatype)
