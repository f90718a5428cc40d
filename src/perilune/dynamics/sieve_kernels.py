"""Which lanes of a batch may have met a body in their step, judged by the step's nodes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.node_kernels import StepWorkspace
from perilune.dynamics.radau_kernels import RadauTables
from perilune.ephemeris.body_kernels import EphemerisArrays
from perilune.jit import lean_kernel

# A pass between two nodes would leave no trace in the error estimate. A step in which a lane goes
# farther than this many times its distance from a body is therefore refused, whatever its error.
PASSES = 8.0
# Gaps between the eight nodes and the step's ends are below 0.2 of the step; the farthest point
# from a node is half of that away, and a chord's sagitta an eighth of the square.
_HALF_GAP = 0.105
_SAGITTA = 0.0055
_BODY_BEND_KM_S2 = 5.0e-5  # no major body is accelerated more: Mercury at perihelion


@lean_kernel
def mark_near(
    eph: EphemerisArrays,
    ws: StepWorkspace,
    n: int,
    h_s: float,
    body: int,
    within_km: float,
    fastest_km_s: float,
    near: NDArray[np.bool_],
    fleeting: NDArray[np.bool_],
) -> bool:
    """Mark lanes that may come within `within_km` of the body, or pass it unresolved.

    A first sieve: nothing but the steepest field that the lane met at the nodes. Returns whether
    any lane may be marked; where none is the marks are not written.
    """
    body_speed = 0.0
    for k in range(3):
        body_speed += ws.bodies[0, body, 3 + k] ** 2
    path_km = 1.3 * (math.sqrt(body_speed) + fastest_km_s) * abs(h_s)
    gm = eph.gm_km3_s2[body]
    least_near = gm / (path_km * _HALF_GAP + within_km) ** 3
    least_fleeting = gm / (path_km * _HALF_GAP + path_km / PASSES) ** 3
    if ws.steepest_of_all[body] <= min(least_near, least_fleeting):
        return False
    steepest = ws.steepest[body]
    for i in range(n):
        near[i] = not steepest[i] <= least_near
        fleeting[i] = not steepest[i] <= least_fleeting
    return True


@lean_kernel
def sieve(
    ws: StepWorkspace,
    tables: RadauTables,
    n: int,
    h_s: float,
    body: int,
    spacing_s: float,
    radius_km: float,
    within_km: float,
    near: NDArray[np.bool_],
    fleeting: NDArray[np.bool_],
) -> None:
    """A second sieve, from distances and r·v at the nodes, which cost nothing more.

    What stays too far away loses its marks; `near` also goes from lanes that pass no minimum of
    their distance, and no surface, within the step: no change of sign of r·v, no dip and no
    surface near. What the nodes leave open keeps its mark.
    """
    sign = 1.0 if h_s > 0.0 else -1.0
    late = h_s * (1.0 - tables.nodes[7])
    # The nodes' velocities come from the first sweep, the end's body from its last node.
    bend = 2.0 * _BODY_BEND_KM_S2 * abs(late)
    surface2 = (radius_km + 30.0) ** 2
    turns = ws.old[0:n]
    before = ws.old[n : 2 * n]
    last = ws.old[2 * n : 3 * n]
    least2 = ws.ratio
    fastest2 = ws.noise
    for i in range(n):
        turns[i] = 0.0
        before[i] = -math.inf
        last[i] = -math.inf
        least2[i] = math.inf
        fastest2[i] = 0.0
    for node in range(9):
        started = node > 0
        at = ws.bodies[min(node, 7), body]
        after = late if node == 8 else 0.0
        bx = at[0] + after * at[3]
        by = at[1] + after * at[4]
        bz = at[2] + after * at[5]
        ux = at[3]
        uy = at[4]
        uz = at[5]
        x = ws.x[node]
        v = ws.v[node]
        for i in range(n):
            dx = x[i] - bx
            dy = x[n + i] - by
            dz = x[2 * n + i] - bz
            vx = v[i] - ux
            vy = v[n + i] - uy
            vz = v[2 * n + i] - uz
            f = sign * (dx * vx + dy * vy + dz * vz)
            r2 = dx * dx + dy * dy + dz * dz
            v2 = vx * vx + vy * vy + vz * vz
            # |r| dv + |v| dr, each product replaced by the larger mean of squares: no roots here.
            doubt = 0.5 * bend * (r2 / 1.0e5 + 1.0e5) + 5.0e-7 * (r2 * 1.0e-4 + v2 * 1.0e4)
            doubt += 0.5 * bend * abs(late) * (v2 / 10.0 + 10.0)
            # Bitwise, so that the loop has no branches and runs in vector registers.
            rises = started & (last[i] <= doubt) & (f > -doubt)
            dips = (before[i] > last[i]) & (f > last[i]) & (last[i] > 0.0)
            turns[i] = 1.0 if rises | dips | (r2 < surface2) else turns[i]
            before[i] = last[i]
            last[i] = f
            least2[i] = r2 if r2 < least2[i] else least2[i]
            fastest2[i] = v2 if v2 > fastest2[i] else fastest2[i]
    is_coarse = abs(h_s) * 2.0 * _HALF_GAP > spacing_s
    for i in range(n):
        path_km = 1.3 * math.sqrt(fastest2[i]) * abs(h_s)
        least_km = math.sqrt(least2[i]) - _HALF_GAP * path_km
        near[i] = near[i] & (least_km < within_km) & (is_coarse | (turns[i] != 0.0))
        fleeting[i] = fleeting[i] & (least_km < path_km / PASSES)


@lean_kernel
def approach(
    ws: StepWorkspace,
    tables: RadauTables,
    n: int,
    i: int,
    h_s: float,
    body: int,
    radius_km: float,
    out: NDArray[np.float64],
) -> None:
    """How near lane `i` comes to a body, from the chords between the nodes: no evaluation at all.

    `out[0]` is a lower bound of the distance (the path's sagitta taken off), `out[1]` the largest
    ratio of the path in one step to the distance from the body (or to its radius, inside it).
    """
    least2 = 1.0e300
    sharpest = 0.0
    bx = 0.0
    by = 0.0
    bz = 0.0
    for node in range(9):
        at = ws.bodies[min(node, 7), body]
        # The end: the body's last node carried on by its velocity.
        late = h_s * (1.0 - tables.nodes[7]) if node == 8 else 0.0
        x = ws.x[node, i] - at[0] - late * at[3]
        y = ws.x[node, n + i] - at[1] - late * at[4]
        z = ws.x[node, 2 * n + i] - at[2] - late * at[5]
        if node > 0:
            dx = x - bx
            dy = y - by
            dz = z - bz
            length2 = dx * dx + dy * dy + dz * dz
            s = -(bx * dx + by * dy + bz * dz) / max(length2, 1.0e-300)
            s = min(max(s, 0.0), 1.0)
            r2 = (bx + s * dx) ** 2 + (by + s * dy) ** 2 + (bz + s * dz) ** 2
            end = 1.0 if node == 8 else tables.nodes[node]
            path = math.sqrt(length2) / (end - tables.nodes[node - 1])
            sharpest = max(sharpest, path / max(math.sqrt(r2), radius_km))
            least2 = min(least2, r2)
        bx = x
        by = y
        bz = z
    bend = _BODY_BEND_KM_S2
    for node in (0, 4, 7):
        a = ws.a[node]
        a2 = a[i] ** 2 + a[n + i] ** 2 + a[2 * n + i] ** 2
        bend = max(bend, _BODY_BEND_KM_S2 + 2.0 * math.sqrt(a2))
    out[0] = math.sqrt(least2) - bend * h_s * h_s * _SAGITTA
    out[1] = sharpest
