"""The circular restricted three-body problem in its own units, with its variational equations.

Rotating axes about the barycentre: the larger body at x = -mu, the smaller at x = 1 - mu, the
mean motion is 1. Szebehely (1967), "Theory of Orbits", chapter 1; the variational equations as in
Howell (1984), Celestial Mechanics 32, 53, doi:10.1007/BF01358403. A state holds position and
velocity (6) and, where partials are wanted, the state-transition matrix row by row (36 more).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.dop853_kernels import (
    STAGES,
    end_state,
    next_step,
    stage_state,
    step_error,
)
from perilune.jit import kernel


@kernel
def slope(mass_ratio: float, state: NDArray[np.float64], n: int, out: NDArray[np.float64]) -> None:
    """Time derivative of a state of n = 6 or 42 numbers."""
    x = state[0]
    y = state[1]
    z = state[2]
    x1 = x + mass_ratio
    x2 = x1 - 1.0
    yz2 = y * y + z * z
    r1 = 1.0 / math.sqrt(x1 * x1 + yz2)
    r2 = 1.0 / math.sqrt(x2 * x2 + yz2)
    q1 = (1.0 - mass_ratio) * r1 * r1 * r1
    q2 = mass_ratio * r2 * r2 * r2
    q = q1 + q2
    out[0] = state[3]
    out[1] = state[4]
    out[2] = state[5]
    out[3] = 2.0 * state[4] + x - q1 * x1 - q2 * x2
    out[4] = -2.0 * state[3] + y - q * y
    out[5] = -q * z
    if n == 6:
        return
    p1 = 3.0 * q1 * r1 * r1
    p2 = 3.0 * q2 * r2 * r2
    p = p1 + p2
    gxx = 1.0 - q + p1 * x1 * x1 + p2 * x2 * x2
    gyy = 1.0 - q + p * y * y
    gzz = -q + p * z * z
    gxy = (p1 * x1 + p2 * x2) * y
    gxz = (p1 * x1 + p2 * x2) * z
    gyz = p * y * z
    for j in range(6):
        fx = state[6 + j]
        fy = state[12 + j]
        fz = state[18 + j]
        gx = state[24 + j]
        gy = state[30 + j]
        gz = state[36 + j]
        out[6 + j] = gx
        out[12 + j] = gy
        out[18 + j] = gz
        out[24 + j] = gxx * fx + gxy * fy + gxz * fz + 2.0 * gy
        out[30 + j] = gxy * fx + gyy * fy + gyz * fz - 2.0 * gx
        out[36 + j] = gxz * fx + gyz * fy + gzz * fz


@kernel
def carry(
    mass_ratio: float,
    state: NDArray[np.float64],
    n: int,
    times: NDArray[np.float64],
    tolerance: float,
    out: NDArray[np.float64],
) -> bool:
    """Carry a state from time 0 to each of `times`, which run away from 0 one way.

    The state at `times[k]` goes into `out[k, 0:n]`; for n = 42 the partials start as the unit
    matrix. False where the step shrinks to nothing (a collision); the rows left are untouched.
    """
    slopes = np.empty((STAGES, n))
    current = np.zeros(n)
    trial = np.empty(n)
    for i in range(6):
        current[i] = state[i]
        if n == 42:
            current[7 * i + 6] = 1.0
    t = 0.0
    h = 1e-3
    for k in range(times.size):
        way = 1.0 if times[k] >= t else -1.0
        while t != times[k]:
            left = abs(times[k] - t)
            is_last = h >= left
            size = left if is_last else h
            if size < 1e-15 and not is_last:
                return False
            signed = way * size
            slope(mass_ratio, current, n, slopes[0])
            for stage in range(1, STAGES):
                stage_state(slopes, current, signed, stage, n, trial)
                slope(mass_ratio, trial, n, slopes[stage])
            end_state(slopes, current, signed, n, trial)
            error = step_error(slopes, current, trial, size, tolerance)
            if error <= 1.0:
                for i in range(n):
                    current[i] = trial[i]
                t = times[k] if is_last else t + signed
                # A step cut by the end says little about the next.
                h = max(h, next_step(size, error)) if is_last else next_step(size, error)
            elif error > 1.0:
                h = next_step(size, error)
            else:
                return False
        for i in range(n):
            out[k, i] = current[i]
    return True
