"""Every form of input gives the same cases, always in the same chunks; what cannot be read is told and passed over."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from refractory import Case
from refractory.case.fhir.limits import MAX_BUNDLE_BYTES
from refractory.case.limits import MAX_BYTES
from refractory.cohort.batch import Assessor
from refractory.cohort.inputs import bulk, chunks, documents, source
from refractory.cohort.inputs.inputs import Inputs
from refractory.cohort.records import Chunk, Item, Record, Unreadable
from refractory.errors import LimitError, RefusedError, UsageError
from tests import fhir_writer
from tests.cohort import written
from tests.support import shipped

DAY = "2026-03-10"
GOOD = {"id": "https://example.org/case/good", "condition": "GenitalHerpes"}


def inputs(*paths: Path, **options: Any) -> Inputs:
    """Return the inputs of a run with the shipped knowledge."""
    return Inputs.of(paths, shipped().knowledge, **options)


def read(*paths: Path, **options: Any) -> list[Item]:
    """Return everything that inputs hold."""
    return [one.make() for one in inputs(*paths, **options).pending()]


def records(*paths: Path, **options: Any) -> list[Record]:
    """Return the records of inputs that hold nothing else."""
    found = read(*paths, **options)
    assert [one for one in found if not isinstance(one, Record)] == []
    return [one for one in found if isinstance(one, Record)]


def cases(found: Sequence[Record]) -> list[dict[str, Any]]:
    """Return the cases of records in canonical form."""
    return [Case.from_json(one.data, shipped().knowledge).to_json() for one in found]


def canonical(said: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return cases in canonical form."""
    return [Case.from_json(one, shipped().knowledge).to_json() for one in said]


