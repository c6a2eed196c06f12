"""Sources side by side: one is added by Turtle alone, each speaks as itself, and none is the winner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from pyoxigraph import NamedNode

from refractory import Case, KnowledgeBase
from refractory.checker.check import Checker, check_conclusions
from refractory.errors import UsageError
from refractory.knowledge.knowledge import load_files
from refractory.recommend.regimens import regimen_of
from refractory.vocabulary import Rdf, local_name, rfy
from tests.support import (
    CASES,
    NOTE,
    beside,
    golden,
    golden_as_written,
    knowledge_with,
    note_alone,
    read_case,
    shipped,
    slugs,
    with_table,
    written,
)

OURS = {"refractory-reading", "refractory-comparison"}
"""What this project says itself: how the note is read, and how sources are held side by side."""

ONLY_WITH_SOURCES = {"positions", "times", "redFlags", "redFlag", "weakenedBy", "genotype", "about"}
"""The keys that an answer by the note alone never has."""

KINDS = ["Recommend", "Consider", "Avoid"]
URGENCIES = ["Immediate", "Prompt", "Routine"]

EVERY_CASE = pytest.mark.parametrize("slug", slugs())

# ---- a source that is added for a test ----

PREFIXES = """
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rfy: <https://w3id.org/refractory/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""

WORDS = """
rfy:temporary a rfy:Guidance ;
    dcterms:identifier "temporary" ; rdfs:label "temporary source"@en ;
    skos:definition "Source that a test makes up; it has no year."@en ; owl:versionInfo "1.0.0" ;
    rfy:standsBeside rfy:valacyclovir-failure ; rfy:hasSourceKind rfy:Guideline ; rfy:sureness "unmarked" ;
    rfy:studiedPopulation "nobody"@en ; rfy:studiedVirus "none"@en ;
    dcterms:bibliographicCitation "none"@en .
rfy:temporary-1 a rfy:Statement ;
    rdfs:label "What the temporary source says"@en ; rfy:paraphrase "So says the temporary source."@en ;
    rfy:ofGuidance rfy:temporary ; rfy:statementNumber 1 ; rfy:place "nowhere"@en ;
    rfy:hasModality rfy:AssertedModality .
"""

FOR_ALL = """rfy:isPositionOf rfy:temporary ; rfy:encodes rfy:temporary-1 ;
    rfy:forPopulation rfy:AnyPatientPopulation ; rfy:forDisease rfy:AnyHerpesvirusDisease ;"""

DOSE = f"""
rfy:temporary-dose a rfy:Position , rfy:AgreeingPosition ; {FOR_ALL}
    rfy:speaksOf rfy:SwitchToFoscarnet ; rfy:withAdviceOn rfy:SwitchToFoscarnet ;
    rfy:offersRegimen rfy:temporary-regimen .
rfy:temporary-regimen a rfy:Regimen ;
    rfy:doseMgPerKg 50.0 ; rfy:everyHours 12 ; rfy:hasRoute rfy:Intravenous .
"""

TIME = f"""
rfy:temporary-time a rfy:Position , rfy:TimePosition ; {FOR_ALL}
    rfy:speaksOf rfy:AntiviralResistance ; rfy:inSituation rfy:FailureSituation ; rfy:suspectsFromDay 12 .
"""

OPPOSITION = f"""
rfy:temporary-opposition a rfy:Position , rfy:OpposingPosition ; {FOR_ALL}
    rfy:speaksOf rfy:SwitchToFoscarnet ; rfy:withAdviceOn rfy:SwitchToFoscarnet .
"""

ADDITION = f"""
rfy:TemporaryAction a rfy:Action ; rfy:stepOrder 9901 .
rfy:temporary-addition a rfy:Position , rfy:AddingPosition ; {FOR_ALL}
    rfy:speaksOf rfy:TemporaryAction ; rfy:inSituation rfy:FailureSituation ;
    rfy:advisesKind rfy:Consider ; rfy:advisesUrgency rfy:Routine .
"""

WARNING = f"""
rfy:TemporaryCaution a rfy:Caution ; rfy:isCautionAt rfy:SwitchToFoscarnet .
rfy:temporary-warning a rfy:Position , rfy:WarningPosition ; {FOR_ALL}
    rfy:speaksOf rfy:SwitchToFoscarnet ; rfy:withAdviceOn rfy:SwitchToFoscarnet ;
    rfy:raises rfy:TemporaryCaution .
"""

