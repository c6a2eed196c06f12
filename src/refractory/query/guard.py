"""Decides whether a query may run: it may read what we hold, and nothing else.

Our SPARQL engine would follow `SERVICE` to any address, and it overflows its stack on queries of absurd depth. So
each text is read by a small tokenizer first, which knows strings, comments and IRIs: the word SERVICE in a string, a
variable or a name is harmless, and the keyword never is. Where a text could be read in two ways, one of which might
hide a keyword, it is refused; the message says how to write it plainly.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from typing import Final

from refractory.errors import LimitError, RefractoryError, RefusedError, UsageError
from refractory.knowledge.names import did_you_mean
from refractory.query.checked import Checked, Named, Scan
from refractory.query.prefixes import KNOWN
from refractory.query.tokens import CODE, caret, decoded, iri_of, kind_of, line_and_column, place_of, tokens

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 100
# Chains of operators nest in the engine's tree as brackets do; a thread with a small stack crashes at about 400.
MAX_OPERATORS: Final = 250
# The engine plans joins in a time that grows with the fourth power of their number: 120 take seconds, 1,000 hours.
MAX_PATTERNS: Final = 120

_FORMS: Final = {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"}
_UPDATES: Final = {"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH", "USING"}
_OUTSIDE: Final = ("SERVICE", "FROM", "LOAD")
_CLOSES: Final = {")": "(", "]": "[", "}": "{"}
_OPERATORS: Final = frozenset("!+-*/|^&=<>")
# What may be the left side of `<`, so that a following `<...>` might be a comparison and not an IRI.
_OPERANDS: Final = {"iri", "string", "language", "variable", "blank", "name", "digits", "word"}
# After these words a star asks for all variables.
_ASKING: Final = {"SELECT", "DISTINCT", "REDUCED", "DESCRIBE"}


def check(text: str, graphs: Collection[str] = ()) -> Checked:
    """Admit a query, or say why not.

    Args:
        text: A SPARQL 1.1 query.
        graphs: The names of the graphs that there are; FROM may name these and no other.

    Raises:
        RefusedError: It would reach outside or change something.
        LimitError: It is larger or deeper than allowed.
        UsageError: It is not a query, or not one that can be read in one way only.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise LimitError(f"the query is larger than {MAX_BYTES // 1024} KiB.", fix="Ask a shorter question.")
    scan = Scan(graphs)
    for match in tokens(text):
        _look(scan, match)
    if not scan.form:
        raise UsageError("the text holds no query.", place="line 1, column 1", fix=_HOW_TO_BEGIN)
    if scan.brackets or scan.dataset:
        what = "a bracket is never closed" if scan.brackets else "FROM names no graph"
        fix = "Close each `{`, `(` and `[`." if scan.brackets else "Write FROM <...>, and the query after it."
        raise UsageError(_pointed(what, text, len(text)), place=place_of(text, len(text)), fix=fix)
    return scan.checked


_HOW_TO_BEGIN = "Begin with SELECT, ASK, CONSTRUCT or DESCRIBE, after the prefixes."


def _look(scan: Scan, match: re.Match[str]) -> None:
    """Take one token in."""
    kind, token = kind_of(match), match.group()
    if scan.dataset and kind != "comment":
        _look_at_dataset(scan, match, kind)
        scan.previous = (kind, token)
        return
    match kind:
        case "comment":
            if re.search(r"\\[uU]", token):
                raise _two_readings(match, "an escaped character in a comment")
            return
        case "string":
            _look_at_string(match, token)
        case "iri":
            _look_at_iri(scan, match, token)
        case "variable":
            _look_at_variable(scan, match, token[1:])
        case "name":
            _look_at_name(scan, match)
        case "word":
            _look_at_word(scan, match, token.upper())
        case "sign":
            _look_at_sign(scan, match, token)
    _count_patterns(scan, match, kind)
    scan.previous = (kind, token)


def _look_at_string(match: re.Match[str], token: str) -> None:
    if token in {'""', "''"} and match.string[match.end() : match.end() + 1] == token[0]:
        raise _error(UsageError, match, "a long string is never closed", "Close it with three quotation marks.")
    if any(decoded(code) in "\"'\\\r\n" for code in re.findall(CODE, token)):
        raise _two_readings(match, "an escaped quotation mark, backslash or line end", 'Write it as \\", \\\\ or \\n.')


