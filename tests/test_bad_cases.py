"""Bad cases, one reason each, are refused with place, reason and fix; the good twin beside each is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from refractory.case.limits import MAX_BYTES, MAX_DEPTH, MAX_ENTRIES, MAX_IDENTIFIER, MAX_TEXT, MAX_TRIPLES
from refractory.case.reader import Case
from refractory.errors import LimitError, RefractoryError

if TYPE_CHECKING:
    from refractory import KnowledgeBase

BAD = Path(__file__).resolve().parent / "bad"
SLUGS = sorted(path.parent.name for path in BAD.glob("*/expected.json"))
REASONS = {"lexical", "unit", "name", "date", "structure", "hijack", "contradiction", "size", "encoding"}


@cache
def knowledge_base() -> KnowledgeBase:
    """Return the shipped knowledge base, loaded when a case is first judged beyond the door."""
    from refractory import KnowledgeBase

    return KnowledgeBase.load()


def expected(slug: str) -> dict[str, Any]:
    """Return what must be said of a bad case."""
    said: dict[str, Any] = json.loads((BAD / slug / "expected.json").read_text(encoding="utf-8"))
    return said


def only(slug: str, stem: str) -> Path:
    """Return the one file of a folder with a stem."""
    (path,) = (BAD / slug).glob(f"{stem}.*")
    return path


def read(slug: str, stem: str) -> Case:
    """Read a twin; a `.bin` is what its good twin would be, but for its bytes."""
    path = only(slug, stem)
    return Case.read(path.read_bytes(), f"case{only(slug, 'good').suffix}")


def judge(slug: str) -> None:
    """Take a bad twin as far as the stage that refuses it: the door, the shapes, or the reasoner."""
    case = read(slug, "bad")
    if expected(slug)["exit"] not in {3, 4}:
        knowledge_base().assess(case)


def accept(slug: str) -> None:
    """Take a good twin through the stage that refuses its brother."""
    twin = read(slug, "good")
    match expected(slug)["exit"]:
        case 1:
            knowledge_base().validate(twin).raise_if_invalid()
        case 5:
            knowledge_base().assess(twin)


def test_there_are_sixty_bad_cases_and_every_reason_is_met() -> None:
    """The corpus has at least sixty cases, and each kind of fault among them."""
    reasons = {expected(slug)["reason"] for slug in SLUGS}

    assert len(SLUGS) >= 60
    assert reasons == REASONS


@pytest.mark.parametrize("slug", SLUGS)
def test_a_bad_case_is_refused_with_place_reason_and_fix(slug: str) -> None:
    """The error has the exit code of its kind, and its message names place, fault and fix."""
    wanted = expected(slug)
    with pytest.raises(RefractoryError) as caught:
        judge(slug)
    message = str(caught.value)

    assert wanted["exit"] == caught.value.exit_code
    assert wanted["says"] in message
    assert wanted["place"] in message
    assert wanted["fix"] in message
    if wanted["exit"] in {3, 4}:
        assert wanted["place"] in caught.value.place
        assert wanted["fix"] in caught.value.fix
        assert caught.value.fix


@pytest.mark.parametrize("slug", SLUGS)
def test_the_good_twin_is_accepted(slug: str) -> None:
    """What differs in the one thing passes the stage that refused it."""
    accept(slug)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_bad_case_is_not_its_good_twin(slug: str) -> None:
    """The two files differ, so that the pair shows something."""
    assert only(slug, "bad").read_bytes() != only(slug, "good").read_bytes()


def many_bytes(good: bool) -> bytes:
    """Return a file that is larger than allowed by one byte, filled with spaces."""
    text = b'{"id": "https://example.org/case/1"}'
    return text + b" " * (MAX_BYTES - len(text) + (not good))


def deep_json(good: bool) -> bytes:
    """Return brackets in brackets, a hundred thousand deep; in a text, brackets are only characters."""
    brackets = "[" * 100_000
    specimen = json.dumps(brackets[: MAX_TEXT - 1]) if good else brackets + "]" * 100_000
    return f'{{"id": "urn:a:b", "susceptibility": [{{"specimen": {specimen}}}]}}'.encode()


def bracket_too_many(good: bool) -> bytes:
    """Return one bracket more than allowed; one less would be read and then refused, so the good twin is flat."""
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    return b'{"id": "urn:a:b"}' if good else f'{{"id": {deep}}}'.encode()


def many_treatments(good: bool) -> bytes:
    """Return one treatment more than allowed."""
    entry = {"drug": "Valacyclovir", "status": "Completed"}
    return json.dumps({"id": "urn:a:b", "treatments": [entry] * (MAX_ENTRIES + (not good))}).encode()


def many_facts(good: bool) -> bytes:
    """Return a list within its limit whose entries say more than a case may."""
    entry = {
        "drug": "Valacyclovir", "status": "Completed", "route": "Oral", "doseMg": 1, "timesPerDay": 3, "for": "zoster",
        "startedOn": "2026-03-01", "endedOn": "2026-03-08",
    }  # fmt: skip
    return json.dumps({"id": "urn:a:b", "treatments": [entry] * (50 if good else 100)}).encode()


def long_text(good: bool) -> bytes:
    """Return a text with one character more than allowed."""
    specimen = "x" * (MAX_TEXT + (not good))
    return json.dumps({"id": "urn:a:b", "susceptibility": [{"specimen": specimen}]}).encode()


def long_name(good: bool) -> bytes:
    """Return a name that no term could have."""
    return json.dumps({"id": "urn:a:b", "condition": "zoster" if good else "zoster" * 100}).encode()


def long_identifier(good: bool) -> bytes:
    """Return a case's IRI with one character more than allowed."""
    identifier = "https://example.org/".ljust(MAX_IDENTIFIER + (not good), "x")
    return json.dumps({"id": identifier}).encode()