STATEMENT = {"id": "temporary-1", "source": "temporary", "line": 1}


@cache
def with_source(logic: str, *guidance: str) -> KnowledgeBase:
    """Return the shipped knowledge with a source more, which nothing but its two Turtle files tells of."""
    files = {"temporary": logic, "temporary-words": WORDS}
    knowledge = knowledge_with({f"ontology/facts/temporary/{name}.ttl": PREFIXES + t for name, t in files.items()})
    return KnowledgeBase(load_files(knowledge.files, guidance) if guidance else knowledge)


def answer_of(kb: KnowledgeBase, slug: str = "design-example") -> dict[str, Any]:
    """Return what is concluded of a golden case, without the letterhead that names the knowledge."""
    return kb.assess(read_case(slug), questions=False).findings.to_json()


def without(value: Any, source: str) -> Any:
    """Return a part of an answer without what one source says in it; a list of that alone is left out."""
    if isinstance(value, dict):
        left = {key: without(part, source) for key, part in value.items()}
        return {key: part for key, part in left.items() if part != [] or value[key] == []}
    if isinstance(value, list):
        kept = [item for item in value if item != source and not (isinstance(item, dict) and said_by(item) == {source})]
        return [without(item, source) for item in kept]
    return value


def said_by(item: dict[str, Any]) -> set[str]:
    """Return the sources whose statements a part of an answer rests on, our own on comparing aside."""
    if "statements" not in item:
        return {item["source"]} if "source" in item else set()
    return {s["source"] for s in item["statements"]} - {"refractory-comparison"}


def named(items: list[dict[str, Any]], **wanted: str) -> dict[str, Any]:
    """Return the one item of a list with these values."""
    (found,) = [item for item in items if all(item.get(key) == value for key, value in wanted.items())]
    return found


def test_a_source_added_by_turtle_alone_stands_in_the_disagreement_on_the_dose() -> None:
    """Its regimen is held beside the note's and the others', and nothing else of the answer changes."""
    before, after = answer_of(shipped()), answer_of(with_source(DOSE))
    conflict = named(after["conflicts"], name="DoseDisagreement", about="SwitchToFoscarnet")
    amounts = {p["source"]: [r["perDay"] for r in p["regimens"]] for p in conflict["positions"]}

    assert amounts["temporary"] == [{"dose": 100, "unit": "mg/kg"}]
    assert amounts[NOTE] == [{"dose": 120, "unit": "mg/kg"}]
    assert STATEMENT in conflict["statements"]
    assert "valacyclovir-failure-24" in {statement["id"] for statement in conflict["statements"]}
    assert before == without(after, "temporary")
    assert before != after


def test_a_source_beside_the_note_alone_brings_about_the_disagreement() -> None:
    """Both doses stand, the note's first, and the note's advice is as it was; without the other there is none."""
    before, after = answer_of(note_alone()), answer_of(with_source(DOSE, "temporary"))
    (conflict,) = [c for c in after["conflicts"] if "about" in c]
    leading, other = conflict["positions"]

    assert not [c for c in before["conflicts"] if "about" in c]
    assert (conflict["name"], conflict["about"], conflict["between"]) == (
        "DoseDisagreement",
        "SwitchToFoscarnet",
        [NOTE, "temporary"],
    )
    assert (leading["stance"], other["stance"]) == ("Leads", "Agrees")
    assert conflict["statements"] == leading["statements"] + other["statements"]
    assert other["statements"] == [STATEMENT]
    assert other["says"] == "So says the temporary source."
    left = without(after, "temporary")
    assert before == {**left, "conflicts": [c for c in left["conflicts"] if "about" not in c]}


def test_a_source_with_a_time_is_a_time_of_its_own() -> None:
    """Its day stands among the times, in their disagreement, and at the hypothesis; nothing else changes."""
    before, after = answer_of(shipped()), answer_of(with_source(TIME))
    time = named(after["failure"]["times"], name="temporary-time")

    assert (time["source"], time["fromDay"], time["reached"], time["statements"]) == (
        "temporary",
        12,
        False,
        [STATEMENT],
    )
    assert "temporary" in named(after["conflicts"], name="TimeDisagreement")["between"]
    assert before == without(after, "temporary")


