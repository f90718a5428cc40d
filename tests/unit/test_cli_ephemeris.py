"""`perilune ephemeris`: rows, observers, spans, and what it says of what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perilune.astrometry.sites import Site
from perilune.cli.main import main
from perilune.constants import AU_KM
from perilune.ephemeris import planets
from perilune.times import parse_epoch

FIELDS = [
    "epoch_utc", "ra_deg", "dec_deg", "ra_rate_deg_d", "dec_rate_deg_d", "ra_sigma_arcsec",
    "dec_sigma_arcsec", "distance_au", "sun_distance_au", "v_mag", "elongation_deg", "phase_deg",
    "altitude_deg", "azimuth_deg",
]  # fmt: skip
STATION = """\
name: Test
sites:
  - {id: pole, body: moon, longitude: 0 deg, latitude: -90 deg, height: 0 m}
orbiters:
  - id: relay
    state:
      epoch: 2029-01-01
      center: moon
      frame: icrf
      position: 6541.4 0 0 km
      velocity: 0 500 600 m/s
"""


def envelope(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["ephemeris", *arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


SPAN = ("--start", "2029-01-01", "--stop", "2029-01-02", "--step", "6h")


def test_rows_have_the_fields_of_the_charter(capsys: pytest.CaptureFixture[str]) -> None:
    found = envelope(capsys, "Apophis", "--observer", "X05", *SPAN)
    rows = found["data"]
    assert [row["epoch_utc"] for row in rows] == [
        f"2029-01-{day}:00:00.000" for day in ("01T00", "01T06", "01T12", "01T18", "02T00")
    ]
    for row in rows:
        assert all(isinstance(row[name], float) for name in FIELDS[1:])
        assert row["sigma_minor_arcsec"] <= row["ra_sigma_arcsec"] <= row["sigma_major_arcsec"]
        assert row["sigma_minor_arcsec"] <= row["dec_sigma_arcsec"] <= row["sigma_major_arcsec"]
    assert "cos(dec)" in found["units"]["ra_rate_deg_d"]
    # The rates carry one place to the next: over six hours to a percent of the way.
    first, second = rows[0], rows[1]
    way = (second["ra_deg"] - first["ra_deg"]) * np.cos(np.radians(first["dec_deg"]))
    mean = 0.5 * (first["ra_rate_deg_d"] + second["ra_rate_deg_d"])
    assert way == pytest.approx(0.25 * mean, rel=0.02)


def test_the_ellipse_is_the_one_of_the_sigmas(capsys: pytest.CaptureFixture[str]) -> None:
    for row in envelope(capsys, "2024 YR4", "--observer", "500", *SPAN)["data"]:
        angle = np.radians(row["position_angle_deg"])
        across = np.hypot(
            row["sigma_major_arcsec"] * np.sin(angle), row["sigma_minor_arcsec"] * np.cos(angle)
        )
        assert across == pytest.approx(row["ra_sigma_arcsec"])


def test_the_geocentre_has_no_horizon(capsys: pytest.CaptureFixture[str]) -> None:
    for row in envelope(capsys, "Eros", "--observer", "500", *SPAN)["data"]:
        assert row["altitude_deg"] is None
        assert row["azimuth_deg"] is None


def test_observers_of_a_station_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """From the Moon's pole the altitude is that over its equator; parallax shows the Moon's way."""
    file = tmp_path / "station.yaml"
    file.write_text(STATION)
    by_name = {
        name: envelope(capsys, "Apophis", "--observer", f"{file}:{name}", *SPAN)["data"][0]
        for name in ("pole", "relay")
    }
    from_earth = envelope(capsys, "Apophis", "--observer", "500", *SPAN)["data"][0]
    epoch = parse_epoch("2029-01-01")
    moon_km, _ = planets().state("moon", epoch)
    earth_km, _ = planets().state("earth", epoch)
    for row in by_name.values():
        away_km = AU_KM * abs(row["distance_au"] - from_earth["distance_au"])
        assert 0.0 < away_km < np.linalg.norm(moon_km - earth_km) + 7000.0
    assert by_name["relay"]["altitude_deg"] is None
    # The Moon's axis stands 1.54 degrees off the ecliptic's: altitude is minus latitude to that.
    ra, dec = np.radians([by_name["pole"]["ra_deg"], by_name["pole"]["dec_deg"]])
    tilt = np.radians(23.4393)
    latitude = np.arcsin(np.sin(dec) * np.cos(tilt) - np.cos(dec) * np.sin(tilt) * np.sin(ra))
    assert abs(by_name["pole"]["altitude_deg"] + np.degrees(latitude)) < 1.6


def test_refraction_lifts_what_is_low(capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--start", "2029-01-01", "--stop", "2029-01-02", "--step", "10m")
    bare = envelope(capsys, "Apophis", "--observer", "X05", *span)
    lifted = envelope(capsys, "Apophis", "--observer", "X05", *span, "--refraction")
    assert bare["signature"]["inputs_sha256"] != lifted["signature"]["inputs_sha256"]
    altitude = np.array([row["altitude_deg"] for row in bare["data"]])
    lift = np.array([row["altitude_deg"] for row in lifted["data"]]) - altitude
    assert np.array_equal(lift[altitude < -1.0], np.zeros((altitude < -1.0).sum()))
    up = altitude > 0.0
    assert (np.diff(lift[up][np.argsort(altitude[up])]) < 0.0).all()
    # Rubin stands at 2.7 km, where the air's pressure is 0.73 of that below: 25 arcmin at 0.
    assert 0.2 < lift[up].max() < 0.45


def test_refraction_by_saemundssons_own_table() -> None:
    """At 10 C and 1010 hPa: 28.5 arcmin at a true altitude of 0, 1.0 at 45 degrees."""
    from perilune.astrometry.observatories import observatory
    from perilune.astrometry.sites import observer_of

    site = observer_of(observatory("000"))
    assert isinstance(site, Site)
    epochs = np.full(721, 60000.0)
    declination = np.radians(np.linspace(-90.0, 90.0, 721))
    ra = np.full(721, 1.0)
    direction = np.stack(
        [
            np.cos(declination) * np.cos(ra),
            np.cos(declination) * np.sin(ra),
            np.sin(declination),
        ],
        axis=1,
    )
    still = np.zeros((721, 3))
    true, _ = site.altitude_azimuth(epochs, direction, still)
    seen, _ = site.altitude_azimuth(epochs, direction, still, refraction=True)
    order = np.argsort(true)
    lift = 60.0 * np.degrees(np.interp(np.radians([0.0, 45.0]), true[order], (seen - true)[order]))
    # Greenwich's height by the MPC's constants is 60 m: 0.7 % less air.
    assert lift[0] == pytest.approx(28.98, rel=0.03)
    assert lift[1] == pytest.approx(1.0, rel=0.03)


def test_what_has_ended_has_no_place_and_is_said_to(capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--start", "2024-01-20", "--stop", "2024-01-22", "--step", "1d")
    assert main(["ephemeris", "2024 BX1", "--observer", "500", *span, "--json"]) == 0
    captured = capsys.readouterr()
    rows = json.loads(captured.out)["data"]
    assert rows[0]["ra_deg"] is not None
    assert rows[-1]["ra_deg"] is None
    assert rows[-1]["status"].startswith("impacted EARTH")
    assert "impacted EARTH" in captured.err


def test_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ephemeris", "Eros", "--observer", "X05", *SPAN]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("433 Eros from X05")
    assert all(len(line) <= 80 for line in lines[1:])
    assert len(lines) == 4 + 5


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["Eros", "--observer", "X05", "--start", "2029-01-02", "--stop", "2029-01-01"], 2,
         "ends before it starts"),
        (["Eros", "--observer", "X05", *SPAN[:4], "--step", "soon"], 2, "no step"),
        (["Eros", "--observer", "X05", *SPAN[:4], "--step", "0d"], 2, "no step"),
        (["Eros", "--observer", "X05", *SPAN[:4], "--step", "0.001s"], 2, "too many rows"),
        (["Eros", "--observer", "Q99X", *SPAN], 2, "observatory code"),
        (["Eros", "--observer", "C51", *SPAN], 2, "WISE"),
        (["Eros", "--observer", "X05", "--start", "2700-01-01", "--stop", "2700-01-02"], 4,
         "2700"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert main(["ephemeris", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err or code == 4
