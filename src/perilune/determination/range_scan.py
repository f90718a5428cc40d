"""Attributables fitted at given ranges and range rates, with paths of the full engine."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from perilune.astrometry.observations import FloatArray
from perilune.constants import DAY_S
from perilune.determination.admissible import SkyFrame, is_admissible, sky_frame
from perilune.determination.measurements import Measurements
from perilune.determination.ranging_kernels import path_normals, path_residuals, path_slopes
from perilune.dynamics import Particles, propagate
from perilune.ephemeris import Ephemeris

# The interpolation in time is faithful where the best path is met within so many sigmas.
FAITHFUL_SIGMA: Final = 0.01
_SKY_STEP_RAD: Final = 1.0e-6
_MAX_TURNS: Final = 6
_SETTLED: Final = 1.0e-3  # in chi2
_SETTLED_SHARE: Final = 0.02  # where chi2 is so bad that it only shows the way
_CHUNK: Final = 400


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """Attributables fitted at L pairs of range and rate."""

    sky: FloatArray
    covariance: FloatArray
    chi2: FloatArray
    log_density: FloatArray


def _inverted(normal: FloatArray) -> FloatArray:
    """The inverses of matrices (G, 4, 4); NaN where there is none."""
    scale = 1.0 / np.sqrt(np.maximum(np.einsum("nii->ni", normal), 1e-300))
    unit = normal * scale[:, :, np.newaxis] * scale[:, np.newaxis, :]
    usable = np.isfinite(unit).all(axis=(1, 2))
    usable[usable] = np.linalg.cond(unit[usable]) < 1e13
    inverse = np.full_like(unit, np.nan)
    inverse[usable] = np.linalg.inv(unit[usable])
    return np.asarray(inverse * scale[:, :, np.newaxis] * scale[:, np.newaxis, :])


@dataclass(slots=True, eq=False)
class Scan:
    """What stays the same while ranges and rates are tried, and what was found last."""

    ephemeris: Ephemeris
    measurements: Measurements
    frame: SkyFrame
    sky: FloatArray
    nodes_mjd_tdb: FloatArray
    weights: FloatArray
    axes: FloatArray
    whiten: FloatArray
    threads: int | None
    known: tuple[FloatArray, FloatArray] | None = None

    def paths(self, states: FloatArray) -> FloatArray:
        """(K, L, 6) states at the nodes; NaN where a path ended on a body."""
        particles = Particles(
            np.full(len(states), self.frame.epoch_mjd_tdb),
            np.ascontiguousarray(states[:, :3]),
            np.ascontiguousarray(states[:, 3:]),
        )
        out = np.full((self.nodes_mjd_tdb.size, len(states), 6), np.nan)
        early = self.nodes_mjd_tdb < self.frame.epoch_mjd_tdb
        for side, backwards in ((early, True), (~early, False)):
            if side.any():
                run = propagate(
                    self.ephemeris, particles, self.nodes_mjd_tdb[side], threads=self.threads
                )
                both = np.concatenate([run.position_km, run.velocity_km_s], axis=2)
                out[side] = both[::-1] if backwards else both
        return out

    def fitted(self, points: FloatArray) -> Scanned:
        """The attributables that fit best at points (L, 2) of log range (km) and range rate."""
        parts = [self._fit(points[low : low + _CHUNK]) for low in range(0, len(points), _CHUNK)]
        found = Scanned(
            *(np.concatenate([getattr(part, item.name) for part in parts])
              for item in fields(Scanned))
        )  # fmt: skip
        good = np.isfinite(found.log_density)
        if good.any():
            self.known = (points[good], found.sky[good])
        return found

    def _fit(self, points: FloatArray) -> Scanned:
        sky = self._guess(points)
        chi2 = np.full(len(points), np.inf)
        covariance = np.zeros((len(points), 4, 4))
        design = np.zeros((len(points), len(self.measurements), 2, 4))
        rows = np.arange(len(points))
        for turn in range(_MAX_TURNS):
            # New partials where the old ones have not led to the end in some turns.
            rows = self._improve(points, rows, sky, covariance, chi2, design, turn % 3 == 0)
            if rows.size == 0:
                break
        states = self.frame.states(sky, np.exp(points[:, 0]), points[:, 1])
        good = is_admissible(self.ephemeris, self.frame.epoch_mjd_tdb, states)
        good = good & np.isfinite(chi2) & np.isfinite(covariance).all(axis=(1, 2))
        sign, size = np.linalg.slogdet(np.where(good[:, np.newaxis, np.newaxis], covariance, 0.0))
        good &= sign > 0.0
        # The first term turns the prior, uniform in range, to log range.
        density = points[:, 0] - 0.5 * chi2 + 0.5 * np.where(good, size, 0.0)
        return Scanned(sky, covariance, chi2, np.where(good, density, -np.inf))

    def _guess(self, points: FloatArray) -> FloatArray:
        """(L, 4) attributables of the nearest points known."""
        if self.known is None:
            return np.tile(self.sky, (len(points), 1))
        there, sky = self.known
        spread = np.maximum(np.ptp(there, axis=0), 1e-12)
        _, nearest = cKDTree(there / spread).query(points / spread)
        return np.array(sky[nearest])

    def _improve(
        self,
        points: FloatArray,
        rows: NDArray[np.int64],
        sky: FloatArray,
        covariance: FloatArray,
        chi2: FloatArray,
        design: FloatArray,
        with_partials: bool,
    ) -> NDArray[np.int64]:
        """One step of Gauss and Newton for some points; returns those that need another."""
        count = 5 if with_partials else 1
        span_s = max(self.measurements.arc_d * DAY_S, 60.0)
        steps = np.array([_SKY_STEP_RAD] * 2 + [_SKY_STEP_RAD / span_s] * 2)
        around = np.repeat(sky[rows], count, axis=0).reshape(-1, count, 4)
        around[:, 1:] += np.diag(steps)[: count - 1]
        states = self.frame.states(
            around.reshape(-1, 4),
            np.repeat(np.exp(points[rows, 0]), count),
            np.repeat(points[rows, 1], count),
        )
        allowed = is_admissible(self.ephemeris, self.frame.epoch_mjd_tdb, states)
        allowed = np.logical_and.reduce(allowed.reshape(-1, count), axis=1)
        chi2[rows[~allowed]] = np.inf
        rows = rows[allowed]
        if rows.size == 0:
            return rows
        nodes = self.paths(states[np.repeat(allowed, count)])
        right, now = np.zeros((rows.size, 4)), np.zeros(rows.size)
        seen = (self.weights, self.measurements.observer_km, self.axes, self.whiten)
        partials = design[rows]
        if with_partials:
            normal = np.zeros((rows.size, 4, 4))
            path_normals(nodes, steps, *seen, partials, normal, right, now)
            design[rows] = partials
            covariance[rows] = _inverted(normal)
        else:
            path_slopes(nodes, *seen, partials, right, now)
        change = np.einsum("nij,nj->ni", covariance[rows], right)
        gain = np.einsum("ni,ni->n", right, change)
        sky[rows] += change
        chi2[rows] = np.maximum(now - gain, 0.0)
        # A start beyond the plane's reach has no minimum near by.
        lost = ~(np.isfinite(gain) & (np.abs(sky[rows, :2]).max(axis=1) < 1.0))
        sky[rows[lost]] = self.sky
        chi2[rows[lost]] = np.inf
        enough = np.maximum(_SETTLED, _SETTLED_SHARE * (now - 2.0 * len(self.measurements)))
        unsettled: NDArray[np.int64] = rows[~lost & (np.abs(gain) > enough)]
        return unsettled

    def interpolation_error_sigma(self, state: FloatArray) -> float:
        """The most by which the path (1, 6) interpolated misses the path computed."""
        own, back = np.unique(self.measurements.epoch_mjd_tdb, return_inverse=True)
        every = replace(self, nodes_mjd_tdb=own, weights=np.eye(own.size)[back])
        return float(np.abs(self.residuals(state) - every.residuals(state)).max())

    def with_nodes(self, most: int) -> Scan:
        """The same with another number of nodes."""
        nodes, weights = _interpolation(self.measurements.epoch_mjd_tdb, most)
        return replace(self, nodes_mjd_tdb=nodes, weights=weights)

    def motion(self, state: FloatArray) -> FloatArray:
        """(N, 2) apparent motion of a state (1, 6) at the observations, rad/s, east and north."""
        path = np.einsum("nk,ki->ni", self.weights, self.paths(state)[:, 0])
        away = path[:, :3] - self.measurements.observer_km
        moving = path[:, 3:] - self.measurements.observer_km_s
        along = np.einsum("nij,nj->ni", self.axes[:, 1:], moving)
        return np.asarray(along / np.linalg.norm(away, axis=1, keepdims=True))

    def residuals(self, states: FloatArray) -> FloatArray:
        """(L, M, 2) whitened."""
        out = np.zeros((len(states), len(self.measurements), 2))
        path_residuals(
            self.paths(states), self.weights, self.measurements.observer_km, self.axes,
            self.whiten, out,
        )  # fmt: skip
        return out


def scan_of(
    measurements: Measurements,
    ephemeris: Ephemeris,
    error_scale: float,
    most_nodes: int,
    threads: int | None,
    like: Scan | None = None,
    motion: FloatArray | None = None,
) -> Scan:
    """A scan of optical measurements.

    Args:
        error_scale: multiplies the measurements' errors.
        most_nodes: epochs at which paths are computed; between them they are interpolated.
        threads: see `propagate`.
        like: an earlier scan whose frame is kept.
        motion: (N, 2) apparent motion in rad/s towards east and north; None takes the
            attributable's for all.
    """
    frame, sky = sky_frame(measurements) if like is None else (like.frame, like.sky)
    epochs = measurements.epoch_mjd_tdb
    if motion is None:
        motion = np.tile(sky[2:], (len(epochs), 1))
    nodes, weights = _interpolation(epochs, most_nodes)
    direction = measurements.direction
    east = np.stack(
        [-np.sin(measurements.ra_rad), np.cos(measurements.ra_rad), np.zeros(len(epochs))], axis=1
    )
    axes = np.ascontiguousarray(np.stack([direction, east, np.cross(direction, east)], axis=1))
    whiten = _whitening(measurements, motion, error_scale)
    return Scan(ephemeris, measurements, frame, sky, nodes, weights, axes, whiten, threads)


def _interpolation(epochs: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Epochs (K,) to compute and the weights (N, K) that give the path at all others.

    Chebyshev's nodes with barycentric interpolation (Berrut & Trefethen 2004,
    doi:10.1137/S0036144502417715) where that saves work.
    """
    own, back = np.unique(epochs, return_inverse=True)
    if own.size <= count:
        return own, np.eye(own.size)[back]
    order = np.arange(count)
    nodes = 0.5 * (own[0] + own[-1]) - 0.5 * np.ptp(own) * np.cos(np.pi * order / (count - 1))
    nodes[[0, -1]] = own[[0, -1]]
    share = np.where(order % 2 == 0, 1.0, -1.0)
    share[[0, -1]] *= 0.5
    away = epochs[:, np.newaxis] - nodes[np.newaxis, :]
    hit = away == 0.0
    terms = share / np.where(hit, 1.0, away)
    weights = terms / terms.sum(axis=1, keepdims=True)
    exact = hit.any(axis=1)
    weights[exact] = hit[exact]
    return nodes, weights


def _whitening(measurements: Measurements, motion: FloatArray, error_scale: float) -> FloatArray:
    """(N, 2, 2) inverses of the Cholesky factors; the clock's error acts along `motion` (N, 2)."""
    n = len(measurements)
    late = measurements.sigma_time_s**2
    covariance = np.zeros((n, 2, 2))
    covariance[:, 0, 0] = measurements.sigma_ra_rad**2 + motion[:, 0] ** 2 * late
    covariance[:, 1, 1] = measurements.sigma_dec_rad**2 + motion[:, 1] ** 2 * late
    covariance[:, 0, 1] = covariance[:, 1, 0] = (
        measurements.correlation * measurements.sigma_ra_rad * measurements.sigma_dec_rad
        + motion[:, 0] * motion[:, 1] * late
    )
    inverse: FloatArray = np.linalg.inv(np.linalg.cholesky(covariance)) / error_scale
    return inverse
