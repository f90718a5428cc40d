"""Encounters as crossings of two orbits: how far apart the orbits, how late the object.

Far from a body the target plane's coordinates are bent by the Sun's pull. The distance between
the two orbits where they cross and the delay of the object there vary smoothly along the line of
variations out to tenths of an au (Öpik's view; Valsecchi, Milani, Gronchi and Chesley 2003, A&A
408, 1179, doi:10.1051/0004-6361:20031039, section 2: xi is the former, zeta the latter).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import AU_KM, DAY_S
from perilune.dynamics import Encounters
from perilune.ephemeris import Ephemeris
from perilune.impact.b_plane import target_plane_points

Array = NDArray[np.float64]

# Nearer than this the body's own pull bends the path, and the target plane is what is straight.
_PLANE_KM: Final = 0.02 * AU_KM
_ITERATIONS: Final = 8
_LARGEST_STEP_S: Final = 12.0 * DAY_S


def crossing_points(ephemeris: Ephemeris, body: str, found: Encounters) -> Array:
    """(K, 2) xi and zeta of each encounter with one body, km, with zeta positive for late objects.

    Of the target plane for encounters within 0.02 au (the sign of its zeta turned where needed to
    match), of the two orbits beyond; captured states have theirs from the two orbits as well.
    """
    points = _two_orbits(ephemeris, body, found)
    near = found.distance_km < _PLANE_KM
    if near.any():
        close = found.where(near)
        times = close.reference_mjd_tdb, close.offset_s / DAY_S
        _, velocity = ephemeris.state(body, *times)
        _, sun_velocity = ephemeris.state("sun", *times)
        gm = float(ephemeris.arrays.gm_km3_s2[ephemeris.body_index(body)])
        plane, _ = target_plane_points(
            close.state[:, :3], close.state[:, 3:], gm, velocity - sun_velocity
        )
        points[near] = np.where(np.isfinite(plane), plane, points[near])
    return points


def _two_orbits(ephemeris: Ephemeris, body: str, found: Encounters) -> Array:
    """xi and zeta from where the object's two-body orbit comes nearest to the body's path."""
    gm_sun = float(ephemeris.arrays.gm_km3_s2[0])
    reference, offset_d = found.reference_mjd_tdb, found.offset_s / DAY_S

    def body_at(delay_s: Array) -> tuple[Array, Array]:
        position, velocity = ephemeris.state(body, reference, offset_d + delay_s / DAY_S)
        sun, sun_velocity = ephemeris.state("sun", reference, offset_d + delay_s / DAY_S)
        return position - sun, velocity - sun_velocity

    at, moving = body_at(np.zeros(len(found)))
    start, start_velocity = found.state[:, :3] + at, found.state[:, 3:] + moving
    v, apart = start_velocity, found.state[:, :3]
    earliest = (ephemeris.first_mjd_tdb - found.epoch_mjd_tdb) * DAY_S + 1.0
    latest = (ephemeris.last_mjd_tdb - found.epoch_mjd_tdb) * DAY_S - 1.0
    object_s = np.zeros(len(found))
    body_s = np.zeros(len(found))
    for _ in range(_ITERATIONS):
        r, v = two_body(start, start_velocity, object_s, gm_sun)
        at, moving = body_at(body_s)
        apart = r - at
        # Nearest points of the two tangents.
        vv, ww, vw = _dot(v, v), _dot(moving, moving), _dot(v, moving)
        av, aw = _dot(apart, v), _dot(apart, moving)
        determinant = np.maximum(vv * ww - vw * vw, 1e-12 * vv * ww)
        step = (aw * vw - av * ww) / determinant
        body_step = (aw * vv - av * vw) / determinant
        object_s = object_s + np.clip(step, -_LARGEST_STEP_S, _LARGEST_STEP_S)
        body_s = body_s + np.clip(body_step, -_LARGEST_STEP_S, _LARGEST_STEP_S)
        body_s = np.clip(body_s, earliest, latest)
    normal = np.cross(moving, v)
    normal = normal / np.linalg.norm(normal, axis=1)[:, None]
    relative = v - moving
    across = np.linalg.norm(np.cross(moving, relative), axis=1) / np.linalg.norm(relative, axis=1)
    return np.stack([_dot(apart, normal), (object_s - body_s) * across], axis=1)


def two_body(r: Array, v: Array, after_s: Array, gm_km3_s2: float) -> tuple[Array, Array]:
    """States (N, 3) of Kepler orbits after `after_s` (N,), any conic, for a part of a revolution.

    Universal variable with Stumpff's series to the fifth term: for up to a fifth of a revolution.
    """
    root = np.sqrt(gm_km3_s2)
    r0 = np.linalg.norm(r, axis=1)
    alpha = 2.0 / r0 - _dot(v, v) / gm_km3_s2
    radial = _dot(r, v) / root
    x = root * after_s / r0
    for _ in range(8):
        c, s, z = _stumpff(alpha, x)
        value = radial * x * x * c + (1.0 - alpha * r0) * x**3 * s + r0 * x - root * after_s
        slope = radial * x * (1.0 - z * s) + (1.0 - alpha * r0) * x * x * c + r0
        x = x - value / slope
    c, s, z = _stumpff(alpha, x)
    f = 1.0 - x * x / r0 * c
    g = after_s - x**3 * s / root
    position = f[:, None] * r + g[:, None] * v
    r1 = np.linalg.norm(position, axis=1)
    f_rate = root / (r1 * r0) * (z * s - 1.0) * x
    g_rate = 1.0 - x * x / r1 * c
    return position, f_rate[:, None] * r + g_rate[:, None] * v


def _stumpff(alpha: Array, x: Array) -> tuple[Array, Array, Array]:
    z = np.clip(alpha * x * x, -10.0, 10.0)
    c = 0.5 - z / 24.0 + z**2 / 720.0 - z**3 / 40320.0 + z**4 / 3628800.0
    s = 1.0 / 6.0 - z / 120.0 + z**2 / 5040.0 - z**3 / 362880.0 + z**4 / 39916800.0
    return c, s, z


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("...i,...i->...", a, b))
