"""Tables: what a column says is what the mapping says of it, and nothing is guessed, passed over or lost."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from refractory.case.limits import MAX_BYTES
from refractory.cohort.inputs.chunks import chunks
from refractory.cohort.inputs.inputs import Inputs
from refractory.cohort.inputs.mapping_file import read_mapping
from refractory.cohort.records import Item, Record, Unreadable
from refractory.errors import UsageError
from tests import fhir_writer
from tests.cohort import written
from tests.support import ROOT, shipped

MAPPING = """
[file]
decimal = ","
delimiter = ";"
ignored = ["note"]
[words]
yes = ["Ja", "1", "true"]
no = ["nein", "0", "false"]
unknown = ["?"]
[values]
id = { column = "id", prefix = "urn:x-site:" }
assessedOn = { column = "day", date = "%d.%m.%Y" }
condition = { column = "dx", map = { "Zoster " = "HerpesZoster" } }
allergies = { column = "allergies", separator = "|", map = { "aciclovir" = "Acyclovir", "foscarnet" = "Foscarnet" } }
[values.patient]
weightKg = "kg"
[facts]
hiv = "HivInfection"
hiv_test = { term = "HivInfection", yes = ["reactive"] }
[[entries]]
key = "treatments"
when = "treated"
[entries.values]
drug = { value = "Valacyclovir" }
status = { value = "Ongoing" }
doseMg = { column = "mg" }
timesPerDay = { value = 3 }
"""
HEADER = "id;day;dx;allergies;kg;hiv;hiv_test;treated;mg;note"
EMPTY = dict.fromkeys(HEADER.split(";"), "") | {"id": "1"}


@pytest.fixture
def mapping(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a mapping with some of its text replaced."""

    def _mapping(*replaced: tuple[str, str]) -> Path:
        text = MAPPING
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "mapping.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return _mapping


Mapping = Callable[..., Path]


def read(path: Path, mapping: Path | None = None) -> list[Item]:
    """Return everything that a file holds."""
    return [one.make() for one in Inputs.of([path], shipped().knowledge, mapping=mapping).pending()]


def table(path: Path, *rows: str) -> Path:
    """Write rows below the header."""
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


def row(**cells: str) -> str:
    """Return a row that says these cells and no others."""
    return ";".join((EMPTY | cells).values())


def said(item: Item) -> Any:
    """Return the case of a record."""
    assert isinstance(item, Record), item
    assert isinstance(item.data, bytes)
    return json.loads(item.data, parse_float=Decimal)


@pytest.mark.parametrize(
    ("cells", "case"),
    [
        ({}, {}),
        ({"id": "a b/ä"}, {"id": "urn:x-site:a%20b%2F%C3%A4"}),
        ({"day": "09.03.2026"}, {"assessedOn": "2026-03-09"}),
        ({"day": " ? "}, {}),
        ({"dx": "ZOSTER"}, {"condition": "HerpesZoster"}),
        ({"allergies": "Foscarnet| aciclovir|"}, {"allergies": ["Foscarnet", "Acyclovir"]}),
        ({"kg": "70,50"}, {"patient": {"weightKg": Decimal("70.50")}}),
        ({"hiv": "ja"}, {"present": ["HivInfection"]}),
        ({"hiv": "NEIN"}, {"absent": ["HivInfection"]}),
        ({"hiv": "?"}, {}),
        ({"hiv": "ja", "hiv_test": "reactive"}, {"present": ["HivInfection"]}),
        ({"hiv": "ja", "hiv_test": "0"}, {"present": ["HivInfection"], "absent": ["HivInfection"]}),
        ({"treated": "nein"}, {}),
        ({"treated": "1"}, {"treatments": [{"drug": "Valacyclovir", "status": "Ongoing", "timesPerDay": 3}]}),
        (
            {"treated": "1", "mg": "500"},
            {"treatments": [{"drug": "Valacyclovir", "status": "Ongoing", "doseMg": 500, "timesPerDay": 3}]},
        ),
        ({"note": "anything"}, {}),
    ],
    ids=str,
)
def test_a_cell_says_what_the_mapping_says(
    cells: dict[str, str], case: dict[str, Any], tmp_path: Path, mapping: Mapping
) -> None:
    """Words, days, numbers, lists and parts become the keys of a case; what says nothing leaves its key out."""
    (found,) = read(table(tmp_path / "a.csv", row(**cells)), mapping())
    assert said(found) == {"id": "urn:x-site:1"} | case


