"""From observations to an orbit with an honest covariance, without a starting orbit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import Kind, Observations
from perilune.determination.forces import FORCES, Forces, chosen_forces
from perilune.determination.least_squares import Solution, with_epoch
from perilune.determination.measurements import Measurements
from perilune.determination.preliminary import Candidate, preliminary_orbits
from perilune.determination.preparing import SetAside, measure
from perilune.determination.rejection import fit_and_reject
from perilune.determination.verdict import Verdict, same_orbit, verdict
from perilune.ephemeris import Ephemeris
from perilune.orbits.designations import number_of
from perilune.orbits.orbit import CartesianOrbit

# How the arc grows: by this factor a time, once the fit holds what it has; by the smaller one
# where the larger step lost it.
_GROWTH: Final = 4.0
_SMALL_GROWTH: Final = 1.3
# A fit holds its rows if their median residual is below this many sigmas (1.18 is expected)...
_HOLDS_SIGMA: Final = 3.0
# ... and it had to reject no more than this share.
_HOLDS_SHARE: Final = 0.3
_CANDIDATES: Final = 5
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
        number: the minor planet's number, if it is one of the massive asteroids or numbered.
    """

    object: str
    verdict: Verdict
    measurements: Measurements
    set_aside: tuple[SetAside, ...]
    solution: Solution | None
    alternatives: tuple[Solution, ...]
    forces: Forces
    number: int | None


def fit_observations(
    observations: Observations,
    ephemeris: Ephemeris,
    *,
    forces: str = "auto",
    start: CartesianOrbit | None = None,
    debias: bool = True,
) -> Fit:
    """Fit one object.

    Args:
        observations: of one object.
        ephemeris: with the massive asteroids.
        forces: a key of `FORCES`, or "auto": gravity alone unless the residuals demand more.
        start: an orbit to begin with; else preliminary orbits are made from the observations.
        debias: take off the star catalogues' errors where the table is installed.

    Raises:
        DataMissingError: a table of the package's data is damaged.
    """
    name = str(observations.designation[0])
    number = number_of(name)
    measurements, set_aside = measure(observations, ephemeris, debias=debias)
    eligible = np.isfinite(measurements.sigma_ra_rad) | (measurements.kind != Kind.OPTICAL)
    if start is not None:
        starts = [(start, eligible)]
    else:
        starts = [
            (_heliocentric(ephemeris, candidate), _mask(candidate, len(measurements)))
            for candidate in preliminary_orbits(measurements, ephemeris)[:_CANDIDATES]
        ]
    found: list[Solution] = []
    for orbit, rows in starts:
        solution = _grow(ephemeris, orbit, number, measurements, rows, eligible)
        if solution is None:
            continue
        if not any(same_orbit(solution, other) for other in found):
            found.append(solution)
        if measurements.arc_d > _SHORT_ARC_D and _holds(solution, eligible):
            break
    found.sort(key=lambda each: (-_believed(each), each.chi2))
    best = found[0] if found else None
    chosen = FORCES["gravity"]
    if best is not None:
        best = _settled(ephemeris, best, number, measurements, eligible)
        best, chosen = chosen_forces(ephemeris, best, number, measurements, eligible, forces, name)
    others = tuple(found[1:])
    return Fit(
        object=name,
        verdict=verdict(best, others, measurements),
        measurements=measurements,
        set_aside=set_aside,
        solution=best,
        alternatives=others,
        forces=chosen,
        number=number,
    )


def _heliocentric(ephemeris: Ephemeris, candidate: Candidate) -> CartesianOrbit:
    sun_km, sun_km_s = ephemeris.state("sun", candidate.epoch_mjd_tdb)
    return CartesianOrbit(
        epoch_mjd_tdb=candidate.epoch_mjd_tdb,
        position_km=candidate.state[:3] - sun_km,
        velocity_km_s=candidate.state[3:] - sun_km_s,
        parameters=(),
        covariance=None,
        non_gravitational=None,
    )


def _mask(candidate: Candidate, n: int) -> NDArray[np.bool_]:
    mask = np.zeros(n, dtype=np.bool_)
    mask[candidate.rows] = True
    return mask


def _believed(solution: Solution) -> int:
    return int(np.sum(solution.used))


def _holds(solution: Solution, rows: NDArray[np.bool_]) -> bool:
    """Whether an orbit explains the rows that it was to explain."""
    norm = np.sqrt(solution.residuals.chi2[rows])
    lost = 1.0 - float(np.sum(solution.used & rows)) / max(int(np.sum(rows)), 1)
    return float(np.median(norm)) < _HOLDS_SIGMA and lost <= _HOLDS_SHARE


