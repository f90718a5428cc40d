"""`perilune ephemeris`: where an observer sees objects, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.numbers import ABSENT, number
from perilune.cli.options import Json, Targets, announce_compilation, resolve_targets
from perilune.cli.output import progress_bar, say, show_table
from perilune.contract.envelope import without_place

if TYPE_CHECKING:
    from perilune.determination.sky_path import SkyPath


def ephemeris(
    targets: Targets,
    observer: Annotated[
        str,
        typer.Option(
            metavar="CODE|FILE:ELEMENT",
            help="An MPC code, or a station file and one of its sites or orbiters.",
        ),
    ],
    start: Annotated[str, typer.Option(metavar="DATE", help="The first epoch.")],
    stop: Annotated[str, typer.Option(metavar="DATE", help="The last epoch, at most.")],
    step: Annotated[
        str, typer.Option(metavar="STEP", help="Between epochs: 1d, 2h, 10m or 30s.")
    ] = "1d",
    refraction: Annotated[
        bool,
        typer.Option(
            "--refraction",
            help="Lift altitudes by the Earth's air (10 C, standard pressure of the height).",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Give places, motion, brightness and their uncertainty in an observer's sky."""
    from perilune.astrometry.sites import Site
    from perilune.contract.ephemeris import UNITS, sky_epochs, sky_rows
    from perilune.determination.sky_path import sky_path
    from perilune.dynamics import solar_system
    from perilune.station.observers import parse_observer

    orbits = resolve_targets(targets)
    who = parse_observer(observer)
    epochs = sky_epochs(start, stop, step)
    announce_compilation()
    paths = []
    with progress_bar("Ephemeris") as progress:
        bodies = solar_system(progress)
        for done, orbit in enumerate(orbits):
            progress(done / len(orbits), orbit.full_name)
            paths.append(sky_path(bodies, orbit, who, epochs, refraction=refraction))
    rows = [row for path in paths for row in sky_rows(path)]
    if json:
        inputs = {
            "verb": "ephemeris",
            "orbits": without_place(orbits),
            # A station's element is what it holds, not what its file is called.
            "observer": [*who.state(epochs[:1]), who.name, isinstance(who.site, Site)],
            "epochs_mjd_tdb": [float(epochs[0]), float(epochs[-1]), len(epochs)],
            "refraction": refraction,
        }
        print_envelope(rows, units=UNITS, inputs=inputs)
    else:
        for path in paths:
            _show(path)
    for path in paths:
        if path.status != "reached":
            say(f"{path.object}: {path.status}.")


def _show(path: SkyPath) -> None:
    """One table an object; `--json` has more columns and all digits."""
    from perilune.contract.ephemeris import sky_rows

    table = []
    for row in sky_rows(path):
        sigma = row["sigma_major_arcsec"]
        table.append(
            (
                row["epoch_utc"][:19].replace("T", " "),
                number(row["ra_deg"], ".5f"),
                number(row["dec_deg"], "+.5f"),
                ABSENT if sigma is None else number(sigma, ".3g"),
                number(row["distance_au"], ".5f"),
                number(row["v_mag"], ".1f"),
                number(row["elongation_deg"], ".0f"),
                number(row["altitude_deg"], "+.0f"),
            )
        )
    columns = ("UTC", ">RA deg", ">Dec deg", '>sigma "', ">au", ">V", ">elong", ">alt")
    show_table(f"{path.object} from {path.observer}", columns, table)