@pytest.mark.parametrize(
    ("cells", "place", "message"),
    [
        ({"hiv": "maybe"}, "hiv", "neither yes, no nor unknown"),
        ({"hiv_test": "ja"}, "hiv_test", "neither yes, no nor unknown"),
        ({"dx": "measles"}, "dx", "does not know"),
        ({"allergies": "foscarnet|nuts"}, "allergies", "does not know"),
        ({"day": "2026-03-09"}, "day", "no day of the form"),
        ({"day": "31.02.2026"}, "day", "no day of the form"),
        ({"kg": "1.000"}, "kg", "has a point"),
        ({"kg": "70 kg"}, "kg", "not a plain decimal number"),
        ({"treated": "maybe"}, "treated", "neither yes, no nor unknown"),
        ({"treated": "nein", "mg": "500"}, "treated", "does not say yes"),
        ({"mg": "500"}, "treated", "does not say yes"),
    ],
    ids=str,
)
def test_what_the_mapping_does_not_know_is_told(
    cells: dict[str, str], place: str, message: str, tmp_path: Path, mapping: Mapping
) -> None:
    """The row is told with its column, and the next one is read."""
    bad, good = read(table(tmp_path / "a.csv", row(**cells), row()), mapping())
    assert isinstance(bad, Unreadable)
    assert (bad.row, bad.count, bad.place) == (2, 1, f"column {place!r}")
    assert message in bad.message
    assert bad.fix
    assert next(iter(cells.values())) in bad.raw.decode()
    assert said(good) == {"id": "urn:x-site:1"}


@pytest.mark.parametrize(
    ("rows", "given", "lost"),
    [
        ([row(), row(note='"two\nlines; ""quoted"""'), row(id="2")], [2, 3, 5], []),
        ([row(), row(note='"never closed'), row(id="2"), row(id="3")], [2, 4, 5], [3]),
        ([row(note='"one'), row(), row(note='"two'), row(id="2")], [3, 5], [2, 4]),
        ([row(note='5" tall'), row(note='6" tall')], [2, 3], []),
        ([row() + ";more", row()], [3], [2]),
        (["1;2", row()], [3], [2]),
        ([row(note='"a"b'), row()], [3], [2]),
        (["", row(), "   ", row()], [3, 5], []),
        ([row(note="x" * (MAX_BYTES + 1)), row()], [3], [2]),
        ([row(note='"' + "x" * 100_000), *[row(note="y" * 100_000)] * 3], [3, 4, 5], [2]),
    ],
    ids=range(10),
)
def test_a_row_that_is_broken_takes_no_other_with_it(
    rows: list[str], given: list[int], lost: list[int], tmp_path: Path, mapping: Mapping
) -> None:
    """A quote that is never closed costs its own line, and a row has the columns of the header or is told."""
    found = read(table(tmp_path / "a.csv", *rows), mapping())
    assert [one.row for one in found if isinstance(one, Record)] == given
    assert [one.row for one in found if isinstance(one, Unreadable)] == lost


def test_csv_that_is_not_utf8(tmp_path: Path, mapping: Mapping) -> None:
    """Such a row is told; such a header is a mistake of the call; a mark of the order of bytes is no letter."""
    path = table(tmp_path / "a.csv", row(note="é"), row(note="e"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_text(encoding="utf-8").encode("latin-1"))
    bad, good = read(path, mapping())
    assert isinstance(bad, Unreadable)
    assert "UTF-8" in bad.message
    assert isinstance(good, Record)
    path.write_bytes(HEADER.encode("utf-16"))
    with pytest.raises(UsageError, match="UTF-8"):
        read(path, mapping())
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="empty"):
        read(path, mapping())


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (HEADER.replace(";hiv;", ";HIV;"), ["it has no column 'hiv'", "does not know 'HIV'"]),
        (HEADER + ";extra", ["does not know 'extra'"]),
        (HEADER + ";kg", ["it has twice 'kg'"]),
        (HEADER.replace(";", ","), ["it has no column 'id', 'day'"]),
    ],
)
def test_other_columns_are_named_before_anything_is_read(
    header: str, words: list[str], tmp_path: Path, mapping: Mapping
) -> None:
    """Missing and unknown columns, of CSV and of Parquet."""
    path = tmp_path / "a.csv"
    path.write_text(header + "\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read(path, mapping())
    assert [word for word in words if word not in str(caught.value)] == []
    names = header.split(";")
    pq.write_table(pa.Table.from_arrays([pa.array(["1"])] * len(names), names=names), tmp_path / "a.parquet")
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "a.parquet", mapping())
    assert [word for word in words if word not in str(caught.value)] == []


