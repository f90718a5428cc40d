"""Particles to be propagated, and what became of them, as column tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from perilune.errors import InputError


class Status(IntEnum):
    """What became of a particle."""

    REACHED = 0
    IMPACTED = 1
    FAILED_STEP_UNDERFLOW = 2
    FAILED_NOT_FINITE = 3


@dataclass(frozen=True, slots=True)
class Particles:
    """Test particles: ICRF, solar-system barycentre, km, km/s, MJD TDB.

    Attributes:
        epoch_mjd_tdb: (N,).
        position_km: (N, 3).
        velocity_km_s: (N, 3).
        own_body: (N,) index of the attracting body that the particle itself is, or -1.
        nongrav: (N, 9) as `force_kernels.N_NONGRAV` says (km, s), or (0, 9) for none.
    """

    epoch_mjd_tdb: NDArray[np.float64]
    position_km: NDArray[np.float64]
    velocity_km_s: NDArray[np.float64]
    own_body: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    nongrav: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 9)))

    def __post_init__(self) -> None:
        n = self.position_km.shape[0]
        if self.own_body.size == 0:
            object.__setattr__(self, "own_body", np.full(n, -1, dtype=np.int64))
        for name, shape in (
            ("epoch_mjd_tdb", (n,)),
            ("position_km", (n, 3)),
            ("velocity_km_s", (n, 3)),
            ("own_body", (n,)),
            ("nongrav", (n if self.nongrav.shape[0] else 0, 9)),
        ):
            values = getattr(self, name)
            if values.shape != shape:
                raise InputError("wrong shape", field=name, found=values.shape, expected=f"{shape}")
            if not np.isfinite(values).all():
                row = int(np.argwhere(~np.isfinite(values))[0][0])
                raise InputError(
                    f"particle {row} is not finite", field=name, expected="finite numbers"
                )

    def __len__(self) -> int:
        return int(self.position_km.shape[0])


@dataclass(frozen=True, slots=True)
class Encounters:
    """Closest approaches and impacts, one a row, in order of particle and time.

    The state is that of the particle from the body's centre, ICRF, km and km/s, at
    `reference_mjd_tdb + offset_s / 86400`.

    Attributes:
        particle: (K,) index into the particles.
        body: (K,) index as in `perilune.ephemeris.MAJOR_BODIES`.
        is_impact: (K,) the crossing of the surface (100 km over WGS84, 1737.4 km, …).
        reference_mjd_tdb, offset_s: (K,) the time in two parts.
        state: (K, 6).
        variation: (K, 6, m) derivative of the state by the particle's start and parameters.
    """

    particle: NDArray[np.int64]
    body: NDArray[np.int64]
    is_impact: NDArray[np.bool_]
    reference_mjd_tdb: NDArray[np.float64]
    offset_s: NDArray[np.float64]
    state: NDArray[np.float64]
    variation: NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.particle.size)

    @property
    def epoch_mjd_tdb(self) -> NDArray[np.float64]:
        """(K,) the time in one number (a microsecond's resolution)."""
        return np.asarray(self.reference_mjd_tdb + self.offset_s / 86400.0)

    @property
    def distance_km(self) -> NDArray[np.float64]:
        """(K,) distance from the body's centre."""
        return np.asarray(np.linalg.norm(self.state[:, :3], axis=1))

    @property
    def speed_km_s(self) -> NDArray[np.float64]:
        """(K,) speed relative to the body."""
        return np.asarray(np.linalg.norm(self.state[:, 3:], axis=1))

    def where(self, mask: NDArray[np.bool_]) -> Encounters:
        """The rows that `mask` picks."""
        return Encounters(
            self.particle[mask],
            self.body[mask],
            self.is_impact[mask],
            self.reference_mjd_tdb[mask],
            self.offset_s[mask],
            self.state[mask],
            self.variation[mask],
        )


@dataclass(frozen=True, slots=True)
class Propagation:
    """The particles at the asked epochs, and what they met on the way.

    Attributes:
        epochs_mjd_tdb: (M,) in the order of the propagation.
        position_km, velocity_km_s: (M, N, 3) barycentric ICRF; NaN where the particle had ended.
        variation: (M, N, 6, m) derivative by the start and the parameters, m = 0 if not asked.
        status: (N,) a `Status`.
        body: (N,) the body that was hit, or -1.
        stop_mjd_tdb: (N,) when the particle ended; NaN for those that reached the end.
        encounters: closest approaches and impacts.
        steps: (K, 34 + 30 m) dense output where asked (see `record_kernels.N_STEP_RECORD`).
        lane_steps, refused_steps: the work done.
    """

    epochs_mjd_tdb: NDArray[np.float64]
    position_km: NDArray[np.float64]
    velocity_km_s: NDArray[np.float64]
    variation: NDArray[np.float64]
    status: NDArray[np.int64]
    body: NDArray[np.int64]
    stop_mjd_tdb: NDArray[np.float64]
    encounters: Encounters
    steps: NDArray[np.float64]
    lane_steps: int
    refused_steps: int