def long_number(good: bool) -> bytes:
    """Return a number of ten thousand digits."""
    return f'{{"id": "urn:a:b", "patient": {{"weightKg": {"7" * (2 if good else 10_000)}}}}}'.encode()


def many_triples(good: bool) -> bytes:
    """Return one triple more than allowed; the same triple again is nothing new to a graph, but work for a reader."""
    triple = b"<urn:a:b> a <https://w3id.org/refractory/Case> .\n"
    return triple * ((MAX_ENTRIES if good else MAX_TRIPLES) + (not good))


def many_values(good: bool) -> bytes:
    """Return one treatment more than allowed, in Turtle."""
    nodes = ", ".join(["[]"] * (MAX_ENTRIES + (not good)))
    return f"@prefix rfy: <https://w3id.org/refractory/> . <urn:a:b> a rfy:Case ; rfy:hasTreatment {nodes} .".encode()


def deep_turtle(good: bool) -> bytes:
    """Return nodes within nodes, ten thousand deep."""
    depth = 0 if good else 10_000
    nest = "[ rfy:hasTreatment " * depth + "[]" + " ]" * depth
    return f"@prefix rfy: <https://w3id.org/refractory/> . <urn:a:b> a rfy:Case ; rfy:hasTreatment {nest} .".encode()


def deep_triples(good: bool) -> bytes:
    """Return triples within triples, five thousand deep."""
    nest = "" if good else "; rfy:hasPresent " + "<<( <urn:a:b> a " * 5_000 + "1" + " )>>" * 5_000
    return f"@prefix rfy: <https://w3id.org/refractory/> . <urn:a:b> a rfy:Case {nest} .".encode()


LARGE: dict[Callable[[bool], bytes], tuple[str, str]] = {
    many_bytes: ("case.json", f"larger than {MAX_BYTES} bytes"),
    deep_json: ("case.json", f"nested deeper than {MAX_DEPTH} brackets"),
    bracket_too_many: ("case.json", f"nested deeper than {MAX_DEPTH} brackets"),
    many_treatments: ("case.json", f"treatments: a list of more than {MAX_ENTRIES} entries"),
    many_facts: ("case.json", f"more than {MAX_TRIPLES} facts"),
    long_text: ("case.json", f"susceptibility[0].specimen: a text of more than {MAX_TEXT} characters"),
    long_name: ("case.json", f"condition: a name of more than {MAX_TEXT} characters"),
    long_identifier: ("case.json", f"id: an IRI of more than {MAX_IDENTIFIER} characters"),
    long_number: ("case.json", "patient.weightKg: a number of more than 32 characters"),
    many_triples: ("case.ttl", f"more than {MAX_TRIPLES} triples"),
    many_values: ("case.ttl", f"rfy:hasTreatment: more than {MAX_ENTRIES} values"),
    deep_turtle: ("case.ttl", f"more than {MAX_TRIPLES} triples"),
    deep_triples: ("case.ttl", "triples inside triples"),
}


@pytest.mark.parametrize("make", LARGE, ids=lambda make: make.__name__.replace("_", "-"))
def test_what_is_too_large_ends_with_a_clear_message(make: Callable[[bool], bytes], tmp_path: Path) -> None:
    """Size, depth and number end in exit code 4 and say which limit was met, before memory or the stack does."""
    name, says = LARGE[make]
    path = tmp_path / name
    path.write_bytes(make(False))
    with pytest.raises(LimitError) as caught:
        Case.read(path)

    assert caught.value.exit_code == 4
    assert says in str(caught.value)
    assert caught.value.fix


@pytest.mark.parametrize("make", LARGE, ids=lambda make: make.__name__.replace("_", "-"))
def test_what_is_just_within_the_limits_is_read(make: Callable[[bool], bytes], tmp_path: Path) -> None:
    """The good twin of a large case is accepted."""
    path = tmp_path / LARGE[make][0]
    path.write_bytes(make(True))

    assert Case.read(path).id
