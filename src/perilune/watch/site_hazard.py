"""How near possible impacts would fall to the station's own sites."""

from __future__ import annotations

import math
from typing import Any, Final

from sqlalchemy import Connection

from perilune.catalogue import risk_list
from perilune.station.station import Station
from perilune.times import parse_epoch
from perilune.watch.work import BODIES

RADIUS_KM: Final = {"moon": 1737.4, "earth": 6371.0}  # of the spheres on which distances count
_MOST: Final = 1000


def ground_km(body: str, one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance along the ground of a sphere between two longitudes and latitudes, rad."""
    (longitude, latitude), (there_longitude, there_latitude) = one, other
    # The haversine keeps its digits where the places are near.
    half = (
        math.sin(0.5 * (there_latitude - latitude)) ** 2
        + math.cos(latitude)
        * math.cos(there_latitude)
        * math.sin(0.5 * (there_longitude - longitude)) ** 2
    )
    return 2.0 * RADIUS_KM[body] * math.asin(min(math.sqrt(half), 1.0))


def site_hazards(
    connection: Connection, station: Station, now_mjd_tdb: float
) -> list[dict[str, Any]]:
    """Virtual impactors that are to come, the likeliest first, each with the nearest site.

    Distances count from the mean place of the impact; ejecta and blast are left out.
    """
    places = {
        body: [
            (site.id, site.ground().coordinates()[:2])
            for site in station.sites
            if site.body == body
        ]
        for body in BODIES
    }
    rows = []
    for body in BODIES:
        if not places[body]:
            continue
        for stored in risk_list(connection, body, limit=_MOST):
            for each in stored.risk.virtual_impactors:
                if parse_epoch(each.epoch_utc) < now_mjd_tdb or each.longitude_deg is None:
                    continue
                assert each.latitude_deg is not None
                there = (math.radians(each.longitude_deg), math.radians(each.latitude_deg))
                nearest, distance = min(
                    ((site, ground_km(body, there, own)) for site, own in places[body]),
                    key=lambda found: found[1],
                )
                rows.append(
                    {
                        "object": stored.risk.object,
                        "body": body,
                        "epoch_utc": each.epoch_utc,
                        "impact_probability": each.impact_probability,
                        "energy_mt": each.energy_mt,
                        "site": nearest,
                        "distance_km": distance,
                    }
                )
    return sorted(rows, key=lambda row: -row["impact_probability"])
