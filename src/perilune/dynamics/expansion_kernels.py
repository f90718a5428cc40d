"""The far field of particles that fly together, as one polynomial for all of them, in numba.

Clones of one orbit stay within a small ball for years. About its centre the attraction of a body
at distance d is a Taylor series in (displacement / d); to second order the rest is below
4 GM R³ / d⁵ for a ball of radius R. Bodies for which that is negligible are summed into twenty-odd
coefficients a node (the local expansion of fast multipole methods, Greengard & Rokhlin 1987,
doi:10.1016/0021-9991(87)90140-9); only the others are evaluated particle by particle.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.force_kernels import ForceArrays, add_relativity, add_sun_j2
from perilune.jit import lean_kernel

N_COEFFICIENTS = 19  # value (3), gradient (6), second derivatives (10)
# Allowed rest of one body's series, relative to the Sun's attraction: 1e-14 of it moves a
# particle by 5 m in a hundred years.
_TOLERANCE = 1.0e-14
# The Sun's relativity and J2 are 1e-8 of its attraction: in a ball of this radius, to first order,
# they are right to 1e-14 of it.
_LINEAR_WITHIN_KM = 5.0e4
# Integers of one type, so that no kernel is compiled again for literals.
_SUN = cast(int, np.int64(0))
_COPIES = cast(int, np.int64(13))
_MOVED_KM = 1.0e4
_MOVED_KM_S = 1.0e-2
_MARGIN = 1.2  # tides and differing accelerations widen the ball during the step


@lean_kernel
def _spread(x: NDArray[np.float64], n: int, lane: int, scratch: NDArray[np.float64]) -> float:
    """Largest distance of any lane from one lane; NaN and infinity come through as infinity."""
    for i in range(n):
        dx = x[i] - x[lane]
        dy = x[n + i] - x[n + lane]
        dz = x[2 * n + i] - x[2 * n + lane]
        scratch[i] = dx * dx + dy * dy + dz * dz
    largest = 0.0
    for i in range(n):
        if not scratch[i] <= largest:
            largest = scratch[i]
    return math.sqrt(largest) if largest < math.inf else math.inf


@lean_kernel
def _add_body(dx: float, dy: float, dz: float, gm: float, c: NDArray[np.float64]) -> None:
    """Add one body's series about a centre to the coefficients; (dx, dy, dz) leads to the body."""
    r2 = dx * dx + dy * dy + dz * dz
    r = math.sqrt(r2)
    x = dx / r
    y = dy / r
    z = dz / r
    f = gm / r2
    g = f / r
    h = 3.0 * g / r
    c[0] += f * x
    c[1] += f * y
    c[2] += f * z
    c[3] += g * (3.0 * x * x - 1.0)
    c[4] += g * 3.0 * x * y
    c[5] += g * 3.0 * x * z
    c[6] += g * (3.0 * y * y - 1.0)
    c[7] += g * 3.0 * y * z
    c[8] += g * (3.0 * z * z - 1.0)
    c[9] += h * (5.0 * x * x - 3.0) * x  # xxx
    c[10] += h * (5.0 * x * x - 1.0) * y  # xxy
    c[11] += h * (5.0 * x * x - 1.0) * z  # xxz
    c[12] += h * (5.0 * y * y - 1.0) * x  # xyy
    c[13] += h * 5.0 * x * y * z  # xyz
    c[14] += h * (5.0 * z * z - 1.0) * x  # xzz
    c[15] += h * (5.0 * y * y - 3.0) * y  # yyy
    c[16] += h * (5.0 * y * y - 1.0) * z  # yyz
    c[17] += h * (5.0 * z * z - 1.0) * y  # yzz
    c[18] += h * (5.0 * z * z - 3.0) * z  # zzz


