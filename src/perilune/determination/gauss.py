"""Gauss' method: an orbit about the Sun from three directions, all its roots.

Gauss' equations as in Curtis (2020), Orbital Mechanics for Engineering Students, section 5.10,
with the observers' true places. The roots of the polynomial of eighth degree are taken all, since
up to three belong to orbits (Charlier 1910; Gronchi 2009, doi:10.1007/s10569-008-9173-x); what is
spurious among them is left to the caller, who knows more observations. Improvement by series in f
and g is left out: each root starts a fit of the whole arc.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray
from perilune.constants import SPEED_OF_LIGHT_KM_S

# A root farther from the Sun than this is noise: 1000 au in km.
_FARTHEST_KM: Final = 1.5e11
_NEAREST_KM: Final = 1.0e6


def gauss(
    direction: FloatArray, observer_km: FloatArray, since_s: FloatArray, gm_km3_s2: float
) -> list[tuple[float, FloatArray]]:
    """Orbits through three directions, to the accuracy of the series.

    Args:
        direction: (3, 3) unit vectors, one a row, in order of time.
        observer_km: (3, 3) observers from the Sun, same axes.
        since_s: (3,) epochs.
        gm_km3_s2: of the Sun.

    Returns:
        For each real root with positive ranges: the moment at which the light of the middle
        observation left (in the scale of `since_s`) and the heliocentric state (6,) then. Empty
        where the three directions lie on a great circle.
    """
    tau1, tau3 = float(since_s[0] - since_s[1]), float(since_s[2] - since_s[1])
    tau = tau3 - tau1
    cross = np.stack(
        [
            np.cross(direction[1], direction[2]),
            np.cross(direction[0], direction[2]),
            np.cross(direction[0], direction[1]),
        ]
    )
    volume = float(direction[0] @ cross[0])
    if abs(volume) < 1e-18 or tau1 >= 0.0 or tau3 <= 0.0:
        return []
    d = observer_km @ cross.T
    a = (-d[0, 1] * tau3 / tau + d[1, 1] + d[2, 1] * tau1 / tau) / volume
    b = (d[0, 1] * (tau3**2 - tau**2) * tau3 / tau + d[2, 1] * (tau**2 - tau1**2) * tau1 / tau) / (
        6.0 * volume
    )
    cosine = float(observer_km[1] @ direction[1])
    found = []
    for r in _distances(a, gm_km3_s2 * b, cosine, float(observer_km[1] @ observer_km[1])):
        u = gm_km3_s2 / r**3
        ranges = np.array(
            [
                (
                    6.0 * (d[2, 0] * tau1 / tau3 + d[1, 0] * tau / tau3) * r**3
                    + gm_km3_s2 * d[2, 0] * (tau**2 - tau1**2) * tau1 / tau3
                )
                / (6.0 * r**3 + gm_km3_s2 * (tau**2 - tau3**2)),
                0.0,
                (
                    6.0 * (d[0, 2] * tau3 / tau1 - d[1, 2] * tau / tau1) * r**3
                    + gm_km3_s2 * d[0, 2] * (tau**2 - tau3**2) * tau3 / tau1
                )
                / (6.0 * r**3 + gm_km3_s2 * (tau**2 - tau1**2)),
            ]
        )
        ranges = (ranges - [d[0, 0], 0.0, d[2, 2]]) / volume
        ranges[1] = a + gm_km3_s2 * b / r**3
        if not (ranges > 0.0).all():
            continue
        place = observer_km + ranges[:, np.newaxis] * direction
        f1, f3 = 1.0 - 0.5 * u * tau1**2, 1.0 - 0.5 * u * tau3**2
        g1, g3 = tau1 - u * tau1**3 / 6.0, tau3 - u * tau3**3 / 6.0
        velocity = (f1 * place[2] - f3 * place[0]) / (f1 * g3 - f3 * g1)
        moment = float(since_s[1]) - float(ranges[1]) / SPEED_OF_LIGHT_KM_S
        found.append((moment, np.concatenate([place[1], velocity])))
    return found


def _distances(a: float, mu_b: float, cosine: float, observer2: float) -> NDArray[np.float64]:
    """Positive real roots r of r^8 - (a^2 + 2 a E + R^2) r^6 - 2 mu b (a + E) r^3 - (mu b)^2."""
    unit = np.sqrt(observer2)
    a, mu_b, cosine = a / unit, mu_b / unit**4, cosine / unit
    polynomial = np.zeros(9)
    polynomial[[0, 2, 5, 8]] = (
        1.0,
        -(a**2 + 2.0 * a * cosine + 1.0),
        -2.0 * mu_b * (a + cosine),
        -(mu_b**2),
    )
    if not np.isfinite(polynomial).all():
        return np.zeros(0)
    roots = np.roots(polynomial)
    real = roots.real[np.abs(roots.imag) <= 1e-6 * np.abs(roots)] * unit
    return np.sort(real[(real > _NEAREST_KM) & (real < _FARTHEST_KM)])
