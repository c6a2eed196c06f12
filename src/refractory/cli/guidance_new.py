"""`refractory guidance new`: the skeleton of a module."""

from __future__ import annotations

from pathlib import Path

import click

from refractory.cli.output import emit


@click.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--in",
    "folder",
    type=click.Path(exists=True, file_okay=False),
    default=".",
    show_default=True,
    metavar="DIR",
    help="Make the module's folder in this one.",
)
def new(name: str, folder: str) -> int:
    """Make the skeleton of a guidance module, in a folder NAME.

    NAME is what its source is called: small letters and digits, in words joined by hyphens. What is made says one
    invented thing and shows it with a golden case, so that it passes guidance check and guidance test as it stands;
    its README.md says what to write anew.
    """
    from refractory.guidance.new import new_module
    from refractory.knowledge.knowledge import Knowledge

    made = new_module(name, Path(folder), Knowledge.load())
    root = Path(folder) / name
    lines = [
        f"Made the module {name}; what it says is invented, and marked REPLACE ME:",
        *(f"  {path}" for path in made),
    ]
    lines += ["", f"Next: read {root / 'README.md'}, then", f"  refractory guidance test --complete {root}"]
    emit("".join(f"{line}\n" for line in lines))
    return 0
