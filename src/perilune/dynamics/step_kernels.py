"""One step of many particles in lockstep: eight-node Gauss–Radau collocation, in numba.

The nodes' accelerations are found by sweeps in the manner of Gauss–Seidel (Everhart 1985). The
first sweep evaluates every force. The asteroids' and the small forces then stand; the planets are
evaluated again until the sweeps change little (`settled`); from there on only the Sun and the
bodies that are near (steep field) follow the last digits of the position.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.expansion_kernels import (
    add_expansion,
    add_small_linear,
    plan_expansion,
    small_forces_are_linear,
)
from perilune.dynamics.force_kernels import (
    ForceArrays,
    add_earth_zonals,
    add_moon_field,
    add_nongravitational,
    add_point_mass,
    add_point_mass_except,
    add_point_mass_tracked,
    add_relativity,
    add_sun_j2,
    body_acceleration,
    set_sun,
)
from perilune.dynamics.radau_kernels import RadauTables
from perilune.ephemeris.body_kernels import EphemerisArrays, all_states
from perilune.frames.orientation_kernels import earth_pole, moon_axes
from perilune.jit import kernel

# Not plain integers, for each of which numba would compile what is called once more.
_SUN = cast(int, np.int64(0))
_FIRST = cast(int, np.int64(0))
_EARTH = 3
_MOON = 4
_POSITION_ROUNDING = 2.0e-16  # of a barycentric coordinate: 3e-8 km at 1 au
# The Earth's and the Moon's figures act where GM/r³ is above this: 1.2e6 km and 2.9e5 km. Beyond,
# J2 moves a particle by less than 10 cm a day.
_FIGURE_GRADIENT_S2 = 2.1e-13
# A planet's (or the Moon's) own relativity acts within this distance times sqrt(GM / GM Earth).
_RELATIVITY_RANGE_KM = 3.0e7
_SERIES_NOISE = 2.0e4  # the largest coefficient of `RadauTables.power`, about twice


class StepOptions(NamedTuple):
    """What rules accuracy."""

    epsilon: float  # allowed size of the acceleration's last power-series term, relative
    convergence: float  # allowed change of the acceleration in the last sweep, relative
    near_gradient: float  # GM/r³ h² above which a body is evaluated in every sweep
    settled: float  # change of the acceleration in a sweep, relative, below which planets stand
    max_sweeps: int


class StepWorkspace(NamedTuple):
    """Scratch for one batch; `w` lanes at most. Packed arrays hold x, y, z one after another."""

    bodies: NDArray[np.float64]  # (8, n_bodies, 6) at the nodes
    own: NDArray[np.float64]  # (8, 11, 4) body_acceleration at the nodes
    pole: NDArray[np.float64]  # (8, 3) the Earth's pole at the nodes
    axes: NDArray[np.float64]  # (8, 3, 3) the Moon's axes at the nodes
    x: NDArray[np.float64]  # (9, 3w) positions at the nodes and at the end
    v: NDArray[np.float64]  # (9, 3w)
    a: NDArray[np.float64]  # (8, 3w) accelerations at the nodes
    far: NDArray[np.float64]  # (8, 3w) asteroids and small forces
    base: NDArray[np.float64]  # (8, 3w) the same with the planets that are not near
    old: NDArray[np.float64]  # (3w,)
    x0: NDArray[np.float64]  # (3w,)
    v0: NDArray[np.float64]  # (3w,)
    power: NDArray[np.float64]  # (8, 3w) acceleration as a power series of the step's fraction
    last_h: NDArray[np.float64]  # (w,)
    ratio: NDArray[np.float64]  # (w,)
    steepest: NDArray[np.float64]  # (11, w)
    error: NDArray[np.float64]  # (w,) last term in units of the allowed; inf: not converged
    noise: NDArray[np.float64]  # (w,) rounding of the acceleration, relative
    own_body: NDArray[np.int64]  # (w,) the body that the lane is, or -1
    nongrav: NDArray[np.float64]  # (w, 9)
    is_near: NDArray[np.bool_]  # (11,) evaluated in every sweep
    has_figure: NDArray[np.bool_]  # (11,) the Earth and the Moon where their figures act
    is_relativistic: NDArray[np.bool_]  # (11,) acts with its own relativity
    centre: NDArray[np.float64]  # (8, 3) see `plan_expansion`, with the next three
    series: NDArray[np.float64]  # (8, 19)
    is_expanded: NDArray[np.bool_]  # (n_bodies,)
    gradient: NDArray[np.float64]  # (n_bodies,)
    moved: NDArray[np.float64]  # (3, 39) scratch of `add_small_linear`


@kernel
def prepare_nodes(
    eph: EphemerisArrays,
    tables: RadauTables,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    ws: StepWorkspace,
) -> None:
    """Everything that depends on the time alone, at the nodes of the step."""
    for i in range(8):
        offset_d = (start_s + tables.nodes[i] * h_s) / 86400.0
        all_states(eph, reference_mjd, offset_d, ws.bodies[i])
        body_acceleration(ws.bodies[i], eph.gm_km3_s2, _SUN, ws.own[i, 0])
        earth_pole(reference_mjd + offset_d, ws.pole[i])


@kernel
def collocate(
    row: NDArray[np.float64],
    base: NDArray[np.float64],
    slope: NDArray[np.float64],
    slope_factor: float,
    factor: float,
    a: NDArray[np.float64],
    m: int,
    out: NDArray[np.float64],
) -> None:
    """out = base + slope_factor * slope + factor * Σ_j row[j] a[j], over m packed values."""
    c0 = factor * row[0]
    c1 = factor * row[1]
    c2 = factor * row[2]
    c3 = factor * row[3]
    c4 = factor * row[4]
    c5 = factor * row[5]
    c6 = factor * row[6]
    c7 = factor * row[7]
    a0 = a[0]
    a1 = a[1]
    a2 = a[2]
    a3 = a[3]
    a4 = a[4]
    a5 = a[5]
    a6 = a[6]
    a7 = a[7]
    for i in range(m):
        lower = (c0 * a0[i] + c1 * a1[i]) + (c2 * a2[i] + c3 * a3[i])
        upper = (c4 * a4[i] + c5 * a5[i]) + (c6 * a6[i] + c7 * a7[i])
        out[i] = base[i] + (slope_factor * slope[i] + (lower + upper))


@kernel
def _combine(
    row: NDArray[np.float64], a: NDArray[np.float64], m: int, out: NDArray[np.float64]
) -> None:
    """out = Σ_j row[j] a[j], over m packed values."""
    c0 = row[0]
    c1 = row[1]
    c2 = row[2]
    c3 = row[3]
    c4 = row[4]
    c5 = row[5]
    c6 = row[6]
    c7 = row[7]
    a0 = a[0]
    a1 = a[1]
    a2 = a[2]
    a3 = a[3]
    a4 = a[4]
    a5 = a[5]
    a6 = a[6]
    a7 = a[7]
    for i in range(m):
        lower = (c0 * a0[i] + c1 * a1[i]) + (c2 * a2[i] + c3 * a3[i])
        upper = (c4 * a4[i] + c5 * a5[i]) + (c6 * a6[i] + c7 * a7[i])
        out[i] = lower + upper


@kernel
def _predict(tables: RadauTables, ws: StepWorkspace, n: int, h_s: float) -> None:
    """The last step's power series continued over this one, as accelerations at the nodes."""
    m = 3 * n
    for i in range(n):
        ws.ratio[i] = h_s / ws.last_h[i]
    power = ws.power
    # Re-expand about the last step's end: rows turn in place, low order first.
    for k in range(8):
        target = power[k]
        for j in range(k + 1, 8):
            factor = tables.shift[k, j]
            source = power[j]
            for i in range(m):
                target[i] += factor * source[i]
    ratio = ws.ratio
    scale = ws.error  # free until the step's end
    for i in range(n):
        scale[i] = 1.0
    for k in range(1, 8):
        target = power[k]
        for i in range(n):
            scale[i] *= ratio[i]
            target[i] *= scale[i]
            target[n + i] *= scale[i]
            target[2 * n + i] *= scale[i]
    p0 = power[0]
    p1 = power[1]
    p2 = power[2]
    p3 = power[3]
    p4 = power[4]
    p5 = power[5]
    p6 = power[6]
    p7 = power[7]
    for node in range(8):
        c = tables.nodes[node]
        a = ws.a[node]
        for i in range(m):
            high = p4[i] + c * (p5[i] + c * (p6[i] + c * p7[i]))
            a[i] = p0[i] + c * (p1[i] + c * (p2[i] + c * (p3[i] + c * high)))


