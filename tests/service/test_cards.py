"""Cards: the invariants of CDS Hooks hold of every one, they are few, and none says half of what it means."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B import get_fhir_model_class

from refractory import Assessment, Case
from refractory.export.card_parts import MAX_SUMMARY, escaped, listed, shortened
from refractory.export.card_writer import Occasion
from refractory.export.cards import review_cards
from refractory.export.cds_services import SERVICES, CdsServices
from refractory.export.fhir_parts import fhir_text
from refractory.export.order_cards import Order, order_cards
from refractory.model.assessment import NOTICE
from refractory.vocabulary import local_name, rfy
from tests.service.hook_calls import INSTANCE, services
from tests.service.invariants import RESPONSE, broken, values_in
from tests.support import ROOT, golden, knowledge_with, read_case, shipped, slugs, table

Json = dict[str, Any]

OCCASION = Occasion(UUID(INSTANCE), "p")
WARNS = {"Contradicted", "Confirmed", "Suspected", "Presumed"}
CARD = {"uuid", "summary", "detail", "indicator", "source", "suggestions", "selectionBehavior", "overrideReasons"}


def written(cards: list[Json]) -> Json:
    """Return cards as they are read back from the wire."""
    found: Json = json.loads(fhir_text({"cards": cards}), parse_float=Decimal)
    return found


@cache
def review(slug: str) -> Json:
    """Return the cards of a golden case for who opens the record."""
    return written(review_cards(golden()[slug], shipped().knowledge, services(), OCCASION))


@cache
def drugs() -> tuple[str, ...]:
    """Return all drugs of the graph."""
    return tuple(sorted(local_name(drug.value) for drug in shipped().knowledge.members(rfy("Drug"))))


def of_order(slug: str, *orders: Order) -> list[Json]:
    """Return the cards for orders in a golden case."""
    found: list[Json] = written(order_cards(golden()[slug], shipped().knowledge, services(), OCCASION, orders))["cards"]
    return found


@cache
def for_all_orders(slug: str) -> Json:
    """Return the cards for an order of each drug in a golden case."""
    orders = [Order(number, f"MedicationRequest/{drug}", drug) for number, drug in enumerate(drugs())]
    return {"cards": of_order(slug, *orders)}


def all_cards() -> Iterator[Json]:
    """Yield all cards of all golden cases."""
    for slug in slugs():
        yield from review(slug)["cards"]
        yield from for_all_orders(slug)["cards"]


# ---- what CDS Hooks demands ----


@pytest.mark.parametrize("slug", slugs())
def test_the_invariants_hold_of_every_answer(slug: str) -> None:
    """Those of the specification, and that nothing is null or empty but the list of cards."""
    for answer in (review(slug), for_all_orders(slug)):
        assert broken(answer, RESPONSE) == []
        assert [value for value in values_in(answer["cards"] or ["none"]) if value in (None, "", [], {})] == []


@pytest.mark.parametrize(
    ("name", "card"),
    [
        ("cds-resp-1", {"selectionBehavior": "at-most-one", "suggestions": [{"isRecommended": True}] * 2}),
        ("cds-resp-2", {"suggestions": [{"actions": [{"type": "delete", "description": "x"}]}]}),
        ("cds-resp-3", {"links": [{"type": "absolute", "appContext": "x"}]}),
        ("cds-resp-4", {"overrideReasons": [{"code": "x", "system": "y"}]}),
        ("cds-resp-5", {"suggestions": [{"actions": [{"type": "create"}]}]}),
        ("cds-resp-6", {"suggestions": [{"label": "x"}]}),
        ("cds-resp-7", {"suggestions": [{"actionSelectionBehavior": "some"}]}),
    ],
)
def test_each_invariant_sees_what_breaks_it(name: str, card: Json) -> None:
    """An invariant that holds of everything would hold nothing."""
    assert name in broken({"cards": [card]}, RESPONSE)


def test_every_card_has_what_is_required_and_nothing_that_acts_by_itself() -> None:
    """Required attributes in their form; no link, nothing recommended by a mark, nothing applied without a person."""
    found = list(all_cards())

    assert len(found) > 500
    for card in found:
        assert {"uuid", "summary", "detail", "indicator", "source"} <= card.keys() <= CARD
        assert str(UUID(card["uuid"])) == card["uuid"]
        assert card["indicator"] in {"info", "warning", "critical"}
        assert card["source"].keys() == {"label", "topic"}
        assert card["source"]["topic"].keys() == {"system", "code", "display"}
        assert card.get("selectionBehavior", "any") == "any"
        keys = {key for value in values_in(card) if isinstance(value, dict) for key in value}
        assert not {"systemActions", "autolaunchable", "isRecommended"} & keys


@pytest.mark.parametrize("slug", slugs())
def test_a_summary_is_one_short_line_that_ends_where_a_thought_ends(slug: str) -> None:
    """Fewer than 140 characters; what does not fit is counted, or cut behind a word that something may end with."""
    for card in (*review(slug)["cards"], *for_all_orders(slug)["cards"]):
        summary = card["summary"]
        assert 10 < len(summary) < 140
        assert summary == " ".join(summary.split())
        assert ("…" in summary) == bool(re.search(r"[\w.)] …( and [1-9]\d* more)?$", summary))
        assert not re.search(r"\b(to|of|the|and|or|for|because|not|use|give)\W*…", summary)


@pytest.mark.parametrize("slug", slugs())
def test_identifiers_are_unique_and_the_same_again(slug: str) -> None:
    """Those of cards and of suggestions, made of the call and a name; another call has others."""
    cards = [*review(slug)["cards"], *for_all_orders(slug)["cards"]]
    found = [value["uuid"] for value in values_in(cards) if isinstance(value, dict) and "uuid" in value]
    again = written(review_cards(golden()[slug], shipped().knowledge, services(), OCCASION))
    other = Occasion(UUID(int=1), "p")
    elsewhere = written(review_cards(golden()[slug], shipped().knowledge, services(), other))

    assert len(set(found)) == len(found)
    assert review(slug) == again
    assert not set(found) & {card["uuid"] for card in elsewhere["cards"]}
    assert [card["detail"] for card in again["cards"]] == [card["detail"] for card in elsewhere["cards"]]


# ---- what a card says ----


@pytest.mark.parametrize("slug", slugs())
def test_every_card_says_the_day_and_whom_it_is_for(slug: str) -> None:
    """A card may be shown without the others, and later."""
    day = golden()[slug].facts.assessed_on
    for card in (*review(slug)["cards"], *for_all_orders(slug)["cards"]):
        assert (f"Assessed on {day.isoformat()}." if day else "Assessed without a day.") in card["detail"]
        assert NOTICE in card["detail"]


@pytest.mark.parametrize("slug", slugs())
def test_cards_are_few_and_the_loudest_come_first(slug: str) -> None:
    """At most one of a sort; where there is a red flag, its card is the first and critical."""
    cards = review(slug)["cards"]
    order = [("critical", "warning", "info").index(card["indicator"]) for card in cards]

    assert len(cards) <= 5
    assert sorted(order) == order
    if golden()[slug].findings.red_flags:
        assert cards[0]["indicator"] == "critical"
        assert cards[0]["summary"].startswith("Red flag: ")


def test_the_order_follows_how_loud_a_site_makes_a_card() -> None:
    """Where what is to be avoided is the loudest, its card is the first."""
    rows = tuple(replace(row, indicator="critical" if row.id == "avoid" else "info") for row in services().cards)
    cards = review_cards(golden()["design-example"], shipped().knowledge, replace(services(), cards=rows), OCCASION)

    assert cards[0]["summary"].startswith("Avoid, prompt: ")
    assert [card["indicator"] for card in cards] == ["critical", *["info"] * (len(cards) - 1)]


@pytest.mark.parametrize("slug", slugs())
def test_silence_is_kept_where_nothing_is_concluded_and_only_there(slug: str) -> None:
    """Not failing, nothing advised, flagged or in conflict, no status that warns, no caution about a known episode."""
    answer = golden()[slug]
    warning = [item for item in answer.resistance if item.status in WARNS]
    findings = answer.findings
    concluded = findings.recommendations or findings.red_flags or findings.conflicts or findings.pitfalls
    about = findings.cautions and {"condition", "treatments"} & read_case(slug).to_json().keys()
    speaks = bool(answer.failure.failing or concluded or about or warning)

    assert speaks == bool(review(slug)["cards"])


def test_both_silence_and_speech_are_among_the_golden_cases() -> None:
    """Neither side of the rule is empty; a resistance that is excluded is no reason to speak."""
    silent = [slug for slug in slugs() if not review(slug)["cards"]]

    assert 5 < len(silent) < 50
    assert "excluded-lesions-improving" in silent
    assert "confirmed-lesions-resolved" not in silent


@pytest.mark.parametrize(("more", "speaks"), [({}, False), ({"condition": "HerpesZoster"}, True)])
def test_a_caution_about_anybody_is_no_reason_to_speak(more: Json, speaks: bool) -> None:
    """Pregnancy alone raises one: without a condition or a treatment, each such record would show a card."""
    said = {"id": "urn:x:1", "assessedOn": "2026-03-10", "present": ["Pregnancy"], **more}
    answer = shipped().assess(Case.from_json(said))

    assert [caution.name for caution in answer.cautions] == ["PregnancySafetyNotEstablished"]
    assert speaks == bool(review_cards(answer, shipped().knowledge, services(), OCCASION))


def test_what_a_patients_record_says_cannot_become_markup() -> None:
    """A mutation is free text: links, elements, lines and headings of it are shown as they stand."""
    hostile = "<b>x</b> [y](javascript:z) http://evil.example www.evil.example `a` | &amp; a@b.c"
    case = Case.from_json(
        {
            "id": "urn:x:1",
            "assessedOn": "2026-03-10",
            "condition": "HerpesZoster",
            "lesionCourse": "Spreading",
            "treatments": [{"drug": "Valacyclovir", "status": "Ongoing"}],
            "genotype": [
                {"virus": "VaricellaZosterVirus", "gene": "Orf36", "mutation": hostile, "effect": "LossOfFunction"}
            ],
        }
    )
    details = [card["detail"] for card in cards_for(shipped().assess(case, table=table()))]

    assert escaped(hostile) in "\n".join(details)
    for text in details:
        assert not re.search(r"(?<!\\)<|(?<!\\)\[|https?://|www\.|(?<!\\)`|(?<!\\)@|(?<!\\)&", text)


def cards_for(answer: Assessment) -> list[Json]:
    """Return the cards of an assessment."""
    return review_cards(answer, shipped().knowledge, services(), OCCASION)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\r# no heading", r"two lines \# no heading"),
        ("- no item", r"\- no item"),
        ("1. no item", r"1\. no item"),
        ("1) no item", r"1\) no item"),
        ("a < b", r"a \< b"),
        ("https://a.b", r"https\://a.b"),
        ("Time: 3", "Time: 3"),
        ("40 mg/kg, 1.5 mL", "40 mg/kg, 1.5 mL"),
    ],
)
def test_escaping_changes_marks_and_nothing_else(text: str, shown: str) -> None:
    """What Markdown would not read as a mark stays as it is."""
    assert shown == escaped(text)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("x" * 139, "x" * 139),
        ("a sentence that fits", "a sentence that fits"),
        (f"{'word ' * 26}because of the virus {'y' * 30}", f"{'word ' * 26}".strip() + " …"),
        (f"{'word ' * 23}not given (because {'y' * 30}", f"{'word ' * 23}not given …"),
        ("z" * 200, "z" * 137 + " …"),
    ],
)
def test_a_text_is_cut_where_a_thought_may_end(text: str, cut: str) -> None:
    """Not behind a word that leads on, not within one."""
    assert cut == shortened(text)
    assert len(shortened(text)) <= MAX_SUMMARY


def test_a_list_names_whole_parts_and_counts_the_rest() -> None:
    """A kind stands before what it is said of, and is said again when it changes."""
    parts = [("Avoid, prompt", "a"), ("Avoid, routine", "b"), ("Recommend, routine", "c"), ("Recommend, routine", "d")]

    assert listed(parts) == "Avoid, prompt: a; routine: b; Recommend, routine: c, d"
    long = [("Avoid, prompt", f"{number} {'x' * 50}") for number in range(4)]
    assert listed(long) == f"Avoid, prompt: 0 {'x' * 50}, 1 {'x' * 50} … and 2 more"


# ---- what may be done with a click ----


@pytest.mark.parametrize("slug", slugs())
def test_only_what_is_recommended_and_stands_against_nothing_has_a_button(slug: str) -> None:
    """Never what is avoided or only considered, and never one side of a conflict; a draft for this very patient."""
    answer = golden()[slug]
    label = shipped().knowledge.label
    contested = {name for conflict in answer.conflicts if conflict.about is None for name in conflict.between}
    allowed = {
        f"Draft: {label(rfy(item.action))}"
        for item in answer.recommendations
        if item.kind == "Recommend" and item.action not in contested
    }
    for card in review(slug)["cards"]:
        for suggestion in card.get("suggestions", ()):
            assert suggestion["label"] in allowed
            (action,) = suggestion["actions"]
            resource = action["resource"]
            assert action["type"] == "create"
            assert resource["subject"] == {"reference": "Patient/p"}
            assert (resource["intent"], resource["status"]) == ("proposal", "draft")
            assert not {"id", "doNotPerform", "detectedIssue", "supportingInfo"} & resource.keys()
            get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_no_file_can_give_a_button_to_what_is_to_be_avoided() -> None:
    """A site may change what has a button, but for this."""
    rows = tuple(replace(row, suggests=("Avoid", "Consider")) for row in services().cards)
    answer, changed = golden()["beside-aids-zoster-day-21"], replace(services(), cards=rows)
    cards = review_cards(answer, shipped().knowledge, changed, OCCASION)
    labels = [suggestion["label"] for card in cards for suggestion in card.get("suggestions", ())]
    avoided = {
        f"Draft: {shipped().knowledge.label(rfy(a.action))}" for a in answer.recommendations if a.kind == "Avoid"
    }

    assert avoided
    assert labels
    assert not avoided & set(labels)


def test_there_are_buttons_for_drugs_and_for_other_actions() -> None:
    """The rule above is not kept by having none."""
    proposed = {
        action["resource"]["resourceType"]
        for slug in slugs()
        for value in values_in(review(slug))
        if isinstance(value, dict)
        for action in value.get("actions", ())
    }

    assert {"MedicationRequest", "ServiceRequest"} == proposed


def test_a_button_names_the_cautions_of_what_it_drafts() -> None:
    """Who clicks without reading on is told at the button."""
    found = 0
    for slug, answer in golden().items():
        cautions = {
            f"Draft: {shipped().knowledge.label(rfy(item.action))}": item.cautions for item in answer.recommendations
        }
        for card in review(slug)["cards"]:
            for suggestion in card.get("suggestions", ()):
                for caution in cautions[suggestion["label"]]:
                    label = shipped().knowledge.label(rfy(caution.name))
                    assert label.casefold() in suggestion["actions"][0]["description"].casefold()
                    found += 1

    assert found > 10


# ---- orders ----


def acts_as(drug: str) -> set[str]:
    """Return what a drug acts by, read off the Turtle by hand: the note's two prodrugs, and one of another drug."""
    forms = {"Valacyclovir": "Acyclovir", "Famciclovir": "Penciclovir", "Valganciclovir": "Ganciclovir"}
    return {forms.get(drug, drug)}


