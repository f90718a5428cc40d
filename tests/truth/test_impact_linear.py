"""The mass of a bivariate normal in a disc, against quadrature with 30 digits (mpmath)."""

import math

import numpy as np
import pytest

from perilune.impact.linear import UncertaintyEllipse, probability_in_disc

mpmath = pytest.importorskip("mpmath")

X_AXIS = np.array([1.0, 0.0])

# (mean along, mean across, stretch, width, radius), from round to stretched by 1e10.
CASES = [
    (0.0, 0.0, 1.0, 1.0, 1.0),
    (0.3, 0.2, 2.0, 1.0, 1.0),
    (1e5, 0.3, 1e6, 0.1, 1.0),
    (3e6, 0.5, 1e6, 0.1, 1.0),
    (1e3, 2.0, 1e7, 1.0, 1.0),
    (1.5, 0.9, 0.1, 0.1, 1.0),
    (0.0, 1.0, 0.01, 0.01, 1.0),
    (0.0, 1.0, 1e-3, 1e-4, 1.0),
    (0.0, 1.01, 1.0, 1e-3, 1.0),
    (0.5, 0.5, 0.2, 1e-3, 1.0),
    (5e6, 1.2, 1e6, 0.2, 1.0),
    (0.0, 0.999, 1e7, 1e-3, 1.0),
    (20.0, 3.0, 3.0, 0.5, 1.0),
    (7000.0, 2000.0, 3e5, 60.0, 7500.0),
]


def reference(along: float, across: float, wide: float, narrow: float, radius: float) -> float:
    """Tanh-sinh quadrature of the chord's mass over panels about the mean, 30 digits."""
    with mpmath.workdps(30):
        m1, m2, s1, s2, r = (mpmath.mpf(v) for v in (along, across, wide, narrow, radius))

        def integrand(y: object) -> object:
            chord = mpmath.sqrt(r * r - y * y)
            a = (-chord - m1) / s1 / mpmath.sqrt(2)
            b = (chord - m1) / s1 / mpmath.sqrt(2)
            if a * b < 0:
                mass = (mpmath.erf(b) - mpmath.erf(a)) / 2
            else:
                low, high = sorted((abs(a), abs(b)))
                mass = (mpmath.erfc(low) - mpmath.erfc(high)) / 2
            return mass * mpmath.npdf(y, m2, s2)

        centre = max(-r, min(r, m2))
        steps = (0, 0.1, 1, 2, 5, 10, 20, 40)
        points = {-r, r, -r / 2, mpmath.mpf(0), r / 2}
        points |= {max(-r, min(r, centre + sign * k * s2)) for k in steps for sign in (-1, 1)}
        return float(mpmath.quad(integrand, sorted(points)))


@pytest.mark.parametrize("case", CASES)
def test_against_mpmath(case: tuple[float, float, float, float, float]) -> None:
    """2e-14 relative seen at 7.6e-26, 2e-15 elsewhere; 1e-10 is what the issue's brief asks."""
    along, across, wide, narrow, radius = case
    ours = probability_in_disc([along, across], UncertaintyEllipse(wide, narrow, X_AXIS), radius)
    assert ours == pytest.approx(reference(*case), rel=1e-12, abs=0.0)


@pytest.mark.parametrize("sigma", [0.03, 0.3, 3.0])
def test_round_distribution_is_rayleigh_at_the_centre(sigma: float) -> None:
    """1 - exp(-R^2 / 2 sigma^2), exact."""
    ours = probability_in_disc([0.0, 0.0], UncertaintyEllipse(sigma, sigma, X_AXIS), 1.0)
    assert ours == pytest.approx(-math.expm1(-0.5 / sigma**2), rel=1e-13)


def test_far_tail_is_integrated_where_it_is_not_where_the_mean_is() -> None:
    """2.5e-126: mean (2, 0.9), sigma 0.05; the mass comes from y = 0.4, ten sigmas off the mean.

    5e-14 seen: the exponents are of size 290, of which float64 keeps 13 digits.
    """
    with mpmath.workdps(40):
        sigma, m1, m2 = mpmath.mpf(0.05), mpmath.mpf(2.0), mpmath.mpf(0.9)

        def integrand(y: object) -> object:
            chord = mpmath.sqrt(1 - y * y)
            low, high = (m1 - chord) / sigma, (m1 + chord) / sigma
            mass = (mpmath.erfc(low / mpmath.sqrt(2)) - mpmath.erfc(high / mpmath.sqrt(2))) / 2
            return mass * mpmath.npdf(y, m2, sigma)

        expected = float(mpmath.quad(integrand, mpmath.linspace(-0.3, 1, 61)))
    ours = probability_in_disc([2.0, 0.9], UncertaintyEllipse(0.05, 0.05, X_AXIS), 1.0)
    assert ours == pytest.approx(expected, rel=1e-12, abs=0.0)
