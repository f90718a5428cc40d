"""Target-plane coordinates, closest approach and their Jacobians against 60-digit arithmetic.

The reference goes another way than the code: conic elements and true anomalies, not the vector
formulas; differences of 1e-20 in 60 digits are exact derivatives to 16.
"""

import numpy as np
import pytest

from perilune.impact.b_plane import target_plane

mpmath = pytest.importorskip("mpmath")

GM = 398600.435507
BODY_VELOCITY = [-15.0, 25.0, 3.0]

STATES = {
    "flyby": ([7000.0, 2000.0, -500.0], [-3.0, 14.0, 2.0]),
    "Apophis-like": ([38011.0, 0.0, 100.0], [0.02, 7.4, 0.1]),
    "fast and far": ([9e5, 1e5, 0.0], [2.0, -20.0, 30.0]),
    "through the Earth": ([100.0, 20.0, 5000.0], [0.5, 0.5, -14.0]),
    "nearly parabolic": ([8000.0, 100.0, 0.0], [0.0, 9.99, 0.5]),
    "captured": ([8000.0, 100.0, 0.0], [0.3, 8.5, 0.5]),
    "a day before": ([4e5, 0.0, 0.0], [-6.0, 0.2, 0.1]),
}


def cross(a: list, b: list) -> list:
    return [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]


def dot(a: list, b: list) -> object:
    return sum(x * y for x, y in zip(a, b, strict=True))


def unit(a: list) -> list:
    size = mpmath.sqrt(dot(a, a))
    return [x / size for x in a]


def reference(state: list) -> list:
    """xi, zeta, closest distance and time to it, from conic elements."""
    r, v = state[:3], state[3:]
    mu = mpmath.mpf(GM)
    distance = mpmath.sqrt(dot(r, r))
    a = -mu / (dot(v, v) - 2 * mu / distance)
    h = cross(r, v)
    vh = cross(v, h)
    ecc = [vh[k] / mu - r[k] / distance for k in range(3)]
    e = mpmath.sqrt(dot(ecc, ecc))
    to_closest, pole = unit(ecc), unit(h)
    ahead = cross(pole, to_closest)
    true_anomaly = mpmath.atan2(dot(r, ahead), dot(r, to_closest))
    half = mpmath.tan(true_anomaly / 2)
    if a < 0:
        closest = a * (1 - e)
        incoming = -mpmath.acos(-1 / e)
        normal = unit(
            [
                -mpmath.sin(incoming) * to_closest[k] + (e + mpmath.cos(incoming)) * ahead[k]
                for k in range(3)
            ]
        )
        size = -a * mpmath.sqrt(e * e - 1)
        point = [size * x for x in cross(normal, pole)]
        f = 2 * mpmath.atanh(mpmath.sqrt((e - 1) / (e + 1)) * half)
        time = -(e * mpmath.sinh(f) - f) * mpmath.sqrt((-a) ** 3 / mu)
    else:
        closest = -a * (1 - e) if a < 0 else a * (1 - e)
        normal, point = ahead, [closest * x for x in to_closest]
        f = 2 * mpmath.atan(mpmath.sqrt((1 - e) / (e + 1)) * half)
        time = -(f - e * mpmath.sin(f)) * mpmath.sqrt(a**3 / mu)
    body = [mpmath.mpf(x) for x in BODY_VELOCITY]
    zeta = [-x for x in unit([body[k] - dot(body, normal) * normal[k] for k in range(3)])]
    xi = cross(normal, zeta)
    return [dot(point, xi), dot(point, zeta), closest, time]


@pytest.mark.parametrize("name", STATES)
def test_values_and_jacobians(name: str) -> None:
    """Seen: values 1.4e-14, Jacobians 7e-14 of their largest entry (the nearly parabolic one)."""
    position, velocity = STATES[name]
    plane = target_plane(position, velocity, GM, BODY_VELOCITY)
    ours = np.concatenate((plane.coordinates_km, [plane.distance_km, plane.time_to_closest_s]))
    jacobian = np.vstack((plane.coordinates_jacobian, plane.distance_jacobian, plane.time_jacobian))
    with mpmath.workdps(60):
        state = [mpmath.mpf(x) for x in (*position, *velocity)]
        expected = np.array([float(x) for x in reference(state)])
        assert np.max(np.abs(ours / expected - 1.0)) < 1e-12
        step = mpmath.mpf(10) ** -20
        for column in range(6):
            above, below = list(state), list(state)
            above[column] += step
            below[column] -= step
            pairs = zip(reference(above), reference(below), strict=True)
            exact = np.array([float((p - m) / (2 * step)) for p, m in pairs])
            scale = np.max(np.abs(jacobian), axis=1)
            assert np.max(np.abs(jacobian[:, column] - exact) / scale) < 1e-12


def test_b_is_the_offset_of_the_asymptote() -> None:
    """Kepler's orbit traced back 1e10 km: the offset from S tends to B as 1/distance.

    At 1e10 km, mu / (v_infinity^2 distance) = 4e-7 of B bends the asymptote still: 1e-2 km of
    11,000 km.
    """
    position, velocity = STATES["flyby"]
    plane = target_plane(position, velocity, GM, BODY_VELOCITY)
    with mpmath.workdps(40):
        r = [mpmath.mpf(x) for x in position]
        v = [mpmath.mpf(x) for x in velocity]
        mu = mpmath.mpf(GM)
        h = cross(r, v)
        vh = cross(v, h)
        size = mpmath.sqrt(dot(r, r))
        ecc = [vh[k] / mu - r[k] / size for k in range(3)]
        e = mpmath.sqrt(dot(ecc, ecc))
        p = dot(h, h) / mu
        # r = p / (1 + e cos f) at 1e10 km, before closest approach.
        far = mpmath.mpf(10) ** 10
        f = -mpmath.acos((p / far - 1) / e)
        to_closest, ahead = unit(ecc), cross(unit(h), unit(ecc))
        back = [far * (mpmath.cos(f) * to_closest[k] + mpmath.sin(f) * ahead[k]) for k in range(3)]
        offset = [float(dot([mpmath.mpf(x) for x in plane.axes[k]], back)) for k in (0, 2)]
    # The axes' own rounding, 1e-16 of 1e10 km, is 1e-6 km.
    assert offset == pytest.approx(plane.coordinates_km, abs=0.02)
