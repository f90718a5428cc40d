"""`perilune fit`: orbits from observations."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.numbers import ABSENT, number
from perilune.cli.options import Json, Threads, announce_compilation
from perilune.cli.output import progress_bar, say, show_table, write_atomically
from perilune.errors import InputError, NotConvergedError

if TYPE_CHECKING:
    from perilune.astrometry import Reading
    from perilune.astrometry.observations import Observations
    from perilune.determination.fit import Fit

UNITS = {
    "epoch_mjd_tdb": "d",
    "elements": "au, degrees, d (MJD TDB); heliocentric, ecliptic J2000",
    "state": "km, km/s; heliocentric, ICRF",
    "covariance": "products of km, km/s, and au/d^2 for non-gravitational parameters; in the "
    "order x y z vx vy vz and A1 A2 A3, as far as estimated",
    "rms_arcsec": "arcsec",
    "chi2_reduced": "1",
    "arc_days": "d",
    "ra_arcsec": "arcsec, times cos(dec)",
    "dec_arcsec": "arcsec",
}


class ForceModel(StrEnum):
    """What besides gravity is estimated."""

    AUTO = "auto"
    GRAVITY = "gravity"
    A2 = "a2"
    AREA_TO_MASS = "area-to-mass"
    A1_A2_A3 = "a1-a2-a3"


def fit(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="OBSERVATIONS...",
            help="Files: ADES (PSV, XML, JSON, CSV), MPC 80-column, .rwo, radar JSON.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the converged orbits here.")
    ] = None,
    forces: Annotated[
        ForceModel, typer.Option(help="Forces besides gravity to estimate.")
    ] = ForceModel.AUTO,
    only: Annotated[
        list[str] | None,
        typer.Option("--object", metavar="NAME", help="Fit only this object; may be repeated."),
    ] = None,
    station: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A station file: its sites and orbiters as observers."),
    ] = None,
    residuals: Annotated[
        bool, typer.Option("--residuals", help="Give every observation's residual and reason.")
    ] = False,
    one: Annotated[
        bool,
        typer.Option("--one", help="All observations are of one object, whatever their names."),
    ] = False,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Fit orbits to observations, from scratch."""
    from perilune.astrometry import read_observations
    from perilune.determination.many import fit_all

    observers = None
    if station is not None:
        from perilune.station.reading import read_station

        observers = read_station(station).observers()
    readings = [read_observations(path) for path in files]
    tables = _tables(readings, only, one)
    announce_compilation()
    with progress_bar("Fitting") as progress:
        fits = fit_all(
            tables, forces=forces.value, observers=observers, threads=threads, progress=progress
        )
    data = [_data(found, table, residuals) for found, table in zip(fits, tables, strict=True)]
    if output is not None:
        _write(output, fits, tables)
    if json:
        inputs = {
            "verb": "fit",
            "files": {path.name: path.read_bytes().hex() for path in files},
            "forces": forces,
            "objects": only,
            "one": one,
            "station": station.read_bytes().hex() if station else None,
        }
        print_envelope(data, units=UNITS, inputs=inputs)
    else:
        _show(data, residuals)
    _tell(readings, fits, tables)
    if any(found.verdict.status != "converged" for found in fits):
        raise typer.Exit(NotConvergedError.exit_code)


def _tables(readings: list[Reading], only: list[str] | None, one: bool) -> list[Observations]:
    """The observations of each object, in the order of first appearance."""
    from dataclasses import replace

    import numpy as np

    from perilune.astrometry.observations import concatenate

    everything = concatenate([reading.observations for reading in readings])
    if one and len(everything):
        name = str(everything.designation[0])
        everything = replace(everything, designation=np.full(len(everything), name))
    names = everything.objects()
    if only:
        unknown = [name for name in only if name not in names]
        if unknown:
            raise InputError(
                "the files hold no observations of it",
                field="--object",
                found=unknown[0],
                expected=f"one of {', '.join(names[:8])}{' …' if len(names) > 8 else ''}",
            )
        names = [name for name in names if name in only]
    if not names:
        raise InputError(
            "the files hold no usable observation",
            field="OBSERVATIONS",
            found=f"{sum(len(reading.rejected) for reading in readings)} rejected lines",
            expected="observations",
        )
    return [everything.where(everything.designation == name) for name in names]


