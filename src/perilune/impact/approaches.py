"""Close approaches of nominal orbits, with what the covariance says of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics import Encounters, Progress, Watch, propagate, solar_system
from perilune.dynamics.orbit_paths import (
    covariance_factor,
    engine_parameters,
    nominal,
    status_text,
)
from perilune.dynamics.particles import Status
from perilune.ephemeris import MAJOR_BODIES, Ephemeris
from perilune.errors import InputError, NotConvergedError
from perilune.impact.b_plane import PlaneUncertainty, TargetPlane, target_plane
from perilune.orbits.orbit import Orbit

_CHECKPOINT_D: Final = 730.5
_SAME_D: Final = 1e-9


@dataclass(frozen=True, slots=True)
class BPlane:
    """The target plane's coordinates; `covariance_km2` in the order xi, zeta, None without one."""

    xi_km: float
    zeta_km: float
    covariance_km2: list[list[float]] | None


@dataclass(frozen=True, slots=True)
class Approach:
    """One closest approach of one object; an impact stands at its time on the surface.

    Attributes:
        object: the object's full name.
        body: the body approached.
        epoch_mjd_tdb: the time.
        epoch_sigma_s: its standard deviation, None without a covariance.
        distance_km: from the body's centre.
        distance_sigma_km: its standard deviation.
        speed_km_s: relative to the body.
        b_plane: target-plane coordinates (`b_plane.target_plane` says how).
        is_impact: whether the nominal orbit hits.
    """

    object: str
    body: str
    epoch_mjd_tdb: float
    epoch_sigma_s: float | None
    distance_km: float
    distance_sigma_km: float | None
    speed_km_s: float
    b_plane: BPlane
    is_impact: bool


@dataclass(frozen=True, slots=True, eq=False)
class NominalEncounter:
    """One row of a nominal orbit's encounters on its target plane, with its uncertainty."""

    body: str
    epoch_mjd_tdb: float
    is_impact: bool
    distance_km: float
    speed_km_s: float
    plane: TargetPlane
    factor: NDArray[np.float64] | None  # (6, k) of the body-centred state's covariance
    uncertainty: PlaneUncertainty | None


@dataclass(frozen=True, slots=True, eq=False)
class NominalRun:
    """The nominal orbit's way to a date on either side of its epoch.

    Attributes:
        encounters: in the order of the way.
        epochs_mjd_tdb: (K,) every two years and at the end.
        factors: (K, 3, k) F with F F^T the covariance of the position there, km; NaN after an
            impact, k = 0 without a covariance.
    """

    encounters: list[NominalEncounter]
    epochs_mjd_tdb: NDArray[np.float64]
    factors: NDArray[np.float64]

    @property
    def largest_sigma_km(self) -> float:
        """The largest standard deviation of the position at any of the epochs; 0 without any."""
        known = self.factors[np.isfinite(self.factors).all(axis=(1, 2))]
        if known.size == 0:
            return 0.0
        return float(np.linalg.norm(known, ord=2, axis=(1, 2)).max())


def nominal_run(
    ephemeris: Ephemeris,
    orbit: Orbit,
    bodies: Sequence[str],
    until_mjd_tdb: float,
    within_km: float,
    threads: int | None = None,
) -> NominalRun:
    """Carry the nominal orbit, with its state-transition matrix where it has a covariance.

    Raises:
        OutOfRangeError: the date outside the ephemeris.
        InputError: the object starts inside a body.
        NotConvergedError: the orbit cannot be followed so far.
    """
    cartesian = orbit.cartesian()
    covariance = cartesian.covariance
    variations = engine_parameters(cartesian.parameters) if covariance is not None else None
    step = math.copysign(_CHECKPOINT_D, until_mjd_tdb - orbit.epoch_mjd_tdb)
    epochs = np.arange(orbit.epoch_mjd_tdb + step, until_mjd_tdb, step)
    result = propagate(
        ephemeris,
        nominal(ephemeris, cartesian, orbit.number),
        np.append(epochs, until_mjd_tdb),
        watches=[Watch(body, within_km) for body in bodies],
        variations=variations,
        threads=threads,
    )
    status = int(result.status[0])
    if status > Status.IMPACTED:
        ended = status_text(status, -1, float(result.stop_mjd_tdb[0]))
        raise NotConvergedError(f"{orbit.full_name}: the propagation {ended}.")
    factor = covariance_factor(covariance) if covariance is not None else np.zeros((0, 0))
    found = result.encounters
    found = found.where(np.isin(found.body, [ephemeris.body_index(body) for body in bodies]))
    mapped = factor if covariance is not None else None
    return NominalRun(
        [_on_plane(ephemeris, found, row, mapped) for row in range(len(found))],
        result.epochs_mjd_tdb,
        result.variation[:, 0, :3] @ factor,
    )


