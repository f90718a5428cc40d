"""Ranging: the sampler on known densities, samples against least squares, blunders, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from perilune.constants import AU_KM, DAY_S, SPEED_OF_LIGHT_KM_S
from perilune.determination.adaptive_sampling import adapt, effective_samples
from perilune.determination.admissible import is_admissible, rate_limits, sky_frame
from perilune.determination.least_squares import fit_orbit
from perilune.determination.measurements import Measurements
from perilune.determination.orbit_samples import sample_orbits
from perilune.determination.ranging import range_orbits
from perilune.dynamics import Particles, propagate, solar_system
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError, NotConvergedError
from perilune.orbits.orbit import CartesianOrbit

Floats = NDArray[np.float64]
ARCSEC = np.pi / 648000.0
T0 = 59000.0


@pytest.fixture(scope="module")
def ephemeris() -> Ephemeris:
    return solar_system()


def start_at(ephemeris: Ephemeris, range_au: float, speed_km_s: float) -> Floats:
    """A barycentric state (6,) away from the Sun, at a range from the Earth and moving by it."""
    sun, _ = ephemeris.state("sun", T0)
    earth, earth_v = ephemeris.state("earth", T0)
    out = (earth - sun) / np.linalg.norm(earth - sun)
    side = np.cross([0.1, -0.4, 0.9], out)
    velocity = earth_v + speed_km_s * (0.5 * side / np.linalg.norm(side) - 0.8 * out)
    return np.concatenate([earth + range_au * AU_KM * out, velocity])


def seen(
    ephemeris: Ephemeris, start: Floats, hours: Floats, sigma_arcsec: float, seed: int
) -> Measurements:
    """Places of a barycentric state at T0 from a turning Earth, with noise."""
    epochs = T0 + np.sort(hours) / 24.0
    n = epochs.size
    path = propagate(ephemeris, Particles(np.array([T0]), start[None, :3], start[None, 3:]), epochs)
    earth, earth_v = ephemeris.state("earth", epochs)
    spin = 2.0 * np.pi * 1.00273791
    angle = spin * epochs + 1.0
    side = np.stack([5000.0 * np.cos(angle), 5000.0 * np.sin(angle), np.full(n, 4000.0)], axis=1)
    observer = earth + side
    turning = np.stack([-side[:, 1], side[:, 0], np.zeros(n)], axis=1)
    away = path.position_km[:, 0] - observer
    for _ in range(3):
        light = np.linalg.norm(away, axis=1, keepdims=True) / SPEED_OF_LIGHT_KM_S
        away = path.position_km[:, 0] - path.velocity_km_s[:, 0] * light - observer
    rng = np.random.default_rng(seed)
    sigma = sigma_arcsec * ARCSEC
    dec = np.arctan2(away[:, 2], np.hypot(away[:, 0], away[:, 1]))
    ra = np.arctan2(away[:, 1], away[:, 0]) + sigma * rng.standard_normal(n) / np.cos(dec)
    nothing = np.full(n, np.nan)
    return Measurements(
        row=np.arange(n),
        kind=np.zeros(n, dtype=np.int8),
        epoch_mjd_tdb=epochs,
        ra_rad=np.mod(ra, 2.0 * np.pi),
        dec_rad=dec + sigma * rng.standard_normal(n),
        sigma_ra_rad=np.full(n, sigma),
        sigma_dec_rad=np.full(n, sigma),
        correlation=np.zeros(n),
        sigma_time_s=np.zeros(n),
        value=nothing,
        sigma_value=nothing,
        frequency_hz=nothing,
        is_surface=np.zeros(n, dtype=np.bool_),
        transmitter=np.full(n, ""),
        station=np.full(n, ""),
        observer_km=observer,
        observer_km_s=earth_v + spin / DAY_S * turning,
    )


class _Box:
    """Even over 10 by 30."""

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        return (rng.random((count, 2)) - 0.5) * [10.0, 30.0]

    def log_density(self, points: Floats) -> Floats:
        inside = (np.abs(points) < [5.0, 15.0]).all(axis=1)
        return np.where(inside, -np.log(300.0), -np.inf)


def _two_slivers(points: Floats) -> Floats:
    """Two ridges, one curved, with three and one quarters of the mass: 1e-5 of the box."""
    x, y = points.T
    first = np.log(0.75) - 0.5 * ((x - 1.0) / 0.05) ** 2 - 0.5 * ((y - x**2) / 1e-2) ** 2
    second = np.log(0.25) - 0.5 * ((x + 2.0) / 0.05) ** 2 - 0.5 * ((y + 3.0 * x) / 1e-2) ** 2
    return np.logaddexp(first, second)


def test_the_sampler_finds_two_slivers_and_their_shares() -> None:
    rng = np.random.default_rng(0)
    mixture = adapt(_Box(), 1440, _two_slivers, 300, rng)
    assert mixture is not None
    drawn = mixture.draw(rng, 4000)
    log_weight = _two_slivers(drawn) - mixture.log_density(drawn)
    assert effective_samples(log_weight) > 2000
    # The mean weight is the density's integral: 2 pi 0.05 1e-2. Seen: 1 to 2 %.
    assert np.exp(log_weight).mean() == pytest.approx(2.0 * np.pi * 5e-4, rel=0.05)
    weight = np.exp(log_weight - log_weight.max())
    assert weight[drawn[:, 0] > 0.0].sum() / weight.sum() == pytest.approx(0.75, abs=0.03)


def test_the_sampler_gives_up_where_there_is_nothing() -> None:
    rng = np.random.default_rng(0)
    assert adapt(_Box(), 10, lambda points: np.full(len(points), -np.inf), 10, rng) is None


def test_rates_at_the_limits_are_parabolic(ephemeris: Ephemeris) -> None:
    frame, sky = sky_frame(
        seen(ephemeris, start_at(ephemeris, 0.02, 12.0), np.linspace(0.0, 1.0, 5), 0.5, 0)
    )
    ranges = np.geomspace(1e-3, 3.0, 12) * AU_KM
    low, high = rate_limits(ephemeris, frame, sky, ranges)
    # Farther away the motion on the sky alone is faster than any bound to the Sun.
    bound_at_all = np.isfinite(low)
    assert bound_at_all[0]
    assert not bound_at_all[-1]
    ranges, low, high = ranges[bound_at_all], low[bound_at_all], high[bound_at_all]
    for rate, inside in ((low, 1e-6), (high, -1e-6)):
        for change, bound in ((inside, True), (-inside, False)):
            states = frame.states(np.tile(sky, (ranges.size, 1)), ranges, rate + change)
            good = is_admissible(ephemeris, frame.epoch_mjd_tdb, states)
            assert (good == bound).all()


def test_ranging_agrees_with_least_squares_where_both_hold(ephemeris: Ephemeris) -> None:
    """Two derivations that share only the engine: the mean and scatter of range and rate."""
    start = start_at(ephemeris, 0.02, 14.0)
    observed = seen(ephemeris, start, np.linspace(0.0, 10.0, 16), 0.3, 4)
    found = range_orbits(observed, ephemeris, seed=1, samples=1000)
    assert found.effective_samples > 500
    sun = np.concatenate(ephemeris.state("sun", found.epoch_mjd_tdb))
    path = propagate(
        ephemeris, Particles(np.array([T0]), start[None, :3], start[None, 3:]),
        [found.epoch_mjd_tdb],
    )  # fmt: skip
    truth = np.concatenate([path.position_km[0, 0], path.velocity_km_s[0, 0]]) - sun
    orbit = CartesianOrbit(found.epoch_mjd_tdb, truth[:3], truth[3:], (), None, None)
    solution = fit_orbit(ephemeris, orbit, None, observed, np.ones(16, dtype=np.bool_))
    assert solution is not None
    assert solution.orbit.covariance is not None
    expected = np.concatenate([solution.orbit.position_km, solution.orbit.velocity_km_s]) + sun
    sigma = np.sqrt(np.diag(solution.orbit.covariance)) * found.error_scale
    mean = found.weights @ found.states
    scatter = np.sqrt(found.weights @ (found.states - mean) ** 2)
    # 1000 weighted samples: the mean to 0.04 sigma, the scatter to 3 %; five of these.
    assert np.abs((mean - expected) / sigma).max() < 0.2
    assert np.abs(scatter / sigma - 1.0).max() < 0.15


def test_the_truth_lies_among_the_samples_of_short_arcs(ephemeris: Ephemeris) -> None:
    for seed, range_au in enumerate((0.004, 0.03)):
        start = start_at(ephemeris, range_au, 11.0)
        observed = seen(ephemeris, start, np.linspace(0.0, 1.5, 7), 0.4, seed)
        found = range_orbits(observed, ephemeris, seed=seed, samples=400)
        row = int(np.argmin(np.abs(observed.epoch_mjd_tdb - found.epoch_mjd_tdb)))
        path = propagate(
            ephemeris, Particles(np.array([T0]), start[None, :3], start[None, 3:]),
            [found.epoch_mjd_tdb],
        )  # fmt: skip
        true = float(np.linalg.norm(path.position_km[0, 0] - observed.observer_km[row]))
        share = float(found.weights[found.range_km < true].sum())
        assert 0.002 < share < 0.998
        assert found.effective_samples > 100
        assert found.weights.sum() == pytest.approx(1.0)


def test_a_blunder_is_left_out_and_small_errors_are_enlarged(ephemeris: Ephemeris) -> None:
    start = start_at(ephemeris, 0.01, 12.0)
    observed = seen(ephemeris, start, np.linspace(0.0, 3.0, 10), 0.4, 7)
    dec = observed.dec_rad.copy()
    dec[4] += 20.0 * ARCSEC
    found = range_orbits(replace(observed, dec_rad=dec), ephemeris, seed=1, samples=300)
    assert np.flatnonzero(~found.used).tolist() == [4]
    bold = replace(
        observed,
        sigma_ra_rad=0.25 * observed.sigma_ra_rad,
        sigma_dec_rad=0.25 * observed.sigma_dec_rad,
    )
    enlarged = range_orbits(bold, ephemeris, seed=1, samples=300)
    assert enlarged.used.all()
    assert 2.5 < enlarged.error_scale < 6.0


def test_the_same_seed_gives_the_same_samples(ephemeris: Ephemeris) -> None:
    observed = seen(ephemeris, start_at(ephemeris, 0.02, 12.0), np.linspace(0.0, 1.0, 5), 0.4, 2)
    one = range_orbits(observed, ephemeris, seed=5, samples=200)
    other = range_orbits(observed, ephemeris, seed=5, samples=200)
    assert np.array_equal(one.states, other.states)
    assert np.array_equal(one.weights, other.weights)
    assert not np.array_equal(
        one.states, range_orbits(observed, ephemeris, seed=6, samples=200).states
    )


def test_what_cannot_be_ranged_is_refused(ephemeris: Ephemeris) -> None:
    observed = seen(ephemeris, start_at(ephemeris, 0.02, 12.0), np.linspace(0.0, 1.0, 6), 0.4, 2)
    with pytest.raises(InputError, match="too few observations"):
        range_orbits(observed.where(np.arange(1)), ephemeris, seed=1)
    with pytest.raises(InputError, match="too few observations"):
        range_orbits(observed.where(np.array([0, 0, 0])), ephemeris, seed=1)
    # Ten degrees a minute: nothing bound to the Sun and farther than a satellite moves so fast.
    fast = replace(observed, ra_rad=np.mod(3.0 * np.arange(6) * 0.3, 2.0 * np.pi))
    with pytest.raises(NotConvergedError):
        range_orbits(fast, ephemeris, seed=1)


def test_samples_come_by_the_method_that_suits(ephemeris: Ephemeris) -> None:
    start = start_at(ephemeris, 0.05, 12.0)
    short = seen(ephemeris, start, np.linspace(0.0, 1.0, 6), 0.4, 3)
    by_ranging = sample_orbits(short, ephemeris, seed=1, samples=200)
    assert by_ranging.method == "ranging"
    assert by_ranging.ranging is not None
    days = np.concatenate([24.0 * day + np.linspace(0.0, 1.0, 4) for day in (0.0, 1.0, 2.0, 4.0)])
    longer = seen(ephemeris, start, days, 0.4, 3)
    drawn = sample_orbits(longer, ephemeris, seed=1, samples=500)
    assert drawn.method == "importance"
    # Of draws 1.1 times too wide from six normal ones (2.42 - 1)^3 / 1.1^6, nine tenths, count;
    # less would say that the likelihood is not that of the covariance.
    assert drawn.effective_samples > 0.8 * 500
