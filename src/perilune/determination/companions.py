"""Starts for objects that the Earth holds for a while: about it, no conic about the Sun will do.

From the motion during one night, at every pair of range and range rate, paths of the full engine
are fitted to the nights around it. 2006 RH120 and 2020 CD3 were such objects; so is what men have
launched.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S
from perilune.determination.least_squares import Solution, fit_orbit
from perilune.determination.measurements import Measurements
from perilune.determination.segments import nights_of
from perilune.ephemeris import Ephemeris
from perilune.orbits.orbit import CartesianOrbit

# From above the geostationary ring to twice the distance at which the Sun takes over.
_RANGES_KM: Final = np.geomspace(6.0e4, 3.0e6, 16)
_RATES_KM_S: Final = np.linspace(-1.2, 1.2, 7)
# Slower than this in the sky is farther than that, or leaves.
_SLOWEST_RAD_D: Final = np.radians(0.2)
# The nights to be fitted: so many days about the one whose motion is taken.
_WINDOW_D: Final = 2.5
_FEWEST_ROWS: Final = 5
_STEPS: Final = 5
_TAME: Final = 3.0
_KEEP: Final = 3


def companion_starts(
    measurements: Measurements, ephemeris: Ephemeris, number: int | None
) -> list[tuple[CartesianOrbit, NDArray[np.bool_]]]:
    """Orbits near the Earth with the rows that they were fitted to, best first; [] if none is.

    Args:
        measurements: of one object, in order of time.
        number: the minor planet's number, if any.
    """
    usable = np.flatnonzero(np.isfinite(measurements.ra_rad + measurements.sigma_ra_rad))
    night = _night(measurements, usable)
    if night is None:
        return []
    epoch = measurements.epoch_mjd_tdb
    middle = float(np.round(0.5 * (epoch[night[0]] + epoch[night[-1]]), 3))
    rows = np.zeros(len(measurements), dtype=np.bool_)
    rows[usable] = np.abs(epoch[usable] - middle) < _WINDOW_D
    if rows.sum() < _FEWEST_ROWS:
        return []
    part = measurements.where(rows)
    everything = np.ones(len(part), dtype=np.bool_)
    found: list[tuple[float, Solution]] = []
    for start in _starts(measurements.where(night), middle, ephemeris):
        solution = fit_orbit(
            ephemeris, start, number, part, everything, tame=_TAME, max_steps=_STEPS
        )
        if solution is not None:
            score = float(np.median(solution.residuals.chi2))
            if not any(_is_near(solution, other) for _, other in found):
                found.append((score, solution))
    found.sort(key=lambda each: each[0])
    return [(solution.orbit, rows) for _, solution in found[:_KEEP]]


def _night(measurements: Measurements, usable: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The night with most rows about it, fast enough, and long enough to tell its motion."""
    epoch, direction = measurements.epoch_mjd_tdb, measurements.direction
    best, most = None, 0
    for group in nights_of(epoch[usable]) if usable.size else []:
        night = usable[group]
        span = epoch[night[-1]] - epoch[night[0]]
        if span <= 0.0:  # one row, or all at once
            continue
        rate = np.linalg.norm(direction[night[-1]] - direction[night[0]]) / span
        near = int(np.sum(np.abs(epoch[usable] - epoch[night[0]]) < _WINDOW_D))
        if rate > _SLOWEST_RAD_D and near > most:
            best, most = night, near
    return best


def _starts(
    night: Measurements, epoch_mjd_tdb: float, ephemeris: Ephemeris
) -> list[CartesianOrbit]:
    """Heliocentric states on the night's line of sight, for all ranges and rates."""
    since_s = (night.epoch_mjd_tdb - epoch_mjd_tdb) * DAY_S
    design = np.stack([np.ones(since_s.size), since_s], axis=1)
    line, *_ = np.linalg.lstsq(design, night.direction, rcond=None)
    seen, turning = line[0] / np.linalg.norm(line[0]), line[1]
    # The observer's own place and motion at the epoch, from the rows about it.
    place, *_ = np.linalg.lstsq(design, night.observer_km, rcond=None)
    sun_km, sun_km_s = ephemeris.state("sun", epoch_mjd_tdb)
    return [
        CartesianOrbit(
            epoch_mjd_tdb=epoch_mjd_tdb,
            position_km=place[0] + distance * seen - sun_km,
            velocity_km_s=place[1] + rate * seen + distance * turning - sun_km_s,
            parameters=(),
            covariance=None,
            non_gravitational=None,
        )
        for distance in _RANGES_KM
        for rate in _RATES_KM_S
    ]


def _is_near(one: Solution, other: Solution) -> bool:
    """Whether two fits have come to the same minimum, or nearly."""
    away = np.linalg.norm(one.orbit.position_km - other.orbit.position_km)
    return bool(away < 1.0e3)