@pytest.mark.parametrize("slug", slugs())
def test_each_drug_is_warned_of_by_its_status_or_by_advice_to_avoid_it_and_no_other(slug: str) -> None:
    """An order of every drug of the graph, in every golden case; the route of the order is not said."""
    answer = golden()[slug]
    expected = {
        drug
        for drug in drugs()
        if any(item.drug == drug and item.status in WARNS for item in answer.resistance)
        or any(a.kind == "Avoid" and a.drug and acts_as(a.drug) & acts_as(drug) for a in answer.recommendations)
    }
    cards = for_all_orders(slug)["cards"]
    label = shipped().knowledge.label

    assert sorted(f"**The order: {label(rfy(drug))}" for drug in expected) == sorted(
        line.removesuffix("**") for card in cards for line in card["detail"].splitlines() if "**The order: " in line
    )
    assert {card["indicator"] for card in cards} <= {"warning"}


def test_every_status_and_an_avoided_action_are_among_the_orders() -> None:
    """What no golden case had would be warned of nowhere."""
    seen = {item.status for slug in slugs() for item in golden()[slug].resistance if for_all_orders(slug)["cards"]}

    assert WARNS <= seen


def test_which_statuses_warn_is_said_by_the_ontology() -> None:
    """Without the annotation of one, an order is warned of no more."""
    path = "ontology/modules/viruses.ttl"
    text = (ROOT / path).read_text("utf-8")
    line = "rfy:Confirmed rfy:warnsOfOrder true .\n"
    assert line in text
    changed = knowledge_with({path: text.replace(line, "")})
    order = Order(0, "MedicationRequest/1", "Acyclovir")
    answer = golden()["confirmed-lesions-resolved"]

    assert len(order_cards(answer, shipped().knowledge, services(), OCCASION, [order])) == 1
    assert order_cards(answer, changed, services(), OCCASION, [order]) == []


