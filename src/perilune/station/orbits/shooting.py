"""Periodic orbits of the three-body problem carried into the real ephemeris.

Multiple shooting with free epochs: nodes along many revolutions of the periodic orbit, laid into
the rotating, pulsating frame of DE440's Moon, are joined by Newton's method with the smallest
change of all (Pavlak & Howell 2012, AIAA 2012-4665). The answer is one of many: the one that
stays next to the periodic orbit. Where perilunes are to stay in a band, those that leave it are
held at its edge, and the rest follows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

from perilune.constants import DAY_S
from perilune.dynamics.lunar_gravity import lunar_field
from perilune.dynamics.lunar_orbit import SpacecraftForces
from perilune.dynamics.lunar_orbit_arc_kernels import carry_arcs, slopes_at
from perilune.dynamics.lunar_orbit_rotating import epochs_of_phase, rotating_frame
from perilune.dynamics.three_body import PeriodicOrbit
from perilune.errors import InputError, NotConvergedError
from perilune.station.orbits.reference import ReferenceOrbit
from perilune.station.side_by_side import WORKERS, side_by_side

FloatArray = NDArray[np.float64]
Progress = Callable[[float, str], None]

# Nodes a revolution: none at the perilune itself, where a state tells least about the rest.
_NODES: Final = 8
_ITERATIONS: Final = 25
_HOLDS: Final = 8
_GROWTH: Final = 2  # revolutions that are added at a time
_SHIFTS: Final = (0.0, 0.25, -0.25, 0.5, -0.5)  # of a period
_LONGEST_CHANGE: Final = 0.2  # of a step, in the three-body units
_CLOSED: Final = 1e-10  # 0.04 m, 1e-7 m/s
_TOLERANCE: Final = 1e-11
_MARGIN_KM: Final = 2.0
_MOON_BODY: Final = 4


def default_forces() -> SpacecraftForces:
    """Sun, Earth, Jupiter and the Moon's field to degree 8: for orbits of some thousand km."""
    return SpacecraftForces(lunar_field=lunar_field(8))


class _Problem:
    """The nodes' unknowns, seven each (state and epoch, in the three-body units), and conditions.

    Attributes:
        held: arcs whose perilune is held, and at what distance, km.
    """

    def __init__(
        self, forces: SpacecraftForces, start_mjd_tdb: float, orbit: PeriodicOrbit
    ) -> None:
        system = orbit.system
        self.forces = forces.arrays("moon", start_mjd_tdb)
        self.unit = np.array(
            [system.length_km] * 3 + [system.speed_km_s] * 3 + [system.time_s], dtype=np.float64
        )
        self.held: dict[int, float] = {}
        self.perilune_km = np.empty(0)

    def conditions(self, unknowns: FloatArray) -> tuple[FloatArray, csc_matrix] | None:
        """The jumps (and the held perilunes' misses) and their partials; None on the ground."""
        count = unknowns.shape[0] - 1
        states = np.ascontiguousarray(unknowns[:, :6] * self.unit[:6])
        times_s = np.ascontiguousarray(unknowns[:, 6] * self.unit[6])
        if np.any(np.diff(times_s) <= 0.0):
            return None
        ends, apses = np.empty((count, 42)), np.empty((count, 43))
        if not self._carry(times_s, states, ends, apses):
            return None
        before, after = np.empty((count, 6)), np.empty((count, 6))
        slopes_at(self.forces, times_s[:-1], states[:-1], before)
        slopes_at(self.forces, times_s[1:], np.ascontiguousarray(ends[:, :6]), after)
        self.perilune_km = np.linalg.norm(apses[:, 1:4], axis=1)
        six = self.unit[:6]
        partials = ends[:, 6:].reshape(-1, 6, 6)
        jumps = (ends[:, :6] - states[1:]) / six
        start = np.empty((count, 6, 7))
        start[:, :, :6] = partials * six / six[:, np.newaxis]
        # An arc that starts later starts where it would have been earlier.
        start[:, :, 6] = -np.einsum("kij,kj->ki", partials, before) / six * self.unit[6]
        end = np.zeros((count, 6, 7))
        end[:, range(6), range(6)] = -1.0
        end[:, :, 6] = after / six * self.unit[6]
        rows, columns, values = [], [], []
        misses: list[tuple[int, float]] = []
        for k in range(count):
            first = 6 * k + len(misses)
            block = np.concatenate([start[k], end[k]], axis=1)
            row, column = np.indices(block.shape)
            rows.append((row + first).ravel())
            columns.append((column + 7 * k).ravel())
            values.append(block.ravel())
            if k not in self.held:
                continue
            # At its least a distance does not change with the moment: only the state counts.
            state = apses[k, 1:7]
            along = state[:3] / self.perilune_km[k] @ apses[k, 7:].reshape(6, 6)[:3]
            rows.append(np.full(7, first + 6))
            columns.append(7 * k + np.arange(7))
            by_epoch = -along @ before[k] * self.unit[6]
            values.append(np.append(along * six, by_epoch) / self.unit[0])
            misses.append((first + 6, (self.perilune_km[k] - self.held[k]) / self.unit[0]))
        total = np.empty(6 * count + len(misses))
        is_jump = np.ones(total.size, dtype=np.bool_)
        for row_number, miss in misses:
            total[row_number], is_jump[row_number] = miss, False
        total[is_jump] = jumps.ravel()
        matrix = csc_matrix(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=(total.size, unknowns.size),
        )
        return total, matrix

    def _carry(
        self, times_s: FloatArray, states: FloatArray, ends: FloatArray, apses: FloatArray
    ) -> bool:
        """`carry_arcs` in parts side by side; whether no arc meets the ground."""
        count = times_s.size - 1
        cuts = np.linspace(0, count, min(WORKERS, count) + 1).astype(np.int64).tolist()

        def part(between: tuple[int, int]) -> bool:
            first, last = between
            carried = carry_arcs(
                self.forces, times_s[first : last + 1], states[first : last + 1], _TOLERANCE,
                _MOON_BODY, ends[first:last], apses[first:last],
            )  # fmt: skip
            return carried == last - first

        return all(side_by_side(part, list(pairwise(cuts))))