def _look_at_iri(scan: Scan, match: re.Match[str], token: str) -> None:
    if any(decoded(code) in '<>"{}|^`\\' or decoded(code) <= " " for code in re.findall(CODE, token)):
        raise _two_readings(match, "an escaped character that no IRI may hold", "Write it in percent encoding.")
    kind, before = scan.previous
    compares = kind in _OPERANDS or before in {")", "]"}
    in_expression = scan.brackets[-1:] == ["("] and not scan.in_data
    if in_expression and compares and re.search(r"[#'()]", token):
        what = f"{token} after {before}, either an IRI or a comparison"
        raise _two_readings(match, what, "Use a prefix, or put a space after `<`.")
    if scan.declares is not None:
        scan.prefixes[scan.declares] = iri_of(match, {})
        scan.declares = None
    elif scan.form:
        _note(scan, match)


def _look_at_name(scan: Scan, match: re.Match[str]) -> None:
    prefix = match.group("prefix")
    for keyword in ("SERVICE", "SERVICESILENT", "FROM", "FROMNAMED"):
        if prefix.upper().endswith(keyword):
            raise _two_readings(match, f"a prefix that ends in {keyword}", "Call the prefix something else.")
    if scan.previous[1].upper() == "PREFIX" and not scan.form:
        scan.declares = prefix
        scan.prefixes[prefix] = ""
        return
    _look_at_prefix(scan, match, prefix)
    _note(scan, match)


def _look_at_prefix(scan: Scan, match: re.Match[str], prefix: str) -> None:
    if prefix in scan.prefixes:
        return
    fix = f"Begin the query with `PREFIX {prefix}: <{KNOWN.get(prefix, '...')}>`."
    if prefix not in KNOWN:
        near = difflib.get_close_matches(prefix, {**KNOWN, **scan.prefixes}, n=2)
        fix = f"{did_you_mean(f'{name}:' for name in near)} {fix}".strip()
    raise _error(UsageError, match, f"the prefix {prefix}: is not declared", fix)


def _note(scan: Scan, match: re.Match[str]) -> None:
    """Remember an IRI that the query itself names."""
    iri = iri_of(match, scan.prefixes)
    named = Named(iri, match.group(), place_of(match.string, match.start()))
    if scan.previous[1].upper() == "GRAPH":
        scan.graphs.setdefault(iri, named)
    else:
        scan.terms.setdefault(iri, named)


def _look_at_variable(scan: Scan, match: re.Match[str], name: str) -> None:
    # What a SELECT calls its columns is used by whoever reads them.
    named_by_select = scan.head is not None and scan.previous[1].upper() == "AS"
    scan.uses[name] = scan.uses.get(name, 0) + 1 + named_by_select
    scan.places.setdefault(name, place_of(match.string, match.start()))
    if scan.head == len(scan.brackets):
        scan.columns.add(name)


def _look_at_dataset(scan: Scan, match: re.Match[str], kind: str) -> None:
    """Take in what stands after FROM: one of our own graphs."""
    if kind == "word" and match.group().upper() == "NAMED" and scan.dataset == "FROM":
        scan.dataset = "FROM NAMED"
        return
    if kind not in {"iri", "name"}:
        raise _error(
            UsageError, match, f"{scan.dataset} needs the IRI of a graph here", f"Known are {_list(scan.own)}."
        )
    if kind == "name":
        _look_at_prefix(scan, match, match.group("prefix"))
    iri = iri_of(match, scan.prefixes)
    if iri not in scan.own:
        raise _error(
            RefusedError,
            match,
            f"there is no graph <{iri}> here",
            f"There are {_list(scan.own)}. Write the name whole, or with a prefix.",
            "A query reads only what is loaded, and nothing is ever fetched.",
        )
    (scan.default if scan.dataset == "FROM" else scan.named).append(iri)
    scan.dataset = ""


def _list(graphs: Collection[str]) -> str:
    return ", ".join(f"<{name}>" for name in graphs)


