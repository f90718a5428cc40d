"""Differential corrections: the orbit that the observations like best, with its covariance.

Gauss-Newton with Levenberg and Marquardt's damping (Moré 1978, doi:10.1007/BFb0067700), in units
of the columns' norms so that kilometres and kilometres a second count alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray
from perilune.determination.measurements import Measurements
from perilune.determination.residuals import Residuals, residuals
from perilune.determination.trajectory import fly
from perilune.ephemeris import Ephemeris
from perilune.errors import PeriluneError
from perilune.orbits.non_gravitational import NonGravitational
from perilune.orbits.orbit import CartesianOrbit

MAX_STEPS: Final = 25
# A step of a thousandth of a sigma changes no digit that the covariance lets stand.
_SETTLED_SIGMA: Final = 1.0e-3
# Steps below this that gain nothing are rounding.
_ROUNDING_SIGMA: Final = 1.0e-2
# Residuals of this many sigmas promise that the derivatives at the start will do.
_NEAR_SIGMA: Final = 30.0
# What a linear step gains is what the derivatives promise, to this fraction. After such a step, the
# next errs by no more than this fraction of itself: a small one is taken without a new path.
_LINEAR: Final = 0.01
# Squares of residuals and derivatives must stay numbers.
_OVERFLOW: Final = 1.0e100
# Beyond this damping nothing moves any more.
_MAX_DAMPING: Final = 1.0e10


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A fitted orbit.

    Attributes:
        orbit: with the covariance of the estimated quantities; its scale is that of the given
            errors, not rescaled by the residuals.
        residuals: of all measurements, used or not.
        used: (N,) the measurements that the fit used.
        chi2: the sum over the used, of the whitened residuals' squares.
        degrees_of_freedom: used residuals less estimated quantities.
        has_converged: whether the last step was below a thousandth of a sigma.
        steps: trajectories computed.
    """

    orbit: CartesianOrbit
    residuals: Residuals
    used: NDArray[np.bool_]
    chi2: float
    degrees_of_freedom: int
    has_converged: bool
    steps: int

    @property
    def chi2_reduced(self) -> float:
        """χ² a degree of freedom; NaN where there is none."""
        return self.chi2 / self.degrees_of_freedom if self.degrees_of_freedom > 0 else float("nan")


def shifted(orbit: CartesianOrbit, change: FloatArray) -> CartesianOrbit:
    """An orbit moved by km, km/s and its parameters' units; its covariance is dropped."""
    model = orbit.non_gravitational
    if orbit.parameters:
        assert model is not None
        moved = {
            name: getattr(model, name) + float(change[6 + i])
            for i, name in enumerate(orbit.parameters)
        }
        model = replace(model, **moved)
    return replace(
        orbit,
        position_km=orbit.position_km + change[:3],
        velocity_km_s=orbit.velocity_km_s + change[3:6],
        covariance=None,
        non_gravitational=model,
    )


def with_parameters(
    orbit: CartesianOrbit, parameters: tuple[str, ...], model: NonGravitational
) -> CartesianOrbit:
    """The orbit with non-gravitational parameters to estimate, under a law of distance."""
    return replace(
        orbit,
        parameters=parameters,
        covariance=None,
        non_gravitational=replace(model, estimated=parameters),
    )


def moved_to(
    ephemeris: Ephemeris, solution: Solution, number: int | None, epoch_mjd_tdb: float
) -> Solution | None:
    """The same solution at another epoch; None if the object does not live so long.

    The derivatives by the new start are those by the old times the inverse of the transition
    matrix, and the covariance follows from them.
    """
    orbit = solution.orbit
    if epoch_mjd_tdb == orbit.epoch_mjd_tdb:
        return solution
    ends = sorted((epoch_mjd_tdb, orbit.epoch_mjd_tdb))
    path = fly(ephemeris, orbit, number, ends[0], ends[1])
    states, variations = path.at(np.array([epoch_mjd_tdb]))
    if not np.isfinite(states).all():
        return None
    m = path.columns
    transition = np.eye(m)
    transition[:6] = variations[0]
    design = solution.residuals.design
    n = design.shape[0]
    moved = np.asarray(np.linalg.solve(transition.T, design.reshape(-1, m).T).T, np.float64)
    found = replace(solution.residuals, design=moved.reshape(n, 2, m))
    sun_km, sun_km_s = ephemeris.state("sun", epoch_mjd_tdb)
    return replace(
        solution,
        residuals=found,
        orbit=replace(
            orbit,
            epoch_mjd_tdb=epoch_mjd_tdb,
            position_km=states[0, :3] - sun_km,
            velocity_km_s=states[0, 3:] - sun_km_s,
            covariance=_covariance(found, solution.used),
        ),
    )