def _on_plane(
    ephemeris: Ephemeris, found: Encounters, row: int, factor: NDArray[np.float64] | None
) -> NominalEncounter:
    body = int(found.body[row])
    name = MAJOR_BODIES[body]
    time = (found.reference_mjd_tdb[row], found.offset_s[row] / 86400.0)
    _, velocity = ephemeris.state(name, *time)
    _, sun_velocity = ephemeris.state("sun", *time)
    state = found.state[row]
    plane = target_plane(
        state[:3], state[3:], float(ephemeris.arrays.gm_km3_s2[body]), velocity - sun_velocity
    )
    mapped = found.variation[row] @ factor if factor is not None else None
    return NominalEncounter(
        body=name,
        epoch_mjd_tdb=float(found.epoch_mjd_tdb[row]),
        is_impact=bool(found.is_impact[row]),
        distance_km=float(np.linalg.norm(state[:3])),
        speed_km_s=float(np.linalg.norm(state[3:])),
        plane=plane,
        factor=mapped,
        uncertainty=plane.uncertainty(mapped) if mapped is not None else None,
    )


def find_approaches(
    orbits: Sequence[Orbit],
    bodies: Sequence[str],
    start_mjd_tdb: float,
    stop_mjd_tdb: float,
    within_km: float,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[Approach]:
    """Every closest approach of each orbit between two dates.

    Args:
        orbits: the objects.
        bodies: names as in `perilune.ephemeris.MAJOR_BODIES`.
        start_mjd_tdb, stop_mjd_tdb: the interval.
        within_km: largest distance from the body's centre.
        threads: worker threads.
        progress: see `propagate`.

    Raises:
        InputError: the interval is empty, or an object starts inside a body.
        OutOfRangeError: a date outside the ephemeris.
        UnknownNameError: no such body.
        NotConvergedError: an orbit cannot be followed so far.
    """
    if not start_mjd_tdb < stop_mjd_tdb:
        raise InputError(
            "the interval of the search is empty",
            field="--stop",
            found=f"MJD {stop_mjd_tdb:.5f} TDB",
            expected=f"a date after the start, MJD {start_mjd_tdb:.5f} TDB",
        )
    ephemeris = solar_system(progress)
    ephemeris.check_span([start_mjd_tdb, stop_mjd_tdb])
    found = []
    for number, orbit in enumerate(orbits):
        if progress is not None:
            progress(number / len(orbits), f"approaches of {orbit.full_name}")
        ends = []
        if start_mjd_tdb < orbit.epoch_mjd_tdb:
            ends.append(start_mjd_tdb)
        if stop_mjd_tdb > orbit.epoch_mjd_tdb:
            ends.append(stop_mjd_tdb)
        own = []
        for end in ends:
            run = nominal_run(ephemeris, orbit, bodies, end, within_km, threads)
            for encounter in run.encounters:
                inside = start_mjd_tdb <= encounter.epoch_mjd_tdb <= stop_mjd_tdb
                if inside and encounter.distance_km <= within_km:
                    own.append(_approach(orbit, encounter))
        found += _once_each(own)
    if progress is not None:
        progress(1.0, "approaches")
    return sorted(found, key=lambda approach: approach.epoch_mjd_tdb)


def _once_each(found: Sequence[Approach]) -> list[Approach]:
    """One orbit's approaches: a minimum at its own epoch comes from both directions."""
    kept: list[Approach] = []
    for one in sorted(found, key=lambda approach: approach.epoch_mjd_tdb):
        if not any(
            one.body == other.body and one.epoch_mjd_tdb - other.epoch_mjd_tdb < _SAME_D
            for other in kept
        ):
            kept.append(one)
    return kept


def _approach(orbit: Orbit, encounter: NominalEncounter) -> Approach:
    uncertainty = encounter.uncertainty
    xi_km, zeta_km = encounter.plane.coordinates_km
    return Approach(
        object=orbit.full_name,
        body=encounter.body,
        epoch_mjd_tdb=encounter.epoch_mjd_tdb,
        epoch_sigma_s=uncertainty.time_sigma_s if uncertainty else None,
        distance_km=encounter.distance_km,
        distance_sigma_km=uncertainty.distance_sigma_km if uncertainty else None,
        speed_km_s=encounter.speed_km_s,
        b_plane=BPlane(
            float(xi_km),
            float(zeta_km),
            uncertainty.covariance_km2.tolist() if uncertainty else None,
        ),
        is_impact=encounter.is_impact,
    )
