"""What each orbiter's orbit is like: the rows of `perilune station orbits FILE`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S
from perilune.dynamics.lunar_gravity import GravityField, lunar_field
from perilune.dynamics.lunar_orbit import (
    Ending,
    SpacecraftForces,
    SpacecraftState,
    propagate_spacecraft,
)
from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.station.free_orbits import moon_axis_km, state_from_moon
from perilune.station.kept_orbits import KeptOrbiter, kept_orbiter
from perilune.station.orbiters import TabulatedOrbiter, oem_orbiter, spk_orbiter
from perilune.station.orbits.eclipses import find_eclipses, longest_eclipse_h
from perilune.station.orbits.flown import periodic_orbit, reference_orbit, tabulated
from perilune.station.orbits.low_orbits import lifetime_d
from perilune.station.orbits.shape_keeping import keep_shape
from perilune.station.orbits.station_keeping import KeepingErrors, keep_station
from perilune.station.spacecraft import Orbiter
from perilune.times import parse_epoch

FloatArray = NDArray[np.float64]
Progress = Callable[[float, str], None]

_DAYS: Final = 365.25
_SAMPLES_A_REVOLUTION: Final = 200
_MONTHS: Final = 4
_KEPT_REVOLUTIONS: Final = 24  # of the Monte Carlo: its spread says that these are enough


@dataclass(frozen=True, slots=True)
class OrbiterRow:
    """One orbiter. None stands for what its kind of orbit does not have or what is not known.

    Attributes:
        orbiter: its id.
        family: the source's name in the station file: "nrho", "halo", "llo", "state", ….
        period_d: mean time from perilune to perilune, days.
        perilune_km, apolune_km: least and largest distance from the Moon's centre over the span.
        jacobi, stability: of the periodic orbit of the three-body problem.
        eclipse_max_h: the longest eclipse by the Moon or the Earth over the span, penumbra in.
        station_keeping_m_s_year, station_keeping_sigma_m_s_year: mean and standard deviation: of
            the Monte Carlo (`station_keeping`), for "llo" of some months (`shape_keeping`).
        station_keeping_samples, station_keeping_lost: how many were flown, and lost their orbit.
        lifetime_d: days until the ground if left alone; None if it outlives `span_d`, or where
            leaving it alone leads away from the Moon rather than down.
        span_d: the days looked at.
    """

    orbiter: str
    family: str
    period_d: float | None
    perilune_km: float
    apolune_km: float
    jacobi: float | None
    stability: float | None
    eclipse_max_h: float
    station_keeping_m_s_year: float | None
    station_keeping_sigma_m_s_year: float | None
    station_keeping_samples: int
    station_keeping_lost: int
    lifetime_d: float | None
    span_d: float

    def as_dict(self) -> dict[str, Any]:
        """The row as the command's `data` holds it."""
        return asdict(self)


def orbiter_report(
    orbiter: Orbiter,
    folder: Path,
    *,
    days: float = _DAYS,
    samples: int = 20,
    seed: int = 1,
    with_lifetime: bool = True,
    errors: KeepingErrors | None = None,
    field: GravityField | None = None,
    progress: Progress | None = None,
) -> OrbiterRow:
    """The row of one orbiter of a station file.

    Args:
        orbiter: from the station file.
        folder: the file's own, from which the paths of OEM and SPK files count.
        days: how long to look, from the orbit's epoch (or as long as its file reaches).
        samples: of the Monte Carlo of station-keeping; 0 for none.
        seed: of its random numbers.
        with_lifetime: whether to let a kept orbit go and see how long it lives, which costs most.
        errors: of navigation and manoeuvres; `KeepingErrors()` if None.
        field: the Moon's, for orbits left alone and low ones; the package's degree 20 if None,
            which at 50 km sees two thirds of what station-keeping costs.
        progress: told the part done and what is being done.

    Raises:
        InputError: the orbiter's file or state cannot be used, or the days are not positive.
        NotConvergedError: its orbit could not be carried into the ephemeris.
        OutOfRangeError: the span leaves the ephemeris.
    """
    if not days > 0.0 or samples < 0:
        raise InputError(
            "the span and the samples must be positive",
            found=f"{days} days, {samples} samples",
        )
    forces = SpacecraftForces(lunar_field=field or lunar_field())
    if orbiter.llo is not None or orbiter.frozen is not None:
        return _kept(orbiter, days, samples, forces, with_lifetime, progress)
    if orbiter.state is not None:
        return _free(orbiter, days, forces)
    if orbiter.oem is not None or orbiter.spk is not None:
        return _tabulated(orbiter, folder, days)
    return _three_body(orbiter, days, samples, seed, errors, progress)


