"""Impact probabilities by importance sampling, in every dimension of the orbit's uncertainty.

After Roa, Farnocchia and Chesley 2021, AJ 162, 277, doi:10.3847/1538-3881/ac193f: the impact is
taken as one more observation, of the target plane's point at the body's centre, with the radius
of the disc as its sigma. Its least-squares solution beside the orbit's covariance is the
likeliest impacting orbit, and the covariance of that solution the distribution from which orbits
are drawn; each weighs as the orbit's own distribution has it over the one drawn from. No line is
assumed, and non-gravitational parameters are as good as any.

Deviations from the paper: the starts are random orbits, sorted by date of encounter, of which the
three that pass nearest are steered; and since the impacting orbits of a much stretched case fill
a bent sheet, the move along the stretched direction is a quadratic function of all others,
fitted to a first batch, instead of a linear one. It is a shear and changes no weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import AU_KM
from perilune.dynamics import Progress, Watch, propagate
from perilune.dynamics.orbit_paths import particle
from perilune.ephemeris import Ephemeris
from perilune.impact.intervals import estimate_from_weights
from perilune.impact.local_samples import LocalSamples, Range
from perilune.impact.targets import Target, targets_of
from perilune.orbits.orbit import CartesianOrbit

Array = NDArray[np.float64]

_WATCHED_KM: Final = 0.3 * AU_KM
_DAYS: Final = 40.0
_STARTS_EACH: Final = 3
_STEERS: Final = 8
# The linear map holds so far along a trail.
_STEP_KM: Final = 0.15 * AU_KM
_REACH_SIGMA: Final = 6.5
_FIRST: Final = 96
_EARTH_KM: Final = 1.0e4
_MARGIN: Final = 1.25
_SPREAD: Final = 1.0  # of the draws along, in radii of the disc


@dataclass(frozen=True, slots=True, eq=False)
class ImportanceSearch:
    """What a search by importance sampling found.

    Attributes:
        impactors: each with the orbits drawn around it, in the order of time.
        orbits: how many were flown in all.
        missed: what impacts may weigh of encounters that were not seen or not settled.
    """

    impactors: tuple[LocalSamples, ...]
    orbits: int
    missed: float


@dataclass(frozen=True, slots=True, eq=False)
class _Start:
    """An orbit on its way to an impact: whitened coordinates, and the date expected."""

    body: str
    epoch_mjd_tdb: float
    z: Array
    group: int


def search_importance(
    ephemeris: Ephemeris,
    orbit: CartesianOrbit,
    number: int | None,
    factor: Array,
    bodies: Sequence[str],
    until_mjd_tdb: float,
    *,
    scouts: int,
    samples: int,
    least: float,
    seed: int,
    threads: int | None,
    progress: Progress | None,
) -> ImportanceSearch:
    """Find impacting orbits and draw around each.

    Args:
        ephemeris: the attracting bodies.
        orbit: the nominal orbit.
        number: the object's.
        factor: (n, n) F with F F^T the covariance.
        bodies: "earth", "moon".
        until_mjd_tdb: end of the search.
        scouts: random orbits to start from.
        samples: orbits drawn around each impacting orbit.
        least: impactors of less probability are left out.
        seed: of all random numbers.
        threads, progress: see `propagate`.
    """
    random = np.random.default_rng([seed, 7])
    z = random.standard_normal((scouts, factor.shape[1]))
    z[0] = 0.0
    found = propagate(
        ephemeris,
        particle(ephemeris, orbit, number, z @ factor.T),
        [until_mjd_tdb],
        watches=[Watch(body, _WATCHED_KM) for body in bodies],
        threads=threads,
        progress=progress,
        label=f"{scouts:,} scouts",
    ).encounters
    starts: list[_Start] = []
    crowd: list[int] = []
    for body in bodies:
        rows = np.flatnonzero(found.body == ephemeris.body_index(body))
        for group in _groups(found.epoch_mjd_tdb[rows]):
            near = rows[group[np.argsort(found.distance_km[rows[group]])[:_STARTS_EACH]]]
            for row in near:
                own = z[found.particle[row]]
                epoch = float(found.epoch_mjd_tdb[row])
                starts.append(_Start(body, epoch, own, len(crowd)))
            crowd.append(group.size)
    targets, steered, unsettled = _steer(
        ephemeris, orbit, number, factor, starts, least, until_mjd_tdb, threads
    )
    flown = _draw_around(ephemeris, orbit, number, targets, samples, random, threads, progress)
    # An encounter that no scout had within the radius watched, and those left unsettled.
    seldom = 1.0 - 0.025 ** (1.0 / scouts)
    left = seldom + sum(crowd[group] for group in unsettled) / scouts
    return ImportanceSearch(
        impactors=tuple(sorted(flown, key=lambda one: one.target.epoch_mjd_tdb)),
        orbits=scouts + steered + (samples + _FIRST) * len(targets),
        missed=min(1.0, left) * _EARTH_KM / _WATCHED_KM,
    )


def _groups(epochs: Array) -> list[NDArray[np.intp]]:
    """Rows of encounters whose dates follow one another within a fortnight, cut to 40 days."""
    order = np.argsort(epochs, kind="stable")
    groups: list[list[int]] = []
    for row in order:
        last = groups[-1] if groups else None
        fits = last is not None and (
            epochs[row] - epochs[last[-1]] < 15.0 and epochs[row] - epochs[last[0]] < _DAYS
        )
        if last is not None and fits:
            last.append(int(row))
        else:
            groups.append([int(row)])
    return [np.array(group) for group in groups]


def _steer(
    ephemeris: Ephemeris,
    orbit: CartesianOrbit,
    number: int | None,
    factor: Array,
    starts: Sequence[_Start],
    least: float,
    until_mjd_tdb: float,
    threads: int | None,
) -> tuple[list[Target], int, set[int]]:
    """The likeliest impacting orbits next to the starts, each once.

    Also how many orbits were flown, and the groups in which no start came to an impact or was
    seen to be too far from one.
    """
    going = list(starts)
    found: list[Target] = []
    settled: set[int] = set()
    flown = 0
    for _ in range(_STEERS):
        if not going:
            break
        flown += len(going)
        wanted = [
            (one.body, 0.0, one.epoch_mjd_tdb, factor @ one.z, factor, one.z) for one in going
        ]
        seen = targets_of(
            ephemeris, orbit, number, wanted, threads, within_km=_WATCHED_KM, within_d=_DAYS
        )
        further: list[_Start] = []
        for one, target in zip(going, seen, strict=True):
            if target is None or target.epoch_mjd_tdb > until_mjd_tdb:
                continue
            aim = _impact_solution(target)
            move = aim - target.z
            length = float(np.linalg.norm(target.map_km @ move))
            if np.linalg.norm(aim) > _REACH_SIGMA:
                settled.add(one.group)
            elif length < 0.3 * target.radius_km:
                settled.add(one.group)
                if target.probability > 0.1 * least:
                    found.append(target)
            else:
                z = target.z + min(1.0, _STEP_KM / length) * move
                further.append(_Start(one.body, target.epoch_mjd_tdb, z, one.group))
        going = further
    return _once(found), flown, {one.group for one in starts} - settled


def _impact_solution(target: Target) -> Array:
    """The z of least |z|^2 + |b|^2 / R^2 on the linear map: the impact as an observation."""
    g, r2 = target.map_km, target.radius_km**2
    wanted = g @ target.z - target.point_km
    return np.asarray(g.T @ np.linalg.solve(g @ g.T + r2 * np.eye(2), wanted))


def _once(targets: Sequence[Target]) -> list[Target]:
    kept: list[Target] = []
    for one in sorted(targets, key=lambda target: -target.probability):
        same = False
        for other in kept:
            if one.body == other.body and abs(one.epoch_mjd_tdb - other.epoch_mjd_tdb) < 2.0:
                apart = np.linalg.norm(other.map_km @ (one.z - other.z))
                # Steered from different sides to one sheet, they differ across it by what bends.
                same |= bool(apart < 50.0 * one.radius_km or np.linalg.norm(one.z - other.z) < 1e-3)
        if not same:
            kept.append(one)
    return kept


def _draw_around(
    ephemeris: Ephemeris,
    orbit: CartesianOrbit,
    number: int | None,
    targets: Sequence[Target],
    samples: int,
    random: np.random.Generator,
    threads: int | None,
    progress: Progress | None,
) -> list[LocalSamples]:
    if not targets:
        return []
    field = Range(ephemeris, orbit, number, targets, threads, progress)
    proposals = [_Proposal(target) for target in targets]
    drawn = [proposal.draw(random, _FIRST) for proposal in proposals]
    first = field.fly([p.deviations(y) for p, y in zip(proposals, drawn, strict=True)])
    for proposal, y, found in zip(proposals, drawn, first, strict=True):
        proposal.bend(y, field.points_km(proposal.target, found, _FIRST))
    drawn = [proposal.draw(random, samples) for proposal in proposals]
    flown = field.fly([p.deviations(y) for p, y in zip(proposals, drawn, strict=True)])
    results = []
    for proposal, y, found in zip(proposals, drawn, flown, strict=True):
        hits = found.where(found.is_impact)
        weight = proposal.weights(y)
        along = y[hits.particle, 0] * np.sign(proposal.centre[0] or 1.0)
        target = replace(proposal.target, sigma=float(abs(proposal.centre[0])))
        results.append(
            LocalSamples(
                target=target,
                samples=samples,
                hits=hits,
                weights=weight[hits.particle],
                estimate=estimate_from_weights(
                    weight[hits.particle], samples, proposal.largest(y, weight, hits.particle)
                ),
                sigma_lov=along,
            )
        )
    return results


class _Proposal:
    """Where orbits around one target are drawn, in the axes of its map.

    y = V z with V the map's right singular vectors, completed: y1 along the stretched direction,
    y2 across, the others without effect on the target plane to first order.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        left, sizes, right = np.linalg.svd(target.map_km, full_matrices=True)
        self.sizes = np.maximum(sizes, 1e-12 * target.radius_km)
        self.right = right
        here = left.T @ target.point_km
        self.centre = right @ target.z
        # Where the linear map brings the object to the centre of the disc.
        self.aim = self.centre.copy()
        self.aim[:2] -= here / self.sizes
        ratio = (self.sizes / target.radius_km) ** 2
        self.mean = np.zeros_like(self.centre)
        self.mean[:2] = ratio / (1.0 + ratio) * self.aim[:2]
        self.sigma = np.ones_like(self.centre)
        self.sigma[:2] = 1.0 / np.sqrt(1.0 + ratio)
        self.sigma[0] *= _SPREAD
        self.coefficients = np.zeros(self._features(self.centre[None]).shape[1])

    def _features(self, y: Array) -> Array:
        """(N, K) linear and quadratic terms of all coordinates but the first, about the target."""
        d = y[:, 1:] - self.centre[1:]
        i, j = np.triu_indices(d.shape[1])
        return np.concatenate([np.ones((y.shape[0], 1)), d, d[:, i] * d[:, j]], axis=1)

    def draw(self, random: np.random.Generator, count: int) -> Array:
        """(count, n) draws y, sheared along the sheet."""
        y = self.mean + self.sigma * random.standard_normal((count, self.mean.size))
        y[:, 0] += self._features(y) @ self.coefficients
        return np.asarray(y)

    def weights(self, y: Array) -> Array:
        """(N,) likelihood ratios of the orbit's distribution over the draws'."""
        sheared = y[:, :2].copy()
        sheared[:, 0] -= self._features(y) @ self.coefficients
        scaled = (sheared - self.mean[:2]) / self.sigma[:2]
        exponent = 0.5 * np.sum(scaled**2, axis=1) - 0.5 * np.sum(y[:, :2] ** 2, axis=1)
        tiny = np.finfo(np.float64).tiny
        return np.asarray(np.maximum(np.prod(self.sigma[:2]) * np.exp(exponent), tiny))

    def largest(self, y: Array, weights: Array, hits: NDArray[np.int64]) -> float:
        """The largest weight of a draw that hit or, by the map, might have."""
        move = y[:, :2] - self.aim[:2]
        move[:, 0] -= self._features(y) @ self.coefficients
        near = np.hypot(*(move * self.sizes).T) < _MARGIN * self.target.radius_km
        near[hits] = True
        return float(weights[near].max(initial=float(weights.min())))

    def bend(self, y: Array, points_km: Array) -> None:
        """Fit the shear to where a first batch came: (N, 2) points along the map's axes."""
        expected = (y[:, 0] - self.aim[0]) * self.sizes[0]
        off = (points_km[:, 0] - expected) / self.sizes[0]
        known = np.isfinite(off)
        features = self._features(y)
        if known.sum() < 2 * features.shape[1]:
            return
        self.coefficients = -np.linalg.lstsq(features[known], off[known], rcond=None)[0]

    def deviations(self, y: Array) -> Array:
        """(N, n) deviations from the nominal orbit."""
        move = (y - self.centre) @ self.right
        return np.asarray(self.target.deviation + move @ self.target.factor.T)