def _window(
    epoch: NDArray[np.float64],
    rows: NDArray[np.bool_],
    eligible: NDArray[np.bool_],
    growth: float,
) -> NDArray[np.bool_]:
    """The eligible rows of an arc `growth` times as long, with at least one night more."""
    low, high = float(epoch[rows].min()), float(epoch[rows].max())
    more = 0.5 * (growth - 1.0) * max(high - low, 1.0)
    wider = eligible & (epoch >= low - more) & (epoch <= high + more)
    if wider.sum() > rows.sum() or not (eligible & ~rows).any():
        return wider
    outside = epoch[eligible & ~rows]
    gap = np.where(outside < low, low - outside, outside - high).min()
    wider = eligible & (epoch >= low - gap - 1.0) & (epoch <= high + gap + 1.0)
    return wider


def _grow(
    ephemeris: Ephemeris,
    start: CartesianOrbit,
    number: int | None,
    measurements: Measurements,
    rows: NDArray[np.bool_],
    eligible: NDArray[np.bool_],
) -> Solution | None:
    """Fit the rows of a start, then longer and longer arcs, as far as it goes.

    The solution's residuals are those of all measurements only if the whole arc was reached;
    else those of the rows outside are NaN and count as rejected.
    """
    epoch = measurements.epoch_mjd_tdb
    rows = rows & eligible
    best: Solution | None = None
    best_rows = rows
    orbit = start
    used = rows
    growth = _GROWTH
    while True:
        inside = np.flatnonzero(rows)
        part = measurements.where(inside)
        solution = fit_and_reject(
            ephemeris, orbit, number, part, used[inside], np.ones(inside.size, dtype=np.bool_)
        )
        held = solution is not None and solution.orbit.covariance is not None
        if solution is not None and held and _holds(solution, np.ones(inside.size, dtype=np.bool_)):
            best = solution
            best_rows = rows
            orbit = solution.orbit
            growth = _GROWTH
            if inside.size == int(eligible.sum()):
                break
        elif best is None:
            if solution is None or not held:
                return None
            best, best_rows = solution, rows
            break
        elif growth == _SMALL_GROWTH:
            break
        else:
            growth = _SMALL_GROWTH
        used = np.zeros(rows.size, dtype=np.bool_)
        used[np.flatnonzero(best_rows)] = best.used
        rows = _window(epoch, best_rows, eligible, growth)
        used |= rows & ~best_rows
    return best if best_rows.all() else _spread(best, best_rows)


def _spread(solution: Solution, rows: NDArray[np.bool_]) -> Solution:
    """A solution over some rows as one over all, those outside not used and without residuals."""
    n, inside = rows.size, np.flatnonzero(rows)
    old = solution.residuals

    def wide(values: NDArray[np.float64]) -> NDArray[np.float64]:
        full = np.full((n, *values.shape[1:]), np.nan)
        full[inside] = values
        return full

    used = np.zeros(n, dtype=np.bool_)
    used[inside] = solution.used
    spread = replace(
        old,
        along_ra_rad=wide(old.along_ra_rad),
        along_dec_rad=wide(old.along_dec_rad),
        white=wide(old.white),
        design=wide(old.design),
        rate_rad_s=wide(old.rate_rad_s),
    )
    return replace(solution, used=used, residuals=spread)


def _settled(
    ephemeris: Ephemeris,
    solution: Solution,
    number: int | None,
    measurements: Measurements,
    eligible: NDArray[np.bool_],
) -> Solution:
    """The solution at the epoch that it is published for, over all rows that it can reach."""
    wanted = reference_epoch(measurements.epoch_mjd_tdb[solution.used])
    moved = with_epoch(ephemeris, solution.orbit, number, wanted)
    if moved is None:
        return solution
    reachable = np.isfinite(solution.residuals.white[:, 0])
    inside = np.flatnonzero(reachable)
    again = fit_and_reject(
        ephemeris, moved, number, measurements.where(inside), solution.used[inside],
        eligible[inside],
    )  # fmt: skip
    if again is None or again.orbit.covariance is None:
        return solution
    return again if reachable.all() else _spread(again, reachable)


def reference_epoch(epoch_mjd_tdb: NDArray[np.float64]) -> float:
    """The epoch for an orbit from observations at these epochs.

    The median day's midnight for arcs of more than ten days, where the covariance is smallest;
    the middle of the arc, to 0.001 d, for shorter ones, whose object may be gone the day after.
    """
    span = float(np.ptp(epoch_mjd_tdb))
    if span > 10.0:
        return float(np.round(np.median(epoch_mjd_tdb)))
    return float(np.round(epoch_mjd_tdb.min() + 0.5 * span, 3))
