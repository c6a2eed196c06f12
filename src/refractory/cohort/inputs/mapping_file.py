"""Reads the file of a mapping, and holds each key and term that it names against the knowledge before a run begins."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from refractory.case import lexical
from refractory.case.mapping import CaseMapping, Key, Part
from refractory.cohort.inputs.mapping import CohortMapping, Entry, Fact, Field, Words
from refractory.errors import RefractoryError, UsageError
from refractory.knowledge.files import default_root
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.vocabulary import Xsd

_TEMPLATE: Final = "schemas/cohort-mapping.toml"
_NUMBER_MARK: Final = "{n}"
_SEE: Final = "`refractory cohort template` prints a mapping with each word explained."


def read_mapping(path: str | Path, knowledge: Knowledge) -> CohortMapping:
    """Read a mapping.

    Args:
        path: The file.
        knowledge: Says which keys and terms there are.

    Raises:
        UsageError: It cannot be read, or names a key or a term that there is not.
    """
    try:
        said = tomllib.loads(Path(path).read_bytes().decode("utf-8"))
    except OSError as error:
        raise UsageError(f"the mapping cannot be read: {error.strerror}.", place=str(path), fix=_SEE) from error
    except ValueError as error:
        raise UsageError(f"the mapping is not TOML: {error}.", place=str(path), fix=_SEE) from error
    return _Reader(str(path), knowledge).mapping(said)


def template() -> str:
    """Return the mapping that is shipped, to begin with."""
    return (default_root() / _TEMPLATE).read_text(encoding="utf-8")


@dataclass(frozen=True)
class _Reader:
    """Reads a mapping."""

    place: str
    knowledge: Knowledge

    def mapping(self, said: dict[str, Any]) -> CohortMapping:
        case = CaseMapping.of(self.knowledge)
        self._only(said, ("file", "words", "values", "facts", "entries"), "the mapping")
        file = self._table(said, "file", "the mapping")
        self._only(file, ("delimiter", "decimal", "ignored"), "[file]")
        words = self._words(self._table(said, "words", "the mapping"), "[words]", None)
        values = self._table(said, "values", "the mapping")
        identifier = values.pop(case.identifier, None)
        if identifier is None:
            raise self._fault(f"no column says the {case.identifier!r} of the case.", "[values]")
        fields = [self._field(case.identifier, None, identifier, "[values]", 0)]
        entries = []
        for name, value in values.items():
            key = self._key(name, case.case, "[values]")
            if key.part and not key.many:
                entries.append(Entry(name, False, tuple(self._fields(key.part, value, f"[values.{name}]", 0))))
            elif key.part:
                raise self._fault(f"{name!r} is a list of parts.", "[values]", "Say it under [[entries]].")
            else:
                fields.append(self._field(name, key, value, "[values]", 0))
        for one in said.get("entries", ()):
            entries += self._entries(one, case.case)
        facts = tuple(
            self._fact(column, value, words) for column, value in self._table(said, "facts", "the mapping").items()
        )
        return CohortMapping(
            self.place,
            self._sign(file, "delimiter", ","),
            self._sign(file, "decimal", "."),
            frozenset(self._texts(file.get("ignored", []), "[file] ignored")),
            words,
            tuple(fields),
            facts,
            tuple(entries),
        )

    def _entries(self, said: Any, case: Part) -> Iterator[Entry]:
        if not isinstance(said, dict):
            raise self._fault("an entry is no table.", "[[entries]]")
        self._only(said, ("key", "numbers", "when", "values"), "[[entries]]")
        name = said.get("key")
        key = self._key(str(name), case, "[[entries]]")
        if key.part is None or not key.many:
            raise self._fault(f"{name!r} holds no list of parts.", "[[entries]]", "Say it under [values].")
        for number in said.get("numbers", [0]):
            if not isinstance(number, int):
                raise self._fault(f"{number!r} is no whole number.", f"[[entries]] {name}")
            fields = tuple(self._fields(key.part, said.get("values"), f"[[entries]] {name}", number))
            when = _numbered(str(said.get("when", "")), number)
            if not when and not any(one.column for one in fields):
                raise self._fault("no column says whether there is such an entry.", f"[[entries]] {name}")
            yield Entry(str(name), True, fields, when)

    def _fields(self, part: Part, said: Any, place: str, number: int) -> Iterator[Field]:
        if not isinstance(said, dict) or not said:
            raise self._fault("there is no table of values.", place)
        for name, value in said.items():
            yield self._field(name, self._key(name, part, place), value, place, number)

    def _field(self, name: str, key: Key | None, said: Any, place: str, number: int) -> Field:
        where = f"{place} {name}"
        if isinstance(said, str):
            said = {"column": said}
        if not isinstance(said, dict):
            raise self._fault("it is neither the name of a column nor a table.", where)
        self._only(said, ("column", "value", "map", "separator", "date", "prefix"), where)
        if ("column" in said) == ("value" in said):
            raise self._fault("it needs either a column or a value.", where)
        texts: dict[str, str] = {}
        for option in ("column", "separator", "date", "prefix"):
            if option in said:
                if not isinstance(said[option], str) or not said[option]:
                    raise self._fault(f"{option} is no text.", where)
                texts[option] = said[option]
        if "column" in texts:
            texts["column"] = _numbered(texts["column"], number)
        map_ = self._map(said.get("map", {}), where)
        value = self._constant(said["value"], key, where) if "value" in said else None
        if "%y" in texts.get("date", ""):
            raise self._fault("a year of two digits may mean two years.", where, "Write years with four.")
        many = key is not None and key.many
        if "separator" in texts and not many:
            raise self._fault("it holds one value, and has a separator.", where)
        if key is not None and key.datatype is None:
            for term in [*map_.values(), *([value] if value is not None else [])]:
                self._term(term, where)
        return Field(
            name,
            column=texts.get("column", ""),
            value=value,
            number=key is not None and key.datatype == Xsd.DECIMAL,
            day=key is not None and key.datatype == Xsd.DATE,
            many=many,
            separator=texts.get("separator", ""),
            map={word.strip().casefold(): term for word, term in map_.items()},
            date=texts.get("date", ""),
            prefix=texts.get("prefix", ""),
        )

    def _constant(self, said: Any, key: Key | None, place: str) -> str:
        if not isinstance(said, str | int | float | date) or isinstance(said, bool | datetime):
            raise self._fault("the value is no text, number or day.", place)
        try:
            if key is not None and key.datatype is not None:
                lexical.literal(str(said), key.datatype, place)
        except RefractoryError as error:
            raise self._fault(error.what, place, error.fix) from error
        return str(said)

    def _fact(self, column: str, said: Any, words: Words) -> Fact:
        where = f"[facts] {column}"
        if isinstance(said, str):
            said = {"term": said}
        if not isinstance(said, dict) or not isinstance(said.get("term"), str):
            raise self._fault("it names no fact.", where, 'Write column = "Fact".')
        self._only(said, ("term", "yes", "no", "unknown"), where)
        self._term(said["term"], where)
        own = {name: value for name, value in said.items() if name != "term"}
        return Fact(column, said["term"], self._words(own, where, words) if own else words)

    def _words(self, said: dict[str, Any], where: str, default: Words | None) -> Words:
        self._only(said, ("yes", "no", "unknown"), where)
        found = {
            name: frozenset(word.strip().casefold() for word in self._texts(said[name], f"{where} {name}"))
            for name in said
        }
        for name in ("yes", "no", "unknown"):
            found.setdefault(name, getattr(default, name) if default else frozenset())
        words = Words(found["yes"], found["no"], found["unknown"] | {""})
        for one, other in ((words.yes, words.no), (words.yes, words.unknown), (words.no, words.unknown)):
            if both := sorted(one & other):
                raise self._fault(f"{both[0]!r} has two meanings.", where)
        return words

    def _key(self, name: str, part: Part, place: str) -> Key:
        if name not in part.keys:
            near = difflib.get_close_matches(name, part.keys, n=2)
            fix = did_you_mean(near) or f"Known here are {', '.join(part.keys)}."
            raise self._fault(f"a case has no key {name!r} here.", place, fix)
        return part.keys[name]

    def _term(self, name: str, place: str) -> None:
        if self.knowledge.names.find(name) is None:
            raise self._fault(f"no term is called {name!r}.", place, did_you_mean(self.knowledge.names.nearest(name)))

    def _map(self, said: Any, place: str) -> dict[str, str]:
        if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
            raise self._fault("map is no table of texts.", place)
        return said

    def _texts(self, said: Any, place: str) -> list[str]:
        if not isinstance(said, list) or not all(isinstance(text, str) for text in said):
            raise self._fault("it is no list of texts.", place)
        return said

    def _sign(self, said: dict[str, Any], name: str, default: str) -> str:
        sign = said.get(name, default)
        if not isinstance(sign, str) or len(sign) != 1 or sign in '"\r\n':
            raise self._fault(f"{name} is not one character.", "[file]")
        return sign

    def _table(self, said: dict[str, Any], name: str, place: str) -> dict[str, Any]:
        found = said.get(name, {})
        if not isinstance(found, dict):
            raise self._fault(f"{name!r} is no table.", place)
        return dict(found)

    def _only(self, said: dict[str, Any], known: tuple[str, ...], place: str) -> None:
        for name in said:
            if name not in known:
                near = did_you_mean(difflib.get_close_matches(name, known, n=2))
                raise self._fault(f"the word {name!r} is unknown.", place, near or f"Known are {', '.join(known)}.")

    def _fault(self, what: str, place: str, fix: str = "") -> UsageError:
        return UsageError(what, place=f"{self.place}: {place}", fix=fix or _SEE)


def _numbered(text: str, number: int) -> str:
    return text.replace(_NUMBER_MARK, str(number))
