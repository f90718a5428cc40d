"""Who of the station's telescopes can see which object, now and within a day, or why not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from perilune.astrometry.photometry import magnitude
from perilune.catalogue import StoredOrbit, next_approaches, preferred_orbit, risk_list
from perilune.catalogue.tables import orbits
from perilune.constants import AU_KM
from perilune.determination.trajectory import Trajectory, fly
from perilune.dynamics import solar_system
from perilune.ephemeris import planets
from perilune.errors import PeriluneError
from perilune.orbits.orbit import Orbit
from perilune.station.station import Station
from perilune.station.surroundings import Surroundings
from perilune.times import FloatArray, format_utc, parse_epoch
from perilune.watch.telescopes import Eye, station_eyes
from perilune.watch.work import BODIES

Mask = NDArray[np.bool_]

SPAN_D: Final = 1.0
STEP_D: Final = 15.0 / 1440.0
MOST_OBJECTS: Final = 12
_COMING_D: Final = 365.25


@dataclass(frozen=True, slots=True)
class Watched:
    """An object to look at, and why: "risk", "approach" or "new"."""

    stored: StoredOrbit
    why: str


def watched_objects(
    connection: Connection, now_mjd_tdb: float, since_utc: str, within_km: float
) -> list[Watched]:
    """What is worth a look: what may hit yet, what comes near within a year, what is new.

    Args:
        connection: any.
        now_mjd_tdb: from when impacts and approaches count.
        since_utc: from when an orbit that was not built in counts as new.
        within_km: how near an approach is.
    """
    found: dict[int, str] = {}
    risky = [
        each
        for body in BODIES
        for each in risk_list(connection, body, sort="palermo", limit=4 * MOST_OBJECTS)
        if any(parse_epoch(v.epoch_utc) > now_mjd_tdb for v in each.risk.virtual_impactors)
    ]
    risky.sort(key=lambda each: -each.risk.impact_probability)
    for each in risky:
        found.setdefault(each.object_id, "risk")
    coming = next_approaches(
        connection, now_mjd_tdb, stop_mjd_tdb=now_mjd_tdb + _COMING_D, within_km=within_km,
        limit=MOST_OBJECTS,
    )  # fmt: skip
    for near in coming:
        found.setdefault(near.object_id, "approach")
    new = select(orbits.c.object_id).where(
        orbits.c.is_preferred, orbits.c.added_by != "built-in", orbits.c.added_utc >= since_utc
    )
    for row in connection.execute(new.order_by(orbits.c.added_utc.desc()).limit(MOST_OBJECTS)):
        found.setdefault(int(row[0]), "new")
    stored = [(preferred_orbit(connection, key), why) for key, why in found.items()]
    return [Watched(each, why) for each, why in stored if each is not None][:MOST_OBJECTS]


def sightings(
    station: Station, around: Surroundings, watched: Sequence[Watched], now_mjd_tdb: float
) -> Iterator[dict[str, Any]]:
    """One row a telescope and object.

    Raises:
        PeriluneError: a telescope's place is not known.
    """
    if not watched:
        return
    epochs = now_mjd_tdb + STEP_D * np.arange(round(SPAN_D / STEP_D) + 1.0)
    eyes = list(station_eyes(station, around, epochs, now_mjd_tdb))
    if not eyes:
        return
    bodies = solar_system()
    for each in watched:
        orbit = each.stored.orbit
        path: Trajectory | str
        try:
            path = fly(
                bodies, orbit.cartesian(), orbit.number, float(epochs[0]), float(epochs[-1]),
                with_variations=False,
            )  # fmt: skip
        except PeriluneError as error:
            path = str(error)
        for eye in eyes:
            yield _row(each, eye, path)


def _row(each: Watched, eye: Eye, path: Trajectory | str) -> dict[str, Any]:
    orbit = each.stored.orbit
    row: dict[str, Any] = {
        "object": orbit.full_name,
        "why": each.why,
        "element": eye.element,
        "telescope": eye.name,
        "planned_from": eye.planned_from,
        "limit_mag": eye.limit_mag,
        "v_mag": None,
        "altitude_deg": None,
        "horizon_deg": None,
        "elongation_deg": None,
        "sun_altitude_deg": None,
        "is_visible": False,
        "from_utc": None,
        "to_utc": None,
        "reason": None,
    }
    if isinstance(path, str):
        return row | {"reason": path}
    seen = path.received(eye.epoch_mjd_tdb, eye.position_km, eye.velocity_km_s)
    if not np.isfinite(seen.light_s).all():
        return row | {"reason": f"the object has ended ({path.status})"}
    distance_km = np.linalg.norm(seen.position_km, axis=1)
    direction = seen.position_km / distance_km[:, np.newaxis]
    v_mag = _brightness(orbit, eye, seen.position_km, distance_km)
    elongation = _angle(direction, eye.to_sun)
    checks: dict[str, Mask] = {}
    if eye.limit_mag is not None and np.isfinite(v_mag).all():
        checks["too faint"] = v_mag <= eye.limit_mag
    site = eye.observer.site
    if site is None:
        checks["behind the Moon or Earth"] = ~eye.hidden(direction, distance_km)
    else:
        place = (eye.epoch_mjd_tdb, direction, eye.velocity_km_s)
        altitude, azimuth = site.altitude_azimuth(*place)
        sun, _ = site.altitude_azimuth(eye.epoch_mjd_tdb, eye.to_sun, eye.velocity_km_s)
        lowest = eye.lowest_rad(azimuth)
        checks["below the horizon"] = altitude > lowest
        row |= {
            "altitude_deg": math.degrees(altitude[0]),
            "horizon_deg": math.degrees(lowest[0]),
            "sun_altitude_deg": math.degrees(sun[0]),
        }
        if eye.where == "earth":
            checks["the Sun is up"] = sun < eye.sun_altitude_rad
    if eye.where != "earth":
        checks["too near the Sun"] = elongation >= eye.sun_elongation_rad
    return row | {
        "v_mag": float(v_mag[0]) if np.isfinite(v_mag[0]) else None,
        "elongation_deg": math.degrees(elongation[0]),
        **_when(eye.epoch_mjd_tdb, checks),
    }


def _when(epoch_mjd_tdb: FloatArray, checks: dict[str, Mask]) -> dict[str, Any]:
    """The first stretch in which all holds; if there is none, what stands against it."""
    good = np.ones(epoch_mjd_tdb.size, dtype=np.bool_)
    for check in checks.values():
        good &= check
    if not good.any():
        always = [name for name, check in checks.items() if not check.any()]
        reason = "; ".join(always) or "never all at once: " + ", ".join(
            name for name, check in checks.items() if not check.all()
        )
        return {"reason": reason}
    first = int(np.argmax(good))
    rest = ~good[first:]
    last = first + int(np.argmax(rest)) - 1 if rest.any() else good.size - 1
    return {
        "is_visible": first == 0,
        "from_utc": format_utc(float(epoch_mjd_tdb[first]), 0),
        "to_utc": format_utc(float(epoch_mjd_tdb[last]), 0),
        "reason": "; ".join(name for name, check in checks.items() if not check[0]) or None,
    }


def _brightness(
    orbit: Orbit, eye: Eye, from_eye_km: FloatArray, distance_km: FloatArray
) -> FloatArray:
    """V (T,); the Sun stands at reception, which is no matter for a magnitude."""
    sun_km = planets().state("sun", eye.epoch_mjd_tdb)[0]
    from_sun_km = eye.position_km + from_eye_km - sun_km
    phase = _angle(from_sun_km, from_eye_km)
    sun_distance_au = np.linalg.norm(from_sun_km, axis=1) / AU_KM
    return magnitude(orbit, distance_km / AU_KM, sun_distance_au, phase)


def _angle(a: FloatArray, b: FloatArray) -> FloatArray:
    cross = np.linalg.norm(np.cross(a, b), axis=1)
    return np.asarray(np.arctan2(cross, np.sum(a * b, axis=1)))
