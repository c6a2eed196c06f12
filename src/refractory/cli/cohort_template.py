"""`refractory cohort template`: a mapping of columns to begin with."""

from __future__ import annotations

import click

from refractory.cli.options import debug_option
from refractory.cli.output import emit


@click.command()
@debug_option
def template() -> int:
    """Write a mapping of the columns of CSV and Parquet files, for --mapping, to standard output.

    It names a column for all that a case may say, with each word explained; take out what your table does not have.
    """
    from refractory.cohort.inputs.mapping_file import template as text

    emit(text())
    return 0
