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
from perilune.determination.least_squares import Solution, moved_to
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
    if start is not None:
        _follow(found, ephemeris, [(start, eligible)], number, measurements, eligible)
    else:
        for rows in _parts(measurements):
            part = measurements.where(rows)
            starts = [
                (heliocentric(ephemeris, each), _rows(rows[each.rows], len(measurements)))
                for each in preliminary_orbits(part, ephemeris, number=number)[:_CANDIDATES]
            ]
            _follow(found, ephemeris, starts, number, measurements, eligible)
            if found and holds(found[-1], eligible):
                break
        if not any(holds(each, eligible) for each in found):
            near = companion_starts(measurements, ephemeris, number)
            _follow(found, ephemeris, near, number, measurements, eligible)
    # The orbit that most observations support; among equals, the one that they like best.
    found.sort(key=lambda each: (-int(each.used.sum()), each.chi2))
    best = found[0] if found else None
    chosen = FORCES["gravity"]
    if best is not None:
        wanted = reference_epoch(measurements.epoch_mjd_tdb[best.used])
        best = moved_to(ephemeris, best, number, wanted) or best
        best, chosen = chosen_forces(ephemeris, best, number, measurements, eligible, forces, name)
    others = tuple(found[1:])
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


def _rows(rows: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    mask = np.zeros(n, dtype=np.bool_)
    mask[rows] = True
    return mask


def _follow(
    found: list[Solution],
    ephemeris: Ephemeris,
    starts: Sequence[tuple[CartesianOrbit, NDArray[np.bool_]]],
    number: int | None,
    measurements: Measurements,
    eligible: NDArray[np.bool_],
) -> None:
    """Carry starts as far as they go; add those that are new to `found`."""
    for orbit, rows in starts:
        solution = grow(ephemeris, orbit, number, measurements, rows, eligible)
        if solution is None:
            continue
        if found:  # starts come from other parts of the arc, at epochs of their own
            epoch = found[0].orbit.epoch_mjd_tdb
            solution = moved_to(ephemeris, solution, number, epoch) or solution
        if not any(same_orbit(solution, other) for other in found):
            found.append(solution)
        if measurements.arc_d > _SHORT_ARC_D and holds(solution, eligible):
            break


def reference_epoch(epoch_mjd_tdb: NDArray[np.float64]) -> float:
    """The epoch for an orbit from observations at these epochs.

    The median day's midnight for arcs of more than ten days, where the covariance is smallest;
    the middle of the arc, to 0.001 d, for shorter ones, whose object may be gone the day after.
    """
    span = float(np.ptp(epoch_mjd_tdb))
    if span > 10.0:
        return float(np.round(np.median(epoch_mjd_tdb)))
    return float(np.round(epoch_mjd_tdb.min() + 0.5 * span, 3))
