"""Launchers, landers, ways, crews and consumables in the station file, and their faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from planning import HEAD

from perilune.errors import PeriluneError
from perilune.station.faults import StationFileError
from perilune.station.reading import read_station
from perilune.times import parse_epoch

WHOLE = (
    HEAD
    + """\
facilities:
  - {id: hut, kind: habitat, at: base, owner: one, phase: early, mass: 3 t, crew: 4}
  - {id: rod, kind: arm, at: halo, owner: one, phase: late, mass: 1 t, together: mast, left_at: tli}
  - {id: mast, kind: power, at: halo, owner: one, phase: early, mass: 1 t, left_at: tli}
launchers:
  - {id: big, owner: one, to: {tli: 27 t, llo: 9 t}, rate: 1.5 /y, cost: 0.3 GUSD, carries: two}
  - {id: old, owner: [one, two], to: {surface: 1 t}, rate: 2 /year, available: 2030-01-01, seats: 2}
landers:
  - {id: given, owner: one, at: tli, to: surface, payload: 3 t, mass: 6 t, cost: 20000 kUSD}
  - {id: made, owner: two, at: llo, to: surface, dry: 2 t, propellant: 9 t, isp: 320 s, rate: 1 /y}
routes:
  - {at: tli, to: llo, dv: 900 m/s}
crews:
  - {id: crew, at: base, people: 4, start: 2031-01-01, stay: 30 d, every: 60 d, needs: hut}
consumables:
  - {id: water, rate: 3909 g/d, recycled: 90 %, packaging: 5 %}
"""
)


def write(folder: Path, text: str) -> Path:
    path = folder / "station.yaml"
    path.write_text(text)
    return path


def test_what_is_written_comes_in_the_domain_s_units(tmp_path: Path) -> None:
    station = read_station(write(tmp_path, WHOLE))
    big, old = station.launchers
    assert (big.to.tli, big.to.llo, big.to.surface) == (27_000.0, 9000.0, None)
    assert (big.cost, big.rate, big.carries) == ((300.0, "USD"), 1.5, ("two",))
    assert (old.owner, old.rate, old.seats, old.cost) == (("one", "two"), 2.0, 2, None)
    assert old.available is not None
    assert parse_epoch(old.available) == parse_epoch("2030-01-01")
    given, made = station.landers
    assert (given.payload, given.mass, given.cost) == (3000.0, 6000.0, (20.0, "USD"))
    assert (made.dry, made.propellant, made.isp, made.rate) == (2000.0, 9000.0, 320.0, 1.0)
    assert station.routes[0].dv == pytest.approx(0.9)
    crew = station.crews[0]
    assert (crew.people, crew.stay, crew.every, crew.needs) == (4, 30.0, 60.0, ("hut",))
    (water,) = station.consumables
    assert water.rate == pytest.approx(3.909)
    assert water.resupply_kg_d == pytest.approx(3.909 * 0.1 * 1.05)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("tli: 27 t", "tli: 27", 18, "Add the unit: 27 kg"),
        ("tli: 27 t, llo: 9 t", "", 18, "a mass to one place or more"),
        ("tli: 27 t", "tly: 27 t", 18, "Did you mean tli"),
        ("rate: 1.5 /y, ", "", 18, "Add rate"),
        ("rate: 1.5 /y", "rate: 0 /y", 18, "between 0.01 /y and 1000 /y"),
        ("cost: 0.3 GUSD", "cost: 300", 18, "Add the unit: 300 MUSD"),
        ("cost: 0.3 GUSD", "cost: -1 USD", 18, "a cost of 0 or more"),
        ("cost: 0.3 GUSD", "cost: 300 dollars", 18, "a currency's three letters"),
        ("20000 kUSD", "20 MEUR", 21, "costs of several currencies cannot be added"),
        ("carries: two", "carries: tow", 18, "Did you mean two"),
        ("owner: [one, two], to", "owner: [one, six], to", 19, "not the id of a partner"),
        ("id: old", "id: big", 19, "an id stands twice"),
        ("id: old, owner: [one, two], ", "id: old, ", 19, "Add owner"),
        ("2030-01-01, seats", "2030-01-01, until: 2029-01-01, seats", 19, "until not before"),
        ("seats: 2", "seats: -2", 19, "at least 0"),
        (", mass: 6 t", "", 21, "payload and mass, or dry, propellant and isp"),
        ("mass: 6 t", "mass: 6 t, isp: 300 s", 21, "payload and mass, or dry, propellant and isp"),
        ("isp: 320 s", "isp: 320", 22, "Add the unit: 320 s"),
        ("isp: 320 s", "isp: 0 s", 22, "at least 1 s"),
        ("at: llo, to: surface", "at: surface, to: llo", 22, "a place after surface"),
        ("at: llo, to: surface", "at: moon, to: surface", 22, "'leo', 'tli'"),
        ("at: tli, to: llo, dv", "at: llo, to: tli, dv", 24, "a place after llo in to"),
        ("dv: 900 m/s", "dv: 900", 24, "Add the unit: 900 km/s"),
        ("people: 4", "people: 0", 26, "at least 1"),
        ("at: base, people", "at: bse, people", 26, "Did you mean base"),
        ("needs: hut", "needs: hat", 26, "Did you mean hut"),
        ("every: 60 d", "every: 20 d", 26, "every not shorter than stay"),
        ("stay: 30 d", "stay: 0 d", 26, "a stay of some days"),
        ("stay: 30 d", "stop: 2030-01-01, stay: 30 d", 26, "a stop not before the start"),
        ("3909 g/d", "3909 g", 28, "kg/d or g/d"),
        ("recycled: 90 %", "recycled: 190 %", 28, "between 0 % and 100 %"),
        ("together: mast", "together: mats", 15, "Did you mean mast"),
        ("together: mast", "together: hut", 15, "go to different places"),
        ("mast, left_at: tli", "mast, left_at: leo", 15, "the same at and left_at"),
        ("left_at: tli}\n  - {id: mast", "left_at: mars}\n  - {id: mast", 15, "'nrho'"),
        ("mass: 3 t, crew: 4", "mass: 3 t, launched: soon", 14, "a date"),
    ],
)  # fmt: skip
def test_each_fault_names_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in WHOLE
    with pytest.raises(StationFileError) as caught:
        read_station(write(tmp_path, WHOLE.replace(old, new, 1)))
    found = [(each.line, str(each)) for each in caught.value.faults]
    assert any(at == line and words in text for at, text in found), found


def test_all_come_in_one_list(tmp_path: Path) -> None:
    text = WHOLE
    for old, new in (("27 t", "27"), ("isp: 320 s", "isp: none"), ("needs: hut", "needs: hat"),
                     ("dv: 900 m/s", "dv: fast"), ("20000 kUSD", "2 MCNY")):  # fmt: skip
        text = text.replace(old, new)
    with pytest.raises(StationFileError) as caught:
        read_station(write(tmp_path, text))
    assert [each.line for each in caught.value.faults] == [18, 21, 22, 24, 26]


@pytest.mark.parametrize(
    "odd", ["[[]]", "[{}]", "{a: b}", "[1, {id: [x]}]", "[{id: a, together: {b: c}}]", "~", "x"]
)
@pytest.mark.parametrize(
    "part", ["launchers", "landers", "routes", "crews", "consumables", "facilities"]
)
def test_odd_lists_are_faults_and_no_defects(tmp_path: Path, part: str, odd: str) -> None:
    with pytest.raises(PeriluneError):
        read_station(write(tmp_path, f"name: x\n{part}: {odd}\n"))
