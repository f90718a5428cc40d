"""Periodic orbits carried into the ephemeris."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from perilune.dynamics.lunar_orbit import Event, SpacecraftState, propagate_spacecraft
from perilune.dynamics.lunar_orbit_rotating import epochs_of_phase, rotating_frame
from perilune.dynamics.three_body_families import family, member
from perilune.ephemeris import planets
from perilune.errors import InputError, NotConvergedError, OutOfRangeError
from perilune.station.orbits.flown import periodic_orbit, reference_orbit
from perilune.station.orbits.shooting import carry_into_ephemeris
from perilune.station.spacecraft import Orbiter
from perilune.times import parse_epoch


def test_the_frame_holds_the_earth_and_the_moon() -> None:
    epochs = 61000.0 + np.arange(5.0) * 7.0
    frame = rotating_frame(epochs)
    earth = np.concatenate(planets().state("earth", epochs), axis=1)
    moon = np.concatenate(planets().state("moon", epochs), axis=1)
    seen = frame.from_moon_icrf(earth - moon)
    assert np.abs(seen[:, 0] + frame.distance_km).max() < 1e-6
    assert np.abs(seen[:, 1:3]).max() < 1e-6
    assert np.abs(seen[:, 3] + frame.distance_rate_km_s).max() < 1e-12
    assert np.abs(seen[:, 4:]).max() < 1e-12


def test_there_and_back_through_the_frame() -> None:
    epochs = 61000.0 + np.arange(3.0)
    frame = rotating_frame(epochs)
    own = np.array([[1.02, 0.01, -0.18, 0.02, -0.10, 0.03]] * 3)
    seen = frame.from_moon_icrf(frame.moon_icrf_of(own, 0.0121505856))
    place = (own[:, :3] - [1.0 - 0.0121505856, 0.0, 0.0]) * frame.distance_km[:, np.newaxis]
    assert np.abs(seen[:, :3] - place).max() < 1e-9
    speed = frame.distance_km * frame.rate_rad_s
    drift = frame.distance_rate_km_s[:, np.newaxis] * place / frame.distance_km[:, np.newaxis]
    assert np.abs(seen[:, 3:] - drift - own[:, 3:] * speed[:, np.newaxis]).max() < 1e-12


def test_the_phase_keeps_the_span() -> None:
    epochs = epochs_of_phase(61000.0, 30.0, np.array([0.0, 0.5, 1.0]))
    assert epochs[0] == 61000.0
    assert epochs[2] == 61030.0
    assert 0.01 < abs(epochs[1] - 61015.0) < 2.0


@pytest.mark.parametrize(
    ("name", "point", "wish", "revolutions"),
    [
        ("dro", None, {"resonance": (2, 1)}, 20),
        ("halo", 2, {"period_d": 14.0}, 20),
        ("halo", 1, {"perilune_km": 40000.0}, 10),
        ("lyapunov", 2, {"period_d": 15.0}, 6),
        ("butterfly", 2, {"period_d": 14.0}, 6),
    ],
)
def test_every_family_flies(name: str, point: int | None, wish: dict, revolutions: int) -> None:  # type: ignore[type-arg]
    orbit = member(family(name, point), **wish)  # type: ignore[arg-type]
    reference = carry_into_ephemeris(orbit, 61000.0, revolutions)
    assert reference.gap_km < 1e-4
    assert reference.period_d == pytest.approx(orbit.period_d, rel=0.01)
    assert reference.perilunes_km.min() > 0.7 * orbit.perilune_km
    assert reference.apolunes_km.max() < 1.2 * orbit.apolune_km
    # Free flight of a revolution follows it.
    k = 8
    state = reference.states[0]
    start = SpacecraftState(float(reference.epoch_mjd_tdb[0]), "moon", state[:3], state[3:])
    path = propagate_spacecraft(start, reference.forces, reference.epoch_mjd_tdb[k])
    away_km = float(np.linalg.norm(path.states[0, :3] - reference.states[k, :3]))
    assert away_km < 1e-3 * max(orbit.stability, 1.0)
    epochs, _ = reference.events(Event.PLANE)
    assert np.all(np.diff(epochs) > 0.1)


def test_next_to_a_resonance_with_the_month_it_grows_or_takes_another_phase() -> None:
    """3:2 with the month: all twelve revolutions at once stay 10,000 km apart."""
    orbit = member(family("dro"), resonance=(3, 2))
    reference = carry_into_ephemeris(orbit, 61006.825, 12)
    assert reference.gap_km < 1e-4
    assert abs(float(reference.epoch_mjd_tdb[0]) - 61006.825) < 0.55 * orbit.period_d
    assert reference.period_d == pytest.approx(orbit.period_d, rel=0.01)
    assert reference.perilunes_km.min() > 0.7 * orbit.perilune_km


def orbiter(**which: object) -> Orbiter:
    chosen = {"point": "L1", "branch": "south", "epoch": "2031-01-01", **which}
    return Orbiter.model_validate({"id": "relay", "nrho": chosen})


def test_a_lyapunov_orbit_may_stand_in_a_station_file() -> None:
    """About L1 in the plane of the Moon's own motion: 95 km off it seen, of 98,000 km across."""
    chosen = {"point": "L1", "period": "13 d", "epoch": "2031-01-01"}
    held = Orbiter.model_validate({"id": "planar", "lyapunov": chosen})
    assert held.family == "lyapunov"
    assert periodic_orbit(held).period_d == pytest.approx(13.0)
    epoch = parse_epoch("2031-01-01")
    flown = reference_orbit(held, epoch, epoch + 20.0)
    frame = rotating_frame(flown.epoch_mjd_tdb)
    own = frame.from_moon_icrf(flown.states)
    assert np.abs(own[:, 2]).max() < 500.0
    assert flown.gap_km < 1e-4


def test_a_member_that_is_not_there_or_not_alone_is_told_with_its_orbiter() -> None:
    with pytest.raises(
        NotConvergedError, match=r"The orbiter relay: No member .* 7\.8\d\d to 9\.3"
    ):
        periodic_orbit(orbiter(resonance="4:1"))
    with pytest.raises(InputError, match="Choose it by its perilune") as caught:
        periodic_orbit(orbiter(period="8 d"))
    assert caught.value.field == "orbiters.relay.nrho"
    assert periodic_orbit(orbiter(perilune="5000 km")).perilune_km == pytest.approx(6737.4)
    with pytest.raises(ValidationError, match="exactly one of resonance, period and perilune"):
        orbiter(perilune="5000 km", period="8 d")


def test_arcs_with_several_apses_are_carried_to_their_end() -> None:
    """Far out a butterfly of 20 days comes nearer to the Moon more than once between two nodes."""
    chosen = {"branch": "south", "period": "20 d", "epoch": "2030-01-01"}
    relay = Orbiter.model_validate({"id": "relay", "butterfly": chosen})
    epoch = parse_epoch("2030-01-01")
    assert reference_orbit(relay, epoch, epoch + 30.0).gap_km < 1e-4


def test_what_cannot_be_asked_for() -> None:
    orbit = member(family("nrho"), resonance=(9, 2))
    with pytest.raises(InputError, match="needs revolutions"):
        carry_into_ephemeris(orbit, 61000.0, 0)
    with pytest.raises(InputError, match="too narrow"):
        carry_into_ephemeris(orbit, 61000.0, 2, perilune_band_km=(3200.0, 3201.0))
    reference = carry_into_ephemeris(orbit, 61000.0, 2)
    with pytest.raises(OutOfRangeError):
        reference.at(np.array([60000.0]))
