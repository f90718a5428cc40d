"""Orbits of the objects whose observations have grown."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any, Final

from perilune.astrometry.observations import Observations
from perilune.catalogue import (
    CatalogueObject,
    add_orbits,
    object_by_id,
    observations_digest,
    observations_of,
)
from perilune.catalogue.fits import StoredFit, add_fit, objects_to_fit
from perilune.catalogue.records import chunks
from perilune.catalogue.solutions import orbit_id_of
from perilune.determination.fit import Fit
from perilune.determination.many import fit_all
from perilune.determination.result import as_orbit, estimated_h, rms_arcsec
from perilune.dynamics import solar_system
from perilune.errors import PeriluneError
from perilune.orbits.orbit import Orbit
from perilune.watch.tally import fit_tally
from perilune.watch.work import BY, VERSION, Work

_A_CORE: Final = 4  # objects that are fitted before their results are written


@dataclasses.dataclass(frozen=True, slots=True)
class _Task:
    known: CatalogueObject
    table: Observations
    sha256: str
    last_observation_id: int


def refit(work: Work) -> dict[str, Any]:
    """Fit every object whose observations no fit has had; each result is kept as it comes."""
    with work.database.read() as connection:
        pending = objects_to_fit(connection)
    fit_objects(work, pending)
    with work.database.read() as connection:
        return fit_tally(connection, work.cycle.started_utc)


def fit_objects(work: Work, pending: Sequence[tuple[int, int]]) -> None:
    """Fit objects, each given with the number of its youngest observation; results are kept."""
    threads = work.settings.threads or os.cpu_count() or 1
    done = 0
    for some in chunks(pending, _A_CORE * threads):
        tasks = [_task(work, object_id, last) for object_id, last in some]

        def progress(fraction: float, label: str, done: int = done, size: int = len(some)) -> None:
            work.progress((done + fraction * size) / len(pending), label)

        for task, found in zip(tasks, _fit(work, tasks, threads, progress), strict=True):
            _keep(work, task, found)
        done += len(some)


def _task(work: Work, object_id: int, last: int) -> _Task:
    with work.database.read() as connection:
        known = object_by_id(connection, object_id)
        sha256 = observations_digest(connection, object_id)
        assert sha256 is not None
        table = observations_of(connection, object_id, known.designation)
    return _Task(known, table, sha256.hex(), last)


def _fit(
    work: Work, tasks: Sequence[_Task], threads: int, progress: Any
) -> list[Fit | PeriluneError]:
    """Fit all side by side; if one cannot be fitted, all one by one, to know which and why."""
    try:
        return list(fit_all([task.table for task in tasks], threads=threads, progress=progress))
    except PeriluneError:
        found: list[Fit | PeriluneError] = []
        for task in tasks:
            try:
                found += fit_all([task.table], threads=1)
            except PeriluneError as error:
                found.append(error)
        return found


def _keep(work: Work, task: _Task, found: Fit | PeriluneError) -> None:
    """Write one fit, with the orbit that it gave."""
    orbit = None if isinstance(found, PeriluneError) else _orbit(task, found)
    with work.commit() as connection:
        orbit_id = None
        if orbit is not None:
            add_orbits(connection, [orbit], BY)
            orbit_id = orbit_id_of(connection, task.known.id, orbit)
        fit = _row(task, found, orbit_id)
        add_fit(connection, fit)
    detail = {"object": task.known.full_name, "status": fit.status, "reason": fit.reason}
    if isinstance(found, PeriluneError):
        work.fail("fit", f"{task.known.full_name} cannot be fitted: {found}", detail)
    else:
        work.told("fit", {**detail, "used": fit.used, "rms_arcsec": fit.rms_arcsec})


def _orbit(task: _Task, found: Fit) -> Orbit | None:
    if found.verdict.status != "converged":
        return None
    orbit = as_orbit(found, estimated_h(found, task.table, solar_system()))
    if orbit is None:
        return None
    known = task.known
    return dataclasses.replace(
        orbit, designation=known.designation, name=known.name, number=known.number
    )


def _row(task: _Task, found: Fit | PeriluneError, orbit_id: int | None) -> StoredFit:
    row = StoredFit(
        object_id=task.known.id,
        orbit_id=orbit_id,
        observations_sha256=task.sha256,
        last_observation_id=task.last_observation_id,
        status="failed",
        reason=str(found),
        rms_arcsec=None,
        chi2_reduced=None,
        arc_d=None,
        used=0,
        rejected=0,
        software_version=VERSION,
    )
    if isinstance(found, PeriluneError):
        return row
    solution = found.solution
    return dataclasses.replace(
        row,
        status=found.verdict.status,
        reason=found.verdict.reason,
        rms_arcsec=rms_arcsec(found),
        chi2_reduced=None if solution is None else float(solution.chi2_reduced),
        arc_d=found.measurements.arc_d,
        used=0 if solution is None else int(solution.used.sum()),
        rejected=0 if solution is None else int((~solution.used).sum()),
    )
