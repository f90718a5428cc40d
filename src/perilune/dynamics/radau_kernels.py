"""The collocation's matrices as the kernels read them, and what is done with them alone.

`perilune.dynamics.radau` makes them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perilune.jit import lean_kernel


class RadauTables(NamedTuple):
    """Matrices for a unit step; `a` is the acceleration at the nodes.

    Position at node i: x0 + c_i h v0 + h² Σ_j position[i, j] a_j; velocity likewise with
    `velocity`. Row 8 of both is the end of the step. The acceleration as a power series in the
    step's fraction s has coefficients `power` @ a; `shift` re-expands such a series about s = 1.
    """

    nodes: NDArray[np.float64]  # (8,)
    position: NDArray[np.float64]  # (9, 8)
    velocity: NDArray[np.float64]  # (9, 8)
    power: NDArray[np.float64]  # (8, 8)
    shift: NDArray[np.float64]  # (8, 8)


@lean_kernel
def collocate(
    row: NDArray[np.float64],
    base: NDArray[np.float64],
    slope: NDArray[np.float64],
    slope_factor: float,
    factor: float,
    a: NDArray[np.float64],
    m: int,
    out: NDArray[np.float64],
) -> None:
    """out = base + slope_factor * slope + factor * Σ_j row[j] a[j], over m packed values."""
    c0 = factor * row[0]
    c1 = factor * row[1]
    c2 = factor * row[2]
    c3 = factor * row[3]
    c4 = factor * row[4]
    c5 = factor * row[5]
    c6 = factor * row[6]
    c7 = factor * row[7]
    a0 = a[0]
    a1 = a[1]
    a2 = a[2]
    a3 = a[3]
    a4 = a[4]
    a5 = a[5]
    a6 = a[6]
    a7 = a[7]
    for i in range(m):
        lower = (c0 * a0[i] + c1 * a1[i]) + (c2 * a2[i] + c3 * a3[i])
        upper = (c4 * a4[i] + c5 * a5[i]) + (c6 * a6[i] + c7 * a7[i])
        out[i] = base[i] + (slope_factor * slope[i] + (lower + upper))


@lean_kernel
def combine(
    row: NDArray[np.float64], a: NDArray[np.float64], m: int, out: NDArray[np.float64]
) -> None:
    """out = Σ_j row[j] a[j], over m packed values."""
    c0 = row[0]
    c1 = row[1]
    c2 = row[2]
    c3 = row[3]
    c4 = row[4]
    c5 = row[5]
    c6 = row[6]
    c7 = row[7]
    a0 = a[0]
    a1 = a[1]
    a2 = a[2]
    a3 = a[3]
    a4 = a[4]
    a5 = a[5]
    a6 = a[6]
    a7 = a[7]
    for i in range(m):
        lower = (c0 * a0[i] + c1 * a1[i]) + (c2 * a2[i] + c3 * a3[i])
        upper = (c4 * a4[i] + c5 * a5[i]) + (c6 * a6[i] + c7 * a7[i])
        out[i] = lower + upper


@lean_kernel
def predict(
    tables: RadauTables,
    power: NDArray[np.float64],
    ratio: NDArray[np.float64],
    scale: NDArray[np.float64],
    n: int,
    out: NDArray[np.float64],
) -> None:
    """Continue the last step's power series (8, 3n) over this one, as values at the nodes.

    `ratio` (n) is each lane's step over its last one, `scale` (n) scratch. The series in `power`
    become those of this step.
    """
    m = 3 * n
    # Re-expand about the last step's end: rows turn in place, low order first.
    for k in range(8):
        target = power[k]
        for j in range(k + 1, 8):
            factor = tables.shift[k, j]
            source = power[j]
            for i in range(m):
                target[i] += factor * source[i]
    for i in range(n):
        scale[i] = 1.0
    for k in range(1, 8):
        target = power[k]
        for i in range(n):
            scale[i] *= ratio[i]
            target[i] *= scale[i]
            target[n + i] *= scale[i]
            target[2 * n + i] *= scale[i]
    p0 = power[0]
    p1 = power[1]
    p2 = power[2]
    p3 = power[3]
    p4 = power[4]
    p5 = power[5]
    p6 = power[6]
    p7 = power[7]
    for node in range(8):
        c = tables.nodes[node]
        a = out[node]
        for i in range(m):
            high = p4[i] + c * (p5[i] + c * (p6[i] + c * p7[i]))
            a[i] = p0[i] + c * (p1[i] + c * (p2[i] + c * (p3[i] + c * high)))
