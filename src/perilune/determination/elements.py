"""A fitted orbit's elements as numbers with their sigmas."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from perilune.errors import InputError
from perilune.orbits import (
    CartesianState,
    CometaryElements,
    KeplerianElements,
    Orbit,
    with_elements,
)
from perilune.orbits.orbit import SUN, CartesianOrbit

_COMETARY = ("e", "q_au", "tp_mjd_tdb", "node_deg", "peri_deg", "i_deg")
_KEPLERIAN = ("a_au", "m_deg")


def element_values(
    orbit: CartesianOrbit,
) -> tuple[dict[str, float | None], dict[str, float | None]]:
    """Cometary and Keplerian elements, ecliptic J2000, degrees, au and MJD TDB; and sigmas.

    `a_au` and `m_deg` are None next to a parabola; sigmas are None without a covariance and
    where the elements are singular.
    """
    x, y, z = orbit.position_km.tolist()
    u, v, w = orbit.velocity_km_s.tolist()
    state = CartesianState((x, y, z), (u, v, w), "ICRF", SUN)
    covariance = None if orbit.covariance is None else orbit.covariance[:6, :6]
    if covariance is not None:
        covariance = 0.5 * (covariance + covariance.T)
    plain = Orbit(
        designation="",
        name=None,
        number=None,
        solution="",
        publisher="",
        solution_date=None,
        epoch_mjd_tdb=orbit.epoch_mjd_tdb,
        elements=state,
        covariance=covariance,
        covariance_parameters=() if covariance is None else state.PARAMETERS,
    )
    values: dict[str, float | None] = dict.fromkeys((*_COMETARY, *_KEPLERIAN))
    sigmas: dict[str, float | None] = dict.fromkeys((*_COMETARY, *_KEPLERIAN))
    for kind, names in ((CometaryElements, _COMETARY), (KeplerianElements, _KEPLERIAN)):
        found = _converted(plain, kind)
        if found is None:
            continue
        elements = found.elements
        if isinstance(elements, CometaryElements):
            values |= {
                "e": elements.eccentricity,
                "q_au": elements.perihelion_distance_au,
                "tp_mjd_tdb": float(Decimal(elements.perihelion_mjd_tdb)),
                "node_deg": elements.node_deg,
                "peri_deg": elements.argument_of_perihelion_deg,
                "i_deg": elements.inclination_deg,
            }
        elif isinstance(elements, KeplerianElements):
            values |= {"a_au": elements.semi_major_axis_au, "m_deg": elements.mean_anomaly_deg}
        if found.covariance is not None:
            spread = np.sqrt(np.clip(np.diag(found.covariance), 0.0, None))
            given = [name.replace("tp_d", "tp_mjd_tdb") for name in found.covariance_parameters]
            sigmas |= {name: float(spread[given.index(name)]) for name in names}
    return values, sigmas


def _converted(
    orbit: Orbit, kind: type[CometaryElements] | type[KeplerianElements]
) -> Orbit | None:
    try:
        return with_elements(orbit, kind)
    except InputError:
        if orbit.covariance is None:
            return None
    from dataclasses import replace

    return _converted(replace(orbit, covariance=None, covariance_parameters=()), kind)
