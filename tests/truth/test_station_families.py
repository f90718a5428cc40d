"""Orbiters by family: where a station's design puts them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perilune.ephemeris import planets
from perilune.errors import NotConvergedError
from perilune.frames.moon import moon_orientation
from perilune.station.kept_families import PeriodicOrbiter
from perilune.station.station import read_station
from perilune.times import parse_epoch

START = parse_epoch("2030-01-01")
SYNODIC_D = 29.530588


def orbiter(folder: Path, family: str) -> PeriodicOrbiter:
    file = folder / "station.yaml"
    file.write_text(
        "name: Test\nsites: []\norbiters:\n"
        f"  - {{id: x, {family.replace('EPOCH', 'epoch: 2030-01-01')}}}\n"
    )
    found = read_station(file).observer("x")
    assert isinstance(found, PeriodicOrbiter)
    return found


def from_moon(found: PeriodicOrbiter, epochs: np.ndarray) -> np.ndarray:
    return np.asarray(found.state(epochs)[0] - planets().state("moon", epochs)[0])


def test_gateway_s_orbit(tmp_path: Path) -> None:
    """The 9:2 NRHO of validation.md: 3,248 to 71,220 km in a month of 384,400 km.

    The frame pulsates from 356,400 to 406,700 km, and so do these: by -7.3 to +5.8 %.
    """
    found = orbiter(tmp_path, 'nrho: {point: L2, branch: south, resonance: "9:2", EPOCH}')
    assert found.orbit.period_d == pytest.approx(SYNODIC_D * 2.0 / 9.0, rel=1e-9)
    epochs = START + np.arange(0.0, 365.0, 1.0 / 96.0)
    away = from_moon(found, epochs)
    distance = np.linalg.norm(away, axis=1)
    assert distance.min() > 0.92 * 3248.0
    assert distance.min() < 3248.0
    assert 71220.0 < distance.max() < 1.06 * 71220.0
    # At its farthest on the epoch, and nearly the whole time over the south.
    assert distance[0] == distance[: 96 * 3].max()
    latitude = np.arcsin(moon_orientation(epochs).to_fixed(away)[:, 2] / distance)
    assert np.mean(latitude < 0.0) > 0.97
    # Nine rounds in two synodic months, ten years later as well.
    later = START + 124.0 * SYNODIC_D
    assert np.linalg.norm(from_moon(found, np.array([later]))[0]) > 0.9 * 71220.0


def test_a_distant_retrograde_orbit(tmp_path: Path) -> None:
    """2:1 with the synodic month, 14.77 d; in the Moon's orbit plane, backwards."""
    found = orbiter(tmp_path, 'dro: {resonance: "2:1", EPOCH}')
    assert found.orbit.period_d == pytest.approx(14.765, abs=0.01)
    assert found.orbit.jacobi == pytest.approx(2.922538, abs=1e-4)
    epochs = START + np.arange(0.0, 14.7, 0.05)
    away = from_moon(found, epochs)
    earth = planets().state("earth", epochs)[0] - planets().state("moon", epochs)[0]
    velocity = planets().state("earth", epochs)[1] - planets().state("moon", epochs)[1]
    normal = np.cross(earth, velocity)
    normal /= np.linalg.norm(normal, axis=1)[:, np.newaxis]
    assert np.abs(np.sum(away * normal, axis=1)).max() < 1.0
    turns = np.cross(away[:-1], away[1:])
    assert (np.sum(turns * normal[1:], axis=1) < 0.0).all()


@pytest.mark.parametrize(
    "family",
    [
        "halo: {point: L1, branch: north, period: 11.5 d, EPOCH}",
        "halo: {point: L2, branch: south, period: 14.2 d, EPOCH}",
        "butterfly: {branch: south, period: 14 d, EPOCH}",
    ],
)
def test_other_families(tmp_path: Path, family: str) -> None:
    """The epoch is a passage through the farthest point, on the branch's side of the plane."""
    found = orbiter(tmp_path, family)
    period_d = found.orbit.period_d
    epochs = START + np.linspace(0.0, period_d, 2000)[:-1]
    own = found.table.at(
        ((np.linspace(0.0, 1.0, 2000)[:-1] + found.farthest) % 1.0) * found.orbit.period / 86400.0
    )
    away = own[:, :3] - np.array([1.0 - found.orbit.system.mass_ratio, 0.0, 0.0])
    distance = np.linalg.norm(away, axis=1)
    assert distance[0] == pytest.approx(distance.max(), rel=1e-4)
    assert (away[0, 2] > 0.0) == ("north" in family)
    assert np.isfinite(from_moon(found, epochs)).all()


def test_the_table_leaves_metres(tmp_path: Path) -> None:
    """Against the integrator's own states between the samples, where an NRHO is fastest."""
    found = orbiter(tmp_path, 'nrho: {point: L2, branch: south, resonance: "9:2", EPOCH}')
    phase = np.sort(np.concatenate([np.linspace(0.48, 0.52, 101), np.linspace(0.01, 0.99, 97)]))
    direct = found.orbit.states(phase)
    table = found.table.at(phase * found.orbit.period / 86400.0)
    assert np.abs(table[:, :3] - direct[:, :3]).max() * 384_400_000.0 < 5.0


def test_a_member_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(NotConvergedError, match="periods from"):
        orbiter(tmp_path, "dro: {period: 400 d, EPOCH}")
