"""Block time steps: every lane its own step, all lanes of one step length side by side.

An interval is halved again and again: at each level the lanes whose wanted step is at least the
level's length take it together, the others go one level down, twice (Makino 1991, "block
timesteps"). Lanes at one level and time share one evaluation of the ephemeris at the nodes, and a
lane in an encounter holds up nobody. A lane whose step fails its test goes down a level.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.encounter_kernels import (
    IMPACT,
    MINIMUM,
    N_RECORD,
    DenseStep,
    SurfaceArrays,
    relative_state,
    scan_step,
)
from perilune.dynamics.force_kernels import ForceArrays
from perilune.dynamics.radau_kernels import RadauTables
from perilune.dynamics.step_kernels import (
    StepOptions,
    StepWorkspace,
    collocate,
    prepare_nodes,
    step_batch,
)
from perilune.dynamics.variation_kernels import (
    VariationWorkspace,
    dense_variation,
    keep_variation,
    vary_lane,
)
from perilune.ephemeris.body_kernels import EphemerisArrays
from perilune.jit import kernel

# Columns of the lane table.
POWER = 6  # 24 columns: coefficient k of component c at 6 + 3 k + c
LAST_H = 30
WANT_H = 31
STATUS = 32
BODY = 33
STOP_REFERENCE = 34
STOP_OFFSET_S = 35
N_LANE = 36

# Not a plain integer, for which numba would compile `_record` once more.
_NO_BODY = cast(int, np.int64(-1))

RUNNING = 0.0
IMPACTED = 1.0
UNDERFLOW = 2.0
NOT_FINITE = 3.0

MAX_LEVEL = 26  # 64 days halved so often are 0.08 s
N_STEP_RECORD = 34  # lane, reference MJD, start s, h s, state (6), power (24)
N_STEP_VARIATION = 30  # a column of the variation more: start (6), power (24)

# Gaps between the eight nodes and the step's ends are below 0.2 of the step; the farthest point
# from a node is half of that away, and a chord's sagitta an eighth of the square.
_HALF_GAP = 0.105
_SAGITTA = 0.0055
_BODY_BEND_KM_S2 = 5.0e-5  # no major body is accelerated more: Mercury at perihelion
# A pass between two nodes would leave no trace in the error estimate. A step in which a lane goes
# farther than this many times its distance from a body is therefore refused, whatever its error.
_PASSES = 8.0
_SUN_BELOW_S = 21600.0  # the Sun rules every step: its surface is met in short ones only


class ScanArrays(NamedTuple):
    """What to look for."""

    within_km: NDArray[np.float64]  # (11,) record minima below this; nought for bodies not watched
    spacing_s: NDArray[np.float64]  # (11,) sampling of r·v for each body


class ScanWorkspace(NamedTuple):
    """Scratch for `scan_step`."""

    start: NDArray[np.float64]  # (6,)
    power: NDArray[np.float64]  # (8, 3)
    fractions: NDArray[np.float64]
    values: NDArray[np.float64]
    scratch: NDArray[np.float64]  # (2, 6)
    pole: NDArray[np.float64]  # (3,)
    found: NDArray[np.float64]
    phi: NDArray[np.float64]  # (6, m)


class Output(NamedTuple):
    """Rows found; `counts[0]`, `counts[1]` say how many, also beyond the capacity."""

    encounters: NDArray[np.float64]  # (capacity, 11 + 6 m)
    steps: NDArray[np.float64]  # (capacity, 34 + 30 m), recorded where capacity is not nought
    counts: NDArray[np.int64]  # (4,) encounters, steps, lane-steps taken, lane-steps refused


class Lanes(NamedTuple):
    """The particles of one chunk."""

    table: NDArray[np.float64]  # (n, 36)
    own_body: NDArray[np.int64]  # (n,)
    nongrav: NDArray[np.float64]  # (n, 9) or (0, 9)
    phi: NDArray[np.float64]  # (n, 6, m), m = 0 without variational equations
    parameter: NDArray[np.int64]  # (m - 6,)
    scale: NDArray[np.float64]  # (m - 6,)
    order: NDArray[np.int64]  # (n,) permuted here
    spare: NDArray[np.int64]  # (n,)


@kernel
def _gather(lanes: Lanes, ws: StepWorkspace, low: int, n: int) -> bool:
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


@kernel
def _mark_near(
    eph: EphemerisArrays,
    ws: StepWorkspace,
    n: int,
    h_s: float,
    body: int,
    within_km: float,
    fastest_km_s: float,
    near: NDArray[np.bool_],
    fleeting: NDArray[np.bool_],
) -> None:
    """Mark lanes that may come within `within_km` of the body, or pass it unresolved.

    A first sieve: nothing but the steepest field that the lane met at the nodes.
    """
    body_speed = 0.0
    for k in range(3):
        body_speed += ws.bodies[0, body, 3 + k] ** 2
    path_km = 1.3 * (math.sqrt(body_speed) + fastest_km_s) * abs(h_s)
    gm = eph.gm_km3_s2[body]
    least_near = gm / (path_km * _HALF_GAP + within_km) ** 3
    least_fleeting = gm / (path_km * _HALF_GAP + path_km / _PASSES) ** 3
    steepest = ws.steepest[body]
    for i in range(n):
        near[i] = not steepest[i] <= least_near
        fleeting[i] = not steepest[i] <= least_fleeting


@kernel
def _approach(
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


@kernel
def _drop_straight(
    ws: StepWorkspace,
    tables: RadauTables,
    n: int,
    h_s: float,
    body: int,
    spacing_s: float,
    radius_km: float,
    near: NDArray[np.bool_],
) -> None:
    """Unmark lanes that pass no minimum of their distance, and no surface, within the step.

    From r·v at the nodes, which cost nothing more: no change of sign, no dip and no surface near
    mean that there is nothing to find. What the nodes leave open keeps its mark.
    """
    if abs(h_s) * 2.0 * _HALF_GAP > spacing_s:
        return
    any_near = False
    for i in range(n):
        any_near = any_near or near[i]
    if not any_near:
        return
    sign = 1.0 if h_s > 0.0 else -1.0
    late = h_s * (1.0 - tables.nodes[7])
    # The nodes' velocities come from the first sweep, the end's body from its last node.
    bend = 2.0 * _BODY_BEND_KM_S2 * abs(late)
    surface2 = (radius_km + 30.0) ** 2
    turns = ws.old[0:n]
    before = ws.old[n : 2 * n]
    last = ws.old[2 * n : 3 * n]
    for i in range(n):
        turns[i] = 0.0
        before[i] = -math.inf
        last[i] = -math.inf
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
    for i in range(n):
        near[i] = near[i] and turns[i] != 0.0


@kernel
def _record(
    eph: EphemerisArrays,
    tables: RadauTables,
    lanes: Lanes,
    var: VariationWorkspace,
    scan: ScanWorkspace,
    out: Output,
    lane: int,
    body: int,
    kind: float,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    s: float,
) -> None:
    """Append one encounter."""
    at = out.counts[0]
    out.counts[0] += 1
    if at >= out.encounters.shape[0]:
        return
    step = DenseStep(scan.start, scan.power)
    relative_state(eph, body, reference_mjd, start_s, h_s, step, s, scan.scratch)
    row = out.encounters[at]
    row[0] = lane
    row[1] = body
    row[2] = kind
    row[3] = reference_mjd
    row[4] = start_s + s * h_s
    for k in range(6):
        row[5 + k] = scan.scratch[0, k]
    m = lanes.phi.shape[2]
    if m > 0:
        dense_variation(tables, h_s, s, var, lanes.phi[lane], scan.phi)
        for k in range(6):
            for c in range(m):
                row[N_RECORD + k * m + c] = scan.phi[k, c]


@kernel
def _scan_lane(
    eph: EphemerisArrays,
    surface: SurfaceArrays,
    tables: RadauTables,
    lanes: Lanes,
    var: VariationWorkspace,
    wanted: ScanArrays,
    scan: ScanWorkspace,
    out: Output,
    lane: int,
    body: int,
    within_km: float,
    reference_mjd: float,
    start_s: float,
    h_s: float,
) -> float:
    """Record one lane's minima about one body; the fraction of its impact, or 2."""
    step = DenseStep(scan.start, scan.power)
    found = scan_step(
        eph, surface, body, wanted.spacing_s[body], reference_mjd, start_s, h_s, step,
        scan.fractions, scan.values, scan.scratch, scan.pole, scan.found,
    )  # fmt: skip
    impact: float = scan.found[0]
    for i in range(1, found + 1):
        s = scan.found[i]
        if s < impact:
            relative_state(eph, body, reference_mjd, start_s, h_s, step, s, scan.scratch)
            r2 = 0.0
            for k in range(3):
                r2 += scan.scratch[0, k] ** 2
            if r2 < within_km * within_km:
                _record(
                    eph, tables, lanes, var, scan, out, lane, body, MINIMUM,
                    reference_mjd, start_s, h_s, s,
                )  # fmt: skip
    return impact


