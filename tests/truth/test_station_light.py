"""Light and sky on the Moon against published figures and against direct evaluation."""

from __future__ import annotations

import time

import numpy as np
import pytest

from perilune.astrometry.sites import Site
from perilune.constants import MOON_RADIUS_KM
from perilune.ephemeris import planets
from perilune.frames.moon import moon_orientation
from perilune.frames.selenographic import fixed_from_selenographic
from perilune.station.horizon import Horizon, sphere_horizon
from perilune.station.light import SAROS_D, Sky, site_sky, sky_fraction
from perilune.station.sky_kernels import between_nodes, disc_over_horizon, overlap
from perilune.station.sky_track import NODE_STEP_D, SkyTrack, sky_track
from perilune.times import parse_epoch

START = parse_epoch("2008-01-01")
FLAT = sphere_horizon(MOON_RADIUS_KM, 0.0)


def ground(longitude_deg: float, latitude_deg: float) -> Site:
    fixed_km = fixed_from_selenographic(np.radians(longitude_deg), np.radians(latitude_deg), 0.0)
    return Site("site", "moon", fixed_km)


@pytest.fixture(scope="module")
def track() -> SkyTrack:
    return sky_track(START, START + SAROS_D)


def flat_sky(track: SkyTrack, longitude_deg: float, latitude_deg: float) -> Sky:
    site = ground(longitude_deg, latitude_deg)
    return site_sky(site, 0.0, FLAT, START, START + SAROS_D, track=track)


@pytest.mark.parametrize(
    ("longitude_deg", "latitude_deg", "published"),
    [(0.0, -90.0, 0.486), (222.7, -89.45, 0.467), (2.9, -85.9, 0.692)],
)
def test_earth_over_a_flat_horizon(
    track: SkyTrack, longitude_deg: float, latitude_deg: float, published: float
) -> None:
    """`validation.md`, after Bryant 2009: how long the Earth is up, over 18.6 years, +- 0.3 %.

    It is the Earth's centre that counts: we get 48.64, 46.71 and 69.26 %; with its upper limb it
    would be 53.2, 51.2 and 75.2 %. The figures are the Earth's, not the Sun's (49.1, 49.2, 49.8 %).
    From 2030 on they are 48.88, 46.95 and 69.50 %: the span is not a whole number of months.
    """
    sky = flat_sky(track, longitude_deg, latitude_deg)
    assert sky.earth_fraction == pytest.approx(published, abs=0.003)
    assert 0.49 < sky.sun_fraction < 0.5


def test_elevations_at_the_south_pole(track: SkyTrack) -> None:
    """`validation.md`: the Earth from -7.11 to 6.62 deg, the Sun +-1.59 deg; two decimals."""
    sky = flat_sky(track, 0.0, -90.0)
    earth, sun = np.degrees(sky.earth[:, 1]), np.degrees(sky.sun[:, 1])
    assert earth.min() == pytest.approx(-7.11, abs=0.005)
    assert earth.max() == pytest.approx(6.62, abs=0.005)
    assert sun.min() == pytest.approx(-1.59, abs=0.005)
    assert sun.max() == pytest.approx(1.59, abs=0.005)
    # Half a year of night, less the time in which a part of the disc is up.
    assert 150.0 < sky.longest_night_d < 170.0


def test_interpolation_between_nodes(track: SkyTrack) -> None:
    """Against places computed at the epochs themselves: 2e-9 rad, 0.0004 arcsec; 1e-8 allowed."""
    rng = np.random.default_rng(4)
    for epoch in START + rng.uniform(0.0, SAROS_D, 200):
        # The node is put on the epoch itself.
        direct = sky_track(epoch, epoch).places_km[3]
        found = np.empty((2, 3))
        between_nodes(track.places_km, (epoch - track.first_mjd_tdb) / NODE_STEP_D, found)
        away = np.linalg.norm(found - direct, axis=1) / np.linalg.norm(direct, axis=1)
        assert away.max() < 1e-8


def test_apparent_places_as_the_site_itself_has_them() -> None:
    """The Sun's altitude by `Site.altitude_azimuth`, which has its own way to aberration."""
    site = ground(222.7, -89.45)
    epoch = START + np.linspace(0.0, 27.0, 28)
    sky = site_sky(site, 0.0, FLAT, float(epoch[0]), float(epoch[-1]) + 1e-6, step_d=1.0)
    place_km, velocity_km_s = site.state(epoch)
    sun_km = planets().state("sun", epoch, -499.0 / 86400.0)[0]
    away = sun_km - place_km
    direction = away / np.linalg.norm(away, axis=1)[:, np.newaxis]
    altitude, azimuth = site.altitude_azimuth(epoch, direction, velocity_km_s)
    assert np.abs(sky.sun[:, 1] - altitude).max() < 1e-7
    assert np.abs(np.angle(np.exp(1j * (sky.sun[:, 2] - azimuth)))).max() < 1e-7