@lean_kernel
def plan_expansion(
    bodies: NDArray[np.float64],
    small: NDArray[np.float64],
    gm: NDArray[np.float64],
    nodes: NDArray[np.float64],
    position: NDArray[np.float64],
    x0: NDArray[np.float64],
    v0: NDArray[np.float64],
    a: NDArray[np.float64],
    n: int,
    h_s: float,
    near_gradient: float,
    scratch: NDArray[np.float64],
    centre: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    is_expanded: NDArray[np.bool_],
    gradient: NDArray[np.float64],
) -> bool:
    """Choose the bodies whose field is expanded over a step, and sum their series at the nodes.

    The middle lane's predicted path (from the accelerations `a` (8, 3n)) is the centre. Writes
    `centre` (8, 3), `coefficients` (8, 19), `is_expanded` (n_bodies) and each expanded body's
    largest GM/r³ into `gradient` (n_bodies), the ball's radius into `gradient[0]`. A body that is
    near (GM/r³ h² above `near_gradient`) is not expanded. Returns whether any is.
    """
    lane = n // 2
    count = gm.size - 11
    for j in range(gm.size):
        is_expanded[j] = False
        gradient[j] = 0.0
    radius = _spread(x0, n, lane, scratch) + abs(h_s) * _spread(v0, n, lane, scratch)
    radius *= _MARGIN
    if n < 8 or not radius < 1.0e7:
        return False
    gradient[0] = radius
    for node in range(8):
        c = nodes[node] * h_s
        for k in range(3):
            total = 0.0
            for j in range(8):
                total += position[node, j] * a[j, k * n + lane]
            centre[node, k] = x0[k * n + lane] + c * v0[k * n + lane] + h_s * h_s * total
    sun = 0.0
    for k in range(3):
        sun += (centre[0, k] - bodies[0, 0, k]) ** 2
    allowed = _TOLERANCE * gm[0] / sun
    any_expanded = False
    for j in range(1, gm.size):
        least = math.inf
        for node in range(8):
            r2 = 0.0
            for k in range(3):
                place = bodies[node, j, k] if j < 11 else small[node, k * count + j - 11]
                r2 += (centre[node, k] - place) ** 2
            least = min(least, r2)
        r = math.sqrt(least)
        steep = gm[j] / (least * r)
        rest = 4.0 * steep / least * radius * radius * radius
        # Between nodes the body can be nearer; a factor of two in distance covers what moves.
        is_near = steep * h_s * h_s > near_gradient
        if radius < 0.2 * r and 8.0 * rest < allowed and not is_near:
            is_expanded[j] = True
            gradient[j] = steep
            any_expanded = True
    if any_expanded:
        for node in range(8):
            row = coefficients[node]
            for k in range(N_COEFFICIENTS):
                row[k] = 0.0
            for j in range(1, gm.size):
                if is_expanded[j]:
                    if j < 11:
                        dx = bodies[node, j, 0] - centre[node, 0]
                        dy = bodies[node, j, 1] - centre[node, 1]
                        dz = bodies[node, j, 2] - centre[node, 2]
                    else:
                        dx = small[node, j - 11] - centre[node, 0]
                        dy = small[node, count + j - 11] - centre[node, 1]
                        dz = small[node, 2 * count + j - 11] - centre[node, 2]
                    _add_body(dx, dy, dz, gm[j], row)
    return any_expanded


@lean_kernel
def add_expansion(
    x: NDArray[np.float64],
    n: int,
    centre: NDArray[np.float64],
    c: NDArray[np.float64],
    a: NDArray[np.float64],
) -> None:
    """Add the expanded bodies' attraction at one node to `a` (3n)."""
    cx = centre[0]
    cy = centre[1]
    cz = centre[2]
    f0 = c[0]
    f1 = c[1]
    f2 = c[2]
    gxx = c[3]
    gxy = c[4]
    gxz = c[5]
    gyy = c[6]
    gyz = c[7]
    gzz = c[8]
    hxxx = 0.5 * c[9]
    hxxy = 0.5 * c[10]
    hxxz = 0.5 * c[11]
    hxyy = 0.5 * c[12]
    hxyz = c[13]
    hxzz = 0.5 * c[14]
    hyyy = 0.5 * c[15]
    hyyz = 0.5 * c[16]
    hyzz = 0.5 * c[17]
    hzzz = 0.5 * c[18]
    for i in range(n):
        dx = x[i] - cx
        dy = x[n + i] - cy
        dz = x[2 * n + i] - cz
        xx = dx * dx
        yy = dy * dy
        zz = dz * dz
        xy = dx * dy
        xz = dx * dz
        yz = dy * dz
        ax = f0 + gxx * dx + gxy * dy + gxz * dz
        ay = f1 + gxy * dx + gyy * dy + gyz * dz
        az = f2 + gxz * dx + gyz * dy + gzz * dz
        ax += hxxx * xx + hxyy * yy + hxzz * zz + hxyz * yz + 2.0 * (hxxy * xy + hxxz * xz)
        ay += hxxy * xx + hyyy * yy + hyzz * zz + hxyz * xz + 2.0 * (hxyy * xy + hyyz * yz)
        az += hxxz * xx + hyyz * yy + hzzz * zz + hxyz * xy + 2.0 * (hxzz * xz + hyzz * yz)
        a[i] += ax
        a[n + i] += ay
        a[2 * n + i] += az


