"""The one engine: carries any number of particles to any epochs, with encounters on the way."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S
from perilune.dynamics import lane_kernels as lane
from perilune.dynamics.chunk import Chunk, Parameter, Watch
from perilune.dynamics.encounter_kernels import N_RECORD
from perilune.dynamics.particles import Encounters, Particles, Propagation, Status
from perilune.dynamics.step_kernels import StepOptions
from perilune.dynamics.system import surface_arrays
from perilune.ephemeris import MAJOR_BODIES, Ephemeris
from perilune.errors import InputError

Progress = Callable[[float, str], None]

_CHUNK: Final = 32768
_POLL_S: Final = 0.1

# By the error against runs at a hundredth of epsilon.
DEFAULT_OPTIONS: Final = StepOptions(
    epsilon=3.0e-8, convergence=1.0e-11, near_gradient=1.0e-3, max_sweeps=12
)


def _check_start(ephemeris: Ephemeris, particles: Particles, chunks: Sequence[Chunk]) -> None:
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
        Chunk(
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


def _run_all(chunks: list[Chunk], workers: int, progress: Progress | None, label: str) -> None:
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


def _collect(chunks: list[Chunk], n: int, epochs: NDArray[np.float64]) -> Propagation:
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