@kernel
def _finish(
    eph: EphemerisArrays,
    force: ForceArrays,
    surface: SurfaceArrays,
    tables: RadauTables,
    lanes: Lanes,
    ws: StepWorkspace,
    var: VariationWorkspace,
    wanted: ScanArrays,
    scan: ScanWorkspace,
    out: Output,
    near: NDArray[np.bool_],
    reference_mjd: float,
    start_s: float,
    h_s: float,
    low: int,
    n: int,
    last_level: bool,
) -> None:
    """Judge a batch's step lane by lane; accepted lanes move on, the others keep their state."""
    m = lanes.phi.shape[2]
    has_nongrav = lanes.nongrav.shape[0] > 0
    if m > 0:
        for node in range(8):
            collocate(tables.velocity[node], ws.v0, ws.v0, 0.0, h_s, ws.a, 3 * n, ws.v[node])
    fastest2 = 0.0
    for i in range(n):
        start2 = ws.v0[i] ** 2 + ws.v0[n + i] ** 2 + ws.v0[2 * n + i] ** 2
        end2 = ws.v[8, i] ** 2 + ws.v[8, n + i] ** 2 + ws.v[8, 2 * n + i] ** 2
        fastest2 = max(fastest2, max(start2, end2))
    sun_too = wanted.within_km[0] > 0.0 or abs(h_s) < _SUN_BELOW_S
    for i in range(n):
        near[0, i] = sun_too
        near[11, i] = sun_too
    for body in range(1, 11):
        within = max(wanted.within_km[body], surface.radius_km[body] + 30.0)
        _mark_near(eph, ws, n, h_s, body, within, math.sqrt(fastest2), near[body], near[11 + body])
    for body in range(11):
        _drop_straight(
            ws, tables, n, h_s, body, wanted.spacing_s[body], surface.radius_km[body], near[body]
        )
    for i in range(n):
        lane = lanes.order[low + i]
        row = lanes.table[lane]
        error = ws.error[i]
        factor = 0.25 if error == math.inf else min(max(error, 1.0e-30) ** (-1.0 / 7.0), 4.0)
        row[WANT_H] = abs(h_s) * factor
        if factor < 0.7:
            # Refused. The old series would mislead the shorter step no more than it did this one.
            row[WANT_H] = min(row[WANT_H], 0.5 * abs(h_s))
            out.counts[3] += 1
            if last_level:
                row[STATUS] = UNDERFLOW if error < math.inf else NOT_FINITE
                row[STOP_REFERENCE] = reference_mjd
                row[STOP_OFFSET_S] = start_s
            continue
        any_near = False
        unresolved = False
        for body in range(11):
            if near[11 + body, i]:
                radius = surface.radius_km[body]
                _approach(ws, tables, n, i, h_s, body, radius, scan.found)
                within = max(wanted.within_km[body], radius + 30.0)
                near[body, i] = near[body, i] and scan.found[0] < within
                unresolved = unresolved or (body > 0 and scan.found[1] > _PASSES)
            any_near = any_near or near[body, i]
        if unresolved and not last_level:
            row[WANT_H] = 0.5 * abs(h_s)
            out.counts[3] += 1
            continue
        out.counts[2] += 1
        keep_step = out.steps.shape[0] > 0
        if any_near or keep_step or m > 0:
            for c in range(3):
                scan.start[c] = ws.x0[c * n + i]
                scan.start[3 + c] = ws.v0[c * n + i]
                for k in range(8):
                    scan.power[k, c] = ws.power[k, c * n + i]
        if m > 0:
            vary_lane(
                eph, force, tables, h_s, ws, i, n, var, lanes.parameter, lanes.scale,
                has_nongrav, lanes.phi[lane],
            )  # fmt: skip
        impact = 2.0
        impact_body = _NO_BODY
        if any_near:
            for body in range(11):
                if near[body, i]:
                    hit = _scan_lane(
                        eph, surface, tables, lanes, var, wanted, scan, out, lane, body,
                        wanted.within_km[body], reference_mjd, start_s, h_s,
                    )  # fmt: skip
                    if hit < impact:
                        impact = hit
                        impact_body = body
        if keep_step:
            at = out.counts[1]
            out.counts[1] += 1
            if at < out.steps.shape[0]:
                record = out.steps[at]
                record[0] = lane
                record[1] = reference_mjd
                record[2] = start_s
                record[3] = h_s
                for k in range(6):
                    record[4 + k] = scan.start[k]
                for k in range(8):
                    for c in range(3):
                        record[10 + 3 * k + c] = scan.power[k, c]
                if m > 0:
                    keep_variation(tables, var, lanes.phi[lane], record[N_STEP_RECORD:])
        if m > 0:
            end = min(impact, 1.0)
            dense_variation(tables, h_s, end, var, lanes.phi[lane], scan.phi)
            for k in range(6):
                for c in range(m):
                    lanes.phi[lane, k, c] = scan.phi[k, c]
        if impact <= 1.0:
            _record(
                eph, tables, lanes, var, scan, out, lane, impact_body, IMPACT,
                reference_mjd, start_s, h_s, impact,
            )  # fmt: skip
            row[STATUS] = IMPACTED
            row[BODY] = impact_body
            row[STOP_REFERENCE] = reference_mjd
            row[STOP_OFFSET_S] = start_s + impact * h_s
        for c in range(3):
            row[c] = ws.x[8, c * n + i]
            row[3 + c] = ws.v[8, c * n + i]
            for k in range(8):
                row[POWER + 3 * k + c] = ws.power[k, c * n + i]
        row[LAST_H] = h_s


