"""One monitoring cycle: files in, orbits anew, risk and approaches anew, alerts out.

Each step writes what it has found piece by piece, each piece in one transaction under the watch's
lock, and finds out from the catalogue alone what is still to be done. A cycle that was killed is
gone on with by the next one, with the same moment as its "now": the result is that of a cycle that
nobody disturbed, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from perilune.catalogue import Database, add_orbits, count_objects
from perilune.catalogue.cycles import (
    Cycle,
    begin_cycle,
    begin_step,
    end_cycle,
    finish_step,
    latest_cycle,
    step_details,
)
from perilune.catalogue.leases import Lease
from perilune.constants import JULIAN_YEAR_D
from perilune.errors import PeriluneError
from perilune.orbits import catalogue as builtin
from perilune.station.reading import read_station
from perilune.watch.alerting import apply_rules
from perilune.watch.channels import deliver
from perilune.watch.intake import inbox_files, is_known, read_incoming, shown_name, take_in
from perilune.watch.journal import Journal
from perilune.watch.reassess import reassess, search_approaches
from perilune.watch.refit import refit
from perilune.watch.rules import read_rules
from perilune.watch.station_step import look_at_station
from perilune.watch.tally import intake_tally
from perilune.watch.work import CycleSettings, Progress, Work

LOCK: Final = "watch"
# A cycle that was broken off longer ago than this is not gone on with: its "now" is over.
_GO_ON_WITHIN_D: Final = 1.0


@dataclass(frozen=True, slots=True)
class CycleResult:
    """What a cycle did.

    Attributes:
        cycle_id: its number.
        now_mjd_tdb, until_mjd_tdb: the moment that it counts from, and the end of its search.
        gone_on: whether it went on with one that was broken off.
        steps: what each step found.
        failures: what went wrong without ending the cycle.
    """

    cycle_id: int
    now_mjd_tdb: float
    until_mjd_tdb: float
    gone_on: bool
    steps: dict[str, Any]
    failures: tuple[str, ...]


def run_cycle(
    database: Database,
    settings: CycleSettings,
    *,
    now_mjd_tdb: float,
    journal: Journal,
    progress: Progress,
) -> CycleResult:
    """Run one cycle, or go on with one that was broken off.

    Args:
        database: the catalogue.
        settings: what to do.
        now_mjd_tdb: the present, for a new cycle.
        journal: told what happens.
        progress: told the fraction done of a step and a label; may raise to stop.

    Raises:
        LeaseHeldError: another watch is at work on this database.
        DatabaseError: the database is locked, full or damaged; run it again when it is not.
        InputError: there is no such inbox, or the rules or the station's file are damaged.
    """
    rules = None if settings.rules is None else read_rules(settings.rules)
    station = None if settings.station is None else read_station(settings.station)
    with Lease(database, LOCK) as lease:
        cycle, gone_on = _begin(database, settings, now_mjd_tdb)
        work = Work(database, lease, cycle, settings, rules, journal, progress, station=station)
        work.told("cycle", {"gone_on": gone_on, "now_mjd_tdb": cycle.now_mjd_tdb})
        for step, run in STEPS.items():
            if cycle.steps.get(step) == "done":
                continue
            with work.commit() as connection:
                begin_step(connection, cycle.id, step)
            detail = run(work)
            with work.commit() as connection:
                finish_step(connection, cycle.id, step, detail)
            work.told("step", {"step": step, **_told(step, detail)})
        with work.commit() as connection:
            details = step_details(connection, cycle.id)
            end_cycle(connection, cycle.id, "done", {"steps": details, "failures": work.failures})
        work.told("done", {"failures": len(work.failures)})
    return CycleResult(
        cycle.id,
        cycle.now_mjd_tdb,
        cycle.until_mjd_tdb,
        gone_on,
        details,
        tuple(work.failures),
    )


def _told(step: str, detail: dict[str, Any]) -> dict[str, Any]:
    """What the journal says of a step: of the station's tables no more than their length."""
    if step != "station":
        return detail
    return {k: len(v) if isinstance(v, list) else v for k, v in detail.items()}


def _begin(database: Database, settings: CycleSettings, now_mjd_tdb: float) -> tuple[Cycle, bool]:
    """A new cycle, or the one that was broken off, if it asked for the same a short while ago."""
    with database.write() as connection:
        broken = latest_cycle(connection, state="running")
        if broken is not None:
            same = broken.settings == settings.identity()
            if same and abs(now_mjd_tdb - broken.now_mjd_tdb) <= _GO_ON_WITHIN_D:
                return broken, True
            end_cycle(connection, broken.id, "failed", {"reason": "broken off"})
        until = now_mjd_tdb + settings.horizon_years * JULIAN_YEAR_D
        steps = list(STEPS)
        return begin_cycle(connection, settings.identity(), steps, now_mjd_tdb, until), False


def _take_in(work: Work) -> dict[str, Any]:
    """The built-in objects into an empty catalogue; the inbox's new files, each on its own."""
    if work.settings.builtin:
        with work.commit() as connection:
            if count_objects(connection) == 0:
                add_orbits(connection, builtin.orbits(), "built-in")
    refused = 0
    folder = work.settings.inbox
    files = [] if folder is None else inbox_files(folder)
    for done, path in enumerate(files):
        assert folder is not None
        name = shown_name(path, folder)
        work.progress(done / len(files), name)
        with work.database.read() as connection:
            known = is_known(connection, path)
        if known:
            continue
        try:
            incoming = read_incoming(path, name)
        except PeriluneError as error:
            refused += 1
            work.fail("intake", f"{name} was not taken in: {error}", {"file": name})
            continue
        with work.commit() as connection:
            detail = take_in(connection, incoming, f"inbox:{name}")
        work.told("intake", {"file": name, **detail})
    with work.database.read() as connection:
        return intake_tally(connection, work.cycle.started_utc) | {"refused": refused}


def _alert(work: Work) -> dict[str, Any]:
    """The rules applied; without rules there are no alerts."""
    return {} if work.rules is None else apply_rules(work, work.rules)


def _deliver(work: Work) -> dict[str, Any]:
    return {} if work.rules is None else deliver(work, work.rules)


STEPS: Final[dict[str, Callable[[Work], dict[str, Any]]]] = {
    "intake": _take_in,
    "fit": refit,
    "risk": reassess,
    "approaches": search_approaches,
    "station": look_at_station,
    "alerts": _alert,
    "deliveries": _deliver,
}
