"""Whether a fitted orbit is to be relied on: one word, and the reason in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from perilune.astrometry.observations import FloatArray
from perilune.determination.least_squares import Solution
from perilune.determination.measurements import Measurements
from perilune.ephemeris import MAJOR_BODIES, planets

Status = Literal["converged", "unconstrained", "failed"]

# One-sigma limits beyond which an orbit is not known: the distance from the observer, relative;
# and the orbital energy, relative to the kinetic energy and the Sun's potential together.
MAX_RANGE_SIGMA: Final = 0.15
MAX_ENERGY_SIGMA: Final = 0.04
# An orbit that is unbound by chance, for its energy is not known better than this, is none; that of
# a comet on a parabola, all but, may be known well.
_LOOSE_ENERGY_SIGMA: Final = 0.003
_UNBOUND_SIGMA: Final = 3.0
# Residuals beyond what errors of observation explain, and the share that may be rejected.
MAX_CHI2_REDUCED: Final = 4.0
MAX_REJECTED: Final = 0.3
# Two orbits fit alike if their χ² differ by less than this (three sigmas of one quantity).
_AS_GOOD_CHI2: Final = 9.0
# So near, and too slow to leave, an object is in orbit about the body: its Hill radius, km.
_HILL_KM: Final = {"moon": 6.0e4, "earth": 1.5e6}
# States nearer than this in either's sigmas are one orbit.
_SAME_SIGMA: Final = 3.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement.

    Attributes:
        status: "converged", "unconstrained" or "failed".
        reason: why, in a sentence.
        range_sigma: one-sigma relative uncertainty of the distance from the observer at the
            middle observation; NaN without an orbit.
        energy_sigma: that of the orbital energy, relative to the kinetic energy plus the Sun's
            potential; NaN without.
        bound_to: "earth" or "moon" where the object is in orbit about it at its epoch.
    """

    status: Status
    reason: str
    range_sigma: float
    energy_sigma: float
    bound_to: str | None = None


def same_orbit(one: Solution, other: Solution) -> bool:
    """Whether two solutions at one epoch are the same orbit within their errors."""
    if one.orbit.epoch_mjd_tdb != other.orbit.epoch_mjd_tdb or one.orbit.covariance is None:
        return False
    change = np.concatenate(
        [
            one.orbit.position_km - other.orbit.position_km,
            one.orbit.velocity_km_s - other.orbit.velocity_km_s,
        ]
    )
    sigma = np.sqrt(np.diag(one.orbit.covariance)[:6])
    return bool(np.all(np.abs(change) < _SAME_SIGMA * sigma))


def _energy(orbit_state: FloatArray) -> tuple[float, FloatArray, float]:
    """Specific energy, its gradient (6,), and the sum of its two parts' sizes, km²/s²."""
    gm = float(planets().arrays.gm_km3_s2[0])
    r = float(np.linalg.norm(orbit_state[:3]))
    kinetic = 0.5 * float(orbit_state[3:] @ orbit_state[3:])
    gradient = np.concatenate([gm * orbit_state[:3] / r**3, orbit_state[3:]])
    return kinetic - gm / r, gradient, kinetic + gm / r


def _uncertainty(solution: Solution, measurements: Measurements) -> tuple[float, float, float]:
    """Relative sigma of range and of energy, and the energy in its own sigmas."""
    orbit = solution.orbit
    assert orbit.covariance is not None
    state = np.concatenate([orbit.position_km, orbit.velocity_km_s])
    energy, gradient, size = _energy(state)
    covariance = orbit.covariance[:6, :6]
    energy_sigma = float(np.sqrt(max(float(gradient @ covariance @ gradient), 0.0)))
    apart_d = measurements.epoch_mjd_tdb - orbit.epoch_mjd_tdb
    middle = int(np.argmin(apart_d**2))
    sun_km, _ = planets().state("sun", orbit.epoch_mjd_tdb)
    away = state[:3] + sun_km - measurements.observer_km[middle]
    distance = float(np.linalg.norm(away))
    along = away / distance
    range_sigma = float(np.sqrt(max(float(along @ covariance[:3, :3] @ along), 0.0))) / distance
    return range_sigma, energy_sigma / size, energy / energy_sigma


