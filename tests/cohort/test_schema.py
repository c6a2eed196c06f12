"""The documented columns are the columns there are, and they are named as in the published JSON."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pytest

from refractory.cohort.batch import Assessor
from refractory.cohort.schema import answered_schema, rejected_schema
from tests.support import ROOT, shipped

DOCS = (ROOT / "docs" / "cohort.md").read_text(encoding="utf-8")
ANSWERED = answered_schema(shipped().hash, shipped().guidance_used, questions=True, proofs=True)
REJECTED = rejected_schema(shipped().hash, shipped().guidance_used)


def documented(heading: str) -> dict[str, str]:
    """Return the columns that a section of the page names, each with its line."""
    section = DOCS.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    return {name: "|".join(cells) for cells in lines for name in re.findall(r"`(\w+)`", cells[1])}


@pytest.mark.parametrize(
    ("heading", "schema"),
    [("Columns of answers", ANSWERED), ("Columns of what was rejected", REJECTED)],
    ids=["answers", "rejected"],
)
def test_every_column_is_documented_and_no_other(heading: str, schema: pa.Schema) -> None:
    """The page and the schema name the same columns in the same order, and the fields of each list."""
    said = documented(heading)
    assert list(said) == schema.names
    for field in schema:
        if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
            missing = [part.name for part in field.type.value_type if f"`{part.name}`" not in said[field.name]]
            assert missing == [], field.name


def test_names_are_those_of_the_json_form() -> None:
    """A column or field of an answer is named as the JSON has it, but for what JSON has elsewhere or not at all."""
    form = json.loads((ROOT / "schemas" / "assessment.schema.json").read_text(encoding="utf-8"))
    known = {name for part in form["$defs"].values() for name in part.get("properties", ())}
    fields = {field.name for field in ANSWERED}
    fields |= {
        part.name
        for field in ANSWERED
        if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type)
        for part in field.type.value_type
    }
    # What a mutation makes doubtful stands one deeper in JSON.
    assert fields - known == {"row", "outcome", "populations", "assessment", "doubtful", "unaffected"}


def test_no_list_is_null() -> None:
    """Whoever counts needs no case for what is missing: an answer without anything has empty lists."""
    (row,) = Assessor().run([b'{"id": "https://example.org/cohort/nothing"}']).answered.to_pylist()
    assert [name for name, value in row.items() if value is None] == ["assessedOn", "dayOfTreatment"]
    assert [field.name for field in ANSWERED if pa.types.is_list(field.type) and field.nullable] == []
