"""Herget's method as a search: orbits through two observations at every pair of ranges.

Herget (1965, doi:10.1086/109671) varies the ranges at two observations until the others fit. Where
an arc is short or its start unknown the variation needs many starts: here a grid, logarithmic in
the first range and even in the change of range over all speeds that keep the object bound to the
Sun or not far beyond. Each pair gives an orbit; the fit of the whole arc does the rest.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from perilune.astrometry.observations import FloatArray
from perilune.constants import AU_KM

_NEAREST_AU: Final = 2.0e-4
_FARTHEST_AU: Final = 60.0
_RANGES: Final = 26
_RATES: Final = 7
# Up to this multiple of the speed of escape from the Sun, for visitors from other stars.
_FASTEST: Final = 1.4


def herget(
    direction: FloatArray, observer_km: FloatArray, since_s: FloatArray, gm_km3_s2: float
) -> tuple[float, FloatArray]:
    """Orbits through two directions for a grid of ranges.

    Args:
        direction: (2, 3) unit vectors, one a row.
        observer_km: (2, 3) observers from the Sun, same axes.
        since_s: (2,) epochs, different from each other.
        gm_km3_s2: of the Sun.

    Returns:
        The epoch of the first observation (light time is left out) and heliocentric states (K, 6).
    """
    span = float(since_s[1] - since_s[0])
    first = np.geomspace(_NEAREST_AU, _FARTHEST_AU, _RANGES) * AU_KM
    place = observer_km[0] + first[:, np.newaxis] * direction[0]
    escape = np.sqrt(2.0 * gm_km3_s2 / np.linalg.norm(place, axis=1))
    # The second range for which the chord's speed is a given one: |R2 + rho u2 - r1| = v span.
    base = observer_km[1] - place
    along = base @ direction[1]
    across2 = np.sum(base**2, axis=1) - along**2
    reach2 = (_FASTEST * escape * span) ** 2 - across2
    found = []
    for fraction in np.linspace(-1.0, 1.0, _RATES):
        usable = reach2 > 0.0
        second = -along[usable] + fraction * np.sqrt(reach2[usable])
        r1 = place[usable][second > 0.0]
        r2 = observer_km[1] + second[second > 0.0, np.newaxis] * direction[1]
        u = gm_km3_s2 / np.linalg.norm(0.5 * (r1 + r2), axis=1)[:, np.newaxis] ** 3
        f = 1.0 - 0.5 * u * span**2
        g = span - u * span**3 / 6.0
        found.append(np.hstack([r1, (r2 - f * r1) / g]))
    return float(since_s[0]), np.concatenate(found)
