"""A station for the API: its parts with units, its orbits as designed, its Sun and Earth."""

from __future__ import annotations

import math
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S
from perilune.contract.station import light_row, link_row
from perilune.ephemeris import planets
from perilune.errors import PeriluneError
from perilune.frames.moon import MOON_ME, moon_orientation
from perilune.station.light import site_sky
from perilune.station.links import station_links
from perilune.station.orbits.report import orbiter_report
from perilune.station.places import Site
from perilune.station.reading import read_station
from perilune.station.sky_track import sky_track
from perilune.station.spacecraft import Orbiter
from perilune.station.station import Station
from perilune.station.surroundings import site_horizon
from perilune.times import parse_epoch

Array = NDArray[np.float64]

UNITS: Final = {
    "sites.longitude_deg": "deg, east; WGS84 on the Earth, mean-Earth axes on the Moon",
    "sites.latitude_deg": "deg, north",
    "sites.height_km": "km, over WGS84, or over the sphere of 1737.4 km",
    "facilities.mass_kg": "kg",
    "facilities.power_w": "W, drawn",
    "orbiters.path_km": "km, from the Moon's centre, mean-Earth axes as they stand at the epoch",
    "orbiters.period_d": "d, of the two-body orbit",
}
SKY_UNITS: Final = {
    "epochs_mjd_tdb": "d",
    "sun_km": "km, from the Moon's centre, mean-Earth axes; geometric",
    "earth_km": "km, likewise",
}
_POINTS: Final = 241
_NO_PATH: Final[dict[str, Any]] = {"epoch_mjd_tdb": None, "period_d": None, "path_km": None}
_LIGHT_STEP_D: Final = 1.0 / 24.0


_FILES: Final[dict[str, Path]] = {}  # by their texts


def know_file(file: Path) -> str:
    """Remember where a station file stands, so that what it names beside it is found; its text."""
    text = file.read_text(encoding="utf-8")
    _FILES[text] = file
    return text


@lru_cache(maxsize=8)
def parsed(document: str) -> Station:
    """The station of a file's text.

    Maps and paths that it names are found where this service was given the file itself.

    Raises:
        StationFileError: it does not hold what it should.
    """
    known = _FILES.get(document)
    if known is not None and known.is_file() and known.read_text(encoding="utf-8") == document:
        return read_station(known)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "station.yaml"
        file.write_text(document, encoding="utf-8")
        return read_station(file)


@lru_cache(maxsize=8)
def station_parts(document: str) -> dict[str, Any]:
    """Everything in the station file that a page shows, in the API's units."""
    station = parsed(document)
    return {
        "name": station.name,
        "about": station.about,
        "assumptions": station.assumptions,
        "partners": [each.model_dump() for each in station.partners],
        "phases": [each.model_dump() for each in station.phases],
        "sites": [_site(each) for each in station.sites],
        "orbiters": [_orbiter(each, station) for each in station.orbiters],
        "facilities": [
            {
                "id": each.id,
                "name": each.name,
                "kind": each.kind,
                "at": each.at,
                "owner": each.owner,
                "phase": each.phase,
                "mass_kg": each.mass,
                "power_w": each.power,
            }
            for each in station.facilities
        ],
    }


def _site(site: Site) -> dict[str, Any]:
    longitude, latitude, height_km = site.ground().coordinates()
    return {
        "id": site.id,
        "name": site.name or site.id,
        "body": site.body,
        "longitude_deg": math.degrees(longitude),
        "latitude_deg": math.degrees(latitude),
        "height_km": height_km,
    }


def _orbiter(orbiter: Orbiter, station: Station) -> dict[str, Any]:
    """An orbiter and its path from the epoch on that its file gives."""
    epoch_text = getattr(getattr(orbiter, orbiter.family), "epoch", None)
    row = {"id": orbiter.id, "name": orbiter.name or orbiter.id, "family": orbiter.family}
    if epoch_text is None:
        return row | _NO_PATH
    return row | orbiter_path(orbiter, station, parse_epoch(epoch_text))


def orbiter_path(orbiter: Orbiter, station: Station, epoch: float) -> dict[str, Any]:
    """Its path over one revolution from an epoch on, or the reason why it is not known."""
    try:
        observer = station.observer(orbiter.id)
        period_d = _period_d(observer.state(np.array([epoch])), epoch)
        epochs = epoch + np.linspace(0.0, period_d, _POINTS)
        position_km = observer.state(epochs)[0] - planets().state("moon", epochs)[0]
    except PeriluneError as error:
        return _NO_PATH | {"reason": str(error)}
    path_km = moon_orientation(epoch, MOON_ME).to_fixed(position_km)
    return {"epoch_mjd_tdb": epoch, "period_d": period_d, "path_km": np.round(path_km, 2)}


def _period_d(state: tuple[Array, Array], epoch: float) -> float:
    """Of the two-body orbit about the Moon, at most a month."""
    moon_km, moon_km_s = planets().state("moon", epoch)
    gm = float(planets().constants.gm_major_km3_s2[4])
    distance = float(np.linalg.norm(state[0][0] - moon_km))
    speed = float(np.linalg.norm(state[1][0] - moon_km_s))
    inverse_axis = 2.0 / distance - speed**2 / gm
    if inverse_axis <= 0.0:
        return 30.0
    return min(2.0 * math.pi / math.sqrt(gm * inverse_axis**3) / DAY_S, 30.0)


@lru_cache(maxsize=32)
def light_rows(document: str, start_mjd_tdb: float, stop_mjd_tdb: float) -> list[dict[str, Any]]:
    """The light of each site on the Moon.

    Raises:
        OutOfRangeError: the span leaves the ephemeris.
    """
    station = parsed(document)
    sites = [site for site in station.sites if site.body == "moon"]
    if not sites:
        return []
    track = sky_track(start_mjd_tdb, stop_mjd_tdb)
    return [
        light_row(
            site_sky(
                site.ground(),
                site.mast,
                site_horizon(site, station.folder),
                start_mjd_tdb,
                stop_mjd_tdb,
                step_d=_LIGHT_STEP_D,
                track=track,
            )
        )
        for site in sites
    ]


@lru_cache(maxsize=32)
def link_rows(document: str, start_mjd_tdb: float, stop_mjd_tdb: float) -> list[dict[str, Any]]:
    """The links between all elements.

    Raises:
        PeriluneError: an orbiter's path cannot be computed.
    """
    return [link_row(link) for link in station_links(parsed(document), start_mjd_tdb, stop_mjd_tdb)]


@lru_cache(maxsize=32)
def orbit_rows(document: str, days: float, samples: int, seed: int) -> list[dict[str, Any]]:
    """What each orbiter's orbit is like.

    Raises:
        PeriluneError: an orbit cannot be computed.
    """
    station = parsed(document)
    return [
        orbiter_report(orbiter, station.folder, days=days, samples=samples, seed=seed).as_dict()
        for orbiter in station.orbiters
    ]


def moon_sky(epochs: Array) -> dict[str, Any]:
    """Where the Sun and the Earth stand for the Moon.

    Raises:
        OutOfRangeError: an epoch outside the ephemeris or the Moon's orientation.
    """
    planets().check_span(epochs)
    moon_km, _ = planets().state("moon", epochs)
    orientation = moon_orientation(epochs, MOON_ME)
    return {"epochs_mjd_tdb": epochs} | {
        f"{body}_km": np.round(orientation.to_fixed(planets().state(body, epochs)[0] - moon_km), 1)
        for body in ("sun", "earth")
    }
