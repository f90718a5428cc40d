"""Numbers as the report prints them; a table's cell carries the number itself beside the text."""

from __future__ import annotations

import math
from typing import Final

from perilune.times import format_utc, parse_epoch

ABSENT: Final = "–"
_RAISED: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_PERCENT_FROM: Final = 1e-3


def number(value: float | None, form: str) -> str:
    """A number in a format of Python's, with a true minus sign; a dash where it is not known."""
    if value is None or not math.isfinite(value):
        return ABSENT
    return format(value, form).replace("-", "−")


def power(value: float) -> str:
    """Two digits and a power of ten: 8.3 × 10⁻⁶."""
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{ten_to(int(exponent))}"


def ten_to(exponent: int) -> str:
    """A power of ten: 10⁻⁶; 1 for none."""
    return f"10{str(exponent).translate(_RAISED)}" if exponent else "1"


def chance(probability: float) -> str:
    """A probability: percent from 0.1 % on, else a power of ten."""
    if probability == 0.0:
        return "none found"
    if probability > 0.9999:
        return "100\N{NO-BREAK SPACE}%" if probability == 1.0 else "> 99.99\N{NO-BREAK SPACE}%"
    if probability >= _PERCENT_FROM:
        return f"{100.0 * probability:.2f}\N{NO-BREAK SPACE}%"
    return power(probability)


def interval(low: float, high: float) -> str:
    """A 95 % interval; only one bound where the other is 0 or 1."""
    if low == 0.0:
        return f"< {chance(high)}"
    if high == 1.0:
        return f"> {chance(low)}"
    if low >= _PERCENT_FROM:
        return f"{100.0 * low:.2f} to {100.0 * high:.2f}\N{NO-BREAK SPACE}%"
    return f"{chance(low)} to {chance(high)}"


def one_in(probability: float) -> str:
    """ "1 in 24 (4.20 %)"; near certainty in percent only."""
    if probability <= 0.0 or probability > 0.5:
        return chance(probability)
    return f"1 in {odds(probability)} ({chance(probability)})"


def odds(probability: float) -> str:
    """Of one in how many, to two digits."""
    if probability <= 0.0:
        return ABSENT
    value = float(f"{1.0 / probability:.2g}")
    return f"{value:g}" if value < 100.0 else f"{value:,.0f}"


def sigma(value: float | None) -> str:
    """A standard deviation to two or three digits."""
    return number(value, ",.0f" if value is not None and value >= 100.0 else ".2g")


def day(text: str | None) -> str:
    """The day of an ISO 8601 time."""
    return ABSENT if text is None else text[:10]


def minute(text: str) -> str:
    """An ISO 8601 time in UTC, rounded to the minute."""
    return format_utc(parse_epoch(text) + 30.0 / 86400.0, 0)[:16].replace("T", " ")


def words(value: object) -> str:
    """Text as it is, a list with commas; a dash for nothing."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value) or ABSENT
    return str(value)
