"""Conics about the Sun fitted to optical observations, with what the planets add to them.

A conic fits some weeks of most orbits to an arcsecond, but not an object that passes the Earth, nor
a whole apparition. Where it matters, the difference between the engine's path and the conic is
added to the conic's positions and the conic is fitted again: the difference hardly depends on the
fit, so that two rounds give the fit of the engine's own path at a small part of its price.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from perilune.astrometry.observations import FloatArray
from perilune.constants import DAY_S, SPEED_OF_LIGHT_KM_S
from perilune.determination.measurements import Measurements
from perilune.determination.trajectory import fly
from perilune.determination.two_body_kernels import (
    Sight,
    conic_position,
    conic_residuals,
    fit_conic,
    fit_conics,
)
from perilune.ephemeris import Ephemeris
from perilune.errors import PeriluneError
from perilune.orbits.orbit import CartesianOrbit

# Star catalogues of the last century and faint trails are not better than this, whatever a file
# says; and a preliminary orbit needs no better.
_LEAST_SIGMA_RAD: Final = np.radians(0.3 / 3600.0)
_MAX_ITERATIONS: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class Arc:
    """Optical observations about one epoch, as the kernels see them.

    Attributes:
        measurements: N optical rows.
        epoch_mjd_tdb: of the states that are fitted.
        sight: the observers from the Sun, the directions and their errors.
        sun_km, sun_km_s: (3,) the Sun at the epoch, barycentric ICRF.
        gm_km3_s2: of the Sun.
    """

    measurements: Measurements
    epoch_mjd_tdb: float
    sight: Sight
    sun_km: FloatArray
    sun_km_s: FloatArray
    gm_km3_s2: float

    def thinned(self, most: int) -> Arc:
        """At most so many rows, evenly chosen in their order."""
        n = len(self.measurements)
        if n <= most:
            return self
        rows = np.unique(np.linspace(0, n - 1, most).round().astype(np.int64))
        sight = self.sight
        fewer = Sight(
            sight.since_s[rows],
            sight.observer_km[rows],
            sight.axes[rows],
            sight.sigma_rad[rows],
            sight.shift_km[rows],
            sight.sun_km_s,
        )
        return replace(self, measurements=self.measurements.where(rows), sight=fewer)


@dataclass(frozen=True, slots=True, eq=False)
class ConicFit:
    """A fitted conic.

    Attributes:
        state: (6,) heliocentric ICRF at the arc's epoch, km and km/s.
        residual_rad: (N, 2) observed minus computed, east and north.
        normal: (6, 6) the weighted normal matrix, its weights Huber's.
    """

    state: FloatArray
    residual_rad: FloatArray
    normal: FloatArray

    def covariance(self) -> FloatArray:
        """(6, 6), km and km/s; infinite where the observations leave a direction open."""
        scale = 1.0 / np.sqrt(np.maximum(np.diag(self.normal), 1e-300))
        values, vectors = np.linalg.eigh(self.normal * np.outer(scale, scale))
        with np.errstate(divide="ignore"):
            root = vectors / np.sqrt(np.maximum(values, 0.0))
        root = np.nan_to_num(scale[:, np.newaxis] * root, posinf=1e150, neginf=-1e150)
        return np.asarray(root @ root.T)


def arc_of(measurements: Measurements, ephemeris: Ephemeris, epoch_mjd_tdb: float) -> Arc:
    """The optical rows of measurements, seen from an epoch.

    Raises:
        OutOfRangeError: an epoch outside the ephemeris.
    """
    rows = measurements.optical()
    direction = rows.direction
    east = np.stack([-np.sin(rows.ra_rad), np.cos(rows.ra_rad), np.zeros(len(rows))], axis=-1)
    north = np.cross(direction, east)
    sun_at_rows, _ = ephemeris.state("sun", rows.epoch_mjd_tdb)
    sun_km, sun_km_s = ephemeris.state("sun", epoch_mjd_tdb)
    sigma = np.sqrt(0.5 * (rows.sigma_ra_rad**2 + rows.sigma_dec_rad**2))
    return Arc(
        measurements=rows,
        epoch_mjd_tdb=epoch_mjd_tdb,
        sight=Sight(
            since_s=(rows.epoch_mjd_tdb - epoch_mjd_tdb) * DAY_S,
            observer_km=np.ascontiguousarray(rows.observer_km - sun_at_rows),
            axes=np.ascontiguousarray(np.stack([direction, east, north], axis=1)),
            sigma_rad=np.maximum(sigma, _LEAST_SIGMA_RAD),
            shift_km=np.zeros((len(rows), 3)),
            sun_km_s=np.ascontiguousarray(sun_km_s),
        ),
        sun_km=sun_km,
        sun_km_s=sun_km_s,
        gm_km3_s2=ephemeris.constants.gm_sun_km3_s2,
    )


def moved_conic(state: FloatArray, since_s: float, gm_km3_s2: float) -> FloatArray:
    """A heliocentric state (6,) after some seconds of two-body motion."""
    moved = np.zeros(6)
    conic_position(state, since_s, gm_km3_s2, False, moved, np.zeros((3, 6)))
    return moved


def fit(arc: Arc, start: FloatArray, radial_sigma: float = np.inf) -> ConicFit | None:
    """The conic nearest to a start (6,) that fits best; None where the start is unusable.

    Args:
        arc: the observations.
        start: (6,) heliocentric state at the arc's epoch.
        radial_sigma: holds the radial speed at the epoch, in units of a circular orbit's speed,
            within so much of nought; infinite leaves it free.
    """
    n = len(arc.measurements)
    state = np.array(start, dtype=np.float64)
    residual, normal = np.zeros((n, 2)), np.zeros((6, 6))
    used = fit_conic(
        state,
        arc.sight,
        arc.gm_km3_s2,
        radial_sigma,
        _MAX_ITERATIONS,
        np.zeros(n),
        residual,
        normal,
    )
    if used <= 0 or not np.isfinite(state).all():
        return None
    return ConicFit(state, residual, normal)


def fit_all(
    arc: Arc, starts: FloatArray, max_iterations: int, radial_sigma: float = np.inf
) -> tuple[FloatArray, FloatArray]:
    """Fits of many starts (K, 6): the states and the median residual of each in sigmas (K,)."""
    states = np.array(starts, dtype=np.float64)
    scores = np.full(states.shape[0], np.inf)
    fit_conics(states, arc.sight, arc.gm_km3_s2, radial_sigma, max_iterations, scores)
    return states, np.where(np.isfinite(scores), scores, np.inf)


def residuals_of(arc: Arc, state: FloatArray) -> FloatArray:
    """(N, 2) observed minus computed of a heliocentric state, rad, east and north."""
    n = len(arc.measurements)
    distance = np.linalg.norm(state[:3] - arc.sight.observer_km, axis=1)
    residual = np.zeros((n, 2))
    conic_residuals(
        state, arc.sight, arc.gm_km3_s2, False, distance / SPEED_OF_LIGHT_KM_S, residual,
        np.zeros((n, 2, 6)),
    )  # fmt: skip
    return residual


def with_planets(
    arc: Arc, state: FloatArray, ephemeris: Ephemeris, number: int | None
) -> Arc | None:
    """The arc with what the engine's path adds to the conic of `state`; None where it ends."""
    epochs = arc.measurements.epoch_mjd_tdb
    orbit = CartesianOrbit(arc.epoch_mjd_tdb, state[:3], state[3:], (), None, None)
    try:
        path = fly(
            ephemeris, orbit, number, float(epochs[0]), float(epochs[-1]), with_variations=False
        )
    except PeriluneError:
        return None
    if not path.covers(epochs):
        return None
    there, _ = path.at(epochs)
    light_s = np.linalg.norm(there[:, :3] - arc.measurements.observer_km, axis=1)
    light_s /= SPEED_OF_LIGHT_KM_S
    there, _ = path.at(epochs, -light_s)
    sun_km, _ = ephemeris.state("sun", epochs, -light_s / DAY_S)
    shift = there[:, :3] - sun_km
    for i, since in enumerate(arc.sight.since_s - light_s):
        shift[i] -= moved_conic(state, since, arc.gm_km3_s2)[:3]
    return replace(arc, sight=arc.sight._replace(shift_km=np.ascontiguousarray(shift)))
