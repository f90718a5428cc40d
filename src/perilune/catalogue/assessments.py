"""Assessments of risk: every one is kept, the latest of an object and body is current."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, Select, insert, select, update

from perilune.catalogue.records import chunks, utc_now
from perilune.catalogue.tables import (
    assessments,
    date_order,
    objects,
    orbits,
    palermo_order,
    torino_order,
    virtual_impactors,
)
from perilune.impact.assessment import ImpactorRow, RiskAssessment
from perilune.times import parse_epoch

Sort = Literal["probability", "palermo", "torino", "date"]
_number: Final = assessments.c.id
_chance: Final = assessments.c.impact_probability
_SORTS: Final = {
    "probability": (_chance, _chance.desc(), _number.desc()),
    "palermo": (palermo_order, palermo_order.desc(), _number.desc()),
    "torino": (torino_order, torino_order.desc(), _chance.desc(), _number.desc()),
    "date": (date_order, date_order.asc(), _number.asc()),
}
_IMPACTOR: Final = tuple(
    column.name for column in virtual_impactors.c if column.name not in ("id", "assessment_id")
)


@dataclass(frozen=True, slots=True)
class StoredAssessment:
    """One assessment in the catalogue.

    Attributes:
        id, object_id, orbit_id: numbers in this database.
        is_current: whether it is the latest of its object and body.
        first_impact_mjd_tdb: the earliest virtual impactor's time, if there is one.
        assessed_mjd_tdb: the date from which the scales count.
        assessed_utc: when it was computed.
        software_version, ephemeris: with what.
        inputs_sha256: hexadecimal digest of all that it depends on.
        risk: the assessment itself, as the command line gives it.
    """

    id: int
    object_id: int
    orbit_id: int
    is_current: bool
    first_impact_mjd_tdb: float | None
    assessed_mjd_tdb: float
    assessed_utc: str
    software_version: str
    ephemeris: str
    inputs_sha256: str
    risk: RiskAssessment


def add_assessments(
    connection: Connection,
    orbit_id: int,
    found: Sequence[RiskAssessment],
    *,
    inputs_sha256: bytes,
    assessed_mjd_tdb: float,
    software_version: str,
    ephemeris: str,
) -> list[int]:
    """Keep what `assess_risk` found for one orbit and make it current; the rows' numbers.

    What is there already, by the digest of its inputs, is only made current again.
    """
    query = select(orbits.c.object_id).where(orbits.c.id == orbit_id)
    object_id = int(connection.execute(query).scalar_one())
    ids = []
    for risk in found:
        of_body = (assessments.c.object_id == object_id) & (assessments.c.body == risk.body)
        connection.execute(
            update(assessments).where(of_body, assessments.c.is_current).values(is_current=False)
        )
        same = of_body & (assessments.c.inputs_sha256 == inputs_sha256)
        present = connection.execute(select(assessments.c.id).where(same)).scalar()
        if present is not None:
            connection.execute(
                update(assessments).where(assessments.c.id == present).values(is_current=True)
            )
            ids.append(int(present))
            continue
        first = min((parse_epoch(v.epoch_utc) for v in risk.virtual_impactors), default=None)
        result = connection.execute(
            insert(assessments).values(
                object_id=object_id,
                orbit_id=orbit_id,
                body=risk.body,
                is_current=True,
                impact_probability=risk.impact_probability,
                probability_low=risk.probability_low,
                probability_high=risk.probability_high,
                method=risk.method,
                method_reason=risk.method_reason,
                samples=risk.samples,
                seed=risk.seed,
                palermo_cumulative=risk.palermo_cumulative,
                palermo_max=risk.palermo_max,
                torino_max=risk.torino_max,
                linear_probability=risk.linear_probability,
                first_impact_mjd_tdb=first,
                until_utc=risk.until_utc,
                assessed_mjd_tdb=assessed_mjd_tdb,
                assessed_utc=utc_now(),
                software_version=software_version,
                ephemeris=ephemeris,
                inputs_sha256=inputs_sha256,
            )
        )
        key = result.inserted_primary_key
        assert key is not None
        ids.append(int(key[0]))
        rows = [{"assessment_id": ids[-1], **asdict(each)} for each in risk.virtual_impactors]
        if rows:
            connection.execute(insert(virtual_impactors), rows)
    return ids


def risk_list(
    connection: Connection,
    body: str,
    *,
    min_probability: float | None = None,
    min_palermo: float | None = None,
    min_torino: int | None = None,
    before_mjd_tdb: float | None = None,
    sort: Sort = "probability",
    limit: int = 100,
    offset: int = 0,
) -> list[StoredAssessment]:
    """The current assessments for a body.

    Args:
        connection: any.
        body: "earth" or "moon".
        min_probability, min_palermo, min_torino: only of at least this.
        before_mjd_tdb: only with a possible impact before this date.
        sort: the highest probability, Palermo or Torino value first, or the earliest impact; what
            has no such value comes last.
        limit, offset: which part of the list.
    """
    column = assessments.c
    query = select(column.id).where(column.body == body, column.is_current)
    by, *order = _SORTS[sort]
    filters = [
        (_chance, None if min_probability is None else _chance >= min_probability),
        (palermo_order, None if min_palermo is None else palermo_order >= min_palermo),
        (torino_order, None if min_torino is None else torino_order >= min_torino),
        (date_order, None if before_mjd_tdb is None else date_order < before_mjd_tdb),
    ]
    given = [(on, condition) for on, condition in filters if condition is not None]
    query = query.where(*(condition for _, condition in given))
    if any(on is not by for on, _ in given):
        # What a filter lets through is little: its index finds that, and it is sorted then. The
        # added nought keeps the sort's own index, which would be gone through from end to end,
        # from being used.
        order = [(by + 0).asc() if sort == "date" else (by + 0).desc(), *order[1:]]
    # First the numbers, which an index gives in order, and only then the rows.
    query = query.order_by(*order).limit(limit).offset(offset)
    ids = [int(row[0]) for row in connection.execute(query)]
    found = {
        each.id: each
        for some in chunks(ids)
        for each in _stored(connection, _select().where(column.id.in_(some)))
    }
    return [found[each] for each in ids]


def assessments_of(
    connection: Connection, object_id: int, *, body: str | None = None, history: bool = False
) -> list[StoredAssessment]:
    """An object's assessments: the current ones, or with `history` all, the latest first."""
    query = _select().where(assessments.c.object_id == object_id)
    if body is not None:
        query = query.where(assessments.c.body == body)
    if not history:
        query = query.where(assessments.c.is_current)
    return _stored(connection, query.order_by(assessments.c.id.desc()))


