"""A case: read from JSON, Turtle or N-Triples, held as facts, written in each form again."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode, RdfFormat

from refractory.case import json_form, turtle_form
from refractory.case.fhir.limits import MAX_BUNDLE_BYTES
from refractory.case.fhir.recognize import looks_like_fhir
from refractory.case.frame import assessed_on, frame_parts
from refractory.case.limits import MAX_TRIPLES
from refractory.case.mapping import CaseMapping
from refractory.case.quantities import Quantities
from refractory.errors import LimitError, RefusedError, UsageError
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, Fact, in_order, parts
from refractory.model.interchange import to_rdflib_graph

if TYPE_CHECKING:
    import rdflib

_SYNTAX = {".ttl": RdfFormat.TURTLE, ".nt": RdfFormat.N_TRIPLES}
_READ = "JSON (.json), Turtle (.ttl) and N-Triples (.nt)"


@dataclass(frozen=True)
class Case:
    """One episode of one patient at one time. Two cases are equal when their facts are.

    Attributes:
        facts: What is said of the case, and what the reader added.

    Example:
        >>> case = Case.from_json({"id": "https://example.org/case/1", "assessedOn": "2026-03-10"})
        >>> case.to_json()
        {'id': 'https://example.org/case/1', 'assessedOn': '2026-03-10'}
    """

    facts: CaseFacts
    _mapping: CaseMapping = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: bytes | str | Mapping[str, Any], knowledge: Knowledge | None = None) -> Case:
        """Read the JSON form: bytes, text, or a dictionary.

        Args:
            data: The case.
            knowledge: What names are resolved by; the shipped knowledge by default.

        Raises:
            RefusedError: It is not JSON, or not a case.
            LimitError: It is larger or deeper than allowed.
        """
        knowledge = knowledge or _shipped()
        return cls._of(*json_form.read(data, knowledge), knowledge)

    @classmethod
    def from_turtle(cls, data: bytes | str, knowledge: Knowledge | None = None) -> Case:
        """Read the Turtle form, of which N-Triples is a part; arguments and errors as in `from_json`."""
        knowledge = knowledge or _shipped()
        case, said = turtle_form.read(data, knowledge)
        return cls._of(case, parts(said), knowledge)

    @classmethod
    def from_fhir(
        cls,
        data: bytes | str | Mapping[str, Any],
        knowledge: Knowledge | None = None,
        *,
        assessed_on: str | None = None,
    ) -> Case:
        """Read a FHIR R4 or R4B Bundle of one patient; each fact knows the resource and element it came from.

        Args:
            data: The Bundle.
            knowledge: As in `from_json`; it brings the mapping too.
            assessed_on: The day of the assessment, YYYY-MM-DD; without it, what the mapping says. It is never today.

        Raises:
            RefusedError: It is no such Bundle, it holds several patients, or `refractory[fhir]` is not installed.
            LimitError: It is larger or deeper than allowed, or makes more than a case may hold.
        """
        return cls.all_from_fhir(data, knowledge, assessed_on=assessed_on)[0]

    @classmethod
    def all_from_fhir(
        cls,
        data: bytes | str | Mapping[str, Any],
        knowledge: Knowledge | None = None,
        *,
        assessed_on: str | None = None,
        split: bool = False,
    ) -> list[Case]:
        """Read a Bundle as a case for each patient, if `split` says so; arguments and errors as in `from_fhir`."""
        from refractory.case.fhir.reading import read_bundle

        knowledge = knowledge or _shipped()
        reading = read_bundle(data, knowledge, assessed_on=assessed_on, split=split)
        cases = []
        for said, sources in zip(reading.cases, reading.sources, strict=True):
            node, places = json_form.read_places(said, knowledge)
            made = {triple: sources[place] for triple, place in places if place in sources}
            case = cls._of(node, parts(triple for triple, _ in places), knowledge)
            cases.append(replace(case, facts=replace(case.facts, sources=made)))
        return cases

    @classmethod
    def read(cls, source: str | Path | bytes, name: str = "", knowledge: Knowledge | None = None) -> Case:
        """Read a file, or bytes that came under some name, in the form that the name's suffix says.

        Without a suffix, as from standard input, a text that begins with a brace is JSON and all else is Turtle. JSON
        that is a FHIR resource is read as in `from_fhir`.

        Args:
            source: A path, or the content itself.
            name: What the content is called; the path by default.
            knowledge: As in `from_json`.

        Raises:
            RefusedError: There is no such file, its form is not one of ours, or it is refused as in `from_json`.
            LimitError: It is larger than allowed.
        """
        return cls.read_all(source, name, knowledge)[0]

    @classmethod
    def read_all(
        cls,
        source: str | Path | bytes,
        name: str = "",
        knowledge: Knowledge | None = None,
        *,
        assessed_on: str | None = None,
        split: bool = False,
    ) -> list[Case]:
        """Read a file as in `read`, of FHIR every patient if `split` says so.

        Args:
            source: As in `read`.
            name: As in `read`.
            knowledge: As in `read`.
            assessed_on: The day of the assessment of a Bundle; a case in one of our own forms says it itself.
            split: Make a case of each patient of a Bundle.

        Raises:
            UsageError: A day of assessment is given for a case that is no Bundle.
            RefusedError: As in `read`.
            LimitError: As in `read`.
        """
        content = source if isinstance(source, bytes) else _content(Path(source))
        name = name or ("" if isinstance(source, bytes) else str(source))
        suffix = Path(name).suffix.lower()
        is_json = suffix == ".json" or (not suffix and _begins_with_brace(content))
        if is_json and looks_like_fhir(content):
            return cls.all_from_fhir(content, knowledge, assessed_on=assessed_on, split=split)
        if assessed_on is not None:
            raise UsageError(
                "a day of assessment is given, and the case is no FHIR Bundle.",
                place=name,
                fix="Write the day into the case, as `assessedOn`.",
            )
        if is_json:
            return [cls.from_json(content, knowledge)]
        if suffix not in {*_SYNTAX, ""}:
            raise RefusedError(f"files of type {suffix} are not read.", place=name, fix=f"Give the case as {_READ}.")
        knowledge = knowledge or _shipped()
        syntax = _SYNTAX.get(suffix, RdfFormat.TURTLE)
        case, said = turtle_form.read(content, knowledge, syntax)
        return [cls._of(case, parts(said), knowledge)]

    @classmethod
    def _of(cls, case: NamedNode, said: Iterable[Fact], knowledge: Knowledge) -> Case:
        asserted = in_order(said)
        if len(asserted) > MAX_TRIPLES:
            raise LimitError(f"the case has more than {MAX_TRIPLES} facts.", fix="A case is one episode.")
        added = in_order(frame_parts(case, asserted, Quantities.of(knowledge)))
        facts = CaseFacts.of_parts(case, asserted, added, assessed_on(case, asserted))
        return cls(facts, CaseMapping.of(knowledge))

    @property
    def id(self) -> str:
        """The case's IRI."""
        return self.facts.case.value

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, which `from_json` reads as the same facts.

        Numbers come as int and float, so 70.00 comes back as 70.0; a part that Turtle gave an IRI of its own comes
        back under the name that the reader gives.

        Raises:
            RefusedError: The case says twice what JSON says once (it does not conform), or has a number that JSON's
                writers do not write plainly.
        """
        return json_form.write(self._mapping, self.facts.case, self.facts.asserted)

    def to_turtle(self) -> str:
        """Return the asserted facts as Turtle, which `from_turtle` reads as the same facts."""
        return turtle_form.write(self.facts.asserted)

    def to_graph(self) -> rdflib.Graph:
        """Return the asserted facts as an rdflib graph, literals with the characters they came with."""
        return to_rdflib_graph(self.facts.asserted)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(key)}</th><td>{html.escape(_plain(value))}</td></tr>"
            for key, value in self.to_json().items()
        )
        return f"<table>{rows}</table>"


@cache
def _shipped() -> Knowledge:
    return Knowledge.load()


def _begins_with_brace(content: bytes) -> bool:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def _content(path: Path) -> bytes:
    """Return the bytes of a file, and of one that is too large no more than shows it."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise RefusedError(
            f"the file cannot be read: {error.strerror}.", place=str(path), fix="Give a case file."
        ) from None


def _plain(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(_plain, value))
    return ", ".join(f"{key} {item}" for key, item in value.items()) if isinstance(value, dict) else str(value)
