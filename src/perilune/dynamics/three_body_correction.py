"""Differential correction of orbits that are symmetric about the xz-plane.

A state (x, 0, z, 0, vy, 0) that crosses the plane at a right angle and does so again after a time
tau is periodic with 2 tau (mirror theorem, Roy & Ovenden 1955). The unknowns are (x, z, vy, tau),
or (x, vy, tau) in the plane; the conditions y = vx = vz = 0 at tau leave a curve of solutions: the
family. One more equation picks a member. Howell (1984), doi:10.1007/BF01358403.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.three_body import ThreeBodySystem, carry_with_partials
from perilune.dynamics.three_body_kernels import slope
from perilune.errors import NotConvergedError

FloatArray = NDArray[np.float64]
# What an equation gives at some unknowns: its value, and its gradient for them.
Equation = Callable[[FloatArray], tuple[float, FloatArray]]

_CLOSE: Final = 1e-12  # of the conditions at the second crossing
_STALLED: Final = 1e-10  # good enough where rounding, grown by the orbit, allows no better
_ITERATIONS: Final = 15
_LONGEST_CHANGE: Final = 0.02  # farther, Newton may land on an equilibrium, which closes as well


def start_state(unknowns: FloatArray) -> FloatArray:
    """The state (6,) of unknowns (4,) or, in the plane, (3,)."""
    if unknowns.size == 4:
        return np.array([unknowns[0], 0.0, unknowns[1], 0.0, unknowns[2], 0.0])
    return np.array([unknowns[0], 0.0, 0.0, 0.0, unknowns[1], 0.0])


def crossing_conditions(
    system: ThreeBodySystem, unknowns: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The conditions' values, (3,) or (2,), and their partials for the unknowns."""
    is_spatial = unknowns.size == 4
    rows = [1, 3, 5] if is_spatial else [1, 3]
    columns = [0, 2, 4] if is_spatial else [0, 4]
    end, partials = carry_with_partials(system, start_state(unknowns), float(unknowns[-1]))
    rate = np.empty(6)
    slope(system.mass_ratio, end, 6, rate)
    return end[rows], np.column_stack([partials[np.ix_(rows, columns)], rate[rows]])


def tangent(system: ThreeBodySystem, unknowns: FloatArray, towards: FloatArray) -> FloatArray:
    """The family's unit tangent at a member, on the side of `towards`."""
    _, partials = crossing_conditions(system, unknowns)
    direction = np.linalg.svd(partials)[2][-1]
    return np.asarray(direction if direction @ towards >= 0.0 else -direction)


def correct(
    system: ThreeBodySystem, guess: FloatArray, equation: Equation
) -> tuple[FloatArray, int]:
    """The member near a guess that obeys one more equation, and the iterations that it took.

    Raises:
        NotConvergedError: Newton's method does not get there.
    """
    unknowns = np.array(guess, dtype=np.float64)
    size = np.inf
    for iteration in range(_ITERATIONS):
        values, partials = crossing_conditions(system, unknowns)
        extra, gradient = equation(unknowns)
        before, size = size, float(max(np.abs(values).max(), abs(extra)))
        if size < _CLOSE or (size < _STALLED and size >= 0.5 * before):
            return unknowns, iteration
        if not np.isfinite(size) or size > 10.0:
            break
        matrix = np.vstack([partials, gradient])
        try:
            change = np.linalg.solve(matrix, -np.append(values, extra))
        except np.linalg.LinAlgError:
            break
        unknowns = unknowns + change * min(1.0, _LONGEST_CHANGE / float(np.linalg.norm(change)))
        if unknowns[-1] <= 0.0:
            break
    raise NotConvergedError(
        f"No periodic orbit was found near {np.array2string(np.asarray(guess), precision=6)}. "
        "Start nearer to one."
    )


def on_plane(point: FloatArray, direction: FloatArray) -> Equation:
    """The equation of pseudo-arclength: the member in the plane through a point."""

    def equation(unknowns: FloatArray) -> tuple[float, FloatArray]:
        return float(direction @ (unknowns - point)), direction

    return equation


def with_value(index: int, value: float) -> Equation:
    """The member of which one unknown has a value: -1 is half the period."""

    def equation(unknowns: FloatArray) -> tuple[float, FloatArray]:
        gradient = np.zeros(unknowns.size)
        gradient[index] = 1.0
        return float(unknowns[index] - value), gradient

    return equation
