"""Whether the observations that an orbit rejects are another object's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import Kind
from perilune.determination.growth import grow, heliocentric, mask_of
from perilune.determination.least_squares import Solution
from perilune.determination.measurements import Measurements
from perilune.determination.preliminary import preliminary_orbits
from perilune.determination.rejection import nights_of
from perilune.determination.verdict import MAX_CHI2_REDUCED
from perilune.ephemeris import Ephemeris
from perilune.orbits.orbit import CartesianOrbit

# Fewer rejected rows, or on fewer nights, always fit some orbit. Only nights of several rows count:
# blunders come singly.
_FEWEST: Final = 8
_FEWEST_NIGHTS: Final = 3
# Rows that fit no orbit in the best parts of the arc fit none.
_SEGMENTS: Final = 4
# Of the rejected rows this share must fit the other orbit: blunders fit none.
_SHARE: Final = 0.7
# Whole nights so far from the orbit, and their rows so near to each other's motion, are another
# object's even where too few for an orbit.
_APART_RAD: Final = np.radians(60.0 / 3600.0)
_TOGETHER_SIGMA: Final = 5.0
# How far a row must lie from the orbit to be a stranger's rather than a bad measurement.
_FAR_SIGMA: Final = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Stranger:
    """Another object among the observations.

    Attributes:
        rows: indices into the measurements.
        orbit: heliocentric, of these rows alone; None where they are too few for one.
        nights: on how many nights they were taken.
    """

    rows: NDArray[np.int64]
    orbit: CartesianOrbit | None
    nights: int


def find_stranger(
    ephemeris: Ephemeris, solution: Solution, measurements: Measurements
) -> Stranger | None:
    """Whose the rejected places are, if they fit an orbit or lie together; None if they do not."""
    norm = np.sqrt(solution.residuals.chi2)
    far = ~solution.used & (measurements.kind == Kind.OPTICAL) & ~(norm < _FAR_SIGMA)
    looks = [night[far[night]] for night in nights_of(measurements)]
    looks = [look for look in looks if look.size > 1]
    nights = len(looks)
    if nights < _FEWEST_NIGHTS or sum(look.size for look in looks) < _FEWEST:
        return None
    rows = np.sort(np.concatenate(looks))
    part = measurements.where(rows)
    everything = np.ones(rows.size, dtype=np.bool_)
    for candidate in preliminary_orbits(part, ephemeris, most_segments=_SEGMENTS)[:2]:
        start = heliocentric(ephemeris, candidate)
        begin = mask_of(candidate, rows.size)
        other = grow(ephemeris, start, None, part, begin, everything)
        if other is None or other.orbit.covariance is None:
            continue
        share = float(np.mean(other.used))
        if (
            share >= _SHARE
            and int(other.used.sum()) >= _FEWEST
            and (other.chi2_reduced < MAX_CHI2_REDUCED)
        ):
            return Stranger(rows[other.used], other.orbit, nights)
    whole = [night for night in nights_of(measurements) if _is_elsewhere(solution, night)]
    if len(whole) < _FEWEST_NIGHTS or sum(night.size for night in whole) < _FEWEST:
        return None
    return Stranger(np.sort(np.concatenate(whole)), None, len(whole))


def _is_elsewhere(solution: Solution, night: NDArray[np.int64]) -> bool:
    """Whether a night's rows all lie far from the orbit, on a straight line in time or nearly."""
    if solution.used[night].any():
        return False
    found = solution.residuals
    off = np.stack([found.along_ra_rad[night], found.along_dec_rad[night]], axis=1)
    if not np.isfinite(off).all() or np.linalg.norm(off, axis=1).min() < _APART_RAD:
        return False
    order = np.linspace(-1.0, 1.0, night.size)
    line = np.polynomial.polynomial.polyfit(order, off, 1 if night.size > 2 else 0)
    straight = np.polynomial.polynomial.polyval(order, line).T
    sigma = np.abs(found.factor[night, 0, 0])
    # Motion between rows, which are not spaced evenly, leaves a part of itself.
    slack = _TOGETHER_SIGMA * sigma + 0.5 * np.linalg.norm(np.ptp(off, axis=0)) / night.size
    return bool(np.all(np.linalg.norm(off - straight, axis=1) < slack))
