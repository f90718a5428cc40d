"""Shadows along a path; see `shadow_kernels` for one moment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.shadow_kernels import visible_fraction
from perilune.jit import kernel


@kernel
def visible_fractions(
    place: NDArray[np.float64],
    sun: NDArray[np.float64],
    body: NDArray[np.float64],
    sun_radius_km: float,
    radius_km: float,
    out: NDArray[np.float64],
) -> None:
    """The part of the Sun's disc that a body leaves, at places (M, 3), into (M,).

    The Sun and the body, (M, 3), count from the same origin as the places.
    """
    to_sun = np.empty(3)
    to_body = np.empty(3)
    for k in range(place.shape[0]):
        for i in range(3):
            to_sun[i] = sun[k, i] - place[k, i]
            to_body[i] = body[k, i] - place[k, i]
        out[k] = visible_fraction(to_sun, to_body, sun_radius_km, radius_km)
