"""`refractory serve`: the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from refractory.cli.options import guidance_option, knowledge_option
from refractory.errors import UsageError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _by_issuer(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, Path]:
    clients: dict[str, Path] = {}
    for item in given:
        issuer, equals, file = item.rpartition("=")
        if not equals or not issuer or issuer in clients:
            raise click.BadParameter(f"{item!r} is not ISSUER=FILE, or the issuer is named twice.")
        clients[issuer] = Path(file)
    return clients


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen on this address.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Listen on this port.")
@click.option("--workers", type=click.IntRange(1), help="Answer so many quick requests at once. As many as cores.")
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True, help="Time for one request."
)
@click.option("--token-file", "tokens", type=_FILE, help="Callers and their tokens, a `name:token` a line.")
@click.option(
    "--cds-client",
    "clients",
    multiple=True,
    callback=_by_issuer,
    metavar="ISSUER=FILE",
    help="Take CDS Hooks requests that this issuer signed with a key of this JWKS file; may be repeated.",
)
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="Let it be called by this name.")
@click.option("--allow-origin", "origins", multiple=True, metavar="ORIGIN", help="Let pages of this origin call it.")
@click.option("--audit", type=click.Path(dir_okay=False, path_type=Path), help="Record each answer in this file.")
@click.option("--tls-certificate", "certificate", type=_FILE, help="Certificate, with --tls-key.")
@click.option("--tls-key", "key", type=_FILE, help="Private key of the certificate.")
@click.option("--behind-proxy", is_flag=True, help="A proxy before it speaks TLS.")
@click.option("--base-url", metavar="URL", help="The URL by which callers know it.")
@knowledge_option
@guidance_option
def serve(*, workers: int | None, knowledge: tuple[str, ...], guidance: tuple[str, ...], **options: Any) -> int:
    """Serve assessments, CDS Hooks and their descriptions over HTTP, on this machine alone unless told otherwise.

    Beyond this machine it wants tokens, TLS and the name by which it is called. Stop it with Ctrl-C or SIGTERM.
    """
    from refractory.service.settings import Settings

    if workers is not None:
        options["workers"] = workers
    settings = Settings(**options, knowledge=knowledge or None, guidance=guidance or None).checked()
    try:
        from refractory.service.run import serve as run
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the service is not installed: {error.name} is missing.", fix="pip install 'refractory[service]'"
        ) from error
    return run(settings)
