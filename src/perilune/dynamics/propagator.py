"""The one engine: carries any number of particles to any epochs, with encounters on the way."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S
from perilune.dynamics import lane_kernels as lane
from perilune.dynamics.encounter_kernels import N_RECORD
from perilune.dynamics.expansion_kernels import N_COEFFICIENTS
from perilune.dynamics.node_kernels import StepWorkspace
from perilune.dynamics.particles import Encounters, Particles, Propagation, Status
from perilune.dynamics.radau import radau_tables
from perilune.dynamics.record_kernels import (
    N_STEP_RECORD,
    N_STEP_VARIATION,
    Output,
    ScanArrays,
    ScanWorkspace,
)
from perilune.dynamics.schedule_kernels import MAX_LEVEL, advance_blocks
from perilune.dynamics.step_kernels import StepOptions
from perilune.dynamics.system import force_arrays, surface_arrays
from perilune.dynamics.variation_kernels import VariationWorkspace
from perilune.ephemeris import MAJOR_BODIES, Ephemeris
from perilune.errors import InputError

Progress = Callable[[float, str], None]

BLOCK_D: Final = 64.0
_WIDTH: Final = 192
_CHUNK: Final = 32768
_LANE_BLOCKS: Final = 64  # so many blocks times lanes are carried before progress is told
_POLL_S: Final = 0.1
# Intervals shorter than this do not tell how long the next step should be.
_SHORT_D: Final = 1.0e-5
# Sampling of r·v: twenty times a revolution of the Moon, finer than any motion elsewhere.
_SPACING_D: Final = (2.0, 2.0, 2.0, 2.0, 1.0, 4.0, 16.0, 16.0, 16.0, 16.0, 16.0)

# Measured in design/step_size.py: the error against a run at a hundredth of epsilon.
DEFAULT_OPTIONS: Final = StepOptions(
    epsilon=3.0e-8, convergence=1.0e-11, near_gradient=1.0e-3, max_sweeps=12
)


@dataclass(frozen=True, slots=True)
class Watch:
    """A body whose neighbourhood is searched: minima of the distance below `within_km`."""

    body: str
    within_km: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A non-gravitational parameter of the variational equations.

    Attributes:
        column: which column of `Particles.nongrav` it is (0 A1, 1 A2, 2 A3, 3 delay).
        unit: its unit in that column's unit (km/s² or s).
    """

    column: int
    unit: float


