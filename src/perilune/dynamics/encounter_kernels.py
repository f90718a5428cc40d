"""Minima of the distance to a body, and the crossing of its surface, inside one step.

Both are roots on the step's dense output (the collocation polynomial) against the ephemeris
itself, so neither depends on where the steps fall.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from perilune.ephemeris.body_kernels import EphemerisArrays, body_state
from perilune.frames.orientation_kernels import earth_pole
from perilune.jit import lean_kernel

MINIMUM = 0.0
IMPACT = 1.0
_ROOT_S = 1.0e-6
N_RECORD = 11  # lane, body, kind, reference MJD, offset s, relative state (6)

_EARTH = 3
_SECOND_ROW = cast(int, np.int64(1))  # a plain 1 would compile all of `body_state` once more


class SurfaceArrays(NamedTuple):
    """The surfaces at which a particle ends."""

    radius_km: NDArray[np.float64]  # (11,) equatorial, the entry altitude included
    earth_radius_km: float  # the ellipsoid's, without the entry altitude
    earth_flattening: float
    earth_entry_km: float


class DenseStep(NamedTuple):
    """One lane's step: the start, and the acceleration's power series."""

    start: NDArray[np.float64]  # (6,)
    power: NDArray[np.float64]  # (8, 3)


@lean_kernel
def dense_state(step: DenseStep, h_s: float, s: float, out: NDArray[np.float64]) -> None:
    """State (6) at the fraction `s` of the step."""
    for k in range(3):
        position = 0.0
        velocity = 0.0
        for j in range(7, -1, -1):
            p = step.power[j, k]
            velocity = velocity * s + p / (j + 1.0)
            position = position * s + p / ((j + 1.0) * (j + 2.0))
        out[k] = step.start[k] + s * h_s * (step.start[3 + k] + s * h_s * position)
        out[3 + k] = step.start[3 + k] + s * h_s * velocity


@lean_kernel
def relative_state(
    eph: EphemerisArrays,
    body: int,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    step: DenseStep,
    s: float,
    scratch: NDArray[np.float64],
) -> float:
    """State from the body into `scratch[0]`; returns r·v. `scratch` is (2, 6)."""
    dense_state(step, h_s, s, scratch[0])
    body_state(eph, body, reference_mjd, (start_s + s * h_s) / 86400.0, scratch, _SECOND_ROW)
    total = 0.0
    for k in range(6):
        scratch[0, k] -= scratch[1, k]
    for k in range(3):
        total += scratch[0, k] * scratch[0, 3 + k]
    return total


@lean_kernel
def height_km(
    surface: SurfaceArrays,
    body: int,
    mjd_tdb: float,
    state: NDArray[np.float64],
    pole: NDArray[np.float64],
) -> float:
    """Height over the surface that counts as impact (entry altitude taken off).

    For the Earth over the WGS84 ellipsoid about the pole of date, by Bowring (1976).
    """
    r2 = state[0] * state[0] + state[1] * state[1] + state[2] * state[2]
    if body != _EARTH:
        radius: float = surface.radius_km[body]
        return math.sqrt(r2) - radius
    earth_pole(mjd_tdb, pole)
    z = state[0] * pole[0] + state[1] * pole[1] + state[2] * pole[2]
    p = math.sqrt(max(r2 - z * z, 1e-12))
    a = surface.earth_radius_km
    f = surface.earth_flattening
    b = a * (1.0 - f)
    e2 = f * (2.0 - f)
    beta = math.atan2(z, (1.0 - f) * p)
    up = z + e2 / (1.0 - e2) * b * math.sin(beta) ** 3
    out = p - e2 * a * math.cos(beta) ** 3
    latitude = math.atan2(up, out)
    sine = math.sin(latitude)
    height: float = p * math.cos(latitude) + z * sine - a * math.sqrt(1.0 - e2 * sine * sine)
    return height - surface.earth_entry_km


@lean_kernel
def _root(
    eph: EphemerisArrays,
    body: int,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    step: DenseStep,
    low: float,
    high: float,
    f_low: float,
    f_high: float,
    scratch: NDArray[np.float64],
) -> float:
    """Root of r·v in [low, high] by the Illinois method; Dowell & Jarratt (1971)."""
    side = 0
    s = high
    for _ in range(80):
        s = (low * f_high - high * f_low) / (f_high - f_low)
        if not low < s < high:
            s = 0.5 * (low + high)
        f = relative_state(eph, body, reference_mjd, start_s, h_s, step, s, scratch)
        # r·v changes by v² a second: what is left of it is the time to the minimum.
        speed2 = scratch[0, 3] ** 2 + scratch[0, 4] ** 2 + scratch[0, 5] ** 2
        if abs(f) < _ROOT_S * speed2:
            break
        if (f > 0.0) == (f_high > 0.0):
            high = s
            f_high = f
            if side == 1:
                f_low *= 0.5
            side = 1
        else:
            low = s
            f_low = f
            if side == -1:
                f_high *= 0.5
            side = -1
        if high - low < 1.0e-14 or abs((high - low) * h_s) < _ROOT_S:
            break
    return s


@lean_kernel
def _dip(
    eph: EphemerisArrays,
    body: int,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    step: DenseStep,
    low: float,
    high: float,
    scratch: NDArray[np.float64],
) -> float:
    """Where sign(h) r·v is least in [low, high], by golden section."""
    sign = 1.0 if h_s > 0.0 else -1.0
    golden = 0.6180339887498949
    c = high - golden * (high - low)
    d = low + golden * (high - low)
    fc = sign * relative_state(eph, body, reference_mjd, start_s, h_s, step, c, scratch)
    fd = sign * relative_state(eph, body, reference_mjd, start_s, h_s, step, d, scratch)
    for _ in range(40):
        if fc < fd:
            high = d
            d = c
            fd = fc
            c = high - golden * (high - low)
            fc = sign * relative_state(eph, body, reference_mjd, start_s, h_s, step, c, scratch)
        else:
            low = c
            c = d
            fc = fd
            d = low + golden * (high - low)
            fd = sign * relative_state(eph, body, reference_mjd, start_s, h_s, step, d, scratch)
        if fc < 0.0 or fd < 0.0 or high - low < 1.0e-7:
            break
    return c if fc < fd else d


@lean_kernel
def _lowest(
    eph: EphemerisArrays,
    surface: SurfaceArrays,
    body: int,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    step: DenseStep,
    middle: float,
    scratch: NDArray[np.float64],
    pole: NDArray[np.float64],
) -> float:
    """Fraction of least height near a least distance at `middle` (they part by the flattening)."""
    relative_state(eph, body, reference_mjd, start_s, h_s, step, middle, scratch)
    speed = math.sqrt(scratch[0, 3] ** 2 + scratch[0, 4] ** 2 + scratch[0, 5] ** 2)
    reach = 200.0 / (speed * abs(h_s))  # 200 km either way: the flattening is 21 km
    low = max(0.0, middle - reach)
    high = min(1.0, middle + reach)
    for _ in range(60):
        c = low + (high - low) / 3.0
        d = high - (high - low) / 3.0
        relative_state(eph, body, reference_mjd, start_s, h_s, step, c, scratch)
        hc = height_km(
            surface, body, reference_mjd + (start_s + c * h_s) / 86400.0, scratch[0], pole
        )
        relative_state(eph, body, reference_mjd, start_s, h_s, step, d, scratch)
        hd = height_km(
            surface, body, reference_mjd + (start_s + d * h_s) / 86400.0, scratch[0], pole
        )
        if hc < hd:
            high = d
        else:
            low = c
        if abs((high - low) * h_s) < 1.0e-3:
            break
    return 0.5 * (low + high)


@lean_kernel
def _crossing(
    eph: EphemerisArrays,
    surface: SurfaceArrays,
    body: int,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    step: DenseStep,
    above: float,
    below: float,
    scratch: NDArray[np.float64],
    pole: NDArray[np.float64],
) -> float:
    """Fraction at which the height falls through nought between `above` and `below`."""
    for _ in range(100):
        middle = 0.5 * (above + below)
        relative_state(eph, body, reference_mjd, start_s, h_s, step, middle, scratch)
        mjd = reference_mjd + (start_s + middle * h_s) / 86400.0
        if height_km(surface, body, mjd, scratch[0], pole) > 0.0:
            above = middle
        else:
            below = middle
        if abs((below - above) * h_s) < 1.0e-6:
            break
    return below


@lean_kernel
def scan_step(
    eph: EphemerisArrays,
    surface: SurfaceArrays,
    body: int,
    spacing_s: float,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    step: DenseStep,
    fractions: NDArray[np.float64],
    values: NDArray[np.float64],
    scratch: NDArray[np.float64],
    pole: NDArray[np.float64],
    found: NDArray[np.float64],
) -> int:
    """Find every minimum of the distance to `body` in one step, and the impact if there is one.

    r·v is sampled so densely (`spacing_s`, eight times a step at least) that each change of sign
    stands alone; where it dips without changing sign the dip is searched. `fractions` and
    `values` are scratch. Fractions of minima go into `found[1:]` in order of time, that of an
    impact into `found[0]` (2 when there is none). Returns how many minima stand there.
    """
    sign = 1.0 if h_s > 0.0 else -1.0
    count = int(min(max(math.ceil(abs(h_s) / spacing_s), 8.0), fractions.size - 1.0))
    for i in range(count + 1):
        fractions[i] = i / count
        values[i] = sign * relative_state(
            eph, body, reference_mjd, start_s, h_s, step, fractions[i], scratch
        )
    n_found = 0
    found[0] = 2.0
    reach = surface.radius_km[body] + 30.0
    falling_from = 0.0
    s = 0.0
    for i in range(count):
        roots = 0
        low = fractions[i]
        high = fractions[i + 1]
        if values[i] <= 0.0 < values[i + 1]:
            roots = 1
            s = _root(
                eph, body, reference_mjd, start_s, h_s, step, low, high,
                sign * values[i], sign * values[i + 1], scratch,
            )  # fmt: skip
        elif i > 0 and 0.0 < values[i] < values[i - 1] and values[i] < values[i + 1]:
            # A dip below nought between two samples shows as a local least sample.
            bottom = _dip(
                eph, body, reference_mjd, start_s, h_s, step, fractions[i - 1], high, scratch
            )
            depth = sign * relative_state(
                eph, body, reference_mjd, start_s, h_s, step, bottom, scratch
            )
            if depth < 0.0:
                roots = 1
                falling_from = fractions[i - 1]
                s = _root(
                    eph, body, reference_mjd, start_s, h_s, step, bottom, high,
                    sign * depth, sign * values[i + 1], scratch,
                )  # fmt: skip
        if roots == 1 and n_found + 1 < found.size:
            n_found += 1
            found[n_found] = s
            relative_state(eph, body, reference_mjd, start_s, h_s, step, s, scratch)
            r = math.sqrt(scratch[0, 0] ** 2 + scratch[0, 1] ** 2 + scratch[0, 2] ** 2)
            if r < reach:
                lowest = s
                if body == _EARTH:
                    lowest = _lowest(
                        eph, surface, body, reference_mjd, start_s, h_s, step, s, scratch, pole
                    )
                relative_state(eph, body, reference_mjd, start_s, h_s, step, lowest, scratch)
                mjd = reference_mjd + (start_s + lowest * h_s) / 86400.0
                if height_km(surface, body, mjd, scratch[0], pole) <= 0.0:
                    found[0] = _crossing(
                        eph, surface, body, reference_mjd, start_s, h_s, step,
                        falling_from, lowest, scratch, pole,
                    )  # fmt: skip
                    return n_found
        if values[i] > 0.0:
            falling_from = low
    if values[count] <= 0.0:
        relative_state(eph, body, reference_mjd, start_s, h_s, step, 1.0, scratch)
        mjd = reference_mjd + (start_s + h_s) / 86400.0
        if height_km(surface, body, mjd, scratch[0], pole) <= 0.0:
            found[0] = _crossing(
                eph, surface, body, reference_mjd, start_s, h_s, step,
                falling_from, 1.0, scratch, pole,
            )  # fmt: skip
    return n_found
