"""Which observations a fit believes: rejection and recovery until nothing changes.

Carpino, Milani & Chesley 2003, Icarus 166, 248 (doi:10.1016/S0019-1035(03)00051-4), section 3: an
observation is judged by its residual against what that residual's own covariance lets expect,
which is smaller than the observation's where the fit used it, and larger where it did not.

Beyond the paper: a station's night is judged as a whole as well, against what the other nights
expect of it. The rows of a night that is off alike (a wrong time, a wrong star) vouch for one
another: each by itself looks well, and their neighbours look bad.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray, Kind
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
# A pause so long ends a night. Nights on which the orbit rests by so much, or whose residuals are
# large, are judged; of more rows than this only row by row.
_NIGHT_GAP_D: Final = 8.0 / 24.0
_LEVERAGE: Final = 0.3
_NIGHT_MOST: Final = 40
# What is left of a night's own residuals where it may still be judged by the others.
_ALONE: Final = 1.0e-4
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


def nights_of(measurements: Measurements) -> list[NDArray[np.int64]]:
    """Rows of each station's nights, of places; those of two rows and more."""
    places = np.flatnonzero(measurements.kind == Kind.OPTICAL)
    _, who = np.unique(measurements.station[places], return_inverse=True)
    order = places[np.lexsort((measurements.epoch_mjd_tdb[places], who))]
    same = np.diff(np.sort(who)) == 0
    breaks = ~same | (np.diff(measurements.epoch_mjd_tdb[order]) > _NIGHT_GAP_D)
    groups = np.split(order, np.flatnonzero(breaks) + 1)
    return [group for group in groups if group.size > 1]


def _worst_night(
    white: FloatArray,
    root: FloatArray,
    used: NDArray[np.bool_],
    nights: list[NDArray[np.int64]],
    limit: float,
) -> tuple[float, NDArray[np.int64]]:
    """The night whose loss would lower the sum of squares most, and by how much.

    Only nights of which every row, or nearly, lies where the other nights do not expect it.

    Args:
        root: (N, 2, m) the design times a root of the covariance.
        limit: of a row's χ².
    """
    worst, found = 0.0, np.zeros(0, dtype=np.int64)
    leverage = np.where(used, np.sum(root**2, axis=(1, 2)), 0.0)
    raw = np.where(used, np.sum(white**2, axis=1), 0.0)
    starts = np.concatenate([[0], np.cumsum([night.size for night in nights])[:-1]])
    rows = np.concatenate(nights) if nights else np.zeros(0, dtype=np.int64)
    if not nights:
        return worst, found
    is_suspect = (np.add.reduceat(leverage[rows], starts) > _LEVERAGE) | (
        np.add.reduceat(raw[rows], starts) > limit
    )
    for k in np.flatnonzero(is_suspect).tolist():
        group = nights[k][used[nights[k]]]
        if group.size < 2 or group.size > _NIGHT_MOST:
            continue
        flat = root[group].reshape(2 * group.size, -1)
        own = white[group].ravel()
        values, vectors = np.linalg.eigh(np.eye(own.size) - flat @ flat.T)
        if values[0] < _ALONE:
            continue  # some quantity rests on this night alone
        inverse = (vectors / values) @ vectors.T
        expected = (inverse @ own).reshape(-1, 2)
        at = np.arange(group.size)
        spread = inverse.reshape(group.size, 2, group.size, 2)[at, :, at, :]
        chi2 = np.sum(expected * np.linalg.solve(spread, expected[:, :, np.newaxis])[..., 0], 1)
        drop = float(own @ inverse @ own)
        if drop > worst and np.median(chi2) > limit and chi2.min() > 0.5 * limit:
            worst, found = drop, group
    return worst, found


def _choose(
    solution: Solution, eligible: NDArray[np.bool_], nights: list[NDArray[np.int64]]
) -> NDArray[np.bool_]:
    """The set at which rejection and recovery come to rest, by the solution's linear model.

    Near the minimum the residuals after another choice of rows follow from the derivatives, so
    that no path need be computed for each choice.
    """
    used = solution.used
    design = solution.residuals.design
    seen = {used.tobytes()}
    for _ in range(_TURNS):
        found = corrected(solution.residuals, used)
        if found is None:
            return used
        change, covariance = found
        white = solution.residuals.white - design @ change
        chi2 = judged_chi2(white, design, covariance, used)
        limit = allowance(int(np.sum(used)))
        worst = float(chi2[used].max(initial=0.0))
        back = eligible & ~used & (chi2 < RECOVER_CHI2 + limit)
        root = design @ _root(covariance)
        drop, night = _worst_night(white, root, used, nights, REJECT_CHI2 + limit)
        out = used & (chi2 > max(REJECT_CHI2 + limit, _SHARE_OF_WORST * worst))
        if drop > worst:
            out = np.zeros_like(used)
            out[night] = True
        used = (used & ~out) | back
        if used.tobytes() in seen:
            break
        seen.add(used.tobytes())
    return used


def _root(covariance: FloatArray) -> FloatArray:
    """(m, m) R with R Rᵀ the covariance."""
    scale = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    return np.asarray(scale[:, np.newaxis] * vectors * np.sqrt(np.maximum(values, 0.0)))


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
    nights = nights_of(measurements)
    for _ in range(_ROUNDS):
        if solution is None or solution.orbit.covariance is None:
            break
        wanted = _choose(solution, eligible, nights)
        if np.array_equal(wanted, solution.used):
            break
        following = fit_orbit(
            ephemeris, solution.orbit, number, measurements, wanted, max_steps=max_steps
        )
        if following is None:
            break
        solution = following
    return solution
