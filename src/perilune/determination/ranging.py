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
from perilune.constants import AU_KM
from perilune.determination.adaptive_sampling import Mixture, adapt, effective_samples
from perilune.determination.admissible import rate_limits
from perilune.determination.measurements import Measurements
from perilune.determination.range_scan import FAITHFUL_SIGMA, Scan, scan_of
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError, NotConvergedError

_NEAREST_AU: Final = 4.5e-5
_FARTHEST_AU: Final = 60.0
_RANGES: Final = 60
_RASTER: Final = 1440  # points on it to begin with
_SMALL_RASTER: Final = 240  # where a mixture is known already
_GENERATION: Final = 300
# Nodes of the interpolation in time to begin with: doubled until the best path is met.
_NODES: Final = 12
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
    # Twice: errors and blunders are judged by the best orbit of the first time, and its motion
    # along the arc is what turns the clocks' errors into errors of place.
    scan, mixture, best = _surveyed(
        scan_of(measurements.where(used), ephemeris, 1.0, _NODES, threads), None, rng
    )
    keep, error_scale = _judge(scan.residuals(best)[0])
    used[np.flatnonzero(used)[~keep]] = False
    again = scan_of(
        measurements.where(used), ephemeris, error_scale, scan.nodes_mjd_tdb.size, threads,
        like=scan, motion=scan.motion(best)[keep],
    )  # fmt: skip
    scan, mixture, _ = _surveyed(again, mixture, rng)
    return replace(_drawn(scan, mixture, rng, samples), used=used, error_scale=error_scale)


def _surveyed(
    scan: Scan, mixture: Mixture | None, rng: np.random.Generator
) -> tuple[Scan, Mixture, FloatArray]:
    """A scan whose interpolation is faithful, where its orbits are, and the best one (1, 6)."""
    while True:
        mixture = _covered(scan, rng, mixture)
        best = _best(scan, mixture, rng)
        if scan.interpolation_error_sigma(best) < FAITHFUL_SIGMA:
            return scan, mixture, best
        scan = scan.with_nodes(2 * scan.nodes_mjd_tdb.size)


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

    def draw(self, rng: np.random.Generator, count: int) -> FloatArray:
        """(count, 2) points, as many in each cell as may be."""
        row = np.arange(count) * self.log_range.size // count
        log_range = self.log_range[row] + self.cell * (rng.random(count) - 0.5)
        rate = self.lowest[row] + self.width[row] * rng.random(count)
        return np.stack([log_range, rate], axis=1)

    def log_density(self, points: FloatArray) -> FloatArray:
        """(n,) of points (n, 2)."""
        log_range, rate = points.T
        at = np.rint((log_range - self.log_range[0]) / self.cell).astype(np.int64)
        row = np.clip(at, 0, self.log_range.size - 1)
        inside = (at == row) & (rate >= self.lowest[row])
        inside &= rate <= self.lowest[row] + self.width[row]
        density = -np.log(self.width[row] * self.cell * self.log_range.size)
        return np.where(inside, density, -np.inf)


def _raster(scan: Scan) -> _Raster | None:
    edges = np.log(np.geomspace(_NEAREST_AU, _FARTHEST_AU, _RANGES + 1) * AU_KM)
    log_range = 0.5 * (edges[1:] + edges[:-1])
    lowest, highest = rate_limits(scan.ephemeris, scan.frame, scan.sky, np.exp(log_range))
    some = np.isfinite(lowest)
    # Beyond the first range that leaves no orbit bound none does.
    some = np.logical_and.accumulate(some)
    if not some.any():
        return None
    return _Raster(log_range[some], lowest[some], (highest - lowest)[some])


def _covered(scan: Scan, rng: np.random.Generator, start: Mixture | None) -> Mixture:
    """A mixture over where the orbits are, from one over much the same or from the raster."""
    raster = _raster(scan)
    mixture = None
    if raster is not None:
        mixture = adapt(
            raster,
            _RASTER if start is None else _SMALL_RASTER,
            lambda new: scan.fitted(new).log_density,
            _GENERATION,
            rng,
            start,
        )
    if mixture is None:
        raise NotConvergedError(
            "no orbit bound to the Sun fits the observations: ranging gives nothing. "
            "Check them for blunders, or for two objects under one name."
        )
    return mixture


def _drawn(scan: Scan, mixture: Mixture, rng: np.random.Generator, samples: int) -> Ranging:
    raster = _raster(scan)
    if raster is not None and float(np.std(mixture.centre[:, 0])) > _WIDE:
        anywhere = raster.draw(rng, samples // 2)
        points = np.concatenate([mixture.draw(rng, samples - samples // 2), anywhere])
        log_proposal = np.logaddexp(
            mixture.log_density(points), raster.log_density(points)
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


def _best(scan: Scan, mixture: Mixture, rng: np.random.Generator) -> FloatArray:
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
