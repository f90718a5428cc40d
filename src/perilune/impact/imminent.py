"""Imminent impactors: what an hour of observations says of the next weeks.

Orbits are drawn from what the observations leave (`determination.orbit_samples`), carried on with
the full engine, and the weights of those that hit are the probability. Nothing is linearised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.determination.least_squares import Solution
from perilune.determination.measurements import Measurements
from perilune.determination.orbit_samples import OrbitSamples, sample_orbits
from perilune.dynamics import Encounters, Particles, Progress, Status, Watch, propagate
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError, NotConvergedError
from perilune.impact.clones import ground_of
from perilune.impact.corridor import Corridor, corridor
from perilune.impact.ground import GroundPoints
from perilune.impact.intervals import ProbabilityEstimate, estimate_from_weights

Array = NDArray[np.float64]

HORIZON_D: Final = 60.0
SAMPLES: Final = 2000
# Impacts are recorded whatever is watched; this keeps the table of passes short.
_WATCH_KM: Final = 1.0e5


@dataclass(frozen=True, slots=True, eq=False)
class BodyOutcome:
    """What the samples do at one body.

    Attributes:
        body: "earth" or "moon".
        estimate: the probability of an impact with its 95 % interval.
        hits: (K,) rows of the samples that hit.
        epoch_mjd_tdb: (K,) of the impacts: crossing 100 km altitude, or the Moon's surface.
        ground: (K,) where and how they hit; None without hits.
        entry_mjd_tdb: the weights' 2.5 %, 50 % and 97.5 % points of the time; None without hits.
        corridor: None for fewer than three hits.
    """

    body: str
    estimate: ProbabilityEstimate
    hits: NDArray[np.int64]
    epoch_mjd_tdb: Array
    ground: GroundPoints | None
    entry_mjd_tdb: tuple[float, float, float] | None
    corridor: Corridor | None


@dataclass(frozen=True, slots=True, eq=False)
class Imminent:
    """The next weeks of one object.

    Attributes:
        object: its designation.
        samples: the orbits.
        arc_h: hours from the first observation used to the last.
        observations: used.
        until_mjd_tdb: the end of the propagation.
        outcomes: one a body.
    """

    object: str
    samples: OrbitSamples
    arc_h: float
    observations: int
    until_mjd_tdb: float
    outcomes: tuple[BodyOutcome, ...]

    def outcome(self, body: str) -> BodyOutcome:
        """The outcome for a body.

        Raises:
            InputError: it was not asked for.
        """
        for outcome in self.outcomes:
            if outcome.body == body:
                return outcome
        raise InputError("no outcome was computed for this body", field="body", found=body)


def assess_imminent(
    name: str,
    measurements: Measurements,
    ephemeris: Ephemeris,
    *,
    seed: int,
    samples: int = SAMPLES,
    days: float = HORIZON_D,
    bodies: tuple[str, ...] = ("earth", "moon"),
    solution: Solution | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Imminent:
    """The probability of an impact within some weeks, from observations alone.

    Args:
        name: the object's designation.
        measurements: in order of time.
        ephemeris: with the massive asteroids.
        seed: of the random numbers: the same seed gives the same numbers.
        samples: orbits drawn.
        days: how far ahead of the last observation.
        bodies: of "earth" and "moon".
        solution: a fit of these measurements, if there is one.
        threads, progress: see `propagate`.

    Raises:
        InputError: too few observations.
        NotConvergedError: no orbit fits them, or samples could not be propagated.
        OutOfRangeError: an epoch outside the ephemeris.
    """
    drawn = sample_orbits(
        measurements, ephemeris, seed=seed, samples=samples, solution=solution, threads=threads
    )
    until = float(measurements.epoch_mjd_tdb.max()) + days
    run = propagate(
        ephemeris,
        Particles(
            np.full(len(drawn.weights), drawn.epoch_mjd_tdb),
            np.ascontiguousarray(drawn.states[:, :3]),
            np.ascontiguousarray(drawn.states[:, 3:]),
        ),
        [until],
        watches=[Watch(body, _WATCH_KM) for body in bodies],
        threads=threads,
        progress=progress,
        label=f"{len(drawn.weights)} orbits of {name}",
    )
    failed = run.status > Status.IMPACTED
    lost = float(drawn.weights[failed].sum())
    if lost > 0.0:
        raise NotConvergedError(
            f"{int(failed.sum())} of {failed.size} orbits of {name} could not be carried on: "
            "no probability is given."
        )
    impacts = run.encounters.where(run.encounters.is_impact)
    used = measurements.where(drawn.used)
    return Imminent(
        object=name,
        samples=drawn,
        arc_h=24.0 * used.arc_d,
        observations=len(used),
        until_mjd_tdb=until,
        outcomes=tuple(_outcome(body, ephemeris, impacts, drawn.weights) for body in bodies),
    )


def _outcome(body: str, ephemeris: Ephemeris, impacts: Encounters, weights: Array) -> BodyOutcome:
    mine = impacts.where(impacts.body == ephemeris.body_index(body))
    hits = mine.particle
    epochs = mine.epoch_mjd_tdb
    share = weights[hits]
    ground = ground_of(body, mine) if hits.size else None
    return BodyOutcome(
        body=body,
        estimate=weighted_probability(weights, hits),
        hits=hits,
        epoch_mjd_tdb=epochs,
        ground=ground,
        entry_mjd_tdb=_quantiles(epochs, share) if share.sum() > 0.0 else None,
        corridor=None
        if ground is None or not share.sum() > 0.0
        else corridor(body, ground.longitude_rad, ground.latitude_rad, share),
    )


def weighted_probability(weights: Array, hits: NDArray[np.int64]) -> ProbabilityEstimate:
    """The weights' share of the hits with its 95 % interval.

    The interval of the rarer outcome, hit or miss, is that of a weighted Poisson count
    (`intervals.weighted_interval`); an outcome that was not seen may weigh as much as the heaviest
    sample.

    Args:
        weights: (N,) which sum to one.
        hits: (K,) rows that hit.
    """
    count = weights.size
    ratio = weights / weights.sum() * count
    is_hit = np.zeros(count, dtype=np.bool_)
    is_hit[hits] = True
    largest = float(ratio.max())
    rare_is_hit = float(ratio[is_hit].sum()) <= 0.5 * count
    rare = ratio[(is_hit == rare_is_hit) & (ratio > 0.0)]
    found = estimate_from_weights(rare, count, largest)
    if rare_is_hit:
        low, probability, high = found.low, found.probability, found.high
    else:
        low, probability, high = 1.0 - found.high, 1.0 - found.probability, 1.0 - found.low
    seen = int(np.count_nonzero(is_hit & (ratio > 0.0)))
    return ProbabilityEstimate(probability, low, high, "importance", count, seen)


def _quantiles(values: Array, weights: Array) -> tuple[float, float, float]:
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    share = (share - 0.5 * weights[order]) / share[-1]
    low, middle, high = np.interp([0.025, 0.5, 0.975], share, values[order])
    return float(low), float(middle), float(high)
