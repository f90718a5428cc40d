"""Timing side by side: everybody's turn comes round again, so that a busy machine slows all.

The races are for one core, so what is timed is the processor time of the process, all its threads
together: on an idle machine it is the time on the clock, on a shared one it does not count others'
turns, and it hides no thread of ours.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of `results.json`.

    Attributes:
        name: as the charter's table has it.
        ours_s, peer_s: median seconds for the whole work (processor seconds where one core is
            raced, else on the clock); the peer's may be scaled up from a part.
        peer: who it was raced against and how, or None.
        ratio: median over the rounds of peer / ours, each round's own two times.
        accuracy: figures that were asserted, each name with its unit.
        memory_mb: the peak resident memory of a process that does only our side of the work.
    """

    name: str
    ours_s: float
    peer: str | None
    peer_s: float | None
    ratio: float | None
    accuracy: dict[str, object]
    memory_mb: float


@dataclass(frozen=True)
class Target:
    """What the charter asks of a row, and what the row's work is, for the printed table."""

    name: str
    work: str
    at_least: str
    goal: str


def alternate(
    turns: Mapping[str, Callable[[], object]], rounds: int, warm: bool = True
) -> dict[str, list[float]]:
    """Processor seconds of each turn in each round, the turns taken one after the other."""
    if warm:
        for turn in turns.values():
            turn()
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            gc.collect()
            began = time.process_time()
            turn()
            seconds[name].append(time.process_time() - began)
    shown = ", ".join(f"{name} {statistics.median(each):.3f} s" for name, each in seconds.items())
    print(f"  median turn: {shown}", file=sys.stderr, flush=True)
    return seconds


def ratio_of(ours: list[float], peer: list[float], scale: float) -> float:
    """Median of the rounds' own ratios; `scale` is the peer's whole work over what it did."""
    return statistics.median(scale * p / o for o, p in zip(ours, peer, strict=True))


class AccuracyError(AssertionError):
    """A race is void: somebody was faster by being wrong."""


def require(fulfilled: bool, claim: str) -> None:
    """Void the race where a claim about accuracy does not hold.

    Raises:
        AccuracyError: naming the claim.
    """
    if not fulfilled:
        raise AccuracyError(claim)
