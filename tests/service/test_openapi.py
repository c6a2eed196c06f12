"""The description of the service is true: what it promises is what is answered, whatever is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from refractory.service.openapi import described
from refractory.service.settings import Settings
from refractory.service.work.tasks import FORMS, PARAMETERS
from tests.service.served import Served
from tests.support import CASES, read_case, shipped, slugs

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="session")
def api(service: Served) -> Any:
    """Return the running service's own description."""
    return schemathesis.openapi.from_url(f"{service.url}/openapi.json")


GOOD, BAD = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# What no request can do wrong is asked rightly alone.
ASKED = [("/health", "GET", GOOD), *((f"/{name}", "POST", mode) for name in PARAMETERS for mode in (GOOD, BAD))]


@pytest.mark.parametrize(("path", "method", "mode"), ASKED)
def test_no_request_breaks_the_service(api: Any, path: str, method: str, mode: GenerationMode) -> None:
    """Requests made of the description, good and bad, are answered as it says, and never with a fault of ours."""
    statuses = set()

    @given(api[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def answered(case: schemathesis.Case[Any]) -> None:
        statuses.add(case.call_and_validate(checks=CHECKS).status_code)

    answered()

    assert (200 if mode == GOOD else 400) in statuses


def test_every_reference_leads_somewhere() -> None:
    """Each `$ref` names a component, so that tools which read the description find all of it."""
    said = described(Settings())
    names = set(said["components"]["schemas"])
    found = set(_references(said))

    assert found
    assert set() == {name for name in found if name.removeprefix("#/components/schemas/") not in names}


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for item in value for name in _references(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own | {name for item in value.values() for name in _references(item)}


@pytest.mark.parametrize("slug", slugs()[::20])
def test_the_schemas_of_the_description_fit_cases_and_answers(slug: str) -> None:
    """They say of a case and of an answer what the published ones say."""
    said = described(Settings())
    case = json.loads((Path(CASES) / slug / "case.json").read_text())
    answer = shipped().assess(read_case(slug)).to_json()

    assert [] == _faults(said, "case", case)
    assert [] == _faults(said, "assessment.assessment", answer)
    assert [] != _faults(said, "case", {**case, "colour": 1})
    assert [] != _faults(said, "assessment.assessment", {**answer, "colour": 1})


def _faults(said: dict[str, Any], name: str, value: Any) -> list[str]:
    schema = {"$ref": f"#/components/schemas/{name}", "components": said["components"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def test_all_that_a_task_takes_and_gives_is_described() -> None:
    """Each task is a path, with its parameters and the forms of its answer."""
    paths = described(Settings())["paths"]

    for name, parameters in PARAMETERS.items():
        operation = paths[f"/{name}"]["post"]
        assert list(parameters) == [parameter["name"] for parameter in operation["parameters"]]
        assert list(FORMS[name]) == list(operation["responses"]["200"]["content"])


def test_where_tokens_are_asked_for_the_description_says_so() -> None:
    """A caller learns of it before the first refusal."""
    said = described(Settings(tokens=Path("tokens")))

    assert {"type": "http", "scheme": "bearer"} == said["components"]["securitySchemes"]["token"]
    assert [{"token": []}] == said["paths"]["/assess"]["post"]["security"]
