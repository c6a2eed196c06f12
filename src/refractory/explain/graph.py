"""A proof as a drawing: the text of Mermaid, and SVG by the `dot` command of Graphviz where that is installed."""

from __future__ import annotations

import shutil
import subprocess
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from refractory.errors import LimitError, UsageError
from refractory.explain.conclusions import Conclusion
from refractory.explain.proof_json import numbered
from refractory.explain.sentences import Sentences, shown
from refractory.model.proof import Derived, Given, Proof

_SECONDS = 30.0
_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Box:
    """One fact in a drawing: its identifier, what it says, what sort of step it is, and what it rests on."""

    name: str
    lines: tuple[str, ...]
    sort: str
    premises: tuple[str, ...]


def boxes(items: Sequence[Conclusion], proof: Proof, sentences: Sentences) -> Iterator[Box]:
    """Yield a box for each fact that conclusions rest on."""
    names = numbered((fact for item in items for fact in item.facts), proof)
    concluded = {fact for item in items for fact in item.facts}
    for fact, name in names.items():
        step = proof.steps[fact]
        said = sentences.step(step)
        if isinstance(step, Derived):
            sort = "concluded" if fact in concluded else "derived"
            premises = tuple(names[premise] for premise in dict.fromkeys(step.premises))
        else:
            sort, premises = ("given" if isinstance(step, Given) else "stated"), ()
        parts = (said.holds, said.place and f"({said.place})", *said.absent, said.sources and f"[{said.sources}]")
        yield Box(name, tuple(shown(part) for part in parts if part), sort, premises)


def as_mermaid(items: Sequence[Conclusion], proof: Proof, sentences: Sentences) -> str:
    """Return a flowchart as Mermaid's text, from what was said down to what is concluded."""
    shapes = {"given": '(["{}"])', "stated": '[/"{}"/]', "derived": '["{}"]', "concluded": '[["{}"]]'}
    lines = ["flowchart TD"]
    drawn = list(boxes(items, proof, sentences))
    for box in drawn:
        text = "<br/>".join(map(_mermaid, box.lines))
        lines.append(f"    {box.name}{shapes[box.sort].format(text)}")
    lines += [f"    {premise} --> {box.name}" for box in drawn for premise in box.premises]
    return "\n".join(lines) + "\n"


def _mermaid(text: str) -> str:
    """Return a text with the characters that Mermaid reads as its own written as entities."""
    special = {ord(character): f"#{ord(character)};" for character in '"#;<>&`\\{}[]|'}
    return text.translate(special)


def as_dot(items: Sequence[Conclusion], proof: Proof, sentences: Sentences) -> str:
    """Return the same drawing as the text that Graphviz reads."""
    styles = {
        "given": 'shape=box style=rounded color="#1b6e3c"',
        "stated": 'shape=note color="#595959"',
        "derived": "shape=box",
        "concluded": "shape=box penwidth=2.5",
    }
    lines = ["digraph proof {", '  node [fontname="sans-serif" fontsize=11];', "  rankdir=TB;"]
    drawn = list(boxes(items, proof, sentences))
    for box in drawn:
        text = "\\n".join(_dot(line) for part in box.lines for line in _folded(part))
        lines.append(f'  {box.name} [label="{text}" {styles[box.sort]}];')
    lines += [f"  {premise} -> {box.name};" for box in drawn for premise in box.premises]
    return "\n".join([*lines, "}"]) + "\n"


def _folded(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _dot(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def as_svg(items: Sequence[Conclusion], proof: Proof, sentences: Sentences) -> str:
    """Return the drawing as SVG.

    Raises:
        UsageError: Graphviz is not installed, or failed.
        LimitError: It took too long.
    """
    command = shutil.which("dot")
    if command is None:
        raise UsageError(
            "SVG is drawn by the command `dot`, which is not on the path.",
            fix="Install Graphviz (for example `apt install graphviz` or `brew install graphviz`), or use "
            "--format mermaid.",
        )
    text = as_dot(items, proof, sentences)
    try:
        # The command is that of the user's own path; the text goes in by standard input, never by a shell.
        done = subprocess.run(  # noqa: S603 # nothing of a case stands among the arguments
            [command, "-Tsvg"], input=text.encode(), capture_output=True, check=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise LimitError(
            f"`dot` drew nothing within {_SECONDS:g} seconds.", fix="Name one conclusion, or use --format mermaid."
        ) from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise UsageError(f"`dot` failed: {error}.", fix="Mend Graphviz, or use --format mermaid.") from error
    return done.stdout.decode()