@kernel
def _far_forces(
    eph: EphemerisArrays,
    force: ForceArrays,
    ws: StepWorkspace,
    n: int,
    node: int,
    has_own: bool,
    has_nongrav: bool,
    any_expanded: bool,
) -> None:
    """The small forces and the asteroids at a node into `ws.far[node]`; with planets `ws.base`."""
    x = ws.x[node]
    v = ws.v[node]
    far = ws.far[node]
    bodies = ws.bodies[node]
    gm = eph.gm_km3_s2
    for i in range(3 * n):
        far[i] = 0.0
    if has_own:
        for j in range(11, gm.size):
            add_point_mass_except(x, n, bodies[j], gm[j], far, ws.own_body, j)
    else:
        for j in range(11, gm.size):
            if not ws.is_expanded[j]:
                add_point_mass(x, n, bodies[j], gm[j], far)
    if any_expanded and small_forces_are_linear(ws.gradient):
        add_small_linear(
            x, v, n, bodies, gm, ws.own[node, 0], force, ws.moved[0], ws.moved[1], ws.moved[2], far
        )
    else:
        add_relativity(x, v, n, bodies, gm, _SUN, ws.own[node, 0], far)
        add_sun_j2(x, n, bodies[0], gm[0], force, far)
    if has_nongrav:
        add_nongravitational(x, v, n, bodies[0], gm[0], ws.nongrav, far)
    base = ws.base[node]
    for i in range(3 * n):
        base[i] = far[i]
    if any_expanded:
        add_expansion(x, n, ws.centre[node], ws.series[node], base)
    for j in range(1, 11):
        if not ws.is_expanded[j]:
            add_point_mass_tracked(x, n, bodies[j], gm[j], base, ws.steepest[j])


