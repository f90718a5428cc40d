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

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import logsumexp

from perilune.astrometry.observations import FloatArray, Kind
from perilune.constants import AU_KM, DAY_S
from perilune.determination.adaptive_sampling import Mixture, adapt, effective_samples
from perilune.determination.admissible import SkyFrame, is_admissible, rate_limits, sky_frame
from perilune.determination.measurements import Measurements
from perilune.determination.ranging_kernels import path_normals, path_residuals, path_slopes
from perilune.dynamics import Particles, propagate
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError, NotConvergedError

_NEAREST_AU: Final = 4.5e-5
_FARTHEST_AU: Final = 60.0
_RANGES: Final = 60
_RASTER: Final = 1440  # points on it to begin with
_GENERATION: Final = 300
_SKY_STEP_RAD: Final = 1.0e-6
_MAX_TURNS: Final = 6
_SETTLED: Final = 1.0e-3  # in chi2
_SETTLED_SHARE: Final = 0.02  # where chi2 is so bad that it only shows the way
_CHUNK: Final = 400
# Nodes of the interpolation in time: doubled until the best path is met within so many sigmas.
_NODES: Final = 12
_FAITHFUL_SIGMA: Final = 0.01
_OUTLIER_SIGMA: Final = 4.0
# Where log range is spread by more than this, half of the samples are drawn from all over the
# raster: what is rare, a hit, say, is then seen with its small weight.
_WIDE: Final = 0.2
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
class _Scan:
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

    def fitted(self, points: FloatArray) -> _Scanned:
        """The attributables that fit best at points (L, 2) of log range (km) and range rate."""
        parts = [self._fit(points[low : low + _CHUNK]) for low in range(0, len(points), _CHUNK)]
        found = _Scanned(
            *(np.concatenate([getattr(part, item.name) for part in parts])
              for item in fields(_Scanned))
        )  # fmt: skip
        good = np.isfinite(found.log_density)
        if good.any():
            self.known = (points[good], found.sky[good])
        return found

    def _fit(self, points: FloatArray) -> _Scanned:
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
        return _Scanned(sky, covariance, chi2, np.where(good, density, -np.inf))

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
    scan, mixture, best = _surveyed(measurements.where(used), ephemeris, 1.0, threads, rng)
    keep, error_scale = _judge(scan.residuals(best)[0])
    if not keep.all() or error_scale > 1.0:
        used[np.flatnonzero(used)[~keep]] = False
        scan, mixture, _ = _surveyed(measurements.where(used), ephemeris, error_scale, threads, rng)
    return replace(_drawn(scan, mixture, rng, samples), used=used, error_scale=error_scale)


def _surveyed(
    measurements: Measurements,
    ephemeris: Ephemeris,
    error_scale: float,
    threads: int | None,
    rng: np.random.Generator,
    mixture: Mixture | None = None,
) -> tuple[_Scan, Mixture, FloatArray]:
    """A scan whose interpolation is faithful, where its orbits are, and the best one (1, 6)."""
    nodes = _NODES
    while True:
        scan = _scan(measurements, ephemeris, error_scale, nodes, threads)
        mixture = _covered(scan, rng, mixture)
        best = _best(scan, mixture, rng)
        if scan.interpolation_error_sigma(best) < _FAITHFUL_SIGMA:
            return scan, mixture, best
        nodes *= 2


def _scan(
    measurements: Measurements,
    ephemeris: Ephemeris,
    error_scale: float,
    most_nodes: int,
    threads: int | None,
) -> _Scan:
    frame, sky = sky_frame(measurements)
    epochs = measurements.epoch_mjd_tdb
    nodes, weights = _interpolation(epochs, most_nodes)
    direction = measurements.direction
    east = np.stack(
        [-np.sin(measurements.ra_rad), np.cos(measurements.ra_rad), np.zeros(len(epochs))], axis=1
    )
    axes = np.stack([direction, east, np.cross(direction, east)], axis=1)
    return _Scan(
        ephemeris, measurements, frame, sky, nodes, weights, np.ascontiguousarray(axes),
        _whitening(measurements, sky[2:], error_scale), threads,
    )  # fmt: skip


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


