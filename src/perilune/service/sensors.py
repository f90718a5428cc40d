"""Which of a station's telescopes sees which object now: places in each one's own sky."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final

import numpy as np

from perilune.astrometry.observations import FloatArray
from perilune.catalogue import Database, next_approaches, preferred_orbit, risk_list
from perilune.catalogue.details import first_objects
from perilune.constants import AU_KM
from perilune.determination.sky_path import sky_path
from perilune.determination.trajectory import Trajectory, fly
from perilune.dynamics import solar_system
from perilune.orbits.orbit import Orbit
from perilune.service.station_scene import parsed
from perilune.station.places import Site
from perilune.station.spacecraft import Orbiter
from perilune.station.surroundings import Surroundings
from perilune.times import format_utc, parse_epoch
from perilune.watch.telescopes import Eye, bare_eye, station_eyes

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
    "horizon_deg": "deg, the lowest altitude in that direction; null in orbit",
    "limit_mag": "mag, V",
    "sigma_major_arcsec": "arcsec, of the one-sigma ellipse",
}
_COMING_D: Final = 365.25
_WITHIN_KM: Final = 0.05 * AU_KM
_FAR_D: Final = 50.0 * 365.25


def watch_list(
    database: Database, epoch_mjd_tdb: float, limit: int, *, others: bool
) -> list[Orbit]:
    """Orbits of the objects to look at: first those that may hit yet, then those that come near.

    Args:
        database: the catalogue.
        epoch_mjd_tdb: from when they come near, within a year and 0.05 au.
        limit: how many objects at most.
        others: whether the catalogue's first objects take the room that these leave, where their
            orbits need not be carried too far.
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
        rest = first_objects(connection, limit) if others else []
        held = [preferred_orbit(connection, key) for key in list(ids)[:limit]]
        near = (preferred_orbit(connection, key) for key in rest if key not in ids)
        held += [each for each in near if each is not None and _is_near(each.orbit, epoch_mjd_tdb)]
    return [each.orbit for each in held if each is not None][:limit]


def _is_near(orbit: Orbit, epoch_mjd_tdb: float) -> bool:
    """Whether the orbit is of about that time."""
    return abs(orbit.epoch_mjd_tdb - epoch_mjd_tdb) <= _FAR_D


def sensor_rows(
    document: str,
    orbits: tuple[Orbit, ...],
    epoch_mjd_tdb: float,
    *,
    all_elements: bool,
    limiting_magnitude: float | None,
    min_elongation_deg: float | None,
) -> list[dict[str, Any]]:
    """One row a telescope and object, the elements in the file's order.

    Args:
        document: the station file's text.
        orbits: of the objects.
        epoch_mjd_tdb: when.
        all_elements: also from sites and orbiters that carry no telescope.
        limiting_magnitude: what is fainter is not seen, nor what is fainter than the file's limit.
        min_elongation_deg: what is nearer to the Sun is not seen; each telescope's own if None.

    Raises:
        OutOfRangeError: the epoch lies outside the ephemeris or what is known of an observer.
        InputError: an orbiter's path cannot be computed.
    """
    rows: list[dict[str, Any]] = []
    for eye in _eyes(document, epoch_mjd_tdb, all_elements):
        limits = [each for each in (limiting_magnitude, eye.limit_mag) if each is not None]
        limit = min(limits, default=None)
        nearest = eye.sun_elongation_rad if eye.where != "earth" else 0.0
        nearest_deg = math.degrees(nearest) if min_elongation_deg is None else min_elongation_deg
        for orbit in orbits:
            row = _seen(document, eye.element, orbit, epoch_mjd_tdb) | {
                "telescope": eye.name,
                "planned_from": eye.planned_from,
                "limit_mag": limit,
            }
            row |= _conditions(row, eye)
            reasons = _reasons(row, limit, nearest_deg)
            rows.append(row | {"visible": not reasons, "reason": "; ".join(reasons)})
    return rows


