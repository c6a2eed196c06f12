"""Writes pages from templates: what comes from a case or the graph is escaped, and a missing name is an error."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ASSETS: Final = files("refractory.web") / "assets"
"""Style sheets and scripts, served and published as they are."""


@cache
def environment() -> Environment:
    """Return what templates are written with; made once, for templates never change while it runs."""
    return Environment(
        loader=FileSystemLoader(str(files("refractory.web") / "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, **values: Any) -> str:
    """Return a page.

    Args:
        template: The name of the template, which extends `base.html`.
        **values: What it shows. Every page needs `title`, `root` (the way to the top, such as `./` or `../`) and
            `here` (which part of the navigation it belongs to).

    Raises:
        jinja2.UndefinedError: The template names something that was not given.
    """
    return environment().get_template(template).render(**values)
