"""Radar measurements as JSON: JPL's `sb_radar` answers, and lists made from them.

https://ssd-api.jpl.nasa.gov/doc/sb_radar.html: `fields` and `data`; times UTC, delays in
microseconds, shifts in Hz, frequencies in MHz, stations as JPL numbers them ("-14": DSS 14), bounce
point P (peak power, the leading edge) or C (centre of mass). A list instead holds an object a
measurement, with `obsTime`, `stn` (or `rcvr` and `xmit`), `value`, `sigma`, `units`, `freqTx_hz`
(or `freq` in MHz) and optionally `bp`; the object's name stands beside the list or in `des`.
Line numbers count the measurements.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from perilune.astrometry.ades_columns import Parsed
from perilune.astrometry.codes import RADAR_STATIONS
from perilune.astrometry.observations import Kind, Observations, empty
from perilune.astrometry.rejections import RejectedLine, RowFault
from perilune.astrometry.text_kernels import GOOD, parse_iso_times
from perilune.constants import DAY_S
from perilune.orbits.designations import number_of, tidy

_SHOWN: Final = 80


def measurements_of(tree: Any) -> list[dict[str, Any]] | None:
    """The measurements in a JSON tree, an object each; None if this is no radar file."""
    if not isinstance(tree, dict):
        return None
    names, data = tree.get("fields"), tree.get("data")
    if isinstance(names, list) and isinstance(data, list) and "rcvr" in names and "xmit" in names:
        return [
            dict(zip(map(str, names), row, strict=False)) if isinstance(row, list) else {}
            for row in data
        ]
    found = tree.get("observations")
    if isinstance(found, list) and any(isinstance(row, dict) and "units" in row for row in found):
        shared = {"des": tree.get("object")}
        return [shared | row if isinstance(row, dict) else {} for row in found]
    return None


def read_radar_json(rows: list[dict[str, Any]]) -> tuple[list[Parsed], list[RejectedLine]]:
    """Read measurements; see `read_obs80` for what comes back."""
    rejected = []
    found = []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(_measurement(row) | {"line": number})
        except RowFault as fault:
            text = " ".join(f"{name}={value}" for name, value in row.items())[:_SHOWN]
            rejected.append(fault.rejected(number, text))
    if not found:
        return [], rejected
    base = empty(len(found))
    columns = {name: getattr(base, name) for name in base.__slots__}
    for name in found[0]:
        if name in columns:
            dtype = None if columns[name].dtype.kind == "U" else columns[name].dtype
            columns[name] = np.array([row[name] for row in found], dtype=dtype)
    days = np.array([row["day"] for row in found], dtype=np.int64)
    seconds = np.array([row["seconds"] for row in found], dtype=np.float64)
    return [Parsed(Observations(**columns), days, seconds, [])], rejected


def _text(row: dict[str, Any], *names: str) -> str:
    """The first of some fields that is given, as text; "" if none is."""
    return next((str(row[name]).strip() for name in names if row.get(name) is not None), "")


def _number(row: dict[str, Any], *names: str) -> float:
    text = _text(row, *names)
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RowFault("this is no number", names[0], text, "a finite number")
    return value


def _measurement(row: dict[str, Any]) -> dict[str, Any]:
    day, seconds, decimals = _time(_text(row, "obsTime", "epoch"))
    value, sigma = _number(row, "value"), _number(row, "sigma")
    if sigma <= 0.0:
        raise RowFault("a sigma is not positive", "sigma", _text(row, "sigma"), "more than 0")
    frequency_hz = _number(row, "freqTx_hz") if "freqTx_hz" in row else 1e6 * _number(row, "freq")
    if frequency_hz <= 0.0:
        raise RowFault("the frequency is not positive", "freq", str(frequency_hz), "more than 0")
    bounce = _text(row, "bp")
    if bounce not in ("", "P", "C"):
        raise RowFault("the bounce point is not known", "bp", bounce, "P or C")
    name = _text(row, "des", "object")
    number = number_of(name)
    if not name:
        raise RowFault("the object is not named", "des", "", "a designation")
    found = {
        "designation": str(number) if number else tidy(name),
        "day": day,
        "seconds": seconds,
        "precision_time_s": 10.0**-decimals,
        "station": _station(_text(row, "rcvr", "stn"), "rcvr"),
        "transmitter": _station(_text(row, "xmit", "rcvr", "stn"), "xmit"),
        "frequency_hz": frequency_hz,
        "is_surface": bounce == "P",
        "delay_s": math.nan,
        "sigma_delay_s": math.nan,
        "doppler_hz": math.nan,
        "sigma_doppler_hz": math.nan,
    }
    units = _text(row, "units")
    if units == "us":
        if value <= 0.0:
            raise RowFault("a delay is not positive", "value", _text(row, "value"), "microseconds")
        return found | {
            "kind": int(Kind.RADAR_DELAY),
            "delay_s": value / 1e6,
            "sigma_delay_s": sigma / 1e6,
        }
    if units == "Hz":
        return found | {
            "kind": int(Kind.RADAR_DOPPLER),
            "doppler_hz": value,
            "sigma_doppler_hz": sigma,
        }
    raise RowFault("the unit is not known", "units", units, "us or Hz")


def _station(text: str, field: str) -> str:
    code = RADAR_STATIONS.get(text, text)
    if len(code) != 3 or not code.isalnum():
        raise RowFault("the radar station is not known", field, text, "a station's code")
    return code


def _time(text: str) -> tuple[int, float, int]:
    data = np.frombuffer(text.encode("ascii", errors="replace"), dtype=np.uint8)
    day, decimals, status = (np.zeros(1, dtype=np.int64) for _ in range(3))
    seconds = np.zeros(1)
    ends = np.array([data.size], dtype=np.int64)
    parse_iso_times(data, np.zeros(1, dtype=np.int64), ends, day, seconds, decimals, status)
    if status[0] != GOOD or seconds[0] >= DAY_S:
        raise RowFault("there is no such time", "obsTime", text, "UTC as yyyy-mm-dd hh:mm:ss")
    return int(day[0]), float(seconds[0]), int(decimals[0])