@dataclass(frozen=True, slots=True, eq=False)
class _Raster:
    """Log ranges and, for each, the rates that leave an object bound to the Sun.

    Attributes:
        log_range: (R,) of log km, the middles of cells of equal width.
        lowest, width: (R,) km/s.
    """

    log_range: FloatArray
    lowest: FloatArray
    width: FloatArray

    @property
    def cell(self) -> float:
        """Width of a cell in log range."""
        return float(np.log(_FARTHEST_AU / _NEAREST_AU)) / _RANGES

    def draw(self, rng: np.random.Generator, count: int) -> tuple[FloatArray, FloatArray]:
        """Points (count, 2), as many in each cell as may be, and their log density (count,)."""
        row = np.arange(count) * self.log_range.size // count
        log_range = self.log_range[row] + self.cell * (rng.random(count) - 0.5)
        rate = self.lowest[row] + self.width[row] * rng.random(count)
        return np.stack([log_range, rate], axis=1), self.log_density(log_range, rate)

    def log_density(self, log_range: FloatArray, rate: FloatArray) -> FloatArray:
        """(n,) of points."""
        at = np.rint((log_range - self.log_range[0]) / self.cell).astype(np.int64)
        row = np.clip(at, 0, self.log_range.size - 1)
        inside = (at == row) & (rate >= self.lowest[row])
        inside &= rate <= self.lowest[row] + self.width[row]
        density = -np.log(self.width[row] * self.cell * self.log_range.size)
        return np.where(inside, density, -np.inf)


def _raster(scan: _Scan) -> _Raster | None:
    edges = np.log(np.geomspace(_NEAREST_AU, _FARTHEST_AU, _RANGES + 1) * AU_KM)
    log_range = 0.5 * (edges[1:] + edges[:-1])
    lowest, highest = rate_limits(scan.ephemeris, scan.frame, scan.sky, np.exp(log_range))
    some = np.isfinite(lowest)
    # Beyond the first range that leaves no orbit bound none does.
    some = np.logical_and.accumulate(some)
    if not some.any():
        return None
    return _Raster(log_range[some], lowest[some], (highest - lowest)[some])


def _covered(scan: _Scan, rng: np.random.Generator, start: Mixture | None) -> Mixture:
    """A mixture over where the orbits are, from one over much the same or from the raster."""
    raster = _raster(scan)
    mixture = None
    if raster is not None:
        if start is None:
            points, log_proposal = raster.draw(rng, _RASTER)
        else:
            points = start.draw(rng, _GENERATION)
            log_proposal = start.log_density(points)
        mixture = adapt(
            points,
            scan.fitted(points).log_density,
            log_proposal,
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
    raster = _raster(scan)
    if raster is not None and float(np.std(mixture.centre[:, 0])) > _WIDE:
        anywhere, _ = raster.draw(rng, samples // 2)
        points = np.concatenate([mixture.draw(rng, samples - samples // 2), anywhere])
        log_proposal = np.logaddexp(
            mixture.log_density(points), raster.log_density(points[:, 0], points[:, 1])
        ) - np.log(2.0)
    else:
        points = mixture.draw(rng, samples)
        log_proposal = mixture.log_density(points)
    found = scan.fitted(points)
    log_weight = found.log_density - log_proposal
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


def _best(scan: _Scan, mixture: Mixture, rng: np.random.Generator) -> FloatArray:
    """(1, 6) the state with the least chi2 among some."""
    points = mixture.draw(rng, _GENERATION)
    found = scan.fitted(points)
    chi2 = np.where(np.isfinite(found.log_density), found.chi2, np.inf)
    row = int(np.argmin(chi2))
    if not np.isfinite(chi2[row]):
        raise NotConvergedError("no sample fits the observations: ranging gives nothing.")
    one = slice(row, row + 1)
    return scan.frame.states(found.sky[one], np.exp(points[one, 0]), points[one, 1])


def _judge(white: FloatArray) -> tuple[NDArray[np.bool_], float]:
    """Which rows of the best orbit's whitened residuals (M, 2) to keep, and how large they are."""
    size2 = np.sum(white**2, axis=1)
    count = size2.size
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
