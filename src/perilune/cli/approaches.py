"""`perilune approaches`: close approaches of objects to the Earth, the Moon and the planets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.numbers import kilometres, minute, uncertainty
from perilune.cli.options import (
    ApproachBody,
    Json,
    Targets,
    Threads,
    announce_compilation,
    resolve_targets,
)
from perilune.cli.output import progress_bar, show_table
from perilune.contract.envelope import without_place

if TYPE_CHECKING:
    from perilune.impact import Approach


Bodies = Annotated[
    list[ApproachBody], typer.Option("--body", help="Body that is approached; may be repeated.")
]


def approaches(
    targets: Targets,
    start: Annotated[str, typer.Option(metavar="DATE", help="Start of the search.")],
    stop: Annotated[str, typer.Option(metavar="DATE", help="End of the search.")],
    body: Bodies = [ApproachBody.EARTH, ApproachBody.MOON],  # noqa: B006  (typer copies it)
    within: Annotated[
        float, typer.Option(metavar="AU", min=0.0, help="Largest distance, au.")
    ] = 0.05,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Find every close approach between two dates."""
    from perilune.constants import AU_KM
    from perilune.contract.approaches import UNITS, approach_row
    from perilune.impact import find_approaches
    from perilune.times import parse_epoch

    bodies = list(dict.fromkeys(b.value for b in body))
    start_mjd_tdb = parse_epoch(start, "--start")
    stop_mjd_tdb = parse_epoch(stop, "--stop")
    orbits = resolve_targets(targets)
    announce_compilation()
    with progress_bar("Searching") as progress:
        found = find_approaches(
            orbits,
            bodies,
            start_mjd_tdb,
            stop_mjd_tdb,
            within * AU_KM,
            threads=threads,
            progress=progress,
        )
    if json:
        inputs = {
            "verb": "approaches",
            "orbits": without_place(orbits),
            "bodies": bodies,
            "start_mjd_tdb": start_mjd_tdb,
            "stop_mjd_tdb": stop_mjd_tdb,
            "within_au": within,
        }
        print_envelope([approach_row(a) for a in found], units=UNITS, inputs=inputs)
    else:
        title = f"Close approaches within {within:g} au, {start} to {stop}"
        show_approaches(title, found)


def show_approaches(title: str, found: Sequence[Approach]) -> None:
    """Print a table of approaches, the earliest first."""
    rows = [
        (
            a.object,
            a.body,
            minute(a.epoch_mjd_tdb),
            kilometres(a.distance_km),
            uncertainty(a.distance_sigma_km),
            uncertainty(a.epoch_sigma_s),
            f"{a.speed_km_s:.2f}" + (" hits" if a.is_impact else ""),
        )
        for a in sorted(found, key=lambda a: a.epoch_mjd_tdb)
    ]
    columns = ("object", "body", "when (UTC)", ">km", ">+- km", ">+- s", ">km/s")
    show_table(title, columns, rows, empty="none")
