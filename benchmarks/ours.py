"""Perilune's side of the races."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from perilune.constants import AU_KM
from perilune.dynamics.chunk import Watch
from perilune.dynamics.massive_asteroids import solar_system
from perilune.dynamics.particles import Particles, Propagation
from perilune.dynamics.propagator import propagate
from perilune.orbits import catalogue

Array = NDArray[np.float64]
SCREEN_KM = 0.05 * AU_KM
CLONES_SCREEN_KM = 3.0e5  # what `perilune risk` keeps of its clones' encounters


def carry(
    barycentric: Array,
    epoch_mjd_tdb: float,
    until_mjd_tdb: Sequence[float],
    threads: int | None = 1,
    within_km: float = SCREEN_KM,
) -> Propagation:
    """Carry states (N, 6), screened for encounters with the Earth and the Moon."""
    screen = (Watch("earth", within_km), Watch("moon", within_km))
    particles = Particles(
        epoch_mjd_tdb=np.full(len(barycentric), epoch_mjd_tdb),
        position_km=np.ascontiguousarray(barycentric[:, :3]),
        velocity_km_s=np.ascontiguousarray(barycentric[:, 3:]),
    )
    return propagate(solar_system(), particles, until_mjd_tdb, watches=screen, threads=threads)


@cache
def sun(epoch_mjd_tdb: float) -> Array:
    """The Sun's barycentric state (6,)."""
    position, velocity = solar_system().state("sun", np.array([epoch_mjd_tdb]))
    return np.concatenate([position[0], velocity[0]])


def yr4_clones(count: int, seed: int = 1) -> tuple[float, Array]:
    """Epoch and barycentric states (count, 6) of 2024 YR4, JPL 78: the nominal orbit first."""
    orbit = catalogue.find("2024 YR4").cartesian()
    assert orbit.covariance is not None
    nominal = np.concatenate([orbit.position_km, orbit.velocity_km_s])
    # Scaled before it is factored: km and km/s are seven orders of magnitude apart.
    sigma = np.sqrt(np.diag(orbit.covariance))
    values, vectors = np.linalg.eigh(orbit.covariance / np.outer(sigma, sigma))
    factor = sigma[:, None] * vectors * np.sqrt(np.clip(values, 0.0, None))
    clones = np.random.default_rng(seed).standard_normal((count - 1, 6)) @ factor.T
    states = nominal + np.vstack([np.zeros(6), clones]) + sun(orbit.epoch_mjd_tdb)
    return orbit.epoch_mjd_tdb, states