def verdict(
    solution: Solution | None, others: tuple[Solution, ...], measurements: Measurements
) -> Verdict:
    """Judge a solution.

    Args:
        solution: the best; None where nothing was found.
        others: distinct orbits found besides.
        measurements: what they were fitted to.
    """
    nothing = float("nan")
    n, arc = len(measurements), measurements.arc_d
    length = f"{arc * 24.0:.1f} hours" if arc < 2.0 else f"{arc:.0f} days"
    if n < 3:
        return Verdict(
            "unconstrained", f"{n} usable observations; an orbit takes three", nothing, nothing
        )
    if solution is None or solution.orbit.covariance is None:
        if arc < 10.0:
            reason = f"no single orbit follows from an arc of {length}"
            return Verdict("unconstrained", reason, nothing, nothing)
        return Verdict("failed", "no orbit was found that the observations fit", nothing, nothing)
    range_sigma, energy_sigma, energy = _uncertainty(solution, measurements)
    rejected = 1.0 - float(np.mean(solution.used))
    status: Status = "converged"
    reason = f"{int(solution.used.sum())} observations over {length} determine the orbit"
    # Corrections wander where nothing holds them: that is the arc's fault, not theirs.
    is_open = range_sigma > MAX_RANGE_SIGMA or energy_sigma > MAX_ENERGY_SIGMA
    if not (solution.has_converged or is_open):
        status, reason = "failed", "the differential corrections did not settle"
    elif solution.degrees_of_freedom <= 0:
        status, reason = "unconstrained", "as many unknowns as measurements"
    elif rejected > MAX_REJECTED:
        status = "failed"
        reason = f"{100.0 * rejected:.0f} % of the observations do not fit the orbit"
    elif solution.chi2_reduced > MAX_CHI2_REDUCED:
        status = "failed"
        reason = f"the residuals are too large (reduced chi2 {solution.chi2_reduced:.1f})"
    elif is_open:
        status = "unconstrained"
        reason = (
            f"an arc of {length} leaves the distance open by {100.0 * range_sigma:.2g} % and the "
            f"orbital energy by {100.0 * energy_sigma:.2g} % (one sigma)"
        )
    elif 0.0 < energy < _UNBOUND_SIGMA and energy_sigma > _LOOSE_ENERGY_SIGMA:
        status = "unconstrained"
        reason = f"the orbit is unbound by {energy:.1f} sigma only"
    else:
        rivals = [each.chi2 - solution.chi2 for each in others if _rivals(each, solution)]
        rival = min(rivals, default=np.inf)
        if rival < _AS_GOOD_CHI2:
            status = "unconstrained"
            reason = f"another orbit fits as well (chi2 larger by {rival:.1f})"
    bound_to = _bound_to(solution) if status == "converged" else None
    if bound_to is not None:
        reason = f"{reason}; the object is in orbit about the {bound_to.capitalize()}"
    return Verdict(status, reason, range_sigma, energy_sigma, bound_to)


def _bound_to(solution: Solution) -> str | None:
    """The Moon or the Earth, if the object is bound to it at its epoch and within its sphere."""
    orbit, bodies = solution.orbit, planets()
    sun_km, sun_km_s = bodies.state("sun", orbit.epoch_mjd_tdb)
    for body, within_km in _HILL_KM.items():
        body_km, body_km_s = bodies.state(body, orbit.epoch_mjd_tdb)
        r = float(np.linalg.norm(orbit.position_km + sun_km - body_km))
        v = float(np.linalg.norm(orbit.velocity_km_s + sun_km_s - body_km_s))
        gm = float(bodies.arrays.gm_km3_s2[MAJOR_BODIES.index(body)])
        if r < within_km and 0.5 * v**2 < gm / r:
            return body
    return None


def _rivals(one: Solution, other: Solution) -> bool:
    return bool(one.used.sum() >= other.used.sum() and one.orbit.covariance is not None)
