"""Imminent impactors: weighted probabilities, outcomes, and what the next observation tells."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from perilune.astrometry.observatories import observatory
from perilune.astrometry.sites import observer_of
from perilune.constants import AU_KM
from perilune.determination.orbit_samples import OrbitSamples
from perilune.dynamics import Particles, propagate, solar_system
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError
from perilune.impact.imminent import BodyOutcome, Imminent, weighted_probability
from perilune.impact.next_observation import next_observation

Floats = NDArray[np.float64]
T0 = 59000.0


@pytest.fixture(scope="module")
def ephemeris() -> Ephemeris:
    return solar_system()


def test_equal_weights_give_the_counts_interval() -> None:
    found = weighted_probability(np.full(1000, 1e-3), np.arange(50))
    assert found.probability == pytest.approx(0.05)
    # Poisson with 50: 37.1 to 65.9 (Garwood 1936).
    assert found.low == pytest.approx(0.0371, abs=1e-4)
    assert found.high == pytest.approx(0.0659, abs=1e-4)
    assert (found.samples, found.hits) == (1000, 50)


def test_nearly_certain_is_the_mirror_of_nearly_excluded() -> None:
    weights = np.full(1000, 1e-3)
    rare = weighted_probability(weights, np.arange(20))
    usual = weighted_probability(weights, np.arange(20, 1000))
    assert usual.probability == pytest.approx(1.0 - rare.probability)
    assert usual.low == pytest.approx(1.0 - rare.high)
    assert usual.high == pytest.approx(1.0 - rare.low)
    every = weighted_probability(weights, np.arange(1000))
    assert every.probability == 1.0
    assert every.low == pytest.approx(1.0 - 3.689e-3, abs=1e-5)  # Poisson's bound for none
    none = weighted_probability(weights, np.arange(0))
    assert (none.probability, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(3.689e-3, abs=1e-5)


def test_a_heavy_sample_widens_what_was_not_seen() -> None:
    weights = np.full(1000, 1.0)
    weights[0] = 100.0
    even = weighted_probability(np.full(1000, 1.0), np.array([], dtype=np.int64))
    uneven = weighted_probability(weights / weights.sum(), np.array([], dtype=np.int64))
    assert uneven.high > 50.0 * even.high


def test_the_interval_covers_the_truth() -> None:
    """Self-normalised sums over random samples: about 95 % of the intervals hold the truth."""
    rng = np.random.default_rng(0)
    truth = 0.03
    covered = 0
    for _ in range(400):
        ratio = rng.uniform(0.2, 1.8, 800)
        hits = np.flatnonzero(rng.random(800) < truth)
        found = weighted_probability(ratio / ratio.sum(), hits)
        covered += found.low <= truth <= found.high
    assert covered >= 370


def _imminent(ephemeris: Ephemeris) -> Imminent:
    """A thousand orbits in two bundles, one of which hits: they differ by a minute of arc."""
    rng = np.random.default_rng(3)
    sun, _ = ephemeris.state("sun", T0)
    earth, earth_v = ephemeris.state("earth", T0)
    out = (earth - sun) / np.linalg.norm(earth - sun)
    side = np.cross([0.0, 0.0, 1.0], out)
    side /= np.linalg.norm(side)
    n = 1000
    aside = np.where(np.arange(n) < n // 2, 0.0, 6.0e4)
    scatter = 300.0 * rng.standard_normal((n, 3))
    position = earth + 0.01 * AU_KM * out + aside[:, np.newaxis] * side + scatter
    velocity = np.tile(earth_v - 12.0 * out, (n, 1))
    run = propagate(ephemeris, Particles(np.full(n, T0), position, velocity), [T0 + 5.0])
    hits = np.flatnonzero(run.status == 1)
    samples = OrbitSamples(
        method="importance",
        epoch_mjd_tdb=T0,
        states=np.hstack([position, velocity]),
        weights=np.full(n, 1.0 / n),
        effective_samples=float(n),
        used=np.ones(5, dtype=np.bool_),
        error_scale=1.0,
        ranging=None,
    )
    outcome = BodyOutcome(
        "earth", weighted_probability(samples.weights, hits), hits,
        run.stop_mjd_tdb[hits], None, None, None,
    )  # fmt: skip
    return Imminent("test", samples, 1.0, 5, T0 + 5.0, (outcome,))


def test_an_observation_that_separates_hits_from_misses_is_worth_its_bit(
    ephemeris: Ephemeris,
) -> None:
    imminent = _imminent(ephemeris)
    assert imminent.outcome("earth").hits.tolist() == list(range(500))
    geocentre = observer_of(observatory("500"))
    epochs = T0 + np.array([0.1, 0.5])
    sharp = next_observation(
        imminent, "earth", [geocentre], epochs, ephemeris, sigma_rad=5e-6, seed=1
    )
    assert [prospect.visible for prospect in sharp] == [1.0, 1.0]
    assert sharp[0].information_bit == pytest.approx(1.0, abs=0.01)
    assert sharp[0].probability_if_hit > 0.99
    assert sharp[0].probability_if_miss < 0.01
    # The bundles are 0.04 rad apart as seen from the Earth: half of that each side of the mean.
    assert sharp[0].spread_rad == pytest.approx(0.5 * 6.0e4 / (0.01 * AU_KM), rel=0.5)
    blunt = next_observation(
        imminent, "earth", [geocentre], epochs, ephemeris, sigma_rad=1.0, seed=1
    )
    assert blunt[0].information_bit < 0.01
    assert blunt[0].probability_if_hit == pytest.approx(0.5, abs=0.02)


def test_prospects_come_best_first_and_know_the_night(ephemeris: Ephemeris) -> None:
    imminent = _imminent(ephemeris)
    sites = [observer_of(observatory(code)) for code in ("G96", "F51", "E12")]
    found = next_observation(
        imminent, "earth", sites, T0 + np.arange(0.05, 1.0, 0.2), ephemeris,
        sigma_rad=2e-6, seed=1,
    )  # fmt: skip
    assert len(found) == 15
    worth = [prospect.information_bit for prospect in found]
    assert worth == sorted(worth, reverse=True)
    # Opposite to the Sun: up at night, down by day, at each of the three somewhen.
    for name in {prospect.observer for prospect in found}:
        seen = [prospect.visible for prospect in found if prospect.observer == name]
        assert max(seen) > 0.99
        assert min(seen) == 0.0
    unseen = [prospect for prospect in found if prospect.visible == 0.0]
    assert all(prospect.information_bit == 0.0 for prospect in unseen)
    assert all(prospect.probability_if_hit == pytest.approx(0.5) for prospect in unseen)


def test_what_is_not_asked_for_is_refused(ephemeris: Ephemeris) -> None:
    imminent = _imminent(ephemeris)
    with pytest.raises(InputError, match="no outcome"):
        imminent.outcome("moon")
    geocentre = observer_of(observatory("500"))
    for epochs in ([], [T0 - 1.0]):
        with pytest.raises(InputError, match="must come after"):
            next_observation(
                imminent, "earth", [geocentre], epochs, ephemeris, sigma_rad=1e-6, seed=1
            )
    with pytest.raises(InputError, match="has an error"):
        next_observation(
            imminent, "earth", [geocentre], [T0 + 1.0], ephemeris, sigma_rad=0.0, seed=1
        )
