"""One orbit in other elements, its covariance carried along by the exact Jacobians."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np

from perilune.constants import AU_KM, DAY_S
from perilune.errors import InputError
from perilune.frames.ecliptic import ecliptic_from_icrf
from perilune.orbits.covariance import map_covariance
from perilune.orbits.element_kernels import state_to_cometary
from perilune.orbits.elements import (
    CartesianState,
    CartesianStateAu,
    CometaryElements,
    Elements,
    EquinoctialElements,
    KeplerianElements,
)
from perilune.orbits.orbit import SUN, Orbit, icrf_state

# Nearer to 1, q = a (1 - e) keeps fewer than nine of the sixteen digits that a and e have.
_PARABOLIC: Final = 1e-7
_DEGREE: Final = math.pi / 180.0


def with_elements(orbit: Orbit, kind: type[Elements], gm_sun_km3_s2: float | None = None) -> Orbit:
    """The same state in elements of another kind; the orbit itself if it has these already.

    Args:
        orbit: the orbit.
        kind: the elements wanted.
        gm_sun_km3_s2: the GM to make them with, for a format that implies one; else the orbit's.

    Raises:
        InputError: the orbit has no such elements (a parabola, and what is next to one, has no
            semi-major axis), or, with a covariance, they are singular for it (an angle that is
            undefined at e = 0 or i = 0).
    """
    gm = orbit.gm_sun_km3_s2 if gm_sun_km3_s2 is None else gm_sun_km3_s2
    if isinstance(orbit.elements, kind) and gm == orbit.gm_sun_km3_s2:
        return orbit
    elements = _elements_of(orbit, kind, gm)
    if orbit.covariance is None:
        return replace(orbit, elements=elements, gm_sun_km3_s2=gm)
    names = orbit.covariance_parameters
    new = icrf_state(elements, orbit.epoch_mjd_tdb, gm)[1]
    old = icrf_state(orbit.elements, orbit.epoch_mjd_tdb, orbit.gm_sun_km3_s2)[1]
    rows, columns = np.abs(new).max(axis=1), np.abs(new).max(axis=0)
    scaled = new / rows[:, None] / np.where(columns > 0.0, columns, 1.0)
    if np.linalg.cond(scaled) > 1e13:
        raise InputError(
            "the elements are singular for this orbit, so they can carry no covariance",
            field="elements",
            found=kind.__name__,
            remedy="Use a Cartesian state.",
        )
    change = np.linalg.solve(scaled, old / rows[:, None]) / columns[:, None]
    others = [name for name in names if name not in orbit.elements.PARAMETERS]
    full = np.zeros((len(names), len(names)))
    for column, name in enumerate(names):
        if name in others:
            full[6 + others.index(name), column] = 1.0
        else:
            full[:6, column] = change[:, orbit.elements.PARAMETERS.index(name)]
    return replace(
        orbit,
        elements=elements,
        gm_sun_km3_s2=gm,
        covariance=map_covariance(orbit.covariance, full),
        covariance_parameters=(*elements.PARAMETERS, *others),
    )


def _elements_of(orbit: Orbit, kind: type[Elements], gm: float) -> Elements:
    cartesian = orbit.cartesian()
    if kind in (CartesianState, CartesianStateAu):
        x, y, z = cartesian.position_km.tolist()
        u, v, w = cartesian.velocity_km_s.tolist()
        if kind is CartesianState:
            return CartesianState((x, y, z), (u, v, w), "ICRF", SUN)
        speed = DAY_S / AU_KM
        return CartesianStateAu(
            (x / AU_KM, y / AU_KM, z / AU_KM), (u * speed, v * speed, w * speed), "ICRF", SUN
        )
    found = np.empty(6)
    state = np.concatenate(
        [ecliptic_from_icrf(cartesian.position_km), ecliptic_from_icrf(cartesian.velocity_km_s)]
    )
    state_to_cometary(state, gm, found)
    q_km, e, inclination, node, peri, since_s = found.tolist()
    if q_km <= 0.0 or not np.isfinite(found).all():
        raise InputError(
            "a state on a line through the Sun's centre has no elements",
            field="elements",
            found=state.tolist(),
            remedy="Use a Cartesian state.",
        )
    if kind is CometaryElements:
        since_d = Decimal(since_s / DAY_S).quantize(Decimal("1e-12"))
        return CometaryElements(
            eccentricity=e,
            perihelion_distance_au=q_km / AU_KM,
            perihelion_mjd_tdb=Decimal(orbit.epoch_mjd_tdb) - since_d,
            node_deg=node / _DEGREE,
            argument_of_perihelion_deg=peri / _DEGREE,
            inclination_deg=inclination / _DEGREE,
        )
    if abs(e - 1.0) < _PARABOLIC:
        raise InputError(
            "the orbit is a parabola, or too near one for a semi-major axis",
            field="eccentricity",
            found=e,
            expected=f"e at least {_PARABOLIC} away from 1",
            remedy="Use cometary elements.",
        )
    a_km = q_km / (1.0 - e)
    mean_anomaly = math.sqrt(gm / abs(a_km)) / abs(a_km) * since_s
    if kind is KeplerianElements:
        return KeplerianElements(
            semi_major_axis_au=a_km / AU_KM,
            eccentricity=e,
            inclination_deg=inclination / _DEGREE,
            node_deg=node / _DEGREE,
            argument_of_perihelion_deg=peri / _DEGREE,
            mean_anomaly_deg=mean_anomaly / _DEGREE % 360.0 if e < 1.0 else mean_anomaly / _DEGREE,
        )
    half = math.tan(0.5 * inclination)
    return EquinoctialElements(
        semi_major_axis_au=a_km / AU_KM,
        h=e * math.sin(peri + node),
        k=e * math.cos(peri + node),
        p=half * math.sin(node),
        q=half * math.cos(node),
        mean_longitude_deg=(mean_anomaly + peri + node) / _DEGREE % 360.0,
    )