@kernel
def _planets_again(
    eph: EphemerisArrays,
    force: ForceArrays,
    ws: StepWorkspace,
    n: int,
    node: int,
    any_expanded: bool,
) -> None:
    """The planets that are not near, and the figures of the near Earth and Moon, at a node."""
    x = ws.x[node]
    bodies = ws.bodies[node]
    gm = eph.gm_km3_s2
    far = ws.far[node]
    base = ws.base[node]
    for i in range(3 * n):
        base[i] = far[i]
    if any_expanded:
        add_expansion(x, n, ws.centre[node], ws.series[node], base)
    for j in range(1, 11):
        if not (ws.is_near[j] or ws.is_expanded[j]):
            add_point_mass(x, n, bodies[j], gm[j], base)
    if ws.has_figure[_EARTH]:
        add_earth_zonals(x, n, bodies[_EARTH], gm[_EARTH], force, ws.pole[node], base)
    if ws.has_figure[_MOON]:
        add_moon_field(x, n, bodies[_MOON], gm[_MOON], force, ws.axes[node], base)


@kernel
def _near_forces(
    eph: EphemerisArrays, ws: StepWorkspace, n: int, node: int, a: NDArray[np.float64]
) -> None:
    """Add the near bodies' Newtonian attraction at a node."""
    for j in range(1, 11):
        if ws.is_near[j]:
            add_point_mass(ws.x[node], n, ws.bodies[node, j], eph.gm_km3_s2[j], a)


