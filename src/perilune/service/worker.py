"""A process that does one job and ends: `python -m perilune.service.worker JOB`.

Long work is not the service's own, so that it neither slows answers down nor dies with them. The
job's lock tells whoever looks that it is being worked on; the database is that of the environment,
since a command line can be read by everybody on the machine.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Final

from perilune.catalogue import (
    Database,
    Job,
    claim_job,
    fail_job,
    find_job,
    finish_job,
    open_database,
    report_job,
)
from perilune.catalogue.leases import Lease
from perilune.contract.envelope import plain
from perilune.errors import PeriluneError
from perilune.impact.risk import now_mjd_tdb
from perilune.service.assessing import assess_object, watch_lock
from perilune.times import parse_epoch
from perilune.watch.work import CycleSettings, Progress

_TOLD_EVERY_S: Final = 0.5
_LEASE_S: Final = 30.0


def lock_name(job_id: str) -> str:
    """The lock that whoever does a job holds."""
    return f"job {job_id}"


def do_job(database: Database, job_id: str) -> bool:
    """Do a job that waits; whether it was still there to be done.

    What goes wrong is put down with the job.
    """
    with Lease(database, lock_name(job_id), _LEASE_S):
        with database.write() as connection:
            if not claim_job(connection, job_id):
                return False
            job = find_job(connection, job_id)
        try:
            result = plain(_KINDS[job.kind](database, job, _Told(database, job_id)))
        except PeriluneError as error:
            problem = {"title": type(error).__name__, "detail": str(error)}
            with database.write() as connection:
                fail_job(connection, job_id, problem)
        except Exception:
            traceback.print_exc()
            problem = {"title": "Defect", "detail": "The work met a defect; the log says more."}
            with database.write() as connection:
                fail_job(connection, job_id, problem)
        else:
            with database.write() as connection:
                finish_job(connection, job_id, result)
    return True


class _Told:
    """Puts progress down with the job, not too often; a busy database is let be."""

    def __init__(self, database: Database, job_id: str) -> None:
        self._database, self._job_id = database, job_id
        self._last_s = -_TOLD_EVERY_S
        self._done = 0.0

    def __call__(self, fraction: float, label: str) -> None:
        now_s = time.monotonic()
        self._done = max(self._done, min(fraction, 1.0))
        if now_s - self._last_s < _TOLD_EVERY_S:
            return
        self._last_s = now_s
        with contextlib.suppress(PeriluneError), self._database.write() as connection:
            report_job(connection, self._job_id, self._done, label)


def _assess(database: Database, job: Job, progress: Progress) -> dict[str, Any]:
    until = job.request.get("until")
    return assess_object(
        database,
        job.request["object"],
        now_mjd_tdb=now_mjd_tdb(),
        until_mjd_tdb=None if until is None else parse_epoch(until, "until"),
        progress=progress,
    )


def _cycle(database: Database, job: Job, progress: Progress) -> dict[str, Any]:
    from perilune.watch.cycle import run_cycle
    from perilune.watch.journal import Journal

    with watch_lock(database, progress):
        pass  # free now; the cycle takes it itself
    with Journal(None) as journal:
        done = run_cycle(
            database,
            CycleSettings(),
            now_mjd_tdb=now_mjd_tdb(),
            journal=journal,
            progress=progress,
        )
    return {
        "cycle": done.cycle_id,
        "gone_on": done.gone_on,
        "steps": done.steps,
        "failures": done.failures,
    }


_KINDS: Final[dict[str, Callable[[Database, Job, Progress], dict[str, Any]]]] = {
    "assess": _assess,
    "cycle": _cycle,
}


def main(arguments: Sequence[str]) -> int:
    """Do the job that is named; 0 also where it failed, since the job says so itself."""
    if hasattr(os, "nice"):
        os.nice(5)  # answers come first
    database = open_database()
    try:
        do_job(database, arguments[0])
    finally:
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
