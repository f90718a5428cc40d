"""Orbiters by a state: one path for all commands, under the Moon's own field."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perilune.dynamics.lunar_gravity import lunar_field
from perilune.dynamics.lunar_orbit import SpacecraftForces, propagate_spacecraft
from perilune.ephemeris import planets
from perilune.errors import InputError, NotConvergedError
from perilune.station.free_orbits import FreeOrbiter, state_from_moon
from perilune.station.orbiters import PropagatedOrbiter
from perilune.station.paths import orbiter_path
from perilune.station.spacecraft import Orbiter
from perilune.times import parse_epoch

EPOCH = parse_epoch("2030-01-01")


def by_state(position: str, velocity: str, center: str = "moon") -> Orbiter:
    state = {"epoch": "2030-01-01", "center": center, "frame": "icrf"}
    state |= {"position": position, "velocity": velocity}
    return Orbiter.model_validate({"id": "free", "state": state})


@pytest.mark.parametrize("sense", [1.0, -1.0])
def test_a_low_state_flies_under_the_moon_s_field(sense: float) -> None:
    """Before or after its epoch: to a metre as the integrator has it, degree 20; centimetres seen.

    The asteroids' engine, to which the Moon is a point, is 100 km off after ten days.
    """
    orbiter = by_state("1900 0 0 km", "0 1.2 1.08 km/s")
    path = orbiter_path(orbiter, Path())
    assert isinstance(path, FreeOrbiter)
    epochs = EPOCH + sense * np.linspace(0.01, 10.0, 300)
    place_km, speed_km_s = path.state(epochs)
    moon_km, moon_km_s = planets().state("moon", epochs)
    assert orbiter.state is not None
    forces = SpacecraftForces(lunar_field=lunar_field())
    own = propagate_spacecraft(state_from_moon(orbiter.state), forces, epochs).states
    assert np.abs(place_km - moon_km - own[:, :3]).max() < 1e-3
    assert np.abs(speed_km_s - moon_km_s - own[:, 3:]).max() < 1e-6


def test_a_state_on_its_way_down_says_when_it_meets_the_ground() -> None:
    """20 km over the ground in the equator: the field brings it down within some weeks."""
    path = orbiter_path(by_state("1757.4 0 0 km", "0 1.6703 0 km/s"), Path())
    assert np.isfinite(path.state(np.array([EPOCH + 0.5]))[0]).all()
    with pytest.raises(NotConvergedError, match="free meets the ground on 2030-"):
        path.state(np.array([EPOCH + 120.0]))


def test_what_does_not_orbit_the_moon_is_left_to_the_other_engine() -> None:
    far = by_state("149600000 0 0 km", "0 29.8 0 km/s", "sun")
    assert isinstance(orbiter_path(far, Path()), PropagatedOrbiter)


def test_nobody_knows_a_low_orbit_for_years() -> None:
    path = orbiter_path(by_state("1900 0 0 km", "0 1.2 1.08 km/s"), Path())
    with pytest.raises(InputError, match="too far from the state's epoch"):
        path.state(np.array([EPOCH + 2000.0]))
