"""Variational equations along one lane's step, for the state and for estimated parameters.

δ'' = (∂a/∂x) δ + (∂a/∂v) δ' + ∂a/∂p, solved by the same collocation as the orbit, all columns at
once as lanes. The point masses' gradient is analytic; that of the small forces (relativity,
figures of the bodies, non-gravitational) is a central difference of those forces themselves, so
that no force can be forgotten here.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.force_kernels import (
    ForceArrays,
    add_earth_zonals,
    add_moon_field,
    add_nongravitational,
    add_relativity,
    add_sun_j2,
)
from perilune.dynamics.radau_kernels import RadauTables
from perilune.dynamics.step_kernels import StepWorkspace, collocate
from perilune.ephemeris.body_kernels import EphemerisArrays
from perilune.jit import kernel

# Not plain integers, for each of which numba would compile what is called once more.
_COPIES = cast(int, np.int64(12))
_PAIR = cast(int, np.int64(2))
_EARTH = 3
_MOON = 4
_DELAY_STEP_S = 864.0


class VariationWorkspace(NamedTuple):
    """Scratch for one lane with `m` columns; packed arrays hold x, y, z of all columns."""

    da: NDArray[np.float64]  # (8, 3m)
    dx: NDArray[np.float64]  # (3m,)
    dv: NDArray[np.float64]  # (3m,)
    x0: NDArray[np.float64]  # (3m,)
    v0: NDArray[np.float64]  # (3m,)
    gx: NDArray[np.float64]  # (8, 3, 3) ∂a/∂x at the nodes
    gv: NDArray[np.float64]  # (8, 3, 3) ∂a/∂v at the nodes
    gp: NDArray[np.float64]  # (8, 3, m) ∂a/∂p at the nodes (nought for state columns)
    moved_x: NDArray[np.float64]  # (36,) twelve displaced copies of the lane
    moved_v: NDArray[np.float64]  # (36,)
    moved_a: NDArray[np.float64]  # (36,)
    moved_nongrav: NDArray[np.float64]  # (12, 9)
    change: NDArray[np.float64]  # (m,)
    size: NDArray[np.float64]  # (m,)


@kernel
def _small_forces(
    eph: EphemerisArrays,
    force: ForceArrays,
    ws: StepWorkspace,
    node: int,
    var: VariationWorkspace,
    n: int,
    has_nongrav: bool,
) -> None:
    """The small forces on `n` displaced copies into `var.moved_a`."""
    a = var.moved_a
    bodies = ws.bodies[node]
    gm = eph.gm_km3_s2
    for i in range(3 * n):
        a[i] = 0.0
    for j in range(11):
        if j == 0 or ws.is_relativistic[j]:
            add_relativity(var.moved_x, var.moved_v, n, bodies, gm, j, ws.own[node, j], a)
    add_sun_j2(var.moved_x, n, bodies[0], gm[0], force, a)
    if ws.has_figure[_EARTH]:
        add_earth_zonals(var.moved_x, n, bodies[_EARTH], gm[_EARTH], force, ws.pole[node], a)
    if ws.has_figure[_MOON]:
        add_moon_field(var.moved_x, n, bodies[_MOON], gm[_MOON], force, ws.axes[node], a)
    if has_nongrav:
        add_nongravitational(var.moved_x, var.moved_v, n, bodies[0], gm[0], var.moved_nongrav, a)


@kernel
def _gradients(
    eph: EphemerisArrays,
    force: ForceArrays,
    ws: StepWorkspace,
    lane: int,
    n: int,
    node: int,
    var: VariationWorkspace,
    parameter: NDArray[np.int64],
    scale: NDArray[np.float64],
    has_nongrav: bool,
) -> None:
    """∂a/∂x, ∂a/∂v and ∂a/∂p of one lane at one node."""
    x = ws.x[node, lane]
    y = ws.x[node, n + lane]
    z = ws.x[node, 2 * n + lane]
    g = var.gx[node]
    for k in range(3):
        for j in range(3):
            g[k, j] = 0.0
            var.gv[node, k, j] = 0.0
    nearest = math.inf
    for j in range(eph.gm_km3_s2.size):
        if ws.own_body[lane] != j:
            dx = x - ws.bodies[node, j, 0]
            dy = y - ws.bodies[node, j, 1]
            dz = z - ws.bodies[node, j, 2]
            r2 = dx * dx + dy * dy + dz * dz
            if j < 11:
                nearest = min(nearest, r2)
            q = eph.gm_km3_s2[j] / (r2 * math.sqrt(r2))
            t = 3.0 * q / r2
            g[0, 0] += t * dx * dx - q
            g[1, 1] += t * dy * dy - q
            g[2, 2] += t * dz * dz - q
            g[0, 1] += t * dx * dy
            g[0, 2] += t * dx * dz
            g[1, 2] += t * dy * dz
    g[1, 0] = g[0, 1]
    g[2, 0] = g[0, 2]
    g[2, 1] = g[1, 2]
    # Copies 2k and 2k+1 are moved by ± along coordinate k, then along velocity k.
    step_x = 1.0e-4 * math.sqrt(nearest)
    step_v = 1.0e-3
    for copy in range(12):
        for k in range(3):
            var.moved_x[12 * k + copy] = ws.x[node, k * n + lane]
            var.moved_v[12 * k + copy] = ws.v[node, k * n + lane]
        for k in range(9):
            var.moved_nongrav[copy, k] = ws.nongrav[lane, k]
    for k in range(3):
        var.moved_x[12 * k + 2 * k] += step_x
        var.moved_x[12 * k + 2 * k + 1] -= step_x
        var.moved_v[12 * k + 6 + 2 * k] += step_v
        var.moved_v[12 * k + 6 + 2 * k + 1] -= step_v
    _small_forces(eph, force, ws, node, var, _COPIES, has_nongrav)
    for k in range(3):
        for c in range(3):
            high = var.moved_a[12 * c + 2 * k]
            low = var.moved_a[12 * c + 2 * k + 1]
            g[c, k] += (high - low) / (2.0 * step_x)
            high = var.moved_a[12 * c + 6 + 2 * k]
            low = var.moved_a[12 * c + 6 + 2 * k + 1]
            var.gv[node, c, k] = (high - low) / (2.0 * step_v)
    for column in range(6, 6 + parameter.size):
        which = parameter[column - 6]
        for copy in range(2):
            for k in range(3):
                var.moved_x[2 * k + copy] = ws.x[node, k * n + lane]
                var.moved_v[2 * k + copy] = ws.v[node, k * n + lane]
                var.moved_a[2 * k + copy] = 0.0
            for k in range(9):
                var.moved_nongrav[copy, k] = ws.nongrav[lane, k]
        if which < 3:
            # The force is linear in A1, A2, A3: a unit of one alone is the derivative.
            for copy in range(2):
                for k in range(3):
                    var.moved_nongrav[copy, k] = 0.0
            var.moved_nongrav[0, which] = 1.0
            width = 1.0
        else:
            var.moved_nongrav[0, which] += _DELAY_STEP_S
            var.moved_nongrav[1, which] -= _DELAY_STEP_S
            width = 2.0 * _DELAY_STEP_S
        add_nongravitational(
            var.moved_x, var.moved_v, _PAIR, ws.bodies[node, 0], eph.gm_km3_s2[0],
            var.moved_nongrav, var.moved_a,
        )  # fmt: skip
        for c in range(3):
            high = var.moved_a[2 * c]
            low = var.moved_a[2 * c + 1]
            var.gp[node, c, column] = (high - low) / width * scale[column - 6]


@kernel
def vary_lane(
    eph: EphemerisArrays,
    force: ForceArrays,
    tables: RadauTables,
    h_s: float,
    ws: StepWorkspace,
    lane: int,
    n: int,
    var: VariationWorkspace,
    parameter: NDArray[np.int64],
    scale: NDArray[np.float64],
    has_nongrav: bool,
    phi: NDArray[np.float64],
) -> None:
    """Carry the matrix `phi` (6, m) of one accepted lane over the step.

    `ws` still holds the step, `ws.v` the final velocities. `parameter[i]` is the column of
    `nongrav` that parameter i is, and `scale[i]` its unit in the kernel's units. `phi` stays at
    the step's start (use `dense_variation` at the end); the accelerations at the nodes are left
    in `var.da`.
    """
    m = phi.shape[1]
    for node in range(8):
        _gradients(eph, force, ws, lane, n, node, var, parameter, scale, has_nongrav)
    for k in range(3):
        for c in range(m):
            var.x0[k * m + c] = phi[k, c]
            var.v0[k * m + c] = phi[3 + k, c]
    for node in range(8):
        for i in range(3 * m):
            var.da[node, i] = 0.0
    for sweep in range(16):
        for c in range(m):
            var.change[c] = 0.0
            var.size[c] = 0.0
        for node in range(8):
            t = tables.nodes[node] * h_s
            collocate(tables.position[node], var.x0, var.v0, t, h_s * h_s, var.da, 3 * m, var.dx)
            collocate(tables.velocity[node], var.v0, var.v0, 0.0, h_s, var.da, 3 * m, var.dv)
            gx = var.gx[node]
            gv = var.gv[node]
            for k in range(3):
                for c in range(m):
                    value = gx[k, 0] * var.dx[c] + gx[k, 1] * var.dx[m + c]
                    value += gx[k, 2] * var.dx[2 * m + c] + gv[k, 0] * var.dv[c]
                    value += gv[k, 1] * var.dv[m + c] + gv[k, 2] * var.dv[2 * m + c]
                    if c >= 6:
                        value += var.gp[node, k, c]
                    var.change[c] = max(var.change[c], abs(value - var.da[node, k * m + c]))
                    var.size[c] = max(var.size[c], abs(value))
                    var.da[node, k * m + c] = value
        settled = sweep > 0
        for c in range(m):
            settled = settled and var.change[c] <= 1.0e-12 * var.size[c]
        if settled:
            break


@kernel
def dense_variation(
    tables: RadauTables,
    h_s: float,
    s: float,
    var: VariationWorkspace,
    phi: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """The matrix (6, m) at the fraction `s` of the step that `vary_lane` solved."""
    m = phi.shape[1]
    for k in range(3):
        for c in range(m):
            position = 0.0
            velocity = 0.0
            for j in range(7, -1, -1):
                p = 0.0
                for node in range(8):
                    p += tables.power[j, node] * var.da[node, k * m + c]
                velocity = velocity * s + p / (j + 1.0)
                position = position * s + p / ((j + 1.0) * (j + 2.0))
            start_x = var.x0[k * m + c]
            start_v = var.v0[k * m + c]
            out[k, c] = start_x + s * h_s * (start_v + s * h_s * position)
            out[3 + k, c] = start_v + s * h_s * velocity


@kernel
def keep_variation(
    tables: RadauTables,
    var: VariationWorkspace,
    phi: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Write what `vary_lane` solved into `record`: the start (6, m), then the powers (8, 3, m).

    As for the orbit, δ''(s) = Σ power_k s^k over the step's fraction s.
    """
    m = phi.shape[1]
    for k in range(6):
        for c in range(m):
            record[k * m + c] = phi[k, c]
    at = 6 * m
    for k in range(8):
        for i in range(3 * m):
            p = 0.0
            for node in range(8):
                p += tables.power[k, node] * var.da[node, i]
            record[at] = p
            at += 1
