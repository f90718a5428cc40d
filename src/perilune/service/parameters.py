"""The query parameters that several questions share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import numpy as np
from fastapi import Query
from numpy.typing import NDArray

from perilune.errors import InputError
from perilune.times import parse_epoch

MOST_EPOCHS: Final = 2_000


class Body(StrEnum):
    """A body that may be hit."""

    EARTH = "earth"
    MOON = "moon"


class Center(StrEnum):
    """The origin of states."""

    SSB = "ssb"
    SUN = "sun"
    EARTH = "earth"
    MOON = "moon"


class Frame(StrEnum):
    """The axes of states."""

    ICRF = "icrf"
    ECLIPTIC = "ecliptic"


Bodies = Annotated[list[Body], Query(description="Body that may be hit; may be repeated.")]
Epoch = Annotated[
    str,
    Query(
        max_length=64,
        description="ISO 8601 in UTC, with @tdb or @tt for another scale, or mjd:62240.5@tdb.",
        examples=["2032-12-22T15:00", "mjd:63588.63@tdb"],
    ),
]
Start = Annotated[str, Query(max_length=64, description="As an epoch.", examples=["2032-12-22"])]
Stop = Annotated[str, Query(max_length=64, description="As an epoch.", examples=["2032-12-23"])]
StepDays = Annotated[float, Query(ge=1e-6, le=40_000.0, description="Between epochs, days.")]


def epoch_grid(start: str, stop: str, step_d: float) -> NDArray[np.float64]:
    """MJD TDB from start to stop, both ends in where the step fits.

    Raises:
        InputError: no epochs, the span is empty or there would be too many.
    """
    first, last = parse_epoch(start, "start"), parse_epoch(stop, "stop")
    if last < first:
        raise InputError(
            "the span ends before it starts", field="stop", found=stop, expected=f"after {start}"
        )
    count = int(np.floor((last - first) / step_d + 1e-9)) + 1
    if count > MOST_EPOCHS:
        raise InputError(
            "there would be too many epochs",
            field="step_d",
            found=f"{count} epochs",
            expected=f"at most {MOST_EPOCHS}",
            remedy="Take a longer step.",
        )
    return first + step_d * np.arange(count, dtype=np.float64)
