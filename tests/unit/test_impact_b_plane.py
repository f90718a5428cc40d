import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perilune.errors import InputError
from perilune.impact.b_plane import focused_radius_km, target_plane, target_plane_points

GM_EARTH = 398600.435507
EARTH_VELOCITY = np.array([-15.0, 25.0, 3.0])


def test_fast_flyby_is_a_straight_line() -> None:
    """At 300 km/s and 1e6 km the deflection is 2 GM / (b v^2) = 9e-6 rad."""
    plane = target_plane([1e6, 0.0, 0.0], [0.0, 300.0, 0.0], GM_EARTH, EARTH_VELOCITY)
    assert plane.kind == "b-plane"
    assert np.linalg.norm(plane.coordinates_km) == pytest.approx(1e6, rel=1e-5)
    assert plane.axes[1] == pytest.approx([0.0, 1.0, 0.0], abs=1e-5)


def test_axes_are_right_handed_with_zeta_against_the_bodys_motion() -> None:
    plane = target_plane([7000.0, 2000.0, -500.0], [-3.0, 14.0, 2.0], GM_EARTH, EARTH_VELOCITY)
    xi, eta, zeta = plane.axes
    assert plane.axes @ plane.axes.T == pytest.approx(np.eye(3), abs=1e-14)
    assert np.cross(xi, eta) == pytest.approx(zeta, abs=1e-14)
    assert xi @ EARTH_VELOCITY == pytest.approx(0.0, abs=1e-12)
    assert zeta @ EARTH_VELOCITY < 0.0


def test_grazing_hyperbola_lies_on_the_edge_of_the_impact_disc() -> None:
    radius, v_infinity = 6378.0, 12.0
    speed = math.sqrt(v_infinity**2 + 2.0 * GM_EARTH / radius)
    plane = target_plane([radius, 0.0, 0.0], [0.0, 0.0, speed], GM_EARTH, EARTH_VELOCITY)
    assert plane.distance_km == pytest.approx(radius)
    assert plane.speed_km_s == pytest.approx(speed)
    assert plane.v_infinity_km_s == pytest.approx(v_infinity)
    assert np.linalg.norm(plane.coordinates_km) == pytest.approx(plane.impact_radius_km(radius))
    assert plane.time_to_closest_s == 0.0


def test_captured_state_gets_the_modified_plane_and_says_so() -> None:
    plane = target_plane([8000.0, 100.0, 0.0], [0.3, 8.5, 0.5], GM_EARTH, EARTH_VELOCITY)
    assert (plane.kind, plane.v_infinity_km_s) == ("modified", None)
    assert np.linalg.norm(plane.coordinates_km) == pytest.approx(plane.distance_km)
    assert plane.impact_radius_km(6378.0) == 6378.0
    points, speeds = target_plane_points(
        [[8000.0, 100.0, 0.0]], [[0.3, 8.5, 0.5]], GM_EARTH, EARTH_VELOCITY
    )
    assert np.isnan(points).all()
    assert np.isnan(speeds).all()


def test_straight_fall_has_a_plane() -> None:
    plane = target_plane([5e4, 1e4, 0.0], [-5.0, -1.0, 0.0], GM_EARTH, EARTH_VELOCITY)
    assert plane.coordinates_km == pytest.approx([0.0, 0.0], abs=1e-9)
    assert plane.distance_km == pytest.approx(0.0, abs=1e-9)
    assert np.isfinite(plane.coordinates_jacobian).all()


@settings(max_examples=50, deadline=None)
@given(
    st.tuples(*[st.floats(-5e4, 5e4)] * 3),
    st.tuples(*[st.floats(-30.0, 30.0)] * 3),
)
def test_plane_is_constant_along_the_orbit(
    position: tuple[float, ...], velocity: tuple[float, ...]
) -> None:
    """First order along the two-body flow: nothing moves but the time left, by -1 s a second."""
    r, v = np.array(position), np.array(velocity)
    distance = float(np.linalg.norm(r))
    assume(distance > 500.0)
    assume(abs(v @ v - 2.0 * GM_EARTH / distance) > 0.1)
    assume(np.linalg.norm(np.cross(r, v)) > 100.0 * np.linalg.norm(v))
    plane = target_plane(r, v, GM_EARTH, EARTH_VELOCITY)
    flow = np.concatenate((v, -GM_EARTH * r / distance**3))

    def drift(jacobian: np.ndarray) -> float:
        return float(abs(jacobian @ flow) / (np.linalg.norm(jacobian) * np.linalg.norm(flow)))

    assert drift(plane.coordinates_jacobian[0]) < 1e-9
    assert drift(plane.coordinates_jacobian[1]) < 1e-9
    assert drift(plane.distance_jacobian) < 1e-9
    assert plane.time_jacobian @ flow == pytest.approx(-1.0, abs=1e-7)


