"""Time scales TDB, TT, TAI and UTC as MJD arrays, and the epochs that people write.

All conversions go through two-part Julian dates and the IAU SOFA routines in `erfa`; a single
float64 MJD itself resolves 0.6 microseconds in our era, which is the accuracy of every function
here that returns one. TT - TDB is the full geocentric series of Fairhead & Bretagnon (1990,
A&A 229, 240; `eraDtdb`), good to some nanoseconds against a numerical integration over 1950-2050.

UTC as an MJD is SOFA's quasi-MJD: on a day that ends with a leap second the fraction counts
86401 s. Before 1972 UTC has the rate offsets and steps that SOFA tabulates; before 1960, when
there was no UTC, it is taken to be TAI (`eraDat`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

import astropy_iers_data
import erfa
import erfa.ufunc
import numpy as np
from numpy.typing import ArrayLike, NDArray

from perilune.constants import MJD_OF_JD
from perilune.errors import DataMissingError, InputError, OutOfRangeError

FloatArray: TypeAlias = NDArray[np.float64]
TwoPart: TypeAlias = tuple[FloatArray, FloatArray]  # a Julian date: midnight, and the rest

# eraJd2cal starts at -4799-01-01; the far end is ours, so that days stay exact to a microsecond.
_MJD_MIN: Final = -2_400_000.5 - 68_569.0
_MJD_MAX: Final = 2_000_000.0

_J2000_JD: Final = 2451545.0

SCALES: Final = ("utc", "tdb", "tt", "tai")


@dataclass(frozen=True, slots=True)
class LeapSeconds:
    """The leap-second table in use.

    Args:
        last_change: the first day on which the newest TAI - UTC holds.
        tai_minus_utc_s: that value.
        expires: the day to which the issuer promises the table to be complete.
        source: the file's name.
    """

    last_change: date
    tai_minus_utc_s: float
    expires: date
    source: str


@cache
def leap_seconds(path: str = astropy_iers_data.IERS_LEAP_SECOND_FILE) -> LeapSeconds:
    """Read the shipped leap-second file, and tell `erfa` of leap seconds that it does not know.

    `erfa` has a table compiled in, which may be older than the file; astropy does the same.

    Raises:
        DataMissingError: the file is absent or does not hold what it should.
    """
    try:
        lines = Path(path).read_text(encoding="ascii").splitlines()
        expiry = next(line for line in lines if "expires on" in line).split("expires on")[1]
        expires = datetime.strptime(expiry.strip(), "%d %B %Y").date()
        rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
        table = [(int(row[3]), int(row[2]), float(row[4])) for row in rows]
        year, month, tai_minus_utc_s = table[-1]
        last = date(year, month, 1)
    except (OSError, ValueError, IndexError, StopIteration) as error:
        raise DataMissingError(
            f"The leap-second table {path} cannot be read ({error}). "
            "Reinstall the package astropy-iers-data."
        ) from error
    known = erfa.leap_seconds.get()
    newest = (int(known["year"][-1]), int(known["month"][-1]))
    added = [row for row in table if row[:2] > newest]
    if added:
        erfa.leap_seconds.set(np.concatenate([known, np.array(added, dtype=known.dtype)]))
    return LeapSeconds(last, tai_minus_utc_s, expires, Path(path).name)


def two_part(mjd: ArrayLike) -> TwoPart:
    """Split an MJD into a Julian date at midnight and the fraction of the day, both exact.

    Raises:
        InputError: an MJD is not finite.
        OutOfRangeError: an MJD lies outside the calendar that `erfa` can handle.
    """
    mjd = np.asarray(mjd, dtype=np.float64)
    if not np.all(np.isfinite(mjd)):
        raise InputError(
            "an epoch is not a finite number",
            found=float(mjd[~np.isfinite(mjd)].flat[0]),
            expected="a Modified Julian Date in days",
        )
    outside = (mjd < _MJD_MIN) | (mjd > _MJD_MAX)
    if np.any(outside):
        raise OutOfRangeError(
            "Epoch MJD", float(mjd[outside].flat[0]), _MJD_MIN, _MJD_MAX, "the calendar"
        )
    day = np.floor(mjd)
    return MJD_OF_JD + day, mjd - day


def mjd_of(jd: TwoPart) -> FloatArray:
    """Join a two-part Julian date to an MJD, days; the one rounding step of a conversion."""
    whole, rest = jd
    return np.asarray((whole - MJD_OF_JD) + rest, dtype=np.float64)


def smooth_at(
    series: Callable[[FloatArray, FloatArray], FloatArray], jd: TwoPart, step_d: float
) -> FloatArray:
    """A slow, smooth series at many near epochs, by cubic interpolation where that is cheaper.

    The long series of SOFA cost 20 to 100 microseconds an epoch. Where the epochs lie close
    together, they are summed only at the nodes of a fixed grid, with Lagrange's cubic between.

    Args:
        series: from a two-part Julian date of shape (N,) to values of shape (..., N).
        jd: the epochs, shape S.
        step_d: the grid's step, days.

    Returns:
        Values of shape (...) + S.
    """
    whole, rest = (part.ravel() for part in np.broadcast_arrays(*jd))
    shape = np.broadcast(*jd).shape
    x = ((whole - _J2000_JD) + rest) / step_d
    left = np.floor(x)
    # The first test spares single epochs the cost of the second.
    if x.size <= 4 or 4 * (cells := np.unique(left)).size >= x.size:
        direct = series(whole, rest)
        return direct.reshape((*direct.shape[:-1], *shape))
    nodes = np.unique(cells[:, np.newaxis] + np.arange(-1.0, 3.0))
    summed = series(np.full(nodes.size, _J2000_JD), nodes * step_d)
    at = np.searchsorted(nodes, left)
    t = x - left
    values: FloatArray = (
        summed[..., at - 1] * (-t * (t - 1.0) * (t - 2.0) / 6.0)
        + summed[..., at] * ((t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0)
        + summed[..., at + 1] * (-(t + 1.0) * t * (t - 2.0) / 2.0)
        + summed[..., at + 2] * ((t + 1.0) * t * (t - 1.0) / 6.0)
    )
    return values.reshape((*values.shape[:-1], *shape))


def tdb_minus_tt_s(jd: TwoPart) -> FloatArray:
    """TDB - TT at the geocentre, seconds; the argument may be TT or TDB.

    Swapping the two scales moves the argument by 2 ms and the result by less than 1e-12 s;
    interpolation costs less than 1e-12 s.
    """
    return smooth_at(
        lambda whole, rest: np.asarray(erfa.ufunc.dtdb(whole, rest, 0.0, 0.0, 0.0, 0.0)), jd, 0.25
    )


def tt_from_tdb(jd_tdb: TwoPart) -> TwoPart:
    """TT from TDB, both two-part Julian dates."""
    jd1, jd2, _ = erfa.ufunc.tdbtt(*jd_tdb, tdb_minus_tt_s(jd_tdb))
    return jd1, jd2


def tdb_from_tt(jd_tt: TwoPart) -> TwoPart:
    """TDB from TT, both two-part Julian dates."""
    jd1, jd2, _ = erfa.ufunc.tttdb(*jd_tt, tdb_minus_tt_s(jd_tt))
    return jd1, jd2


def tai_from_tt(jd_tt: TwoPart) -> TwoPart:
    """TAI from TT, both two-part Julian dates."""
    jd1, jd2, _ = erfa.ufunc.tttai(*jd_tt)
    return jd1, jd2


def tai_from_tdb(jd_tdb: TwoPart) -> TwoPart:
    """TAI from TDB, both two-part Julian dates."""
    return tai_from_tt(tt_from_tdb(jd_tdb))


def tdb_from_tai(jd_tai: TwoPart) -> TwoPart:
    """TDB from TAI, both two-part Julian dates."""
    jd1, jd2, _ = erfa.ufunc.taitt(*jd_tai)
    return tdb_from_tt((jd1, jd2))


def utc_from_tdb(jd_tdb: TwoPart) -> TwoPart:
    """UTC (quasi Julian date) from TDB, both in two parts."""
    leap_seconds()
    jd1, jd2, _ = erfa.ufunc.taiutc(*tai_from_tdb(jd_tdb))
    return jd1, jd2


def tai_from_utc(jd_utc: TwoPart) -> TwoPart:
    """TAI from UTC (quasi Julian date), both in two parts."""
    leap_seconds()
    jd1, jd2, _ = erfa.ufunc.utctai(*jd_utc)
    return jd1, jd2


def mjd_tt_from_tdb(mjd_tdb: ArrayLike) -> FloatArray:
    """MJD TT from MJD TDB, days; any shape."""
    return mjd_of(tt_from_tdb(two_part(mjd_tdb)))


def mjd_tdb_from_tt(mjd_tt: ArrayLike) -> FloatArray:
    """MJD TDB from MJD TT, days; any shape."""
    return mjd_of(tdb_from_tt(two_part(mjd_tt)))


def mjd_tai_from_tdb(mjd_tdb: ArrayLike) -> FloatArray:
    """MJD TAI from MJD TDB, days; any shape."""
    return mjd_of(tai_from_tdb(two_part(mjd_tdb)))


def mjd_tdb_from_tai(mjd_tai: ArrayLike) -> FloatArray:
    """MJD TDB from MJD TAI, days; any shape."""
    return mjd_of(tdb_from_tai(two_part(mjd_tai)))


def mjd_utc_from_tdb(mjd_tdb: ArrayLike) -> FloatArray:
    """MJD UTC (quasi-MJD on days with a leap second) from MJD TDB, days; any shape."""
    return mjd_of(utc_from_tdb(two_part(mjd_tdb)))


def mjd_tdb_from_utc(mjd_utc: ArrayLike) -> FloatArray:
    """MJD TDB from MJD UTC (quasi-MJD on days with a leap second), days; any shape."""
    return mjd_of(tdb_from_tai(tai_from_utc(two_part(mjd_utc))))


_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d*)?))?(?P<zulu>Z)?)?",
    re.IGNORECASE | re.ASCII,
)
_COUNT = re.compile(r"(?P<kind>mjd|jd):(?P<number>[+-]?\d+(?:\.\d*)?)", re.IGNORECASE | re.ASCII)
_REMEDY: Final = (
    "Write 2029-04-13T21:46 (UTC), 2029-04-13T21:46@tdb, mjd:62240.5@tdb or jd:2462241.0@tdb."
)
_CALENDAR_FAULTS: Final = {
    -1: "the year is outside the calendar",
    -2: "there is no such month",
    -3: "the month has no such day",
    -4: "there is no such hour",
    -5: "there is no such minute",
    -6: "there is no such second",
    2: "the second lies past the end of the minute (no leap second there)",
    3: "the second lies past the end of the minute (no leap second there)",
}


def parse_epoch(text: str, field: str | None = None) -> float:
    """The MJD TDB of an epoch as people write it.

    ISO 8601 (`2029-04-13`, `2029-04-13T21:46`, `2029-04-13T21:46:07.25`, `…Z`), `mjd:NUMBER` or
    `jd:NUMBER`; in UTC, or in the scale named by a suffix `@tdb`, `@tt`, `@tai` or `@utc`. A leap
    second is `23:59:60`. In UTC a fraction of a day counts as SOFA's quasi-MJD does.

    Args:
        text: the epoch.
        field: the option or column that it comes from, for the error.

    Raises:
        InputError: the text is no epoch, or no such time exists.
    """
    moment, at, suffix = text.strip().partition("@")
    scale = suffix.strip().lower() if at else "utc"
    if scale not in SCALES:
        raise InputError(
            "the time scale is not known",
            field=field,
            found=text,
            expected="@utc, @tdb, @tt or @tai",
            remedy=_REMEDY,
        )
    moment = moment.strip()
    if (iso := _ISO.fullmatch(moment)) is not None:
        jd = _calendar_jd(iso, scale, text, field)
    elif (count := _COUNT.fullmatch(moment)) is not None:
        jd = _count_jd(count, text, field)
    else:
        raise InputError(
            "this is no epoch", field=field, found=text, expected="ISO 8601", remedy=_REMEDY
        )
    if scale == "tdb":
        return float(mjd_of(jd))
    if scale == "tt":
        return float(mjd_of(tdb_from_tt(jd)))
    return float(mjd_of(tdb_from_tai(jd if scale == "tai" else tai_from_utc(jd))))


def _calendar_jd(iso: re.Match[str], scale: str, text: str, field: str | None) -> TwoPart:
    if iso["zulu"] and scale != "utc":
        raise InputError(
            f"Z means UTC, but the suffix says @{scale}",
            field=field,
            found=text,
            expected="one time scale",
            remedy=_REMEDY,
        )
    leap_seconds()
    jd1, jd2, status = erfa.ufunc.dtf2d(
        scale.upper().encode(),
        int(iso["year"]),
        int(iso["month"]),
        int(iso["day"]),
        int(iso["hour"] or 0),
        int(iso["minute"] or 0),
        float(iso["second"] or 0.0),
    )
    # Status 1 marks years before 1960 or some years past the leap-second table: UTC as documented.
    if int(status) not in (0, 1):
        raise InputError(
            _CALENDAR_FAULTS[int(status)],
            field=field,
            found=text,
            expected="a time that exists",
            remedy=_REMEDY,
        )
    return jd1, jd2


def _count_jd(count: re.Match[str], text: str, field: str | None) -> TwoPart:
    # Decimal keeps the microseconds that a single float64 Julian date would lose.
    number = Decimal(count["number"])
    mjd = number - Decimal("2400000.5") if count["kind"].lower() == "jd" else number
    if not _MJD_MIN <= mjd <= _MJD_MAX:
        raise InputError(
            "the day lies outside the calendar",
            field=field,
            found=text,
            expected=f"MJD {_MJD_MIN} to {_MJD_MAX}",
            remedy=_REMEDY,
        )
    day = mjd.to_integral_value(rounding="ROUND_FLOOR")
    return np.asarray(MJD_OF_JD + float(day)), np.asarray(float(mjd - day))


def format_utc(mjd_tdb: float, precision: int = 3) -> str:
    """ISO 8601 text in UTC of an MJD TDB, e.g. `2029-04-13T21:46:07.250`.

    Args:
        mjd_tdb: the epoch, days.
        precision: decimals of the second, 0 to 9; a float64 MJD carries no more than 6.

    Rounding carries over minutes, days and leap seconds (`23:59:60` where there is one).
    """
    return _format(b"UTC", utc_from_tdb(two_part(mjd_tdb)), precision)


def format_tdb(mjd_tdb: float, precision: int = 3) -> str:
    """ISO 8601 text in TDB of an MJD TDB, without suffix; see `format_utc`."""
    return _format(b"TDB", two_part(mjd_tdb), precision)


def _format(scale: bytes, jd: TwoPart, precision: int) -> str:
    if not 0 <= precision <= 9:
        raise InputError(
            "the number of decimals of a second is out of range",
            found=precision,
            expected="0 to 9",
        )
    year, month, day, clock, _ = erfa.ufunc.d2dtf(scale, precision, *jd)
    fraction = f".{int(clock['f']):0{precision}d}" if precision else ""
    return (
        f"{int(year):04d}-{int(month):02d}-{int(day):02d}"
        f"T{int(clock['h']):02d}:{int(clock['m']):02d}:{int(clock['s']):02d}{fraction}"
    )
