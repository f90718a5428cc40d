"""Some of the particles on their way: their kernels' arrays, and what these gave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S
from perilune.dynamics import lane_kernels as lane
from perilune.dynamics.encounter_kernels import N_RECORD
from perilune.dynamics.expansion_kernels import N_COEFFICIENTS
from perilune.dynamics.node_kernels import StepWorkspace
from perilune.dynamics.particles import Particles
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

_BLOCK_D: Final = 64.0
_WIDTH: Final = 192
_LANE_BLOCKS: Final = 64  # so many blocks times lanes are carried before progress is told
# Intervals shorter than this do not tell how long the next step should be.
_SHORT_D: Final = 1.0e-5
# Sampling of r·v: twenty times a revolution of the Moon, finer than any motion elsewhere.
_SPACING_D: Final = (2.0, 2.0, 2.0, 2.0, 1.0, 4.0, 16.0, 16.0, 16.0, 16.0, 16.0)


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


class Chunk:
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
        at = math.floor(first / _BLOCK_D) * _BLOCK_D
        while at < last:
            if at > first:
                points.append((at, -1))
            at += _BLOCK_D
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
