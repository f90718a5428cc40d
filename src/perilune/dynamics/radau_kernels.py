"""The collocation's matrices as the kernels read them; `perilune.dynamics.radau` makes them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


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
