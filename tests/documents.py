"""Carries out what a Markdown page tells its reader to do: the fenced blocks, in their order, in a folder.

Each block is of a known kind, and says visibly what is done with it:

* a file: the paragraph before the block ends with a verb and a path: "Write `case.json`:" makes a file, "Replace" gives
  one another text, "Add to" puts lines at its end, and "Change" applies a block of the language `diff`;
* `console`: lines that begin with `$` are commands, and what follows them is all that they print, errors included;
  `...` stands for what is left out, in a line or as a line. A command that fails is followed by `$ echo $?`;
* `python`: it runs, and prints the block `text` that follows it, or nothing.

Anything else fails, and so does a page without blocks: a step that nobody can take is no step.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

COMMANDS: Final = {
    "refractory": (sys.executable, "-m", "refractory"),
    "pytest": (sys.executable, "-m", "pytest"),
    "python": (sys.executable,),
}
"""What a page may call, and what runs it here: no shell has a part in it, so that it runs on every system."""

OMITTED: Final = "..."

_FENCE: Final = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)$")
_FILE: Final = re.compile(r"\b(?P<verb>write|replace|add to|change) `(?P<path>[^`\s]+)`:$", re.IGNORECASE)
_STATUS: Final = "echo $?"
_TIMEOUT: Final = 300


class DocumentError(AssertionError):
    """What a page tells its reader cannot be done, or does not end as the page says."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page.

    Attributes:
        language: What stands behind the fence; `indented` for a block without one.
        text: Its lines, without the indentation of the fence.
        line: The line of the page on which it begins.
        section: The latest heading of the second level above it, or an empty text.
        before: The paragraph right above it, on one line.
    """

    language: str
    text: str
    line: int
    section: str
    before: str

    @property
    def file(self) -> tuple[str, str] | None:
        """What is done with which file, if the paragraph above says so: the verb and the path."""
        found = _FILE.search(self.before)
        return (found["verb"].lower(), found["path"]) if found else None

    @property
    def path(self) -> str:
        """The path of the file that the block writes or changes, or an empty text."""
        return self.file[1] if self.file else ""


def blocks(page: str) -> tuple[Block, ...]:
    """Return the blocks of a page in their order.

    Args:
        page: The text of the page, in Markdown.

    Raises:
        DocumentError: A block is never closed, or there is none.
    """
    found = tuple(_blocks(page.splitlines()))
    if not found:
        raise DocumentError("the page has no block, so there is nothing to be run")
    return found


def _blocks(lines: list[str]) -> Iterator[Block]:
    section, paragraph, ended = "", list[str](), True
    numbered = iter(enumerate(lines, start=1))
    for number, line in numbered:
        if fence := _FENCE.match(line):
            inside = []
            for _, row in numbered:
                if row.strip() == "```":
                    break
                inside.append(row.removeprefix(fence["indent"]))
            else:
                raise DocumentError(f"line {number}: the block is never closed")
            text = "".join(f"{row}\n" for row in inside)
            yield Block(fence["language"], text, number, section, " ".join(paragraph))
            paragraph, ended = [], True
        elif not line.strip():
            ended = True
        else:
            if line.startswith("## "):
                section = line.removeprefix("## ")
            elif ended and line.startswith("    "):
                # Nothing says how such a block is to be carried out, so that it would never be.
                yield Block("indented", f"{line.strip()}\n", number, section, "")
            paragraph = [line.strip()] if ended else [*paragraph, line.strip()]
            ended = False


def printed(found: Iterable[Block], *languages: str) -> list[tuple[Block, str]]:
    """Return each block in one of some languages with the `text` that follows it, which is what it prints.

    Raises:
        DocumentError: No `text` follows such a block.
    """
    pairs, rows = [], list(found)
    for block, after in zip(rows, [*rows[1:], None], strict=True):
        if block.language in languages:
            if after is None or after.language != "text":
                raise DocumentError(f"line {block.line}: the page does not say what the block prints")
            pairs.append((block, after.text))
    return pairs


@dataclass
class Reader:
    """One who does what a page says, in a folder.

    Attributes:
        folder: Where files are written and commands run.
        environment: What is set for the commands, beside what is set already.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def follow(self, steps: Iterable[Block]) -> None:
        """Carry out blocks in their order.

        Raises:
            DocumentError: A block is of no known kind, cannot be carried out, or does not print what it says;
                or there is no block at all.
        """
        left = list(steps)
        if not left:
            raise DocumentError("there is no block, so there is nothing to be run")
        while left:
            block = left.pop(0)
            if block.file:
                self._file(block, *block.file)
            elif block.language == "console":
                self._console(block)
            elif block.language == "python":
                says = left.pop(0).text if left and left[0].language == "text" and not left[0].file else ""
                self._run(block, "python", [*COMMANDS["python"], "-c", block.text], says, 0)
            else:
                raise DocumentError(
                    f"line {block.line}: a block {block.language or 'without a language'} whose paragraph does not say "
                    "what to do with it; see tests/documents.py for what a page may say"
                )

    def _file(self, block: Block, verb: str, path: str) -> None:
        target = self.folder / path
        if not target.resolve().is_relative_to(self.folder.resolve()):
            raise DocumentError(f"line {block.line}: {path} is outside the folder")
        if target.exists() == (verb == "write"):
            raise DocumentError(f"line {block.line}: {path} is {'' if verb == 'write' else 'not '}there already")
        if (block.language == "diff") != (verb == "change"):
            raise DocumentError(f"line {block.line}: what is changed is shown as diff, and nothing else is")
        before = "" if verb in ("write", "replace") else target.read_text(encoding="utf-8")
        text = patched(before, block) if verb == "change" else before + block.text
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")

    def _console(self, block: Block) -> None:
        calls = list(_calls(block))
        for number, (command, says) in enumerate(calls):
            if command == _STATUS:
                continue
            status = 0
            if number + 1 < len(calls) and calls[number + 1][0] == _STATUS:
                status = int(calls[number + 1][1])
            name, *arguments = shlex.split(command)
            if name not in COMMANDS:
                raise DocumentError(f"line {block.line}: a page may call {', '.join(COMMANDS)}, and not {name}")
            self._run(block, command, [*COMMANDS[name], *arguments], says, status)

    def _run(self, block: Block, name: str, command: list[str], says: str, status: int) -> None:
        # What tells pytest that it runs inside a test is not for a pytest that the page calls.
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COLUMNS"))}
        environment = kept | {"PYTHONUTF8": "1", "NO_COLOR": "1"} | self.environment
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=_TIMEOUT,
            check=False,
        )
        if done.returncode != status:
            raise DocumentError(
                f"line {block.line}: {name}: ended with {done.returncode}, not {status}:\n{done.stdout}"
            )
        if not matches(says, done.stdout):
            raise DocumentError(f"line {block.line}: {name}: the page says:\n{says}\nand it printed:\n{done.stdout}")


