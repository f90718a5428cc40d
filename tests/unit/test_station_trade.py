"""Trades of a station: the front against looking at all, known answers, wrong files."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from lunar_terrain import pds_label, polar_heights, write_pds
from trading import FILE, POWER, front_of, opened, write_file

from perilune.errors import InputError
from perilune.station.faults import StationFileError
from perilune.station.light import site_sky
from perilune.station.links import EARTH, station_links
from perilune.station.orbits.report import orbiter_report
from perilune.station.power import station_power
from perilune.station.reading import read_station
from perilune.station.surroundings import site_horizon
from perilune.station.trade.designs import Design
from perilune.station.trade.files import design_text
from perilune.station.trade.pareto import Front, spread
from perilune.station.trade.search import Effort, Search
from perilune.times import parse_epoch

START, STOP = parse_epoch("2036-01-01"), parse_epoch("2036-03-01")
HOUR_D = 1.0 / 24.0


def plainly_better(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether the costs a better b."""
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


@given(arrays(np.float64, st.tuples(st.integers(0, 30), st.integers(1, 4)),
              elements=st.integers(0, 6).map(float)))  # fmt: skip
def test_none_betters_what_is_kept_and_all_else_is_bettered(costs: np.ndarray) -> None:
    front: Front[int] = Front(costs.shape[1])
    rows = [tuple(row) for row in costs.tolist()]
    for k, row in enumerate(rows):
        front.offer(row, k)
    kept_costs, kept = front.sorted()
    assert kept_costs.tolist() == sorted(list(rows[k]) for k in kept)
    for k, row in enumerate(rows):
        assert (k in kept) == (not any(plainly_better(other, row) for other in rows))


@given(arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 3)),
              elements=st.integers(0, 9).map(float)), st.integers(1, 25))  # fmt: skip
def test_spread_points_are_some_of_all_with_the_best(costs: np.ndarray, count: int) -> None:
    kept = spread(costs, count)
    assert len(kept) == len(set(kept)) == min(count, len(costs))
    if count >= costs.shape[1]:
        for goal in range(costs.shape[1]):
            assert costs[kept, goal].min() == costs[:, goal].min()


def by_other_means(folder: Path, search: Search, design: Design) -> tuple[float, float]:
    """Mass and served share of a design as the other commands give them of its own file."""
    file = folder / "design.yaml"
    original = Path(search.designer.file).read_text()
    file.write_text(design_text(search.designer, design, original, ["One design."], folder))
    station = read_station(file)
    assert station.trade is None
    (row,) = [
        each
        for each in station_power(station, START, STOP, phase="use", step_d=HOUR_D)
        if each.element == "base"
    ]
    return sum(each.mass or 0.0 for each in station.facilities), row.served_fraction


def test_the_front_is_that_of_looking_at_all(tmp_path: Path) -> None:
    """60 designs, each written as a file and judged by the other commands' own functions."""
    path = write_file(tmp_path, POWER)
    method, front = front_of(path)
    assert method == "enumeration"
    search = opened(path)
    sizes = [range(len(axis.values)) for axis in search.designer.axes]
    costs = {}
    for design in itertools.product(*sizes):
        mass, served = by_other_means(tmp_path, search, design)
        costs[design] = (mass, -served)
    kept = {d for d, c in costs.items() if not any(plainly_better(o, c) for o in costs.values())}
    assert {each.design for each in front} == kept
    for each in front:
        mass, minus = costs[each.design]
        assert each.goals == pytest.approx((mass, -minus), rel=1e-12)


def test_nsga_comes_near_and_a_seed_repeats(tmp_path: Path) -> None:
    """Of 60 designs NSGA-II may look at 45: most of the front is found, twice the same."""
    pytest.importorskip("pymoo")
    path = write_file(tmp_path, POWER)
    exact = {each.design for each in front_of(path)[1]}
    method, front = front_of(path, evaluations=45)
    assert method == "nsga-ii"
    again = front_of(path, evaluations=45)[1]
    assert [each.design for each in front] == [each.design for each in again]
    assert [each.design for each in front_of(path, 45, seed=2)[1]] != []
    assert len({each.design for each in front} & exact) >= 0.6 * len(exact)


