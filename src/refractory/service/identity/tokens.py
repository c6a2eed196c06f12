"""The bearer tokens of callers, from a file that only the service may read."""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from os import fstat
from pathlib import Path
from typing import Final, Self

from refractory.errors import UsageError

ANONYMOUS: Final = "anonymous"
"""Whoever calls where nobody is asked for a token. No token may have this name."""

MAX_FILE: Final = 1024 * 1024
"""Bytes of a file of tokens."""

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
# The unreserved characters of RFC 3986, section 2.3.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~-]{32,512}")

_FORM: Final = "Write one name:token a line; blank lines and lines that begin with # are left out."
_MAKE: Final = 'Make a token by: python -c "import secrets; print(secrets.token_urlsafe(32))"'


class Tokens:
    """Who may call, by token. Only digests are kept, so that no token can be printed."""

    __slots__ = ("_digests",)

    def __init__(self, digests: tuple[tuple[str, bytes], ...]) -> None:
        self._digests = digests

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the tokens of a file: one `name:token` a line, `#` comments and blank lines allowed.

        A name has 1 to 64 letters, digits, dots, underscores and hyphens; a token 32 to 512 of these and tildes.
        No message holds a name or a token, since a line that is wrong may have the token anywhere.

        Raises:
            UsageError: The file cannot be read, others may read it, it has no token, or a line is wrong or repeats
                a name or a token.
        """
        names: dict[str, int] = {}
        digests: dict[bytes, int] = {}
        for number, line in enumerate(_read(path).splitlines(), start=1):
            stripped = line.strip()
            if not stripped or stripped.startswith("#"):
                continue
            place = f"{path}, line {number}"
            name, digest = _entry(stripped, place)
            for what, line_before in (("name", names.get(name)), ("token", digests.get(digest))):
                if line_before is not None:
                    raise UsageError(
                        f"the {what} of line {line_before} stands here again.",
                        place=place,
                        why="A token stands for one caller.",
                        fix=f"Give each caller its own. {_MAKE}",
                    )
            names[name] = digests[digest] = number
        if not names:
            raise UsageError("there is no token in it.", place=str(path), why="Nobody could call.", fix=_FORM)
        return cls(tuple(zip(names, digests, strict=True)))

    def who(self, token: str) -> str | None:
        """Return the name of the caller whose token it is, or None; the time it takes does not depend on the token."""
        digest = _digest(token)
        found = None
        for name, known in self._digests:
            if hmac.compare_digest(digest, known):
                found = name
        return found


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _read(path: Path) -> str:
    """Return the file's text, unless others may read it; the file that is asked is the one that is read."""
    try:
        with path.open("rb") as file:
            mode = fstat(file.fileno()).st_mode
            if mode & 0o077:
                raise UsageError(
                    f"others than its owner may use the file of tokens: its mode is {mode & 0o777:04o}.",
                    place=str(path),
                    why="Whoever reads a token can call in its caller's name.",
                    fix="Run chmod 600 on it; if others had access, make new tokens.",
                )
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(
            f"the file of tokens cannot be read: {error.strerror}.", place=str(path), fix="Give a file that is there."
        ) from error
    if len(raw) > MAX_FILE or not raw.isascii():
        what = "larger than 1 MiB" if raw.isascii() else "not plain ASCII"
        raise UsageError(f"the file of tokens is {what}.", place=str(path), fix=_FORM)
    return raw.decode("ascii")


def _entry(line: str, place: str) -> tuple[str, bytes]:
    """Return the name and the token's digest of a line."""
    name, colon, token = line.partition(":")
    if not colon:
        raise UsageError("the line has no colon.", place=place, fix=_FORM)
    if not _NAME.fullmatch(name):
        raise UsageError(
            "what stands before the colon is no name.",
            place=place,
            fix="Use 1 to 64 letters, digits, dots, underscores and hyphens, and no spaces.",
        )
    if name == ANONYMOUS:
        raise UsageError(
            f"no caller may be called {ANONYMOUS}.",
            place=place,
            why="The audit log writes this for callers without a token.",
            fix="Give the caller another name.",
        )
    if not _TOKEN.fullmatch(token):
        raise UsageError(
            "the token is too short, too long, or has characters other than letters, digits and . _ ~ -.",
            place=place,
            why="A token of fewer than 32 characters may be guessed.",
            fix=_MAKE,
        )
    return name, _digest(token)