def test_all_other_columns_may_be_ignored(tmp_path: Path, mapping: Mapping) -> None:
    """By one word, but never those that are missing."""
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER};extra\n{row()};x\n", encoding="utf-8")
    (found,) = read(path, mapping(('ignored = ["note"]', 'ignored = ["*"]')))
    assert said(found) == {"id": "urn:x-site:1"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[file]", "[fiel]", "Did you mean file"),
        ("[file]", "[file", "not TOML"),
        ('delimiter = ";"', 'delimiter = ";;"', "one character"),
        ('delimiter = ";"', 'delimiter = "\\""', "one character"),
        ('decimal = ","', 'decimel = ","', "Did you mean decimal"),
        ('ignored = ["note"]', 'ignored = "note"', "no list of texts"),
        ('yes = ["Ja", "1", "true"]', 'yes = ["Ja", "0"]', "'0' has two meanings"),
        ('id = { column = "id", prefix = "urn:x-site:" }', "", "no column says the 'id'"),
        ('id = { column = "id"', 'id = { colum = "id"', "Did you mean column"),
        ('id = { column = "id"', 'id = { column = "id", value = "x"', "either a column or a value"),
        ('id = { column = "id"', 'id = { column = ""', "column is no text"),
        ("condition =", "conditon =", "Did you mean condition"),
        ('"HerpesZoster"', '"HerpesZooster"', "Did you mean HerpesZoster"),
        ('"Acyclovir"', '"Acyclovirr"', "no term is called"),
        ('hiv = "HivInfection"', 'hiv = "Hivv"', "no term is called"),
        ('hiv = "HivInfection"', "hiv = 5", "names no fact"),
        ('date = "%d.%m.%Y"', 'date = "%d.%m.%y"', "two digits"),
        ('map = { "Zoster " = "HerpesZoster" }', 'separator = ";"', "has a separator"),
        ('"Valacyclovir"', '"Valaciclovirr"', "no term is called"),
        ("timesPerDay = { value = 3 }", "timesPerDay = { value = true }", "no text, number or day"),
        ("timesPerDay = { value = 3 }", 'timesPerDay = { value = "thrice" }', "not a plain decimal number"),
        ("timesPerDay = { value = 3 }", "timesPerDay = 3", "neither the name of a column nor a table"),
        ('key = "treatments"', 'key = "patient"', "holds no list of parts"),
        ('key = "treatments"', 'key = "treatment"', "Did you mean treatments"),
        ('key = "treatments"', 'key = "treatments"\nnumbers = ["a"]', "no whole number"),
        ('when = "treated"\n[entries.values]', "[entries.values]\n#", ""),
        ("[values.patient]", "[values.treatments]", "is a list of parts"),
    ],
)
def test_a_mapping_at_fault_is_told_before_anything_is_read(
    old: str, new: str, message: str, mapping: Mapping, tmp_path: Path
) -> None:
    """With the place in the file, and what may have been meant."""
    path = mapping((old, new))
    if not message:
        read_mapping(path, shipped().knowledge)
        text = path.read_text(encoding="utf-8").replace('doseMg = { column = "mg" }', "")
        path.write_text(text, encoding="utf-8")
        message = "no column says whether"
    with pytest.raises(UsageError) as caught:
        read_mapping(path, shipped().knowledge)
    assert message in str(caught.value)
    assert caught.value.place.startswith(str(tmp_path))
    assert caught.value.fix


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    """It is a mistake of the call."""
    with pytest.raises(UsageError, match="cannot be read"):
        read_mapping(tmp_path / "none.toml", shipped().knowledge)


# ---- Parquet ----


