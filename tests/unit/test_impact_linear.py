import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perilune.errors import CovarianceError, InputError
from perilune.impact.linear import (
    UncertaintyEllipse,
    ellipse_from_clones,
    ellipse_from_covariance,
    ellipse_from_factor,
    probability_in_disc,
)

X_AXIS = np.array([1.0, 0.0])


def test_ellipse_of_a_turned_diagonal() -> None:
    angle = 0.7
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    for ellipse in (
        ellipse_from_covariance(rotation @ np.diag([9.0, 4.0]) @ rotation.T),
        ellipse_from_factor(rotation @ np.diag([3.0, 2.0])),
    ):
        assert (ellipse.stretch_km, ellipse.width_km) == pytest.approx((3.0, 2.0))
        assert abs(ellipse.direction @ rotation[:, 0]) == pytest.approx(1.0)


def test_factor_keeps_a_width_that_the_covariance_loses() -> None:
    factor = np.array([[1e9, 0.0, 0.0], [2e9, 1e-1, 0.0]])
    ellipse = ellipse_from_factor(factor)
    # |det| of the square part over the stretch.
    assert ellipse.width_km == pytest.approx(1e8 / math.hypot(1e9, 2e9), rel=1e-5)


def test_covariance_that_is_not_positive_names_its_eigenvalue() -> None:
    with pytest.raises(CovarianceError, match="eigenvalue -1 km"):
        ellipse_from_covariance([[1.0, 2.0], [2.0, 1.0]])


@pytest.mark.parametrize(
    "bad", [[[1.0, 0.1], [0.2, 1.0]], [[math.nan, 0.0], [0.0, 1.0]], [[1.0]], [[-1.0, 0], [0, -1]]]
)
def test_bad_covariances_are_refused(bad: list[list[float]]) -> None:
    with pytest.raises(CovarianceError):
        ellipse_from_covariance(bad)


def test_bad_factors_are_refused() -> None:
    with pytest.raises(CovarianceError):
        ellipse_from_factor(np.zeros((3, 3)))


def test_clones_show_stretch_and_width() -> None:
    """400 clones: the scatter of a width is 3.5 %; the slope's is 1e-3 of the width here."""
    rng = np.random.default_rng(2)
    sigma = rng.uniform(0.70, 0.75, 400)
    line = np.array([0.6, -0.8])
    points = (
        np.array([500.0, 20.0])
        + 2e5 * np.outer(sigma, line)
        + 50.0 * np.outer(rng.standard_normal(400), [0.8, 0.6])
    )
    ellipse = ellipse_from_clones(points, sigma)
    assert ellipse.stretch_km == pytest.approx(2e5, rel=1e-3)
    assert ellipse.width_km == pytest.approx(50.0, rel=0.11)
    assert ellipse.direction @ line == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("points", "sigma"),
    [
        (np.zeros((2, 2)), [0.0, 1.0]),
        (np.zeros((3, 2)), [1.0, 1.0, 1.0]),
        (np.full((3, 2), np.nan), [0.0, 1.0, 2.0]),
        (np.zeros((3, 3)), [0.0, 1.0, 2.0]),
    ],
)
def test_clones_without_a_line_are_refused(points: np.ndarray, sigma: list[float]) -> None:
    with pytest.raises(InputError):
        ellipse_from_clones(points, sigma)


def test_a_point_is_in_the_disc_or_not() -> None:
    point = UncertaintyEllipse(0.0, 0.0, X_AXIS)
    assert probability_in_disc([1.0, 1.0], point, 1.5) == 1.0
    assert probability_in_disc([1.0, 1.0], point, 1.4) == 0.0


def test_a_line_is_the_limit_of_a_narrow_ellipse() -> None:
    line = UncertaintyEllipse(2.0, 0.0, X_AXIS)
    narrow = UncertaintyEllipse(2.0, 1e-9, X_AXIS)
    for mean in ([0.3, 0.2], [5.0, 0.9], [50.0, 0.0]):
        expected = probability_in_disc(mean, line, 1.0)
        assert probability_in_disc(mean, narrow, 1.0) == pytest.approx(expected, rel=1e-9)
    assert probability_in_disc([0.0, 1.1], line, 1.0) == 0.0


def test_a_stretched_line_is_the_chord_times_the_density() -> None:
    ellipse = UncertaintyEllipse(1e9, 1.0, X_AXIS)
    chord = 2.0 * math.sqrt(7000.0**2 - 3000.0**2)
    density = math.exp(-0.5 * 0.25) / math.sqrt(2.0 * math.pi) / 1e9
    # The chord's curvature over the 1 km of width is of relative size (1/7000)^2.
    probability = probability_in_disc([0.5e9, 3000.0], ellipse, 7000.0)
    assert probability == pytest.approx(chord * density, rel=1e-7)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-5.0, 5.0),
    st.floats(-5.0, 5.0),
    st.floats(-3.0, 7.0),
    st.floats(-7.0, 3.0),
    st.floats(0.0, math.pi),
)
def test_probability_depends_on_the_ellipse_not_on_the_axes(
    x: float, y: float, log_wide: float, log_narrow: float, angle: float
) -> None:
    wide, narrow = sorted((10.0**log_wide, 10.0**log_narrow), reverse=True)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    straight = probability_in_disc([x, y], UncertaintyEllipse(wide, narrow, X_AXIS), 1.0)
    turned = probability_in_disc(turn @ [x, y], UncertaintyEllipse(wide, narrow, turn[:, 0]), 1.0)
    assert 0.0 <= straight <= 1.0
    # Turning rounds the offset across by 1e-15, of which the density sees offset / narrow^2.
    slack = 1e-9 + 1e-14 * (abs(y) + 1.0) / narrow**2
    assert turned == pytest.approx(straight, rel=slack, abs=1e-15)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 3.0), st.floats(0.0, 3.0), st.floats(0.05, 3.0), st.floats(1.01, 2.0))
def test_probability_grows_with_the_radius(x: float, y: float, width: float, factor: float) -> None:
    ellipse = UncertaintyEllipse(3.0, width, X_AXIS)
    small = probability_in_disc([x, y], ellipse, 1.0)
    assert probability_in_disc([x, y], ellipse, factor) > small


@pytest.mark.parametrize("radius", [0.0, -1.0, math.nan, math.inf])
def test_bad_radius_is_refused(radius: float) -> None:
    with pytest.raises(InputError):
        probability_in_disc([0.0, 0.0], UncertaintyEllipse(1.0, 1.0, X_AXIS), radius)


def test_bad_mean_is_refused() -> None:
    with pytest.raises(InputError):
        probability_in_disc([0.0, math.nan], UncertaintyEllipse(1.0, 1.0, X_AXIS), 1.0)