def _join(problem: _Problem, unknowns: FloatArray) -> FloatArray:
    """Newton's method with the smallest change, damped by the natural monotonicity test.

    A step is taken if the change that would follow by the same partials is smaller (Deuflhard
    2004, "Newton Methods for Nonlinear Problems", section 4.4): the jumps themselves may well grow
    on the way, since a perilune magnifies.

    Raises:
        NotConvergedError: it does not close the arcs.
    """
    found = problem.conditions(unknowns)
    if found is None:
        raise NotConvergedError("The orbit's first guess meets the ground.")
    for _ in range(_ITERATIONS):
        misses, matrix = found
        if np.abs(misses).max() < _CLOSED:
            return unknowns
        solver = splu((matrix @ matrix.T).tocsc())
        change = -(matrix.T @ solver.solve(misses))
        size = float(np.linalg.norm(change))
        part = min(1.0, _LONGEST_CHANGE / float(np.abs(change).max()))
        while True:
            trial = unknowns + part * change.reshape(unknowns.shape)
            found = problem.conditions(trial)
            if found is not None:
                following = float(np.linalg.norm(matrix.T @ solver.solve(found[0])))
                if following < (1.0 - 0.25 * part) * size:
                    break
            part *= 0.5
            if part < 1e-3:
                raise NotConvergedError(
                    "The orbit could not be carried into the ephemeris: its arcs stay "
                    f"{np.abs(misses).max() * problem.unit[0]:.3g} km apart. Choose fewer "
                    "revolutions or another epoch."
                )
        unknowns = trial
    raise NotConvergedError("The orbit could not be carried into the ephemeris in time.")


def _nodes(orbit: PeriodicOrbit) -> int:
    """Nodes a revolution: a butterfly goes round twice in one."""
    return 2 * _NODES if orbit.family == "butterfly" else _NODES


def _join_growing(problem: _Problem, guess: FloatArray, nodes: int) -> FloatArray:
    """`_join`, some revolutions more at a time: those that are joined lead the next.

    Where perturbations add up, the whole guess lies too far from any answer.

    Raises:
        NotConvergedError: it does not close.
    """
    unknowns, step = guess[:1], _GROWTH
    while len(unknowns) < len(guess):
        longer = np.concatenate([unknowns, guess[len(unknowns) : len(unknowns) + step * nodes]])
        try:
            unknowns = _join(problem, longer)
        except NotConvergedError:
            if step == 1:
                raise
            step = 1
    return unknowns


