"""Crossings of two orbits: Kepler's motion, and the target plane where both hold."""

from __future__ import annotations

import numpy as np
import pytest

from perilune.dynamics import Watch, propagate, solar_system
from perilune.dynamics.orbit_paths import nominal
from perilune.impact.crossings import crossing_points, two_body
from perilune.orbits import catalogue
from perilune.times import parse_epoch

GM_SUN_KM3_S2 = 132712440041.27942
DAY_S = 86400.0


@pytest.mark.parametrize("speed_km_s", [22.0, 29.8, 41.0, 55.0])
def test_two_body_motion_returns_and_keeps_energy(speed_km_s: float) -> None:
    """Ellipse, near-circle, near-parabola and hyperbola, 40 days there and back.

    Stumpff's series are cut after the fifth term: seen 90 m at most.
    """
    r = np.array([[1.45e8, 2.0e7, 1.0e6]])
    v = np.array([[-3.0, speed_km_s, 2.0]])
    after = np.array([40.0 * DAY_S])
    there, speed = two_body(r, v, after, GM_SUN_KM3_S2)
    back, _ = two_body(there, speed, -after, GM_SUN_KM3_S2)
    assert np.linalg.norm(back - r) < 0.3

    def energy(x: np.ndarray, w: np.ndarray) -> float:
        return float(0.5 * np.sum(w * w) - GM_SUN_KM3_S2 / np.linalg.norm(x))

    assert energy(there, speed) == pytest.approx(energy(r, v), rel=1e-9)
    np.testing.assert_allclose(np.cross(there, speed), np.cross(r, v), rtol=1e-9)


def test_apophis_crosses_where_its_target_plane_says() -> None:
    """Passes within 0.06 au until 2052: xi and zeta come to the distance itself.

    Seen 3 % apart at most: the Sun bends the paths between the crossing and the closest point.
    """
    ephemeris = solar_system()
    orbit = catalogue.find("Apophis")
    found = propagate(
        ephemeris,
        nominal(ephemeris, orbit.cartesian(), orbit.number),
        [parse_epoch("2052-01-01")],
        watches=[Watch("earth", 0.06 * 1.495978707e8)],
    ).encounters
    found = found.where(found.body == ephemeris.body_index("earth"))
    points = crossing_points(ephemeris, "earth", found)
    assert len(found) >= 2
    distance = np.hypot(points[:, 0], points[:, 1])
    far = found.distance_km > 3.0e6
    assert far.any()
    np.testing.assert_allclose(distance[far], found.distance_km[far], rtol=0.08)
