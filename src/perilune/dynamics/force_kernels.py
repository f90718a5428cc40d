"""Accelerations of many particles at one instant, in numba.

Particles are lanes of the innermost loops. A packed array of `3 * n` holds x of all lanes, then y,
then z, so that one pointer serves three streams and the loops vectorise. Frame ICRF, origin the
barycentre, km, km/s, s. `bodies[j]` is the barycentric state (6,) of body j at that instant.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perilune.jit import lean_kernel

N_NONGRAV = 9  # a1, a2, a3 (km/s²), delay (s), alpha, r0 (km), m, n, k
_C2 = 299792.458**2


class ForceArrays(NamedTuple):
    """Figures of the extended bodies, all from the ephemeris' own constants."""

    sun_radius_km: float
    sun_j2: float
    sun_pole: NDArray[np.float64]  # (3,)
    earth_radius_km: float
    earth_j2: float
    earth_j3: float
    earth_j4: float
    moon_radius_km: float
    moon_j2: float
    moon_c22: float


@lean_kernel
def add_point_mass(
    x: NDArray[np.float64],
    n: int,
    bx: float,
    by: float,
    bz: float,
    gm: float,
    a: NDArray[np.float64],
) -> None:
    """Add the Newtonian attraction of a body at (bx, by, bz) to `a` (3n)."""
    for i in range(n):
        dx = bx - x[i]
        dy = by - x[n + i]
        dz = bz - x[2 * n + i]
        r2 = dx * dx + dy * dy + dz * dz
        q = gm / (r2 * math.sqrt(r2))
        a[i] += q * dx
        a[n + i] += q * dy
        a[2 * n + i] += q * dz


@lean_kernel
def add_point_mass_tracked(
    x: NDArray[np.float64],
    n: int,
    body: NDArray[np.float64],
    gm: float,
    a: NDArray[np.float64],
    steepest: NDArray[np.float64],
) -> None:
    """Like `add_point_mass`, and keep each lane's largest GM/r³ in `steepest` (n)."""
    bx = body[0]
    by = body[1]
    bz = body[2]
    for i in range(n):
        dx = bx - x[i]
        dy = by - x[n + i]
        dz = bz - x[2 * n + i]
        r2 = dx * dx + dy * dy + dz * dz
        q = gm / (r2 * math.sqrt(r2))
        a[i] += q * dx
        a[n + i] += q * dy
        a[2 * n + i] += q * dz
        steepest[i] = q if q > steepest[i] else steepest[i]


@lean_kernel
def add_point_masses(
    x: NDArray[np.float64],
    n: int,
    places: NDArray[np.float64],
    gm: NDArray[np.float64],
    own: NDArray[np.int64],
    first: int,
    pull: NDArray[np.float64],
    steepest: NDArray[np.float64],
    a: NDArray[np.float64],
) -> None:
    """Add the Newtonian attraction of `m` bodies to `a` (3n), lane by lane, bodies side by side.

    For few lanes. `places` (3 m) are theirs as `x` is the lanes', `gm` (m). Lane i is the body
    `own[i] - first` itself, if that is one of them, and does not feel it. `pull` (4 m) is scratch.
    A lane's GM/r³ is kept in `steepest` where it is larger: (m, n), or (0, n) to keep none.
    """
    m = gm.size
    for i in range(n):
        px = x[i]
        py = x[n + i]
        pz = x[2 * n + i]
        for j in range(m):
            dx = places[j] - px
            dy = places[m + j] - py
            dz = places[2 * m + j] - pz
            r2 = dx * dx + dy * dy + dz * dz
            q = gm[j] / (r2 * math.sqrt(r2))
            pull[j] = q * dx
            pull[m + j] = q * dy
            pull[2 * m + j] = q * dz
            pull[3 * m + j] = q
        itself = own[i] - first
        if 0 <= itself < m:
            for k in range(4):
                pull[k * m + itself] = 0.0
        ax = 0.0
        ay = 0.0
        az = 0.0
        for j in range(m):
            ax += pull[j]
            ay += pull[m + j]
            az += pull[2 * m + j]
        a[i] += ax
        a[n + i] += ay
        a[2 * n + i] += az
        for j in range(steepest.shape[0]):
            q = pull[3 * m + j]
            steepest[j, i] = q if q > steepest[j, i] else steepest[j, i]


