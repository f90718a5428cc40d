"""Observers' places against astropy and against Horizons' own topocentric distances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from perilune.astrometry.observations import Observations, empty
from perilune.astrometry.observatories import observatory
from perilune.astrometry.observers import observer_states
from perilune.constants import MOON_RADIUS_KM
from perilune.ephemeris import planets
from perilune.times import mjd_tdb_from_utc

UTC_MJD = np.array([45000.25, 51544.0, 55555.123456, 57204.9, 59062.0, 60500.75])


def rows(station: str, epochs_mjd_tdb: NDArray[np.float64]) -> Observations:
    """Observations of which only station and epoch are given."""
    blank = empty(epochs_mjd_tdb.size)
    return replace(
        blank,
        epoch_mjd_tdb=epochs_mjd_tdb,
        station=np.full(epochs_mjd_tdb.size, station),
    )


@pytest.mark.parametrize("code", ["X05", "675", "413", "Z18"])
def test_geocentric_states_of_ground_stations_agree_with_astropy(code: str) -> None:
    """astropy's EarthLocation.get_gcrs_posvel: IAU 2000/2006 through SOFA with IERS' tables.

    Seen: 0.006 mm in 1982, where the table has no pole offsets, to 12 mm, which are the pole's
    measured offsets dX, dY that astropy leaves out; 0.001 mm/s. Tolerances: 2 cm and 0.1 mm/s.
    """
    coordinates = pytest.importorskip("astropy.coordinates")
    time = pytest.importorskip("astropy.time")
    units = pytest.importorskip("astropy.units")
    iers = pytest.importorskip("astropy.utils.iers")
    iers.conf.auto_download = False
    ephemeris = planets()
    epochs = mjd_tdb_from_utc(UTC_MJD)
    states = observer_states(rows(code, epochs), ephemeris)
    earth_km, earth_km_s = ephemeris.state("earth", epochs)
    place = observatory(code).position_itrs_km
    assert place is not None
    location = coordinates.EarthLocation.from_geocentric(*place, unit=units.km)
    with iers.earth_orientation_table.set(iers.IERS_B.open(iers.IERS_B_FILE)):
        at = time.Time(UTC_MJD, format="mjd", scale="utc")
        position, velocity = location.get_gcrs_posvel(at)
    theirs_km = position.get_xyz(xyz_axis=-1).to_value(units.km)
    theirs_km_s = velocity.get_xyz(xyz_axis=-1).to_value(units.km / units.s)
    away_m = 1e3 * np.linalg.norm(states.position_km - earth_km - theirs_km, axis=-1)
    away_mm_s = 1e6 * np.linalg.norm(states.velocity_km_s - earth_km_s - theirs_km_s, axis=-1)
    print(away_m, away_mm_s)
    assert away_m.max() < 0.02
    assert away_mm_s.max() < 0.1


@pytest.mark.parametrize("body", ["earth", "moon"])
def test_velocities_are_the_derivatives_of_positions(body: str) -> None:
    """Central differences over 20 s, against the body's centre.

    Their own error is v (w dt)^2 / 6, 0.04 mm/s for a station on the Earth; states at 1 au are
    rounded to 0.03 mm, 0.003 mm/s. Seen: 0.04 mm/s.
    """
    ephemeris = planets()
    epochs = mjd_tdb_from_utc(UTC_MJD)
    times = [epochs - 10.0 / 86400.0, epochs, epochs + 10.0 / 86400.0]
    position_km, velocity_km_s = [], []
    for time in times:
        observed = rows("413", time)
        if body == "moon":
            observed = replace(
                observed,
                position_system=np.full(epochs.size, "IAU"),
                position_center=np.full(epochs.size, 301),
                position=np.tile([-2.4, -1.56, 1.5], (epochs.size, 1)),
            )
        states = observer_states(observed, ephemeris)
        center_km, center_km_s = ephemeris.state(body, time)
        position_km.append(states.position_km - center_km)
        velocity_km_s.append(states.velocity_km_s - center_km_s)
    span_s = (times[2] - times[0])[:, np.newaxis] * 86400.0
    quotient = (position_km[2] - position_km[0]) / span_s
    away_mm_s = 1e6 * np.abs(quotient - velocity_km_s[1]).max()
    print(away_mm_s)
    assert away_mm_s < 0.1


def test_site_on_the_moon_stands_on_its_sphere() -> None:
    """The distance from the Moon's centre is radius plus height: to 1 mm (rounding at 1 au)."""
    ephemeris = planets()
    epochs = mjd_tdb_from_utc(UTC_MJD)
    observed = replace(
        rows("", epochs),
        position_system=np.full(epochs.size, "IAU"),
        position_center=np.full(epochs.size, 301),
        position=np.tile([0.1, -1.2, 2.5], (epochs.size, 1)),
    )
    states = observer_states(observed, ephemeris)
    moon_km, moon_km_s = ephemeris.state("moon", epochs)
    radius_km = np.linalg.norm(states.position_km - moon_km, axis=-1)
    assert np.abs(radius_km - MOON_RADIUS_KM - 2.5).max() < 1e-6
    # 27.32 days a turn: at 68.8 degrees of latitude the ground moves at 1.67 m/s.
    speed_m_s = 1e3 * np.linalg.norm(states.velocity_km_s - moon_km_s, axis=-1)
    assert np.abs(speed_m_s - 1.677).max() < 0.05
