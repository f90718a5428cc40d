"""How bright an object is: asteroids by H, G, comets by M1, K1."""

from __future__ import annotations

from typing import Final

import numpy as np

from perilune.astrometry.observations import FloatArray
from perilune.orbits.orbit import Orbit

# Bowell et al. 1989 (Asteroids II, 524), the plain form of its phase functions: exp(-A tan^B).
# The MPC and Horizons compute with it; the fuller one differs by up to 0.04 mag at small phases.
_FIRST: Final = (3.33, 0.63)
_SECOND: Final = (1.87, 1.22)
_DEFAULT_G: Final = 0.15


def phase_functions(phase_rad: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Phi 1 and Phi 2 of the IAU's H, G system; made for phases below 120 degrees."""
    half = np.tan(0.5 * phase_rad)
    return np.exp(-_FIRST[0] * half ** _FIRST[1]), np.exp(-_SECOND[0] * half ** _SECOND[1])


def magnitude(
    orbit: Orbit, distance_au: FloatArray, sun_distance_au: FloatArray, phase_rad: FloatArray
) -> FloatArray:
    """V magnitudes of an asteroid, total magnitudes of a comet; NaN where neither is published.

    H, G (Bowell et al. 1989; G 0.15 where none is given), else M1 + 5 log delta + K1 log r.

    Args:
        distance_au: from the observer, (N,); sun_distance_au: from the Sun; phase_rad.
    """
    if orbit.absolute_magnitude_h is not None:
        slope = _DEFAULT_G if orbit.slope_g is None else orbit.slope_g
        first, second = phase_functions(phase_rad)
        with np.errstate(divide="ignore", invalid="ignore"):
            dimming = -2.5 * np.log10((1.0 - slope) * first + slope * second)
        faded: FloatArray = (
            orbit.absolute_magnitude_h + 5.0 * np.log10(distance_au * sun_distance_au) + dimming
        )
        return np.where(np.isfinite(faded), faded, np.nan)
    if orbit.total_magnitude_m1 is not None and orbit.total_slope_k1 is not None:
        return np.asarray(
            orbit.total_magnitude_m1
            + 5.0 * np.log10(distance_au)
            + orbit.total_slope_k1 * np.log10(sun_distance_au)
        )
    return np.full(distance_au.shape, np.nan)
