"""The risk of an object from its observations: by the orbit that they determine, or by all that
they leave open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from perilune.astrometry.observations import Observations
from perilune.astrometry.sites import Observer
from perilune.determination.fit import Fit, fit_observations
from perilune.determination.result import as_orbit, estimated_h
from perilune.dynamics import Progress
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError, NotConvergedError
from perilune.impact.assessment import Rating, RiskAssessment
from perilune.impact.fitted_line import FittedCorrector
from perilune.impact.imminent import HORIZON_D, BodyOutcome, Imminent, assess_imminent
from perilune.impact.risk import Method, assess_risk
from perilune.impact.virtual_impactors import (
    ImpactSamples,
    VirtualImpactor,
    rate_impacts,
    virtual_impactors,
)
from perilune.orbits import CartesianState, Orbit
from perilune.orbits.orbit import SUN

ObservedMethod = Method | Literal["ranging"]

# Beyond this arc the straight line of variations and that of constrained fits are one.
_BENT_ARC_D: Final = 180.0
# Below this arc what may hit within weeks is asked first.
_BRIEF_ARC_D: Final = 3.0
# Ranging needs a few hundred effective orbits; the number asked for draws clones of known orbits.
_MOST_RANGED: Final = 4000


@dataclass(frozen=True, slots=True, eq=False)
class ObservedRisk:
    """What the observations of one object mean.

    Attributes:
        fit: the orbit determination.
        assessments: one a body.
        imminent: the orbits drawn, with times of entry and corridors, where `method` was
            "ranging"; None where the fitted orbit was assessed.
    """

    fit: Fit
    assessments: tuple[RiskAssessment, ...]
    imminent: Imminent | None


def assess_observed(
    observations: Observations,
    ephemeris: Ephemeris,
    *,
    bodies: tuple[str, ...],
    until_mjd_tdb: float,
    method: ObservedMethod,
    samples: int,
    seed: int,
    least_probability: float,
    assessed_mjd_tdb: float | None,
    observers: dict[str, Observer] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> ObservedRisk:
    """Fit one object's observations and assess what they leave possible.

    With "auto", orbits are first drawn from all that fit ("ranging") and carried on for 60 days at
    most, where the arc is shorter than three days or determines no orbit. That is the answer where
    it determines none, or where some of them hit. Otherwise the orbit is assessed like any other,
    over the whole span asked for.

    Args:
        observations: of one object.
        ephemeris: with the massive asteroids.
        bodies: of "earth" and "moon".
        until_mjd_tdb: the end of the search.
        method, samples, seed, least_probability, assessed_mjd_tdb: as in `assess_risk`.
        observers: places of stations that the MPC's list lacks.
        threads, progress: see `propagate`.

    Raises:
        NotConvergedError: the observations fit no orbit.
        InputError: too few observations.
    """
    fit = fit_observations(observations, ephemeris, observers=observers)
    is_open = fit.verdict.status == "unconstrained"
    is_brief = is_open or fit.measurements.arc_d < _BRIEF_ARC_D
    if method == "ranging" or (method == "auto" and is_brief):
        near = _ranged(
            fit, observations, ephemeris, bodies, until_mjd_tdb, min(samples, _MOST_RANGED), seed,
            assessed_mjd_tdb, threads, progress,
        )  # fmt: skip
        hits = any(each.impact_probability > 0.0 for each in near.assessments)
        if method == "ranging" or is_open or hits:
            return near
    orbit = as_orbit(fit, estimated_h(fit, observations, ephemeris))
    if orbit is None or fit.solution is None or fit.verdict.status != "converged":
        raise NotConvergedError(f"{fit.object}: {fit.verdict.status}: {fit.verdict.reason}.")
    is_short = fit.measurements.arc_d < _BENT_ARC_D
    assessments = assess_risk(
        [orbit],
        bodies,
        until_mjd_tdb=until_mjd_tdb,
        method=method,
        samples=samples,
        seed=seed,
        least_probability=least_probability,
        assessed_mjd_tdb=assessed_mjd_tdb,
        correct=FittedCorrector(ephemeris, fit.solution, fit.number, fit.measurements)
        if is_short
        else None,
        threads=threads,
        progress=progress,
    )
    return ObservedRisk(fit, tuple(assessments), None)


def _ranged(
    fit: Fit,
    observations: Observations,
    ephemeris: Ephemeris,
    bodies: Sequence[str],
    until_mjd_tdb: float,
    samples: int,
    seed: int,
    assessed_mjd_tdb: float | None,
    threads: int | None,
    progress: Progress | None,
) -> ObservedRisk:
    rows = fit.measurements
    if len(rows) < 2:
        raise InputError(
            f"{fit.object} has too few usable observations",
            found=len(rows),
            expected="at least two",
        )
    last = float(rows.epoch_mjd_tdb.max())
    days = min(HORIZON_D, until_mjd_tdb - last)
    if days <= 0.0:
        raise InputError(
            "the search ends before the last observation",
            field="--until",
            expected="a date after it",
        )
    found = assess_imminent(
        fit.object, rows, ephemeris, seed=seed, samples=samples, days=days, bodies=tuple(bodies),
        solution=fit.solution, threads=threads, progress=progress,
    )  # fmt: skip
    rating = Rating(
        ephemeris,
        _likeliest(fit, found, estimated_h(fit, observations, ephemeris), ephemeris),
        last if assessed_mjd_tdb is None else assessed_mjd_tdb,
    )
    reason = (
        f"{fit.verdict.reason}; orbits drawn from all that fit and carried on for {days:.0f} days"
    )
    assessments = []
    for outcome in found.outcomes:
        impactors = _impactors(rating, outcome, found)
        assessments.append(
            rating.assessment(
                outcome.body,
                outcome.estimate,
                [rating.row(one, None, None) for one in impactors],
                method="ranging" if found.samples.method == "ranging" else "importance",
                reason=reason,
                samples=found.samples.weights.size,
                linear_probability=None,
                until_mjd_tdb=found.until_mjd_tdb,
                seed=seed,
            )
        )
    return ObservedRisk(fit, tuple(assessments), found)


def _impactors(rating: Rating, outcome: BodyOutcome, found: Imminent) -> list[VirtualImpactor]:
    """The hits in groups of time; a single group has the outcome's own interval."""
    weights = found.samples.weights
    ratio = weights / weights.sum() * weights.size
    # A sample whose likelihood underflows weighs nothing.
    counted = np.flatnonzero(ratio[outcome.hits] > 0.0)
    if outcome.ground is None or counted.size == 0:
        return []
    drawn = ImpactSamples(
        epoch_mjd_tdb=outcome.epoch_mjd_tdb[counted],
        sigma_lov=np.zeros(counted.size),
        ground=outcome.ground.where(counted),
        samples=weights.size,
        weights=ratio[outcome.hits[counted]],
        largest_weight=float(ratio.max()),
    )
    mass_kg = rating.mass_kg or 1.0
    since = rating.since(float(outcome.epoch_mjd_tdb.min()))
    groups = virtual_impactors(drawn, mass_kg, since)
    if len(groups) > 1:
        return list(groups)
    members = np.arange(counted.size)
    return [rate_impacts(drawn, members, mass_kg, since, outcome.estimate)]


def _likeliest(
    fit: Fit, found: Imminent, absolute_magnitude_h: float | None, ephemeris: Ephemeris
) -> Orbit:
    """The heaviest of the orbits drawn, as what the assessment is of."""
    samples = found.samples
    sun_km, sun_km_s = ephemeris.state("sun", samples.epoch_mjd_tdb)
    state = samples.states[int(np.argmax(samples.weights))]
    x, y, z = (state[:3] - sun_km).tolist()
    u, v, w = (state[3:] - sun_km_s).tolist()
    return Orbit(
        designation=fit.object,
        name=None,
        number=fit.number,
        solution=f"{found.observations} observations over {found.arc_h:.1f} hours",
        publisher="Perilune",
        solution_date=None,
        epoch_mjd_tdb=samples.epoch_mjd_tdb,
        elements=CartesianState((x, y, z), (u, v, w), "ICRF", SUN),
        absolute_magnitude_h=absolute_magnitude_h,
        slope_g=None if absolute_magnitude_h is None else 0.15,
    )
