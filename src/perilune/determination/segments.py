"""Which observations to start an orbit from: nights, apparitions, segments of an arc, triplets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray
from perilune.determination.measurements import Measurements

_ARCSEC_RAD: Final = np.pi / 648000.0
# Spans of segments in days, in the order in which they are tried: weeks suit most orbits, days
# those that pass near the Earth, months those beyond Jupiter.
_SPANS_D: Final = (30.0, 60.0, 12.0, 120.0, 5.0, 2.0, 400.0)
_APPARITION_GAP_D: Final = 60.0
_NIGHT_GAP_D: Final = 1.0 / 3.0
_TRIPLETS: Final = 8


def nights_of(epochs: FloatArray) -> list[NDArray[np.int64]]:
    """Rows of each night: groups with no gap above eight hours."""
    breaks = np.flatnonzero(np.diff(epochs) > _NIGHT_GAP_D) + 1
    return np.split(np.arange(epochs.size), breaks)


def segments(rows: Measurements) -> Iterator[NDArray[np.int64]]:
    """Segments of the arc in the order in which they are worth trying."""
    epochs = rows.epoch_mjd_tdb
    if epochs.size < 3 or rows.arc_d <= 0.0:
        return
    nights = nights_of(epochs)
    start = np.array([epochs[night[0]] for night in nights])
    end = np.array([epochs[night[-1]] for night in nights])
    sigma = np.array(
        [
            np.median(np.hypot(rows.sigma_ra_rad[night], rows.sigma_dec_rad[night]))
            for night in nights
        ]
    )
    if rows.arc_d <= _SPANS_D[0]:
        yield np.arange(epochs.size)
    tried: set[tuple[int, int]] = set()
    for span in _SPANS_D:
        choices = []
        for first in range(len(nights)):
            last = int(np.searchsorted(end, start[first] + span, side="right")) - 1
            if last - first < 2:
                continue
            length = float(end[last] - start[first])
            count = min(last - first + 1, 8)
            # Curvature grows with the square of the span and is seen through the errors.
            worth = (
                count * (length / span) ** 2 * (_ARCSEC_RAD / np.median(sigma[first : last + 1]))
            )
            choices.append((worth, first, last))
        choices.sort(reverse=True)
        taken: list[tuple[int, int]] = []
        for _, first, last in choices:
            if all(last < low or first > high for low, high in taken):
                taken.append((first, last))
                if (first, last) not in tried:
                    tried.add((first, last))
                    yield np.concatenate(nights[first : last + 1])
            if len(taken) == 2:
                break
    for part in sorted(apparitions(epochs), key=lambda part: -part.size):
        if part.size >= 3:
            yield part


def apparitions(epochs: FloatArray) -> list[NDArray[np.int64]]:
    breaks = np.flatnonzero(np.diff(epochs) > _APPARITION_GAP_D) + 1
    return np.split(np.arange(epochs.size), breaks)


def triplets(epochs: FloatArray) -> list[tuple[int, int, int]]:
    """Triplets spread over the segment: ends and middles, each time other observations."""
    n = epochs.size
    chosen: list[tuple[int, int, int]] = []
    for turn in range(_TRIPLETS):
        inset = turn * 0.04
        low, high = inset, 1.0 - inset
        span = epochs[-1] - epochs[0]
        ends = np.searchsorted(epochs, epochs[0] + span * np.array([low, high]))
        first = min(int(ends[0]) + turn % 2, n - 3)
        last = max(min(int(ends[1]), n - 1) - turn % 3, first + 2)
        if last > n - 1:
            continue
        middle_epoch = 0.5 * (epochs[first] + epochs[last])
        middle = int(np.argmin(np.abs(epochs[first + 1 : last] - middle_epoch))) + first + 1
        if epochs[first] < epochs[middle] < epochs[last]:
            chosen.append((first, middle, last))
    return list(dict.fromkeys(chosen))