def _three_body(
    orbiter: Orbiter,
    days: float,
    samples: int,
    seed: int,
    errors: KeepingErrors | None,
    progress: Progress | None,
) -> OrbiterRow:
    orbit = periodic_orbit(orbiter)
    chosen = orbiter.three_body
    assert chosen is not None
    epoch = parse_epoch(chosen.epoch, "epoch")
    reference = reference_orbit(orbiter, epoch, epoch + days)
    table = tabulated(reference)
    rows = (table.epoch_mjd_tdb >= epoch) & (table.epoch_mjd_tdb <= epoch + days)
    # An NRHO's passage of the Moon is a hundredth of its revolution.
    step = orbit.period_d / (8.0 * _SAMPLES_A_REVOLUTION)
    epochs = epoch + np.arange(0.0, days, step)
    states = table.at(epochs)
    distance_km = np.linalg.norm(table.states[rows, :3], axis=1)
    kept = None
    if samples > 0:
        kept = keep_station(
            reference,
            orbit.stability,
            samples=samples,
            seed=seed,
            errors=errors,
            revolutions=_KEPT_REVOLUTIONS,
            progress=progress,
        )
    return OrbiterRow(
        orbiter=orbiter.id,
        family=orbiter.family,
        period_d=reference.period_d,
        perilune_km=float(distance_km.min()),
        apolune_km=float(distance_km.max()),
        jacobi=orbit.jacobi,
        stability=orbit.stability,
        eclipse_max_h=longest_eclipse_h(find_eclipses(epochs, states)),
        station_keeping_m_s_year=_known(kept.mean_m_s_year) if kept else None,
        station_keeping_sigma_m_s_year=_known(kept.sigma_m_s_year) if kept else None,
        station_keeping_samples=samples,
        station_keeping_lost=kept.lost if kept else 0,
        lifetime_d=None,
        span_d=days,
    )


def _kept(
    orbiter: Orbiter,
    days: float,
    samples: int,
    forces: SpacecraftForces,
    with_lifetime: bool,
    progress: Progress | None,
) -> OrbiterRow:
    """A family whose shape is held; its lifetime is that of the same orbit left alone."""
    chosen = orbiter.llo or orbiter.frozen
    assert chosen is not None
    path: KeptOrbiter = kept_orbiter(orbiter.id, chosen)
    a, e = path.semi_major_axis_km, path.eccentricity
    gm = planets().constants.gm_major_km3_s2[4]
    period_d = 2.0 * math.pi * math.sqrt(a**3 / gm) / DAY_S
    epochs = path.epoch_mjd_tdb + np.arange(0.0, days, period_d / _SAMPLES_A_REVOLUTION)
    own = path.from_moon(path.epoch_mjd_tdb + np.zeros(1))[0]
    start = SpacecraftState(path.epoch_mjd_tdb, "moon", own[:3], own[3:])
    row = _without_periodic(
        orbiter,
        period_d=period_d,
        perilune_km=a * (1.0 - e),
        apolune_km=a * (1.0 + e),
        eclipse_max_h=longest_eclipse_h(find_eclipses(epochs, path.from_moon(epochs))),
        lifetime=lifetime_d(start, forces, days, progress) if with_lifetime else None,
        span_d=days,
    )
    if orbiter.llo is None or samples == 0:
        return row
    months = min(samples, _MONTHS)
    kept = keep_shape(path, forces, months, progress)
    return replace(
        row,
        station_keeping_m_s_year=_known(kept.mean_m_s_year),
        station_keeping_sigma_m_s_year=_known(kept.sigma_m_s_year),
        station_keeping_samples=months,
        station_keeping_lost=kept.lost,
    )


