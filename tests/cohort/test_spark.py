"""Spark answers as one machine does: the same rows of the same input, and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from refractory.cohort import parcel as parcels
from refractory.cohort.batch import Assessor, Record
from refractory.cohort.parcel import Parcel
from refractory.cohort.simulation.simulate import Simulator
from refractory.errors import KnowledgeError, UsageError
from refractory.knowledge.knowledge import load_files
from tests.cohort.test_batch import REFUSED
from tests.support import CASES, NOTE, ROOT, TABLE, shipped, slugs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SIMULATED = 300
# No network: driver and workers talk on this machine, and nobody looks in from a browser.
LOCAL = {
    "spark.master": "local[2]",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "64",
}

needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, and there is no `java` here")


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Start Spark once on this machine, with two workers of this Python."""
    pyspark = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: pip install 'refractory[spark]'")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, and there is no `java` here")
    patch = pytest.MonkeyPatch()
    patch.setenv("PYSPARK_PYTHON", sys.executable)
    patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    builder = pyspark.SparkSession.builder.appName("tests")
    for key, value in {**LOCAL, "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse"))}.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
    patch.undo()


def records() -> list[Record]:
    """Return golden cases, records of every fault, and simulated ones, some of them broken."""
    golden = [(CASES / name / "case.json").read_bytes() for name in slugs()]
    simulator = Simulator.of(shipped().knowledge, 11, invalid_share=0.1)
    simulated = [record.line.encode() for record in simulator.records(SIMULATED)]
    parts = {"golden": golden, "bad": [data for data, _, _ in REFUSED], "simulated.ndjson": simulated}
    return [Record(data, name, row) for name, some in parts.items() for row, data in enumerate(some, 1)]


def frame(spark: SparkSession, some: list[Record]) -> DataFrame:
    """Return records as a DataFrame in four partitions, beside a column that is nobody's business."""
    rows = [(record.row, bytearray(_bytes(record)), record.source, 0.5) for record in some]
    return spark.createDataFrame(rows, "`line` int, `the case` binary, `file` string, other double").repartition(4)


def _bytes(record: Record) -> bytes:
    assert isinstance(record.data, bytes)
    return record.data


def plain(row: dict[str, Any]) -> str:
    """Return a row as text that compares."""
    return json.dumps(row, sort_keys=True, default=str)


def of_spark(df: DataFrame) -> list[str]:
    """Return the rows of a DataFrame, sorted."""
    return sorted(plain(row.asDict(recursive=True)) for row in df.collect())


def of_arrow(batch: pa.RecordBatch) -> list[str]:
    """Return the rows of a batch, sorted."""
    return sorted(map(plain, batch.to_pylist()))


def test_spark_answers_as_one_machine_does(spark: SparkSession) -> None:
    """The same records have the same rows, answered or rejected; each exactly once."""
    from refractory.cohort.spark import answered, assess, rejected

    some = records()
    alone = Assessor().run(some)
    answers = assess(frame(spark, some), column="the case", source="file", row="line").persist()

    assert of_spark(answered(answers)) == of_arrow(alone.answered)
    assert of_spark(rejected(answers)) == of_arrow(alone.rejected)
    assert alone.answered.num_rows >= len(slugs()) + SIMULATED / 2
    assert alone.rejected.num_rows > len(REFUSED)
    assert answered(answers).columns == alone.answered.schema.names
    assert rejected(answers).columns == alone.rejected.schema.names
    assert answers.count() == len(some)


def test_all_that_can_be_asked_for(spark: SparkSession, tmp_path: Path) -> None:
    """Questions, proofs, and a table that is on this machine alone: as without Spark."""
    from refractory.cohort.spark import answered, assess

    here = tmp_path / "table.tsv"
    shutil.copy(TABLE, here)
    texts = [(CASES / name / "case.json").read_text(encoding="utf-8") for name in slugs() if "genotype" in name][:4]
    assert texts
    df = spark.createDataFrame([(text,) for text in texts], "case string")
    asked: dict[str, Any] = {"questions": True, "proofs": True, "table": str(here)}
    answers = answered(assess(df, **asked))
    alone = Assessor(**asked).run([Record(text) for text in texts])
    assert alone.answered.num_rows == len(texts)
    # What is sent along is enough.
    here.unlink()
    assert of_spark(answers) == of_arrow(alone.answered)


