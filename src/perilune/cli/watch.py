"""`perilune watch`: monitoring cycles over the catalogue and a station."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perilune.cli.approaches import show_approaches
from perilune.cli.envelope import print_envelope
from perilune.cli.options import Json, Threads, announce_compilation, now_mjd_tdb
from perilune.cli.output import progress_bar, say, say_error, show_table
from perilune.cli.risk import BODY_NAMES, show_impactors, show_risk_list
from perilune.errors import InputError, NotConvergedError

if TYPE_CHECKING:
    from perilune.catalogue import Database, StoredAlert
    from perilune.impact import Approach, RiskAssessment
    from perilune.watch.cycle import CycleResult
    from perilune.watch.journal import Journal
    from perilune.watch.work import CycleSettings

_NEXT_APPROACHES = 10
_ROWS_SHOWN = 50
_ROWS_GIVEN = 1000
_EVERY = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NAP_S = 0.2  # Ctrl-C is heard between two naps

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="The catalogue: a SQLite file or a PostgreSQL URL; PERILUNE_DATABASE by default.",
    ),
]


def watch(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A station file: its light, links and telescopes."),
    ] = None,
    database: DatabaseOption = None,
    inbox: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder from which new files of observations and orbits are taken."
        ),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Rules for alerts and where they go (YAML)."),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Go on, one cycle each 30m, 6h or 1d, until Ctrl-C."),
    ] = None,
    years: Annotated[
        float, typer.Option(min=0.1, max=500.0, help="How far to search for impacts.")
    ] = 100.0,
    empty: Annotated[
        bool,
        typer.Option("--empty", help="Do not begin an empty catalogue with the built-in objects."),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Assess everything, however young its assessment is.")
    ] = False,
    log: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Append JSON lines of what happens; - for stderr."),
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Count from this date rather than from the clock."),
    ] = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Run one monitoring cycle over the catalogue and a station, or one every so often."""
    pause_s = _pause_s(every)
    if now is not None and every is not None:
        raise InputError("a date and repetition exclude each other", field="--now", found=now)
    from perilune.catalogue import open_database
    from perilune.times import parse_epoch
    from perilune.watch.journal import Journal
    from perilune.watch.work import REASSESS_AFTER_D, CycleSettings

    settings = CycleSettings(
        inbox=inbox,
        rules=rules,
        station=file,
        builtin=not empty,
        horizon_years=years,
        reassess_after_d=0.0 if again else REASSESS_AFTER_D,
        threads=threads,
    )
    moment = None if now is None else parse_epoch(now, "--now")
    opened = open_database(database)
    try:
        announce_compilation()
        with Journal(log) as journal:
            if pause_s is None:
                code = _once(opened, settings, moment, journal, json)
            else:
                _again_and_again(opened, settings, journal, json, pause_s)
                code = 0
    finally:
        opened.close()
    if code:
        raise typer.Exit(code)


def _pause_s(every: str | None) -> float | None:
    if every is None:
        return None
    match = _EVERY.fullmatch(every.strip().lower())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if seconds <= 0.0:
        raise InputError(
            "this is no length of time",
            field="--every",
            found=every,
            expected="a number and s, m, h or d: 30m, 6h, 1d",
        )
    return seconds


def _again_and_again(
    opened: Database, settings: CycleSettings, journal: Journal, json: bool, pause_s: float
) -> None:
    """One cycle after another until Ctrl-C; what goes wrong with one does not end the watch."""
    from perilune.catalogue import DatabaseError
    from perilune.times import format_utc

    while True:
        began_s = time.monotonic()
        try:
            _once(opened, settings, None, journal, json)
        except DatabaseError as error:
            say_error(str(error))
            journal.tell("stopped", "error", {"reason": str(error)})
        until_s = began_s + pause_s
        due = now_mjd_tdb() + max(until_s - time.monotonic(), 0.0) / 86400.0
        say(f"Next cycle at {format_utc(due, 0)} UTC; Ctrl-C ends the watch.")
        while time.monotonic() < until_s:
            time.sleep(_NAP_S)