def carry_into_ephemeris(
    orbit: PeriodicOrbit,
    start_mjd_tdb: float,
    revolutions: int,
    forces: SpacecraftForces | None = None,
    *,
    perilune_band_km: tuple[float, float] | None = None,
    progress: Progress | None = None,
) -> ReferenceOrbit:
    """A periodic orbit's revolutions under the real Moon, Earth and Sun, without manoeuvres.

    Args:
        orbit: from `perilune.dynamics.three_body_families`.
        start_mjd_tdb: about when it starts, MJD TDB: it moves by hours, or by up to half a period
            if only that closes it, or lets the perilunes stay in a band.
        revolutions: how many.
        forces: what acts; `default_forces()` if None.
        perilune_band_km: the least and largest perilune allowed, or None.
        progress: told the part done and what is being done.

    Raises:
        InputError: no revolutions, or an empty band.
        NotConvergedError: it does not close, or not within the band.
        OutOfRangeError: epochs outside the ephemeris.
    """
    if revolutions < 1:
        raise InputError("an orbit needs revolutions", found=revolutions, expected="1 or more")
    # The margin is against rounding and the integrator of who reads the orbit.
    low_km, high_km = perilune_band_km or (0.0, np.inf)
    low_km, high_km = low_km + _MARGIN_KM, high_km - _MARGIN_KM
    if high_km - low_km < 2.0 * _MARGIN_KM:
        raise InputError(
            "the band of perilunes is too narrow",
            found=perilune_band_km,
            expected=f"at least {4.0 * _MARGIN_KM} km",
        )
    if forces is None:
        forces = default_forces()
    # When it passes its perilune in the month is free: not every moment has an answer in a band,
    # nor next to a resonance with the month.
    for number, shift in enumerate(_SHIFTS):
        start = start_mjd_tdb + shift * orbit.period_d
        problem = _Problem(forces, start, orbit)
        if progress is not None:
            progress(number / len(_SHIFTS), "joining arcs")
        guess = _first_guess(orbit, start, revolutions) / problem.unit
        try:
            try:
                unknowns = _join_within(problem, guess, low_km, high_km)
            except NotConvergedError:
                if perilune_band_km is not None:
                    raise
                unknowns = _join_growing(problem, guess, _nodes(orbit))
            break
        except NotConvergedError:
            if number == len(_SHIFTS) - 1:
                raise
    else:
        raise AssertionError("the loop ends by break or raise")
    if progress is not None:
        progress(1.0, "joining arcs")
    problem.held.clear()
    final = problem.conditions(unknowns)
    assert final is not None
    jumps = np.abs(final[0].reshape(-1, 6)).max(axis=0)
    return ReferenceOrbit(
        name=orbit.family,
        revolutions=revolutions,
        epoch_mjd_tdb=start + unknowns[:, 6] * problem.unit[6] / DAY_S,
        states=np.ascontiguousarray(unknowns[:, :6] * problem.unit[:6]),
        forces=forces,
        gap_km=float(jumps[:3].max() * problem.unit[0]),
        gap_m_s=float(jumps[3:].max() * problem.unit[3] * 1e3),
    )


def _first_guess(orbit: PeriodicOrbit, start_mjd_tdb: float, revolutions: int) -> FloatArray:
    """States and seconds (N + 1, 7) of the periodic orbit laid into the pulsating frame."""
    nodes = _nodes(orbit)
    steps = np.arange(revolutions * nodes + 1)
    days = revolutions * orbit.period_d
    epochs = epochs_of_phase(start_mjd_tdb, days, steps / (revolutions * nodes))
    own = orbit.states((np.arange(nodes) + 0.5) / nodes)[steps % nodes]
    states = rotating_frame(epochs).moon_icrf_of(own, orbit.system.mass_ratio)
    return np.column_stack([states, (epochs - start_mjd_tdb) * DAY_S])


def _join_within(
    problem: _Problem, unknowns: FloatArray, low_km: float, high_km: float
) -> FloatArray:
    """`_join`, with perilunes held at the edge of a band which they would leave.

    Raises:
        NotConvergedError: it does not close, or not within the band.
    """
    for _ in range(_HOLDS):
        unknowns = _join(problem, unknowns)
        perilune = problem.perilune_km
        outside = np.flatnonzero((perilune < low_km - 0.1) | (perilune > high_km + 0.1))
        if outside.size == 0:
            return unknowns
        for k in outside:
            problem.held[int(k)] = low_km if perilune[k] < low_km else high_km
    raise NotConvergedError(
        f"The perilunes do not stay within {low_km:.1f} to {high_km:.1f} km. "
        "Widen the band or choose another epoch."
    )
