"""The hunt for a return on a trail, away from any dynamics."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from perilune.impact.moon_returns import _around
from perilune.impact.returns import Return, _Hunt

AU_KM = 1.495978707e8


def _chase(hunt: _Hunt, trail: Callable[[float], tuple[float, float]], looks: int) -> _Hunt:
    for _ in range(looks):
        if hunt.is_found or hunt.lost:
            break
        sigma, epoch = hunt.next()
        if not hunt.lost:
            hunt.add(sigma, epoch, np.array(trail(sigma)))
    return hunt


def _bent(sigma: float) -> tuple[float, float]:
    """A trail stretched by 100 au a sigma, with a bend of a few per cent, 5,000 km off."""
    zeta = 100.0 * AU_KM * (sigma - 0.123456) * (1.0 + 20.0 * (sigma - 0.12))
    return 5000.0 + 0.01 * zeta, zeta


def test_a_return_between_two_neighbours_is_found() -> None:
    hunt = _Hunt(reach=0.004)
    for sigma in (0.1215, 0.1255):
        hunt.add(sigma, 60000.0, np.array(_bent(sigma)))
    found = _chase(hunt, _bent, 6).result()
    assert hunt.is_found
    assert found.nearest_sigma == pytest.approx(0.123456, abs=2e-8)
    assert found.nearest_km == pytest.approx(5000.0, rel=1e-3)
    assert found.stretch_km == pytest.approx(100.0 * AU_KM * (1.0 + 20.0 * 0.003456), rel=0.01)


def test_a_single_with_a_twin_finds_the_way() -> None:
    hunt = _Hunt(reach=0.01)
    for sigma in (0.1205, 0.1205 + 1e-7):
        hunt.add(sigma, 60000.0, np.array(_bent(sigma)))
    assert _chase(hunt, _bent, 8).is_found


def test_a_trail_that_turns_back_is_given_up() -> None:
    def turns(sigma: float) -> tuple[float, float]:
        return 0.0, 1.0e6 + 1e12 * sigma**2

    hunt = _Hunt(reach=0.01)
    for sigma in (0.004, 0.005):
        hunt.add(sigma, 60000.0, np.array(turns(sigma)))
    _chase(hunt, turns, 10)
    assert not hunt.is_found
    assert hunt.lost or hunt.is_hopeless(1.0e4, 1e-9)


def test_what_passes_far_or_is_stretched_too_much_is_hopeless() -> None:
    hunt = _Hunt(reach=0.004)
    for sigma in (0.1215, 0.1255):
        xi, zeta = _bent(sigma)
        hunt.add(sigma, 60000.0, np.array([xi + 1.0e7, zeta]))
    assert hunt.is_hopeless(2.0e4, 1e-9)
    near = _Hunt(reach=0.004)
    for sigma in (0.1215, 0.1255):
        near.add(sigma, 60000.0, np.array(_bent(sigma)))
    assert not near.is_hopeless(2.0e4, 1e-9)
    # 3e4 km over 100 au a sigma is 2e-6: nothing above 1e-5 can lie here.
    assert near.is_hopeless(2.0e4, 1e-5)


def test_the_nearest_point_lies_at_a_right_angle_to_the_trail() -> None:
    one = Return(1.0, 6e4, np.array([3000.0, 4000.0]), np.array([0.0, 2.0e9]))
    assert one.nearest_km == pytest.approx(3000.0)
    assert one.nearest_sigma == pytest.approx(1.0 - 2e-6)
    assert one.stretch_km == pytest.approx(2.0e9)
    assert math.isclose(
        Return(0.0, 6e4, np.array([3.0, 4.0]), np.zeros(2)).nearest_km, 5.0, rel_tol=1e-12
    )


def test_orbits_that_float64_makes_one_tell_nothing() -> None:
    """A return found twice at one place, which ended a cycle of the watch once."""
    hunt = _Hunt(reach=0.004)
    for sigma, point in ((0.12, (900.0, 400.0)), (0.12 + 1e-17, (900.0, 400.0))):
        hunt.add(sigma, 60000.0, np.array(point))
    assert hunt.slope() == (0.0, 0.0)
    assert hunt.result().stretch_km == 0.0
    assert hunt.result().nearest_km == pytest.approx(math.hypot(900.0, 400.0))
    assert _around([hunt.result()], 1000.0) == []
    hunt.add(0.121, 60000.0, np.array([900.0, 100_400.0]))
    assert hunt.slope() == pytest.approx((0.0, 1.0e8))
