"""The lanes of a chunk: a table with a row a particle, and its order in the schedule."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.encounter_kernels import SurfaceArrays
from perilune.dynamics.node_kernels import StepWorkspace
from perilune.ephemeris.body_kernels import EphemerisArrays, major_states
from perilune.jit import lean_kernel

# Columns of the lane table.
POWER = 6  # 24 columns: coefficient k of component c at 6 + 3 k + c
LAST_H = 30
WANT_H = 31
STATUS = 32
BODY = 33
STOP_REFERENCE = 34
STOP_OFFSET_S = 35
N_LANE = 36

RUNNING = 0.0
IMPACTED = 1.0
UNDERFLOW = 2.0
NOT_FINITE = 3.0


class Lanes(NamedTuple):
    """The particles of one chunk."""

    table: NDArray[np.float64]  # (n, 36)
    own_body: NDArray[np.int64]  # (n,)
    nongrav: NDArray[np.float64]  # (n, 9) or (0, 9)
    phi: NDArray[np.float64]  # (n, 30, m) as `vary_lane` says; m = 0 without variations
    parameter: NDArray[np.int64]  # (m - 6,)
    scale: NDArray[np.float64]  # (m - 6,)
    order: NDArray[np.int64]  # (n,) permuted here
    spare: NDArray[np.int64]  # (n,)


@lean_kernel
def start_lanes(
    eph: EphemerisArrays,
    surface: SurfaceArrays,
    epoch_mjd: NDArray[np.float64],
    own_body: NDArray[np.int64],
    table: NDArray[np.float64],
    offset_d: NDArray[np.float64],
    bodies: NDArray[np.float64],
    inside: NDArray[np.int64],
) -> None:
    """First guess of each lane's step and of its acceleration's series, from its state in `table`.

    `inside` (n,) gets the body in which a lane starts, or -1. `offset_d` (1,) and `bodies`
    (1, 11, 6) are scratch.
    """
    gm = eph.gm_km3_s2
    for i in range(epoch_mjd.size):
        if i == 0 or epoch_mjd[i] != epoch_mjd[i - 1]:
            whole = math.floor(epoch_mjd[i])
            offset_d[0] = epoch_mjd[i] - whole
            major_states(eph, whole, offset_d, bodies)
        inside[i] = -1
        wanted = math.inf
        for j in range(11):
            dx = bodies[0, j, 0] - table[i, 0]
            dy = bodies[0, j, 1] - table[i, 1]
            dz = bodies[0, j, 2] - table[i, 2]
            r = math.sqrt(dx * dx + dy * dy + dz * dz)
            wanted = min(wanted, 0.2 * math.sqrt(r * r * r / gm[j]))
            if r < surface.radius_km[j] and own_body[i] != j:
                inside[i] = j
            if j == 0:
                q = gm[j] / (r * r * r)
                table[i, POWER] = q * dx
                table[i, POWER + 1] = q * dy
                table[i, POWER + 2] = q * dz
        table[i, WANT_H] = wanted


@lean_kernel
def gather(lanes: Lanes, ws: StepWorkspace, low: int, n: int) -> bool:
    """Lanes order[low:low+n] into the packed arrays; whether any of them is an asteroid itself."""
    has_own = False
    for i in range(n):
        lane = lanes.order[low + i]
        row = lanes.table[lane]
        for c in range(3):
            ws.x0[c * n + i] = row[c]
            ws.v0[c * n + i] = row[3 + c]
            for k in range(8):
                ws.power[k, c * n + i] = row[POWER + 3 * k + c]
        ws.last_h[i] = row[LAST_H]
        ws.own_body[i] = lanes.own_body[lane]
        if lanes.own_body[lane] >= 0:
            has_own = True
    if lanes.nongrav.shape[0] > 0:
        for i in range(n):
            for k in range(9):
                ws.nongrav[i, k] = lanes.nongrav[lanes.order[low + i], k]
    return has_own


@lean_kernel
def split(lanes: Lanes, low: int, high: int, need_h: float) -> tuple[int, int]:
    """Reorder order[low:high] stably: lanes for deeper levels, lanes for this one, dead lanes.

    Returns the ends of the first and of the second group. The order within a group stays, so that
    neighbours on the line of variations stay neighbours in a batch.
    """
    table = lanes.table
    order = lanes.order
    deeper = low
    count_deeper = 0
    count_here = 0
    for i in range(low, high):
        lane = order[i]
        if table[lane, STATUS] != RUNNING:
            continue
        if table[lane, WANT_H] < need_h:
            count_deeper += 1
        else:
            count_here += 1
    here = low + count_deeper
    dead = here + count_here
    end_deeper = here
    end_here = dead
    for i in range(low, high):
        lane = order[i]
        if table[lane, STATUS] != RUNNING:
            lanes.spare[dead] = lane
            dead += 1
        elif table[lane, WANT_H] < need_h:
            lanes.spare[deeper] = lane
            deeper += 1
        else:
            lanes.spare[here] = lane
            here += 1
    for i in range(low, high):
        order[i] = lanes.spare[i]
    return end_deeper, end_here