def test_types_of_parquet_columns(tmp_path: Path, mapping: Mapping) -> None:
    """Numbers, days, instants at midnight, truth values, lists and nothing are read as what they are."""
    path = tmp_path / "a.parquet"
    rows = pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int64()),
            "day": pa.array([date(2026, 3, 9), None, date(2026, 3, 1)], pa.date32()),
            "dx": pa.array(["zoster", "?", None]).dictionary_encode(),
            "allergies": pa.array([["foscarnet", None], [], None], pa.list_(pa.string())),
            "kg": pa.array([70.5, float("nan"), 1e-7], pa.float64()),
            "hiv": pa.array([True, False, None]),
            "hiv_test": pa.array([None, None, None], pa.null()),
            "treated": pa.array([1, 0, 1], pa.int8()),
            "mg": pa.array([Decimal("500.00"), None, Decimal(1)], pa.decimal128(9, 2)),
            "note": pa.array([{"a": 1}] * 3),
        }
    )
    pq.write_table(rows, path)
    point = ('decimal = ","', 'decimal = "."')
    drug = {"drug": "Valacyclovir", "status": "Ongoing", "timesPerDay": 3}
    first, second, third = map(said, read(path, mapping(point)))
    assert first == {
        "id": "urn:x-site:1",
        "assessedOn": "2026-03-09",
        "condition": "HerpesZoster",
        "allergies": ["Foscarnet"],
        "patient": {"weightKg": Decimal("70.5")},
        "treatments": [drug | {"doseMg": 500}],
        "present": ["HivInfection"],
    }
    assert second == {"id": "urn:x-site:2", "absent": ["HivInfection"]}
    assert third["patient"] == {"weightKg": Decimal("0.0000001")}
    assert third["treatments"] == [drug | {"doseMg": 1}]

    for instant, good in (
        (datetime(2026, 3, 9, tzinfo=UTC).replace(tzinfo=None), True),
        (datetime(2026, 3, 9, 1, tzinfo=UTC).replace(tzinfo=None), False),
    ):
        changed = rows.set_column(1, "day", pa.array([instant] * 3, pa.timestamp("us")))
        pq.write_table(changed, path)
        assert isinstance(read(path, mapping(point))[0], Record) == good


def test_a_corrupt_row_group_is_one_stretch(tmp_path: Path) -> None:
    """With its number of rows; the row groups before and after it are read, and where a row is does not change."""
    path = tmp_path / "a.parquet"
    cases = [{"id": f"https://example.org/case/{n}", "x": f"{n * 7919:x}" * 20} for n in range(40)]
    written.parquet(cases, path, rows=10)
    whole = read(path)
    assert [said(one) for one in whole] == cases
    about = pq.ParquetFile(path).metadata.row_group(1).column(0)
    start = min(about.data_page_offset, about.dictionary_page_offset or about.data_page_offset)
    content = bytearray(path.read_bytes())
    content[start : start + about.total_compressed_size] = bytes(about.total_compressed_size)
    path.write_bytes(content)
    found = read(path)
    assert [one for one in found if isinstance(one, Record)] == [*whole[:10], *whole[20:]]
    (bad,) = (one for one in found if isinstance(one, Unreadable))
    assert (bad.row, bad.count, bad.place) == (11, 10, "row group 1")
    assert found.index(bad) == 10
    assert read(path) == found


def test_a_parquet_file_that_is_cut(tmp_path: Path) -> None:
    """What it holds stands at its end, so none of it is read; the other files are."""
    written.parquet([{"id": "urn:x:1"}], tmp_path / "a.parquet")
    written.parquet([{"id": "urn:x:2"}], tmp_path / "b.parquet")
    path = tmp_path / "a.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    bad, good = read(tmp_path)
    assert isinstance(bad, Unreadable)
    assert (bad.row, bad.count) == (1, None)
    assert said(good) == {"id": "urn:x:2"}


