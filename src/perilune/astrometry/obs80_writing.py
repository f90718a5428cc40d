"""Observations as 80-column records, as far as these can carry them.

The format has no place for errors of measurement and biases, and prints at most six decimals of a
day, three of a second of right ascension, two of an arcsecond and of a magnitude, and metres of
altitude. A mode that is not known becomes a blank, which stands for photographic; a band of more
than one letter cannot be named, so that the magnitude is left out with it.
"""

from __future__ import annotations

import math
from typing import Final

from perilune.astrometry.ades_columns import ARCSEC_RAD, SECOND_RAD
from perilune.astrometry.codes import CATALOG_LETTERS, MODE_LETTERS
from perilune.astrometry.epochs import utc_of_mjd_tdb
from perilune.astrometry.observations import Kind, Observations
from perilune.astrometry.rejections import RejectedLine, RowFault
from perilune.constants import AU_KM, DAY_S, MJD_OF_JD
from perilune.orbits.designations import is_natural_satellite, pack, unpack

_FARTHEST_KM: Final = 1e7  # from here on spacecraft are given in au
_WHOLE_S: Final = 1e-3  # radar refers to whole seconds; a float64 MJD leaves a microsecond


def write_obs80(observations: Observations) -> tuple[str, tuple[RejectedLine, ...]]:
    """The table as 80-column records, in its order.

    Returns:
        The text; and the rows that it cannot carry (`line` is the row of the table, from 1).
    """
    days, seconds = utc_of_mjd_tdb(observations.epoch_mjd_tdb)
    lines: list[str] = []
    set_aside: list[RejectedLine] = []
    for row, (day, second) in enumerate(zip(days.tolist(), seconds.tolist(), strict=True)):
        try:
            lines += _record(observations, row, day, second)
        except RowFault as fault:
            text = f"{observations.designation[row]} MJD {observations.epoch_mjd_tdb[row]:.6f} TDB"
            set_aside.append(fault.rejected(row + 1, text))
    return "".join(f"{line}\n" for line in lines), tuple(set_aside)


def _record(table: Observations, row: int, day: int, second: float) -> list[str]:
    name = _designation(str(table.designation[row]))
    if table.is_excluded[row]:
        raise RowFault(
            "the format cannot say that its source excludes a row", "is_excluded", "True"
        )
    station = str(table.station[row])
    if len(station) != 3 or not station.isalnum() or not station.isascii():
        raise RowFault("the station has no code of three characters", "station", station)
    note = str(table.program[row])
    note = note if len(note) == 1 and note.isascii() and note.isprintable() else " "
    if table.kind[row] != Kind.OPTICAL:
        return _radar(table, row, name, note, day, second)
    date = _date(day, second, _places(table.precision_time_s[row] / DAY_S, 6))
    system = str(table.position_system[row])
    kind = {"ICRF_KM": "S", "WGS84": "V"}.get(system)
    if kind is None:
        if system:
            raise RowFault("the format has no such system of positions", "position_system", system)
        kind = MODE_LETTERS.get(str(table.mode[row]), " ")
    elif table.position_center[row] != 399:
        center = str(table.position_center[row])
        raise RowFault("the format gives positions from the Earth only", "position_center", center)
    mark = "*" if table.is_discovery[row] else " "
    angles = _right_ascension(table, row) + _declination(table, row)
    letter = CATALOG_LETTERS.get(str(table.catalog[row]), " ")
    first = (
        f"{name}{mark}{note}{kind}{date}{angles}{'':9}{_magnitude(table, row)}{letter}{'':5}"
        f"{station}"
    )
    if not system:
        return [first]
    position = [float(value) for value in table.position[row]]
    where = _spacecraft(position) if kind == "S" else _roving(position)
    return [first, f"{name} {note}{kind.lower()}{date}{where}{station}"]


