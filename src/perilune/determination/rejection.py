"""Which observations a fit believes: rejection and recovery until nothing changes.

Carpino, Milani & Chesley 2003, Icarus 166, 248 (doi:10.1016/S0019-1035(03)00051-4), section 3: an
observation is judged by its residual against what that residual's own covariance lets expect,
which is smaller than the observation's where the fit used it, and larger where it did not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray
from perilune.determination.least_squares import MAX_STEPS, Solution, corrected, fit_orbit
from perilune.determination.measurements import Measurements
from perilune.ephemeris import Ephemeris
from perilune.orbits.orbit import CartesianOrbit

# The paper's limits of χ² for two degrees of freedom, section 3.3: out above 8 (1.8 % of honest
# residuals), back in below 7.
REJECT_CHI2: Final = 8.0
RECOVER_CHI2: Final = 7.0
# In one turn only those go that are nearly as bad as the worst: a blunder makes its neighbours
# look bad, most of all a lone early one on which the orbit rests. The paper's share is 0.25, for
# turns that cost a differential correction each; here a turn costs nothing (see `_choose`).
_SHARE_OF_WORST: Final = 0.8
_TURNS: Final = 400
_ROUNDS: Final = 6


def judged_chi2(
    white: FloatArray, design: FloatArray, covariance: FloatArray, used: NDArray[np.bool_]
) -> FloatArray:
    """(N,) each row's χ² against the covariance of its residual (the paper's equation 6).

    Args:
        white, design: as in `Residuals`.
        covariance: (m, m) of the estimated quantities.
        used: (N,) the rows that the fit used.
    """
    scale = np.sqrt(np.diag(covariance))
    scaled = design * scale
    spread = scaled @ (covariance / np.outer(scale, scale)) @ scaled.transpose(0, 2, 1)
    sign = np.where(used, -1.0, 1.0)[:, np.newaxis, np.newaxis]
    # A row on which alone some quantity rests has no residual of its own to be judged by.
    values, vectors = np.linalg.eigh(np.eye(2) + sign * spread)
    along = np.einsum("nji,nj->ni", vectors, white)
    kept = values > 1.0e-6
    return np.asarray(np.sum(np.where(kept, along**2 / np.where(kept, values, 1.0), 0.0), axis=1))


def allowance(n_used: int) -> float:
    """What is added to the limits where few observations cannot spare one (as OrbFit does)."""
    return float(400.0 * 1.2**-n_used)


def _choose(solution: Solution, eligible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The set at which rejection and recovery come to rest, by the solution's linear model.

    Near the minimum the residuals after another choice of rows follow from the derivatives, so
    that no path need be computed for each choice.
    """
    used = solution.used
    seen = {used.tobytes()}
    for _ in range(_TURNS):
        found = corrected(solution.residuals, used)
        if found is None:
            return used
        change, covariance = found
        white = solution.residuals.white - solution.residuals.design @ change
        chi2 = judged_chi2(white, solution.residuals.design, covariance, used)
        limit = allowance(int(np.sum(used)))
        worst = float(chi2[used].max(initial=0.0))
        out = used & (chi2 > max(REJECT_CHI2 + limit, _SHARE_OF_WORST * worst))
        back = eligible & ~used & (chi2 < RECOVER_CHI2 + limit)
        used = (used & ~out) | back
        if used.tobytes() in seen:
            break
        seen.add(used.tobytes())
    return used


def fit_and_reject(
    ephemeris: Ephemeris,
    start: CartesianOrbit,
    number: int | None,
    measurements: Measurements,
    used: NDArray[np.bool_],
    eligible: NDArray[np.bool_],
    *,
    max_steps: int = MAX_STEPS,
) -> Solution | None:
    """Fit, reject and recover until the set of used observations stays.

    Args:
        used: (N,) where to begin.
        eligible: (N,) rows that may be used at all.

    Returns:
        None where no fit was possible.
    """
    solution = fit_orbit(ephemeris, start, number, measurements, used, max_steps=max_steps)
    for _ in range(_ROUNDS):
        if solution is None or solution.orbit.covariance is None:
            break
        wanted = _choose(solution, eligible)
        if np.array_equal(wanted, solution.used):
            break
        following = fit_orbit(
            ephemeris, solution.orbit, number, measurements, wanted, max_steps=max_steps
        )
        if following is None:
            break
        solution = following
    return solution