def test_a_warned_order_can_be_removed_unless_the_drug_is_also_advised() -> None:
    """The button deletes the draft by its reference; where a conflict is to be decided, there is none."""
    (card,) = of_order("design-example", Order(0, "MedicationRequest/7", "Valacyclovir"))
    (without,) = of_order("design-example", Order(0, "", "Valacyclovir"))
    (contested,) = of_order("beside-disseminated-zoster-resistant", Order(0, "MedicationRequest/7", "Acyclovir"))
    (suggestion,) = card["suggestions"]

    assert suggestion["actions"] == [
        {
            "type": "delete",
            "description": "Remove the draft order of valacyclovir.",
            "resourceId": "MedicationRequest/7",
        }
    ]
    assert "suggestions" not in without
    assert "suggestions" not in contested
    assert "Recommend, immediate: give intravenous acyclovir" in contested["summary"]
    assert "Conflict for a person to decide: give intravenous acyclovir / use acyclovir" in contested["detail"]


@pytest.mark.parametrize(("route", "warned"), [("Intravenous", True), ("Topical", False), ("", True)])
def test_what_is_avoided_in_one_way_only_is_warned_of_in_that_way(route: str, warned: bool) -> None:
    """Cidofovir by vein is ruled out by the kidneys while the gel is to be considered; an unsaid route is warned of."""
    slug = next(s for s in slugs() if any((a.action, a.kind) == ("UseIntravenousCidofovir", "Avoid")
                                          for a in golden()[s].recommendations))  # fmt: skip

    assert warned == bool(of_order(slug, Order(0, "MedicationRequest/1", "Cidofovir", route)))