def _once(
    opened: Database, settings: CycleSettings, moment: float | None, journal: Journal, json: bool
) -> int:
    """Run and print one cycle; the exit code."""
    from perilune.watch.cycle import run_cycle

    with progress_bar("Monitoring") as progress:
        result = run_cycle(
            opened,
            settings,
            now_mjd_tdb=now_mjd_tdb() if moment is None else moment,
            journal=journal,
            progress=progress,
        )
    if result.gone_on:
        say(f"Went on with cycle {result.cycle_id}, which had been broken off.")
    for failure in result.failures:
        say_error(failure)
    _print(opened, settings, result, json)
    if result.steps["intake"]["refused"]:
        return InputError.exit_code
    return NotConvergedError.exit_code if result.failures else 0


def _print(opened: Database, settings: CycleSettings, result: CycleResult, json: bool) -> None:
    from perilune.catalogue import count_objects, list_alerts, next_approaches, risk_list
    from perilune.watch.work import BODIES

    with opened.read() as connection:
        limit = _ROWS_GIVEN if json else _ROWS_SHOWN
        stored = [each for body in BODIES for each in risk_list(connection, body, limit=limit)]
        stored.sort(key=lambda each: (each.object_id, BODIES.index(each.risk.body)))
        coming = next_approaches(connection, result.now_mjd_tdb, limit=_NEXT_APPROACHES)
        objects = count_objects(connection)
        alerts = list_alerts(connection, only_open=True, limit=limit)
    found = [each.risk for each in stored]
    approaches = [each.approach for each in coming]
    warnings = _warnings(found, result.now_mjd_tdb)
    if json:
        inputs = {"verb": "watch", "assessments": [each.inputs_sha256 for each in stored]}
        _print_json(result, found, approaches, alerts, warnings, inputs)
        return
    for body in BODIES:
        of_body = [risk for risk in found if risk.body == body]
        if of_body:
            show_risk_list(body, of_body)
            print()
    if objects > _ROWS_SHOWN:
        print(f"The {_ROWS_SHOWN} likeliest of {objects:,} objects.\n")
    show_impactors(found)
    print()
    show_approaches(f"Next approaches within {settings.within_au:g} au", approaches)
    if alerts:
        print()
        show_alerts("Open alerts", alerts)
    if result.steps["station"]:
        from perilune.cli.watch_station import show_station

        show_station(result.steps["station"])
    for warning in warnings:
        say(f"Note: {warning}")


def show_alerts(title: str, alerts: Sequence[StoredAlert]) -> None:
    """Print a table of alerts with what is missing for their release."""
    rows = []
    for alert in alerts:
        signed = {each.partner for each in alert.signatures}
        missing = ", ".join(each for each in alert.signers if each not in signed)
        state = f"awaits {missing}" if alert.release == "awaiting" else alert.release
        rows.append((f"{alert.id}", alert.raised_utc[:10], alert.severity, state, alert.title))
    show_table(title, (">no", "raised", "severity", "release", "what"), rows)


def _print_json(
    result: CycleResult,
    found: Sequence[RiskAssessment],
    approaches: Sequence[Approach],
    alerts: Sequence[StoredAlert],
    warnings: Sequence[str],
    inputs: dict[str, Any],
) -> None:
    from perilune.contract.approaches import UNITS as APPROACH_UNITS
    from perilune.contract.approaches import approach_row
    from perilune.contract.risk import UNITS as RISK_UNITS

    steps = dict(result.steps)
    data = {
        "risk": found,
        "approaches": [approach_row(each) for each in approaches],
        "alerts": alerts,
        "station": steps.pop("station") or None,
        "warnings": warnings,
        "cycle": {"id": result.cycle_id, "gone_on": result.gone_on, "steps": steps},
        "failures": result.failures,
    }
    inputs["now_mjd_tdb"] = result.now_mjd_tdb
    inputs["station"] = data["station"]
    units = RISK_UNITS | APPROACH_UNITS
    if data["station"]:
        from perilune.contract.watch_station import UNITS as STATION_UNITS

        units |= STATION_UNITS
    print_envelope(data, units=units, inputs=inputs)


def _warnings(found: Sequence[RiskAssessment], now_mjd_tdb: float) -> list[str]:
    """Objects that are no more: every impact that is likely has already happened."""
    from perilune.times import parse_epoch

    return [
        f"{a.object} hit {BODY_NAMES[a.body]} on {a.virtual_impactors[0].epoch_utc[:10]}; "
        "its orbit ends there."
        for a in found
        if a.impact_probability > 0.5
        and all(parse_epoch(v.epoch_utc) < now_mjd_tdb for v in a.virtual_impactors)
    ]
