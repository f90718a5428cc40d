"""How a station's orbiters cover a region of the Moon: sight, and ranging."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from perilune.errors import InputError
from perilune.frames.moon import moon_orientation
from perilune.frames.selenographic import fixed_from_selenographic
from perilune.station.coverage_kernels import cover
from perilune.station.link_ends import orbiter_end
from perilune.station.station import Station
from perilune.times import FloatArray

_MOST_STEPS: Final = 200_000
_AROUND: Final = 24  # points on a ring


@dataclass(frozen=True, slots=True)
class Coverage:
    """A region's cover over a span; the ground is the sphere of 1737.4 km.

    Attributes:
        orbiters: whose.
        latitude_from_rad, latitude_to_rad: the region: a band of latitudes, all around.
        elevation_mask_rad: the lowest elevation.
        seen_fraction: of points and times with one orbiter or more.
        worst_fraction: of the time, at the point that sees one least.
        fourfold_fraction: of points and times with four or more.
        gdop_median: of points and times with four or more; None without any.
    """

    orbiters: tuple[str, ...]
    latitude_from_rad: float
    latitude_to_rad: float
    elevation_mask_rad: float
    seen_fraction: float
    worst_fraction: float
    fourfold_fraction: float
    gdop_median: float | None


def station_coverage(
    station: Station,
    start_mjd_tdb: float,
    stop_mjd_tdb: float,
    latitude_rad: tuple[float, float],
    *,
    elevation_mask_rad: float = math.radians(5.0),
    step_d: float = 10.0 / 1440.0,
    rings: int = 6,
) -> Coverage:
    """The cover of a band of latitudes by all orbiters of a station.

    Args:
        latitude_rad: from the south to the north.
        rings: of points in the band, which stand for equal areas.

    Raises:
        InputError: there are no orbiters, the band is none, or the span is empty or too long.
        OutOfRangeError: an orbiter's path does not cover the span.
    """
    south, north = latitude_rad
    count = math.floor((stop_mjd_tdb - start_mjd_tdb) / step_d) + 1
    if not -math.pi / 2 <= south < north <= math.pi / 2:
        raise InputError(
            "the region is no band of latitudes",
            found=f"{math.degrees(south):g} to {math.degrees(north):g} deg",
            expected="from south to north, within 90 deg",
        )
    if not station.orbiters:
        raise InputError("the station has no orbiters", file=station.file)
    if count < 2 or count > _MOST_STEPS:
        raise InputError(
            "the span is empty or has too many steps",
            field="--stop",
            found=f"{count} steps",
            expected=f"2 to {_MOST_STEPS}",
        )
    orientation = moon_orientation(start_mjd_tdb + step_d * np.arange(float(count)))
    places = np.stack(
        [
            orientation.to_fixed(
                orbiter_end(station, each, (start_mjd_tdb, stop_mjd_tdb)).places_km(
                    start_mjd_tdb, step_d, count
                )
            )
            for each in station.orbiters
        ]
    )
    points = band_points(south, north, rings)
    seen = np.empty((len(points), count), dtype=np.int64)
    gdop = np.empty((len(points), count))
    cover(points, places, elevation_mask_rad, seen, gdop)
    fixed = gdop[np.isfinite(gdop)]
    return Coverage(
        orbiters=tuple(each.id for each in station.orbiters),
        latitude_from_rad=south,
        latitude_to_rad=north,
        elevation_mask_rad=elevation_mask_rad,
        seen_fraction=float(np.mean(seen > 0)),
        worst_fraction=float(np.mean(seen > 0, axis=1).min()),
        fourfold_fraction=float(np.mean(seen >= 4)),
        gdop_median=float(np.median(fixed)) if fixed.size else None,
    )


def band_points(south_rad: float, north_rad: float, rings: int) -> FloatArray:
    """Points (P, 3), km, that stand for equal areas of a band, ME axes."""
    edges = np.linspace(math.sin(south_rad), math.sin(north_rad), rings + 1)
    latitudes = np.arcsin(0.5 * (edges[1:] + edges[:-1]))
    longitudes = 2.0 * math.pi * (np.arange(_AROUND) + 0.5) / _AROUND
    grid = np.meshgrid(longitudes, latitudes)
    return fixed_from_selenographic(grid[0], grid[1], np.zeros_like(grid[0])).reshape(-1, 3)
