"""What the tokens of a query tell about it: which variables, terms and graphs it names, and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Named:
    """An IRI that a query names.

    Attributes:
        iri: The IRI.
        written: The same as the query writes it.
        place: Line and column of where it first does.
    """

    iri: str
    written: str
    place: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What the tokens of an admitted query tell about it.

    Attributes:
        form: `SELECT`, `ASK`, `CONSTRUCT` or `DESCRIBE`.
        variables: The names of its variables.
        ordered: Whether it says in which order its rows come.
        lone: The variables that are used once and asked for by no `*`, each with its place.
        columns: Those of them that are asked for as columns.
        terms: The IRIs that it names outside its prologue and its dataset.
        graphs: The IRIs that stand after GRAPH.
        default: The graphs of its FROM clauses.
        named: The graphs of its FROM NAMED clauses.
    """

    form: str
    variables: frozenset[str]
    ordered: bool
    lone: Mapping[str, str] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()
    terms: tuple[Named, ...] = ()
    graphs: tuple[Named, ...] = ()
    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


@dataclass(slots=True)
class Scan:
    """What the tokenizer has seen so far.

    Attributes:
        own: The graphs that there are.
        declares: The prefix whose IRI comes next.
        head: While the columns of a SELECT are named, how many brackets stood open before it.
        opened: Whether a brace has been opened.
        starred: Whether all variables are asked for.
        dataset: FROM or FROM NAMED, while its graph comes next.
    """

    own: Collection[str] = ()
    brackets: list[str] = field(default_factory=list)
    operators: int = 0
    patterns: int = 0
    form: str = ""
    ordered: bool = False
    data_next: bool = False
    previous: tuple[str, str] = ("", "")
    prefixes: dict[str, str] = field(default_factory=dict)
    declares: str | None = None
    head: int | None = None
    opened: bool = False
    starred: bool = False
    uses: dict[str, int] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)
    terms: dict[str, Named] = field(default_factory=dict)
    graphs: dict[str, Named] = field(default_factory=dict)
    dataset: str = ""
    default: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    @property
    def in_data(self) -> bool:
        """Whether this is inside the data of VALUES, where no operator can stand."""
        return "values" in self.brackets

    @property
    def checked(self) -> Checked:
        """What was found, once the text has ended."""
        lone = {} if self.starred else {name: self.places[name] for name, uses in self.uses.items() if uses == 1}
        return Checked(
            self.form,
            frozenset(self.uses),
            self.ordered,
            lone,
            frozenset(self.columns & lone.keys()),
            tuple(self.terms.values()),
            tuple(self.graphs.values()),
            tuple(dict.fromkeys(self.default)),
            tuple(dict.fromkeys(self.named)),
        )
