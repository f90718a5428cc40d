"""Positions and velocities of the attracting bodies from Chebyshev series, in numba.

Frame ICRF, origin the solar-system barycentre, km and km/s, time scale TDB. Times come in two
parts (a reference MJD and an offset in days) so that nothing is lost to rounding: an MJD alone
resolves a microsecond, in which the Earth moves 2 cm.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from perilune.jit import lean_kernel

SUN, MERCURY, VENUS, EARTH, MOON, MARS, JUPITER, SATURN, URANUS, NEPTUNE, PLUTO = range(11)
# Series of `EphemerisArrays` that add up to the Earth and the Moon. Not plain integers, for each of
# which numba would compile everything below once more.
_EMB = cast(int, np.int64(3))
_MOON_FROM_EMB = cast(int, np.int64(4))
_EARTH_FROM_EMB = cast(int, np.int64(5))


class EphemerisArrays(NamedTuple):
    """What the kernels read: plain arrays only.

    `words` is DE440's file as float64; row `i` of the segment tables belongs to series `i`: Sun,
    Mercury, Venus, EMB, Moon from EMB, Earth from EMB, Mars … Pluto. `small` holds the massive
    asteroids' coefficients, barycentric: (n_records, n_coefficients, 3, n_asteroids), so that each
    polynomial serves all asteroids' components side by side.
    """

    words: NDArray[np.float64]
    segment_start: NDArray[np.int64]  # (12,) first word of the first record
    segment_size: NDArray[np.int64]  # (12,) words a record
    segment_count: NDArray[np.int64]  # (12,) records
    segment_first_mjd: NDArray[np.float64]  # (12,)
    segment_days: NDArray[np.float64]  # (12,) days a record
    small: NDArray[np.float64]
    small_first_mjd: float
    small_days: float
    gm_km3_s2: NDArray[np.float64]  # (11 + n_asteroids,)


@lean_kernel
def chebyshev_3(
    coefficients: NDArray[np.float64],
    first: int,
    count: int,
    x: float,
    rate: float,
    out: NDArray[np.float64],
    row: int,
) -> None:
    """Value and time derivative of three series at `x` in [-1, 1].

    `coefficients[first + k*count + j]` is coefficient `j` of component `k`; `rate` is dx/dt.
    Adds position and velocity to `out[row, 0:6]`. The polynomials run upwards, once
    for the three components and their slopes: a fifth of the time of six Clenshaw recurrences,
    and as exact, since |x| <= 1.
    """
    at_y = first + count
    at_z = at_y + count
    two_x = 2.0 * x
    t0 = 1.0
    t1 = x
    d0 = 0.0
    d1 = 1.0
    px = 0.0
    py = 0.0
    pz = 0.0
    vx = coefficients[first + 1]
    vy = coefficients[at_y + 1]
    vz = coefficients[at_z + 1]
    for j in range(2, count):
        t = two_x * t1 - t0
        d = two_x * d1 - d0 + 2.0 * t1
        cx = coefficients[first + j]
        cy = coefficients[at_y + j]
        cz = coefficients[at_z + j]
        px += cx * t
        py += cy * t
        pz += cz * t
        vx += cx * d
        vy += cy * d
        vz += cz * d
        t0 = t1
        t1 = t
        d0 = d1
        d1 = d
    # The large terms last: their rounding is Neptune's last millimetre.
    out[row, 0] += coefficients[first] + (coefficients[first + 1] * x + px)
    out[row, 1] += coefficients[at_y] + (coefficients[at_y + 1] * x + py)
    out[row, 2] += coefficients[at_z] + (coefficients[at_z + 1] * x + pz)
    out[row, 3] += vx * rate
    out[row, 4] += vy * rate
    out[row, 5] += vz * rate


@lean_kernel
def _series(
    eph: EphemerisArrays,
    series: int,
    reference_mjd: float,
    offset_d: float,
    out: NDArray[np.float64],
    row: int,
) -> None:
    """Add the state of one series to `out[row]`."""
    days = eph.segment_days[series]
    base = reference_mjd - eph.segment_first_mjd[series]
    record = math.floor((base + offset_d) / days)
    record = min(max(record, 0), eph.segment_count[series] - 1)
    # The large parts cancel before the offset comes in: its last digits move a planet by 0.1 m.
    x = 2.0 * ((base - record * days) + offset_d) / days - 1.0
    size = eph.segment_size[series]
    first = eph.segment_start[series] + record * size + 2
    chebyshev_3(eph.words, first, (size - 2) // 3, x, 2.0 / (days * 86400.0), out, row)


@lean_kernel
def body_state(
    eph: EphemerisArrays,
    body: int,
    reference_mjd: float,
    offset_d: float,
    out: NDArray[np.float64],
    row: int,
) -> None:
    """Barycentric state (km, km/s) of one body at reference + offset into `out[row, 0:6]`."""
    for k in range(6):
        out[row, k] = 0.0
    if body < 3:
        _series(eph, body, reference_mjd, offset_d, out, row)
    elif body < 5:
        _series(eph, _EMB, reference_mjd, offset_d, out, row)
        other = _EARTH_FROM_EMB if body == 3 else _MOON_FROM_EMB
        _series(eph, other, reference_mjd, offset_d, out, row)
    elif body < 11:
        _series(eph, body + 1, reference_mjd, offset_d, out, row)
    else:
        base = reference_mjd - eph.small_first_mjd
        record = math.floor((base + offset_d) / eph.small_days)
        record = min(max(record, 0), eph.small.shape[0] - 1)
        x = 2.0 * ((base - record * eph.small_days) + offset_d) / eph.small_days - 1.0
        rate = 2.0 / (eph.small_days * 86400.0)
        for k in range(3):
            position = 0.0
            velocity = eph.small[record, 1, k, body - 11]
            t0 = 1.0
            t1 = x
            d0 = 0.0
            d1 = 1.0
            for j in range(2, eph.small.shape[1]):
                t = 2.0 * x * t1 - t0
                d = 2.0 * x * d1 - d0 + 2.0 * t1
                position += eph.small[record, j, k, body - 11] * t
                velocity += eph.small[record, j, k, body - 11] * d
                t0 = t1
                t1 = t
                d0 = d1
                d1 = d
            position += eph.small[record, 1, k, body - 11] * x
            out[row, k] = eph.small[record, 0, k, body - 11] + position
            out[row, 3 + k] = velocity * rate


@lean_kernel
def asteroid_places(
    eph: EphemerisArrays, reference_mjd: float, offset_d: float, out: NDArray[np.float64]
) -> None:
    """Barycentric positions of all massive asteroids into `out` (3 n): x of all, then y, then z."""
    base = reference_mjd - eph.small_first_mjd
    record = math.floor((base + offset_d) / eph.small_days)
    record = min(max(record, 0), eph.small.shape[0] - 1)
    x = 2.0 * ((base - record * eph.small_days) + offset_d) / eph.small_days - 1.0
    n = 3 * eph.small.shape[3]
    rows = eph.small[record].reshape((eph.small.shape[1], n))
    t0 = 1.0
    t1 = x
    for i in range(n):
        out[i] = 0.0
    # Two polynomials at a time, to touch the sums half as often.
    for j in range(2, rows.shape[0] - 1, 2):
        t2 = 2.0 * x * t1 - t0
        t3 = 2.0 * x * t2 - t1
        even = rows[j]
        odd = rows[j + 1]
        for i in range(n):
            out[i] += even[i] * t2 + odd[i] * t3
        t0 = t2
        t1 = t3
    if rows.shape[0] % 2 == 1:
        t2 = 2.0 * x * t1 - t0
        even = rows[rows.shape[0] - 1]
        for i in range(n):
            out[i] += even[i] * t2
    first = rows[0]
    second = rows[1]
    for i in range(n):
        out[i] = first[i] + (second[i] * x + out[i])


@lean_kernel
def major_states(
    eph: EphemerisArrays,
    reference_mjd: float,
    offset_d: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Barycentric states of the major bodies at some times into `out` (n_times, 11, 6).

    Series by series, so that what belongs to a series is looked up once for all times.
    """
    out[:] = 0.0
    for series in range(12):
        days = eph.segment_days[series]
        per_day = 1.0 / days  # exact: records last 4, 8, 16 or 32 days
        rate = 2.0 / (days * 86400.0)
        size = eph.segment_size[series]
        count = (size - 2) // 3
        start = eph.segment_start[series] + 2
        last = eph.segment_count[series] - 1
        base = reference_mjd - eph.segment_first_mjd[series]
        for i in range(offset_d.size):
            record = math.floor((base + offset_d[i]) * per_day)
            record = min(max(record, 0), last)
            x = 2.0 * ((base - record * days) + offset_d[i]) * per_day - 1.0
            first = start + record * size
            states = out[i]
            if series == _EMB:
                chebyshev_3(eph.words, first, count, x, rate, states, 3)
                for k in range(6):
                    states[4, k] += states[3, k]
            elif series == _MOON_FROM_EMB:
                chebyshev_3(eph.words, first, count, x, rate, states, 4)
            elif series == _EARTH_FROM_EMB:
                chebyshev_3(eph.words, first, count, x, rate, states, 3)
            else:
                body = series if series < 3 else series - 1
                chebyshev_3(eph.words, first, count, x, rate, states, body)


@lean_kernel
def states_at(
    eph: EphemerisArrays,
    body: int,
    reference_mjd: NDArray[np.float64],
    offset_d: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """States of one body at many times into `out` (n_times, 6)."""
    for i in range(reference_mjd.size):
        body_state(eph, body, reference_mjd[i], offset_d[i], out, i)
