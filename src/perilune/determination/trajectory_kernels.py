"""Evaluation of a dense trajectory at the light-delayed epochs of many observations."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel

_LIGHT_TURNS = 6
_DAY_S = 86400.0
_STATE = 4
_POWER = 10
_START = 34


@kernel
def _position(record: NDArray[np.float64], s: float, out: NDArray[np.float64]) -> None:
    """Position (3) and velocity (3) at the fraction s of a step."""
    h = record[3]
    for c in range(3):
        position = 0.0
        velocity = 0.0
        for j in range(7, -1, -1):
            p = record[_POWER + 3 * j + c]
            velocity = velocity * s + p / (j + 1.0)
            position = position * s + p / ((j + 1.0) * (j + 2.0))
        x0 = record[_STATE + c]
        v0 = record[_STATE + 3 + c]
        out[c] = x0 + s * h * (v0 + s * h * position)
        out[3 + c] = v0 + s * h * velocity


@kernel
def _variation(record: NDArray[np.float64], s: float, m: int, out: NDArray[np.float64]) -> None:
    """The matrix (6, m) at the fraction s of a step."""
    h = record[3]
    powers = _START + 6 * m
    for k in range(3):
        for c in range(m):
            position = 0.0
            velocity = 0.0
            for j in range(7, -1, -1):
                p = record[powers + 3 * m * j + k * m + c]
                velocity = velocity * s + p / (j + 1.0)
                position = position * s + p / ((j + 1.0) * (j + 2.0))
            x0 = record[_START + k * m + c]
            v0 = record[_START + (3 + k) * m + c]
            out[k, c] = x0 + s * h * (v0 + s * h * position)
            out[3 + k, c] = v0 + s * h * velocity


@kernel
def _find(low_mjd: NDArray[np.float64], epoch_mjd: float) -> int:
    """The step whose lower edge is the last at or before the epoch."""
    low = 0
    high = low_mjd.size
    while high - low > 1:
        middle = (low + high) // 2
        if low_mjd[middle] <= epoch_mjd:
            low = middle
        else:
            high = middle
    return low


@kernel
def at_epochs(
    steps: NDArray[np.float64],
    low_mjd: NDArray[np.float64],
    m: int,
    epoch_mjd: NDArray[np.float64],
    offset_s: NDArray[np.float64],
    state: NDArray[np.float64],
    variation: NDArray[np.float64],
) -> None:
    """State (N, 6) and variation (N, 6, m) at `epoch_mjd` + `offset_s`; steps by lower edge."""
    for i in range(epoch_mjd.size):
        at = _find(low_mjd, epoch_mjd[i] + offset_s[i] / _DAY_S)
        record = steps[at]
        s = ((epoch_mjd[i] - record[1]) * _DAY_S + (offset_s[i] - record[2])) / record[3]
        _position(record, s, state[i])
        if m > 0:
            _variation(record, s, m, variation[i])


@kernel
def at_reception(
    steps: NDArray[np.float64],
    low_mjd: NDArray[np.float64],
    m: int,
    light_km_s: float,
    epoch_mjd: NDArray[np.float64],
    observer: NDArray[np.float64],
    light_s: NDArray[np.float64],
    state: NDArray[np.float64],
    variation: NDArray[np.float64],
) -> None:
    """What each observer (N, 6) receives at `epoch_mjd`: light time, state and its variation.

    `state` (N, 6) is relative to the observer's position at reception and to its velocity then;
    `variation` (N, 6, m) is that of the object at emission, the moment of emission held.
    """
    for i in range(epoch_mjd.size):
        light = light_s[i]
        record = steps[0]
        s = 0.0
        for _ in range(_LIGHT_TURNS):
            record = steps[_find(low_mjd, epoch_mjd[i] - light / _DAY_S)]
            s = ((epoch_mjd[i] - record[1]) * _DAY_S - (light + record[2])) / record[3]
            _position(record, s, state[i])
            r2 = 0.0
            for c in range(3):
                r2 += (state[i, c] - observer[i, c]) ** 2
            before = light
            light = math.sqrt(r2) / light_km_s
            # A nanosecond moves nothing by a millimetre.
            if abs(light - before) < 1.0e-9:
                break
        light_s[i] = light
        for c in range(6):
            state[i, c] -= observer[i, c]
        if m > 0:
            _variation(record, s, m, variation[i])