@lean_kernel
def set_sun(
    x: NDArray[np.float64],
    n: int,
    sun: NDArray[np.float64],
    gm: float,
    base: NDArray[np.float64],
    a: NDArray[np.float64],
) -> None:
    """a = base + the Sun's Newtonian attraction."""
    bx = sun[0]
    by = sun[1]
    bz = sun[2]
    for i in range(n):
        dx = bx - x[i]
        dy = by - x[n + i]
        dz = bz - x[2 * n + i]
        r2 = dx * dx + dy * dy + dz * dz
        q = gm / (r2 * math.sqrt(r2))
        a[i] = base[i] + q * dx
        a[n + i] = base[n + i] + q * dy
        a[2 * n + i] = base[2 * n + i] + q * dz


@lean_kernel
def body_acceleration(
    bodies: NDArray[np.float64], gm: NDArray[np.float64], j: int, out: NDArray[np.float64]
) -> None:
    """Newtonian acceleration of body j by the other major bodies, and their potential, (4,)."""
    for k in range(4):
        out[k] = 0.0
    for k in range(11):
        if k != j:
            dx = bodies[k, 0] - bodies[j, 0]
            dy = bodies[k, 1] - bodies[j, 1]
            dz = bodies[k, 2] - bodies[j, 2]
            r2 = dx * dx + dy * dy + dz * dz
            q = gm[k] / (r2 * math.sqrt(r2))
            out[0] += q * dx
            out[1] += q * dy
            out[2] += q * dz
            out[3] += q * r2


@lean_kernel
def add_relativity(
    x: NDArray[np.float64],
    v: NDArray[np.float64],
    n: int,
    bodies: NDArray[np.float64],
    gm: NDArray[np.float64],
    j: int,
    own: NDArray[np.float64],
    a: NDArray[np.float64],
) -> None:
    """Add the post-Newtonian part of body j's attraction: the Einstein–Infeld–Hoffmann equation.

    Moyer (2000), DESCANSO 2, eq. 4-61 (beta = gamma = 1), with j as the source. The potential at
    the particle is that of the Sun and j, with the Sun as source also of Jupiter and Saturn; the
    others stay below 1e-4 of the Sun's.
    `own` (4) is `body_acceleration`'s result for j.

    The engine takes the Sun as source always and a planet or the Moon within the distance that
    `attraction_kernels` sets. All of them always (the whole equation) moves 2024 YR4 by 34 m
    after 1,000 days and 75 m at its encounter after 7.9 years, Apophis by 36 m at its minimum in
    2029, Bennu by 58 m, 118 m and 370 m after 5, 10 and 20 years: that is what it costs.
    """
    ajx = own[0]
    ajy = own[1]
    ajz = own[2]
    potential_j = own[3]
    px = bodies[j, 0]
    py = bodies[j, 1]
    pz = bodies[j, 2]
    ux = bodies[j, 3]
    uy = bodies[j, 4]
    uz = bodies[j, 5]
    u2 = ux * ux + uy * uy + uz * uz
    mu = gm[j]
    of_sun = j == 0
    sun = gm[0]
    jupiter = gm[6]
    saturn = gm[7]
    sx = bodies[0, 0]
    sy = bodies[0, 1]
    sz = bodies[0, 2]
    jx = bodies[6, 0]
    jy = bodies[6, 1]
    jz = bodies[6, 2]
    kx = bodies[7, 0]
    ky = bodies[7, 1]
    kz = bodies[7, 2]
    for i in range(n):
        xi = x[i]
        yi = x[n + i]
        zi = x[2 * n + i]
        dx = xi - px
        dy = yi - py
        dz = zi - pz
        vx = v[i]
        vy = v[n + i]
        vz = v[2 * n + i]
        r2 = dx * dx + dy * dy + dz * dz
        r = math.sqrt(r2)
        potential = mu / r
        if of_sun:
            potential += jupiter / math.sqrt((xi - jx) ** 2 + (yi - jy) ** 2 + (zi - jz) ** 2)
            potential += saturn / math.sqrt((xi - kx) ** 2 + (yi - ky) ** 2 + (zi - kz) ** 2)
        else:
            potential += sun / math.sqrt((xi - sx) ** 2 + (yi - sy) ** 2 + (zi - sz) ** 2)
        v2 = vx * vx + vy * vy + vz * vz
        vu = vx * ux + vy * uy + vz * uz
        du = dx * ux + dy * uy + dz * uz
        da = dx * ajx + dy * ajy + dz * ajz
        dv = dx * vx + dy * vy + dz * vz
        brace = v2 + 2.0 * u2 - 4.0 * vu - 4.0 * potential - potential_j
        brace -= 1.5 * du * du / r2 + 0.5 * da
        q = mu / (r2 * r * _C2)
        along = -q * brace
        drag = q * (4.0 * dv - 3.0 * du)
        pull = 3.5 * mu / (r * _C2)
        a[i] += along * dx + drag * (vx - ux) + pull * ajx
        a[n + i] += along * dy + drag * (vy - uy) + pull * ajy
        a[2 * n + i] += along * dz + drag * (vz - uz) + pull * ajz


