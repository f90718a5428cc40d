"""A station's light, lines of sight and power over a span, and its orbiters' paths."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np

from perilune.errors import PeriluneError
from perilune.service.station_scene import orbiter_path, parsed
from perilune.station.light import site_sky
from perilune.station.link_ends import link_ends
from perilune.station.links import sights
from perilune.station.power import station_power
from perilune.station.sky_track import sky_track
from perilune.station.station import Station
from perilune.station.surroundings import Surroundings

UNITS: Final = {
    "epochs_mjd_tdb": "d",
    "light.sun_fraction": "visible share of the Sun's disc, 0 to 1",
    "light.sun_elevation_deg": "deg over the level, of the centre",
    "light.earth_elevation_deg": "deg over the level, of the centre",
    "links.visible": "1 where there is a line of sight, else 0",
    "power.supply_w": "W, of all sources",
    "power.load_w": "W, what the loads drew",
    "power.storage_wh": "Wh, what the stores held",
}
PATH_UNITS: Final = {
    "path_km": "km, from the Moon's centre, mean-Earth axes as they stand at the epoch",
    "epoch_mjd_tdb": "d",
    "period_d": "d, of the two-body orbit",
}


@lru_cache(maxsize=16)
def timeline(document: str, start_mjd_tdb: float, step_d: float, count: int) -> dict[str, Any]:
    """All three over evenly spaced epochs; what cannot be computed is left out and said.

    Raises:
        OutOfRangeError: the span leaves the ephemeris.
    """
    station = parsed(document)
    epochs = start_mjd_tdb + step_d * np.arange(float(count))
    stop = float(epochs[-1])
    failures: list[str] = []
    parts: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "light": lambda: _light(station, start_mjd_tdb, stop, step_d, count),
        "links": lambda: _links(station, start_mjd_tdb, stop, step_d, count),
        "power": lambda: _power(station, start_mjd_tdb, stop, step_d, count),
    }
    found: dict[str, Any] = {"epochs_mjd_tdb": epochs.tolist()}
    for name, compute in parts.items():
        try:
            found[name] = compute()
        except PeriluneError as error:
            found[name] = []
            failures.append(f"{name}: {error}")
    return found | {"failures": failures}


def _light(
    station: Station, start: float, stop: float, step_d: float, count: int
) -> list[dict[str, Any]]:
    around = Surroundings(station.folder)
    track = sky_track(start, stop + step_d)
    rows = []
    for site in station.sites:
        if site.body != "moon":
            continue
        sky = site_sky(
            site.ground(), site.mast, around.horizon(site), start, stop + 0.5 * step_d,
            step_d=step_d, track=track,
        )  # fmt: skip
        rows.append(
            {
                "site": site.id,
                "terrain": sky.horizon.source,
                "sun_fraction": np.round(sky.sun[:count, 0], 4).tolist(),
                "sun_elevation_deg": np.round(np.degrees(sky.sun[:count, 1]), 4).tolist(),
                "earth_elevation_deg": np.round(np.degrees(sky.earth[:count, 1]), 4).tolist(),
            }
        )
    return rows


def _links(
    station: Station, start: float, stop: float, step_d: float, count: int
) -> list[dict[str, Any]]:
    ends = link_ends(station, start, stop)
    return [
        {
            "a": link.a,
            "b": link.b,
            "via": list(link.via),
            "visible": (margin[:count] > 0.0).astype(int).tolist(),
        }
        for link, margin in sights(ends, start, stop, step_d=step_d)
    ]


def _power(
    station: Station, start: float, stop: float, step_d: float, count: int
) -> list[dict[str, Any]]:
    return [
        {
            "element": each.element,
            "supply_w": np.round(each.history.supply_w[:count], 2).tolist(),
            "load_w": np.round(each.history.used_w[:count], 2).tolist(),
            "storage_wh": np.round(each.history.held_wh[:count], 2).tolist(),
        }
        for each in station_power(station, start, stop + 0.5 * step_d, step_d=step_d)
    ]


@lru_cache(maxsize=64)
def paths(document: str, epoch_mjd_tdb: float) -> list[dict[str, Any]]:
    """Each orbiter's path over one revolution from an epoch on."""
    station = parsed(document)
    return [
        {"orbiter": each.id, "name": each.name or each.id}
        | orbiter_path(each, station, epoch_mjd_tdb)
        for each in station.orbiters
    ]
