"""The station's eyes: its telescopes, and its observatories by their MPC codes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.sites import Observer
from perilune.constants import EARTH_EQUATORIAL_RADIUS_KM, MOON_RADIUS_KM
from perilune.ephemeris import planets
from perilune.station.facilities import Telescope
from perilune.station.places import Site
from perilune.station.spacecraft import Orbiter
from perilune.station.station import Station
from perilune.station.surroundings import Surroundings
from perilune.times import FloatArray, parse_epoch

Where = Literal["earth", "moon", "orbit"]

# What holds where a station file says nothing.
SUN_ELONGATION_RAD: Final = math.radians(45.0)
SUN_ALTITUDE_RAD: Final = math.radians(-12.0)
ELEVATION_RAD: Final = math.radians(20.0)

_UNKNOWN: Final = Telescope.model_validate({})
_RADII_KM: Final = {"earth": EARTH_EQUATORIAL_RADIUS_KM, "moon": MOON_RADIUS_KM}


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """A telescope, and where it is at some epochs.

    Attributes:
        element: the site or the orbiter that carries it.
        name: its facility's id, or its site's MPC code.
        where: on which ground, or "orbit".
        limit_mag: the faintest V that it detects; None where the file does not say.
        sun_elongation_rad: how near the Sun it may point, off the Earth.
        sun_altitude_rad: how high the Sun may stand, on the Earth.
        planned_from: the date from which it is there, if that is yet to come.
        observer: itself.
        horizon_rad: (H,) the lowest altitudes at even azimuths from north through east; empty
            in orbit.
        epoch_mjd_tdb: (T,).
        position_km, velocity_km_s: (T, 3), barycentric ICRF.
        to_sun: (T, 3) unit vectors.
    """

    element: str
    name: str
    where: Where
    limit_mag: float | None
    sun_elongation_rad: float
    sun_altitude_rad: float
    planned_from: str | None
    observer: Observer
    horizon_rad: FloatArray
    epoch_mjd_tdb: FloatArray
    position_km: FloatArray
    velocity_km_s: FloatArray
    to_sun: FloatArray

    def lowest_rad(self, azimuth_rad: FloatArray) -> FloatArray:
        """The lowest altitude at azimuths (N,)."""
        grid = np.arange(self.horizon_rad.size) * (2.0 * np.pi / self.horizon_rad.size)
        return np.interp(azimuth_rad, grid, self.horizon_rad, period=2.0 * np.pi)

    def hidden(self, direction: FloatArray, distance_km: FloatArray) -> NDArray[np.bool_]:
        """Where the Moon or the Earth stands before directions (T, 3): (T,), in orbit."""
        found = np.zeros(len(direction), dtype=np.bool_)
        for body, radius_km in _RADII_KM.items():
            away = planets().state(body, self.epoch_mjd_tdb)[0] - self.position_km
            along = np.sum(away * direction, axis=1)
            across = np.linalg.norm(away - along[:, np.newaxis] * direction, axis=1)
            found |= (along > 0.0) & (across < radius_km) & (distance_km > along)
        return found


def station_eyes(
    station: Station, around: Surroundings, epoch_mjd_tdb: FloatArray, now_mjd_tdb: float
) -> Iterator[Eye]:
    """The station's eyes at epochs: telescopes wherever they are, and sites by MPC codes.

    A site by its code whose facilities are none of them telescopes is not an observatory here.

    Raises:
        InputError: an element's file or terrain cannot be used.
        OutOfRangeError: an orbiter's path does not cover the epochs.
    """
    starts = {phase.id: phase.start for phase in station.phases}
    elements: list[Site | Orbiter] = [*station.sites, *station.orbiters]
    for element in elements:
        carried = station.facilities_at(element.id)
        named = [
            (each.id, each.telescope or _UNKNOWN, each.phase)
            for each in carried
            if each.kind == "telescope" or each.telescope is not None
        ]
        if isinstance(element, Site) and element.mpc is not None and not carried:
            named.append((element.mpc, _UNKNOWN, None))
        if not named:
            continue
        plain = bare_eye(station, around, element, epoch_mjd_tdb)
        for name, telescope, phase in named:
            start = None if phase is None else starts[phase]
            is_planned = start is not None and parse_epoch(start) > now_mjd_tdb
            yield replace(
                plain,
                name=name,
                limit_mag=telescope.limit,
                sun_elongation_rad=_or(telescope.sun_elongation, SUN_ELONGATION_RAD),
                sun_altitude_rad=_or(telescope.sun_altitude, SUN_ALTITUDE_RAD),
                planned_from=start if is_planned else None,
                horizon_rad=_lowest(around, element, telescope),
            )


def bare_eye(
    station: Station, around: Surroundings, element: Site | Orbiter, epoch_mjd_tdb: FloatArray
) -> Eye:
    """A site or orbiter with a telescope of which nothing is known; called by its own id.

    Raises:
        InputError: the element's file or terrain cannot be used.
        OutOfRangeError: an orbiter's path does not cover the epochs.
    """
    observer = station.observer(element.id)
    position_km, velocity_km_s = observer.state(epoch_mjd_tdb)
    away = planets().state("sun", epoch_mjd_tdb)[0] - position_km
    return Eye(
        element=element.id,
        name=element.id,
        where=element.body if isinstance(element, Site) else "orbit",
        limit_mag=None,
        sun_elongation_rad=SUN_ELONGATION_RAD,
        sun_altitude_rad=SUN_ALTITUDE_RAD,
        planned_from=None,
        observer=observer,
        horizon_rad=_lowest(around, element, _UNKNOWN),
        epoch_mjd_tdb=epoch_mjd_tdb,
        position_km=position_km,
        velocity_km_s=velocity_km_s,
        to_sun=away / np.linalg.norm(away, axis=1, keepdims=True),
    )


def _lowest(around: Surroundings, element: Site | Orbiter, telescope: Telescope) -> FloatArray:
    if not isinstance(element, Site):
        return np.zeros(0)
    if element.body == "earth":
        return np.full(4, _or(telescope.elevation, ELEVATION_RAD))
    ground = around.horizon(element).altitude_rad
    return np.maximum(ground, _or(telescope.elevation, -0.5 * math.pi))


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
