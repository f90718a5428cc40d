"""The constraints of a manifest: their groups, and what bounds a flight by itself."""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

from perilune.station.build_up.demands import Item
from perilune.station.build_up.options import Option

Group: TypeAlias = Literal[
    "masses", "rates", "dates", "phases", "needs", "partners", "seats", "beds", "supplies"
]
GROUPS: Final[tuple[Group, ...]] = (
    "rates", "dates", "phases", "masses", "partners", "needs", "seats", "beds", "supplies",
)  # fmt: skip
_RATE_YEARS: Final = 10


def allowed(
    item: Item, option: Option, day_mjd_tdb: float, elastic: frozenset[Group] = frozenset()
) -> bool:
    """Whether an item may fly so on a day, as far as it and the option alone decide."""
    return (
        option.destination == item.destination
        and ("masses" in elastic or item.mass_kg <= option.capacity_kg + 1e-6)
        and ("partners" in elastic or option.takes(item.owners))
        and ("phases" in elastic or outside_d(item, day_mjd_tdb) == 0.0)
        and ("dates" in elastic or too_soon_d(option, day_mjd_tdb) == 0.0)
    )


def outside_d(item: Item, day: float) -> float:
    """By how many days a day lies outside an item's window."""
    return max(0.0, item.first_mjd_tdb - day - 1e-6, day - item.last_mjd_tdb - 1e-6)


def too_soon_d(option: Option, day: float) -> float:
    """By how many days a day lies outside an option's."""
    return max(0.0, option.first_mjd_tdb - day - 1e-6, day - option.last_mjd_tdb - 1e-6)


def rate_limit(rate_per_year: float) -> tuple[int, float]:
    """A rate as a number of launches in any so many years."""
    for years in range(1, _RATE_YEARS + 1):
        number = rate_per_year * years
        if number >= 1.0 - 1e-9 and abs(number - round(number)) < 1e-9:
            return round(number), float(years)
    if rate_per_year >= 1.0:
        return math.floor(rate_per_year), 1.0
    return 1, 1.0 / rate_per_year
