"""Sees to it that jobs are done: one worker process at a time, and those that died taken again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
from typing import Final

from perilune.catalogue import Database, fail_job, find_job
from perilune.catalogue.database import ENVIRONMENT
from perilune.catalogue.jobs import jobs_in, retake_job
from perilune.catalogue.leases import is_held
from perilune.errors import PeriluneError
from perilune.service.worker import lock_name

_LOOKS_EVERY_S: Final = 2.0
_ENDS_S: Final = 3.0


class Workshop:
    """A thread that looks for jobs; several services may look at one catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stirred = threading.Event()
        self._closed = False
        self._worker: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="workshop", daemon=True)

    def open(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stir(self) -> None:
        """There is a new job."""
        self._stirred.set()

    def close(self) -> None:
        """Stop, and break off the worker: its job waits for the next service."""
        self._closed = True
        self._stirred.set()
        worker = self._worker
        if worker is not None and worker.poll() is None:
            worker.terminate()
            try:
                worker.wait(_ENDS_S)
            except subprocess.TimeoutExpired:
                worker.kill()
        if self._thread.is_alive():
            self._thread.join(_ENDS_S)

    def _run(self) -> None:
        while not self._closed:
            try:
                job_id = self._next()
            except PeriluneError:
                job_id = None  # the database is busy or away: there will be another time
            except Exception:
                traceback.print_exc()  # a defect; jobs that come later are not to wait for ever
                job_id = None
            if job_id is None:
                self._stirred.wait(_LOOKS_EVERY_S)
                self._stirred.clear()
            elif not self._closed:
                self._work(job_id)

    def _next(self) -> str | None:
        """The oldest job that waits; those whose worker is no more wait again, or have failed."""
        with self._database.read() as connection:
            left = [
                job.id
                for job in jobs_in(connection, "running")
                if not is_held(connection, lock_name(job.id))
            ]
        for job_id in left:
            with self._database.write() as connection:
                if not is_held(connection, lock_name(job_id)):
                    retake_job(connection, job_id)
        with self._database.read() as connection:
            waiting = jobs_in(connection, "waiting", limit=1)
        return waiting[0].id if waiting else None

    def _work(self, job_id: str) -> None:
        place = self._database.engine.url.render_as_string(hide_password=False)
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "perilune.service.worker", job_id],
            env={**os.environ, ENVIRONMENT: place},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the service's
        )
        code = self._worker.wait()
        self._worker = None
        if code != 0 and not self._closed:
            self._give_up(job_id)

    def _give_up(self, job_id: str) -> None:
        """A worker that could not even begin must not be sent for the same job for ever."""
        try:
            with self._database.write() as connection:
                if find_job(connection, job_id).state == "waiting":
                    problem = {
                        "title": "Defect",
                        "detail": "The worker did not start; see the log.",
                    }
                    fail_job(connection, job_id, problem)
        except PeriluneError:
            self._stirred.wait(_LOOKS_EVERY_S)
