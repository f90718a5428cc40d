"""The station's light and links as they are now, and when they change."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perilune.errors import PeriluneError
from perilune.station.horizon import Horizon
from perilune.station.light import site_sky
from perilune.station.link_ends import LinkEnd, orbiter_end, site_end
from perilune.station.links import sights
from perilune.station.orbits.eclipses import sun_fraction
from perilune.station.places import Site
from perilune.station.station import Station
from perilune.station.surroundings import Surroundings
from perilune.times import format_utc

LIGHT_D: Final = 200.0  # a night at a pole lasts half a year
LIGHT_STEP_D: Final = 20.0 / 1440.0
LINKS_D: Final = 1.0
LINKS_STEP_D: Final = 2.0 / 1440.0


def light_now(
    station: Station, around: Surroundings, now_mjd_tdb: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """Sun and Earth over the sites on the Moon, the Sun for orbiters; and what is not known."""
    rows, failures = [], []
    for site in station.sites:
        if site.body == "moon":
            try:
                rows.append(_site_row(site, around.horizon(site), now_mjd_tdb))
            except PeriluneError as error:
                failures.append(f"The light of {site.id} is not known: {error}")
    for orbiter in station.orbiters:
        try:
            end = orbiter_end(station, orbiter, (now_mjd_tdb, now_mjd_tdb + LINKS_D))
            count = round(LINKS_D / LINKS_STEP_D) + 1
            epochs = now_mjd_tdb + LINKS_STEP_D * np.arange(float(count))
            seen = sun_fraction(epochs, end.places_km(now_mjd_tdb, LINKS_STEP_D, count))
        except PeriluneError as error:
            failures.append(f"The light of {orbiter.id} is not known: {error}")
            continue
        rows.append(
            {
                "element": orbiter.id,
                "sun_fraction": float(seen[0]),
                "sun_changes_utc": _change(seen > 0.0, now_mjd_tdb, LINKS_STEP_D),
                "sun_altitude_deg": None,
                "earth_altitude_deg": None,
                "earth_is_up": None,
                "earth_changes_utc": None,
            }
        )
    return rows, failures


def links_now(
    station: Station, around: Surroundings, now_mjd_tdb: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """Which elements see each other, and until when; and what is not known."""
    span = (now_mjd_tdb, now_mjd_tdb + LINKS_D)
    ends: list[LinkEnd] = []
    failures = []
    for body in ("moon", "", "earth"):
        for each in station.orbiters if not body else station.sites:
            try:
                if not isinstance(each, Site):
                    ends.append(orbiter_end(station, each, span))
                elif each.body == body:
                    horizon = around.horizon(each) if body == "moon" else None
                    ends.append(site_end(station, each, span, horizon))
            except PeriluneError as error:
                failures.append(f"The links of {each.id} are not known: {error}")
    rows = [
        {
            "a": link.a,
            "b": link.b,
            "via": list(link.via),
            "in_sight": bool(margin[0] > 0.0),
            "changes_utc": _change(margin > 0.0, now_mjd_tdb, LINKS_STEP_D),
        }
        for link, margin in sights(ends, *span, step_d=LINKS_STEP_D)
    ]
    return rows, failures


def _site_row(site: Site, horizon: Horizon, now_mjd_tdb: float) -> dict[str, Any]:
    stop = now_mjd_tdb + LIGHT_D
    sky = site_sky(site.ground(), site.mast, horizon, now_mjd_tdb, stop, step_d=LIGHT_STEP_D)
    is_up = sky.earth[:, 0] > 0.0
    return {
        "element": site.id,
        "sun_fraction": float(sky.sun[0, 0]),
        "sun_changes_utc": _change(sky.sun[:, 0] > 0.0, now_mjd_tdb, LIGHT_STEP_D),
        "sun_altitude_deg": math.degrees(sky.sun[0, 1]),
        "earth_altitude_deg": math.degrees(sky.earth[0, 1]),
        "earth_is_up": bool(is_up[0]),
        "earth_changes_utc": _change(is_up, now_mjd_tdb, LIGHT_STEP_D),
    }


def _change(is_so: NDArray[np.bool_], first_mjd_tdb: float, step_d: float) -> str | None:
    """When it is first otherwise than at the start; None within the span."""
    changed = np.flatnonzero(is_so != is_so[0])
    return format_utc(first_mjd_tdb + step_d * float(changed[0]), 0) if changed.size else None
