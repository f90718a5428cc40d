"""Designs that no other design betters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perilune.times import FloatArray


def nondominated(costs: FloatArray) -> NDArray[np.bool_]:
    """Which of N designs none betters: (N,) for costs (N, M), all to be small.

    One betters another if it is nowhere worse and somewhere better; equal ones both stay.
    """
    keep = np.zeros(len(costs), dtype=np.bool_)
    # In lexical order only those before can better one, and of these the kept ones suffice.
    order = np.lexsort(costs.T[::-1])
    front = np.empty((0, costs.shape[1]))
    for k in order.tolist():
        worse = (front <= costs[k]).all(axis=1) & (front < costs[k]).any(axis=1)
        if not worse.any():
            keep[k] = True
            front = np.concatenate([front, costs[k : k + 1]])
    return keep


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
