"""Which forces besides gravity a fit estimates, and whether the observations demand them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.determination.least_squares import Solution, with_parameters
from perilune.determination.measurements import Measurements
from perilune.determination.rejection import fit_and_reject
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError
from perilune.orbits.non_gravitational import NonGravitational


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
# An estimate counts from this many of its sigmas; the χ² must fall by this much for each quantity
# (both about one in four hundred by chance).
_SIGNIFICANT_SIGMA: Final = 3.0
_SIGNIFICANT_CHI2: Final = 9.0
# Gravity alone is in question where the residuals exceed the errors by this.
_SUSPICIOUS_CHI2: Final = 1.3
_SUSPICIOUS_REJECTED: Final = 0.03


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
    rejected = 1.0 - float(np.sum(gravity.used)) / max(int(np.sum(eligible)), 1)
    if gravity.chi2_reduced < _SUSPICIOUS_CHI2 and rejected < _SUSPICIOUS_REJECTED:
        return gravity, replace(FORCES["gravity"], reason="gravity explains the residuals")
    names = ("a1-a2-a3",) if is_comet(name) else ("a2", "area-to-mass")
    tried = []
    for each in names:
        solution = _fitted(ephemeris, gravity, number, measurements, eligible, FORCES[each])
        if solution is None:
            continue
        is_significant, words = _significance(solution, gravity)
        tried.append(words)
        if is_significant:
            return solution, replace(FORCES[each], reason=f"demanded by the residuals: {words}")
    reason = "; ".join(tried) or "no other model converged"
    return gravity, replace(FORCES["gravity"], reason=f"not significant: {reason}")


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
    """Whether the estimates differ from nought and the residuals fall, and both in words."""
    orbit = solution.orbit
    assert orbit.covariance is not None
    assert orbit.non_gravitational is not None
    values = np.array([getattr(orbit.non_gravitational, name) for name in orbit.parameters])
    block = orbit.covariance[6:, 6:]
    scale = np.sqrt(np.diag(block))
    in_sigma = float(
        np.sqrt((values / scale) @ np.linalg.solve(block / np.outer(scale, scale), values / scale))
    )
    # χ² over the rows that both solutions use, so that a recovered row does not count against.
    both = solution.used & gravity.used
    fall = float(np.sum(gravity.residuals.chi2[both]) - np.sum(solution.residuals.chi2[both]))
    more = int(solution.used.sum()) - int(gravity.used.sum())
    is_significant = in_sigma > _SIGNIFICANT_SIGMA and (
        fall > _SIGNIFICANT_CHI2 * len(values) or more > 0
    )
    names = ", ".join(
        f"{name[:2].upper()} = {value:.3g} +- {sigma:.2g} au/d^2"
        for name, value, sigma in zip(orbit.parameters, values, scale, strict=True)
    )
    return is_significant, f"{names} ({in_sigma:.1f} sigma, chi2 falls by {fall:.1f})"
