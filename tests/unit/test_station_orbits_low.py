"""Elements about the Moon, frozen inclinations, lifetimes, and what cannot be asked for."""

from __future__ import annotations

import numpy as np
import pytest

from perilune.dynamics.lunar_gravity import lunar_field
from perilune.dynamics.lunar_orbit import SpacecraftForces
from perilune.errors import InputError
from perilune.station.kept_orbits import kept_orbiter
from perilune.station.orbits.low_orbits import (
    LunarElements,
    drift_of,
    elements_of,
    freeze,
    frozen_inclination,
    lifetime_d,
    lifetimes_by_inclination,
    state_of,
)
from perilune.station.orbits.shape_keeping import keep_shape
from perilune.station.spacecraft import FrozenOrbit, LowOrbit

EPOCH = 61000.0
FORCES = SpacecraftForces(lunar_field=lunar_field())


@pytest.mark.parametrize("plane", ["moon equator", "earth orbit"])
def test_elements_there_and_back(plane: str) -> None:
    given = LunarElements(6541.4, 0.6, 0.98, 0.5, 1.6, 0.7, plane)  # type: ignore[arg-type]
    state = state_of(given, EPOCH)
    assert given.perilune_km < np.linalg.norm(state.position_km) < given.apolune_km
    again = elements_of(state, given.plane)
    for name in ("eccentricity", "inclination_rad", "node_rad", "argument_rad", "anomaly_rad"):
        assert getattr(again, name) == pytest.approx(getattr(given, name), abs=1e-10)
    assert again.axis_km == pytest.approx(given.axis_km, abs=1e-7)


def test_the_frozen_inclination_without_the_moons_shape() -> None:
    """Far out the Earth alone rules: cos² i = 0.6 (1 - e²)."""
    assert np.cos(frozen_inclination(20000.0, 0.5)) ** 2 == pytest.approx(0.45, abs=0.01)
    # Near the ground mostly the Moon's shape: towards the critical inclination, 63.4 deg.
    assert np.degrees(frozen_inclination(1800.0, 0.01)) == pytest.approx(63.4, abs=2.0)


def test_low_orbits_fall_by_inclination() -> None:
    """30 km: seen 1 to 20 days at the equator and 45 deg; and none in two days at 200 km."""
    lives = lifetimes_by_inclination(30.0, np.radians([0.0, 45.0]), EPOCH, FORCES, 40.0)
    assert all(life is not None and 0.5 < life < 40.0 for life in lives)
    high = LunarElements(1937.4, 1e-3, 1.5, 0.0, 0.0, 0.0, "moon equator")
    told: list[float] = []
    lived = lifetime_d(state_of(high, EPOCH), FORCES, 2.0, lambda part, _: told.append(part))
    assert lived is None
    assert told == [1.0]


def test_a_drift_ends_on_the_ground() -> None:
    low = LunarElements(1760.0, 1e-3, 0.1, 0.0, 0.0, 0.0, "moon equator")
    drift = drift_of(state_of(low, EPOCH), FORCES, 30.0, 100, "moon equator")
    assert drift.lifetime_d is not None
    assert drift.epoch_mjd_tdb.max() <= EPOCH + drift.lifetime_d


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(InputError, match="not those of an ellipse"):
        LunarElements(6541.4, 1.2, 0.9, 0.0, 0.0, 0.0, "earth orbit")
    with pytest.raises(InputError, match="through the Moon"):
        LunarElements(3000.0, 0.6, 0.9, 0.0, 0.0, 0.0, "earth orbit")
    with pytest.raises(InputError, match="no such plane"):
        state_of(LunarElements(6541.4, 0.6, 0.9, 0.0, 0.0, 0.0, "equator"), EPOCH)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="90 or 270"):
        freeze(LunarElements(6541.4, 0.6, 0.9, 0.0, 0.0, 0.0, "earth orbit"), EPOCH, FORCES)


def test_keeping_a_shape() -> None:
    """Round orbits only; a point-mass Moon alone leaves nothing to be put back."""
    low = LowOrbit.model_validate(
        {"altitude": "100 km", "inclination": "80 deg", "epoch": "2030-01-01"}
    )
    path = kept_orbiter("low", low)
    alone = keep_shape(path, SpacecraftForces(bodies=("moon",)), months=1)
    assert alone.mean_m_s_year < 0.01
    assert np.isnan(alone.sigma_m_s_year)
    with pytest.raises(InputError, match="needs months"):
        keep_shape(path, FORCES, months=0)
    long = FrozenOrbit.model_validate(
        {
            "perilune": "800 km", "apolune": "8700 km", "inclination": "56 deg",
            "argument": "90 deg", "epoch": "2030-01-01",
        }
    )  # fmt: skip
    with pytest.raises(InputError, match="nearly circular"):
        keep_shape(kept_orbiter("long", long), FORCES)