@lean_kernel
def add_sun_j2(
    x: NDArray[np.float64],
    n: int,
    sun: NDArray[np.float64],
    gm: float,
    force: ForceArrays,
    a: NDArray[np.float64],
) -> None:
    """Add the Sun's J2."""
    px = force.sun_pole[0]
    py = force.sun_pole[1]
    pz = force.sun_pole[2]
    scale = -1.5 * force.sun_j2 * gm * force.sun_radius_km**2
    bx = sun[0]
    by = sun[1]
    bz = sun[2]
    for i in range(n):
        dx = x[i] - bx
        dy = x[n + i] - by
        dz = x[2 * n + i] - bz
        r2 = dx * dx + dy * dy + dz * dz
        height = dx * px + dy * py + dz * pz
        q = scale / (r2 * r2 * math.sqrt(r2))
        radial = q * (1.0 - 5.0 * height * height / r2)
        axial = 2.0 * q * height
        a[i] += radial * dx + axial * px
        a[n + i] += radial * dy + axial * py
        a[2 * n + i] += radial * dz + axial * pz


@lean_kernel
def add_earth_zonals(
    x: NDArray[np.float64],
    n: int,
    earth: NDArray[np.float64],
    gm: float,
    force: ForceArrays,
    pole: NDArray[np.float64],
    a: NDArray[np.float64],
) -> None:
    """Add the Earth's J2, J3, J4; Montenbruck & Gill (2000), section 3.2.

    Nowhere cut off: a jump in the force within a step would look like an error of the step.
    """
    for i in range(n):
        dx = x[i] - earth[0]
        dy = x[n + i] - earth[1]
        dz = x[2 * n + i] - earth[2]
        r2 = dx * dx + dy * dy + dz * dz
        r = math.sqrt(r2)
        u = (dx * pole[0] + dy * pole[1] + dz * pole[2]) / r
        s = force.earth_radius_km / r
        q = gm / r2 * s * s
        c2 = q * force.earth_j2
        c3 = q * s * force.earth_j3
        c4 = q * s * s * force.earth_j4
        d2 = 3.0 * u
        d3 = 7.5 * u * u - 1.5
        d4 = (17.5 * u * u - 7.5) * u
        d5 = (39.375 * u * u - 26.25) * u * u + 1.875
        radial = (c2 * d3 + c3 * d4 + c4 * d5) / r
        axial = -(c2 * d2 + c3 * d3 + c4 * d4)
        a[i] += radial * dx + axial * pole[0]
        a[n + i] += radial * dy + axial * pole[1]
        a[2 * n + i] += radial * dz + axial * pole[2]


@lean_kernel
def add_moon_field(
    x: NDArray[np.float64],
    n: int,
    moon: NDArray[np.float64],
    gm: float,
    force: ForceArrays,
    axes: NDArray[np.float64],
    a: NDArray[np.float64],
) -> None:
    """Add the Moon's J2 and C22; `axes` rows are its body-fixed axes in ICRF."""
    for i in range(n):
        dx = x[i] - moon[0]
        dy = x[n + i] - moon[1]
        dz = x[2 * n + i] - moon[2]
        r2 = dx * dx + dy * dy + dz * dz
        bx = axes[0, 0] * dx + axes[0, 1] * dy + axes[0, 2] * dz
        by = axes[1, 0] * dx + axes[1, 1] * dy + axes[1, 2] * dz
        bz = axes[2, 0] * dx + axes[2, 1] * dy + axes[2, 2] * dz
        q = gm * force.moon_radius_km**2 / (r2 * r2 * math.sqrt(r2))
        zonal = -1.5 * force.moon_j2 * q
        sectoral = 3.0 * force.moon_c22 * q
        radial = zonal * (1.0 - 5.0 * bz * bz / r2)
        radial -= 5.0 * sectoral * (bx * bx - by * by) / r2
        fx = radial * bx + 2.0 * sectoral * bx
        fy = radial * by - 2.0 * sectoral * by
        fz = radial * bz + 2.0 * zonal * bz
        a[i] += axes[0, 0] * fx + axes[1, 0] * fy + axes[2, 0] * fz
        a[n + i] += axes[0, 1] * fx + axes[1, 1] * fy + axes[2, 1] * fz
        a[2 * n + i] += axes[0, 2] * fx + axes[1, 2] * fy + axes[2, 2] * fz


