"""No way out loses a warning: each avoid, caution, conflict, red flag and pitfall of each golden case, in every form.

And what is to be avoided is never shown as something to do. A form that is new to a command must be followed here too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from uuid import UUID

import click
import pytest
from pyoxigraph import NamedNode, Quad, parse

from refractory import Assessment
from refractory.cli.assess import assess
from refractory.cli.export import export
from refractory.export.card_writer import Occasion
from refractory.export.cards import is_silent, review_cards
from refractory.export.cds_services import CdsServices
from refractory.export.fhir import bundle
from refractory.export.fhir_parts import fhir_text
from refractory.export.rdf import FORMATS, export_case, write_triples
from refractory.model.assessment import assessment_triples
from refractory.model.findings import Conflict
from refractory.render.html import pages_html
from refractory.render.markdown import page_markdown
from refractory.render.page import Page, page
from refractory.render.text import page_text
from refractory.vocabulary import NAMESPACE, Skos, rfy
from tests.support import golden, shipped

Said = frozenset[tuple[str, ...]]
_KINDS = ("Recommend", "Consider", "Avoid")


def to_be_said(answer: Assessment) -> Said:
    """Return what each form must say of an answer: the kind of each action, and every warning."""
    return frozenset(
        [
            *(("advice", item.action, item.kind) for item in answer.recommendations),
            *(("red flag", name) for name in answer.findings.red_flags),
            *(("caution", name) for name in cautions_of(answer)),
            *(("pitfall", pitfall.name) for pitfall in answer.pitfalls),
            *(sides for conflict in answer.conflicts for sides in sides_of(conflict)),
        ]
    )


def cautions_of(answer: Assessment) -> list[str]:
    """Return the names of all cautions, those of single actions too."""
    at_actions = (caution for advice in answer.recommendations for caution in advice.cautions)
    return [caution.name for caution in (*answer.cautions, *at_actions)]


def sides_of(conflict: Conflict) -> Iterator[tuple[str, ...]]:
    """Yield a conflict of actions, or each side of a disagreement of sources."""
    if conflict.about is None:
        yield ("conflict", conflict.name)
    for position in conflict.positions:
        yield ("side", conflict.name, conflict.about or "", position.name)


# ---- what a form says, read back from it ----


def of_json(answer: Assessment) -> Said:
    """Read the published form."""
    found = json.loads(json.dumps(answer.to_json()))
    noted = [*found["cautions"], *(c for r in found["recommendations"] for c in r["cautions"])]
    return frozenset(
        [
            *(("advice", r["action"], r["kind"]) for r in found["recommendations"]),
            *(("red flag", name) for name in found.get("redFlags", [])),
            *(("caution", caution["name"]) for caution in noted),
            *(("pitfall", pitfall["name"]) for pitfall in found["pitfalls"]),
            *(("conflict", c["name"]) for c in found["conflicts"] if "about" not in c),
            *(("side", c["name"], c["about"], p["name"]) for c in found["conflicts"] for p in c.get("positions", [])),
        ]
    )


def of_graph(text: str, form: str) -> Said:
    """Read RDF, whatever graphs it has; a case that is said to recommend what it avoids would show here as well."""
    quads = list(parse(text.encode(), format=FORMATS[form]))
    by_property: dict[str, list[Quad]] = {}
    for quad in quads:
        by_property.setdefault(quad.predicate.value.removeprefix(NAMESPACE), []).append(quad)

    def pairs(name: str) -> Iterator[tuple[str, str]]:
        for quad in by_property.get(name, ()):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
                yield quad.subject.value, quad.object.value.removeprefix(NAMESPACE)

    kinds, sorts, abouts = (dict(pairs(p)) for p in ("hasKindOfAdvice", "hasSortOfDisagreement", "isDisagreementOn"))
    advised = {(action, kinds[node]) for node, action in pairs("hasAction")}
    avoided = {action for action, kind in advised if kind == "Avoid"}
    for name in ("recommends", "considers"):
        assert not avoided & {action for _, action in pairs(name)}
    return frozenset(
        [
            *(("advice", *pair) for pair in advised),
            *(("red flag", name) for _, name in pairs("hasRedFlag")),
            *(("caution", name) for _, name in pairs("raisesCaution")),
            *(("pitfall", name) for _, name in pairs("meetsPitfall")),
            *(("conflict", name) for _, name in pairs("meetsConflict")),
            *(("side", sorts[node], abouts[node], side) for node, side in pairs("hasSide")),
        ]
    )


def of_fhir(answer: Assessment) -> Said:
    """Read a Bundle: what is requested, what is requested not to be done, and what is a detected issue."""
    found = json.loads(fhir_text(bundle(answer, shipped().knowledge)))
    resources = [entry["resource"] for entry in found["entry"]]
    said: set[tuple[str, ...]] = set()
    titles = {
        action["id"]: action["title"].removeprefix("Red flag. ").partition(",")[0]
        for resource in resources
        if resource["resourceType"] == "RequestGroup"
        for action in resource["action"]
    }
    for resource in resources:
        if "intent" in resource and resource["resourceType"] != "RequestGroup":
            action = resource["instantiatesUri"][0].removeprefix(NAMESPACE)
            assert resource.get("doNotPerform", False) == (titles[action] == "Avoid")
            said.add(("advice", action, titles[action]))
        if resource["resourceType"] == "DetectedIssue":
            said |= set(of_issue(answer, resource["code"], resource["detail"]))
    return frozenset(said)


def of_issue(answer: Assessment, code: dict[str, object], detail: str) -> Iterator[tuple[str, ...]]:
    """Yield what a detected issue warns of; a side is there if what it says stands in the detail."""
    sort = str(code["text"]).partition(":")[0].casefold()
    name = code["coding"][0]["code"]  # type: ignore[index]  # a concept as JSON
    if sort in {"red flag", "caution", "pitfall"}:
        yield (sort, name)
    for conflict in answer.conflicts:
        label = shipped().knowledge.label(rfy(conflict.about)) if conflict.about else ""
        if conflict.name == name and str(code["text"]).endswith(label) and conflict.asks in detail:
            if conflict.about is None:
                yield ("conflict", name)
            yield from (("side", name, conflict.about or "", p.name) for p in conflict.positions if p.says in detail)


def of_cards(answer: Assessment) -> Said:
    """Read the cards of CDS Hooks: their details, as a client shows them, one after the other."""
    knowledge = shipped().knowledge
    cards = review_cards(answer, knowledge, CdsServices.of(knowledge.files), Occasion(UUID(int=0), "p"))
    return of_words(answer, " ".join(plain_markdown(card["detail"]) for card in cards))


def of_words(answer: Assessment, text: str) -> Said:
    """Read a page: the kind before each action that is named in it, and the words of each warning."""
    labels = labels_of_actions()
    heads = re.finditer(rf"({'|'.join(_KINDS)}), \w+: ({'|'.join(labels)})", text)
    said: set[tuple[str, ...]] = {("advice", labels[head[2]], head[1]) for head in heads}
    said |= {("red flag", name) for name in answer.findings.red_flags if f"{title(name)}, because of: " in text}
    said |= {("caution", name) for name in cautions_of(answer) if defined(name) in text}
    said |= {("pitfall", pitfall.name) for pitfall in answer.pitfalls if defined(pitfall.name) in text}
    for conflict in answer.conflicts:
        if conflict.about is None:
            between = " / ".join(shipped().knowledge.label(rfy(name)) for name in conflict.between)
            if between.casefold() in text.casefold() and conflict.asks in text:
                said.add(("conflict", conflict.name))
        else:
            head = f"{title(conflict.name)}: {shipped().knowledge.label(rfy(conflict.about))}"
            _, found, below = text.partition(head)
            for p in conflict.positions:
                # Beside each value stands who gives it, by the label of the source.
                if found and shipped().knowledge.label(rfy(p.source)).casefold() in below.casefold():
                    said.add(("side", conflict.name, conflict.about, p.name))
    return frozenset(said)


@cache
def labels_of_actions() -> dict[str, str]:
    """Return the actions by their labels, the longest label first: one may begin with another."""
    knowledge = shipped().knowledge
    found = {knowledge.label(term): term.value.removeprefix(NAMESPACE) for term in knowledge.members(rfy("Action"))}
    return {label: found[label] for label in sorted(found, key=len, reverse=True)}


def title(name: str) -> str:
    """Return the label of a term as a line begins with it."""
    label = shipped().knowledge.label(rfy(name))
    return label[:1].upper() + label[1:]


def defined(name: str) -> str:
    """Return what a page says of a caution or a pitfall: its label, and what it is."""
    return f"{title(name)}. {shipped().knowledge.text(rfy(name), Skos.DEFINITION)}"


def plain_text(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.split())


def plain_markdown(text: str) -> str:
    """Return Markdown without its marks."""
    return plain_text(re.sub(r"\\(.)", r"\1", text.replace("*", "")))


def plain_html(text: str) -> str:
    """Return HTML without its elements."""
    return plain_text(unescape(re.sub(r"<[^>]*>", " ", text)))


@cache
def pages() -> dict[str, Page]:
    """Return the pages of all golden cases."""
    return {slug: page(answer, shipped().knowledge) for slug, answer in golden().items()}


READERS: dict[str, Callable[[str, Assessment], Said]] = {
    "assess text": lambda slug, answer: of_words(answer, plain_text(page_text(pages()[slug]))),
    "assess markdown": lambda slug, answer: of_words(answer, plain_markdown(page_markdown(pages()[slug]))),
    "assess html": lambda slug, answer: of_words(answer, plain_html(pages_html([pages()[slug]]))),
    "assess json": lambda _, answer: of_json(answer),
    "assess turtle": lambda _, answer: of_graph(write_triples(assessment_triples(answer)), "turtle"),
    "assess fhir": lambda _, answer: of_fhir(answer),
    "export turtle": lambda _, answer: of_graph(export_case(answer, "turtle"), "turtle"),
    "export trig": lambda _, answer: of_graph(export_case(answer, "trig"), "trig"),
    "export nquads": lambda _, answer: of_graph(export_case(answer, "nquads"), "nquads"),
    "export jsonld": lambda _, answer: of_graph(export_case(answer, "jsonld"), "jsonld"),
    "export fhir": lambda _, answer: of_fhir(answer),
}

# What the service says, and no command.
SERVED: dict[str, Callable[[str, Assessment], Said]] = {"cds hooks": lambda _, answer: of_cards(answer)}


def test_every_form_of_the_commands_is_followed() -> None:
    """A form that a command offers, and that nothing here reads back, would be a way past this test."""
    offered = {
        f"{command.name} {form}"
        for command in (assess, export)
        for option in command.params
        if option.name == "form" and isinstance(option.type, click.Choice)
        for form in option.type.choices
    }

    assert set(READERS) == offered


def test_the_golden_cases_have_every_sort_of_warning() -> None:
    """What no case had would be followed nowhere."""
    sorts = {said[0] if said[0] != "advice" else said[2] for answer in golden().values() for said in to_be_said(answer)}

    assert {*_KINDS, "red flag", "caution", "pitfall", "conflict", "side"} == sorts


def test_silence_of_the_service_loses_a_caution_about_nobodys_episode_and_nothing_else() -> None:
    """Who opens the record of somebody with neither a condition nor a treatment is not spoken to."""
    silent = {slug for slug, answer in golden().items() if is_silent(answer, shipped().knowledge)}
    lost = {slug: {said[0] for said in to_be_said(golden()[slug])} for slug in silent}

    assert {slug: sorts for slug, sorts in lost.items() if sorts} == {
        "v16-allergy-to-acyclovir-and-its-kin": {"caution"}
    }


@pytest.mark.parametrize("form", [*READERS, *SERVED])
def test_no_form_loses_a_warning_or_recommends_what_is_to_be_avoided(form: str) -> None:
    """What is read back is what was to be said: nothing less, and no action with another kind."""
    lost = {}
    read = {**READERS, **SERVED}[form]
    for slug, answer in golden().items():
        if form in SERVED and is_silent(answer, shipped().knowledge):
            continue
        said, expected = read(slug, answer), to_be_said(answer)
        if said != expected:
            lost[slug] = {"lost": sorted(expected - said), "wrong": sorted(said - expected)}

    assert lost == {}