def _look_at_word(scan: Scan, match: re.Match[str], word: str) -> None:
    if word == "FROM" and scan.own and scan.form and not scan.brackets:
        scan.dataset, scan.head = word, None
        return
    for keyword in _OUTSIDE:
        if keyword in word:
            raise _error(
                RefusedError,
                match,
                f"{keyword} is not allowed",
                "Ask about the knowledge and the case alone; take the keyword out.",
                "A query reads only what is loaded, and nothing is ever fetched.",
            )
    if not scan.form and word not in {"BASE", "PREFIX", "VERSION"}:
        if word in _UPDATES:
            why = "Queries read; nothing is changed."
            raise _error(RefusedError, match, f"{word} is not allowed", "Ask with SELECT.", why)
        if word not in _FORMS:
            raise _error(UsageError, match, f"{match.group()!r} begins no query", _HOW_TO_BEGIN)
        scan.form = word
    if word in {"SELECT", "DESCRIBE"}:
        scan.head = len(scan.brackets)
    if word == "WHERE":
        # CONSTRUCT WHERE has its pattern as its template, so that each of its variables is asked for.
        scan.starred |= scan.form == "CONSTRUCT" and not scan.opened
        scan.head = None
    if word == "VALUES":
        scan.data_next = True
        scan.patterns += 1
    if word == "ORDER" and not scan.brackets:
        scan.ordered = True


def _look_at_sign(scan: Scan, match: re.Match[str], sign: str) -> None:
    if sign == "\\":
        raise _two_readings(match, "a backslash outside a string or an IRI", "Write the character itself.")
    if sign in {'"', "'"}:
        raise _error(UsageError, match, "a string is never closed, or holds an unknown escape", "Close the string.")
    if sign in {"<<", "{|", "|}", "~"}:
        raise _error(UsageError, match, f"{sign} is not SPARQL 1.1", "Ask with plain triple patterns.")
    if sign in _OPERATORS and not scan.in_data:
        _count(scan, match)
    if sign == "*" and scan.previous[1].upper() in _ASKING:
        scan.starred = True
    if sign == "{":
        scan.opened, scan.head = True, None
    if sign in _CLOSES.values():
        data = sign == "{" and scan.data_next
        if data:
            scan.data_next = False
        if not scan.in_data:
            _count(scan, match)
        scan.brackets.append("values" if data else sign)
        if len(scan.brackets) > MAX_DEPTH:
            raise _error(LimitError, match, f"the query nests deeper than {MAX_DEPTH}", "Nest less.")
    elif sign in _CLOSES:
        opened = scan.brackets.pop() if scan.brackets else ""
        if opened.replace("values", "{") != _CLOSES[sign]:
            raise _error(UsageError, match, f"this {sign} closes nothing", "Close each bracket by its own kind.")


def _count(scan: Scan, match: re.Match[str]) -> None:
    scan.operators += 1
    if scan.operators > MAX_OPERATORS:
        what = f"the query has more than {MAX_OPERATORS} brackets and operators"
        raise _error(LimitError, match, what, "Ask in parts.")


def _count_patterns(scan: Scan, match: re.Match[str], kind: str) -> None:
    """Count what makes another triple pattern or group: separators, brackets, steps of a path, members of a list."""
    innermost, sign = scan.brackets[-1] if scan.brackets else "", match.group()
    if scan.in_data:
        return
    if innermost == "(":
        # Side by side in parentheses stand the members of a list, each of which is two triples.
        scan.patterns += 2 * (kind in _OPERANDS and scan.previous[0] in _OPERANDS)
    elif kind == "sign":
        scan.patterns += sign in {".", ";", ",", "{", "["}
    scan.patterns += kind == "sign" and sign == "/"
    if scan.patterns > MAX_PATTERNS:
        raise _error(LimitError, match, f"the query has more than {MAX_PATTERNS} triple patterns", "Ask in parts.")


def _two_readings(match: re.Match[str], what: str, fix: str = "Write the character itself.") -> RefractoryError:
    return _error(RefusedError, match, f"the query has {what}", fix, "Two processors may read it in two ways.")


def _error(kind: type[RefractoryError], match: re.Match[str], what: str, fix: str, why: str = "") -> RefractoryError:
    text, start = match.string, match.start()
    return kind(_pointed(what, text, start), place=place_of(text, start), why=why, fix=fix)


def _pointed(what: str, text: str, offset: int) -> str:
    """Return what is wrong with the line it is about, and a caret below the place."""
    return f"{what}.\n{caret(text, *line_and_column(text, offset))}\n"
