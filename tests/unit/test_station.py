"""The station file: sites and orbiters as observers, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perilune.constants import MOON_RADIUS_KM
from perilune.ephemeris import planets
from perilune.errors import InputError, OutOfRangeError, UnknownNameError
from perilune.frames.ecliptic import ecliptic_from_icrf_matrix
from perilune.station.observers import parse_observer
from perilune.station.reading import read_station
from perilune.station.tabulated import TabulatedStates
from perilune.times import format_tdb

FIRST = 61000.0
STATION = """\
name: A station
sites:
  - id: ridge
    body: moon
    longitude: -137 deg
    latitude: -89.45 deg
    height: 1200 m
  - id: dish
    body: earth
    longitude: 0.5 rad
    latitude: 40 deg
    height: 0.1 km
orbiters:
  - id: relay
    state:
      epoch: 2025-11-21T00:00:00@tdb
      center: moon
      frame: icrf
      position: 6541.4 0 0 km
      velocity: 0 500 600 m/s
"""


def write(folder: Path, text: str = STATION) -> Path:
    path = folder / "station.yaml"
    path.write_text(text)
    return path


def circle(epochs: np.ndarray, period_d: float = 2.0) -> np.ndarray:
    """States on a circle of 6000 km about the Moon, km and km/s."""
    phase = 2.0 * np.pi * (epochs - FIRST) / period_d
    rate = 2.0 * np.pi / (period_d * 86400.0)
    zero = np.zeros_like(phase)
    place = 6000.0 * np.stack([np.cos(phase), np.sin(phase), zero], axis=1)
    speed = 6000.0 * rate * np.stack([-np.sin(phase), np.cos(phase), zero], axis=1)
    return np.concatenate([place, speed], axis=1)


def write_oem(path: Path, frame: str = "ICRF", extra: str = "") -> None:
    epochs = FIRST + np.arange(0.0, 1.01, 0.05)
    states = circle(epochs)
    if frame == "ECLIPJ2000":
        states = np.reshape(states.reshape(-1, 3) @ ecliptic_from_icrf_matrix().T, (-1, 6))
    lines = [
        "CCSDS_OEM_VERS = 2.0", "CREATION_DATE = 2025-01-01T00:00:00", "ORIGINATOR = TEST",
        "META_START", "OBJECT_NAME = RELAY", "OBJECT_ID = 2025-001A", "CENTER_NAME = MOON",
        f"REF_FRAME = {frame}", "TIME_SYSTEM = TDB", f"START_TIME = {format_tdb(epochs[0])}",
        f"STOP_TIME = {format_tdb(epochs[-1])}", *extra.split("\n"), "META_STOP",
    ]  # fmt: skip
    for epoch, state in zip(epochs.tolist(), states.tolist(), strict=True):
        numbers = " ".join(f"{value:.12f}" for value in state)
        lines.append(f"{format_tdb(epoch, 6)} {numbers}")
    path.write_text("\n".join(line for line in lines if line) + "\n")


def test_site_on_the_moon(tmp_path: Path) -> None:
    site = parse_observer(f"{write(tmp_path)}:ridge")
    epochs = np.array([FIRST, FIRST + 10.0])
    position_km, _ = site.state(epochs)
    moon_km, _ = planets().state("moon", epochs)
    radius_km = np.linalg.norm(position_km - moon_km, axis=1)
    assert np.abs(radius_km - MOON_RADIUS_KM - 1.2).max() < 1e-6
    assert site.site is not None
    longitude, latitude, height_km = site.site.coordinates()
    assert np.degrees([longitude, latitude]) == pytest.approx([-137.0, -89.45])
    assert height_km == pytest.approx(1.2)


def test_all_elements_are_observers(tmp_path: Path) -> None:
    observers = read_station(write(tmp_path)).observers()
    assert {name: observer.name for name, observer in observers.items()} == {
        "ridge": "ridge",
        "dish": "dish",
        "relay": "relay",
    }


def test_units_are_those_written(tmp_path: Path) -> None:
    dish = parse_observer(f"{write(tmp_path)}:dish")
    assert dish.site is not None
    longitude, latitude, height_km = dish.site.coordinates()
    assert longitude == pytest.approx(0.5)
    assert np.degrees(latitude) == pytest.approx(40.0)
    assert height_km == pytest.approx(0.1)


def test_orbiter_from_a_state_keeps_its_energy_for_an_orbit(tmp_path: Path) -> None:
    relay = parse_observer(f"{write(tmp_path)}:relay")
    epochs = np.array([61000.0, 60999.9, 61000.1])
    position_km, velocity_km_s = relay.state(epochs)
    moon_km, moon_km_s = planets().state("moon", epochs)
    place, speed = position_km - moon_km, velocity_km_s - moon_km_s
    assert np.abs(place[0] - [6541.4, 0.0, 0.0]).max() < 1e-6
    assert np.abs(speed[0] - [0.0, 0.5, 0.6]).max() < 1e-12
    energy = 0.5 * np.sum(speed**2, axis=1) - 4902.8 / np.linalg.norm(place, axis=1)
    # The Earth's tide moves it by some 1e-3 of itself.
    assert np.abs(energy / energy[0] - 1.0).max() < 0.01
    assert relay.site is None


@pytest.mark.parametrize(
    ("extra", "metres"),
    [
        ("", 0.01),  # Hermite of degree 7
        ("INTERPOLATION = HERMITE\nINTERPOLATION_DEGREE = 3", 150.0),
        ("INTERPOLATION = LAGRANGE\nINTERPOLATION_DEGREE = 7", 0.5),
        ("INTERPOLATION = LINEAR", 2e4),
    ],
)
@pytest.mark.parametrize("frame", ["ICRF", "ECLIPJ2000"])
def test_orbiter_by_an_oem_moves_between_its_states(
    tmp_path: Path, frame: str, extra: str, metres: float
) -> None:
    """A circle in steps of 1/40 turn: the interpolation's own error, of the order that is due."""
    write_oem(tmp_path / "relay.oem", frame, extra)
    path = write(tmp_path, "name: A\norbiters:\n  - id: relay\n    oem: relay.oem\n")
    relay = parse_observer(f"{path}:relay")
    epochs = FIRST + np.linspace(0.0, 1.0, 57)
    position_km, velocity_km_s = relay.state(epochs)
    moon_km, moon_km_s = planets().state("moon", epochs)
    true = circle(epochs)
    away_m = 1e3 * np.linalg.norm(position_km - moon_km - true[:, :3], axis=1).max()
    assert away_m < metres
    if metres < 1.0:
        away_m = 1e3 * np.linalg.norm(velocity_km_s - moon_km_s - true[:, 3:], axis=1).max()
        assert away_m < 1e-4
    with pytest.raises(OutOfRangeError, match=r"relay\.oem"):
        relay.state(np.array([FIRST + 1.5]))


