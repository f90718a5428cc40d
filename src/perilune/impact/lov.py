"""Impact monitoring along the line of variations, for the Earth and the Moon.

The stages of Milani et al. 2005 (Icarus 173, 362, doi:10.1016/j.icarus.2004.09.002): orbits along
the line, their returns, the orbit of each return that comes nearest, the linear map about it to
the target plane. Whether a virtual impactor is one, its probability, and where it hits are then
read from orbits that are flown around it with all forces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr

from perilune.dynamics import Progress
from perilune.ephemeris import MAJOR_BODIES, Ephemeris
from perilune.impact.line_of_variations import LineOfVariations
from perilune.impact.line_samples import APART_KM, TARGET_KM, LineFlight, LineSamples, sample_line
from perilune.impact.local_samples import LocalSamples, fly_around
from perilune.impact.moon_returns import REACH_KM, moon_passes
from perilune.impact.returns import find_returns
from perilune.impact.targets import Target, targets_of
from perilune.orbits.orbit import CartesianOrbit

# The radius of the Earth's disc for an object that comes at 10 km/s.
_EARTH_KM: Final = 1.0e4
_WIDTHS: Final = 6.0
# Orbits at most for a search down to 1e-8, and twice as many below.
_MOST_ORBITS: Final = 20_000
_AROUND: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class LineSearch:
    """What a search along the line found.

    Attributes:
        impactors: each with the orbits flown around it, in the order of time.
        orbits: how many were flown in all.
        completeness: an impactor missed has at most about this probability.
        failed: orbits that could not be carried to the end.
    """

    impactors: tuple[LocalSamples, ...]
    orbits: int
    completeness: float
    failed: int


def search_line(
    ephemeris: Ephemeris,
    orbit: CartesianOrbit,
    number: int | None,
    line: LineOfVariations,
    bodies: Sequence[str],
    until_mjd_tdb: float,
    width_km: float,
    *,
    least: float,
    seed: int,
    threads: int | None,
    progress: Progress | None,
) -> LineSearch:
    """Find the virtual impactors on and beside the line.

    Args:
        ephemeris: the attracting bodies.
        orbit: the nominal orbit.
        number: the object's.
        line: of variations.
        bodies: "earth", "moon".
        until_mjd_tdb: end of the search.
        width_km: the width to expect on target planes.
        least: probability down to which impactors are looked for.
        seed: of the orbits flown around each impactor.
        threads, progress: see `propagate`.
    """
    flight = LineFlight(ephemeris, orbit, number, line, until_mjd_tdb, threads, progress)
    least_mass = least * TARGET_KM / _EARTH_KM
    most = _MOST_ORBITS if least >= 1e-8 else 2 * _MOST_ORBITS
    samples = sample_line(flight, least_mass, most)
    beside = _WIDTHS * width_km
    within = beside + (REACH_KM if "moon" in bodies else 3.0 * _EARTH_KM)
    returns = find_returns(samples, within, 0.1 * least, least_mass, most)
    aims: list[tuple[str, float, float]] = []
    if "earth" in bodies:
        aims += [
            ("earth", one.nearest_sigma, one.epoch_mjd_tdb)
            for one in returns
            if one.nearest_km < beside + 3.0 * _EARTH_KM
        ]
    if "moon" in bodies:
        aims += [("moon", *one) for one in moon_passes(flight, samples, returns, beside)]
    aims += _direct_hits(samples, bodies, aims)
    targets = [one for one in _targets(flight, aims) if one.probability > 0.1 * least]
    targets = _without_twins(targets)
    flown = _without_repeats(
        fly_around(ephemeris, orbit, number, targets, _AROUND, seed, threads, progress)
    )
    flight.flown += _AROUND * len(targets)
    return LineSearch(
        impactors=tuple(sorted(flown, key=lambda one: one.target.epoch_mjd_tdb)),
        orbits=flight.flown,
        completeness=_completeness(samples),
        failed=samples.failed,
    )


def _direct_hits(
    samples: LineSamples, bodies: Sequence[str], aims: Sequence[tuple[str, float, float]]
) -> list[tuple[str, float, float]]:
    """Stretches of the line that hit as they are and hold no aim yet: the middle of each."""
    found = []
    for body in bodies:
        hits = samples.hit_body == MAJOR_BODIES.index(body)
        rows = np.flatnonzero(hits)
        breaks = np.flatnonzero((np.diff(rows) > 1) | (np.diff(samples.hit_mjd_tdb[rows]) > 1.0))
        for run in np.split(rows, breaks + 1):
            if run.size == 0:
                continue
            low, high = samples.sigma[[run[0], run[-1]]]
            epoch = float(samples.hit_mjd_tdb[run[run.size // 2]])
            step = 0.1 * float(np.diff(samples.sigma).max())
            if not any(
                one == body and low - step <= sigma <= high + step and abs(when - epoch) < 1.0
                for one, sigma, when in aims
            ):
                found.append((body, float(samples.sigma[run[run.size // 2]]), epoch))
    return found


def _targets(flight: LineFlight, aims: Sequence[tuple[str, float, float]]) -> list[Target]:
    wanted = []
    for body, sigma, epoch in aims:
        factor, tangent = flight.line.frame(sigma)
        deviation = flight.line.deviations(np.array([sigma]))[0]
        wanted.append((body, sigma, epoch, deviation, factor, sigma * tangent))
    found = targets_of(flight.ephemeris, flight.orbit, flight.number, wanted, flight.threads)
    return [one for one in found if one is not None]


def _without_twins(targets: Sequence[Target]) -> list[Target]:
    """One target of those whose discs of impact overlap along the line.

    Two may come to one disc from outside of it: what counts is where their maps put its centre.
    """
    kept: list[Target] = []
    for one in sorted(targets, key=lambda target: -target.probability):
        if not any(_are_twins(one, _sigma_in(one), other, _sigma_in(other)) for other in kept):
            kept.append(one)
    return kept


def _without_repeats(flown: Sequence[LocalSamples]) -> list[LocalSamples]:
    """One of those around which the same orbits hit: a bent line leads two targets to one disc."""
    kept: list[LocalSamples] = []
    for one in sorted(flown, key=lambda each: -each.hits.particle.size):
        if one.hits.particle.size == 0 or not any(
            _are_twins(one.target, _sigma_of_hits(one), other.target, _sigma_of_hits(other))
            for other in kept
            if other.hits.particle.size > 0
        ):
            kept.append(one)
    return kept


def _are_twins(one: Target, sigma: float, other: Target, other_sigma: float) -> bool:
    apart_km = abs(sigma - other_sigma) * min(one.ellipse.stretch_km, other.ellipse.stretch_km)
    return (
        one.body == other.body
        and abs(one.epoch_mjd_tdb - other.epoch_mjd_tdb) < 1.0
        and apart_km < 2.0 * one.radius_km
    )


def _sigma_in(target: Target) -> float:
    """Where on the line the target's map puts the centre of the disc of impact."""
    left, sizes, _ = target.axes
    if not sizes[0] > 0.0:
        return target.sigma
    return target.sigma - target.side * float(left[:, 0] @ target.point_km / sizes[0])


def _sigma_of_hits(one: LocalSamples) -> float:
    return float(np.average(one.sigma_lov, weights=one.weights))


def _completeness(samples: LineSamples) -> float:
    """What an impact at most weighs that lies in a step across the whole neighbourhood watched."""
    coarse = samples.apart_km() > APART_KM
    mass = np.diff(ndtr(samples.sigma))
    return float(mass[coarse].max(initial=0.0)) * _EARTH_KM / TARGET_KM
