"""The table of commands. Importing it imports no science: a command does that when it runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from perilune import __version__
from perilune.cli import (
    approaches,
    cite,
    convert,
    data,
    doctor,
    ephemeris,
    fetch,
    fit,
    propagate,
    report,
    risk,
    serve,
    station,
    token,
    watch,
)

app = typer.Typer(
    name="perilune",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Off a terminal help is plain text without boxes, and does not pay for importing rich.
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"perilune {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """Impact monitoring for the Earth and the Moon, from real orbits and DE440.

    TARGET is a name in the built-in catalogue ("2024 YR4", 99942, Apophis) or a file: SBDB JSON,
    NEOCC OEF, MPCORB lines, CCSDS OPM or OEM. EPOCH and DATE are ISO 8601 in UTC
    (2029-04-13T21:46), with @tdb or @tt for another scale, or mjd:62240.5@tdb, jd:2462241.0@tdb.
    """


app.command()(watch.watch)
app.command()(fetch.fetch)
app.command()(serve.serve)
app.command()(risk.risk)
app.command()(approaches.approaches)
app.command()(propagate.propagate)
app.command()(ephemeris.ephemeris)
app.command()(fit.fit)
app.add_typer(station.station, name="station")
app.command()(report.report)
app.command()(convert.convert)
app.add_typer(token.token, name="token")
app.add_typer(data.data, name="data")
app.command()(doctor.doctor)
app.command()(cite.cite)
