import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perilune.errors import InputError
from perilune.impact.ground import GroundPoints
from perilune.impact.scales import EARTH_BACKGROUND, MOON_BACKGROUND, palermo_scale
from perilune.impact.virtual_impactors import (
    ImpactSamples,
    palermo_of,
    torino_of,
    virtual_impactors,
)

ASSESSED = 60000.0
MASS_KG = 2.4e8


def samples(
    epochs: np.ndarray,
    sigmas: np.ndarray,
    drawn: int = 10_000,
    longitudes: np.ndarray | None = None,
    body: str = "earth",
    weights: np.ndarray | None = None,
) -> ImpactSamples:
    count = len(epochs)
    zeros = np.zeros(count)
    ground = GroundPoints(
        body=body,  # type: ignore[arg-type]
        longitude_rad=zeros if longitudes is None else longitudes,
        latitude_rad=zeros,
        height_km=zeros,
        speed_km_s=np.full(count, 15.0),
        inertial_speed_km_s=np.full(count, 15.2),
        entry_angle_rad=zeros,
        azimuth_rad=zeros,
    )
    return ImpactSamples(
        epoch_mjd_tdb=np.asarray(epochs, dtype=float),
        sigma_lov=np.asarray(sigmas, dtype=float),
        ground=ground,
        samples=drawn,
        weights=weights,
        largest_weight=None if weights is None else float(np.max(weights)),
    )


def test_no_impacts_give_no_impactors() -> None:
    empty = virtual_impactors(samples(np.array([]), np.array([])), MASS_KG, ASSESSED)
    assert empty == ()
    assert palermo_of(empty) == (-math.inf, -math.inf)
    assert torino_of(empty) == 0


def test_one_sample() -> None:
    (vi,) = virtual_impactors(samples(np.array([63000.25]), np.array([0.7])), MASS_KG, ASSESSED)
    assert (vi.members, vi.epoch_mjd_tdb, vi.sigma_lov) == ((0,), 63000.25, 0.7)
    assert vi.estimate.probability == 1e-4
    assert 0.0 < vi.estimate.low < 1e-4 < vi.estimate.high < 6e-4
    assert vi.speed_km_s == pytest.approx(15.0)
    assert vi.energy_mt == pytest.approx(0.5 * MASS_KG * 15e3**2 / 4.184e15)
    years = (63000.25 - ASSESSED) / 365.25
    assert vi.palermo == pytest.approx(
        float(palermo_scale(1e-4, vi.energy_mt, years, EARTH_BACKGROUND))
    )


def test_groups_split_in_time_and_in_sigma() -> None:
    rng = np.random.default_rng(0)
    epochs = np.concatenate(
        (63000.0 + rng.uniform(0.0, 0.1, 60), 63365.0 + rng.uniform(0.0, 0.1, 40))
    )
    sigmas = np.concatenate(
        (rng.uniform(-1.01, -1.0, 30), rng.uniform(0.5, 0.51, 30), rng.uniform(-0.2, -0.19, 40))
    )
    found = virtual_impactors(samples(epochs, sigmas), MASS_KG, ASSESSED)
    assert sorted(len(vi.members) for vi in found) == [30, 30, 40]
    assert found[2].epoch_mjd_tdb == pytest.approx(63365.05, abs=0.05)
    assert [vi.sigma_lov for vi in found[:2]] != [0.0, 0.0]


def test_the_two_impactors_of_1979_xb_in_2113_are_told_apart() -> None:
    """NEOCC lists 2113-12-14.753 at sigma -0.706 and .756 at -0.708: near, but clearly apart."""
    rng = np.random.default_rng(1)
    sigmas = np.concatenate((-0.706 + rng.normal(0, 3e-5, 50), -0.708 + rng.normal(0, 3e-5, 20)))
    found = virtual_impactors(samples(np.full(70, 93164.75), sigmas), MASS_KG, ASSESSED)
    assert sorted(len(vi.members) for vi in found) == [20, 50]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 437, 10_000])
