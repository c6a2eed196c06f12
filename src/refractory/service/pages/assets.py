"""Style sheets and scripts, read once when the service starts; nobody is asked who they are for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from refractory.web.pages import ASSETS

_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
    ".json": "application/json",
}


def asset_routes() -> list[Route]:
    """Return the route of all assets; only a name that was there at the start is answered."""
    files = {name: (content, f'"{hashlib.sha256(content).hexdigest()[:32]}"') for name, content in _files(ASSETS, "")}

    async def asset(request: Request) -> Response:
        """Give a style sheet or a script."""
        name = request.path_params["name"]
        if name not in files:
            raise HTTPException(404)
        content, tag = files[name]
        headers = {"Cache-Control": "no-cache", "ETag": tag, "Cross-Origin-Resource-Policy": "same-origin"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        media = _TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
        return Response(content, headers=headers, media_type=media)

    return [Route("/assets/{name:path}", asset, methods=["GET"])]


def _files(folder: Traversable, before: str) -> Iterator[tuple[str, bytes]]:
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.is_dir():
            yield from _files(one, f"{before}{one.name}/")
        else:
            yield before + one.name, one.read_bytes()
