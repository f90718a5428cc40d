"""Objects and their orbits as the API gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

import numpy as np

from perilune.constants import AU_KM, DAY_S
from perilune.errors import InputError
from perilune.impact.scales import diameter_km
from perilune.orbits.conversion import with_elements
from perilune.orbits.elements import GM_SUN_DE440_KM3_S2, KeplerianElements
from perilune.orbits.orbit import Orbit
from perilune.times import format_tdb

UNITS: Final = {
    "epoch_mjd_tdb": "d",
    "diameter_km": "km; from H and an albedo of 0.14 where is_diameter_measured is false",
    "absolute_magnitude_h": "mag",
    "elements.semi_major_axis_au": "au",
    "elements.*_deg": "deg, ecliptic J2000",
    "perihelion_au": "au",
    "aphelion_au": "au; null for a parabola or hyperbola",
    "period_d": "d; likewise",
    "sigma": "standard deviations in the units of their elements",
}


def object_row(orbit: Orbit) -> dict[str, Any]:
    """What a list shows of an object."""
    size_km = orbit.diameter_km
    if size_km is None and orbit.absolute_magnitude_h is not None:
        size_km = float(diameter_km(orbit.absolute_magnitude_h))
    return {
        "object": orbit.full_name,
        "designation": orbit.designation,
        "name": orbit.name,
        "number": orbit.number,
        "solution": orbit.solution,
        "publisher": orbit.publisher,
        "absolute_magnitude_h": orbit.absolute_magnitude_h,
        "diameter_km": size_km,
        "is_diameter_measured": orbit.diameter_km is not None,
    }


def orbit_row(orbit: Orbit) -> dict[str, Any]:
    """One solution: Keplerian elements where the orbit has them, shape and uncertainty."""
    row = object_row(orbit) | {
        "solution_date": orbit.solution_date,
        "epoch_mjd_tdb": orbit.epoch_mjd_tdb,
        "epoch_tdb": format_tdb(orbit.epoch_mjd_tdb, 0),
        "has_covariance": orbit.covariance is not None,
        "non_gravitational": orbit.non_gravitational,
        "elements": None,
        "sigma": None,
    }
    shape = _shape(orbit)
    try:
        kepler = with_elements(orbit, KeplerianElements)
    except InputError:  # a parabola has no semi-major axis
        return row | shape
    sigma = None
    if kepler.covariance is not None:
        deviations = np.sqrt(np.diag(kepler.covariance)).tolist()
        known = dict(zip(kepler.covariance_parameters, deviations, strict=True))
        # The covariance names its parameters more shortly than the elements do.
        names = zip(fields(KeplerianElements), KeplerianElements.PARAMETERS, strict=True)
        sigma = {field.name: known[short] for field, short in names}
    return row | shape | {"elements": kepler.elements, "sigma": sigma}


ELEMENT_UNITS: Final = {
    "epoch_mjd_tdb": "d",
    "perihelion_au": "au",
    "inclination_deg": "deg, ecliptic J2000, as all angles",
    "perihelion_mjd_tdb": "d, the passage nearest to the epoch by the mean anomaly",
}


def element_columns(rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Columns of `preferred_elements`, with the time of perihelion; parabolas are left out."""
    known = [row for row in rows if row.semi_major_axis_au is not None]
    axis_km = np.array([abs(row.semi_major_axis_au) for row in known]) * AU_KM
    anomaly = np.radians([row.mean_anomaly_deg for row in known])
    epoch = np.array([row.epoch_mjd_tdb for row in known])
    closed = np.array([row.eccentricity < 1.0 for row in known], dtype=np.bool_)
    # The anomaly of an ellipse counts from -180 deg, so that the passage is the nearest one.
    turned = np.remainder(anomaly + np.pi, 2.0 * np.pi) - np.pi
    motion_rad_d = np.sqrt(GM_SUN_DE440_KM3_S2 / axis_km**3) * DAY_S
    perihelion = epoch - np.where(closed, turned, anomaly) / motion_rad_d
    return {
        "objects": [row.full_name for row in known],
        "epoch_mjd_tdb": epoch.tolist(),
        "perihelion_au": [row.perihelion_distance_au for row in known],
        "eccentricity": [row.eccentricity for row in known],
        "inclination_deg": [row.inclination_deg for row in known],
        "node_deg": [row.node_deg for row in known],
        "argument_of_perihelion_deg": [row.argument_of_perihelion_deg for row in known],
        "perihelion_mjd_tdb": perihelion.tolist(),
    }


def _shape(orbit: Orbit) -> dict[str, float | None]:
    """Perihelion, aphelion and period of the osculating conic."""
    state = orbit.cartesian()
    gm = orbit.gm_sun_km3_s2
    r, v = state.position_km, state.velocity_km_s
    distance = float(np.linalg.norm(r))
    momentum = np.cross(r, v)
    eccentricity = float(np.linalg.norm(np.cross(v, momentum) / gm - r / distance))
    perihelion = float(momentum @ momentum) / gm / (1.0 + eccentricity)
    inverse_axis = 2.0 / distance - float(v @ v) / gm
    if eccentricity >= 1.0 or inverse_axis <= 0.0:
        return {"perihelion_au": perihelion / AU_KM, "aphelion_au": None, "period_d": None}
    axis = 1.0 / inverse_axis
    return {
        "perihelion_au": perihelion / AU_KM,
        "aphelion_au": axis * (1.0 + eccentricity) / AU_KM,
        "period_d": 2.0 * np.pi * float(np.sqrt(axis**3 / gm)) / 86400.0,
    }
