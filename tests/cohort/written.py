"""Writes plain cases in the forms that a cohort may have, for tests: they have to be read back as the same cases."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests import fhir_writer
from tests.support import CASES, ROOT, slugs

TEMPLATE = ROOT / "schemas" / "cohort-mapping.toml"
JsonObject = dict[str, Any]


def golden() -> list[JsonObject]:
    """Return the golden cases."""
    return [json.loads((CASES / slug / "case.json").read_bytes()) for slug in slugs()]


def ndjson(cases: Iterable[JsonObject]) -> bytes:
    """Return cases as NDJSON."""
    return b"".join(json.dumps(case).encode() + b"\n" for case in cases)


def bulk(cases: Iterable[JsonObject], folder: Path) -> None:
    """Write cases as FHIR bulk data: a patient for each, their resources in files by type.

    The resources of different patients alternate in a file, so that no patient's stand together.
    """
    files: dict[str, list[list[JsonObject]]] = {}
    for number, case in enumerate(cases):
        for index, entry in enumerate(fhir_writer.written(case)["entry"]):
            resource = dict(entry["resource"])
            resource["id"] = f"p{number}" if resource["resourceType"] == "Patient" else f"p{number}-{index}"
            for name in ("subject", "patient"):
                if name in resource:
                    resource[name] = {"reference": f"Patient/p{number}"}
            rows = files.setdefault(resource["resourceType"], [])
            depth = sum(1 for row in rows if any(one["id"].split("-")[0] == f"p{number}" for one in row))
            rows.extend([] for _ in range(depth + 1 - len(rows)))
            rows[depth].append(resource)
    for kind, rows in files.items():
        (folder / f"{kind}.ndjson").write_bytes(ndjson(one for row in rows for one in row))


def parquet(cases: Iterable[JsonObject], path: Path, *, rows: int = 7, binary: bool = False) -> None:
    """Write cases as a column of JSON, some in a row group."""
    texts = [json.dumps(case) for case in cases]
    kind = pa.binary() if binary else pa.string()
    pq.write_table(pa.table({"case": pa.array(texts, kind), "site": ["A"] * len(texts)}), path, row_group_size=rows)


def columns(cases: Iterable[JsonObject]) -> tuple[list[JsonObject], list[JsonObject]]:
    """Return those cases that the columns of the template can say, and their rows."""
    mapping = tomllib.loads(TEMPLATE.read_text(encoding="utf-8"))
    said, rows = [], []
    for case in cases:
        row = _Row(mapping)
        if row.takes(case):
            said.append(case)
            rows.append(row.cells)
    return said, rows


def csv_text(rows: list[JsonObject]) -> bytes:
    """Return rows as CSV."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def parquet_columns(rows: list[JsonObject], path: Path) -> None:
    """Write rows as columns of numbers, days, truth values and texts, each of its own type."""
    found: dict[str, Any] = {}
    for name in rows[0]:
        cells = [row[name] or None for row in rows]
        if name in ("assessed_on", "treatment1_started"):
            found[name] = pa.array([cell and date.fromisoformat(cell) for cell in cells], pa.date32())
        elif name in ("age", "weight_kg", "treatment1_dose_mg", "treatment1_times_per_day"):
            found[name] = pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
        elif name in ("hiv", "weight_loss"):
            found[name] = pa.array([None if cell is None else cell == "yes" for cell in cells], pa.bool_())
        elif name == "allergies":
            found[name] = pa.array([cell and cell.split(";") for cell in cells], pa.list_(pa.string()))
        else:
            found[name] = pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
    pq.write_table(pa.table(found), path, row_group_size=11)


class _Row:
    """Writes a case backwards through the template."""

    def __init__(self, mapping: Mapping[str, Any]) -> None:
        self._mapping = mapping
        self.cells: JsonObject = {}
        self._good = True

    def takes(self, case: JsonObject) -> bool:
        """Write a case; say whether the template can say all of it."""
        rest = dict(case)
        values = dict(self._mapping["values"])
        patient = dict(rest.pop("patient", {}))
        for name, said in values.pop("patient").items():
            self._put(said, patient.pop(name, None))
        for name, said in values.items():
            value = rest.pop(name, None)
            if name == "id":
                value = value.removeprefix(said["prefix"].replace("cohort", "case"))
            self._put(said, value)
        facts = {fact: word for word, key in (("yes", "present"), ("no", "absent")) for fact in rest.pop(key, ())}
        for column, fact in self._mapping["facts"].items():
            self.cells[column] = facts.pop(fact, "")
        for entry in self._mapping["entries"]:
            parts = list(rest.pop(entry["key"], ()))
            for number in entry.get("numbers", [0]):
                part = dict(parts.pop(0)) if parts else None
                for name, said in entry["values"].items():
                    self._put(said, part.pop(name, None) if part else None, number, wanted=part is not None)
                self._good &= not part
            self._good &= not parts
        return self._good and not rest and not patient and not facts

    def _put(self, said: Any, value: Any, number: int = 0, *, wanted: bool = True) -> None:
        table: JsonObject = {"column": said} if isinstance(said, str) else said
        if "value" in table:
            self._good &= not wanted or value == table["value"]
            return
        if isinstance(value, list):
            value = table["separator"].join(value)
        if value is not None and "map" in table:
            words = [word for word, term in table["map"].items() if term == value]
            self._good &= bool(words)
            value = words[0] if words else ""
        self.cells[table["column"].replace("{n}", str(number))] = "" if value is None else value