@lean_kernel
def small_forces_are_linear(gradient: NDArray[np.float64]) -> bool:
    """Whether the ball that `plan_expansion` found is small enough for `add_small_linear`."""
    radius_km: float = gradient[0]
    return radius_km < _LINEAR_WITHIN_KM


@lean_kernel
def add_small_linear(
    x: NDArray[np.float64],
    v: NDArray[np.float64],
    n: int,
    bodies: NDArray[np.float64],
    gm: NDArray[np.float64],
    own: NDArray[np.float64],
    force: ForceArrays,
    moved_x: NDArray[np.float64],
    moved_v: NDArray[np.float64],
    moved_a: NDArray[np.float64],
    a: NDArray[np.float64],
) -> None:
    """Add the Sun's relativity and J2, to first order about the middle lane, to `a` (3n).

    Thirteen copies of that lane (itself, and moved either way along each coordinate and velocity)
    give value and central differences; `moved_…` (39) is their scratch.
    """
    lane = n // 2
    cx = x[lane]
    cy = x[n + lane]
    cz = x[2 * n + lane]
    cu = v[lane]
    cv = v[n + lane]
    cw = v[2 * n + lane]
    for copy in range(13):
        moved_x[copy] = cx
        moved_x[13 + copy] = cy
        moved_x[26 + copy] = cz
        moved_v[copy] = cu
        moved_v[13 + copy] = cv
        moved_v[26 + copy] = cw
    for k in range(3):
        moved_x[13 * k + 1 + 2 * k] += _MOVED_KM
        moved_x[13 * k + 2 + 2 * k] -= _MOVED_KM
        moved_v[13 * k + 7 + 2 * k] += _MOVED_KM_S
        moved_v[13 * k + 8 + 2 * k] -= _MOVED_KM_S
    for i in range(39):
        moved_a[i] = 0.0
    add_relativity(moved_x, moved_v, _COPIES, bodies, gm, _SUN, own, moved_a)
    add_sun_j2(moved_x, _COPIES, bodies[0], gm[0], force, moved_a)
    for c in range(3):
        base = 13 * c
        value = moved_a[base]
        gx = (moved_a[base + 1] - moved_a[base + 2]) / (2.0 * _MOVED_KM)
        gy = (moved_a[base + 3] - moved_a[base + 4]) / (2.0 * _MOVED_KM)
        gz = (moved_a[base + 5] - moved_a[base + 6]) / (2.0 * _MOVED_KM)
        gu = (moved_a[base + 7] - moved_a[base + 8]) / (2.0 * _MOVED_KM_S)
        gv = (moved_a[base + 9] - moved_a[base + 10]) / (2.0 * _MOVED_KM_S)
        gw = (moved_a[base + 11] - moved_a[base + 12]) / (2.0 * _MOVED_KM_S)
        for i in range(n):
            moved = gx * (x[i] - cx) + gy * (x[n + i] - cy) + gz * (x[2 * n + i] - cz)
            turned = gu * (v[i] - cu) + gv * (v[n + i] - cv) + gw * (v[2 * n + i] - cw)
            a[c * n + i] += value + (moved + turned)