@kernel
def _classify(
    eph: EphemerisArrays,
    tables: RadauTables,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    near_gradient: float,
    ws: StepWorkspace,
    n: int,
) -> bool:
    """Mark the near bodies and add their relativity to `far`; whether there is anything to redo."""
    any_near = False
    for j in range(1, 11):
        steepest = 0.0
        row = ws.steepest[j]
        for i in range(n):
            if row[i] > steepest:
                steepest = row[i]
        ws.is_near[j] = steepest * h_s * h_s > near_gradient
        any_near = any_near or ws.is_near[j]
        # What acts must not depend on the step: these go by the distance alone.
        ws.has_figure[j] = j in (_EARTH, _MOON) and steepest > _FIGURE_GRADIENT_S2
        gm = eph.gm_km3_s2[j]
        reach = _RELATIVITY_RANGE_KM * math.sqrt(gm / eph.gm_km3_s2[_EARTH])
        ws.is_relativistic[j] = steepest > gm / reach**3
        if ws.is_relativistic[j]:
            # Not near, yet the start must be redone: without it the series would have a jump there.
            any_near = True
            for node in range(8):
                body_acceleration(ws.bodies[node], eph.gm_km3_s2, j, ws.own[node, j])
                add_relativity(
                    ws.x[node],
                    ws.v[node],
                    n,
                    ws.bodies[node],
                    eph.gm_km3_s2,
                    j,
                    ws.own[node, j],
                    ws.far[node],
                )
    if ws.has_figure[_MOON]:
        for node in range(8):
            offset_d = (start_s + tables.nodes[node] * h_s) / 86400.0
            moon_axes(reference_mjd + offset_d, ws.axes[node])
    return any_near or ws.has_figure[_EARTH] or ws.has_figure[_MOON]


@kernel
def _rounding(ws: StepWorkspace, n: int) -> None:
    """What a position's rounding makes of the acceleration in a body's steep field.

    Barycentric positions of 1 au resolve 3e-8 km, those at Neptune 1e-6 km; no sweep can settle
    below that, and the series' last term carries it magnified (by `_SERIES_NOISE`).
    """
    a = ws.a[7]
    x = ws.x[7]
    for i in range(n):
        steep = 0.0
        for j in range(1, 11):
            steep += ws.steepest[j, i]
        size = a[i] * a[i] + a[n + i] * a[n + i] + a[2 * n + i] * a[2 * n + i]
        away = max(1.5e8, max(abs(x[i]), max(abs(x[n + i]), abs(x[2 * n + i]))))
        ws.noise[i] = 2.0 * _POSITION_ROUNDING * away * steep / math.sqrt(size)


