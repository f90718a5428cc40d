"""The horizon of a site on the Moon: how high the ground stands around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from perilune.times import FloatArray

AZIMUTHS: Final = 720  # half a degree apart
SPHERE: Final = "sphere (no terrain)"


@dataclass(frozen=True, slots=True, eq=False)
class Horizon:
    """Altitudes of the ground around a point.

    Attributes:
        altitude_rad: (N,) at evenly spaced azimuths from north through east.
        source: what it rests on, for people.
    """

    altitude_rad: FloatArray
    source: str


def sphere_horizon(radius_km: float, mast_km: float) -> Horizon:
    """The horizon of a smooth sphere of the ground's own height: it dips below a mast."""
    dip = math.acos(radius_km / (radius_km + mast_km))
    return Horizon(np.full(AZIMUTHS, -dip), SPHERE)


def mask_horizon(azimuth_rad: FloatArray, altitude_rad: FloatArray) -> Horizon:
    """A horizon that somebody measured, at ascending azimuths, linear between them."""
    grid = np.arange(AZIMUTHS) * (2.0 * np.pi / AZIMUTHS)
    altitude = np.interp(grid, azimuth_rad, altitude_rad, period=2.0 * np.pi)
    return Horizon(altitude, f"horizon as given ({azimuth_rad.size} azimuths)")