def assessment_by_id(connection: Connection, assessment_id: int) -> StoredAssessment | None:
    """The assessment of a number; None if there is none."""
    found = _stored(connection, _select().where(assessments.c.id == assessment_id))
    return found[0] if found else None


def previous_assessment(
    connection: Connection, assessment: StoredAssessment
) -> StoredAssessment | None:
    """The one before it of the same object and body; None for the first."""
    query = _select().where(
        assessments.c.object_id == assessment.object_id,
        assessments.c.body == assessment.risk.body,
        assessments.c.id < assessment.id,
    )
    found = _stored(connection, query.order_by(assessments.c.id.desc()).limit(1))
    return found[0] if found else None


def _select() -> Select[Any]:
    return (
        select(assessments, objects.c.full_name, orbits.c.solution)
        .join(objects, assessments.c.object_id == objects.c.id)
        .join(orbits, assessments.c.orbit_id == orbits.c.id)
    )


def _stored(connection: Connection, query: Select[Any]) -> list[StoredAssessment]:
    rows = connection.execute(query).mappings().all()
    impactors = _impactors(connection, [int(row["id"]) for row in rows])
    return [
        StoredAssessment(
            id=row["id"],
            object_id=row["object_id"],
            orbit_id=row["orbit_id"],
            is_current=row["is_current"],
            first_impact_mjd_tdb=row["first_impact_mjd_tdb"],
            assessed_mjd_tdb=row["assessed_mjd_tdb"],
            assessed_utc=row["assessed_utc"],
            software_version=row["software_version"],
            ephemeris=row["ephemeris"],
            inputs_sha256=bytes(row["inputs_sha256"]).hex(),
            risk=RiskAssessment(
                object=row["full_name"],
                solution=row["solution"],
                body=row["body"],
                impact_probability=row["impact_probability"],
                probability_low=row["probability_low"],
                probability_high=row["probability_high"],
                method=row["method"],
                method_reason=row["method_reason"],
                samples=row["samples"],
                palermo_cumulative=row["palermo_cumulative"],
                palermo_max=row["palermo_max"],
                torino_max=row["torino_max"],
                virtual_impactors=tuple(impactors.get(row["id"], ())),
                linear_probability=row["linear_probability"],
                until_utc=row["until_utc"],
                seed=row["seed"],
            ),
        )
        for row in rows
    ]


def _impactors(
    connection: Connection, assessment_ids: Sequence[int]
) -> dict[int, list[ImpactorRow]]:
    found: dict[int, list[ImpactorRow]] = {}
    for some in chunks(assessment_ids):
        query = select(virtual_impactors).where(virtual_impactors.c.assessment_id.in_(some))
        for row in connection.execute(query.order_by(virtual_impactors.c.id)).mappings():
            values = {name: row[name] for name in _IMPACTOR}
            found.setdefault(int(row["assessment_id"]), []).append(ImpactorRow(**values))
    return found
