"""A spacecraft in the Moon's neighbourhood: its forces and their partials.

ICRF axes, origin a body's centre (the Moon's or the Earth's), km, km/s, seconds from a reference
epoch in MJD TDB. The Moon and the Earth attract by their fields, where given; all others, and the
acceleration of the origin, are point masses. A state holds position and velocity (6) and, where
partials are wanted, the state-transition matrix row by row (36 more). Partials leave out the
pressure of light, whose part in them is below a part in 1e9.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.dop853_kernels import STAGES
from perilune.dynamics.lunar_gravity_kernels import (
    FieldArrays,
    field_acceleration,
    field_gradient,
)
from perilune.dynamics.shadow_kernels import visible_fraction
from perilune.ephemeris.body_kernels import EphemerisArrays, body_state, chebyshev_3
from perilune.frames.orientation_kernels import earth_pole, moon_axes
from perilune.jit import kernel

# Bodies of the ephemeris; not plain integers, see `perilune.ephemeris.body_kernels`.
SUN = cast(int, np.int64(0))
EARTH = cast(int, np.int64(3))
MOON = cast(int, np.int64(4))
_BODIES = 11
DAY_S = 86400.0


class Attitude(NamedTuple):
    """DE421's Euler angles of the Moon's principal axes; outside them IAU 2015 stands in."""

    coefficients: NDArray[np.float64]  # (records * 3 * order,)
    first_mjd: float
    days: float
    records: int
    order: int


class Forces(NamedTuple):
    """What acts on the spacecraft."""

    ephemeris: EphemerisArrays
    attitude: Attitude
    gm_km3_s2: NDArray[np.float64]  # (11,) of the major bodies
    origin: int
    attracts: NDArray[np.bool_]  # (11,)
    is_needed: NDArray[np.bool_]  # (11,) places to look up
    moon: FieldArrays
    earth: FieldArrays
    light_km3_s2: float  # acceleration by sunlight times the distance squared
    radius_km: NDArray[np.float64]  # (11,) of the discs and of the ground; used: Sun, Earth, Moon
    reference_mjd: float


class Room(NamedTuple):
    """Working memory, made once a journey."""

    bodies: NDArray[np.float64]  # (11, 6) barycentric
    from_origin: NDArray[np.float64]  # (11, 3)
    axes: NDArray[np.float64]  # (3, 3)
    angles: NDArray[np.float64]  # (1, 6)
    pole: NDArray[np.float64]  # (3,)
    force: NDArray[np.float64]  # (3,)
    tensor: NDArray[np.float64]  # (3, 3)
    partials: NDArray[np.float64]  # (3, 3)
    away: NDArray[np.float64]  # (2, 3) the Sun and an occulting body from the spacecraft
    relative: NDArray[np.float64]  # (6,)
    slopes: NDArray[np.float64]  # (12, n)
    within: NDArray[np.float64]  # (12, n) slopes of a part of a step
    stage: NDArray[np.float64]  # (n,)


@kernel
def make_room(n: int) -> Room:
    """Working memory for states of n numbers."""
    return Room(
        np.zeros((_BODIES, 6)),
        np.zeros((_BODIES, 3)),
        np.zeros((3, 3)),
        np.zeros((1, 6)),
        np.zeros(3),
        np.zeros(3),
        np.zeros((3, 3)),
        np.zeros((3, 3)),
        np.zeros((2, 3)),
        np.zeros(6),
        np.zeros((STAGES, n)),
        np.zeros((STAGES, n)),
        np.zeros(n),
    )


@kernel
def principal_axes(
    attitude: Attitude,
    reference_mjd: float,
    offset_d: float,
    angles: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """The Moon's principal axes in ICRF, one a row, into `out`, (3, 3)."""
    base = reference_mjd - attitude.first_mjd
    record = math.floor((base + offset_d) / attitude.days)
    if record < 0 or record >= attitude.records:
        moon_axes(reference_mjd + offset_d, out)
        return
    x = 2.0 * ((base - record * attitude.days) + offset_d) / attitude.days - 1.0
    for k in range(6):
        angles[0, k] = 0.0
    first = record * 3 * attitude.order
    chebyshev_3(attitude.coefficients, first, attitude.order, x, 0.0, angles, 0)
    cos_phi = math.cos(angles[0, 0])
    sin_phi = math.sin(angles[0, 0])
    cos_theta = math.cos(angles[0, 1])
    sin_theta = math.sin(angles[0, 1])
    cos_psi = math.cos(angles[0, 2])
    sin_psi = math.sin(angles[0, 2])
    out[0, 0] = cos_psi * cos_phi - sin_psi * cos_theta * sin_phi
    out[0, 1] = cos_psi * sin_phi + sin_psi * cos_theta * cos_phi
    out[0, 2] = sin_psi * sin_theta
    out[1, 0] = -sin_psi * cos_phi - cos_psi * cos_theta * sin_phi
    out[1, 1] = -sin_psi * sin_phi + cos_psi * cos_theta * cos_phi
    out[1, 2] = cos_psi * sin_theta
    out[2, 0] = sin_theta * sin_phi
    out[2, 1] = -sin_theta * cos_phi
    out[2, 2] = cos_theta


