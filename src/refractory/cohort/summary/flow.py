"""The flow of a cohort: from all records to a confirmed resistance, and for what reasons patients leave at each step.

Steps and reasons are data, `schemas/cohort-flow.toml`; what is here knows no drug and no fact.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from refractory.cohort.summary.counting import BETWEEN
from refractory.errors import KnowledgeError
from refractory.knowledge.files import default_root
from refractory.knowledge.knowledge import Knowledge
from refractory.render.words import Words

FLOW: Final = "schemas/cohort-flow.toml"
KEYS: Final = ("outcome", "dose", "notApplicable", "status")
"""What of a row decides how far its patient goes."""

FIRST: Final = ("read", "answered", "applicable", "failing")
"""The ids of the steps that every flow begins with; those after them are free."""

_NAME = re.compile(r"\{([^}]+)\}")
_ORDERS: Final = ("statuses", "hypotheses", "kinds", "urgencies")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why patients leave.

    Attributes:
        says: The reason in words.
        when: By column, the values that fit.
        missing: What is not known of them; empty: it is not for something missing.
    """

    says: str
    when: Mapping[str, tuple[str, ...]]
    missing: str

    def fits(self, row: Mapping[str, str]) -> bool:
        """Say whether it is the reason of a row."""
        return all(row[column] in values for column, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        id: What it is called.
        says: What is so of those who reach it, in words.
        stays: What is so of those who come no further.
        when: By column, the values of those who reach it; they have reached the step before.
        leave: The reasons for which others do not, the first that fits counting.
    """

    id: str
    says: str
    stays: str
    when: Mapping[str, tuple[str, ...]]
    leave: tuple[Reason, ...]

    def reached(self, row: Mapping[str, str]) -> bool:
        """Say whether a row that reached the step before reaches this one."""
        return all(row[column] in values for column, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole file.

    Attributes:
        drug: The drug whose status is followed.
        steps: The steps; the first is all records, the second those that were answered.
        orders: In which order statuses, hypotheses, kinds and urgencies are shown.
    """

    drug: str
    steps: tuple[Step, ...]
    orders: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, knowledge: Knowledge) -> Flow:
        """Return the flow of a knowledge; one that has none uses the one that is shipped.

        Raises:
            KnowledgeError: The file is not TOML, or lacks a word.
        """
        content = knowledge.files.contents.get(FLOW)
        words = Words(knowledge)
        try:
            said = tomllib.loads((content or (default_root() / FLOW).read_bytes()).decode())
            steps = tuple(
                Step(
                    part["id"],
                    _said(part["says"], words),
                    _said(part["stays"], words),
                    _when(part),
                    tuple(
                        Reason(_said(one["says"], words), _when(one), one.get("missing", ""))
                        for one in part.get("leave", ())
                    ),
                )
                for part in said["step"]
            )
            orders = {name: tuple(said[name]) for name in _ORDERS}
            conditions = [one for step in steps for one in (step.when, *(reason.when for reason in step.leave))]
            unknown = {name for when in conditions for name in when} - {*KEYS}
            if unknown:
                raise ValueError(f"no row has {min(unknown)!r}")
            if [step.id for step in steps[: len(FIRST)]] != [*FIRST]:
                raise ValueError(f"the first steps are not {', '.join(FIRST)}")
            return cls(said["drug"], steps, orders)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise KnowledgeError(
                f"the flow of a cohort cannot be read: {error}.",
                place=FLOW,
                fix="See docs/cohort-report.md for its words.",
            ) from error

    def last(self, key: tuple[str, ...]) -> int:
        """Return the number of the last step that a row reaches, by its values of `KEYS`."""
        row = dict(zip(KEYS, key, strict=True))
        number = 1
        while number + 1 < len(self.steps) and self.steps[number + 1].reached(row):
            number += 1
        return number

    def counted(self, rows: Mapping[tuple[str, ...], int], rejected: Mapping[str, int]) -> list[dict[str, Any]]:
        """Return the steps with their patients, and who leaves after each, in the published form.

        Args:
            rows: How many rows have which values of `KEYS`.
            rejected: How many records were rejected, by the kind of the reason.
        """
        leave: list[Counter[tuple[str, str, str]]] = [Counter() for _ in self.steps]
        for kind, count in rejected.items():
            leave[0]["", kind, ""] += count
        at = [0] * len(self.steps)
        for key, count in rows.items():
            number = self.last(key)
            at[number] += count
            if number + 1 < len(self.steps):
                leave[number][self._why(number + 1, key)] += count
        reached = [sum(at[number:]) for number in range(len(at))]
        reached[0] += sum(rejected.values())
        return [
            {
                "id": step.id,
                "says": step.says,
                "stays": step.stays,
                "patients": count,
                "leave": [_leaving(*why, number) for why, number in sorted(leavers.items(), key=_most_first)],
            }
            for step, count, leavers in zip(self.steps, reached, leave, strict=True)
        ]

    def _why(self, number: int, key: tuple[str, ...]) -> tuple[str, str, str]:
        """Return in words, by names, and as what is missing, why a row does not reach a step."""
        row = dict(zip(KEYS, key, strict=True))
        for reason in self.steps[number].leave:
            if reason.fits(row):
                return reason.says, "", reason.missing
        return "", row["notApplicable"], ""


def _most_first(item: tuple[tuple[str, str, str], int]) -> tuple[int, tuple[str, str, str]]:
    return -item[1], item[0]


def _leaving(says: str, names: str, missing: str, count: int) -> dict[str, Any]:
    return {
        "patients": count,
        **({"says": says} if says else {"reasons": names.split(BETWEEN) if names else []}),
        **({"missing": missing} if missing else {}),
    }


def _said(text: str, words: Words) -> str:
    return _NAME.sub(lambda found: words.label(found[1]), text)


def _when(part: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {column: tuple(values) for column, values in part.get("when", {}).items()}