def test_a_source_whose_time_is_not_reached_holds_a_switch_back_and_says_so() -> None:
    """Where it is the only source with a time, and no result shows resistance, the switch is left to consider."""
    before = named(answer_of(note_alone(), "beside-zoster-day-7")["recommendations"], action="SwitchToFoscarnet")
    kb = with_source(TIME.replace("suspectsFromDay 12", "suspectsFromDay 999"), "temporary")
    after = named(answer_of(kb, "beside-zoster-day-7")["recommendations"], action="SwitchToFoscarnet")

    assert (before["kind"], after["kind"]) == ("Recommend", "Consider")
    assert after["weakenedBy"] == ["temporary-time"]
    assert "TooEarlyToSuspectResistance" in {c["name"] for c in after["cautions"]}


def test_a_source_that_opposes_an_action_stands_against_the_note_and_changes_nothing() -> None:
    """The note's advice stays as it is, and the direction is disputed, both sides with their statements."""
    before, after = answer_of(note_alone()), answer_of(with_source(OPPOSITION, "temporary"))
    conflict = named(after["conflicts"], name="DirectionDisagreement")
    advice = named(after["recommendations"], action="SwitchToFoscarnet")

    assert (conflict["about"], conflict["between"]) == ("SwitchToFoscarnet", [NOTE, "temporary"])
    assert [p["stance"] for p in conflict["positions"]] == ["Leads", "Opposes"]
    assert [p["name"] for p in advice["positions"]] == ["temporary-opposition"]
    left = without(after, "temporary")
    assert before == {**left, "conflicts": [c for c in left["conflicts"] if "about" not in c]}


def test_a_source_that_adds_an_action_adds_it_as_its_own() -> None:
    """The action stands with the kind, urgency and statement of its source; nothing else changes."""
    before, after = answer_of(shipped()), answer_of(with_source(ADDITION))
    advice = named(after["recommendations"], action="TemporaryAction")

    assert (advice["kind"], advice["urgency"]) == ("Consider", "Routine")
    assert said_by(advice) == {"temporary"}
    assert [(p["name"], p["stance"]) for p in advice["positions"]] == [("temporary-addition", "Adds")]
    assert before == without(after, "temporary")


def test_a_source_that_warns_raises_its_own_caution() -> None:
    """The caution stands at its action with the statement of its source; nothing else changes."""
    before, after = answer_of(shipped()), answer_of(with_source(WARNING))
    advice = named(after["recommendations"], action="SwitchToFoscarnet")

    assert said_by(named(advice["cautions"], name="TemporaryCaution")) == {"temporary"}
    assert named(advice["positions"], name="temporary-warning")["stance"] == "Warns"
    assert before == without(after, "temporary")


@pytest.mark.parametrize("logic", [DOSE, TIME, OPPOSITION, ADDITION, WARNING])
def test_a_source_for_others_is_not_met(logic: str) -> None:
    """What is said of a population that the patient is not of changes nothing."""
    elsewhere = logic.replace("AnyPatientPopulation", "PregnantPopulation")

    assert answer_of(shipped()) == answer_of(with_source(elsewhere))


@pytest.mark.parametrize("action", ["SwitchToFoscarnet", "ApplyTopicalCidofovir", "UseAcyclovir"])
def test_a_source_that_adds_what_the_note_advises_on_does_not_strengthen_it(action: str) -> None:
    """What the note recommends, considers or avoids stays so, and as urgent, whatever another source would add."""
    strong = ADDITION.replace("rfy:speaksOf rfy:TemporaryAction", f"rfy:speaksOf rfy:{action}")
    strong = strong.replace("rfy:Consider", "rfy:Recommend").replace("rfy:Routine", "rfy:Immediate")
    before = named(answer_of(note_alone())["recommendations"], action=action)
    after = named(answer_of(with_source(strong, "temporary"))["recommendations"], action=action)

    assert (before["kind"], before["urgency"]) == (after["kind"], after["urgency"])
    assert [p["name"] for p in after["positions"]] == ["temporary-addition"]


