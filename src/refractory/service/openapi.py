"""The description of the service in OpenAPI 3.1, made of the routes as they are and of the published schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from refractory.knowledge.files import default_root
from refractory.service.settings import Settings
from refractory.service.work.tasks import FORMS, JSON, PARAMETERS, READ, TURTLE
from refractory.version import VERSION

Json = dict[str, Any]

_SCHEMAS: Final = ("case", "assessment", "report", "explanation")
_COMPONENTS: Final = "#/components/schemas/"
_SUMMARY: Final = {
    "assess": "Answer a case: status, advice, questions, conflicts and gaps, each with its source and proof.",
    "validate": "Hold a case against the shapes; a case that does not conform is told so with status 200.",
    "explain": "Say why conclusions hold, or with whyNot, why an action is not advised.",
}
_ANSWER: Final = {"assess": "assessment.assessment", "validate": "report.report", "explain": "explanation"}
_PARAMETERS: Final[Mapping[str, Json]] = {
    "questions": {"schema": {"type": "boolean", "default": True}, "description": "Whether to say what may be asked."},
    "assessedOn": {
        "schema": {"type": "string", "format": "date"},
        "description": "The day of the assessment, of a FHIR Bundle alone; any other case says it itself.",
    },
    "conclusion": {
        "schema": {"type": "string", "maxLength": 200},
        "description": "The name of a conclusion; without one, every recommendation is explained.",
    },
    "whyNot": {"schema": {"type": "string", "maxLength": 200}, "description": "The name of an action."},
}
_REFUSALS: Final = {
    "400": "The request, or the case, is refused: it cannot be read, or says what it may not say.",
    "401": "The caller is not known.",
    "403": "A page of that origin may not call.",
    "406": "The answer cannot be had in that form.",
    "408": "The request did not come whole in time.",
    "413": "The body is larger or deeper than allowed.",
    "415": "A case is not read in that form.",
    "421": "The service is not called by that name.",
    "422": "The case was read, but violates the shapes or contradicts itself; nothing was concluded.",
    "503": "Busy, out of time, out of memory, or not to be recorded; nothing was concluded.",
}


def described(settings: Settings) -> Json:
    """Return the description of a service.

    Args:
        settings: Where it is, and whether callers must name themselves.
    """
    description: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "Refractory",
            "version": VERSION,
            "description": "Assesses cases against encoded guidance. It informs a professional who decides; it is not "
            "for emergencies. docs/service.md says how to run it, and what it must not be used for.",
            "license": {"name": "Apache-2.0 AND CC-BY-4.0", "identifier": "Apache-2.0 AND CC-BY-4.0"},
        },
        "servers": [{"url": settings.url}],
        "paths": {
            "/health": {"get": {"summary": "Whether it can answer.", "operationId": "health", "responses": _health()}},
            **{f"/{name}": {"post": _operation(name)} for name in PARAMETERS},
        },
        "components": {"schemas": {**_schemas(default_root()), "problem": _problem()}},
    }
    if settings.tokens:
        description["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for name in PARAMETERS:
            description["paths"][f"/{name}"]["post"]["security"] = [{"token": []}]
    return description


def _operation(name: str) -> Json:
    answer = {media: {"schema": {"type": "string"}} for media in FORMS[name]}
    answer[JSON] = {"schema": {"$ref": _COMPONENTS + _ANSWER[name]}}
    body: Json = {media: {"schema": {"type": "object"}} for media in READ}
    body[JSON] = {"schema": {"$ref": _COMPONENTS + "case"}}
    body[TURTLE] = {"schema": {"type": "string"}}
    return {
        "operationId": name,
        "summary": _SUMMARY[name],
        "parameters": [{"name": key, "in": "query", **_PARAMETERS[key]} for key in PARAMETERS[name]],
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": {"description": "The answer.", "content": answer},
            **{status: _refusal(text) for status, text in _REFUSALS.items()},
        },
    }


def _refusal(text: str) -> Json:
    return {
        "description": text,
        "content": {"application/problem+json": {"schema": {"$ref": _COMPONENTS + "problem"}}},
    }


def _health() -> Json:
    said = {
        "type": "object",
        "required": ["status", "version", "knowledgeHash"],
        "properties": {name: {"type": "string"} for name in ("status", "version", "knowledgeHash")},
    }
    content = {JSON: {"schema": said}}
    return {
        "200": {"description": "It can.", "content": content},
        "503": {"description": "It cannot now.", "content": content},
        **{status: _refusal(_REFUSALS[status]) for status in ("403", "421")},
    }


def _problem() -> Json:
    error = {
        "type": "object",
        "required": ["kind", "exitCode", "message"],
        "properties": {
            "exitCode": {"type": "integer"},
            **{name: {"type": "string"} for name in ("kind", "message", "place", "why", "fix")},
        },
    }
    return {
        "type": "object",
        "required": ["title", "status", "detail"],
        "properties": {
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "error": error,
        },
    }


@cache
def _schemas(root: Path) -> Json:
    """Return the published schemas as components: each whole one by its name, each part as `name.part`."""
    components: Json = {}
    for name in _SCHEMAS:
        schema = json.loads((root / "schemas" / f"{name}.schema.json").read_text("utf-8"))
        for part, definition in schema.pop("$defs", {}).items():
            components[f"{name}.{part}"] = _moved(definition, name)
        components[name] = {key: _moved(value, name) for key, value in schema.items() if key not in {"$id", "$schema"}}
    return components


def _moved(value: Any, name: str) -> Any:
    """Return a part of a schema whose references point at components."""
    if isinstance(value, list):
        return [_moved(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _component(item, name) if key == "$ref" else _moved(item, name) for key, item in value.items()}


def _component(reference: str, name: str) -> str:
    file, _, part = reference.partition("#")
    home = file.removesuffix(".schema.json") or name
    within = part.removeprefix("/$defs/")
    return _COMPONENTS + (f"{home}.{within}" if within else home)