def renamed(said: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return cases as a table names them: by the last part of their name."""
    return [{**one, "id": one["id"].replace("/case/", "/cohort/")} for one in said]


def loaded(one: Item) -> Any:
    """Return what the JSON of a record says."""
    assert isinstance(one, Record)
    assert isinstance(one.data, bytes)
    return json.loads(one.data)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Return a function that writes a file."""

    def _write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
        return path

    return _write


Write = Callable[[str, bytes], Path]


# ---- the same cases in every form ----


def test_a_case_is_the_same_in_every_form(write: Write, tmp_path: Path) -> None:
    """Golden cases as files, NDJSON, lists and Parquet are read as they are; as columns, those that columns can say."""
    said = written.golden()
    whole = canonical(said)
    assert cases(records(write("all.ndjson", written.ndjson(said)))) == whole
    assert cases(records(write("all.jsonl.gz", written.ndjson(said)))) == whole
    assert cases(records(write("all.json", json.dumps(said, indent=1).encode()))) == whole
    for binary in (False, True):
        path = tmp_path / f"all{binary}.parquet"
        written.parquet(said, path, binary=binary)
        assert cases(records(path)) == whole

    some, rows = written.columns(said)
    assert len(some) > 0.9 * len(said)
    in_columns = canonical(renamed(some))
    assert cases(records(write("all.csv", written.csv_text(rows)), mapping=written.TEMPLATE)) == in_columns
    written.parquet_columns(rows, tmp_path / "columns.parquet")
    assert cases(records(tmp_path / "columns.parquet", mapping=written.TEMPLATE)) == in_columns


def test_the_answers_to_a_table_are_those_to_its_cases(write: Write) -> None:
    """What goes through columns is answered as what does not."""
    some, rows = written.columns(written.golden())
    table = records(write("all.csv", written.csv_text(rows)), mapping=written.TEMPLATE)
    plain = records(write("all.ndjson", written.ndjson(renamed(some))))
    one, other = (Assessor().run(found) for found in (table, plain))
    assert one.rejected.num_rows == other.rejected.num_rows == 0
    assert one.answered.drop_columns(["source", "row"]).equals(other.answered.drop_columns(["source", "row"]))


def test_a_folder_is_read_in_the_order_of_its_names(write: Write, tmp_path: Path) -> None:
    """Files of all forms stand beside each other; marks of those who wrote them are no data; each place is its own."""
    write("in/b/z.json", json.dumps(GOOD).encode())
    write("in/a.ndjson", written.ndjson([GOOD, GOOD]))
    write("in/b.JSONL.gz", b"")
    write("in/_SUCCESS", b"")
    write("in/.a.ndjson.crc", b"x")
    write("in/_temporary/part.ndjson", b"{}")
    found = records(tmp_path / "in")
    assert [(Path(one.source).name, one.row) for one in found] == [("a.ndjson", 1), ("a.ndjson", 2), ("z.json", 1)]
    assert [path.name for path in inputs(tmp_path / "in").files] == ["a.ndjson", "b.JSONL.gz", "z.json"]
    other = records(tmp_path / "in/b", tmp_path / "in/a.ndjson")
    assert [Path(one.source).name for one in other] == ["z.json", "a.ndjson", "a.ndjson"]


def test_lines_of_every_kind(write: Write) -> None:
    """Blank lines count and say nothing; line ends are no part of a line; what is no JSON goes on as it is."""
    path = write("a.ndjson", b'\xef\xbb\xbf{"a":1}\r\n\r\n   \nno json\n\xff\xfe\n[1]')
    found = records(path)
    assert [(one.row, one.data) for one in found] == [
        (1, b'\xef\xbb\xbf{"a":1}'),
        (4, b"no json"),
        (5, b"\xff\xfe"),
        (6, b"[1]"),
    ]


# ---- what is wrong with the call ----


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no file in it"),
        ({"_SUCCESS": b""}, "no file in it"),
        ({"a.ndjson": b"", "b.xlsx": b""}, "b.xlsx"),
        ({"a.parquet.gz": b""}, "a.parquet.gz"),
        ({"a.gz": b""}, "a.gz"),
        ({"readme": b""}, "readme"),
        ({"a.csv": b"id\n"}, "no mapping"),
        ({"Patient.ndjson": b'{"resourceType": "Patient", "id": "1"}'}, "--assessed-on"),
    ],
)
def test_a_folder_that_cannot_be_a_cohort_is_a_mistake_of_the_call(
    files: dict[str, bytes], said: str, tmp_path: Path
) -> None:
    """It is told before anything is read, with the names of what is not read."""
    (tmp_path / "in").mkdir()
    for name, content in files.items():
        (tmp_path / "in" / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        inputs(tmp_path / "in")
    assert said in str(caught.value)
    assert caught.value.fix


def test_an_input_that_is_not_there_or_there_twice(write: Write, tmp_path: Path) -> None:
    """The one is refused, the other would count patients twice."""
    path = write("a.ndjson", b"")
    with pytest.raises(RefusedError, match="cannot be read"):
        inputs(tmp_path / "b.ndjson")
    with pytest.raises(UsageError, match="named twice"):
        inputs(tmp_path, path)
    with pytest.raises(UsageError, match="no day 2026-02-30"):
        inputs(path, assessed_on="2026-02-30")


# ---- faults of a file ----


def test_a_line_that_is_too_large_is_passed_over(write: Write) -> None:
    """It is told with its size, and its neighbours are read; the limit of Bundles is larger than that of cases."""
    line = json.dumps(GOOD).encode()
    longest = b" " * 10 + b"x" * (MAX_BYTES)
    bundle = b'{"resourceType": "Bundle", "x": "' + b"y" * (MAX_BUNDLE_BYTES - 100) + b'"}'
    too_long = [b"z" * (MAX_BYTES + 3), b'{"resourceType":' + b"y" * (MAX_BUNDLE_BYTES + 1)]
    path = write("a.ndjson", b"\n".join([line, too_long[0], longest.strip(), line, bundle, too_long[1], line]))
    found = read(path)
    assert [isinstance(one, Unreadable) for one in found] == [False, True, False, False, False, True, False]
    assert [one.row for one in found if isinstance(one, Unreadable)] == [2, 6]
    assert [one.row for one in found if isinstance(one, Record) and one.data == line] == [1, 4, 7]
    for one, content in zip([one for one in found if isinstance(one, Unreadable)], too_long, strict=True):
        assert len(content) <= one.size <= len(content) + 1
        assert one.count == 1
        assert content.startswith(one.raw)
        assert len(one.raw) < 10_000


@pytest.mark.parametrize("form", ["a.ndjson.gz", "a.json.gz", "a.csv.gz"])
@pytest.mark.parametrize("fault", ["cut", "damaged", "sum", "no gzip"])
def test_a_damaged_file_gives_what_comes_before(form: str, fault: str, write: Write) -> None:
    """The records before the fault are read, and the rest is one stretch; the same ones each time."""
    ids = [f"c{random.Random(n).getrandbits(64):x}" for n in range(3000)]  # noqa: S311  # a fixed seed is wanted
    said = [{"id": f"https://example.org/case/{name}"} for name in ids]
    mapping = write("m.toml", b'[values]\nid = { column = "id", prefix = "https://example.org/case/" }')
    content = {
        "a.ndjson.gz": written.ndjson(said),
        "a.json.gz": json.dumps(said).encode(),
        "a.csv.gz": "\n".join(["id", *ids, ""]).encode(),
    }[form]
    packed = gzip.compress(content, mtime=0)
    half = len(packed) // 2
    path = write(form, b"")
    path.write_bytes(
        {
            "cut": packed[:half],
            "damaged": packed[:half] + bytes(byte ^ 255 for byte in packed[half : half + 40]) + packed[half + 40 :],
            "sum": packed[:-8] + b"\0\0\0\0" + packed[-4:],
            "no gzip": content,
        }[fault]
    )
    found = read(path, mapping=mapping)
    *before, rest = found
    assert isinstance(rest, Unreadable)
    assert rest.count is None
    assert rest.row == len(before) + (2 if "csv" in form else 1) or fault in ("damaged", "no gzip")
    right = {"cut": 1000, "damaged": 1000, "sum": 3000, "no gzip": 0}[fault]
    assert [loaded(one) for one in before[:right] if isinstance(one, Record)] == said[:right]
    assert len(before) >= right
    assert fault == "damaged" or all(loaded(one) in said for one in before if isinstance(one, Record))
    # Damage may end a list before the reader of what is compressed sees it.
    assert ("may be wrong" in rest.why) == (fault != "cut") or (fault == "damaged" and "json" in form)
    assert read(path, mapping=mapping) == found


def test_a_list_is_taken_apart_wherever_a_block_ends(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strings, escapes and brackets may stand across blocks of any size."""
    said = [{"a": '\\"],{"', "b": [[], {}, "é\\"]}, [1, [2]], "x,]", 5, {"c": {"d": "\\\\"}}]
    path = write("a.json", b" \n" + json.dumps(said, indent=1).encode() + b"\n ")
    for size in range(1, 40):
        monkeypatch.setattr(source, "BLOCK", size)
        found = records(path)
        assert [loaded(one) for one in found] == said
        assert [one.row for one in found] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("content", "given", "message"),
    [
        (b"[]", [], None),
        (b" [ ] ", [], None),
        (b"[1,]", [b"1", b""], None),
        (b"[1,,2]", [b"1", b"", b"2"], None),
        (b"[1,2", [b"1"], "does not end"),
        (b'[1,"2]', [b"1"], "does not end"),
        (b"[1] 2", [b"1"], "behind the list"),
        (b"[1} 2", [], "not opened"),
        (b"{", [b"{"], None),
        (b"", [b""], None),
        (b"null", [b"null"], None),
    ],
)
def test_a_list_that_is_broken(content: bytes, given: list[bytes], message: str | None, write: Write) -> None:
    """Whole elements are given, and what does not end is told."""
    found = read(write("a.json", content))
    assert [one.data for one in found if isinstance(one, Record)] == given
    assert [message in one.message for one in found if isinstance(one, Unreadable) and message] == [True] * bool(
        message
    )


def test_an_element_or_a_file_that_is_too_large(write: Write) -> None:
    """It is passed over as a line is."""
    large = b'{"x": "' + b"y" * (MAX_BYTES * 2) + b'"}'
    first, found, last = read(write("a.json", b"[1, " + large + b", 2]"))
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    assert isinstance(found, Unreadable)
    assert (found.row, found.size, last.row) == (2, len(large) + 1, 3)
    (alone,) = read(write("b.json", large))
    assert isinstance(alone, Unreadable)
    assert alone.size == len(large)


# ---- FHIR ----


def several(said: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return cases as one Bundle; the drugs of treatments are resources of their own, of nobody."""
    entries: list[dict[str, Any]] = []
    for number, case in enumerate(said):
        for index, entry in enumerate(fhir_writer.written(case)["entry"]):
            resource = dict(entry["resource"])
            resource["id"] = f"p{number}" if resource["resourceType"] == "Patient" else f"r{number}-{index}"
            for name in ("subject", "patient"):
                if name in resource:
                    resource[name] = {"reference": f"Patient/p{number}"}
            if "medicationCodeableConcept" in resource:
                drug = {"resourceType": "Medication", "id": f"m{number}-{index}"}
                entries.insert(0, {"resource": {**drug, "code": resource.pop("medicationCodeableConcept")}})
                resource["medicationReference"] = {"reference": f"Medication/{drug['id']}"}
            entries.append({"resource": resource})
    random.Random(1).shuffle(entries)  # noqa: S311  # a fixed seed is wanted
    return {"resourceType": "Bundle", "type": "collection", **more, "entry": entries}


@pytest.mark.parametrize("more", [{}, {"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:x-site:b1"}}])
def test_a_bundle_of_several_patients_is_several_records(more: dict[str, Any], write: Write) -> None:
    """Each is the case that splitting the whole gives, name, facts and where each fact stands."""
    content = json.dumps(several(written.golden()[10:16], timestamp=f"{DAY}T12:00:00Z", **more)).encode()
    whole = Case.read_all(content, "a.json", shipped().knowledge, split=True)
    path = write("a.json", content)
    found = records(path)
    assert [Case.from_fhir(one.data, shipped().knowledge) for one in found] == whole
    assert [Case.from_fhir(one.data, shipped().knowledge).facts.sources for one in found] == [
        case.facts.sources for case in whole
    ]
    assert len(whole) == 6
    assert [(one.source, one.row) for one in found] == [(path.as_posix(), number) for number in range(1, 7)]
    path = write("a.ndjson", b"{}\n" + content)
    other = records(path)
    assert [one.data for one in other[1:]] == [one.data for one in found]
    assert [(one.source, one.row) for one in other[1:]] == [(f"{path.as_posix()}#2", n) for n in range(1, 7)]


def test_a_bundle_that_is_not_split_goes_on_as_it_is(write: Write) -> None:
    """One patient, or one that is refused: what is wrong is said when it is answered."""
    one = json.dumps(fhir_writer.written(GOOD)).encode()
    twice = one.replace(b'"type"', b'"type": "x", "type"')
    broken = one[:-1]
    assert [found.data for found in records(write("a.ndjson", b"\n".join([one, twice, broken])))] == [
        one,
        twice,
        broken,
    ]


def as_cases(found: Sequence[Record]) -> list[dict[str, Any]]:
    """Return the cases of Bundles, without the names that are made of their content."""
    read_ = [Case.from_fhir(one.data, shipped().knowledge, assessed_on=DAY).to_json() for one in found]
    return [{name: value for name, value in case.items() if name != "id"} for case in read_]


def test_bulk_data_is_the_case_of_each_patient(tmp_path: Path) -> None:
    """The resources of each patient are found wherever they stand in the files, and only those."""
    said = [case for case in written.golden() if case.get("assessedOn") == DAY][:40]
    written.bulk(said, tmp_path)
    found = records(tmp_path, assessed_on=DAY)
    alone = [Record(json.dumps(fhir_writer.written(case)).encode()) for case in said]
    assert as_cases(found) == as_cases(alone)
    assert {Path(one.source).name for one in found} == {"Patient.ndjson"}
    assert [one.row for one in found] == list(range(1, 41))
    assert records(tmp_path, assessed_on=DAY) == found
    assert inputs(tmp_path, assessed_on=DAY).files[0].name == "Patient.ndjson"


def test_bulk_data_is_answered_as_the_case_of_each_patient(tmp_path: Path) -> None:
    """With the day that the run was given; what a Bundle says of it comes after, and a case says its own."""
    # FHIR has no place for what is not at hand.
    said = [case for case in written.golden() if case.get("assessedOn") == DAY and "unavailable" not in case][:8]
    written.bulk(said, tmp_path)
    plain = Assessor(assessed_on="2026-01-01").run([json.dumps(case).encode() for case in said]).answered
    dated = [Record(json.dumps(fhir_writer.written(case) | {"timestamp": "2020-01-01T12:00:00Z"})) for case in said]
    assessor = Assessor(assessed_on=DAY)
    for found in (records(tmp_path, assessed_on=DAY), dated):
        answers = assessor.run(found)
        assert answers.rejected.num_rows == 0
        assert comparable(answers.answered) == comparable(plain)


def comparable(answered: Any) -> list[dict[str, Any]]:
    """Return rows without what names the case and its place, and without warnings, which speak of its nodes."""
    return [
        {name: value for name, value in row.items() if name not in ("case", "source", "row", "warnings")}
        for row in answered.to_pylist()
    ]


def lines_of(*resources: Any) -> bytes:
    """Return resources as bulk data; bytes as they are."""
    return b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in resources) + b"\n"


