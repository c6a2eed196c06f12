"""FHIRPath, by a library that is loaded only when a Bundle is read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from refractory.case.fhir.bundle import Bundle
from refractory.errors import RefusedError


def evaluate(expression: str, resource: Mapping[str, Any], bundle: Bundle) -> list[Any]:
    """Return what an expression finds in a resource; references are followed within the Bundle only.

    Raises:
        RefusedError: The library is not installed, or the resource is not built as FHIR is.
    """
    try:
        from fhirpathpy import apply_parsed_path
    except ImportError:
        raise _not_installed() from None
    parsed, model = _parsed(expression), _model()

    def resolve(inputs: list[Any]) -> list[Any]:
        references = [getattr(part, "data", part) for part in inputs]
        found = (bundle.find(part.get("reference"), resource) for part in references if isinstance(part, Mapping))
        return [part for part in found if part is not None]

    options = {"userInvocationTable": {"resolve": {"fn": resolve, "arity": {0: []}}}}
    try:
        return list(apply_parsed_path(resource, parsed, {}, model, options))  # type: ignore[no-untyped-call]  # it has no types
    except Exception as error:  # the library raises whatever a malformed resource makes it stumble over
        raise RefusedError(
            f"the resource is not built as FHIR is: {type(error).__name__}.",
            place=f"{resource.get('resourceType')}/{resource.get('id', '')}, {expression}",
            fix="Check the Bundle with a FHIR validator.",
        ) from error


def check_installed() -> None:
    """Refuse to read FHIR without the library that it takes.

    Raises:
        RefusedError: It is not installed.
    """
    try:
        import fhirpathpy  # noqa: F401  # whether it is there is all that is asked
    except ImportError:
        raise _not_installed() from None


def _not_installed() -> RefusedError:
    return RefusedError(
        "this is FHIR, and what reads it is not installed.",
        why="The core does without it, so that it stays small.",
        fix="pip install 'refractory[fhir]'",
    )


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> Any:
    from fhirpathpy.parser import parse

    return parse(expression)  # type: ignore[no-untyped-call]  # it has no types


@lru_cache(maxsize=1)
def _model() -> Any:
    from fhirpathpy.models import models

    return models["r4"]
