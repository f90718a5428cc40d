"""Impact samples of one object grouped into virtual impactors.

A virtual impactor is a connected set of orbits that hit (Milani, Chesley, Chodas and Valsecchi
2002, Asteroids III, p. 55). Samples only show points of it, so connection is judged in time and
along the line of variations: a group ends where no impact follows for `time_gap_d`, or where the
impacts separate clearly in sigma (see `_separate`). The result does not depend on the order of
the samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import JULIAN_YEAR_D
from perilune.errors import InputError
from perilune.impact.ground import GroundPoints
from perilune.impact.intervals import (
    ProbabilityEstimate,
    estimate_from_counts,
    estimate_from_weights,
)
from perilune.impact.scales import (
    BACKGROUNDS,
    impact_energy_mt,
    palermo_cumulative,
    palermo_scale,
    torino_scale,
)

Array = NDArray[np.float64]

TIME_GAP_D: Final = 10.0
# A gap in sigma splits a group when it is this many times both sides' extent, and ...
_EXTENT_RATIO: Final = 3.0
# ... both sides have this many impacts, or the gap is half a sigma.
_ENOUGH_IMPACTS: Final = 5
_CLEAR_GAP_SIGMA: Final = 0.5


@dataclass(frozen=True)
class ImpactSamples:
    """The samples of one object that hit one body, out of `samples` drawn.

    Attributes:
        epoch_mjd_tdb: times of impact, shape (n,).
        sigma_lov: position of each sample along the line of variations, in sigmas, shape (n,).
        ground: where and how they hit, arrays of shape (n,).
        samples: number of samples drawn, hits or not.
        weights: likelihood ratios of the hits for importance sampling, shape (n,); None if all
            samples were drawn from the orbit's own distribution.
        largest_weight: largest likelihood ratio of any sample drawn; needed with `weights`.
    """

    epoch_mjd_tdb: Array
    sigma_lov: Array
    ground: GroundPoints
    samples: int
    weights: Array | None = None
    largest_weight: float | None = None

    def __post_init__(self) -> None:
        count = self.epoch_mjd_tdb.shape
        arrays = (self.epoch_mjd_tdb, self.sigma_lov, self.ground.longitude_rad)
        if len(count) != 1 or any(a.shape != count for a in arrays):
            raise InputError(
                "impact samples need one time, sigma and place each",
                found=[a.shape for a in arrays],
            )
        if not all(np.isfinite(a).all() for a in arrays):
            raise InputError("an impact sample holds a number that is not finite")
        if (self.weights is None) != (self.largest_weight is None):
            raise InputError("weights and the largest weight come together", field="weights")
        if self.weights is not None and self.weights.shape != count:
            raise InputError("one weight a hit is needed", field="weights")


@dataclass(frozen=True)
class VirtualImpactor:
    """One group of impacts. Means are weighted by the samples' likelihood.

    Attributes:
        members: rows of the samples given, ascending.
        epoch_mjd_tdb: mean time of impact.
        epoch_first_mjd_tdb: earliest impact of the group.
        epoch_last_mjd_tdb: latest impact of the group.
        estimate: probability with its 95 % interval.
        sigma_lov: mean position along the line of variations.
        longitude_rad: east longitude of the mean direction; None where the places cancel.
        latitude_rad: latitude of the mean direction, as in `GroundPoints`.
        speed_km_s: root-mean-square speed against the ground.
        energy_mt: mean kinetic energy at that speed, Mt of TNT.
        palermo: Palermo scale.
        torino: Torino scale; None over 100 years ahead.
    """

    members: tuple[int, ...]
    epoch_mjd_tdb: float
    epoch_first_mjd_tdb: float
    epoch_last_mjd_tdb: float
    estimate: ProbabilityEstimate
    sigma_lov: float
    longitude_rad: float | None
    latitude_rad: float | None
    speed_km_s: float
    energy_mt: float
    palermo: float
    torino: int | None


def virtual_impactors(
    samples: ImpactSamples, mass_kg: float, assessed_mjd_tdb: float, time_gap_d: float = TIME_GAP_D
) -> tuple[VirtualImpactor, ...]:
    """Groups the hits and rates each group, in the order of time.

    Args:
        samples: the hits; none give an empty result.
        mass_kg: mass of the object.
        assessed_mjd_tdb: the date from which the Palermo and Torino scales count.
        time_gap_d: a longer time without an impact ends a group.

    Raises:
        InputError: if an impact is not after the assessment, or the mass not above 0.
    """
    found = []
    for in_time in _split_where(samples.epoch_mjd_tdb, time_gap_d):
        for part in _separate(samples.sigma_lov[in_time]):
            members = np.sort(in_time[part])
            found.append(rate_impacts(samples, members, mass_kg, assessed_mjd_tdb))
    return tuple(sorted(found, key=lambda vi: (vi.epoch_mjd_tdb, vi.sigma_lov)))


def palermo_of(impactors: Sequence[VirtualImpactor]) -> tuple[float, float]:
    """Cumulative and greatest Palermo scale; minus infinity for none."""
    values = [vi.palermo for vi in impactors]
    return palermo_cumulative(values), max(values, default=-math.inf)


def torino_of(impactors: Sequence[VirtualImpactor]) -> int | None:
    """Greatest Torino scale; 0 without impactors, None where all are over 100 years ahead."""
    rated = [vi.torino for vi in impactors if vi.torino is not None]
    return max(rated) if rated else None if impactors else 0


def _split_where(values: Array, gap: float) -> list[NDArray[np.intp]]:
    """Rows in groups whose sorted values follow one another within `gap`."""
    order = np.argsort(values, kind="stable")
    breaks = np.flatnonzero(np.diff(values[order]) > gap) + 1
    return [part for part in np.split(order, breaks) if part.size]


def _separate(sigma: Array) -> list[NDArray[np.intp]]:
    """Rows in groups that are clearly apart in sigma.

    Neighbours merge from the smallest gap up, until every gap left is over three times the
    extent of the groups on both sides, and either both have five impacts or the gap is over half
    a sigma. So the thin tails of one wide group stay with it, and a few scattered hits of one
    impactor stay together.
    """
    order = np.argsort(sigma, kind="stable")
    values = sigma[order]
    gaps = np.diff(values)
    # Doubly linked groups, each known by its first and last place in the sorted row.
    first_of = np.arange(values.size)
    last_of = np.arange(values.size)
    open_gaps = list(np.argsort(gaps, kind="stable"))
    merged = True
    while merged:
        merged = False
        left_over = []
        for place in open_gaps:
            first, last = first_of[place], last_of[place + 1]
            extent = max(values[place] - values[first], values[last] - values[place + 1])
            fewest = min(place - first + 1, last - place)
            clear = gaps[place] > _EXTENT_RATIO * extent and (
                fewest >= _ENOUGH_IMPACTS or gaps[place] > _CLEAR_GAP_SIGMA
            )
            if clear:
                left_over.append(place)
                continue
            last_of[first] = last
            first_of[last] = first
            merged = True
        open_gaps = left_over
    breaks = np.sort(np.array(open_gaps, dtype=np.intp)) + 1
    return np.split(order, breaks)


def rate_impacts(
    samples: ImpactSamples,
    members: NDArray[np.intp],
    mass_kg: float,
    assessed_mjd_tdb: float,
    estimate: ProbabilityEstimate | None = None,
) -> VirtualImpactor:
    """One virtual impactor of the hits in the rows `members`; see `virtual_impactors`.

    An `estimate` that is given stands for what the counts or weights would give.
    """
    ground = samples.ground
    if samples.weights is None or samples.largest_weight is None:
        estimate = estimate or estimate_from_counts(members.size, samples.samples)
        shares = np.full(members.size, 1.0 / members.size)
    else:
        weights = samples.weights[members]
        if estimate is None:
            estimate = estimate_from_weights(weights, samples.samples, samples.largest_weight)
        shares = weights / math.fsum(weights)

    def mean(values: Array) -> float:
        # About the first in sorted order, so that neither order nor size costs digits.
        base = float(values[members].min())
        return base + math.fsum(shares * (values[members] - base))

    epochs = samples.epoch_mjd_tdb[members]
    epoch = mean(samples.epoch_mjd_tdb)
    ahead_years = (epoch - assessed_mjd_tdb) / JULIAN_YEAR_D
    if ahead_years <= 0.0:
        raise InputError(
            "an impact must come after the assessment",
            field="assessed_mjd_tdb",
            found=assessed_mjd_tdb,
            expected=f"before MJD {epoch:.6f} TDB",
        )
    speed = math.sqrt(mean(ground.speed_km_s**2))
    energy = float(impact_energy_mt(mass_kg, speed))
    longitude, latitude = _mean_place(
        ground.longitude_rad[members], ground.latitude_rad[members], shares
    )
    palermo = palermo_scale(estimate.probability, energy, ahead_years, BACKGROUNDS[ground.body])
    return VirtualImpactor(
        members=tuple(int(row) for row in members),
        epoch_mjd_tdb=epoch,
        epoch_first_mjd_tdb=float(epochs.min()),
        epoch_last_mjd_tdb=float(epochs.max()),
        estimate=estimate,
        sigma_lov=mean(samples.sigma_lov),
        longitude_rad=longitude,
        latitude_rad=latitude,
        speed_km_s=speed,
        energy_mt=energy,
        palermo=float(palermo),
        torino=torino_scale(estimate.probability, energy, ahead_years),
    )


def _mean_place(
    longitude_rad: Array, latitude_rad: Array, shares: Array
) -> tuple[float | None, float | None]:
    """Longitude and latitude of the mean of the unit vectors; None where they cancel."""
    x = math.fsum(shares * np.cos(latitude_rad) * np.cos(longitude_rad))
    y = math.fsum(shares * np.cos(latitude_rad) * np.sin(longitude_rad))
    z = math.fsum(shares * np.sin(latitude_rad))
    if math.sqrt(x * x + y * y + z * z) < 1e-9:
        return None, None
    return math.atan2(y, x), math.atan2(z, math.hypot(x, y))
