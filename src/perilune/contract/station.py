"""The units and rows of what is said of a station."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from perilune.astrometry.sites import Site as GroundSite
    from perilune.station.build_up.vehicles import Lander, Launcher
    from perilune.station.coverage import Coverage
    from perilune.station.facilities import Facility
    from perilune.station.light import Sky
    from perilune.station.links import Link
    from perilune.station.power import PowerBalance
    from perilune.station.station import Station

SUMMARY_UNITS: Final = {
    "mass_kg": "kg",
    "power_w": "W, drawn",
    "source_w": "W, when new and in full sunlight",
    "longitude_deg": "deg, east; WGS84 on the Earth, mean-Earth axes on the Moon",
    "latitude_deg": "deg, north",
    "height_km": "km, over WGS84, or over the sphere of 1737.4 km",
    "brings_kg": "kg, by place",
    "payload_kg": "kg, with full tanks; negative where these do not carry the lander itself",
    "launch_kg": "kg, fuelled, without payload",
    "dv_km_s": "km/s, of the lander's way",
    "rate_per_year": "the most a year",
    "cost_million": "millions, of each flight",
    "stay_d": "d",
    "every_d": "d, from one to the next",
    "reserve_d": "d, for which consumables are kept",
    "rate_kg_d": "kg a person and day",
    "resupply_kg_d": "kg to be brought a person and day, containers included",
}
LIGHT_UNITS: Final = {
    "sun_fraction": "mean visible share of the Sun's disc, 0 to 1",
    "longest_night_h": "h without any part of the Sun",
    "earth_fraction": "share of the time with the Earth's centre over the horizon, 0 to 1",
    "earth_elevation_min_deg": "deg over the level, of the centre",
    "earth_elevation_max_deg": "deg",
    "sun_elevation_max_deg": "deg over the level, of the centre",
    "sky_fraction": "share of the whole sky that comes over the horizon in a month, 0 to 1",
}
LINK_UNITS: Final = {
    "visible_fraction": "share of the time, 0 to 1",
    "longest_gap_h": "h",
    "data_rate_mbit_s": "Mbit/s from a to b, mean over the time of sight; null without terminals",
    "data_volume_gbit_day": "Gbit a day from a to b, mean over the span",
    "return_rate_mbit_s": "Mbit/s from b to a",
    "return_volume_gbit_day": "Gbit a day from b to a",
}


ORBIT_UNITS: Final = {
    "period_d": "d, mean from perilune to perilune",
    "perilune_km": "km, least distance from the Moon's centre over the span",
    "apolune_km": "km, largest",
    "jacobi": "Jacobi's constant of the three-body orbit, its own units",
    "stability": "index of the three-body orbit; 1 is stable",
    "eclipse_max_h": "h, by the Moon or the Earth, penumbra included",
    "station_keeping_m_s_year": "m/s a year, mean of the samples",
    "station_keeping_sigma_m_s_year": "m/s a year, their standard deviation",
    "station_keeping_lost": "samples that lost their orbit",
    "lifetime_d": "d until the ground if left alone; null where it outlives the span",
    "span_d": "d looked at, from the orbit's epoch",
}
POWER_UNITS: Final = {
    "sun_fraction": "mean visible share of the Sun's disc, 0 to 1",
    "worst_night_h": "h without any part of the Sun",
    "supply_w": "W, mean of all sources",
    "load_w": "W, of all facilities",
    "storage_wh": "Wh that may be taken when full",
    "storage_needed_wh": "Wh that would serve the load at all times, starting full",
    "storage_least_wh": "Wh, the least that was held",
    "margin_w": "W that the loads may draw more, so that none is ever shed; negative: less",
    "served_fraction": "of the energy that the loads want, 0 to 1",
    "shed.off_fraction": "of the time, 0 to 1",
}


COVERAGE_UNITS: Final = {
    "latitude_from_deg": "deg",
    "latitude_to_deg": "deg",
    "elevation_mask_deg": "deg",
    "seen_fraction": "of the region's area and of the time, with one orbiter or more, 0 to 1",
    "worst_fraction": "of the time, at the point that sees one least",
    "fourfold_fraction": "as seen_fraction, with four orbiters or more",
    "gdop_median": "geometric dilution of precision of ranges, where there are four or more",
}


def coverage_row(coverage: Coverage) -> dict[str, Any]:
    """A region's cover as `--json` gives it."""
    return {
        "orbiters": list(coverage.orbiters),
        "latitude_from_deg": math.degrees(coverage.latitude_from_rad),
        "latitude_to_deg": math.degrees(coverage.latitude_to_rad),
        "elevation_mask_deg": math.degrees(coverage.elevation_mask_rad),
        "seen_fraction": coverage.seen_fraction,
        "worst_fraction": coverage.worst_fraction,
        "fourfold_fraction": coverage.fourfold_fraction,
        "gdop_median": coverage.gdop_median,
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
        "sky_fraction": sky.sky_fraction,
    }


