"""Minima of a distance between samples of a relative state, by cubic Hermite interpolation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def minima(times_d: Array, relative: Array, within_km: float) -> tuple[Array, Array]:
    """Times [d] and distances [km] of the minima within a distance.

    `times_d` is (T,), `relative` (T, 6) in km and km/s. Range rate changes sign from - to + in an
    interval that holds a minimum; bisection on the interpolant's range rate finds it.
    """
    position, velocity = relative[:, :3], relative[:, 3:]
    rate = np.einsum("ij,ij->i", position, velocity)
    (left,) = np.nonzero((rate[:-1] < 0.0) & (rate[1:] >= 0.0))
    step_s = (times_d[left + 1] - times_d[left])[:, None] * 86400.0
    p0, p1 = position[left], position[left + 1]
    m0, m1 = velocity[left] * step_s, velocity[left + 1] * step_s
    low, high = np.zeros((len(left), 1)), np.ones((len(left), 1))
    for _ in range(60):
        s = 0.5 * (low + high)
        here = _hermite(p0, m0, p1, m1, s)
        slope = (
            (6 * s * s - 6 * s) * (p0 - p1)
            + (3 * s * s - 4 * s + 1) * m0
            + (3 * s * s - 2 * s) * m1
        )
        receding = np.sum(here * slope, axis=1, keepdims=True) >= 0.0
        low, high = np.where(receding, low, s), np.where(receding, s, high)
    distance = np.linalg.norm(_hermite(p0, m0, p1, m1, low), axis=1)
    times = times_d[left] + low[:, 0] * (times_d[left + 1] - times_d[left])
    near = distance < within_km
    return times[near], distance[near]


def _hermite(p0: Array, m0: Array, p1: Array, m1: Array, s: Array) -> Array:
    value: Array = (
        (1 + 2 * s) * (1 - s) ** 2 * p0
        + s * (1 - s) ** 2 * m0
        + s * s * (3 - 2 * s) * p1
        + s * s * (s - 1) * m1
    )
    return value
