"""Observations read against independent readings of the same lines, and published examples."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from perilune.astrometry import parse_observations, read_observations
from perilune.astrometry.observations import Kind
from perilune.constants import SPEED_OF_LIGHT_KM_S

# A float64 MJD resolves 0.6 us now. astropy uses the same series of TDB - TT, which we interpolate.
TIME_S = 2e-6


def _astropy_mjd_tdb(isot: list[str]) -> np.ndarray:
    time = pytest.importorskip("astropy.time")
    return np.asarray(time.Time(isot, scale="utc").tdb.mjd)


def test_times_against_astropy() -> None:
    """2,000 moments of 1960 to 2027, leap seconds among them: no difference seen, 2 us allowed."""
    rng = np.random.default_rng(20261122)
    seconds = rng.integers(0, 86_400_000, 2_000) / 1000.0
    days = np.datetime64("1960-01-01") + rng.integers(0, 24_800, 2_000)
    texts = [
        f"{day}T{int(s // 3600):02d}:{int(s // 60 % 60):02d}:{s % 60:06.3f}"
        for day, s in zip(days.tolist(), seconds.tolist(), strict=True)
    ]
    texts += ["1972-06-30T23:59:60.5", "1998-12-31T23:59:60.25", "2016-12-31T23:59:60.999"]
    rows = "".join(f"433|500|{text}Z|1|2\n" for text in texts)
    reading = parse_observations(f"permID|stn|obsTime|ra|dec\n{rows}".encode(), "times")
    assert not reading.rejected
    theirs = _astropy_mjd_tdb(texts)
    assert np.max(np.abs(reading.observations.epoch_mjd_tdb - theirs)) * 86_400.0 < TIME_S


def test_fifty_objects_line_by_line(shared_data: Path) -> None:
    """MPC observations of 50 asteroids against Python's csv and float, and astropy's time scales.

    Angles agree to the last bit or two, times to the last bit; 2 us are allowed, three times what
    an MJD resolves. From 1960 on: before, UTC is a convention of ours (`perilune.times`).
    """
    path = shared_data / "mpc" / "fifty_objects.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = read_observations(path).observations
    assert len(table) == len(rows) == 29_680
    assert table.designation.tolist() == [row["ObjID"] for row in rows]
    assert table.station.tolist() == [row["stn"] for row in rows]
    assert len(table.objects()) == 50
    ra_deg = np.array([float(row["ra"]) for row in rows])
    dec_deg = np.array([float(row["dec"]) for row in rows])
    assert np.max(np.abs(np.degrees(table.ra_rad) - ra_deg)) < 2e-13
    assert np.max(np.abs(np.degrees(table.dec_rad) - dec_deg)) < 1e-13
    sigma = np.array([float(row["rmsRA"] or "nan") for row in rows])
    given = np.isfinite(sigma) & (sigma > 0.0)
    ours = np.degrees(table.sigma_ra_rad) * 3600.0
    assert np.max(np.abs(ours - sigma)[given]) < 1e-14 * np.max(sigma[given]) * 10
    recent = [k for k, row in enumerate(rows) if row["obsTime"] >= "1960"]
    theirs = _astropy_mjd_tdb([rows[k]["obsTime"].rstrip("Z") for k in recent])
    assert np.max(np.abs(table.epoch_mjd_tdb[recent] - theirs)) * 86_400.0 < TIME_S


@pytest.mark.parametrize("name", ["2008TC3", "2024BX1", "2023DW", "2024PT5"])
def test_80_column_files_line_by_line(shared_data: Path, name: str) -> None:
    """Real records against slices, astropy's angles and times: differences of 1e-15 rad seen.

    2e-15 rad (0.4 nanoarcseconds) is the rounding of three operations.
    """
    coordinates = pytest.importorskip("astropy.coordinates")
    path = shared_data / "impactors" / f"{name}.mpc80.txt"
    lines = path.read_text().splitlines()
    reading = read_observations(path)
    table = reading.observations
    assert not reading.rejected
    assert len(table) == len(lines)
    ra = coordinates.Angle([line[32:44].strip() for line in lines], unit="hourangle").rad
    dec = coordinates.Angle([line[44:56].strip() for line in lines], unit="deg").rad
    assert np.max(np.abs(table.ra_rad - ra)) < 2e-15
    assert np.max(np.abs(table.dec_rad - dec)) < 2e-15
    days = _astropy_mjd_tdb([f"{line[15:25].replace(' ', '-')}T00:00:00" for line in lines])
    fraction = np.array([float("0" + line[25:32]) for line in lines])
    # TDB - UTC changes by less than 1 us over a day without a leap second, so that the day's start
    # gives it; the periodic part, 30 us a day at most, is what the wider tolerance is for.
    assert np.max(np.abs(table.epoch_mjd_tdb - (days + fraction))) * 86_400.0 < 4e-5
    assert table.station.tolist() == [line[77:80] for line in lines]
    assert table.band.tolist() == [line[70:71].strip() for line in lines]


def test_radar_records_as_the_standards_own_example_has_them() -> None:
    """(4179) Toutatis in 80 columns and as ADES: the test data of the ADES standard's converter.

    github.com/IAU-ADES/ADES-Master, tests/radar/a4179_radar.mpc and .psv: delays in seconds with
    errors in microseconds, shifts in Hz, MHz. Times there are days with six decimals; the radar's
    own are the whole seconds that we give.
    """
    text = (
        "04179         R1992 11 27.930556               +    61391060   8510 253 JPLRS253\n"
        "04179         r1992 11 27.930556C                        1000       253 JPLRS253\n"
        "04179         R1992 12 08.611111   2420281927  -     5876869   8510 253 JPLRS253\n"
        "04179         r1992 12 08.611111C         0480           008        253 JPLRS253\n"
        "04179         R1992 12 06.694444   2605649720  +    24833594   8510 253 JPLRS252\n"
        "04179         r1992 12 06.694444C         0920           0160       253 JPLRS252\n"
    )
    reading = parse_observations(text.encode(), "4179")
    table = reading.observations
    assert not reading.rejected
    delay = table.kind == Kind.RADAR_DELAY
    assert table.delay_s[delay].tolist() == pytest.approx([24.20281927, 26.05649720], rel=1e-15)
    assert table.sigma_delay_s[delay].tolist() == pytest.approx([0.480e-6, 0.920e-6], rel=1e-15)
    shift = table.kind == Kind.RADAR_DOPPLER
    assert table.doppler_hz[shift].tolist() == [613910.60, -58768.69, 248335.94]
    assert table.sigma_doppler_hz[shift].tolist() == [1.0, 0.08, 0.16]
    assert set(table.frequency_hz.tolist()) == {8510e6}
    assert table.station.tolist() == ["253", "253", "253", "252", "252"]
    assert set(table.transmitter.tolist()) == {"253"}
    assert not np.any(table.is_surface)
    times = ["1992-11-27T22:20:00", "1992-12-08T14:40:00", "1992-12-06T16:40:00"]
    psv = (
        "permID|trx|rcv|obsTime|doppler|delay|rmsDoppler|rmsDelay|com|frq\n"
        "4179|253|253|1992-11-27T22:20:00.04Z|+613910.60||1.000||1|8510.\n"
        "4179|253|253|1992-12-08T14:39:59.99Z||24.20281927||0.480|1|8510.\n"
        "4179|253|253|1992-12-08T14:39:59.99Z|-58768.69||0.08||1|8510.\n"
        "4179|253|252|1992-12-06T16:39:59.96Z||26.05649720||0.920|1|8510.\n"
        "4179|253|252|1992-12-06T16:39:59.96Z|+248335.94||0.160||1|8510.\n"
    )
    ades = parse_observations(psv.encode(), "4179").observations
    for name in ("kind", "epoch_mjd_tdb", "doppler_hz", "frequency_hz", "station", "transmitter"):
        assert np.array_equal(getattr(ades, name), getattr(table, name), equal_nan=name[0] == "d")
    assert ades.delay_s[delay].tolist() == pytest.approx(table.delay_s[delay].tolist(), rel=1e-15)
    theirs = _astropy_mjd_tdb(times)[[0, 1, 1, 2, 2]]
    assert np.max(np.abs(table.epoch_mjd_tdb - theirs)) * 86_400.0 < TIME_S


def test_hubbles_first_record() -> None:
    """1222 T-1 from the Hubble Space Telescope, the example of the MPC's page on the format.

    minorplanetcenter.net/iau/info/SatelliteObs.html (MPC 26225).
    """
    text = (
        "     T1S1222  S1995 10 19.53839 23 45 35.737+09 09 38.13                     250\n"
        "     T1S1222  s1995 10 19.53839 1 + 5530.3041 - 4255.1515 -  550.2319        250\n"
    )
    table = parse_observations(text.encode(), "hst").observations
    assert table.designation.tolist() == ["1222 T-1"]
    assert table.position.tolist() == [[5530.3041, -4255.1515, -550.2319]]
    assert table.position_center.tolist() == [399]
    assert np.linalg.norm(table.position[0]) == pytest.approx(6378.1 + 622.0, abs=30.0)  # its orbit


def test_neocc_radar_is_half_the_delay(shared_data: Path) -> None:
    """2020 BX12: kilometres and km/d of NEOCC's file come to round errors of the radar.

    Its 0.59958 km and 1.63248 km/d are 4.000 us and, at Arecibo's 2380 MHz, 0.3000 Hz, as radar
    observers state errors; six digits are printed, hence 1e-5.
    """
    table = read_observations(shared_data / "risk" / "2020BX12.rwo").observations
    delay, shift = table.kind == Kind.RADAR_DELAY, table.kind == Kind.RADAR_DOPPLER
    assert table.sigma_delay_s[delay].tolist() == pytest.approx([4e-6], rel=1e-5)
    share = table.sigma_doppler_hz[shift] / table.frequency_hz[shift]
    assert (share * 2380e6).tolist() == pytest.approx([0.3], rel=1e-5)
    assert table.station[delay].tolist() == ["251"]
    # A receding body's echo is lower; it left at 1010023.57 km/d.
    speed_km_s = -table.doppler_hz[shift] / table.frequency_hz[shift] * SPEED_OF_LIGHT_KM_S / 2.0
    assert speed_km_s.tolist() == pytest.approx([1010023.56717 / 86_400.0], rel=1e-12)


def test_1979_xb_as_neocc_weighted_it(shared_data: Path) -> None:
    """All 18 observations of `1979XB.rwo`: times, places and sigmas as they stand in the file."""
    table = read_observations(shared_data / "risk" / "1979XB.rwo").observations
    assert len(table) == 18
    assert table.designation.tolist() == ["1979 XB"] * 18
    arcsec = np.degrees(table.sigma_ra_rad) * 3600.0
    assert arcsec.tolist() == pytest.approx([2.5] * 6 + [4.33] * 12, rel=1e-12)
    theirs = _astropy_mjd_tdb(["1979-12-11T12:15:14.976"])
    assert abs(table.epoch_mjd_tdb[0] - theirs[0]) * 86_400.0 < TIME_S
    assert np.degrees(table.ra_rad[0]) / 15.0 == pytest.approx(4 + 26 / 60 + 3.91 / 3600, rel=1e-14)
    assert np.degrees(table.dec_rad[0]) == pytest.approx(-(29 + 29 / 60 + 25.3 / 3600), rel=1e-14)
