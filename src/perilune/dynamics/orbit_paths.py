"""Orbits as particles of the engine, and their paths with covariance to any epochs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import AU_KM, DAY_S
from perilune.dynamics.chunk import Parameter
from perilune.dynamics.massive_asteroids import solar_system
from perilune.dynamics.particles import Particles, Status
from perilune.dynamics.propagator import Progress, propagate
from perilune.ephemeris import MAJOR_BODIES, Ephemeris
from perilune.errors import InputError
from perilune.orbits.non_gravitational import NonGravitational
from perilune.orbits.orbit import CartesianOrbit, Orbit

_TOGETHER: Final = 256  # orbits carried at a time; seconds for a century
# So few are carried one by one: ten times as slow, and some metres nearer to the truth after years.
_FEW: Final = 16
_AU_D2_KM_S2: Final = AU_KM / DAY_S**2
_PARAMETERS: Final = {
    "a1_au_d2": Parameter(0, _AU_D2_KM_S2),
    "a2_au_d2": Parameter(1, _AU_D2_KM_S2),
    "a3_au_d2": Parameter(2, _AU_D2_KM_S2),
    "dt_d": Parameter(3, DAY_S),
}


def engine_parameters(names: Sequence[str]) -> list[Parameter]:
    """The engine's form of estimated parameters (`CartesianOrbit.parameters`)."""
    return [_PARAMETERS[name] for name in names]


def nongrav_row(model: NonGravitational | None) -> NDArray[np.float64]:
    """One row (9,) of `Particles.nongrav`, in km and s."""
    if model is None:
        return np.array([0.0, 0.0, 0.0, 0.0, 1.0, AU_KM, 2.0, 1.0, 0.0])
    return np.array(
        [
            model.a1_au_d2 * _AU_D2_KM_S2,
            model.a2_au_d2 * _AU_D2_KM_S2,
            model.a3_au_d2 * _AU_D2_KM_S2,
            model.dt_d * DAY_S,
            model.alpha,
            model.r0_au * AU_KM,
            model.m,
            model.n,
            model.k,
        ]
    )


def own_body(ephemeris: Ephemeris, number: int | None) -> int:
    """The kernels' index of a massive asteroid by its number, -1 for everything else."""
    numbers = ephemeris.asteroid_numbers
    return 11 + numbers.index(number) if number in numbers else -1


def particle(
    ephemeris: Ephemeris, orbit: CartesianOrbit, number: int | None, deviations: NDArray[np.float64]
) -> Particles:
    """An orbit moved by each row of `deviations` (N, 6 + p), as particles.

    Columns are km, km/s and the units of `orbit.parameters`; a row of noughts is the orbit itself.

    Raises:
        OutOfRangeError: the epoch lies outside the ephemeris.
    """
    n = deviations.shape[0]
    sun_km, sun_km_s = ephemeris.state("sun", orbit.epoch_mjd_tdb)
    nongrav = np.zeros((0, 9))
    if orbit.non_gravitational is not None:
        nongrav = np.tile(nongrav_row(orbit.non_gravitational), (n, 1))
        for i, parameter in enumerate(engine_parameters(orbit.parameters)):
            nongrav[:, parameter.column] += deviations[:, 6 + i] * parameter.unit
    return Particles(
        epoch_mjd_tdb=np.full(n, orbit.epoch_mjd_tdb),
        position_km=orbit.position_km + sun_km + deviations[:, :3],
        velocity_km_s=orbit.velocity_km_s + sun_km_s + deviations[:, 3:6],
        own_body=np.full(n, own_body(ephemeris, number), dtype=np.int64),
        nongrav=nongrav,
    )


def nominal(ephemeris: Ephemeris, orbit: CartesianOrbit, number: int | None) -> Particles:
    """The orbit itself as one particle."""
    return particle(ephemeris, orbit, number, np.zeros((1, 6 + len(orbit.parameters))))


