"""Write what a release changes in the advice into ``docs/advice-changelog.md``, newest first.

    python tools/make_advice_changelog.py OLD_REF [NEW_REF]

The knowledge of a tag or commit is held against that of another, or against the checkout, over the golden cases of the
newer one (`refractory guidance diff`). A section that is there already is written again, and that of a release takes
the place of the one that was unreleased. It ends with 1 when a version is too small for what changed; the section is
written all the same, so that one sees why.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from refractory.errors import RefractoryError
from refractory.guidance.diff.diff import diff_guidance
from refractory.guidance.diff.markdown import markdown

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = "docs/advice-changelog.md"
UNRELEASED = "Unreleased"

HEAD = """# Advice changelog

What each release changes in the advice: statements, axioms and rules, the golden cases that are answered otherwise, and
what carried the answer before and now. `tools/make_advice_changelog.py` writes it; [guidance-diff.md](guidance-diff.md)
says how to read it.
"""

# What a knowledge is made of, and its cases; a commit from before there were schemas or cases has the rest.
_PARTS = ("ontology", "queries", "schemas", "tests/cases", "tests/data/resistance-table.tsv")


def taken(checkout: Path, ref: str, folder: Path) -> Path:
    """Write the knowledge and the cases of a commit into a folder, and return it.

    Raises:
        ValueError: Git knows no such commit, or it has no ontology.
    """
    listed = _git(checkout, "ls-tree", "-r", "--name-only", ref, "--", *_PARTS).decode().split("\n")
    parts = [part for part in _PARTS if any(name == part or name.startswith(f"{part}/") for name in listed)]
    if "ontology" not in parts:
        raise ValueError(f"{ref} has no ontology")
    with tarfile.open(fileobj=io.BytesIO(_git(checkout, "archive", "--format=tar", ref, "--", *parts))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _git(checkout: Path, *arguments: str) -> bytes:
    program = shutil.which("git")
    if program is None:
        raise ValueError("git is not installed")
    done = subprocess.run(  # noqa: S603 - our own command, with a name of a commit that git itself checks
        [program, "-C", str(checkout), *arguments], check=False, capture_output=True
    )
    if done.returncode:
        raise ValueError(done.stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed")
    return done.stdout


def with_section(page: str, section: str) -> str:
    """Return the page with a section: in the place of the one of the same title, else before all others.

    What was unreleased is not said again: its section stands until the next one is written.
    """
    title = section.splitlines()[0]
    head, *sections = f"\n{page}".split("\n## ")
    kept = [f"## {part.rstrip()}\n" for part in sections]
    kept = [part for part in kept if part.splitlines()[0] == title or not part.startswith(f"## {UNRELEASED},")]
    if any(part.splitlines()[0] == title for part in kept):
        kept = [section if part.splitlines()[0] == title else part for part in kept]
    else:
        kept.insert(0, section)
    return "\n".join((head.strip() + "\n", *kept))


def changelog(checkout: Path, old: str, new: str | None, name: str) -> int:
    """Write the section of a release; 0 when all versions say what changed, 1 when one is too small.

    Args:
        checkout: A checkout of the project.
        old: The tag or commit of the release before.
        new: That of the release; None: the checkout as it is.
        name: How the release is called in the title.

    Raises:
        ValueError: There is no such commit.
        RefractoryError: One of the two is no knowledge, or has no case.
    """
    with tempfile.TemporaryDirectory() as temporary:
        before = taken(checkout, old, Path(temporary) / "old")
        after = taken(checkout, new, Path(temporary) / "new") if new else checkout
        table = after / "tests" / "data" / "resistance-table.tsv"
        found = diff_guidance(
            str(before), str(after), after, table=table if table.is_file() else None, names=(old, name)
        )
    path = checkout / PAGE
    page = path.read_text(encoding="utf-8") if path.is_file() else HEAD
    path.write_text(with_section(page, markdown(found)), encoding="utf-8", newline="\n")
    for check in found.faults:
        print(f"{check.owner}: {check.fault}", file=sys.stderr)
    return 1 if found.faults else 0


def main(arguments: Sequence[str] | None = None, checkout: Path = CHECKOUT) -> int:
    """Write the section; 0 when all is well, 1 when a version is too small, 2 when there is nothing to compare."""
    parser = argparse.ArgumentParser(description=f"Write what a release changes in the advice into {PAGE}.")
    parser.add_argument("old", metavar="OLD_REF", help="the tag or commit of the release before")
    parser.add_argument(
        "new", metavar="NEW_REF", nargs="?", help="that of the release; by default the checkout as it is"
    )
    parser.add_argument("--name", help="how the release is called; by default NEW_REF, or `Unreleased`")
    options = parser.parse_args(arguments)
    try:
        return changelog(checkout, options.old, options.new, options.name or options.new or UNRELEASED)
    except (RefractoryError, ValueError) as error:
        print(f"make_advice_changelog: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