def test_one_wide_impactor_stays_one(count: int) -> None:
    """Normal in sigma, down to single hits: a certain impactor has thin tails but no gaps.

    Two or three hits may be over half a sigma apart, so these are drawn from a narrow one.
    """
    rng = np.random.default_rng(count)
    width = 1.0 if count >= 10 else 0.05
    sigmas = rng.normal(0.0, width, count)
    epochs = 63000.0 + rng.normal(0.0, 0.01, count)
    found = virtual_impactors(samples(epochs, sigmas), MASS_KG, ASSESSED)
    assert len(found) == 1
    assert found[0].estimate.hits == count


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_the_order_of_samples_does_not_matter(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    epochs = 63000.0 + 100.0 * rng.integers(0, 3, count) + rng.uniform(0.0, 1.0, count)
    sigmas = rng.choice([-2.0, 0.3, 1.0], count) + rng.normal(0.0, 0.02, count)
    longitudes = rng.uniform(-math.pi, math.pi, count)
    weights = rng.uniform(0.1, 1.0, count)
    order = rng.permutation(count)
    straight = virtual_impactors(
        samples(epochs, sigmas, 1000, longitudes, weights=weights), MASS_KG, ASSESSED
    )
    shuffled = virtual_impactors(
        samples(epochs[order], sigmas[order], 1000, longitudes[order], weights=weights[order]),
        MASS_KG,
        ASSESSED,
    )
    assert len(straight) == len(shuffled)
    for a, b in zip(straight, shuffled, strict=True):
        assert {int(order[row]) for row in b.members} == set(a.members)
        assert a.estimate == b.estimate
        assert (a.epoch_mjd_tdb, a.sigma_lov, a.longitude_rad, a.palermo) == (
            b.epoch_mjd_tdb,
            b.sigma_lov,
            b.longitude_rad,
            b.palermo,
        )
    assert sum(len(vi.members) for vi in straight) == count


def test_longitudes_are_averaged_across_the_date_line() -> None:
    longitudes = np.radians([179.0, -179.0])
    (vi,) = virtual_impactors(
        samples(np.array([63000.0, 63000.0]), np.zeros(2), longitudes=longitudes),
        MASS_KG,
        ASSESSED,
    )
    assert abs(vi.longitude_rad or 0.0) == pytest.approx(math.pi)


def test_places_that_cancel_have_no_mean() -> None:
    longitudes = np.array([0.0, math.pi])
    (vi,) = virtual_impactors(
        samples(np.array([63000.0, 63000.0]), np.zeros(2), longitudes=longitudes),
        MASS_KG,
        ASSESSED,
    )
    assert (vi.longitude_rad, vi.latitude_rad) == (None, None)


def test_importance_weights_make_the_probability_and_the_means() -> None:
    (vi,) = virtual_impactors(
        samples(np.array([63000.0, 63001.0]), np.zeros(2), 100, weights=np.array([3e-6, 1e-6])),
        MASS_KG,
        ASSESSED,
    )
    assert vi.estimate.method == "importance"
    assert vi.estimate.probability == pytest.approx(4e-8)
    assert vi.epoch_mjd_tdb == pytest.approx(63000.25)


def test_the_moon_is_rated_against_its_own_background() -> None:
    (vi,) = virtual_impactors(
        samples(np.array([63000.0]), np.zeros(1), body="moon"), MASS_KG, ASSESSED
    )
    years = 3000.0 / 365.25
    assert vi.palermo == pytest.approx(
        float(palermo_scale(1e-4, vi.energy_mt, years, MOON_BACKGROUND))
    )


def test_torino_over_a_century_ahead_is_none() -> None:
    far = virtual_impactors(
        samples(np.array([ASSESSED + 40_000.0]), np.zeros(1)), MASS_KG, ASSESSED
    )
    assert far[0].torino is None
    assert torino_of(far) is None


def test_cumulative_palermo_is_over_the_greatest() -> None:
    found = virtual_impactors(samples(np.array([63000.0, 64000.0]), np.zeros(2)), MASS_KG, ASSESSED)
    cumulative, greatest = palermo_of(found)
    assert greatest < cumulative < greatest + math.log10(2.0) + 1e-12


def test_an_impact_before_the_assessment_is_refused() -> None:
    with pytest.raises(InputError, match="after the assessment"):
        virtual_impactors(samples(np.array([59999.0]), np.zeros(1)), MASS_KG, ASSESSED)


def test_samples_of_unequal_length_are_refused() -> None:
    with pytest.raises(InputError):
        samples(np.array([63000.0, 63001.0]), np.zeros(1))


def test_a_time_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InputError, match="not finite"):
        samples(np.array([math.nan]), np.zeros(1))
