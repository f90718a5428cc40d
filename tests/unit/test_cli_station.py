"""`perilune station`: rows, tables, pictures, and what it says of wrong files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lunar_terrain import pds_label, polar_heights, write_pds

from perilune.cli.main import main
from perilune.station.schema import station_schema

STATIONS = Path(__file__).resolve().parents[2] / "stations"
ILRS = str(STATIONS / "ilrs.yaml")
SPAN = ("--start", "2036-01-01", "--stop", "2036-02-01")


def envelope(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["station", *arguments, "--json"]) == 0, capsys.readouterr().err
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["station", *arguments]) == 0, capsys.readouterr().err
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    return lines


def test_show_sums_up(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ilrs", "gateway"):
        lines = printed(capsys, "show", str(STATIONS / f"{name}.yaml"))
        assert "Facilities" in lines
    data = envelope(capsys, "show", ILRS)["data"]
    phases = {phase["id"]: phase for phase in data["phases"]}
    assert phases["reconnaissance"]["mass_kg"] == 1200.0
    assert phases["expanded"]["crew"] == 4
    masses = [each["mass_kg"] for each in data["facilities"] if each["mass_kg"] is not None]
    assert phases["expanded"]["mass_kg"] == sum(masses)
    partners = {partner["id"]: partner for partner in data["partners"]}
    assert "ilrs-1-energy" in partners["cnsa"]["owns"]
    assert "reactor" in partners["cnsa"]["operates"]
    assert "reactor" not in partners["cnsa"]["owns"]
    assert data["assumptions"]


def test_show_lists_what_builds_it_up(capsys: pytest.CaptureFixture[str]) -> None:
    """A lander's payload by hand: 17.5 t / (exp(3.13 km/s / (320 s g0)) - 1) - 3.6 t = 6.626 t."""
    lines = printed(capsys, "show", ILRS)
    for title in (
        "Launchers",
        "Landers, with full tanks",
        "Crews",
        "Consumables, a person and day",
    ):
        assert title in lines
    data = envelope(capsys, "show", ILRS)["data"]
    launchers = {each["id"]: each for each in data["launchers"]}
    assert launchers["long-march-5"]["brings_kg"] == {"tli": 8200.0}
    assert launchers["long-march-10-crew"]["seats"] == 2
    landers = {each["id"]: each for each in data["landers"]}
    assert landers["cargo-lander"]["payload_kg"] == pytest.approx(6626.0, abs=1.0)
    assert landers["cargo-lander"]["dv_km_s"] == pytest.approx(3.13)
    assert data["crews"][0]["people"] == 4
    assert {each["id"] for each in data["consumables"]} == {"oxygen", "water", "food"}
    dragon = envelope(capsys, "show", str(STATIONS / "gateway.yaml"))["data"]["landers"][0]
    assert (dragon["payload_kg"], dragon["cost_million"], dragon["currency"]) == (5e3, 150.0, "USD")


def test_light_has_the_charter_s_fields(capsys: pytest.CaptureFixture[str]) -> None:
    found = envelope(capsys, "light", ILRS, *SPAN)
    (row,) = found["data"]
    assert list(row) == [
        "site", "terrain", "sun_fraction", "longest_night_h", "earth_fraction",
        "earth_elevation_min_deg", "earth_elevation_max_deg", "sun_elevation_max_deg",
        "sky_fraction",
    ]  # fmt: skip
    assert row["site"] == "base"
    assert row["terrain"] == "sphere (no terrain)"
    assert 0.0 < row["sun_fraction"] < 1.0
    lines = printed(capsys, "light", ILRS, *SPAN)
    assert "sphere (no terrain)" in lines[-1]


