"""The spacecraft propagator: partials, events, the ground, errors."""

from __future__ import annotations

import numpy as np
import pytest

from perilune.constants import DAY_S, MOON_RADIUS_KM
from perilune.dynamics.lunar_gravity import lunar_field
from perilune.dynamics.lunar_orbit import (
    Ending,
    Event,
    SpacecraftForces,
    SpacecraftState,
    SunlightPressure,
    find_events,
    propagate_spacecraft,
    states_from,
)
from perilune.ephemeris import planets
from perilune.errors import InputError, OutOfRangeError, UnknownNameError

EPOCH = 61000.25
POINT = SpacecraftForces(bodies=("moon",))
GM_KM3_S2 = planets().constants.gm_major_km3_s2[4]


def _ellipse(perilune_km: float, apolune_km: float) -> SpacecraftState:
    """At apolune."""
    axis = 0.5 * (perilune_km + apolune_km)
    speed = np.sqrt(GM_KM3_S2 * (2.0 / apolune_km - 1.0 / axis))
    return SpacecraftState(
        EPOCH, "moon", np.array([0.0, apolune_km, 0.0]), np.array([0.0, 0.0, speed])
    )


def _period_d(perilune_km: float, apolune_km: float) -> float:
    axis = 0.5 * (perilune_km + apolune_km)
    return float(2.0 * np.pi * np.sqrt(axis**3 / GM_KM3_S2)) / DAY_S


def test_a_kepler_orbit_closes_and_turns_back() -> None:
    start, period = _ellipse(2000.0, 20000.0), _period_d(2000.0, 20000.0)
    path = propagate_spacecraft(start, POINT, EPOCH + period * np.array([0.25, 1.0, 2.5]))
    assert np.abs(path.states[1] - start.vector)[:3].max() < 1e-5
    assert np.linalg.norm(path.states[2, :3]) == pytest.approx(2000.0, abs=1e-6)
    there = SpacecraftState(path.end_mjd_tdb, "moon", path.end_state[:3], path.end_state[3:])
    back = propagate_spacecraft(there, POINT, EPOCH)
    assert np.linalg.norm(back.states[0, :3] - start.position_km) < 1e-4
    assert path.partials is None


def test_rows_between_steps_are_those_of_a_journey_of_their_own() -> None:
    forces = SpacecraftForces(lunar_field=lunar_field(8), earth_zonals=True)
    start = _ellipse(2000.0, 20000.0)
    epochs = EPOCH + np.array([0.0, 0.1, 0.11, 0.5, 0.5, 0.9])
    path = propagate_spacecraft(start, forces, epochs)
    assert np.array_equal(path.states[0], start.vector)
    for epoch, state in zip(epochs[1:], path.states[1:], strict=True):
        alone = propagate_spacecraft(start, forces, epoch)
        assert np.linalg.norm(alone.states[0, :3] - state[:3]) < 1e-6


@pytest.mark.parametrize("origin", ["moon", "earth"])
def test_partials_are_differences(origin: str) -> None:
    forces = SpacecraftForces(
        lunar_field=lunar_field(6),
        earth_zonals=True,
        sunlight=SunlightPressure(30.0, 1000.0, 1.3),
    )
    seen = _ellipse(2500.0, 15000.0)
    vector = states_from("moon", origin, np.array([EPOCH]), seen.vector[np.newaxis])[0]
    start = SpacecraftState(EPOCH, origin, vector[:3], vector[3:])  # type: ignore[arg-type]
    path = propagate_spacecraft(start, forces, EPOCH + 0.8, with_partials=True)
    assert path.partials is not None
    for k, step in enumerate([0.1] * 3 + [1e-4] * 3):
        ends = []
        for sign in (1.0, -1.0):
            moved = vector.copy()
            moved[k] += sign * step
            other = SpacecraftState(EPOCH, start.origin, moved[:3], moved[3:])
            ends.append(propagate_spacecraft(other, forces, EPOCH + 0.8).states[0])
        difference = (ends[0] - ends[1]) / (2.0 * step)
        scale = np.linalg.norm(path.partials[0, :, k])
        assert np.linalg.norm(difference - path.partials[0, :, k]) < 1e-4 * scale


def test_origins_agree() -> None:
    """The same path counted from the Moon and from the Earth: point masses, to 2 mm in 3 days."""
    start = _ellipse(20000.0, 60000.0)
    from_earth = states_from("moon", "earth", np.array([EPOCH]), start.vector[np.newaxis])[0]
    other = SpacecraftState(EPOCH, "earth", from_earth[:3], from_earth[3:])
    epochs = np.array([EPOCH + 3.0])
    ours = propagate_spacecraft(start, SpacecraftForces(), epochs)
    theirs = propagate_spacecraft(other, SpacecraftForces(), epochs)
    turned = states_from("earth", "moon", epochs, theirs.states)
    # DE440's Earth and Moon feel more than this model's point masses, one origin or the other.
    assert np.linalg.norm(ours.states[0, :3] - turned[0, :3]) < 0.1


