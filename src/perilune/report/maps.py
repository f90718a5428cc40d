"""Maps: where impacts may be on the Earth and the Moon, and the station's places at a pole.

There is no map of coasts among Perilune's data; the Earth's is drawn by the places of the
observatories that the Minor Planet Center lists, which show the land well enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observatories import observatories
from perilune.constants import MOON_RADIUS_KM
from perilune.frames.geodetic import geodetic_from_itrs
from perilune.impact.corridor import Corridor
from perilune.report.pictures import BODY_COLOUR, LIGHT, WIDTH_IN, Picture, drawing, svg_of
from perilune.report.places import MARIA, SOUTH_POLAR, Place

Array = NDArray[np.float64]

_NAMES: Final = {"earth": "the Earth", "moon": "the Moon"}
_SWATH_ALPHA: Final = {3: 0.15, 2: 0.25, 1: 0.4}
_CIRCLE: Final = 181
_POLAR_MARGIN_DEG: Final = 3.5
_POLAR_LEAST_DEG: Final = 4.0
_POLAR_MOST_DEG: Final = 30.0


@dataclass(frozen=True, slots=True)
class Spot:
    """Something at one place: its name, east longitude and latitude, deg; size of its mark."""

    name: str
    longitude_deg: float
    latitude_deg: float
    size: float = 30.0


def impact_map(
    body: str, impacts: Sequence[Spot], corridor: Corridor | None, sites: Sequence[Spot]
) -> Picture:
    """The whole body, with possible impacts, the corridor of one of them, and the station's sites.

    Args:
        body: "earth" or "moon".
        impacts: the virtual impactors' mean places.
        corridor: where one of them may be.
        sites: of the station on this body.
    """
    colour = BODY_COLOUR[body]
    with drawing(WIDTH_IN, 3.5) as figure:
        axes = figure.subplots()
        _graticule(axes)
        if body == "moon":
            for mare in MARIA:
                _round(axes, mare)
        else:
            longitude, latitude = _observatories_deg()
            axes.plot(
                longitude, latitude, ".", markersize=1.6, color=LIGHT["muted"], alpha=0.6, zorder=1
            )
        if corridor is not None:
            _corridor(axes, corridor, colour)
        for spot in impacts:
            axes.scatter(
                spot.longitude_deg, spot.latitude_deg, s=spot.size, marker="o", zorder=5,
                facecolor="none", edgecolor=colour, linewidth=1.2,
            )  # fmt: skip
        labelled: list[tuple[float, float]] = []
        for spot in impacts:
            _label(axes, spot, colour, labelled)
        for spot in sites:
            axes.plot(
                spot.longitude_deg, spot.latitude_deg, "^", markersize=4.5, color=LIGHT["ink"],
                zorder=6,
            )  # fmt: skip
            _label(axes, spot, LIGHT["ink"], labelled)
        svg = svg_of(figure)
    ground = (
        "Grey circles: the round maria"
        if body == "moon"
        else "Grey dots: observatories listed by the Minor Planet Center, which sketch the land"
    )
    caption = (
        f"Possible impacts on {_NAMES[body]}: rings stand at the virtual impactors' mean places"
        f"{_band(corridor)}. {ground}; triangles: the station's sites. Equidistant cylindrical "
        "projection, 30° graticule, east longitudes."
    )
    where = "; ".join(
        f"{s.name} at {s.latitude_deg:.1f}, {s.longitude_deg:.1f}" for s in impacts[:8]
    )
    alternative = f"Map of {_NAMES[body]} with {len(impacts)} possible impacts. {where}".strip()
    return Picture(f"map-{body}", caption, alternative, svg)


def polar_map(sites: Sequence[Spot], impacts: Sequence[Spot], *, south: bool) -> Picture:
    """A pole of the Moon with the station's sites, the nearside up."""
    sign = -1.0 if south else 1.0
    farthest = max(90.0 - abs(site.latitude_deg) for site in sites)
    reach_deg = min(max(farthest + _POLAR_MARGIN_DEG, _POLAR_LEAST_DEG), _POLAR_MOST_DEG)
    with drawing(WIDTH_IN, 5.4) as figure:
        axes = figure.subplots()
        axes.set_aspect("equal")
        axes.set_axis_off()
        rings = [ring for ring in (1, 2, 4, 6, 8, 10, 15, 20, 25, 30) if ring <= reach_deg]
        turn = np.linspace(0.0, 360.0, _CIRCLE)
        for ring in rings:
            x, y = _from_above(np.full(_CIRCLE, sign * (90.0 - ring)), turn, south)
            axes.plot(x, y, color=LIGHT["grid"], linewidth=0.6, zorder=1)
            x0, y0 = _from_above(np.array([sign * (90.0 - ring)]), np.array([135.0]), south)
            name = f"{90 - ring}° {'S' if south else 'N'}"
            axes.text(
                x0[0], y0[0], name, fontsize=6.5, color=LIGHT["muted"], ha="center", va="center",
                zorder=2,
            )  # fmt: skip
        for meridian in range(0, 360, 30):
            ends = np.array([sign * 90.0, sign * (90.0 - reach_deg)])
            x, y = _from_above(ends, np.full(2, float(meridian)), south)
            axes.plot(x, y, color=LIGHT["grid"], linewidth=0.6, zorder=1)
            axes.text(
                1.05 * x[1], 1.05 * y[1], f"{meridian}°", fontsize=7, color=LIGHT["muted"],
                ha="center", va="center",
            )  # fmt: skip
        axes.text(
            0.0, 1.12 * _radius(reach_deg), "towards the Earth", ha="center", va="bottom",
            fontsize=7.5, color=LIGHT["muted"],
        )  # fmt: skip
        if south:
            for crater in SOUTH_POLAR:
                _crater(axes, crater, reach_deg)
        for spot in impacts:
            if sign * spot.latitude_deg > 90.0 - reach_deg:
                x, y = _from_above(
                    np.array([spot.latitude_deg]), np.array([spot.longitude_deg]), south
                )
                axes.scatter(x, y, s=spot.size, facecolor="none", edgecolor=LIGHT["moon"])
        for k, site in enumerate(sites):
            x, y = _from_above(np.array([site.latitude_deg]), np.array([site.longitude_deg]), south)
            axes.plot(x, y, "^", markersize=7, color=LIGHT["moon"], zorder=6)
            side = 0.72 if k % 2 == 0 else -0.72  # outside the circle, where no crater is named
            axes.annotate(
                site.name, (float(x[0]), float(y[0])),
                (side * _radius(reach_deg), -(1.08 + 0.07 * (k // 2)) * _radius(reach_deg)),
                ha="center", fontsize=8.5, fontweight="bold", color=LIGHT["moon"], zorder=6,
                arrowprops={"arrowstyle": "-", "color": LIGHT["moon"], "linewidth": 0.8},
            )  # fmt: skip
        limit = 1.22 * _radius(reach_deg)
        axes.set_xlim(-limit, limit)
        axes.set_ylim(-limit, limit)
        svg = svg_of(figure)
    pole = "south" if south else "north"
    craters = " Circles: named craters." if south else ""
    places = "; ".join(f"{s.name} at {s.latitude_deg:.2f}, {s.longitude_deg:.1f}" for s in sites)
    return Picture(
        f"map-{pole}-pole",
        f"The Moon's {pole} pole with the station's sites (triangles).{craters} Stereographic "
        "projection, mean-Earth axes, east longitudes; the prime meridian, towards the Earth, is "
        "up.",
        f"Map of the Moon's {pole} pole: {places}.",
        svg,
    )


def _band(corridor: Corridor | None) -> str:
    if corridor is None:
        return ""
    return (
        f", shaded bands where {corridor.samples} clones of the likeliest one hit "
        "(1, 2 and 3 standard deviations; the mean of places on a bent band lies beside it)"
    )


def _graticule(axes: Any) -> None:
    axes.set_xlim(-180.0, 180.0)
    axes.set_ylim(-90.0, 90.0)
    axes.set_aspect("equal")
    axes.set_xticks(range(-180, 181, 30), [f"{x}°" for x in range(-180, 181, 30)])
    axes.set_yticks(range(-90, 91, 30), [f"{y}°" for y in range(-90, 91, 30)])
    axes.tick_params(length=2.0)
    axes.grid(zorder=0)
    axes.set_axisbelow(True)


def _label(axes: Any, spot: Spot, colour: str, labelled: list[tuple[float, float]]) -> None:
    """A name beside a mark; one that would lie on an earlier one is left to the table."""
    near = any(
        abs(spot.longitude_deg - x) < 34.0 and abs(spot.latitude_deg - y) < 6.0 for x, y in labelled
    )
    if near or not spot.name:
        return
    labelled.append((spot.longitude_deg, spot.latitude_deg))
    left = spot.longitude_deg > 130.0
    # Away from the equator, but within the map.
    up = 1.0 if 0.0 <= spot.latitude_deg < 75.0 or spot.latitude_deg < -75.0 else -1.0
    axes.annotate(
        spot.name, (spot.longitude_deg, spot.latitude_deg), (-6 if left else 6, 5 * up),
        textcoords="offset points", fontsize=7.5, color=colour, zorder=7,
        ha="right" if left else "left", va="bottom" if up > 0.0 else "top",
    )  # fmt: skip


def _corridor(axes: Any, corridor: Corridor, colour: str) -> None:
    collection = corridor.geojson()
    features = collection["features"]
    assert isinstance(features, list)
    for feature in features:
        geometry, sigma = feature["geometry"], feature["properties"].get("sigma")
        kind, coordinates = geometry["type"], geometry["coordinates"]
        if kind == "Polygon" or kind == "LineString":
            coordinates = [coordinates]
        for part in coordinates:
            if sigma is None:
                line = np.array(part)
                axes.plot(line[:, 0], line[:, 1], color=colour, linewidth=0.9, zorder=4)
            else:
                ring = np.array(part[0])
                axes.fill(
                    ring[:, 0], ring[:, 1], color=colour, alpha=_SWATH_ALPHA[sigma], zorder=3,
                    linewidth=0.0,
                )  # fmt: skip


def _round(axes: Any, place: Place) -> None:
    """A round feature of the Moon on the cylindrical map, cut at its edge."""
    latitude, longitude = _circle_deg(place)
    for shift in (-360.0, 0.0, 360.0):
        axes.fill(longitude + shift, latitude, color=LIGHT["fill"], zorder=0.5, linewidth=0.0)
    axes.text(
        place.longitude_deg, place.latitude_deg, place.name, fontsize=6, color=LIGHT["muted"],
        ha="center", va="center", zorder=1,
    )  # fmt: skip


def _crater(axes: Any, place: Place, reach_deg: float) -> None:
    if 90.0 + place.latitude_deg > reach_deg:
        return
    latitude, longitude = _circle_deg(place)
    x, y = _from_above(latitude, longitude, True)
    axes.fill(x, y, facecolor=LIGHT["fill"], edgecolor=LIGHT["muted"], linewidth=0.5, zorder=1.5)
    middle = _from_above(np.array([place.latitude_deg]), np.array([place.longitude_deg]), True)
    axes.text(
        middle[0][0], middle[1][0], place.name, fontsize=7, color=LIGHT["ink"], ha="center",
        va="center", zorder=3,
    )  # fmt: skip


def _circle_deg(place: Place) -> tuple[Array, Array]:
    """Latitudes and longitudes, without jumps, of a circle on the sphere."""
    radius = 0.5 * place.diameter_km / MOON_RADIUS_KM
    bearing = np.linspace(0.0, 2.0 * np.pi, _CIRCLE)
    latitude, longitude = np.radians(place.latitude_deg), np.radians(place.longitude_deg)
    sin_there = np.sin(latitude) * np.cos(radius) + np.cos(latitude) * np.sin(radius) * np.cos(
        bearing
    )
    there = np.arcsin(np.clip(sin_there, -1.0, 1.0))
    east = longitude + np.arctan2(
        np.sin(bearing) * np.sin(radius) * np.cos(latitude),
        np.cos(radius) - np.sin(latitude) * sin_there,
    )
    return np.degrees(there), np.degrees(np.unwrap(east))


def _radius(from_pole_deg: float) -> float:
    """Of a parallel in the stereographic projection, km."""
    return 2.0 * MOON_RADIUS_KM * float(np.tan(0.5 * np.radians(from_pole_deg)))


def _from_above(latitude_deg: Array, longitude_deg: Array, south: bool) -> tuple[Array, Array]:
    """Stereographic x and y, km, seen from outside the Moon; the prime meridian is up.

    Over the south pole east longitudes turn clockwise, over the north pole against the clock.
    """
    distance = np.radians(90.0 - np.abs(latitude_deg))
    radius = 2.0 * MOON_RADIUS_KM * np.tan(0.5 * distance)
    turn = np.radians(longitude_deg) * (1.0 if south else -1.0)
    return radius * np.sin(turn), radius * np.cos(turn)


def _observatories_deg() -> tuple[Array, Array]:
    places = [
        each.position_itrs_km
        for each in observatories().values()
        if each.position_itrs_km is not None and np.linalg.norm(each.position_itrs_km) > 6300.0
    ]
    longitude, latitude, _ = geodetic_from_itrs(np.array(places))
    # One for each degree and more would lie on each other.
    both = np.unique(np.round(np.degrees(np.stack([longitude, latitude]))), axis=1)
    return both[0], both[1]
