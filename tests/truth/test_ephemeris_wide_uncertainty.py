"""The sky-plane uncertainty of an object known so badly that its clones lie on a bent line."""

from __future__ import annotations

import numpy as np
import pytest

from perilune.astrometry.observatories import observatory
from perilune.astrometry.sites import observer_of
from perilune.determination.least_squares import shifted
from perilune.determination.sky_path import sky_path
from perilune.determination.trajectory import fly
from perilune.dynamics import solar_system
from perilune.dynamics.orbit_paths import covariance_factor
from perilune.orbits import catalogue


@pytest.mark.parametrize("years", [2.0, 6.0, 12.0])
def test_clones_lie_in_the_ellipse(years: float) -> None:
    """2001 VB (JPL, an arc of days), 100 clones flown with all forces.

    In a normal distribution 98.9 % lie within three sigmas. Seen: 99, 95 and 94 of 100, where the
    linear map alone had 45, 8 and 2. A line bent by tens of degrees is no ellipse: asked 90.
    """
    orbit = catalogue.find("2001 VB")
    state = orbit.cartesian()
    assert state.covariance is not None
    epochs = np.array([state.epoch_mjd_tdb + 365.25 * years])
    ephemeris, place = solar_system(), observer_of(observatory("500"))
    path = sky_path(ephemeris, orbit, place, epochs)
    assert path.covariance_rad2 is not None
    east = np.array([-np.sin(path.ra_rad[0]), np.cos(path.ra_rad[0]), 0.0])
    away = np.array(
        [*(np.cos(path.dec_rad[0]) * np.array([east[1], -east[0]])), np.sin(path.dec_rad[0])]
    )
    axes = np.stack([east, np.cross(away, east)])
    factor = covariance_factor(state.covariance)
    random = np.random.default_rng(1)
    inside = 0
    for _ in range(100):
        clone = shifted(state, factor @ random.standard_normal(factor.shape[1]))
        ends = float(epochs[0]), float(epochs[0])
        flown = fly(ephemeris, clone, None, *ends, with_variations=False)
        seen = flown.received(epochs, *place.state(epochs)).position_km[0]
        off = axes @ (seen / np.linalg.norm(seen))
        inside += float(off @ np.linalg.solve(path.covariance_rad2[0], off)) < 9.0
    assert inside >= 90
