"""The station file: all faults in one list, quantities, the published schema, the two stations."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from lunar_terrain import pds_label, write_pds

from perilune.constants import MOON_RADIUS_KM
from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.frames.moon import moon_orientation
from perilune.station.faults import StationFileError
from perilune.station.kept_orbits import kept_orbiter
from perilune.station.reading import read_station
from perilune.station.schema import station_schema
from perilune.times import parse_epoch

STATIONS = Path(__file__).resolve().parents[2] / "stations"
WHOLE = """\
name: Test
partners:
  - {id: one, name: One}
  - {id: two, name: Two}
phases:
  - {id: early, name: Early, start: 2030-01-01, stop: 2035-01-01}
sites:
  - {id: base, body: moon, longitude: 0 deg, latitude: -90 deg, height: 0 m, mast: 10 m}
  - {id: dish, body: earth, mpc: "253"}
orbiters:
  - id: relay
    llo: {altitude: 100 km, inclination: 90 deg, epoch: 2030-01-01}
facilities:
  - id: panels
    kind: power
    at: base
    owner: one
    phase: early
    mass: 2 t
    solar: {power: 20 kW}
  - id: lab
    kind: laboratory
    at: base
    owner: [one, two]
    needs: panels
    power: 1.5 kW
    crew: 4
    terminals:
      - {band: X, frequency: 8 GHz, eirp: 30 dBW, eb_n0: 3 dB, data_rate: 2 Mbit/s}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "station.yaml"
    path.write_text(text)
    return path


def faults(folder: Path, *changes: tuple[str, str]) -> list[tuple[int | None, str, str]]:
    """Line, field and text of each fault after changes."""
    text = WHOLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(StationFileError) as caught:
        read_station(write(folder, text))
    return [(each.line, each.field or "", str(each)) for each in caught.value.faults]


def test_quantities_come_in_the_domain_s_units(tmp_path: Path) -> None:
    station = read_station(write(tmp_path, WHOLE))
    base = station.sites[0]
    assert base.latitude == pytest.approx(-math.pi / 2)
    assert base.mast == pytest.approx(0.010)
    panels, lab = station.facilities
    assert panels.mass == 2000.0
    assert panels.solar is not None
    assert panels.solar.power == 20_000.0
    assert lab.power == 1500.0
    assert lab.crew == 4
    assert lab.owner == lab.operators == ("one", "two")
    assert panels.owner == ("one",)
    (terminal,) = lab.terminals
    assert (terminal.frequency, terminal.eirp, terminal.data_rate) == (8e9, 30.0, 2e6)
    assert station.facilities_at("base") == (panels, lab)


def test_a_station_of_the_mpc_s_list_is_a_site(tmp_path: Path) -> None:
    dish = read_station(write(tmp_path, WHOLE)).observer("dish")
    assert dish.site is not None
    longitude, latitude, _ = np.degrees(dish.site.coordinates())
    assert longitude == pytest.approx(-116.89, abs=0.01)
    assert latitude == pytest.approx(35.43, abs=0.01)


def test_all_faults_come_in_one_list_with_their_lines(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        ("height: 0 m, mast: 10 m", "height: 0 m, mast: 10"),  # line 8
        ("stop: 2035-01-01", "stop: 2029-01-01"),  # 6
        ("altitude: 100 km", "altitude: -100 km"),  # 12
        ("    owner: one\n", ""),  # the facility of line 14
        ("mass: 2 t", "mas: 2 t"),  # 18, after the line that went
        ("needs: panels", "needs: panel"),  # 24
        ("owner: [one, two]", "owner: [one, tow]"),  # 23
        ("crew: 4", "crew: -4"),
    )
    assert [line for line, _, _ in found] == [6, 8, 12, 14, 18, 23, 24, 26]
    text = {line: words for line, _, words in found}
    assert "a stop after the start" in text[6]
    assert "Add the unit: 10 m" in text[8]
    assert "the orbit lies inside the Moon" in text[12]
    assert "nobody owns" in text[14]
    assert "Did you mean mass" in text[18]
    assert "Did you mean two" in text[23]
    assert "Did you mean panels" in text[24]
    assert found[1][1] == "sites.base.mast"


