"""WGS84 longitude, latitude and height against Earth-fixed Cartesian positions."""

from __future__ import annotations

from typing import Final

import erfa
import erfa.ufunc
import numpy as np
from numpy.typing import ArrayLike

from perilune.constants import EARTH_EQUATORIAL_RADIUS_KM, EARTH_INVERSE_FLATTENING
from perilune.errors import InputError
from perilune.times import FloatArray

_WGS84: Final = 1  # erfa's number of the ellipsoid
_ECCENTRICITY2: Final = (2.0 - 1.0 / EARTH_INVERSE_FLATTENING) / EARTH_INVERSE_FLATTENING
# Nearer to a centre of curvature (within 43 km of the Earth's centre) latitude is not unique.
_LEAST_RADIUS_KM: Final = 100.0


def geodetic_from_itrs(position_itrs_km: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """East longitude and geodetic latitude, rad, and height over the ellipsoid, km.

    Fukushima (2006, J. Geodesy 79, 689, doi:10.1007/s00190-006-0023-2; `eraGc2gd`), which is
    exact to nanometres near the surface, but off by 100 m at 6000 km depth; two Newton steps make
    it good to a micrometre down to 6200 km depth. Deeper, where latitude stops being unique, the
    result stays finite but may be off by 25 km. At a pole the longitude is 0; at the centre the
    latitude is that of a pole.

    Args:
        position_itrs_km: shape (..., 3).

    Raises:
        InputError: a coordinate is not finite.
    """
    position = np.asarray(position_itrs_km, dtype=np.float64)
    if not np.all(np.isfinite(position)):
        raise InputError("a position is not finite", expected="Earth-fixed coordinates in km")
    longitude, latitude, height_m, _ = erfa.ufunc.gc2gd(_WGS84, position * 1e3)
    height_km = height_m * 1e-3
    equatorial_km = np.hypot(position[..., 0], position[..., 1])
    for _ in range(2):
        sin, cos = np.sin(latitude), np.cos(latitude)
        normal_km = EARTH_EQUATORIAL_RADIUS_KM / np.sqrt(1.0 - _ECCENTRICITY2 * sin**2)
        meridian_km = normal_km * (1.0 - _ECCENTRICITY2) / (1.0 - _ECCENTRICITY2 * sin**2)
        outward_km = equatorial_km - (normal_km + height_km) * cos
        upward_km = position[..., 2] - (normal_km * (1.0 - _ECCENTRICITY2) + height_km) * sin
        radius_km = meridian_km + height_km
        regular = radius_km > _LEAST_RADIUS_KM
        northward_km = np.where(regular, cos * upward_km - sin * outward_km, 0.0)
        latitude = latitude + northward_km / np.where(regular, radius_km, 1.0)
        height_km = height_km + np.where(regular, cos * outward_km + sin * upward_km, 0.0)
    latitude = np.clip(latitude, -np.pi / 2, np.pi / 2)
    return np.asarray(longitude), np.asarray(latitude), np.asarray(height_km)


def itrs_from_geodetic(
    longitude_rad: ArrayLike, latitude_rad: ArrayLike, height_km: ArrayLike
) -> FloatArray:
    """ITRS positions, km, shape (..., 3), from WGS84 coordinates of one broadcast shape.

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
    position_m, _ = erfa.ufunc.gd2gc(_WGS84, longitude, latitude, height * 1e3)
    return np.asarray(position_m * 1e-3, dtype=np.float64)