def power_row(balance: PowerBalance) -> dict[str, Any]:
    """An element's power as `--json` gives it."""
    return {
        "element": balance.element,
        "terrain": balance.terrain,
        "sun_fraction": balance.sun_fraction,
        "worst_night_h": 24.0 * balance.worst_night_d,
        "supply_w": balance.supply_w,
        "load_w": balance.load_w,
        "storage_wh": balance.storage_wh,
        "storage_needed_wh": balance.storage_needed_wh,
        "storage_least_wh": balance.storage_least_wh,
        "margin_w": balance.margin_w,
        "served_fraction": balance.served_fraction,
        "shed": list(balance.shed),
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
    from perilune.station.build_up.routes import NODES
    from perilune.station.power import present

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
            | _totals(present(station, phase.id))
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
        "launchers": [
            {"id": each.id, "name": each.name, "owner": list(each.owner)}
            | {"brings_kg": {n: kg for n in NODES if (kg := each.to.mass_kg(n)) is not None}}
            | {"seats": each.seats, "rate_per_year": each.rate}
            | _costs(each)
            for each in station.launchers
        ],
        "landers": [_lander(station, each) for each in station.landers],
        "crews": [
            {
                "id": each.id,
                "at": each.at,
                "people": each.people,
                "start": each.start,
                "stop": each.stop,
                "stay_d": each.stay,
                "every_d": each.every,
                "needs": list(each.needs),
                "reserve_d": each.reserve,
            }
            for each in station.crews
        ],
        "consumables": [
            {
                "id": each.id,
                "rate_kg_d": each.rate,
                "recycled": each.recycled,
                "resupply_kg_d": each.resupply_kg_d,
            }
            for each in station.consumables
        ],
        "assumptions": list(station.assumptions),
    }


def _costs(vehicle: Launcher | Lander) -> dict[str, Any]:
    million, currency = vehicle.cost or (None, None)
    return {
        "cost_million": million,
        "currency": currency,
        "available": vehicle.available,
        "until": vehicle.until,
    }


def _lander(station: Station, lander: Lander) -> dict[str, Any]:
    """A lander; its payload as given, or by the rocket equation with full tanks."""
    from perilune.station.build_up.routes import payload_kg, route_km_s

    dv_km_s = route_km_s(lander.at, lander.to, {(r.at, r.to): r.dv for r in station.routes})
    if lander.payload is not None:
        payload, launch = lander.payload, lander.mass
    else:
        assert lander.dry is not None
        assert lander.propellant is not None
        assert lander.isp is not None
        payload = payload_kg(lander.dry, lander.propellant, lander.isp, dv_km_s)
        launch = lander.dry + lander.propellant
    return {
        "id": lander.id,
        "name": lander.name,
        "owner": list(lander.owner),
        "at": lander.at,
        "to": lander.to,
        "payload_kg": payload if math.isfinite(payload) else None,
        "launch_kg": launch,
        "dv_km_s": dv_km_s,
        "seats": lander.seats,
        "rate_per_year": lander.rate,
    } | _costs(lander)


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
