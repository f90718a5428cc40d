"""The days on which a plan launches: the first of every so many months."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from perilune.errors import InputError
from perilune.times import format_utc, parse_epoch

_MOST: Final = 1200


@dataclass(frozen=True, slots=True)
class Slots:
    """Days of launch, ascending.

    Attributes:
        months: between them.
        start_mjd_tdb: each day, 0 h UTC.
        stop_mjd_tdb: the end of the last slot.
    """

    months: int
    start_mjd_tdb: tuple[float, ...]
    stop_mjd_tdb: float

    def __len__(self) -> int:
        return len(self.start_mjd_tdb)

    def first_at(self, mjd_tdb: float) -> int:
        """The first slot that starts no earlier than an epoch; their number where none does."""
        return bisect_left(self.start_mjd_tdb, mjd_tdb - 1e-6)

    def within(self, first_mjd_tdb: float, last_mjd_tdb: float) -> range:
        """The slots that start within a span, its ends included."""
        return range(self.first_at(first_mjd_tdb), self.first_at(last_mjd_tdb + 2e-6))

    def end(self, slot: int) -> float:
        """Where a slot ends, MJD TDB."""
        is_last = slot + 1 >= len(self.start_mjd_tdb)
        return self.stop_mjd_tdb if is_last else self.start_mjd_tdb[slot + 1]

    def date(self, slot: int) -> str:
        """A slot's day in UTC."""
        return date_of(self.start_mjd_tdb[slot])

    def window(self, years: float) -> int:
        """How many slots may start within any span of so many years."""
        return max(1, math.ceil(12.0 * years / self.months - 1e-9))


def date_of(mjd_tdb: float) -> str:
    """The calendar day in UTC; midnights stay on their day."""
    return format_utc(mjd_tdb + 1e-6, 0)[:10]


def make_slots(first_mjd_tdb: float, last_mjd_tdb: float, months: int) -> Slots:
    """The slots from the first of the first epoch's month to the last epoch.

    Raises:
        InputError: there would be none, or too many.
    """
    year, month = (int(part) for part in date_of(first_mjd_tdb).split("-")[:2])
    starts: list[float] = []
    while True:
        epoch = parse_epoch(f"{year:04d}-{month:02d}-01")
        if epoch > last_mjd_tdb + 1e-6:
            break
        starts.append(epoch)
        year, month = year + (month - 1 + months) // 12, (month - 1 + months) % 12 + 1
        if len(starts) > _MOST or year > 9999:
            raise InputError(
                "the plan has too many days of launch",
                field="--slot",
                found=f"{months} months",
                expected=f"at most {_MOST} days",
                remedy="Choose a longer slot or an earlier end.",
            )
    if not starts:
        raise InputError(
            "the plan ends before it starts",
            field="--until",
            found=date_of(last_mjd_tdb),
            expected=f"a date after {date_of(first_mjd_tdb)}",
        )
    return Slots(months, tuple(starts), parse_epoch(f"{year:04d}-{month:02d}-01"))