def test_many_points_are_those_of_single_planes() -> None:
    rng = np.random.default_rng(5)
    positions = np.array([9000.0, -4000.0, 2000.0]) + rng.normal(0.0, 500.0, (20, 3))
    velocities = np.array([-3.0, 14.0, 2.0]) + rng.normal(0.0, 0.5, (20, 3))
    points, speeds = target_plane_points(positions, velocities, GM_EARTH, EARTH_VELOCITY)
    for r, v, point, speed in zip(positions, velocities, points, speeds, strict=True):
        plane = target_plane(r, v, GM_EARTH, EARTH_VELOCITY)
        assert point == pytest.approx(plane.coordinates_km, rel=1e-10)
        assert speed == pytest.approx(plane.v_infinity_km_s, rel=1e-12)


def test_uncertainty_matches_a_sample() -> None:
    """20,000 clones: sampling noise is 0.7 % of a variance, 3 % of a sigma for 500 of them."""
    rng = np.random.default_rng(11)
    mean = np.array([20000.0, 5000.0, -3000.0, -2.0, 9.0, 1.0])
    factor = rng.normal(size=(6, 6)) * np.array([5.0, 5.0, 5.0, 1e-3, 1e-3, 1e-3])[:, None]
    plane = target_plane(mean[:3], mean[3:], GM_EARTH, EARTH_VELOCITY)
    clones = mean + rng.standard_normal((20_000, 6)) @ factor.T
    points, _ = target_plane_points(clones[:, :3], clones[:, 3:], GM_EARTH, EARTH_VELOCITY)
    uncertainty = plane.uncertainty(factor)
    seen = np.cov(points.T)
    scale = np.sqrt(np.outer(np.diag(seen), np.diag(seen)))
    assert np.max(np.abs(seen - uncertainty.covariance_km2) / scale) < 0.03
    closest = [
        target_plane(c[:3], c[3:], GM_EARTH, EARTH_VELOCITY).distance_km for c in clones[:500]
    ]
    assert np.std(closest) == pytest.approx(uncertainty.distance_sigma_km, rel=0.13)
    assert uncertainty.time_sigma_s > 0.0
    axes = uncertainty.ellipse
    assert axes.stretch_km**2 + axes.width_km**2 == pytest.approx(
        np.trace(uncertainty.covariance_km2)
    )


def test_focusing_at_the_earth() -> None:
    # v_escape at 6378.137 km is 11.18 km/s: at that speed at infinity the disc is sqrt(2) wider.
    escape = math.sqrt(2.0 * GM_EARTH / 6378.137)
    assert focused_radius_km(6378.137, GM_EARTH, escape) == pytest.approx(6378.137 * math.sqrt(2))


@pytest.mark.parametrize(
    ("position", "velocity", "gm", "body"),
    [
        ([0.0, 0.0, 0.0], [1.0, 2.0, 3.0], GM_EARTH, EARTH_VELOCITY),
        ([math.nan, 0.0, 0.0], [1.0, 2.0, 3.0], GM_EARTH, EARTH_VELOCITY),
        ([7000.0, 0.0], [1.0, 2.0, 3.0], GM_EARTH, EARTH_VELOCITY),
        ([7000.0, 0.0, 0.0], [1.0, 14.0, 3.0], 0.0, EARTH_VELOCITY),
        ([7000.0, 0.0, 0.0], [1.0, 14.0, 3.0], GM_EARTH, [0.0, 0.0, 0.0]),
        # circular about the body
        ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], 1.0, EARTH_VELOCITY),
        # captured and falling straight in
        ([7000.0, 0.0, 0.0], [-1.0, 0.0, 0.0], GM_EARTH, EARTH_VELOCITY),
    ],
)
def test_states_without_a_plane_are_refused(
    position: list[float], velocity: list[float], gm: float, body: list[float]
) -> None:
    with pytest.raises(InputError):
        target_plane(position, velocity, gm, body)


def test_factor_of_the_wrong_shape_is_refused() -> None:
    plane = target_plane([7000.0, 2000.0, -500.0], [-3.0, 14.0, 2.0], GM_EARTH, EARTH_VELOCITY)
    with pytest.raises(InputError, match="six rows"):
        plane.uncertainty(np.eye(4))
