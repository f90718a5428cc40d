"""Variational equations along one lane's step, for the state and for estimated parameters.

δ'' = (∂a/∂x) δ + (∂a/∂v) δ' + ∂a/∂p, solved by the same collocation as the orbit, all columns at
once as lanes. The point masses' gradient is analytic; that of the small forces (relativity,
figures of the bodies, non-gravitational) is a difference of those forces themselves, so that no
force can be forgotten here.
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
from perilune.dynamics.node_kernels import StepWorkspace
from perilune.dynamics.radau_kernels import RadauTables, collocate, combine, predict
from perilune.ephemeris.body_kernels import EphemerisArrays
from perilune.jit import lean_kernel

# Not plain integers, for each of which numba would compile what is called once more.
_COPIES = cast(int, np.int64(8))
_PAIR = cast(int, np.int64(2))
_EARTH = 3
_MOON = 4
_DELAY_STEP_S = 864.0
_SETTLED = 1.0e-10  # change of a sweep, relative, below which it was the last
_MAX_SWEEPS = 16
_VELOCITY_SWEEPS = 2  # the forces that depend on velocity are 1e-5 of the Sun's at most


class VariationWorkspace(NamedTuple):
    """Scratch for one lane with `m` columns.

    Packed arrays hold x, y, z of all columns, each of `w` values: `m` rounded up to whole vector
    registers. What is past `m` stays nought.
    """

    da: NDArray[np.float64]  # (8, 3w) δ'' at the nodes
    power: NDArray[np.float64]  # (8, 3w) the same as a power series of the step's fraction
    fixed: NDArray[np.float64]  # (8, 3w) the part of it that stands between sweeps
    dx: NDArray[np.float64]  # (3w,)
    x0: NDArray[np.float64]  # (3w,)
    v0: NDArray[np.float64]  # (3w,)
    old: NDArray[np.float64]  # (3w,)
    ratio: NDArray[np.float64]  # (w,)
    scale: NDArray[np.float64]  # (w,)
    gx: NDArray[np.float64]  # (8, 3, 3) ∂a/∂x at the nodes
    gv: NDArray[np.float64]  # (8, 3, 3) ∂a/∂v at the nodes
    gp: NDArray[np.float64]  # (8, 3w) ∂a/∂p at the nodes (nought for state columns)
    moved_x: NDArray[np.float64]  # (24,) eight displaced copies of the lane
    moved_v: NDArray[np.float64]  # (24,)
    moved_a: NDArray[np.float64]  # (24,)
    moved_nongrav: NDArray[np.float64]  # (8, 9)


@lean_kernel
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


@lean_kernel
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
    count = eph.gm_km3_s2.size - 11
    for j in range(eph.gm_km3_s2.size):
        if ws.own_body[lane] != j:
            if j < 11:
                dx = x - ws.bodies[node, j, 0]
                dy = y - ws.bodies[node, j, 1]
                dz = z - ws.bodies[node, j, 2]
            else:
                dx = x - ws.small[node, j - 11]
                dy = y - ws.small[node, count + j - 11]
                dz = z - ws.small[node, 2 * count + j - 11]
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
    # Copy 1 + k is moved along coordinate k, copy 4 + k along velocity k. The small forces are
    # 1e-3 of the gradient at most, so that differences to one side do.
    step_x = 1.0e-5 * math.sqrt(nearest)
    step_v = 1.0e-3
    for k in range(3):
        for copy in range(8):
            var.moved_x[8 * k + copy] = ws.x[node, k * n + lane]
            var.moved_v[8 * k + copy] = ws.v[node, k * n + lane]
        var.moved_x[8 * k + 1 + k] += step_x
        var.moved_v[8 * k + 4 + k] += step_v
    if has_nongrav:
        for copy in range(8):
            for k in range(9):
                var.moved_nongrav[copy, k] = ws.nongrav[lane, k]
    _small_forces(eph, force, ws, node, var, _COPIES, has_nongrav)
    for c in range(3):
        here = var.moved_a[8 * c]
        for k in range(3):
            g[c, k] += (var.moved_a[8 * c + 1 + k] - here) / step_x
            var.gv[node, c, k] = (var.moved_a[8 * c + 4 + k] - here) / step_v
    width = var.dx.size // 3
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
            span = 1.0
        else:
            var.moved_nongrav[0, which] += _DELAY_STEP_S
            var.moved_nongrav[1, which] -= _DELAY_STEP_S
            span = 2.0 * _DELAY_STEP_S
        add_nongravitational(
            var.moved_x, var.moved_v, _PAIR, ws.bodies[node, 0], eph.gm_km3_s2[0],
            var.moved_nongrav, var.moved_a,
        )  # fmt: skip
        for c in range(3):
            high = var.moved_a[2 * c]
            low = var.moved_a[2 * c + 1]
            var.gp[node, c * width + column] = (high - low) / span * scale[column - 6]


@lean_kernel
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
    ratio: float,
) -> None:
    """Solve for the matrix of one accepted lane over the step.

    `ws` still holds the step, `ws.v` the final velocities. `parameter[i]` is the column of
    `nongrav` that parameter i is, and `scale[i]` its unit in the kernel's units. `phi` (30, m) is
    the matrix at the step's start (6) and the last step's power series of its second derivative
    (24), `ratio` this step's length over the last one's. `phi` stays as it is (`dense_variation`
    gives the end); the new series is left in `var.power`.
    """
    m = phi.shape[1]
    w = var.dx.size // 3
    for node in range(8):
        _gradients(eph, force, ws, lane, n, node, var, parameter, scale, has_nongrav)
    for k in range(3):
        for c in range(m):
            var.x0[k * w + c] = phi[k, c]
            var.v0[k * w + c] = phi[3 + k, c]
    for k in range(8):
        for i in range(3):
            for c in range(m):
                var.power[k, i * w + c] = phi[6 + 3 * k + i, c]
    for c in range(w):
        var.ratio[c] = ratio
    predict(tables, var.power, var.ratio, var.scale, w, var.da)
    for sweep in range(_MAX_SWEEPS):
        for i in range(3 * w):
            var.old[i] = var.da[7, i]
        # The start does not move: once is enough there.
        for node in range(0 if sweep == 0 else 1, 8):
            t = tables.nodes[node] * h_s
            if sweep < _VELOCITY_SWEEPS:
                collocate(tables.velocity[node], var.v0, var.v0, 0.0, h_s, var.da, 3 * w, var.dx)
                _multiply(var.gv[node], var.dx, w, var.gp[node], var.fixed[node])
            collocate(tables.position[node], var.x0, var.v0, t, h_s * h_s, var.da, 3 * w, var.dx)
            _multiply(var.gx[node], var.dx, w, var.fixed[node], var.da[node])
        if sweep > 0 and _has_settled(var.da[7], var.old, w):
            break
    for k in range(8):
        combine(tables.power[k], var.da, 3 * w, var.power[k])


@lean_kernel
def _multiply(
    matrix: NDArray[np.float64],
    columns: NDArray[np.float64],
    w: int,
    base: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """out = base + matrix (3, 3) times each of `w` packed columns."""
    for k in range(3):
        mx = matrix[k, 0]
        my = matrix[k, 1]
        mz = matrix[k, 2]
        for c in range(w):
            moved = mx * columns[c] + my * columns[w + c] + mz * columns[2 * w + c]
            out[k * w + c] = base[k * w + c] + moved


@lean_kernel
def _has_settled(a: NDArray[np.float64], old: NDArray[np.float64], w: int) -> bool:
    """Whether no column changed by more than `_SETTLED` of its size."""
    for c in range(w):
        change = abs(a[c] - old[c])
        change += abs(a[w + c] - old[w + c]) + abs(a[2 * w + c] - old[2 * w + c])
        size = abs(a[c]) + abs(a[w + c]) + abs(a[2 * w + c])
        if change > _SETTLED * size:
            return False
    return True


@lean_kernel
def advance_variation(
    tables: RadauTables, h_s: float, var: VariationWorkspace, phi: NDArray[np.float64]
) -> None:
    """Carry `phi` (30, m) to the end of the step that `vary_lane` solved."""
    m = phi.shape[1]
    w = var.dx.size // 3
    collocate(tables.velocity[8], var.v0, var.v0, 0.0, h_s, var.da, 3 * w, var.old)
    collocate(tables.position[8], var.x0, var.v0, h_s, h_s * h_s, var.da, 3 * w, var.dx)
    for k in range(3):
        for c in range(m):
            phi[k, c] = var.dx[k * w + c]
            phi[3 + k, c] = var.old[k * w + c]
    for k in range(8):
        for i in range(3):
            for c in range(m):
                phi[6 + 3 * k + i, c] = var.power[k, i * w + c]


@lean_kernel
def dense_variation(
    h_s: float, s: float, var: VariationWorkspace, m: int, out: NDArray[np.float64]
) -> None:
    """The matrix (6, m) at the fraction `s` of the step that `vary_lane` solved."""
    w = var.dx.size // 3
    for k in range(3):
        for c in range(m):
            position = 0.0
            velocity = 0.0
            for j in range(7, -1, -1):
                p = var.power[j, k * w + c]
                velocity = velocity * s + p / (j + 1.0)
                position = position * s + p / ((j + 1.0) * (j + 2.0))
            start_x = var.x0[k * w + c]
            start_v = var.v0[k * w + c]
            out[k, c] = start_x + s * h_s * (start_v + s * h_s * position)
            out[3 + k, c] = start_v + s * h_s * velocity


@lean_kernel
def keep_variation(var: VariationWorkspace, m: int, record: NDArray[np.float64]) -> None:
    """Write what `vary_lane` solved into `record`: the start (6, m), then the powers (8, 3, m).

    As for the orbit, δ''(s) = Σ power_k s^k over the step's fraction s.
    """
    w = var.dx.size // 3
    for k in range(3):
        for c in range(m):
            record[k * m + c] = var.x0[k * w + c]
            record[(3 + k) * m + c] = var.v0[k * w + c]
    for k in range(8):
        for i in range(3):
            for c in range(m):
                record[(6 + 3 * k + i) * m + c] = var.power[k, i * w + c]
