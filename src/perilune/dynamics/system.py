"""The forces' fixed figures and the surfaces at which a particle ends, as kernel arrays."""

from __future__ import annotations

from functools import cache

import numpy as np

from perilune.constants import (
    EARTH_EQUATORIAL_RADIUS_KM,
    EARTH_INVERSE_FLATTENING,
    ENTRY_ALTITUDE_KM,
    MOON_RADIUS_KM,
)
from perilune.dynamics.encounter_kernels import SurfaceArrays
from perilune.dynamics.force_kernels import ForceArrays
from perilune.ephemeris.constants import DynamicalConstants

# Equatorial radii, IAU WGCCRE 2015 tables 4 and 5 (doi:10.1007/s10569-017-9805-5); the Sun's from
# DE440's ASUN. For the giants the 1-bar level.
_RADIUS_KM = {
    "mercury": 2440.53,
    "venus": 6051.8,
    "mars": 3396.19,
    "jupiter": 71492.0,
    "saturn": 60268.0,
    "uranus": 25559.0,
    "neptune": 24764.0,
    "pluto": 1188.3,
}


def force_arrays(constants: DynamicalConstants) -> ForceArrays:
    """The figures of the Sun, the Earth and the Moon from the ephemeris' constants."""
    ra = np.radians(constants.sun_pole_ra_deg)
    dec = np.radians(constants.sun_pole_dec_deg)
    pole = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    return ForceArrays(
        sun_radius_km=constants.sun_radius_km,
        sun_j2=constants.sun_j2,
        sun_pole=pole,
        earth_radius_km=constants.earth_radius_km,
        earth_j2=constants.earth_j2,
        earth_j3=constants.earth_j3,
        earth_j4=constants.earth_j4,
        moon_radius_km=constants.moon_radius_km,
        moon_j2=constants.moon_j2,
        moon_c22=constants.moon_c22,
    )


@cache
def surface_arrays(sun_radius_km: float) -> SurfaceArrays:
    """The surfaces: 100 km above WGS84 for the Earth, 1737.4 km for the Moon, radii elsewhere."""
    radius = [
        sun_radius_km,
        _RADIUS_KM["mercury"],
        _RADIUS_KM["venus"],
        EARTH_EQUATORIAL_RADIUS_KM + ENTRY_ALTITUDE_KM,
        MOON_RADIUS_KM,
        *(_RADIUS_KM[name] for name in list(_RADIUS_KM)[2:]),
    ]
    return SurfaceArrays(
        radius_km=np.array(radius),
        earth_radius_km=EARTH_EQUATORIAL_RADIUS_KM,
        earth_flattening=1.0 / EARTH_INVERSE_FLATTENING,
        earth_entry_km=ENTRY_ALTITUDE_KM,
    )
