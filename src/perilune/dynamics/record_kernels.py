"""What a lane meets in a step, written down."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.encounter_kernels import (
    MINIMUM,
    N_RECORD,
    DenseStep,
    SurfaceArrays,
    relative_state,
    scan_step,
)
from perilune.dynamics.lane_kernels import Lanes
from perilune.dynamics.radau_kernels import RadauTables
from perilune.dynamics.variation_kernels import VariationWorkspace, dense_variation
from perilune.ephemeris.body_kernels import EphemerisArrays
from perilune.jit import lean_kernel

N_STEP_RECORD = 34  # lane, reference MJD, start s, h s, state (6), power (24)
N_STEP_VARIATION = 30  # a column of the variation more: start (6), power (24)


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
    is_marked: NDArray[np.bool_]  # (11,) bodies that any lane of the batch may come near


class Output(NamedTuple):
    """Rows found; `counts[0]`, `counts[1]` say how many, also beyond the capacity."""

    encounters: NDArray[np.float64]  # (capacity, 11 + 6 m)
    steps: NDArray[np.float64]  # (capacity, 34 + 30 m), recorded where capacity is not nought
    counts: NDArray[np.int64]  # (4,) encounters, steps, lane-steps taken, lane-steps refused


@lean_kernel
def add_record(
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
        dense_variation(h_s, s, var, m, scan.phi)
        for k in range(6):
            for c in range(m):
                row[N_RECORD + k * m + c] = scan.phi[k, c]


@lean_kernel
def scan_lane(
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
                add_record(
                    eph, tables, lanes, var, scan, out, lane, body, MINIMUM,
                    reference_mjd, start_s, h_s, s,
                )  # fmt: skip
    return impact
