"""How results are shown: percentiles, Markdown tables, the machine, and tables put into a document between markers."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

PACKAGES = (
    "refractory", "rdflib", "owlrl", "pyshacl", "pyoxigraph", "clingo", "reasonable", "nemo-python", "owlready2",
    "duckdb", "pyarrow",
)  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least a share of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def figure(value: float) -> str:
    """Return a number with three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def memory_now() -> float:
    """Return the resident memory of this process in MB."""
    return _memory("VmRSS")


def memory_peak() -> float:
    """Return the most resident memory of this process in MB since it began, or since `restart_peak`."""
    return _memory("VmHWM")


def restart_peak() -> None:
    """Forget the peak of memory until now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _memory(name: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def machine() -> dict[str, object]:
    """Return what the figures were taken on."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    return {
        "when": datetime.now(UTC).isoformat(timespec="minutes"),
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def machine_line(found: dict[str, object]) -> str:
    """Return in a sentence what the figures were taken on."""
    versions = found["versions"]
    assert isinstance(versions, dict)
    named = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    return (
        f"Taken {found['when']} on {found['processor']} ({found['cores']} cores; each engine on one), "
        f"Python {found['python']}, {named}."
    )


def put_between(path: Path, marker: str, text: str) -> None:
    """Put text into a document between `<!-- marker -->` and `<!-- /marker -->`.

    Raises:
        ValueError: The document has no such markers.
    """
    before, start, rest = path.read_text(encoding="utf-8").partition(f"<!-- {marker} -->")
    _, end, after = rest.partition(f"<!-- /{marker} -->")
    if not start or not end:
        raise ValueError(f"{path} has no markers for {marker}")
    path.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