def test_a_store_lasts_the_night_that_it_is_made_for(tmp_path: Path) -> None:
    """Known answer: load times night over depth, with more panels than can be used.

    The night on the equator is the site's own longest one; a kWh is the grid's step.
    """
    trade = """\
trade:
  start: 2036-01-01
  stop: 2036-03-01
  step: 30 min
  variables:
    - {path: facilities.panels.solar.power, choices: [1 MW]}
    - path: facilities.cells.battery.energy
      range: [400 kWh, 480 kWh]
      step: 1 kWh
      mass: 13 kg/kWh
  goals: [{minimize: mass_kg, at: base}]
  constraints: [{quantity: served_fraction, at: base, at_least: 100 %}]
"""
    path = write_file(tmp_path, trade)
    (best,) = front_of(path)[1]
    (base,) = [site for site in read_station(path).sites if site.id == "base"]
    horizon = site_horizon(base, tmp_path)
    sky = site_sky(base.ground(), base.mast, horizon, START, STOP, step_d=0.5 * HOUR_D)
    night_h = 24.0 * sky.longest_night_d
    assert night_h == pytest.approx(0.5 * 29.53 * 24.0, abs=3.0)  # less the Sun's disc
    energy_kwh = float(str(opened(path).designer.axes[1].value(best.design[1])).split()[0])
    # In the steps beside the night a sliver of the Sun on so large a panel is enough.
    assert energy_kwh == pytest.approx(night_h * 1.0 / 0.8, abs=2.0)
    assert best.goals[0] == pytest.approx(100.0 + 1000.0 + 13.0 * energy_kwh)


def test_relays_light_and_orbits_are_those_of_the_other_commands(tmp_path: Path) -> None:
    trade = """\
trade:
  start: 2036-01-01
  stop: 2036-01-06
  step: 10 min
  variables:
    - {count: [second, first], name: relays, range: [0, 2]}
    - {path: sites.base.longitude, choices: [0 deg, 120 deg]}
  goals:
    - {maximize: visible_fraction, between: [base, earth]}
    - {minimize: longest_gap_h, between: [dish, base], direct: true}
    - {maximize: earth_fraction, at: base}
    - {minimize: mass_kg}
"""
    path = write_file(tmp_path, trade)
    search = opened(path)
    station = read_station(path)
    stop = START + 5.0
    links = {
        (each.a, each.b, bool(each.via)): each
        for each in station_links(station, START, stop, step_d=10.0 / 1440.0)
    }
    full = search.look_at((2, 0))
    assert full.goals[0] == pytest.approx(links["base", "dish", True].visible_fraction, abs=1e-9)
    gap_h = 24.0 * links["base", "dish", False].longest_gap_d
    assert full.goals[1] == pytest.approx(gap_h, abs=1e-6)
    assert full.goals[2] == 1.0
    assert full.goals[3] == 1700.0
    far = search.look_at((0, 1))
    assert far.goals[0] == far.goals[2] == 0.0
    assert far.goals[3] == 1100.0
    assert search.look_at((1, 1)).goals[0] > 0.0  # by the relay that is left
    assert EARTH  # with one dish the Earth is that dish


def test_orbits_and_the_ways_to_them(tmp_path: Path) -> None:
    trade = """\
trade:
  start: 2036-01-01
  stop: 2036-01-11
  variables: [{path: orbiters.first.llo.altitude, choices: [100 km, 500 km, 2000 km]}]
  goals:
    - {minimize: arrival_dv_km_s, at: first}
    - {minimize: surface_dv_km_s, at: first}
    - {minimize: eclipse_max_h, at: first}
    - {maximize: lifetime_d, at: first}
"""
    path = write_file(tmp_path, trade)
    search = opened(path)
    low = search.look_at((0,)).goals
    # 100 km is the table's own low orbit.
    assert low[:2] == pytest.approx((0.95, 2.18))
    high = search.look_at((2,)).goals
    # Hohmann's way from 3737.4 to 1837.4 km about 4902.8 km3/s2, by hand.
    gm, r1, r2 = 4902.80, 3737.4, 1837.4
    a = 0.5 * (r1 + r2)
    leave = math.sqrt(gm / r1) - math.sqrt(gm * (2 / r1 - 1 / a))
    enter = math.sqrt(gm * (2 / r2 - 1 / a)) - math.sqrt(gm / r2)
    assert high[1] == pytest.approx(2.18 + leave + enter, abs=1e-4)
    excess2 = (0.95 + math.sqrt(gm / r2)) ** 2 - 2 * gm / r2
    arrive = math.sqrt(excess2 + 2 * gm / r1) - math.sqrt(gm / r1)
    assert high[0] == pytest.approx(arrive, abs=1e-4)
    row = orbiter_report(read_station(path).orbiters[0], tmp_path, days=10.0, samples=0)
    assert search.look_at((1,)).goals[2] == pytest.approx(row.eclipse_max_h)
    assert search.look_at((1,)).goals[3] == pytest.approx(10.0)  # it outlives the span