PATIENT = {"resourceType": "Patient", "id": "1"}


def of_patient(identifier: str, kind: str = "Condition", **said: Any) -> dict[str, Any]:
    """Return a resource about a patient."""
    return {"resourceType": kind, "subject": {"reference": identifier}, **said}


def test_bulk_data_with_faults(write: Write, tmp_path: Path) -> None:
    """What is about nobody, or about somebody who is not there, is told; what is no resource goes on as it is."""
    write("1.gz/x.ndjson.gz", lines_of(of_patient("Patient/1"), {"resourceType": "Condition"}, b"{", b"5"))
    write("1.gz/y.ndjson", lines_of(PATIENT, {"resourceType": "Patient"}, {"resourceType": "Encounter"}))
    write("1.gz/z.ndjson", lines_of(of_patient("Patient/2"), of_patient("Patient/2"), b"x" * (MAX_BYTES + 5)))
    found = read(tmp_path / "1.gz", assessed_on=DAY)
    assert [(Path(one.source).name, one.row) for one in found if isinstance(one, Unreadable)] == [
        ("y.ndjson", 2),
        ("x.ndjson.gz", 2),
        ("z.ndjson", 3),
        ("z.ndjson", 1),
    ]
    assert [(one.row, one.data) for one in found[:-2] if isinstance(one, Record)] == [(3, b"{"), (4, b"5")]
    bundle, stranger = found[-2:]
    assert isinstance(bundle, Record)
    assert [entry["resource"]["resourceType"] for entry in loaded(bundle)["entry"]] == ["Patient", "Condition"]
    assert isinstance(stranger, Unreadable)
    assert "Patient/2" in stranger.message