def _designation(name: str) -> str:
    packed = pack(name)
    if packed is None or is_natural_satellite(name):
        is_temporary = name.isascii() and name.isalnum() and len(name) <= 7
        if not is_temporary or (len(name) == 7 and unpack(name) is not None):
            raise RowFault("the designation has no packed form", "designation", name)
        return f"{'':5}{name:7}"
    if len(packed) == 5:
        return f"{packed:12}"
    return f"{packed:>12}"


def _places(unit: float, most: int) -> int:
    """Decimals that a unit of the last digit asks for."""
    if not (math.isfinite(unit) and unit > 0.0):
        return most
    return min(max(math.ceil(-math.log10(unit) - 1e-6), 0), most)


def _date(day: int, second: float, places: int) -> str:
    if second >= DAY_S:
        raise RowFault("the format has no leap seconds", "epoch_mjd_tdb", f"{second} s of the day")
    scale = 10**places
    count = round(second / DAY_S * scale)
    day, count = day + count // scale, count % scale
    year, month, date = _calendar(day)
    if not 1000 <= year <= 9999:
        raise RowFault("the year has no four digits", "epoch_mjd_tdb", str(year))
    fraction = f".{count:0{places}d}" if places else ""
    return f"{year:04d} {month:02d} {date:02d}{fraction}".ljust(17)


def _calendar(day_mjd: int) -> tuple[int, int, int]:
    """Gregorian date of an MJD: Fliegel and Van Flandern 1968, doi:10.1145/364096.364097."""
    left = day_mjd + int(MJD_OF_JD + 0.5) + 68569
    century = 4 * left // 146097
    left -= (146097 * century + 3) // 4
    year = 4000 * (left + 1) // 1461001
    left += 31 - 1461 * year // 4
    month = 80 * left // 2447
    day = left - 2447 * month // 80
    left = month // 11
    return 100 * (century - 49) + year + left, month + 2 - 12 * left, day


def _sexagesimal(value_s: float, unit_s: float, most: int, turn_s: int | None) -> str:
    """HH MM SS.ddd of seconds; HH MM.mmm where the unit is a decimal of a minute."""
    minutes = unit_s / 60.0 if math.isfinite(unit_s) and unit_s > 0.0 else 0.0
    power = -math.log10(minutes) if minutes else math.nan
    if abs(power - round(power)) < 1e-6 if minutes else False:
        places = round(power)
        if 0 <= places <= 3:
            scale = 10**places
            count = round(value_s / 60.0 * scale)
            if turn_s is not None:
                count %= turn_s // 60 * scale
            whole, part = divmod(count, scale)
            fraction = f".{part:0{places}d}" if places else ""
            return f"{whole // 60:02d} {whole % 60:02d}{fraction}"
    places = _places(unit_s, most)
    scale = 10**places
    count = round(value_s * scale)
    if turn_s is not None:
        count %= turn_s * scale
    whole, part = divmod(count, scale)
    fraction = f".{part:0{places}d}" if places else ""
    return f"{whole // 3600:02d} {whole // 60 % 60:02d} {whole % 60:02d}{fraction}"


def _right_ascension(table: Observations, row: int) -> str:
    unit_s = float(table.precision_ra_rad[row]) / SECOND_RAD
    return _sexagesimal(float(table.ra_rad[row]) / SECOND_RAD, unit_s, 3, 86_400).ljust(12)


def _declination(table: Observations, row: int) -> str:
    arcsec = float(table.dec_rad[row]) / ARCSEC_RAD
    unit = float(table.precision_dec_rad[row]) / ARCSEC_RAD
    sign = "-" if math.copysign(1.0, arcsec) < 0.0 else "+"
    return f"{sign}{_sexagesimal(abs(arcsec), unit, 2, None)}".ljust(12)


def _magnitude(table: Observations, row: int) -> str:
    value, band = float(table.magnitude[row]), str(table.band[row])
    text = "" if math.isnan(value) or len(band) > 1 else f"{value:5.2f}"
    return f"{text:5}{band if len(band) == 1 else ' '}" if len(text) <= 5 else f"{'':6}"


