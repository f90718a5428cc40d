"""Systematic ranging: what orbits a few hours of observations leave, as weighted samples.

Over a short arc place and motion on the sky are known, range and range rate hardly. After
Farnocchia, Chesley & Micheli (2015), doi:10.1016/j.icarus.2015.05.032, the attributable is fitted
at each pair of range and range rate; what its errors leave of it is integrated in closed form
(Laplace's approximation, good because the fit is all but linear once the range is fixed):

    p(range, rate | observations) ~ prior exp(-chi2 / 2) sqrt(det C)

with C (4, 4) the covariance of the attributable. Instead of a fixed raster, a coarse one over the
whole admissible region starts an adaptive sampling (`adaptive_sampling`), so that hours of data,
which leave a sliver, are sampled as well as minutes, which leave a wide area. All paths are those
of the full engine: the Earth's attraction matters within 0.01 au.

The prior, a choice: uniform in the attributable, range and range rate, for objects bound to the
Sun, outside all bodies, and not satellites of the Earth. Uniform in range stands between a uniform
density of orbits in space and speed, which goes with the fourth power of the range, and the many
more small objects that a given brightness means at less range (with 10^(0.5 H) objects brighter
than H about the power -2.5): together about the power 1.5 in place of nought. Visitors from other
stars are left to `preliminary`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from perilune.astrometry.observations import FloatArray, Kind
from perilune.constants import AU_KM, DAY_S
from perilune.determination.adaptive_sampling import Mixture, adapt, effective_samples
from perilune.determination.admissible import SkyFrame, is_admissible, rate_limits, sky_frame
from perilune.determination.measurements import Measurements
from perilune.determination.ranging_kernels import path_normals, path_residuals
from perilune.dynamics import Particles, propagate
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError, NotConvergedError

_NEAREST_AU: Final = 4.5e-5
_FARTHEST_AU: Final = 60.0
_RANGES: Final = 60
_RATES: Final = 24
_GENERATION: Final = 400
_SKY_STEP_RAD: Final = 1.0e-6
_MAX_TURNS: Final = 6
_SETTLED: Final = 1.0e-3  # in chi2
_CHUNK: Final = 400
_OUTLIER_SIGMA: Final = 4.0
_MOST_OUTLIERS: Final = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Ranging:
    """Orbits that the observations leave, as weighted samples.

    Attributes:
        epoch_mjd_tdb: of the states.
        states: (N, 6) barycentric ICRF, km and km/s; each holds the attributable's own errors.
        weights: (N,) sum to one.
        range_km, rate_km_s: (N,) from the observer at the epoch.
        chi2: (N,) of the fitted attributable at each range and rate.
        effective_samples: Kish's number.
        used: (M,) which measurements were used; the others are blunders, or not optical.
        error_scale: by which the given errors were multiplied, since the best orbit's residuals
            are larger than they say; 1 where they are not.
    """

    epoch_mjd_tdb: float
    states: FloatArray
    weights: FloatArray
    range_km: FloatArray
    rate_km_s: FloatArray
    chi2: FloatArray
    effective_samples: float
    used: NDArray[np.bool_]
    error_scale: float


@dataclass(frozen=True, slots=True, eq=False)
class _Scanned:
    """Attributables fitted at L pairs of range and rate."""

    sky: FloatArray
    covariance: FloatArray
    chi2: FloatArray
    log_density: FloatArray


@dataclass(slots=True, eq=False)
class _Scan:
    """What stays the same while ranges and rates are tried."""

    ephemeris: Ephemeris
    measurements: Measurements
    frame: SkyFrame
    sky: FloatArray
    nodes_mjd_tdb: FloatArray
    weights: FloatArray
    axes: FloatArray
    whiten: FloatArray
    threads: int | None

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

    def fitted(self, points: FloatArray) -> _Scanned:
        """The attributables that fit best at points (L, 2) of log range (km) and range rate."""
        count = len(points)
        sky = np.tile(self.sky, (count, 1))
        covariance = np.zeros((count, 4, 4))
        chi2 = np.full(count, np.inf)
        for low in range(0, count, _CHUNK):
            rows = np.arange(low, min(low + _CHUNK, count))
            for _ in range(_MAX_TURNS):
                rows = self._improve(points, rows, sky, covariance, chi2)
                if rows.size == 0:
                    break
        states = self.frame.states(sky, np.exp(points[:, 0]), points[:, 1])
        good = is_admissible(self.ephemeris, self.frame.epoch_mjd_tdb, states)
        sign, size = np.linalg.slogdet(covariance)
        good &= (sign > 0.0) & np.isfinite(chi2)
        # The first term turns the prior, uniform in range, to log range.
        density = points[:, 0] - 0.5 * chi2 + 0.5 * np.where(good, size, 0.0)
        return _Scanned(sky, covariance, chi2, np.where(good, density, -np.inf))

    def _improve(
        self,
        points: FloatArray,
        rows: NDArray[np.int64],
        sky: FloatArray,
        covariance: FloatArray,
        chi2: FloatArray,
    ) -> NDArray[np.int64]:
        """One step of Gauss and Newton for some points; returns those that need another."""
        span = max(self.measurements.arc_d * DAY_S, 60.0)
        steps = np.array([_SKY_STEP_RAD] * 2 + [_SKY_STEP_RAD / span] * 2)
        around = np.repeat(sky[rows], 5, axis=0)
        around.reshape(-1, 5, 4)[:, 1:] += np.diag(steps)
        ranges = np.repeat(np.exp(points[rows, 0]), 5)
        states = self.frame.states(around, ranges, np.repeat(points[rows, 1], 5))
        allowed = is_admissible(self.ephemeris, self.frame.epoch_mjd_tdb, states)
        allowed = allowed.reshape(-1, 5).all(axis=1)
        chi2[rows[~allowed]] = np.inf
        rows = rows[allowed]
        if rows.size == 0:
            return rows
        nodes = self.paths(states[np.repeat(allowed, 5)])
        normal, right = np.zeros((rows.size, 4, 4)), np.zeros((rows.size, 4))
        now = np.zeros(rows.size)
        path_normals(
            nodes, np.tile(steps, (rows.size, 1)), self.weights, self.measurements.observer_km,
            self.axes, self.whiten, normal, right, now,
        )  # fmt: skip
        scale = 1.0 / np.sqrt(np.maximum(np.einsum("nii->ni", normal), 1e-300))
        unit = normal * scale[:, :, np.newaxis] * scale[:, np.newaxis, :]
        usable = np.isfinite(unit).all(axis=(1, 2))
        usable[usable] = np.linalg.cond(unit[usable]) < 1e13
        chi2[rows[~usable]] = np.inf
        rows, unit, scale, right, now = (
            rows[usable], unit[usable], scale[usable], right[usable], now[usable]
        )  # fmt: skip
        if rows.size == 0:
            return rows
        inverse = np.linalg.inv(unit) * scale[:, :, np.newaxis] * scale[:, np.newaxis, :]
        change = np.einsum("nij,nj->ni", inverse, right)
        gain = np.einsum("ni,ni->n", right, change)
        sky[rows] += change
        covariance[rows] = inverse
        chi2[rows] = np.maximum(now - gain, 0.0)
        # A start beyond the plane's reach has no minimum near by.
        lost = np.abs(sky[rows, :2]).max(axis=1) > 1.0
        chi2[rows[lost]] = np.inf
        return rows[~lost & (gain > _SETTLED)]

    def residuals(self, states: FloatArray) -> FloatArray:
        """(L, M, 2) whitened."""
        out = np.zeros((len(states), len(self.measurements), 2))
        path_residuals(
            self.paths(states), self.weights, self.measurements.observer_km, self.axes,
            self.whiten, out,
        )  # fmt: skip
        return out


def range_orbits(
    measurements: Measurements,
    ephemeris: Ephemeris,
    *,
    seed: int,
    samples: int = 2000,
    threads: int | None = None,
) -> Ranging:
    """Sample the orbits that the optical observations of a short arc leave.

    Args:
        measurements: of one object, in order of time.
        ephemeris: the attracting bodies.
        seed: of the random numbers: the same seed gives the same samples.
        samples: how many states are drawn.
        threads: see `propagate`.

    Raises:
        InputError: fewer than two optical observations, or all at one moment.
        NotConvergedError: no orbit bound to the Sun fits the observations.
        OutOfRangeError: an epoch outside the ephemeris.
    """
    sigma = measurements.sigma_ra_rad + measurements.sigma_dec_rad
    used = (measurements.kind == Kind.OPTICAL) & np.isfinite(sigma)
    if used.sum() < 2 or np.ptp(measurements.epoch_mjd_tdb[used]) <= 0.0:
        raise InputError(
            "too few observations for ranging",
            found=f"{int(used.sum())} optical observations",
            expected="at least two at different moments",
        )
    rng = np.random.default_rng(seed)
    scan = _scan(measurements.where(used), ephemeris, 1.0, threads)
    mixture = _covered(scan, rng)
    best = _best(scan, mixture, rng)
    keep, error_scale = _judge(scan.residuals(best.states)[0], len(scan.measurements))
    if not keep.all() or error_scale > 1.0:
        used[np.flatnonzero(used)[~keep]] = False
        scan = _scan(measurements.where(used), ephemeris, error_scale, threads)
        mixture = _covered(scan, rng)
    return replace(_drawn(scan, mixture, rng, samples), used=used, error_scale=error_scale)


def _scan(
    measurements: Measurements, ephemeris: Ephemeris, error_scale: float, threads: int | None
) -> _Scan:
    frame, sky = sky_frame(measurements)
    epochs = measurements.epoch_mjd_tdb
    nodes, weights = _interpolation(epochs)
    direction = measurements.direction
    east = np.stack(
        [-np.sin(measurements.ra_rad), np.cos(measurements.ra_rad), np.zeros(len(epochs))], axis=1
    )
    axes = np.stack([direction, east, np.cross(direction, east)], axis=1)
    return _Scan(
        ephemeris, measurements, frame, sky, nodes, weights, np.ascontiguousarray(axes),
        _whitening(measurements, sky[2:], error_scale), threads,
    )  # fmt: skip


def _interpolation(epochs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Epochs (K,) to compute and the weights (N, K) that give the path at all others.

    Chebyshev's nodes with barycentric interpolation (Berrut & Trefethen 2004,
    doi:10.1137/S0036144502417715) where that saves work.
    """
    own, back = np.unique(epochs, return_inverse=True)
    count = 24 + int(4.0 * np.ptp(epochs))
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
    """(N, 2, 2) inverses of the Cholesky factors; the clock's error acts along the motion."""
    n = len(measurements)
    late = measurements.sigma_time_s**2
    covariance = np.zeros((n, 2, 2))
    covariance[:, 0, 0] = measurements.sigma_ra_rad**2 + motion[0] ** 2 * late
    covariance[:, 1, 1] = measurements.sigma_dec_rad**2 + motion[1] ** 2 * late
    covariance[:, 0, 1] = covariance[:, 1, 0] = (
        measurements.correlation * measurements.sigma_ra_rad * measurements.sigma_dec_rad
        + motion[0] * motion[1] * late
    )
    inverse: FloatArray = np.linalg.inv(np.linalg.cholesky(covariance)) / error_scale
    return inverse


