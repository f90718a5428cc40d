"""Power: balances by hand, foresight, and the light of orbiters."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from perilune.constants import MOON_RADIUS_KM
from perilune.errors import InputError, UnknownNameError
from perilune.station.coverage import band_points, station_coverage
from perilune.station.coverage_kernels import cover, invert_4
from perilune.station.power import PowerBalance, present, station_power
from perilune.station.power_kernels import balance, reserves, storage_needed
from perilune.station.reading import read_station
from perilune.station.station import Station
from perilune.times import parse_epoch

START = parse_epoch("2030-01-01")
FILE = """\
name: Test
partners: [{id: one, name: One}]
phases:
  - {id: early, name: Early, start: 2028-01-01}
  - {id: late, name: Late, start: 2032-01-01}
sites:
  - {id: base, body: moon, longitude: 0 deg, latitude: 0 deg, height: 0 m}
  - {id: dish, body: earth, mpc: "253"}
orbiters:
  - id: low
    llo: {altitude: 100 km, inclination: 0 deg, epoch: 2030-01-01}
facilities:
  - {id: panels, kind: power, at: base, owner: one, phase: early, solar: {power: 10 kW}}
  - id: cells
    kind: power
    at: base
    owner: one
    battery: {energy: 2 MWh, depth: 50 %, efficiency: 80 %}
  - {id: heart, kind: command, at: base, owner: one, power: 1 kW, priority: 1}
  - {id: lab, kind: laboratory, at: base, owner: one, power: 3 kW, priority: 5}
  - {id: later, kind: laboratory, at: base, owner: one, power: 5 kW, phase: late}
  - id: bus
    kind: relay
    at: low
    owner: one
    power: 400 W
    solar: {power: 1 kW, loss_per_year: 2 %}
  - {id: ground, kind: dish, at: dish, owner: one, power: 100 kW}
"""


def read(folder: Path, text: str = FILE) -> Station:
    path = folder / "station.yaml"
    path.write_text(text)
    return read_station(path)


def run(
    supply: np.ndarray, loads: list[float], storage: float, efficiency: float = 1.0
) -> tuple[np.ndarray, float, float]:
    served, reserve = np.zeros(len(loads)), np.zeros((len(loads), supply.size))
    for k in range(1, len(loads)):
        reserves(supply, sum(loads[:k]), 1.0, storage, efficiency, reserve[k])
    used, kept = np.empty(supply.size), np.empty(supply.size)
    balance(supply, np.array(loads), reserve, 1.0, storage, efficiency, served, used, kept)
    return served, min(storage, float(kept.min())), float((sum(loads) - used).sum())


DAYS = np.tile(np.concatenate([np.full(12, 100.0), np.zeros(12)]), 10)  # W, by hours


def test_a_store_that_lasts_the_night() -> None:
    """20 W for 12 h: 240 Wh; 300 Wh leave 60."""
    served, least, denied = run(DAYS, [20.0], 300.0)
    assert served.tolist() == [240.0]
    assert least == pytest.approx(60.0)
    assert denied == 0.0
    assert storage_needed(DAYS, 20.0, 1.0, 1.0) == pytest.approx(240.0)


def test_losses_of_the_store_count_when_it_fills() -> None:
    """Days leave 80 W over 12 h, half of it kept: 480 Wh for nights of 240. At 60 W: too little."""
    assert storage_needed(DAYS, 20.0, 1.0, 0.5) == pytest.approx(240.0)
    # 40 W of rest by half is 240 Wh a day, a night needs 720: each day lacks 480 more.
    assert storage_needed(DAYS, 60.0, 1.0, 0.5) == pytest.approx(10 * 720.0 - 9 * 240.0)


def test_the_more_important_load_runs_all_night_if_it_can() -> None:
    """100 Wh, loads of 8 W (needs 96) and 20 W: the second one gets what is left, no more."""
    served, _, denied = run(DAYS, [8.0, 20.0], 100.0)
    assert served[0] == 240.0
    assert served[1] == 120.0
    assert denied == pytest.approx(20.0 * 120.0)
    # With 140 Wh: two more hours of each night.
    assert run(DAYS, [8.0, 20.0], 140.0)[0].tolist() == [240.0, 140.0]


def test_a_load_that_cannot_last_gets_the_whole_store() -> None:
    served, least, _ = run(DAYS, [10.0, 1.0], 100.0)
    # Ten hours of each night; the second load none, since each Wh is missing to the first.
    assert served[0] == 220.0
    assert served[1] <= 120.0
    assert least == pytest.approx(0.0)


def test_no_supply_and_no_store() -> None:
    served, least, denied = run(np.zeros(24), [5.0], 0.0)
    assert served.tolist() == [0.0]
    assert (least, denied) == (0.0, 120.0)


def test_a_base_at_the_equator(tmp_path: Path) -> None:
    """Nights of half a synodic month, 354 h less the Sun's disc; 4 kW need 1.41 MWh for one."""
    found = {each.element: each for each in station_power(read(tmp_path), START, START + 118.1)}
    assert set(found) == {"base", "low"}
    base = station_power(read(tmp_path), START, START + 118.1, phase="early")[0]
    assert base.terrain == "sphere (no terrain)"
    assert base.worst_night_d * 24.0 == pytest.approx(353.4, abs=2.0)
    assert base.load_w == 4000.0
    # Four synodic months; the Sun is nearest in January: 1 / 0.984^2.
    assert base.supply_w == pytest.approx(10_000.0 * 0.5 * 1.025, rel=0.02)
    assert base.storage_wh == 1e6
    assert base.storage_needed_wh == pytest.approx(4.0 * 354.0 * 1e3, rel=0.01)
    assert base.margin_w == pytest.approx(1e6 / 354.0 - 4000.0, rel=0.02)
    assert [each.facility for each in base.shed] == ["lab"]
    # Each night 354 kWh are the heart's; the rest of the store runs the lab for 215 h. Three nights
    # are whole; the first and the last, of which the span has parts, the store survives.
    assert base.served_fraction < 1.0
    off = 3.0 * (354.0 - 646.0 / 3.0) / (118.1 * 24.0)
    assert base.shed[0].off_fraction == pytest.approx(off, rel=0.05)
    assert found["base"].load_w == 9000.0


