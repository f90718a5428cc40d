"""Target planes of an encounter: the b-plane, and the modified target plane where there is none.

From a state relative to the encountered body at or near closest approach, two-body motion gives
the incoming asymptote S, the vector B from the body to it, and with the body's heliocentric
velocity V the axes of Valsecchi, Milani, Gronchi and Chesley 2003, A&A 408, 1179,
doi:10.1051/0004-6361:20031039, section 2: eta = S; zeta opposite to the projection of V on the
plane; xi = eta x zeta. xi is then the local orbit-to-orbit distance, zeta measures timing.

A state with no speed at infinity (captured, or v_infinity^2 <= 0 in the two-body sense) has no
asymptote. It gets the modified target plane of Milani and Valsecchi 1999, Icarus 140, 408,
doi:10.1006/icar.1999.6135: the closest point of the two-body orbit, on axes built the same way
with the velocity there in the place of S. `kind` says which plane it is; the two are not
comparable, but `impact_radius_km` gives each its own exact disc of impact.

All that is returned is constant along two-body motion but the time left to closest approach. The
Jacobians are analytic, for axes that turn with the asymptote and V held fixed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perilune.errors import InputError
from perilune.impact.linear import UncertaintyEllipse, ellipse_from_factor

Array = NDArray[np.float64]
PlaneKind = Literal["b-plane", "modified"]


@dataclass(frozen=True)
class TargetPlane:
    """One encounter on its target plane. Vectors are in the frame of the state given.

    Attributes:
        kind: "b-plane" (hyperbolic) or "modified" (plane of closest approach).
        gm_km3_s2: GM of the body.
        coordinates_km: (xi, zeta), shape (2,).
        coordinates_jacobian: with respect to position (km) and velocity (km/s), shape (2, 6).
        axes: unit vectors xi, eta, zeta as rows, shape (3, 3); eta is the plane's normal.
        v_infinity_km_s: speed at infinity; None on the modified plane.
        distance_km: distance of closest approach on the two-body orbit.
        distance_jacobian: its gradient, shape (6,).
        speed_km_s: speed at closest approach.
        time_to_closest_s: from the state to closest approach, negative when that has passed.
        time_jacobian: its gradient, in s/km and s/(km/s), shape (6,).
    """

    kind: PlaneKind
    gm_km3_s2: float
    coordinates_km: Array
    coordinates_jacobian: Array
    axes: Array
    v_infinity_km_s: float | None
    distance_km: float
    distance_jacobian: Array
    speed_km_s: float
    time_to_closest_s: float
    time_jacobian: Array

    def impact_radius_km(self, body_radius_km: float) -> float:
        """Radius of the disc on this plane whose points pass within `body_radius_km`.

        On the b-plane R sqrt(1 + 2 GM / (R v_infinity^2)), the focused cross-section (Valsecchi
        et al. 2003); on the modified plane the radius itself.
        """
        if self.v_infinity_km_s is None:
            return body_radius_km
        return focused_radius_km(body_radius_km, self.gm_km3_s2, self.v_infinity_km_s)

    def uncertainty(self, factor: ArrayLike) -> PlaneUncertainty:
        """What the uncertainty of the state comes to on this plane, to first order.

        Args:
            factor: F with F F^T the covariance of the body-centred state (km, km/s), shape
                (6, k): a state-transition matrix times a Cholesky factor of the orbit's
                covariance, with k parameters. (The product itself would lose the ellipse's
                width where it is stretched by over 1e7.)

        Raises:
            InputError: if the factor has not six rows.
            CovarianceError: if it is not finite.
        """
        rows = np.asarray(factor, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[0] != 6:
            raise InputError("a state's factor has six rows", field="factor", found=rows.shape)
        on_plane = self.coordinates_jacobian @ rows
        return PlaneUncertainty(
            ellipse=ellipse_from_factor(on_plane),
            covariance_km2=on_plane @ on_plane.T,
            distance_sigma_km=float(np.linalg.norm(self.distance_jacobian @ rows)),
            time_sigma_s=float(np.linalg.norm(self.time_jacobian @ rows)),
        )


@dataclass(frozen=True)
class PlaneUncertainty:
    """First-order uncertainty of an encounter.

    Attributes:
        ellipse: one-sigma ellipse of (xi, zeta).
        covariance_km2: covariance of (xi, zeta), shape (2, 2).
        distance_sigma_km: standard deviation of the closest distance.
        time_sigma_s: standard deviation of the time of closest approach.
    """

    ellipse: UncertaintyEllipse
    covariance_km2: Array
    distance_sigma_km: float
    time_sigma_s: float


def focused_radius_km(body_radius_km: float, gm_km3_s2: float, v_infinity_km_s: float) -> float:
    """Impact parameter of the hyperbola that grazes a sphere of `body_radius_km`."""
    focusing = 2.0 * gm_km3_s2 / (body_radius_km * v_infinity_km_s**2)
    return body_radius_km * math.sqrt(1.0 + focusing)


def target_plane(
    position_km: ArrayLike,
    velocity_km_s: ArrayLike,
    gm_km3_s2: float,
    body_velocity_km_s: ArrayLike,
) -> TargetPlane:
    """The target plane of one body-centred state.

    Args:
        position_km: relative to the body, shape (3,).
        velocity_km_s: relative to the body, shape (3,).
        gm_km3_s2: GM of the body.
        body_velocity_km_s: heliocentric velocity of the body, same axes, shape (3,).

    Raises:
        InputError: if a value is not finite, GM not above 0, the state at the centre, the
            orbit circular (no closest point), or the body's velocity along the normal.
    """
    r, v = _vector(position_km, "position_km"), _vector(velocity_km_s, "velocity_km_s")
    body_velocity = _vector(body_velocity_km_s, "body_velocity_km_s")
    if not (math.isfinite(gm_km3_s2) and gm_km3_s2 > 0.0):
        raise InputError("GM must be finite and above 0", field="gm_km3_s2", found=gm_km3_s2)
    distance = float(np.linalg.norm(r))
    if distance == 0.0:
        raise InputError("the state lies at the body's centre", field="position_km", found=r)

    d_r, d_v = np.eye(3, 6), np.eye(3, 6, 3)
    h, d_h = np.cross(r, v), _d_cross(r, d_r, v, d_v)
    d_distance = r @ d_r / distance
    # Eccentricity vector, towards closest approach.
    ecc = np.cross(v, h) / gm_km3_s2 - r / distance
    d_ecc = (
        _d_cross(v, d_v, h, d_h) / gm_km3_s2
        - d_r / distance
        + np.outer(r, d_distance) / distance**2
    )
    e = float(np.linalg.norm(ecc))
    if e < 1e-10:
        raise InputError(
            "the orbit about the body is circular: it has no closest point", found=f"e = {e:.3g}"
        )
    d_e = ecc @ d_ecc / e
    energy2 = float(v @ v) - 2.0 * gm_km3_s2 / distance  # v_infinity^2, km^2/s^2
    d_energy2 = 2.0 * (v @ d_v) + 2.0 * gm_km3_s2 / distance**2 * d_distance

    h2 = float(h @ h)
    closest = h2 / (gm_km3_s2 * (1.0 + e))
    d_closest = 2.0 * (h @ d_h) / (gm_km3_s2 * (1.0 + e)) - closest / (1.0 + e) * d_e
    time, d_time = _time_to_closest(
        r, v, d_r, d_v, distance, d_distance, energy2, d_energy2, gm_km3_s2
    )

    if energy2 > 0.0:
        u = math.sqrt(energy2)
        d_u = d_energy2 / (2.0 * u)
        # S = (e + (u/GM) h x e) / e^2 and B = S x h / u hold down to the straight fall, h = 0.
        turn = np.cross(h, ecc)
        d_turn = _d_cross(h, d_h, ecc, d_ecc)
        normal = (ecc + u / gm_km3_s2 * turn) / e**2
        d_normal = (d_ecc + (u * d_turn + np.outer(turn, d_u)) / gm_km3_s2) / e**2 - np.outer(
            normal, 2.0 * d_e / e
        )
        point = np.cross(normal, h) / u
        d_point = _d_cross(normal, d_normal, h, d_h) / u - np.outer(point, d_u / u)
        v_infinity: float | None = u
    else:
        if h2 == 0.0:
            raise InputError("a captured state that falls straight in has no target plane")
        h_norm = math.sqrt(h2)
        d_h_norm = h @ d_h / h_norm
        # Unit vector of the velocity at closest approach.
        turn = np.cross(h, ecc)
        size = h_norm * e
        normal = turn / size
        d_size = d_h_norm * e + h_norm * d_e
        d_normal = (_d_cross(h, d_h, ecc, d_ecc) - np.outer(normal, d_size)) / size
        point = closest / e * ecc
        d_point = closest / e * d_ecc + np.outer(ecc, d_closest / e - closest / e**2 * d_e)
        v_infinity = None

    axes, d_xi, d_zeta = _axes(normal, d_normal, body_velocity)
    coordinates = np.array([axes[0] @ point, axes[2] @ point])
    jacobian = np.vstack((axes[0] @ d_point + point @ d_xi, axes[2] @ d_point + point @ d_zeta))
    return TargetPlane(
        kind="b-plane" if v_infinity is not None else "modified",
        gm_km3_s2=gm_km3_s2,
        coordinates_km=coordinates,
        coordinates_jacobian=jacobian,
        axes=axes,
        v_infinity_km_s=v_infinity,
        distance_km=closest,
        distance_jacobian=d_closest,
        # From the energy: h / closest would divide 0 by 0 in a straight fall.
        speed_km_s=math.sqrt(energy2 + 2.0 * gm_km3_s2 / closest) if closest > 0.0 else math.inf,
        time_to_closest_s=time,
        time_jacobian=d_time,
    )


def target_plane_points(
    positions_km: ArrayLike,
    velocities_km_s: ArrayLike,
    gm_km3_s2: float,
    body_velocity_km_s: ArrayLike,
) -> tuple[Array, Array]:
    """b-plane points of many body-centred states, without Jacobians.

    Args:
        positions_km: shape (N, 3).
        velocities_km_s: shape (N, 3).
        gm_km3_s2: GM of the body.
        body_velocity_km_s: heliocentric velocity of the body, shape (3,) or (N, 3).

    Returns:
        (xi, zeta) in km, shape (N, 2), and the speed at infinity in km/s, shape (N,). A captured
        state has no b-plane: its row is NaN in both.
    """
    r = np.asarray(positions_km, dtype=np.float64)
    v = np.asarray(velocities_km_s, dtype=np.float64)
    body_velocity = np.asarray(body_velocity_km_s, dtype=np.float64)
    distance = np.linalg.norm(r, axis=-1)
    energy2 = np.sum(v * v, axis=-1) - 2.0 * gm_km3_s2 / distance
    u = np.sqrt(np.where(energy2 > 0.0, energy2, np.nan))
    h = np.cross(r, v)
    ecc = np.cross(v, h) / gm_km3_s2 - r / distance[..., None]
    e2 = np.sum(ecc * ecc, axis=-1)[..., None]
    normal = (ecc + (u / gm_km3_s2)[..., None] * np.cross(h, ecc)) / e2
    point = np.cross(normal, h) / u[..., None]
    across = body_velocity - np.sum(body_velocity * normal, axis=-1)[..., None] * normal
    zeta_axis = -across / np.linalg.norm(across, axis=-1)[..., None]
    xi_axis = np.cross(normal, zeta_axis)
    xi, zeta = np.sum(point * xi_axis, axis=-1), np.sum(point * zeta_axis, axis=-1)
    return np.stack((xi, zeta), axis=-1), u


def _time_to_closest(
    r: Array,
    v: Array,
    d_r: Array,
    d_v: Array,
    distance: float,
    d_distance: Array,
    energy2: float,
    d_energy2: Array,
    gm: float,
) -> tuple[float, Array]:
    """Kepler's equation for the time left to closest approach, with its gradient.

    With a = |GM / v_infinity^2|: sine = e sinh F (or e sin E) and cosine = e cosh F (or e cos E)
    come from the state, F (or E) from their quotient.
    """
    if energy2 == 0.0:
        raise InputError("the orbit about the body is exactly parabolic")
    sign = 1.0 if energy2 > 0.0 else -1.0
    a = gm / abs(energy2)
    d_a = -a / energy2 * d_energy2
    radial = float(r @ v)
    d_radial = v @ d_r + r @ d_v
    root = math.sqrt(gm * a)
    sine = radial / root
    d_sine = d_radial / root - 0.5 * sine / a * d_a
    cosine = 1.0 + sign * distance / a
    d_cosine = sign * (d_distance / a - distance / a**2 * d_a)
    anomaly = math.atanh(sine / cosine) if sign > 0.0 else math.atan2(sine, cosine)
    d_anomaly = (cosine * d_sine - sine * d_cosine) / (cosine**2 - sign * sine**2)
    rate = math.sqrt(gm / a**3)
    mean = sign * (sine - anomaly)
    d_mean = sign * (d_sine - d_anomaly)
    return -mean / rate, -d_mean / rate - 1.5 * mean / rate / a * d_a


def _axes(normal: Array, d_normal: Array, body_velocity: Array) -> tuple[Array, Array, Array]:
    """Axes xi, eta, zeta as rows, and the derivatives of xi and zeta, shape (3, 6) each."""
    across = body_velocity - (body_velocity @ normal) * normal
    size = float(np.linalg.norm(across))
    if size <= 1e-12 * float(np.linalg.norm(body_velocity)):
        raise InputError(
            "the body's velocity lies along the target plane's normal: zeta is not defined",
            field="body_velocity_km_s",
            found=body_velocity,
        )
    zeta = -across / size
    d_across = -np.outer(normal, body_velocity @ d_normal) - (body_velocity @ normal) * d_normal
    d_zeta = -(d_across - np.outer(zeta, zeta @ d_across)) / size
    xi = np.cross(normal, zeta)
    d_xi = _d_cross(normal, d_normal, zeta, d_zeta)
    return np.vstack((xi, normal, zeta)), d_xi, d_zeta


def _d_cross(a: Array, d_a: Array, b: Array, d_b: Array) -> Array:
    """Derivative of a x b, shape (3, 6)."""
    return np.asarray(np.cross(a[:, None], d_b, axis=0) + np.cross(d_a, b[:, None], axis=0))


def _vector(value: ArrayLike, field: str) -> Array:
    vector = np.asarray(value, dtype=np.float64)
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise InputError("three finite numbers are needed", field=field, found=value)
    return vector