def test_bulk_data_without_patients_is_grouped_by_whom_it_names(write: Write, tmp_path: Path) -> None:
    """Where no Patient was exported, nothing says that one is missing; versions of a reference are one."""
    write(
        "Condition.ndjson",
        lines_of(of_patient("Patient/1"), of_patient("Patient/2"), of_patient("Patient/1/_history/3")),
    )
    found = records(tmp_path, assessed_on=DAY)
    assert [len(loaded(one)["entry"]) for one in found] == [2, 1]


def test_two_exports_do_not_mix(write: Write, tmp_path: Path) -> None:
    """An id names a patient in one folder alone."""
    for folder in "ab":
        write(f"in/{folder}/Patient.ndjson", lines_of({**PATIENT, "birthDate": f"19{ord(folder)}"}))
        write(f"in/{folder}/Condition.ndjson", lines_of(of_patient("Patient/1")))
    found = records(tmp_path / "in", assessed_on=DAY)
    assert [len(loaded(one)["entry"]) for one in found] == [2, 2]
    assert inputs(tmp_path / "in", assessed_on=DAY).files == tuple(
        tmp_path / "in" / name
        for name in ("a/Patient.ndjson", "a/Condition.ndjson", "b/Patient.ndjson", "b/Condition.ndjson")
    )


