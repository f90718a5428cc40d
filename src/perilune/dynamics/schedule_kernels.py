"""Block time steps: every lane its own step, all lanes of one step length side by side.

An interval is halved again and again: at each level the lanes whose wanted step is at least the
level's length take it together, the others go one level down, twice (Makino 1991, "block
timesteps"). Lanes at one level and time share one evaluation of the ephemeris at the nodes, and a
lane in an encounter holds up nobody. A lane whose step fails its test goes down a level.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.encounter_kernels import IMPACT, SurfaceArrays
from perilune.dynamics.force_kernels import ForceArrays
from perilune.dynamics.lane_kernels import (
    BODY,
    IMPACTED,
    LAST_H,
    NOT_FINITE,
    POWER,
    RUNNING,
    STATUS,
    STOP_OFFSET_S,
    STOP_REFERENCE,
    UNDERFLOW,
    WANT_H,
    Lanes,
    gather,
    split,
)
from perilune.dynamics.node_kernels import StepWorkspace, prepare_nodes
from perilune.dynamics.radau_kernels import RadauTables, collocate
from perilune.dynamics.record_kernels import (
    N_STEP_RECORD,
    Output,
    ScanArrays,
    ScanWorkspace,
    add_record,
    scan_lane,
)
from perilune.dynamics.sieve_kernels import PASSES, approach, mark_near, sieve
from perilune.dynamics.step_kernels import StepOptions, step_batch
from perilune.dynamics.variation_kernels import (
    VariationWorkspace,
    advance_variation,
    keep_variation,
    vary_lane,
)
from perilune.ephemeris.body_kernels import EphemerisArrays
from perilune.jit import lean_kernel

# Not a plain integer, for which numba would compile `add_record` once more.
_NO_BODY = cast(int, np.int64(-1))

MAX_LEVEL = 26  # 64 days halved so often are 0.08 s
_SUN_BELOW_S = 21600.0  # the Sun rules every step: its surface is met in short ones only


@lean_kernel
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
    fastest = math.sqrt(fastest2)
    sun_too = wanted.within_km[0] > 0.0 or abs(h_s) < _SUN_BELOW_S
    for i in range(n):
        near[0, i] = sun_too
        near[11, i] = sun_too
    scan.is_marked[0] = sun_too
    for body in range(11):
        if body > 0:
            within = max(wanted.within_km[body], surface.radius_km[body] + 30.0)
            scan.is_marked[body] = mark_near(
                eph, ws, n, h_s, body, within, fastest, near[body], near[11 + body]
            )
        if scan.is_marked[body]:
            within = max(wanted.within_km[body], surface.radius_km[body] + 30.0)
            sieve(
                ws, tables, n, h_s, body, wanted.spacing_s[body], surface.radius_km[body],
                within, near[body], near[11 + body],
            )  # fmt: skip
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
            if scan.is_marked[body] and near[11 + body, i]:
                radius = surface.radius_km[body]
                approach(ws, tables, n, i, h_s, body, radius, scan.found)
                within = max(wanted.within_km[body], radius + 30.0)
                near[body, i] = near[body, i] and scan.found[0] < within
                unresolved = unresolved or (body > 0 and scan.found[1] > PASSES)
            any_near = any_near or (scan.is_marked[body] and near[body, i])
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
                has_nongrav, lanes.phi[lane], h_s / row[LAST_H],
            )  # fmt: skip
        impact = 2.0
        impact_body = _NO_BODY
        if any_near:
            for body in range(11):
                if scan.is_marked[body] and near[body, i]:
                    hit = scan_lane(
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
                    keep_variation(var, m, record[N_STEP_RECORD:])
        if m > 0:
            advance_variation(tables, h_s, var, lanes.phi[lane])
        if impact <= 1.0:
            add_record(
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


@lean_kernel
def _advance_block(
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
        middle, end = split(lanes, low, high, need_h)
        if end > middle:
            prepare_nodes(eph, tables, reference_mjd, start_s, h_s, ws)
            at = middle
            while at < end and stop[0] == 0:
                n = min(width, end - at)
                has_own = gather(lanes, ws, at, n)
                step_batch(
                    eph, force, tables, options, reference_mjd, h_s, ws, n,
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


@lean_kernel
def advance_blocks(
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
    reference_mjd: NDArray[np.float64],
    origin_s: NDArray[np.float64],
    block_s: NDArray[np.float64],
    stop: NDArray[np.int64],
) -> None:
    """Carry every running lane over blocks that follow on each other, as `_advance_block` says."""
    for block in range(block_s.size):
        if stop[0] == 0:
            _advance_block(
                eph, force, surface, tables, options, lanes, ws, var, wanted, scan, out, near,
                stack, reference_mjd[block], origin_s[block], block_s[block], stop,
            )  # fmt: skip
