import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.errors import InputError
from perilune.impact.scales import (
    EARTH_BACKGROUND,
    MOON_BACKGROUND,
    diameter_km,
    impact_energy_mt,
    mass_kg,
    palermo_cumulative,
    palermo_scale,
    torino_scale,
)


def test_diameter_of_h_18_and_the_default_albedo() -> None:
    assert diameter_km(18.0) == pytest.approx(1329.0 / math.sqrt(0.154) * 10**-3.6)


def test_mass_and_energy_of_a_known_ball() -> None:
    # 1 km at 1000 kg/m^3: pi/6 * 1e12 kg; at 1 km/s half of it in MJ.
    assert mass_kg(1.0, 1000.0) == pytest.approx(math.pi / 6.0 * 1e12)
    assert impact_energy_mt(2.0 * 4.184e15, 1e-3) == pytest.approx(1.0)


def test_palermo_is_zero_at_the_background() -> None:
    energy, years = 50.0, 20.0
    p = float(EARTH_BACKGROUND.frequency_per_year(energy)) * years
    assert palermo_scale(p, energy, years) == pytest.approx(0.0, abs=1e-12)


def test_palermo_of_probability_zero_is_minus_infinity() -> None:
    assert palermo_scale(0.0, 1.0, 1.0) == -math.inf
    assert palermo_cumulative([]) == -math.inf
    assert palermo_cumulative([-math.inf, -3.0]) == pytest.approx(-3.0)


def test_cumulative_palermo_of_ten_equal_impacts_is_one_more() -> None:
    assert palermo_cumulative([-4.0] * 10) == pytest.approx(-3.0)


def test_the_moon_is_hit_less_so_the_same_event_stands_out_more() -> None:
    difference = palermo_scale(0.01, 8.0, 5.0, MOON_BACKGROUND) - palermo_scale(0.01, 8.0, 5.0)
    assert difference == pytest.approx(math.log10(23.8))


# (probability, energy in Mt, Torino): each bound from both sides. On the lines of slope -3/2
# through p = 1 % at E = 0.1, 100 and 1e5 Mt: E = 0.1, 100, 1e5 times (p / 1 %)^-1.5.
EDGES = [
    (1.0, 0.999, 0),
    (0.0, 1e9, 0),
    # 0 | 1 at p = 1e-4, E = 100
    (0.99e-4, 100.0, 0),
    (1.01e-4, 100.0, 1),
    # no level 1 below 1 Mt, and 1 Mt needs p = 1e-2 * 0.1^(2/3) = 2.154e-3
    (9e-3, 0.99, 0),
    (2.14e-3, 1.0, 0),
    (2.17e-3, 1.0, 1),
    # 1 | 2 at p = 1e-4, E = 1e5
    (1e-4, 0.99e5, 1),
    (1e-4, 1.01e5, 2),
    # 2 | 6 at p = 1e-4, E = 1e8
    (1e-4, 0.99e8, 2),
    (1e-4, 1.01e8, 6),
    # p = 1 %: 1 | 3, 2 | 4 and 6 | 7
    (0.00999, 99.0, 1),
    (0.01, 99.0, 3),
    (0.00999, 100.1, 1),
    (0.00999, 110.0, 2),
    (0.01, 100.0, 4),
    (0.00999, 1.01e5, 6),
    (0.01, 1e5, 7),
    # 3 | 4 at 100 Mt
    (0.5, 99.9, 3),
    (0.1, 100.0, 4),
    # 4 | 5 at p = 10 %, E = 1e5 / 10^1.5 = 3162
    (0.1, 3150.0, 4),
    (0.1, 3170.0, 5),
    # 5 | 7 at 1e5 Mt
    (0.1, 0.999e5, 5),
    (0.1, 1e5, 7),
    # 99 %: 3 | 8, 5 | 9 and 7 | 10; 8 | 9 | 10 by energy
    (0.9899, 50.0, 3),
    (0.99, 50.0, 8),
    (0.9899, 200.0, 5),
    (0.99, 200.0, 9),
    (0.9899, 1e6, 7),
    (0.99, 1e6, 10),
    (1.0, 1.0, 8),
    (1.0, 100.0, 9),
    (1.0, 99_999.0, 9),
    (1.0, 1e5, 10),
]


@pytest.mark.parametrize(("probability", "energy", "expected"), EDGES)
def test_torino_regions(probability: float, energy: float, expected: int) -> None:
    assert torino_scale(probability, energy, 10.0) == expected


def test_torino_is_not_defined_after_a_century() -> None:
    assert torino_scale(0.5, 1e3, 100.0) == 5
    assert torino_scale(0.5, 1e3, 100.01) is None


@given(st.floats(1e-10, 1.0), st.floats(1e-3, 1e10), st.floats(1.0, 10.0), st.floats(1.0, 10.0))
def test_torino_never_falls_with_energy(
    probability: float, energy: float, factor: float, years: float
) -> None:
    assert torino_scale(probability, energy * factor, years) >= torino_scale(  # type: ignore[operator]
        probability, energy, years
    )


def test_scales_are_elementwise() -> None:
    values = palermo_scale(np.array([1e-3, 1e-4]), 10.0, np.array([[5.0], [50.0]]))
    assert values.shape == (2, 2)
    assert values[0, 0] - values[1, 1] == pytest.approx(2.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: palermo_scale(1.1, 1.0, 1.0),
        lambda: palermo_scale(0.5, 0.0, 1.0),
        lambda: palermo_scale(0.5, 1.0, 0.0),
        lambda: palermo_scale(math.nan, 1.0, 1.0),
        lambda: torino_scale(-0.1, 1.0, 1.0),
        lambda: torino_scale(0.1, -1.0, 1.0),
        lambda: diameter_km(20.0, 0.0),
        lambda: diameter_km(math.nan),
        lambda: mass_kg(-1.0),
        lambda: impact_energy_mt(1.0, math.inf),
    ],
)
def test_bad_values_are_refused(call: object) -> None:
    with pytest.raises(InputError):
        call()  # type: ignore[operator]
