"""Epochs as text, and conversions between the time scales."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import astropy_iers_data
import erfa
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perilune import times
from perilune.errors import DataMissingError, InputError, OutOfRangeError

# The span of DE440, in which every epoch of Perilune lies.
EPOCHS = st.floats(-112816.0, 288976.0)
MICROSECOND_D = 1e-6 / 86400.0


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("2029-04-13T21:46", "2029-04-13T21:46:00.000Z"),
        ("2029-04-13", "2029-04-13T00:00"),
        ("2029-04-13 21:46", "2029-04-13T21:46@utc"),
        (" 2029-04-13t21:46z ", "2029-04-13T21:46@UTC"),
        ("mjd:62239.5", "2029-04-13T12:00"),
        ("jd:2462240.0@tdb", "mjd:62239.5@tdb"),
        ("JD:2462240@TDB", "2029-04-13T12:00@tdb"),
        ("2029-04-13T12:00:32.184@tt", "2029-04-13T12:00@tai"),
        ("2016-12-31T23:59:60", "2017-01-01T00:00:36@tai"),
        ("2017-01-01T00:00:00", "2017-01-01T00:00:37@tai"),
    ],
)
def test_texts_of_the_same_epoch(text: str, same_as: str) -> None:
    assert times.parse_epoch(text) == pytest.approx(
        times.parse_epoch(same_as), rel=0, abs=MICROSECOND_D
    )


def test_julian_dates_keep_their_microseconds() -> None:
    # 10 microseconds: below what one float64 Julian date resolves (40 microseconds).
    later = times.parse_epoch("jd:2462240.00000000011574@tdb")
    assert (later - times.parse_epoch("jd:2462240.0@tdb")) * 86400e6 == pytest.approx(10, abs=0.7)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "this is no epoch"),
        ("tomorrow", "this is no epoch"),
        ("2029-04", "this is no epoch"),
        ("2029-4-13", "this is no epoch"),
        ("2029-04-13T21", "this is no epoch"),
        ("2029-04-13T21:46+08:00", "this is no epoch"),
        ("mjd:", "this is no epoch"),
        ("mjd:1e9", "this is no epoch"),
        ("mjd:nan", "this is no epoch"),
        ("62240.5", "this is no epoch"),
        ("٢٠٢٩-04-13", "this is no epoch"),
        ("2029-04-13@gps", "the time scale is not known"),
        ("2029-04-13@", "the time scale is not known"),
        ("2029-04-13T21:46Z@tdb", "Z means UTC"),
        ("2029-13-01", "there is no such month"),
        ("2029-02-29", "the month has no such day"),
        ("2029-04-13T24:00", "there is no such hour"),
        ("2029-04-13T21:60", "there is no such minute"),
        ("2029-04-13T21:46:60", "no leap second there"),
        ("2017-12-31T23:59:60", "no leap second there"),
        ("2016-12-31T23:59:60@tdb", "no leap second there"),
        ("2016-12-31T23:59:61", "no leap second there"),
        ("mjd:9999999999", "the day lies outside the calendar"),
        ("jd:-9999999999@tdb", "the day lies outside the calendar"),
    ],
)
def test_what_is_no_epoch_is_refused_with_a_remedy(text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        times.parse_epoch(text, field="--start")
    assert caught.value.field == "--start"
    assert caught.value.found == text
    assert "Write 2029-04-13T21:46 (UTC)" in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_an_epoch_or_an_input_error(text: str) -> None:
    with contextlib.suppress(InputError):
        assert np.isfinite(times.parse_epoch(text))


@given(EPOCHS, st.integers(6, 9))
@example(57753.99998842593, 6)
@example(57754.00079916667, 6)
def test_formatted_epochs_parse_back(epoch_mjd_tdb: float, precision: int) -> None:
    # Half a unit of the last float64 digit (0.9 microseconds at MJD 200,000) and half of 1e-6 s.
    limit_d = 2.5 * MICROSECOND_D
    utc = times.parse_epoch(times.format_utc(epoch_mjd_tdb, precision))
    tdb = times.parse_epoch(times.format_tdb(epoch_mjd_tdb, precision) + "@tdb")
    assert abs(utc - epoch_mjd_tdb) < limit_d
    assert abs(tdb - epoch_mjd_tdb) < limit_d


@pytest.mark.parametrize(
    ("text", "precision", "printed"),
    [
        ("2029-04-13T21:46:59.9996", 3, "2029-04-13T21:47:00.000"),
        ("2029-12-31T23:59:59.6", 0, "2030-01-01T00:00:00"),
        ("2028-02-28T23:59:59.99996", 4, "2028-02-29T00:00:00.0000"),
        ("2016-12-31T23:59:59.9999", 3, "2016-12-31T23:59:60.000"),
        ("2016-12-31T23:59:60.25", 2, "2016-12-31T23:59:60.25"),
        ("2016-12-31T23:59:60.9999", 3, "2017-01-01T00:00:00.000"),
        ("2016-12-31T12:00:00", 3, "2016-12-31T12:00:00.000"),
    ],
)
def test_rounding_carries_over_minutes_days_and_leap_seconds(
    text: str, precision: int, printed: str
) -> None:
    assert times.format_utc(times.parse_epoch(text), precision) == printed


@pytest.mark.parametrize("precision", [-1, 10])
def test_decimals_out_of_range_are_refused(precision: int) -> None:
    with pytest.raises(InputError, match="decimals"):
        times.format_utc(60000.0, precision)


@given(EPOCHS)
@example(57754.0008)
def test_scales_come_back(epoch_mjd_tdb: float) -> None:
    # Each way rounds to a float64 MJD once: 0.3 microseconds in our era, 1.7 in the year 2650.
    limit_d = 2.1 * float(np.spacing(max(abs(epoch_mjd_tdb), 1e5)))
    for there, back in (
        (times.mjd_tt_from_tdb, times.mjd_tdb_from_tt),
        (times.mjd_tai_from_tdb, times.mjd_tdb_from_tai),
        (times.mjd_utc_from_tdb, times.mjd_tdb_from_utc),
    ):
        assert abs(float(back(there(epoch_mjd_tdb))) - epoch_mjd_tdb) <= limit_d


@given(EPOCHS, st.floats(0.01, 30.0))
def test_a_series_interpolated_is_the_series_summed(start: float, span_d: float) -> None:
    mjd = np.linspace(start, start + span_d, 700)
    together = times.tdb_minus_tt_s(times.two_part(mjd))
    alone = np.array([times.tdb_minus_tt_s(times.two_part(t)) for t in mjd[::100]])
    assert np.abs(together[::100] - alone).max() < 1e-12


def test_shapes_are_kept() -> None:
    grid = np.linspace(50000.0, 60000.0, 6).reshape(2, 3)
    assert times.mjd_utc_from_tdb(grid).shape == (2, 3)
    assert times.mjd_utc_from_tdb(50000.0).shape == ()
    assert times.mjd_utc_from_tdb(np.full((30, 2), 5e4)).shape == (30, 2)
    assert times.mjd_tdb_from_utc(np.empty(0)).shape == (0,)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_epochs_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="not a finite number"):
        times.mjd_utc_from_tdb([60000.0, bad])


def test_epochs_beyond_the_calendar_name_its_range() -> None:
    with pytest.raises(OutOfRangeError, match="calendar") as caught:
        times.mjd_tdb_from_utc([60000.0, 3e6])
    assert caught.value.found == 3e6


def test_the_leap_second_table_says_how_old_it_is() -> None:
    table = times.leap_seconds()
    assert table.tai_minus_utc_s >= 37.0
    assert table.expires > table.last_change
    assert table.source == "Leap_Second.dat"


@pytest.fixture
def erfa_table() -> Iterator[None]:
    before = erfa.leap_seconds.get()
    times.leap_seconds.cache_clear()
    yield
    erfa.leap_seconds.set(before)
    times.leap_seconds.cache_clear()


@pytest.mark.usefixtures("erfa_table")
def test_a_leap_second_newer_than_erfa_is_taken_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "Leap_Second.dat"
    shipped = Path(astropy_iers_data.IERS_LEAP_SECOND_FILE).read_text()
    file.write_text(shipped + "    64694.0    1  1 2036       38\n")
    assert times.leap_seconds(str(file)).tai_minus_utc_s == 38.0
    assert times.format_utc(times.parse_epoch("2035-12-31T23:59:60")) == "2035-12-31T23:59:60.000"


@pytest.mark.usefixtures("erfa_table")
@pytest.mark.parametrize("text", ["", "# File expires on 28 June 2027\n", "garbage\n", "# x\n1 2"])
def test_a_damaged_leap_second_table_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "Leap_Second.dat"
    file.write_text(text)
    with pytest.raises(DataMissingError, match="Reinstall the package astropy-iers-data"):
        times.leap_seconds(str(file))


def test_the_module_does_not_load_astropy() -> None:
    code = (
        "import sys, perilune.times; sys.exit('astropy' in sys.modules or 'numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