@dataclass(frozen=True, slots=True, eq=False)
class OrbitPath:
    """One object at the epochs asked for, in their order.

    Attributes:
        object: the object's full name.
        epochs_mjd_tdb: (M,).
        position_km: (M, 3) barycentric ICRF; NaN after an impact.
        velocity_km_s: (M, 3).
        covariance: (M, 6 + p, 6 + p) as `CartesianOrbit.covariance`, or None.
        status: "reached", or what ended the object: "impacted EARTH at MJD … TDB", "failed: …".
    """

    object: str
    epochs_mjd_tdb: NDArray[np.float64]
    position_km: NDArray[np.float64]
    velocity_km_s: NDArray[np.float64]
    covariance: NDArray[np.float64] | None
    status: str


def status_text(status: int, body: int, stop_mjd_tdb: float) -> str:
    """A particle's status in words."""
    if status == Status.IMPACTED:
        return f"impacted {MAJOR_BODIES[body].upper()} at MJD {stop_mjd_tdb:.6f} TDB"
    if status == Status.FAILED_STEP_UNDERFLOW:
        return f"failed: the step became too small at MJD {stop_mjd_tdb:.6f} TDB"
    if status == Status.FAILED_NOT_FINITE:
        return f"failed: the state was not finite at MJD {stop_mjd_tdb:.6f} TDB"
    return "reached"


def propagate_orbits(
    orbits: Sequence[Orbit],
    epochs_mjd_tdb: Sequence[float] | NDArray[np.float64],
    *,
    threads: int | None = None,
    with_covariance: bool = True,
    progress: Progress | None = None,
) -> list[OrbitPath]:
    """States of each orbit at each epoch, before and after its own.

    Many orbits whose covariance is not asked for, or that have none, are carried together. How
    many threads there are changes nothing in the result.

    Args:
        orbits: the objects.
        epochs_mjd_tdb: (M,) in any order.
        threads: worker threads; all cores by default.
        with_covariance: whether the covariances are mapped as well.
        progress: called with the fraction done and what is done.

    Raises:
        OutOfRangeError: an epoch outside the ephemeris.
        InputError: an object inside a body at its own epoch.
    """
    ephemeris = solar_system(progress)
    epochs = np.asarray(epochs_mjd_tdb, dtype=np.float64)
    ephemeris.check_span(epochs)

    def carry(rows: list[int]) -> list[OrbitPath]:
        group = [orbits[row] for row in rows]
        try:
            return _paths(ephemeris, group, epochs, with_covariance)
        except InputError:
            if len(group) == 1:
                raise
            return [_paths(ephemeris, [orbit], epochs, with_covariance)[0] for orbit in group]

    groups = _together(orbits, with_covariance)
    workers = min(len(groups), threads or os.cpu_count() or 1)
    if workers <= 1:
        carried = map(carry, groups)
        return _in_order(groups, carried, len(orbits), progress)
    pool = ThreadPoolExecutor(workers)
    try:
        return _in_order(groups, pool.map(carry, groups), len(orbits), progress)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _together(orbits: Sequence[Orbit], with_covariance: bool) -> list[list[int]]:
    """Which orbits are carried together, as indices: some with one epoch and no covariance."""
    groups: list[list[int]] = []
    open_groups: dict[float, list[int]] = {}
    for row, orbit in enumerate(orbits):
        group = open_groups.get(orbit.epoch_mjd_tdb)
        if with_covariance and orbit.covariance is not None:
            groups.append([row])
        elif group is None or len(group) == _TOGETHER:
            open_groups[orbit.epoch_mjd_tdb] = [row]
            groups.append(open_groups[orbit.epoch_mjd_tdb])
        else:
            group.append(row)
    return [
        part
        for group in groups
        for part in ([group] if len(group) > _FEW else [[row] for row in group])
    ]


def _in_order(
    groups: list[list[int]],
    carried: Iterable[list[OrbitPath]],
    count: int,
    progress: Progress | None,
) -> list[OrbitPath]:
    found: dict[int, OrbitPath] = {}
    for rows, paths in zip(groups, carried, strict=True):
        found.update(zip(rows, paths, strict=True))
        if progress is not None:
            progress(len(found) / count, "")
    return [found[row] for row in range(count)]


