"""Selenographic longitude, latitude and height against Moon-fixed Cartesian positions.

The Moon's reference surface is the sphere of 1737.4 km (IAU WGCCRE 2015). Positions are in the ME
frame where longitudes are those of maps; the formulae serve PA as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from perilune.constants import MOON_RADIUS_KM
from perilune.errors import InputError
from perilune.times import FloatArray


def selenographic_from_fixed(
    position_fixed_km: ArrayLike,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """East longitude and latitude, rad, and height over the sphere, km.

    At a pole the longitude is 0; at the centre longitude and latitude are 0.

    Args:
        position_fixed_km: shape (..., 3).

    Raises:
        InputError: a coordinate is not finite.
    """
    position = np.asarray(position_fixed_km, dtype=np.float64)
    if not np.all(np.isfinite(position)):
        raise InputError("a position is not finite", expected="Moon-fixed coordinates in km")
    x, y, z = position[..., 0], position[..., 1], position[..., 2]
    equatorial_km = np.hypot(x, y)
    longitude = np.arctan2(y, np.where(equatorial_km == 0.0, 1.0, x))
    latitude = np.arctan2(z, equatorial_km)
    return longitude, latitude, np.hypot(equatorial_km, z) - MOON_RADIUS_KM


def fixed_from_selenographic(
    longitude_rad: ArrayLike, latitude_rad: ArrayLike, height_km: ArrayLike
) -> FloatArray:
    """Moon-fixed positions, km, shape (..., 3), from coordinates of one broadcast shape.

    Raises:
        InputError: a latitude lies beyond a pole, or a number is not finite.
    """
    longitude, latitude, height = np.broadcast_arrays(
        np.asarray(longitude_rad, dtype=np.float64),
        np.asarray(latitude_rad, dtype=np.float64),
        np.asarray(height_km, dtype=np.float64),
    )
    if not np.all(np.isfinite(longitude + latitude + height)):
        raise InputError("a coordinate is not finite", expected="longitude, latitude and height")
    if np.any(np.abs(latitude) > np.pi / 2):
        raise InputError(
            "a latitude lies beyond a pole",
            found=float(latitude[np.abs(latitude) > np.pi / 2].flat[0]),
            expected="-pi/2 to pi/2 radians",
        )
    radius_km = MOON_RADIUS_KM + height
    equatorial_km = radius_km * np.cos(latitude)
    return np.stack(
        [
            equatorial_km * np.cos(longitude),
            equatorial_km * np.sin(longitude),
            radius_km * np.sin(latitude),
        ],
        axis=-1,
    )
