"""Long work that was asked for: its state, so that whoever asked can come back for it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from perilune.catalogue.records import from_json, to_json, utc_now
from perilune.catalogue.tables import jobs
from perilune.errors import UnknownNameError

JobState = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work.

    Attributes:
        id: a random name (UUID).
        kind: "fit", "risk", ...
        state: how it stands.
        label: what is being done, for people.
        done_fraction: 0 to 1.
        request, result, error: as JSON values; None where there is none.
        requested_by: who asked.
        created_utc, updated_utc: when.
    """

    id: str
    kind: str
    state: JobState
    label: str
    done_fraction: float
    request: Any
    result: Any
    error: Any
    requested_by: str | None
    created_utc: str
    updated_utc: str


def add_job(
    connection: Connection, kind: str, request: object, requested_by: str | None = None
) -> Job:
    """Put down a piece of work that is to be done."""
    job_id, now = str(uuid.uuid4()), utc_now()
    connection.execute(
        insert(jobs).values(
            id=job_id,
            kind=kind,
            state="waiting",
            label="",
            done_fraction=0.0,
            request_json=to_json(request),
            requested_by=requested_by,
            created_utc=now,
            updated_utc=now,
        )
    )
    return find_job(connection, job_id)


def claim_job(connection: Connection, job_id: str) -> bool:
    """Take a waiting job; whether it was still there to be taken."""
    result = connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state == "waiting")
        .values(state="running", updated_utc=utc_now())
    )
    return result.rowcount == 1


def report_job(connection: Connection, job_id: str, done_fraction: float, label: str) -> None:
    """Say how far a running job is."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state == "running")
        .values(done_fraction=done_fraction, label=label, updated_utc=utc_now())
    )


def finish_job(connection: Connection, job_id: str, result: object) -> None:
    """Put down a job's result."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(
            state="done",
            done_fraction=1.0,
            label="",
            result_json=to_json(result),
            error_json=None,
            updated_utc=utc_now(),
        )
    )


def fail_job(connection: Connection, job_id: str, error: object) -> None:
    """Put down why a job failed."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(state="failed", error_json=to_json(error), updated_utc=utc_now())
    )


def retake_job(connection: Connection, job_id: str) -> bool:
    """Have a job done again whose worker is no more; one that this befell before has failed.

    Whether it waits again. Until it is done, its error tells of the interruption.
    """
    job = find_job(connection, job_id)
    if job.state != "running":
        return False
    if job.error is not None:
        again = {
            "title": "Interrupted twice",
            "detail": "The work ended twice without a result, with the service or by itself. It "
            "is not taken a third time; the service's log may say more.",
        }
        fail_job(connection, job_id, again)
        return False
    once = {
        "title": "Interrupted",
        "detail": "The work ended without a result, with the service or by itself; it is taken "
        "again.",
    }
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state == "running")
        .values(state="waiting", error_json=to_json(once), updated_utc=utc_now())
    )
    return True


def jobs_in(connection: Connection, state: JobState, *, limit: int = 100) -> list[Job]:
    """Jobs of a state, the oldest first."""
    query = select(jobs).where(jobs.c.state == state)
    query = query.order_by(jobs.c.created_utc, jobs.c.id).limit(limit)
    return [_job(row) for row in connection.execute(query)]


def find_job(connection: Connection, job_id: str) -> Job:
    """The job of a name.

    Raises:
        UnknownNameError: there is none.
    """
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
    if row is None:
        raise UnknownNameError("job", job_id)
    return _job(row)


def latest_jobs(connection: Connection, *, limit: int = 100) -> list[Job]:
    """The latest first."""
    query = select(jobs).order_by(jobs.c.created_utc.desc(), jobs.c.id).limit(limit)
    return [_job(row) for row in connection.execute(query)]


def _job(row: Any) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        state=row.state,
        label=row.label,
        done_fraction=row.done_fraction,
        request=from_json(row.request_json),
        result=from_json(row.result_json),
        error=from_json(row.error_json),
        requested_by=row.requested_by,
        created_utc=row.created_utc,
        updated_utc=row.updated_utc,
    )