def test_unknown_interpolation_is_named(tmp_path: Path) -> None:
    write_oem(tmp_path / "relay.oem", extra="INTERPOLATION = SPLINE")
    path = write(tmp_path, "name: A\norbiters:\n  - id: relay\n    oem: relay.oem\n")
    with pytest.raises(InputError, match="SPLINE"):
        parse_observer(f"{path}:relay")


def test_polynomials_are_reproduced() -> None:
    """Degree 7 by Hermite with four points and by Lagrange with eight, at uneven nodes."""
    nodes = FIRST + np.array([0.0, 0.1, 0.25, 0.3, 0.5, 0.52, 0.7, 0.9, 1.0])
    coefficients = np.random.default_rng(5).normal(size=(3, 8))

    def states(epochs: np.ndarray) -> np.ndarray:
        t = epochs - FIRST
        value = np.stack([np.polynomial.Polynomial(c)(t) for c in coefficients], axis=1)
        rate = np.stack([np.polynomial.Polynomial(c).deriv()(t) for c in coefficients], axis=1)
        return np.concatenate([value, rate / 86400.0], axis=1)

    asked = FIRST + np.linspace(0.0, 1.0, 41)
    for points, is_hermite in ((4, True), (8, False)):
        found = TabulatedStates(nodes, states(nodes), points, is_hermite, "test").at(asked)
        # MJD is rounded to 7e-12 d, slopes are up to 100 a day: 1e-9.
        assert np.abs(found - states(asked)).max() < 1e-8


def test_observers_by_code() -> None:
    assert parse_observer("X05").name.startswith("X05")
    assert parse_observer("500").site is None
    with pytest.raises(InputError, match="station file"):
        parse_observer("C51")
    with pytest.raises(UnknownNameError, match="observatory code"):
        parse_observer("X0")
    with pytest.raises(InputError, match="FILE:ELEMENT"):
        parse_observer("ilrs.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        parse_observer("absent.yaml:ridge")


def test_unknown_elements_come_back_with_near_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="ridge"):
        parse_observer(f"{write(tmp_path)}:ridg")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("latitude: -89.45 deg", "latitude: -89.45", 6, "a number with a unit"),
        ("latitude: -89.45 deg", "latitude: -95 deg", 6, "between -90 deg and 90 deg"),
        ("latitude: -89.45 deg", "latitud: -89.45 deg", 6, "latitud"),
        ("body: moon", "body: mars", 4, "'earth' or 'moon'"),
        ("position: 6541.4 0 0 km", "position: 6541.4 0 km", 19, "3 numbers with a unit"),
        ("velocity: 0 500 600 m/s", "velocity: 0 500 600 m", 20, "km/s or m/s"),
        ("center: moon", "center: pluto", 17, "center"),
        ("    height: 1200 m\n", "", 3, "height"),
        ("id: dish", "id: ridge", 8, "stands twice"),
        ("height: 1200 m", "height: 1200 m\n    height: 1 m", 8, "stands twice"),
        ("id: ridge", "id: 'a:b'", 3, "without colons"),
        ("name: A station", "name: [", 3, "not YAML"),
        ("name: A station", "nam: A station", 1, "nam"),
        ("    state:\n", "    oem: a.oem\n    state:\n", 14, "exactly one of"),
    ],
)
def test_wrong_files_are_refused_with_line_and_field(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    path = write(tmp_path, STATION.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        read_station(path)
    assert words in str(caught.value)
    assert caught.value.file == str(path)
    assert caught.value.line == line


@pytest.mark.parametrize("text", ["", "- a\n", "42\n", "name: {a: 1}\n", "\x00", "a: &x [*x]\n"])
def test_other_texts_are_no_station(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        read_station(write(tmp_path, text))
