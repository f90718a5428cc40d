"""What a run found: `results.json` for machines and `docs/performance.md` for readers."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from benchmarks.memory import ROOT
from benchmarks.race import Row, Target

RESULTS = ROOT / "benchmarks/results.json"
DOCUMENT = ROOT / "docs/performance.md"
_PACKAGES = ("numpy", "numba", "assist", "rebound", "kete")


def machine() -> str:
    """Processor, cores, memory, Python and what else the times depend on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = [row for row in cpuinfo.read_text().splitlines() if row.startswith("model name")]
        model = named[0].partition(":")[2].strip() if named else model
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{model}, {os.cpu_count()} cores, {gigabytes:.0f} GB; {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, {packages}"
    )


def commit() -> str:
    """The commit that ran, with "+" where the package's or the benchmarks' files were changed."""
    try:
        name = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--", "src", "benchmarks/*.py", "benchmarks/peers")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name + ("+" if changed else "")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def write(rows: Sequence[Row], targets: Sequence[Target], machine_name: str, at: str) -> None:
    """Write both files, each whole or not at all."""
    payload = {"machine": machine_name, "commit": at, "rows": [asdict(row) for row in rows]}
    _replace(RESULTS, json.dumps(payload, indent=2, allow_nan=False) + "\n")
    _replace(DOCUMENT, _document(rows, {t.name: t for t in targets}, machine_name, at))


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _document(rows: Sequence[Row], targets: dict[str, Target], machine_name: str, at: str) -> str:
    lines = [
        "# Performance",
        "",
        "Written by `make bench`, which measures everything here anew; do not edit. Ours and the",
        "peer take turns in one process; races on one core count processor seconds, the other rows",
        "seconds on the clock; a ratio is the median of the rounds' own ratios; a race in which",
        "we are less accurate than stated is void: the run fails.",
        "",
        f"- Machine: {machine_name}.",
        f"- Commit: `{at[:12]}{'+' if at.endswith('+') else ''}`.",
        "",
        "| row | ours | peer | ratio | at least | goal | memory |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        target = targets[row.name]
        peer = "" if row.peer_s is None else _seconds(row.peer_s)
        ratio = "" if row.ratio is None else f"**{row.ratio:.1f} ×**"
        memory = f"{row.memory_mb:,.0f} MB"
        lines.append(
            f"| `{row.name}` | {_seconds(row.ours_s)} | {peer} | {ratio} | {target.at_least} | "
            f"{target.goal} | {memory} |"
        )
    for row in rows:
        lines += ["", f"## `{row.name}`", "", f"{targets[row.name].work}."]
        if row.peer is not None:
            lines += ["", f"Peer: {row.peer}."]
        lines += ["", "| accuracy | |", "|---|---|"]
        lines += [f"| `{key}` | {_figure(value)} |" for key, value in row.accuracy.items()]
    return "\n".join(lines) + "\n"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 100 else f"{value:,.0f} s"


def _figure(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        parts = [
            f"{name} ({', '.join(f'{key} {_figure(item)}' for key, item in figures.items())})"
            for name, figures in value.items()
        ]
        return "; ".join(parts) if parts else "none"
    return "none" if value is None else str(value)
