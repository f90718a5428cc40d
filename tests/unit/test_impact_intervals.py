import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perilune.errors import InputError
from perilune.impact.intervals import (
    ProbabilityEstimate,
    clopper_pearson_interval,
    estimate_from_counts,
    estimate_from_weights,
    weighted_interval,
    wilson_interval,
)


@pytest.mark.parametrize("method", ["clopper-pearson", "wilson"])
def test_no_hits_give_zero_and_an_upper_bound(method: str) -> None:
    estimate = estimate_from_counts(0, 10_000, method)  # type: ignore[arg-type]
    assert (estimate.probability, estimate.low) == (0.0, 0.0)
    # 3.69/n (exact) and 3.84/n (Wilson): the issue wants the Earth's bound below 5e-4 here.
    assert 3e-4 < estimate.high < 5e-4


@pytest.mark.parametrize("method", ["clopper-pearson", "wilson"])
def test_all_hits_mirror_no_hits(method: str) -> None:
    none = estimate_from_counts(0, 300, method)  # type: ignore[arg-type]
    every = estimate_from_counts(300, 300, method)  # type: ignore[arg-type]
    assert (every.probability, every.high) == (1.0, 1.0)
    assert every.low == pytest.approx(1.0 - none.high, abs=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_holds_the_share(counts: tuple[int, int]) -> None:
    hits, samples = counts
    for interval in (clopper_pearson_interval, wilson_interval):
        low, high = interval(hits, samples)
        assert 0.0 <= low <= hits / samples <= high <= 1.0


def test_intervals_are_elementwise() -> None:
    low, high = clopper_pearson_interval([[0, 1], [2, 3]], 10)
    assert low.shape == high.shape == (2, 2)
    assert np.all(np.diff(low.ravel()) > 0.0)


def test_clopper_pearson_covers_at_least_its_level() -> None:
    samples = 40
    hits = np.arange(samples + 1)
    low, high = clopper_pearson_interval(hits, samples)
    for p in (0.01, 0.04, 0.3, 0.77):
        mass = np.array([math.comb(samples, k) * p**k * (1 - p) ** (samples - k) for k in hits])
        assert mass[(low <= p) & (p <= high)].sum() >= 0.95


def test_weighted_interval_without_hits_is_bounded_by_the_largest_weight() -> None:
    low, high = weighted_interval([], 1000, 0.01)
    assert low == 0.0
    # -log(0.025) = 3.6889: the exact two-sided Poisson bound for no events.
    assert high == pytest.approx(-math.log(0.025) * 0.01 / 1000, rel=1e-12)


def test_weighted_interval_scales_with_the_weights() -> None:
    low, high = weighted_interval(np.full(7, 1e-6), 500, 1e-6)
    low1, high1 = weighted_interval(np.ones(7), 500, 1.0)
    assert (low, high) == (pytest.approx(low1 * 1e-6), pytest.approx(high1 * 1e-6))


def test_weighted_interval_covers_in_simulation() -> None:
    """A rare tail by a shifted proposal: 95 % of the intervals must hold the true value.

    600 repeats: the standard error of the share is 0.9 %; the gamma interval is conservative,
    0.955 was seen. 0.93 is over two standard errors below the level.
    """
    rng = np.random.default_rng(20240101)
    truth = 0.5 * math.erfc(3.0 / math.sqrt(2.0))
    held = 0
    for _ in range(600):
        x = rng.standard_normal(100) + 3.0
        weights = np.exp(-3.0 * x + 4.5)
        hit = weights[x > 3.0]
        # Among hits the ratio is at most exp(-4.5), reached at x = 3.
        estimate = estimate_from_weights(hit, 100, math.exp(-4.5))
        held += estimate.low <= truth <= estimate.high
    assert held / 600 > 0.93


def test_nearly_certain_importance_estimate_stays_a_probability() -> None:
    estimate = estimate_from_weights(np.full(100, 1.02), 100, 1.02)
    assert estimate.probability == estimate.high == 1.0
    assert estimate.low < 1.0


@pytest.mark.parametrize(
    ("hits", "samples"), [(-1, 10), (11, 10), (0, 0), (float("nan"), 10), (1, float("nan"))]
)
def test_bad_counts_are_refused(hits: float, samples: float) -> None:
    with pytest.raises(InputError):
        clopper_pearson_interval(hits, samples)
    with pytest.raises(InputError):
        wilson_interval(hits, samples)


@pytest.mark.parametrize(
    ("weights", "largest"), [([0.0], 1.0), ([math.nan], 1.0), ([2.0], 1.0), ([1.0], math.inf)]
)
def test_bad_weights_are_refused(weights: list[float], largest: float) -> None:
    with pytest.raises(InputError):
        weighted_interval(weights, 10, largest)


def test_weights_that_are_no_likelihood_ratios_are_refused() -> None:
    with pytest.raises(InputError, match="more than 1"):
        estimate_from_weights(np.full(1000, 2.0), 1000, 2.0)


def test_estimate_refuses_an_interval_that_misses_it() -> None:
    with pytest.raises(InputError):
        ProbabilityEstimate(0.5, 0.6, 0.7, "linear", 0, 0)


def test_confidence_level_is_checked() -> None:
    with pytest.raises(InputError, match="confidence"):
        wilson_interval(1, 10, 1.0)