def _paths(
    ephemeris: Ephemeris,
    orbits: Sequence[Orbit],
    epochs: NDArray[np.float64],
    with_covariance: bool,
) -> list[OrbitPath]:
    """The paths of orbits of one epoch; only a single one may have its covariance mapped."""
    states = [orbit.cartesian() for orbit in orbits]
    start = _joined([nominal(ephemeris, c, o.number) for c, o in zip(states, orbits, strict=True)])
    covariance = states[0].covariance if with_covariance else None
    variations = engine_parameters(states[0].parameters) if covariance is not None else None
    n = len(orbits)
    found = np.full((epochs.size, n, 6), np.nan)
    columns = 0 if variations is None else 6 + len(variations)
    matrices = np.full((epochs.size, 6, columns), np.nan)
    status = ["reached"] * n
    for side in (epochs < start.epoch_mjd_tdb[0], epochs >= start.epoch_mjd_tdb[0]):
        if not side.any():
            continue
        with _about(orbits[0]):
            result = propagate(ephemeris, start, epochs[side], variations=variations, threads=1)
        order = np.argsort(result.epochs_mjd_tdb)
        rows = order[np.searchsorted(result.epochs_mjd_tdb[order], epochs[side])]
        found[side, :, :3] = result.position_km[rows]
        found[side, :, 3:] = result.velocity_km_s[rows]
        matrices[side] = result.variation[rows, 0]
        for i in np.flatnonzero(result.status != Status.REACHED):
            status[i] = status_text(result.status[i], result.body[i], result.stop_mjd_tdb[i])
    mapped = None
    if covariance is not None:
        extra = columns - 6
        full = np.zeros((epochs.size, columns, columns))
        full[:, :6] = matrices
        full[:, 6:, 6:] = np.eye(extra)
        factor = full @ covariance_factor(covariance)
        mapped = factor @ factor.transpose(0, 2, 1)
    return [
        OrbitPath(orbit.full_name, epochs, found[:, i, :3], found[:, i, 3:], mapped, status[i])
        for i, orbit in enumerate(orbits)
    ]


def _joined(parts: Sequence[Particles]) -> Particles:
    """Single particles as one table."""
    if len(parts) == 1:
        return parts[0]
    gravity_alone = nongrav_row(None)[None]
    pushed = any(part.nongrav.shape[0] for part in parts)
    return Particles(
        epoch_mjd_tdb=np.concatenate([part.epoch_mjd_tdb for part in parts]),
        position_km=np.concatenate([part.position_km for part in parts]),
        velocity_km_s=np.concatenate([part.velocity_km_s for part in parts]),
        own_body=np.concatenate([part.own_body for part in parts]),
        nongrav=np.concatenate(
            [part.nongrav if part.nongrav.shape[0] else gravity_alone for part in parts]
        )
        if pushed
        else np.zeros((0, 9)),
    )


@contextmanager
def _about(orbit: Orbit) -> Iterator[None]:
    """Errors raised inside say which object, and which file, they are about."""
    try:
        yield
    except InputError as error:
        raise type(error)(
            f"{orbit.full_name}: {error.problem}",
            file=error.file or orbit.source or None,
            field=error.field,
            found=error.found,
            expected=error.expected,
            remedy=error.remedy,
        ) from None


def covariance_factor(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """F (n, n) with F F^T the covariance, from the eigenvectors of its correlations.

    Columns in the order of falling eigenvalue. Eigenvalues that rounding made negative count as
    nought: `perilune.orbits` has refused matrices in which they are more than rounding.
    """
    sigma = np.sqrt(np.diag(covariance))
    scale = np.where(sigma > 0.0, sigma, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    order = np.argsort(values)[::-1]
    root = np.sqrt(np.clip(values[order], 0.0, None))
    factor: NDArray[np.float64] = scale[:, None] * vectors[:, order] * root
    return factor
