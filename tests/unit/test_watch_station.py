"""`perilune watch FILE`: the station's light and links now, who sees what, what falls near it."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from watching import fill_inbox

from perilune.catalogue import all_stations, open_database
from perilune.cli.main import main
from perilune.determination.sky_path import sky_path
from perilune.dynamics import solar_system
from perilune.orbits import catalogue
from perilune.station.light import site_sky
from perilune.station.links import station_links
from perilune.station.reading import read_station
from perilune.station.surroundings import site_horizon
from perilune.times import format_utc, parse_epoch
from perilune.watch.cycle import run_cycle
from perilune.watch.journal import Journal
from perilune.watch.site_hazard import ground_km
from perilune.watch.work import CycleSettings

NOW = "2032-12-10"
FILE = """\
name: Eyes
partners: [{id: one, name: One}]
phases:
  - {id: early, name: Early, start: 2030-01-01}
  - {id: late, name: Late, start: 2040-01-01}
sites:
  - {id: base, body: moon, longitude: 315 deg, latitude: -33 deg, height: 0 m}
  - {id: far, body: moon, longitude: 180 deg, latitude: 60 deg, height: 0 m}
  - {id: dish, body: earth, mpc: "253"}
  - {id: rubin, body: earth, mpc: X05}
orbiters:
  - {id: scope, llo: {altitude: 300 km, inclination: 60 deg, epoch: 2032-12-01}}
facilities:
  - {id: big, kind: telescope, at: base, owner: one, phase: early, telescope: {limit: 28 mag}}
  - {id: small, kind: telescope, at: base, owner: one, phase: late, telescope: {limit: 12 mag}}
  - {id: eye, kind: telescope, at: scope, owner: one, telescope: {sun_elongation: 20 deg}}
  - {id: antenna, kind: dish, at: dish, owner: one}
"""


@pytest.fixture
def station(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A station file; the catalogue holds two objects, and its database is new."""
    objects = tuple(catalogue.find(name) for name in ("2024 YR4", "Ceres"))
    monkeypatch.setattr(catalogue, "orbits", lambda: objects)
    monkeypatch.setenv("PERILUNE_DATABASE", str(tmp_path / "catalogue.db"))
    file = tmp_path / "eyes.yaml"
    file.write_text(FILE)
    return file


