"""The units and rows of what is said of a station."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perilune.times import parse_epoch

if TYPE_CHECKING:
    from perilune.astrometry.sites import Site as GroundSite
    from perilune.station.facilities import Facility
    from perilune.station.light import Sky
    from perilune.station.links import Link
    from perilune.station.station import Phase, Station

SUMMARY_UNITS: Final = {
    "mass_kg": "kg",
    "power_w": "W, drawn",
    "source_w": "W, when new and in full sunlight",
    "longitude_deg": "deg, east; WGS84 on the Earth, mean-Earth axes on the Moon",
    "latitude_deg": "deg, north",
    "height_km": "km, over WGS84, or over the sphere of 1737.4 km",
}
LIGHT_UNITS: Final = {
    "sun_fraction": "mean visible share of the Sun's disc, 0 to 1",
    "longest_night_h": "h without any part of the Sun",
    "earth_fraction": "share of the time with the Earth's centre over the horizon, 0 to 1",
    "earth_elevation_min_deg": "deg over the level, of the centre",
    "earth_elevation_max_deg": "deg",
    "sun_elevation_max_deg": "deg over the level, of the centre",
}
LINK_UNITS: Final = {
    "visible_fraction": "share of the time, 0 to 1",
    "longest_gap_h": "h",
    "data_rate_mbit_s": "Mbit/s from a to b, mean over the time of sight; null without terminals",
    "data_volume_gbit_day": "Gbit a day from a to b, mean over the span",
    "return_rate_mbit_s": "Mbit/s from b to a",
    "return_volume_gbit_day": "Gbit a day from b to a",
}


def light_row(sky: Sky) -> dict[str, Any]:
    """A site's light as `--json` gives it."""
    earth, sun = np.degrees(sky.earth[:, 1]), np.degrees(sky.sun[:, 1])
    return {
        "site": sky.site,
        "terrain": sky.horizon.source,
        "sun_fraction": sky.sun_fraction,
        "longest_night_h": 24.0 * sky.longest_night_d,
        "earth_fraction": sky.earth_fraction,
        "earth_elevation_min_deg": float(earth.min()),
        "earth_elevation_max_deg": float(earth.max()),
        "sun_elevation_max_deg": float(sun.max()),
    }


def link_row(link: Link) -> dict[str, Any]:
    """A link as `--json` gives it."""

    def scaled(value: float | None, factor: float) -> float | None:
        return None if value is None else value * factor

    return {
        "a": link.a,
        "b": link.b,
        "visible_fraction": link.visible_fraction,
        "passes": link.passes,
        "longest_gap_h": 24.0 * link.longest_gap_d,
        "data_rate_mbit_s": scaled(link.rate_bit_s, 1e-6),
        "data_volume_gbit_day": scaled(link.volume_bit_d, 1e-9),
        "return_rate_mbit_s": scaled(link.rate_back_bit_s, 1e-6),
        "return_volume_gbit_day": scaled(link.volume_back_bit_d, 1e-9),
        "via": list(link.via),
    }


def summary(station: Station) -> dict[str, Any]:
    """The station in JSON's terms: masses in kg, powers in W."""
    return {
        "name": station.name,
        "about": station.about,
        "partners": [
            {"id": each.id, "name": each.name, "country": each.country, "since": each.since}
            | {"owns": [f.id for f in station.facilities if each.id in f.owner]}
            | {"operates": [f.id for f in station.facilities if each.id in f.operators]}
            for each in station.partners
        ],
        "phases": [
            {"id": phase.id, "name": phase.name, "start": phase.start, "stop": phase.stop}
            | _totals(_there_in(station, phase))
            for phase in station.phases
        ],
        "sites": [
            {"id": site.id, "name": site.name, "body": site.body} | _coordinates(site.ground())
            for site in station.sites
        ],
        "orbiters": [
            {"id": each.id, "name": each.name, "family": each.family} for each in station.orbiters
        ],
        "facilities": [
            {
                "id": each.id,
                "kind": each.kind,
                "at": each.at,
                "owner": list(each.owner),
                "operator": list(each.operators),
                "phase": each.phase,
                "needs": list(each.needs),
                "mass_kg": each.mass,
                "power_w": each.power,
                "source_w": _source_w(each),
                "crew": each.crew,
            }
            for each in station.facilities
        ],
        "assumptions": list(station.assumptions),
    }


def _there_in(station: Station, phase: Phase) -> list[Facility]:
    """What has come by a phase: facilities of it and of the phases that start before it."""
    starts = {each.id: parse_epoch(each.start) for each in station.phases}
    return [
        each
        for each in station.facilities
        if each.phase is None or starts[each.phase] <= starts[phase.id]
    ]


def _totals(facilities: list[Facility]) -> dict[str, Any]:
    return {
        "facilities": len(facilities),
        "mass_kg": sum(each.mass or 0.0 for each in facilities),
        "power_w": sum(each.power or 0.0 for each in facilities),
        "source_w": sum(_source_w(each) for each in facilities),
        "crew": sum(each.crew for each in facilities),
    }


def _source_w(facility: Facility) -> float:
    sources = (facility.solar, facility.radioisotope, facility.fission)
    return sum(source.power for source in sources if source is not None)


def _coordinates(ground: GroundSite) -> dict[str, float]:
    longitude, latitude, height_km = ground.coordinates()
    return {
        "longitude_deg": math.degrees(longitude),
        "latitude_deg": math.degrees(latitude),
        "height_km": height_km,
    }
