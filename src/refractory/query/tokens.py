"""SPARQL's tokens: where each begins and ends, exactly as the grammar says, and where in a text that is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

# Name characters as the SPARQL grammar gives them, so that a name ends here where it ends for the engine.
_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_CHAR = _BASE + "_0-9\u00b7\u0300-\u036f\u203f-\u2040"
_NAME = f"[{_BASE}_0-9][{_CHAR}-]*(?:\\.+[{_CHAR}-]+)*"
_LOCAL_PART = rf"(?:[{_CHAR}:-]|%[0-9A-Fa-f]{{2}}|\\[_~.\-!$&'()*+,;=/?\#@%])"
CODE: Final = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_ESCAPE = rf"\\[tbnrf\"'\\]|{CODE}"

_TOKEN: Final = re.compile(
    rf"""
    (?P<space>[\x20\t\r\n]+)
  | (?P<comment>\#[^\r\n]*)
  | (?P<iri><(?:[^\x00-\x20<>"{{}}|^`\\]|{CODE})*>)
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
_SHOWN: Final = 100
_BEFORE: Final = 60


def tokens(text: str) -> Iterator[re.Match[str]]:
    """Yield the tokens of a text in their order, comments included, spaces not."""
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            yield match


def kind_of(match: re.Match[str]) -> str:
    """Return what a token is: `comment`, `iri`, `string`, `language`, `variable`, `blank`, `name`, `digits` ..."""
    # `lastgroup` would name the prefix inside a name.
    return "name" if match.group("prefix") is not None else str(match.lastgroup)


def iri_of(match: re.Match[str], prefixes: Mapping[str, str]) -> str:
    """Return the IRI that a token of kind `iri` or `name` stands for; a relative one as it is written."""
    token = match.group()
    prefix = match.group("prefix")
    if prefix is None:
        return re.sub(CODE, lambda code: decoded(code.group()), token[1:-1])
    return prefixes.get(prefix, "") + re.sub(r"\\(.)", r"\1", token.removeprefix(f"{prefix}:"))


def decoded(code: str) -> str:
    """Return the character of an escape by its number; a backslash where there is no such character."""
    number = int(code.lstrip("\\uU"), 16)
    return chr(number) if number <= 0x10FFFF else "\\"


def place_of(text: str, offset: int) -> str:
    """Return a place in a text as line and column, both from 1."""
    line, column = line_and_column(text, offset)
    return f"line {line}, column {column}"


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of a place in a text, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def within(text: str, line: int, column: int) -> tuple[int, int]:
    """Return the place in a text that is nearest to a line and a column."""
    lines = text.split("\n")
    line = max(1, min(line, len(lines)))
    return line, max(1, min(column, len(lines[line - 1]) + 1))


def caret(text: str, line: int, column: int) -> str:
    """Return a line of a text, or the piece of it around a column, and below it a caret in that column."""
    # Whatever a terminal might take for an end of line, or for an order, is shown as a space.
    shown = "".join(c if c.isprintable() else " " for c in text.split("\n")[line - 1])
    start = max(0, column - _BEFORE)
    return f"{shown[start : start + _SHOWN]}\n{' ' * (column - 1 - start)}^"