def _eyes(document: str, epoch_mjd_tdb: float, all_elements: bool) -> list[Eye]:
    """The station's telescopes, and where there is none the element itself if it is wanted."""
    station, epochs = parsed(document), np.array([epoch_mjd_tdb])
    around = Surroundings(station.folder)
    carried: dict[str, list[Eye]] = {}
    for eye in station_eyes(station, around, epochs, epoch_mjd_tdb):
        carried.setdefault(eye.element, []).append(eye)
    found: list[Eye] = []
    elements: list[Site | Orbiter] = [*station.sites, *station.orbiters]
    for element in elements:
        found += carried.get(element.id, [])
        if all_elements and element.id not in carried:
            found.append(bare_eye(station, around, element, epochs))
    return found


def _conditions(row: dict[str, Any], eye: Eye) -> dict[str, Any]:
    """Whether the object is above the horizon and the sky dark: off the Earth it always is."""
    site = eye.observer.site
    sun_deg = None
    if site is not None:
        sun, _ = site.altitude_azimuth(eye.epoch_mjd_tdb, eye.to_sun, eye.velocity_km_s)
        sun_deg = math.degrees(sun[0])
    is_dark = eye.where != "earth" or (sun_deg or 0.0) < math.degrees(eye.sun_altitude_rad)
    found = {"sun_altitude_deg": sun_deg, "horizon_deg": None, "is_up": False, "is_dark": is_dark}
    if row["status"] != "reached":
        return found
    if site is None:
        ra, dec = math.radians(row["ra_deg"]), math.radians(row["dec_deg"])
        around = math.cos(dec)
        direction = np.array([[around * math.cos(ra), around * math.sin(ra), math.sin(dec)]])
        away_km = np.array([row["distance_au"] * AU_KM])
        return found | {"is_up": not bool(eye.hidden(direction, away_km)[0])}
    lowest = float(eye.lowest_rad(np.radians([row["azimuth_deg"]]))[0])
    is_up = math.radians(row["altitude_deg"]) > lowest
    return found | {"horizon_deg": math.degrees(lowest), "is_up": is_up}


def _reasons(row: dict[str, Any], limit: float | None, nearest_deg: float) -> list[str]:
    """Why it is not seen."""
    if row["status"] != "reached":
        return [f"the object has ended ({row['status']})"]
    reasons = []
    if not row["is_up"]:
        in_orbit = row["altitude_deg"] is None
        reasons.append("behind the Moon or Earth" if in_orbit else "below the horizon")
    if not row["is_dark"]:
        reasons.append("the Sun is up")
    if row["elongation_deg"] < nearest_deg:
        reasons.append(f"within {nearest_deg:g} deg of the Sun")
    if limit is not None and row["v_mag"] is not None and row["v_mag"] > limit:
        reasons.append(f"fainter than {limit:g} mag")
    return reasons


@lru_cache(maxsize=256)
def _flown(orbit: Orbit, day: int) -> Trajectory:
    """An object's trajectory over a day, for all telescopes and all moments of it."""
    cartesian = orbit.cartesian()
    return fly(
        solar_system(), cartesian, orbit.number, float(day), day + 1.0,
        with_variations=cartesian.covariance is not None,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _seen(document: str, element_id: str, orbit: Orbit, epoch_mjd_tdb: float) -> dict[str, Any]:
    """One object in one element's sky."""
    station = parsed(document)
    element = station.element(element_id)
    observer = station.observer(element_id)
    flown = _flown(orbit, math.floor(epoch_mjd_tdb))
    # One that ends that day may end after this moment: then it is flown to the moment alone.
    whole = flown if flown.status == "reached" else None
    path = sky_path(solar_system(), orbit, observer, np.array([epoch_mjd_tdb]), flown=whole)
    ellipse = path.ellipse()
    return {
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
        "sigma_major_arcsec": None if ellipse is None else _degrees(3600.0 * ellipse[0]),
        "status": path.status,
    }


def _number(values: FloatArray | None) -> float | None:
    if values is None or not math.isfinite(values[0]):
        return None
    return float(values[0])


def _degrees(values: FloatArray | None) -> float | None:
    found = _number(values)
    return None if found is None else math.degrees(found)