def _calls(block: Block) -> Iterator[tuple[str, str]]:
    """Yield each command of a console with what it is said to print."""
    lines = block.text.splitlines()
    if not lines or not lines[0].startswith("$ "):
        raise DocumentError(f"line {block.line}: a console begins with a command, and a command with $")
    while lines:
        command, said = lines.pop(0).removeprefix("$ "), ""
        while command.endswith("\\") and lines:
            command = command.removesuffix("\\") + lines.pop(0).strip()
        while lines and not lines[0].startswith("$ "):
            said += f"{lines.pop(0)}\n"
        yield command, said


def matches(says: str, text: str) -> bool:
    """Tell whether a text is what a page says, apart from what the page leaves out with `...`."""
    pattern = ""
    for line in says.splitlines():
        if line.strip() == OMITTED:
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split(OMITTED)) + r"\n"
    whole = text if not text or text.endswith("\n") else f"{text}\n"
    return re.fullmatch(pattern, whole) is not None


def patched(text: str, block: Block) -> str:
    """Return a text with a diff applied: what the diff keeps and takes away stands in it once, and as a whole.

    Raises:
        DocumentError: The diff changes nothing, or what it speaks of is not there, or is there more than once.
    """
    rows = [(row[:1] or " ", row[1:]) for row in block.text.splitlines()]
    if {mark for mark, _ in rows} - {" ", "+", "-"}:
        raise DocumentError(f"line {block.line}: each line of a diff begins with a space, + or -")
    old = "".join(f"{line}\n" for mark, line in rows if mark != "+")
    new = "".join(f"{line}\n" for mark, line in rows if mark != "-")
    places = [found.start() for found in re.finditer(f"(?m)^(?={re.escape(old)})", text)]
    if not old or old == new or len(places) != 1:
        raise DocumentError(f"line {block.line}: {block.path} does not have these lines once:\n{old}")
    return text[: places[0]] + new + text[places[0] + len(old) :]
