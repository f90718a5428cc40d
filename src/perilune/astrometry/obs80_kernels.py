"""The numbers of 80-column records out of raw bytes.

Columns: https://minorplanetcenter.net/iau/info/OpticalObs.html.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.text_kernels import (
    BAD,
    SLOW,
    parse_day_fraction,
    parse_number,
    parse_sexagesimal,
)
from perilune.jit import kernel

DATE = 1
RIGHT_ASCENSION = 2
DECLINATION = 3
MAGNITUDE = 4

_BLANK = 32
_MINUS = 45
_PLUS = 43


@kernel
def parse_dates(
    text: NDArray[np.uint8],
    begins: NDArray[np.int64],
    day_mjd: NDArray[np.int64],
    seconds: NDArray[np.float64],
    decimals: NDArray[np.int64],
    fault: NDArray[np.int64],
) -> None:
    """Columns 16 to 32 of records: the UTC day, the seconds in it, decimals of the day (N,).

    `fault` becomes DATE where there is no such date.
    """
    for row in range(begins.shape[0]):
        begin = begins[row]
        day, second, places = parse_day_fraction(text, begin + 15, begin + 32)
        day_mjd[row] = 0 if day == -1000000 else day
        seconds[row] = second
        decimals[row] = places
        if day == -1000000:
            fault[row] = DATE


@kernel
def parse_places(
    text: NDArray[np.uint8],
    begins: NDArray[np.int64],
    values: NDArray[np.float64],
    fault: NDArray[np.int64],
) -> None:
    """Columns 33 to 56 and 66 to 70 of optical records.

    Args:
        text, begins: the records (N,).
        values: out (5, N): right ascension in seconds of time and the unit of its last digit,
            declination in arcseconds and the unit of its last digit, magnitude (NaN for none).
        fault: in and out: the first field that is bad; 0 for none.
    """
    for row in range(begins.shape[0]):
        begin = begins[row]
        ra, ra_unit = parse_sexagesimal(text, begin + 32, begin + 44, _BLANK)
        sign = text[begin + 44]
        dec, dec_unit = parse_sexagesimal(text, begin + 45, begin + 56, _BLANK)
        left = begin + 65
        right = begin + 70
        while left < right and text[left] == _BLANK:
            left += 1
        while right > left and text[right - 1] == _BLANK:
            right -= 1
        magnitude, _, status = parse_number(text, left, right)
        values[0, row] = ra
        values[1, row] = ra_unit
        values[2, row] = -dec if sign == _MINUS else dec
        values[3, row] = dec_unit
        values[4, row] = magnitude
        if fault[row] != 0:
            continue
        if not ra < 86400.0:
            fault[row] = RIGHT_ASCENSION
        elif not dec <= 324000.0 or sign not in (_MINUS, _PLUS):
            fault[row] = DECLINATION
        elif status in (BAD, SLOW):
            fault[row] = MAGNITUDE