def _covered(scan: _Scan, rng: np.random.Generator) -> Mixture:
    """A mixture over where the orbits are, found from a raster over the admissible region."""
    log_range = np.log(np.geomspace(_NEAREST_AU, _FARTHEST_AU, _RANGES) * AU_KM)
    cell = log_range[1] - log_range[0]
    log_range = log_range + cell * (rng.random(_RANGES) - 0.5)
    lowest, highest = rate_limits(scan.ephemeris, scan.frame, scan.sky, np.exp(log_range))
    some = np.isfinite(lowest)
    shares = (np.arange(_RATES) + rng.random((int(some.sum()), _RATES))) / _RATES
    width = (highest - lowest)[some, np.newaxis]
    rates = lowest[some, np.newaxis] + width * shares
    points = np.stack([np.repeat(log_range[some], _RATES), rates.reshape(-1)], axis=1)
    area = np.repeat(np.log(width[:, 0] * cell / _RATES), _RATES)
    mixture = None
    if len(points):
        found = scan.fitted(points)
        mixture = adapt(
            points,
            found.log_density,
            -area,
            lambda new: scan.fitted(new).log_density,
            _GENERATION,
            rng,
        )
    if mixture is None:
        raise NotConvergedError(
            "no orbit bound to the Sun fits the observations: ranging gives nothing. "
            "Check them for blunders, or for two objects under one name."
        )
    return mixture


