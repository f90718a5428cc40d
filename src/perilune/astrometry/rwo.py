"""OrbFit's .rwo files (NEODyS, AstDyS, ESA NEOCC): observations with their weights and biases.

Fixed columns, as its header shows. RMS and bias of the right ascension are along RA times
cos(dec), arcseconds; so is its accuracy, which is turned into that of the right ascension itself.
Selection flag 0 excludes a row. Radar rows give half the delay as km and the range rate in km/d;
the carrier's frequency is not given, and since only the ratio of shift to frequency counts, a
nominal 1 GHz stands for it. Radar stations are MPC codes or JPL's numbers ("-1": Arecibo).
"""

from __future__ import annotations

import math
import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.ades_columns import ARCSEC_RAD, SECOND_RAD, Parsed
from perilune.astrometry.codes import CATALOGS, MODES, RADAR_STATIONS
from perilune.astrometry.lines import Lines
from perilune.astrometry.observations import Kind, Observations, empty
from perilune.astrometry.rejections import RejectedLine, RowFault, printable
from perilune.astrometry.text_kernels import parse_day_fraction, parse_sexagesimal
from perilune.constants import AU_KM, DAY_S, SPEED_OF_LIGHT_KM_S
from perilune.orbits.designations import is_natural_satellite, tidy

_NOMINAL_HZ: Final = 1e9
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([EeDd][+-]?\d{1,3})?", re.ASCII)
_CLOCK: Final = re.compile(r"(\d\d):(\d\d):(\d\d)", re.ASCII)
_BLANK: Final = ord(" ")
_OPTICAL_LENGTH: Final = 195  # up to the selection flag of the place


def read_rwo(lines: Lines) -> tuple[list[Parsed], list[RejectedLine]]:
    """Read all rows after the header; see `read_obs80` for what comes back."""
    rejected: list[RejectedLine] = []
    rows: list[dict[str, object]] = []
    is_header = True
    row = 0
    while row < len(lines):
        data = lines.bytes_of(row)
        number = int(lines.number[row])
        row += 1
        if is_header:
            is_header = not data.startswith(b"END_OF_HEADER")
            continue
        if data.startswith(b"!"):
            continue
        try:
            line = _ascii(data)
            kind = line[11:12] + line[13:14]
            if line[11:12] in ("R", "V") and line[13:14] not in ("V", "v"):
                found = _radar(line)
            elif line[13:14] in "sv" and line[11:12].upper() == line[13:14].upper():
                raise RowFault(
                    "this second line follows no first line", "K T", kind, "a first line"
                )
            else:
                second = None
                if kind in ("SS", "VV") and row < len(lines):
                    second = _second(lines.bytes_of(row), line)
                    row += second is not None
                found = _optical(line, second)
        except RowFault as fault:
            rejected.append(fault.rejected(number, printable(data)))
            continue
        found["line"] = number
        rows.append(found)
    return [_table(rows)] if rows else [], rejected


def _table(rows: list[dict[str, object]]) -> Parsed:
    base = empty(len(rows))
    columns: dict[str, object] = {}
    for name in base.__slots__:
        column = getattr(base, name)
        if any(name in row for row in rows):
            default = column[0]
            values = np.array([row.get(name, default) for row in rows])
            column = values if values.dtype.kind == "U" else values.astype(column.dtype)
        columns[name] = column
    day_mjd = np.array([row["day"] for row in rows], dtype=np.int64)
    seconds = np.array([row["seconds"] for row in rows], dtype=np.float64)
    return Parsed(Observations(**columns), day_mjd, seconds, [])  # type: ignore[arg-type]


def _ascii(data: bytes) -> str:
    if not data.isascii() or b"\t" in data:
        raise RowFault("the line holds tabs or bytes that are not ASCII", "line", "", "ASCII")
    return data.decode("ascii")


