"""Orbits along the line of variations, dense enough that neighbours tell what lies between.

Uniform steps in sigma, or in probability (Del Vigna, Guerra and Valsecchi 2019,
doi:10.1016/j.icarus.2018.12.028), put most orbits where nothing happens and too few where a close
encounter has pulled the line apart. Here a step is cut while its ends are farther apart than
`APART_KM` at any checkpoint of the search, until its probability is so small that no impact above
the level asked for can escape: a stretch that takes the line past both ends of the neighbourhood
watched within one step leaves an impact there less than step times radius over neighbourhood.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from perilune.constants import AU_KM
from perilune.dynamics import Encounters, Progress, Propagation, Status, Watch, propagate
from perilune.dynamics.orbit_paths import particle
from perilune.ephemeris import Ephemeris
from perilune.impact.crossings import crossing_points
from perilune.impact.line_of_variations import LineOfVariations
from perilune.orbits.orbit import CartesianOrbit

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

# Passes within this distance of the Earth are kept: far enough that few orbits are needed, near
# enough that two-body crossings hold to a few thousandths of an au.
TARGET_KM: Final = 0.4 * AU_KM
APART_KM: Final = 0.6 * AU_KM
_CHECKPOINT_D: Final = 730.5
_FIRST: Final = 65
_LARGEST_CUT: Final = 8
# Separations are compared as they would be 1 au from the Sun, where the Earth meets them.
_SPEED_AT_1_AU_KM_S: Final = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """Encounters of orbits on the line with the Earth, one a row.

    Attributes:
        orbit: (K,) row of the orbit.
        epoch_mjd_tdb: (K,) of closest approach, or of the impact.
        points_km: (K, 2) xi and zeta, see `crossing_points`.
    """

    orbit: Rows
    epoch_mjd_tdb: Array
    points_km: Array

    @staticmethod
    def none() -> Passes:
        """An empty table."""
        return Passes(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, 2)))

    def of_orbits(self, count: int) -> list[Rows]:
        """The rows of each of `count` orbits."""
        order = np.argsort(self.orbit, kind="stable")
        first = np.searchsorted(self.orbit[order], np.arange(count + 1))
        return [order[a:b] for a, b in pairwise(first)]


class LineFlight:
    """Carries orbits of the line, by their sigma, to the end of the search."""

    def __init__(
        self,
        ephemeris: Ephemeris,
        orbit: CartesianOrbit,
        number: int | None,
        line: LineOfVariations,
        until_mjd_tdb: float,
        threads: int | None,
        progress: Progress | None,
    ) -> None:
        self.ephemeris = ephemeris
        self.orbit = orbit
        self.number = number
        self.line = line
        self.until = until_mjd_tdb
        self.threads = threads
        self.progress = progress
        self.flown = 0
        first = orbit.epoch_mjd_tdb + _CHECKPOINT_D
        # The last is the end itself, and no other is so near that rounding makes them one.
        regular = np.arange(first, until_mjd_tdb - 1.0, _CHECKPOINT_D)
        self.checkpoints = np.append(regular, until_mjd_tdb)

    def fly(self, sigma: Array) -> Propagation:
        """Propagate the orbits at `sigma` (N,) over the checkpoints, with the Earth watched."""
        self.flown += sigma.size
        return propagate(
            self.ephemeris,
            particle(self.ephemeris, self.orbit, self.number, self.line.deviations(sigma)),
            self.checkpoints,
            watches=[Watch("earth", TARGET_KM)],
            threads=self.threads,
            progress=self.progress,
            label=f"{self.flown:,} orbits on the line of variations",
        )

    def passes(self, found: Encounters) -> Passes:
        """The Earth's encounters among `found`."""
        earth = found.where(found.body == self.ephemeris.body_index("earth"))
        if len(earth) == 0:
            return Passes.none()
        points = crossing_points(self.ephemeris, "earth", earth)
        return Passes(earth.particle, earth.epoch_mjd_tdb, points)


