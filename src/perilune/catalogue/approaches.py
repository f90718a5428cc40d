"""Close approaches of the preferred orbits; they are found anew when an orbit changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select

from perilune.catalogue.records import chunks, utc_now
from perilune.catalogue.tables import approach_searches, approaches, objects
from perilune.impact.approaches import Approach, BPlane


@dataclass(frozen=True, slots=True)
class StoredApproach:
    """One approach in the catalogue: its numbers there, and the approach itself."""

    id: int
    object_id: int
    orbit_id: int
    approach: Approach


@dataclass(frozen=True, slots=True)
class ApproachSearch:
    """What was searched for an object.

    Attributes:
        object_id, orbit_id: the object, and the orbit that was searched.
        start_mjd_tdb, stop_mjd_tdb, within_km: the search.
        software_version: what searched.
    """

    object_id: int
    orbit_id: int
    start_mjd_tdb: float
    stop_mjd_tdb: float
    within_km: float
    software_version: str


def replace_approaches(
    connection: Connection, search: ApproachSearch, found: Sequence[Approach]
) -> None:
    """Put an object's approaches in the place of those that were there."""
    mine = search.object_id
    connection.execute(delete(approaches).where(approaches.c.object_id == mine))
    connection.execute(delete(approach_searches).where(approach_searches.c.object_id == mine))
    connection.execute(
        insert(approach_searches).values(
            object_id=mine,
            orbit_id=search.orbit_id,
            start_mjd_tdb=search.start_mjd_tdb,
            stop_mjd_tdb=search.stop_mjd_tdb,
            within_km=search.within_km,
            software_version=search.software_version,
            searched_utc=utc_now(),
        )
    )
    rows = [_row(search, approach) for approach in found]
    if rows:
        connection.execute(insert(approaches), rows)


def search_of(connection: Connection, object_id: int) -> ApproachSearch | None:
    """What was searched last for an object; None if nothing was."""
    query = select(approach_searches).where(approach_searches.c.object_id == object_id)
    row = connection.execute(query).first()
    if row is None:
        return None
    return ApproachSearch(
        row.object_id,
        row.orbit_id,
        row.start_mjd_tdb,
        row.stop_mjd_tdb,
        row.within_km,
        row.software_version,
    )


def next_approaches(
    connection: Connection,
    start_mjd_tdb: float,
    *,
    stop_mjd_tdb: float | None = None,
    body: str | None = None,
    within_km: float | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[StoredApproach]:
    """Approaches from a date on, the earliest first."""
    column = approaches.c
    query = select(column.id).where(column.epoch_mjd_tdb >= start_mjd_tdb)
    if stop_mjd_tdb is not None:
        query = query.where(column.epoch_mjd_tdb <= stop_mjd_tdb)
    if body is not None:
        query = query.where(column.body == body)
    if within_km is not None:
        query = query.where(column.distance_km <= within_km)
    # First the numbers, from the index alone, and only then the rows.
    query = query.order_by(column.epoch_mjd_tdb, column.body, column.distance_km, column.id)
    ids = [int(row[0]) for row in connection.execute(query.limit(limit).offset(offset))]
    found = {
        each.id: each
        for some in chunks(ids)
        for each in _stored(connection, _select().where(column.id.in_(some)))
    }
    return [found[each] for each in ids]


def approaches_of(connection: Connection, object_id: int) -> list[StoredApproach]:
    """An object's approaches, the earliest first."""
    query = _select().where(approaches.c.object_id == object_id)
    return _stored(connection, query.order_by(approaches.c.epoch_mjd_tdb, approaches.c.id))


def _row(search: ApproachSearch, approach: Approach) -> dict[str, Any]:
    plane = approach.b_plane
    covariance = plane.covariance_km2
    return {
        "object_id": search.object_id,
        "orbit_id": search.orbit_id,
        "body": approach.body,
        "epoch_mjd_tdb": approach.epoch_mjd_tdb,
        "distance_km": approach.distance_km,
        "speed_km_s": approach.speed_km_s,
        "xi_km": plane.xi_km,
        "zeta_km": plane.zeta_km,
        "epoch_sigma_s": approach.epoch_sigma_s,
        "distance_sigma_km": approach.distance_sigma_km,
        "xi_xi_km2": None if covariance is None else covariance[0][0],
        "xi_zeta_km2": None if covariance is None else covariance[0][1],
        "zeta_zeta_km2": None if covariance is None else covariance[1][1],
        "is_impact": approach.is_impact,
    }


def _select() -> Select[Any]:
    return select(approaches, objects.c.full_name).join(
        objects, approaches.c.object_id == objects.c.id
    )


def _stored(connection: Connection, query: Select[Any]) -> list[StoredApproach]:
    found = []
    for row in connection.execute(query):
        covariance = None
        if row.xi_xi_km2 is not None:
            covariance = [[row.xi_xi_km2, row.xi_zeta_km2], [row.xi_zeta_km2, row.zeta_zeta_km2]]
        approach = Approach(
            object=row.full_name,
            body=row.body,
            epoch_mjd_tdb=row.epoch_mjd_tdb,
            epoch_sigma_s=row.epoch_sigma_s,
            distance_km=row.distance_km,
            distance_sigma_km=row.distance_sigma_km,
            speed_km_s=row.speed_km_s,
            b_plane=BPlane(row.xi_km, row.zeta_km, covariance),
            is_impact=row.is_impact,
        )
        found.append(StoredApproach(row.id, row.object_id, row.orbit_id, approach))
    return found
