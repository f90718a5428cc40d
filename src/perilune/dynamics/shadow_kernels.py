"""How much of the Sun's disc a body leaves to be seen: conical umbra, penumbra and annulus.

Overlap of two discs, Montenbruck & Gill (2000), section 3.4.2.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel


@kernel
def visible_fraction(
    sun: NDArray[np.float64], body: NDArray[np.float64], sun_radius_km: float, radius_km: float
) -> float:
    """The part of the Sun's disc that a sphere does not hide, 0 to 1.

    `sun` and `body` are the places of their centres as seen from the observer, (3,), km. Inside
    the body nothing is seen.
    """
    s2 = sun[0] * sun[0] + sun[1] * sun[1] + sun[2] * sun[2]
    b2 = body[0] * body[0] + body[1] * body[1] + body[2] * body[2]
    if b2 <= radius_km * radius_km:
        return 0.0
    sun_km = math.sqrt(s2)
    body_km = math.sqrt(b2)
    if body_km >= sun_km:
        return 1.0
    dot = sun[0] * body[0] + sun[1] * body[1] + sun[2] * body[2]
    # The angle between the centres from its sine as well, since it is small where it matters.
    cx = sun[1] * body[2] - sun[2] * body[1]
    cy = sun[2] * body[0] - sun[0] * body[2]
    cz = sun[0] * body[1] - sun[1] * body[0]
    apart = math.atan2(math.sqrt(cx * cx + cy * cy + cz * cz), dot)
    a = math.asin(sun_radius_km / sun_km)
    b = math.asin(radius_km / body_km)
    if apart >= a + b:
        return 1.0
    if apart <= b - a:
        return 0.0
    if apart <= a - b:
        return 1.0 - (b * b) / (a * a)
    x = (apart * apart + a * a - b * b) / (2.0 * apart)
    y = math.sqrt(max(0.0, a * a - x * x))
    hidden = (
        a * a * math.acos(min(1.0, max(-1.0, x / a)))
        + b * b * math.acos(min(1.0, max(-1.0, (apart - x) / b)))
        - apart * y
    )
    return 1.0 - hidden / (math.pi * a * a)
