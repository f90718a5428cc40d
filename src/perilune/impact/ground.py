"""Where and how an impactor meets a body: place, speed, angle and direction.

Input is in body-fixed axes, as `perilune.frames.orientation.Orientation` gives them: positions
by `to_fixed`, velocities against the turning body by `velocity_to_fixed`. The Earth is the WGS84
ellipsoid (geodetic latitude, horizon along the ellipsoid), the Moon the sphere of 1737.4 km in
its mean-Earth axes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perilune.constants import MOON_RADIUS_KM
from perilune.errors import InputError
from perilune.frames.geodetic import geodetic_from_itrs

Array = NDArray[np.float64]
Body = Literal["earth", "moon"]


@dataclass(frozen=True)
class GroundPoints:
    """Impacts on one body; every array has the shape of the positions without their last axis.

    Attributes:
        body: "earth" (ITRS, WGS84) or "moon" (ME, sphere).
        longitude_rad: east longitude, -pi to pi.
        latitude_rad: geodetic for the Earth, planetocentric for the Moon.
        height_km: over the ellipsoid or sphere.
        speed_km_s: against the turning ground, as a fireball's entry speed is given.
        inertial_speed_km_s: in the body's non-rotating frame, as Sentry's V_impact is given.
        entry_angle_rad: of the motion against the ground, below the local horizon.
        azimuth_rad: heading of that motion, from north through east, 0 to 2 pi.
    """

    body: Body
    longitude_rad: Array
    latitude_rad: Array
    height_km: Array
    speed_km_s: Array
    inertial_speed_km_s: Array
    entry_angle_rad: Array
    azimuth_rad: Array

    def where(self, rows: NDArray[np.intp]) -> GroundPoints:
        """The impacts in these rows."""
        picked = {item.name: getattr(self, item.name) for item in fields(self)}
        return GroundPoints(
            **{name: value if name == "body" else value[rows] for name, value in picked.items()}
        )


def ground_points(
    body: Body, position_fixed_km: ArrayLike, velocity_fixed_km_s: ArrayLike, spin_rad_s: ArrayLike
) -> GroundPoints:
    """Place, speed, angle and heading of impacts.

    Args:
        body: "earth" or "moon".
        position_fixed_km: in ITRS or ME axes, shape (..., 3).
        velocity_fixed_km_s: against the turning body, in the same axes, shape (..., 3).
        spin_rad_s: angular velocity of the axes, in the same axes, shape (3,) or (..., 3).

    Raises:
        InputError: if a number is not finite, or a position is at the centre.
    """
    position = np.asarray(position_fixed_km, dtype=np.float64)
    velocity = np.asarray(velocity_fixed_km_s, dtype=np.float64)
    spin = np.asarray(spin_rad_s, dtype=np.float64)
    for field, value in (
        ("position_fixed_km", position),
        ("velocity_fixed_km_s", velocity),
        ("spin_rad_s", spin),
    ):
        if value.shape[-1:] != (3,) or not np.isfinite(value).all():
            raise InputError("finite vectors of three are needed", field=field)
    radius = np.linalg.norm(position, axis=-1)
    if (radius == 0.0).any():
        raise InputError("an impact cannot be at the body's centre", field="position_fixed_km")
    if body == "earth":
        longitude, latitude, height = geodetic_from_itrs(position)
    else:
        longitude = np.arctan2(position[..., 1], position[..., 0])
        latitude = np.arctan2(position[..., 2], np.hypot(position[..., 0], position[..., 1]))
        height = radius - MOON_RADIUS_KM
    sin_lon, cos_lon = np.sin(longitude), np.cos(longitude)
    sin_lat, cos_lat = np.sin(latitude), np.cos(latitude)
    vx, vy, vz = velocity[..., 0], velocity[..., 1], velocity[..., 2]
    outward = vx * cos_lon + vy * sin_lon
    east = vy * cos_lon - vx * sin_lon
    north = vz * cos_lat - outward * sin_lat
    up = vz * sin_lat + outward * cos_lat
    inertial = velocity + np.cross(spin, position)
    return GroundPoints(
        body=body,
        longitude_rad=np.asarray(longitude),
        latitude_rad=np.asarray(latitude),
        height_km=np.asarray(height),
        speed_km_s=np.asarray(np.linalg.norm(velocity, axis=-1)),
        inertial_speed_km_s=np.asarray(np.linalg.norm(inertial, axis=-1)),
        entry_angle_rad=np.asarray(np.arctan2(-up, np.hypot(east, north))),
        azimuth_rad=np.asarray(np.mod(np.arctan2(east, north), 2.0 * np.pi)),
    )