def _watch(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert main(["watch", *arguments, "--years", "1", "--now", NOW, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_cycle_tells_of_the_station(
    station: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    envelope = _watch(capsys, str(station), "--log", str(log))
    data = envelope["data"]
    found = data["station"]
    assert found["name"] == "Eyes"
    assert "station" not in data["cycle"]["steps"]
    assert data["failures"] == []
    _check_light(station, found["light"])
    _check_links(station, found["links"])
    _check_sightings(station, found["sightings"])
    (hazard,) = found["hazards"]
    assert (hazard["object"], hazard["site"], hazard["body"]) == ("2024 YR4", "base", "moon")
    impacts = [v for row in data["risk"] for v in row["virtual_impactors"]]
    (impact,) = [v for v in impacts if v["epoch_utc"] == hazard["epoch_utc"]]
    assert hazard["impact_probability"] == impact["impact_probability"]
    # On a sphere, by the law of cosines.
    own, there = (
        (math.radians(315.0), math.radians(-33.0)),
        [math.radians(impact[name]) for name in ("longitude_deg", "latitude_deg")],
    )
    cosine = math.sin(own[1]) * math.sin(there[1]) + math.cos(own[1]) * math.cos(
        there[1]
    ) * math.cos(own[0] - there[0])
    assert hazard["distance_km"] == pytest.approx(1737.4 * math.acos(cosine), abs=0.1)
    assert envelope["units"]["station.hazards.distance_km"].startswith("km")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    (step,) = [each for each in events if each.get("step") == "station"]
    assert step["sightings"] == len(found["sightings"])
    # Kept in the catalogue, for the page.
    opened = open_database(str(tmp_path / "catalogue.db"))
    with opened.read() as connection:
        assert [each.slug for each in all_stations(connection)] == ["eyes"]
    opened.close()


def _check_light(file: Path, rows: list[dict[str, Any]]) -> None:
    assert [row["element"] for row in rows] == ["base", "far", "scope"]
    station, now = read_station(file), parse_epoch(NOW)
    site = station.sites[0]
    horizon = site_horizon(site, file.parent)
    sky = site_sky(site.ground(), site.mast, horizon, now, now + 30.0, step_d=1.0 / 1440.0)
    assert rows[0]["sun_fraction"] == pytest.approx(sky.sun[0, 0], abs=1e-9)
    assert rows[0]["sun_altitude_deg"] == pytest.approx(math.degrees(sky.sun[0, 1]), abs=1e-6)
    lit = sky.sun[:, 0] > 0.0
    first = now + float(np.argmax(lit != lit[0])) / 1440.0
    # The step is 20 minutes.
    assert 0.0 <= parse_epoch(rows[0]["sun_changes_utc"]) - first <= 20.0 / 1440.0
    assert rows[0]["earth_is_up"] is True
    assert rows[0]["earth_changes_utc"] is None
    assert rows[1]["earth_is_up"] is False
    assert rows[2]["sun_altitude_deg"] is None


def _check_links(file: Path, rows: list[dict[str, Any]]) -> None:
    """The share of sight in the first minutes tells what is in sight now."""
    now = parse_epoch(NOW)
    brief = station_links(read_station(file), now, now + 0.001, step_d=0.0001)
    seen = {(each.a, each.b, bool(each.via)): each.visible_fraction for each in brief}
    assert {(row["a"], row["b"], bool(row["via"])) for row in rows} == set(seen)
    for row in rows:
        fraction = seen[row["a"], row["b"], bool(row["via"])]
        if fraction in (0.0, 1.0):
            assert row["in_sight"] is (fraction == 1.0)


def _check_sightings(file: Path, rows: list[dict[str, Any]]) -> None:
    eyes = [(row["element"], row["telescope"]) for row in rows if row["object"] == "2024 YR4"]
    # The dish is no observatory, although the MPC has a code for it.
    assert eyes == [("base", "big"), ("base", "small"), ("rubin", "X05"), ("scope", "eye")]
    assert {row["why"] for row in rows} == {"risk"}
    station, orbit = read_station(file), catalogue.find("2024 YR4")
    epochs = parse_epoch(NOW) + 15.0 / 1440.0 * np.arange(97.0)
    for row in rows:
        # The same by the ephemeris, which flies the orbit anew, with its uncertainty.
        path = sky_path(solar_system(), orbit, station.observer(row["element"]), epochs)
        assert row["v_mag"] == pytest.approx(path.magnitude[0], abs=1e-3)
        elongation = np.degrees(path.elongation_rad)
        assert row["elongation_deg"] == pytest.approx(elongation[0], abs=0.02)
        good = np.ones(97, dtype=bool)
        if path.altitude_rad is not None:
            altitude = np.degrees(path.altitude_rad)
            assert row["altitude_deg"] == pytest.approx(altitude[0], abs=1e-3)
            good &= altitude > (20.0 if row["element"] == "rubin" else 0.0)
        if row["element"] == "base":
            good &= elongation >= 45.0
        if row["limit_mag"] is not None:
            good &= path.magnitude <= row["limit_mag"]
        assert row["is_visible"] <= bool(good[0])
        if not good.any():
            assert row["from_utc"] is None
            assert row["reason"]
        if row["telescope"] == "big":
            assert row["is_visible"] is bool(good[0])
            assert row["planned_from"] is None
            if good.any():
                assert row["from_utc"] == format_utc(float(epochs[np.argmax(good)]), 0)
        if row["telescope"] == "small":
            assert row["planned_from"] == "2040-01-01"
            assert "too faint" in row["reason"]


@pytest.mark.usefixtures("station")
def test_the_tables_fit_and_a_cycle_without_station_says_nothing(
    station: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", str(station), "--years", "1", "--now", NOW]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    for title in ("Eyes: light (UTC)", "Links (UTC)", "Who can see what"):
        assert title in lines
    assert "Not there yet: small at base, from 2040-01-01." in lines
    assert _watch(capsys)["data"]["station"] is None


def test_an_element_that_is_not_known_does_not_end_the_cycle(
    station: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    oem = Path(station.parent / "old.oem")
    oem.write_text(OEM)
    text = FILE.replace("llo: {altitude: 300 km, inclination: 60 deg, epoch: 2032-12-01}",
                        "oem: old.oem")  # fmt: skip
    station.write_text(text)
    data = _watch(capsys, str(station), code=3)["data"]
    assert len(data["failures"]) == 3
    assert all("2020" in each or "outside" in each for each in data["failures"])
    assert [row["element"] for row in data["station"]["light"]] == ["base", "far"]


OEM = """\
CCSDS_OEM_VERS = 2.0
CREATION_DATE = 2020-01-01T00:00:00
ORIGINATOR = TEST
META_START
OBJECT_NAME = SCOPE
OBJECT_ID = 2020-001A
CENTER_NAME = MOON
REF_FRAME = ICRF
TIME_SYSTEM = TDB
START_TIME = 2020-01-01T00:00:00
STOP_TIME = 2020-01-01T02:00:00
META_STOP
2020-01-01T00:00:00 2000 0 0 0 1.5 0
2020-01-01T01:00:00 0 2000 0 -1.5 0 0
2020-01-01T02:00:00 -2000 0 0 0 -1.5 0
"""


def test_what_came_lately_is_looked_at(
    station: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    inbox = fill_inbox(tmp_path / "inbox")
    arguments = [str(station), "--empty", "--inbox", str(inbox), "--years", "1", "--json"]
    assert main(["watch", *arguments, "--now", "2026-06-01"]) == 0
    rows = json.loads(capsys.readouterr().out)["data"]["station"]["sightings"]
    whys = {row["object"]: row["why"] for row in rows}
    assert whys["2030 AB1"] == whys["1 Ceres"] == "new"
    ceres = [row for row in rows if row["object"] == "1 Ceres" and row["telescope"] == "big"]
    assert 6.0 < ceres[0]["v_mag"] < 10.0


def test_a_cycle_broken_off_at_the_station_is_gone_on_with(station: Path, tmp_path: Path) -> None:
    def stop(_done: float, label: str) -> None:
        if label == "telescopes":
            raise KeyboardInterrupt

    opened = open_database(str(tmp_path / "catalogue.db"))
    settings = CycleSettings(station=station, horizon_years=1.0, threads=1)
    now, journal = parse_epoch(NOW), Journal(None)
    with pytest.raises(KeyboardInterrupt):
        run_cycle(opened, settings, now_mjd_tdb=now, journal=journal, progress=stop)
    result = run_cycle(
        opened, settings, now_mjd_tdb=now + 0.01, journal=journal, progress=lambda *_: None
    )
    assert result.gone_on
    assert result.now_mjd_tdb == now
    # What the first try had done is there, and nothing is done again.
    assert result.steps["risk"] == {"assessed": 2, "failed": 0}
    assert result.steps["station"]["sightings"]
    # With another station it is another cycle.
    with pytest.raises(KeyboardInterrupt):
        run_cycle(opened, settings, now_mjd_tdb=now, journal=journal, progress=stop)
    other = run_cycle(
        opened,
        dataclasses.replace(settings, station=None),
        now_mjd_tdb=now,
        journal=journal,
        progress=lambda *_: None,
    )
    opened.close()
    assert not other.gone_on
    assert other.steps["station"] == {}


def test_a_wrong_file_begins_no_cycle(station: Path, capsys: pytest.CaptureFixture[str]) -> None:
    station.write_text(FILE.replace("owner: one", "owner: two", 1))
    assert main(["watch", str(station), "--now", NOW]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "not the id of a partner" in captured.err
    assert main(["watch", str(station.parent / "absent.yaml")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_distances_along_the_ground() -> None:
    quarter = ground_km("moon", (0.0, 0.0), (math.pi / 2, 0.0))
    assert quarter == pytest.approx(0.5 * math.pi * 1737.4)
    assert ground_km("earth", (1.0, 0.5), (1.0, 0.5)) == 0.0
    assert ground_km("moon", (0.0, -math.pi / 2), (2.0, math.pi / 2)) == pytest.approx(
        math.pi * 1737.4
    )