@kernel
def _polar_axes(pole: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Axes of which the third is the pole; where the others point is of no account to zonals."""
    q = 1.0 / (1.0 + pole[2])
    out[0, 0] = 1.0 - q * pole[0] * pole[0]
    out[0, 1] = -q * pole[0] * pole[1]
    out[0, 2] = -pole[0]
    out[1, 0] = out[0, 1]
    out[1, 1] = 1.0 - q * pole[1] * pole[1]
    out[1, 2] = -pole[1]
    out[2, 0] = pole[0]
    out[2, 1] = pole[1]
    out[2, 2] = pole[2]


@kernel
def _add_field(
    field: FieldArrays,
    room: Room,
    x: float,
    y: float,
    z: float,
    with_partials: bool,
    out: NDArray[np.float64],
) -> None:
    """Add a field's pull at a place from its centre (ICRF axes) to out[3:6], partials to room."""
    axes = room.axes
    fx = axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z
    fy = axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z
    fz = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
    force = room.force
    field_acceleration(field, fx, fy, fz, force)
    for i in range(3):
        out[3 + i] += axes[0, i] * force[0] + axes[1, i] * force[1] + axes[2, i] * force[2]
    if with_partials:
        tensor = room.tensor
        field_gradient(field, fx, fy, fz, tensor)
        for i in range(3):
            for j in range(3):
                total = 0.0
                for k in range(3):
                    for m in range(3):
                        total += axes[k, i] * tensor[k, m] * axes[m, j]
                room.partials[i, j] += total


@kernel
def _add_point(
    gm: float,
    room: Room,
    x: float,
    y: float,
    z: float,
    with_partials: bool,
    out: NDArray[np.float64],
) -> None:
    """The same for a point mass; (x, y, z) is the spacecraft from it."""
    r2 = x * x + y * y + z * z
    q = gm / (r2 * math.sqrt(r2))
    out[3] -= q * x
    out[4] -= q * y
    out[5] -= q * z
    if with_partials:
        p = 3.0 * q / r2
        g = room.partials
        g[0, 0] += p * x * x - q
        g[1, 1] += p * y * y - q
        g[2, 2] += p * z * z - q
        g[0, 1] += p * x * y
        g[0, 2] += p * x * z
        g[1, 2] += p * y * z
        g[1, 0] += p * x * y
        g[2, 0] += p * x * z
        g[2, 1] += p * y * z


@kernel
def slope(
    forces: Forces,
    room: Room,
    time_s: float,
    state: NDArray[np.float64],
    n: int,
    out: NDArray[np.float64],
) -> None:
    """Time derivative of a state of n = 6 or 42 numbers."""
    offset_d = time_s / DAY_S
    with_partials = n > 6
    origin = forces.origin
    for body in range(_BODIES):
        if forces.is_needed[body]:
            body_state(forces.ephemeris, body, forces.reference_mjd, offset_d, room.bodies, body)
    for i in range(3):
        out[i] = state[3 + i]
        out[3 + i] = 0.0
        for j in range(3):
            room.partials[i, j] = 0.0
    for body in range(_BODIES):
        if not forces.is_needed[body]:
            continue
        s = room.from_origin[body]
        for i in range(3):
            s[i] = room.bodies[body, i] - room.bodies[origin, i]
        if not forces.attracts[body]:
            continue
        x = state[0] - s[0]
        y = state[1] - s[1]
        z = state[2] - s[2]
        gm = forces.gm_km3_s2[body]
        if body == MOON and forces.moon.degree > 0:
            principal_axes(forces.attitude, forces.reference_mjd, offset_d, room.angles, room.axes)
            _add_field(forces.moon, room, x, y, z, with_partials, out)
        elif body == EARTH and forces.earth.degree > 0:
            earth_pole(forces.reference_mjd + offset_d, room.pole)
            _polar_axes(room.pole, room.axes)
            _add_field(forces.earth, room, x, y, z, with_partials, out)
        else:
            _add_point(gm, room, x, y, z, with_partials, out)
        if body != origin:
            s2 = s[0] * s[0] + s[1] * s[1] + s[2] * s[2]
            q = gm / (s2 * math.sqrt(s2))
            out[3] -= q * s[0]
            out[4] -= q * s[1]
            out[5] -= q * s[2]
    if forces.light_km3_s2 > 0.0:
        _add_light(forces, room, state, out)
    if with_partials:
        g = room.partials
        for j in range(6):
            fx = state[6 + j]
            fy = state[12 + j]
            fz = state[18 + j]
            out[6 + j] = state[24 + j]
            out[12 + j] = state[30 + j]
            out[18 + j] = state[36 + j]
            out[24 + j] = g[0, 0] * fx + g[0, 1] * fy + g[0, 2] * fz
            out[30 + j] = g[1, 0] * fx + g[1, 1] * fy + g[1, 2] * fz
            out[36 + j] = g[2, 0] * fx + g[2, 1] * fy + g[2, 2] * fz


@kernel
def _add_light(
    forces: Forces, room: Room, state: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Add the pressure of sunlight on a sphere, in the shadows of the Moon and the Earth."""
    sun = room.away[0]
    body = room.away[1]
    for i in range(3):
        sun[i] = room.from_origin[SUN, i] - state[i]
    hidden = 0.0
    for k in range(3, 5):
        for i in range(3):
            body[i] = room.from_origin[k, i] - state[i]
        hidden += 1.0 - visible_fraction(sun, body, forces.radius_km[SUN], forces.radius_km[k])
    d2 = sun[0] * sun[0] + sun[1] * sun[1] + sun[2] * sun[2]
    q = forces.light_km3_s2 * max(0.0, 1.0 - hidden) / (d2 * math.sqrt(d2))
    for i in range(3):
        out[3 + i] -= q * sun[i]
