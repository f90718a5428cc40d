"""Which of a station's telescopes sees which object now: places in each one's own sky."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final

import numpy as np

from perilune.astrometry.observations import FloatArray
from perilune.astrometry.sites import Observer
from perilune.catalogue import Database, next_approaches, preferred_orbit, risk_list
from perilune.constants import AU_KM, EARTH_EQUATORIAL_RADIUS_KM, MOON_RADIUS_KM
from perilune.determination.sky_path import SkyPath, sky_path
from perilune.dynamics import solar_system
from perilune.ephemeris import planets
from perilune.orbits.orbit import Orbit
from perilune.service.station_scene import parsed
from perilune.station.horizon import Horizon
from perilune.station.places import Site
from perilune.station.spacecraft import Orbiter
from perilune.station.station import Station
from perilune.station.surroundings import site_horizon
from perilune.times import format_utc, parse_epoch

UNITS: Final = {
    "ra_deg": "deg, astrometric ICRF",
    "dec_deg": "deg, likewise",
    "ra_rate_deg_d": "deg/d, times cos(dec)",
    "dec_rate_deg_d": "deg/d",
    "distance_au": "au",
    "v_mag": "mag",
    "elongation_deg": "deg, from the Sun",
    "phase_deg": "deg",
    "altitude_deg": "deg, apparent, over the level; null in orbit",
    "azimuth_deg": "deg, from north through east; null in orbit",
    "sun_altitude_deg": "deg, of the Sun's centre over the level; null in orbit",
    "horizon_deg": "deg, of the ground in that direction; null in orbit",
    "sigma_major_arcsec": "arcsec, of the one-sigma ellipse",
}
_NIGHT_DEG: Final = -12.0  # on the Earth, of the Sun: nautical twilight is over
_COMING_D: Final = 365.25
_WITHIN_KM: Final = 0.05 * AU_KM
_RADII_KM: Final = {"earth": EARTH_EQUATORIAL_RADIUS_KM, "moon": MOON_RADIUS_KM}


def watch_list(database: Database, epoch_mjd_tdb: float, limit: int) -> list[Orbit]:
    """Orbits of the objects to look at: first those that may hit yet, then those that come near.

    Args:
        database: the catalogue.
        epoch_mjd_tdb: from when they come near, within a year and 0.05 au.
        limit: how many objects at most.
    """
    with database.read() as connection:
        listed = [
            each
            for body in ("earth", "moon")
            for each in risk_list(connection, body, sort="palermo", limit=limit)
            if any(parse_epoch(v.epoch_utc) > epoch_mjd_tdb for v in each.risk.virtual_impactors)
        ]
        listed.sort(key=lambda each: -(each.risk.palermo_cumulative or -math.inf))
        ids = dict.fromkeys(each.object_id for each in listed)
        coming = next_approaches(
            connection, epoch_mjd_tdb, stop_mjd_tdb=epoch_mjd_tdb + _COMING_D,
            within_km=_WITHIN_KM, limit=limit,
        )  # fmt: skip
        ids |= dict.fromkeys(each.object_id for each in coming)
        held = [preferred_orbit(connection, object_id) for object_id in list(ids)[:limit]]
    return [each.orbit for each in held if each is not None]


def sensor_rows(
    document: str,
    orbits: tuple[Orbit, ...],
    epoch_mjd_tdb: float,
    *,
    all_elements: bool,
    limiting_magnitude: float | None,
    min_elongation_deg: float,
) -> list[dict[str, Any]]:
    """One row an element and object, the elements in the file's order.

    Args:
        document: the station file's text.
        orbits: of the objects.
        epoch_mjd_tdb: when.
        all_elements: not only those that carry a telescope.
        limiting_magnitude: what is fainter is not seen; None for no limit.
        min_elongation_deg: what is nearer to the Sun is not seen.

    Raises:
        OutOfRangeError: the epoch lies outside the ephemeris or what is known of an observer.
        InputError: an orbiter's path cannot be computed.
    """
    station = parsed(document)
    rows: list[dict[str, Any]] = []
    elements: list[Site | Orbiter] = [*station.sites, *station.orbiters]
    for element in elements:
        carried = station.facilities_at(element.id)
        if not all_elements and not any(each.kind == "telescope" for each in carried):
            continue
        for orbit in orbits:
            row = _seen(document, element.id, orbit, epoch_mjd_tdb)
            reasons = _reasons(row, limiting_magnitude, min_elongation_deg)
            rows.append(row | {"visible": not reasons, "reason": "; ".join(reasons)})
    return rows


def _reasons(
    row: dict[str, Any], limiting_magnitude: float | None, min_elongation_deg: float
) -> list[str]:
    """Why it is not seen."""
    if row["status"] != "reached":
        return [f"the object has ended ({row['status']})"]
    reasons = []
    if not row["is_up"]:
        reasons.append("below the horizon" if row["altitude_deg"] is not None else "eclipsed")
    if not row["is_dark"]:
        reasons.append("the Sun is up")
    if row["elongation_deg"] < min_elongation_deg:
        reasons.append(f"within {min_elongation_deg:g} deg of the Sun")
    faint = row["v_mag"] is not None and limiting_magnitude is not None
    if faint and row["v_mag"] > limiting_magnitude:
        reasons.append(f"fainter than {limiting_magnitude:g} mag")
    return reasons


@lru_cache(maxsize=4096)
def _seen(document: str, element_id: str, orbit: Orbit, epoch_mjd_tdb: float) -> dict[str, Any]:
    """One object in one element's sky."""
    station = parsed(document)
    element = station.element(element_id)
    observer = station.observer(element_id)
    path = sky_path(solar_system(), orbit, observer, np.array([epoch_mjd_tdb]))
    ellipse = path.ellipse()
    row: dict[str, Any] = {
        "element": element.id,
        "name": element.name or element.id,
        "place": element.body if isinstance(element, Site) else "orbit",
        "object": orbit.full_name,
        "epoch_utc": format_utc(epoch_mjd_tdb, 0),
        "ra_deg": _degrees(path.ra_rad),
        "dec_deg": _degrees(path.dec_rad),
        "ra_rate_deg_d": _degrees(path.ra_rate_rad_d),
        "dec_rate_deg_d": _degrees(path.dec_rate_rad_d),
        "distance_au": _number(path.distance_au),
        "v_mag": _number(path.magnitude),
        "elongation_deg": _degrees(path.elongation_rad),
        "phase_deg": _degrees(path.phase_rad),
        "altitude_deg": _degrees(path.altitude_rad),
        "azimuth_deg": _degrees(path.azimuth_rad),
        "sun_altitude_deg": None,
        "horizon_deg": None,
        "sigma_major_arcsec": None if ellipse is None else _degrees(3600.0 * ellipse[0]),
        "status": path.status,
    }
    if isinstance(element, Site):
        return row | _from_ground(element, station, path, epoch_mjd_tdb)
    return row | {"is_up": not _is_hidden(observer, path, epoch_mjd_tdb), "is_dark": True}


