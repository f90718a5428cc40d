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
from perilune.determination.verdict import MAX_CHI2_REDUCED
from perilune.ephemeris import Ephemeris
from perilune.orbits.orbit import CartesianOrbit

# Fewer rejected rows, or on fewer nights, always fit some orbit.
_FEWEST: Final = 6
_FEWEST_NIGHTS: Final = 2
# Of the rejected rows this share must fit the other orbit: blunders fit none.
_SHARE: Final = 0.7
# How far a row must lie from the orbit to be a stranger's rather than a bad measurement.
_FAR_SIGMA: Final = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Stranger:
    """Another object among the observations.

    Attributes:
        rows: indices into the measurements.
        orbit: heliocentric, of these rows alone.
        nights: on how many nights they were taken.
    """

    rows: NDArray[np.int64]
    orbit: CartesianOrbit
    nights: int


def find_stranger(
    ephemeris: Ephemeris, solution: Solution, measurements: Measurements
) -> Stranger | None:
    """An orbit that the rejected places fit among themselves; None if they fit none."""
    norm = np.sqrt(solution.residuals.chi2)
    far = ~solution.used & (measurements.kind == Kind.OPTICAL) & ~(norm < _FAR_SIGMA)
    rows = np.flatnonzero(far)
    nights = np.unique(np.floor(measurements.epoch_mjd_tdb[rows] - 0.5)).size
    if rows.size < _FEWEST or nights < _FEWEST_NIGHTS:
        return None
    part = measurements.where(rows)
    everything = np.ones(rows.size, dtype=np.bool_)
    for candidate in preliminary_orbits(part, ephemeris)[:2]:
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
            return Stranger(rows[other.used], other.orbit, int(nights))
    return None
