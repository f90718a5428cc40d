"""Elements to Cartesian states and back, with exact partial derivatives, for every conic.

One formulation serves ellipse, parabola and hyperbola: the universal functions G_k(beta, s) of
Stumpff, counted from perihelion, where beta = GM (1 - e) / q and ds = dt / r. From perihelion

    t - T = q s + GM e G3,   r = q + GM e G2,
    x = q - GM G2,           y = h G1,            h = sqrt(GM q (1 + e)),
    dx/dt = -GM G1 / r,      dy/dt = h G0 / r,

in which nothing is singular at e = 1 (Battin 1999, An Introduction to the Mathematics and Methods
of Astrodynamics, section 4.5; Everhart and Pitkin 1983, doi:10.1119/1.13152). The derivative for
beta is dG_k/dbeta = (k G_{k+2} - s G_{k+1}) / 2, regular as well.

Units are any consistent ones (km and s, or au and d); angles are radians. All states are in the
plane of reference of the angles.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel

_TERMS = 16  # of the Stumpff series; at |z| = 10 the first one left out is below 1e-21
_SERIES_LIMIT = 10.0  # just above pi^2: a reduced ellipse never leaves the series
_TWO_PI = 2.0 * math.pi


@kernel
def stumpff_functions(z: float) -> tuple[float, float, float, float, float, float]:
    """c0 ... c5 of z = beta s^2, where G_k = s^k c_k(z)."""
    if abs(z) <= _SERIES_LIMIT:
        c4 = 0.0
        c5 = 0.0
        for k in range(_TERMS - 1, -1, -1):
            c4 = (1.0 - z * c4) / ((2 * k + 3) * (2 * k + 4))
            c5 = (1.0 - z * c5) / ((2 * k + 4) * (2 * k + 5))
        c4 *= 0.5
        c5 /= 6.0
        c2 = 0.5 - z * c4
        c3 = 1.0 / 6.0 - z * c5
        return 1.0 - z * c2, 1.0 - z * c3, c2, c3, c4, c5
    if z > 0.0:
        root = math.sqrt(z)
        c0 = math.cos(root)
        c1 = math.sin(root) / root
        c2 = 2.0 * math.sin(0.5 * root) ** 2 / z
    else:
        root = math.sqrt(-z)
        c0 = math.cosh(root)
        c1 = math.sinh(root) / root
        c2 = -2.0 * math.sinh(0.5 * root) ** 2 / z
    c3 = (1.0 - c1) / z
    return c0, c1, c2, c3, (0.5 - c2) / z, (1.0 / 6.0 - c3) / z


@kernel
def universal_anomaly(q: float, e: float, since_perihelion: float, gm: float) -> float:
    """The s that solves q s + GM e G3 = t - T; an ellipse's t - T is within half a period.

    The left side is convex for s > 0, so Newton's method from above cannot miss; a step beyond
    the bounds is cut back to them.
    """
    if since_perihelion == 0.0:
        return 0.0
    time = abs(since_perihelion)
    beta = gm * (1.0 - e) / q
    # Barker's cubic q s + GM e s^3 / 6 = t: exact for a parabola, a good start for the others.
    s = time / q
    if e > 0.01:
        third = 2.0 * q / (gm * e)
        half = 3.0 * time / (gm * e)
        cube = (half + math.sqrt(half * half + third * third * third)) ** (1.0 / 3.0)
        s = 2.0 * half / (cube * cube + third + (third / cube) ** 2)
    upper = time / q
    if beta > 0.0:
        upper = min(upper, math.pi / math.sqrt(beta))
    elif beta < 0.0:
        scale = math.sqrt(-beta)
        upper = min(upper, math.asinh(time * -beta * scale / (gm * (e - 1.0))) / scale)
    s = min(s, upper)
    best = math.inf
    for _ in range(80):
        _, _, c2, c3, _, _ = stumpff_functions(beta * s * s)
        step = (q * s + gm * e * s * s * s * c3 - time) / (q + gm * e * s * s * c2)
        s = min(max(s - step, 0.0), upper)
        if abs(step) <= 4e-16 * s or (abs(step) >= best and abs(step) <= 1e-13 * s):
            break
        best = abs(step)
    return s if since_perihelion > 0.0 else -s


@kernel
def _perifocal(
    q: float,
    e: float,
    since_perihelion: float,
    gm: float,
    directions: NDArray[np.float64],
    plane: NDArray[np.float64],
    partials: NDArray[np.float64],
) -> None:
    """x, y, dx/dt, dy/dt in the orbit's plane (4,) and their partials (4, 3).

    An ellipse's t - T is within half a period. The last partial is for t - T; the first two are
    for the two elements along which q, e, beta, h and t - T change as `directions` (2, 5) says.
    """
    beta = gm * (1.0 - e) / q
    s = universal_anomaly(q, e, since_perihelion, gm)
    c0, c1, c2, c3, c4, c5 = stumpff_functions(beta * s * s)
    s2 = s * s
    g0, g1, g2, g3, g4, g5 = c0, s * c1, s2 * c2, s2 * s * c3, s2 * s2 * c4, s2 * s2 * s * c5
    r = q + gm * e * g2
    h = math.sqrt(gm * q * (1.0 + e))
    plane[0] = q - gm * g2
    plane[1] = h * g1
    plane[2] = -gm * g1 / r
    plane[3] = h * g0 / r

    g3_beta = 0.5 * (3.0 * g5 - s * g4)
    g2_beta = 0.5 * (2.0 * g4 - s * g3)
    g1_beta = 0.5 * (g3 - s * g2)
    g0_beta = -0.5 * s * g1
    for column in range(2):
        q_d, e_d, beta_d, h_d, time_d = directions[column]
        s_d = (time_d - s * q_d - gm * e_d * g3 - gm * e * g3_beta * beta_d) / r
        g0_d = -beta * g1 * s_d + g0_beta * beta_d
        g1_d = g0 * s_d + g1_beta * beta_d
        g2_d = g1 * s_d + g2_beta * beta_d
        r_d = q_d + gm * (e_d * g2 + e * g2_d)
        partials[0, column] = q_d - gm * g2_d
        partials[1, column] = h_d * g1 + h * g1_d
        partials[2, column] = -gm * (g1_d - g1 * r_d / r) / r
        partials[3, column] = (h_d * g0 + h * g0_d - h * g0 * r_d / r) / r
    attraction = -gm / (r * r * r)
    partials[0, 2] = plane[2]
    partials[1, 2] = plane[3]
    partials[2, 2] = attraction * plane[0]
    partials[3, 2] = attraction * plane[1]


@kernel
def _oriented(
    plane: NDArray[np.float64],
    partials: NDArray[np.float64],
    angles: NDArray[np.float64],
    state: NDArray[np.float64],
    jacobian: NDArray[np.float64],
) -> None:
    """Turn the orbit's plane by i, node and argument of perihelion (3,) into the frame's axes.

    The Jacobian's columns 0, 1 and 5 come from `partials`, 2, 3 and 4 are those of the angles.
    """
    ci, si = math.cos(angles[0]), math.sin(angles[0])
    cn, sn = math.cos(angles[1]), math.sin(angles[1])
    cw, sw = math.cos(angles[2]), math.sin(angles[2])
    p = (cn * cw - sn * sw * ci, sn * cw + cn * sw * ci, sw * si)
    t = (-cn * sw - sn * cw * ci, -sn * sw + cn * cw * ci, cw * si)
    w = (sn * si, -cn * si, ci)
    for half in range(2):
        x, y = plane[2 * half], plane[2 * half + 1]
        dx, dy = partials[2 * half], partials[2 * half + 1]
        row = 3 * half
        for k in range(3):
            state[row + k] = x * p[k] + y * t[k]
            jacobian[row + k, 0] = dx[0] * p[k] + dy[0] * t[k]
            jacobian[row + k, 1] = dx[1] * p[k] + dy[1] * t[k]
            jacobian[row + k, 2] = (x * sw + y * cw) * w[k]
            jacobian[row + k, 4] = x * t[k] - y * p[k]
            jacobian[row + k, 5] = dx[2] * p[k] + dy[2] * t[k]
        jacobian[row, 3] = -state[row + 1]
        jacobian[row + 1, 3] = state[row]
        jacobian[row + 2, 3] = 0.0


@kernel
def cometary_to_state(
    elements: NDArray[np.float64],
    gm: float,
    state: NDArray[np.float64],
    jacobian: NDArray[np.float64],
) -> None:
    """q, e, i, node, argument of perihelion, t - T (6,) to the state (6,) and its Jacobian (6, 6).

    q > 0 and e >= 0 are the caller's promise.
    """
    q, e, since = elements[0], elements[1], elements[5]
    beta = gm * (1.0 - e) / q
    h = math.sqrt(gm * q * (1.0 + e))
    period_by_q = 0.0
    period_by_e = 0.0
    if beta > 0.0:
        period = _TWO_PI * gm / (beta * math.sqrt(beta))
        turns = math.floor(since / period + 0.5)
        if turns != 0.0:
            since -= turns * period
            period_by_q = turns * 1.5 * period / q
            period_by_e = turns * 1.5 * period / (1.0 - e)
    directions = np.empty((2, 5))
    directions[0] = (1.0, 0.0, -beta / q, h / (2.0 * q), -period_by_q)
    directions[1] = (0.0, 1.0, -gm / q, h / (2.0 * (1.0 + e)), -period_by_e)
    plane = np.empty(4)
    partials = np.empty((4, 3))
    _perifocal(q, e, since, gm, directions, plane, partials)
    _oriented(plane, partials, elements[2:5], state, jacobian)


@kernel
def keplerian_to_state(
    elements: NDArray[np.float64],
    gm: float,
    state: NDArray[np.float64],
    jacobian: NDArray[np.float64],
) -> None:
    """a, e, i, node, argument of perihelion, M (6,) to the state (6,) and its Jacobian (6, 6).

    a (1 - e) > 0 is the caller's promise: a < 0 for a hyperbola, and no parabola.
    """
    a, e, mean_anomaly = elements[0], elements[1], elements[5]
    motion = math.sqrt(gm / abs(a)) / abs(a)
    if a > 0.0:
        mean_anomaly -= _TWO_PI * math.floor(mean_anomaly / _TWO_PI + 0.5)
    q = a * (1.0 - e)
    h = math.sqrt(gm * q * (1.0 + e))
    since = mean_anomaly / motion
    directions = np.empty((2, 5))
    directions[0] = (1.0 - e, 0.0, -gm / (a * a), h / (2.0 * a), 1.5 * since / a)
    directions[1] = (-a, 1.0, 0.0, -gm * a * e / h, 0.0)
    plane = np.empty(4)
    partials = np.empty((4, 3))
    _perifocal(q, e, since, gm, directions, plane, partials)
    _oriented(plane, partials, elements[2:5], state, jacobian)
    for k in range(6):
        jacobian[k, 5] /= motion


@kernel
def equinoctial_to_state(
    elements: NDArray[np.float64],
    gm: float,
    state: NDArray[np.float64],
    jacobian: NDArray[np.float64],
) -> None:
    """a, e sin(w + node), e cos(w + node), tan(i/2) sin node, tan(i/2) cos node, mean longitude.

    An ellipse not retrograde at exactly 180 degrees. Broucke and Cefola 1972,
    doi:10.1007/BF01228432; here differentiated by hand, regular at e = 0 and i = 0.
    """
    a, h, k, p, q = elements[0], elements[1], elements[2], elements[3], elements[4]
    longitude = elements[5] - _TWO_PI * math.floor(elements[5] / _TWO_PI + 0.5)
    f = longitude + k * math.sin(longitude) - h * math.cos(longitude)
    lower, upper = longitude - 1.0, longitude + 1.0  # |F - longitude| <= e < 1
    for _ in range(60):
        residual = f + h * math.cos(f) - k * math.sin(f) - longitude
        if residual > 0.0:
            upper = f
        else:
            lower = f
        step = residual / (1.0 - h * math.sin(f) - k * math.cos(f))
        f -= step
        if not lower <= f <= upper:
            f = 0.5 * (lower + upper)
        if abs(step) <= 1e-16 * (1.0 + abs(f)):
            break
    cf, sf = math.cos(f), math.sin(f)
    eta = math.sqrt(1.0 - h * h - k * k)
    b = 1.0 / (1.0 + eta)
    n = math.sqrt(gm / a) / a
    rho = 1.0 - h * sf - k * cf
    x = (1.0 - h * h * b) * cf + h * k * b * sf - k
    y = (1.0 - k * k * b) * sf + h * k * b * cf - h
    u = (h * k * b * cf - (1.0 - h * h * b) * sf) / rho
    v = ((1.0 - k * k * b) * cf - h * k * b * sf) / rho
    scale = 1.0 + p * p + q * q
    fx = ((1.0 - p * p + q * q) / scale, 2.0 * p * q / scale, -2.0 * p / scale)
    gx = (2.0 * p * q / scale, (1.0 + p * p - q * q) / scale, 2.0 * q / scale)
    wx = (2.0 * p / scale, -2.0 * q / scale, (1.0 - p * p - q * q) / scale)
    speed = n * a
    for row in range(3):
        state[row] = a * (x * fx[row] + y * gx[row])
        state[row + 3] = speed * (u * fx[row] + v * gx[row])
        jacobian[row, 0] = state[row] / a
        jacobian[row + 3, 0] = -0.5 * state[row + 3] / a
        # the equinoctial frame turns with p and q
        f_p = -2.0 * (q * gx[row] + wx[row]) / scale
        g_p = 2.0 * q * fx[row] / scale
        f_q = 2.0 * p * gx[row] / scale
        g_q = 2.0 * (wx[row] - p * fx[row]) / scale
        jacobian[row, 3] = a * (x * f_p + y * g_p)
        jacobian[row + 3, 3] = speed * (u * f_p + v * g_p)
        jacobian[row, 4] = a * (x * f_q + y * g_q)
        jacobian[row + 3, 4] = speed * (u * f_q + v * g_q)
    b_eta = b * b / eta  # db/dh = h b_eta, db/dk = k b_eta
    for column in (1, 2, 5):
        if column == 1:
            h_d, k_d, b_d, f_d = 1.0, 0.0, h * b_eta, -cf / rho
        elif column == 2:
            h_d, k_d, b_d, f_d = 0.0, 1.0, k * b_eta, sf / rho
        else:
            h_d, k_d, b_d, f_d = 0.0, 0.0, 0.0, 1.0 / rho
        hh_d = 2.0 * h * h_d * b + h * h * b_d
        kk_d = 2.0 * k * k_d * b + k * k * b_d
        hk_d = (h_d * k + h * k_d) * b + h * k * b_d
        rho_d = -h_d * sf - k_d * cf + (k * sf - h * cf) * f_d
        x_d = -hh_d * cf + hk_d * sf - k_d + u * rho * f_d
        y_d = -kk_d * sf + hk_d * cf - h_d + v * rho * f_d
        u_f = -h * k * b * sf - (1.0 - h * h * b) * cf
        v_f = -(1.0 - k * k * b) * sf - h * k * b * cf
        u_d = (hk_d * cf + hh_d * sf + u_f * f_d - u * rho_d) / rho
        v_d = (-kk_d * cf - hk_d * sf + v_f * f_d - v * rho_d) / rho
        for row in range(3):
            jacobian[row, column] = a * (x_d * fx[row] + y_d * gx[row])
            jacobian[row + 3, column] = speed * (u_d * fx[row] + v_d * gx[row])


@kernel
def state_to_cometary(state: NDArray[np.float64], gm: float, elements: NDArray[np.float64]) -> None:
    """A state (6,) to q, e, i, node, argument of perihelion, t - T; angles in 0 ... 2 pi.

    t - T of an ellipse is within half a period. Where the node or the perihelion is undefined
    (i = 0, e = 0) its angle is 0. A state on a line through the Sun has no elements: q is then 0.
    """
    x, y, z, vx, vy, vz = state[0], state[1], state[2], state[3], state[4], state[5]
    hx, hy, hz = y * vz - z * vy, z * vx - x * vz, x * vy - y * vx
    h2 = hx * hx + hy * hy + hz * hz
    h = math.sqrt(h2)
    r = math.sqrt(x * x + y * y + z * z)
    sigma = x * vx + y * vy + z * vz
    p = h2 / gm
    along = p / r - 1.0  # e cos(nu)
    across = sigma * h / (gm * r)  # e sin(nu)
    e = math.hypot(along, across)
    q = p / (1.0 + e)
    node_sine = math.hypot(hx, hy)
    elements[0] = q
    elements[1] = e
    elements[2] = math.atan2(node_sine, hz)
    node = math.atan2(hx, -hy) if node_sine > 0.0 else 0.0
    cn, sn = math.cos(node), math.sin(node)
    # the argument of latitude: from the node, in the orbit's plane
    from_node = x * cn + y * sn
    ahead = z * node_sine / h + (y * cn - x * sn) * hz / h
    latitude = math.atan2(ahead, from_node)
    anomaly = math.atan2(across, along) if e > 0.0 else latitude
    elements[3] = node % _TWO_PI
    elements[4] = (latitude - anomaly) % _TWO_PI
    if q == 0.0:
        elements[5] = 0.0
        return
    beta = gm * (1.0 - e) / q
    t = math.tan(0.5 * anomaly) / math.sqrt(gm * (1.0 + e) / q)  # G1(s/2) / G0(s/2)
    w = beta * t * t
    if abs(w) < 0.05:
        s = 0.0
        for k in range(14, -1, -1):
            s = 1.0 / (2 * k + 1) - w * s
        s *= 2.0 * t
    elif beta > 0.0:
        root = math.sqrt(beta)
        s = (
            2.0
            * math.atan2(
                root * math.sin(0.5 * anomaly) / math.sqrt(gm * (1.0 + e) / q),
                math.cos(0.5 * anomaly),
            )
            / root
        )
    else:
        root = math.sqrt(-beta)
        s = math.asinh(sigma * root / (gm * e)) / root
    _, _, _, c3, _, _ = stumpff_functions(beta * s * s)
    elements[5] = q * s + gm * e * s * s * s * c3


@kernel
def keplerian_to_states(
    elements: NDArray[np.float64], gm: float, states: NDArray[np.float64]
) -> None:
    """Rows a, e, i, node, argument of perihelion, M (N, 6) to states (N, 6)."""
    jacobian = np.empty((6, 6))
    for row in range(elements.shape[0]):
        keplerian_to_state(elements[row], gm, states[row], jacobian)