def _from_ground(
    site: Site, station: Station, path: SkyPath, epoch_mjd_tdb: float
) -> dict[str, Any]:
    """Whether the object is above the horizon and the sky dark: the Moon's always is."""
    ground = site.ground()
    epochs = np.array([epoch_mjd_tdb])
    place_km, place_km_s = ground.state(epochs)
    to_sun = planets().state("sun", epochs)[0] - place_km
    direction = to_sun / np.linalg.norm(to_sun, axis=1, keepdims=True)
    altitude, _ = ground.altitude_azimuth(epochs, direction, place_km_s)
    sun_deg = float(np.degrees(altitude[0]))
    assert path.altitude_rad is not None
    assert path.azimuth_rad is not None
    lowest = site.elevation_mask or 0.0
    if path.status != "reached":
        return {"sun_altitude_deg": sun_deg, "is_up": False, "is_dark": True}
    if site.body == "moon":
        lowest = max(site.elevation_mask or -math.pi, _ground_rad(site, station, path.azimuth_rad))
    return {
        "sun_altitude_deg": sun_deg,
        "horizon_deg": math.degrees(lowest),
        "is_up": bool(path.altitude_rad[0] > lowest),
        "is_dark": site.body == "moon" or sun_deg < _NIGHT_DEG,
    }


def _ground_rad(site: Site, station: Station, azimuth_rad: FloatArray) -> float:
    """How high the ground stands there, by terrain, as given, or on a sphere."""
    horizon: Horizon = site_horizon(site, station.folder)
    grid = np.arange(horizon.altitude_rad.size) * (2.0 * np.pi / horizon.altitude_rad.size)
    return float(np.interp(azimuth_rad[0], grid, horizon.altitude_rad, period=2.0 * np.pi))


def _is_hidden(observer: Observer, path: SkyPath, epoch_mjd_tdb: float) -> bool:
    """Whether the Earth or the Moon stands before the object."""
    epochs = np.array([epoch_mjd_tdb])
    place_km, _ = observer.state(epochs)
    ra, dec = path.ra_rad[0], path.dec_rad[0]
    direction = np.array(
        [math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra), math.sin(dec)]
    )
    for body, radius_km in _RADII_KM.items():
        to_body = (planets().state(body, epochs)[0] - place_km)[0]
        along = float(direction @ to_body)
        across = float(np.linalg.norm(to_body - along * direction))
        nearer = path.distance_au[0] * AU_KM > along
        if along > 0.0 and across < radius_km and nearer:
            return True
    return False


def _number(values: FloatArray | None) -> float | None:
    if values is None or not math.isfinite(values[0]):
        return None
    return float(values[0])


def _degrees(values: FloatArray | None) -> float | None:
    found = _number(values)
    return None if found is None else math.degrees(found)
