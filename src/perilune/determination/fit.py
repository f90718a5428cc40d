"""From observations to an orbit with an honest covariance, without a starting orbit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import Kind, Observations
from perilune.astrometry.sites import Observer
from perilune.determination.companions import companion_starts
from perilune.determination.forces import FORCES, Forces, chosen_forces
from perilune.determination.growth import grow, heliocentric, holds
from perilune.determination.least_squares import Solution, moved_to, shifted
from perilune.determination.measurements import Measurements
from perilune.determination.preliminary import preliminary_orbits
from perilune.determination.preparing import SetAside, measure
from perilune.determination.strangers import Stranger, find_stranger
from perilune.determination.tracks import tracks
from perilune.determination.verdict import Verdict, same_orbit, verdict
from perilune.ephemeris import Ephemeris
from perilune.orbits.designations import number_of
from perilune.orbits.orbit import CartesianOrbit

_CANDIDATES: Final = 5
# Where one orbit does not fit all rows, this many tracks in the sky are tried by themselves.
_TRACKS: Final = 3
# Up to so many rows, each is left out in turn where no orbit fits.
_POOR: Final = 15
# A position known worse than this may have rivals; so many sigmas away they are looked for.
_WEAK: Final = 0.01
_VALLEY_SIGMA: Final = (-8.0, -5.0, 5.0, 8.0)
_EXCLUDED_CHI2: Final = 25.0
# A start whose rows an orbit believes to this share leads there again.
_KNOWN: Final = 0.7
# Below this arc all candidates are followed to the end, for several may fit.
_SHORT_ARC_D: Final = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What became of one object's observations.

    Attributes:
        object: its designation.
        verdict: whether the orbit is to be relied on, and why.
        measurements: the N usable rows in order of time.
        set_aside: rows that no fit can use, with reasons.
        solution: the best orbit; None where there is none.
        alternatives: other orbits that the observations do not exclude.
        forces: what besides gravity was estimated, and why.
        stranger: another object among the rejected observations, if they fit an orbit.
        number: the minor planet's number, if it is one of the massive asteroids or numbered.
    """

    object: str
    verdict: Verdict
    measurements: Measurements
    set_aside: tuple[SetAside, ...]
    solution: Solution | None
    alternatives: tuple[Solution, ...]
    forces: Forces
    stranger: Stranger | None
    number: int | None


def fit_observations(
    observations: Observations,
    ephemeris: Ephemeris,
    *,
    forces: str = "auto",
    start: CartesianOrbit | None = None,
    debias: bool = True,
    observers: Mapping[str, Observer] | None = None,
) -> Fit:
    """Fit one object.

    Args:
        observations: of one object.
        ephemeris: with the massive asteroids.
        forces: a key of `FORCES`, or "auto": gravity alone unless the residuals demand more.
        start: an orbit to begin with; else preliminary orbits are made from the observations.
        debias: take off the star catalogues' errors where the table is installed.
        observers: by the rows' station codes: sites and orbiters that the MPC's list lacks.

    Raises:
        DataMissingError: a table of the package's data is damaged.
    """
    name = str(observations.designation[0])
    number = number_of(name)
    measurements, set_aside = measure(observations, ephemeris, debias=debias, observers=observers)
    eligible = np.isfinite(measurements.sigma_ra_rad) | (measurements.kind != Kind.OPTICAL)
    found: list[Solution] = []
    forced: tuple[Solution, Forces] | None = None
    task = _Task(ephemeris, number, measurements, eligible, forces, name)
    if start is not None:
        task.follow(found, [(start, eligible)])
    else:
        for rows in _parts(measurements):
            task.follow(found, task.starts(rows))
            if any(holds(each, eligible) for each in found):
                break
            # Where gravity alone does not hold the arc, other forces may.
            forced = task.forced(found) if found and forced is None else forced
            if forced is not None and holds(forced[0], eligible):
                break
        else:
            task.follow(found, companion_starts(measurements, ephemeris, number), again=True)
            if not any(holds(each, eligible) for each in found):
                for rows in _without_one(measurements):
                    task.follow(found, task.starts(rows), again=True)
        if found and measurements.arc_d < _SHORT_ARC_D:
            task.follow(found, _along_the_valley(min(found, key=_rank)))
    found.sort(key=_rank)
    best = found[0] if found else None
    chosen = FORCES["gravity"]
    if forced is not None and (best is None or _rank(forced[0]) < _rank(best)):
        best, chosen = forced
    elif best is not None:
        best, chosen = task.forced(found)
    # What is worse by five sigmas is excluded.
    others = tuple(
        each for each in found[1:] if best is not None and each.chi2 < best.chi2 + _EXCLUDED_CHI2
    )
    judged = verdict(best, others, measurements)
    stranger = None if best is None else find_stranger(ephemeris, best, measurements)
    if stranger is not None:
        how = "fit another orbit" if stranger.orbit else "lie together elsewhere"
        reason = (
            f"{judged.reason}; two objects under one designation: {stranger.rows.size} "
            f"observations of {stranger.nights} nights {how}"
        )
        judged = replace(judged, reason=reason)
    return Fit(
        object=name,
        verdict=judged,
        measurements=measurements,
        set_aside=set_aside,
        solution=best,
        alternatives=others,
        forces=chosen,
        stranger=stranger,
        number=number,
    )


