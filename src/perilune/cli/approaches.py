"""`perilune approaches`: close approaches of objects to the Earth, the Moon and the planets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

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
    without_place,
)
from perilune.cli.output import progress_bar, show_table

if TYPE_CHECKING:
    from perilune.impact import Approach

UNITS = {
    "epoch_tdb": "ISO 8601, TDB",
    "epoch_sigma_s": "s",
    "distance_km": "km, from the body's centre",
    "distance_sigma_km": "km",
    "speed_km_s": "km/s, relative to the body",
    "b_plane.xi_km": "km",
    "b_plane.zeta_km": "km",
    "b_plane.covariance_km2": "km^2, in the order xi zeta",
}

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


def approach_row(approach: Approach) -> dict[str, Any]:
    """One approach as `--json` gives it."""
    from perilune.times import format_tdb

    return {
        "object": approach.object,
        "body": approach.body,
        "epoch_tdb": format_tdb(approach.epoch_mjd_tdb, 3),
        "epoch_sigma_s": approach.epoch_sigma_s,
        "distance_km": approach.distance_km,
        "distance_sigma_km": approach.distance_sigma_km,
        "speed_km_s": approach.speed_km_s,
        "b_plane": approach.b_plane,
        "is_impact": approach.is_impact,
    }


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
