"""Orbits as particles of the engine, and their paths with covariance to any epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import AU_KM, DAY_S
from perilune.dynamics.massive_asteroids import solar_system
from perilune.dynamics.particles import Particles, Status
from perilune.dynamics.propagator import Parameter, Progress, propagate
from perilune.ephemeris import MAJOR_BODIES, Ephemeris
from perilune.errors import InputError
from perilune.orbits.non_gravitational import NonGravitational
from perilune.orbits.orbit import CartesianOrbit, Orbit

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

    Raises:
        OutOfRangeError: an epoch outside the ephemeris.
        InputError: an object inside a body at its own epoch.
    """
    ephemeris = solar_system(progress)
    epochs = np.asarray(epochs_mjd_tdb, dtype=np.float64)
    ephemeris.check_span(epochs)
    return [_path(ephemeris, orbit, epochs, threads, with_covariance) for orbit in orbits]


def _path(
    ephemeris: Ephemeris,
    orbit: Orbit,
    epochs: NDArray[np.float64],
    threads: int | None,
    with_covariance: bool,
) -> OrbitPath:
    cartesian = orbit.cartesian()
    start = nominal(ephemeris, cartesian, orbit.number)
    covariance = cartesian.covariance if with_covariance else None
    variations = engine_parameters(cartesian.parameters) if covariance is not None else None
    states = np.full((epochs.size, 6), np.nan)
    columns = 0 if variations is None else 6 + len(variations)
    matrices = np.full((epochs.size, 6, columns), np.nan)
    status = "reached"
    for side in (epochs < cartesian.epoch_mjd_tdb, epochs >= cartesian.epoch_mjd_tdb):
        if not side.any():
            continue
        with _about(orbit):
            result = propagate(
                ephemeris, start, epochs[side], variations=variations, threads=threads
            )
        order = np.argsort(result.epochs_mjd_tdb)
        rows = order[np.searchsorted(result.epochs_mjd_tdb[order], epochs[side])]
        states[side, :3] = result.position_km[rows, 0]
        states[side, 3:] = result.velocity_km_s[rows, 0]
        matrices[side] = result.variation[rows, 0]
        if result.status[0] != Status.REACHED:
            status = status_text(result.status[0], result.body[0], result.stop_mjd_tdb[0])
    mapped = None
    if covariance is not None:
        extra = columns - 6
        full = np.zeros((epochs.size, columns, columns))
        full[:, :6] = matrices
        full[:, 6:, 6:] = np.eye(extra)
        factor = full @ covariance_factor(covariance)
        mapped = factor @ factor.transpose(0, 2, 1)
    return OrbitPath(orbit.full_name, epochs, states[:, :3], states[:, 3:], mapped, status)


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
