"""What the watch found last, in the rows of `perilune watch --json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from perilune.catalogue import (
    Database,
    StoredAlert,
    StoredAssessment,
    count_objects,
    find_station,
    list_alerts,
    next_approaches,
    risk_list,
)
from perilune.catalogue.cycles import Cycle, latest_cycle
from perilune.contract.approaches import approach_row
from perilune.contract.envelope import inputs_sha256
from perilune.errors import DataMissingError, UnknownNameError
from perilune.impact import ImpactorRow
from perilune.times import parse_epoch
from perilune.watch.findings import Finding
from perilune.watch.work import BODIES, CycleSettings

_ROWS: Final = 1000
_APPROACHES: Final = 10


@dataclass(frozen=True, slots=True)
class Watched:
    """The state of the catalogue after a cycle.

    Attributes:
        cycle_id: its number.
        now_mjd_tdb: the moment that it counts from.
        finished_utc: when it was done.
        horizon_years: how far it searched for impacts.
        within_au: how near approaches are.
        objects: how many the catalogue holds.
        assessments: the current ones, in the order of the command's rows.
        approaches: the next ones, as rows.
        alerts: those that are open.
        failures: what went wrong without ending the cycle.
        station: what it said of the report's station; None where it did not look at it.
        gone: objects that have hit: whatever is likely lies in the past.
        inputs_sha256: the digest that the command's envelope carries.
    """

    cycle_id: int
    now_mjd_tdb: float
    finished_utc: str
    horizon_years: float
    within_au: float
    objects: int
    assessments: tuple[StoredAssessment, ...]
    approaches: tuple[Mapping[str, Any], ...]
    alerts: tuple[StoredAlert, ...]
    failures: tuple[str, ...]
    station: Mapping[str, Any] | None
    gone: frozenset[int]
    inputs_sha256: str

    def to_come(self, stored: StoredAssessment) -> tuple[ImpactorRow, ...]:
        """An assessment's virtual impactors that are not over yet."""
        return tuple(
            each
            for each in stored.risk.virtual_impactors
            if parse_epoch(each.epoch_utc) >= self.now_mjd_tdb
        )

    def is_over(self, stored: StoredAssessment) -> bool:
        """Whether the object is no more, or all that could have hit has done so, or not, by now."""
        if stored.object_id in self.gone:
            return True
        return bool(stored.risk.virtual_impactors) and not self.to_come(stored)

    def open_of(self, body: str) -> list[tuple[int, StoredAssessment]]:
        """The assessments of a body that are not over, with their places, the likeliest first."""
        mine = [
            (place, each)
            for place, each in enumerate(self.assessments)
            if each.risk.body == body and not self.is_over(each)
        ]
        return sorted(
            mine, key=lambda one: (-one[1].risk.impact_probability, -one[1].risk.probability_high)
        )

    def finding(self, stored: StoredAssessment) -> Finding:
        """An assessment as the rules for alerts see it."""
        risk = stored.risk
        return Finding(
            object_id=stored.object_id,
            body=risk.body,
            assessment=stored,
            impactors=self.to_come(stored),
            probability=risk.impact_probability,
            low=risk.probability_low,
            high=risk.probability_high,
            palermo=risk.palermo_cumulative,
            torino=risk.torino_max or 0,
            approach=None,
        )


def read_watched(database: Database, station_file: str) -> Watched:
    """What the database holds after its latest cycle.

    Args:
        database: the catalogue.
        station_file: of the report's station.

    Raises:
        DataMissingError: no cycle has come to its end on it.
        DatabaseError: it cannot be read.
    """
    with database.read() as connection:
        cycle = latest_cycle(connection, state="done")
        if cycle is None:
            raise no_cycle(database.place)
        stored = [each for body in BODIES for each in risk_list(connection, body, limit=_ROWS)]
        coming = next_approaches(connection, cycle.now_mjd_tdb, limit=_APPROACHES)
        alerts = list_alerts(connection, only_open=True, limit=_ROWS)
        objects = count_objects(connection)
        looked_at = _station_of(connection, cycle, station_file)
    stored.sort(key=lambda each: (each.object_id, BODIES.index(each.risk.body)))
    inputs = {
        "verb": "watch",
        "assessments": [each.inputs_sha256 for each in stored],
        "now_mjd_tdb": cycle.now_mjd_tdb,
        "station": looked_at,
    }
    default = CycleSettings()
    return Watched(
        cycle_id=cycle.id,
        now_mjd_tdb=cycle.now_mjd_tdb,
        finished_utc=cycle.finished_utc or cycle.started_utc,
        horizon_years=float(cycle.settings.get("horizon_years", default.horizon_years)),
        within_au=float(cycle.settings.get("within_au", default.within_au)),
        objects=objects,
        assessments=tuple(stored),
        approaches=tuple(approach_row(each.approach) for each in coming),
        alerts=tuple(alerts),
        failures=tuple((cycle.summary or {}).get("failures", ())),
        station=looked_at,
        gone=frozenset(each.object_id for each in stored if _has_hit(each, cycle.now_mjd_tdb)),
        inputs_sha256=inputs_sha256(inputs),
    )


def _station_of(
    connection: Connection, cycle: Cycle, station_file: str
) -> Mapping[str, Any] | None:
    """What a cycle said of a station, if it was this one, as it stands in its file now."""
    given = cycle.settings.get("station")
    if given is None:
        return None
    try:
        held = find_station(connection, Path(given).stem)
    except UnknownNameError:
        return None
    if held.document != Path(station_file).read_text(encoding="utf-8"):
        return None
    steps: Mapping[str, Any] = (cycle.summary or {}).get("steps", {})
    return steps.get("station") or None


def _has_hit(stored: StoredAssessment, now_mjd_tdb: float) -> bool:
    return stored.risk.impact_probability > 0.5 and all(
        parse_epoch(each.epoch_utc) < now_mjd_tdb for each in stored.risk.virtual_impactors
    )


def no_cycle(place: str) -> DataMissingError:
    """The error for a database without a cycle."""
    return DataMissingError(
        f"No monitoring cycle has come to its end on {place}, so there are no risks to report. "
        f"Run one first: perilune watch --database {place}"
    )
