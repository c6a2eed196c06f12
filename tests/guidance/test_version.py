"""Versions by meaning: how far each change raises a version, and what is no version at all."""

from __future__ import annotations

import pytest

from refractory.guidance.diff.version import Level, Need, check_version, numbers


@pytest.mark.parametrize(
    ("old", "level", "least"),
    [
        ("1.2.3", "none", "1.2.3"),
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "major", "2.0.0"),
        ("0.2.3", "patch", "0.2.4"),
        ("0.2.3", "minor", "0.2.4"),
        ("0.2.3", "major", "0.3.0"),
    ],
)
def test_the_least_version_that_says_so(old: str, level: Level, least: str) -> None:
    """It is enough, and so is a larger one; what is one smaller is not."""
    found = check_version("source", old, least, [Need(level, "why")])

    assert ("", least, level) == (found.fault, found.least, found.needs)
    assert check_version("source", old, "9.0.0", [Need(level, "why")]).fault == ""
    if level != "none":
        assert least in check_version("source", old, old, [Need(level, "why")]).fault


def test_the_weightiest_reason_counts() -> None:
    """Lesser reasons are not told."""
    found = check_version("source", "1.0.0", "1.1.0", [Need("patch", "words"), Need("major", "answer")])

    assert ("major", ("answer",)) == (found.needs, found.reasons)
    assert "2.0.0" in found.fault


@pytest.mark.parametrize("version", ["1", "1.0", "01.0.0", "1.0.0.0", "v1.0.0", "", "1.0.x"])
def test_what_is_no_version_is_a_fault(version: str) -> None:
    """No number can be held against it."""
    assert numbers(version) is None
    assert "no version" in check_version("source", "1.0.0", version, []).fault
    assert "no version" in check_version("source", version, "1.0.0", []).fault


def test_what_is_new_or_gone_is_held_to_nothing() -> None:
    """There is no other version to hold it against."""
    assert check_version("source", None, "0.1.0", [Need("major", "why")]).fault == ""
    assert check_version("source", "1.0.0", None, [Need("major", "why")]).fault == ""
