"""Reading MPCORB's fixed columns out of raw bytes, a million lines a second.

Every number there has at most 15 digits, so a whole number divided by a power of ten up to 1e15,
both exact in float64, is the correctly rounded value (Clinger 1990, doi:10.1145/93542.93557).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel

_BLANK = 32
_ZERO = 48
_MOTION_DEG_D = 0.9856076686  # mean motion at 1 au with a massless body, degrees a day


@kernel
def fixed_number(text: NDArray[np.uint8], start: int, stop: int) -> float:
    """The decimal number in text[start:stop]; NaN for blanks, infinity for what is no number."""
    while start < stop and text[start] == _BLANK:
        start += 1
    while stop > start and text[stop - 1] == _BLANK:
        stop -= 1
    if start == stop:
        return np.nan
    negative = text[start] == 45
    if text[start] == 43 or negative:
        start += 1
    whole = 0
    digits = 0
    decimals = -1
    for k in range(start, stop):
        char = text[k]
        if char == 46 and decimals < 0:
            decimals = 0
        elif _ZERO <= char <= _ZERO + 9:
            whole = 10 * whole + (char - _ZERO)
            digits += 1
            if decimals >= 0:
                decimals += 1
        else:
            return np.inf
    if digits == 0 or digits > 15:
        return np.inf
    value = float(whole)
    if decimals > 0:
        value /= 10.0**decimals
    return -value if negative else value


@kernel
def packed_character(char: int) -> int:
    """0-9, A-Z, a-z as 0 ... 61; -1 for anything else."""
    if _ZERO <= char <= _ZERO + 9:
        return char - _ZERO
    if 65 <= char <= 90:
        return char - 55
    if 97 <= char <= 122:
        return char - 61
    return -1


@kernel
def packed_epoch(text: NDArray[np.uint8], start: int) -> float:
    """MJD of a packed date such as K1972 (2019 July 2, 0 h); infinity for none."""
    century = packed_character(text[start])
    tens = packed_character(text[start + 1])
    ones = packed_character(text[start + 2])
    month = packed_character(text[start + 3])
    day = packed_character(text[start + 4])
    if not (16 <= century <= 22 and 0 <= tens <= 9 and 0 <= ones <= 9):
        return np.inf
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return np.inf
    year = 100 * century + 10 * tens + ones
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = 31
    if month == 2:
        longest = 29 if leap else 28
    elif month in (4, 6, 9, 11):
        longest = 30
    if day > longest:
        return np.inf
    # days from a March-based year: Fliegel and Van Flandern 1968, doi:10.1145/364096.364097
    y = year - (1 if month <= 2 else 0)
    m = month + (9 if month <= 2 else -3)
    days = 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day
    return float(days - 678882)


@kernel
def parse_lines(
    text: NDArray[np.uint8],
    starts: NDArray[np.int64],
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
    status: NDArray[np.int64],
) -> None:
    """Numbers of many lines.

    Args:
        text: the file's bytes.
        starts: offset of each line (N,).
        columns: first and last + 1 column of H, G, M, peri, node, i, e, n, a (9, 2).
        values: out (N, 10): these nine, and the epoch as MJD TT.
        status: out (N,): -1, or which of the ten is bad; 10 where n and a contradict each other.
    """
    for row in range(starts.shape[0]):
        start = starts[row]
        bad = -1
        for k in range(9):
            value = fixed_number(text, start + columns[k, 0], start + columns[k, 1])
            values[row, k] = value
            if bad < 0 and (math.isinf(value) or (k > 1 and math.isnan(value))):
                bad = k
        values[row, 9] = packed_epoch(text, start + 20)
        if bad < 0 and math.isinf(values[row, 9]):
            bad = 9
        i, e, n, a = values[row, 5], values[row, 6], values[row, 7], values[row, 8]
        if bad < 0 and not 0.0 <= i <= 180.0:
            bad = 5
        if bad < 0 and not 0.0 <= e < 1.0:
            bad = 6
        if bad < 0 and not a > 0.0:
            bad = 8
        if bad < 0:
            motion = _MOTION_DEG_D / (a * math.sqrt(a))
            # half a unit of the last digit of n, and what half a unit of a's moves it by, doubled
            if abs(motion - n) > 2.0 * (0.5e-8 + 0.75e-7 * motion / a):
                bad = 10
        status[row] = bad
