"""`perilune propagate`: where objects are at given epochs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.numbers import number
from perilune.cli.options import (
    Json,
    Targets,
    Threads,
    announce_compilation,
    looks_like_epoch,
    resolve_targets,
)
from perilune.cli.output import progress_bar, say, show_table
from perilune.contract.envelope import without_place
from perilune.errors import NotConvergedError

if TYPE_CHECKING:
    from perilune.dynamics import OrbitPath

UNITS = {
    "epoch_mjd_tdb": "d",
    "position_km": "km",
    "velocity_km_s": "km/s",
    "covariance": "products of km, km/s, and au/d^2 or d for non-gravitational parameters; "
    "in the order x y z vx vy vz and A1 A2 A3 DT, as far as estimated",
}


class Center(StrEnum):
    """The origin of the states."""

    SSB = "ssb"
    SUN = "sun"
    EARTH = "earth"
    MOON = "moon"


class Frame(StrEnum):
    """The axes of the states."""

    ICRF = "icrf"
    ECLIPTIC = "ecliptic"


_CENTER_NAMES = {
    Center.SSB: "the barycentre of the solar system",
    Center.SUN: "the Sun",
    Center.EARTH: "the Earth",
    Center.MOON: "the Moon",
}
_FRAME_NAMES = {Frame.ICRF: "ICRF", Frame.ECLIPTIC: "ecliptic J2000"}


def propagate(
    targets: Targets,
    to: Annotated[
        list[str], typer.Option("--to", metavar="EPOCH...", help="When; one or several.")
    ],
    center: Annotated[Center, typer.Option(help="Origin of the states.")] = Center.SUN,
    frame: Annotated[Frame, typer.Option(help="Axes of the states.")] = Frame.ICRF,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Give states and covariances at epochs."""
    from perilune.dynamics import propagate_orbits
    from perilune.times import parse_epoch

    # `--to A B C`: the parser hands B and C over as targets, and no object is named like a date.
    names = [word for word in targets if not looks_like_epoch(word)]
    epochs = [*to, *(word for word in targets if looks_like_epoch(word))]
    epochs_mjd_tdb = [parse_epoch(epoch, "--to") for epoch in epochs]
    orbits = resolve_targets(names)
    announce_compilation()
    with progress_bar("Propagating") as progress:
        paths = propagate_orbits(orbits, epochs_mjd_tdb, threads=threads, progress=progress)
    rows = [row for path in paths for row in _states(path, center, frame)]
    if json:
        inputs = {
            "verb": "propagate",
            "orbits": without_place(orbits),
            "epochs_mjd_tdb": epochs_mjd_tdb,
            "center": center,
            "frame": frame,
        }
        print_envelope(rows, units=UNITS, inputs=inputs)
    else:
        _show(rows, center, frame)
    ended = [path for path in paths if path.status != "reached"]
    for path in ended:
        say(f"{path.object}: {path.status}.")
    if any(path.status.startswith("failed") for path in ended):
        raise typer.Exit(NotConvergedError.exit_code)


def _states(path: OrbitPath, center: Center, frame: Frame) -> list[dict[str, Any]]:
    """The rows of one object in the origin and axes asked for."""
    import numpy as np

    from perilune.ephemeris import planets
    from perilune.frames.ecliptic import ecliptic_from_icrf_matrix

    turn = ecliptic_from_icrf_matrix() if frame is Frame.ECLIPTIC else np.eye(3)
    origin_km, origin_km_s = planets().state(center.value, path.epochs_mjd_tdb)
    position_km = (path.position_km - origin_km) @ turn.T
    velocity_km_s = (path.velocity_km_s - origin_km_s) @ turn.T
    rows: list[dict[str, Any]] = []
    for k, epoch in enumerate(path.epochs_mjd_tdb):
        covariance = None
        if path.covariance is not None:
            jacobian = np.eye(path.covariance.shape[-1])
            jacobian[:3, :3] = jacobian[3:6, 3:6] = turn
            covariance = jacobian @ path.covariance[k] @ jacobian.T
        rows.append(
            {
                "object": path.object,
                "epoch_mjd_tdb": epoch,
                "position_km": position_km[k],
                "velocity_km_s": velocity_km_s[k],
                "covariance": covariance,
                "status": path.status,
            }
        )
    return rows


def _show(rows: list[dict[str, Any]], center: Center, frame: Frame) -> None:
    table = []
    for row in rows:
        epoch = f"{row['epoch_mjd_tdb']:.6f}"
        position = [number(value, ".3f") for value in row["position_km"]]
        velocity = [number(value, ".9f") for value in row["velocity_km_s"]]
        table.append((row["object"], "km", *position))
        table.append((epoch, "km/s", *velocity))
    columns = ("object, MJD TDB", "", ">x", ">y", ">z")
    title = f"States relative to {_CENTER_NAMES[center]}, {_FRAME_NAMES[frame]} axes"
    show_table(title, columns, table)
