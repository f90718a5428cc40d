"""Orbits flown around one that comes to a body: do they hit, where, and with what probability.

Importance sampling in the two directions of the orbit's uncertainty that matter on the target
plane: points are spread evenly over the disc of impact, as far as the uncertainty reaches across
it, and each orbit weighs as the normal distribution has it over the density drawn from. Every
orbit is carried from the epoch to the impact with all forces.

What hits is a thin, bent sheet: where one sigma of the line is stretched to 1e7 Earth radii, one
sigma across it moves the point along by tens of them, to second order. So the sheet's ridge, the
move along the line that brings the object in time for each move across it, is found first. To
follow it is a shear, which changes no volume and so no weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from perilune.dynamics import Encounters, Progress, Watch, propagate
from perilune.dynamics.orbit_paths import particle
from perilune.ephemeris import MAJOR_BODIES, Ephemeris
from perilune.impact.b_plane import target_plane_points
from perilune.impact.intervals import ProbabilityEstimate
from perilune.impact.progress import share
from perilune.impact.targets import Target, by_date
from perilune.orbits.orbit import CartesianOrbit

Array = NDArray[np.float64]

_MARGIN: Final = 1.25  # of the disc's radius, for what is not round or not straight
_ACROSS_SIGMA: Final = 5.0
_SAME_D: Final = 3.0
_ROOT_2PI: Final = float(np.sqrt(2.0 * np.pi))
_WATCHED_KM: Final = 3.0e6
_REPEATS: Final = 8
_STUDENT: Final = 2.3646  # 97.5 % of Student's t with seven degrees of freedom
_RIDGE_NODES: Final = 9
_RIDGE_LOOKS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class LocalSamples:
    """What became of the orbits flown around one target.

    Attributes:
        target: the orbit that comes to the body.
        samples: orbits flown.
        hits: their impacts on the target's body.
        weights: likelihood ratio of each hit, shape (len(hits),).
        estimate: probability and its 95 % interval.
        sigma_lov: position of each hit along the line, shape (len(hits),).
    """

    target: Target
    samples: int
    hits: Encounters
    weights: Array
    estimate: ProbabilityEstimate
    sigma_lov: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """The part of a target's surroundings that is sampled.

    Attributes:
        target: the target.
        low, high: (2,) bounds of the points aimed at along the plane's axes, km.
        across_km: (K,) nodes of the ridge, ascending.
        bend: (K,) move in sigmas along the line on top of the linear one, at the nodes.
    """

    target: Target
    low: Array
    high: Array
    across_km: Array
    bend: Array

    def draw(self, spread: Array) -> tuple[Array, Array]:
        """Points (N, 2) to aim at for an even spread (N, 2) over 0..1, and their density (N,).

        Normal where the distribution's own width shows within the bounds, else uniform; the
        density is that of the moves in sigmas.
        """
        _, sizes, _ = self.target.axes
        mean = self.target.mean_km
        aims, density = np.empty_like(spread), np.ones(spread.shape[0])
        for k in range(2):
            size = max(float(sizes[k]), 1e-12 * self.target.radius_km)
            low, high = (self.low[k] - mean[k]) / size, (self.high[k] - mean[k]) / size
            below, above = ndtr(low), ndtr(high)
            if high - low > 0.5 and above - below > 1e-9:
                z = ndtri(below + spread[:, k] * (above - below))
                density *= np.exp(-0.5 * z**2) / _ROOT_2PI / (above - below)
                aims[:, k] = mean[k] + size * z
            else:
                density /= high - low
                aims[:, k] = self.low[k] + spread[:, k] * (self.high[k] - self.low[k])
        return aims, density

    def moves(self, aims_km: Array) -> Array:
        """(N, 2) moves in sigmas along the two axes for points (N, 2) to aim at."""
        left, sizes, _ = self.target.axes
        with np.errstate(divide="ignore", invalid="ignore"):
            move = np.where(sizes > 0.0, (aims_km - left.T @ self.target.point_km) / sizes, 0.0)
        move[:, 0] += self._bend_at(aims_km[:, 1])
        return np.asarray(move)

    def _bend_at(self, across_km: Array) -> Array:
        """The ridge is smooth: where it sags by radii of the Earth, chords would miss the disc."""
        if not self.across_km[-1] > self.across_km[0]:
            return np.full(across_km.shape, self.bend[0])
        return np.asarray(CubicSpline(self.across_km, self.bend)(across_km))

    def deviations(self, moves: Array) -> Array:
        """(N, n) deviations from the nominal orbit."""
        _, _, right = self.target.axes
        return np.asarray(self.target.deviation + moves @ right @ self.target.factor.T)


class Range:
    """Where the orbits around all targets are flown."""

    def __init__(
        self,
        ephemeris: Ephemeris,
        orbit: CartesianOrbit,
        number: int | None,
        targets: Sequence[Target],
        threads: int | None,
        progress: Progress | None,
    ) -> None:
        self.ephemeris = ephemeris
        self.orbit = orbit
        self.number = number
        self.targets = targets
        self.threads = threads
        self.progress = progress

    def fly(self, deviations: Sequence[Array]) -> list[Encounters]:
        """For each target the encounters expected; `particle` counts its own orbits."""
        parts = by_date([one.epoch_mjd_tdb for one in self.targets])
        found: dict[int, Encounters] = {}
        for index, part in enumerate(parts):
            progress = share(self.progress, index, len(parts))
            found |= self._fly_part({k: deviations[k] for k in part}, progress)
        return [found[k] for k in range(len(deviations))]

    def _fly_part(
        self, deviations: dict[int, Array], progress: Progress | None
    ) -> dict[int, Encounters]:
        """The same for some of the targets, by their index."""
        targets = [self.targets[k] for k in deviations]
        first = np.cumsum([0, *(part.shape[0] for part in deviations.values())])
        until = max(one.epoch_mjd_tdb for one in targets) + _SAME_D
        found = propagate(
            self.ephemeris,
            particle(
                self.ephemeris, self.orbit, self.number, np.concatenate([*deviations.values()])
            ),
            [min(until, self.ephemeris.last_mjd_tdb)],
            watches=[Watch(body, _WATCHED_KM) for body in {one.body for one in targets}],
            threads=self.threads,
            progress=progress,
            label=f"orbits around {len(self.targets)} virtual impactors",
        ).encounters
        results = {}
        for row, (k, target) in enumerate(zip(deviations, targets, strict=True)):
            mine = (found.particle >= first[row]) & (found.particle < first[row + 1])
            mine &= found.body == MAJOR_BODIES.index(target.body)
            mine &= np.abs(found.epoch_mjd_tdb - target.epoch_mjd_tdb) < _SAME_D
            results[k] = found.where(mine)
            results[k].particle[:] -= first[row]
        return results

    def points_km(self, target: Target, found: Encounters, count: int) -> Array:
        """(count, 2) points along the plane's axes; NaN for orbits without an encounter."""
        points = np.full((count, 2), np.nan)
        if len(found) == 0:
            return points
        _, velocity = self.ephemeris.state(target.body, found.epoch_mjd_tdb)
        _, sun_velocity = self.ephemeris.state("sun", found.epoch_mjd_tdb)
        gm = float(self.ephemeris.arrays.gm_km3_s2[MAJOR_BODIES.index(target.body)])
        plane, _ = target_plane_points(
            found.state[:, :3], found.state[:, 3:], gm, velocity - sun_velocity
        )
        left, _, _ = target.axes
        # Of several passes of one orbit the nearest stands, being written last.
        order = np.argsort(-found.distance_km)
        points[found.particle[order]] = (plane @ left)[order]
        return points


