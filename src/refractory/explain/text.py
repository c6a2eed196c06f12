"""Explanations as text: numbered sentences from what was said to what is concluded, and an indented tree."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from pyoxigraph import Triple

from refractory.explain.conclusions import Conclusion
from refractory.explain.sentences import Sentences, capital, shown
from refractory.model.proof import Derived, Proof

WIDTH = 100
NOTHING = "Nothing is recommended that could be explained; name another conclusion.\n"


def as_text(items: Sequence[Conclusion], proof: Proof, sentences: Sentences) -> str:
    """Return conclusions as numbered sentences; each names those it rests on, and each stands once."""
    blocks: list[str] = []
    numbers: dict[Triple, int] = {}
    for item in items:
        lines = [f"Why: {item.title}"]
        fresh = [fact for fact in order(item.facts, proof) if fact not in numbers]
        for fact in fresh:
            numbers[fact] = len(numbers) + 1
            lines += wrapped(f"{numbers[fact]:>4}. ", _sentence(fact, proof, sentences, numbers))
        last = [str(numbers[fact]) for fact in item.facts]
        lines.append(f"      It is said in {' and '.join(last)}.")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n" if blocks else NOTHING


def order(facts: Iterable[Triple], proof: Proof) -> Iterator[Triple]:
    """Yield all that facts rest on, premises before what they lead to."""
    yield from dict.fromkeys(step.conclusion for fact in facts for step in proof.of(fact))


def _sentence(fact: Triple, proof: Proof, sentences: Sentences, numbers: dict[Triple, int]) -> str:
    step = proof.steps[fact]
    said = sentences.step(step)
    text = said.text
    if isinstance(step, Derived) and step.premises:
        cited = ", ".join(str(number) for number in sorted({numbers[premise] for premise in step.premises}))
        text += f" (from {cited})"
    return shown(text)


def as_tree(items: Sequence[Conclusion], proof: Proof, sentences: Sentences) -> str:
    """Return conclusions as trees: below each fact what it rests on; a part that stands already is only referred to."""
    tree = _Tree(proof, sentences, _shared(items, proof))
    lines: list[str] = []
    for item in items:
        lines += [""] * bool(lines) + [shown(item.title)]
        for place, fact in enumerate(item.facts):
            lines += tree.branch(fact, is_last=place == len(item.facts) - 1)
    return "\n".join(lines) + "\n" if lines else NOTHING


def _shared(items: Sequence[Conclusion], proof: Proof) -> frozenset[Triple]:
    """Return the derived facts that are reached in more than one way."""
    seen: set[Triple] = set()
    again: set[Triple] = set()
    pending = [fact for item in items for fact in item.facts]
    while pending:
        fact = pending.pop()
        step = proof.steps[fact]
        if not isinstance(step, Derived):
            continue
        if fact in seen:
            again.add(fact)
            continue
        seen.add(fact)
        pending.extend(step.premises)
    return frozenset(again)


class _Tree:
    """Draws branches, and remembers which shared parts stand already."""

    def __init__(self, proof: Proof, sentences: Sentences, shared: frozenset[Triple]) -> None:
        self._proof = proof
        self._sentences = sentences
        self._shared = shared
        self._numbers: dict[Triple, int] = {}

    def branch(self, root: Triple, *, is_last: bool) -> Iterator[str]:
        """Yield the lines of a fact and of what it rests on. Not recursive: a proof may be deep."""
        pending = [(root, "", is_last)]
        while pending:
            fact, before, last = pending.pop()
            step = self._proof.steps[fact]
            mark = f"{before}{'└─ ' if last else '├─ '}"
            below = f"{before}{'   ' if last else '│  '}"
            if fact in self._numbers:
                said = capital(self._sentences.fact(fact))
                yield from wrapped(mark, shown(f"{said} (see [{self._numbers[fact]}])"), below)
                continue
            label = ""
            if fact in self._shared:
                self._numbers[fact] = len(self._numbers) + 1
                label = f"[{self._numbers[fact]}] "
            yield from wrapped(mark, shown(label + self._sentences.step(step).text), below)
            if isinstance(step, Derived):
                premises = list(dict.fromkeys(step.premises))
                pending.extend((premise, below, premise == premises[-1]) for premise in reversed(premises))


def wrapped(first: str, text: str, below: str | None = None) -> list[str]:
    """Return a text as lines of a width; deep in a tree the lines grow longer rather than narrow."""
    following = below if below is not None else " " * len(first)
    return textwrap.wrap(
        text,
        max(WIDTH, len(first) + 40),
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