def test_cells_of_a_parquet_file_that_are_no_case(tmp_path: Path, mapping: Mapping) -> None:
    """Nothing, too much, other letters and a Bundle of several patients each make a record or are told."""
    several = {"resourceType": "Bundle", "type": "collection", "entry": []}
    for number in "12":
        entries = fhir_writer.bundle({"resourceType": "Patient", "id": number})["entry"]
        several["entry"] += entries
    large = b"x" * (MAX_BYTES + 1)
    path = tmp_path / "a.parquet"
    cells = [None, large, b"\xff", json.dumps(several).encode(), b"{}"]
    pq.write_table(pa.table({"case": pa.array(cells, pa.large_binary())}), path)
    nothing, too_large, letters, one, two, last = read(path)
    assert [one_.data for one_ in (nothing, letters, last) if isinstance(one_, Record)] == [b"", b"\xff", b"{}"]
    assert isinstance(too_large, Unreadable)
    assert too_large.size == len(large)
    assert [(item.source, item.row) for item in (one, two) if isinstance(item, Record)] == [
        (f"{path.as_posix()}#4", 1),
        (f"{path.as_posix()}#4", 2),
    ]

    names = HEADER.split(";")
    broken = pa.array([b"1", b"\xff", b"3"], pa.binary()).view(pa.string())
    columns = [broken if name == "id" else pa.array([""] * 3) for name in names]
    pq.write_table(pa.Table.from_arrays(columns, names=names), path)
    first, bad, third = read(path, mapping())
    assert [said(item)["id"] for item in (first, third)] == ["urn:x-site:1", "urn:x-site:3"]
    assert isinstance(bad, Unreadable)
    assert (bad.row, bad.count) == (2, 1)


def test_a_parquet_file_without_cases_needs_a_mapping(tmp_path: Path) -> None:
    """That is a mistake of the call."""
    path = tmp_path / "a.parquet"
    for column in ("cases", "case"):
        pq.write_table(pa.table({column: [1]}), path)
        with pytest.raises(UsageError, match="--mapping"):
            read(path)


# What Arrow holds at most is counted for a process, so one is begun that only reads.
READER = """
import sys
import pyarrow as pa
from refractory.cohort.inputs.chunks import chunks
from refractory.cohort.inputs.inputs import Inputs
from refractory.knowledge.knowledge import Knowledge
print(sum(len(chunk.items) for chunk in chunks(Inputs.of(sys.argv[1:], Knowledge.load()), 500)))
print(pa.default_memory_pool().max_memory())
"""


def test_memory_of_tables_is_bounded(tmp_path: Path) -> None:
    """A row group of 60 MB and 20 MB of CSV are read in pieces."""
    path = tmp_path / "a.parquet"
    texts = [json.dumps({"id": "urn:x:1", "x": f"{number:05x}" * 300}) for number in range(40_000)]
    pq.write_table(pa.table({"case": texts}), path, row_group_size=len(texts), use_dictionary=False, compression="NONE")
    assert path.stat().st_size > 50_000_000
    command = [sys.executable, "-c", READER, str(path)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    count, most = map(int, answer.stdout.split())
    assert count == 40_000
    assert most < 10_000_000

    (tmp_path / "m.toml").write_text('[file]\nignored = ["*"]\n[values]\nid = "id"', encoding="utf-8")
    (tmp_path / "a.csv").write_text("id,note\n" + f"urn:x:1,{'y' * 1000}\n" * 20_000, encoding="utf-8")
    found = Inputs.of([tmp_path / "a.csv"], shipped().knowledge, mapping=tmp_path / "m.toml")
    tracemalloc.start()
    try:
        assert sum(len(chunk.items) for chunk in chunks(found, 500)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


# ---- the template ----


def test_the_template_is_a_mapping_that_names_every_key() -> None:
    """It is read without fault, and leaves no key of a case unsaid but the lists that its facts stand for."""
    found = read_mapping(written.TEMPLATE, shipped().knowledge)
    schema = json.loads((ROOT / "schemas" / "case.schema.json").read_text(encoding="utf-8"))["properties"]
    keys = {one.name for one in found.fields} | {one.key for one in found.entries} | {"present", "absent", "@context"}
    assert keys >= set(schema)
    assert len(found.columns) == len(set(found.columns))
    assert found.facts


def test_the_mapping_that_the_page_shows_is_one(tmp_path: Path) -> None:
    """It can be copied."""
    page = (ROOT / "docs" / "cohort-inputs.md").read_text(encoding="utf-8")
    shown = page[page.index("    [values]") : page.index("**Nothing is guessed.**")]
    path = tmp_path / "shown.toml"
    path.write_text(shown.replace("\n    ", "\n").strip(), encoding="utf-8")
    found = read_mapping(path, shipped().knowledge)
    assert set(found.columns) == {"mrn_hash", "dx", "hiv", "on_valacyclovir", "valacyclovir_start"}


def test_the_command_prints_the_template() -> None:
    """As it is, on standard output."""
    command = [sys.executable, "-m", "refractory", "cohort", "template"]
    answer = subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert answer.stdout == written.TEMPLATE.read_bytes()
    assert answer.stderr == b""