def fly_around(
    ephemeris: Ephemeris,
    orbit: CartesianOrbit,
    number: int | None,
    targets: Sequence[Target],
    samples: int,
    seed: int,
    threads: int | None,
    progress: Progress | None,
) -> list[LocalSamples]:
    """Fly `samples` orbits around each target.

    Args:
        ephemeris: the attracting bodies.
        orbit: the nominal orbit.
        number: the object's.
        targets: orbits that come to a body.
        samples: for each target, eight times a power of two for even spreads.
        seed: of the spread.
        threads, progress: see `propagate`.
    """
    if not targets:
        return []
    field = Range(ephemeris, orbit, number, targets, threads, progress)
    sheets = _follow_ridges(field, [_straight_sheet(target) for target in targets])
    spread = np.concatenate(
        [
            qmc.Sobol(2, seed=np.random.default_rng([seed, k])).random(samples // _REPEATS)
            for k in range(_REPEATS)
        ]
    )
    drawn = [sheet.draw(spread) for sheet in sheets]
    moves = [sheet.moves(aims) for sheet, (aims, _) in zip(sheets, drawn, strict=True)]
    flown = field.fly([sheet.deviations(move) for sheet, move in zip(sheets, moves, strict=True)])
    results = []
    for sheet, move, (_, density), found in zip(sheets, moves, drawn, flown, strict=True):
        target = sheet.target
        _, _, right = target.axes
        own = np.prod(np.exp(-0.5 * (right @ target.z + move) ** 2) / _ROOT_2PI, axis=1)
        weight = np.maximum(own / density, np.finfo(np.float64).tiny)
        hits = found.where(found.is_impact)
        results.append(
            LocalSamples(
                target=target,
                samples=samples,
                hits=hits,
                weights=weight[hits.particle],
                estimate=_estimate(weight, hits.particle),
                sigma_lov=target.sigma + target.side * move[hits.particle, 0],
            )
        )
    return results


def _estimate(weight: Array, hits: NDArray[np.int64]) -> ProbabilityEstimate:
    """The mean weight of hits; its interval from the scatter of independent even spreads.

    An even spread is surer than as many orbits drawn at random; how much so, its repetitions
    with other seeds tell (Owen 1997, Ann. Statist. 25, 1541, doi:10.1214/aos/1031594731). The
    interval is Student's, and never narrower than one orbit's weight in all.
    """
    value = np.zeros(weight.size)
    value[hits] = weight[hits]
    means = value.reshape(_REPEATS, -1).mean(axis=1)
    probability = min(1.0, float(means.mean()))
    error = float(means.std(ddof=1)) / np.sqrt(_REPEATS)
    half = max(_STUDENT * error, float(weight.max()) / weight.size)
    return ProbabilityEstimate(
        probability,
        max(0.0, probability - half),
        min(1.0, probability + half),
        "lov",
        weight.size,
        hits.size,
    )


def _straight_sheet(target: Target) -> _Sheet:
    _, sizes, _ = target.axes
    mean, reach = target.mean_km, _MARGIN * target.radius_km
    edge = _ACROSS_SIGMA * sizes
    # Where the distribution does not come near the disc, all of the disc is looked at.
    low, high = np.maximum(-reach, mean - edge), np.minimum(reach, mean + edge)
    empty = low >= high
    low, high = np.where(empty, -reach, low), np.where(empty, reach, high)
    nodes = np.linspace(low[1], high[1], _RIDGE_NODES)
    return _Sheet(target, low, high, nodes, np.zeros(_RIDGE_NODES))


def _follow_ridges(field: Range, sheets: list[_Sheet]) -> list[_Sheet]:
    """Bend each sheet until orbits aimed along its middle come there."""
    for _ in range(_RIDGE_LOOKS):
        middles = [np.full(_RIDGE_NODES, 0.5 * (s.low[0] + s.high[0])) for s in sheets]
        aims = [np.stack([m, s.across_km], axis=1) for m, s in zip(middles, sheets, strict=True)]
        flown = field.fly([s.deviations(s.moves(aim)) for s, aim in zip(sheets, aims, strict=True)])
        bent = []
        for sheet, middle, found in zip(sheets, middles, flown, strict=True):
            points = field.points_km(sheet.target, found, _RIDGE_NODES)
            _, sizes, _ = sheet.target.axes
            off = (points[:, 0] - middle) / sizes[0]
            known = np.isfinite(off)
            if known.any():
                off = np.interp(sheet.across_km, sheet.across_km[known], off[known])
                sheet = _Sheet(
                    sheet.target, sheet.low, sheet.high, sheet.across_km, sheet.bend - off
                )
            bent.append(sheet)
        sheets = bent
    return sheets
