"""States between the epochs of a table, by Hermite's interpolation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel


@kernel
def hermite_states(
    table_s: NDArray[np.float64],
    table: NDArray[np.float64],
    start: NDArray[np.int64],
    points: int,
    wanted_s: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """States (M, 6) between those of a table (N, 6), whose velocities fix the slopes.

    Divided differences over doubled nodes (Burden & Faires, "Numerical Analysis", section 3.4),
    made anew only where the rows used are others.

    Args:
        table_s: (N,) ascending, from any origin.
        table: km and km/s.
        start: (M,) the first of the rows used for each epoch.
        points: how many rows are used at once.
        wanted_s: (M,), from the same.
        out: filled, km and km/s.
    """
    count = 2 * points
    node_s = np.empty(count)
    newton = np.empty((count, 3))
    held = -1
    for m in range(wanted_s.size):
        first = start[m]
        origin = table_s[first]
        if first != held:
            held = first
            for j in range(points):
                node_s[2 * j] = table_s[first + j] - origin
                node_s[2 * j + 1] = node_s[2 * j]
                for k in range(3):
                    newton[2 * j, k] = table[first + j, k]
                    newton[2 * j + 1, k] = table[first + j, k]
            for order in range(1, count):
                for i in range(count - 1, order - 1, -1):
                    gap_s = node_s[i] - node_s[i - order]
                    for k in range(3):
                        if gap_s == 0.0:
                            newton[i, k] = table[first + i // 2, 3 + k]
                        else:
                            newton[i, k] = (newton[i, k] - newton[i - 1, k]) / gap_s
        time_s = wanted_s[m] - origin
        for k in range(3):
            value, rate = newton[count - 1, k], 0.0
            for i in range(count - 2, -1, -1):
                factor = time_s - node_s[i]
                rate = rate * factor + value
                value = value * factor + newton[i, k]
            out[m, k] = value
            out[m, 3 + k] = rate
