"""`perilune fetch`: what JPL, ESA and the MPC publish of an object, into the catalogue."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.numbers import chance, number
from perilune.cli.options import Json
from perilune.cli.output import say, say_error, show_table
from perilune.cli.watch import DatabaseOption

if TYPE_CHECKING:
    from perilune.watch.sources import PublishedRisk

UNITS = {"impact_probability": "1"}


class Publisher(StrEnum):
    """Whom to ask."""

    JPL = "jpl"
    SENTRY = "sentry"
    NEOCC = "neocc"
    MPC = "mpc"


def fetch(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="An object's designation.")],
    source: Annotated[
        list[Publisher] | None,
        typer.Option(
            "--from", help="Publisher; may be repeated. JPL, Sentry and NEOCC by default."
        ),
    ] = None,
    database: DatabaseOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Ask also for what came within the last hour.")
    ] = False,
    json: Json = False,
) -> None:
    """Fetch orbits, observations and published risk, and put them into the catalogue.

    jpl: orbit with covariance from the SBDB; sentry: its risk list, shown only; neocc: orbit with
    covariance; mpc: all observations.
    """
    from perilune.catalogue import open_database
    from perilune.errors import DataMissingError, PeriluneError
    from perilune.watch.client import Client
    from perilune.watch.intake import take_in
    from perilune.watch.sources import FETCHERS, NAMES, fetch_risk_sentry

    asked = [each.value for each in source or (Publisher.JPL, Publisher.SENTRY, Publisher.NEOCC)]
    client = Client(again=again, talk=say)
    opened = open_database(database)
    rows: list[dict[str, Any]] = []
    failures: list[PeriluneError] = []
    try:
        for name in names:
            for each in dict.fromkeys(asked):
                row: dict[str, Any] = {"object": name, "source": NAMES[each]}
                try:
                    if each == Publisher.SENTRY:
                        row |= _risk_row(fetch_risk_sentry(client, name))
                    else:
                        incoming = FETCHERS[each](client, name)
                        with opened.write() as connection:
                            row |= take_in(connection, incoming, f"fetch:{each}")
                except PeriluneError as error:
                    failures.append(error)
                    row |= {"kind": "none", "error": str(error)}
                rows.append(row)
    finally:
        opened.close()
    if json:
        inputs = {"verb": "fetch", "names": names, "sources": asked}
        print_envelope(rows, units=UNITS, inputs=inputs)
    else:
        columns = ("object", "source", "what", ">new", ">known", "Sentry's risk for the Earth")
        show_table("Fetched", columns, [_cells(row) for row in rows])
    for failure in failures:
        say_error(str(failure))
    if failures:
        unreachable = any(isinstance(each, DataMissingError) for each in failures)
        raise typer.Exit(4 if unreachable else 2)


def _risk_row(found: PublishedRisk | None) -> dict[str, Any]:
    return {"kind": "risk", "published": found}


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["object"],
        row["source"],
        "failed" if row["kind"] == "none" else str(row["kind"]),
        str(row.get("added", "")),
        str(row.get("known", "")),
        _risk(row["published"]) if row["kind"] == "risk" else "",
    )


def _risk(found: PublishedRisk | None) -> str:
    if found is None:
        return "not on its list"
    palermo, torino = number(found.palermo_cumulative, "+.2f"), number(found.torino_max, "d")
    return f"{chance(found.impact_probability)}, PS {palermo}, TS {torino}, {found.impacts} impacts"