def test_an_order_of_what_is_recommended_is_not_warned_of() -> None:
    """The switch that the guidance recommends can be ordered in silence."""
    answer = golden()["design-example"]

    assert "SwitchToFoscarnet" in {item.action for item in answer.recommendations if item.kind == "Recommend"}
    assert of_order("design-example", Order(0, "MedicationRequest/1", "Foscarnet")) == []


# ---- the file ----


def test_the_file_names_terms_of_the_ontology() -> None:
    """Kinds, urgencies and the topic; every urgency is as loud as it is said, and every kind stands on some card."""
    knowledge, found = shipped().knowledge, services()
    rows = (*found.cards, found.background)
    urgencies = {local_name(term.value) for term in knowledge.members(rfy("Urgency"))}
    kinds = {local_name(term.value) for term in knowledge.members(rfy("Kind"))}

    assert urgencies == set(found.indicators)
    assert {urgency for row in rows for urgency in row.urgencies} <= urgencies
    assert kinds == {kind for row in found.cards for kind in row.kinds}
    assert knowledge.label(rfy(found.topic)) != found.topic
    assert all("Avoid" not in row.suggests for row in rows)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('specification = "STU2"', 'specification = "STU2"\nunknown = 1'),
        ('indicator = "warning"', 'indicator = "loud"'),
        ('    ["conditions"],', '    ["conditons"],'),
        ('id = "antiviral-order-sign"', 'id = "antiviral-order-select"'),
        ('kinds = ["Avoid"]', 'kind = ["Avoid"]'),
    ],
)
def test_a_file_with_a_fault_is_refused(old: str, new: str) -> None:
    """A word that is not known, and what does not fit together, is told and not passed over."""
    text = (ROOT / SERVICES).read_text("utf-8")
    assert old in text

    with pytest.raises(Exception, match="the services of CDS Hooks cannot be read"):
        CdsServices.of(knowledge_with({SERVICES: text.replace(old, new, 1)}).files)
