"""Observations as ADES PSV: https://github.com/IAU-ADES/ADES-Master, version 2022.

Places and times are printed with the digits that they came with; where these were sexagesimal or
fractions of a day, `precRA`, `precDec` and `precTime` say so and two digits more are printed.
Times carry at most microseconds. Biases and exclusions, which come from `.rwo` files, go to
`biasRA`, `biasDec` and `selAst`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import erfa.ufunc
import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.ades_columns import ARCSEC_RAD, SECOND_RAD
from perilune.astrometry.codes import UNKNOWN, program_code
from perilune.astrometry.observations import FloatArray, Kind, Observations, TextArray
from perilune.constants import DAY_S
from perilune.errors import InputError
from perilune.orbits.designations import is_permanent, pack
from perilune.times import two_part, utc_from_tdb

_MOST_TIME_DECIMALS: Final = 6
_MOST_ANGLE_DECIMALS: Final = 13
_Columns = dict[str, list[str]]


def write_ades_psv(observations: Observations) -> str:
    """The table as ADES PSV, its rows in their order, a block for each run of one kind.

    Raises:
        InputError: a text of the table holds a character that PSV cannot carry.
    """
    is_radar = observations.kind != Kind.OPTICAL
    cuts = np.flatnonzero(is_radar[1:] != is_radar[:-1]) + 1
    lines = ["# version=2022"]
    for start, stop in zip([0, *cuts], [*cuts, len(observations)], strict=True):
        block = observations.where(np.arange(start, stop))
        columns = _radar(block) if start < stop and is_radar[start] else _optical(block)
        always = ("permID", "provID", "obsTime", "stn", "rcv", "ra", "dec", "mode", "astCat")
        names = [name for name, cells in columns.items() if name in always or any(cells)]
        chosen = [columns[name] for name in names]
        widths = [max(map(len, [name, *cells])) for name, cells in zip(names, chosen, strict=True)]
        for row in (names, *zip(*chosen, strict=True)):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            lines.append("|".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def _identity(block: Observations) -> _Columns:
    columns: _Columns = {"permID": [], "provID": [], "trkSub": []}
    known: dict[str, str] = {}
    for name in _texts(block.designation, "designation"):
        if name not in known:
            is_provisional = pack(name) is not None or " " in name
            known[name] = (
                "permID" if is_permanent(name) else "provID" if is_provisional else "trkSub"
            )
        for field, cells in columns.items():
            cells.append(name if known[name] == field else "")
    return columns


def _optical(block: Observations) -> _Columns:
    columns = _identity(block)
    columns["mode"] = [mode or UNKNOWN for mode in _texts(block.mode, "mode")]
    columns["stn"] = _texts(block.station, "station")
    columns |= _position(block)
    columns["prog"] = [program_code(letter) for letter in block.program.tolist()]
    columns["obsTime"], columns_time = _times(block)
    columns["rmsTime"] = _plain(block.sigma_time_s)
    angles = (
        ("ra", block.ra_rad, block.precision_ra_rad, "precRA", SECOND_RAD),
        ("dec", block.dec_rad, block.precision_dec_rad, "precDec", ARCSEC_RAD),
    )
    precisions: _Columns = {}
    for name, angle, precision, field, unit_rad in angles:
        columns[name], precisions[field] = _angles(angle, precision, unit_rad, name == "ra")
    columns["rmsRA"] = _plain(block.sigma_ra_rad / ARCSEC_RAD)
    columns["rmsDec"] = _plain(block.sigma_dec_rad / ARCSEC_RAD)
    columns["rmsCorr"] = _plain(block.correlation)
    columns["astCat"] = [catalog or UNKNOWN for catalog in _texts(block.catalog, "catalog")]
    columns["mag"] = _plain(block.magnitude)
    columns["rmsMag"] = _plain(block.sigma_magnitude)
    columns["band"] = _texts(block.band, "band")
    columns["disc"] = ["*" if is_first else "" for is_first in block.is_discovery.tolist()]
    columns["precTime"] = columns_time
    columns |= precisions
    columns["biasRA"] = _plain(block.bias_ra_rad / ARCSEC_RAD)
    columns["biasDec"] = _plain(block.bias_dec_rad / ARCSEC_RAD)
    columns["selAst"] = ["D" if is_out else "" for is_out in block.is_excluded.tolist()]
    return columns


def _radar(block: Observations) -> _Columns:
    columns = _identity(block)
    columns["trx"] = _texts(block.transmitter, "transmitter")
    columns["rcv"] = _texts(block.station, "station")
    columns["prog"] = [program_code(letter) for letter in block.program.tolist()]
    columns["obsTime"], columns["precTime"] = _times(block)
    columns["delay"] = _plain(block.delay_s, 15)
    columns["rmsDelay"] = _plain(block.sigma_delay_s * 1e6)
    columns["doppler"] = _plain(block.doppler_hz, 15)
    columns["rmsDoppler"] = _plain(block.sigma_doppler_hz)
    columns["com"] = ["0" if is_surface else "1" for is_surface in block.is_surface.tolist()]
    columns["frq"] = _plain(block.frequency_hz / 1e6)
    for name, kind in (("selDelay", Kind.RADAR_DELAY), ("selDoppler", Kind.RADAR_DOPPLER)):
        is_out = block.is_excluded & (block.kind == kind)
        columns[name] = ["D" if row else "" for row in is_out.tolist()]
    return columns


def _texts(column: TextArray, field: str) -> list[str]:
    texts = [str(text) for text in column.tolist()]
    for text in set(texts):
        if "|" in text or not text.isprintable() or not text.isascii() or text != text.strip():
            raise InputError(
                "ADES PSV cannot carry this text",
                field=field,
                found=text,
                expected="printable ASCII without | and without blanks around it",
            )
    return texts


def plain_number(value: float, digits: int = 15) -> str:
    """A number in as few digits as say it, without an exponent; "" for NaN."""
    if math.isnan(value):
        return ""
    text = f"{value:.{digits}g}"
    if "e" in text:
        places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
        text = f"{value:.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _plain(values: FloatArray, digits: int = 12) -> list[str]:
    wide = digits if values.size and np.nanmax(np.abs(values), initial=0.0) < 1e4 else 15
    return [plain_number(value, wide) for value in values.tolist()]


def _times(block: Observations) -> tuple[list[str], list[str]]:
    """`obsTime`, and `precTime` where the unit of the last digit is no decimal of a second."""
    decimals, is_decimal = _decimals(block.precision_time_s, _MOST_TIME_DECIMALS)
    jd1, jd2 = utc_from_tdb(two_part(block.epoch_mjd_tdb)) if len(block) else (np.empty(0),) * 2
    texts = np.full(len(block), "", dtype="U27")
    for places in np.unique(decimals).tolist():
        rows = np.flatnonzero(decimals == places)
        year, month, day, clock, _ = erfa.ufunc.d2dtf(b"UTC", places, jd1[rows], jd2[rows])
        for row, y, m, d, h, n, s, f in zip(
            rows.tolist(), year.tolist(), month.tolist(), day.tolist(), clock["h"].tolist(),
            clock["m"].tolist(), clock["s"].tolist(), clock["f"].tolist(), strict=True,
        ):  # fmt: skip
            fraction = f".{f:0{places}d}" if places else ""
            texts[row] = f"{y:04d}-{m:02d}-{d:02d}T{h:02d}:{n:02d}:{s:02d}{fraction}Z"
    given = np.where(is_decimal, np.nan, block.precision_time_s / (1e-6 * DAY_S))
    return texts.tolist(), _plain(given)


def _angles(
    angle: FloatArray, precision: FloatArray, unit_rad: float, is_circular: bool
) -> tuple[list[str], list[str]]:
    """Degrees, and the precision in `unit_rad` where it is no decimal of a degree."""
    decimals, is_decimal = _decimals(np.degrees(precision), _MOST_ANGLE_DECIMALS)
    degrees = np.degrees(angle)
    texts = []
    for value, places in zip(degrees.tolist(), decimals.tolist(), strict=True):
        text = f"{value:.{places}f}"
        texts.append(f"{0.0:.{places}f}" if is_circular and float(text) >= 360.0 else text)
    return texts, _plain(np.where(is_decimal, np.nan, precision / unit_rad))


def _decimals(precision: FloatArray, most: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """How many decimals to print, and whether the precision is just these decimals (or unknown)."""
    is_known = np.isfinite(precision) & (precision > 0.0)
    power = -np.log10(np.where(is_known, precision, 10.0**-most))
    nearest = np.rint(power)
    is_decimal = (np.abs(power - nearest) < 1e-6) & (nearest >= 0)
    places = np.where(is_decimal, nearest, np.ceil(power) + 2)
    return np.clip(places, 0, most).astype(np.int64), is_decimal


def _position(block: Observations) -> _Columns:
    systems = _texts(block.position_system, "position_system")
    columns: _Columns = {"sys": systems, "ctr": [], "pos1": [], "pos2": [], "pos3": []}
    convert: dict[str, Callable[[list[float]], list[float]]] = {
        "ICRF_KM": lambda p: p,
        "ITRF": lambda p: [
            math.degrees(math.atan2(p[1], p[0])) % 360.0, math.hypot(p[0], p[1]), p[2]
        ],
        "WGS84": _geodetic,
        "IAU": _geodetic,
    }  # fmt: skip
    for system, center, position in zip(
        systems, block.position_center.tolist(), block.position.tolist(), strict=True
    ):
        columns["ctr"].append(str(center) if system else "")
        values = convert[system](position) if system else [math.nan] * 3
        for name, value in zip(("pos1", "pos2", "pos3"), values, strict=True):
            columns[name].append(plain_number(value, 14))
    return columns


def _geodetic(position: list[float]) -> list[float]:
    return [math.degrees(position[0]), math.degrees(position[1]), 1000.0 * position[2]]
