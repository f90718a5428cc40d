"""Numbers as people read them in the tables. `--json` carries them in full."""

from __future__ import annotations

import math

ABSENT = "-"


def chance(probability: float) -> str:
    """A probability: percent from 0.1 % on, else a power of ten; only 0 and 1 are shown as such."""
    if probability in (0.0, 1.0):
        return f"{100 * probability:.0f}" + (" %" if probability else "")
    if probability > 0.9999:
        return "> 99.99 %"
    return f"{100.0 * probability:.2f} %" if probability >= 1e-3 else f"{probability:.1e}"


def interval(low: float, high: float) -> str:
    """A 95 % interval; only one bound where the other is 0 or 1."""
    if low == 0.0:
        return f"< {chance(high)}"
    if high == 1.0:
        return f"> {chance(low)}"
    if low >= 1e-3:
        return f"{100.0 * low:.2f}-{100.0 * high:.2f} %"
    if low < 1e-3 and high < 1e-3 and f"{low:.1e}"[3:] == f"{high:.1e}"[3:]:
        return f"{low:.1e}"[:3] + f"-{high:.1e}"  # 8.0-9.5e-06: two numbers of one size
    return f"{chance(low)}-{chance(high)}"


def number(value: float | None, form: str) -> str:
    """A number in the given form; a dash where it is not known."""
    return ABSENT if value is None or not math.isfinite(value) else format(value, form)


def kilometres(value: float) -> str:
    """A distance with thousands set apart."""
    return f"{value:,.0f}"


def uncertainty(value: float | None) -> str:
    """A standard deviation to two digits; none where the orbit carries no covariance."""
    return number(value, ",.0f" if value is not None and value >= 10.0 else ".2g")


def minute(epoch_mjd_tdb: float) -> str:
    """An epoch in UTC, rounded to the minute."""
    from perilune.times import format_utc

    return format_utc(epoch_mjd_tdb + 30.0 / 86400.0, 0)[:16].replace("T", " ")
