"""`refractory guidance`: for those who write guidance."""

from __future__ import annotations

import click

from refractory.cli.guidance_check import check
from refractory.cli.guidance_diff import diff
from refractory.cli.guidance_new import new
from refractory.cli.guidance_test import test


@click.group()
def guidance() -> None:
    """Write and check encoded guidance, and say what a change of it does."""


for command in (check, diff, new, test):
    guidance.add_command(command)
