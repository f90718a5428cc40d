"""Fields, numbers, times and sexagesimal angles out of raw bytes, millions a second.

A number of at most 15 digits is a whole number divided by a power of ten up to 1e15, both exact
in float64, so the quotient is correctly rounded (Clinger 1990, doi:10.1145/93542.93557). Longer
numbers and exponents are left to the caller (`SLOW`).

A field is text[begin:end] without blanks around it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel

GOOD = 0
EMPTY = 1
BAD = 2
SLOW = 3

_TAB = 9
_BLANK = 32
_QUOTE = 34
_PLUS = 43
_MINUS = 45
_POINT = 46
_ZERO = 48
_COLON = 58
_FIRST_YEAR = 1600
_LAST_YEAR = 2200


@kernel
def split_fields(
    text: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    slots: NDArray[np.int64],
    delimiter: int,
    is_quoted: bool,
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    """Split lines at a delimiter.

    Args:
        text: the file's bytes.
        starts, stops: where each line begins and ends (N,).
        slots: for each column of the header the row of `begins` that takes it, or -1 (C,).
        delimiter: its byte.
        is_quoted: whether double quotes around a field hide delimiters.
        begins, ends: out (S, N): the fields that are wanted.
        counts: out (N,): how many fields there are, empty ones beyond C not counted; -1 where a
            quote does not end.
    """
    width = slots.shape[0]
    for row in range(starts.shape[0]):
        stop = stops[row]
        begin = starts[row]
        column = 0
        filled = 0
        inside = False
        for k in range(begin, stop + 1):
            if k < stop:
                if is_quoted and text[k] == _QUOTE:
                    inside = not inside
                if text[k] != delimiter or inside:
                    continue
            left = begin
            right = k
            while left < right and (text[left] == _BLANK or text[left] == _TAB):
                left += 1
            while right > left and (text[right - 1] == _BLANK or text[right - 1] == _TAB):
                right -= 1
            if (
                is_quoted
                and right - left >= 2
                and text[left] == _QUOTE
                and text[right - 1] == _QUOTE
            ):
                left += 1
                right -= 1
                while left < right and text[left] == _BLANK:
                    left += 1
                while right > left and text[right - 1] == _BLANK:
                    right -= 1
            if column < width:
                filled = column + 1
                if slots[column] >= 0:
                    begins[slots[column], row] = left
                    ends[slots[column], row] = right
            elif right > left:
                filled = column + 1
            column += 1
            begin = k + 1
        counts[row] = -1 if inside else filled


@kernel
def parse_number(text: NDArray[np.uint8], begin: int, end: int) -> tuple[float, int, int]:
    """A decimal number: its value, how many decimals it has, and GOOD, EMPTY, BAD or SLOW."""
    if begin >= end:
        return np.nan, 0, EMPTY
    k = begin
    negative = text[k] == _MINUS
    if negative or text[k] == _PLUS:
        k += 1
    whole = 0
    digits = 0
    decimals = -1
    while k < end:
        char = text[k]
        if char == _POINT and decimals < 0:
            decimals = 0
        elif _ZERO <= char <= _ZERO + 9:
            digits += 1
            if digits <= 15:
                whole = 10 * whole + (char - _ZERO)
            if decimals >= 0:
                decimals += 1
        elif (char == 69 or char == 101) and digits > 0 and k + 1 < end:
            return np.nan, 0, SLOW
        else:
            return np.nan, 0, BAD
        k += 1
    if digits == 0:
        return np.nan, 0, BAD
    if digits > 15:
        return np.nan, max(decimals, 0), SLOW
    value = float(whole)
    if decimals > 0:
        value /= 10.0**decimals
    return (-value if negative else value), max(decimals, 0), GOOD


@kernel
def parse_numbers(
    text: NDArray[np.uint8],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    values: NDArray[np.float64],
    decimals: NDArray[np.int64],
    status: NDArray[np.int64],
) -> None:
    """`parse_number` of N fields; `values`, `decimals` and `status` are filled."""
    for row in range(begins.shape[0]):
        values[row], decimals[row], status[row] = parse_number(text, begins[row], ends[row])


@kernel
def whole_number(text: NDArray[np.uint8], begin: int, end: int) -> int:
    """The digits text[begin:end] as a whole number; -1 if there is anything but digits."""
    if begin >= end:
        return -1
    whole = 0
    for k in range(begin, end):
        char = text[k]
        if char < _ZERO or char > _ZERO + 9:
            return -1
        whole = 10 * whole + (char - _ZERO)
    return whole


@kernel
def mjd_of_date(year: int, month: int, day: int) -> int:
    """MJD of a Gregorian date at 0 h; -1000000 if there is none, or not in the telescope's age.

    Days from a March-based year: Fliegel and Van Flandern 1968, doi:10.1145/364096.364097.
    """
    if not (1 <= month <= 12 and day >= 1 and _FIRST_YEAR <= year <= _LAST_YEAR):
        return -1000000
    longest = 31
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        longest = 29 if leap else 28
    elif month == 4 or month == 6 or month == 9 or month == 11:
        longest = 30
    if day > longest:
        return -1000000
    y = year - (1 if month <= 2 else 0)
    m = month + (9 if month <= 2 else -3)
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 678882


@kernel
def parse_iso_times(
    text: NDArray[np.uint8],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    day_mjd: NDArray[np.int64],
    seconds: NDArray[np.float64],
    decimals: NDArray[np.int64],
    status: NDArray[np.int64],
) -> None:
    """UTC times yyyy-mm-ddThh:mm:ss[.s...][Z].

    Args:
        text, begins, ends: the fields (N,).
        day_mjd: out: the day.
        seconds: out: the second of the day; 86400 and more for a leap second at its end.
        decimals: out: of the second.
        status: out: GOOD, EMPTY or BAD.
    """
    for row in range(begins.shape[0]):
        begin = begins[row]
        end = ends[row]
        decimals[row] = 0
        day_mjd[row] = 0
        seconds[row] = np.nan
        if begin >= end:
            status[row] = EMPTY
            continue
        status[row] = BAD
        if text[end - 1] == 90:  # Z
            end -= 1
        if end - begin < 19 or end - begin > 30:
            continue
        if not (text[begin + 4] == _MINUS and text[begin + 7] == _MINUS):
            continue
        if not (text[begin + 10] == 84 or text[begin + 10] == _BLANK):  # T
            continue
        if not (text[begin + 13] == _COLON and text[begin + 16] == _COLON):
            continue
        day = mjd_of_date(
            whole_number(text, begin, begin + 4),
            whole_number(text, begin + 5, begin + 7),
            whole_number(text, begin + 8, begin + 10),
        )
        hour = whole_number(text, begin + 11, begin + 13)
        minute = whole_number(text, begin + 14, begin + 16)
        second, places, fault = parse_number(text, begin + 17, end)
        if fault != GOOD or text[begin + 17] < _ZERO or text[begin + 18] == _POINT:
            continue
        if end - begin > 19 and text[begin + 19] != _POINT:
            continue
        if day == -1000000 or not (0 <= hour < 24 and 0 <= minute < 60):
            continue
        if second >= 61.0 or (second >= 60.0 and not (hour == 23 and minute == 59)):
            continue
        day_mjd[row] = day
        seconds[row] = 3600.0 * hour + 60.0 * minute + second
        decimals[row] = places
        status[row] = GOOD


@kernel
def parse_sexagesimal(
    text: NDArray[np.uint8], begin: int, end: int, separator: int
) -> tuple[float, float]:
    """Degrees or hours as DD MM SS.s, DD MM SS, DD MM.m or DD MM, in seconds.

    Returns:
        The value in seconds (of arc or of time), and the unit of its last digit in seconds; NaN
        for what is no such thing. The last part may have up to 9 decimals; blanks may follow.
    """
    while end > begin and text[end - 1] == _BLANK:
        end -= 1
    if end - begin < 5 or text[begin + 2] != separator:
        return np.nan, np.nan
    first = whole_number(text, begin, begin + 2)
    minutes = whole_number(text, begin + 3, begin + 5)
    if first < 0 or minutes < 0 or minutes >= 60:
        return np.nan, np.nan
    whole = 60 * first + minutes
    unit = 60
    k = begin + 5
    if k < end and text[k] == separator:
        if end - k < 3:
            return np.nan, np.nan
        second = whole_number(text, k + 1, k + 3)
        if second < 0 or second >= 60:
            return np.nan, np.nan
        whole = 60 * whole + second
        unit = 1
        k += 3
    scale = 1
    if k < end:
        if text[k] != _POINT or end - k > 10:
            return np.nan, np.nan
        if end - k > 1:
            fraction = whole_number(text, k + 1, end)
            if fraction < 0:
                return np.nan, np.nan
            for _ in range(end - k - 1):
                scale *= 10
            whole = whole * scale + fraction
    return float(whole * unit) / scale, float(unit) / scale


@kernel
def parse_day_fraction(text: NDArray[np.uint8], begin: int, end: int) -> tuple[int, float, int]:
    """A date YYYY MM DD.dddddd: MJD of the day (-1000000 if none), its seconds, and decimals."""
    while end > begin and text[end - 1] == _BLANK:
        end -= 1
    if end - begin < 10 or text[begin + 4] != _BLANK or text[begin + 7] != _BLANK:
        return -1000000, np.nan, 0
    day = mjd_of_date(
        whole_number(text, begin, begin + 4),
        whole_number(text, begin + 5, begin + 7),
        whole_number(text, begin + 8, begin + 10),
    )
    seconds = 0.0
    places = 0
    if end - begin > 10:
        places = end - begin - 11
        if text[begin + 10] != _POINT or places > 12:
            return -1000000, np.nan, 0
        if places > 0:
            fraction = whole_number(text, begin + 11, end)
            if fraction < 0:
                return -1000000, np.nan, 0
            seconds = 86400.0 * fraction / 10.0**places
    return day, seconds, places
