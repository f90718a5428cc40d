"""Cycles of the watch: which ran, and how far each step is, so that a broken one can be resumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from perilune.catalogue.records import from_json, to_json, utc_now
from perilune.catalogue.tables import cycle_steps, cycles

CycleState = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle.

    Attributes:
        id: cycles are numbered as they begin.
        state: "running" also for one whose process was killed.
        settings: what it was asked to do.
        now_mjd_tdb: the moment that all of it counts from, also when it is gone on with later.
        until_mjd_tdb: the end of its search for impacts.
        started_utc, finished_utc: when.
        summary: what came of it, once it is done.
        steps: the state of each step, in their order.
    """

    id: int
    state: CycleState
    settings: Mapping[str, Any]
    now_mjd_tdb: float
    until_mjd_tdb: float
    started_utc: str
    finished_utc: str | None
    summary: Mapping[str, Any] | None
    steps: Mapping[str, str]


def begin_cycle(
    connection: Connection,
    settings: Mapping[str, Any],
    steps: Sequence[str],
    now_mjd_tdb: float,
    until_mjd_tdb: float,
) -> Cycle:
    """Put down a new cycle with its steps."""
    result = connection.execute(
        insert(cycles).values(
            state="running",
            settings_json=to_json(dict(settings)),
            started_utc=utc_now(),
            now_mjd_tdb=now_mjd_tdb,
            until_mjd_tdb=until_mjd_tdb,
        )
    )
    key = result.inserted_primary_key
    assert key is not None
    rows = [{"cycle_id": key[0], "step": step, "state": "waiting"} for step in steps]
    connection.execute(insert(cycle_steps), rows)
    found = latest_cycle(connection)
    assert found is not None
    return found


def latest_cycle(connection: Connection, *, state: CycleState | None = None) -> Cycle | None:
    """The youngest cycle, of a state; None if there is none."""
    query = select(cycles).order_by(cycles.c.id.desc()).limit(1)
    if state is not None:
        query = query.where(cycles.c.state == state)
    row = connection.execute(query).first()
    if row is None:
        return None
    steps = connection.execute(
        select(cycle_steps.c.step, cycle_steps.c.state).where(cycle_steps.c.cycle_id == row.id)
    )
    return Cycle(
        id=row.id,
        state=row.state,
        settings=from_json(row.settings_json),
        now_mjd_tdb=row.now_mjd_tdb,
        until_mjd_tdb=row.until_mjd_tdb,
        started_utc=row.started_utc,
        finished_utc=row.finished_utc,
        summary=from_json(row.summary_json),
        steps={row.step: row.state for row in steps},
    )


def begin_step(connection: Connection, cycle_id: int, step: str) -> None:
    """Put down that a step is under way."""
    _set_step(connection, cycle_id, step, state="running", started_utc=utc_now())


def finish_step(
    connection: Connection, cycle_id: int, step: str, detail: Mapping[str, Any]
) -> None:
    """Put down that a step is done, and what it found."""
    _set_step(
        connection,
        cycle_id,
        step,
        state="done",
        finished_utc=utc_now(),
        detail_json=to_json(dict(detail)),
    )


def step_details(connection: Connection, cycle_id: int) -> dict[str, Any]:
    """What each step that is done found."""
    query = select(cycle_steps).where(cycle_steps.c.cycle_id == cycle_id)
    return {row.step: from_json(row.detail_json) for row in connection.execute(query)}


def end_cycle(
    connection: Connection, cycle_id: int, state: CycleState, summary: Mapping[str, Any]
) -> None:
    """Put down that a cycle is over."""
    connection.execute(
        update(cycles)
        .where(cycles.c.id == cycle_id)
        .values(state=state, finished_utc=utc_now(), summary_json=to_json(dict(summary)))
    )


def _set_step(connection: Connection, cycle_id: int, step: str, **values: object) -> None:
    which = (cycle_steps.c.cycle_id == cycle_id) & (cycle_steps.c.step == step)
    connection.execute(update(cycle_steps).where(which).values(**values))