def _spacecraft(position_km: list[float]) -> str:
    farthest = max(abs(value) for value in position_km)
    if farthest < _FARTHEST_KM:
        places = 4 if farthest < 99_999.9999 else 3 if farthest < 999_999.999 else 2
        cells, unit = [f"{abs(value):10.{places}f}" for value in position_km], "1"
    else:
        scaled = [abs(value) / AU_KM for value in position_km]
        places = 8 if max(scaled) < 9.999999 else 7
        cells, unit = [f"{value:10.{places}f}" for value in scaled], "2"
    if any(len(cell) > 10 for cell in cells):
        raise RowFault("the spacecraft is too far away", "position", f"{farthest} km")
    signs = ["-" if value < 0.0 else "+" for value in position_km]
    parts = [sign + cell for sign, cell in zip(signs, cells, strict=True)]
    return f"{unit} {parts[0]} {parts[1]} {parts[2]}{'':8}"


def _roving(position: list[float]) -> str:
    longitude = f"{math.degrees(position[0]) % 360.0:10.6f}"
    altitude = f"{1000.0 * position[2]:5.0f}"
    if len(altitude) > 5:
        raise RowFault("the altitude has more than five digits", "position", altitude)
    if longitude == "360.000000":
        longitude = "  0.000000"
    return f"1 {longitude} {math.degrees(position[1]):+010.6f} {altitude}{'':16}"


def _implied(value: float, whole: int, places: int, field: str) -> str:
    """A number without its decimal point, which stands behind `whole` columns."""
    digits = f"{round(value * 10**places):0{places + 1}d}"
    if len(digits) > whole + places:
        raise RowFault("the number is too large for its columns", field, repr(value))
    return digits.rjust(whole + places)


def _radar(
    table: Observations, row: int, name: str, note: str, day: int, second: float
) -> list[str]:
    if abs(second - round(second)) > _WHOLE_S or round(second) >= DAY_S:
        raise RowFault(
            "the format gives radar's times as whole seconds", "epoch", f"{second:.3f} s"
        )
    date = _date(day, round(second), 6)
    transmitter = str(table.transmitter[row])
    if len(transmitter) != 3:
        raise RowFault(
            "the transmitter has no code of three characters", "transmitter", transmitter
        )
    blank = " " * 15
    delays, shifts = (blank, blank[:14]), (blank, blank)
    if table.kind[row] == Kind.RADAR_DELAY:
        sigma = float(table.sigma_delay_s[row]) * 1e6
        text = " " * 14 if math.isnan(sigma) else _implied(sigma, 10, 4, "sigma_delay_s")
        delays = (_implied(float(table.delay_s[row]) * 1e6, 11, 4, "delay_s"), text)
    else:
        shift, sigma = float(table.doppler_hz[row]), float(table.sigma_doppler_hz[row])
        text = blank if math.isnan(sigma) else _implied(sigma, 11, 4, "sigma_doppler_hz")
        sign = "-" if shift < 0.0 else "+"
        shifts = (sign + _implied(abs(shift), 10, 4, "doppler_hz"), text)
    megahertz = round(float(table.frequency_hz[row]) * 10)  # in units of the twelfth column
    digits = f"{megahertz:012d}"
    if len(digits) > 12:
        raise RowFault("the frequency is too large", "frequency_hz", digits)
    more = digits[6:] if digits[6:] != "000000" else " " * 6
    point = "S" if table.is_surface[row] else "C"
    tail = f"{transmitter}{'':6}{table.station[row]}"
    return [
        f"{name} {note}R{date}{delays[0]}{shifts[0]}{digits[:6]}{tail}",
        f"{name} {note}r{date}{point}{delays[1]}{shifts[1]}{more}{tail}",
    ]