@kernel
def _split(lanes: Lanes, low: int, high: int, need_h: float) -> tuple[int, int]:
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


@kernel
def advance_block(
    eph: EphemerisArrays,
    force: ForceArrays,
    surface: SurfaceArrays,
    tables: RadauTables,
    options: StepOptions,
    lanes: Lanes,
    ws: StepWorkspace,
    var: VariationWorkspace,
    wanted: ScanArrays,
    scan: ScanWorkspace,
    out: Output,
    near: NDArray[np.bool_],
    stack: NDArray[np.int64],
    reference_mjd: float,
    origin_s: float,
    block_s: float,
    stop: NDArray[np.int64],
) -> None:
    """Carry every running lane from `reference_mjd` + `origin_s` over `block_s` (either sign).

    `reference_mjd` is a whole number, so that differences from it lose nothing.

    `stack` (4 (MAX_LEVEL + 2), 4) holds what is yet to do: level, tick, low, high. `stop[0]`
    set by another thread ends the work at once; the lanes are then not to be used.
    """
    width = ws.last_h.size
    has_nongrav = lanes.nongrav.shape[0] > 0
    stack[0, 0] = 0
    stack[0, 1] = 0
    stack[0, 2] = 0
    stack[0, 3] = lanes.order.size
    top = 1
    while top > 0 and stop[0] == 0:
        top -= 1
        level = stack[top, 0]
        tick = stack[top, 1]
        low = stack[top, 2]
        high = stack[top, 3]
        h_s = block_s / 2.0**level
        start_s = origin_s + tick * h_s
        last_level = level >= MAX_LEVEL
        need_h = 0.0 if last_level else abs(h_s) * (1.0 - 1.0e-12)
        middle, end = _split(lanes, low, high, need_h)
        if end > middle:
            prepare_nodes(eph, tables, reference_mjd, start_s, h_s, ws)
            at = middle
            while at < end and stop[0] == 0:
                n = min(width, end - at)
                has_own = _gather(lanes, ws, at, n)
                step_batch(
                    eph, force, tables, options, reference_mjd, start_s, h_s, ws, n,
                    has_own, has_nongrav,
                )  # fmt: skip
                _finish(
                    eph, force, surface, tables, lanes, ws, var, wanted, scan, out,
                    near, reference_mjd, start_s, h_s, at, n, last_level,
                )  # fmt: skip
                at += n
            # Refused lanes want less than this level's step and did not move: they go deeper.
            write = middle
            for i in range(middle, end):
                lane = lanes.order[i]
                row = lanes.table[lane]
                if row[STATUS] == RUNNING and row[WANT_H] < 0.7 * abs(h_s):
                    lanes.order[i] = lanes.order[write]
                    lanes.order[write] = lane
                    write += 1
            middle = write
        if middle > low:
            for half in range(2):
                stack[top, 0] = level + 1
                stack[top, 1] = 2 * tick + 1 - half
                stack[top, 2] = low
                stack[top, 3] = middle
                top += 1
