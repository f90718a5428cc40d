"""The station's part of a cycle: its light and links, who sees what, and what may hit near it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from perilune.catalogue import put_station
from perilune.constants import AU_KM
from perilune.errors import PeriluneError
from perilune.station.surroundings import Surroundings
from perilune.watch.sightings import sightings, watched_objects
from perilune.watch.site_hazard import site_hazards
from perilune.watch.station_now import light_now, links_now
from perilune.watch.work import BY, Work

_NEW_D: Final = 7.0


def look_at_station(work: Work) -> dict[str, Any]:
    """What holds for the station now; nothing where the cycle has none."""
    station = work.station
    if station is None:
        return {}
    now, around = work.cycle.now_mjd_tdb, Surroundings(station.folder)
    work.progress(0.0, "light")
    light, failures = light_now(station, around, now)
    work.progress(0.3, "links")
    links, more = links_now(station, around, now)
    failures += more
    work.progress(0.6, "telescopes")
    since = datetime.now(UTC) - timedelta(days=_NEW_D)
    with work.database.read() as connection:
        watched = watched_objects(
            connection, now, since.strftime("%Y-%m-%dT%H:%M:%S"), work.settings.within_au * AU_KM
        )
        hazards = site_hazards(connection, station, now)
    try:
        seen = list(sightings(station, around, watched, now))
    except PeriluneError as error:
        seen = []
        failures.append(f"What the telescopes see is not known: {error}")
    for failure in dict.fromkeys(failures):
        work.fail("station", failure, {"station": station.file})
    assert work.settings.station is not None
    slug = work.settings.station.stem
    document = work.settings.station.read_text(encoding="utf-8")
    with work.commit() as connection:
        put_station(connection, slug, station.name, document, BY)
    return {
        "name": station.name,
        "light": light,
        "links": links,
        "sightings": seen,
        "hazards": hazards,
    }
