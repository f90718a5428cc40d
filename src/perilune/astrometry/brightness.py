"""An absolute magnitude from the magnitudes that came with observations."""

from __future__ import annotations

from typing import Final

import numpy as np

from perilune.astrometry.observations import FloatArray, TextArray
from perilune.astrometry.photometry import phase_functions

# What is added to a magnitude of a band for V, mean colours of asteroids: the Minor Planet Center's
# list, https://minorplanetcenter.net/iau/info/BandConversion.txt. Other bands are left out.
TO_V: Final = {
    "": -0.8, "B": -0.8, "U": -1.3, "V": 0.0, "v": 0.0, "R": 0.4, "I": 0.8, "C": 0.4, "W": 0.4,
    "J": 1.2, "H": 1.4, "K": 1.7, "Y": 0.7, "g": -0.35, "r": 0.14, "i": 0.32, "z": 0.26,
    "y": 0.32, "w": -0.13, "G": 0.28, "c": -0.05, "o": 0.33, "L": 0.2,
}  # fmt: skip
_SLOPE_G: Final = 0.15


def absolute_magnitude(
    magnitude: FloatArray,
    band: TextArray,
    distance_au: FloatArray,
    sun_distance_au: FloatArray,
    phase_rad: FloatArray,
) -> float | None:
    """The median H of the H, G system with G = 0.15; None where no magnitude counts.

    Args:
        magnitude: (N,) apparent; NaN where not given. band: (N,) as reported.
        distance_au: (N,) from the observer. sun_distance_au: (N,). phase_rad: (N,).
    """
    first, second = phase_functions(phase_rad)
    dimming = -2.5 * np.log10((1.0 - _SLOPE_G) * first + _SLOPE_G * second)
    to_v = np.array([TO_V.get(name[-1:], np.nan) for name in band.tolist()])
    h = magnitude + to_v - 5.0 * np.log10(distance_au * sun_distance_au) - dimming
    given = h[np.isfinite(h)]
    return float(np.median(given)) if given.size else None
