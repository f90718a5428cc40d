"""Observers that stand on the ground, and where in their sky a direction lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray
from perilune.astrometry.observatories import GEOCENTRE, Observatory
from perilune.constants import SPEED_OF_LIGHT_KM_S
from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.frames.earth import earth_orientation
from perilune.frames.geodetic import geodetic_from_itrs
from perilune.frames.moon import MOON_ME, moon_orientation
from perilune.frames.orientation import Orientation
from perilune.frames.selenographic import selenographic_from_fixed

# Sæmundsson 1986 (Sky & Telescope 72, 70): arcmin at 1010 hPa and 10 C, from the true altitude.
_REFRACTION_RAD: Final = np.radians(1.02 / 60.0)
_SCALE_HEIGHT_KM: Final = 8.4
_LOWEST_REFRACTED_RAD: Final = np.radians(-1.0)


class Observer(Protocol):
    """Whoever sees: a site, a body's centre, an orbiter."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def state(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Barycentric ICRF positions, km, and velocities, km/s, (N, 3), at epochs (N,).

        Raises:
            OutOfRangeError: an epoch lies outside what is known of the observer.
        """

    @property
    def site(self) -> Site | None:
        """The ground it stands on; None in space."""


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A place fixed to the Earth (ITRS) or to the Moon (ME).

    Attributes:
        name: what a person calls it.
        body: "earth" or "moon".
        position_fixed_km: (3,), from the body's centre.
    """

    name: str
    body: Literal["earth", "moon"]
    position_fixed_km: NDArray[np.float64]

    @property
    def site(self) -> Site:
        """Itself."""
        return self

    def orientation(self, epoch_mjd_tdb: FloatArray) -> Orientation:
        """Of the body that it stands on."""
        if self.body == "earth":
            return earth_orientation(epoch_mjd_tdb)
        return moon_orientation(epoch_mjd_tdb, MOON_ME)

    def coordinates(self) -> tuple[float, float, float]:
        """East longitude and latitude, rad, and height, km: WGS84, or the Moon's sphere."""
        convert = geodetic_from_itrs if self.body == "earth" else selenographic_from_fixed
        longitude, latitude, height = convert(self.position_fixed_km)
        return float(longitude), float(latitude), float(height)

    def state(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Observer.state`."""
        orientation = self.orientation(epoch_mjd_tdb)
        center_km, center_km_s = planets().state(self.body, epoch_mjd_tdb)
        position_km = orientation.to_icrf(self.position_fixed_km)
        velocity_km_s = orientation.velocity_to_icrf(self.position_fixed_km, np.zeros(3))
        return center_km + position_km, center_km_s + velocity_km_s

    def altitude_azimuth(
        self,
        epoch_mjd_tdb: FloatArray,
        direction_icrf: FloatArray,
        velocity_km_s: FloatArray,
        *,
        refraction: bool = False,
    ) -> tuple[FloatArray, FloatArray]:
        """Apparent altitude and azimuth (from north through east), rad, (N,).

        Over the horizon of the WGS84 ellipsoid or the Moon's sphere of 1737.4 km. With the
        aberration of the observer's motion, without the Sun's bending of light (under 0.01 arcsec
        beyond 20 degrees from the Sun).

        Args:
            epoch_mjd_tdb: (N,).
            direction_icrf: (N, 3) astrometric unit vectors: light time, no aberration.
            velocity_km_s: (N, 3) the observer's, barycentric.
            refraction: of the air, Earth only: Sæmundsson's formula (0.1 arcmin) for 10 C and the
                pressure of the height in a standard atmosphere, from 1 degree below the horizon.
        """
        seen = aberrated(direction_icrf, velocity_km_s)
        fixed = self.orientation(epoch_mjd_tdb).to_fixed(seen)
        longitude, latitude, height_km = self.coordinates()
        sin_lon, cos_lon = np.sin(longitude), np.cos(longitude)
        sin_lat, cos_lat = np.sin(latitude), np.cos(latitude)
        east = fixed @ np.array([-sin_lon, cos_lon, 0.0])
        north = fixed @ np.array([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat])
        up = fixed @ np.array([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat])
        altitude = np.arctan2(up, np.hypot(east, north))
        if refraction and self.body == "earth":
            degrees = np.degrees(np.maximum(altitude, _LOWEST_REFRACTED_RAD))
            lift = _REFRACTION_RAD / np.tan(np.radians(degrees + 10.3 / (degrees + 5.11)))
            lift = np.maximum(lift, 0.0) * np.exp(-height_km / _SCALE_HEIGHT_KM)
            altitude = np.where(altitude >= _LOWEST_REFRACTED_RAD, altitude + lift, altitude)
        return altitude, np.mod(np.arctan2(east, north), 2.0 * np.pi)


@dataclass(frozen=True, slots=True)
class Geocentre:
    """The Earth's centre, MPC code 500."""

    name: str

    @property
    def site(self) -> None:
        """None: it has no horizon."""
        return

    def state(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Observer.state`."""
        return planets().state("earth", epoch_mjd_tdb)


def observer_of(place: Observatory) -> Site | Geocentre:
    """The observer of an MPC code.

    Raises:
        InputError: a spacecraft's or a roving observer's code, which has no place of its own.
    """
    name = f"{place.code} {place.name}"
    if place.position_itrs_km is None:
        raise InputError(
            "this code has no fixed place",
            field="observer",
            found=name,
            remedy="Describe the spacecraft in a station file (oem, spk or state) and name "
            "FILE:ELEMENT.",
        )
    if place.code == GEOCENTRE or not place.position_itrs_km.any():
        return Geocentre(name)
    return Site(name, "earth", place.position_itrs_km)


def aberrated(direction: FloatArray, velocity_km_s: FloatArray) -> FloatArray:
    """Unit vectors as a moving observer sees them (special relativity, exact), (N, 3)."""
    beta = velocity_km_s / SPEED_OF_LIGHT_KM_S
    inverse_gamma = np.sqrt(1.0 - np.sum(beta**2, axis=-1, keepdims=True))
    along = np.sum(direction * beta, axis=-1, keepdims=True)
    seen: FloatArray = (
        inverse_gamma * direction + (1.0 + along / (1.0 + inverse_gamma)) * beta
    ) / (1.0 + along)
    return seen
