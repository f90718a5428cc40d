"""Ecliptic and equinox J2000 against ICRF: one rotation about the x axis.

JPL (Horizons, SBDB) and the Minor Planet Center turn by the IAU 1976 obliquity, 84381.448 arcsec,
and leave out the 17 mas between the ICRF and the dynamical equator; so does this module, since it
serves their elements.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from perilune.constants import OBLIQUITY_J2000_ARCSEC
from perilune.times import FloatArray

OBLIQUITY_J2000_RAD: Final = math.radians(OBLIQUITY_J2000_ARCSEC / 3600.0)

_COS: Final = math.cos(OBLIQUITY_J2000_RAD)
_SIN: Final = math.sin(OBLIQUITY_J2000_RAD)


def ecliptic_from_icrf_matrix() -> FloatArray:
    """The matrix R of ecliptic = R @ icrf, shape (3, 3); its transpose goes back."""
    return np.array([[1.0, 0.0, 0.0], [0.0, _COS, _SIN], [0.0, -_SIN, _COS]])


def ecliptic_from_icrf(vector_icrf: FloatArray) -> FloatArray:
    """Ecliptic J2000 vectors from ICRF ones; shape (..., 3), any unit."""
    return np.asarray(vector_icrf, dtype=np.float64) @ ecliptic_from_icrf_matrix().T


def icrf_from_ecliptic(vector_ecliptic: FloatArray) -> FloatArray:
    """ICRF vectors from ecliptic J2000 ones; shape (..., 3), any unit."""
    return np.asarray(vector_ecliptic, dtype=np.float64) @ ecliptic_from_icrf_matrix()