def evaluate(
    ephemeris: Ephemeris,
    orbit: CartesianOrbit,
    number: int | None,
    measurements: Measurements,
    design_of: Residuals | None = None,
) -> Residuals | None:
    """Residuals of an orbit; None where it does not live through the arc, or they overflow.

    Args:
        design_of: residuals of a near orbit, whose derivatives serve for this one as well.
    """
    if not (np.isfinite(orbit.position_km).all() and np.isfinite(orbit.velocity_km_s).all()):
        return None
    epoch = measurements.epoch_mjd_tdb
    try:
        path = fly(
            ephemeris, orbit, number, float(epoch.min()), float(epoch.max()),
            with_variations=design_of is None,
        )  # fmt: skip
    except PeriluneError:
        return None  # it starts inside a body
    found = residuals(measurements, path, ephemeris)
    if found is not None and not (
        np.abs(found.white).max(initial=0.0) < _OVERFLOW
        and np.abs(found.design).max(initial=0.0) < _OVERFLOW
    ):
        return None
    if found is not None and design_of is not None:
        found = replace(found, design=design_of.design)
    return found


def fit_orbit(
    ephemeris: Ephemeris,
    start: CartesianOrbit,
    number: int | None,
    measurements: Measurements,
    used: NDArray[np.bool_],
    *,
    tame: float | None = None,
    held: FloatArray | None = None,
    max_steps: int = MAX_STEPS,
) -> Solution | None:
    """The least-squares orbit near `start`.

    Args:
        start: with the parameters to estimate.
        measurements: N rows; residuals are given for all of them.
        used: (N,) those that the fit uses.
        tame: where given, a row whose residual exceeds this many times the median weighs less
            (Huber's weights): for the first steps from a poor start.
        held: (m,) a combination of the estimated quantities (km, km/s, parameters' units) that
            keeps its value at the start. The covariance is that of the fit without it.
        max_steps: trajectories at most.

    Returns:
        None where not even the start lives through the arc.
    """
    current = evaluate(ephemeris, start, number, measurements)
    if current is None:
        return None
    orbit = start
    damping = 0.0
    steps = 1
    settled = False
    cost, factor = _cost(current, used, tame)
    # Near the minimum the derivatives hardly change: the path alone is computed anew, which
    # costs half, as long as each step gains what they promise.
    is_linear = cost < _NEAR_SIGMA**2 * float(np.sum(used))
    is_proven = False
    while steps < max_steps:
        change, size, promised = _step(current, used, factor, damping, held)
        settled = size < _SETTLED_SIGMA or (is_proven and size < _SETTLED_SIGMA / _LINEAR)
        if settled:
            orbit, current = shifted(orbit, change), _moved(current, change)
            break
        trial_orbit = shifted(orbit, change)
        trial = evaluate(
            ephemeris, trial_orbit, number, measurements, current if is_linear else None
        )
        steps += 1
        trial_cost = np.inf if trial is None else float(np.sum((factor * trial.chi2)[used]))
        gained = cost - trial_cost
        if trial is not None and gained > 0.0:
            is_linear = is_proven = abs(gained - promised) < _LINEAR * promised
            orbit, current = trial_orbit, trial
            cost, factor = _cost(current, used, tame)
            damping = 0.0 if damping < 1.0e-6 else 0.1 * damping
        elif size < _ROUNDING_SIGMA:
            settled = True  # this step's start was the minimum, to rounding
            break
        elif is_linear:
            is_linear = False
            current = evaluate(ephemeris, orbit, number, measurements) or current
            steps += 1
        else:
            damping = max(10.0 * damping, 1.0e-4)
            if damping > _MAX_DAMPING:
                break
    covariance = _covariance(current, used)
    white = current.white[used]
    return Solution(
        orbit=replace(orbit, covariance=covariance),
        residuals=current,
        used=used.copy(),
        chi2=float(np.sum(white**2)),
        degrees_of_freedom=_count(current, used) - current.design.shape[2],
        has_converged=settled and covariance is not None,
        steps=steps,
    )


