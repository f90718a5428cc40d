"""Progress of work that is done in parts."""

from __future__ import annotations

from perilune.dynamics import Progress


def share(progress: Progress | None, index: int, count: int) -> Progress | None:
    """The progress of part `index` of `count` equal ones, as that of the whole."""
    if progress is None:
        return None

    def part(fraction: float, label: str) -> None:
        progress((index + fraction) / count, label)

    return part
