"""The attraction of a body's gravity field of any degree, without singular points.

Normalised solid harmonics by Cunningham's recursion (Cunningham 1970, Celestial Mechanics 2, 207,
doi:10.1007/BF01229495; Montenbruck & Gill 2000, section 3.2). The gradient of a series of solid
harmonics is such a series again, one degree higher: its coefficients are made once
(`perilune.dynamics.lunar_gravity`), so that an evaluation is one pass of the recursion with the
sums of all components at its side, order by order. Body-fixed axes, km, s.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel


class FieldArrays(NamedTuple):
    """A field's series, terms in the order of the recursion: order by order, degrees rising.

    Each row of `gradient` holds the cosine and sine coefficients of the acceleration's x, y, z in
    units of GM/R²; each row of `hessian` those of its partials xx, xy, xz, yy, yz in GM/R³.
    Without terms (`degree` -1) there is no field.
    """

    degree: int  # of the series of the acceleration: the field's own plus 1
    gm_km3_s2: float
    radius_km: float
    sectoral: NDArray[np.float64]  # (degree + 2,) factors along the diagonal
    first: NDArray[np.float64]  # (terms, 2) factors of the recursion up an order, acceleration
    gradient: NDArray[np.float64]  # (terms, 6)
    second: NDArray[np.float64]  # (terms, 2) the same for the partials' degree
    hessian: NDArray[np.float64]  # (terms, 10)


@kernel
def field_acceleration(
    field: FieldArrays, x: float, y: float, z: float, out: NDArray[np.float64]
) -> None:
    """The acceleration at a body-fixed place, km/s², into `out`, (3,)."""
    r2 = x * x + y * y + z * z
    scale = field.radius_km / r2
    ux = x * scale
    uy = y * scale
    uz = z * scale
    u2 = field.radius_km * scale
    ax = 0.0
    ay = 0.0
    az = 0.0
    # The diagonal's real and imaginary part.
    vm = field.radius_km / math.sqrt(r2)
    wm = 0.0
    k = 0
    for m in range(field.degree + 1):
        if m > 0:
            f = field.sectoral[m]
            v = f * (ux * vm - uy * wm)
            wm = f * (ux * wm + uy * vm)
            vm = v
        v0 = 0.0
        w0 = 0.0
        v1 = vm
        w1 = wm
        for _ in range(m, field.degree + 1):
            g = field.gradient[k]
            ax += g[0] * v1 + g[1] * w1
            ay += g[2] * v1 + g[3] * w1
            az += g[4] * v1 + g[5] * w1
            # On to the next degree.
            a = field.first[k, 0] * uz
            b = field.first[k, 1] * u2
            v = a * v1 - b * v0
            w = a * w1 - b * w0
            v0 = v1
            w0 = w1
            v1 = v
            w1 = w
            k += 1
    q = field.gm_km3_s2 / (field.radius_km * field.radius_km)
    out[0] = q * ax
    out[1] = q * ay
    out[2] = q * az


@kernel
def field_gradient(
    field: FieldArrays, x: float, y: float, z: float, out: NDArray[np.float64]
) -> None:
    """The partials of the acceleration for the place, 1/s², into `out`, (3, 3)."""
    r2 = x * x + y * y + z * z
    scale = field.radius_km / r2
    ux = x * scale
    uy = y * scale
    uz = z * scale
    u2 = field.radius_km * scale
    xx = 0.0
    xy = 0.0
    xz = 0.0
    yy = 0.0
    yz = 0.0
    vm = field.radius_km / math.sqrt(r2)
    wm = 0.0
    k = 0
    for m in range(field.degree + 2):
        if m > 0:
            f = field.sectoral[m]
            v = f * (ux * vm - uy * wm)
            wm = f * (ux * wm + uy * vm)
            vm = v
        v0 = 0.0
        w0 = 0.0
        v1 = vm
        w1 = wm
        for _ in range(m, field.degree + 2):
            g = field.hessian[k]
            xx += g[0] * v1 + g[1] * w1
            xy += g[2] * v1 + g[3] * w1
            xz += g[4] * v1 + g[5] * w1
            yy += g[6] * v1 + g[7] * w1
            yz += g[8] * v1 + g[9] * w1
            a = field.second[k, 0] * uz
            b = field.second[k, 1] * u2
            v = a * v1 - b * v0
            w = a * w1 - b * w0
            v0 = v1
            w0 = w1
            v1 = v
            w1 = w
            k += 1
    q = field.gm_km3_s2 / (field.radius_km * field.radius_km * field.radius_km)
    out[0, 0] = q * xx
    out[0, 1] = q * xy
    out[0, 2] = q * xz
    out[1, 0] = q * xy
    out[1, 1] = q * yy
    out[1, 2] = q * yz
    out[2, 0] = q * xz
    out[2, 1] = q * yz
    out[2, 2] = -q * (xx + yy)  # Laplace


@kernel
def accelerations(
    field: FieldArrays, position_km: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """`field_acceleration` at places (N, 3) into (N, 3)."""
    for i in range(position_km.shape[0]):
        field_acceleration(field, position_km[i, 0], position_km[i, 1], position_km[i, 2], out[i])