def test_what_resources_of_bulk_data_refer_to_comes_with_them(write: Write, tmp_path: Path) -> None:
    """The drug behind a reference is found, and what no patient's resource refers to is left out."""
    drugs = [{"resourceType": "Medication", "id": str(n)} for n in range(5)]
    order = of_patient("Patient/1", "MedicationRequest", medicationReference={"reference": "Medication/3"})
    write("Medication.ndjson", lines_of(*drugs))
    write("MedicationRequest.ndjson", lines_of(order))
    write("Patient.ndjson", lines_of(PATIENT))
    (found,) = records(tmp_path, assessed_on=DAY)
    assert [entry["resource"] for entry in loaded(found)["entry"]] == [PATIENT, order, drugs[3]]


def test_a_patient_with_too_much_is_passed_over(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are read."""
    monkeypatch.setattr(bulk, "MAX_RESOURCES", 2)
    write("Patient.ndjson", lines_of(PATIENT, {**PATIENT, "id": "2"}))
    write("Condition.ndjson", lines_of(of_patient("Patient/1"), of_patient("Patient/1"), of_patient("Patient/2")))
    large, good = read(tmp_path, assessed_on=DAY)
    assert isinstance(large, Unreadable)
    assert "3 resources" in large.message
    assert isinstance(good, Record)


def test_no_room_for_the_patients_stops_the_run(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a limit of the machine, and no record's fault."""
    monkeypatch.setattr(bulk, "_TABLES", bulk._TABLES + "PRAGMA max_page_count = 10;")
    noise = random.Random(1).randbytes(100_000).hex()  # noqa: S311  # a fixed seed is wanted
    write("Patient.ndjson", lines_of({**PATIENT, "x": noise}))
    with pytest.raises(LimitError, match="TMPDIR"):
        read(tmp_path, assessed_on=DAY)


# ---- chunks ----


def numbers(found: Iterator[Chunk]) -> list[tuple[int, int]]:
    """Return the numbers of chunks, and how many items each has."""
    return [(one.number, len(one.items)) for one in found]


def test_chunks_are_always_the_same(write: Write) -> None:
    """Those that are done are left out, the others are what they were; the share grows to one."""
    path = write("a.ndjson", written.ndjson([GOOD] * 23) + b"x" * (MAX_BYTES + 5) + b"\n{}")
    all_ = list(chunks.chunks(inputs(path), 4))
    assert numbers(iter(all_)) == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4), (5, 4), (6, 1)]
    missing = list(chunks.chunks(inputs(path), 4, done={0, 2, 3, 6}))
    assert [(one.number, one.items) for one in missing] == [(n, all_[n].items) for n in (1, 4, 5)]
    assert all_[-1].share == 1.0
    shares = [one.share for one in all_ if one.share is not None]
    assert shares == sorted(shares)
    again = inputs(path)
    assert list(chunks.chunks(again, 4)) == list(chunks.chunks(again, 4)) == all_
    assert list(chunks.chunks(inputs(write("b.ndjson", b"")), 4)) == []


