"""How many orbiters points on the Moon see, and how well their ranges fix a place."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel


@kernel
def invert_4(matrix: NDArray[np.float64], inverse: NDArray[np.float64]) -> bool:
    """The inverse of a symmetric positive matrix (4, 4), by Gauss and Jordan; False if singular."""
    work = matrix.copy()
    inverse[:] = 0.0
    for k in range(4):
        inverse[k, k] = 1.0
    for k in range(4):
        pivot = k
        for row in range(k + 1, 4):
            if abs(work[row, k]) > abs(work[pivot, k]):
                pivot = row
        if abs(work[pivot, k]) < 1e-12:
            return False
        for column in range(4):
            work[k, column], work[pivot, column] = work[pivot, column], work[k, column]
            inverse[k, column], inverse[pivot, column] = inverse[pivot, column], inverse[k, column]
        scale = 1.0 / work[k, k]
        for column in range(4):
            work[k, column] *= scale
            inverse[k, column] *= scale
        for row in range(4):
            if row != k:
                factor = work[row, k]
                for column in range(4):
                    work[row, column] -= factor * work[k, column]
                    inverse[row, column] -= factor * inverse[k, column]
    return True


@kernel
def cover(
    points_km: NDArray[np.float64],
    orbiters_km: NDArray[np.float64],
    mask_rad: float,
    seen: NDArray[np.int64],
    gdop: NDArray[np.float64],
) -> None:
    """Orbiters over the mask, and the geometric dilution of precision.

    Args:
        points_km: (P, 3) on a sphere, from its centre, axes fixed to the body.
        orbiters_km: (O, T, 3) likewise.
        mask_rad: the lowest elevation.
        seen: (P, T) out.
        gdop: (P, T) out: sqrt(trace((H^T H)^-1)) with rows of unit vectors and 1 for the clock
            (Kaplan & Hegarty 2017, equation 11.24); infinite with fewer than four orbiters.
    """
    normal, inverse = np.empty((4, 4)), np.empty((4, 4))
    row = np.empty(4)
    for p in range(points_km.shape[0]):
        x, y, z = points_km[p, 0], points_km[p, 1], points_km[p, 2]
        radius_km = math.sqrt(x * x + y * y + z * z)
        for t in range(orbiters_km.shape[1]):
            count = 0
            normal[:] = 0.0
            for o in range(orbiters_km.shape[0]):
                dx, dy, dz = (
                    orbiters_km[o, t, 0] - x, orbiters_km[o, t, 1] - y, orbiters_km[o, t, 2] - z,
                )  # fmt: skip
                distance_km = math.sqrt(dx * dx + dy * dy + dz * dz)
                sine = (dx * x + dy * y + dz * z) / (radius_km * distance_km)
                if sine < math.sin(mask_rad):
                    continue
                count += 1
                row[0], row[1], row[2] = dx / distance_km, dy / distance_km, dz / distance_km
                row[3] = 1.0
                for i in range(4):
                    for j in range(4):
                        normal[i, j] += row[i] * row[j]
            seen[p, t] = count
            gdop[p, t] = math.inf
            if count >= 4 and invert_4(normal, inverse):
                trace = inverse[0, 0] + inverse[1, 1] + inverse[2, 2] + inverse[3, 3]
                gdop[p, t] = math.sqrt(trace) if trace > 0.0 else math.inf
