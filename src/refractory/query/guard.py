"""Decides whether a query may run: it may read what we hold, and nothing else.

Our SPARQL engine would follow `SERVICE` to any address, and it overflows its stack on queries of absurd depth. So
each text is read by a small tokenizer first, which knows strings, comments and IRIs: the word SERVICE in a string, a
variable or a name is harmless, and the keyword never is. Where a text could be read in two ways, one of which might
hide a keyword, it is refused; the message says how to write it plainly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from refractory.errors import LimitError, RefractoryError, RefusedError, UsageError

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 100
# Chains of operators nest in the engine's tree as brackets do; a thread with a small stack crashes at about 400.
MAX_OPERATORS: Final = 250
# The engine plans joins in a time that grows with the fourth power of their number: 120 take seconds, 1,000 hours.
MAX_PATTERNS: Final = 120

_FORMS: Final = {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"}
_UPDATES: Final = {"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH", "USING"}
_OUTSIDE: Final = ("SERVICE", "FROM", "LOAD")

# Name characters as the SPARQL grammar gives them, so that a name ends here where it ends for the engine.
_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_CHAR = _BASE + "_0-9\u00b7\u0300-\u036f\u203f-\u2040"
_NAME = f"[{_BASE}_0-9][{_CHAR}-]*(?:\\.+[{_CHAR}-]+)*"
_LOCAL_PART = rf"(?:[{_CHAR}:-]|%[0-9A-Fa-f]{{2}}|\\[_~.\-!$&'()*+,;=/?\#@%])"
_CODE = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_ESCAPE = rf"\\[tbnrf\"'\\]|{_CODE}"

_TOKEN: Final = re.compile(
    rf"""
    (?P<space>[\x20\t\r\n]+)
  | (?P<comment>\#[^\r\n]*)
  | (?P<iri><(?:[^\x00-\x20<>"{{}}|^`\\]|{_CODE})*>)
  | (?P<string>\"\"\"(?:\"{{0,2}}(?:[^\"\\]|{_ESCAPE}))*\"\"\"
      | '''(?:'{{0,2}}(?:[^'\\]|{_ESCAPE}))*'''
      | \"(?:[^\"\\\r\n]|{_ESCAPE})*\"
      | '(?:[^'\\\r\n]|{_ESCAPE})*')
  | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
  | (?P<variable>[?$][{_BASE}_0-9][{_CHAR}]*)
  | (?P<blank>_:{_NAME})
  | (?P<name>(?P<prefix>(?:[{_BASE}](?:[{_CHAR}.-]*[{_CHAR}-])?)?):(?:{_LOCAL_PART}(?:\.*{_LOCAL_PART})*)?)
  | (?P<digits>[0-9]+)
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign><<|\{{\||\|\}}|[\s\S])
    """,
    re.VERBOSE,
)
_CLOSES: Final = {")": "(", "]": "[", "}": "{"}
_OPERATORS: Final = frozenset("!+-*/|^&=<>")
# What may be the left side of `<`, so that a following `<...>` might be a comparison and not an IRI.
_OPERANDS: Final = {"iri", "string", "language", "variable", "blank", "name", "digits", "word"}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the tokens of an admitted query tell about it.

    Attributes:
        form: `SELECT`, `ASK`, `CONSTRUCT` or `DESCRIBE`.
        variables: The names of its variables.
        ordered: Whether it says in which order its rows come.
    """

    form: str
    variables: frozenset[str]
    ordered: bool


@dataclass(slots=True)
class _Scan:
    """What the tokenizer has seen so far."""

    brackets: list[str] = field(default_factory=list)
    operators: int = 0
    patterns: int = 0
    form: str = ""
    ordered: bool = False
    data_next: bool = False
    previous: tuple[str, str] = ("", "")
    variables: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)

    @property
    def in_data(self) -> bool:
        """Whether this is inside the data of VALUES, where no operator can stand."""
        return "values" in self.brackets


def check(text: str) -> Checked:
    """Admit a query, or say why not.

    Args:
        text: A SPARQL 1.1 query.

    Raises:
        RefusedError: It would reach outside or change something.
        LimitError: It is larger or deeper than allowed.
        UsageError: It is not a query, or not one that can be read in one way only.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise LimitError(f"the query is larger than {MAX_BYTES // 1024} KiB.", fix="Ask a shorter question.")
    scan = _Scan()
    for match in _tokens(text):
        _look(scan, match)
    if not scan.form:
        raise UsageError("the text holds no query.", place="line 1, column 1", fix=_HOW_TO_BEGIN)
    if scan.brackets:
        raise UsageError(
            "a bracket is never closed.", place=place_of(text, len(text)), fix="Close each `{`, `(` and `[`."
        )
    return Checked(scan.form, frozenset(scan.variables), scan.ordered)


def place_of(text: str, offset: int) -> str:
    """Return a place in a text as line and column, both from 1."""
    line = text.count("\n", 0, offset) + 1
    return f"line {line}, column {offset - text.rfind(chr(10), 0, offset)}"


_HOW_TO_BEGIN = "Begin with SELECT, ASK, CONSTRUCT or DESCRIBE, after the prefixes."


def _tokens(text: str) -> Iterator[re.Match[str]]:
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            yield match


def _look(scan: _Scan, match: re.Match[str]) -> None:
    """Take one token in."""
    kind, token = _kind(match), match.group()
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
            scan.variables.add(token[1:])
        case "name":
            _look_at_name(scan, match)
        case "word":
            _look_at_word(scan, match, token.upper())
        case "sign":
            _look_at_sign(scan, match, token)
    _count_patterns(scan, match, kind)
    scan.previous = (kind, token)


def _kind(match: re.Match[str]) -> str:
    # `lastgroup` would name the prefix inside a name.
    return "name" if match.group("prefix") is not None else str(match.lastgroup)


def _look_at_string(match: re.Match[str], token: str) -> None:
    if token in {'""', "''"} and match.string[match.end() : match.end() + 1] == token[0]:
        raise _error(UsageError, match, "a long string is never closed", "Close it with three quotation marks.")
    if any(_decode(code) in "\"'\\\r\n" for code in re.findall(_CODE, token)):
        raise _two_readings(match, "an escaped quotation mark, backslash or line end", 'Write it as \\", \\\\ or \\n.')


def _look_at_iri(scan: _Scan, match: re.Match[str], token: str) -> None:
    if any(_decode(code) in '<>"{}|^`\\' or _decode(code) <= " " for code in re.findall(_CODE, token)):
        raise _two_readings(match, "an escaped character that no IRI may hold", "Write it in percent encoding.")
    kind, before = scan.previous
    compares = kind in _OPERANDS or before in {")", "]"}
    in_expression = scan.brackets[-1:] == ["("] and not scan.in_data
    if in_expression and compares and re.search(r"[#'()]", token):
        what = f"{token} after {before}, either an IRI or a comparison"
        raise _two_readings(match, what, "Use a prefix, or put a space after `<`.")


def _look_at_name(scan: _Scan, match: re.Match[str]) -> None:
    prefix = match.group("prefix")
    if scan.previous[1].upper() == "PREFIX" and not scan.form:
        scan.prefixes.add(prefix)
    for keyword in ("SERVICE", "SERVICESILENT", "FROM", "FROMNAMED"):
        if prefix.upper().endswith(keyword):
            raise _two_readings(match, f"a prefix that ends in {keyword}", "Call the prefix something else.")
    if prefix not in scan.prefixes:
        fix = f"Begin the query with `PREFIX {prefix}: <...>`."
        raise _error(UsageError, match, f"the prefix {prefix}: is not declared", fix)


def _look_at_word(scan: _Scan, match: re.Match[str], word: str) -> None:
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
    if word == "VALUES":
        scan.data_next = True
        scan.patterns += 1
    if word == "ORDER" and not scan.brackets:
        scan.ordered = True


def _look_at_sign(scan: _Scan, match: re.Match[str], sign: str) -> None:
    if sign == "\\":
        raise _two_readings(match, "a backslash outside a string or an IRI", "Write the character itself.")
    if sign in {'"', "'"}:
        raise _error(UsageError, match, "a string is never closed, or holds an unknown escape", "Close the string.")
    if sign in {"<<", "{|", "|}", "~"}:
        raise _error(UsageError, match, f"{sign} is not SPARQL 1.1", "Ask with plain triple patterns.")
    if sign in _OPERATORS and not scan.in_data:
        _count(scan, match)
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


def _count(scan: _Scan, match: re.Match[str]) -> None:
    scan.operators += 1
    if scan.operators > MAX_OPERATORS:
        what = f"the query has more than {MAX_OPERATORS} brackets and operators"
        raise _error(LimitError, match, what, "Ask in parts.")


def _count_patterns(scan: _Scan, match: re.Match[str], kind: str) -> None:
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


def _decode(code: str) -> str:
    number = int(code.lstrip("\\uU"), 16)
    return chr(number) if number <= 0x10FFFF else "\\"


def _two_readings(match: re.Match[str], what: str, fix: str = "Write the character itself.") -> RefractoryError:
    return _error(RefusedError, match, f"the query has {what}", fix, "Two processors may read it in two ways.")


def _error(kind: type[RefractoryError], match: re.Match[str], what: str, fix: str, why: str = "") -> RefractoryError:
    return kind(f"{what}.", place=place_of(match.string, match.start()), why=why, fix=fix)