class _Chunk:
    """Some of the particles, their kernels' arrays and what they gave."""

    def __init__(
        self,
        ephemeris: Ephemeris,
        particles: Particles,
        rows: NDArray[np.int64],
        epochs: NDArray[np.float64],
        watches: Sequence[Watch],
        variations: Sequence[Parameter] | None,
        keep_steps: bool,
        options: StepOptions,
        backwards: bool,
    ) -> None:
        self.ephemeris = ephemeris
        self.force = force_arrays(ephemeris.constants)
        self.surface = surface_arrays(ephemeris.constants.sun_radius_km)
        self.rows = rows
        self.epochs = epochs
        self.options = options
        self.sign = -1.0 if backwards else 1.0
        n = rows.size
        m = 0 if variations is None else 6 + len(variations)
        self.start = particles.epoch_mjd_tdb[rows]
        nongrav = particles.nongrav[rows] if particles.nongrav.shape[0] else np.zeros((0, 9))
        if not nongrav[:, :3].any() and m == 0:
            nongrav = np.zeros((0, 9))
        own = particles.own_body[rows]
        self.lanes = lane.Lanes(
            table=np.zeros((n, lane.N_LANE)),
            own_body=own,
            nongrav=nongrav,
            phi=np.zeros((n, N_STEP_VARIATION, m)),
            parameter=np.array([p.column for p in variations or ()], dtype=np.int64),
            scale=np.array([p.unit for p in variations or ()]),
            order=np.arange(n),
            spare=np.zeros(n, dtype=np.int64),
        )
        if m:
            self.lanes.phi[:, range(6), range(6)] = 1.0
        table = self.lanes.table
        table[:, 0:3] = particles.position_km[rows]
        table[:, 3:6] = particles.velocity_km_s[rows]
        table[:, lane.LAST_H] = self.sign * DAY_S
        self.inside = np.zeros(n, dtype=np.int64)
        lane.start_lanes(
            ephemeris.arrays, self.surface, self.start, own, table,
            np.zeros(1), np.zeros((1, len(MAJOR_BODIES), 6)), self.inside,
        )  # fmt: skip
        self.wanted = ScanArrays(
            within_km=_within(ephemeris, watches),
            spacing_s=np.array(_SPACING_D) * DAY_S,
        )
        self.out = self._output(max(1024, 6 * n), 4096 if keep_steps else 0, m)
        self.m = m
        width = min(_WIDTH, max(8, n))
        bodies = ephemeris.arrays.gm_km3_s2.size
        self.ws = _step_workspace(width, bodies)
        self.var = _variation_workspace(max(m, 1))
        self.scan = ScanWorkspace(
            start=np.zeros(6),
            power=np.zeros((8, 3)),
            fractions=np.zeros(130),
            values=np.zeros(130),
            scratch=np.zeros((2, 6)),
            pole=np.zeros(3),
            found=np.zeros(64),
            phi=np.zeros((6, max(m, 1))),
            is_marked=np.zeros(len(MAJOR_BODIES), dtype=np.bool_),
        )
        self.near = np.zeros((2 * len(MAJOR_BODIES), width), dtype=np.bool_)
        self.stack = np.zeros((2 * MAX_LEVEL + 8, 4), dtype=np.int64)
        self.states = np.full((epochs.size, n, 6), np.nan)
        self.variations = np.full((epochs.size, n, 6, m), np.nan)
        self.done = 0.0

    @staticmethod
    def _output(encounters: int, steps: int, m: int) -> Output:
        return Output(
            encounters=np.empty((encounters, N_RECORD + 6 * m)),
            steps=np.empty((steps, N_STEP_RECORD + N_STEP_VARIATION * m)),
            counts=np.zeros(4, dtype=np.int64),
        )

    def _legs(self) -> list[tuple[list[float], list[tuple[float, NDArray[np.int64]]], int]]:
        """The common grid: (its points, lanes that join in the first interval, epoch at the end).

        Grid points are multiples of 64 d and the asked epochs; -1 stands for no epoch. A short
        interval is a leg of its own.
        """
        sign = self.sign
        first = float((sign * self.start).min())
        points: list[tuple[float, int]] = [
            (sign * float(epoch), index) for index, epoch in enumerate(self.epochs)
        ]
        last = max(point for point, _ in points)
        at = math.floor(first / BLOCK_D) * BLOCK_D
        while at < last:
            if at > first:
                points.append((at, -1))
            at += BLOCK_D
        points.sort()
        legs: list[tuple[list[float], list[tuple[float, NDArray[np.int64]]], int]] = []
        longest = max(1, _LANE_BLOCKS // self.rows.size)
        before = first
        starts = sign * self.start
        waiting = [float(epoch) for epoch in np.unique(starts)[::-1]]
        for point, index in points:
            joining = []
            while waiting and waiting[-1] < point:
                epoch = waiting.pop()
                joining.append((sign * epoch, np.flatnonzero(starts == epoch)))
            if not legs or joining or legs[-1][1] or legs[-1][2] >= 0:
                legs.append(([sign * before, sign * point], joining, index))
            elif point == before:  # an epoch on a grid point
                legs[-1] = (legs[-1][0], [], index)
            elif (
                len(legs[-1][0]) > longest
                or _is_short(legs[-1][0])
                or abs(point - before) < _SHORT_D
            ):
                legs.append(([sign * before, sign * point], [], index))
            else:
                legs[-1] = ([*legs[-1][0], sign * point], [], index)
            before = point
        return legs

    def run(self, stop: NDArray[np.int64]) -> None:
        """Carry the chunk to its last epoch."""
        legs = self._legs()
        running = np.zeros(0, dtype=np.int64)
        begin = self.sign * legs[0][0][0]
        span = max(self.sign * legs[-1][0][-1] - begin, 1e-9)
        for points, joining, index in legs:
            if stop[0]:
                return
            end = points[-1]
            if end != points[0]:
                self._advance(running, points, stop)
                for epoch, lanes in joining:
                    self._advance(lanes, [epoch, *points[1:]], stop)
                    running = np.concatenate([running, lanes])
            elif joining:
                raise AssertionError("an interval without length took lanes in")
            if index >= 0:
                self._keep(index, end)
            self.done = (self.sign * end - begin) / span

    def _keep(self, index: int, epoch: float) -> None:
        table = self.lanes.table
        alive = (table[:, lane.STATUS] == lane.RUNNING) & (
            self.sign * self.start <= self.sign * epoch
        )
        self.states[index, alive] = table[alive, 0:6]
        self.variations[index, alive] = self.lanes.phi[alive, :6]

    def _advance(
        self, lanes: NDArray[np.int64], points: list[float], stop: NDArray[np.int64]
    ) -> None:
        """Some intervals in one go; repeated with larger buffers where these ran over.

        A short interval leaves the series and the step of before: those that fit into it would
        make the next one start so small that it cannot grow.
        """
        if lanes.size == 0:
            return
        work = self.lanes._replace(order=lanes.copy(), spare=np.zeros(lanes.size, np.int64))
        table, phi = work.table[lanes], work.phi[lanes]
        counts = self.out.counts.copy()
        edges = np.array(points)
        whole = np.floor(edges[:-1])
        while True:
            advance_blocks(
                self.ephemeris.arrays,
                self.force,
                self.surface,
                radau_tables(),
                self.options,
                work,
                self.ws,
                self.var,
                self.wanted,
                self.scan,
                self.out,
                self.near,
                self.stack,
                whole,
                (edges[:-1] - whole) * DAY_S,
                np.diff(edges) * DAY_S,
                stop,
            )
            needed = self.out.counts
            room = (self.out.encounters.shape[0], self.out.steps.shape[0])
            if stop[0] or (needed[0] <= room[0] and (room[1] == 0 or needed[1] <= room[1])):
                if _is_short(points):
                    work.table[lanes, lane.POWER : lane.STATUS] = table[:, lane.POWER : lane.STATUS]
                    work.phi[lanes, 6:] = phi[:, 6:]
                return
            larger = self._output(
                max(2 * room[0], int(needed[0])), max(2 * room[1], int(needed[1])), self.m
            )
            if room[1] == 0:
                larger = larger._replace(steps=self.out.steps)
            larger.encounters[: counts[0]] = self.out.encounters[: counts[0]]
            larger.steps[: counts[1]] = self.out.steps[: counts[1]]
            larger.counts[:] = counts
            self.out = larger
            work.table[lanes] = table
            work.phi[lanes] = phi
            work.order[:] = lanes


def _is_short(points: Sequence[float]) -> bool:
    """Whether these are the ends of one interval that is a leg of its own."""
    return len(points) == 2 and abs(points[1] - points[0]) < _SHORT_D


def _within(ephemeris: Ephemeris, watches: Sequence[Watch]) -> NDArray[np.float64]:
    """(11,) the distance watched about each body, nought where none is."""
    within = np.zeros(len(MAJOR_BODIES))
    for watch in watches:
        index = ephemeris.body_index(watch.body)
        within[index] = max(within[index], watch.within_km)
    return within


def _step_workspace(width: int, bodies: int) -> StepWorkspace:
    return StepWorkspace(
        offset_d=np.zeros(8),
        bodies=np.zeros((8, 11, 6)),
        places=np.zeros((8, 33)),
        small=np.zeros((8, 3 * (bodies - 11))),
        own=np.zeros((8, 11, 4)),
        pole=np.zeros((8, 3)),
        axes=np.zeros((8, 3, 3)),
        x=np.zeros((9, 3 * width)),
        v=np.zeros((9, 3 * width)),
        a=np.zeros((8, 3 * width)),
        far=np.zeros((8, 3 * width)),
        base=np.zeros((8, 3 * width)),
        old=np.zeros(3 * width),
        x0=np.zeros(3 * width),
        v0=np.zeros(3 * width),
        power=np.zeros((8, 3 * width)),
        last_h=np.zeros(width),
        ratio=np.zeros(width),
        steepest=np.zeros((11, width)),
        steepest_of_all=np.zeros(11),
        change=np.zeros(width),
        error=np.zeros(width),
        noise=np.zeros(width),
        own_body=np.zeros(width, dtype=np.int64),
        nongrav=np.zeros((width, 9)),
        is_near=np.zeros(11, dtype=np.bool_),
        has_figure=np.zeros(11, dtype=np.bool_),
        is_relativistic=np.zeros(11, dtype=np.bool_),
        centre=np.zeros((8, 3)),
        series=np.zeros((8, N_COEFFICIENTS)),
        is_expanded=np.zeros(bodies, dtype=np.bool_),
        gradient=np.zeros(bodies),
        moved=np.zeros((3, 39)),
        pull=np.zeros(4 * max(11, bodies - 11)),
    )


def _variation_workspace(m: int) -> VariationWorkspace:
    w = 8 * math.ceil(m / 8)
    return VariationWorkspace(
        da=np.zeros((8, 3 * w)),
        power=np.zeros((8, 3 * w)),
        fixed=np.zeros((8, 3 * w)),
        dx=np.zeros(3 * w),
        x0=np.zeros(3 * w),
        v0=np.zeros(3 * w),
        old=np.zeros(3 * w),
        ratio=np.zeros(w),
        scale=np.zeros(w),
        gx=np.zeros((8, 3, 3)),
        gv=np.zeros((8, 3, 3)),
        gp=np.zeros((8, 3 * w)),
        moved_x=np.zeros(24),
        moved_v=np.zeros(24),
        moved_a=np.zeros(24),
        moved_nongrav=np.zeros((8, 9)),
    )


def _check_start(ephemeris: Ephemeris, particles: Particles, chunks: Sequence[_Chunk]) -> None:
    """A particle inside a body at its start is an error, not an impact."""
    found = [
        (int(row), int(body))
        for chunk in chunks
        for row, body in zip(
            chunk.rows[chunk.inside >= 0], chunk.inside[chunk.inside >= 0], strict=True
        )
    ]
    if found:
        row, body = min(found)
        name = MAJOR_BODIES[body]
        centre, _ = ephemeris.state(name, particles.epoch_mjd_tdb[row])
        radius = surface_arrays(ephemeris.constants.sun_radius_km).radius_km[body]
        who = "the object" if len(particles) == 1 else f"particle {row}"
        raise InputError(
            f"{who} starts inside {name.capitalize()}",
            found=f"{np.linalg.norm(particles.position_km[row] - centre):.3f} km from its centre",
            expected=f"more than {radius:.3f} km",
            remedy="Check the orbit, its origin and its epoch.",
        )


def propagate(
    ephemeris: Ephemeris,
    particles: Particles,
    epochs_mjd_tdb: Sequence[float] | NDArray[np.float64],
    *,
    watches: Sequence[Watch] = (),
    variations: Sequence[Parameter] | None = None,
    keep_steps: bool = False,
    options: StepOptions = DEFAULT_OPTIONS,
    threads: int | None = None,
    progress: Progress | None = None,
    label: str = "propagating",
) -> Propagation:
    """Carry particles to epochs on one side of their own (all later, or all earlier).

    Args:
        ephemeris: the attracting bodies.
        particles: N test particles; each may have its own epoch.
        epochs_mjd_tdb: (M,) where states are wanted; the farthest ends the propagation.
        watches: bodies whose closest approaches are recorded. Impacts end a particle whatever is
            watched.
        variations: with a sequence (it may be empty), variational equations for the state and
            these parameters.
        keep_steps: keep every step's dense output.
        options: accuracy.
        threads: worker threads; all cores by default.
        progress: called with the fraction done and `label`; may raise to stop the work.

    Raises:
        OutOfRangeError: an epoch outside the ephemeris.
        InputError: no epochs, no particles, epochs on both sides, or a particle that starts
            inside a body.
    """
    epochs = np.unique(np.asarray(epochs_mjd_tdb, dtype=np.float64))
    if epochs.size == 0:
        raise InputError("no epoch to propagate to", field="epochs", expected="at least one")
    if len(particles) == 0:
        raise InputError("no particles to propagate", expected="at least one")
    ephemeris.check_span(epochs)
    ephemeris.check_span(particles.epoch_mjd_tdb)
    backwards = bool(epochs[0] < particles.epoch_mjd_tdb.min())
    if (backwards and epochs[-1] > particles.epoch_mjd_tdb.max()) or (
        not backwards and epochs[-1] < particles.epoch_mjd_tdb.max()
    ):
        raise InputError(
            "epochs on both sides of the particles' own",
            field="epochs",
            expected="all later or all earlier",
            remedy="Propagate forwards and backwards one after the other.",
        )
    if backwards:
        epochs = epochs[::-1].copy()
    n = len(particles)
    workers = max(1, threads or os.cpu_count() or 1)
    # As many chunks as workers, or a multiple: the last one would keep the others waiting.
    rounds = math.ceil(n / (workers * _CHUNK))
    size = math.ceil(n / (workers * rounds))
    order = _like_with_like(ephemeris, particles)
    chunks = [
        _Chunk(
            ephemeris, particles, order[low : low + size], epochs, watches,
            variations, keep_steps, options, backwards,
        )
        for low in range(0, n, size)
    ]  # fmt: skip
    _check_start(ephemeris, particles, chunks)
    _run_all(chunks, min(workers, len(chunks)), progress, label)
    return _collect(chunks, n, epochs)


def _like_with_like(ephemeris: Ephemeris, particles: Particles) -> NDArray[np.int64]:
    """The particles' order by orbital energy about the Sun.

    Neighbours in energy keep company: clones drift apart along the orbit just as their mean
    motions differ, so that a batch of neighbours stays a small ball with one far field; and
    objects of one period want steps of one length.
    """
    if len(particles) == 1:
        return np.zeros(1, dtype=np.int64)
    centre, velocity = ephemeris.state("sun", particles.epoch_mjd_tdb)
    r = np.linalg.norm(particles.position_km - centre, axis=1)
    v2 = np.sum((particles.velocity_km_s - velocity) ** 2, axis=1)
    energy = 0.5 * v2 - float(ephemeris.arrays.gm_km3_s2[0]) / r
    return np.argsort(energy, kind="stable")


def _run_all(chunks: list[_Chunk], workers: int, progress: Progress | None, label: str) -> None:
    """Run the chunks on daemon threads, so that Ctrl-C is answered at once.

    Ctrl-C comes to the main thread. A lone worker with nothing to report is spared a thread of
    its own elsewhere: short arcs, of which a fit flies many, take as long as starting one.
    """
    stop = np.zeros(1, dtype=np.int64)
    pending = list(reversed(chunks))
    failures: list[BaseException] = []
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not pending or stop[0]:
                    return
                chunk = pending.pop()
            try:
                chunk.run(stop)
            except BaseException as error:
                failures.append(error)
                stop[0] = 1
                return

    is_plain = workers == 1 and progress is None
    if is_plain and threading.current_thread() is not threading.main_thread():
        work()
        if failures:
            raise failures[0]
        return
    team = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    try:
        for thread in team:
            thread.start()
        for thread in team:
            while thread.is_alive():
                thread.join(_POLL_S)
                if progress is not None:
                    progress(sum(chunk.done for chunk in chunks) / len(chunks), label)
    except BaseException:
        stop[0] = 1
        raise
    if failures:
        raise failures[0]


def _collect(chunks: list[_Chunk], n: int, epochs: NDArray[np.float64]) -> Propagation:
    place = np.argsort(np.concatenate([chunk.rows for chunk in chunks]))
    table = np.concatenate([chunk.lanes.table for chunk in chunks])[place]
    states = np.concatenate([chunk.states for chunk in chunks], axis=1)[:, place]
    found = []
    steps = []
    for chunk in chunks:
        rows = chunk.out.encounters[: chunk.out.counts[0]]
        rows[:, 0] = chunk.rows[rows[:, 0].astype(np.int64)]
        found.append(rows)
        kept = chunk.out.steps[: chunk.out.counts[1]] if chunk.out.steps.size else chunk.out.steps
        kept[:, 0] = chunk.rows[kept[:, 0].astype(np.int64)]
        steps.append(kept)
    rows = np.concatenate(found)
    sign = chunks[0].sign
    rows = rows[np.lexsort((sign * (rows[:, 3] + rows[:, 4] / DAY_S), rows[:, 0]))]
    m = chunks[0].m
    encounters = Encounters(
        particle=rows[:, 0].astype(np.int64),
        body=rows[:, 1].astype(np.int64),
        is_impact=rows[:, 2] == 1.0,
        reference_mjd_tdb=rows[:, 3].copy(),
        offset_s=rows[:, 4].copy(),
        state=rows[:, 5:11].copy(),
        variation=rows[:, N_RECORD:].reshape(-1, 6, m) if m else np.zeros((len(rows), 6, 0)),
    )
    status = table[:, lane.STATUS].astype(np.int64)
    ended = status != Status.REACHED
    stop = table[:, lane.STOP_REFERENCE] + table[:, lane.STOP_OFFSET_S] / DAY_S
    return Propagation(
        epochs_mjd_tdb=epochs,
        position_km=states[..., :3],
        velocity_km_s=states[..., 3:],
        variation=np.concatenate([chunk.variations for chunk in chunks], axis=1)[:, place],
        status=status,
        body=np.where(status == Status.IMPACTED, table[:, lane.BODY], -1).astype(np.int64),
        stop_mjd_tdb=np.where(ended, stop, np.nan),
        encounters=encounters,
        steps=np.concatenate(steps),
        lane_steps=int(sum(chunk.out.counts[2] for chunk in chunks)),
        refused_steps=int(sum(chunk.out.counts[3] for chunk in chunks)),
    )
