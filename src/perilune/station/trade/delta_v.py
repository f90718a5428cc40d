"""Δv of coming to a station's elements and of going down from them.

The legs are those of the table (`build_up/routes.py`). For a circular or elliptical orbit about the
Moon the table's low orbit stands for a circle 100 km high; the rest is two-body mechanics between
coplanar orbits, with impulses at the apsides (Vallado 2013, section 6.3). Turns of the plane are
left out: on arrival the plane is free, and a site far from the orbit's plane costs more.
"""

from __future__ import annotations

import math
from typing import Final

from perilune.constants import MOON_RADIUS_KM
from perilune.ephemeris import planets
from perilune.station.build_up.routes import LEGS_KM_S, route_km_s
from perilune.station.places import Site
from perilune.station.spacecraft import Orbiter

LOW_KM: Final = MOON_RADIUS_KM + 100.0  # the table's low orbit
FAMILIES: Final = ("nrho", "llo", "frozen")


def arrival_dv_km_s(element: Site | Orbiter) -> float:
    """Δv from the way to the Moon into an orbit, or down to a site over a low orbit.

    Raises:
        ValueError: no orbit that the table or its low orbit leads to.
    """
    if isinstance(element, Site):
        return route_km_s("tli", "surface")
    if element.nrho is not None:
        return LEGS_KM_S["tli", "nrho"]
    low_km, high_km = _apsides(element)
    gm = _gm()
    # The table's leg tells with which speed, its margins included, one arrives.
    excess2 = (LEGS_KM_S["tli", "llo"] + math.sqrt(gm / LOW_KM)) ** 2 - 2.0 * gm / LOW_KM
    arriving = math.sqrt(excess2 + 2.0 * gm / low_km)
    return arriving - _speed(low_km, low_km, high_km)


def surface_dv_km_s(orbiter: Orbiter) -> float:
    """Δv from an orbit to the surface over a low orbit.

    Raises:
        ValueError: as in `arrival_dv_km_s`.
    """
    if orbiter.nrho is not None:
        return route_km_s("nrho", "surface")
    low_km, high_km = _apsides(orbiter)
    # At one apsis the other is moved to the low orbit's radius, where the circle is taken up.
    ways = []
    for first_km, other_km in ((high_km, low_km), (low_km, high_km)):
        leave = abs(_speed(first_km, first_km, LOW_KM) - _speed(first_km, first_km, other_km))
        enter = abs(_speed(LOW_KM, LOW_KM, first_km) - _speed(LOW_KM, LOW_KM, LOW_KM))
        ways.append(leave + enter)
    return min(ways) + LEGS_KM_S["llo", "surface"]


def _gm() -> float:
    return float(planets().constants.gm_major_km3_s2[4])


def _speed(at_km: float, one_km: float, other_km: float) -> float:
    """The speed at a radius of an orbit with two apsides, km/s."""
    return math.sqrt(_gm() * (2.0 / at_km - 2.0 / (one_km + other_km)))


def _apsides(orbiter: Orbiter) -> tuple[float, float]:
    if orbiter.llo is not None:
        radius_km = MOON_RADIUS_KM + orbiter.llo.altitude
        return radius_km, radius_km
    if orbiter.frozen is not None:
        return MOON_RADIUS_KM + orbiter.frozen.perilune, MOON_RADIUS_KM + orbiter.frozen.apolune
    raise ValueError(f"no legs lead to orbits of the family {orbiter.family}")
