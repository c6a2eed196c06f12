"""The published JSON Schema says of a case what the context and the reader say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from refractory.case.mapping import CONTEXT

ROOT = Path(__file__).resolve().parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "case.schema.json").read_bytes())
TERMS: dict[str, Any] = json.loads((ROOT / "schemas" / "case.context.jsonld").read_bytes())["@context"]
KEYS = {name: said for name, said in TERMS.items() if isinstance(said, dict)}
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
CASES = sorted((ROOT / "tests" / "cases").glob("*/case.json"))


def below(said: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the parts that a property leads to, whether they stand in a list or alone."""
    part: dict[str, Any] = said.get("items", said)
    return part


LEVELS = [SCHEMA, *(below(SCHEMA["properties"][key]) for key in KEYS if "@context" in KEYS[key])]


def kind(said: dict[str, Any]) -> str:
    """Return what a property's schema refers to."""
    return str(said.get("$ref", "")).rpartition("/")[2]


def test_the_schema_is_one() -> None:
    """It is valid JSON Schema of 2020-12 and refuses what it does not name, at each level."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["additionalProperties"] is False
    assert all(
        below(SCHEMA["properties"][key])["additionalProperties"] is False for key in KEYS if "@context" in KEYS[key]
    )


def test_its_properties_are_the_keys_of_the_context() -> None:
    """Schema and context name the same keys, of the case and of each of its parts."""
    assert {"id", *KEYS} == set(SCHEMA["properties"]) - {"@context"}
    assert SCHEMA["properties"]["@context"]["const"] == CONTEXT
    for key, said in KEYS.items():
        if "@context" in said:
            assert set(said["@context"]) == set(below(SCHEMA["properties"][key])["properties"]), key


def test_its_types_are_those_of_the_context() -> None:
    """A decimal is a number, a date a date, a term a name, and what is many stands in a list."""
    kinds = {"xsd:decimal": "number", "xsd:date": "date", "xsd:string": "text", "@vocab": "name"}
    for key, said in KEYS.items():
        written = SCHEMA["properties"][key]
        if "@context" in said:
            assert ("array" if "@container" in said else "object") == written["type"], key
            for name, part in said["@context"].items():
                assert kinds[part["@type"]] == kind(below(written)["properties"][name]), f"{key}.{name}"
        else:
            assert kinds[said["@type"]] + ("s" if "@container" in said else "") == kind(written), key


def test_everything_is_described() -> None:
    """Each property has a description, so that the schema can be read as documentation."""
    assert [] == [name for level in LEVELS for name, said in level["properties"].items() if not said.get("description")]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_every_golden_case_validates(path: Path) -> None:
    """What the tests call a case is one by the published schema."""
    VALIDATOR.validate(json.loads(path.read_bytes()))


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"id": "case/1"},
        {"id": "urn:a:b", "note": "x"},
        {"id": "urn:a:b", "condition": None},
        {"id": "urn:a:b", "assessedOn": "2026-02-30"},
        {"id": "urn:a:b", "patient": {"weightKg": "70"}},
        {"id": "urn:a:b", "present": "HivInfection"},
        {"id": "urn:a:b", "treatments": [{"drug": "Valacyclovir"}]},
        {"id": "urn:a:b", "treatments": [{"status": "Ongoing"}]},
        {"id": "urn:a:b", "measurements": [{"quantity": "SerumCreatinine", "value": 1.8}]},
        {"id": "urn:a:b", "measurements": [{"quantity": "SerumCreatinine", "value": "1.8", "unit": "mg/dL"}]},
        {"id": "urn:a:b", "genotype": [{"effects": "LossOfFunction"}]},
        {"id": "urn:a:b", "@context": "http://127.0.0.1/"},
    ],
)
def test_what_is_no_case_does_not_validate(case: dict[str, Any]) -> None:
    """The schema refuses what the reader or the shapes refuse, as far as a schema can see it."""
    assert not VALIDATOR.is_valid(case)
