"""Values as CNEOS writes them: numbers as texts, dates with months' names or decimals of a day."""

from __future__ import annotations

import math
from typing import Final

from perilune.constants import EARTH_EQUATORIAL_RADIUS_KM, MOON_RADIUS_KM
from perilune.ephemeris import planets
from perilune.orbits.designations import pack
from perilune.times import format_tdb, format_utc

_MONTHS: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
_MJD: Final = 2_400_000.5
_BODIES: Final = {"earth": (3, EARTH_EQUATORIAL_RADIUS_KM), "moon": (4, MOON_RADIUS_KM)}


def text(value: float | None, form: str) -> str | None:
    """A number as a text; None stays None."""
    return None if value is None or not math.isfinite(value) else format(value, form)


def julian(mjd: float, digits: int) -> str:
    """A Julian date."""
    return f"{mjd + _MJD:.{digits}f}"


def named_month(mjd_tdb: float) -> str:
    """TDB as 2029-Apr-13 21:46."""
    day, _, clock = format_tdb(mjd_tdb, 0).partition("T")
    year, month, number = day.rsplit("-", 2)
    return f"{year}-{_MONTHS[int(month) - 1]}-{number} {clock[:5]}"


def decimal_day(utc: str, digits: int) -> str:
    """UTC as 2032-12-22.64."""
    day, _, clock = utc.partition("T")
    hours, minutes, seconds = (float(part) for part in clock.rstrip("Z").split(":"))
    fraction = (hours + minutes / 60.0 + seconds / 3600.0) / 24.0
    whole = math.floor(fraction * 10**digits)  # a day's end stays within the day
    return f"{day}.{whole:0{digits}d}"


def observed_day(mjd_tdb: float) -> str:
    """A date of observation, UTC, as 2020-10-03.80160."""
    return decimal_day(format_utc(mjd_tdb, 3), 5)


def moment(utc: str) -> str:
    """2026-11-22T17:40:05.123Z as 2026-11-22 17:40:05."""
    return utc.replace("T", " ")[:19]


def clock_time(seconds: float | None) -> str | None:
    """An uncertainty of time as < 00:01, 00:05 or 2_03:04 (days, hours, minutes)."""
    if seconds is None or not math.isfinite(seconds):
        return None
    minutes = round(seconds / 60.0)
    if minutes < 1:
        return "< 00:01"
    days, rest = divmod(minutes, 1440)
    clock = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{days}_{clock}" if days else clock


def identifier(number: int | None, designation: str) -> str | None:
    """The name in CNEOS's own tables: a0099942, bK24Y04R."""
    if number is not None:
        return f"a{number:07d}"
    packed = pack(designation)
    return None if packed is None else f"b{packed.strip()}"


def full_name(number: int | None, name: str | None, designation: str) -> str:
    """99942 Apophis, or (2024 YR4) for what has neither number nor name."""
    if number is None and name is None:
        return f"({designation})"
    return " ".join(part for part in (number and str(number), name or designation) if part)


def speed_at_infinity(body: str, speed_km_s: float, distance_km: float | None = None) -> float:
    """The speed far from a body, from that at a distance from its centre; at its surface if None.

    By the energy of two bodies; nought for what is bound to the body.
    """
    index, radius_km = _BODIES[body]
    gm = float(planets().constants.gm_major_km3_s2[index])
    return math.sqrt(max(speed_km_s**2 - 2.0 * gm / (distance_km or radius_km), 0.0))


def radii(value_km: float | None, body: str) -> float | None:
    """A length in radii of the body."""
    return None if value_km is None else value_km / _BODIES[body][1]


def years(epochs_utc: list[str]) -> str | None:
    """The first and the last year: 2056-2113."""
    found = sorted(epoch[:4] for epoch in epochs_utc)
    return f"{found[0]}-{found[-1]}" if found else None


def days_between(first_mjd_tdb: float, last_mjd_tdb: float) -> str:
    """The length of an arc, days."""
    return f"{last_mjd_tdb - first_mjd_tdb:.4f}"