def test_apsides() -> None:
    start, period = _ellipse(2500.0, 15000.0), _period_d(2500.0, 15000.0)
    epochs, states = find_events(start, POINT, EPOCH + 3.2 * period, Event.APSIS, direction=1)
    assert np.abs(epochs - EPOCH - period * np.array([0.5, 1.5, 2.5])).max() * DAY_S < 1e-3
    assert np.abs(np.linalg.norm(states[:, :3], axis=1) - 2500.0).max() < 1e-6
    both, _ = find_events(start, POINT, EPOCH + 3.2 * period, Event.APSIS, count=3)
    assert both.size == 3


def test_the_plane_through_earth_and_moon() -> None:
    forces = SpacecraftForces()
    epochs, states = find_events(_ellipse(5000.0, 60000.0), forces, EPOCH + 10.0, Event.PLANE)
    assert epochs.size >= 2
    for epoch, state in zip(epochs, states, strict=True):
        earth = np.concatenate(planets().state("earth", epoch))
        moon = np.concatenate(planets().state("moon", epoch))
        line, motion = (moon - earth)[:3], (moon - earth)[3:]
        across = motion - line * (motion @ line) / (line @ line)
        assert abs(state[:3] @ across) / np.linalg.norm(across) < 1e-4


@pytest.mark.parametrize("forward", [1.0, -1.0])
def test_the_ground_ends_a_journey(forward: float) -> None:
    """Kepler's equation gives the moment at which an ellipse into the Moon meets its sphere."""
    start, period = _ellipse(1500.0, 9000.0), _period_d(1500.0, 9000.0)
    axis, eccentricity = 5250.0, 7500.0 / 10500.0
    anomaly = np.arccos((1.0 - MOON_RADIUS_KM / axis) / eccentricity)
    mean = anomaly - eccentricity * np.sin(anomaly)
    expected = EPOCH + forward * period * (np.pi - mean) / (2.0 * np.pi)
    path = propagate_spacecraft(start, POINT, EPOCH + forward * np.array([0.1, 30.0]))
    assert path.ending == Ending.ON_MOON
    assert path.impact_mjd_tdb is not None
    assert abs(path.impact_mjd_tdb - expected) * DAY_S < 1e-3
    assert np.linalg.norm(path.end_state[:3]) == pytest.approx(MOON_RADIUS_KM, abs=1e-6)
    assert np.isfinite(path.states[0]).all()
    assert np.isnan(path.states[1]).all()


def test_a_grazing_pass_is_seen_even_between_steps() -> None:
    period = _period_d(1737.0, 9000.0)
    path = propagate_spacecraft(_ellipse(1737.0, 9000.0), POINT, EPOCH + period)
    assert path.ending == Ending.ON_MOON
    period = _period_d(1737.8, 9000.0)
    path = propagate_spacecraft(_ellipse(1737.8, 9000.0), POINT, EPOCH + period)
    assert path.ending == Ending.REACHED
    assert path.impact_mjd_tdb is None


def test_what_cannot_be_asked_for() -> None:
    start = _ellipse(2500.0, 15000.0)
    with pytest.raises(InputError, match="run away"):
        propagate_spacecraft(start, POINT, EPOCH + np.array([1.0, 0.5]))
    with pytest.raises(InputError, match="run away"):
        propagate_spacecraft(start, POINT, EPOCH + np.array([-1.0, 2.0]))
    with pytest.raises(OutOfRangeError):
        propagate_spacecraft(start, POINT, 1e6)
    inside = SpacecraftState(EPOCH, "moon", np.array([0.0, 0.0, 1000.0]), np.zeros(3))
    broken = SpacecraftState(EPOCH, "moon", np.array([0.0, np.nan, 9e3]), np.zeros(3))
    with pytest.raises(InputError, match="inside the Moon"):
        propagate_spacecraft(inside, POINT, EPOCH + 1.0)
    with pytest.raises(InputError, match="six finite"):
        propagate_spacecraft(broken, POINT, EPOCH + 1.0)
    with pytest.raises(InputError, match="not among the attracting"):
        propagate_spacecraft(start, SpacecraftForces(bodies=("earth",)), EPOCH + 1.0)
    with pytest.raises(UnknownNameError):
        SpacecraftForces(bodies=("moon", "vulcan"))
    with pytest.raises(InputError, match="not negative"):
        SunlightPressure(1.0, 0.0, 1.3)
