import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perilune.errors import InputError
from perilune.frames.geodetic import itrs_from_geodetic
from perilune.impact.ground import ground_points

EARTH_SPIN = np.array([0.0, 0.0, 7.2921150e-5])


def fixed_velocity(
    longitude: float, latitude: float, speed: float, angle: float, azimuth: float
) -> np.ndarray:
    east = np.array([-math.sin(longitude), math.cos(longitude), 0.0])
    up = np.array(
        [
            math.cos(latitude) * math.cos(longitude),
            math.cos(latitude) * math.sin(longitude),
            math.sin(latitude),
        ]
    )
    north = np.cross(up, east)
    level = math.sin(azimuth) * east + math.cos(azimuth) * north
    return speed * (math.cos(angle) * level - math.sin(angle) * up)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["earth", "moon"]),
    st.floats(-3.1, 3.1),
    st.floats(-1.5, 1.5),
    st.floats(5.0, 70.0),
    st.floats(-0.2, 1.5),
    st.floats(0.01, 6.27),
)
def test_there_and_back(
    body: str, longitude: float, latitude: float, speed: float, angle: float, azimuth: float
) -> None:
    if body == "earth":
        position = itrs_from_geodetic(longitude, latitude, 100.0)
    else:
        position = 1737.4 * np.array(
            [
                math.cos(latitude) * math.cos(longitude),
                math.cos(latitude) * math.sin(longitude),
                math.sin(latitude),
            ]
        )
    velocity = fixed_velocity(longitude, latitude, speed, angle, azimuth)
    points = ground_points(body, position, velocity, [0.0, 0.0, 0.0])  # type: ignore[arg-type]
    assert points.longitude_rad == pytest.approx(longitude, abs=1e-12)
    assert points.latitude_rad == pytest.approx(latitude, abs=1e-12)
    assert points.height_km == pytest.approx(100.0 if body == "earth" else 0.0, abs=1e-8)
    assert points.speed_km_s == pytest.approx(speed)
    assert points.inertial_speed_km_s == pytest.approx(speed)
    assert points.entry_angle_rad == pytest.approx(angle, abs=1e-9)
    assert points.azimuth_rad == pytest.approx(azimuth, abs=1e-6)


def test_vertical_fall_on_the_equator_still_shares_the_earths_turn() -> None:
    points = ground_points("earth", [6478.137, 0.0, 0.0], [-15.0, 0.0, 0.0], EARTH_SPIN)
    assert points.entry_angle_rad == pytest.approx(math.pi / 2)
    assert points.speed_km_s == pytest.approx(15.0)
    assert points.inertial_speed_km_s == pytest.approx(math.hypot(15.0, 6478.137 * EARTH_SPIN[2]))


def test_many_points_keep_their_shape() -> None:
    points = ground_points("moon", np.full((4, 3), 1000.0), np.full((4, 3), -5.0), np.zeros(3))
    for array in (points.longitude_rad, points.height_km, points.azimuth_rad):
        assert array.shape == (4,)


@pytest.mark.parametrize(
    ("position", "velocity"),
    [
        ([0.0, 0.0, 0.0], [1.0, 0.0, 0.0]),
        ([math.nan, 0.0, 0.0], [1.0, 0.0, 0.0]),
        ([6400.0, 0.0, 0.0], [math.inf, 0.0, 0.0]),
        ([6400.0, 0.0], [1.0, 0.0, 0.0]),
    ],
)
def test_bad_vectors_are_refused(position: list[float], velocity: list[float]) -> None:
    for body in ("earth", "moon"):
        with pytest.raises(InputError):
            ground_points(body, position, velocity, EARTH_SPIN)  # type: ignore[arg-type]