def test_a_source_that_opposes_what_another_adds_disagrees_with_that_one() -> None:
    """A disagreement has two sides, also where the leading source is none of them."""
    logic = ADDITION + OPPOSITION.replace("SwitchToFoscarnet", "HydrateBeforeFoscarnet")
    conflict = named(answer_of(with_source(logic))["conflicts"], about="HydrateBeforeFoscarnet")

    assert conflict["between"] == ["foscarnet-label", "temporary"]
    assert {p["stance"] for p in conflict["positions"]} == {"Adds", "Opposes"}


# ---- each position is shown by a case ----


@pytest.mark.parametrize("position", sorted(local_name(p.value) for p in shipped().knowledge.members(rfy("Position"))))
def test_each_position_is_shown_by_the_case_it_names(position: str) -> None:
    """The answer that was written by hand for that case has the position, or what it warns of, as has the one given."""
    knowledge = shipped().knowledge
    slug = knowledge.text(rfy(position), rfy("shownBy"))
    # A warning about what the answer does not speak of shows as its caution.
    shown = {position, local_name(knowledge.text(rfy(position), rfy("raises")))} - {""}

    assert slug in slugs()
    assert beside(slug), f"{slug} was written for the note alone"
    assert shown & names_in(written(slug))
    assert shown & names_in(golden()[slug].findings.to_json())


def names_in(value: Any) -> set[str]:
    """Return all keys and texts of an answer."""
    if isinstance(value, dict):
        return {*value, *(name for part in value.values() for name in names_in(part))}
    if isinstance(value, list):
        return {name for item in value for name in names_in(item)}
    return {value} if isinstance(value, str) else set()


# ---- what the note says stays what it says ----


@cache
def answers_of_the_note() -> dict[str, dict[str, Any]]:
    """Return what the note alone concludes of each golden case, told also what a finding that it does not know is.

    A source may say that a finding is of a kind that the note speaks of. To the note it is then as if the case had
    named the kind, and the note's own rules do the rest.
    """
    cases = [Case.from_json(json.dumps(told(slug)).encode()) for slug in slugs()]
    answers = note_alone().assess_all(cases, questions=False)
    return {slug: answer.findings.to_json() for slug, answer in zip(slugs(), answers, strict=True)}


def told(slug: str) -> dict[str, Any]:
    """Return a golden case with all that is present in it by what the sources in use say."""
    answer = golden()[slug]
    case: dict[str, Any] = json.loads((CASES / slug / "case.json").read_text(encoding="utf-8"))
    facts = (*answer.facts.all, *answer.closure.inferred)
    present = {
        local_name(fact.object.value)
        for fact in facts
        if fact.predicate == rfy("hasPresent") and isinstance(fact.object, NamedNode)
    }
    return {**case, "present": sorted(present)} if present else case


def rank(item: dict[str, Any]) -> tuple[int, int]:
    """Return kind and urgency of an action as numbers: the smaller, the stronger."""
    return KINDS.index(item["kind"]), URGENCIES.index(item["urgency"])


@EVERY_CASE
def test_other_sources_never_strengthen_remove_or_reorder_what_the_note_advises(slug: str) -> None:
    """Each action of the note stands in the same order, at most weaker, and then with the reason."""
    alone = {item["action"]: item for item in answers_of_the_note()[slug]["recommendations"]}
    together = {item["action"]: item for item in golden()[slug].findings.to_json()["recommendations"]}

    assert list(alone) == [action for action in together if action in alone]
    for action, item in alone.items():
        assert rank(item)[0] <= rank(together[action])[0], f"{action} is strengthened"
        assert rank(item)[1] <= rank(together[action])[1], f"{action} is made more urgent"
        if rank(item) != rank(together[action]):
            known = {caution["name"] for caution in item["cautions"]}
            reasons = [c["name"] for c in together[action]["cautions"] if c["name"] not in known]
            assert together[action].get("weakenedBy") or reasons, f"{action} is weakened without a reason"


@EVERY_CASE
def test_what_the_note_does_not_advise_has_a_statement_of_another_source(slug: str) -> None:
    """An action that is in the answer for another source's sake names that source; our own comparing is none."""
    alone = {item["action"] for item in answers_of_the_note()[slug]["recommendations"]}
    added = [item for item in golden()[slug].findings.to_json()["recommendations"] if item["action"] not in alone]

    assert [item["action"] for item in added if not said_by(item) - OURS - {NOTE}] == []