def _parts(measurements: Measurements) -> Iterator[NDArray[np.int64]]:
    """Rows to make preliminary orbits from: all, and then the tracks that they fall into."""
    yield np.arange(len(measurements))
    for rows in tracks(measurements)[:_TRACKS]:
        if rows.size < len(measurements):
            yield rows


def _along_the_valley(solution: Solution) -> list[tuple[CartesianOrbit, NDArray[np.bool_]]]:
    """Starts on both sides of an orbit in its weakest direction; none where all is well known.

    A short arc seen far from opposition may have a second minimum there.
    """
    covariance = solution.orbit.covariance
    if covariance is None:
        return []
    values, vectors = np.linalg.eigh(covariance[:3, :3])
    sigma = float(np.sqrt(max(values[-1], 0.0)))
    if sigma < _WEAK * float(np.linalg.norm(solution.orbit.position_km)):
        return []
    # Along the line of regression on the worst known place.
    weak = covariance[:6, :3] @ vectors[:, -1] / sigma
    return [(shifted(solution.orbit, k * weak), solution.used) for k in _VALLEY_SIGMA]


def _without_one(measurements: Measurements) -> Iterator[NDArray[np.int64]]:
    """All rows but one, each in turn, of arcs so poor that one blunder spoils every start."""
    n = len(measurements)
    if 4 < n <= _POOR:
        for row in range(n):
            yield np.delete(np.arange(n), row)


def _rows(rows: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    mask = np.zeros(n, dtype=np.bool_)
    mask[rows] = True
    return mask


def _rank(solution: Solution) -> tuple[int, float]:
    """The orbit that most observations support; among equals, the one that they like best."""
    return -int(solution.used.sum()), solution.chi2


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What stays the same while orbits are tried."""

    ephemeris: Ephemeris
    number: int | None
    measurements: Measurements
    eligible: NDArray[np.bool_]
    forces: str
    name: str

    def starts(self, rows: NDArray[np.int64]) -> list[tuple[CartesianOrbit, NDArray[np.bool_]]]:
        """Preliminary orbits from some rows, with the rows that each was made from."""
        part = self.measurements.where(rows)
        found = preliminary_orbits(part, self.ephemeris)[:_CANDIDATES]
        n = len(self.measurements)
        return [(heliocentric(self.ephemeris, each), _rows(rows[each.rows], n)) for each in found]

    def follow(
        self,
        found: list[Solution],
        starts: Sequence[tuple[CartesianOrbit, NDArray[np.bool_]]],
        *,
        again: bool = False,
    ) -> None:
        """Carry starts as far as they go; add those that are new to `found`.

        Args:
            again: try also starts from rows that some orbit found believes already.
        """
        is_long = self.measurements.arc_d > _SHORT_ARC_D
        for orbit, rows in starts:
            if is_long and not again and any(each.used[rows].mean() > _KNOWN for each in found):
                continue
            solution = grow(
                self.ephemeris, orbit, self.number, self.measurements, rows, self.eligible
            )
            if solution is None:
                continue
            if found:  # starts come from other parts of the arc, at epochs of their own
                epoch = found[0].orbit.epoch_mjd_tdb
                moved = moved_to(self.ephemeris, solution, self.number, epoch)
                solution = moved or solution
            if not any(same_orbit(solution, other) for other in found):
                found.append(solution)
            if is_long and holds(solution, self.eligible):
                break

    def forced(self, found: list[Solution]) -> tuple[Solution, Forces]:
        """The best of `found` at the reference epoch, with the forces that it needs."""
        best = min(found, key=_rank)
        wanted = reference_epoch(self.measurements.epoch_mjd_tdb[best.used])
        best = moved_to(self.ephemeris, best, self.number, wanted) or best
        return chosen_forces(
            self.ephemeris, best, self.number, self.measurements, self.eligible,
            self.forces, self.name,
        )  # fmt: skip


def reference_epoch(epoch_mjd_tdb: NDArray[np.float64]) -> float:
    """The epoch for an orbit from observations at these epochs.

    The median day's midnight for arcs of more than ten days, where the covariance is smallest;
    the middle of the arc, to 0.001 d, for shorter ones, whose object may be gone the day after.
    """
    span = float(np.ptp(epoch_mjd_tdb))
    if span > 10.0:
        return float(np.round(np.median(epoch_mjd_tdb)))
    return float(np.round(epoch_mjd_tdb.min() + 0.5 * span, 3))
