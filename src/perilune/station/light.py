"""Light and sky of a site on the Moon: the Sun's disc, nights, and the Earth over the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.sites import Site as GroundSite
from perilune.constants import EARTH_EQUATORIAL_RADIUS_KM
from perilune.errors import InputError
from perilune.station.horizon import Horizon
from perilune.station.sky_kernels import sky_over
from perilune.station.sky_track import NODE_STEP_D, SkyTrack, sky_track
from perilune.times import FloatArray

SUN_RADIUS_KM: Final = 695_700.0  # IAU 2015 resolution B3
STEP_D: Final = 10.0 / 1440.0
SAROS_D: Final = 18.6 * 365.25  # a turn of the Moon's nodes
_RINGS: Final = 2000
_MOST_STEPS: Final = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """What a site sees at evenly spaced times; no refraction, since there is no air.

    Attributes:
        site: its name.
        latitude_rad: its latitude.
        horizon: over which.
        first_mjd_tdb, step_d: the times.
        sun: (T, 3) the visible share of the Sun's disc, altitude and azimuth of its centre, rad.
        earth: (T, 3) the height of the Earth's centre over the horizon, its altitude over the
            level and azimuth, rad.
    """

    site: str
    latitude_rad: float
    horizon: Horizon
    first_mjd_tdb: float
    step_d: float
    sun: FloatArray
    earth: FloatArray

    @property
    def epoch_mjd_tdb(self) -> FloatArray:
        """The times (T,)."""
        return self.first_mjd_tdb + self.step_d * np.arange(float(len(self.sun)))

    @property
    def sky_fraction(self) -> float:
        """The share of the whole sky that comes over the horizon within a month."""
        return sky_fraction(self.horizon, self.latitude_rad)

    @property
    def sun_fraction(self) -> float:
        """The mean share of the Sun's disc that is seen."""
        return float(self.sun[:, 0].mean())

    @property
    def longest_night_d(self) -> float:
        """The longest time without any part of the Sun, as far as it lies within the span."""
        return longest_run(self.sun[:, 0] <= 0.0) * self.step_d

    @property
    def earth_fraction(self) -> float:
        """How much of the time the Earth's centre stands over the horizon."""
        return float(np.mean(self.earth[:, 0] > 0.0))


def longest_run(is_so: NDArray[np.bool_]) -> int:
    """The length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_so, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def sky_fraction(horizon: Horizon, latitude_rad: float) -> float:
    """The share of the whole sky that stands over a horizon at some time of a month.

    The sky turns about the Moon's pole in 27.3 days. Over a level horizon it is
    (1 + cos latitude) / 2: half at a pole, all at the equator.
    """
    # Rings of equal area, and as many moments of a turn as the horizon has azimuths.
    sin_dec = (np.arange(_RINGS) + 0.5) / _RINGS * 2.0 - 1.0
    cos_dec = np.sqrt(1.0 - sin_dec**2)[:, np.newaxis]
    sin_dec = sin_dec[:, np.newaxis]
    hour = np.arange(horizon.altitude_rad.size) * (2.0 * np.pi / horizon.altitude_rad.size)
    sin_lat, cos_lat = np.sin(latitude_rad), np.cos(latitude_rad)
    east = -cos_dec * np.sin(hour)
    north = sin_dec * cos_lat - cos_dec * np.cos(hour) * sin_lat
    up = sin_dec * sin_lat + cos_dec * np.cos(hour) * cos_lat
    azimuth, altitude = np.arctan2(east, north), np.arctan2(up, np.hypot(east, north))
    ground = np.interp(azimuth, hour, horizon.altitude_rad, period=2.0 * np.pi)
    return float(np.mean((altitude > ground).any(axis=1)))


def site_sky(
    ground: GroundSite,
    mast_km: float,
    horizon: Horizon,
    start_mjd_tdb: float,
    stop_mjd_tdb: float,
    *,
    step_d: float = STEP_D,
    track: SkyTrack | None = None,
) -> Sky:
    """The sky of a site on the Moon over a span.

    Args:
        ground: the place, ME axes.
        mast_km: how high the eye stands over it.
        horizon: as the eye sees it.
        step_d: between times.
        track: the Sun and the Earth over this span, where they are there already.

    Raises:
        InputError: the span is empty or has too many steps.
        OutOfRangeError: it leaves the ephemeris.
    """
    count = int(np.floor((stop_mjd_tdb - start_mjd_tdb) / step_d)) + 1
    if stop_mjd_tdb <= start_mjd_tdb or count > _MOST_STEPS:
        raise InputError(
            "the span is empty" if count <= _MOST_STEPS else "the span has too many steps",
            field="--stop",
            found=f"{stop_mjd_tdb - start_mjd_tdb:.6g} days",
            expected=f"after the start, and at most {_MOST_STEPS * step_d:.0f} days",
        )
    path = track or sky_track(start_mjd_tdb, stop_mjd_tdb)
    sun, earth = np.empty((count, 3)), np.empty((count, 3))
    longitude, latitude, _ = ground.coordinates()
    axes = local_axes(longitude, latitude)
    sky_over(
        path.places_km,
        (start_mjd_tdb - path.first_mjd_tdb) / NODE_STEP_D,
        step_d / NODE_STEP_D,
        ground.position_fixed_km + mast_km * axes[2],
        axes,
        horizon.altitude_rad,
        SUN_RADIUS_KM,
        EARTH_EQUATORIAL_RADIUS_KM,
        sun,
        earth,
    )
    return Sky(ground.name, latitude, horizon, start_mjd_tdb, step_d, sun, earth)


def local_axes(longitude_rad: float, latitude_rad: float) -> FloatArray:
    """East, north and up (rows) in the body's axes; at a pole north is along its meridian."""
    sin_lon, cos_lon = np.sin(longitude_rad), np.cos(longitude_rad)
    sin_lat, cos_lat = np.sin(latitude_rad), np.cos(latitude_rad)
    return np.array(
        [
            [-sin_lon, cos_lon, 0.0],
            [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        ]
    )
