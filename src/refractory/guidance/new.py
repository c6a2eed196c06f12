"""Makes the skeleton of a guidance module: a source with one statement, what carries it, and a golden case.

What stands in it is in the folder `skeleton`, as templates; here is only where each goes.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from pyoxigraph import NamedNode, RdfFormat, parse

from refractory.errors import RefusedError, UsageError
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import NAMESPACE, local_name

MOST: Final = 60
"""The most characters that a name may have: file names hold it twice."""

_NAME: Final = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WORDS: Final = "-words"
_PLACES: Final = {
    "README.md": "README.md",
    "source-words.ttl": "ontology/facts/$name/$name-words.ttl",
    "source.ttl": "ontology/facts/$name/$name.ttl",
    "story.md": "tests/cases/$slug/story.md",
    "case.json": "tests/cases/$slug/case.json",
    "expected.json": "tests/cases/$slug/expected.json",
}


def skeleton(name: str, knowledge: Knowledge) -> dict[str, str]:
    """Return the files of a new module by their paths below its folder.

    Args:
        name: What the module and its source are called.
        knowledge: The knowledge on which the module is to be laid; no name of it is taken twice.

    Raises:
        UsageError: The name is not one that a module may have, or is taken.
    """
    _allowed(name)
    words = {"name": name, "title": name.replace("-", " "), "slug": f"{name}-example"}
    templates = files("refractory.guidance") / "skeleton"
    made = {
        Template(place).substitute(words): Template(
            (templates / f"{file}.template").read_text(encoding="utf-8")
        ).substitute(words)
        for file, place in _PLACES.items()
    }
    _not_taken(name, made, knowledge)
    return made


def new_module(name: str, folder: Path, knowledge: Knowledge) -> tuple[Path, ...]:
    """Write a new module, and return its files.

    Args:
        name: As in `skeleton`; the module's folder has the same name.
        folder: Where the module's folder is made.
        knowledge: As in `skeleton`.

    Raises:
        UsageError: As in `skeleton`; or there is something of that name already.
        RefusedError: The files cannot be written.
    """
    made = skeleton(name, knowledge)
    root = folder / name
    try:
        root.mkdir()
        for path, text in made.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8", newline="\n")
    except FileExistsError:
        raise UsageError(
            "there is a file or folder of that name already.",
            place=str(root),
            why="Nothing is written over.",
            fix="Choose another name, or another folder with --in DIR.",
        ) from None
    except OSError as error:
        raise RefusedError(
            f"the module cannot be written: {error.strerror}.",
            place=str(error.filename or root),
            fix="Name a folder with --in DIR that may be written to.",
        ) from error
    return tuple(root / path for path in made)


def _allowed(name: str) -> None:
    if _NAME.fullmatch(name) and len(name) <= MOST and not name.endswith(_WORDS):
        return
    raise UsageError(
        f"a module cannot be called {name!r}.",
        why="Files, statements and positions are named after it.",
        fix="Give small letters and digits, beginning with a letter, in words joined by single hyphens, at most "
        f"{MOST} characters, and not ending in {_WORDS!r}; for example my-clinic.",
    )


def _not_taken(name: str, made: dict[str, str], knowledge: Knowledge) -> None:
    """Refuse names that the knowledge has: of a source, or of anything that the new files would speak of."""
    known = {t.subject for t in knowledge.triples}
    own = {
        quad.subject
        for path, text in made.items()
        if path.endswith(".ttl")
        for quad in parse(text.encode(), format=RdfFormat.TURTLE)
        if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(NAMESPACE)
    }
    both = {local_name(node.value) for node in own & known if isinstance(node, NamedNode)}
    # A file's own name is taken where its source's is, and says nothing more.
    taken = sorted(both, key=lambda name: ("/" in name, name))[:1]
    if (term := knowledge.names.find(name)) is not None:
        taken.append(local_name(term.value))
    if taken:
        raise UsageError(
            f"the name {name!r} is taken: the knowledge has {taken[0]} already.",
            why="A module adds to the knowledge, and says nothing anew that is there.",
            fix="Choose another name; `refractory about` lists the sources.",
        )