def test_some_case_has_what_another_source_adds_weakens_and_disputes() -> None:
    """The tests above and below would be empty without."""
    answers = [answer.findings.to_json() for answer in golden().values()]
    items = [item for answer in answers for item in answer["recommendations"]]

    assert [item for item in items if "weakenedBy" in item]
    assert [item for item in items if not said_by(item) & {NOTE}]
    assert {c["name"] for answer in answers for c in answer["conflicts"] if "about" in c} == {
        "DoseDisagreement",
        "TimeDisagreement",
        "DirectionDisagreement",
    }
    assert [answer for answer in answers if "redFlags" in answer]


@pytest.mark.parametrize("slug", [slug for slug in slugs() if not beside(slug)])
def test_the_note_alone_says_nothing_of_another_source(slug: str) -> None:
    """No part of the answer is another source's, and none of the keys is there that only other sources fill."""
    answer = golden_as_written()[slug].to_json()
    parts = list(parts_of(answer))

    assert [source["id"] for source in answer["guidance"]] == [NOTE, "refractory-reading"]
    assert {part["source"] for part in parts if "source" in part} <= {NOTE, "refractory-reading"}
    assert [key for part in parts for key in part if key in ONLY_WITH_SOURCES] == []


def parts_of(value: Any) -> Iterator[dict[str, Any]]:
    """Yield each object of an answer, but of its proofs, which speak of steps."""
    if isinstance(value, dict):
        yield value
        for key, part in value.items():
            if key != "proofs":
                yield from parts_of(part)
    elif isinstance(value, list):
        for item in value:
            yield from parts_of(item)


# ---- the choice of sources ----


@pytest.mark.parametrize(
    ("chosen", "used"),
    [
        ([NOTE], [NOTE, "refractory-reading"]),
        (["eacs"], [NOTE, "refractory-reading", "eacs", "refractory-comparison"]),
        (["prioh-1", "eacs"], [NOTE, "refractory-reading", "eacs", "prioh-1", "refractory-comparison"]),
        (["eacs", NOTE], [NOTE, "refractory-reading", "eacs", "refractory-comparison"]),
    ],
)
def test_a_source_comes_with_the_note_its_reading_and_our_comparison(chosen: list[str], used: list[str]) -> None:
    """The leading source is first and our comparison last, however they are named."""
    kb = KnowledgeBase.load(guidance=chosen)
    answer = kb.assess(read_case("design-example"), questions=False).to_json()

    assert [source.id for source in kb.guidance] == used
    assert [source["id"] for source in answer["guidance"]] == used
    assert {part["source"] for part in parts_of(answer) if "source" in part} <= set(used)


def test_all_sources_are_used_unless_some_are_chosen() -> None:
    """The note leads, our reading follows, the others stand in the order of their names, our comparison is last."""
    names = [source.id for source in shipped().guidance]
    declared = {local_name(node.value) for node in shipped().knowledge.subjects(Rdf.TYPE, rfy("Guidance"))}

    assert set(names) == declared
    assert names[:2] == [NOTE, "refractory-reading"]
    assert names[-1] == "refractory-comparison"
    assert names[2:-1] == sorted(names[2:-1])
    assert len(names) > 20


@pytest.mark.parametrize("source", [source.id for source in shipped().guidance])
def test_each_source_can_be_chosen_alone(source: str) -> None:
    """Whatever it leans on comes with it: what it adds has its words, and no source that was not chosen speaks."""
    kb = KnowledgeBase.load(guidance=[source])
    used = {chosen.id for chosen in kb.guidance}
    answers = kb.assess_all(map(read_case, slugs()), questions=False)
    spoken = {part["source"] for answer in answers for part in parts_of(answer.findings.to_json()) if "source" in part}

    assert source in used
    assert spoken <= used


def test_an_unknown_source_is_refused_with_a_suggestion() -> None:
    """A misspelt name is an error that says what was meant."""
    with pytest.raises(UsageError, match="no guidance is called 'eacss'") as refused:
        KnowledgeBase.load(guidance=["eacss"])

    assert "eacs" in str(refused.value.fix)


# ---- disagreements: every side stands, and none is chosen ----