def _data(found: Fit, table: Observations, with_rows: bool) -> dict[str, Any]:
    import dataclasses

    from perilune.determination.elements import element_values
    from perilune.determination.result import rms_arcsec, rows

    solution = found.solution
    counted = solution is not None and solution.orbit.covariance is not None
    values: dict[str, Any] = {
        "object": found.object,
        "status": found.verdict.status,
        "reason": found.verdict.reason,
        "bound_to": found.verdict.bound_to,
        "epoch_mjd_tdb": solution.orbit.epoch_mjd_tdb if solution else None,
        "elements": element_values(solution.orbit)[0] if solution else None,
        "elements_sigma": element_values(solution.orbit)[1] if solution and counted else None,
        "state": {
            "position_km": solution.orbit.position_km,
            "velocity_km_s": solution.orbit.velocity_km_s,
        }
        if solution
        else None,
        "covariance": solution.orbit.covariance if solution else None,
        "rms_arcsec": rms_arcsec(found),
        "chi2_reduced": solution.chi2_reduced if solution else None,
        "used": int(solution.used.sum()) if solution else 0,
        "rejected": int((~solution.used).sum()) if solution else 0,
        "arc_days": found.measurements.arc_d,
        "set_aside": [
            {
                "line": int(table.line[aside.row]),
                "station": aside.station,
                "reason": aside.reason,
            }
            for aside in found.set_aside
        ],
        "forces": found.forces.name,
        "forces_reason": found.forces.reason,
        "other_object": {
            "lines": [int(table.line[found.measurements.row[i]]) for i in found.stranger.rows],
            "nights": found.stranger.nights,
            "elements": element_values(found.stranger.orbit)[0] if found.stranger.orbit else None,
        }
        if found.stranger
        else None,
        "non_gravitational": {
            name: getattr(solution.orbit.non_gravitational, name)
            for name in solution.orbit.parameters
        }
        if solution
        else {},
        "alternatives": [
            {
                "elements": element_values(other.orbit)[0],
                "chi2": other.chi2,
                "used": int(other.used.sum()),
            }
            for other in found.alternatives
        ],
    }
    if with_rows:
        values["observations"] = [dataclasses.asdict(row) for row in rows(found, table)]
    return values


def _write(output: Path, fits: list[Fit], tables: list[Observations]) -> None:
    from perilune.determination.result import as_orbit, estimated_h
    from perilune.dynamics import solar_system
    from perilune.orbits import write_perilune

    orbits = []
    for found, table in zip(fits, tables, strict=True):
        if found.verdict.status == "converged":
            orbit = as_orbit(found, estimated_h(found, table, solar_system()))
            if orbit is not None:
                orbits.append(orbit)
    if not orbits:
        say(f"Nothing written to {output}: no orbit converged.")
        return
    write_atomically(output, write_perilune(orbits))
    say(f"Wrote {len(orbits)} orbit{'s' if len(orbits) > 1 else ''} to {output}.")


def _show(data: list[dict[str, Any]], with_rows: bool) -> None:
    table = []
    for row in data:
        elements = row["elements"] or {}
        table.append(
            (
                row["object"],
                row["status"],
                number(elements.get("a_au"), ".5g"),
                number(elements.get("e"), ".4f"),
                number(elements.get("i_deg"), ".2f"),
                number(row["rms_arcsec"], ".2f"),
                number(row["chi2_reduced"], ".2f"),
                f"{row['used']}",
                f"{row['rejected']}",
                number(row["arc_days"], ",.0f" if row["arc_days"] >= 100.0 else ".3g"),
            )
        )
    columns = ("object", "status", ">a au", ">e", ">i deg", ">rms\"", ">chi2", ">used", ">out",
               ">arc d")  # fmt: skip
    show_table("Orbits from observations", columns, table)
    for row in data:
        if row["status"] != "converged" or row["other_object"] or row["bound_to"]:
            print(f"\n{row['object']}: {row['reason']}.")
    if with_rows:
        for row in data:
            print()
            _show_rows(row)


def _show_rows(row: dict[str, Any]) -> None:
    from perilune.times import format_utc

    table = [
        (
            f"{each['line']}",
            format_utc(each["epoch_mjd_tdb"], 0).replace("T", " "),
            each["station"],
            number(each["ra_arcsec"], "+.2f"),
            number(each["dec_arcsec"], "+.2f"),
            number(each["sigmas"], ".1f"),
            each["reason"] or ABSENT,
        )
        for each in row["observations"]
    ]
    columns = (">line", "UTC", "site", '>RA"', '>Dec"', ">sigma", "why not used")
    show_table(f"{row['object']}: observed minus computed", columns, table)


def _tell(readings: list[Reading], fits: list[Fit], tables: list[Observations]) -> None:
    """On stderr: what was not used, by kind."""
    from collections import Counter

    from perilune.astrometry.debias import biases
    from perilune.astrometry.observations import concatenate

    for reading in readings:
        for line in reading.rejected[:10]:
            say(f"{reading.file}, {line}.")
        if len(reading.rejected) > 10:
            say(f"… and {len(reading.rejected) - 10} more rejected lines.")
    reasons = Counter(aside.reason for found in fits for aside in found.set_aside)
    for reason, count in reasons.most_common():
        say(f"{count} observation{'s' if count > 1 else ''} set aside: {reason}.")
    note = biases(concatenate(tables)).note
    if note:
        say(f"{note}.")
    for found in fits:
        if found.forces.parameters:
            say(f"{found.object}: {found.forces.name} estimated, {found.forces.reason}.")