def test_what_is_written_is_read_by_anything(spark: SparkSession, tmp_path: Path) -> None:
    """Parquet by Spark has the types of the published schema, and says by which knowledge it was answered."""
    from refractory.cohort.spark import answered, assess

    path = str(tmp_path / "answered")
    answered(
        assess(spark.createDataFrame([(json.dumps({"id": "https://example.org/a"}),)], "case string"))
    ).write.parquet(path)
    schema = pq.read_schema(next(Path(path).glob("*.parquet")))
    wanted = Assessor().answered_schema
    assert schema.names == wanted.names
    assert [str(field.type).replace("element: ", "item: ") for field in schema] == [str(one.type) for one in wanted]
    said = spark.read.parquet(path).schema["case"].metadata
    assert said["refractory.knowledgeHash"] == shipped().hash
    assert json.loads(said["refractory.guidance"])[0]["id"] == NOTE


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"column": "cases"}, r"no column 'cases'.*case \(string\), n \(bigint\), s \(struct<a:int>\)"),
        ({"column": "n"}, "'n' is of type bigint, and must be string or binary"),
        ({"column": "s"}, r"struct<a:int>.*to_json"),
        ({"source": "n"}, "'n' is of type bigint, and must be string"),
        ({"row": "case"}, "'case' is of type string, and must be tinyint"),
        ({"guidance": ("nobody",)}, "nobody"),
        ({"knowledge": ("/nowhere",)}, "nowhere"),
        ({"guidance": (NOTE,), "table": str(TABLE)}, "how a table of mutations is read"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_what_cannot_run_is_refused_before_the_run(spark: SparkSession, given: dict[str, Any], said: str) -> None:
    """The message says what is wrong with which column; no work is sent anywhere."""
    from refractory.cohort.spark import assess

    df = spark.createDataFrame([], "case string, n bigint, s struct<a int>")
    with pytest.raises((UsageError, KnowledgeError), match=f"(?s){said}"):
        assess(df, **given)


def test_a_column_that_is_there_twice_is_refused(spark: SparkSession) -> None:
    """Nobody can know which is meant."""
    from refractory.cohort.spark import assess

    df = spark.createDataFrame([("", "")], "case string, other string")
    with pytest.raises(UsageError, match="more than one column 'case'"):
        assess(df.select("case", df.other.alias("case")))


def test_nothing_where_a_case_should_be_is_rejected(spark: SparkSession) -> None:
    """A null is a row like any other; its place may be null too."""
    from refractory.cohort.spark import answered, assess, rejected

    df = spark.createDataFrame([(None, None, None), ("{}", "f", 2)], "case string, f string, n bigint")
    answers = assess(df, source="f", row="n")
    assert answered(answers).count() == 0
    assert sorted((row.source, row.row, row.rawBytes) for row in rejected(answers).collect()) == [
        ("", 0, 0),
        ("f", 2, 2),
    ]


def test_what_the_page_says_to_do_in_a_notebook(spark: SparkSession, tmp_path: Path) -> None:
    """Its block runs as it stands, and leaves what it says."""
    page = (ROOT / "docs" / "cohort-spark.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    some = [record for record in records() if record.source == "bad"][-2:] + records()[:3]
    columns = {
        "case": [_bytes(record) for record in some],
        "file": [record.source for record in some],
        "line": [record.row for record in some],
    }
    pq.write_table(pa.table(columns), tmp_path / "cases.parquet")
    assert block.count('"cases.parquet"') == 1
    # Paths are relative to where the JVM began, which cannot go elsewhere.
    exec(re.sub(r'"(cases\.parquet|out/)', rf'"{tmp_path}/\1', block), {"spark": spark})  # noqa: S102  # our own page
    parts = [pq.read_table(tmp_path / "out" / name).num_rows for name in ("answered", "rejected")]
    assert parts == [3, 2]


@needs_java
def test_it_runs_by_spark_submit(tmp_path: Path) -> None:
    """The program reads NDJSON and writes both parts; bytes that are no text reject one line alone."""
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'refractory[spark]'")
    good = [(CASES / name / "case.json").read_bytes() for name in slugs()[:3]]
    lines = [json.dumps(json.loads(data)).encode() for data in good]
    (tmp_path / "cases.ndjson").write_bytes(b"\n".join([*lines, b"", b"  \r", b'{"id": "\xff"}', b"{"]) + b"\n")
    program = ROOT / "src" / "refractory" / "cohort" / "spark.py"
    options = [word for key, value in LOCAL.items() for word in ("--conf", f"{key}={value}")]
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    done = subprocess.run(
        [str(submit), *options, str(program), str(tmp_path / "cases.ndjson"), str(tmp_path / "out")],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"answered": 3, "rejected": 2}
    alone = Assessor().run(lines)
    found = pq.read_table(tmp_path / "out" / "answered").drop_columns(["source", "row"])
    assert sorted(map(plain, found.to_pylist())) == sorted(
        plain({name: value for name, value in row.items() if name not in ("source", "row")})
        for row in alone.answered.to_pylist()
    )
    sources = pq.read_table(tmp_path / "out" / "rejected").column("source").to_pylist()
    assert [source.endswith("/cases.ndjson") for source in sources] == [True, True]


def test_a_parcel_answers_as_what_was_packed() -> None:
    """It is opened once in a process, and what is in it is all that is read."""
    assessor = Assessor(guidance=(NOTE,))
    opened = Parcel.of(assessor).open()
    assert opened is Parcel.of(assessor).open()
    data = (CASES / "design-example" / "case.json").read_bytes()
    assert opened.run([data]).answered == assessor.run([data]).answered
    assert opened.run([data]).answered != Assessor().run([data]).answered


def test_another_version_on_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a cohort by one version and half by another would be nobody's answer."""
    sent = Parcel.of(Assessor())
    monkeypatch.setattr(parcels, "VERSION", "0.0.1")
    with pytest.raises(UsageError, match=r"this machine has refractory 0\.0\.1"):
        sent.open()


def test_another_knowledge_on_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash is made anew where the parcel is opened."""
    sent = Parcel.of(Assessor(guidance=(NOTE,)))
    parcels._opened.cache_clear()
    monkeypatch.setattr(parcels, "load_files", lambda files, _: load_files(files, None))
    with pytest.raises(KnowledgeError, match="the knowledge has the hash"):
        sent.open()
