"""Orbits drawn from what the observations leave, by the method that suits the arc.

Where a least-squares orbit is well determined, states are drawn from its covariance and weighted by
their true likelihood, from paths of the full engine: importance sampling, which mends what the
covariance misses. Over arcs of more than a month, where nothing is left to mend, they are taken as
drawn. Where too few of the weights count, or no such orbit stands, the samples are those of
systematic ranging (`ranging`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from perilune.astrometry.observations import FloatArray, Kind
from perilune.determination.adaptive_sampling import effective_samples
from perilune.determination.least_squares import Solution
from perilune.determination.measurements import Measurements
from perilune.determination.preliminary import preliminary_orbits
from perilune.determination.range_scan import FAITHFUL_SIGMA, Scan, scan_of
from perilune.determination.ranging import Ranging, range_orbits
from perilune.determination.rejection import fit_and_reject
from perilune.dynamics.orbit_paths import covariance_factor
from perilune.ephemeris import Ephemeris
from perilune.orbits.orbit import CartesianOrbit

# A range known to this share leaves paths that bend little enough for a covariance.
_WELL_KNOWN: Final = 0.02
_ENOUGH_EFFECTIVE: Final = 0.3
# The proposal is drawn a little wider than the covariance, so that no weight runs away.
_WIDENED: Final = 1.1
_LONG_ARC_D: Final = 30.0
_NODES: Final = 12

Sampler = Literal["ranging", "importance", "covariance"]


@dataclass(frozen=True, slots=True, eq=False)
class OrbitSamples:
    """Weighted orbits of one object.

    Attributes:
        method: "ranging", "importance" (drawn from a covariance, weighted by the likelihood) or
            "covariance" (as drawn).
        epoch_mjd_tdb: of the states.
        states: (N, 6) barycentric ICRF, km and km/s.
        weights: (N,) sum to one.
        effective_samples: Kish's number.
        used: (M,) the measurements used.
        error_scale: by which the measurements' errors were multiplied.
        ranging: the probability surface of range and rate, where ranging made the samples.
    """

    method: Sampler
    epoch_mjd_tdb: float
    states: FloatArray
    weights: FloatArray
    effective_samples: float
    used: NDArray[np.bool_]
    error_scale: float
    ranging: Ranging | None


def sample_orbits(
    measurements: Measurements,
    ephemeris: Ephemeris,
    *,
    seed: int,
    samples: int = 2000,
    solution: Solution | None = None,
    threads: int | None = None,
) -> OrbitSamples:
    """Draw orbits from what the observations leave.

    Args:
        measurements: of one object, in order of time.
        ephemeris: with the massive asteroids.
        seed: of the random numbers: the same seed gives the same samples.
        samples: how many states are drawn.
        solution: a fit of these measurements by gravity alone; made here if None.
        threads: see `propagate`.

    Raises:
        InputError: fewer than two optical observations, or all at one moment.
        NotConvergedError: neither way leads to an orbit.
        OutOfRangeError: an epoch outside the ephemeris.
    """
    rng = np.random.default_rng(seed)
    if solution is None:
        solution = _solution(measurements, ephemeris)
    if solution is not None and _is_well_known(solution, measurements, ephemeris):
        drawn = _around(solution, measurements, ephemeris, rng, samples, threads)
        if drawn is not None:
            return drawn
    found = range_orbits(measurements, ephemeris, seed=seed, samples=samples, threads=threads)
    return OrbitSamples(
        "ranging", found.epoch_mjd_tdb, found.states, found.weights, found.effective_samples,
        found.used, found.error_scale, found,
    )  # fmt: skip


def _solution(measurements: Measurements, ephemeris: Ephemeris) -> Solution | None:
    """The fit from the preliminary orbit; None where there is none, or more than one."""
    eligible = np.isfinite(measurements.sigma_ra_rad) | (measurements.kind != Kind.OPTICAL)
    found = preliminary_orbits(measurements, ephemeris)
    if len(found) != 1 and measurements.arc_d < _LONG_ARC_D:
        return None
    for candidate in found:
        sun = np.concatenate(ephemeris.state("sun", candidate.epoch_mjd_tdb))
        state = candidate.state - sun
        start = CartesianOrbit(candidate.epoch_mjd_tdb, state[:3], state[3:], (), None, None)
        solution = fit_and_reject(ephemeris, start, None, measurements, eligible, eligible)
        if solution is not None and solution.has_converged:
            return solution
    return None


def _is_well_known(solution: Solution, measurements: Measurements, ephemeris: Ephemeris) -> bool:
    orbit = solution.orbit
    if orbit.covariance is None or not solution.has_converged or orbit.parameters:
        return False
    row = int(np.argmin(np.abs(measurements.epoch_mjd_tdb - orbit.epoch_mjd_tdb)))
    sun_km, _ = ephemeris.state("sun", orbit.epoch_mjd_tdb)
    away = orbit.position_km + sun_km - measurements.observer_km[row]
    distance = float(np.linalg.norm(away))
    variance = float(away @ orbit.covariance[:3, :3] @ away) / distance**2
    return bool(np.sqrt(variance) < _WELL_KNOWN * distance)


def _around(
    solution: Solution,
    measurements: Measurements,
    ephemeris: Ephemeris,
    rng: np.random.Generator,
    samples: int,
    threads: int | None,
) -> OrbitSamples | None:
    """Samples from a fit's covariance; None where the likelihood does not agree with it."""
    orbit = solution.orbit
    assert orbit.covariance is not None
    epoch = orbit.epoch_mjd_tdb
    centre = np.concatenate([orbit.position_km, orbit.velocity_km_s])
    centre = centre + np.concatenate(ephemeris.state("sun", epoch))
    error_scale = float(np.sqrt(max(1.0, solution.chi2_reduced)))
    factor = error_scale * covariance_factor(orbit.covariance)
    draws = rng.standard_normal((samples, 6))
    is_long = measurements.arc_d > _LONG_ARC_D or bool((measurements.kind != Kind.OPTICAL).any())
    if is_long:
        states = centre + draws @ factor.T
        log_weight = np.zeros(samples)
    else:
        states = centre + _WIDENED * (draws @ factor.T)
        scan = _scan(solution, measurements, ephemeris, centre, error_scale, threads)
        size2 = np.sum(scan.residuals(states) ** 2, axis=(1, 2))
        # Widened draws: the proposal's own exponent is that of the draws themselves.
        log_weight = -0.5 * size2 + 0.5 * np.sum(draws**2, axis=1)
    effective = effective_samples(log_weight)
    if effective < _ENOUGH_EFFECTIVE * samples:
        return None
    return OrbitSamples(
        method="covariance" if is_long else "importance",
        epoch_mjd_tdb=epoch,
        states=states,
        weights=np.exp(log_weight - logsumexp(log_weight)),
        effective_samples=effective,
        used=solution.used.copy(),
        error_scale=error_scale,
        ranging=None,
    )


def _scan(
    solution: Solution,
    measurements: Measurements,
    ephemeris: Ephemeris,
    centre: FloatArray,
    error_scale: float,
    threads: int | None,
) -> Scan:
    """The used measurements as a scan about the solution, its interpolation faithful."""
    used = measurements.where(solution.used)
    one = centre[np.newaxis]
    first = scan_of(used, ephemeris, error_scale, _NODES, threads)
    frame = replace(first.frame, epoch_mjd_tdb=solution.orbit.epoch_mjd_tdb)
    first = replace(first, frame=frame)
    scan = scan_of(
        used, ephemeris, error_scale, _NODES, threads, like=first, motion=first.motion(one)
    )
    while scan.interpolation_error_sigma(one) > FAITHFUL_SIGMA:
        scan = scan.with_nodes(2 * scan.nodes_mjd_tdb.size)
    return scan
