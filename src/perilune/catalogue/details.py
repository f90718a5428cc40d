"""What lists say of the objects in them: names and sizes of many at once, without their orbits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from perilune.astrometry.observations import Kind
from perilune.catalogue.records import chunks
from perilune.catalogue.tables import assessments, objects, observations, orbits

_KINDS: Final = {Kind.OPTICAL: 0, Kind.RADAR_DELAY: 1, Kind.RADAR_DOPPLER: 2}


@dataclass(frozen=True, slots=True)
class OrbitDetail:
    """One solution and its object.

    Attributes:
        object_id: the object.
        designation, name, number, full_name: what it is called.
        solution, solution_date: of the orbit.
        perihelion_au: at its epoch.
        absolute_magnitude_h, diameter_km: where they are published.
    """

    object_id: int
    designation: str
    name: str | None
    number: int | None
    full_name: str
    solution: str
    solution_date: str | None
    perihelion_au: float
    absolute_magnitude_h: float | None
    diameter_km: float | None


@dataclass(frozen=True, slots=True)
class ObservedSpan:
    """What the catalogue holds of an object's observations.

    Attributes:
        first_mjd_tdb, last_mjd_tdb: the arc.
        optical, delays, dopplers: how many of each kind.
    """

    first_mjd_tdb: float
    last_mjd_tdb: float
    optical: int
    delays: int
    dopplers: int


def orbit_details(connection: Connection, orbit_ids: Sequence[int]) -> dict[int, OrbitDetail]:
    """The details of solutions, by their numbers."""
    named = (objects.c.designation, objects.c.name, objects.c.number, objects.c.full_name)
    query = select(orbits, *named).join(objects, orbits.c.object_id == objects.c.id)
    return {
        int(row.id): OrbitDetail(
            object_id=int(row.object_id),
            designation=row.designation,
            name=row.name,
            number=row.number,
            full_name=row.full_name,
            solution=row.solution,
            solution_date=row.solution_date,
            perihelion_au=row.perihelion_distance_au,
            absolute_magnitude_h=row.absolute_magnitude_h,
            diameter_km=row.diameter_km,
        )
        for some in chunks(list(dict.fromkeys(orbit_ids)))
        for row in connection.execute(query.where(orbits.c.id.in_(some)))
    }


def preferred_elements(connection: Connection, limit: int) -> list[Row[Any]]:
    """Names and elements of preferred orbits, without making orbits of them.

    Rows of full_name, epoch_mjd_tdb, perihelion_distance_au, eccentricity, inclination_deg,
    node_deg, argument_of_perihelion_deg, mean_anomaly_deg and semi_major_axis_au, the latter two
    None for a parabola.
    """
    column = orbits.c
    query = (
        select(
            objects.c.full_name,
            column.epoch_mjd_tdb,
            column.perihelion_distance_au,
            column.eccentricity,
            column.inclination_deg,
            column.node_deg,
            column.argument_of_perihelion_deg,
            column.mean_anomaly_deg,
            column.semi_major_axis_au,
        )
        .join(objects, column.object_id == objects.c.id)
        .where(column.is_preferred)
        .order_by(column.object_id)
        .limit(limit)
    )
    return list(connection.execute(query))


def first_objects(connection: Connection, limit: int) -> list[int]:
    """Numbers of the objects that have an orbit, in the order in which they came."""
    column = orbits.c
    query = select(column.object_id).where(column.is_preferred).order_by(column.object_id)
    return [int(row[0]) for row in connection.execute(query.limit(limit))]


def observed_spans(connection: Connection, object_ids: Sequence[int]) -> dict[int, ObservedSpan]:
    """The arcs of objects that have observations, by the objects' numbers."""
    column = observations.c
    query = select(
        column.object_id,
        column.kind,
        func.min(column.epoch_mjd_tdb),
        func.max(column.epoch_mjd_tdb),
        func.count(),
    ).group_by(column.object_id, column.kind)
    found: dict[int, ObservedSpan] = {}
    for some in chunks(list(dict.fromkeys(object_ids))):
        for key, kind, first, last, count in connection.execute(
            query.where(column.object_id.in_(some))
        ):
            before = found.get(int(key))
            counts = [0, 0, 0] if before is None else [
                before.optical, before.delays, before.dopplers
            ]  # fmt: skip
            counts[_KINDS[Kind(kind)]] += int(count)
            found[int(key)] = ObservedSpan(
                first if before is None else min(first, before.first_mjd_tdb),
                last if before is None else max(last, before.last_mjd_tdb),
                *counts,
            )
    return found


def removed_risks(connection: Connection, body: str) -> list[tuple[str, str]]:
    """Designations of objects that could hit a body and no longer can, and since when (UTC)."""
    earlier = assessments.alias("earlier")
    could = (
        select(earlier.c.id)
        .where(
            earlier.c.object_id == assessments.c.object_id,
            earlier.c.body == body,
            earlier.c.impact_probability > 0.0,
        )
        .exists()
    )
    query = (
        select(objects.c.designation, assessments.c.assessed_utc)
        .join(objects, assessments.c.object_id == objects.c.id)
        .where(
            assessments.c.body == body,
            assessments.c.is_current,
            assessments.c.impact_probability == 0.0,
            could,
        )
        .order_by(assessments.c.assessed_utc.desc())
    )
    return [(str(row[0]), str(row[1])) for row in connection.execute(query)]
