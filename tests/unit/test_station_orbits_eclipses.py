"""Shadows: cones against geometry, spells against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from perilune.constants import DAY_S, MOON_RADIUS_KM
from perilune.dynamics.shadow_kernels import visible_fraction
from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.station.orbits.eclipses import find_eclipses, longest_eclipse_h, sun_fraction

SUN_KM = np.array([1.5e8, 0.0, 0.0])
SUN_RADIUS_KM = 696000.0


def _fraction(apart_rad: float, distance_km: float, radius_km: float = 1737.4) -> float:
    body = distance_km * np.array([np.cos(apart_rad), np.sin(apart_rad), 0.0])
    return float(visible_fraction(SUN_KM, body, SUN_RADIUS_KM, radius_km))


def test_fractions_of_discs() -> None:
    sun = np.arcsin(SUN_RADIUS_KM / 1.5e8)
    near, far = 10000.0, 1e6
    body = np.arcsin(1737.4 / near)
    assert _fraction(body + sun + 1e-9, near) == 1.0
    assert _fraction(body - sun - 1e-9, near) == 0.0
    # A body much larger than the Sun cuts it almost straight: half is left at the body's edge.
    assert _fraction(float(body), near) == pytest.approx(0.5, abs=0.01)
    assert 0.9 < _fraction(float(body + 0.8 * sun), near) < 1.0
    # An annulus: the ratio of the areas.
    small = np.arcsin(1737.4 / far)
    assert _fraction(0.0, far) == pytest.approx(1.0 - (small / sun) ** 2, rel=1e-12)
    assert _fraction(np.pi, near) == 1.0
    assert _fraction(0.0, 2e8) == 1.0  # behind the Sun
    assert _fraction(0.3, 1000.0) == 0.0  # inside


def test_half_covered_by_an_equal_disc() -> None:
    """Two equal discs whose centres are a radius apart overlap by 2/3 - sqrt(3)/(2 pi)."""
    sun = np.arcsin(SUN_RADIUS_KM / 1.5e8)
    distance = 1737.4 / np.sin(sun)
    expected = 1.0 - (2.0 / 3.0 - np.sqrt(3.0) / (2.0 * np.pi))
    assert _fraction(float(sun), float(distance)) == pytest.approx(expected, abs=1e-12)


def _low_orbit(days: float) -> tuple[np.ndarray, np.ndarray]:
    """A circle of 1,837.4 km in the plane of the Moon and the Sun of the moment."""
    epochs = 61000.0 + np.arange(0.0, days, 30.0 / DAY_S)
    moon_km, _ = planets().state("moon", 61000.0)
    sun = planets().state("sun", 61000.0)[0] - moon_km
    x = sun / np.linalg.norm(sun)
    y = np.cross([0.0, 0.0, 1.0], x)
    y /= np.linalg.norm(y)
    radius, rate = 1837.4, np.sqrt(4902.8 / 1837.4**3)
    angle = rate * (epochs - 61000.0) * DAY_S
    place = radius * (np.outer(np.cos(angle), x) + np.outer(np.sin(angle), y))
    speed = radius * rate * (np.outer(-np.sin(angle), x) + np.outer(np.cos(angle), y))
    return epochs, np.concatenate([place, speed], axis=1)


def test_a_low_orbits_nights() -> None:
    """The shadow's half angle on a circle is asin(R/r), a penumbra's width more and less."""
    epochs, states = _low_orbit(0.4)
    eclipses = find_eclipses(epochs, states)
    assert [each.body for each in eclipses] == ["moon"] * len(eclipses)
    assert len(eclipses) in (4, 5)
    rate = np.sqrt(4902.8 / 1837.4**3)
    half, sun = np.arcsin(MOON_RADIUS_KM / 1837.4), SUN_RADIUS_KM / 1.48e8
    for each in eclipses[:4]:
        assert each.least_fraction == 0.0
        partial_h = 2.0 * (half + sun) / rate / 3600.0
        assert each.hours == pytest.approx(partial_h, abs=0.003)
        assert each.hours - each.total_h == pytest.approx(4.0 * sun / rate / 3600.0, abs=0.003)
    assert longest_eclipse_h(eclipses) == max(each.hours for each in eclipses)


def test_coarser_samples_give_the_same_edges() -> None:
    epochs, states = _low_orbit(0.2)
    epochs, states = epochs[:501], states[:501]  # both end with the same sample
    fine = find_eclipses(epochs, states)
    coarse = find_eclipses(epochs[::4], states[::4])
    for one, other in zip(fine, coarse, strict=True):
        assert abs(one.start_mjd_tdb - other.start_mjd_tdb) * DAY_S < 0.05
        assert abs(one.end_mjd_tdb - other.end_mjd_tdb) * DAY_S < 0.05


def test_no_eclipse_in_the_sun() -> None:
    epochs, states = _low_orbit(0.02)
    assert find_eclipses(epochs[:20], states[:20]) == ()
    assert longest_eclipse_h(()) == 0.0
    assert np.all(sun_fraction(epochs[:20], states[:20, :3]) == 1.0)
    with pytest.raises(InputError, match="sampled path"):
        find_eclipses(epochs[:1], states[:1])