def test_what_a_place_and_an_orbit_cannot_be_is_refused_field_by_field(tmp_path: Path) -> None:
    """A wrong inclination beside it must not hide that an orbit lies inside the Moon."""
    found = faults(
        tmp_path,
        ("height: 0 m, mast: 10 m", "height: -1800 km, mast: 30 km"),
        ("longitude: 0 deg", "longitude: 1000 deg"),
        ("altitude: 100 km, inclination: 90 deg", "altitude: -5 km, inclination: 200 deg"),
        ("crew: 4", "crew: 4.5"),
    )
    text = {field: words for _, field, words in found}
    assert set(text) == {
        "sites.base.longitude", "sites.base.height", "sites.base.mast", "facilities.lab.crew",
        "orbiters.relay.llo.altitude", "orbiters.relay.llo.inclination",
    }  # fmt: skip
    assert "between -12 km and 12 km" in text["sites.base.height"]
    assert "the orbit lies inside the Moon" in text["orbiters.relay.llo.altitude"]
    assert "a whole number" in text["facilities.lab.crew"]
    high = faults(tmp_path, ("altitude: 100 km", "altitude: 100000 km"))[0][2]
    assert "sphere of influence" in high


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the station file is empty"),
        ("# only a comment\n", "the station file is empty"),
        ("- a\n- b\n", "a mapping: fields with their values"),
        ("name: x\nsites: {a: 1}\n", "expected a list"),
        ("name: x\nsites: [1]\n", "expected a mapping"),
        ("name: [x]\n", "expected a text"),
        ("name: x\n\tabout: y\n", "Indent by blanks"),
        ("name: x\n<<: 3\n", "<< stands for no mapping"),
        ("name: x\n? [a]\n: b\n", "a key that is no text"),
    ],
)
def test_files_of_another_shape_are_told_in_plain_words(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_station(write(tmp_path, text))
    assert words in str(caught.value)
    assert "Input should" not in str(caught.value)
    assert "dictionary" not in str(caught.value)


def test_yaml_s_anchors_and_merges_share_fields(tmp_path: Path) -> None:
    """`<<: *name` puts another mapping's fields in; a mapping's own go before them."""
    text = WHOLE.replace("  - {id: base, body: moon", "  - &base {id: base, body: moon")
    text = text.replace("  - {id: dish,", "  - {<<: *base, id: second, mast: 5 m}\n  - {id: dish,")
    held = read_station(write(tmp_path, text))
    base, second, _ = held.sites
    assert (second.id, second.latitude, second.mast) == ("second", base.latitude, 0.005)
    wrong = text.replace("height: 0 m, mast: 10 m", "height: 0, mast: 10 m")
    with pytest.raises(StationFileError) as caught:
        read_station(write(tmp_path, wrong))
    assert [each.field for each in caught.value.faults] == [
        "sites.base.height", "sites.second.height",
    ]  # fmt: skip


def test_a_half_life_may_be_written_in_years(tmp_path: Path) -> None:
    text = WHOLE.replace("solar: {power: 20 kW}", "radioisotope: {power: 110 W, half_life: 87.7 y}")
    source = read_station(write(tmp_path, text)).facilities[0].radioisotope
    assert source is not None
    assert source.half_life == pytest.approx(87.7 * 365.25)


def test_the_list_is_what_is_printed(tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE.replace("20 kW", "20").replace("at: base", "at: bas"))
    with pytest.raises(StationFileError) as caught:
        read_station(path)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}: 3 errors."
    assert all(re.match(rf"  {re.escape(str(path))}:\d+, field facilities\.", x) for x in lines[1:])


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("needs: panels", "needs: lab", 25, "circle; found 'lab -> lab'"),
        ("    mass: 2 t", "    needs: lab", 19, "in a circle"),
        ("phase: early", "phase: eraly", 18, "Did you mean early"),
        ("at: base", "at: bse", 16, "Did you mean base"),
        ("mast: 10 m", "terrain: map.tif", 8, "the file is not there"),
        ("mast: 10 m", "horizon: [0 1 deg, 0 2 deg]", 8, "ascending azimuth"),
        ("mast: 10 m", "mpc: '253'", 8, "an mpc code on the Earth"),
        ('mpc: "253"', "mpc: C51", 9, "on the ground"),
        ('mpc: "253"', "latitude: 1 deg", 9, "Add longitude and height"),
        ("altitude: 100 km", "altitude: 100 kn", 12, "'100 km'"),
        ("inclination: 90 deg", "inclination: 190 deg", 12, "between 0 deg and 180 deg"),
        ("llo: {altitude", "oem: a.oem\n    llo: {altitude", 12, "the file is not there"),
        ("eirp: 30 dBW, ", "", 29, "eirp (it sends)"),
        ("eb_n0: 3 dB, ", "", 29, "frequency and eb_n0"),
        ("kind: power", "kind: powr", 15, "'power'"),
        ("id: two", "id: one", 4, "stands twice"),
        ("crew: 4", "crew: four", 27, "a whole number"),
        ("2030-01-01, stop", "soon, stop", 6, "a date"),
        ("mass: 2 t", "mass: 1e999 t", 19, "finite"),
        ("mass: 2 t", "mass: .nan t", 19, "a number with a unit"),
    ],
)  # fmt: skip
def test_each_fault_names_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert any(at == line and words in text for at, _, text in faults(tmp_path, (old, new)))


