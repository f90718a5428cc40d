"""Which forces besides gravity a fit estimates, and whether the observations demand them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.determination.least_squares import (
    Solution,
    corrected,
    evaluate,
    with_parameters,
)
from perilune.determination.measurements import Measurements
from perilune.determination.rejection import REJECT_CHI2, fit_and_reject
from perilune.determination.residuals import Residuals
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError
from perilune.orbits.non_gravitational import NonGravitational
from perilune.orbits.orbit import CartesianOrbit


@dataclass(frozen=True, slots=True)
class Forces:
    """A model of the forces besides gravity.

    Attributes:
        name: "gravity", "a2", "a1-a2-a3", "area-to-mass".
        parameters: what is estimated, as in `CartesianOrbit.parameters`.
        model: the law of distance with which they go.
        reason: why this one was taken.
    """

    name: str
    parameters: tuple[str, ...]
    model: NonGravitational
    reason: str = ""


# g = 1/r² for sunlight and heat; Marsden, Sekanina & Yeomans 1973 (doi:10.1086/111402) for the
# sublimation of water ice, with their normalisation.
_INVERSE_SQUARE: Final = NonGravitational(n=0.0, k=0.0)
_WATER_ICE: Final = NonGravitational(alpha=0.1112620426, r0_au=2.808, m=2.15, n=5.093, k=4.6142)

FORCES: Final = {
    "gravity": Forces("gravity", (), _INVERSE_SQUARE),
    "a2": Forces("a2", ("a2_au_d2",), _INVERSE_SQUARE),
    "area-to-mass": Forces("area-to-mass", ("a1_au_d2",), _INVERSE_SQUARE),
    "a1-a2-a3": Forces("a1-a2-a3", ("a1_au_d2", "a2_au_d2", "a3_au_d2"), _WATER_ICE),
}
# χ² must fall by this (four sigmas of one quantity, about the same of three), times the reduced χ²
# where that is above 1: errors of observation are not as independent as the weights suppose.
_SIGNIFICANT_CHI2: Final = {1: 16.0, 3: 21.0}
# An asteroid's sizes beyond these are errors that look like forces: Yarkovsky's drift of what is
# metres across is A2 = 1e-12 au/d^2, and hollow rocket stages have 0.1 m^2/kg, A1 = 2.3e-8 au/d^2.
_GREATEST_A2_AU_D2: Final = 1.0e-11
_GREATEST_A1_AU_D2: Final = 2.3e-8
# Gravity alone is in question where the residuals exceed the errors by this.
_SUSPICIOUS_CHI2: Final = 1.3
_SUSPICIOUS_REJECTED: Final = 0.03


# Comets' forces before anything is measured of them (JPL's published A1 lie about 1e-9 to 1e-8, A2
# and A3 a tenth to a third of that): one sigma, au/d^2.
_COMETS_SIGMA_AU_D2: Final = (5.0e-9, 1.0e-9, 1.0e-9)
# The gas may be strongest weeks after perihelion, or before: 67P's lags by 46 days, 1P's hardly.
_COMETS_DELAY_SIGMA_D: Final = 30.0


_ALL: Final = ("a1_au_d2", "a2_au_d2", "a3_au_d2")
_COMET: Final = re.compile(r"(\d+[PDI]|[CPDXI]/.*)(-[A-Z]+)?", re.ASCII)


def is_comet(name: str) -> bool:
    """Whether a designation is a comet's, or an interstellar object's: "1P", "C/2022 E3"."""
    return _COMET.fullmatch(name) is not None


def chosen_forces(
    ephemeris: Ephemeris,
    gravity: Solution,
    number: int | None,
    measurements: Measurements,
    eligible: NDArray[np.bool_],
    wanted: str,
    name: str,
) -> tuple[Solution, Forces]:
    """The solution with the forces asked for, or with those that the residuals demand.

    Args:
        gravity: the solution under gravity alone.
        wanted: a key of `FORCES` or "auto".
        name: the object's designation, which tells a comet.

    Raises:
        InputError: no such model.
    """
    if wanted == "auto":
        return _demanded(ephemeris, gravity, number, measurements, eligible, name)
    if wanted not in FORCES:
        raise InputError(
            "there is no such model of forces",
            field="forces",
            found=wanted,
            expected=f"auto, {', '.join(FORCES)}",
        )
    model = FORCES[wanted]
    if not model.parameters:
        return gravity, replace(model, reason="as asked")
    solution = _fitted(ephemeris, gravity, number, measurements, eligible, model)
    if solution is None:
        return gravity, replace(FORCES["gravity"], reason=f"the fit with {wanted} did not converge")
    return solution, replace(model, reason=f"as asked; {_significance(solution, gravity)[1]}")


def _demanded(
    ephemeris: Ephemeris,
    gravity: Solution,
    number: int | None,
    measurements: Measurements,
    eligible: NDArray[np.bool_],
    name: str,
) -> tuple[Solution, Forces]:
    """Gravity alone, or the forces that the residuals show most clearly.

    What a force would do to the residuals is first found by their derivatives alone; where that
    is not significant nothing is fitted, unless gravity leaves large residuals.
    """
    names = ("a1-a2-a3",) if is_comet(name) else ("a2", "area-to-mass")
    rejected = 1.0 - float(np.sum(gravity.used)) / max(int(np.sum(eligible)), 1)
    is_suspicious = gravity.chi2_reduced > _SUSPICIOUS_CHI2 or rejected > _SUSPICIOUS_REJECTED
    law = FORCES[names[0]].model
    unforced = _with_derivatives(ephemeris, gravity, number, measurements, _ALL, law)
    falls = {} if unforced is None else _linear_falls(unforced, names)
    best: tuple[Solution, Forces] | None = None
    tried = []
    for each in names:
        model = FORCES[each]
        if not is_suspicious and falls.get(each, 0.0) < _needed(model, gravity):
            continue
        solution = _fitted(ephemeris, gravity, number, measurements, eligible, model)
        if solution is None:
            continue
        is_significant, words = _significance(solution, gravity)
        tried.append(words)
        if is_significant and (best is None or _is_better(solution, best[0])):
            reason = f"demanded by the residuals: {words}"
            best = solution, replace(model, reason=reason)
    if best is not None:
        solution, chosen = best
        if is_comet(name):
            delayed = _with_derivatives(
                ephemeris, solution, number, measurements, (*_ALL, "dt_d"), chosen.model
            )
            if delayed is not None:
                solution = _allowing(solution, delayed, (_COMETS_DELAY_SIGMA_D,))
        return solution, chosen
    reason = f"not significant: {'; '.join(tried)}" if tried else "gravity explains the residuals"
    if is_comet(name) and unforced is not None:
        gravity = _allowing(gravity, unforced, _COMETS_SIGMA_AU_D2)
        reason = f"{reason}; the covariance allows for a comet's forces"
    return gravity, replace(FORCES["gravity"], reason=reason)


def _allowing(solution: Solution, wider: Residuals, sigmas: tuple[float, ...]) -> Solution:
    """A comet's orbit with a covariance that leaves room for forces that were not estimated.

    Forces too weak to show in the residuals may still move the orbit by many of its sigmas, for
    the fit takes up most of what they do. The covariance is that of the orbit's error when the
    forces are drawn from Gaussians and then seen through the observations (consider analysis:
    Bierman 1977, Factorization Methods for Discrete Sequential Estimation, chapter VIII).

    Args:
        wider: the used rows, with derivatives by what was estimated and then by what was not.
        sigmas: of the latter, before anything is seen.
    """
    covariance = solution.orbit.covariance
    assert covariance is not None
    m = covariance.shape[0]
    design = wider.design.reshape(-1, m + len(sigmas))
    estimated, force = design[:, :m], design[:, m:] * np.array(sigmas)
    # What a sigma of force moves the estimates by, and what of it is left to be seen.
    moved = covariance @ (estimated.T @ force)
    left = force - estimated @ moved
    spread = np.linalg.inv(np.eye(len(sigmas)) + left.T @ left)
    mean = spread @ (left.T @ wider.white.ravel())
    widened = covariance + moved @ (spread + np.outer(mean, mean)) @ moved.T
    return replace(solution, orbit=replace(solution.orbit, covariance=0.5 * (widened + widened.T)))


def _is_better(one: Solution, other: Solution) -> bool:
    return (-int(one.used.sum()), one.chi2) < (-int(other.used.sum()), other.chi2)


def _needed(model: Forces, gravity: Solution) -> float:
    """By how much χ² must fall."""
    excess = gravity.chi2_reduced if np.isfinite(gravity.chi2_reduced) else 1.0
    return _SIGNIFICANT_CHI2[len(model.parameters)] * max(1.0, excess)


def _with_derivatives(
    ephemeris: Ephemeris,
    solution: Solution,
    number: int | None,
    measurements: Measurements,
    parameters: tuple[str, ...],
    law: NonGravitational,
) -> Residuals | None:
    """Residuals of the used rows, with derivatives by forces whether or not they act."""
    model = solution.orbit.non_gravitational or law
    orbit = with_parameters(solution.orbit, parameters, model)
    return evaluate(ephemeris, orbit, number, measurements.where(solution.used))


def _linear_falls(unforced: Residuals, names: tuple[str, ...]) -> dict[str, float]:
    """By how much χ² would fall with each model's forces, by the derivatives."""
    everything = np.ones(unforced.white.shape[0], dtype=np.bool_)
    falls = {}
    for each in names:
        columns = [*range(6), *(6 + _ALL.index(name) for name in FORCES[each].parameters)]
        part = replace(unforced, design=np.ascontiguousarray(unforced.design[:, :, columns]))
        linear = corrected(part, everything)
        if linear is not None:
            white = part.white - part.design @ linear[0]
            falls[each] = float(np.sum(part.white**2) - np.sum(white**2))
    return falls