def corrected(current: Residuals, used: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray] | None:
    """The linear correction (m,) and covariance (m, m) if `used` were the rows of the fit.

    None where these rows leave something undetermined.
    """
    covariance = _covariance(current, used)
    if covariance is None:
        return None
    return _step(current, used, np.ones(used.size), 0.0)[0], covariance


def _moved(current: Residuals, change: FloatArray) -> Residuals:
    """Residuals after a small change, by their derivatives."""
    white = current.white - current.design @ change
    return replace(current, white=white)


def _count(current: Residuals, used: NDArray[np.bool_]) -> int:
    """Used residuals: two for a place, one for a radar measurement."""
    return int(np.sum(np.any(current.design[used] != 0.0, axis=2)))


def _cost(
    current: Residuals, used: NDArray[np.bool_], tame: float | None
) -> tuple[float, FloatArray]:
    """The cost and each row's weight factor (1 without taming)."""
    norm = np.sqrt(current.chi2)
    factor = np.ones(norm.size)
    if tame is not None:
        limit = tame * max(float(np.median(norm[used])), 1.0)
        factor = np.minimum(1.0, limit / np.maximum(norm, 1.0e-300))
    return float(np.sum(factor[used] * norm[used] ** 2)), factor


def _matrix(
    current: Residuals, used: NDArray[np.bool_], factor: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Design (2K, m) and residuals (2K,) of the used rows."""
    design, white = current.design[used], current.white[used]
    if factor is not None:
        root = np.sqrt(factor[used])
        design, white = design * root[:, np.newaxis, np.newaxis], white * root[:, np.newaxis]
    return design.reshape(-1, design.shape[2]), white.ravel()


def _step(
    current: Residuals,
    used: NDArray[np.bool_],
    factor: FloatArray,
    damping: float,
    held: FloatArray | None = None,
) -> tuple[FloatArray, float, float]:
    """The damped correction, its length in sigmas (a mean over quantities), its promised gain."""
    design, white = _matrix(current, used, factor)
    m = design.shape[1]
    scale = np.linalg.norm(design, axis=0)
    scale[scale == 0.0] = 1.0
    scaled = design / scale
    free = np.eye(m)
    if held is not None:
        across = (held / scale) / np.linalg.norm(held / scale)
        free = np.linalg.qr(np.column_stack([across, np.eye(m)]))[0][:, 1:]
        scaled = scaled @ free
    if damping > 0.0:
        k = scaled.shape[1]
        scaled = np.vstack([scaled, np.sqrt(damping) * np.eye(k)])
        white = np.concatenate([white, np.zeros(k)])
    step, *_ = np.linalg.lstsq(scaled, white, rcond=1.0e-13)
    moved = scaled @ step
    size = float(np.linalg.norm(moved) / np.sqrt(m))
    return np.asarray(free @ step / scale), size, float(2.0 * white @ moved - moved @ moved)


def _covariance(current: Residuals, used: NDArray[np.bool_]) -> FloatArray | None:
    """(AᵀA)⁻¹ by a QR decomposition; None where the used rows leave something undetermined."""
    design, _ = _matrix(current, used)
    m = design.shape[1]
    scale = np.linalg.norm(design, axis=0)
    if design.shape[0] < m or (scale == 0.0).any():
        return None
    upper = np.linalg.qr(design / scale, mode="r")
    diagonal = np.abs(np.diag(upper))
    if diagonal.min() <= 1.0e-14 * diagonal.max():
        return None
    inverse = np.linalg.inv(upper) / scale[:, np.newaxis]
    return np.asarray(inverse @ inverse.T)
