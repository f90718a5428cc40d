"""The line of variations: straight for a covariance, bent by what corrects it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from perilune.errors import NotConvergedError
from perilune.impact.line_of_variations import Corrected, corrected_line, straight_line

FACTOR = np.array([[3.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.2, 0.1]])
DIRECTION = np.array([0.8, 0.6, 0.0])


def test_the_straight_line_runs_along_the_factor() -> None:
    line = straight_line(FACTOR, DIRECTION, 6.0)
    assert line.ends == (-6.0, 6.0)
    moved = line.deviations(np.array([-1.5, 0.0, 2.0]))
    np.testing.assert_allclose(moved, np.outer([-1.5, 0.0, 2.0], FACTOR @ DIRECTION), rtol=1e-14)
    factor, tangent = line.frame(1.0)
    np.testing.assert_array_equal(factor, FACTOR)
    np.testing.assert_array_equal(tangent, DIRECTION)


def _linear(deviation: NDArray[np.float64], held: NDArray[np.float64]) -> Corrected:
    """Least squares of a linear problem: the conditional mean for the combination held."""
    covariance = FACTOR @ FACTOR.T
    along = covariance @ held / (held @ covariance @ held)
    best = along * (held @ deviation)
    return Corrected(best, float(best @ np.linalg.solve(covariance, best)), covariance)


def test_a_linear_problem_leaves_the_line_straight() -> None:
    line = corrected_line(FACTOR, DIRECTION, _linear, 3.0)
    assert line.ends[0] < -2.7
    assert line.ends[1] > 2.7
    sigma = np.array([-2.1, 0.4, 1.7])
    straight = straight_line(FACTOR, DIRECTION, 3.0)
    np.testing.assert_allclose(
        line.deviations(sigma), straight.deviations(sigma), rtol=1e-9, atol=1e-12
    )
    for factor, tangent in map(line.frame, sigma):
        np.testing.assert_allclose(factor @ tangent, FACTOR @ DIRECTION, rtol=1e-9, atol=1e-12)


def test_sigma_is_the_root_of_the_excess_of_chi_square() -> None:
    def bent(deviation: NDArray[np.float64], held: NDArray[np.float64]) -> Corrected:
        found = _linear(deviation, held)
        bend = np.array([0.0, 0.0, 0.01 * found.excess_chi2])
        return Corrected(found.deviation + bend, found.excess_chi2, found.covariance)

    line = corrected_line(FACTOR, np.array([1.0, 0.0, 0.0]), bent, 2.0)
    point = line.deviations(np.array([1.3]))[0]
    assert point[0] == pytest.approx(1.3 * 3.0, rel=1e-6)
    assert point[2] == pytest.approx(0.01 * 1.3**2, rel=1e-3)


def test_the_line_ends_where_no_fit_exists() -> None:
    def ends(deviation: NDArray[np.float64], held: NDArray[np.float64]) -> Corrected:
        found = _linear(deviation, held)
        if found.deviation[0] > 3.0:
            raise NotConvergedError("no such orbit")
        return found

    line = corrected_line(FACTOR, np.array([1.0, 0.0, 0.0]), ends, 4.0)
    assert line.ends[0] < -3.7
    assert 0.7 < line.ends[1] <= 1.0
