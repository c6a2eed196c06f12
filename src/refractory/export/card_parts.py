"""The small parts that cards of CDS Hooks are made of: summaries that end where a thought ends, text without marks.

Source: CDS Hooks 2.0, "Card Attributes" (https://cds-hooks.hl7.org/); GitHub Flavored Markdown, "Backslash escapes" and
"Autolinks" (https://github.github.com/gfm/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

MAX_SUMMARY: Final = 139
"""Characters of a summary; CDS Hooks wants fewer than 140."""

# What Markdown could take for a mark, and what it could take for a link, an address or a character by its name.
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~&@$!])|(?<=[A-Za-z])(:)(?=//)|(?<=\bwww)(\.)", re.IGNORECASE)
# At the beginning of a line these would begin a list or a heading.
_BEGINS: Final = re.compile(r"^(\d+)([.)])|^([-+=])")

# A text that is cut does not end in one of these: what follows it is what it says.
_LEADS_ON: Final = frozenset(
    {"a", "an", "and", "as", "at", "because", "but", "by", "for", "from", "in", "is", "no", "not", "of", "on", "or",
     "so", "than", "that", "the", "to", "under", "when", "which", "with", "without"}
)  # fmt: skip
_MORE: Final = " …"


def escaped(text: str) -> str:
    """Return a text on one line that Markdown shows as it stands, whoever wrote it."""
    line = _SPECIAL.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))
    return _BEGINS.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", line)


def shortened(text: str, limit: int = MAX_SUMMARY) -> str:
    """Return a text of a number of characters at most, cut behind a word that something may end with."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    words = line[: limit - len(_MORE) + 1].split(" ")[:-1]
    while len(words) > 1 and (words[-1].strip(",;:(").casefold() in _LEADS_ON or words[-1][-1] in ":(,;"):
        last = words.pop().strip("(:,;")
        if last.casefold() not in _LEADS_ON and last:
            words.append(last)
    return f"{' '.join(words) or line[: limit - len(_MORE)]}{_MORE}"


def listed(parts: Sequence[tuple[str, str]], begin: str = "") -> str:
    """Return what a summary names, as many whole parts as fit, and how many more there are.

    Args:
        parts: A heading and a label each; parts of one heading stand together.
        begin: What stands before them.
    """
    text, heading = begin, ""
    for place, (head, label) in enumerate(parts):
        joint = ", " if head == heading else f"{'; ' if heading else ''}{_differing(head, heading)}: "
        longer = f"{text}{joint}{label}"
        left = len(parts) - place - 1
        if len(longer) + (len(_and_more(left)) if left else 0) > MAX_SUMMARY:
            return f"{text}{_and_more(left + 1)}" if heading else shortened(longer)
        text, heading = longer, head
    return text


def _differing(head: str, before: str) -> str:
    """Return a heading without what the one before said already: `Recommend, prompt` behind `Recommend, immediate`."""
    kind, _, urgency = head.partition(", ")
    return urgency if urgency and before.partition(", ")[0] == kind else head


def _and_more(number: int) -> str:
    return f"{_MORE} and {number} more"


def bullets(lines: Iterable[str], indent: str = "") -> Iterator[str]:
    """Yield lines of plain text as items of a list."""
    yield from (f"{indent}- {escaped(line)}" for line in lines if line)


def block(heading: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a heading of plain text and a list below it; nothing without any item."""
    items = list(bullets(lines))
    if items:
        yield from ("", f"**{escaped(heading)}**", "", *items)