@kernel
def step_batch(
    eph: EphemerisArrays,
    force: ForceArrays,
    tables: RadauTables,
    options: StepOptions,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    ws: StepWorkspace,
    n: int,
    has_own: bool,
    has_nongrav: bool,
) -> None:
    """Advance `n` lanes by `h_s` from (`ws.x0`, `ws.v0`); `prepare_nodes` went before.

    Leaves node states and the end state in `ws.x`, `ws.v`, the power series in `ws.power` and
    each lane's error in `ws.error`.
    """
    m = 3 * n
    h2 = h_s * h_s
    _predict(tables, ws, n, h_s)
    any_expanded = False
    if has_own:
        for j in range(ws.is_expanded.size):
            ws.is_expanded[j] = False
            ws.gradient[j] = 0.0
    else:
        any_expanded = plan_expansion(
            ws.bodies, eph.gm_km3_s2, tables.nodes, tables.position, ws.x0, ws.v0, ws.a, n, h_s,
            options.near_gradient, ws.ratio, ws.centre,
            ws.series, ws.is_expanded, ws.gradient,
        )  # fmt: skip
    for j in range(1, 11):
        row = ws.steepest[j]
        for i in range(n):
            row[i] = ws.gradient[j]
    for node in range(8):
        c = tables.nodes[node] * h_s
        collocate(tables.position[node], ws.x0, ws.v0, c, h2, ws.a, m, ws.x[node])
        collocate(tables.velocity[node], ws.v0, ws.v0, 0.0, h_s, ws.a, m, ws.v[node])
        _far_forces(eph, force, ws, n, node, has_own, has_nongrav, any_expanded)
        set_sun(ws.x[node], n, ws.bodies[node, 0], eph.gm_km3_s2[0], ws.base[node], ws.a[node])
    any_near = _classify(eph, tables, reference_mjd, start_s, h_s, options.near_gradient, ws, n)
    if any_near:
        # The start does not move: its last evaluation is here.
        _planets_again(eph, force, ws, n, _FIRST, any_expanded)
        set_sun(ws.x[0], n, ws.bodies[0, 0], eph.gm_km3_s2[0], ws.base[0], ws.a[0])
        _near_forces(eph, ws, n, _FIRST, ws.a[0])
    _rounding(ws, n)
    change = math.inf
    for _ in range(options.max_sweeps):
        last = ws.a[7]
        for i in range(m):
            ws.old[i] = last[i]
        for node in range(1, 8):
            c = tables.nodes[node] * h_s
            collocate(tables.position[node], ws.x0, ws.v0, c, h2, ws.a, m, ws.x[node])
            a = ws.a[node]
            if change * options.convergence > options.settled:
                _planets_again(eph, force, ws, n, node, any_expanded)
            set_sun(ws.x[node], n, ws.bodies[node, 0], eph.gm_km3_s2[0], ws.base[node], a)
            if any_near:
                _near_forces(eph, ws, n, node, a)
        change = _largest_change(ws, n, options.convergence)
        if change < 1.0:
            break
    for k in range(8):
        _combine(tables.power[k], ws.a, m, ws.power[k])
    collocate(tables.position[8], ws.x0, ws.v0, h_s, h2, ws.a, m, ws.x[8])
    collocate(tables.velocity[8], ws.v0, ws.v0, 0.0, h_s, ws.a, m, ws.v[8])
    _errors(ws, n, options.epsilon)


@kernel
def _largest_change(ws: StepWorkspace, n: int, convergence: float) -> float:
    """The last sweep's largest change at the last node over all lanes, in units of what is allowed.

    A lane's change is left in `ws.ratio`; NaN counts as infinite.
    """
    a = ws.a[7]
    ratio = ws.ratio
    for i in range(n):
        dx = a[i] - ws.old[i]
        dy = a[n + i] - ws.old[n + i]
        dz = a[2 * n + i] - ws.old[2 * n + i]
        size = a[i] * a[i] + a[n + i] * a[n + i] + a[2 * n + i] * a[2 * n + i]
        noise = 4.0 * ws.noise[i]
        allowed = convergence if convergence > noise else noise
        ratio[i] = math.sqrt((dx * dx + dy * dy + dz * dz) / size) / allowed
    largest = 0.0
    for i in range(n):
        if not ratio[i] <= largest:
            largest = ratio[i]
            if largest != largest:
                return math.inf
    return largest


@kernel
def _errors(ws: StepWorkspace, n: int, epsilon: float) -> None:
    """Each lane's last term in units of what is allowed; infinite where the sweeps did not settle.

    A lane within a hundred times the wanted change is settled well enough: the next sweep would
    have divided that by far more than it matters.
    """
    p = ws.power[7]
    a = ws.a[7]
    for i in range(n):
        last = p[i] * p[i] + p[n + i] * p[n + i] + p[2 * n + i] * p[2 * n + i]
        size = a[i] * a[i] + a[n + i] * a[n + i] + a[2 * n + i] * a[2 * n + i]
        error = math.sqrt(last / size) / max(epsilon, _SERIES_NOISE * ws.noise[i])
        ws.error[i] = error if ws.ratio[i] < 100.0 and error < math.inf else math.inf
