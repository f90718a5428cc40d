"""Designs that no other design betters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np

from perilune.times import FloatArray

T = TypeVar("T")


class Front(Generic[T]):
    """What nothing else betters, of all that was offered; costs are all to be small.

    One betters another if it is nowhere worse and somewhere better; equal ones both stay.
    """

    def __init__(self, goals: int) -> None:
        # Costs and items in one place: another thread may read while this one takes in.
        self._held: tuple[FloatArray, tuple[T, ...]] = (np.empty((0, goals)), ())

    def offer(self, costs: Sequence[float], item: T) -> None:
        """Take in what nothing here betters; what it betters goes."""
        held, items = self._held
        new = np.asarray(costs, dtype=np.float64)
        if ((held <= new).all(axis=1) & (held < new).any(axis=1)).any():
            return
        goes = np.asarray((new <= held).all(axis=1) & (new < held).any(axis=1))
        kept = tuple(each for each, gone in zip(items, goes.tolist(), strict=True) if not gone)
        self._held = np.concatenate([held[~goes], [new]]), (*kept, item)

    def sorted(self) -> tuple[FloatArray, list[T]]:
        """Costs (N, M) and items, the best of the first goal first."""
        costs, items = self._held
        order = np.lexsort(costs.T[::-1])
        return costs[order], [items[k] for k in order.tolist()]


def spread(costs: FloatArray, count: int) -> list[int]:
    """Which `count` of N points stand for all: the best of each goal, then always the farthest.

    Distances count in shares of each goal's range (Gonzalez 1985, Theor. Comput. Sci. 38, 293,
    doi:10.1016/0304-3975(85)90224-5).
    """
    low, high = costs.min(axis=0), costs.max(axis=0)
    scaled = (costs - low) / np.where(high > low, high - low, 1.0)
    kept = list(dict.fromkeys(scaled.argmin(axis=0).tolist()))[:count]
    away = np.min([np.linalg.norm(scaled - scaled[k], axis=1) for k in kept], axis=0)
    while len(kept) < min(count, len(costs)):
        away[kept] = -1.0
        kept.append(int(np.argmax(away)))
        away = np.minimum(away, np.linalg.norm(scaled - scaled[kept[-1]], axis=1))
    return sorted(kept)
