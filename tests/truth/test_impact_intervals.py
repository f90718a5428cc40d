"""Binomial and Poisson intervals against published tables and astropy."""

import numpy as np
import pytest
from astropy.stats import binom_conf_interval, poisson_conf_interval

from perilune.impact.intervals import (
    clopper_pearson_interval,
    weighted_interval,
    wilson_interval,
)

# Newcombe 1998, Statistics in Medicine 17, 857, table I, 95 %: methods 3 (Wilson) and 5 (exact).
NEWCOMBE = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]


@pytest.mark.parametrize(("hits", "samples", "wilson", "exact"), NEWCOMBE)
def test_newcombe_1998(
    hits: int, samples: int, wilson: tuple[float, float], exact: tuple[float, float]
) -> None:
    """The table has four decimals: half of the last one, plus rounding."""
    assert wilson_interval(hits, samples) == pytest.approx(wilson, abs=0.51e-4)
    assert clopper_pearson_interval(hits, samples) == pytest.approx(exact, abs=0.51e-4)


def test_wilson_against_astropy() -> None:
    """2e-16 seen; astropy has no exact binomial interval, for which Newcombe's table stands."""
    hits = np.array([0, 1, 2, 437, 5000, 9999, 10_000])
    theirs = binom_conf_interval(hits, 10_000, 0.95, "wilson")
    assert np.max(np.abs(np.array(wilson_interval(hits, 10_000)) - theirs)) < 1e-15


@pytest.mark.parametrize("hits", [0, 1, 5, 60])
def test_equal_weights_are_the_exact_poisson_interval(hits: int) -> None:
    """astropy's 'frequentist-confidence' is Garwood's exact interval, at one sigma; 1e-15 seen."""
    one_sigma = 0.6826894921370859
    low, high = weighted_interval(np.ones(hits), 1000, 1.0, confidence=one_sigma)
    theirs = poisson_conf_interval(hits, "frequentist-confidence") / 1000
    assert (low, high) == pytest.approx(tuple(theirs), rel=1e-10)
