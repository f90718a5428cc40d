"""Place, heading and entry angle against spiceypy's geodetic and azimuth-elevation routines."""

import numpy as np
import pytest

from perilune.constants import EARTH_EQUATORIAL_RADIUS_KM, EARTH_INVERSE_FLATTENING
from perilune.impact.ground import ground_points

spice = pytest.importorskip("spiceypy")


def test_earth_against_spice() -> None:
    """recgeo for the place, a finite step of recgeo along the motion for heading and angle.

    The step is 1 m: its curvature is 1e-7 rad, which sets the tolerance of 1e-5 with the
    rounding of a metre at 6500 km (1e-6 rad). The place agrees to 1e-12 rad (6 um).
    """
    rng = np.random.default_rng(3)
    directions = rng.normal(size=(50, 3))
    positions = 6470.0 * directions / np.linalg.norm(directions, axis=1)[:, None]
    velocities = rng.normal(size=(50, 3)) * 10.0
    points = ground_points("earth", positions, velocities, np.zeros(3))
    f = 1.0 / EARTH_INVERSE_FLATTENING
    for k in range(50):
        lon, lat, height = spice.recgeo(positions[k], EARTH_EQUATORIAL_RADIUS_KM, f)
        assert points.longitude_rad[k] == pytest.approx(lon, abs=1e-12)
        assert points.latitude_rad[k] == pytest.approx(lat, abs=1e-12)
        assert points.height_km[k] == pytest.approx(height, abs=1e-8)
        step_km = 1e-3
        ahead = positions[k] + velocities[k] / np.linalg.norm(velocities[k]) * step_km
        lon2, lat2, height2 = spice.recgeo(ahead, EARTH_EQUATORIAL_RADIUS_KM, f)
        assert points.entry_angle_rad[k] == pytest.approx(
            -np.arcsin((height2 - height) / step_km), abs=1e-4
        )
        e2 = f * (2.0 - f)
        w2 = 1.0 - e2 * np.sin(lat) ** 2
        normal = EARTH_EQUATORIAL_RADIUS_KM / np.sqrt(w2)
        meridian = normal * (1.0 - e2) / w2
        east = (lon2 - lon) * (normal + height) * np.cos(lat)
        north = (lat2 - lat) * (meridian + height)
        turn = points.azimuth_rad[k] - np.arctan2(east, north)
        assert abs(np.remainder(turn + np.pi, 2.0 * np.pi) - np.pi) < 1e-4


def test_moon_against_spice() -> None:
    """reclat on a sphere: 1e-15 rad seen."""
    position = np.array([-1000.0, 900.0, -1100.0])
    radius, longitude, latitude = spice.reclat(position)
    points = ground_points("moon", position, [1.0, 0.0, 0.0], np.zeros(3))
    assert points.longitude_rad == pytest.approx(longitude, abs=1e-14)
    assert points.latitude_rad == pytest.approx(latitude, abs=1e-14)
    assert points.height_km == pytest.approx(radius - 1737.4, abs=1e-10)
