"""One orbit in other elements, its covariance carried along by the exact Jacobians."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
_THIN: Final = 1e-6  # of the widest axis: thinner ones count as this wide
_DEGREE: Final = math.pi / 180.0


def with_elements(
    orbit: Orbit,
    kind: type[Elements],
    gm_sun_km3_s2: float | None = None,
    *,
    loss: float = 1e-3,
) -> Orbit:
    """The same state in elements of another kind; the orbit itself if it has these already.

    Args:
        orbit: the orbit.
        kind: the elements wanted.
        gm_sun_km3_s2: the GM to make them with, for a format that implies one; else the orbit's.
        loss: how much of the state's covariance may be lost on the way, as a part of the product
            of two standard deviations. Angles that are all but undefined (near e = 0, i = 0 or
            i = 180 degrees) have deviations so large that their digits do not hold the rest.

    Raises:
        InputError: the orbit has no such elements (a parabola, and what is next to one, has no
            semi-major axis), or, with a covariance, they are too near a singularity for it.
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
    change = _change(old, new, kind)
    others = [name for name in names if name not in orbit.elements.PARAMETERS]
    full = np.zeros((len(names), len(names)))
    for column, name in enumerate(names):
        if name in others:
            full[6 + others.index(name), column] = 1.0
        else:
            full[:6, column] = change[:, orbit.elements.PARAMETERS.index(name)]
    covariance = map_covariance(orbit.covariance, full)
    order = [names.index(name) for name in orbit.elements.PARAMETERS]
    given = map_covariance(orbit.covariance[np.ix_(order, order)], old)
    kept = map_covariance(covariance[:6, :6], new)
    sigma = np.sqrt(np.diag(given))
    # Nothing along one axis, as of a position alone, is not lost where rounding is all that shows.
    state = orbit.cartesian()
    speed_km_s = max(float(np.linalg.norm(state.velocity_km_s)), 1e-9)
    units = np.repeat([1.0, float(np.linalg.norm(state.position_km)) / speed_km_s], 3)
    sigma = np.maximum(sigma, _THIN * (sigma * units).max() / units)
    if not (np.abs(kept - given) <= loss * sigma[:, None] * sigma).all():
        raise _singular(kind)
    return replace(
        orbit,
        elements=elements,
        gm_sun_km3_s2=gm,
        covariance=covariance,
        covariance_parameters=(*elements.PARAMETERS, *others),
    )


def _change(
    old: NDArray[np.float64], new: NDArray[np.float64], kind: type[Elements]
) -> NDArray[np.float64]:
    """Partials (6, 6) of the new elements for the old, from those of the state for either."""
    rows, columns = np.abs(new).max(axis=1), np.abs(new).max(axis=0)
    scaled = new / rows[:, None] / np.where(columns > 0.0, columns, 1.0)
    try:
        change: NDArray[np.float64] = np.linalg.solve(scaled, old / rows[:, None])
    except np.linalg.LinAlgError:
        raise _singular(kind) from None
    change /= columns[:, None]
    return change


def _singular(kind: type[Elements]) -> InputError:
    return InputError(
        "the elements are singular for this orbit, or nearly so, and cannot carry its covariance",
        field="elements",
        found=kind.__name__,
        expected="elements that give the state's covariance back",
        remedy="Use a Cartesian state: an OPM, or Perilune's own format.",
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
