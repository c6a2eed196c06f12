"""Cohorts on Spark: the function that one machine runs over its batches, run by Spark over its own.

Spark decides where; what is said of a case is what `Assessor` says of it. The extra `refractory[spark]` is needed, and
Java 17. See docs/cohort-spark.md.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click
import pyarrow as pa

from refractory.cohort.batch import Assessor, Record
from refractory.cohort.parcel import Parcel
from refractory.errors import RefractoryError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

REJECTED: Final = "rejected"
"""The column that says why a record was not answered; null where it was."""

_PLACE: Final = ("case", "source", "row")
# So many at a time, however many Spark hands over: with proofs, an answer takes a hundred kilobytes.
_AT_ONCE: Final = 1_000


def assess(
    df: DataFrame,
    *,
    column: str = "case",
    source: str | None = None,
    row: str | None = None,
    knowledge: Sequence[str] = (),
    guidance: Sequence[str] | None = None,
    questions: bool = False,
    proofs: bool = False,
    table: str | None = None,
) -> DataFrame:
    """Answer each row of a DataFrame.

    Nothing runs until the answer is used. Use it through `answered` and `rejected`, and write or cache it before both:
    otherwise each case is answered twice.

    Args:
        df: The cases, one a row; other columns than those named here are left out.
        column: The column with a case as JSON, or a FHIR Bundle of one patient: string or binary.
        source: The column that says which file or table a case is from; without it, an empty text.
        row: The column of whole numbers that says which line or row of it; without it, 0.
        knowledge: Folders of knowledge, on this machine; the shipped one by default.
        guidance: Identifiers of the sources to use; None: all.
        questions: Whether to work out what may still be asked.
        proofs: Whether to write the whole assessment with its proofs.
        table: The path of a table of mutations, on this machine.

    Returns:
        The columns of answers, and `rejected`: each row of `df` is one row here, with one or the other.

    Raises:
        UsageError: The DataFrame has no such column, or one of another type; a folder or a source is unknown.
        RefusedError: The table cannot be read.
        KnowledgeError: The files of the knowledge are at fault.
    """
    from pyspark.sql import functions as f

    _check(df.schema, column, source, row)
    assessor = Assessor(
        tuple(map(str, knowledge)), None if guidance is None else tuple(guidance), table, questions, proofs
    )
    parcel = Parcel.of(assessor)
    # As bytes: what is not UTF-8 is rejected as a record, and does not end the run.
    given = df.select(
        f.col(_quoted(column)).cast("binary").alias("data"),
        (f.lit("") if source is None else f.coalesce(f.col(_quoted(source)), f.lit(""))).alias("source"),
        (f.lit(0) if row is None else f.coalesce(f.col(_quoted(row)), f.lit(0))).cast("bigint").alias("row"),
    )
    return given.mapInArrow(_answering(parcel), schema=_spark_schema(assessor))


def answered(df: DataFrame) -> DataFrame:
    """Return the answers of what `assess` returned, without the column `rejected`."""
    from pyspark.sql import functions as f

    return df.where(f.col(REJECTED).isNull()).drop(REJECTED)


def rejected(df: DataFrame) -> DataFrame:
    """Return the rows that were not answered of what `assess` returned, with the columns of the rejected schema."""
    from pyspark.sql import functions as f

    return df.where(f.col(REJECTED).isNotNull()).select(*_PLACE, f"{REJECTED}.*")


def _check(schema: StructType, column: str, source: str | None, row: str | None) -> None:
    """Refuse what would fail in the middle of a run, on another machine.

    Raises:
        UsageError: A column is not there, is there twice, or has another type.
    """
    wanted = [
        ("column", column, ("string", "binary")),
        ("source", source, ("string",)),
        ("row", row, ("tinyint", "smallint", "int", "bigint")),
    ]
    for option, name, kinds in wanted:
        if name is None:
            continue
        types = [field.dataType.simpleString() for field in schema.fields if field.name == name]
        if len(types) != 1:
            there = ", ".join(f"{field.name} ({field.dataType.simpleString()})" for field in schema.fields) or "none"
            raise UsageError(
                f"the DataFrame has {'no column' if not types else 'more than one column'} {name!r}.",
                place=f"{option}={name!r}",
                fix=f"Its columns are: {there}. Say {option}='...', or select and rename before.",
            )
        # A collated string is called `string collate UNICODE`.
        if types[0].split()[0] not in kinds:
            raise UsageError(
                f"the column {name!r} is of type {types[0]}, and must be {' or '.join(kinds)}.",
                place=f"{option}={name!r}",
                why="A case is read from its JSON text." if option == "column" else "",
                fix="Use to_json(...) on a struct." if option == "column" else f"Cast it to {kinds[-1]}.",
            )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _frame(assessor: Assessor) -> pa.Schema:
    """Return the schema of both kinds of rows in one: the columns of answers, then `rejected`."""
    reasons = [field for field in assessor.rejected_schema if field.name not in _PLACE]
    of_place = {"source", "row"}
    fields = [field.with_nullable(field.name not in of_place) for field in assessor.answered_schema]
    return pa.schema([*fields, pa.field(REJECTED, pa.struct(reasons))])


def _spark_schema(assessor: Assessor) -> StructType:
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = from_arrow_schema(_frame(assessor))
    # Spark keeps what is said of a column, through filters and into Parquet, and nothing that is said of a table.
    said = assessor.answered_schema.metadata
    schema[_PLACE[0]].metadata = {name.decode(): text.decode() for name, text in said.items()}
    return schema


def _answering(parcel: Parcel) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def answers(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        assessor = parcel.open()
        frame = _frame(assessor)
        for batch in batches:
            for start in range(0, batch.num_rows, _AT_ONCE):
                yield from _answers(batch.slice(start, _AT_ONCE), assessor, frame)

    return answers


def _answers(batch: pa.RecordBatch, assessor: Assessor, frame: pa.Schema) -> Iterator[pa.RecordBatch]:
    columns = (batch.column(name).to_pylist() for name in ("data", "source", "row"))
    # Nothing where a case should be is an empty record.
    found = assessor.run([Record(data or b"", source, row) for data, source, row in zip(*columns, strict=True)])
    reasons = found.rejected.select([field.name for field in frame.field(REJECTED).type]).to_struct_array()
    for some, why in ((found.answered, None), (found.rejected.select(_PLACE), reasons)):
        if some.num_rows:
            yield pa.RecordBatch.from_arrays([_column(some, why, field) for field in frame], schema=frame)


def _column(some: pa.RecordBatch, why: pa.Array | None, field: pa.Field) -> pa.Array:
    if field.name == REJECTED and why is not None:
        return why.cast(field.type)
    if field.name in some.schema.names:
        return some.column(field.name)
    return pa.nulls(some.num_rows, field.type)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.argument("out", metavar="OUT")
@click.option(
    "--format", "form", type=click.Choice(["ndjson", "parquet"]), default="ndjson", show_default=True, help="Of INPUT."
)
@click.option("--column", default="case", show_default=True, help="The column of Parquet that has the cases.")
@click.option("--source", help="The column that says where a case is from. [default: the path of its file]")
@click.option("--row", help="The column that says which row a case is. [default: 0 for all]")
@click.option("--partitions", type=click.IntRange(min=1), help="Spread the input over so many tasks.")
@click.option("--knowledge", multiple=True, metavar="PATH", help="As of refractory cohort; may be repeated.")
@click.option("--guidance", multiple=True, metavar="ID", help="Use only this source; may be repeated.")
@click.option("--table", metavar="FILE", help="A table of mutations.")
@click.option("--questions", is_flag=True, help="Work out what may still be asked.")
@click.option("--proofs", is_flag=True, help="Write whole assessments with proofs.")
def main(
    inputs: tuple[str, ...],
    out: str,
    *,
    form: str,
    column: str,
    source: str | None,
    row: str | None,
    partitions: int | None,
    knowledge: tuple[str, ...],
    guidance: tuple[str, ...],
    table: str | None,
    questions: bool,
    proofs: bool,
) -> None:
    """Answer the cases of INPUT..., write OUT/answered and OUT/rejected as Parquet, and print how many went where.

    INPUT and OUT are paths as Spark reads them; neither part of OUT may be there yet.
    """
    try:
        from pyspark import SparkConf
        from pyspark.sql import SparkSession
        from pyspark.sql import functions as f
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{error.name} is not installed: pip install 'refractory[spark]'") from error

    if SparkConf().get("spark.master", "local").startswith("local"):
        # On this machine the workers are of the Python that runs this, not of the first one on the path.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.appName("refractory cohort").getOrCreate()
    try:
        if form == "parquet":
            df = spark.read.parquet(*inputs)
        else:
            # A line ends with a line feed, as NDJSON has it; an empty one is none.
            df = spark.read.option("lineSep", "\n").text(list(inputs)).withColumnRenamed("value", column)
            df = df.where(f.trim(f.regexp_replace(f.col(_quoted(column)), "[\\t\\r]", "")) != "")
        if source is None:
            source = "_refractory_source"
            df = df.withColumn(source, f.col("_metadata.file_path"))
        if partitions is not None:
            df = df.repartition(partitions)
        answers = assess(
            df,
            column=column,
            source=source,
            row=row,
            knowledge=knowledge,
            guidance=guidance or None,
            questions=questions,
            proofs=proofs,
            table=table,
        )
        # Spark would work out the answers anew for each part.
        answers.persist()
        counts = {}
        for name, part in (("answered", answered(answers)), (REJECTED, rejected(answers))):
            path = f"{out.rstrip('/')}/{name}"
            part.write.parquet(path)
            counts[name] = spark.read.parquet(path).count()
        click.echo(json.dumps(counts))
    except RefractoryError as error:
        click.echo(f"refractory: {error}", err=True)
        raise SystemExit(error.exit_code) from error
    finally:
        spark.stop()


if __name__ == "__main__":
    # A program that is run as a file is nobody's module, and what it sends to other machines must be of one.
    from refractory.cohort.spark import main as _main

    _main()