@pytest.mark.parametrize(
    ("position", "velocity", "words"),
    [
        ("1700 0 0 km", "0 1.6 0 km/s", "a position outside the Moon"),
        ("2000 0 0 km", "0 1.2 0 km/s", "inside its radius of 1737.4 km"),
    ],
)
def test_orbits_inside_the_moon_are_refused(
    tmp_path: Path, position: str, velocity: str, words: str
) -> None:
    state = (
        "state: {epoch: 2030-01-01, center: moon, frame: icrf, "
        f"position: {position}, velocity: {velocity}}}"
    )
    llo = "llo: {altitude: 100 km, inclination: 90 deg, epoch: 2030-01-01}"
    ((line, _, text),) = faults(tmp_path, (llo, state))
    assert line == 12
    assert words in text


def test_a_site_off_its_map_is_a_fault_of_the_file(tmp_path: Path) -> None:
    pytest.importorskip("rasterio")
    write_pds(tmp_path, np.zeros((64, 64), dtype=np.int16), pds_label(64, 240.0))
    (tmp_path / "none.tif").write_text("nothing")
    text = WHOLE.replace("mast: 10 m", "terrain: T.LBL")
    read_station(write(tmp_path, text))
    ((line, field, words),) = faults(
        tmp_path, ("latitude: -90 deg", "latitude: -80 deg"), ("mast: 10 m", "terrain: T.LBL")
    )
    assert (line, field) == (8, "sites.base.terrain")
    assert "no terrain under it" in words
    ((_, _, words),) = faults(tmp_path, ("mast: 10 m", "terrain: none.tif"))
    assert "cannot be read" in words


def test_aliases_cannot_make_it_endless(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 12)]
    with pytest.raises(InputError, match="too large"):
        read_station(write(tmp_path, "\n".join(lines) + "\n"))