def _fitted(
    ephemeris: Ephemeris,
    gravity: Solution,
    number: int | None,
    measurements: Measurements,
    eligible: NDArray[np.bool_],
    model: Forces,
) -> Solution | None:
    start = with_parameters(gravity.orbit, model.parameters, model.model)
    solution = fit_and_reject(ephemeris, start, number, measurements, gravity.used, eligible)
    if solution is None or not solution.has_converged or solution.orbit.covariance is None:
        return None
    return solution


def _significance(solution: Solution, gravity: Solution) -> tuple[bool, str]:
    """Whether the estimates are possible and the residuals fall by them, and both in words."""
    orbit = solution.orbit
    assert orbit.covariance is not None
    assert orbit.non_gravitational is not None
    values = np.array([getattr(orbit.non_gravitational, name) for name in orbit.parameters])
    block = orbit.covariance[6:, 6:]
    scale = np.sqrt(np.diag(block))
    in_sigma = float(
        np.sqrt((values / scale) @ np.linalg.solve(block / np.outer(scale, scale), values / scale))
    )
    # χ² over the rows that both solutions use, so that a recovered row does not count against; but
    # each row that only the new one explains is as good as a fall by what rejects it.
    both = solution.used & gravity.used
    fall = float(np.sum(gravity.residuals.chi2[both]) - np.sum(solution.residuals.chi2[both]))
    more = int(solution.used.sum()) - int(gravity.used.sum())
    excess = max(1.0, solution.chi2_reduced)
    needed = _SIGNIFICANT_CHI2[len(values)] * excess
    is_significant = (
        in_sigma**2 > needed and fall + REJECT_CHI2 * more > needed and _is_possible(orbit)
    )
    names = ", ".join(
        f"{name[:2].upper()} = {value:.3g} +- {sigma:.2g} au/d^2"
        for name, value, sigma in zip(orbit.parameters, values, scale, strict=True)
    )
    return is_significant, f"{names} ({in_sigma:.1f} sigma, chi2 falls by {fall:.1f})"


def _is_possible(orbit: CartesianOrbit) -> bool:
    """Whether a single force has a size and a sign that an asteroid's may have."""
    assert orbit.non_gravitational is not None
    if orbit.parameters == ("a1_au_d2",):
        return 0.0 < orbit.non_gravitational.a1_au_d2 < _GREATEST_A1_AU_D2
    if orbit.parameters == ("a2_au_d2",):
        return abs(orbit.non_gravitational.a2_au_d2) < _GREATEST_A2_AU_D2
    return True