def test_what_cannot_be_counts_for_nothing(tmp_path: Path) -> None:
    """Some pairs have their perilune over their apolune."""
    orbit = "frozen: {perilune: 1 km, apolune: 9 km, inclination: 60 deg, argument: 90 deg, "
    file = FILE.replace("llo: {altitude: 500 km, inclination: 90 deg, ", orbit, 1)
    trade = """\
trade:
  variables:
    - {path: orbiters.first.frozen.perilune, range: [1 km, 9 km], step: 2 km}
    - {path: orbiters.first.frozen.apolune, range: [1 km, 9 km], step: 2 km}
  goals: [{minimize: arrival_dv_km_s, at: first}]
"""
    path = write_file(tmp_path, trade, file)
    # The file itself must fit together: the ends of each range are tried in it.
    search = opened(path)
    search_front = front_of(path)[1]
    assert search.look_at((4, 0)).is_possible is False
    assert [each.design for each in search_front] == [(0, 4)]


def test_a_site_moves_over_a_map_and_stands_on_its_ground(tmp_path: Path) -> None:
    """A box of longitudes and latitudes, part of it off the map: those places cannot be."""
    pytest.importorskip("rasterio")
    heights = polar_heights(256, 0.24, lambda s, _: 2.0 * (abs(s - 20.0) < 3.0))
    write_pds(tmp_path, (2000.0 * heights).astype("i2"), pds_label(256, 240.0))
    file = FILE.replace("latitude: 0 deg", "latitude: -90 deg").replace(
        "    mast: 2 m\n", "    mast: 2 m\n    terrain: T.LBL\n"
    )
    trade = """\
trade:
  start: 2036-01-01
  stop: 2036-02-01
  step: 1 h
  variables:
    - {path: sites.base.latitude, range: [-90 deg, -88 deg], step: 0.33 deg}
  goals: [{maximize: sun_fraction, at: base}]
"""
    search = opened(write_file(tmp_path, trade, file))
    search.run(Effort(20, 10, 100, 1), lambda _done, _label: None)
    assert [each.is_possible for each in search.outcomes] == [True] * 4 + [False] * 3
    assert "no terrain under it" in str(search.outcomes[-1].reason)
    (best,) = search.front()
    # The Sun never comes to the pole within the rim, but to the rim and the plain outside.
    sun = [each.goals[0] for each in search.outcomes[:4]]
    assert sun[:2] == [0.0, 0.0]
    assert 0.01 < sun[2] < sun[3]
    assert best.design == (3,)
    assert search.designer.content((0,))["sites"][0]["height"] == "0.0 m"
    assert search.designer.content((2,))["sites"][0]["height"] == "2000.0 m"


def test_a_file_keeps_its_comments_where_only_values_change(tmp_path: Path) -> None:
    path = write_file(tmp_path, POWER)
    search = opened(path)
    text = design_text(search.designer, (1, 2, 1), path.read_text(), ["Head."], tmp_path)
    assert text.startswith("# Head.\n")
    assert "# A comment that stays." in text
    assert "longitude: 0 deg         # east" in text
    assert "trade:" not in text
    file = tmp_path / "new.yaml"
    file.write_text(text)
    station = read_station(file)
    masses = {each.id: each.mass for each in station.facilities}
    assert masses["panels"] == pytest.approx(100.0 + 3 * 17.0)
    assert masses["cells"] == pytest.approx(300 * 13.0)
    assert station.sites[0].height == pytest.approx(1.0)


def test_other_files_are_found_from_the_new_folder(tmp_path: Path) -> None:
    oem = "oem: there/path.oem"
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "path.oem").write_text("")
    file = FILE.replace("llo: {altitude: 500 km, inclination: 90 deg, epoch: 2036-01-01}", oem, 1)
    search = opened(write_file(tmp_path, POWER, file))
    text = design_text(search.designer, (0, 0, 0), "", [], tmp_path / "out" / "deep")
    assert "oem: ../../there/path.oem" in text


