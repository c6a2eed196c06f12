"""Bearer tokens of callers: a file that is read strictly, and a token that is found or is not."""

from __future__ import annotations

import hmac
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refractory.errors import UsageError
from refractory.service.identity import tokens as module
from refractory.service.identity.tokens import Tokens

A = "aA0._~-" + "a" * 25
B = "b" * 32


def written(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    """Return a file of tokens with a mode."""
    path = folder / "tokens"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def test_each_token_has_its_caller(tmp_path: Path) -> None:
    """Comments, blank lines and spaces around a line say nothing; every other line is a caller."""
    text = f"# who may call\n\nward-3:{A}\r\n   \n  # the laboratory\n  lab_1.x:{B}  \n"
    tokens = Tokens.load(written(tmp_path, text))

    assert ["ward-3", "lab_1.x"] == [tokens.who(A), tokens.who(B)]


@pytest.mark.parametrize(
    "token", ["", "x", A[:-1], A + "a", A.upper(), f"ward-3:{A}", "ward-3", f" {A}", "\ud800", "ü"]
)
def test_a_token_that_is_not_there_is_nobodys(tmp_path: Path, token: str) -> None:
    """A part of a token, more than it, or the caller's name is no token."""
    assert Tokens.load(written(tmp_path, f"ward-3:{A}")).who(token) is None


@given(st.integers(0, 31), st.characters(codec="ascii"))
def test_a_token_with_one_character_changed_is_nobodys(position: int, character: str) -> None:
    """Every character of a token counts."""
    changed = A[:position] + character + A[position + 1 :]
    tokens = Tokens((("ward", module._digest(A)),))

    assert ("ward" if changed == A else None) == tokens.who(changed)


GOOD = f"ward:{A}\nlab:{B}"

# What is wrong, the file, what the message says of it, and the place; the good file differs from each in little.
REFUSED: dict[str, tuple[str | bytes, str, str]] = {
    "empty": ("", "no token", ""),
    "comments only": (f"# ward:{A}\n\n", "no token", ""),
    "no colon": (f"ward {A}\n", "no colon", ", line 1"),
    "token alone": (f"lab:{B}\n\n{A}\n", "no colon", ", line 3"),
    "no name": (f":{A}", "no name", ", line 1"),
    "space after name": (f"ward :{A}", "no name", ", line 1"),
    "name too long": (f"{'w' * 65}:{A}", "no name", ", line 1"),
    "name with a slash": (f"ward/3:{A}", "no name", ", line 1"),
    "anonymous": (f"anonymous:{A}", "anonymous", ", line 1"),
    "token too short": (f"ward:{A[:-1]}", "too short", ", line 1"),
    "token too long": (f"ward:{'a' * 513}", "too long", ", line 1"),
    "space before token": (f"ward: {A}", "characters other", ", line 1"),
    "comment after token": (f"ward:{A} # ours", "characters other", ", line 1"),
    "reserved character": (f"ward:{A}+/=", "characters other", ", line 1"),
    "colon in token": (f"ward:{A}:{B}", "characters other", ", line 1"),
    "turned around": (f"{A.replace('~', '-')}:ward", "too short", ", line 1"),
    "name twice": (f"ward:{A}\nward:{B}", "the name of line 1 stands here again", ", line 2"),
    "token twice": (f"ward:{A}\n#\nlab:{A}", "the token of line 1 stands here again", ", line 3"),
    "not ASCII": (f"# Ärzte\nward:{A}", "not plain ASCII", ""),
    "byte order mark": (f"\ufeffward:{A}", "not plain ASCII", ""),
    "UTF-16": (f"ward:{A}".encode("utf-16"), "not plain ASCII", ""),
    "too large": (f"ward:{A}\n".ljust(1024 * 1024 + 1, "\n"), "larger than", ""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_wrong_is_refused(tmp_path: Path, name: str) -> None:
    """The message says what is wrong, on which line and how to mend it; it holds no token, whole or in part."""
    text, says, line = REFUSED[name]
    path = written(tmp_path, text)

    with pytest.raises(UsageError) as error:
        Tokens.load(path)

    assert says in error.value.what
    assert f"{path}{line}" == error.value.place
    assert error.value.fix
    assert A[:8] not in str(error.value).replace(str(path), "")
    assert B[:8] not in str(error.value).replace(str(path), "")


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"{'w' * 64}:{A}",
        f"Anonymous:{A}",
        f"ward:{'a' * 512}",
        f"ward:{A}\nWard:{B}",
        f"ward:{A}\n".ljust(1024 * 1024, "\n"),
    ],
    ids=["two", "longest name", "not quite anonymous", "longest token", "names differ by case", "largest"],
)
def test_a_file_that_is_just_right_is_read(tmp_path: Path, text: str) -> None:
    """What stands at a limit is within it."""
    assert Tokens.load(written(tmp_path, text)).who(text.splitlines()[0].split(":")[1])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """Neither the group nor others may read, write or execute it."""
    with pytest.raises(UsageError, match=f"its mode is {mode:04o}"):
        Tokens.load(written(tmp_path, GOOD, mode))


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_that_only_its_owner_may_use_is_read(tmp_path: Path, mode: int) -> None:
    """What the owner may do with it is the owner's business."""
    assert Tokens.load(written(tmp_path, GOOD, mode)).who(A) == "ward"


def test_the_mode_is_that_of_the_file_behind_a_link(tmp_path: Path) -> None:
    """A link, whose own mode says nothing, is followed."""
    link = tmp_path / "link"
    link.symlink_to(written(tmp_path, GOOD))
    before = Tokens.load(link).who(A)
    written(tmp_path, GOOD, 0o644)

    assert before == "ward"
    with pytest.raises(UsageError, match="its mode"):
        Tokens.load(link)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file and a folder are told as a wrong call, not as a fault of the program."""
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            Tokens.load(path)


def test_tokens_are_not_kept(tmp_path: Path) -> None:
    """What is in memory are digests, so that neither a traceback nor a debugger shows a token."""
    tokens = Tokens.load(written(tmp_path, GOOD))

    assert not re.search(f"{re.escape(A)}|{B}", repr(tokens) + repr(tokens._digests))


def test_every_token_is_compared_in_constant_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that fits ends the search no earlier than one that does not; what is compared are digests."""
    tokens = Tokens.load(written(tmp_path, GOOD))
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    for token in (A, B, "x"):
        compared.clear()
        tokens.who(token)

        assert [(32, 32), (32, 32)] == compared
