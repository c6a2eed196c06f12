"""`refractory docs`: the knowledge as static pages."""

from __future__ import annotations

from pathlib import Path

import click

from refractory.cli.clock import time_limit
from refractory.cli.options import Settings, common
from refractory.cli.output import emit
from refractory.errors import UsageError


@click.command()
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Write also into a folder that holds something else; it stays there.")
@common
def docs(out: Path, *, force: bool, settings: Settings) -> int:
    """Write the knowledge into the folder OUT as pages to publish: terms, sources, rules, queries and shapes.

    The pages need no server and fetch nothing. An earlier output in the folder is replaced. The same knowledge gives
    the same bytes.
    """
    with time_limit(settings.timeout):
        from refractory.knowledge.knowledge import Knowledge

        try:
            from refractory.site.publish import publish
            from refractory.site.site import site
        except ModuleNotFoundError as error:
            raise UsageError(
                f"what writes pages is not installed: {error.name} is missing.", fix="pip install 'refractory[docs]'"
            ) from error
        done = publish(site(Knowledge.load(settings.knowledge, settings.guidance)), out, force=force)
    removed = f", {done.removed} of an earlier output removed" if done.removed else ""
    emit(f"{done.files} files, {done.size / 1_000_000:.1f} MB{removed}. Begin at {out / 'index.html'}\n")
    return 0
