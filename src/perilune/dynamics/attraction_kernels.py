"""The forces on a batch at a node of its step: which act, and which stand between sweeps."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from perilune.dynamics.expansion_kernels import (
    add_expansion,
    add_small_linear,
    small_forces_are_linear,
)
from perilune.dynamics.force_kernels import (
    ForceArrays,
    add_earth_zonals,
    add_moon_field,
    add_nongravitational,
    add_point_mass,
    add_point_mass_tracked,
    add_point_masses,
    add_relativity,
    add_sun_j2,
    body_acceleration,
    set_sun,
)
from perilune.dynamics.node_kernels import StepWorkspace
from perilune.ephemeris.body_kernels import EphemerisArrays
from perilune.frames.orientation_kernels import earth_pole, moon_axes
from perilune.jit import lean_kernel

# Not a plain integer, for which numba would compile what is called once more.
_SUN = cast(int, np.int64(0))
_EARTH = 3
_MOON = 4
_POSITION_ROUNDING = 2.0e-16  # of a barycentric coordinate: 3e-8 km at 1 au
# The Earth's and the Moon's figures act where GM/r³ is above this: 1.2e6 km and 2.9e5 km. Beyond,
# J2 moves a particle by less than 10 cm a day.
_FIGURE_GRADIENT_S2 = 2.1e-13
# A planet's (or the Moon's) own relativity acts within this distance times sqrt(GM / GM Earth).
_RELATIVITY_RANGE_KM = 3.0e7
_FEW = 4  # lanes up to which bodies fill the vector registers instead of lanes


@lean_kernel
def far_forces(
    eph: EphemerisArrays,
    force: ForceArrays,
    ws: StepWorkspace,
    n: int,
    node: int,
    has_own: bool,
    has_nongrav: bool,
    any_expanded: bool,
) -> None:
    """The small forces and the asteroids at a node into `ws.far[node]`."""
    x = ws.x[node]
    v = ws.v[node]
    far = ws.far[node]
    bodies = ws.bodies[node]
    small = ws.small[node]
    gm = eph.gm_km3_s2
    count = gm.size - 11
    for i in range(3 * n):
        far[i] = 0.0
    if has_own or n <= _FEW:
        add_point_masses(x, n, small, gm[11:], ws.own_body, 11, ws.pull, ws.steepest[:0], far)
    else:
        for j in range(count):
            if not ws.is_expanded[11 + j]:
                add_point_mass(
                    x, n, small[j], small[count + j], small[2 * count + j], gm[11 + j], far
                )
    if any_expanded and small_forces_are_linear(ws.gradient):
        add_small_linear(
            x, v, n, bodies, gm, ws.own[node, 0], force, ws.moved[0], ws.moved[1], ws.moved[2], far
        )
    else:
        add_relativity(x, v, n, bodies, gm, _SUN, ws.own[node, 0], far)
        add_sun_j2(x, n, bodies[0], gm[0], force, far)
    if has_nongrav:
        add_nongravitational(x, v, n, bodies[0], gm[0], ws.nongrav, far)


@lean_kernel
def attract_first(
    eph: EphemerisArrays, ws: StepWorkspace, n: int, node: int, any_expanded: bool
) -> None:
    """a = far + all major bodies at a node; how steep their fields are goes into `ws.steepest`."""
    x = ws.x[node]
    bodies = ws.bodies[node]
    gm = eph.gm_km3_s2
    far = ws.far[node]
    base = ws.base[node]
    for i in range(3 * n):
        base[i] = far[i]
    if n <= _FEW:
        a = ws.a[node]
        for i in range(3 * n):
            a[i] = far[i]
        add_point_masses(x, n, ws.places[node], gm[:11], ws.own_body, 0, ws.pull, ws.steepest, a)
        return
    if any_expanded:
        add_expansion(x, n, ws.centre[node], ws.series[node], base)
    for j in range(1, 11):
        if not ws.is_expanded[j]:
            add_point_mass_tracked(x, n, bodies[j], gm[j], base, ws.steepest[j])
    set_sun(x, n, bodies[0], gm[0], base, ws.a[node])


@lean_kernel
def planets_again(
    eph: EphemerisArrays,
    force: ForceArrays,
    ws: StepWorkspace,
    n: int,
    node: int,
    any_expanded: bool,
) -> None:
    """What may stand between sweeps, at a node: base = far + planets that are not near + figures.

    Few lanes have no use for the distinction: all their bodies are attracted anew in every sweep.
    """
    x = ws.x[node]
    bodies = ws.bodies[node]
    gm = eph.gm_km3_s2
    far = ws.far[node]
    base = ws.base[node]
    for i in range(3 * n):
        base[i] = far[i]
    if any_expanded:
        add_expansion(x, n, ws.centre[node], ws.series[node], base)
    if n > _FEW:
        for j in range(1, 11):
            if not (ws.is_near[j] or ws.is_expanded[j]):
                add_point_mass(x, n, bodies[j, 0], bodies[j, 1], bodies[j, 2], gm[j], base)
    if ws.has_figure[_EARTH]:
        add_earth_zonals(x, n, bodies[_EARTH], gm[_EARTH], force, ws.pole[node], base)
    if ws.has_figure[_MOON]:
        add_moon_field(x, n, bodies[_MOON], gm[_MOON], force, ws.axes[node], base)


@lean_kernel
def attract(eph: EphemerisArrays, ws: StepWorkspace, n: int, node: int, any_near: bool) -> None:
    """a = base + the Sun and the near bodies at a node."""
    x = ws.x[node]
    a = ws.a[node]
    base = ws.base[node]
    bodies = ws.bodies[node]
    gm = eph.gm_km3_s2
    if n <= _FEW:
        for i in range(3 * n):
            a[i] = base[i]
        add_point_masses(
            x, n, ws.places[node], gm[:11], ws.own_body, 0, ws.pull, ws.steepest[:0], a
        )
        return
    set_sun(x, n, bodies[0], gm[0], base, a)
    if any_near:
        for j in range(1, 11):
            if ws.is_near[j]:
                add_point_mass(x, n, bodies[j, 0], bodies[j, 1], bodies[j, 2], gm[j], a)


@lean_kernel
def classify(
    eph: EphemerisArrays,
    reference_mjd: float,
    h_s: float,
    near_gradient: float,
    ws: StepWorkspace,
    n: int,
) -> bool:
    """Mark the near bodies and add their relativity to `far`; whether there is anything to redo."""
    any_near = False
    # steepest > GM / reach³ with reach = range sqrt(GM / GM Earth), squared.
    relativistic = (eph.gm_km3_s2[_EARTH] / _RELATIVITY_RANGE_KM**2) ** 3
    for j in range(1, 11):
        steepest = 0.0
        row = ws.steepest[j]
        for i in range(n):
            if row[i] > steepest:
                steepest = row[i]
        ws.steepest_of_all[j] = steepest
        ws.is_near[j] = steepest * h_s * h_s > near_gradient
        any_near = any_near or ws.is_near[j]
        # What acts must not depend on the step: these go by the distance alone.
        ws.has_figure[j] = j in (_EARTH, _MOON) and steepest > _FIGURE_GRADIENT_S2
        ws.is_relativistic[j] = steepest * steepest * eph.gm_km3_s2[j] > relativistic
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
    for node in range(8):
        if ws.has_figure[_EARTH]:
            earth_pole(reference_mjd + ws.offset_d[node], ws.pole[node])
        if ws.has_figure[_MOON]:
            moon_axes(reference_mjd + ws.offset_d[node], ws.axes[node])
    return any_near or ws.has_figure[_EARTH] or ws.has_figure[_MOON]


@lean_kernel
def rounding(ws: StepWorkspace, n: int) -> None:
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