def disputed(answer: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """Return by disagreement and subject who takes part: worked out from what the answer shows, not by the rules."""
    found: dict[tuple[str, str], set[str]] = {}
    for item in answer["recommendations"]:
        action, positions = item["action"], item.get("positions", [])
        doses = [(p["source"], p["name"], amounts(p)) for p in positions] + [(NOTE, NOTE, own_amounts(action))]
        found["DoseDisagreement", action] = {
            name for source, name, days in doses if any(o != source and differ(days, their) for o, _, their in doses)
        }
        against = "Favors" if item["kind"] == "Avoid" else "Opposes"
        if sides := {p["name"] for p in positions if p["stance"] == against}:
            sides |= {p["name"] for p in positions if p["stance"] == "Adds"}
            found["DirectionDisagreement", action] = sides | ({NOTE} & said_by(item))
    times = [(time["source"], time["name"], time["fromDay"]) for time in answer["failure"].get("times", [])]
    found["TimeDisagreement", "AntiviralResistance"] = {
        name for source, name, day in times if any(o != source and day != their for o, _, their in times)
    }
    return {key: sides for key, sides in found.items() if sides}


def amounts(position: dict[str, Any]) -> set[float]:
    """Return the amounts for the weight a day that a position offers."""
    days = [regimen["perDay"] for regimen in position.get("regimens", []) if "perDay" in regimen]
    return {float(day["dose"]) for day in days if day["unit"] == "mg/kg"}


def own_amounts(action: str) -> set[float]:
    """Return the same of the note's own regimen of an action, if it has one."""
    knowledge = note_alone().knowledge
    regimens = knowledge.values(rfy(action), rfy("hasRegimen"))
    days = [regimen_of(knowledge, regimen).per_day for regimen in regimens if isinstance(regimen, NamedNode)]
    return {float(day.dose) for day in days if day and day.unit == "mg/kg"}


def differ(days: set[float], others: set[float]) -> bool:
    """Say whether any amount of one differs from any of the other."""
    return any(day != other for day in days for other in others)


@EVERY_CASE
def test_every_side_of_a_disagreement_stands_and_none_is_chosen(slug: str) -> None:
    """Whoever differs takes part with its statements, in the order of the sources, and a person is asked."""
    answer = golden()[slug].findings.to_json()
    order = [source.id for source in shipped().guidance]
    conflicts = [c for c in answer["conflicts"] if "about" in c]
    sides = {
        (c["name"], c["about"]): {NOTE if p["stance"] == "Leads" else p["name"] for p in c["positions"]}
        for c in conflicts
    }

    assert disputed(answer) == sides
    for conflict in conflicts:
        assert set(conflict) == {"name", "about", "between", "asks", "statements", "positions"}
        assert len(conflict["between"]) > 1
        assert conflict["between"] == sorted({p["source"] for p in conflict["positions"]}, key=order.index)
        assert conflict["asks"].count("?") == 1
        assert all(s in conflict["statements"] for p in conflict["positions"] for s in p["statements"])
        assert {s["source"] for s in conflict["statements"]} == set(conflict["between"])


@EVERY_CASE
def test_the_notes_own_regimen_is_shown_whatever_others_give(slug: str) -> None:
    """A dose of another source stands in its position; the regimen of an action that the note doses is the note's."""
    alone = {item["action"]: item for item in answers_of_the_note()[slug]["recommendations"]}
    together = {item["action"]: item for item in golden()[slug].findings.to_json()["recommendations"]}

    for action, item in alone.items():
        for key in ("regimen", "forThisPatient", "drug"):
            assert item.get(key) == together[action].get(key)


# ---- proofs ----


@cache
def checker() -> Checker:
    """Return a checker of the shipped knowledge."""
    return Checker(shipped().knowledge)


@EVERY_CASE
def test_every_position_time_and_disagreement_is_proven(slug: str) -> None:
    """Each says which step of the proofs it is, and the checker accepts all of them."""
    answer = golden()[slug]
    form = answer.to_json()
    positions = [p for part in parts_of(form) for p in part.get("positions", [])]
    said = [*positions, *form["failure"].get("times", []), *(c for c in form["conflicts"] if "about" in c)]
    said += [caution for item in form["recommendations"] for caution in item["cautions"]] + form["cautions"]

    assert [item["name"] for item in said if item.get("proof") not in form["proofs"]] == []
    assert [] == check_conclusions(answer, checker())


def test_cases_with_a_table_are_among_those_that_are_proven() -> None:
    """What a table says becomes facts of the case, and the checker has to accept them too."""
    assert [slug for slug in slugs() if with_table(slug)]