def _free(orbiter: Orbiter, days: float, forces: SpacecraftForces) -> OrbiterRow:
    """A state, left alone."""
    source = orbiter.state
    assert source is not None
    start = state_from_moon(source)
    epoch = start.epoch_mjd_tdb
    gm = planets().constants.gm_major_km3_s2[4]
    axis = moon_axis_km(start) or float(np.linalg.norm(start.position_km))
    period_d = 2.0 * math.pi * math.sqrt(axis**3 / gm) / DAY_S
    step = min(period_d / _SAMPLES_A_REVOLUTION, 0.01)
    path = propagate_spacecraft(start, forces, epoch + np.arange(0.0, days, step))
    lived = np.isfinite(path.states[:, 0])
    impact = path.impact_mjd_tdb
    return _from_samples(
        orbiter,
        path.epoch_mjd_tdb[lived],
        path.states[lived],
        None if impact is None or path.ending != Ending.ON_MOON else impact - epoch,
    )


def _tabulated(orbiter: Orbiter, folder: Path, days: float) -> OrbiterRow:
    """A path that somebody computed, as long as its file reaches."""
    path: TabulatedOrbiter
    if orbiter.oem is not None:
        path = oem_orbiter(orbiter.id, folder / orbiter.oem)
    else:
        assert orbiter.spk is not None
        path = spk_orbiter(orbiter.id, folder / orbiter.spk.file, orbiter.spk.naif_id)
    pieces = path.segments[path.target]
    first = min(piece.first_mjd_tdb for piece in pieces)
    last = min(max(piece.last_mjd_tdb for piece in pieces), first + days)
    probe = np.linspace(first, last, 2000)
    step = min(0.005, float(_step_d(_from_moon(path, probe))), (last - first) / 4.0)
    epochs = first + np.arange(0.0, last - first, step)
    return _from_samples(orbiter, epochs, _from_moon(path, epochs), None)


def _from_moon(path: TabulatedOrbiter, epochs: FloatArray) -> FloatArray:
    states = np.concatenate(path.state(epochs), axis=1)
    return states - np.concatenate(planets().state("moon", epochs), axis=1)


def _step_d(states: FloatArray) -> float:
    """A two-hundredth of a revolution at the least distance."""
    radius = float(np.linalg.norm(states[:, :3], axis=1).min())
    gm = planets().constants.gm_major_km3_s2[4]
    return 2.0 * math.pi * math.sqrt(radius**3 / gm) / DAY_S / _SAMPLES_A_REVOLUTION


def _from_samples(
    orbiter: Orbiter, epochs: FloatArray, states: FloatArray, lifetime: float | None
) -> OrbiterRow:
    distance_km = np.linalg.norm(states[:, :3], axis=1)
    rate = np.sum(states[:, :3] * states[:, 3:], axis=1)
    lows = np.flatnonzero((rate[:-1] < 0.0) & (rate[1:] >= 0.0))
    period_d = None
    if lows.size > 1:
        period_d = float(epochs[lows[-1]] - epochs[lows[0]]) / (lows.size - 1)
    return _without_periodic(
        orbiter,
        period_d=period_d,
        perilune_km=float(distance_km.min()),
        apolune_km=float(distance_km.max()),
        eclipse_max_h=longest_eclipse_h(find_eclipses(epochs, states)),
        lifetime=lifetime,
        span_d=float(epochs[-1] - epochs[0]),
    )


def _without_periodic(
    orbiter: Orbiter,
    *,
    period_d: float | None,
    perilune_km: float,
    apolune_km: float,
    eclipse_max_h: float,
    lifetime: float | None,
    span_d: float,
) -> OrbiterRow:
    return OrbiterRow(
        orbiter=orbiter.id,
        family=orbiter.family,
        period_d=period_d,
        perilune_km=perilune_km,
        apolune_km=apolune_km,
        jacobi=None,
        stability=None,
        eclipse_max_h=eclipse_max_h,
        station_keeping_m_s_year=None,
        station_keeping_sigma_m_s_year=None,
        station_keeping_samples=0,
        station_keeping_lost=0,
        lifetime_d=lifetime,
        span_d=span_d,
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