def _drawn(scan: _Scan, mixture: Mixture, rng: np.random.Generator, samples: int) -> Ranging:
    points = mixture.draw(rng, samples)
    found = scan.fitted(points)
    log_weight = found.log_density - mixture.log_density(points)
    good = np.isfinite(log_weight)
    if not good.any():
        raise NotConvergedError("no sample fits the observations: ranging gives nothing.")
    points, log_weight = points[good], log_weight[good]
    factor = np.linalg.cholesky(found.covariance[good])
    draws = rng.standard_normal((len(points), 4))
    sky = found.sky[good] + np.einsum("nij,nj->ni", factor, draws)
    return Ranging(
        epoch_mjd_tdb=scan.frame.epoch_mjd_tdb,
        states=scan.frame.states(sky, np.exp(points[:, 0]), points[:, 1]),
        weights=np.exp(log_weight - logsumexp(log_weight)),
        range_km=np.exp(points[:, 0]),
        rate_km_s=points[:, 1].copy(),
        chi2=found.chi2[good],
        effective_samples=effective_samples(log_weight),
        used=np.ones(len(scan.measurements), dtype=np.bool_),
        error_scale=1.0,
    )


def _best(scan: _Scan, mixture: Mixture, rng: np.random.Generator) -> Ranging:
    """The one orbit with the least chi2 among some."""
    points = mixture.draw(rng, _GENERATION)
    found = scan.fitted(points)
    chi2 = np.where(np.isfinite(found.log_density), found.chi2, np.inf)
    row = int(np.argmin(chi2))
    if not np.isfinite(chi2[row]):
        raise NotConvergedError("no sample fits the observations: ranging gives nothing.")
    one = slice(row, row + 1)
    return Ranging(
        epoch_mjd_tdb=scan.frame.epoch_mjd_tdb,
        states=scan.frame.states(found.sky[one], np.exp(points[one, 0]), points[one, 1]),
        weights=np.ones(1),
        range_km=np.exp(points[one, 0]),
        rate_km_s=points[one, 1],
        chi2=found.chi2[one],
        effective_samples=1.0,
        used=np.ones(len(scan.measurements), dtype=np.bool_),
        error_scale=1.0,
    )


def _judge(white: FloatArray, count: int) -> tuple[NDArray[np.bool_], float]:
    """Which rows of the best orbit's whitened residuals (M, 2) to keep, and how large they are."""
    size2 = np.sum(white**2, axis=1)
    # The median of chi2 of two degrees of freedom is 1.386.
    scale2 = max(1.0, float(np.median(size2)) / 1.386)
    keep = size2 <= 2.0 * _OUTLIER_SIGMA**2 * scale2
    if (~keep).sum() > _MOST_OUTLIERS * count:
        worst = np.argsort(size2)[::-1][: int(_MOST_OUTLIERS * count)]
        keep = np.ones(count, dtype=np.bool_)
        keep[worst] = False
    freedom = 2 * int(keep.sum()) - 6
    if freedom < 4:
        return keep, 1.0
    reduced = float(size2[keep].sum()) / freedom
    return keep, float(np.sqrt(max(1.0, reduced)))
