"""What a change asks of versions, by meaning, and whether they say so.

Another answer to a case, or something gone that others may name, is a major change; what is added or said otherwise in
the logic is a minor one; words alone are a patch. While a version begins with 0, its second number stands for the
first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Level = Literal["none", "patch", "minor", "major"]
LEVELS: Final[tuple[Level, ...]] = ("none", "patch", "minor", "major")

_VERSION: Final = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
)

Numbers = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Need:
    """A reason for which a version has to be raised.

    Attributes:
        level: How far.
        reason: Why.
    """

    level: Level
    reason: str


@dataclass(frozen=True, slots=True)
class VersionCheck:
    """Whether the version of a guidance, or of the ontology as a whole, says what changed.

    Attributes:
        owner: The guidance, or the ontology.
        old: Its version before; None for one that is new.
        new: Its version now; None for one that is gone.
        needs: How far it has to be raised.
        least: The smallest version that would do; None where there is none to hold against it.
        reasons: Why, the weightiest level only.
        fault: What is wrong with the version, or an empty string.
    """

    owner: str
    old: str | None
    new: str | None
    needs: Level
    least: str | None
    reasons: tuple[str, ...]
    fault: str

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "of": self.owner,
            "old": self.old,
            "new": self.new,
            "needs": self.needs,
            "least": self.least,
            "reasons": list(self.reasons),
            "enough": not self.fault,
            **({"fault": self.fault} if self.fault else {}),
        }


def highest(levels: Iterable[Level]) -> Level:
    """Return the level that asks for the most; `none` of none."""
    return max(levels, key=LEVELS.index, default="none")


def check_version(owner: str, old: str | None, new: str | None, needs: Iterable[Need]) -> VersionCheck:
    """Hold a version against what changed.

    Args:
        owner: Whose version it is.
        old: The version before; None for what is new, which may begin with any.
        new: The version now; None for what is gone.
        needs: All reasons.
    """
    wanted = tuple(needs)
    level = highest(need.level for need in wanted)
    reasons = tuple(dict.fromkeys(need.reason for need in wanted if need.level == level))
    if old is None or new is None:
        return VersionCheck(owner, old, new, level, None, reasons, "")
    before, after = numbers(old), numbers(new)
    if before is None or after is None:
        wrong = old if before is None else new
        return VersionCheck(
            owner, old, new, level, None, reasons, f"{wrong!r} is no version of three numbers, such as 1.0.0"
        )
    least = raised(before, level)
    fault = ""
    if after < before:
        fault = f"the version went back from {old} to {new}"
    elif after < least:
        went = f"the version stayed {new}" if old == new else f"the version went from {old} to {new}"
        fault = f"{went}, and a {level} change asks for {_text(least)} at least"
    return VersionCheck(owner, old, new, level, _text(least), reasons, fault)


def raised(version: Numbers, level: Level) -> Numbers:
    """Return the smallest version that says that so much changed."""
    major, minor, patch = version
    if level == "none":
        return version
    if level == "major" and major:
        return major + 1, 0, 0
    if level == "major" or (level == "minor" and major):
        return major, minor + 1, 0
    return major, minor, patch + 1


def numbers(version: str) -> Numbers | None:
    """Return the three numbers of a version by SemVer 2.0.0; None if it is no such version."""
    found = _VERSION.fullmatch(version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _text(version: Numbers) -> str:
    return ".".join(map(str, version))


def checked(
    needs: Mapping[str, Iterable[Need]], old: Mapping[str, str], new: Mapping[str, str]
) -> tuple[VersionCheck, ...]:
    """Hold each version against its reasons, in the order of names; one that went back is told though nothing asks.

    Args:
        needs: The reasons by owner.
        old: The versions before, by owner.
        new: The versions now.
    """
    owners = sorted(needs.keys() | {owner for owner in old.keys() & new.keys() if old[owner] != new[owner]})
    return tuple(check_version(owner, old.get(owner), new.get(owner), needs.get(owner, ())) for owner in owners)
