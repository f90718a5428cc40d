"""One step of many particles in lockstep: eight-node Gauss–Radau collocation, in numba.

The nodes' accelerations are found by sweeps in the manner of Gauss–Seidel (Everhart 1985). The
first sweep evaluates every force. The asteroids' and the small forces then stand; the planets are
evaluated again while a change of the path still matters through them; from there on only the Sun
and the bodies that are near (steep field) follow the last digits of the position.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np

from perilune.dynamics.attraction_kernels import (
    attract,
    attract_first,
    classify,
    far_forces,
    planets_again,
    rounding,
)
from perilune.dynamics.expansion_kernels import plan_expansion
from perilune.dynamics.force_kernels import ForceArrays
from perilune.dynamics.node_kernels import StepWorkspace
from perilune.dynamics.radau_kernels import RadauTables, collocate, combine, predict
from perilune.ephemeris.body_kernels import EphemerisArrays
from perilune.jit import lean_kernel

# Not a plain integer, for which numba would compile what is called once more.
_FIRST = cast(int, np.int64(0))
_CONTRACTION = 1.0e-2  # a sweep divides what is left by a hundred at least: so it is taken
_SERIES_NOISE = 2.0e4  # the largest coefficient of `RadauTables.power`, about twice


class StepOptions(NamedTuple):
    """What rules accuracy."""

    epsilon: float  # allowed size of the acceleration's last power-series term, relative
    convergence: float  # allowed change of the acceleration if one more sweep came, relative
    near_gradient: float  # GM/r³ h² above which a body is evaluated in every sweep
    max_sweeps: int


@lean_kernel
def step_batch(
    eph: EphemerisArrays,
    force: ForceArrays,
    tables: RadauTables,
    options: StepOptions,
    reference_mjd: float,
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
    for i in range(n):
        ws.ratio[i] = h_s / ws.last_h[i]
    predict(tables, ws.power, ws.ratio, ws.error, n, ws.a)
    any_expanded = False
    if has_own:
        for j in range(ws.is_expanded.size):
            ws.is_expanded[j] = False
            ws.gradient[j] = 0.0
    else:
        any_expanded = plan_expansion(
            ws.bodies, ws.small, eph.gm_km3_s2, tables.nodes, tables.position, ws.x0, ws.v0, ws.a,
            n, h_s, options.near_gradient, ws.ratio, ws.centre, ws.series, ws.is_expanded,
            ws.gradient,
        )  # fmt: skip
    for j in range(11):
        row = ws.steepest[j]
        for i in range(n):
            row[i] = ws.gradient[j] if j > 0 else 0.0
    for i in range(m):
        ws.old[i] = ws.a[7, i]
    for node in range(8):
        c = tables.nodes[node] * h_s
        collocate(tables.position[node], ws.x0, ws.v0, c, h2, ws.a, m, ws.x[node])
        collocate(tables.velocity[node], ws.v0, ws.v0, 0.0, h_s, ws.a, m, ws.v[node])
        far_forces(eph, force, ws, n, node, has_own, has_nongrav, any_expanded)
        attract_first(eph, ws, n, node, any_expanded)
    any_near = classify(eph, reference_mjd, h_s, options.near_gradient, ws, n)
    if any_near:
        # The start does not move: its last evaluation is here.
        planets_again(eph, force, ws, n, _FIRST, any_expanded)
        attract(eph, ws, n, _FIRST, any_near)
    rounding(ws, n)
    for i in range(n):
        ws.change[i] = 0.0
    _, change = _next_change(ws, n, options.convergence)
    steepest = 0.0
    for j in range(1, 11):
        if not ws.is_near[j] and ws.steepest_of_all[j] > steepest:
            steepest = ws.steepest_of_all[j]
    # By how much a change of the path comes back through the planets that are not near.
    echo = _CONTRACTION * steepest * h2
    redo = any_near or not change * echo < 1.0
    for _ in range(options.max_sweeps):
        for i in range(m):
            ws.old[i] = ws.a[7, i]
        for node in range(1, 8):
            c = tables.nodes[node] * h_s
            collocate(tables.position[node], ws.x0, ws.v0, c, h2, ws.a, m, ws.x[node])
            if redo:
                planets_again(eph, force, ws, n, node, any_expanded)
            attract(eph, ws, n, node, any_near)
        coming, change = _next_change(ws, n, options.convergence)
        if coming < 1.0:
            break
        redo = not change * echo < 1.0
    for k in range(8):
        combine(tables.power[k], ws.a, m, ws.power[k])
    collocate(tables.position[8], ws.x0, ws.v0, h_s, h2, ws.a, m, ws.x[8])
    collocate(tables.velocity[8], ws.v0, ws.v0, 0.0, h_s, ws.a, m, ws.v[8])
    _errors(ws, n, options.epsilon)


@lean_kernel
def _next_change(ws: StepWorkspace, n: int, convergence: float) -> tuple[float, float]:
    """The largest change over all lanes that one more sweep would make, and this sweep's.

    Both in units of what is allowed and judged at the last node; the next one as this one times
    its ratio to the sweep's before (not below `_CONTRACTION`). A lane's next change is left in
    `ws.ratio`; NaN counts as infinite.
    """
    a = ws.a[7]
    ratio = ws.ratio
    before = ws.change
    for i in range(n):
        dx = a[i] - ws.old[i]
        dy = a[n + i] - ws.old[n + i]
        dz = a[2 * n + i] - ws.old[2 * n + i]
        size = a[i] * a[i] + a[n + i] * a[n + i] + a[2 * n + i] * a[2 * n + i]
        noise = 4.0 * ws.noise[i]
        allowed = convergence if convergence > noise else noise
        change = math.sqrt((dx * dx + dy * dy + dz * dz) / size) / allowed
        slower = change > _CONTRACTION * before[i]
        ratio[i] = change * (change / before[i] if slower else _CONTRACTION)
        before[i] = change
    coming = 0.0
    largest = 0.0
    for i in range(n):
        if not ratio[i] <= coming:
            coming = ratio[i]
            if coming != coming:
                return math.inf, math.inf
        if before[i] > largest:
            largest = before[i]
    return coming, largest


@lean_kernel
def _errors(ws: StepWorkspace, n: int, epsilon: float) -> None:
    """Each lane's last term in units of what is allowed; infinite where the sweeps did not settle.

    A lane within a hundred times the wanted change is settled well enough.
    """
    p = ws.power[7]
    a = ws.a[7]
    for i in range(n):
        last = p[i] * p[i] + p[n + i] * p[n + i] + p[2 * n + i] * p[2 * n + i]
        size = a[i] * a[i] + a[n + i] * a[n + i] + a[2 * n + i] * a[2 * n + i]
        error = math.sqrt(last / size) / max(epsilon, _SERIES_NOISE * ws.noise[i])
        ws.error[i] = error if ws.ratio[i] < 100.0 and error < math.inf else math.inf
