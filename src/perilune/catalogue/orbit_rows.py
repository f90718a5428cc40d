"""An orbit as a row of the table `orbits`, and back to the last bit.

Keplerian elements without more are held by the columns alone. Everything else (a covariance,
other elements, non-gravitational forces, a comet's magnitudes) stands whole in `document_json`,
Perilune's own format, and the columns hold what is asked for: the elements at the epoch of the
orbit, its magnitude, the uncertainty of its semi-major axis.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import struct
from typing import Any, Final, NamedTuple

import numpy as np

from perilune.constants import AU_KM
from perilune.orbits.conversion import with_elements
from perilune.orbits.elements import GM_SUN_DE440_KM3_S2, CometaryElements, KeplerianElements
from perilune.orbits.orbit import Orbit
from perilune.orbits.perilune_json import parse_perilune, write_perilune
from perilune.orbits.reading import SourceText


class OrbitRow(NamedTuple):
    """The columns of an orbit that carry data, in the order in which they are written."""

    solution: str
    publisher: str
    solution_date: str | None
    epoch_mjd_tdb: float
    semi_major_axis_au: float | None
    semi_major_axis_sigma_au: float | None
    eccentricity: float
    inclination_deg: float
    node_deg: float
    argument_of_perihelion_deg: float
    mean_anomaly_deg: float | None
    perihelion_distance_au: float
    absolute_magnitude_h: float | None
    slope_g: float | None
    diameter_km: float | None
    albedo: float | None
    has_covariance: bool
    document_json: str | None
    source: str


_PARABOLIC: Final = 1e-7  # nearer to 1 there is no semi-major axis to speak of, see `with_elements`
_PACK: Final = struct.Struct("<11d").pack
_ABSENT: Final = math.nan


def orbit_row(orbit: Orbit) -> OrbitRow:
    """The orbit as a row."""
    a, e, i, node, peri, anomaly, q = _elements(orbit)
    return OrbitRow(
        solution=orbit.solution,
        publisher=orbit.publisher,
        solution_date=orbit.solution_date,
        epoch_mjd_tdb=orbit.epoch_mjd_tdb,
        semi_major_axis_au=a,
        semi_major_axis_sigma_au=semi_major_axis_sigma_au(orbit),
        eccentricity=e,
        inclination_deg=i,
        node_deg=node,
        argument_of_perihelion_deg=peri,
        mean_anomaly_deg=anomaly,
        perihelion_distance_au=q,
        absolute_magnitude_h=orbit.absolute_magnitude_h,
        slope_g=orbit.slope_g,
        diameter_km=orbit.diameter_km,
        albedo=orbit.albedo,
        has_covariance=orbit.covariance is not None,
        document_json=None if _is_plain(orbit) else _document(orbit),
        source=orbit.source,
    )


def orbit_digest(designation: str, name: str | None, number: int | None, row: OrbitRow) -> bytes:
    """SHA-256 of an orbit by its columns, whatever way it came; where it was read is no part.

    Args:
        designation, name, number: of its object, as the orbit gives them.
        row: the orbit.
    """
    if row.document_json is not None:
        return hashlib.sha256(row.document_json.encode()).digest()
    _, _, _, epoch, a, _, e, i, node, peri, anomaly, _, h, g, diameter, albedo, _, _, _ = row
    words = (designation, name, number, row.solution, row.publisher, row.solution_date)
    given = (epoch, a, e, i, node, peri, anomaly, h, g, diameter, albedo)
    numbers = _PACK(*(_ABSENT if value is None else value for value in given))
    return hashlib.sha256(f"{words!r}".encode() + numbers).digest()


def orbit_of(designation: str, name: str | None, number: int | None, row: Any) -> Orbit:
    """The orbit of a row, an `OrbitRow` or one that the database gives; inverse of `orbit_row`.

    Raises:
        InputError: the row's document is damaged.
    """
    document = row.document_json
    if document is not None:
        (orbit,) = parse_perilune(SourceText(document, row.source or None))
        return dataclasses.replace(orbit, source=row.source)
    return Orbit(
        designation=designation,
        name=name,
        number=number,
        solution=row.solution,
        publisher=row.publisher,
        solution_date=row.solution_date,
        epoch_mjd_tdb=row.epoch_mjd_tdb,
        elements=KeplerianElements(
            row.semi_major_axis_au,
            row.eccentricity,
            row.inclination_deg,
            row.node_deg,
            row.argument_of_perihelion_deg,
            row.mean_anomaly_deg,
        ),
        absolute_magnitude_h=row.absolute_magnitude_h,
        slope_g=row.slope_g,
        diameter_km=row.diameter_km,
        albedo=row.albedo,
        source=row.source,
    )


def semi_major_axis_sigma_au(orbit: Orbit) -> float | None:
    """Standard deviation of the semi-major axis; None without a covariance or for no ellipse.

    By the partials of the energy: da = 2 a^2 (r·dr / r^3 + v·dv / GM).
    """
    if orbit.covariance is None:
        return None
    found = orbit.cartesian()
    assert found.covariance is not None
    r = float(np.linalg.norm(found.position_km))
    v_squared = float(found.velocity_km_s @ found.velocity_km_s)
    gm = orbit.gm_sun_km3_s2
    inverse = 2.0 / r - v_squared / gm
    if inverse <= 0.0:
        return None
    slope = np.concatenate([found.position_km / r**3, found.velocity_km_s / gm]) * 2.0 / inverse**2
    variance = float(slope @ found.covariance[:6, :6] @ slope)
    return math.sqrt(max(variance, 0.0)) / AU_KM


def _is_plain(orbit: Orbit) -> bool:
    return (
        isinstance(orbit.elements, KeplerianElements)
        and orbit.covariance is None
        and orbit.non_gravitational is None
        and orbit.total_magnitude_m1 is None
        and orbit.total_slope_k1 is None
        and orbit.gm_sun_km3_s2 == GM_SUN_DE440_KM3_S2
    )


def _document(orbit: Orbit) -> str:
    return write_perilune([dataclasses.replace(orbit, source="")])


def _elements(
    orbit: Orbit,
) -> tuple[float | None, float, float, float, float, float | None, float]:
    """a, e, i, node, argument of perihelion, mean anomaly, q; a and anomaly None for a parabola."""
    bare = dataclasses.replace(orbit, covariance=None, covariance_parameters=())
    found = bare.elements
    if isinstance(found, CometaryElements):
        e, q = found.eccentricity, found.perihelion_distance_au
    elif isinstance(found, KeplerianElements):
        e, q = found.eccentricity, found.semi_major_axis_au * (1.0 - found.eccentricity)
    else:
        cometary = with_elements(bare, CometaryElements).elements
        assert isinstance(cometary, CometaryElements)
        found, e, q = cometary, cometary.eccentricity, cometary.perihelion_distance_au
    angles = (found.inclination_deg, found.node_deg, found.argument_of_perihelion_deg)
    if abs(e - 1.0) < _PARABOLIC:
        return (None, e, *angles, None, q)
    keplerian = with_elements(bare, KeplerianElements).elements
    assert isinstance(keplerian, KeplerianElements)
    return (keplerian.semi_major_axis_au, e, *angles, keplerian.mean_anomaly_deg, q)
