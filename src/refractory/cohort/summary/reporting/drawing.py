"""Draws with matplotlib, as SVG that stands within a page: its colors are the page's, its words are words.

The same numbers give the same bytes: no date, no chance, and names within a picture that are told from its own name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from io import StringIO
from threading import Lock
from typing import Any, Final

# The page's colors by what they say. Matplotlib draws with the numbers, and the page says how each looks: in light, in
# dark, and on paper.
INKS: Final = {
    "text": "#010101",
    "quiet": "#020202",
    "line": "#030303",
    "ground": "#040404",
    "step": "#050505",
    "leave": "#060606",
    "ink-1": "#070707",
    "ink-2": "#080808",
    "ink-3": "#090909",
    "ink-4": "#0a0a0a",
    "ink-5": "#0b0b0b",
    "ink-6": "#0c0c0c",
}

_WIDTH: Final = 9.6
"""The width of every picture in inches, so that the same letter has the same size in all."""

_SETTINGS: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "refractory",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.linewidth": 0.8,
    "path.simplify": False,
    # A name with two dollar signs is no formula.
    "text.parse_math": False,
}
# Matplotlib keeps its settings for the whole process.
_DRAWING = Lock()


def drawn(name: str, height: float, draw: Callable[[Any], None], *, title: str, describes: str) -> str:
    """Return a picture as an SVG element.

    Args:
        name: What the picture is called on its page.
        height: Its height in inches.
        draw: What draws on a figure.
        title: What it shows, for those who do not see it.
        describes: What is to be seen, for those who do not see it.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with _DRAWING, mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(_WIDTH, height), facecolor="none")
        FigureCanvasSVG(figure)
        draw(figure)
        text = StringIO()
        figure.savefig(text, format="svg")
    return _within_a_page(text.getvalue(), name, title, describes)


def _within_a_page(svg: str, name: str, title: str, describes: str) -> str:
    body = svg[svg.index("<svg") :]
    # It says when it was drawn and links to what describes such data; both stay out.
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    head, _, rest = body.partition(">")
    found = re.search(r'viewBox="([^"]+)"', head)
    assert found is not None  # noqa: S101  # matplotlib always writes one
    rest = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', rest)
    rest = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", rest)
    rest = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{name}-\1"', rest)
    for ink, color in INKS.items():
        rest = rest.replace(color, f"var(--{ink})")
    return (
        f'<svg class="picture" viewBox="{found[1]}" role="img" aria-labelledby="{name}-title {name}-description">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(describes)}</desc>{rest.strip()}'
    )


def number(value: int) -> str:
    """Return a number as people read it, thousands set apart by a narrow space."""
    return f"{value:,}".replace(",", "\u202f")


def percent(part: int, of: int) -> str:
    """Return a share as people read it; nothing of nothing is a dash, and what is not nothing is never 0 %."""
    if not of:
        return "\N{EN DASH}"
    share = 100 * part / of
    if part and share < 0.1:
        return "<0.1\u202f%"
    if part < of and share >= 99.5:
        return ">99\u202f%"
    return f"{share:.1f}\u202f%" if share < 10 else f"{share:.0f}\u202f%"


def shortened(text: str, characters: int = 46) -> str:
    """Return a text that fits beside a bar; the table below has it whole."""
    return text if len(text) <= characters else text[: characters - 1].rstrip(" ,") + "…"


def plain_axes(figure: Any, place: tuple[float, float, float, float], rows: int) -> Any:
    """Return axes for so many rows of bars, the first on top, with no frame and no scale: numbers stand at the bars."""
    axes = figure.add_axes(place)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("none")
    axes.set_ylim(max(1, rows) - 0.5, -0.5)
    return axes


def base_line(axes: Any, rows: int) -> None:
    """Draw the line on which bars stand."""
    axes.plot([0, 0], [-0.5, rows - 0.5], color=INKS["line"], linewidth=1, clip_on=False, zorder=1)


def beside(axes: Any, y: float, text: str, *, bold: bool = False, ink: str = "text", size: float = 10) -> None:
    """Write left of the bars."""
    axes.annotate(
        text, (0, y), xycoords=("axes fraction", "data"), xytext=(-8, 0), textcoords="offset points",
        ha="right", va="center", color=INKS[ink], fontsize=size, fontweight="bold" if bold else "normal",
    )  # fmt: skip


def after(axes: Any, x: float, y: float, text: str, *, bold: bool = False, ink: str = "text") -> None:
    """Write right of a bar's end."""
    axes.annotate(
        text, (x, y), xytext=(6, 0), textcoords="offset points",
        ha="left", va="center", color=INKS[ink], fontweight="bold" if bold else "normal", annotation_clip=False,
    )  # fmt: skip


def legend(figure: Any, labels: Sequence[str], inks: Sequence[str], *, left: float, top: float) -> None:
    """Draw what the colors say, in one line: above the bars if there is room, else as far to the left as is needed."""
    from matplotlib.patches import Patch

    needed = sum(_MARK + _LETTER * len(label) for label in labels) / _WIDTH
    figure.legend(
        handles=[
            Patch(facecolor=INKS[ink], edgecolor="none", label=label) for label, ink in zip(labels, inks, strict=True)
        ],
        loc="upper left", bbox_to_anchor=(max(0.0, min(left, 1 - needed)), top), ncols=len(labels), frameon=False,
        labelcolor=INKS["text"], handlelength=1.1, handleheight=1.1, columnspacing=1.6, borderpad=0, borderaxespad=0,
    )  # fmt: skip


# The room in inches that a letter of a legend takes, and a mark with what sets it apart.
_LETTER: Final = 0.086
_MARK: Final = 0.48


def stacked(axes: Any, y: float, parts: Sequence[tuple[float, str]], *, height: float = 0.66) -> float:
    """Draw parts of one bar end to end, set apart by the ground, and return where it ends."""
    left = 0.0
    for value, ink in parts:
        if value:
            axes.barh(
                y, value, left=left, height=height, color=INKS[ink], edgecolor=INKS["ground"], linewidth=0.8, zorder=2
            )
            left += value
    return left