def test_an_equatorial_low_orbit_is_dark_for_its_shadow(tmp_path: Path) -> None:
    """asin(R / r) / pi of each turn, less the half of the penumbra's: 39.5 %."""
    low: PowerBalance = station_power(read(tmp_path), START, START + 10.0, step_d=1.0 / 1440.0)[1]
    exact = 1.0 - math.asin(MOON_RADIUS_KM / (MOON_RADIUS_KM + 100.0)) / math.pi
    assert low.element == "low"
    assert low.sun_fraction == pytest.approx(exact, abs=0.01)
    assert low.worst_night_d * 1440.0 == pytest.approx((1.0 - exact) * 117.9, abs=3.0)
    # Two years old: 4 % less.
    assert low.served_fraction < 1.0


def test_panels_age_from_their_phase_on(tmp_path: Path) -> None:
    text = FILE.replace("at: low\n", "at: low\n    phase: early\n")
    young = station_power(read(tmp_path), START, START + 5.0)[1]
    old = station_power(read(tmp_path, text), START, START + 5.0)[1]
    assert old.supply_w / young.supply_w == pytest.approx(0.98**2.0, abs=2e-4)


def test_phases(tmp_path: Path) -> None:
    station = read(tmp_path)
    assert "later" not in {each.id for each in present(station, "early")}
    assert "later" in {each.id for each in present(station, "late")}
    assert len(present(station, None)) == len(station.facilities)
    with pytest.raises(UnknownNameError, match="early, late"):
        station_power(station, START, START + 1.0, phase="never")
    with pytest.raises(InputError, match="span"):
        station_power(station, START, START)


def test_dilution_of_precision_of_a_known_figure() -> None:
    """One orbiter at the zenith and three at 120 deg on the horizon.

    With a = sum over the four of the rows: by hand the trace of the inverse is 4/3 (the two level
    axes, each of 3/2) + 4/3 + 1/3 (up and clock): GDOP = sqrt(3).
    """
    angles = np.radians([0.0, 120.0, 240.0])
    far = 1e9
    places = [[far, 0.0, 0.0], *([1.0, far * np.cos(a), far * np.sin(a)] for a in angles)]
    orbiters = np.array(places)[:, np.newaxis, :]
    seen, gdop = np.empty((1, 1), dtype=np.int64), np.empty((1, 1))
    cover(np.array([[1.0, 0.0, 0.0]]), orbiters, -1e-6, seen, gdop)
    assert seen[0, 0] == 4
    assert gdop[0, 0] == pytest.approx(math.sqrt(3.0), rel=1e-6)
    cover(np.array([[1.0, 0.0, 0.0]]), orbiters[:3], -1e-6, seen, gdop)
    assert (seen[0, 0], gdop[0, 0]) == (3, math.inf)


def test_inverses() -> None:
    rng = np.random.default_rng(8)
    half = rng.normal(size=(4, 4))
    matrix, inverse = half @ half.T, np.empty((4, 4))
    assert invert_4(matrix, inverse)
    assert np.abs(matrix @ inverse - np.eye(4)).max() < 1e-9
    assert not invert_4(np.ones((4, 4)), inverse)


def test_cover_of_a_cap_by_a_polar_circle(tmp_path: Path) -> None:
    """A point at the pole sees a circle of 2737.4 km as often as acos(R / r) / pi of the time."""
    text = FILE.replace("altitude: 100 km, inclination: 0", "altitude: 1000 km, inclination: 90")
    cap = (-math.pi / 2, math.radians(-89.9))
    found = station_coverage(
        read(tmp_path, text), START, START + 20.0, cap, elevation_mask_rad=0.0, step_d=1 / 1440
    )
    exact = math.acos(MOON_RADIUS_KM / (MOON_RADIUS_KM + 1000.0)) / math.pi
    assert found.seen_fraction == pytest.approx(exact, abs=0.003)
    assert found.worst_fraction <= found.seen_fraction
    assert (found.fourfold_fraction, found.gdop_median) == (0.0, None)
    assert found.orbiters == ("low",)


def test_points_of_a_band_stand_for_equal_areas() -> None:
    points = band_points(-math.pi / 2, 0.0, 50)
    assert np.linalg.norm(points, axis=1) == pytest.approx(MOON_RADIUS_KM)
    # Half of a hemisphere's area lies below 30 deg.
    assert np.mean(points[:, 2] < -0.5 * MOON_RADIUS_KM) == pytest.approx(0.5)


@pytest.mark.parametrize("band", [(0.1, 0.1), (-2.0, 0.0)])
def test_bands_that_are_none(tmp_path: Path, band: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="band"):
        station_coverage(read(tmp_path), START, START + 1.0, band)