def _number(line: str, start: int, stop: int, field: str, *, required: bool = True) -> float:
    text = line[start:stop].strip()
    if not text and not required:
        return math.nan
    if not _NUMBER.fullmatch(text):
        raise RowFault("this is no number", field, text, "a decimal number")
    value = float(text.replace("D", "E").replace("d", "e"))
    if not math.isfinite(value):
        raise RowFault("this number is too large", field, text, "a finite number")
    return value


def _sigma(line: str, start: int, stop: int, field: str) -> float:
    value = _number(line, start, stop, field)
    if value <= 0.0:
        text = line[start:stop].strip()
        raise RowFault("a sigma is not positive", field, text, "a number above 0")
    return value


def _name(line: str) -> str:
    name = tidy(line[1:11].strip())
    if not name:
        raise RowFault("the object is not named", "Design", "", "a designation")
    if is_natural_satellite(name):
        raise RowFault("a planet's satellite has no orbit about the Sun", "Design", name, "another")
    return name


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("ascii"), dtype=np.uint8)


def _date(line: str, stop: int) -> tuple[int, float]:
    text = line[17:stop].rstrip()
    day, seconds, _ = parse_day_fraction(_bytes(text), 0, len(text))
    if day == -1000000:
        raise RowFault("there is no such date", "Date", text, "YYYY MM DD.dddddd")
    return int(day), float(seconds)


def _angle(line: str, start: int, stop: int, field: str, limit_s: float) -> float:
    text = line[start:stop].rstrip()
    value, _ = parse_sexagesimal(_bytes(text), 0, len(text), _BLANK)
    if not (value < limit_s or (field == "Declination" and value == limit_s)):
        raise RowFault("this is no such angle", field, text, "sexagesimal, in its range")
    return float(value)


def _flag(line: str, column: int, field: str) -> bool:
    text = line[column : column + 1]
    if text not in ("0", "1", "2"):
        raise RowFault("this is no selection flag", field, text, "0, 1 or 2")
    return text == "0"


def _optical(line: str, second: str | None) -> dict[str, object]:
    if len(line) < _OPTICAL_LENGTH:
        raise RowFault("the line is too short", "line", "", f"{_OPTICAL_LENGTH} characters or more")
    day, seconds = _date(line, 40)
    sign = line[103:104]
    if sign not in "+-":
        raise RowFault("the declination has no sign", "Declination", line[103:115], "sDD MM SS.ss")
    dec_arcsec = _angle(line, 104, 115, "Declination", 324_000.0)
    dec_rad = (-dec_arcsec if sign == "-" else dec_arcsec) * ARCSEC_RAD
    station = line[180:183].strip()
    if len(station) != 3:
        raise RowFault("the station is missing", "Obs Cod", station, "a station's code")
    # The accuracy is printed with four digits of what was a power of ten in seconds of time.
    unit_s = _sigma(line, 63, 73, "RA Accuracy") / (15.0 * max(math.cos(dec_rad), 1e-9))
    power = 10.0 ** round(math.log10(unit_s))
    found: dict[str, object] = {
        "designation": _name(line),
        "day": day,
        "seconds": seconds,
        "precision_time_s": DAY_S * _sigma(line, 40, 50, "Date Accuracy"),
        "ra_rad": _angle(line, 50, 63, "Right Ascension", 86_400.0) * SECOND_RAD,
        "dec_rad": dec_rad,
        "precision_ra_rad": (power if abs(unit_s / power - 1.0) < 0.02 else unit_s) * SECOND_RAD,
        "precision_dec_rad": _sigma(line, 115, 126, "Dec Accuracy") * ARCSEC_RAD,
        "sigma_ra_rad": _sigma(line, 73, 82, "RA RMS") * ARCSEC_RAD,
        "sigma_dec_rad": _sigma(line, 126, 135, "Dec RMS") * ARCSEC_RAD,
        "bias_ra_rad": _number(line, 84, 93, "RA Bias") * ARCSEC_RAD,
        "bias_dec_rad": _number(line, 137, 146, "Dec Bias") * ARCSEC_RAD,
        "magnitude": _number(line, 156, 161, "Magnitude", required=False),
        "band": line[161:162].strip(),
        "sigma_magnitude": _number(line, 163, 169, "Magnitude RMS", required=False),
        "catalog": CATALOGS.get(line[178:179], ""),
        "mode": MODES.get(line[13:14], ""),
        "program": line[15:16].strip(),
        "station": station,
        "is_excluded": _flag(line, 194, "SEL A"),
    }
    if line[13:14] in "Xx":
        raise RowFault("the publisher has replaced this observation", "T", line[13:14], "another")
    if line[11:14] in ("S S", "V V"):
        if second is None:
            raise RowFault("the observer's position is missing", "line", "", "a second line")
        found |= _position(second, line[11:12] == "S", station)
    return found


