"""Faults in the logic of rules: each is found where it is planted, alone, and what is nearly one is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pyoxigraph import Literal

from refractory.engine.clauses import Var
from refractory.guidance.fault import Fault
from refractory.guidance.ranges import Comparison, unmeetable
from refractory.guidance.rule_logic import faults_of_logic
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge, load_files
from refractory.vocabulary import Xsd
from tests.support import golden_case, note_alone, shipped, shipped_files, slugs, table

MODULE = Path("a-module")
# Cases in which resistance is acted on; the modules of these tests have them for their own.
SLUGS = ("foscarnet-allergy", "pregnant-life-threatening-resistant", "famciclovir-contradicted")
ACTED_ON = "?case a rfy:CaseOfResistanceToActOn"
HEAD = "?case rfy:raisesCaution rfy:FoscarnetAllergy"


def rule(
    body: str,
    head: str = HEAD,
    *,
    title: str = "A planted rule",
    says: str = "{case} is planted",
    encodes: str = "refractory-reading-13",
    shown_by: str = SLUGS[0],
) -> str:
    """Return the text of a rule that has nothing wrong but what its body and head say."""
    return (
        f"#+ title: {title}\n#+ says: {says}\n#+ encodes: {encodes}\n#+ shown-by: {shown_by}\n\n"
        f"PREFIX rfy: <https://w3id.org/refractory/>\n\nCONSTRUCT {{ {head} }}\nWHERE {{ {body} }}\n"
    )


def laid_on(files: dict[str, str]) -> Knowledge:
    """Return the shipped knowledge with a module of rules, by their names, or of files, by their paths."""
    paths = {name if "/" in name else f"queries/reason/{name}.rq": text for name, text in files.items()}
    contents = dict(shipped_files().contents) | {path: text.encode() for path, text in paths.items()}
    return load_files(
        KnowledgeFiles(shipped_files().root, dict(sorted(contents.items())), dict.fromkeys(paths, MODULE))
    )


def faults_of(files: dict[str, str], cases: Sequence[str] = SLUGS) -> tuple[Fault, ...]:
    """Return what is found of a module laid on the shipped knowledge."""
    return faults_of_logic(laid_on(files), map(golden_case, cases))


def test_the_shipped_knowledge_has_no_such_fault() -> None:
    """With all golden cases nothing is found: with a table of mutations, without one, and for the note alone."""
    cases = tuple(map(golden_case, slugs()))

    assert faults_of_logic(shipped().knowledge, cases, table()) == ()
    assert faults_of_logic(shipped().knowledge, cases) == ()
    assert faults_of_logic(note_alone().knowledge) == ()


def test_without_the_cases_that_show_them_rules_never_fire() -> None:
    """Taken alone, one golden case leaves most rules of a knowledge idle; none of them is said to be impossible."""
    found = faults_of_logic(shipped().knowledge, [golden_case(SLUGS[0])])

    assert len(found) > 50
    assert {fault.check for fault in found} == {"rule-that-never-fires"}
    # What only a table brings about cannot be asked for without one.
    assert "a-mutation-called-resistant-shows-resistance" not in {fault.term for fault in found}


CANNOT, NEVER, ABSENCE = "rule-that-cannot-fire", "rule-that-never-fires", "absence-that-nothing-fills"
CONTRADICTORY = "contradictory-rules"

PLANTED = {
    "fact-that-is-declared-nowhere": (
        rule(f"{ACTED_ON} ; rfy:hasPresent rfy:Pregnanci ."),
        CANNOT,
        ("?case rfy:hasPresent rfy:Pregnanci", "rfy:Pregnanci is declared nowhere"),
    ),
    "property-that-is-declared-nowhere": (
        rule(f"{ACTED_ON} ; rfy:hasPresentt ?fact ."),
        CANNOT,
        ("?case rfy:hasPresentt ?fact", "declared nowhere"),
    ),
    "class-that-nothing-leads-to": (rule("?case a rfy:Regimen . ?case rfy:hasPatient ?p ."), CANNOT, ("together",)),
    "property-that-nothing-concludes": (
        rule(f"{ACTED_ON} ; rfy:hasSide ?side ."),
        CANNOT,
        ("?case rfy:hasSide ?side", "no case may say it"),
    ),
    "rule-that-feeds-only-itself": (
        rule("?case rfy:hasSide ?side .", "?case rfy:hasSide ?side"),
        CANNOT,
        ("?case rfy:hasSide ?side",),
    ),
    "value-of-another-key": (
        rule(f"{ACTED_ON} ; rfy:hasLesionCourse rfy:Ongoing ."),
        CANNOT,
        ("?case rfy:hasLesionCourse rfy:Ongoing", "not with this value"),
    ),
    "part-of-a-case-taken-for-the-case": (
        rule("?case rfy:hasTreatment ?entry ; rfy:usesDrug rfy:Valacyclovir ."),
        CANNOT,
        ("?case rfy:usesDrug rfy:Valacyclovir", "together"),
    ),
    "wanted-and-wanted-absent": (
        rule(f"{ACTED_ON} ; rfy:hasPatient ?p . FILTER NOT EXISTS {{ ?case rfy:hasPatient ?other }}"),
        CANNOT,
        ("?case rfy:hasPatient ?other", "absent"),
    ),
    "wanted-absent-though-an-axiom-makes-it-hold": (
        rule(f"{ACTED_ON} ; rfy:avoids ?a . FILTER NOT EXISTS {{ ?case rfy:advisesOn ?a }}"),
        CANNOT,
        ("?case rfy:advisesOn ?a", "absent"),
    ),
    "no-such-number": (
        rule("?case rfy:hasPatient ?p . ?p rfy:ageYears ?age . FILTER (?age > 65 && 18 > ?age)"),
        CANNOT,
        ("?age",),
    ),
    "absence-of-what-never-holds": (
        rule(f"{ACTED_ON} . FILTER NOT EXISTS {{ ?case rfy:hasLesionCourse rfy:Ongoing }}"),
        ABSENCE,
        ("?case rfy:hasLesionCourse rfy:Ongoing",),
    ),
    "never-fires": (
        rule(f"{ACTED_ON} ; rfy:hasPresent rfy:UnexplainedWeightLoss .", shown_by="not-among-the-cases"),
        NEVER,
        ("3 golden cases",),
    ),
    "favors-what-its-source-avoids": (
        rule(
            f"{ACTED_ON} ; rfy:hasPatient ?p .",
            "?case rfy:considers rfy:UseAcyclovir ; rfy:urgesRoutinely rfy:UseAcyclovir",
        ),
        CONTRADICTORY,
        ("resistance-to-act-on-rules-out-acyclovir", "?case rfy:considers rfy:UseAcyclovir"),
    ),
    "avoids-what-its-source-favors-in-a-case": (
        rule(
            "?case rfy:hasPresent rfy:LifeThreateningInfection .",
            "?case rfy:recommends rfy:UseAcyclovir ; rfy:urgesRoutinely rfy:UseAcyclovir",
            shown_by=SLUGS[1],
        ),
        CONTRADICTORY,
        ("resistance-to-act-on-rules-out-acyclovir", SLUGS[1]),
    ),
    "another-urgency-from-the-same": (
        rule(
            "?episode a rfy:CaseOfResistanceToActOn .",
            "?episode rfy:recommends rfy:ReferToInfectiousDiseases ; rfy:urgesPromptly rfy:ReferToInfectiousDiseases",
            says="{episode} is referred",
        ),
        CONTRADICTORY,
        ("resistance-to-act-on-is-referred-at-once", "rfy:urgesPromptly", "rfy:urgesImmediately"),
    ),
    "silent-in-its-case": (
        rule(f"{ACTED_ON} ; rfy:hasAllergyTo rfy:Foscarnet .", shown_by=SLUGS[1]),
        "rule-silent-in-its-case",
        (SLUGS[1],),
    ),
    "sentence-of-another-rule": (
        rule(f"{ACTED_ON} .", says="{entry} is planted"),
        "sentence-of-an-unbound-variable",
        ("{entry}",),
    ),
    "title-of-another-action": (
        rule(
            f"{ACTED_ON} .",
            "?case rfy:recommends rfy:TestForHiv ; rfy:urgesRoutinely rfy:TestForHiv",
            title="Resistance to act on is a reason to verify the dose",
        ),
        "rule-named-for-another-action",
        ("title", "rfy:VerifyDose", "rfy:TestForHiv"),
    ),
    "resistance-to-act-on-is-a-reason-to-verify-the-dose": (
        rule(f"{ACTED_ON} .", "?case rfy:recommends rfy:TestForHiv ; rfy:urgesRoutinely rfy:TestForHiv"),
        "rule-named-for-another-action",
        ("file name", "rfy:VerifyDose"),
    ),
    "urgency-of-another-action": (
        rule(f"{ACTED_ON} .", "?case rfy:recommends rfy:TestForHiv ; rfy:urgesRoutinely rfy:VerifyDose"),
        "urgency-of-another-action",
        ("rfy:TestForHiv", "rfy:VerifyDose"),
    ),
    "advice-without-urgency": (
        rule(f"{ACTED_ON} .", "?case rfy:recommends rfy:TestForHiv"),
        "advice-without-urgency",
        ("rfy:TestForHiv",),
    ),
    "caution-at-another-action": (
        rule("?case rfy:advisesOn rfy:UseAcyclovir ."),
        "finding-about-another-action",
        ("rfy:UseAcyclovir", "rfy:FoscarnetAllergy", "rfy:SwitchToFoscarnet"),
    ),
    "copy-under-another-name": (
        rule(
            "?c rfy:hasVirus ?v ; a rfy:CaseWithActiveLesions . ?v rfy:hasConfirmedResistanceTo rfy:Acyclovir ."
            "FILTER NOT EXISTS { ?v a rfy:VirusOfAnotherSubject }",
            "?c a rfy:CaseOfResistanceToActOn",
            says="{c} is to be acted on",
            shown_by=SLUGS[2],
        ),
        "copied-rule",
        ("confirmed-resistance-with-active-lesions-is-to-be-acted-on",),
    ),
    "sentence-of-a-rule-with-other-conditions": (
        rule(
            f"{ACTED_ON} ; rfy:hasAllergyTo rfy:Foscarnet .",
            says="resistance to acyclovir is suspected and the lesions are active",
        ),
        "copied-sentence",
        ("suspected-resistance-with-active-lesions-is-to-be-acted-on",),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_alone(name: str) -> None:
    """The fault is found with file, rule and pattern, and nothing else is."""
    text, check, words = PLANTED[name]

    # The first two are found by the rules alone, and the cases would only take time.
    (fault,) = faults_of({name: text}, () if check in {CANNOT, ABSENCE} else SLUGS)

    assert (fault.check, fault.file, fault.term) == (check, f"queries/reason/{name}.rq", name)
    assert [word for word in words if word not in fault.message] == []
    assert fault.fix


SOUND = {
    "a-sound-rule": rule(f"{ACTED_ON} ; rfy:hasAllergyTo rfy:Foscarnet ."),
    "fact-of-a-wider-kind": rule(f"{ACTED_ON} ; rfy:isOfPopulation rfy:AnyPatientPopulation ."),
    "absence-of-something-else": rule(
        f"{ACTED_ON} ; rfy:hasVirus ?v . FILTER NOT EXISTS {{ ?v rfy:hasConfirmedResistanceTo rfy:Foscarnet }}"
    ),
    "absence-of-what-modules-conclude": rule(
        f"{ACTED_ON} ; rfy:hasVirus ?v . FILTER NOT EXISTS {{ ?v a rfy:VirusOfAnotherSubject }}"
    ),
    "absence-of-a-part": rule(
        f"{ACTED_ON} ; rfy:avoids ?a . FILTER NOT EXISTS {{ ?case rfy:advisesOn ?a ; rfy:hasUnderWay rfy:Foscarnet }}"
    ),
    "other-source-that-favors": rule(
        f"{ACTED_ON} .",
        "?case rfy:considersBeside rfy:UseAcyclovir ; rfy:urgesRoutinelyBeside rfy:UseAcyclovir",
        encodes="eacs-1",
        shown_by="a-case-of-all-sources",
    ),
    "favors-where-the-other-is-held-back": rule(
        f"{ACTED_ON} ; rfy:hasVirus ?v . ?v rfy:hasExcludedResistanceTo rfy:Famciclovir .",
        "?case rfy:considers rfy:UseFamciclovir ; rfy:urgesRoutinely rfy:UseFamciclovir",
    ),
    "another-urgency-for-more": rule(
        f"{ACTED_ON} ; rfy:hasAllergyTo rfy:Foscarnet .",
        "?case rfy:recommends rfy:ReferToInfectiousDiseases ; rfy:urgesPromptly rfy:ReferToInfectiousDiseases",
    ),
    "title-of-an-action-that-is-read": rule(
        f"{ACTED_ON} ; rfy:advisesOn rfy:UseAcyclovir .",
        "?case rfy:recommends rfy:TestForHiv ; rfy:urgesRoutinely rfy:TestForHiv",
        title="With advice to use acyclovir, HIV is to be thought of",
    ),
    "avoids-what-the-case-itself-speaks-against": rule(
        f"{ACTED_ON} ; rfy:hasAllergyTo rfy:Foscarnet .",
        "?case rfy:avoids rfy:SwitchToFoscarnet ; rfy:urgesPromptly rfy:SwitchToFoscarnet",
    ),
    "caution-at-one-of-two-actions": rule("?case rfy:advisesOn rfy:UseAcyclovir , rfy:SwitchToFoscarnet ."),
    "urgency-that-another-rule-gives": rule(
        f"{ACTED_ON} ; rfy:hasAllergyTo rfy:Foscarnet .", "?case rfy:recommends rfy:ReferToInfectiousDiseases"
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_is_nearly_a_fault_is_none(name: str) -> None:
    """A rule that a fault resembles is left alone, by the knowledge and by the cases."""
    # Two of them need a case that is not among these.
    cases = () if name in {"favors-where-the-other-is-held-back", "other-source-that-favors"} else SLUGS

    assert faults_of({name: SOUND[name]}, cases) == ()


@pytest.mark.parametrize(
    "body",
    [
        f"{ACTED_ON} ; rfy:hasPresent rfy:NoSuchFact .",
        f"{ACTED_ON} ; rfy:hasPatient ?p . FILTER NOT EXISTS {{ ?case rfy:hasPatient ?p }}",
    ],
)
def test_a_rule_that_reads_what_no_rule_can_conclude_names_that_rule(body: str) -> None:
    """Of a chain of rules that cannot fire each is told, and the second leads to the first."""
    files = {"first-of-two": rule(body, "?case rfy:hasSide ?case"), "second-of-two": rule("?case rfy:hasSide ?side .")}
    found = faults_of(files)

    assert [(fault.check, fault.term) for fault in found] == [(CANNOT, "first-of-two"), (CANNOT, "second-of-two")]
    assert "only first-of-two would conclude it" in found[1].message


def test_a_misspelt_term_is_answered_with_a_near_one() -> None:
    """The mending of a name that nothing declares begins with the names that are most like it."""
    (fault,) = faults_of({"misspelt": rule(f"{ACTED_ON} ; rfy:hasPresent rfy:Pregnanci .")})

    assert "rfy:Pregnancy" in fault.fix


def test_a_declared_conflict_on_the_action_settles_the_contradiction() -> None:
    """What the knowledge itself calls a conflict is no slip; a conflict with another action is another thing."""
    text = PLANTED["favors-what-its-source-avoids"][0]
    path = "ontology/facts/refractory-reading/planted.ttl"
    turtle = "@prefix rfy: <https://w3id.org/refractory/> . rfy:Planted a rfy:Conflict ; rfy:isBetween rfy:UseAcyclovir"

    assert faults_of({"favors": text, path: f"{turtle} ."}) == ()
    assert faults_of({"favors": text, path: f"{turtle} , rfy:TestForHiv ."}) != ()


X = Var("x")


def number(text: str) -> Literal:
    """Return a number as rules write it."""
    return Literal(text, datatype=Xsd.DECIMAL)


@pytest.mark.parametrize(
    "filters",
    [
        ((">", X, number("5")), ("<", X, number("3"))),
        ((">", X, number("5")), ("<=", X, number("5"))),
        (("<", number("5"), X), (">", number("5.0"), X)),
        (("=", X, number("5")), ("!=", X, number("5"))),
        (("=", X, number("5")), ("=", X, number("6"))),
        (("<", X, X),),
        (("<", number("5"), number("3")),),
        ((">", ("*", X, number("2")), number("5")), ("<", ("*", X, number("2")), number("3"))),
    ],
)
def test_comparisons_that_no_number_meets(filters: tuple[Comparison, ...]) -> None:
    """Ranges that do not meet are seen, whichever way round they are written."""
    assert unmeetable(filters) is not None


@pytest.mark.parametrize(
    "filters",
    [
        ((">", X, number("3")), ("<", X, number("5"))),
        ((">=", X, number("5")), ("<=", X, number("5"))),
        ((">", X, number("5")), ("<", Var("y"), number("3"))),
        (("=", X, number("5")), ("!=", X, number("6"))),
        (("<=", X, X),),
        (("<", number("3"), number("5")),),
        (("!=", X, Var("y")),),
    ],
)
def test_comparisons_that_some_number_meets(filters: tuple[Comparison, ...]) -> None:
    """Ranges that meet, if only in one number, are let be, and so is what is not compared with a number."""
    assert unmeetable(filters) is None


PREFIX = "@prefix rfy: <https://w3id.org/refractory/> .\n"
FACTS = "ontology/facts/eacs/planted.ttl"
CASE = "beside-red-flag-skin-necrosis"


def position(
    name: str = "eacs-planted",
    stance: str = "Agreeing",
    *,
    population: str = "AnyPatientPopulation",
    situation: str = "AnySituation",
) -> str:
    """Return a position that has nothing wrong but for whom and when it is."""
    return (
        f"rfy:{name} a rfy:Position , rfy:{stance}Position ; rfy:isPositionOf rfy:eacs ; "
        "rfy:speaksOf rfy:VerifyDose ; rfy:forDisease rfy:AnyHerpesvirusDisease ; "
        f'rfy:forPopulation rfy:{population} ; rfy:inSituation rfy:{situation} ; rfy:shownBy "{CASE}" .\n'
    )


PLANTED_POSITIONS = {
    "position-that-cannot-be-met": "rfy:NowhereSituation a rfy:Situation .\n" + position(situation="NowhereSituation"),
    "position-not-met-in-its-case": position(population="PregnantPopulation"),
    "contradictory-positions": position() + position("eacs-other", "Opposing"),
}


@pytest.mark.parametrize("check", PLANTED_POSITIONS)
def test_a_planted_position_is_found_alone(check: str) -> None:
    """What is wrong with a position is told with its file and its name."""
    (fault,) = faults_of({FACTS: PREFIX + PLANTED_POSITIONS[check]}, [CASE])

    assert (fault.check, fault.file) == (check, FACTS)
    assert fault.term in {"eacs-planted", "eacs-other"}


def test_positions_that_are_nearly_at_fault_are_let_be() -> None:
    """A position that is met is sound, and so is one against, for others than the one in favor is for."""
    turtle = PREFIX + position() + position("eacs-other", "Opposing", population="PregnantPopulation")

    assert faults_of({FACTS: turtle}, []) == ()
    assert faults_of({FACTS: PREFIX + position()}, [CASE]) == ()
