"""Heliocentric conics fitted to directions: Lagrange's coefficients, their partials, robust fits.

The motion about the Sun is that of two bodies, in universal functions G_k(beta, s) with
beta = 2 GM / r0 - v0^2 and ds = dt / r, one formulation for every conic:

    t = r0 G1 + sigma0 G2 + GM G3,   f = 1 - GM G2 / r0,   g = t - GM G3.

Partials of the position are those of Battin (1999), An Introduction to the Mathematics and
Methods of Astrodynamics, equations 9.84 to 9.87. Units are km and s.

A direction's residual is taken on the plane that touches the sphere at the observed place, so
that no pole is singular. Fits are Levenberg-Marquardt with Huber's weights (Huber 1964,
doi:10.1214/aoms/1177703732), whose scale is the median residual but never below one sigma: a
start that is far off is drawn in by all observations, and in the end blunders weigh little.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel
from perilune.orbits.element_kernels import stumpff_functions

_C_KM_S = 299792.458
_HUBER = 1.5
_MAX_ARGUMENT = 40.0  # of the hyperbolic functions: a runaway iterate must not overflow


class Sight(NamedTuple):
    """N observed directions, as kernels see them.

    Attributes:
        since_s: (N,) epochs of reception counted from the orbit's epoch.
        observer_km: (N, 3) observers from the Sun at reception.
        axes: (N, 3, 3) rows: observed direction, towards east, towards north.
        sigma_rad: (N,) uncertainty on each axis.
        shift_km: (N, 3) added to the conic's positions: what it leaves out.
        sun_km_s: (3,) the Sun's own velocity, for its motion during the light time.
    """

    since_s: NDArray[np.float64]
    observer_km: NDArray[np.float64]
    axes: NDArray[np.float64]
    sigma_rad: NDArray[np.float64]
    shift_km: NDArray[np.float64]
    sun_km_s: NDArray[np.float64]


@kernel
def universal_step(
    radius: float, sigma: float, beta: float, since: float, gm: float
) -> tuple[float, float, float, float, float, float, float]:
    """s and G0 ... G5 after `since`: the time rises with s, so that bounds keep Newton safe."""
    scale = math.sqrt(abs(beta))
    limit = _MAX_ARGUMENT / scale if beta < 0.0 else math.inf
    s = since / radius
    s = min(max(s, -limit), limit)
    low, high = -math.inf, math.inf
    if since > 0.0:
        low = 0.0
    else:
        high = 0.0
    c0, c1, c2, c3, c4, c5 = stumpff_functions(beta * s * s)
    for _ in range(60):
        s2 = s * s
        miss = radius * s * c1 + sigma * s2 * c2 + gm * s2 * s * c3 - since
        slope = radius * c0 + sigma * s * c1 + gm * s2 * c2
        if miss > 0.0:
            high = s
        else:
            low = s
        new = s - miss / slope if slope > 0.0 else math.nan
        if not low <= new <= high:
            new = 2.0 * s if math.isinf(low) or math.isinf(high) else 0.5 * (low + high)
        new = min(max(new, -limit), limit)
        step = abs(new - s)
        s = new
        c0, c1, c2, c3, c4, c5 = stumpff_functions(beta * s * s)
        if step <= 1e-14 * abs(s):
            break
    s2 = s * s
    return s, c0, s * c1, s2 * c2, s2 * s * c3, s2 * s2 * c4, s2 * s2 * s * c5


@kernel
def conic_position(
    state: NDArray[np.float64],
    since: float,
    gm: float,
    with_partials: bool,
    moved: NDArray[np.float64],
    partials: NDArray[np.float64],
) -> None:
    """The state (6,) after `since`, and the partials (3, 6) of its position by `state`."""
    r0 = math.sqrt(state[0] ** 2 + state[1] ** 2 + state[2] ** 2)
    v2 = state[3] ** 2 + state[4] ** 2 + state[5] ** 2
    sigma = state[0] * state[3] + state[1] * state[4] + state[2] * state[5]
    s, g0, g1, g2, g3, g4, g5 = universal_step(r0, sigma, 2.0 * gm / r0 - v2, since, gm)
    f = 1.0 - gm * g2 / r0
    g = since - gm * g3
    r = r0 * g0 + sigma * g1 + gm * g2
    f_dot = -gm * g1 / (r * r0)
    g_dot = 1.0 - gm * g2 / r
    for k in range(3):
        moved[k] = f * state[k] + g * state[3 + k]
        moved[3 + k] = f_dot * state[k] + g_dot * state[3 + k]
    if not with_partials:
        return
    c = gm * gm * (3.0 * g5 - s * g4) - gm * since * g2
    for i in range(3):
        dr = moved[i] - state[i]
        dv = moved[3 + i] - state[3 + i]
        for j in range(3):
            same = 1.0 if i == j else 0.0
            partials[i, j] = (
                r / gm * dv * (moved[3 + j] - state[3 + j])
                + (r0 * (1.0 - f) * moved[i] + c * moved[3 + i]) * state[j] / (r0 * r0 * r0)
                + f * same
            )
            partials[i, 3 + j] = (
                r0 / gm * (1.0 - f) * (dr * state[3 + j] - dv * state[j])
                + c / gm * moved[3 + i] * state[3 + j]
                + g * same
            )


@kernel
def conic_residuals(
    state: NDArray[np.float64],
    sight: Sight,
    gm: float,
    with_partials: bool,
    tau: NDArray[np.float64],
    residual: NDArray[np.float64],
    design: NDArray[np.float64],
) -> None:
    """Residuals (N, 2), observed minus computed in rad, and partials (N, 2, 6) of the computed.

    `tau` (N,) holds light times of an earlier call (or a guess) and gets those of this one. A
    place on the far hemisphere gets a residual of two radians.
    """
    moved = np.zeros(6)
    by_state = np.zeros((3, 6))
    away = np.zeros(3)
    for i in range(sight.since_s.shape[0]):
        conic_position(state, sight.since_s[i] - tau[i], gm, with_partials, moved, by_state)
        r2 = moved[0] ** 2 + moved[1] ** 2 + moved[2] ** 2
        pull = -gm / (r2 * math.sqrt(r2))
        late = 0.0
        distance = 0.0
        for _ in range(3):
            distance = 0.0
            for k in range(3):
                away[k] = (
                    moved[k]
                    - late * moved[3 + k]
                    + 0.5 * late * late * pull * moved[k]
                    - (tau[i] + late) * sight.sun_km_s[k]
                    + sight.shift_km[i, k]
                    - sight.observer_km[i, k]
                )
                distance += away[k] ** 2
            distance = math.sqrt(distance)
            late = distance / _C_KM_S - tau[i]
        tau[i] += late
        along = 0.0
        for k in range(3):
            along += away[k] * sight.axes[i, 0, k] / distance
        for m in range(2):
            component = 0.0
            for k in range(3):
                component += away[k] * sight.axes[i, m + 1, k] / distance
            residual[i, m] = -component if along > 0.0 else 2.0
            if with_partials:
                for j in range(6):
                    total = 0.0
                    for k in range(3):
                        total += (
                            sight.axes[i, m + 1, k] - component * away[k] / distance
                        ) * by_state[k, j]
                    design[i, m, j] = total / distance


@kernel
def _solve(
    normal: NDArray[np.float64],
    right: NDArray[np.float64],
    damping: float,
    step: NDArray[np.float64],
) -> bool:
    """(N + damping diag N) x = b by Cholesky on the matrix scaled to a unit diagonal."""
    n = right.shape[0]
    factor = np.zeros((n, n))
    scale = np.zeros(n)
    for i in range(n):
        if not normal[i, i] > 0.0:
            return False
        scale[i] = 1.0 / math.sqrt(normal[i, i])
    for i in range(n):
        for j in range(i + 1):
            total = normal[i, j] * scale[i] * scale[j]
            if i == j:
                total += damping
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i == j:
                if not total > 1e-15:
                    return False
                factor[i, i] = math.sqrt(total)
            else:
                factor[i, j] = total / factor[j, j]
    for i in range(n):
        total = right[i] * scale[i]
        for k in range(i):
            total -= factor[i, k] * step[k]
        step[i] = total / factor[i, i]
    for i in range(n - 1, -1, -1):
        total = step[i]
        for k in range(i + 1, n):
            total -= factor[k, i] * step[k]
        step[i] = total / factor[i, i]
    for i in range(n):
        step[i] *= scale[i]
    return True


@kernel
def _robust_cost(sizes: NDArray[np.float64], scale: float) -> float:
    total = 0.0
    for size in sizes:
        x = size / scale
        total += x * x if x <= _HUBER else _HUBER * (2.0 * x - _HUBER)
    return total


@kernel
def _sizes(
    residual: NDArray[np.float64], sigma: NDArray[np.float64], sizes: NDArray[np.float64]
) -> None:
    for i in range(sigma.shape[0]):
        sizes[i] = math.sqrt(0.5 * (residual[i, 0] ** 2 + residual[i, 1] ** 2)) / sigma[i]


@kernel
def _radial(state: NDArray[np.float64], gm: float, gradient: NDArray[np.float64]) -> float:
    """r·v / sqrt(GM r), the radial speed over the circular one, with its gradient (6,)."""
    r2 = state[0] ** 2 + state[1] ** 2 + state[2] ** 2
    dot = state[0] * state[3] + state[1] * state[4] + state[2] * state[5]
    unit = math.sqrt(gm * math.sqrt(r2))
    for k in range(3):
        gradient[k] = (state[3 + k] - 0.5 * dot * state[k] / r2) / unit
        gradient[3 + k] = state[k] / unit
    return float(dot / unit)


@kernel
def fit_conic(
    state: NDArray[np.float64],
    sight: Sight,
    gm: float,
    radial_sigma: float,
    max_iterations: int,
    tau: NDArray[np.float64],
    residual: NDArray[np.float64],
    normal: NDArray[np.float64],
) -> int:
    """Fit `state` (6,) in place; `residual` (N, 2) and `normal` (6, 6) (unit scale) at the end.

    The radial speed over the speed of a circular orbit is held at nought within `radial_sigma`,
    which may be infinite.

    Returns the iterations used, or -1 where the start could not be used.
    """
    n = sight.since_s.shape[0]
    design = np.zeros((n, 2, 6))
    trial = np.zeros(6)
    trial_residual = np.zeros((n, 2))
    trial_tau = np.zeros(n)
    gradient = np.zeros(6)
    sizes = np.zeros(n)
    right = np.zeros(6)
    step = np.zeros(6)
    for i in range(n):
        tau[i] = (
            math.sqrt(
                (state[0] - sight.observer_km[i, 0]) ** 2
                + (state[1] - sight.observer_km[i, 1]) ** 2
                + (state[2] - sight.observer_km[i, 2]) ** 2
            )
            / _C_KM_S
        )
    conic_residuals(state, sight, gm, True, tau, residual, design)
    _sizes(residual, sight.sigma_rad, sizes)
    if not np.isfinite(np.sum(sizes)):
        return -1
    damping = 1e-3
    used = 0
    for iteration in range(max_iterations):
        used = iteration + 1
        scale = max(1.0, 1.2 * np.median(sizes))
        radial = _radial(state, gm, gradient) / radial_sigma
        cost = _robust_cost(sizes, scale) + 0.5 * (radial / scale) ** 2
        normal[:, :] = 0.0
        right[:] = 0.0
        for i in range(n):
            weight = 1.0 / sight.sigma_rad[i] ** 2
            if sizes[i] > _HUBER * scale:
                weight *= _HUBER * scale / sizes[i]
            for m in range(2):
                for j in range(6):
                    d = design[i, m, j] * weight
                    right[j] += d * residual[i, m]
                    for k in range(j + 1):
                        normal[j, k] += d * design[i, m, k]
        for j in range(6):
            right[j] -= radial * gradient[j] / radial_sigma
            for k in range(j + 1):
                normal[j, k] += gradient[j] * gradient[k] / radial_sigma**2
                normal[k, j] = normal[j, k]
        accepted = False
        gain = 0.0
        for _ in range(10):
            if not _solve(normal, right, damping, step):
                damping = max(10.0 * damping, 1e-12)
                continue
            for j in range(6):
                trial[j] = state[j] + step[j]
            trial_tau[:] = tau
            conic_residuals(trial, sight, gm, False, trial_tau, trial_residual, design)
            _sizes(trial_residual, sight.sigma_rad, sizes)
            radial = _radial(trial, gm, gradient) / radial_sigma
            new_cost = _robust_cost(sizes, scale) + 0.5 * (radial / scale) ** 2
            if new_cost <= cost * (1.0 + 1e-12):
                gain = (cost - new_cost) / max(cost, 1e-300)
                accepted = True
                break
            damping *= 10.0
        if not accepted:
            _sizes(residual, sight.sigma_rad, sizes)
            break
        state[:] = trial
        tau[:] = trial_tau
        conic_residuals(state, sight, gm, True, tau, residual, design)
        damping = 0.0 if damping < 1e-9 else 0.05 * damping
        if gain < 1e-7:
            break
    return used


@kernel
def fit_conics(
    states: NDArray[np.float64],
    sight: Sight,
    gm: float,
    radial_sigma: float,
    max_iterations: int,
    scores: NDArray[np.float64],
) -> None:
    """Fit each of the states (K, 6) in place; `scores` (K,) get the median residual in sigmas."""
    n = sight.since_s.shape[0]
    tau = np.zeros(n)
    residual = np.zeros((n, 2))
    sizes = np.zeros(n)
    normal = np.zeros((6, 6))
    for k in range(states.shape[0]):
        used = fit_conic(states[k], sight, gm, radial_sigma, max_iterations, tau, residual, normal)
        scores[k] = math.inf
        if used > 0:
            _sizes(residual, sight.sigma_rad, sizes)
            scores[k] = np.median(sizes)
