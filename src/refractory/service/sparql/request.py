"""What a request of the SPARQL 1.1 Protocol asks, read strictly: from the URL, from a form, or from a bare query."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from refractory.errors import LimitError, RefusedError, UsageError
from refractory.knowledge.names import did_you_mean
from refractory.query.run import Dataset

FORM: Final = "application/x-www-form-urlencoded"
QUERY: Final = "application/sparql-query"

WARNING: Final = "Refractory-Warning"
"""The header of an answer that says what to look at in the query if the answer surprises; one for each warning."""

_DEFAULT: Final = "default-graph-uri"
_NAMED: Final = "named-graph-uri"
_OURS: Final = ("query", _DEFAULT, _NAMED, "case")
_OF_UPDATES: Final = frozenset({"update", "using-graph-uri", "using-named-graph-uri"})
# What client libraries add for servers that do not heed `Accept`; this one does.
_OF_CLIENTS: Final = frozenset({"format", "output", "results"})
_MAX_FIELDS: Final = 100

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks.

    Attributes:
        text: The query.
        dataset: The graphs that it is asked of.
        case: The case that comes with it, if any.
        warnings: What was passed over.
    """

    text: str
    dataset: Dataset
    case: str | None
    warnings: tuple[str, ...]


def asked(media: str, url: str, body: bytes) -> Asked:
    """Read a request.

    Args:
        media: The media type of the body, or an empty string where it does not count, as in a GET.
        url: The query string of the URL, percent-encoded.
        body: The body.

    Raises:
        UsageError: It has not exactly one query, or more than one case.
        RefusedError: It is no UTF-8, asks for an update, or has a case in its URL.
        LimitError: It has more fields than anybody needs.
    """
    in_url = _pairs(url, "the URL")
    in_body = _pairs(_decoded(body, "the body"), "the body") if media == FORM else []
    if any(key == "case" for key, _ in in_url):
        raise RefusedError(
            "a case stands in the URL.",
            why="URLs are kept in logs and histories, and a case is a patient's.",
            fix=f"POST it with the query, as the field `case` of a form ({FORM}).",
        )
    pairs = in_url + in_body
    if found := sorted(_OF_UPDATES & {key for key, _ in pairs}):
        raise RefusedError(
            f"{found[0]} is not allowed: updates are not taken.",
            why="Queries read; nothing is changed.",
            fix="Use query.",
        )
    if media == QUERY:
        pairs.append(("query", _decoded(body, "the query")))
    texts, cases = _values(pairs, "query"), _values(pairs, "case")
    if len(texts) != 1:
        what = "there is no query" if not texts else f"there are {len(texts)} queries"
        raise UsageError(f"{what}, and one is asked at a time.", fix="Give the parameter `query` once.")
    if len(cases) > 1:
        raise UsageError(f"there are {len(cases)} cases.", fix="Give one case, or none.")
    dataset = Dataset(_values(pairs, _DEFAULT), _values(pairs, _NAMED))
    return Asked(texts[0], dataset, cases[0] if cases else None, _passed_over(pairs))


def _values(pairs: Pairs, key: str) -> tuple[str, ...]:
    return tuple(value for name, value in pairs if name == key)


def _pairs(text: str, where: str) -> Pairs:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except UnicodeDecodeError:
        raise _no_utf8(where) from None
    except ValueError:
        raise LimitError(f"{where} has more than {_MAX_FIELDS} fields.", fix="Give fewer.") from None


def _decoded(body: bytes, what: str) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise _no_utf8(what) from None


def _no_utf8(what: str) -> RefusedError:
    return RefusedError(f"{what} is not written in UTF-8.", fix="Write it in UTF-8.")


def _passed_over(pairs: Pairs) -> tuple[str, ...]:
    """Return a warning for each parameter that is not known: misspelt, it would change the answer in silence."""
    unknown = dict.fromkeys(key for key, _ in pairs if key not in _OURS and key not in _OF_CLIENTS)
    return tuple(
        f"The parameter {key[:40]!r} is not known and was passed over. "
        f"{did_you_mean(difflib.get_close_matches(key[:40], _OURS, n=1))}".strip()
        for key in unknown
    )