@pytest.mark.parametrize("latitude_deg", [-90.0, -89.0, -45.0, 0.0, 20.0])
def test_the_sky_that_a_telescope_sees(latitude_deg: float) -> None:
    """`validation.md`: (1 + cos latitude) / 2 over a month; rings and steps leave 0.002."""
    latitude = np.radians(latitude_deg)
    assert sky_fraction(FLAT, latitude) == pytest.approx(0.5 * (1.0 + np.cos(latitude)), abs=2e-3)
    # A wall of 30 deg all around the pole leaves what is within 60 deg of the zenith.
    wall = Horizon(np.full(720, np.radians(30.0)), "wall")
    assert sky_fraction(wall, np.radians(-90.0)) == pytest.approx(0.25, abs=2e-3)


def test_eighteen_years_take_seconds(track: SkyTrack) -> None:
    """The bar is 2 s at ten-minute steps (0.8 s measured); the processor's own time is taken."""
    site = ground(0.0, -90.0)
    site_sky(site, 0.0, FLAT, START, START + 10.0)
    before = time.process_time()
    sky = site_sky(site, 0.0, FLAT, START, START + SAROS_D)
    assert time.process_time() - before < 2.0
    assert len(sky.sun) == pytest.approx(SAROS_D * 144, abs=2)


def test_the_mean_share_of_the_disc_does_not_know_the_step(track: SkyTrack) -> None:
    site = ground(0.0, -85.0)
    fine = site_sky(site, 0.01, FLAT, START, START + 400.0, step_d=2.0 / 1440.0)
    coarse = site_sky(site, 0.01, FLAT, START, START + 400.0)
    assert coarse.sun_fraction == pytest.approx(fine.sun_fraction, abs=1e-4)


def test_a_disc_is_cut_by_a_level_horizon_as_by_a_chord() -> None:
    """Exact segment of a circle; the strips' error is under 0.2 % of the disc."""
    level = np.zeros(720)
    for height in np.linspace(-1.1, 1.1, 45):
        h = float(np.clip(height, -1.0, 1.0))
        exact = 1.0 - (np.arccos(h) - h * np.sqrt(1.0 - h * h)) / np.pi
        found = disc_over_horizon(level, 0.0, 0.0, 1.0, 0.0047 * height, 0.0047)
        assert found == pytest.approx(exact, abs=0.002)


def test_a_disc_beside_a_wall_is_cut_upright() -> None:
    """A wall over half of the azimuths, whose edge (half a degree wide) the Sun's middle meets."""
    wall = np.where(np.arange(720) < 360, 0.2, -0.2)
    middle = np.radians(179.75)
    assert disc_over_horizon(wall, -0.2, 0.2, middle, 0.0, 0.0047) == pytest.approx(0.5, abs=0.02)
    assert disc_over_horizon(wall, -0.2, 0.2, middle - 0.02, 0.0, 0.0047) == 0.0
    assert disc_over_horizon(wall, -0.2, 0.2, middle + 0.02, 0.0, 0.0047) == pytest.approx(1.0)


def test_the_earth_hides_the_sun_in_eclipses() -> None:
    """Total on 2008-02-21, 03:01 to 03:51 UTC (NASA's catalogue of lunar eclipses, Espenak).

    At the near side's middle the Sun is hidden then, and seen an hour before the penumbra.
    """
    start = parse_epoch("2008-02-21T00:00")
    sky = site_sky(ground(0.0, 0.0), 0.0, FLAT, start, start + 0.3, step_d=1.0 / 1440.0)
    minutes = np.arange(len(sky.sun))
    assert (sky.sun[(minutes > 184) & (minutes < 228), 0] == 0.0).all()
    assert sky.sun[0, 0] == 1.0
    # The umbra from 01:43 to 05:09; the penumbra from 00:35 to 06:17.
    assert 0.0 < sky.sun[100, 0] < 1.0
    assert sky.sun[25, 0] == 1.0
    assert sky.sun[385, 0] == 1.0


def test_shares_of_overlapping_discs() -> None:
    assert overlap(1.0, 1.0, 2.0) == 0.0
    assert overlap(1.0, 4.0, 0.5) == 1.0
    assert overlap(2.0, 1.0, 0.1) == 0.25
    # Two equal discs a radius apart: 2 pi / 3 - sqrt(3) / 2 of a radius squared.
    assert overlap(1.0, 1.0, 1.0) == pytest.approx((2 * np.pi / 3 - np.sqrt(3) / 2) / np.pi)


def test_a_horizon_all_around_takes_the_light(track: SkyTrack) -> None:
    pit = Horizon(np.full(720, np.radians(3.0)), "pit")
    sky = site_sky(ground(0.0, -90.0), 0.0, pit, START, START + SAROS_D, track=track)
    assert sky.sun_fraction == 0.0
    assert sky.longest_night_d == pytest.approx(SAROS_D, abs=0.01)
    assert sky.earth_fraction < 0.4
    assert moon_orientation(START).source == "DE421"