def test_lunar_orbits_have_the_shape_that_is_written(tmp_path: Path) -> None:
    frozen = (
        "frozen: {perilune: 200 km, apolune: 16000 km, inclination: 62.4 deg, argument: 90 deg, "
        "anomaly: 180 deg, epoch: 2030-01-01}"
    )
    llo = "llo: {altitude: 100 km, inclination: 90 deg, epoch: 2030-01-01}"
    low = read_station(write(tmp_path, WHOLE)).orbiters[0].llo
    high = read_station(write(tmp_path, WHOLE.replace(llo, frozen))).orbiters[0].frozen
    assert low is not None
    assert high is not None
    epoch = parse_epoch("2030-01-01")
    axes = moon_orientation(epoch).matrix
    state = kept_orbiter("x", low).from_moon(np.array([epoch]))[0]
    # Over the prime meridian's equator, northward.
    assert axes @ state[:3] == pytest.approx([MOON_RADIUS_KM + 100.0, 0.0, 0.0], abs=1e-6)
    assert (axes @ state[3:])[2] == pytest.approx(np.sqrt(4902.8 / 1837.4), rel=1e-5)
    state = kept_orbiter("x", high).from_moon(np.array([epoch]))[0]
    assert np.linalg.norm(state[:3]) == pytest.approx(MOON_RADIUS_KM + 16000.0)
    # At apolune, as far south as the inclination allows.
    assert np.degrees(np.arcsin((axes @ state[:3])[2] / np.linalg.norm(state[:3]))) == (
        pytest.approx(-62.4)
    )
    # In the plane of the Earth's motion the Earth stays near the equator of the orbit's axes.
    flat = high.model_copy(update={"plane": "earth-orbit", "inclination": 0.0})
    state = kept_orbiter("x", flat).from_moon(np.array([epoch]))[0]
    earth_km, earth_km_s = planets().state("earth", epoch)
    moon_km, moon_km_s = planets().state("moon", epoch)
    normal = np.cross(earth_km - moon_km, earth_km_s - moon_km_s)
    assert abs(state[:3] @ normal) / np.linalg.norm(normal) < 1e-6


def test_the_published_schema_is_the_one_of_the_code() -> None:
    published = json.loads((STATIONS / "schema.json").read_text())
    assert published == station_schema()


def test_the_schema_tells_of_units() -> None:
    site = station_schema()["$defs"]["Site"]["properties"]
    pattern = site["mast"]["pattern"]
    assert re.search(pattern, "10 m")
    assert re.search(pattern, "1.5e-2 km")
    assert not re.search(pattern, "10")
    assert not re.search(pattern, "10 deg")


@pytest.mark.parametrize("name", ["ilrs", "gateway"])
def test_the_stations_are_read_and_each_figure_has_its_source(name: str) -> None:
    path = STATIONS / f"{name}.yaml"
    station = read_station(path)
    assert station.partners
    assert station.assumptions
    lines = path.read_text().splitlines()
    # Within the facilities every number with a unit stands on a line, or below a line, with a
    # comment: a source in brackets or the word "assumption".
    quantity = re.compile(r"\d (kg|t|W|kW|MW|kWh|MWh|dBW|dB/K|Mbit/s)\b")
    for number, line in enumerate(lines[lines.index("facilities:") :]):
        if not quantity.search(line.split("#")[0]):
            continue
        near = lines[
            max(0, lines.index("facilities:") + number - 4) : lines.index("facilities:")
            + number
            + 1
        ]
        assert any(re.search(r"#.*(\[[A-Z]\]|assumption)", each) for each in near), line


def test_the_stations_hold_what_their_makers_published() -> None:
    ilrs = read_station(STATIONS / "ilrs.yaml")
    assert {phase.start[:4] for phase in ilrs.phases} == {"2021", "2026", "2031", "2036", "2046"}
    assert {f"ilrs-{k}" for k in range(1, 6)} <= {each.id[:6] for each in ilrs.facilities}
    queqiao = ilrs.element("queqiao-2")
    low, high = MOON_RADIUS_KM + 200.0, MOON_RADIUS_KM + 16000.0
    period_h = 2.0 * math.pi * math.sqrt((0.5 * (low + high)) ** 3 / 4902.8) / 3600.0
    assert period_h == pytest.approx(24.0, abs=0.5)  # CNSA's 24 h
    assert queqiao.id == "queqiao-2"
    gateway = read_station(STATIONS / "gateway.yaml")
    assert {partner.id for partner in gateway.partners} == {"nasa", "esa", "jaxa", "csa", "mbrsc"}
    assert {each.id for each in gateway.facilities} >= {"ppe", "halo", "i-hab", "canadarm3"}
    assert "2026-03-24" in {phase.start for phase in gateway.phases}


def test_stations_are_plain_yaml_for_others_too() -> None:
    for path in STATIONS.glob("*.yaml"):
        assert yaml.safe_load(path.read_text())["name"]
