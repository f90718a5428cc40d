"""Observations that stand twice in a table, and those that contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.ades_columns import ARCSEC_RAD
from perilune.astrometry.observations import FloatArray, Kind, Observations
from perilune.constants import DAY_S

_SAME_TIME_S: Final = 1.0
_SIGMAS: Final = 5.0
_SIGMA_UNKNOWN_RAD: Final = 1.0 * ARCSEC_RAD  # of an optical place whose error is not given
_SAME_VALUE: Final = 1e-10  # radar values that agree to this share are one value


@dataclass(frozen=True, slots=True, eq=False)
class Duplicates:
    """What a table holds more than once.

    Attributes:
        is_duplicate: rows that repeat an earlier one (N,).
        of_row: the earlier row, or -1 (N,).
        contradictory: pairs of rows, of one object, station and time, whose measures differ by
            more than five sigmas (M, 2).
    """

    is_duplicate: NDArray[np.bool_]
    of_row: NDArray[np.int64]
    contradictory: NDArray[np.int64]


def find_duplicates(observations: Observations) -> Duplicates:
    """Find repeated and contradictory rows of the same object, station and kind.

    Repeated: within 1 s of each other, and the same place to the unit of the last digit of the
    coarser. Contradictory: the same time to the coarser precision (1 s at most), and places that
    differ by more than five sigmas (of 1" where none is given) and by more than that unit.
    """
    n = len(observations)
    codes = [
        np.unique(column, return_inverse=True)[1]
        for column in (observations.designation, observations.station, observations.transmitter)
    ]
    group = np.zeros(n, dtype=np.int64)
    for code in (*codes, observations.kind.astype(np.int64)):
        group = group * (int(code.max(initial=0)) + 1) + code
    order = np.lexsort((np.arange(n), observations.epoch_mjd_tdb, group))
    of_row = np.full(n, -1, dtype=np.int64)
    clashes: list[NDArray[np.int64]] = []
    for step in range(1, n):
        a, b = order[:-step], order[step:]
        gap_s = DAY_S * (observations.epoch_mjd_tdb[b] - observations.epoch_mjd_tdb[a])
        near = (group[a] == group[b]) & (gap_s <= _SAME_TIME_S)
        if not near.any():
            break
        first, second = np.minimum(a[near], b[near]), np.maximum(a[near], b[near])
        is_same, is_apart = _compare(observations, first, second)
        for early, late in zip(first[is_same].tolist(), second[is_same].tolist(), strict=True):
            of_row[late] = early if of_row[late] < 0 else min(early, of_row[late])
        precision = np.fmax(
            observations.precision_time_s[first], observations.precision_time_s[second]
        )
        at_once = gap_s[near] <= np.fmin(np.nan_to_num(precision), _SAME_TIME_S) * 1.001
        clash = is_apart & at_once
        clashes.append(np.stack([first[clash], second[clash]], axis=1))
    found = np.concatenate(clashes) if clashes else np.empty((0, 2), dtype=np.int64)
    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    return Duplicates(of_row >= 0, of_row, found)


def _compare(
    table: Observations, a: NDArray[np.int64], b: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pairs are the same measure, and which are five sigmas apart."""
    turn = np.remainder(table.ra_rad[a] - table.ra_rad[b] + np.pi, 2.0 * np.pi) - np.pi
    cos_dec = np.cos(table.dec_rad[a])
    along = np.abs(turn) * cos_dec
    across = np.abs(table.dec_rad[a] - table.dec_rad[b])
    unit_ra = _coarser(table.precision_ra_rad, a, b) * cos_dec
    unit_dec = _coarser(table.precision_dec_rad, a, b)
    # Two roundings of one place differ by less than the coarser unit; the rest is float noise.
    is_same = (along <= 1.001 * unit_ra + 1e-14) & (across <= 1.001 * unit_dec + 1e-14)
    limit_ra = _SIGMAS * _spread(table.sigma_ra_rad, a, b, _SIGMA_UNKNOWN_RAD)
    limit_dec = _SIGMAS * _spread(table.sigma_dec_rad, a, b, _SIGMA_UNKNOWN_RAD)
    is_apart = (along > limit_ra) | (across > limit_dec)
    for kind, values, sigmas in (
        (Kind.RADAR_DELAY, table.delay_s, table.sigma_delay_s),
        (Kind.RADAR_DOPPLER, table.doppler_hz, table.sigma_doppler_hz),
    ):
        rows = table.kind[a] == kind
        gap = np.abs(values[a] - values[b])
        is_same[rows] = (gap <= _SAME_VALUE * np.abs(values[a]))[rows]
        is_apart[rows] = (gap > _SIGMAS * _spread(sigmas, a, b, 0.0))[rows]
    return is_same, is_apart & ~is_same


def _coarser(units: FloatArray, a: NDArray[np.int64], b: NDArray[np.int64]) -> FloatArray:
    return np.nan_to_num(np.fmax(units[a], units[b]))


def _spread(
    sigmas: FloatArray, a: NDArray[np.int64], b: NDArray[np.int64], unknown: float
) -> FloatArray:
    first, second = (np.where(np.isnan(sigmas[rows]), unknown, sigmas[rows]) for rows in (a, b))
    return np.asarray(np.hypot(first, second), dtype=np.float64)