class LineSamples:
    """The orbits flown, ascending in sigma, and what they met.

    Attributes:
        sigma: (N,).
        passes: with the Earth; `orbit` is a row of `sigma`.
        hit_body: (N,) index of the body that each orbit hit, -1 for none.
        hit_mjd_tdb: (N,) when.
        failed: orbits that could not be carried to the end.
    """

    def __init__(self, flight: LineFlight) -> None:
        self.flight = flight
        self.sigma = np.zeros(0)
        self.passes = Passes.none()
        self.hit_body = np.zeros(0, dtype=np.int64)
        self.hit_mjd_tdb = np.zeros(0)
        self.failed = 0
        self._position_km = np.zeros((0, flight.checkpoints.size, 3))
        self._speed_km_s = np.zeros((0, flight.checkpoints.size))

    def add(self, sigma: Array) -> Passes:
        """Fly more orbits; their passes, with `orbit` a row of the `sigma` given."""
        result = self.flight.fly(sigma)
        new = self.flight.passes(result.encounters)
        self.failed += int((result.status > Status.IMPACTED).sum())
        everything = np.concatenate([self.sigma, sigma])
        place = np.argsort(everything, kind="stable")
        rank = np.empty_like(place)
        rank[place] = np.arange(place.size)
        speed = np.linalg.norm(result.velocity_km_s, axis=2).T
        position = result.position_km.transpose(1, 0, 2)
        self._position_km = np.concatenate([self._position_km, position])[place]
        self._speed_km_s = np.concatenate([self._speed_km_s, speed])[place]
        self.hit_body = np.concatenate([self.hit_body, result.body])[place]
        self.hit_mjd_tdb = np.concatenate([self.hit_mjd_tdb, result.stop_mjd_tdb])[place]
        old = self.passes
        self.passes = Passes(
            rank[np.concatenate([old.orbit, new.orbit + self.sigma.size])],
            np.concatenate([old.epoch_mjd_tdb, new.epoch_mjd_tdb]),
            np.concatenate([old.points_km, new.points_km]),
        )
        self.sigma = everything[place]
        return new

    def apart_km(self) -> Array:
        """(N - 1,) greatest separation of neighbours while both are on their way."""
        apart = np.linalg.norm(np.diff(self._position_km, axis=0), axis=2)
        speed = np.minimum(self._speed_km_s[1:], self._speed_km_s[:-1])
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = apart * _SPEED_AT_1_AU_KM_S / speed
        return np.asarray(np.nan_to_num(scaled, nan=0.0).max(axis=1))


def sample_line(flight: LineFlight, least_mass: float, most: int) -> LineSamples:
    """Sample the line until its steps are short enough or not worth it; see `refine`."""
    samples = LineSamples(flight)
    samples.add(np.linspace(*flight.line.ends, _FIRST))
    refine(samples, least_mass, most)
    return samples


def refine(samples: LineSamples, least_mass: float, most: int) -> None:
    """Cut steps whose ends are far apart.

    Args:
        samples: the sampled line.
        least_mass: a step of less probability is not cut.
        most: orbits at most; the likeliest steps are cut first.
    """
    while True:
        apart = samples.apart_km()
        sigma = samples.sigma
        mass = np.diff(ndtr(sigma))
        cuts = np.minimum(np.ceil(apart / APART_KM), np.ceil(mass / least_mass))
        cuts = np.clip(cuts, 1, _LARGEST_CUT).astype(np.int64)
        open_ = np.flatnonzero(cuts > 1)
        open_ = open_[np.argsort(-mass[open_], kind="stable")]
        open_ = open_[np.cumsum(cuts[open_] - 1) <= most - sigma.size]
        if open_.size == 0:
            return
        pieces = [np.linspace(sigma[i], sigma[i + 1], cuts[i] + 1)[1:-1] for i in open_]
        samples.add(np.concatenate(pieces))
