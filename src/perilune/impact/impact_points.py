"""Where the orbits of one virtual impactor hit: flown again, from what an assessment has kept.

An assessment keeps a virtual impactor's mean place; a corridor needs the places of all its orbits.
They come as they came before: clones by the same seed, orbits around the same point of the line of
variations, or orbits steered to the impact anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import AU_KM
from perilune.dynamics import solar_system
from perilune.dynamics.orbit_paths import covariance_factor
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError, NotConvergedError
from perilune.impact.approaches import nominal_run
from perilune.impact.assessment import ImpactorRow, RiskAssessment
from perilune.impact.clones import ground_of, run_clones
from perilune.impact.corridor import Corridor, corridor
from perilune.impact.ground import GroundPoints
from perilune.impact.importance import search_importance
from perilune.impact.line_of_variations import SIGMA_MAX, straight_line, weakest_direction
from perilune.impact.local_samples import LocalSamples, fly_around
from perilune.impact.targets import targets_of
from perilune.orbits.orbit import Orbit
from perilune.times import parse_epoch

Array = NDArray[np.float64]

_AROUND: Final = 1024  # orbits, eight times a power of two
_SAME_D: Final = 3.0
_SEARCH_KM: Final = 0.3 * AU_KM  # as in `risk`: the line's direction is of the same encounters
_SCOUTS: Final = 1_000
_LEAST: Final = 1.0e-10


@dataclass(frozen=True, slots=True, eq=False)
class ImpactPoints:
    """The hits of one virtual impactor.

    Attributes:
        body: "earth" or "moon".
        orbits: flown, hits or not.
        epoch_mjd_tdb: (K,) of the hits.
        ground: (K,) where and how they hit.
        weights: (K,) likelihood ratios.
    """

    body: str
    orbits: int
    epoch_mjd_tdb: Array
    ground: GroundPoints
    weights: Array

    def corridor(self) -> Corridor | None:
        """Central line and swaths; None for fewer than three hits."""
        return corridor(
            self.body, self.ground.longitude_rad, self.ground.latitude_rad, self.weights
        )

    def entry_mjd_tdb(self) -> tuple[float, float, float]:
        """The weights' 2.5 %, 50 % and 97.5 % points of the time."""
        order = np.argsort(self.epoch_mjd_tdb)
        share = np.cumsum(self.weights[order]) / self.weights.sum()
        rows = order[np.searchsorted(share, (0.025, 0.5, 0.975)).clip(max=order.size - 1)]
        low, middle, high = self.epoch_mjd_tdb[rows].tolist()
        return low, middle, high


def impact_points(
    orbit: Orbit, assessment: RiskAssessment, impactor: ImpactorRow, *, threads: int | None = None
) -> ImpactPoints:
    """Fly the orbits of one virtual impactor.

    Args:
        orbit: the one that was assessed.
        assessment: of one body.
        impactor: one of the assessment's.
        threads: see `propagate`.

    Raises:
        InputError: the orbit has no covariance, or the method flew no orbits.
        NotConvergedError: no impact was found again.
    """
    cartesian = orbit.cartesian()
    if cartesian.covariance is None:
        raise InputError(
            f"the orbit of {orbit.full_name} ({orbit.solution}) has no covariance",
            field="covariance",
            expected="a covariance, since places of impact need one",
        )
    ephemeris = solar_system()
    epoch = parse_epoch(impactor.epoch_utc)
    seed = assessment.seed or 1
    if assessment.method == "monte-carlo":
        return _of_clones(ephemeris, orbit, assessment, epoch, seed, threads)
    factor = covariance_factor(cartesian.covariance)
    found: LocalSamples | None = None
    if assessment.method == "lov":
        direction = _line_direction(ephemeris, orbit, parse_epoch(assessment.until_utc), threads)
        line = straight_line(factor, direction, SIGMA_MAX)
        sigma = impactor.sigma_lov
        deviation = line.deviations(np.array([sigma]))[0]
        aim = (assessment.body, sigma, epoch, deviation, factor, sigma * direction)
        (target,) = targets_of(ephemeris, cartesian, orbit.number, [aim], threads)
        if target is not None:
            (found,) = fly_around(
                ephemeris, cartesian, orbit.number, [target], _AROUND, seed, threads, None
            )
    elif assessment.method == "importance":
        search = search_importance(
            ephemeris, cartesian, orbit.number, factor, [assessment.body], epoch + _SAME_D,
            scouts=_SCOUTS, samples=_AROUND, least=_LEAST, seed=seed, threads=threads,
            progress=None,
        )  # fmt: skip
        near = [
            one
            for one in search.impactors
            if abs(one.target.epoch_mjd_tdb - epoch) < _SAME_D and len(one.hits)
        ]
        found = max(near, key=lambda one: one.estimate.probability, default=None)
    else:
        raise InputError(
            f"the method {assessment.method!r} flew no orbits that hit",
            field="method",
            found=assessment.method,
            expected="lov, monte-carlo or importance",
        )
    if found is None or len(found.hits) == 0:
        raise NotConvergedError(
            f"{orbit.full_name}: the impact on the {assessment.body} of {impactor.epoch_utc} was "
            "not found again."
        )
    ground = ground_of(assessment.body, found.hits)
    return ImpactPoints(
        assessment.body, found.samples, found.hits.epoch_mjd_tdb, ground, found.weights
    )


def _of_clones(
    ephemeris: Ephemeris,
    orbit: Orbit,
    assessment: RiskAssessment,
    epoch: float,
    seed: int,
    threads: int | None,
) -> ImpactPoints:
    covariance = orbit.cartesian().covariance
    assert covariance is not None
    axis = np.eye(covariance.shape[0])[0]  # where along the line they lie is not asked
    clones = run_clones(
        ephemeris, orbit, axis, [assessment.body], epoch + _SAME_D, assessment.samples, seed,
        threads, None,
    )  # fmt: skip
    passes = clones.passes(ephemeris.body_index(assessment.body))
    hits = passes.where(passes.is_impact & (np.abs(passes.epoch_mjd_tdb - epoch) < _SAME_D))
    if len(hits) == 0:
        raise NotConvergedError(
            f"{orbit.full_name}: no clone hits the {assessment.body} about that time again."
        )
    ground = ground_of(assessment.body, hits)
    return ImpactPoints(
        assessment.body, clones.samples, hits.epoch_mjd_tdb, ground, np.ones(len(hits))
    )


def _line_direction(
    ephemeris: Ephemeris, orbit: Orbit, until_mjd_tdb: float, threads: int | None
) -> Array:
    """The unit vector of the line of variations that the assessment followed (`risk`)."""
    run = nominal_run(ephemeris, orbit, ("earth", "moon"), until_mjd_tdb, _SEARCH_KM, threads)
    return weakest_direction(run.factors, orbit.cartesian())
