"""Earth orientation parameters (UT1, polar motion, pole offsets) from the tables IERS publishes.

The tables come with the package `astropy-iers-data`; nothing is fetched. IERS C04 (since 1962) is
used to its end, then Bulletin A's rapid values and its predictions of a year. Outside, the nearest
value of the table is held, and the result says so: UT1 - TAI then drifts off by 0.54 s a year on
average, at most 1.2 s (530 m at the equator), and by 37 s (17 km) back to 1900. The held pole is
wrong by 0.6 arcsec (19 m) at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import astropy_iers_data
import numpy as np

from perilune.errors import DataMissingError
from perilune.frames.orientation import TextArray
from perilune.times import FloatArray, TwoPart, mjd_of, tai_from_utc, two_part

MEASURED: Final = "measured"
RAPID: Final = "rapid"
PREDICTED: Final = "predicted"
HELD: Final = "held"

_ARCSEC_RAD: Final = np.pi / 648000.0
_DAY_S: Final = 86400.0


@dataclass(frozen=True, slots=True)
class EarthParameters:
    """The table, one row a day at 0h UTC; shapes (N,).

    Args:
        mjd_utc: the rows' days.
        mjd_tai: the same in TAI, in which the table is interpolated: no leap seconds in it.
        ut1_minus_tai_s: UT1 - TAI, seconds.
        pole_x_rad, pole_y_rad: the pole's coordinates in the ITRS, radians.
        offset_x_rad, offset_y_rad: the pole's offsets dX, dY from IAU 2006/2000A, radians.
        last_measured_mjd_utc: the last day that C04 covers.
        last_rapid_mjd_utc: the last day of Bulletin A's rapid values; predictions follow.
    """

    mjd_utc: FloatArray
    mjd_tai: FloatArray
    ut1_minus_tai_s: FloatArray
    pole_x_rad: FloatArray
    pole_y_rad: FloatArray
    offset_x_rad: FloatArray
    offset_y_rad: FloatArray
    last_measured_mjd_utc: float
    last_rapid_mjd_utc: float

    @property
    def first_mjd_utc(self) -> float:
        """The first day of the table."""
        return float(self.mjd_utc[0])

    @property
    def last_mjd_utc(self) -> float:
        """The last day of the table: the end of the predictions."""
        return float(self.mjd_utc[-1])


@dataclass(frozen=True, slots=True)
class EarthParametersAt:
    """The parameters interpolated to epochs of shape S; fields as in `EarthParameters`.

    `ut1_rate` is d UT1 / d TAI (about 1); `source` is one of MEASURED, RAPID, PREDICTED and HELD.
    """

    ut1_minus_tai_s: FloatArray
    ut1_rate: FloatArray
    pole_x_rad: FloatArray
    pole_y_rad: FloatArray
    offset_x_rad: FloatArray
    offset_y_rad: FloatArray
    source: TextArray


def parameters_at(jd_tai: TwoPart) -> EarthParametersAt:
    """Interpolate the table linearly, as IERS's and astropy's users do, to two-part TAI dates.

    Linear interpolation leaves out a part of the zonal tides between the days (up to 0.02 ms in
    UT1: 1 cm on the ground) and all sub-daily tides (0.05 ms, 0.5 mas: 2 cm).
    """
    table = earth_parameters()
    mjd = mjd_of(jd_tai)
    row = np.clip(np.searchsorted(table.mjd_tai, mjd, side="right") - 1, 0, table.mjd_tai.size - 2)
    start = table.mjd_tai[row]
    step_d = table.mjd_tai[row + 1] - start
    outside = (mjd < table.mjd_tai[0]) | (mjd > table.mjd_tai[-1])
    fraction = np.clip((mjd - start) / step_d, 0.0, 1.0)

    def at(column: FloatArray) -> FloatArray:
        return column[row] + fraction * (column[row + 1] - column[row])

    ut1 = table.ut1_minus_tai_s
    slope = (ut1[row + 1] - ut1[row]) / (step_d * _DAY_S)
    mjd_utc_row_end = table.mjd_utc[row + 1]
    source = np.where(
        mjd_utc_row_end <= table.last_measured_mjd_utc,
        MEASURED,
        np.where(mjd_utc_row_end <= table.last_rapid_mjd_utc, RAPID, PREDICTED),
    )
    return EarthParametersAt(
        ut1_minus_tai_s=at(ut1),
        ut1_rate=1.0 + np.where(outside, 0.0, slope),
        pole_x_rad=at(table.pole_x_rad),
        pole_y_rad=at(table.pole_y_rad),
        offset_x_rad=at(table.offset_x_rad),
        offset_y_rad=at(table.offset_y_rad),
        source=np.where(outside, HELD, source),
    )


@cache
def earth_parameters(
    final_path: str = astropy_iers_data.IERS_B_FILE,
    rapid_path: str = astropy_iers_data.IERS_A_FILE,
) -> EarthParameters:
    """Read the shipped tables: C04, then the later rows of finals2000A.

    Raises:
        DataMissingError: a file is absent, cut short or damaged.
    """
    final = _columns(final_path, ((16, 26), (26, 38), (38, 50), (50, 62), (62, 74), (74, 86)))
    rapid = _columns(rapid_path, ((7, 15), (18, 27), (37, 46), (58, 68), (97, 106), (116, 125)))
    flags = _fixed_width(rapid_path)[:, 57].tobytes().decode("ascii")
    if not np.all(np.isfinite(final)):
        raise _damaged(final_path, "a row has an empty field")
    last_measured = float(final[-1, 0])
    is_rapid = np.array([flag == "I" for flag in flags])
    later = (rapid[:, 0] > last_measured) & np.isfinite(rapid[:, 3]) & np.isfinite(rapid[:, 1])
    # Bulletin A gives the pole offsets in mas, and not so far ahead as the rest: the last is held.
    offsets = rapid[:, 4:6] * 1e-3
    known = np.flatnonzero(np.isfinite(offsets[:, 0]))
    offsets[known[-1] + 1 :] = offsets[known[-1]]
    rows = np.concatenate([final, np.column_stack([rapid[:, :4], offsets])[later]])
    if not (np.all(np.isfinite(rows)) and np.all(np.diff(rows[:, 0]) == 1.0)):
        raise _damaged(rapid_path, "a day is absent")
    mjd_utc = rows[:, 0]
    mjd_tai = mjd_of(tai_from_utc(two_part(mjd_utc)))
    return EarthParameters(
        mjd_utc=mjd_utc,
        mjd_tai=mjd_tai,
        ut1_minus_tai_s=rows[:, 3] - np.round((mjd_tai - mjd_utc) * _DAY_S, 6),
        pole_x_rad=rows[:, 1] * _ARCSEC_RAD,
        pole_y_rad=rows[:, 2] * _ARCSEC_RAD,
        offset_x_rad=rows[:, 4] * _ARCSEC_RAD,
        offset_y_rad=rows[:, 5] * _ARCSEC_RAD,
        last_measured_mjd_utc=last_measured,
        last_rapid_mjd_utc=float(rapid[is_rapid, 0][-1]),
    )


def _fixed_width(path: str) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The data lines of a table as an array of bytes, shape (lines, width)."""
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise _damaged(path, str(error)) from error
    while text.startswith(b"#"):
        text = text[text.index(b"\n") + 1 :]
    width = text.find(b"\n") + 1
    if width < 100 or len(text) % width:
        raise _damaged(path, "its lines differ in length")
    return np.frombuffer(text, dtype=np.uint8).reshape(-1, width)


def _columns(path: str, spans: tuple[tuple[int, int], ...]) -> FloatArray:
    """The numbers in the byte columns `spans`, shape (lines, len(spans)); NaN where blank."""
    lines = _fixed_width(path)
    columns = []
    for start, end in spans:
        cells = np.ascontiguousarray(lines[:, start:end]).view(f"S{end - start}").ravel()
        blank = np.strings.strip(cells) == b""
        try:
            columns.append(np.where(blank, b"nan", cells).astype(np.float64))
        except ValueError as error:
            raise _damaged(path, str(error)) from error
    return np.column_stack(columns)


def _damaged(path: str, why: str) -> DataMissingError:
    return DataMissingError(
        f"The Earth orientation table {path} cannot be read ({why}). "
        "Reinstall the package astropy-iers-data."
    )
