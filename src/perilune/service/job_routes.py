"""`/v1/jobs`: long work that is asked for, and how far it is."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from perilune.catalogue import (
    Database,
    Job,
    add_job,
    find_job,
    find_object,
    latest_jobs,
    write_audit,
)
from perilune.catalogue.jobs import JobState, jobs_in
from perilune.contract.envelope import plain
from perilune.ephemeris import planets
from perilune.service.access import Caller, needs
from perilune.service.answers import ERRORS, WRITE_ERRORS, Envelope, answer
from perilune.service.formats import rows_of
from perilune.service.problems import problem
from perilune.service.workshop import Workshop
from perilune.times import parse_epoch

_MOST_WAITING: Final = 100
_POLL_S: Final = 0.4
_ALIVE_S: Final = 15.0
_ENDED: Final = ("done", "failed")
_EVENT: Final = {
    "type": "object",
    "properties": {
        "event": {"const": "job"},
        "id": {"type": "string"},
        "data": {"type": "string", "description": "The job as JSON."},
    },
    "required": ["event", "data"],
}

JobId = Annotated[
    uuid.UUID,
    Path(description="As it was given.", examples=["3f2c8a44-9a41-4b53-bb34-3b6ad70bd3a0"]),
]


class AssessJob(BaseModel):
    """Fit an object's new observations, assess its risk for both bodies, find its approaches."""

    kind: Literal["assess"]
    object: str = Field(min_length=1, max_length=80, pattern=r"^[^\x00]*$", examples=["2024 YR4"])
    until: str | None = Field(
        None, max_length=64, description="The end of the search; 100 years on by default."
    )

    model_config = {"extra": "forbid"}


class CycleJob(BaseModel):
    """Run a cycle of the watch over the whole catalogue, without an inbox or rules."""

    kind: Literal["cycle"]

    model_config = {"extra": "forbid"}


Asked = Annotated[AssessJob | CycleJob, Field(discriminator="kind")]


class JobError(BaseModel):
    """What went wrong."""

    title: str
    detail: str


class JobRow(BaseModel):
    """One piece of work."""

    id: str
    kind: str
    state: JobState
    label: str
    done_fraction: float
    request: dict[str, Any]
    result: dict[str, Any] | None
    error: JobError | None
    requested_by: str | None
    created_utc: str
    updated_utc: str


def router(database: Database, workshop: Workshop) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=ERRORS)

    @routes.post("", response_model=Envelope[JobRow], status_code=202, responses=WRITE_ERRORS)
    def ask(
        request: Request, asked: Asked, caller: Annotated[Caller, needs("operate")]
    ) -> Response:
        """Ask for work; it is done in the order in which it was asked for."""
        if isinstance(asked, AssessJob):
            with database.read() as connection:
                find_object(connection, asked.object)
            if asked.until is not None:
                planets().check_span(parse_epoch(asked.until, "until"))
        with database.write() as connection:
            if len(jobs_in(connection, "waiting", limit=_MOST_WAITING)) >= _MOST_WAITING:
                return problem(
                    429,
                    f"{_MOST_WAITING} jobs are waiting already.",
                    headers={"Retry-After": "60"},
                )
            wanted = asked.model_dump(exclude={"kind"})
            job = add_job(connection, asked.kind, wanted, caller.token.partner.slug)
            detail = {"kind": asked.kind, **wanted}
            write_audit(connection, caller.actor, "job", f"job:{job.id}", detail)
        workshop.stir()
        headers = {"Location": f"/v1/jobs/{job.id}"}
        return answer(request, job, inputs={"job": job.id}, status=202, headers=headers)

    @routes.get("", **rows_of(Envelope[list[JobRow]]))
    def list_jobs(request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
        """The latest first."""
        with database.read() as connection:
            held = latest_jobs(connection, limit=limit)
        return answer(request, held, inputs={"question": "jobs"})

    @routes.get("/{id}", response_model=Envelope[JobRow])
    def show_job(request: Request, id: JobId) -> Response:
        """One job: how far it is, and what came of it."""
        job = _find(database, str(id))
        return answer(request, job, inputs={"job": job.id})

    @routes.get(
        "/{id}/events",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "Server-sent events named job, one at each change; each is the "
                "job as JSON. The last one is done or failed.",
                "content": {"text/event-stream": {"schema": _EVENT}},
            }
        },
    )
    async def follow_job(request: Request, id: JobId) -> StreamingResponse:
        """Follow a job until it has ended."""
        first = await run_sync(_find, database, str(id))
        return StreamingResponse(
            _events(request, database, first),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return routes


def _find(database: Database, job_id: str) -> Job:
    with database.read() as connection:
        return find_job(connection, job_id)


async def _events(request: Request, database: Database, job: Job) -> AsyncIterator[str]:
    """The job as it is, and again whenever it changes; a comment now and then keeps it open."""
    number, silent_s = 0, 0.0
    told: Job | None = None
    while True:
        if job != told:
            number += 1
            text = json.dumps(plain(job), ensure_ascii=False, allow_nan=False)
            yield f"id: {number}\nevent: job\ndata: {text}\n\n"
            told, silent_s = job, 0.0
        elif silent_s >= _ALIVE_S:
            yield ": still there\n\n"
            silent_s = 0.0
        if job.state in _ENDED or await request.is_disconnected():
            return
        await asyncio.sleep(_POLL_S)
        silent_s += _POLL_S
        job = await run_sync(_find, database, job.id)
