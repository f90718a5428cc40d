"""The balance of energy over evenly spaced times."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel
from perilune.station.sky_kernels import overlap


@kernel
def disc_in_space(
    place: NDArray[np.float64],
    sun: NDArray[np.float64],
    earth: NDArray[np.float64],
    sun_radius_km: float,
    moon_radius_km: float,
    earth_radius_km: float,
    out: NDArray[np.float64],
) -> None:
    """The share of the Sun's disc (T,) that the Moon and the Earth leave to an orbiter.

    Args:
        place, sun, earth: (T, 3) from the Moon's centre, km.

    Conical shadows: discs on the sky. Where both bodies cover parts, their shares multiply.
    """
    for i in range(out.size):
        sx, sy, sz = sun[i, 0] - place[i, 0], sun[i, 1] - place[i, 1], sun[i, 2] - place[i, 2]
        sun_km = math.sqrt(sx * sx + sy * sy + sz * sz)
        disc = math.asin(sun_radius_km / sun_km)
        seen = 1.0
        for body in range(2):
            bx, by, bz = -place[i, 0], -place[i, 1], -place[i, 2]
            radius_km = moon_radius_km
            if body == 1:
                bx, by, bz = bx + earth[i, 0], by + earth[i, 1], bz + earth[i, 2]
                radius_km = earth_radius_km
            body_km = math.sqrt(bx * bx + by * by + bz * bz)
            cosine = (sx * bx + sy * by + sz * bz) / (sun_km * body_km)
            other = math.asin(min(radius_km / body_km, 1.0))
            # Most of the time they are far apart.
            if cosine > math.cos(min(disc + other, math.pi)):
                seen *= 1.0 - overlap(disc, other, math.acos(min(cosine, 1.0)))
        out[i] = seen


@kernel
def reserves(
    supply_w: NDArray[np.float64],
    load_w: float,
    step_h: float,
    storage_wh: float,
    efficiency: float,
    out: NDArray[np.float64],
) -> None:
    """What the store must hold after each step (T,), so that a load runs on to the span's end.

    At most the whole store: what comes before a longer night cannot help it any more.
    """
    needed = 0.0
    for i in range(supply_w.size - 1, -1, -1):
        out[i] = needed
        rest = supply_w[i] - load_w
        needed -= rest * step_h * (efficiency if rest > 0.0 else 1.0)
        needed = min(max(needed, 0.0), storage_wh)


@kernel
def balance(
    supply_w: NDArray[np.float64],
    loads_w: NDArray[np.float64],
    reserve_wh: NDArray[np.float64],
    step_h: float,
    storage_wh: float,
    efficiency: float,
    served_h: NDArray[np.float64],
) -> tuple[float, float]:
    """Run the loads from the supply and a store that starts full.

    Args:
        supply_w: (T,).
        loads_w: (L,) the most important first.
        reserve_wh: (L, T) what each load must leave in the store after each step: the reserve of
            all that are more important.
        storage_wh: what may be taken from the store.
        efficiency: of what is stored, how much comes back.
        served_h: (L,) out: how long each load ran.

    Returns:
        The least that the store held, Wh, and the energy that loads were denied, Wh.
    """
    held = storage_wh
    least = held
    denied = 0.0
    served_h[:] = 0.0
    dust = 1e-9 * storage_wh
    for i in range(supply_w.size):
        drawn = 0.0
        for k in range(loads_w.size):
            rest = supply_w[i] - drawn - loads_w[k]
            after = min(held + rest * step_h * (efficiency if rest > 0.0 else 1.0), storage_wh)
            if after >= reserve_wh[k, i] - dust:
                drawn += loads_w[k]
                served_h[k] += step_h
            else:
                denied += loads_w[k] * step_h
        rest = supply_w[i] - drawn
        held += rest * step_h * (efficiency if rest > 0.0 else 1.0)
        held = min(max(held, 0.0), storage_wh)
        least = min(least, held)
    return least, denied


@kernel
def storage_needed(
    supply_w: NDArray[np.float64], load_w: float, step_h: float, efficiency: float
) -> float:
    """The store, Wh, that serves a load at all times, starting full; infinite where none does."""
    lacking = 0.0
    worst = 0.0
    for i in range(supply_w.size):
        rest = supply_w[i] - load_w
        lacking = max(0.0, lacking - rest * step_h * (efficiency if rest > 0.0 else 1.0))
        worst = max(worst, lacking)
    return worst
