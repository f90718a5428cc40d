"""Second lines of 80-column records: where a spacecraft or a roving observer was; radar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.lines import Lines
from perilune.astrometry.observations import FloatArray, Kind, TextArray
from perilune.astrometry.rejections import Faults
from perilune.constants import AU_KM

_EARTH: Final = 399
_UNITS: Final = {ord("1"): 1.0, ord("2"): AU_KM}
_SIGNED: Final = re.compile(rb"([+-]) *(\d*\.\d*|\d+) *")
_PLAIN: Final = re.compile(rb" *([+-]?(?:\d+\.?\d*|\.\d+)) *")
_DIGITS: Final = re.compile(rb" *(\d*) *")


@dataclass(frozen=True, slots=True)
class Seconds:
    """Observers' positions as `Observations` has them, for all rows of a file (N,)."""

    position: FloatArray
    system: TextArray
    center: NDArray[np.int64]


def read_seconds(
    lines: Lines, cells: NDArray[np.uint8], rows: NDArray[np.int64], faults: Faults
) -> Seconds:
    """Positions from the lines that follow the records `rows`, of spacecraft and roving observers.

    https://minorplanetcenter.net/iau/info/SatelliteObs.html and .../RovingObs.html.
    """
    n = len(lines)
    found = Seconds(
        np.full((n, 3), np.nan), np.full(n, "", dtype="U7"), np.zeros(n, dtype=np.int64)
    )
    for row in rows.tolist():
        second = lines.bytes_of(row + 1)
        is_craft = cells[row, 14] == ord("S")
        position = _spacecraft(second) if is_craft else _roving(second)
        if position is None:
            field = "columns 35-69" if is_craft else "columns 35-61"
            mask = np.zeros(n, dtype=np.bool_)
            mask[row + 1] = True
            expected = (
                "1 or 2 in column 33 and three signed numbers of km or au"
                if is_craft
                else "longitude and latitude in degrees, altitude in metres"
            )
            faults.flag(mask, field, "this is no position of an observer", expected)
            mask[row], mask[row + 1] = True, False
            faults.flag(mask, None, "the second line of this record cannot be read")
            continue
        found.position[row] = position
        found.system[row] = "ICRF_KM" if is_craft else "WGS84"
        found.center[row] = _EARTH
    return found


def _spacecraft(line: bytes) -> list[float] | None:
    unit = _UNITS.get(line[32])
    parts = [_SIGNED.fullmatch(line[start : start + 11]) for start in (34, 46, 58)]
    if unit is None or not all(parts):
        return None
    try:
        return [float(part[1] + part[2]) * unit for part in parts if part]
    except ValueError:
        return None


def _roving(line: bytes) -> list[float] | None:
    parts = [_PLAIN.fullmatch(line[a:b]) for a, b in ((34, 44), (45, 55), (56, 61))]
    if line[32] != ord("1") or not all(parts):
        return None
    longitude, latitude, altitude = (float(part[1]) for part in parts if part)
    if abs(longitude) > 360.0 or abs(latitude) > 90.0:
        return None
    return [np.radians(longitude), np.radians(latitude), altitude / 1000.0]


def read_radar(
    lines: Lines, cells: NDArray[np.uint8], rows: NDArray[np.int64], faults: Faults
) -> list[tuple[int, dict[str, object]]]:
    """Delays and Doppler shifts of the radar records `rows`: row and columns of each.

    https://minorplanetcenter.net/iau/info/RadarObs.html. A record may hold both.
    """
    entries: list[tuple[int, dict[str, object]]] = []
    for row in rows.tolist():
        first, second = lines.bytes_of(row), lines.bytes_of(row + 1)
        found = _radar(first, second)
        if isinstance(found, str):
            mask = np.zeros(len(lines), dtype=np.bool_)
            mask[row] = True
            faults.flag(mask, "columns 33-68", found)
            continue
        entries += [(row, entry) for entry in found]
    return entries


def _radar(first: bytes, second: bytes) -> list[dict[str, object]] | str:
    frequency = _implied(first[62:68] + second[62:68], 5)
    delay, shift = _implied(first[32:47], 11), _implied(first[47:62], 11)
    delay_sigma, shift_sigma = _implied(second[33:47], 10), _implied(second[47:62], 11)
    if None in (frequency, delay, shift, delay_sigma, shift_sigma):
        return "a number of this radar record cannot be read"
    if not frequency:
        return "the transmitter's frequency is missing"
    if chr(second[32]) not in "SC ":
        return "column 33 of the second line says neither S (surface) nor C (centre of mass)"
    transmitter = first[68:71].decode("ascii").strip()
    if len(transmitter) != 3:
        return "the transmitter's code is missing"
    shared: dict[str, object] = {
        "station": first[77:80].decode("ascii"),
        "transmitter": transmitter,
        "frequency_hz": frequency * 1e6,
        "is_surface": second[32] == ord("S"),
        "mode": "",
        "program": first[13:14].decode("ascii").strip(),
        "delay_s": np.nan,
        "doppler_hz": np.nan,
        "sigma_delay_s": np.nan,
        "sigma_doppler_hz": np.nan,
    }
    entries = []
    if delay is not None and not np.isnan(delay):
        if delay <= 0.0:
            return "the delay is not positive"
        sigma = delay_sigma / 1e6 if delay_sigma else np.nan
        entries.append(
            shared | {"kind": int(Kind.RADAR_DELAY), "delay_s": delay / 1e6, "sigma_delay_s": sigma}
        )
    if shift is not None and not np.isnan(shift):
        sigma = shift_sigma or np.nan
        entries.append(
            shared
            | {"kind": int(Kind.RADAR_DOPPLER), "doppler_hz": shift, "sigma_doppler_hz": sigma}
        )
    return entries or "the record holds neither a delay nor a Doppler shift"


def _implied(text: bytes, whole: int) -> float | None:
    """A number whose decimal point stands behind `whole` columns; NaN for blanks, None if none."""
    if not text.strip():
        return float("nan")
    sign = -1.0 if text[:1] == b"-" else 1.0
    if text[:1] in (b"-", b"+"):
        text = b" " + text[1:]
    if b"." in text:
        match = _PLAIN.fullmatch(text)
        return sign * float(match[1]) if match else None
    left, right = _DIGITS.fullmatch(text[:whole]), _DIGITS.fullmatch(text[whole:])
    if not left or not right or (right[1] and text[whole : whole + 1] == b" "):
        return None
    return sign * float((left[1] or b"0") + b"." + (right[1] or b"0"))
