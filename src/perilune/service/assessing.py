"""Work on one object that was asked for: its new observations fitted, its risk assessed.

It goes the watch's own way, under the watch's lock: while a cycle runs, it waits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from perilune.catalogue import (
    CatalogueObject,
    Database,
    approaches_of,
    assessments_of,
    find_object,
    observations_of,
    preferred_orbit,
)
from perilune.catalogue.cycles import Cycle
from perilune.catalogue.fits import fits_of, objects_to_fit
from perilune.catalogue.leases import Lease, LeaseHeldError
from perilune.catalogue.records import utc_now
from perilune.constants import JULIAN_YEAR_D
from perilune.dynamics import solar_system
from perilune.errors import InputError, NotConvergedError
from perilune.impact import RiskAssessment
from perilune.impact.observed import assess_observed
from perilune.impact.risk import DEFAULT_SAMPLES
from perilune.times import format_utc
from perilune.watch.cycle import LOCK
from perilune.watch.journal import Journal
from perilune.watch.reassess import LEAST_PROBABILITY, SEED, assess_orbits, search_orbits
from perilune.watch.refit import fit_objects
from perilune.watch.work import BODIES, CycleSettings, Progress, Work

_WAITS_S: Final = 3_600.0
_NAP_S: Final = 1.0
_FIT_SHARE: Final = 0.2
_RISK_SHARE: Final = 0.9


@contextmanager
def watch_lock(database: Database, progress: Progress) -> Iterator[Lease]:
    """The watch's lock, waited for.

    Raises:
        LeaseHeldError: it was not free for an hour.
    """
    until_s = time.monotonic() + _WAITS_S
    while True:
        lease = Lease(database, LOCK)
        try:
            lease.__enter__()
            break
        except LeaseHeldError:
            if time.monotonic() > until_s:
                raise
            progress(0.0, "waits for the watch")
            time.sleep(_NAP_S)
    try:
        yield lease
    finally:
        lease.__exit__(None, None, None)


def assess_object(
    database: Database,
    name: str,
    *,
    now_mjd_tdb: float,
    until_mjd_tdb: float | None,
    progress: Progress,
) -> dict[str, Any]:
    """Fit what is new, assess the risk for both bodies, find the approaches.

    Where the observations determine no orbit, orbits are drawn from all that fit them and carried
    on for some weeks: that result is not kept in the catalogue, which has no orbit to put it to.

    Args:
        database: the catalogue.
        name: the object's.
        now_mjd_tdb: from which the scales count.
        until_mjd_tdb: the end of the search; a hundred years on if None.
        progress: told the fraction done and a label.

    Raises:
        UnknownNameError: no such object.
        InputError: it has neither an orbit with a covariance nor two observations.
        NotConvergedError: it could not be assessed.
        LeaseHeldError: the watch was at work for an hour.
    """
    settings = CycleSettings(threads=None)
    until = until_mjd_tdb or now_mjd_tdb + settings.horizon_years * JULIAN_YEAR_D
    with database.read() as connection:
        found = find_object(connection, name)
    cycle = Cycle(0, "running", {}, now_mjd_tdb, until, utc_now(), None, None, {})
    parts = _Parts(progress)
    with watch_lock(database, progress) as lease, Journal(None) as journal:
        work = Work(database, lease, cycle, settings, None, journal, parts.told)
        with database.read() as connection:
            pending = [one for one in objects_to_fit(connection) if one[0] == found.id]
        fit_objects(work, pending)
        with database.read() as connection:
            preferred = preferred_orbit(connection, found.id)
        if preferred is None or preferred.orbit.covariance is None:
            return _by_ranging(database, found, until, parts.told)
        parts.next(_FIT_SHARE, _RISK_SHARE)
        failed = assess_orbits(work, [preferred.id])
        parts.next(_RISK_SHARE, 1.0)
        failed += search_orbits(work, [preferred.id])
    if failed:
        raise NotConvergedError(" ".join(work.failures))
    with database.read() as connection:
        risks = assessments_of(connection, found.id)
        fits = fits_of(connection, found.id) if pending else []
        met = approaches_of(connection, found.id)
    return {
        "object": found.full_name,
        "solution": preferred.orbit.solution,
        "is_kept": True,
        "fit": _fit_row(fits[0]) if fits else None,
        "risk": [_risk_row(each.risk) for each in sorted(risks, key=lambda each: each.risk.body)],
        "approaches": len(met),
    }


def _by_ranging(
    database: Database, found: CatalogueObject, until_mjd_tdb: float, progress: Progress
) -> dict[str, Any]:
    """The risk by all orbits that an object's observations leave open."""
    with database.read() as connection:
        table = observations_of(connection, found.id, found.designation)
    if len(table) < 2:
        raise InputError(
            f"{found.full_name} has no orbit with a covariance, and no observations",
            field="object",
            found=found.full_name,
            expected="an orbit with a covariance, or two observations",
            remedy="Hand in observations first.",
        )
    seen = assess_observed(
        table, solar_system(), bodies=BODIES, until_mjd_tdb=until_mjd_tdb, method="auto",
        samples=DEFAULT_SAMPLES, seed=SEED, least_probability=LEAST_PROBABILITY,
        assessed_mjd_tdb=None, progress=progress,
    )  # fmt: skip
    rows = []
    for each in seen.assessments:
        row = _risk_row(each) | {"entry_utc": None, "corridor": None}
        outcome = None if seen.imminent is None else seen.imminent.outcome(each.body)
        if outcome is not None and outcome.entry_mjd_tdb is not None:
            row["entry_utc"] = [format_utc(epoch) for epoch in outcome.entry_mjd_tdb]
        if outcome is not None and outcome.corridor is not None:
            row["corridor"] = outcome.corridor.geojson()
        rows.append(row)
    return {
        "object": found.full_name,
        "solution": seen.fit.verdict.reason,
        "is_kept": False,
        "fit": {"status": seen.fit.verdict.status, "reason": seen.fit.verdict.reason},
        "risk": rows,
        "approaches": None,
    }


def _risk_row(risk: RiskAssessment) -> dict[str, Any]:
    names = (
        "body", "method", "impact_probability", "probability_low", "probability_high",
        "palermo_cumulative", "torino_max",
    )  # fmt: skip
    return {name: getattr(risk, name) for name in names}


def _fit_row(fit: Any) -> dict[str, Any]:
    names = ("status", "reason", "rms_arcsec", "used", "rejected")
    return {name: getattr(fit, name) for name in names}


class _Parts:
    """Progress in parts, each of which runs from 0 to 1."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._low, self._high = 0.0, _FIT_SHARE

    def next(self, low: float, high: float) -> None:
        """Begin the part between two fractions of the whole."""
        self._low, self._high = low, high

    def told(self, fraction: float, label: str) -> None:
        """Of the part."""
        self._progress(self._low + fraction * (self._high - self._low), label)