def _second(data: bytes, first: str) -> str | None:
    """The next line, if it is the second one of this record."""
    if not data.isascii():
        return None
    line = data.decode("ascii")
    is_same = line[1:12] == first[1:12] and line[13:14] == first[13:14].lower()
    return line if is_same and line[17:30] == first[17:30] else None


def _position(line: str, is_craft: bool, station: str) -> dict[str, object]:
    tokens = line[33:].split()
    ok = len(tokens) == 5 and tokens[0] in ("1", "2") and tokens[4] == station
    if not ok or not all(_NUMBER.fullmatch(token) for token in tokens[1:4]):
        expected = "1 or 2, three numbers and the station"
        raise RowFault("this is no position of the observer", "second line", line[33:], expected)
    a, b, c = (float(token) for token in tokens[1:4])
    if is_craft:
        scale = AU_KM if tokens[0] == "2" else 1.0
        position, system = [a * scale, b * scale, c * scale], "ICRF_KM"
    elif abs(a) <= 360.0 and abs(b) <= 90.0:
        position, system = [math.radians(a), math.radians(b), c / 1000.0], "WGS84"
    else:
        raise RowFault("there is no such place", "second line", line[33:], "degrees and metres")
    return {"position": position, "position_system": system, "position_center": 399}


def _radar(line: str) -> dict[str, object]:
    clock = _CLOCK.fullmatch(line[28:36])
    day, _ = _date(line, 27)
    if not clock or int(clock[1]) > 23 or int(clock[2]) > 59 or int(clock[3]) > 59:
        raise RowFault("there is no such time", "Date", line[17:36], "YYYY MM DD hh:mm:ss")
    codes = []
    for start, stop, field in ((99, 105, "TRX"), (105, 110, "RCX")):
        text = line[start:stop].strip()
        code = RADAR_STATIONS.get(text, text)
        if len(code) != 3:
            raise RowFault("the radar station is not known", field, text, "a station's code")
        codes.append(code)
    measure = _number(line, 36, 53, "Measure")
    sigma = _sigma(line, 63, 72, "rms")
    bias = _number(line, 75, 87, "Bias")
    found: dict[str, object] = {
        "designation": _name(line),
        "day": day,
        "seconds": 3600.0 * int(clock[1]) + 60.0 * int(clock[2]) + int(clock[3]),
        "precision_time_s": 1.0,
        "transmitter": codes[0],
        "station": codes[1],
        "frequency_hz": _NOMINAL_HZ,
        "is_surface": line[13:14] == "s",
        "is_excluded": _flag(line, 124, "S"),
    }
    if line[11:12] == "R":
        scale = 2.0 / SPEED_OF_LIGHT_KM_S
        if measure - bias <= 0.0:
            raise RowFault("the range is not positive", "Measure", line[36:53].strip(), "km")
        return found | {
            "kind": int(Kind.RADAR_DELAY),
            "delay_s": scale * (measure - bias),
            "sigma_delay_s": scale * sigma,
        }
    scale = 2.0 * _NOMINAL_HZ / (SPEED_OF_LIGHT_KM_S * DAY_S)
    return found | {
        "kind": int(Kind.RADAR_DOPPLER),
        "doppler_hz": -scale * (measure - bias),
        "sigma_doppler_hz": scale * sigma,
    }