def test_light_by_terrain_and_by_a_given_horizon(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("rasterio")
    heights = polar_heights(256, 0.24, lambda s, _: 2.0 * (abs(s - 20.0) < 3.0))
    write_pds(tmp_path, (2000.0 * heights).astype("i2"), pds_label(256, 240.0))
    site = "body: moon, longitude: 0 deg, latitude: -90 deg, height: 0 m, mast: 2 m"
    text = f"""\
name: Test
sites:
  - {{id: basin, {site}, terrain: T.LBL}}
  - {{id: walled, {site}, horizon: [0 8 deg, 90 8 deg, 180 8 deg, 270 8 deg]}}
  - {{id: open, {site}, horizon: [0 -2.5 deg, 180 -2.5 deg]}}
  - {{id: plain, {site}}}
"""
    file = tmp_path / "test.yaml"
    file.write_text(text)
    rows = {row["site"]: row for row in envelope(capsys, "light", str(file), *SPAN)["data"]}
    assert rows["basin"]["terrain"] == "T.LBL, 240 m cells"
    assert rows["walled"]["terrain"] == "horizon as given (4 azimuths)"
    # The rim, 2 km high and 20 km away, stands 5 deg high: the Sun never comes over it.
    assert rows["basin"]["sun_fraction"] == rows["walled"]["sun_fraction"] == 0.0
    assert rows["basin"]["longest_night_h"] == pytest.approx(31 * 24.0, abs=1.0)
    # At 2.5 deg under the level a pole never loses all of the Sun.
    assert rows["open"]["sun_fraction"] == pytest.approx(1.0, abs=0.03)
    assert rows["plain"]["sun_fraction"] < rows["open"]["sun_fraction"]
    printed(capsys, "light", str(file), *SPAN)
    file.write_text(text.replace("latitude: -90 deg", "latitude: 10 deg"))
    assert main(["station", "light", str(file), *SPAN]) == 2
    assert "no terrain under it" in capsys.readouterr().err


def test_links_have_the_charter_s_fields(capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--start", "2036-01-01", "--stop", "2036-01-04", "--step", "2m")
    rows = envelope(capsys, "links", ILRS, *span)["data"]
    for row in rows:
        assert list(row)[:7] == [
            "a", "b", "visible_fraction", "passes", "longest_gap_h", "data_rate_mbit_s",
            "data_volume_gbit_day",
        ]  # fmt: skip
        assert 0.0 <= row["visible_fraction"] <= 1.0
        assert row["longest_gap_h"] <= 72.0 + 1e-6
    direct = {(row["a"], row["b"]) for row in rows if not row["via"]}
    assert ("base", "queqiao-2") in direct
    assert ("queqiao-2", "kashgar") in direct
    assert ("kashgar", "jiamusi") not in direct
    assert any(row["via"] == ["queqiao-2", "orbital-station"] for row in rows)
    lines = printed(capsys, "links", ILRS, *span)
    assert lines[-1] == "Relays: queqiao-2, orbital-station."


def test_power_and_coverage(capsys: pytest.CaptureFixture[str]) -> None:
    rows = envelope(capsys, "power", ILRS, *SPAN, "--phase", "expanded")["data"]
    assert [row["element"] for row in rows] == ["base", "queqiao-2", "orbital-station"]
    assert rows[0]["served_fraction"] == 1.0
    assert rows[0]["storage_needed_wh"] == 0.0
    assert printed(capsys, "power", ILRS, *SPAN, "--phase", "construction-2")
    found = envelope(capsys, "coverage", ILRS, "--start", "2036-01-01", "--stop", "2036-01-04")
    assert 0.8 < found["data"]["seen_fraction"] < 1.0
    assert found["data"]["gdop_median"] is None
    assert printed(capsys, "coverage", ILRS, "--start", "2036-01-01", "--stop", "2036-01-03")


def test_pictures(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    light, links = tmp_path / "light.png", tmp_path / "links.svg"
    printed(capsys, "light", ILRS, *SPAN, "--plot", str(light))
    span = ("--start", "2036-01-01", "--stop", "2036-01-02")
    printed(capsys, "links", ILRS, *span, "--plot", str(links))
    assert light.read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in links.read_bytes()
    orbits, power = tmp_path / "orbits.png", tmp_path / "power.pdf"
    printed(capsys, "orbits", ILRS, "--days", "2", "--samples", "0", "--plot", str(orbits))
    printed(capsys, "power", ILRS, *span, "--plot", str(power))
    assert orbits.read_bytes().startswith(b"\x89PNG")
    assert power.read_bytes().startswith(b"%PDF")
    assert main(["station", "links", ILRS, *span, "--plot", str(tmp_path / "x.nothing")]) == 2
    assert ".png" in capsys.readouterr().err


def test_pictures_of_many_parts_stay_readable(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """24 sites have 300 links: a square of some inches, where bars would be 66 inches tall.

    The legend of light stands beside the curves, which keep most of the width.
    """
    image = pytest.importorskip("matplotlib.image")
    sites = [
        f"  - {{id: s{k}, body: moon, longitude: {15 * k} deg, latitude: 0 deg, height: 0 m}}"
        for k in range(24)
    ]
    file = tmp_path / "many.yaml"
    orbit = "llo: {altitude: 100 km, inclination: 0 deg, epoch: 2030-01-01}"
    file.write_text("\n".join(["name: Many", "sites:", *sites, f"orbiters: [{{id: o, {orbit}}}]"]))
    span = ("--start", "2030-01-01", "--stop", "2030-01-03")
    for verb in ("links", "light"):
        picture = tmp_path / f"{verb}.png"
        assert main(["station", verb, str(file), *span, "--plot", str(picture)]) == 0
        height, width = image.imread(picture).shape[:2]
        assert 300 < height < 1500
        assert 300 < width < 1500
    # The Sun's curve is drawn though the span is no whole month: something besides white and grey.
    upper = image.imread(tmp_path / "light.png")[50:250, 100:700, :3]
    assert np.count_nonzero(np.ptp(upper, axis=2) > 0.3) > 100
    capsys.readouterr()


def test_rows_as_parquet(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    for verb in ("light", "links", "power", "orbits", "coverage"):
        file = tmp_path / f"{verb}.parquet"
        span = () if verb == "orbits" else ("--start", "2036-01-01", "--stop", "2036-01-02")
        extra = ("--days", "2", "--samples", "0") if verb == "orbits" else ()
        found = envelope(capsys, verb, ILRS, *span, *extra, "--parquet", str(file))
        table = pq.read_table(file)
        rows = found["data"]
        assert table.to_pylist() == (rows if isinstance(rows, list) else [rows])
        assert json.loads(table.schema.metadata[b"units"]) == found["units"]
        signature = json.loads(table.schema.metadata[b"signature"])
        assert signature["inputs_sha256"] == found["signature"]["inputs_sha256"]


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["station", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == station_schema()


def test_the_same_question_has_the_same_digest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_text((STATIONS / "ilrs.yaml").read_text())
    digests = {
        envelope(capsys, "show", file)["signature"]["inputs_sha256"] for file in (ILRS, str(copy))
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["light", "absent.yaml"], 2, "cannot be read"),
        (["light", ILRS, "--start", "2036-01-01", "--stop", "2035-01-01"], 2, "ends before"),
        (["light", ILRS, *SPAN, "--step", "soon"], 2, "this is no step"),
        (["light", ILRS, *SPAN, "--step", "0.001s"], 2, "too many steps"),
        (["light", ILRS, "--start", "2649-01-01", "--stop", "2700-01-01"], 4, "outside"),
        (["links", ILRS, *SPAN, "--step", "0.1s"], 2, "too many steps"),
        (["power", ILRS, *SPAN, "--phase", "early"], 2, "no phase named 'early'"),
        (["coverage", ILRS, *SPAN, "--south", "10", "--north", "0"], 2, "no band"),
    ],
)
def test_what_cannot_be_done_is_said(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert main(["station", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err


def test_all_faults_are_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    text = (STATIONS / "ilrs.yaml").read_text()
    file.write_text(text.replace("mast: 10 m", "mast: 10").replace("at: queqiao-2", "at: queqiao"))
    assert main(["station", "show", str(file)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"Error: {file}: 2 errors."
    assert "Add the unit" in lines[1]
    assert "Did you mean queqiao-2" in lines[2]


def test_orbits_have_the_charter_s_fields(capsys: pytest.CaptureFixture[str]) -> None:
    found = envelope(capsys, "orbits", ILRS, "--days", "5", "--samples", "0")
    for row in found["data"]:
        assert list(row)[:6] == [
            "orbiter", "family", "period_d", "perilune_km", "apolune_km", "jacobi",
        ]  # fmt: skip
        assert {
            "stability", "eclipse_max_h", "station_keeping_m_s_year",
            "station_keeping_sigma_m_s_year", "lifetime_d",
        } <= set(row)  # fmt: skip
    assert [row["family"] for row in found["data"]] == ["frozen", "llo"]
    printed(capsys, "orbits", ILRS, "--days", "2", "--samples", "0")


def test_gateway_flies_in_the_ephemeris(capsys: pytest.CaptureFixture[str]) -> None:
    """Its perilunes stay in Gateway's band, 3,196 to 3,557 km (validation.md)."""
    gateway = str(STATIONS / "gateway.yaml")
    (row,) = envelope(capsys, "orbits", gateway, "--days", "30", "--samples", "0")["data"]
    assert 3196.0 < row["perilune_km"] < 3557.0
    assert row["period_d"] == pytest.approx(6.56, abs=0.05)
    span = ("--start", "2028-01-02", "--stop", "2028-01-12", "--step", "5m")
    rows = envelope(capsys, "links", gateway, *span)["data"]
    best = {(each["a"], each["b"]): each["visible_fraction"] for each in rows if each["via"]}
    # Direct sight of the Earth or over Gateway, which is over the south nearly all the time.
    assert best["south-pole", "Earth (any)"] > 0.9
