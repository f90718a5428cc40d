"""Time scales against astropy.time and against published instants."""

from __future__ import annotations

from collections.abc import Callable

import astropy_iers_data
import numpy as np
import pytest
from astropy.time import Time
from astropy.utils.iers import LeapSeconds
from numpy.typing import NDArray

from perilune import times
from perilune.constants import MJD_OF_JD

SEED = 20290413
DAY_US = 86400e6
# A float64 MJD near 60,000 resolves 0.63 microseconds; rounding it once costs half of that.
# Seen: 0.32 in every direction.
LIMIT_US = 0.4


def _difference_us(ours_mjd: NDArray[np.float64], theirs: Time) -> NDArray[np.float64]:
    """Ours minus astropy's MJD, microseconds, with astropy's two parts kept apart."""
    day = np.floor(ours_mjd)
    return ((ours_mjd - day) - (theirs.jd1 - MJD_OF_JD - day) - theirs.jd2) * DAY_US


@pytest.mark.parametrize(
    ("convert", "from_scale", "to_scale"),
    [
        (times.mjd_tt_from_tdb, "tdb", "tt"),
        (times.mjd_tai_from_tdb, "tdb", "tai"),
        (times.mjd_utc_from_tdb, "tdb", "utc"),
        (times.mjd_tdb_from_tt, "tt", "tdb"),
        (times.mjd_tdb_from_tai, "tai", "tdb"),
        (times.mjd_tdb_from_utc, "utc", "tdb"),
    ],
)
def test_conversions_agree_with_astropy(
    convert: Callable[[NDArray[np.float64]], NDArray[np.float64]], from_scale: str, to_scale: str
) -> None:
    """Source: astropy.time, 2000 seeded epochs from 1960 (where UTC starts) to 2026."""
    mjd = np.random.default_rng(SEED).uniform(36935.0, 61000.0, 2000)
    theirs = getattr(Time(mjd, format="mjd", scale=from_scale), to_scale)
    assert np.abs(_difference_us(convert(mjd), theirs)).max() < LIMIT_US


def test_every_leap_second_since_1972() -> None:
    """Source: astropy.time, at 10 instants around each leap second in IERS's table (27 in 2026)."""
    table = LeapSeconds.from_iers_leap_seconds(astropy_iers_data.IERS_LEAP_SECOND_FILE)
    starts = np.asarray(table["mjd"], dtype=np.float64)
    tai_minus_utc_s = np.asarray(table["tai_utc"], dtype=np.float64)[starts > 41317.0]
    starts = starts[starts > 41317.0]
    assert starts.size >= 27
    around_s = np.array([-86400.0, -2.0, -1.5, -1.0, -0.5, -0.001, 0.0, 0.001, 1.0, 86400.0])
    mjd_tai = starts[:, np.newaxis] + (tai_minus_utc_s[:, np.newaxis] + around_s) / 86400.0
    theirs = Time(mjd_tai, format="mjd", scale="tai").utc
    ours = times.mjd_utc_from_tdb(times.mjd_tdb_from_tai(mjd_tai))
    # Two float64 MJDs on the way, each rounded by at most 0.32 microseconds.
    assert np.abs(_difference_us(ours, theirs)).max() < 2 * LIMIT_US


def test_text_agrees_with_astropy() -> None:
    """Source: astropy.time's `isot`, 500 seeded epochs to the millisecond, and back."""
    mjd = np.random.default_rng(SEED).uniform(36935.0, 61000.0, 500)
    for scale, write, suffix in (
        ("utc", times.format_utc, ""),
        ("tdb", times.format_tdb, "@tdb"),
    ):
        theirs = getattr(Time(mjd, format="mjd", scale="tdb", precision=3), scale)
        texts = [write(float(epoch)) for epoch in mjd]
        assert texts == list(theirs.isot)
        parsed = np.array([times.parse_epoch(text + suffix) for text in texts])
        read = Time(texts, format="isot", scale=scale).tdb
        assert np.abs(_difference_us(parsed, read)).max() < LIMIT_US


@pytest.mark.parametrize(
    ("utc", "tt"),
    [
        # SOFA, "SOFA Time Scale and Calendar Tools" (2023), section 4.1 and 4.2.
        ("2006-01-15T21:24:37.5", "2006-01-15T21:25:42.684"),
        # IERS Bulletin C 52: TAI - UTC goes from 36 s to 37 s at 2017-01-01.
        ("2016-12-31T23:59:59", "2017-01-01T00:01:07.184"),
        ("2016-12-31T23:59:60", "2017-01-01T00:01:08.184"),
        ("2017-01-01T00:00:00", "2017-01-01T00:01:09.184"),
        # IERS: TAI - UTC = 10 s from 1972-01-01.
        ("1972-01-01T00:00:00", "1972-01-01T00:00:42.184"),
        # Explanatory Supplement (1992), table 2.58.1: from 1968-02-01 TAI - UTC is
        # 4.2131700 s + (MJD - 39126) 0.002592 s: 8.1530100 s on 1970-03-01 (MJD 40646).
        ("1970-03-01T00:00:00", "1970-03-01T00:00:40.33701"),
    ],
)
def test_published_instants(utc: str, tt: str) -> None:
    """Exact figures; seen: 0.3 microseconds, a float64 MJD's rounding."""
    assert abs(times.parse_epoch(utc) - times.parse_epoch(tt + "@tt")) * DAY_US < 2 * LIMIT_US


def test_tdb_minus_tt_of_the_sofa_cookbook() -> None:
    """Source: SOFA Time Scale and Calendar Tools, section 4.2: 2006-01-15 21:24:37.5 UTC at
    19 deg 28 min 52.5 s N, 155 deg 55 min 59.6 s W: TDB is 21:25:42.684373.

    Ours is for the geocentre; the site's term is at most 2.1 microseconds. Seen: 0.8.
    """
    tdb = times.parse_epoch("2006-01-15T21:24:37.5")
    tt = times.mjd_tt_from_tdb(tdb)
    assert abs((tdb - float(tt)) * DAY_US - 373.0) < 2.6
