"""An entry of the audit log: what it may say, and the line that it is written as."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

MAX_LINE: Final = 262_144
"""Bytes of a line, without its line feed."""

FIRST: Final = "0" * 64
"""What the first entry has as the hash of the one before it."""

ITSELF: Final = "refractory"
"""Who speaks where the service writes of itself."""

_Check = Callable[[Any], bool]


def _text(form: str) -> _Check:
    pattern = re.compile(form)
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _list(check: _Check, length: int | None = None) -> _Check:
    return lambda value: (
        isinstance(value, list | tuple) and length in {None, len(value)} and all(check(item) for item in value)
    )


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


_sha256: Final = _text("[0-9a-f]{64}")
_name: Final = _text("[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_uuid: Final = _text("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_moment: Final = _text(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{3})?Z")

# The form of each field. None has room for a sentence, so that no text of a patient fits in.
_FIELDS: Final[Mapping[str, _Check]] = {
    "case": _sha256,
    "knowledge": _sha256,
    "recommendations": _list(_list(_name, 3)),
    "service": _name,
    "cards": _list(_uuid),
    "card": _uuid,
    "outcome": _text("accepted|overridden"),
    "at": _moment,
    "reason": _name,
    "version": _name,
    "count": _count,
    "broken": _count,
}
_CONCLUDED: Final = frozenset({"case", "knowledge", "recommendations"})
# What an event must bring, and what it may bring beside that.
_EVENTS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "assessment": (_CONCLUDED, frozenset()),
    "hook": (_CONCLUDED, frozenset({"service", "cards"})),
    "feedback": (frozenset({"card", "outcome"}), frozenset({"service", "at", "reason"})),
    "started": (frozenset({"version"}), frozenset()),
    "stopped": (frozenset({"count"}), frozenset()),
    "recovered": (frozenset({"broken"}), frozenset()),
}
_FRAME: Final = ("number", "when", "who", "event")
# More than a token has room for, in which an issuer says for which of its tenants it calls.
_WHO: Final = 32_768
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened, before it has its place in the chain.

    Attributes:
        when: When it happened, in UTC.
        who: The caller's name, or `refractory` for the service itself.
        event: What it was.
        brings: What the event brings, by field.
    """

    when: datetime
    who: str
    event: str
    brings: Mapping[str, Any]

    @classmethod
    def of(cls, said: Mapping[str, Any], when: datetime) -> Entry:
        """Return an entry of what is to be recorded: `who`, `event`, and what that event brings.

        Raises:
            ValueError: It has a field that this event does not have, lacks one, or a field has not its form. The
                message names the field and never what it holds.
        """
        brings = {key: value for key, value in said.items() if key not in {"who", "event"}}
        who, event = said.get("who"), said.get("event")
        if not isinstance(who, str) or not _person(who):
            raise ValueError(f"who is not a name of 1 to {_WHO} printable characters")
        if not isinstance(event, str) or event not in _EVENTS:
            raise ValueError(f"event is none of {', '.join(_EVENTS)}")
        required, allowed = _EVENTS[event]
        if not required <= brings.keys() <= required | allowed:
            raise ValueError(f"{event} has not the fields {', '.join(sorted(required))}, or has others")
        for field, value in brings.items():
            if not _FIELDS[field](value):
                raise ValueError(f"{field} of {event} has not its form")
        entry = cls(when, who, event, brings)
        if len(entry.line(10**18, FIRST)) > MAX_LINE:
            raise ValueError(f"{event} is longer than {MAX_LINE} bytes")
        return entry

    def line(self, number: int, previous: str) -> bytes:
        """Return the entry as the line with this number, without a line feed; `previous` is the hash before it."""
        when = self.when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        frame = {"number": number, "when": when, "who": self.who, "event": self.event}
        return _written({**frame, **self.brings, "previous": previous})


@dataclass(frozen=True, slots=True)
class Link:
    """What makes a line a link of the chain.

    Attributes:
        number: The number of the entry.
        event: What happened.
        previous: The hash of what stands before it.
    """

    number: int
    event: str
    previous: str

    @classmethod
    def of(cls, line: bytes) -> Link | None:
        """Read a line as an entry; None if it is none, byte for byte as entries are written."""
        try:
            said = json.loads(line.decode("ascii"))
            # Of a repeated key json keeps the last alone, and blanks mean nothing to it; written again, they differ.
            if not isinstance(said, dict) or _written(said) != line:
                return None
        except (ValueError, RecursionError):
            return None
        keys = tuple(said)
        if keys[:4] != _FRAME or keys[-1] != "previous" or not _framed(said):
            return None
        return cls(said["number"], said["event"], said["previous"])


def begins(line: bytes, number: int) -> bool:
    """Say whether a line looks like the beginning of the entry with this number, and not like all of it."""
    start = b'{"number":%d,' % number
    return line != b"" and line[: len(start)] == start[: len(line)] and not line.endswith(b"}")


def _framed(said: Mapping[str, Any]) -> bool:
    """Say whether what every entry has is in its form. What an event brings may grow, and is not judged here."""
    who = said["who"]
    known = isinstance(said["event"], str) and said["event"] in _EVENTS
    return known and _count(said["number"]) and _moment(said["when"]) and _sha256(said["previous"]) and _person(who)


def _person(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _WHO and value.isprintable()


def _written(said: Mapping[str, Any]) -> bytes:
    return _ENCODER.encode(said).encode("ascii")
