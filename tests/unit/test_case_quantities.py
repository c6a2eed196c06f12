"""Units: known by their UCUM codes alone, and converted exactly within one dimension."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import knowledge_with, shipped

from refractory.case.quantities import Quantities, check_unit
from refractory.errors import KnowledgeError, RefusedError
from refractory.vocabulary import local_name, rfy

FILE = "ontology/modules/quantities.ttl"


def quantities() -> Quantities:
    """Return the shipped quantities."""
    return Quantities.of(shipped().knowledge)


def changed(old: str, new: str) -> Quantities:
    """Return the quantities of a knowledge in which a text of the module is another."""
    text = shipped().knowledge.files.text(FILE)
    assert text.count(old) == 1
    return Quantities.of(knowledge_with({FILE: text.replace(old, new)}))


def test_the_units_are_those_of_the_graph() -> None:
    """Each unit has its code, and those that a quantity may be given in have a dimension."""
    measuring = {code for code, unit in quantities().units.items() if unit.dimension}

    assert measuring == {
        "mg/dL", "mg/L", "g/L", "umol/L", "mL/min", "L/h", "mL/min/{1.73_m2}", "kg", "g", "mg", "[lb_av]",
    }  # fmt: skip
    assert set(quantities().units) - measuring == {"mg/kg", "%"}


def test_each_quantity_has_its_dimension_and_its_canonical_unit() -> None:
    """What is compared, in which unit, and which property of a patient says it."""
    found = {local_name(quantity.value): unit.code for quantity, unit in quantities().canonical.items()}
    stated = {local_name(quantity.value): local_name(said.value) for quantity, said in quantities().stated.items()}

    assert found == {"SerumCreatinine": "mg/dL", "CreatinineClearance": "mL/min", "BodyWeight": "kg"}
    assert stated == {"CreatinineClearance": "creatinineClearanceMlPerMin", "BodyWeight": "weightKg"}


def test_every_pair_of_units_is_of_one_dimension_or_of_two() -> None:
    """A quantity takes the units of its dimension and no other: never moles for grams, nor a standard body's rate."""
    taken = {
        local_name(quantity.value): {
            code for code in quantities().units if quantities().canonical_value(quantity, "1", code) is not None
        }
        for quantity in quantities().canonical
    }

    assert taken == {
        "SerumCreatinine": {"mg/dL", "mg/L", "g/L"},
        "CreatinineClearance": {"mL/min", "L/h"},
        "BodyWeight": {"kg", "g", "mg", "[lb_av]"},
    }


@pytest.mark.parametrize(
    ("quantity", "value", "code", "expected"),
    [
        ("SerumCreatinine", "15", "mg/L", "1.5"),
        ("SerumCreatinine", "0.015", "g/L", "1.5"),
        ("SerumCreatinine", "0.1", "mg/dL", "0.1"),
        ("BodyWeight", "1", "[lb_av]", "0.45359237"),
        ("BodyWeight", "0.000000000000000000000000000001", "[lb_av]", "4.5359237E-31"),
        ("BodyWeight", "12345678901234567890.1234567891", "g", "12345678901234567.8901234567891"),
        ("CreatinineClearance", "3", "L/h", "50"),
        ("CreatinineClearance", "2.994", "L/h", "49.9"),
        ("CreatinineClearance", "1", "L/h", "16.666666666667"),
    ],
)
def test_a_number_is_converted_exactly(quantity: str, value: str, code: str, expected: str) -> None:
    """No digit is lost but where the quotient never ends, and there the twelfth place is rounded."""
    assert quantities().canonical_value(rfy(quantity), value, code) == Decimal(expected)


@given(st.decimals(min_value=0, max_value=1_000_000, places=6), st.sampled_from(["mL/min", "L/h"]))
def test_a_converted_number_is_on_the_same_side_of_a_limit(value: Decimal, code: str) -> None:
    """Rounding a quotient that never ends moves no value across, or onto, a limit."""
    exact = Fraction(value) * (Fraction(1000, 60) if code == "L/h" else 1)
    found = quantities().canonical_value(rfy("CreatinineClearance"), f"{value:f}", code)

    assert found is not None
    for limit in (50, 55, Fraction(499, 10)):
        assert (exact > limit, exact == limit) == (Fraction(found) > limit, Fraction(found) == limit)


def test_an_unknown_unit_has_no_value() -> None:
    """Whoever asks without the door gets none, rather than a guess."""
    assert quantities().canonical_value(rfy("BodyWeight"), "70", "stone") is None
    assert quantities().canonical_value(rfy("Foscarnet"), "70", "kg") is None


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("mg/dl", "Did you mean mg/dL?"),
        ("MG/DL", "Did you mean mg/dL?"),
        ("l/h", "Did you mean L/h?"),
        ("Kg", "Did you mean kg?"),
        ("kilograms", "Did you mean kg?"),
        ("lb", "Did you mean [lb_av]?"),
        ("lb_av", "Did you mean [lb_av]?"),
        ("\u00b5mol/L", "Did you mean umol/L?"),
        ("\u03bcmol/L", "Did you mean umol/L?"),
        ("mL/min/1.73 m2", "Did you mean mL/min/{1.73_m2}?"),
        (" kg", "Did you mean kg?"),
        ("", "Known are"),
        ("stone", "Known are L/h, [lb_av], g,"),
        ("Foscarnet", "Known are"),
    ],
)
def test_a_unit_that_is_not_known_by_its_code_is_refused(code: str, meant: str) -> None:
    """Codes are case-sensitive; the error says where, and which unit may have been meant."""
    with pytest.raises(RefusedError, match="no unit has the UCUM code") as caught:
        check_unit(code, shipped().knowledge, "measurements[0].unit")

    assert caught.value.place == "measurements[0].unit"
    assert caught.value.fix.startswith(meant)


def test_a_known_unit_passes() -> None:
    """Each code of the graph is let through as it is written."""
    for code in quantities().units:
        check_unit(code, shipped().knowledge, "here")


def test_a_unit_and_a_quantity_come_by_turtle_alone() -> None:
    """A unit that the graph gets is known at once, and the knowledge before it stays as it was."""
    before = quantities()
    after = changed(
        "# In milligrams per liter.",
        """rfy:Stone a rfy:Unit ; rfy:ucumCode "[stone_av]" ;
        rfy:hasDimension rfy:Mass ; rfy:unitSize 6.35029318 .""",
    )

    assert after.canonical_value(rfy("BodyWeight"), "11", "[stone_av]") == Decimal("69.85322498")
    assert "[stone_av]" not in before.units
    assert quantities() is before


@pytest.mark.parametrize("unit", ["", "rfy:MilliliterPerMinute", "rfy:Percent", "rfy:Mass"])
def test_a_quantity_without_a_canonical_unit_of_its_dimension_is_a_fault(unit: str) -> None:
    """The knowledge does not load a quantity whose values could not be compared."""
    with pytest.raises(KnowledgeError, match="no canonical unit of its dimension") as caught:
        changed("rfy:hasCanonicalUnit rfy:Kilogram ;", f"rfy:hasCanonicalUnit {unit} ;" if unit else "")

    assert caught.value.place == "BodyWeight"


def test_only_a_few_knowledges_are_kept() -> None:
    """Reading many knowledges one after the other does not fill the memory, and the first is read again as it was."""
    before = quantities()
    sizes = [changed("rfy:mostPlausible 300.0", f"rfy:mostPlausible {number}.0") for number in range(301, 307)]

    assert len(sizes) == 6
    assert quantities() == before