WRONG = [
    ("path: facilities.panels.solar.power", "path: facilities.panel.solar.power",
     "variables.0.path", "Did you mean facilities.panels.solar.power"),
    ("path: facilities.panels.solar.power", "path: facilities.panels.solar.powers",
     "variables.0.path", "Did you mean facilities.panels.solar.power"),
    ("path: facilities.panels.solar.power", "path: facilities.panels.id", "variables.0.path",
     "no field that may vary"),
    ("range: [1 kW, 9 kW]\n      step: 2 kW", "range: [1, 9]", "variables.0.range", "no unit"),
    ("range: [100 kWh, 600 kWh]\n      step: 100 kWh\n      mass: 13 kg/kWh", "range: [1, 6]",
     "variables.1.range.0", "Add the unit: 1 kWh"),
    ("range: [1 kW, 9 kW]", "range: [1 kW, 9 MW]", "variables.0.range", "one unit"),
    ("range: [1 kW, 9 kW]", "range: [9 kW, 1 kW]", "variables.0.range", "Swap them"),
    ("range: [1 kW, 9 kW]\n      step: 2 kW", "range: [1 kg, 9 kg]", "variables.0.mass",
     "12 kg/kg"),
    ("range: [1 kW, 9 kW]", "range: [1 kW]", "variables.0.range", "two quantities"),
    ("step: 2 kW", "step: 2 km", "variables.0.step", "does not fit"),
    ("step: 2 kW", "step: 1e-9 kW", "variables.0.step", "too many steps"),
    ("mass: 17 kg/kW", "mass: 17 kg", "variables.0.mass", "no mass of a unit"),
    ("mass: 17 kg/kW", "mass: 17 kg/kW\n      mass_of: panel", "variables.0.mass_of",
     "no facility"),
    ("- {latitude: 0 deg}", "- {latitude: 0}", "variables.2.choices.0", "Add the unit: 0 deg"),
    ("- {latitude: 0 deg}", "- {lattitude: 0 deg}", "variables.2.choices.0", "no such field"),
    ("- {latitude: 0 deg}", "- {latitude: 95 deg}", "variables.2.choices.0", "between"),
    ("    - path: sites.base\n", "    - {path: sites.base.latitude, choices: [1 deg]}\n"
     "    - path: sites.base\n", "variables.3.path", "set the same field"),
    ("minimize: mass_kg", "minimize: mass", "goals.0.minimize", "mass_kg"),
    ("minimize: mass_kg", "minimize: mass_kg, maximize: mass_kg", "goals.0", "exactly one"),
    ("served_fraction, at: base", "served_fraction, at: bass", "goals.1.at", "Did you mean base"),
    ("served_fraction, at: base", "served_fraction, at: dish", "goals.1.at", "not the id of"),
    ("served_fraction, at: base", "served_fraction, at: second", "goals.1.at",
     "neither sources nor loads"),
    ("served_fraction, at: base", "stability, at: first", "goals.1.at", "family llo have none"),
    ("served_fraction, at: base", "sun_fraction, at: first", "goals.1.at", "a site on the Moon"),
    ("served_fraction, at: base", "sun_fraction", "goals.1.maximize", "one of a site on the Moon"),
    ("served_fraction, at: base", "visible_fraction, at: base", "goals.1.maximize",
     "one of a link"),
    ("served_fraction, at: base", "visible_fraction, between: [base, mars]",
     "goals.1.between.1", "no end of a link"),
    ("served_fraction, at: base", "visible_fraction, between: [dish, earth]",
     "goals.1.between", "no link between"),
    ("phase: use", "phase: user", "trade.phase", "Did you mean use"),
    ("step: 1 h", "step: 1", "trade.step", "Add the unit"),
    ("  goals:\n", "  constraints: [{quantity: mass_kg, at_most: 4 km}]\n  goals:\n",
     "constraints.0.at_most", "kg or t"),
    ("  goals:\n", "  constraints: [{quantity: mass_kg}]\n  goals:\n", "constraints.0",
     "exactly one of at_least"),
    ("    - path: sites.base\n", "    - {count: [frist]}\n    - path: sites.base\n",
     "variables.2.count", "Did you mean first"),
    ("    - path: sites.base\n", "    - {count: [first], range: [0, 2]}\n    - path: sites.base\n",
     "variables.2.range", "within 0 to 1"),
    ("    - path: sites.base\n", "    - {count: [base]}\n    - path: sites.base\n",
     "goals.1.maximize", "may leave this out"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "field", "words"), WRONG)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, right: str, wrong: str, field: str, words: str
) -> None:
    assert right in POWER
    with pytest.raises(InputError) as caught:
        opened(write_file(tmp_path, POWER.replace(right, wrong)))
    faults = getattr(caught.value, "faults", (caught.value,))
    (fault,) = [each for each in faults if str(each.field).endswith(field)]
    assert words in str(fault)
    assert fault.line is not None
    assert fault.line > FILE.count("\n")


def test_all_faults_come_in_one_list(tmp_path: Path) -> None:
    text = POWER.replace("panels.solar", "panel.solar").replace("at: base", "at: bass")
    with pytest.raises(StationFileError) as caught:
        opened(write_file(tmp_path, text, FILE))
    assert len(caught.value.faults) == 2


def test_without_a_trade(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no trade"):
        opened(write_file(tmp_path, ""))
