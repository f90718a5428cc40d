"""Telescopes on the Moon's surface and in lunar orbit: their observations fit like any others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from synthetic import blank, seen

from perilune.astrometry import read_observations, write_ades_psv
from perilune.astrometry.observations import FloatArray, Observations, concatenate
from perilune.astrometry.observers import observer_states
from perilune.constants import MOON_RADIUS_KM
from perilune.determination.fit import Fit, fit_observations
from perilune.determination.trajectory import fly
from perilune.dynamics import solar_system
from perilune.frames.moon import moon_orientation
from perilune.orbits import CartesianOrbit, resolve_target

# Shackleton's rim, about where bases are planned.
LONGITUDE_DEG, LATITUDE_DEG, HEIGHT_KM = 222.7, -89.45, 1.6


def _orbit() -> CartesianOrbit:
    """2024 YR4, JPL solution 78, as it was found in December 2024: 0.05 au away by January."""
    orbit = resolve_target("2024 YR4")[0].cartesian()
    return replace(orbit, covariance=None)


def _at_the_pole(epoch_mjd_tdb: FloatArray) -> Observations:
    n = epoch_mjd_tdb.size
    place = [np.radians(LONGITUDE_DEG), np.radians(LATITUDE_DEG), HEIGHT_KM]
    return replace(
        blank(epoch_mjd_tdb, "275"),
        position_system=np.full(n, "IAU"),
        position_center=np.full(n, 301),
        position=np.tile(place, (n, 1)),
    )


def _in_orbit(epoch_mjd_tdb: FloatArray) -> Observations:
    """An ellipse of 3,200 by 71,000 km about the Moon's centre, an NRHO's size and period."""
    n = epoch_mjd_tdb.size
    a, e, period_d = 37100.0, 0.9137, 6.56
    mean = 2.0 * np.pi * np.mod(epoch_mjd_tdb / period_d, 1.0)
    turn = mean.copy()
    for _ in range(60):
        turn -= (turn - e * np.sin(turn) - mean) / (1.0 - e * np.cos(turn))
    along, across = a * (np.cos(turn) - e), a * np.sqrt(1.0 - e**2) * np.sin(turn)
    return replace(
        blank(epoch_mjd_tdb, "275"),
        position_system=np.full(n, "ICRF_KM"),
        position_center=np.full(n, 301),
        position=np.stack([0.2 * across, across * 0.98, -along], axis=1),
    )


def _nights(orbit: CartesianOrbit, days: list[float]) -> FloatArray:
    """Four exposures, half an hour apart, on each day from the last week of December 2024."""
    return np.array([60671.2 + day + k / 48.0 for day in days for k in range(4)])


def _error_in_sigmas(found: Fit, truth: CartesianOrbit) -> FloatArray:
    assert found.solution is not None
    orbit = found.solution.orbit
    assert orbit.covariance is not None
    ephemeris = solar_system()
    path = fly(ephemeris, truth, None, orbit.epoch_mjd_tdb - 1.0, truth.epoch_mjd_tdb)
    state = path.at(np.array([orbit.epoch_mjd_tdb]))[0][0]
    sun_km, sun_km_s = ephemeris.state("sun", orbit.epoch_mjd_tdb)
    error = np.concatenate(
        [orbit.position_km + sun_km - state[:3], orbit.velocity_km_s + sun_km_s - state[3:]]
    )
    return np.asarray(np.abs(error) / np.sqrt(np.diag(orbit.covariance)))


def test_the_moon_s_turning_is_where_the_frame_says() -> None:
    """The site of the rows is the site: its ME coordinates come back from its ICRF position."""
    ephemeris = solar_system()
    epochs = _nights(_orbit(), [0.0, 5.0])
    states = observer_states(_at_the_pole(epochs), ephemeris)
    moon_km, _ = ephemeris.state("moon", epochs)
    fixed = moon_orientation(epochs, "MOON_ME").to_fixed(states.position_km - moon_km)
    r = np.linalg.norm(fixed, axis=1)
    assert np.abs(r - MOON_RADIUS_KM - HEIGHT_KM).max() < 1e-6
    assert np.abs(np.degrees(np.arcsin(fixed[:, 2] / r)) - LATITUDE_DEG).max() < 1e-9
    longitude = np.degrees(np.arctan2(fixed[:, 1], fixed[:, 0])) % 360.0
    assert np.abs(longitude - LONGITUDE_DEG).max() < 1e-7


def test_an_orbit_from_the_moon_alone(tmp_path: Path) -> None:
    """Twelve nights from the south pole and an orbiter, by an ADES file and back.

    The written file carries the places to a hundredth of their sigma. All six components lie
    within 3 sigma of the truth (seen: below 2).
    """
    orbit = _orbit()
    ground = _nights(orbit, [0.0, 2.0, 5.0, 9.0, 14.0, 20.0])
    above = _nights(orbit, [1.0, 3.0, 7.0, 11.0, 17.0, 23.0])
    both = concatenate(
        [
            seen(_at_the_pole(ground), orbit, seed=1),
            seen(_in_orbit(above), orbit, seed=2),
        ]
    )
    file = tmp_path / "moon.psv"
    file.write_text(write_ades_psv(both))
    reading = read_observations(file)
    assert not reading.rejected
    assert len(reading.observations) == len(both)
    found = fit_observations(reading.observations, solar_system())
    assert found.verdict.status == "converged"
    assert not found.set_aside
    assert (_error_in_sigmas(found, orbit) < 3.0).all()
    assert 0.5 < (found.solution.chi2_reduced if found.solution else 0.0) < 1.5


def test_two_worlds_need_a_shorter_arc_than_one() -> None:
    """Parallax: an hour from the Earth and the Moon tells the distance that a night cannot.

    In mid-February 2025, 0.24 au away. The baseline of 380,000 km subtends half a degree, an
    hour's turn of the Earth some seconds of arc.
    """
    orbit = _orbit()
    ephemeris = solar_system()
    hour = _nights(orbit, [50.0])[:3]
    both_times = np.concatenate([hour, hour + 0.01])
    moon = seen(_at_the_pole(hour), orbit, seed=3)
    earth = seen(blank(hour + 0.01, "W84"), orbit, seed=4)
    alone = seen(blank(both_times, "W84"), orbit, seed=5)
    together = fit_observations(concatenate([earth, moon]), ephemeris)
    single = fit_observations(alone, ephemeris)
    assert together.measurements.arc_d < 0.06
    assert together.verdict.range_sigma < 0.01
    assert single.verdict.status == "unconstrained"
    assert not single.verdict.range_sigma < 0.1
    # The Earth alone does not know the distance so well after two nights.
    nights = _nights(orbit, [50.0, 51.0])
    later = fit_observations(seen(blank(nights, "W84"), orbit, seed=6), ephemeris)
    assert not later.verdict.range_sigma < together.verdict.range_sigma
