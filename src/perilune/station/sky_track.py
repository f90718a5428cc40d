"""The Sun and the Earth as the Moon's centre sees them, in axes fixed to the Moon (ME)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from perilune.astrometry.sites import aberrated
from perilune.constants import DAY_S, SPEED_OF_LIGHT_KM_S
from perilune.ephemeris import planets
from perilune.frames.moon import moon_orientation
from perilune.times import FloatArray

# Six nodes a quarter of a day apart leave 2e-9 rad (tests/truth/test_station_light.py).
NODE_STEP_D: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class SkyTrack:
    """Apparent places (light time and aberration by the Moon's motion) at evenly spaced nodes.

    Attributes:
        first_mjd_tdb: the first node; the others follow in steps of `NODE_STEP_D`.
        places_km: (N, 2, 3) of the Sun and of the Earth from the Moon's centre, ME axes.
        orientation: what the axes rest on: "DE421", "IAU 2015" or both.
    """

    first_mjd_tdb: float
    places_km: FloatArray
    orientation: str


def sky_track(start_mjd_tdb: float, stop_mjd_tdb: float) -> SkyTrack:
    """The Sun and the Earth over a span.

    Raises:
        OutOfRangeError: the span leaves the ephemeris or the Moon's orientation.
    """
    first = start_mjd_tdb - 3.0 * NODE_STEP_D
    count = int(np.ceil((stop_mjd_tdb - first) / NODE_STEP_D)) + 4
    epoch = first + NODE_STEP_D * np.arange(count)
    orientation = moon_orientation(epoch)
    moon_km, moon_km_s = planets().state("moon", epoch)
    places = np.empty((count, 2, 3))
    for body, name in enumerate(("sun", "earth")):
        away_km = planets().state(name, epoch)[0] - moon_km
        for _ in range(2):
            light_d = np.linalg.norm(away_km, axis=1) / (SPEED_OF_LIGHT_KM_S * DAY_S)
            away_km = planets().state(name, epoch, -light_d)[0] - moon_km
        distance_km = np.linalg.norm(away_km, axis=1)
        seen = aberrated(away_km / distance_km[:, np.newaxis], moon_km_s)
        places[:, body] = orientation.to_fixed(seen * distance_km[:, np.newaxis])
    return SkyTrack(first, places, " and ".join(sorted(set(orientation.source.tolist()))))