@lean_kernel
def delayed_distance(
    dx: float, dy: float, dz: float, vx: float, vy: float, vz: float, gm: float, delay_s: float
) -> float:
    """Heliocentric distance `delay_s` ago on the osculating conic (universal variables).

    Danby (1988), section 6.9: Kepler's equation in the universal anomaly by Newton's method.
    """
    r0 = math.sqrt(dx * dx + dy * dy + dz * dz)
    if delay_s == 0.0:
        return r0
    t = -delay_s
    u = dx * vx + dy * vy + dz * vz
    alpha = 2.0 * gm / r0 - (vx * vx + vy * vy + vz * vz)
    s = t / r0
    for _ in range(50):
        y = alpha * s * s
        if y > 1.0e-6:
            root = math.sqrt(y)
            c2 = (1.0 - math.cos(root)) / y
            c3 = (root - math.sin(root)) / (y * root)
        elif y < -1.0e-6:
            root = math.sqrt(-y)
            c2 = (1.0 - math.cosh(root)) / y
            c3 = (math.sinh(root) - root) / (-y * root)
        else:
            c2 = 0.5 - y / 24.0
            c3 = 1.0 / 6.0 - y / 120.0
        c1 = 1.0 - y * c3
        c0 = 1.0 - y * c2
        f = r0 * s * c1 + u * s * s * c2 + gm * s * s * s * c3 - t
        r = r0 * c0 + u * s * c1 + gm * s * s * c2
        change = f / r
        s -= change
        if abs(change) < 1.0e-13 * abs(s):
            break
    y = alpha * s * s
    if y > 1.0e-6:
        root = math.sqrt(y)
        c2 = (1.0 - math.cos(root)) / y
        c3 = (root - math.sin(root)) / (y * root)
    elif y < -1.0e-6:
        root = math.sqrt(-y)
        c2 = (1.0 - math.cosh(root)) / y
        c3 = (math.sinh(root) - root) / (-y * root)
    else:
        c2 = 0.5 - y / 24.0
        c3 = 1.0 / 6.0 - y / 120.0
    return r0 * (1.0 - y * c2) + u * s * (1.0 - y * c3) + gm * s * s * c2


@lean_kernel
def add_nongravitational(
    x: NDArray[np.float64],
    v: NDArray[np.float64],
    n: int,
    sun: NDArray[np.float64],
    gm: float,
    parameters: NDArray[np.float64],
    a: NDArray[np.float64],
) -> None:
    """Add g(r) (A1 r̂ + A2 t̂ + A3 n̂): Marsden, Sekanina & Yeomans (1973), doi:10.1086/111402.

    `parameters` (n, 9) as `N_NONGRAV` says. The delay shifts g's argument: g(r(t - delay)),
    Yeomans & Chodas (1989), doi:10.1086/115198.
    """
    for i in range(n):
        a1 = parameters[i, 0]
        a2 = parameters[i, 1]
        a3 = parameters[i, 2]
        if a1 != 0.0 or a2 != 0.0 or a3 != 0.0:
            dx = x[i] - sun[0]
            dy = x[n + i] - sun[1]
            dz = x[2 * n + i] - sun[2]
            vx = v[i] - sun[3]
            vy = v[n + i] - sun[4]
            vz = v[2 * n + i] - sun[5]
            r = math.sqrt(dx * dx + dy * dy + dz * dz)
            hx = dy * vz - dz * vy
            hy = dz * vx - dx * vz
            hz = dx * vy - dy * vx
            h = math.sqrt(hx * hx + hy * hy + hz * hz)
            past = delayed_distance(dx, dy, dz, vx, vy, vz, gm, parameters[i, 3])
            s = past / parameters[i, 5]
            # The inverse square is asteroids' usual law: no power function for it.
            squared = parameters[i, 6] == 2.0
            g = parameters[i, 4] * (1.0 / (s * s) if squared else s ** (-parameters[i, 6]))
            if parameters[i, 8] != 0.0:
                g *= (1.0 + s ** parameters[i, 7]) ** (-parameters[i, 8])
            c1 = a1 * g / r
            c2 = a2 * g / (h * r)
            c3 = a3 * g / h
            a[i] += c1 * dx + c2 * (hy * dz - hz * dy) + c3 * hx
            a[n + i] += c1 * dy + c2 * (hz * dx - hx * dz) + c3 * hy
            a[2 * n + i] += c1 * dz + c2 * (hx * dy - hy * dx) + c3 * hz