def test_records_of_what_is_done_are_not_made(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that goes on passes over them."""
    some, rows = written.columns(written.golden())
    made = []
    build = Record.__init__

    def count(self: Record, *arguments: Any, **options: Any) -> None:
        made.append(arguments)
        build(self, *arguments, **options)

    monkeypatch.setattr(Record, "__init__", count)
    path = write("a.csv", written.csv_text(rows))
    found = list(chunks.chunks(inputs(path, mapping=written.TEMPLATE), 10, done=range(1, 1000)))
    assert len(found) == 1
    assert len(made) == 10
    assert len(some) > 20


def test_a_chunk_closes_before_it_is_large(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large records come fewer at a time, also where some are done."""
    monkeypatch.setattr(chunks, "MAX_CHUNK_BYTES", 1000)
    path = write("a.ndjson", (b"x" * 300 + b"\n") * 10)
    assert numbers(chunks.chunks(inputs(path), 100)) == [(0, 4), (1, 4), (2, 2)]
    assert numbers(chunks.chunks(inputs(path), 100, done=[0])) == [(1, 4), (2, 2)]


# ---- memory ----


def peak(path: Path, size: int = 1000, **options: Any) -> int:
    """Return how much memory it takes to go through an input chunk by chunk, in bytes."""
    found = inputs(path, **options)
    tracemalloc.start()
    try:
        for one in chunks.chunks(found, size):
            assert one.items
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_bounded(write: Write) -> None:
    """50 MB of lines, one line of them, a list, and one line that unpacks to them take less than 20 MB."""
    line = json.dumps({**GOOD, "x": "y" * 1500}).encode() + b"\n"
    many = line * (50_000_000 // len(line))
    assert peak(write("a.ndjson", many)) < 20_000_000
    assert peak(write("b.ndjson", b"x" * 50_000_000)) < 20_000_000
    assert peak(write("c.ndjson.gz", b"x" * 50_000_000)) < 20_000_000
    assert peak(write("d.json", b"[" + many.replace(b"\n", b",") + b"1]")) < 20_000_000
    assert peak(write("e.json", b'{"x": "' + b"x" * 50_000_000)) < 20_000_000


def test_memory_is_bounded_for_bulk_data(tmp_path: Path) -> None:
    """Eight times as many patients take no more memory: a Bundle each in turn."""
    taken = []
    for patients in (100, 100, 800):
        write_export(tmp_path, patients)
        taken.append(peak(tmp_path, 20, assessed_on=DAY))
    assert taken[2] < taken[1] * 1.2


def write_export(folder: Path, patients: int) -> None:
    """Write bulk data of some patients, ten resources of 450 bytes each, those of different ones alternating."""
    ids = [str(number) for number in range(patients)]
    (folder / "Patient.ndjson").write_bytes(lines_of(*({"resourceType": "Patient", "id": one} for one in ids)))
    noise = random.Random(1)  # noqa: S311  # a fixed seed is wanted
    others = (of_patient(f"Patient/{one}", x=noise.randbytes(200).hex()) for _ in range(10) for one in ids)
    (folder / "Condition.ndjson").write_bytes(lines_of(*others))


def test_documents_close_what_they_open(write: Write) -> None:
    """A file that is read in part is closed with its reader."""
    path = write("a.json", json.dumps([GOOD] * 10).encode())
    (found,) = inputs(path)._sources
    reader = documents.read(found, None)  # type: ignore[arg-type]  # no FHIR in it, so no mapping is asked
    next(reader)
    reader.close()  # type: ignore[attr-defined]  # it is a generator
    path.unlink()
    assert not path.exists()
