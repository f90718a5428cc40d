"""Frozen and low lunar orbits against what their designers and operators published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perilune.dynamics.lunar_gravity import lunar_field, read_gravity_field
from perilune.dynamics.lunar_orbit import SpacecraftForces
from perilune.station.kept_orbits import kept_orbiter
from perilune.station.orbits.low_orbits import (
    LunarElements,
    drift_of,
    freeze,
    frozen_inclination,
    lifetime_d,
    state_of,
)
from perilune.station.orbits.shape_keeping import keep_shape
from perilune.station.spacecraft import LowOrbit
from perilune.times import parse_epoch

EPOCH = 61000.0
FORCES = SpacecraftForces(lunar_field=lunar_field(8))


def _ely(inclination_deg: float) -> LunarElements:
    return LunarElements(
        6541.4, 0.6, np.radians(inclination_deg), 0.0, 0.5 * np.pi, 0.0, "earth orbit"
    )


def test_elys_relay_orbit_stays_frozen() -> None:
    """Ely (2005): a 6541.4 km, e 0.6, i 56.2 deg, argument of perilune 90 deg.

    Two years, 1,330 revolutions, left alone. Seen: the argument stays within 83 to 97 deg, the
    eccentricity within 0.597 to 0.698, the perilune above 240 km.
    """
    drift = drift_of(state_of(_ely(56.2), EPOCH), FORCES, 730.0, 400, "earth orbit")
    assert drift.lifetime_d is None
    assert np.degrees(drift.argument_rad).min() > 75.0
    assert np.degrees(drift.argument_rad).max() < 105.0
    assert drift.eccentricity.min() > 0.5
    assert drift.eccentricity.max() < 0.72


def test_an_orbit_that_is_not_frozen_wanders() -> None:
    """The same at 40 deg: its perilune turns around."""
    drift = drift_of(state_of(_ely(40.0), EPOCH), FORCES, 400.0, 200, "earth orbit")
    assert np.ptp(drift.argument_rad) > np.radians(60.0) or drift.lifetime_d is not None


def test_queqiao_2_flies_at_the_frozen_inclination() -> None:
    """200 x 16,000 km in 24 h at 62.4 deg. Seen: 62.5 deg, 24.3 h."""
    axis, eccentricity = 0.5 * (1937.4 + 17737.4), 15800.0 / 19674.8
    orbit = LunarElements(axis, eccentricity, 1.0, 0.0, 0.5 * np.pi, 0.0, "earth orbit")
    assert orbit.period_d * 24.0 == pytest.approx(24.0, abs=0.5)
    assert np.degrees(frozen_inclination(axis, eccentricity)) == pytest.approx(62.4, abs=0.3)


def test_the_search_freezes_better_than_the_formula() -> None:
    """Seen: 53.0 deg, where the formula says 52.4; over two years the argument stays in 5 deg."""
    frozen = freeze(_ely(50.0), EPOCH, FORCES, days=45.0)
    assert np.degrees(frozen.inclination_rad) == pytest.approx(52.4, abs=2.5)
    drift = drift_of(state_of(frozen, EPOCH), FORCES, 200.0, 200, "earth orbit")
    wild = drift_of(state_of(_ely(56.2), EPOCH), FORCES, 200.0, 200, "earth orbit")
    assert np.ptp(drift.eccentricity) < 0.8 * np.ptp(wild.eccentricity)
    assert np.degrees(np.ptp(drift.argument_rad)) < 12.0


def test_apollo_16s_subsatellite_fell_within_weeks(shared_data: Path) -> None:
    """PFS-2, released 1972-04-24 at about 97 x 121 km, 169.3 deg, fell after 35 days.

    Its node is not in the figures at hand, and matters: seen 12 to 47 days under degree 40, by
    node, and 47 at 0 deg. The order is the point: mascons bring such orbits down in weeks.
    """
    field = read_gravity_field(shared_data / "gravity" / "glgm3_150.txt").truncated(30)
    elements = LunarElements(
        1737.4 + 109.0, 0.0065, np.radians(169.3), np.pi, 0.0, 0.0, "moon equator"
    )
    start = state_of(elements, parse_epoch("1972-04-24T21:56"))
    days = lifetime_d(start, SpacecraftForces(lunar_field=field), 100.0)
    assert days is not None
    assert 5.0 < days < 80.0


@pytest.mark.slow
def test_lros_station_keeping(shared_data: Path) -> None:
    """Beckman & Lamb (2007): 50 km, polar, 11 m/s a month.

    Seen under GLGM-3 to degree 50: 10.7, 10.5, 11.3 m/s in three months of 2010.
    """
    field = read_gravity_field(shared_data / "gravity" / "glgm3_150.txt").truncated(50)
    low = LowOrbit.model_validate(
        {"altitude": "50 km", "inclination": "90 deg", "epoch": "2010-01-01"}
    )
    kept = keep_shape(kept_orbiter("LRO", low), SpacecraftForces(lunar_field=field), months=1)
    assert kept.lost == 0
    assert kept.mean_m_s_year / 13.37 == pytest.approx(11.0, abs=1.5)
