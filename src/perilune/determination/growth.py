"""From a preliminary orbit of some weeks to a fit of the whole arc, in steps that hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.determination.least_squares import Solution, evaluate
from perilune.determination.measurements import Measurements
from perilune.determination.preliminary import Candidate
from perilune.determination.rejection import fit_and_reject, judged_chi2
from perilune.ephemeris import Ephemeris
from perilune.orbits.orbit import CartesianOrbit

# How the arc grows: by the factor, all new rows believed at first; in smaller steps where the
# larger one lost the fit; and, where it is lost still, warily: only new rows that lie where the
# orbit expects them are believed, the others may be another object's.
_ATTEMPTS: Final = ((4.0, False), (1.3, False), (4.0, True), (1.3, True))
_WARY: Final = 2
_EXPECTED_CHI2: Final = 25.0
_KEPT_SHARE: Final = 0.9
# A row this many times the median residual from a preliminary orbit does not begin its fit.
_BLUNDER: Final = 30.0
# A fit holds its rows if their median residual is below this many sigmas (1.18 is expected)...
_HOLDS_SIGMA: Final = 3.0
# ... and it had to reject no more than this share.
_HOLDS_SHARE: Final = 0.3


def heliocentric(ephemeris: Ephemeris, candidate: Candidate) -> CartesianOrbit:
    """A preliminary orbit as a start for differential corrections."""
    sun_km, sun_km_s = ephemeris.state("sun", candidate.epoch_mjd_tdb)
    return CartesianOrbit(
        epoch_mjd_tdb=candidate.epoch_mjd_tdb,
        position_km=candidate.state[:3] - sun_km,
        velocity_km_s=candidate.state[3:] - sun_km_s,
        parameters=(),
        covariance=None,
        non_gravitational=None,
    )


def mask_of(candidate: Candidate, n: int) -> NDArray[np.bool_]:
    """(n,) the rows that a preliminary orbit was made from."""
    mask = np.zeros(n, dtype=np.bool_)
    mask[candidate.rows] = True
    return mask


def holds(solution: Solution, rows: NDArray[np.bool_]) -> bool:
    """Whether an orbit explains the rows that it was to explain."""
    norm = np.sqrt(solution.residuals.chi2[rows])
    lost = 1.0 - float(np.sum(solution.used & rows)) / max(int(np.sum(rows)), 1)
    return float(np.median(norm)) < _HOLDS_SIGMA and lost <= _HOLDS_SHARE


def _window(
    epoch: NDArray[np.float64],
    rows: NDArray[np.bool_],
    eligible: NDArray[np.bool_],
    growth: float,
) -> NDArray[np.bool_]:
    """The eligible rows of an arc `growth` times as long, with at least one night more."""
    low, high = float(epoch[rows].min()), float(epoch[rows].max())
    more = 0.5 * (growth - 1.0) * max(high - low, 1.0)
    wider = eligible & (epoch >= low - more) & (epoch <= high + more)
    if wider.sum() > rows.sum() or not (eligible & ~rows).any():
        return np.asarray(wider)
    outside = epoch[eligible & ~rows]
    gap = np.where(outside < low, low - outside, outside - high).min()
    wider = eligible & (epoch >= low - gap - 1.0) & (epoch <= high + gap + 1.0)
    return np.asarray(wider)


def grow(
    ephemeris: Ephemeris,
    start: CartesianOrbit,
    number: int | None,
    measurements: Measurements,
    rows: NDArray[np.bool_],
    eligible: NDArray[np.bool_],
) -> Solution | None:
    """Fit the rows of a start, then longer and longer arcs, as far as it goes.

    The solution's residuals are those of all measurements only if the whole arc was reached;
    else those of the rows outside are NaN and count as rejected.

    Returns:
        None where the start's own rows give no orbit.
    """
    reach = rows & eligible
    sane = _sane(ephemeris, start, number, measurements, reach)
    best = _fitted(ephemeris, start, number, measurements, reach, sane)
    if best is None:
        return None
    attempt = 0 if holds(best, reach[reach]) else len(_ATTEMPTS)
    while attempt < len(_ATTEMPTS) and not np.array_equal(reach, eligible):
        growth, is_wary = _ATTEMPTS[attempt]
        wider = _window(measurements.epoch_mjd_tdb, reach, eligible, growth)
        before = np.zeros(reach.size, dtype=np.bool_)
        before[np.flatnonzero(reach)] = best.used
        new = wider & ~reach
        if is_wary:
            new &= _agreeing(ephemeris, best, number, measurements, wider)
        trial = _fitted(ephemeris, best.orbit, number, measurements, wider, before | new)
        if trial is None or not (
            _keeps(trial, before[wider]) if is_wary else holds(trial, wider[wider])
        ):
            attempt += 1
            continue
        best, reach = trial, wider
        attempt = _WARY if is_wary else 0
    return best if reach.all() else _spread(best, reach)


def _sane(
    ephemeris: Ephemeris,
    start: CartesianOrbit,
    number: int | None,
    measurements: Measurements,
    rows: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """The rows of a start that are no blunders by its own residuals; to begin a fit with."""
    found = evaluate(ephemeris, start, number, measurements.where(rows))
    sane = rows.copy()
    if found is not None:
        norm = np.sqrt(found.chi2)
        sane[np.flatnonzero(rows)] = norm <= _BLUNDER * max(float(np.median(norm)), 1.0)
    return sane


def _fitted(
    ephemeris: Ephemeris,
    start: CartesianOrbit,
    number: int | None,
    measurements: Measurements,
    rows: NDArray[np.bool_],
    used: NDArray[np.bool_],
) -> Solution | None:
    """A fit over some rows; None where they leave the orbit undetermined."""
    found = fit_and_reject(
        ephemeris, start, number, measurements.where(rows), used[rows], rows[rows]
    )
    return None if found is None or found.orbit.covariance is None else found


def _agreeing(
    ephemeris: Ephemeris,
    solution: Solution,
    number: int | None,
    measurements: Measurements,
    rows: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """The rows that lie where the orbit and its covariance expect them."""
    found = evaluate(ephemeris, solution.orbit, number, measurements.where(rows))
    agreeing = np.zeros(rows.size, dtype=np.bool_)
    if found is not None and solution.orbit.covariance is not None:
        chi2 = judged_chi2(found.white, found.design, solution.orbit.covariance, ~rows[rows])
        agreeing[np.flatnonzero(rows)] = chi2 < _EXPECTED_CHI2
    return agreeing


def _keeps(solution: Solution, before: NDArray[np.bool_]) -> bool:
    """Whether an orbit still believes the rows that it believed before."""
    norm = np.sqrt(solution.residuals.chi2[solution.used])
    kept = float(np.mean(solution.used[before]))
    return kept >= _KEPT_SHARE and float(np.median(norm)) < _HOLDS_SIGMA


def _spread(solution: Solution, rows: NDArray[np.bool_]) -> Solution:
    """A solution over some rows as one over all, those outside not used and without residuals."""
    n, inside = rows.size, np.flatnonzero(rows)
    old = solution.residuals

    def wide(values: NDArray[np.float64]) -> NDArray[np.float64]:
        full = np.full((n, *values.shape[1:]), np.nan)
        full[inside] = values
        return full

    used = np.zeros(n, dtype=np.bool_)
    used[inside] = solution.used
    spread = replace(
        old,
        factor=wide(old.factor),
        white=wide(old.white),
        design=wide(old.design),
        rate_rad_s=wide(old.rate_rad_s),
    )
    return replace(solution, used=used, residuals=spread)
