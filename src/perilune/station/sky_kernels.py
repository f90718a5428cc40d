"""The Sun and the Earth over a horizon on the Moon, at many times.

Bodies are given by vectors at evenly spaced nodes, in axes fixed to the Moon; between the nodes
Lagrange's polynomial through six of them is taken. A horizon is a table of altitudes at evenly
spaced azimuths from north through east, linear between them.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel

_STRIPS: Final = 24  # across the Sun's disc; the area is good to 0.2 % of the disc
_TWO_PI: Final = 2.0 * math.pi


@kernel
def between_nodes(nodes: NDArray[np.float64], x: float, out: NDArray[np.float64]) -> None:
    """The vectors (V, 3) into `out` at `x`, in steps from the first node; nodes are (N, V, 3)."""
    first = min(max(math.floor(x) - 2, 0), nodes.shape[0] - 6)
    t = x - first
    out[:] = 0.0
    for j in range(6):
        weight = 1.0
        for k in range(6):
            if k != j:
                weight *= (t - k) / (j - k)
        for body in range(out.shape[0]):
            for axis in range(3):
                out[body, axis] += weight * nodes[first + j, body, axis]


@kernel
def horizon_at(horizon_rad: NDArray[np.float64], azimuth_rad: float) -> float:
    """The horizon's altitude at any azimuth, rad."""
    size = horizon_rad.size
    x = azimuth_rad / _TWO_PI
    x = (x - math.floor(x)) * size
    left = int(x)
    share = x - left
    left %= size
    right = left + 1 if left + 1 < size else 0
    return float((1.0 - share) * horizon_rad[left] + share * horizon_rad[right])


@kernel
def disc_over_horizon(
    horizon_rad: NDArray[np.float64],
    lowest_rad: float,
    highest_rad: float,
    azimuth_rad: float,
    altitude_rad: float,
    radius_rad: float,
) -> float:
    """The share of a small disc's area over the horizon, whose extremes the caller gives."""
    if altitude_rad - radius_rad >= highest_rad:
        return 1.0
    if altitude_rad + radius_rad <= lowest_rad:
        return 0.0
    stretch = 1.0 / max(math.cos(altitude_rad), 1e-3)
    # Most discs are clear of the few nodes of the horizon under them, between which it is linear.
    size = horizon_rad.size
    first = math.floor((azimuth_rad - radius_rad * stretch) * size / _TWO_PI)
    last = math.ceil((azimuth_rad + radius_rad * stretch) * size / _TWO_PI)
    low, high = math.inf, -math.inf
    for k in range(first, min(last, first + size) + 1):
        ground = horizon_rad[k % size]
        low, high = min(low, ground), max(high, ground)
    if altitude_rad - radius_rad >= high:
        return 1.0
    if altitude_rad + radius_rad <= low:
        return 0.0
    # Gauss and Chebyshev's nodes of the second kind: their weight is the strips' length.
    seen = 0.0
    for k in range(1, _STRIPS + 1):
        angle = k * math.pi / (_STRIPS + 1)
        half = radius_rad * math.sin(angle)
        ground = horizon_at(horizon_rad, azimuth_rad + radius_rad * math.cos(angle) * stretch)
        above = min(max((altitude_rad + half - ground) / (2.0 * half), 0.0), 1.0)
        seen += above * math.sin(angle) ** 2
    return seen * 2.0 / (_STRIPS + 1)


@kernel
def overlap(radius: float, other: float, apart: float) -> float:
    """The share of a disc that another disc covers; all in one unit."""
    if apart >= radius + other:
        return 0.0
    if apart <= other - radius:
        return 1.0
    if apart <= radius - other:
        return (other / radius) ** 2
    a = math.acos(min(max((apart**2 + radius**2 - other**2) / (2.0 * apart * radius), -1.0), 1.0))
    b = math.acos(min(max((apart**2 + other**2 - radius**2) / (2.0 * apart * other), -1.0), 1.0))
    lens = radius**2 * (a - math.sin(a) * math.cos(a)) + other**2 * (b - math.sin(b) * math.cos(b))
    return lens / (math.pi * radius**2)


@kernel
def sky_over(
    nodes: NDArray[np.float64],
    first_step: float,
    step: float,
    site: NDArray[np.float64],
    axes: NDArray[np.float64],
    horizon_rad: NDArray[np.float64],
    sun_radius_km: float,
    earth_radius_km: float,
    sun: NDArray[np.float64],
    earth: NDArray[np.float64],
) -> None:
    """What a site sees at evenly spaced times.

    Args:
        nodes: (N, 2, 3) the Sun's and the Earth's apparent places from the Moon's centre, km.
        first_step, step: the times, in steps of the nodes from the first node.
        site: (3,) the place from the Moon's centre, km.
        axes: (3, 3) rows east, north and up.
        horizon_rad: (H,).
        sun: (T, 3) out: the share of the Sun's disc that is seen, altitude and azimuth, rad. The
            Earth before the Sun hides its share of what the horizon leaves.
        earth: (T, 3) out: how high the Earth's centre stands over the horizon, altitude and
            azimuth, rad.
    """
    lowest, highest = horizon_rad.min(), horizon_rad.max()
    places = np.empty((2, 3))
    local = np.empty((2, 3))
    for i in range(sun.shape[0]):
        between_nodes(nodes, first_step + i * step, places)
        for body in range(2):
            for axis in range(3):
                local[body, axis] = 0.0
                for k in range(3):
                    local[body, axis] += axes[axis, k] * (places[body, k] - site[k])
        for body in range(2):
            out = sun if body == 0 else earth
            out[i, 1] = math.atan2(local[body, 2], math.hypot(local[body, 0], local[body, 1]))
            azimuth = math.atan2(local[body, 0], local[body, 1])
            out[i, 2] = azimuth if azimuth >= 0.0 else azimuth + _TWO_PI
        earth[i, 0] = earth[i, 1] - horizon_at(horizon_rad, earth[i, 2])
        sun_km = math.sqrt(local[0, 0] ** 2 + local[0, 1] ** 2 + local[0, 2] ** 2)
        earth_km = math.sqrt(local[1, 0] ** 2 + local[1, 1] ** 2 + local[1, 2] ** 2)
        radius = math.asin(sun_radius_km / sun_km)
        seen = disc_over_horizon(horizon_rad, lowest, highest, sun[i, 2], sun[i, 1], radius)
        if seen > 0.0:
            cosine = (
                local[0, 0] * local[1, 0] + local[0, 1] * local[1, 1] + local[0, 2] * local[1, 2]
            ) / (sun_km * earth_km)
            if cosine > 0.999:
                apart = math.acos(min(cosine, 1.0))
                seen *= 1.0 - overlap(radius, math.asin(earth_radius_km / earth_km), apart)
        sun[i, 0] = seen
